"""What objectfifos turn into: buffers, locks, DMA channels and descriptors, as mlir-aie makes them.

Follows `lib/Dialect/AIE/Transforms/AIEObjectFifoStatefulTransform.cpp` (August 2026): when neighbours share memory,
who owns the objects of a link, how deep each end becomes, which channels are taken, how many descriptors they get.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from xdsl.ir import Operation

from aiebuild.check.design import Coordinates, Design, at, elements, size_bytes
from aiebuild.check.programs import channels_of
from aiebuild.dialect.attributes import Direction
from aiebuild.dialect.objectfifo import ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp
from aiebuild.target import TileKind


@dataclass
class End:
    """One end of an objectfifo: 0 is the producer's, 1 and up are the consumers'.

    `depth`: objects at this end. `channel`: the DMA channel, None while unknown or without DMA. `descriptors`: those of
    the channel. `shared`: the objects lie in memory both tiles reach, no DMA.
    """

    fifo: ObjectFifoOp
    index: int
    tile: Coordinates
    depth: int
    shared: bool = False
    channel: int | None = None
    descriptors: int = 0

    @property
    def direction(self) -> Direction:
        """Producers send, consumers receive."""
        return Direction.S2MM if self.index else Direction.MM2S


@dataclass(frozen=True)
class Storage:
    """Memory taken on a tile: `size` bytes for `what`, declared at `op`."""

    tile: Coordinates
    size: int
    what: str
    op: Operation


@dataclass
class Allocation:
    """All that a device's objectfifos take."""

    ends: list[End] = field(default_factory=list[End])
    storage: list[Storage] = field(default_factory=list[Storage])
    locks: dict[Coordinates, int] = field(default_factory=lambda: defaultdict[Coordinates, int](int))
    spilled: set[str] = field(default_factory=set[str])
    """Queues with objects in a neighbouring memory tile."""

    def end(self, fifo: str, index: int) -> End | None:
        """The end of a queue, if it is placed."""
        return next((end for end in self.ends if end.fifo.symbol == fifo and end.index == index), None)


def allocate(design: Design) -> Allocation:
    """Lay out the objectfifos of a device. Reports ends that get no channel."""
    allocation = Allocation()
    links = _links(design)
    acquired = _acquired(design)
    owned: list[tuple[ObjectFifoOp, End, int]] = []
    for name, fifo in design.fifos.items():
        if fifo.aie_stream is not None or any(at(value) is None for value in fifo.operands):
            continue
        link = links.get(name)
        if not _needs_dma(design, fifo, link):
            end = End(fifo, 0, _shared_home(design, fifo), fifo.depth(0), shared=True)
            allocation.ends.append(end)
            owned.append((fifo, end, 1))
            continue
        for index, value in enumerate(fifo.operands):
            tile = at(value)
            if tile is None:
                continue
            end = End(fifo, index, tile, _depth(design, fifo, index, tile, acquired))
            allocation.ends.append(end)
            factor = _ownership(design, link, end)
            if factor:
                owned.append((fifo, end, factor))
    _place(design, allocation, owned)
    _count_descriptors(design, allocation, links)
    _assign_channels(design, allocation)
    return allocation


def _links(design: Design) -> dict[str, ObjectFifoLinkOp]:
    return {name: link for link in design.links for name in (*link.inputs, *link.outputs)}


def _acquired(design: Design) -> dict[tuple[str, Coordinates], int]:
    """The largest number of objects acquired at once, by queue and tile."""
    largest: dict[tuple[str, Coordinates], int] = {}
    for core in design.cores:
        tile = at(core.tile_value)
        if tile is None:
            continue
        for op in core.body.walk():
            if isinstance(op, ObjectFifoAcquireOp):
                key = (op.fifo_name, tile)
                largest[key] = max(largest.get(key, 0), op.size)
    return largest


def _sharing(design: Design, first: Coordinates, second: Coordinates) -> int:
    """Whose memory both tiles reach: 2 either's, -1 the first's, 1 the second's, 0 neither's (`isSharedMemory`)."""
    target = design.target
    if target.kind(first[1]) is not target.kind(second[1]):
        return 0
    theirs, ours = target.reaches(first, second), target.reaches(second, first)
    if theirs and ours:
        return 2
    return -1 if ours else int(theirs)


def _ends_of(fifo: ObjectFifoOp) -> tuple[Coordinates, Coordinates] | None:
    producer, consumer = at(fifo.operands[0]), at(fifo.operands[1])
    return None if producer is None or consumer is None else (producer, consumer)


