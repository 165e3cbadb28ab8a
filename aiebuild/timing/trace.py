"""What the cores of a design did in a run on the host target: the order of their acquires, kernel calls and releases.

Written by overlay libraries built with -DAIEBUILD_SLOTS (`aiebuild_host/trace.hpp`). Trip counts that come with the
data are in it, as are branches of kernels that depend on data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNTS = (
    "integer", "floating", "memory", "other", "phases",
    "mmul", "vec", "mv", "loads", "widen", "stores", "narrow", "alu",
)  # fmt: skip
"""Counts of a kernel call: cycles of its phases (matrix products of integers, of floats, loads and stores around them,
everything else), the number of phases with matrix products, then the slots it took of each kind (see
`aie_api/detail/slots.hpp`)."""

ACQUIRE, RELEASE, CALL = range(3)
_MAGIC = b"AIEBTRC1"


@dataclass(frozen=True)
class Trace:
    """`events` by core (column, row): kind << 30 | end << 8 | objects, or CALL << 30 | cost. `ends`: names of
    objectfifos.
    `costs`: [n, 14] kernel, then COUNTS. `kernels`: their names."""

    ends: tuple[str, ...]
    kernels: tuple[str, ...]
    costs: NDArray[np.uint64]
    events: dict[tuple[int, int], NDArray[np.uint32]]

    def calls(self) -> dict[str, int]:
        """Calls by kernel."""
        count = np.zeros(len(self.kernels), np.int64)
        for events in self.events.values():
            of = events[events >> 30 == CALL] & 0x3FFFFFFF
            np.add.at(count, self.costs[of, 0].astype(np.int64), 1)
        return dict(zip(self.kernels, count.tolist(), strict=True))

    def matrix_slots(self) -> tuple[float, ...]:
        """Instructions of the matrix unit in all calls of each kernel."""
        total = np.zeros(len(self.kernels))
        for events in self.events.values():
            of = events[events >> 30 == CALL] & 0x3FFFFFFF
            kernels, slots = self.costs[of, 0].astype(np.int64), self.costs[of, 1 + COUNTS.index("mmul")]
            total += _sum(len(self.kernels), kernels, slots.astype(np.float64))
        return tuple(total.tolist())


def _sum(kernels: int, of: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(kernels)
    np.add.at(total, of, values)
    return total


def read_trace(data: bytes) -> Trace:
    """A trace from a file's bytes. Raises ValueError when it is none."""
    if data[:8] != _MAGIC:
        raise ValueError("not a trace")
    at = 8

    def word() -> int:
        nonlocal at
        at += 4
        return struct.unpack_from("<I", data, at - 4)[0]

    def text() -> str:
        nonlocal at
        size = word()
        at += size
        return data[at - size : at].decode()

    ends = tuple(text() for _ in range(word()))
    kernels = tuple(text() for _ in range(word()))
    count = word()
    width = 1 + len(COUNTS)
    costs = np.frombuffer(data, "<u8", count * width, at).reshape(count, width).astype(np.uint64)
    at += count * width * 8
    events: dict[tuple[int, int], NDArray[np.uint32]] = {}
    for _ in range(word()):
        column, row, size = word(), word(), word()
        events[(column, row)] = np.frombuffer(data, "<u4", size, at).astype(np.uint32)
        at += 4 * size
    return Trace(ends, kernels, costs, events)
