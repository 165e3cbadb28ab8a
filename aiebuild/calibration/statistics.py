"""Statistics of a model's activations on a sample, from the float32 reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.weights.rounding import Statistics
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.reference import ReferenceModel

FloatArray = NDArray[np.float32]


class _Gather(dict[str, FloatArray]):
    """A record of the reference that keeps statistics in the place of results. `wanted`: names, and what each result
    has too much (beta of a layer norm)."""

    def __init__(self, wanted: Mapping[str, FloatArray]) -> None:
        super().__init__()
        self._wanted = wanted
        self.found: dict[str, Statistics] = {}

    def __setitem__(self, name: str, value: FloatArray) -> None:
        if name in self._wanted:
            seen = Statistics.of(value - self._wanted[name])
            self.found[name] = seen.joined(self.found[name]) if name in self.found else seen


def encoder_statistics(
    weights: Mapping[str, FloatArray], dims: ModelDims, samples: NDArray[np.int16]
) -> dict[str, Statistics]:
    """What each layer norm of the encoder gives out, less beta, by its name; of the first 30 s of 16 kHz `samples`."""
    names = [f"encoder.blocks.{i}.{norm}" for i in range(dims.n_audio_layer) for norm in ("attn_ln", "mlp_ln")]
    gather = _Gather({name: weights[name + ".bias"] for name in (*names, "encoder.ln_post")})
    model = ReferenceModel(weights, dims, gather)
    model.encode_mel(_window(model, samples))
    return gather.found


def _window(model: ReferenceModel, samples: NDArray[np.int16]) -> FloatArray:
    audio = model.prepare(samples)
    frames = min(N_FRAMES, audio.content_frames)
    mel = np.zeros((model.dims.n_mels, N_FRAMES), np.float32)
    mel[:, :frames] = audio.mel[:, :frames]
    return mel


def decoder_statistics(
    weights: Mapping[str, FloatArray], dims: ModelDims, samples: NDArray[np.int16], texts: Sequence[Sequence[int]]
) -> dict[str, Statistics]:
    """What each product of the decoder reads, by the name of the layer norm in front of it (less beta) or of its own
    weights; while `texts` (tokens) are said of the first 30 s of 16 kHz `samples`."""
    wanted: dict[str, FloatArray] = {"decoder.ln": weights["decoder.ln.bias"]}
    for block in (f"decoder.blocks.{i}" for i in range(dims.n_text_layer)):
        for norm in ("attn_ln", "cross_attn_ln", "mlp_ln"):
            wanted[f"{block}.{norm}"] = weights[f"{block}.{norm}.bias"]
        for product in ("attn.context", "cross_attn.context", "mlp.1"):
            wanted[f"{block}.{product}"] = np.zeros(1, np.float32)
    gather = _Gather(wanted)
    model = ReferenceModel(weights, dims)
    model.set_audio_features(model.encode_mel(_window(model, samples)))
    model.record = gather
    for text in texts:
        model.all_logits(text)
    return gather.found
