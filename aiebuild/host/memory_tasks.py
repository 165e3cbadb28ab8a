"""Tasks that a runtime sequence gives to a memory tile's DMA: their descriptors, with locks, as instructions."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.ir import Block, Operation, SSAValue

from aiebuild.dialect import line_of
from aiebuild.dialect.attributes import LockAction
from aiebuild.dialect.circuits import UseLockOp
from aiebuild.dialect.dma import DmaBdOp, NextBdOp
from aiebuild.dialect.sequence import DmaConfigureTaskOp
from aiebuild.dialect.structure import BufferOp, EndOp
from aiebuild.host.paths import Coordinates, coordinates
from aiebuild.host.program import WriteMemoryBd
from aiebuild.host.refusal import refuse
from aiebuild.host.types import element_bytes, memref_bytes

MEMORY_DESCRIPTORS = 48
"""Buffer descriptors of a memory tile."""

Value = Callable[[int | SSAValue, Operation], int]


def memory_descriptors(task: DmaConfigureTaskOp, tile: Coordinates, value: Value) -> list[WriteMemoryBd]:
    """The descriptors of a task on the memory tile `tile`, in the order of its chain.

    Raises DesignError on patterns, packets, descriptors without a number, locks without a number.
    """
    found: list[WriteMemoryBd] = []
    block: Block | None = next(iter(task.body.blocks))
    while block is not None:
        bd, following = _descriptor(block, tile, value)
        if any(other.bd == bd.bd for other in found):
            raise refuse(task, "a task whose descriptors form a loop is not modelled")
        if found:
            found[-1] = _followed(found[-1], bd.bd)
        found.append(bd)
        block = following
    return found


def _followed(bd: WriteMemoryBd, by: int) -> WriteMemoryBd:
    return WriteMemoryBd(bd.line, bd.bd, bd.column, bd.row, bd.buffer, bd.offset, bd.length, bd.acquire, bd.release, by)


def _descriptor(block: Block, tile: Coordinates, value: Value) -> tuple[WriteMemoryBd, Block | None]:
    """The descriptor of a block, and the block that follows."""
    op: DmaBdOp | None = None
    following: Block | None = None
    acquire: tuple[int, int] | None = None
    release: tuple[int, int] | None = None
    for inner in block.ops:
        match inner:
            case UseLockOp():
                lock = inner.lock_op
                if lock is None or lock.lock_id is None or coordinates(lock.tile, inner) != tile:
                    raise refuse(inner, "a task's lock must be a numbered one of its own tile")
                pair = (lock.lock_id, value(inner.value, inner))
                match inner.action, op is None, acquire, release:
                    case LockAction.AcquireGreaterEqual, True, None, _:
                        acquire = pair
                    case LockAction.Release, False, _, None:
                        release = pair
                    case _:
                        raise refuse(inner, "a descriptor acquires one lock (GreaterEqual) before, releases one after")
            case DmaBdOp():
                if op is not None:
                    raise refuse(inner, "two descriptors in a block")
                op = inner
            case NextBdOp():
                following = inner.next_block
            case arith.ConstantOp():
                pass
            case EndOp():
                pass
            case _:
                raise refuse(inner, f"`{inner.name}` in a memory tile's task is not modelled")
    if op is None:
        raise refuse(block.parent_op() or block.first_op, "a block without a descriptor")  # pyright: ignore[reportArgumentType]
    owner = op.buffer.owner
    if not isinstance(owner, BufferOp) or owner.symbol is None or coordinates(owner.tile, op) != tile:
        raise refuse(op, "a memory tile's task of what is no named buffer of its own is not modelled")
    if op.sizes or op.pad or op.iteration is not None or op.packet is not None or op.bd_id is None:
        raise refuse(op, "a memory tile's task with a pattern, a packet or without bd_id is not modelled")
    size = element_bytes(op.buffer_type, op)
    offset, length = value(op.offset, op) * size, value(op.length, op) * size
    if offset % 4 or length % 4 or length <= 0 or not 0 <= offset <= memref_bytes(owner.type, op) - length:
        raise refuse(op, f"bytes {offset} to {offset + length}: not words of @{owner.symbol}")
    return (
        WriteMemoryBd(line_of(op), op.bd_id, *tile, owner.symbol, offset, length, acquire, release, None),
        following,
    )
