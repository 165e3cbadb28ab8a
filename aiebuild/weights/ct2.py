"""Reader of CTranslate2's `model.bin`, memory-mapped.

The format, little-endian: u32 version; spec name (u16 length with terminator, bytes); u32 revision; u32 number of
variables; each: name (as before), u8 rank, u32 dimensions, u8 type, u32 byte count, data; then u32 number of aliases,
each a pair of names (source: CTranslate2 `python/ctranslate2/specs/model_spec.py`, `_serialize`).

q, k and v of self-attention are one matrix `self_attention/linear_0`; k and v of cross-attention are
`attention/linear_1`. The key's bias, which Whisper has not, is stored as zeros.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import BuildError, UsageError
from aiebuild.weights.tensors import Stored, StoredTensor

# CTranslate2 `include/ctranslate2/types.h`, enum DataType; sizes in bytes
_TYPES = {0: ("float32", 4), 1: ("int8", 1), 2: ("int16", 2), 3: ("int32", 4), 4: ("float16", 2), 5: ("bfloat16", 2)}
_MAX_VARIABLES = 100_000


@dataclass(frozen=True)
class Variable:
    """A variable of the file: shape, type name, and the offset and length in bytes of its data."""

    shape: tuple[int, ...]
    type: str
    offset: int
    length: int


class Ct2File:
    """The variables of a `model.bin` by name, read in place.

    Raises UsageError when the file is missing, BuildError when it is no CTranslate2 Whisper model, truncated or
    corrupt.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise UsageError(f"{path}: no such file") from None
        except ValueError:
            raise BuildError(f"{path}: empty file, not a CTranslate2 model") from None
        except OSError as error:
            raise BuildError(f"{path}: cannot be read: {error.strerror}") from None
        self.variables = _Parser(self._data, path).parse()

    def __contains__(self, name: str) -> bool:
        return name in self.variables

    def read(self, name: str) -> Stored:
        """A float variable as stored, as a view of the file (data in the file is not aligned)."""
        variable = self.variables[name]
        if variable.type not in ("float32", "float16"):
            raise BuildError(
                f"{self.path}: variable {name} is {variable.type}; float16 and float32 are supported",
                hint="convert the model with --quantization float16",
            )
        dtype = np.dtype(variable.type).newbyteorder("<")
        return np.ndarray(variable.shape, dtype, buffer=self._data, offset=variable.offset)


class _Parser:
    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self.data = data
        self.path = path
        self.at = 0

    def parse(self) -> dict[str, Variable]:
        version = self.number("<I", "version")
        if not 1 <= version <= 6:
            raise self.broken(f"not a CTranslate2 model (format version {version})")
        spec = self.name("specification name") if version >= 2 else ""
        if version >= 2:
            if not spec.startswith("Whisper"):
                shown = spec if spec.isprintable() else repr(spec)
                raise self.broken(f"is a CTranslate2 {shown}, not a Whisper model")
            self.number("<I", "revision")
        count = self.number("<I", "number of variables")
        if count > _MAX_VARIABLES:
            raise self.broken(f"corrupt: {count} variables")
        variables: dict[str, Variable] = {}
        for _ in range(count):
            name = self.name("variable name")
            variables[name] = self.variable(name)
        aliases = self.number("<I", "number of aliases") if version >= 3 else 0
        if aliases > _MAX_VARIABLES:
            raise self.broken(f"corrupt: {aliases} aliases")
        for _ in range(aliases):
            alias, target = self.name("alias"), self.name("alias target")
            if target not in variables:
                raise self.broken(f"corrupt: alias {alias} of unknown variable {target}")
            variables[alias] = variables[target]
        if self.at != len(self.data):
            raise self.broken(f"corrupt: {len(self.data) - self.at} bytes after the last variable")
        return variables

    def variable(self, name: str) -> Variable:
        rank = self.number("<B", f"rank of {name}")
        shape = tuple(self.number("<I", f"dimension of {name}") for _ in range(rank))
        type_id = self.number("<B", f"type of {name}")
        length = self.number("<I", f"length of {name}")
        if type_id not in _TYPES:
            raise self.broken(f"corrupt: variable {name} has unknown type {type_id}")
        type_name, size = _TYPES[type_id]
        elements = 1
        for dimension in shape:
            elements *= dimension
        if elements * size != length:
            raise self.broken(f"corrupt: variable {name} of shape {list(shape)} {type_name} has {length} bytes")
        offset = self.skip(length, name)
        return Variable(shape, type_name, offset, length)

    def number(self, code: str, what: str) -> int:
        at = self.skip(struct.calcsize(code), what)
        return struct.unpack_from(code, self.data, at)[0]

    def name(self, what: str) -> str:
        length = self.number("<H", what)
        at = self.skip(length, what)
        raw = self.data[at : at + length].removesuffix(b"\0")
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise self.broken(f"corrupt: {what} at byte {at} is no text") from None

    def skip(self, length: int, what: str) -> int:
        at = self.at
        if at + length > len(self.data):
            raise self.broken(
                f"truncated: {what} needs {length} bytes at byte {at}, the file has {len(self.data)} bytes"
            )
        self.at = at + length
        return at

    def broken(self, what: str) -> BuildError:
        return BuildError(f"{self.path}: {what}")


