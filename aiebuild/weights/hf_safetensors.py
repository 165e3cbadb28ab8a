"""Reader of the hub's `openai/whisper-*` `model.safetensors`: tensors renamed to openai/whisper's names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open

from aiebuild.errors import BuildError, UsageError
from aiebuild.weights.tensors import Stored, StoredTensor

_TOP = {
    "encoder.conv1": "encoder.conv1",
    "encoder.conv2": "encoder.conv2",
    "encoder.embed_positions.weight": "encoder.positional_embedding",
    "encoder.layer_norm": "encoder.ln_post",
    "decoder.embed_tokens": "decoder.token_embedding",
    "decoder.embed_positions.weight": "decoder.positional_embedding",
    "decoder.layer_norm": "decoder.ln",
}
_BLOCK = {
    "self_attn.q_proj": "attn.query",
    "self_attn.k_proj": "attn.key",
    "self_attn.v_proj": "attn.value",
    "self_attn.out_proj": "attn.out",
    "self_attn_layer_norm": "attn_ln",
    "encoder_attn.q_proj": "cross_attn.query",
    "encoder_attn.k_proj": "cross_attn.key",
    "encoder_attn.v_proj": "cross_attn.value",
    "encoder_attn.out_proj": "cross_attn.out",
    "encoder_attn_layer_norm": "cross_attn_ln",
    "fc1": "mlp.0",
    "fc2": "mlp.2",
    "final_layer_norm": "mlp_ln",
}
_LAYER = re.compile(r"(encoder|decoder)\.layers\.(\d+)\.(.+)\.(weight|bias)")
_TIED = "proj_out.weight"  # the output projection, which is the token embedding


def canonical_name(name: str) -> str | None:
    """openai/whisper's name for a tensor named as in the hub's models; None for one that is no part of the model."""
    name = name.removeprefix("model.")
    if match := _LAYER.fullmatch(name):
        side, layer, part, kind = match.groups()
        return f"{side}.blocks.{layer}.{_BLOCK[part]}.{kind}" if part in _BLOCK else None
    if name in _TOP:
        return _TOP[name]
    module, _, kind = name.rpartition(".")
    return f"{_TOP[module]}.{kind}" if module in _TOP else None


def read_safetensors(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a hub Whisper model under canonical names (see `tensors`), memory-mapped.

    Raises UsageError when the file is missing, BuildError when it is not safetensors, truncated, corrupt, of an
    unsupported type, or holds tensors of something else than Whisper.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    try:
        file = cast("Any", safe_open(str(path), framework="np"))
        names = cast("list[str]", list(file.keys()))
    except (SafetensorError, OSError) as error:
        raise BuildError(f"{path}: not a readable safetensors file: {error}") from None
    tensors: dict[str, StoredTensor] = {}
    for name in names:
        if name == _TIED:
            continue
        canonical = canonical_name(name)
        if canonical is None:
            raise BuildError(f"{path}: tensor {name} is no part of Whisper")
        view = file.get_slice(name)
        dtype = str(view.get_dtype())
        if dtype not in ("F16", "F32"):
            raise BuildError(f"{path}: tensor {name} is {dtype}; F16 and F32 are supported")
        shape = tuple(int(dimension) for dimension in view.get_shape())
        tensors[canonical] = StoredTensor(shape, _reader(file, name))
    return tensors


def _reader(file: Any, name: str) -> Callable[[], Stored]:
    return lambda: file.get_tensor(name)
