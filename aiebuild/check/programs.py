"""Written-out DMA programs: `aie.mem`, `aie.memtile_dma`, `aie.shim_dma`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xdsl.ir import Block, Operation

from aiebuild.check.design import Coordinates, Design, DmaProgram, at, elements
from aiebuild.check.patterns import Pattern, constant, constants, static_pattern
from aiebuild.dialect.attributes import Direction, LockAction
from aiebuild.dialect.circuits import UseLockOp
from aiebuild.dialect.dma import DmaBdOp, DmaOp, DmaStartOp
from aiebuild.dialect.structure import BufferOp, MemOp, MemTileDmaOp
from aiebuild.target import TileKind

ChannelOp = DmaStartOp | DmaOp


def channels_of(program: DmaProgram) -> Iterator[ChannelOp]:
    """The channels a program sets up."""
    for block in program.body.blocks:
        for op in block.ops:
            if isinstance(op, ChannelOp):
                yield op


def chains(program: DmaProgram) -> Iterator[tuple[ChannelOp, list[Block]]]:
    """Each channel with the blocks of its descriptors, in order."""
    for op in channels_of(program):
        if isinstance(op, DmaOp):
            yield op, [region.block for region in op.regions if region.blocks]
            continue
        blocks: list[Block] = []
        following: Block | None = op.first_block
        while following is not None and following not in blocks and _descriptors(following):
            blocks.append(following)
            last = following.last_op
            following = last.successors[0] if last is not None and last.successors else None
        yield op, blocks


def _descriptors(block: Block) -> list[DmaBdOp]:
    return [op for op in block.ops if isinstance(op, DmaBdOp)]


def check_programs(design: Design) -> dict[Coordinates, Counter[int]]:
    """Check every program; yields the written descriptors by tile and parity of channel (memory tiles) or 0."""
    used: dict[Coordinates, Counter[int]] = {}
    for program in design.programs:
        tile = at(program.tile_value)
        if tile is None:
            continue
        _check_kind(design, program, tile)
        dma = design.target.dma(tile[1])
        seen: Counter[tuple[Direction, int]] = Counter()
        counted: set[DmaBdOp] = set()
        for channel, blocks in chains(program):
            key = (channel.direction, channel.channel)
            limit = dma.mm2s_channels if channel.direction is Direction.MM2S else dma.s2mm_channels
            if channel.channel >= limit:
                message = f"uses {channel.direction.name} channel {channel.channel}, has {limit}"
                design.report("dma-channel", channel, tile, message, "use a lower channel")
            seen[key] += 1
            if seen[key] == design.target.task_queue_depth + 2:
                message = f"starts more than {design.target.task_queue_depth + 1} chains on "
                message += f"{channel.direction.name} channel {channel.channel}; one more is lost without an error"
                design.report("task-queue", channel, tile, message, "chain the descriptors of a channel")
            if channel.repeat_count > design.target.max_repeat:
                message = f"repeats {channel.repeat_count} times, the limit is {design.target.max_repeat}"
                design.report("dma-repeat", channel, tile, message)
            _check_pad_value(design, channel, tile)
            parity = channel.channel % 2 if dma.descriptors_per_parity else 0
            for block in blocks:
                for bd in _check_block(design, block, tile, channel.channel):
                    if bd not in counted:
                        counted.add(bd)
                        used.setdefault(tile, Counter())[parity] += 1
    return used


def _check_kind(design: Design, program: DmaProgram, tile: Coordinates) -> None:
    kind = design.target.kind(tile[1])
    wanted = TileKind.CORE if isinstance(program, MemOp) else TileKind.SHIM
    if isinstance(program, MemTileDmaOp):
        wanted = TileKind.MEMORY
    if kind is not wanted:
        design.report("tile-kind", program, tile, f"is a {kind.value} and cannot have {program.name}")


def _check_pad_value(design: Design, channel: ChannelOp, tile: Coordinates) -> None:
    if not channel.pad_value:
        return
    memory = design.target.kind(tile[1]) is TileKind.MEMORY
    if not memory or channel.direction is not Direction.MM2S or not design.target.memory_tile.pad_value:
        message = f"pads with {channel.pad_value}, which only MM2S channels of memory tiles of npu2 can"
        design.report("dma-pad", channel, tile, message, "pad with zeros")


def _check_block(design: Design, block: Block, tile: Coordinates, channel: int) -> list[DmaBdOp]:
    found = _descriptors(block)
    if len(found) != 1:
        first: Operation | None = block.first_op
        if first is not None:
            design.report("dma-block", first, tile, f"has {len(found)} descriptors in a block, must have 1")
        return found
    bd = found[0]
    uses = [op for op in block.ops if isinstance(op, UseLockOp)]
    for release, name in ((True, "releases"), (False, "acquires")):
        count = sum((op.action is LockAction.Release) is release for op in uses)
        if count > 1:
            design.report("dma-block", uses[0], tile, f"{name} {count} locks in a descriptor's block, the limit is 1")
    dma = design.target.dma(tile[1])
    if bd.bd_id is not None:
        low = dma.descriptors_per_parity * (channel % 2)
        high = low + (dma.descriptors_per_parity or dma.descriptors)
        if not low <= bd.bd_id < high:
            message = f"gives descriptor number {bd.bd_id} to channel {channel}, which takes {low} to {high - 1}"
            design.report("bd-id", bd, tile, message)
    owner = bd.buffer.owner
    if isinstance(owner, BufferOp):
        home = at(owner.operands[0])
        if home is not None and not _can_address(design, tile, home):
            message = f"addresses a buffer of tile ({home[0]},{home[1]}), which its DMA does not reach"
            design.report("dma-reach", bd, tile, message)
        limit = design.target.shared_memory_channels
        if home != tile and home is not None and channel >= limit:
            message = f"addresses a neighbour's buffer on channel {channel}, only channels 0 to {limit - 1} can"
            design.report("dma-reach", bd, tile, message, "move it to a lower channel")
    static_pattern(design, bd, tile, _pattern(bd))
    return found


def _can_address(design: Design, tile: Coordinates, home: Coordinates) -> bool:
    if design.target.kind(tile[1]) is TileKind.CORE:
        return tile == home
    return design.target.reaches(tile, home)


def _pattern(bd: DmaBdOp) -> Pattern | None:
    sizes, strides = constants(bd.sizes), constants(bd.strides)
    length, offset = constant(bd.length), constant(bd.offset)
    if sizes is None or strides is None or length is None or offset is None:
        return None
    kind = bd.buffer_type
    return Pattern(sizes, strides, offset, length, kind.element_type, elements(kind), bd.pad, bd.iteration)
