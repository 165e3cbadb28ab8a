"""Reader of the hub's `openai/whisper-*` `model.safetensors`: tensors renamed to openai/whisper's names."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiebuild.errors import BuildError, UsageError
from aiebuild.weights.tensors import Stored, StoredTensor

_TYPES = {"F16": "<f2", "F32": "<f4"}
_MAX_HEADER = 100_000_000  # bytes; the format's own limit
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


def canonical_name(name: str) -> str | None:
    """openai/whisper's name for a tensor named as in the hub's models; None for one that is no part of the model.

    `proj_out.weight` (the output projection) is tied to the token embedding and left out.
    """
    if name == "proj_out.weight":
        return None
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
    header, start, size = _read_header(path)
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    tensors: dict[str, StoredTensor] = {}
    for name, raw in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype, shape = str(raw["dtype"]), tuple(int(d) for d in raw["shape"])
            begin, end = (int(offset) for offset in raw["data_offsets"])
        except (KeyError, TypeError, ValueError):
            raise BuildError(f"{path}: corrupt header entry for tensor {name}") from None
        canonical = canonical_name(name)
        if canonical is None:
            if name == "proj_out.weight":
                continue
            raise BuildError(f"{path}: tensor {name} is no part of Whisper")
        if dtype not in _TYPES:
            raise BuildError(f"{path}: tensor {name} is {dtype}; F16 and F32 are supported")
        length = int(np.prod(shape, dtype=np.int64)) * np.dtype(_TYPES[dtype]).itemsize
        if not 0 <= begin <= end or end - begin != length:
            raise BuildError(f"{path}: corrupt: tensor {name} of shape {list(shape)} {dtype} has {end - begin} bytes")
        if start + end > size:
            raise BuildError(f"{path}: truncated: tensor {name} ends at byte {start + end}, the file has {size} bytes")
        tensors[canonical] = StoredTensor(shape, _reader(mapped, start + begin, start + end, dtype, shape))
    return tensors


def _read_header(path: Path) -> tuple[dict[str, Any], int, int]:
    """The JSON header, the offset of the data after it and the file's size, in bytes."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(8)
            if len(prefix) < 8:
                raise BuildError(f"{path}: {'empty' if not prefix else 'truncated'} file, not safetensors")
            (length,) = struct.unpack("<Q", prefix)
            if length > _MAX_HEADER:
                raise BuildError(f"{path}: not a safetensors file")
            if 8 + length > size:
                raise BuildError(f"{path}: truncated: the header needs {8 + length} bytes, the file has {size} bytes")
            header: object = json.loads(file.read(length))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise BuildError(f"{path}: not a safetensors file") from None
    except OSError as error:
        raise BuildError(f"{path}: cannot be read: {error.strerror}") from None
    if not isinstance(header, dict):
        raise BuildError(f"{path}: not a safetensors file")
    return cast("dict[str, Any]", header), 8 + length, size


def _reader(
    mapped: np.memmap[Any, np.dtype[np.uint8]], begin: int, end: int, dtype: str, shape: tuple[int, ...]
) -> Callable[[], Stored]:
    def read() -> Stored:
        raw = np.asarray(mapped[begin:end])
        return raw.view(_TYPES[dtype]).reshape(shape)

    return read