def _needs_dma(design: Design, fifo: ObjectFifoOp, link: ObjectFifoLinkOp | None) -> bool:
    """`requiresDMAs`."""
    if fifo.via_dma or fifo.repeat_count is not None or "consumerElemType" in fifo.properties:
        return True
    if len(fifo.consumer_values) > 1 or fifo.to_stream or any(fifo.from_stream):
        return True
    ends = _ends_of(fifo)
    if ends is None or not _sharing(design, *ends):
        return True
    if link is None:
        return False
    return fifo.symbol not in design.delegates or link.is_join or link.is_distribute


def _shared_home(design: Design, fifo: ObjectFifoOp) -> Coordinates:
    """The tile whose memory holds the objects of neighbours."""
    producer, consumer = _ends_of(fifo) or ((0, 0), (0, 0))
    delegate = design.delegates.get(fifo.symbol)
    if delegate is not None and delegate.tile is not None:
        return delegate.tile.coordinates
    return consumer if _sharing(design, producer, consumer) == 1 else producer


def _depth(
    design: Design, fifo: ObjectFifoOp, index: int, tile: Coordinates, acquired: dict[tuple[str, Coordinates], int]
) -> int:
    """The objects at an end: as listed, or at cores one more than are acquired at once (`findObjectFifoSize`)."""
    if len(fifo.depths) > 1:
        return fifo.depths[index]
    depth = fifo.depth(0)
    if depth == 0 or design.target.kind(tile[1]) is not TileKind.CORE or (index == 0 and fifo.init_values):
        return depth
    most = acquired.get((fifo.symbol, tile), 0)
    if most == 0:
        return depth
    return 1 if most == depth == 1 else most + 1


def _owner(design: Design, link: ObjectFifoLinkOp) -> tuple[str, bool] | None:
    """The queue whose objects a link uses, and whether it is the one that comes in; None for a broken link."""
    ins = [design.fifos.get(name) for name in link.inputs]
    outs = [design.fifos.get(name) for name in link.outputs]
    first, last = (ins[0] if ins else None), (outs[0] if outs else None)
    if first is None or last is None:
        return None
    if link.is_join:
        return last.symbol, False
    if link.is_distribute:
        return first.symbol, True
    if last.init_values:
        return last.symbol, False
    larger_in = elements(first.object_type) >= elements(last.object_type)
    return (first.symbol, True) if larger_in or last.pad else (last.symbol, False)


def shared_tile(design: Design, link: ObjectFifoLinkOp) -> Coordinates | None:
    """The tile where a link's queues meet, None when there is none."""
    if link not in design.meetings:
        design.meetings[link] = _meeting(design, link)
    return design.meetings[link]


def _meeting(design: Design, link: ObjectFifoLinkOp) -> Coordinates | None:
    ins = [fifo for name in link.inputs if (fifo := design.fifos.get(name)) is not None]
    outs = [fifo for name in link.outputs if (fifo := design.fifos.get(name)) is not None]
    if not ins or not outs:
        return None
    if link.is_join or link.is_distribute:
        meeting = {at(fifo.consumer_values[0]) for fifo in ins} | {at(fifo.producer_value) for fifo in outs}
        return meeting.pop() if len(meeting) == 1 else None
    start = at(outs[0].producer_value)
    return start if start in [at(value) for value in ins[0].consumer_values] else None


def _at_link(design: Design, link: ObjectFifoLinkOp | None, end: End) -> bool:
    """Whether an end is the one at its link's tile."""
    if link is None or end.tile != shared_tile(design, link):
        return False
    return end.index > 0 if end.fifo.symbol in link.inputs else end.index == 0


def _ownership(design: Design, link: ObjectFifoLinkOp | None, end: End) -> int:
    """Pairs of locks an end needs for objects of its own; 0 when its link's other side has the objects."""
    if link is None or not _at_link(design, link, end):
        return 1
    owner = _owner(design, link)
    if owner is None or owner[0] != end.fifo.symbol:
        return 0
    return max(len(link.inputs), len(link.outputs))


