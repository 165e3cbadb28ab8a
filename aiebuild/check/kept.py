"""Memory tiles that a runtime sequence programs: ends of depth 0, and the tasks on their channels."""

from __future__ import annotations

from xdsl.ir import Operation

from aiebuild.check.allocation import Allocation
from aiebuild.check.design import Coordinates, Design, at
from aiebuild.check.patterns import constant
from aiebuild.dialect.attributes import Direction, LockAction, WireBundle
from aiebuild.dialect.circuits import PacketFlowOp, PacketSourceOp, UseLockOp
from aiebuild.dialect.dma import DmaBdOp
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.sequence import TaskOp
from aiebuild.dialect.structure import BufferOp
from aiebuild.target import TileKind


def check_depths(design: Design, fifo: ObjectFifoOp) -> None:
    """Depth 0 is for ends at memory tiles, which then have no buffers, locks and descriptors: sequences make them."""
    name = f"@{fifo.symbol}"
    pins = (fifo.producer_channel, *fifo.consumer_channels)
    linked = any(fifo.symbol in (*link.inputs, *link.outputs) for link in design.links)
    for index, value in enumerate((fifo.producer_value, *fifo.consumer_values)):
        if fifo.depth(index) >= 1:
            continue
        tile = at(value)
        memory = tile is not None and design.target.kind(tile[1]) is TileKind.MEMORY
        if fifo.depth(index) < 0 or not memory or linked:
            design.report("depth", fifo, tile, f"{name} has depth {fifo.depth(index)}", "use 1 or more, 2 to overlap")
        elif pins[index] is None:
            message = f"{name} has depth 0 and no pinned channel, so tasks of the sequence cannot name one"
            design.report("depth", fifo, tile, message, "pin it with prod_dma_channel or cons_dma_channels")


def check_task(
    design: Design, allocation: Allocation, tile: Coordinates, task: TaskOp, direction: Direction, index: int
) -> None:
    """A task on a channel of a memory tile: its channel, its token's way, its locks, the memory it touches."""
    if task.issue_token and tile not in _token_sources(design):
        message = (
            "issues a token, and no aie.packet_flow carries this tile's tokens to a shim: it is waited for for ever"
        )
        design.report("token", task, tile, message, "route TileControl : 0 of the tile to South : 0 of its shim")
    for end in allocation.ends:
        if (end.tile, end.direction, end.channel) == (tile, direction, index) and end.descriptors:
            message = f"gives {direction.name} {index} a task, where @{end.fifo.symbol} has its own program"
            design.report("dma-channel", task, tile, message, "use a channel of an end of depth 0")
    for block in task.body.blocks:
        uses = [op for op in block.ops if isinstance(op, UseLockOp)]
        for release, name in ((True, "releases"), (False, "acquires")):
            found = [op for op in uses if (op.action is LockAction.Release) is release]
            if len(found) > 1:
                message = f"{name} {len(found)} locks in a descriptor's block, the limit is 1"
                design.report("dma-block", found[0], tile, message)
        for op in uses:
            _check_lock(design, tile, op)
        for op in block.ops:
            if isinstance(op, DmaBdOp) and isinstance(op.buffer.owner, BufferOp):
                _check_reach(design, tile, op, op.buffer.owner, index)


def _token_sources(design: Design) -> set[Coordinates | None]:
    return {
        at(op.operands[0])
        for flow in design.device.body.ops
        if isinstance(flow, PacketFlowOp)
        for op in flow.walk()
        if isinstance(op, PacketSourceOp) and op.bundle is WireBundle.TileControl
    }


def _check_lock(design: Design, tile: Coordinates, op: UseLockOp) -> None:
    lock, value, limit = op.lock_op, constant(op.value), design.target.max_lock_value
    if value is not None and not 0 < value <= limit:
        what = "releases" if op.action is LockAction.Release else "acquires"
        design.report("lock-value", op, tile, f"{what} a lock by {value}, the limit is {limit}")
    home = None if lock is None else at(lock.operands[0])
    if home is not None and home != tile:
        design.report("lock", op, tile, f"uses a lock of tile ({home[0]},{home[1]})", "use one of its own")


def _check_reach(design: Design, tile: Coordinates, op: Operation, buffer: BufferOp, channel: int) -> None:
    home = at(buffer.operands[0])
    limit = design.target.shared_memory_channels
    if home is None or home == tile:
        return
    if not design.target.reaches(tile, home):
        message = f"addresses a buffer of tile ({home[0]},{home[1]}), which its DMA does not reach"
        design.report("dma-reach", op, tile, message)
    elif channel >= limit:
        message = f"addresses a neighbour's buffer on channel {channel}, only channels 0 to {limit - 1} can"
        design.report("dma-reach", op, tile, message, "move it to a lower channel")
