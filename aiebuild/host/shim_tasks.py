"""Descriptors of the shims' DMAs: the chain of a task, and a transfer as the instruction that writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.ir import Block, Operation

from aiebuild.dialect import line_of
from aiebuild.dialect.dma import DmaBdOp, NextBdOp
from aiebuild.dialect.sequence import TaskOp
from aiebuild.dialect.structure import EndOp
from aiebuild.host.program import WriteBd
from aiebuild.host.refusal import refuse


@dataclass(frozen=True)
class Transfer:
    """Elements of `element` bytes in a buffer: `length` of them from `offset` on; sizes and strides outermost first, at
    most four, of which the fourth last is the iteration."""

    offset: int
    length: int
    sizes: Sequence[int]
    strides: Sequence[int]
    element: int


def task_chain(task: TaskOp) -> list[DmaBdOp]:
    """The descriptors of a task in the order in which they follow each other.

    Raises DesignError for a loop, for none, and for what is not modelled in a task.
    """
    chain: list[DmaBdOp] = []
    at: Block | None = next(iter(task.body.blocks))
    seen: set[Block] = set()
    while at is not None:
        if at in seen:
            raise refuse(task, "a task whose descriptors form a loop is not modelled")
        seen.add(at)
        following: Block | None = None
        found: DmaBdOp | None = None
        for op in at.ops:
            if isinstance(op, DmaBdOp):
                found = op
            elif isinstance(op, NextBdOp):
                following = op.next_block
            elif not isinstance(op, arith.ConstantOp | EndOp):
                raise refuse(op, f"`{op.name}` in a task is not modelled by the host target")
        if found is not None:
            chain.append(found)
        at = following
    if not chain:
        raise refuse(task, "a task without a buffer descriptor")
    return chain


def shim_descriptor(
    op: Operation,
    column: int,
    bd: int,
    place: tuple[int, int],
    transfer: Transfer,
    following: int | None,
    packet: int | None,
) -> WriteBd:
    """The descriptor `bd` of a shim. `place`: the argument of the sequence and the byte that the buffer starts at.

    Raises DesignError, naming `op`, on what the descriptor's fields cannot hold.
    """
    length, element, offset = transfer.length, transfer.element, transfer.offset
    sizes, strides = list(transfer.sizes), list(transfer.strides)
    if len(sizes) != len(strides) or len(sizes) > 4:
        raise refuse(op, f"{len(sizes)} sizes and {len(strides)} strides; a shim has at most 4 of each")
    if not sizes:
        sizes, strides = [length], [1]
    iterations, iteration_stride = 0, 0
    if len(sizes) == 4:
        if sizes[0] > 1 and strides[0] != 0:
            iterations, iteration_stride = sizes[0], strides[0] * element
        sizes, strides = sizes[1:], strides[1:]
    total = math.prod(sizes)
    if total != length:
        raise refuse(op, f"length {length} differs from the product of the inner sizes, {total}")
    if min(sizes) < 1 or min(strides) < 0 or offset < 0:
        raise refuse(op, "sizes must be positive, offsets and strides not negative")
    for what, value in (("offset", offset), ("length", length)):
        if value * element % 4:
            raise refuse(op, f"{what} of {value * element} bytes: transfers move 4-byte words")
    inner_size, inner_stride = sizes[-1], strides[-1]
    levels = [(n, stride * element) for n, stride in zip(reversed(sizes[:-1]), reversed(strides[:-1]), strict=True)]
    if inner_stride == 1 or inner_size == 1:
        run = inner_size * element
    else:
        run = element
        levels.insert(0, (inner_size, inner_stride * element))
    if run % 4 and length * element != run:
        raise refuse(op, f"runs of {run} bytes: transfers move 4-byte words")
    argument, start = place
    return WriteBd(
        line_of(op),
        bd,
        column,
        argument,
        start + offset * element,
        length * element,
        run,
        tuple(levels),
        iterations,
        iteration_stride,
        following,
        packet,
    )
