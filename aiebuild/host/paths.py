"""The paths of a design, from one DDR or core end to the other.

`SourcePath`: a shim's MM2S channel to consuming cores. `SinkPath`: producing cores to a shim's S2MM channel.
`RingPath`: cores to cores. `RelayPath`: shim to shim through a memory tile. Memory tiles on the way only contribute
capacity, a slice and a permutation to each endpoint. `KeptTile`: a memory tile that the runtime sequence programs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import Operation

from aiebuild.dialect.attributes import Pairs
from aiebuild.dialect.structure import TileOp
from aiebuild.host.refusal import refuse

Coordinates = tuple[int, int]

MEMORY_CHANNELS = 16
"""Number of a memory tile's channel 0 where only a column and a number name a channel."""


def coordinates(tile: TileOp | None, op: Operation) -> Coordinates:
    """A placed tile's (column, row). Raises DesignError for a tile that is still to be placed."""
    if tile is None:
        raise refuse(op, f"`{op.name}` on a tile without a place: the host target needs placed designs")
    return tile.coordinates


def is_shim(tile: Coordinates) -> bool:
    """Row 0."""
    return tile[1] == 0


def is_core(tile: Coordinates) -> bool:
    """Row 2 and up."""
    return tile[1] >= 2


@dataclass(frozen=True)
class Slice:
    """The part of a path's object that an endpoint sees: bytes [offset, offset + size), permuted by three patterns.

    `memory` is the pattern at the memory tile towards the shim, `link` the one at the memory tile towards the core and
    `core` the one at the core; (size, stride) in elements of `element` bytes, outermost first, empty where linear.
    """

    offset: int
    size: int
    element: int
    memory: Pairs = ()
    link: Pairs = ()
    core: Pairs = ()

    @property
    def plain(self) -> bool:
        """Whether the bytes keep their order."""
        return not (self.memory or self.link or self.core)


@dataclass(frozen=True)
class Endpoint:
    """One core's (or relay's) end of a path: `fifo` as the core names it, `depth` its own buffers."""

    fifo: str
    tile: Coordinates
    depth: int
    part: Slice
    repeat: int = 1


@dataclass(frozen=True)
class ShimChannel:
    """A DMA channel of a shim tile, by the name of the objectfifo that uses it.

    Tasks may also be queued on the channels of other rows; `into_array` then means MM2S.
    """

    symbol: str
    column: int
    channel: int
    into_array: bool
    object_bytes: int
    row: int = 0

    @property
    def number(self) -> int:
        """The channel's number in the engine of objectfifos, which numbers those of memory tiles behind the shim's."""
        return self.channel + MEMORY_CHANNELS * self.row


@dataclass(frozen=True)
class SourcePath:
    """Shim MM2S to consumers. `memory_depth` counts the memory tile's objects."""

    channel: ShimChannel
    memory_depth: int
    consumers: tuple[Endpoint, ...]


@dataclass(frozen=True)
class SinkPath:
    """Producers to shim S2MM."""

    channel: ShimChannel
    memory_depth: int
    producers: tuple[Endpoint, ...]


@dataclass(frozen=True)
class RingPath:
    """Cores to cores: `slots` objects of `object_bytes` in all buffers on the way."""

    name: str
    object_bytes: int
    slots: int
    producers: tuple[Endpoint, ...]
    consumers: tuple[Endpoint, ...]


@dataclass(frozen=True)
class RelayPath:
    """Shim to shim through a memory tile."""

    source: str
    sink: str
    tile: Coordinates


@dataclass(frozen=True)
class KeptTile:
    """A memory tile with channels that the runtime sequence programs.

    `fills`: shim channels whose data arrives there, by the memory tile's S2MM channel. `sends`: its MM2S channels to
    cores, by number. `locks`: first values of its numbered locks.
    """

    tile: Coordinates
    fills: tuple[tuple[int, ShimChannel], ...]
    sends: tuple[tuple[int, ShimChannel], ...]
    locks: tuple[tuple[int, int], ...]


@dataclass
class Paths:
    """All paths of a device."""

    sources: list[SourcePath] = field(default_factory=list[SourcePath])
    sinks: list[SinkPath] = field(default_factory=list[SinkPath])
    rings: list[RingPath] = field(default_factory=list[RingPath])
    relays: list[RelayPath] = field(default_factory=list[RelayPath])
    kept: list[KeptTile] = field(default_factory=list[KeptTile])

    def channels(self) -> dict[str, ShimChannel]:
        """Channels by objectfifo name: of shims, and of memory tiles that send what sequences keep there."""
        known = {path.channel.symbol: path.channel for path in (*self.sources, *self.sinks)}
        return {**known, **{shim.symbol: shim for tile in self.kept for _, shim in tile.fills}}
