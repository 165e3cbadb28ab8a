"""Pack functions, which the build calls: a model's weights, packed by what its layers read of the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiebuild.calibration.statistics import encoder_statistics
from aiebuild.designs import encoder, encoder_weights
from aiebuild.designs.grid import grid_of
from aiebuild.designs.whisper import open_weights, packed_bytes
from aiebuild.manifest.types import Buffer, Layout, Packed
from aiebuild.whisper.audio import load_audio


def pack_encoder(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """The encoder's weights and commands, and by what the final layer norm's output is divided: buffers
    `encoder.weights` and `encoder.factors`. `inputs`: weights, sample."""
    weights = open_weights(inputs, parameters)
    plan = encoder.plan_encoder(encoder.EncoderShape.of(weights.dims, grid_of(parameters["device"])))
    known = encoder_statistics(weights, weights.dims, load_audio(cast(Path, inputs[1])).samples)
    factors = encoder_weights.final_norm(weights, plan.shape.text_layers, known).factor
    packed = packed_bytes("encoder.weights", encoder_weights.pack_encoder(weights, plan, known))
    place = sum(chunk.nbytes if isinstance(chunk, np.ndarray) else len(chunk) for chunk in packed.chunks)
    buffer = Buffer("encoder.factors", factors.nbytes, place, layout=Layout("row_major", "f32", (factors.size,)))
    return Packed((*packed.chunks, factors.tobytes()), (*packed.buffers, buffer))