def read_ct2(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a CTranslate2 Whisper model under canonical names (see `tensors`), fused ones split.

    Scalars and encodings that are no tensors of the model are left out. Raises as `Ct2File`, and BuildError for a key
    bias that is not zero.
    """
    file = Ct2File(path)
    tensors: dict[str, StoredTensor] = {}

    def add(canonical: str, name: str, piece: int = 0, pieces: int = 1) -> None:
        if name not in file:
            return  # reported as a missing tensor, under the canonical name, when shapes are checked
        shape = file.variables[name].shape
        if not shape or shape[0] % pieces:
            raise BuildError(f"{path}: variable {name} of shape {list(shape)} does not divide into {pieces}")
        rows = shape[0] // pieces
        tensors[canonical] = StoredTensor((rows, *shape[1:]), _slice(file, name, piece * rows, rows))

    def linear(canonical: str, name: str, piece: int = 0, pieces: int = 1) -> None:
        add(f"{canonical}.weight", f"{name}/weight", piece, pieces)
        add(f"{canonical}.bias", f"{name}/bias", piece, pieces)

    def norm(canonical: str, name: str) -> None:
        add(f"{canonical}.weight", f"{name}/gamma")
        add(f"{canonical}.bias", f"{name}/beta")

    def drop_zero_bias(canonical: str) -> None:
        bias = tensors.pop(f"{canonical}.bias", None)
        if bias is not None and np.any(bias.read()):
            raise BuildError(f"{path}: {canonical}.bias is not zero; Whisper's keys have no bias")

    for conv in ("conv1", "conv2"):
        linear(f"encoder.{conv}", f"encoder/{conv}")
    add("encoder.positional_embedding", "encoder/position_encodings/encodings")
    norm("encoder.ln_post", "encoder/layer_norm")
    add("decoder.token_embedding.weight", "decoder/embeddings/weight")
    add("decoder.positional_embedding", "decoder/position_encodings/encodings")
    norm("decoder.ln", "decoder/layer_norm")
    for side in ("encoder", "decoder"):
        for layer in range(_count_layers(file, side)):
            block, source = f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
            norm(f"{block}.attn_ln", f"{source}/self_attention/layer_norm")
            for piece, part in enumerate(("query", "key", "value")):
                linear(f"{block}.attn.{part}", f"{source}/self_attention/linear_0", piece, 3)
            linear(f"{block}.attn.out", f"{source}/self_attention/linear_1")
            drop_zero_bias(f"{block}.attn.key")
            if side == "decoder":
                norm(f"{block}.cross_attn_ln", f"{source}/attention/layer_norm")
                linear(f"{block}.cross_attn.query", f"{source}/attention/linear_0")
                for piece, part in enumerate(("key", "value")):
                    linear(f"{block}.cross_attn.{part}", f"{source}/attention/linear_1", piece, 2)
                linear(f"{block}.cross_attn.out", f"{source}/attention/linear_2")
                drop_zero_bias(f"{block}.cross_attn.key")
            norm(f"{block}.mlp_ln", f"{source}/ffn/layer_norm")
            linear(f"{block}.mlp.0", f"{source}/ffn/linear_0")
            linear(f"{block}.mlp.2", f"{source}/ffn/linear_1")
    return tensors


def _count_layers(file: Ct2File, side: str) -> int:
    prefix = f"{side}/layer_"
    numbers = {name[len(prefix) :].split("/")[0] for name in file.variables if name.startswith(prefix)}
    return len({number for number in numbers if number.isdigit()})


def _slice(file: Ct2File, name: str, start: int, rows: int) -> Callable[[], Stored]:
    def read() -> Stored:
        whole: NDArray[np.float16] | NDArray[np.float32] = file.read(name)
        return whole[start : start + rows]

    return read
