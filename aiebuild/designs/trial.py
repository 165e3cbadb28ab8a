"""Kernels called directly, one core at a time, for tests and `aiebuild check`: what the encoder's and the decoder's
trials share. The kernels come as a shared library of their sources alone; nothing here compiles.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.grid import NPU1, Grid
from aiebuild.designs.reference import Expected
from aiebuild.errors import BuildError

ALIGNMENT = 64
"""Of objects and buffers, as in a core's memory (32 bytes there; the host's vectors are wider)."""

Object = NDArray[np.uint8]


@dataclass(frozen=True)
class Trial:
    """A kernel family's result on some data beside what it should be."""

    name: str
    expected: Expected
    got: NDArray[Any]

    @property
    def mismatch(self) -> str | None:
        """None, or a line that says where and how much it is off."""
        found = self.expected.mismatch(self.got)
        return None if found is None else f"{self.name}: {found}"


def aligned(size: int) -> Object:
    """`size` zero bytes on an aligned address."""
    whole = np.zeros(size + ALIGNMENT, np.uint8)
    start = -whole.ctypes.data % ALIGNMENT
    return whole[start : start + size]


def objects_of(data: NDArray[Any] | bytes, size: int) -> list[Object]:
    """Contiguous bytes as objects of `size`, each in memory of its own."""
    flat = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else np.ascontiguousarray(data).view(np.uint8)
    out: list[Object] = []
    for piece in flat.reshape(-1, size):
        copy = aligned(size)
        copy[:] = piece
        out.append(copy)
    return out


class Kernels:
    """A library of kernels, compiled for the array `grid`, called with arrays and numbers."""

    def __init__(self, library: Path, grid: Grid = NPU1) -> None:
        self._library = ctypes.CDLL(str(library))
        self.grid = grid

    def call(self, name: str, *arguments: NDArray[Any] | int, inputs: Sequence[Object] = ()) -> None:
        """Call a kernel. Raises BuildError when it changes one of `inputs`, which other cores read as well."""
        before = [array.copy() for array in inputs]
        passed = [
            ctypes.c_int32(value) if isinstance(value, int) else ctypes.c_void_p(value.ctypes.data)
            for value in arguments
        ]
        getattr(self._library, name)(*passed)
        for array, copy in zip(inputs, before, strict=True):
            if not np.array_equal(array, copy):
                place = int(np.flatnonzero(array != copy)[0])
                raise BuildError(f"{name} writes into its input object (byte {place})")


def memory(kind: str) -> Object:
    """A core's buffer of a template's type, `memref<NxT>`, soiled."""
    count, _, element = kind.removeprefix("memref<").removesuffix(">").partition("x")
    return soiled(int(count) * int(element.lstrip("bif")) // 8)


def soiled(size: int) -> Object:
    """Memory as an earlier operation may leave it: NaN as float32 and as bf16, large as integers."""
    dirty = aligned(size)
    dirty[:] = np.frombuffer(b"\xc1\x7f" * (size // 2), np.uint8)
    return dirty
