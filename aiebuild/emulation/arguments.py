"""The arguments of a runtime sequence as NumPy arrays: types, patterns, and what fits which memref."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, BlockArgument

from aiebuild.dialect import DesignError, location
from aiebuild.dialect.attributes import memref_of
from aiebuild.dialect.sequence import RuntimeSequenceOp
from aiebuild.errors import BuildError, UsageError
from aiebuild.host.types import element_bytes, is_number, memref_bytes

_DTYPES: dict[str, str] = {
    "i1": "bool",
    **{f"{sign}i{width}": f"int{width}" for sign in ("", "s") for width in (8, 16, 32, 64)},
    **{f"{sign}{width}": f"uint{width}" for sign in ("u", "ui") for width in (8, 16, 32, 64)},
    "bf16": "uint16",
    "f16": "float16",
    "f32": "float32",
}
"""Element types of memrefs as NumPy's; a bf16 is held as its 16 bits."""

_PATTERN = re.compile(r"(\d+(?:x\d+)*):(\w+)")


@dataclass(frozen=True)
class Pattern:
    """A seeded pattern in place of data: `shape`, and `type` as MLIR writes it (`i32`, `bf16`, ...)."""

    shape: tuple[int, ...]
    type: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Elements as NumPy has them; bf16 as uint16."""
        return np.dtype(_DTYPES[self.type])

    @property
    def nbytes(self) -> int:
        """Bytes of the array."""
        return prod(self.shape) * self.dtype.itemsize

    def make(self, seed: int, position: int) -> NDArray[Any]:
        """The array: integers over their whole range, floating point of the standard normal distribution.

        Raises BuildError where it does not fit this machine's memory.
        """
        try:
            return self._made(seed, position)
        except (MemoryError, ValueError):  # the latter where NumPy cannot even count the bytes
            raise BuildError(f"argument {position}: {self.nbytes:,} B are more than there is room for") from None

    def _made(self, seed: int, position: int) -> NDArray[Any]:
        random = np.random.default_rng([seed, position])
        if self.type == "bf16":
            normal = random.standard_normal(self.shape, np.float32)
            return (normal.view(np.uint32) >> 16).astype(np.uint16)
        if self.dtype.kind == "f":
            return random.standard_normal(self.shape, np.float32).astype(self.dtype)
        if self.dtype.kind == "b":
            return random.integers(0, 2, self.shape).astype(np.bool_)
        limits = np.iinfo(self.dtype)
        return random.integers(limits.min, limits.max, self.shape, self.dtype, endpoint=True)


@dataclass(frozen=True)
class Parameter:
    """An argument that a sequence takes: its position, its name in the design, its memref's shape and type.

    `number`: whether it is a single number and no buffer.
    """

    position: int
    name: str
    memref: str
    pattern: Pattern
    nbytes: int
    number: bool = False

    def __str__(self) -> str:
        return f"argument {self.position} (%{self.name})"

    def take(self, value: ArrayLike | Pattern | None, seed: int, larger: bool = False) -> NDArray[Any]:
        """`value` as this argument: an array of the same number of elements of the same size, or of bytes.

        A list of numbers is converted to the memref's type; None stands for the seeded pattern. The shape and type
        of an array are kept, so that what comes back looks like what was given. With `larger`, a buffer may be larger
        than the sequence says. Raises UsageError for what does not fit.
        """
        if self.number:
            return self._number(value)
        if value is None:
            return self.pattern.make(seed, self.position)
        given = value if isinstance(value, Pattern) else self._array(value)
        alike = given.dtype.itemsize == self.pattern.dtype.itemsize or given.dtype.itemsize == 1
        fits = given.nbytes >= self.nbytes if larger else given.nbytes == self.nbytes
        if given.dtype.kind not in "biufV" or not alike or not fits:
            what = f"{'x'.join(map(str, given.shape)) or 'a single'} {given.dtype}"
            raise UsageError(f"{self}: {what} ({given.nbytes:,} B) given, the sequence takes {self.memref}")
        return given.make(seed, self.position) if isinstance(given, Pattern) else given

    def _number(self, value: ArrayLike | Pattern | None) -> NDArray[Any]:
        if value is None or isinstance(value, Pattern):
            raise UsageError(f"{self}: a number is to be given")
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in "biu":
            raise UsageError(f"{self}: {array.size} x {array.dtype} given, the sequence takes a single {self.memref}")
        return array.reshape(())

    def _array(self, value: ArrayLike) -> NDArray[Any]:
        try:
            array = np.asarray(value, None if isinstance(value, np.ndarray) else self.pattern.dtype)
            return array.astype(array.dtype.newbyteorder("="), copy=False)  # numbers, not bytes, of the other order
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"{self}: cannot be made {self.memref}: {error}") from None


def parameters(sequence: RuntimeSequenceOp) -> tuple[Parameter, ...]:
    """What a sequence takes. Raises DesignError for an argument that is no buffer of a known type."""
    return tuple(_parameter(k, arg, sequence) for k, arg in enumerate(sequence.arguments))


def _parameter(position: int, arg: BlockArgument, sequence: RuntimeSequenceOp) -> Parameter:
    name = arg.name_hint or f"arg{position}"
    kind: MemRefType[Attribute] | None = memref_of(arg.type)
    if is_number(arg.type):
        return Parameter(position, name, str(arg.type), Pattern((), "i64"), 8, number=True)
    if kind is None:
        raise DesignError(
            f"{location(sequence)}: argument %{name} of type {arg.type}: only buffers and integers are modelled"
        )
    element = str(kind.element_type)
    if element not in _DTYPES or np.dtype(_DTYPES[element]).itemsize != element_bytes(kind, sequence):
        raise DesignError(f"{location(sequence)}: argument %{name}: elements of type {element} are not modelled")
    nbytes = memref_bytes(kind, sequence)
    shape = tuple(kind.get_shape())
    return Parameter(position, name, str(kind), Pattern(shape, element), nbytes)


def read_argument(text: str) -> NDArray[Any] | Pattern:
    """An argument of the command line: `FILE.npy`, `SHAPE:TYPE` for a seeded pattern (`64x64:i8`), or a number.

    Raises UsageError for a file that is not there or is no array, or for an unknown type.
    """
    if re.fullmatch(r"-?\d+", text):
        return np.array(int(text))
    match = _PATTERN.fullmatch(text)
    if match is None:
        return load_array(text)
    if match.group(2) not in _DTYPES:
        raise UsageError(f"{text}: unknown type `{match.group(2)}`", hint=f"types: {', '.join(_DTYPES)}")
    return Pattern(tuple(int(n) for n in match.group(1).split("x")), match.group(2))


def load_array(file: str | PathLike[str]) -> NDArray[Any]:
    """The array in a `.npy` file. Raises UsageError when there is none."""
    path = Path(file)
    try:
        array: Any = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", hint="an argument is FILE.npy or SHAPE:TYPE, as 64x64:i8") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise UsageError(f"{path}: no array of numbers as NumPy saves it") from None
    if not isinstance(array, np.ndarray):
        raise UsageError(f"{path}: an archive of arrays; give one array as .npy")
    return array  # pyright: ignore[reportUnknownVariableType]
