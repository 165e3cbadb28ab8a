"""Pack functions, which the build calls: a model's weights, packed by what its layers read of the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiebuild.calibration.statistics import decoder_statistics, encoder_statistics
from aiebuild.designs import decoder_weights, encoder_plan, encoder_weights
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import grid_of
from aiebuild.designs.whisper import open_weights, packed_bytes
from aiebuild.manifest.types import Buffer, Layout, Packed
from aiebuild.whisper.audio import load_audio
from aiebuild.whisper.tokenizer import WhisperTokenizer


def pack_encoder(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """The encoder's weights and commands, and by what the final layer norm's output is divided: buffers
    `encoder.weights` and `encoder.factors`. `inputs`: weights, sample."""
    weights = open_weights(inputs, parameters)
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(weights.dims, grid_of(parameters["device"])))
    known = encoder_statistics(weights, weights.dims, load_audio(cast(Path, inputs[1])).samples)
    factors = encoder_weights.final_norm(weights, plan.shape.text_layers, known).factor
    packed = packed_bytes("encoder.weights", encoder_weights.pack_encoder(weights, plan, known))
    place = sum(chunk.nbytes if isinstance(chunk, np.ndarray) else len(chunk) for chunk in packed.chunks)
    buffer = Buffer("encoder.factors", factors.nbytes, place, layout=Layout("row_major", "f32", (factors.size,)))
    return Packed((*packed.chunks, factors.tobytes()), (*packed.buffers, buffer))


def pack_decoder(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """The decoder's weights and commands: buffer `decoder.weights`. `inputs`: weights, sample, texts, tokenizer."""
    weights = open_weights(inputs, parameters)
    sample, texts, tokenizer = (cast(Path, path) for path in inputs[1:])
    shape = DecoderShape.of(weights.dims, grid_of(parameters["device"]), parameters["weights"])
    plan = plan_decoder(shape)
    said = spoken(WhisperTokenizer(tokenizer, weights.dims), texts.read_text(encoding="utf-8"))
    known = decoder_statistics(weights, weights.dims, load_audio(sample).samples, said)
    return packed_bytes("decoder.weights", decoder_weights.pack_decoder(weights, plan, known))


def spoken(tokenizer: WhisperTokenizer, texts: str) -> list[list[int]]:
    """The tokens of a transcript of each line: from 0 s to 10 s, in English."""
    first = [*tokenizer.sot_sequence("en", "transcribe"), tokenizer.timestamp_begin]
    last = [tokenizer.timestamp_begin + 500, tokenizer.eot]
    return [[*first, *tokenizer.encode(" " + line.strip()), *last] for line in texts.splitlines() if line.strip()]
