"""`WhisperWeights`: the tensors of a model under openai/whisper's names, whatever file they came from.

Canonical names and shapes (`n` = state, `L` = layer; linear weights are [out, in] as in PyTorch)::

    encoder.conv1.weight [n, n_mels, 3]      encoder.conv1.bias [n]
    encoder.conv2.weight [n, n, 3]           encoder.conv2.bias [n]
    encoder.positional_embedding [n_audio_ctx, n]
    encoder.ln_post.weight/.bias [n]
    decoder.token_embedding.weight [n_vocab, n]      (also the output projection)
    decoder.positional_embedding [n_text_ctx, n]
    decoder.ln.weight/.bias [n]

    per block `encoder.blocks.L` and `decoder.blocks.L`:
      .attn_ln.weight/.bias [n]
      .attn.query.weight [n, n] .bias [n]    .attn.key.weight [n, n] (no bias)
      .attn.value.weight [n, n] .bias [n]    .attn.out.weight [n, n] .bias [n]
      .mlp_ln.weight/.bias [n]
      .mlp.0.weight [4n, n] .bias [4n]       .mlp.2.weight [n, 4n] .bias [n]
    decoder blocks also have .cross_attn_ln and .cross_attn, shaped as .attn_ln and .attn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.errors import BuildError

FloatArray = NDArray[np.float32]
Stored = NDArray[np.float16] | NDArray[np.float32]


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as it lies in its file: its shape, and `read` which gives it as stored (a view of the mapped file)."""

    shape: tuple[int, ...]
    read: Callable[[], Stored]


class WhisperWeights(Mapping[str, FloatArray]):
    """Read-only mapping from canonical name to float32 array; converted at each look-up, so keep what you use twice."""

    def __init__(self, tensors: Mapping[str, StoredTensor], dims: ModelDims, path: Path) -> None:
        self._tensors = dict(tensors)
        self.dims = dims
        self.path = path

    def __getitem__(self, name: str) -> FloatArray:
        return np.ascontiguousarray(self._tensors[name].read(), dtype=np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it."""
        return self._tensors[name].shape

    def stored(self, name: str) -> Stored:
        """The tensor as it lies in the file: float16 or float32, possibly an unaligned view of the mapped file."""
        return self._tensors[name].read()


def expected_shapes(dims: ModelDims) -> dict[str, tuple[int, ...]]:
    """Every canonical name of a model with these dimensions, with its shape, in the order of the module docstring."""
    n = dims.n_audio_state
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.conv1.weight": (n, dims.n_mels, 3),
        "encoder.conv1.bias": (n,),
        "encoder.conv2.weight": (n, n, 3),
        "encoder.conv2.bias": (n,),
        "encoder.positional_embedding": (dims.n_audio_ctx, n),
    }
    for layer in range(dims.n_audio_layer):
        shapes |= _block_shapes(f"encoder.blocks.{layer}", n, cross=False)
    shapes |= _norm_shapes("encoder.ln_post", n)
    n = dims.n_text_state
    shapes["decoder.token_embedding.weight"] = (dims.n_vocab, n)
    shapes["decoder.positional_embedding"] = (dims.n_text_ctx, n)
    for layer in range(dims.n_text_layer):
        shapes |= _block_shapes(f"decoder.blocks.{layer}", n, cross=True)
    return shapes | _norm_shapes("decoder.ln", n)


def check_shapes(tensors: Mapping[str, StoredTensor], dims: ModelDims, model: str, path: Path) -> None:
    """Raises BuildError for the first tensor of the model that the file lacks, or has in another shape."""
    expected = expected_shapes(dims)
    for name, shape in expected.items():
        if name not in tensors:
            raise BuildError(
                f"{path}: no tensor {name}; {model} has {dims.n_audio_layer} encoder and {dims.n_text_layer} decoder "
                f"layers",
                hint=f"is this really {model}?",
            )
        found = tensors[name].shape
        if found != shape:
            raise BuildError(
                f"{path}: tensor {name} has shape {list(found)}, {model} has {list(shape)}",
                hint=f"is this really {model}?",
            )
    for name in tensors:
        if name not in expected:
            raise BuildError(f"{path}: tensor {name} is no part of {model}", hint=f"is this really {model}?")


def _norm_shapes(name: str, n: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (n,), f"{name}.bias": (n,)}


def _block_shapes(name: str, n: int, *, cross: bool) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for attention in ("attn", "cross_attn") if cross else ("attn",):
        shapes |= _norm_shapes(f"{name}.{attention}_ln", n)
        for part in ("query", "key", "value", "out"):
            shapes[f"{name}.{attention}.{part}.weight"] = (n, n)
            if part != "key":
                shapes[f"{name}.{attention}.{part}.bias"] = (n,)
    shapes |= _norm_shapes(f"{name}.mlp_ln", n)
    shapes[f"{name}.mlp.0.weight"] = (4 * n, n)
    shapes[f"{name}.mlp.0.bias"] = (4 * n,)
    shapes[f"{name}.mlp.2.weight"] = (n, 4 * n)
    shapes[f"{name}.mlp.2.bias"] = (n,)
    return shapes
