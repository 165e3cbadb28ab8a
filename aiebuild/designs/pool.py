"""Places of activations in one pool: what is not needed at the same time may lie at the same place.

When an area holds what is still to be read is said in phases, the kinds of operations in their order; an area may be
written anew where no phase of its own comes between. An operation's outputs are awaited before the next one starts
(`operations.Operation`), so areas of neighbouring phases may share a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 4096
"""Of areas, in bytes; XRT's sub-buffers and the host target's arguments want less."""


@dataclass(frozen=True)
class Activation:
    """An area of the pool: its place and size in bytes, and the phases in which it is in use (None: always, and
    between dispatches)."""

    name: str
    bytes: int
    phases: frozenset[str] | None = None
    offset: int = 0

    def beside(self, other: Activation) -> bool:
        """Whether both are in use at the same time."""
        return self.phases is None or other.phases is None or bool(self.phases & other.phases)


@dataclass(frozen=True)
class Pool:
    """Areas with their places, in the order in which they were asked for, and the bytes that hold them all."""

    areas: tuple[Activation, ...]
    bytes: int

    @property
    def offsets(self) -> dict[str, int]:
        """Places by name."""
        return {area.name: area.offset for area in self.areas}

    @property
    def apart(self) -> int:
        """Bytes that the areas would take one after the other."""
        return sum(round_up(area.bytes, ALIGNMENT) for area in self.areas)

    def area(self, offset: int, phase: str) -> Activation:
        """The one that byte `offset` belongs to in a phase. Raises KeyError."""
        for area in self.areas:
            if area.offset <= offset < area.offset + area.bytes and (area.phases is None or phase in area.phases):
                return area
        raise KeyError(f"byte {offset} is nothing's in {phase}")


def round_up(n: int, to: int) -> int:
    """The least multiple of `to` that is at least n."""
    return -(-n // to) * to


def plan_pool(areas: Sequence[Activation]) -> Pool:
    """Places for `areas`: those that are always in use first, in their order, then the largest first, each at the
    first place that nothing has that is in use at the same time."""
    placed: dict[str, Activation] = {}
    always = [area for area in areas if area.phases is None]
    for area in (*always, *sorted((area for area in areas if area.phases is not None), key=lambda area: -area.bytes)):
        taken = sorted(
            (other.offset, other.offset + round_up(other.bytes, ALIGNMENT))
            for other in placed.values()
            if area.beside(other)
        )
        place = 0
        for start, end in taken:
            if place + area.bytes <= start:
                break
            place = max(place, end)
        placed[area.name] = Activation(area.name, area.bytes, area.phases, place)
    ordered = tuple(placed[area.name] for area in areas)
    return Pool(ordered, max((round_up(area.offset + area.bytes, ALIGNMENT) for area in ordered), default=0))
