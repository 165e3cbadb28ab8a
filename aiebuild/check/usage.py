"""What a design takes of each tile: memory by what lies there, locks, descriptors, DMA channels."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from aiebuild.check.allocation import allocate
from aiebuild.check.design import Coordinates, at, gather, size_bytes
from aiebuild.check.programs import check_programs
from aiebuild.dialect.attributes import Direction
from aiebuild.dialect.structure import DeviceOp
from aiebuild.target import Target, TileKind


@dataclass(frozen=True)
class TileUse:
    """A tile's use: bytes by what they are for (the stack too), and of each resource how much is taken and there is.

    `memory_limit` is 0 for shims, which have no memory. Channels are (into the tile, out of it).
    """

    tile: Coordinates
    kind: str
    memory: tuple[tuple[str, int], ...]
    memory_limit: int
    locks: int
    lock_limit: int
    descriptors: int
    descriptor_limit: int
    channels: tuple[int, int]
    channel_limit: tuple[int, int]

    @property
    def bytes(self) -> int:
        """All memory taken."""
        return sum(size for _, size in self.memory)


def tile_uses(device: DeviceOp, target: Target) -> tuple[TileUse, ...]:
    """The use of every tile of a design, by column and row. Shims' descriptors belong to sequences and are not in
    it."""
    design = gather(device, target)
    allocation = allocate(design)
    written = check_programs(design)
    memory: dict[Coordinates, Counter[str]] = defaultdict(Counter[str])
    for entry in allocation.storage:
        memory[entry.tile][entry.what] += entry.size
    for buffer in design.buffers:
        if (where := at(buffer.operands[0])) is not None:
            memory[where][buffer.symbol or "buffer"] += size_bytes(buffer.type)
    for core in design.cores:
        if (where := at(core.tile_value)) is not None:
            memory[where]["stack"] += core.stack_size
    locks = Counter(allocation.locks)
    for lock in design.locks:
        if (where := at(lock.operands[0])) is not None:
            locks[where] += 1
    descriptors: Counter[Coordinates] = Counter()
    channels: Counter[tuple[Coordinates, Direction]] = Counter()
    for end in allocation.ends:
        if not end.shared:
            descriptors[end.tile] += end.descriptors
            channels[end.tile, end.direction] += 1
    for where, count in written.items():
        descriptors[where] += sum(count.values())
    uses: list[TileUse] = []
    for where in sorted(tile.coordinates for tile in design.tiles):
        kind, dma = target.kind(where[1]), target.dma(where[1])
        limit = {TileKind.CORE: target.core.memory_bytes, TileKind.MEMORY: target.memory_tile.memory_bytes}
        uses.append(
            TileUse(
                where, kind.value, tuple(memory[where].most_common()), limit.get(kind, 0), locks[where], dma.locks,
                descriptors[where], dma.descriptors,
                (channels[where, Direction.S2MM], channels[where, Direction.MM2S]),
                (dma.s2mm_channels, dma.mm2s_channels),
            )
        )  # fmt: skip
    return tuple(uses)
