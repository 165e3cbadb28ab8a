"""Where things lie in tiles: addresses of buffers, numbers of locks and of buffer descriptors, as mlir-aie gives them.

Addresses are those of its `basic-sequential` scheme (AIEAssignBuffers.cpp): the stack at the bottom, then the buffers
without an address from the largest down, around those that have one. Its default scheme spreads buffers over banks;
no design that names its buffers can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiebuild.host.paths import Coordinates

ALIGNMENT = {False: 32, True: 4}
"""Bytes that a buffer begins at a multiple of: in core tiles (the width of a load), in memory tiles (a word)."""


@dataclass(frozen=True)
class Request:
    """Memory wanted on a tile: `size` bytes, at `address` where that is fixed."""

    key: int
    tile: Coordinates
    size: int
    address: int | None


@dataclass
class Memory:
    """What is wanted of the tiles' memories; `stacks` are the bytes at the bottom of core tiles."""

    stacks: dict[Coordinates, int] = field(default_factory=dict[Coordinates, int])
    requests: list[Request] = field(default_factory=list[Request])

    def place(self) -> dict[int, int]:
        """The address of every request, by its key."""
        found: dict[int, int] = {}
        for tile in dict.fromkeys(request.tile for request in self.requests):
            found.update(self._tile(tile, [request for request in self.requests if request.tile == tile]))
        return found

    def _tile(self, tile: Coordinates, requests: list[Request]) -> dict[int, int]:
        step = ALIGNMENT[tile[1] == 1]
        fixed = sorted((r.address, r.size, r.key) for r in requests if r.address is not None)
        found = {key: address for address, _, key in fixed}
        at = self.stacks.get(tile, 0)
        for request in sorted((r for r in requests if r.address is None), key=lambda r: -r.size):
            at = -(-at // step) * step
            while fixed and at + request.size > fixed[0][0]:
                address, size, _ = fixed.pop(0)
                at = -(-(address + size) // step) * step
            found[request.key] = at
            at += request.size
        return found

    def extents(self) -> dict[Coordinates, int]:
        """Bytes that each tile's memory has to have for its requests."""
        places = self.place()
        extents: dict[Coordinates, int] = {}
        for request in self.requests:
            extents[request.tile] = max(extents.get(request.tile, 0), places[request.key] + request.size)
        return extents


@dataclass
class Numbers:
    """Numbers of a tile's buffer descriptors: fixed ones first, then the lowest that the channel may use."""

    tile: Coordinates
    taken: set[int]

    def next(self, channel: int) -> int:
        """A number that is free; past the last there is none, and what has such a number cannot be named."""
        number = 24 * (channel % 2) if self.tile[1] == 1 else 0
        while number in self.taken:
            number += 1
        self.taken.add(number)
        return number


def lock_numbers(wanted: list[tuple[Coordinates, int | None]]) -> list[int]:
    """The number of each lock, (tile, fixed number): fixed ones first, then the lowest free."""
    taken: dict[Coordinates, set[int]] = {}
    for tile, fixed in wanted:
        if fixed is not None:
            taken.setdefault(tile, set()).add(fixed)
    numbers: list[int] = []
    for tile, fixed in wanted:
        number = fixed
        if number is None:
            used = taken.setdefault(tile, set())
            number = next(k for k in range(len(used) + 1) if k not in used)
            used.add(number)
        numbers.append(number)
    return numbers