def _place(design: Design, allocation: Allocation, owned: list[tuple[ObjectFifoOp, End, int]]) -> None:
    """Put objects and locks on tiles; memory tiles first take the largest and may spill into a neighbour."""
    target = design.target
    used: dict[Coordinates, int] = defaultdict(int)

    def object_bytes(fifo: ObjectFifoOp, end: End) -> int:
        return size_bytes(fifo.consumer_object_type if end.index else fifo.object_type)

    memory = [entry for entry in owned if target.kind(entry[1].tile[1]) is TileKind.MEMORY]
    others = [entry for entry in owned if target.kind(entry[1].tile[1]) is not TileKind.MEMORY]
    memory.sort(key=lambda entry: -object_bytes(entry[0], entry[1]))
    for fifo, end, factor in (*others, *memory):
        if not fifo.disable_synchronization and end.depth:
            allocation.locks[end.tile] += 2 * factor
        kind = target.kind(end.tile[1])
        if kind is TileKind.SHIM:
            continue
        size = object_bytes(fifo, end)
        for number in range(end.depth):
            home = end.tile
            if kind is TileKind.MEMORY and used[home] + size > target.memory_tile.memory_bytes:
                home = _spill(design, used, end.tile, size)
                if home != end.tile:
                    allocation.spilled.add(fifo.symbol)
            used[home] += size
            allocation.storage.append(Storage(home, size, f"@{fifo.symbol} object {number}", fifo))


def _spill(design: Design, used: dict[Coordinates, int], home: Coordinates, size: int) -> Coordinates:
    """The emptier neighbouring memory tile that has room, else `home`."""
    column, row = home
    around = [(c, row) for c in (column - 1, column + 1) if design.target.contains(c, row)]
    for tile in sorted(around, key=lambda tile: used[tile]):
        if used[tile] + size <= design.target.memory_tile.memory_bytes:
            return tile
    return home


def _count_descriptors(design: Design, allocation: Allocation, links: dict[str, ObjectFifoLinkOp]) -> None:
    """`createAIETileDMA`, `createMemTileDMA`; shim ends get theirs in sequences."""
    for end in allocation.ends:
        if end.shared or design.target.kind(end.tile[1]) is TileKind.SHIM:
            continue
        link = links.get(end.fifo.symbol)
        blocks, factor = end.depth, 1
        if link is not None and _at_link(design, link, end):
            owner = _owner(design, link)
            if owner is not None and owner[0] == end.fifo.symbol:
                factor = max(len(link.inputs), len(link.outputs))
            elif owner is not None:
                blocks = next(
                    (
                        other.depth
                        for other in allocation.ends
                        if other.fifo.symbol == owner[0] and _at_link(design, link, other)
                    ),
                    blocks,
                )
        repeat = (end.fifo.repeat_count or 1) if end.index == 0 else 1
        if blocks == 1 and factor == 1 and end.fifo.iter_count is None:
            repeat = 1  # the channel repeats its one descriptor
        end.descriptors = blocks * factor * repeat


def _assign_channels(design: Design, allocation: Allocation) -> None:
    """`assignDMAChannelIndices`: pinned ones, then those that reach into a neighbour, then the others in order."""
    taken = _taken(design)
    open_ends: list[End] = []
    for end in (end for end in allocation.ends if not end.shared):
        pin = end.fifo.producer_channel if end.index == 0 else end.fifo.consumer_channels[end.index - 1]
        if pin is None:
            open_ends.append(end)
            continue
        key = (end.tile, end.direction, pin)
        if pin >= _channels(design, end) or key in taken:
            message = f"@{end.fifo.symbol} pins {end.direction.name} channel {pin}, which is "
            message += "taken" if key in taken else f"above the last, {_channels(design, end) - 1}"
            design.report("dma-channel", end.fifo, end.tile, message, "pin another channel, or none")
            continue
        taken.add(key)
        end.channel = pin
    spilled = [end for end in open_ends if _reaches_out(allocation, end, design)]
    for end in (*spilled, *(end for end in open_ends if end not in spilled)):
        limit = _channels(design, end)
        if end in spilled:
            limit = min(limit, design.target.shared_memory_channels)
        free = (channel for channel in range(limit) if (end.tile, end.direction, channel) not in taken)
        end.channel = next(free, None)
        if end.channel is not None:
            taken.add((end.tile, end.direction, end.channel))


def _reaches_out(allocation: Allocation, end: End, design: Design) -> bool:
    return end.fifo.symbol in allocation.spilled and design.target.kind(end.tile[1]) is TileKind.MEMORY


def _channels(design: Design, end: End) -> int:
    dma = design.target.dma(end.tile[1])
    return dma.mm2s_channels if end.direction is Direction.MM2S else dma.s2mm_channels


def _taken(design: Design) -> set[tuple[Coordinates, Direction, int]]:
    """The channels that DMA programs and allocations use."""
    taken: set[tuple[Coordinates, Direction, int]] = set()
    for program in design.programs:
        tile = at(program.tile_value)
        if tile is not None:
            taken.update((tile, start.direction, start.channel) for start in channels_of(program))
    for allocation in design.allocations.values():
        if allocation.tile is not None:
            taken.add((allocation.tile.coordinates, allocation.direction, allocation.channel))
    return taken
