"""Runtime sequences: arguments, descriptors in use, task queues, tokens, patterns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.dialects.builtin import MemRefType
from xdsl.dialects.scf import ForOp, IfOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from aiebuild.check.allocation import Allocation
from aiebuild.check.cores import trips
from aiebuild.check.design import Coordinates, Design, at, elements
from aiebuild.check.kept import check_task
from aiebuild.check.patterns import Pattern, constant, constants, sequence_pattern
from aiebuild.dialect.attributes import Direction, memref_of
from aiebuild.dialect.dma import DmaBdOp
from aiebuild.dialect.npu import NpuDmaMemcpyNdOp, NpuDmaWaitOp, NpuSyncOp
from aiebuild.dialect.sequence import (
    DmaAwaitTaskOp,
    DmaConfigureTaskForOp,
    DmaConfigureTaskOp,
    DmaFreeTaskOp,
    DmaStartTaskOp,
    TaskOp,
)
from aiebuild.target import TileKind

_MOST_PASSES = 65536


@dataclass(frozen=True)
class Channel:
    """A DMA channel that a sequence drives. `index` is -1 where it is not known."""

    tile: Coordinates
    direction: Direction
    index: int
    name: str


@dataclass
class Task:
    """A task of a sequence. `started`: number of waits passed when it was queued, None before that."""

    op: TaskOp
    channel: Channel
    descriptors: tuple[int, ...]
    started: int | None = None
    over: bool = False


@dataclass
class State:
    """What is in use while a sequence is followed in order.

    `queues`: tasks on each channel that may not be over. `in_use`: descriptors by tile. `waits`: waits passed so far.
    `tokens`: tokens asked for and not waited for. `transfers`: for `dma_memcpy_nd`, descriptors last used and when.
    """

    queues: dict[Channel, list[Task]] = field(default_factory=lambda: defaultdict[Channel, list[Task]](list))
    plain: dict[Channel, list[bool]] = field(default_factory=lambda: defaultdict[Channel, list[bool]](list))
    in_use: dict[Coordinates, set[int]] = field(default_factory=lambda: defaultdict[Coordinates, set[int]](set))
    tasks: dict[Operation, Task] = field(default_factory=dict[Operation, Task])
    tokens: Counter[Channel] = field(default_factory=Counter[Channel])
    transfers: dict[tuple[Coordinates, int], int] = field(default_factory=dict[tuple[Coordinates, int], int])
    waits: int = 0
    allocation: Allocation = field(default_factory=Allocation)


def check_sequences(design: Design, allocation: Allocation) -> None:
    """Every runtime sequence of the device."""
    channels = _channels(design, allocation)
    names: Counter[str] = Counter(sequence.symbol for sequence in design.sequences)
    for sequence in design.sequences:
        if names[sequence.symbol] > 1:
            message = f"sequence @{sequence.symbol} is there {names[sequence.symbol]} times"
            design.report("sequence", sequence, None, message, "give each its name")
        buffers = [value for value in sequence.arguments if isinstance(value.type, MemRefType)]
        limit = design.target.max_arguments
        if len(buffers) > limit:
            message = f"sequence @{sequence.symbol} takes {len(buffers)} buffers, the limit is {limit}"
            hint = f"use one arena for each role; {design.target.recommended_arguments} work with every driver"
            design.report("arguments", sequence, None, message, hint)
        _follow_block(design, sequence.block, channels, State(allocation=allocation))


def _channels(design: Design, allocation: Allocation) -> dict[str, Channel]:
    """The shim channels by the names a sequence may use."""
    channels: dict[str, Channel] = {}
    for end in allocation.ends:
        if design.target.kind(end.tile[1]) is not TileKind.SHIM or end.shared:
            continue
        index = -1 if end.channel is None else end.channel
        channel = Channel(end.tile, end.direction, index, end.fifo.symbol)
        channels[end.fifo.symbol] = channels[f"{end.fifo.symbol}_shim_alloc"] = channel
    for name, op in design.allocations.items():
        if op.tile is not None:
            channels[name] = Channel(op.tile.coordinates, op.direction, op.channel, name)
    return channels


def _follow_block(design: Design, block: Block, channels: dict[str, Channel], state: State) -> None:
    """The operations of a block in order; loops as often as they run, where that is known."""
    handlers = _HANDLERS
    for op in block.ops:
        handler = handlers.get(type(op))
        if handler is not None:
            handler(design, channels, state, op)
        elif isinstance(op, ForOp):
            known = len(design.violations)
            for _ in range(min(trips(op) or 0, _MOST_PASSES)):
                _follow_block(design, op.body.block, channels, state)
                if len(design.violations) > known:
                    break  # the same again in each pass


def _configure(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    channel: Channel | None = None
    if isinstance(op, DmaConfigureTaskForOp):
        hint = "name an objectfifo with an end at a shim, or an allocation"
        channel = _named(design, channels, op.alloc, op, "configures a task", hint)
    elif isinstance(op, DmaConfigureTaskOp):
        tile = at(op.tile_value)
        if tile is None:
            return
        channel = Channel(tile, op.direction, op.channel, f"{op.direction.name} {op.channel}")
        dma = design.target.dma(tile[1])
        limit = dma.mm2s_channels if op.direction is Direction.MM2S else dma.s2mm_channels
        if op.channel >= limit:
            design.report("dma-channel", op, tile, f"uses {op.direction.name} channel {op.channel}, has {limit}")
    if channel is None or not isinstance(op, TaskOp):
        return
    bds = op.bds
    if not bds:
        design.report("dma-block", op, channel.tile, "configures a task without a descriptor")
        return
    if op.repeat_count > design.target.max_repeat:
        message = f"repeats a task {op.repeat_count} times, the limit is {design.target.max_repeat}"
        design.report("dma-repeat", op, channel.tile, message, "split the task")
    for bd in bds:
        _check_descriptor(design, channel, bd)
    if design.target.kind(channel.tile[1]) is TileKind.MEMORY:
        check_task(design, state.allocation, channel.tile, op, channel.direction, channel.index)
    for bd in bds:
        _check_iteration_runs(design, op, channel, bd)
    state.tasks[op] = Task(op, channel, _take(design, channel, state, op, bds))


def _named(
    design: Design, channels: dict[str, Channel], name: str, op: Operation, does: str, hint: str = ""
) -> Channel | None:
    """The channel that an operation names; None, noted as a violation, where a placed design has none."""
    channel = channels.get(name)
    if channel is None and not _unplaced(design, name):
        design.report("fifo-name", op, None, f"{does} for @{name}, which has no end at a shim", hint)
    return channel


def _unplaced(design: Design, name: str) -> bool:
    """Whether a name stands for something whose tile is still to be chosen."""
    fifo, allocation = design.fifos.get(name.removesuffix("_shim_alloc")), design.allocations.get(name)
    values = [] if fifo is None else [fifo.producer_value, *fifo.consumer_values]
    return any(at(value) is None for value in values) or (allocation is not None and allocation.tile is None)


def _check_iteration_runs(design: Design, op: TaskOp, channel: Channel, bd: DmaBdOp) -> None:
    """An outermost dimension runs only as often as the task repeats."""
    sizes = constants(bd.sizes)
    if sizes is None or len(sizes) < 4 or op.repeat_count < 0:
        return
    if sizes[0] > 1 and op.repeat_count + 1 != sizes[0]:
        message = f"has {sizes[0]} in its outermost dimension and runs {op.repeat_count + 1} times"
        hint = f"set repeat_count = {sizes[0] - 1} : i32 on the task"
        design.report("bd-iteration", bd, channel.tile, message, hint)


def _take(design: Design, channel: Channel, state: State, op: TaskOp, bds: list[DmaBdOp]) -> tuple[int, ...]:
    """Numbers for a task's descriptors: those written first, then the lowest that are free."""
    dma = design.target.dma(channel.tile[1])
    used = state.in_use[channel.tile]
    low = dma.descriptors_per_parity * (channel.index % 2)
    high = low + (dma.descriptors_per_parity or dma.descriptors)
    taken: list[int] = []
    for bd in bds:
        number = bd.bd_id
        if number is None:
            continue
        if not low <= number < high:
            message = f"gives number {number} to a descriptor of {channel.name}, which takes {low} to {high - 1}"
            design.report("bd-id", bd, channel.tile, message)
        if low <= number < low + _of_fifos(design, state.allocation, channel):
            message = f"gives number {number} to a descriptor of {channel.name}, which an objectfifo's has"
            design.report("bd-id", bd, channel.tile, message, "take one above those of the objectfifos")
        if number in used:
            message = f"uses descriptor {number} while it is in use"
            design.report("bd-id", bd, channel.tile, message, "await and free the task that has it")
        used.add(number)
        taken.append(number)
    if design.target.kind(channel.tile[1]) is not TileKind.SHIM:
        if len(taken) < len(bds):
            message = "gets a descriptor from the sequence without a number"
            hint = "set bd_id: the compiler does not know which ones objectfifos use"
            design.report("bd-id", op, channel.tile, message, hint)
        return tuple(taken)
    for bd in bds:
        if bd.bd_id is not None:
            continue
        number = next((number for number in range(dma.descriptors) if number not in used), None)
        if number is None:
            message = f"needs more than {dma.descriptors} buffer descriptors at once in the sequence"
            design.report("descriptors", op, channel.tile, message, "await and free tasks before configuring more")
            return tuple(taken)
        used.add(number)
        taken.append(number)
    return tuple(taken)


def _of_fifos(design: Design, allocation: Allocation, channel: Channel) -> int:
    """The descriptors that objectfifos have of those a channel can use; the compiler gives them the lowest numbers."""
    if design.target.kind(channel.tile[1]) is TileKind.SHIM:
        return 0
    split = bool(design.target.dma(channel.tile[1]).descriptors_per_parity)
    return sum(
        end.descriptors
        for end in allocation.ends
        if end.tile == channel.tile and not end.shared and (not split or (end.channel or 0) % 2 == channel.index % 2)
    )


def _check_descriptor(design: Design, channel: Channel, bd: DmaBdOp) -> None:
    _check_memory(design, channel, bd, bd.buffer)
    sizes, strides = constants(bd.sizes), constants(bd.strides)
    length, offset = constant(bd.length), constant(bd.offset)
    if sizes is None or strides is None or length is None or offset is None:
        return  # given at run time: the compiler guards it there
    if bd.iteration is not None:
        message = "has an iteration, which sequences express by the outermost dimension"
        design.report("bd-iteration", bd, channel.tile, message)
    kind = bd.buffer_type
    extent = elements(kind) if min(kind.get_shape(), default=1) >= 0 else 0
    sequence_pattern(design, bd, channel.tile, Pattern(sizes, strides, offset, length, kind.element_type, extent))


def _check_memory(design: Design, channel: Channel, op: Operation, value: SSAValue) -> None:
    at_shim = design.target.kind(channel.tile[1]) is TileKind.SHIM
    if isinstance(value, BlockArgument) and not at_shim:
        message = "transfers an argument of the sequence, which only shims reach"
        design.report("dma-reach", op, channel.tile, message)


def _start(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    task = _task(design, state, op)
    if task is None:
        return
    queue = state.queues[task.channel]
    queue[:] = [other for other in queue if not other.over]
    limit = design.target.task_queue_depth + 1
    if len(queue) >= limit:
        message = f"queues task {len(queue) + 1} on {_channel_text(task.channel)} "
        message += f"with {len(queue)} not known to be over, "
        message += f"the limit is {limit} ({limit - 1} waiting and one running); one more is lost without an error"
        hint = f"await a task of @{task.channel.name} (or its output, and free it) before starting more"
        design.report("task-queue", op, task.channel.tile, message, hint)
    task.started = state.waits
    queue.append(task)
    if task.op.issue_token:
        state.tokens[task.channel] += 1


def _channel_text(channel: Channel) -> str:
    return f"@{channel.name}" if " " not in channel.name else channel.name


def _task(design: Design, state: State, op: Operation) -> Task | None:
    owner = op.operands[0].owner
    task = state.tasks.get(owner) if isinstance(owner, Operation) else None
    if task is None and isinstance(owner, Operation) and not isinstance(owner, TaskOp | ForOp | IfOp):
        design.report("task", op, None, "names something other than a task of this sequence")
    return task


def _await(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    task = _task(design, state, op)
    if task is None:
        return
    if not task.op.issue_token:
        message = f"awaits a task of {_channel_text(task.channel)} that gives no token"
        design.report("token", op, task.channel.tile, message, "set issue_token = true on the task")
        return
    if state.tokens[task.channel] < 1:
        message = f"awaits a token of {_channel_text(task.channel)} when none is outstanding: it waits for ever"
        design.report("token", op, task.channel.tile, message, "start the task first, and await it once")
        return
    state.tokens[task.channel] -= 1
    state.waits += 1
    _complete(state, task)
    _release(state, task)


def _complete(state: State, task: Task) -> None:
    """A task is over; so are those queued before it on its channel."""
    queue = state.queues[task.channel]
    if task not in queue:
        return
    position = queue.index(task)
    for earlier in queue[: position + 1]:
        earlier.over = True
    del queue[: position + 1]


def _release(state: State, task: Task) -> None:
    state.in_use[task.channel.tile].difference_update(task.descriptors)
    task.descriptors = ()


def _free(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    """Freeing waits for nothing: it must follow a wait that proves the task to be over."""
    task = _task(design, state, op)
    if task is None:
        return
    if not task.over and task.started is not None and task.started == state.waits:
        message = f"frees a task of {_channel_text(task.channel)} with no await since it was started"
        hint = "freeing waits for nothing: await the task, or an output that needs its data, first"
        design.report("free", op, task.channel.tile, message, hint)
    task.over = True
    queue = state.queues[task.channel]
    if task in queue:
        queue.remove(task)
    _release(state, task)


def _memcpy(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    if not isinstance(op, NpuDmaMemcpyNdOp):
        return
    channel = _named(design, channels, op.metadata, op, "transfers")
    if channel is None:
        return
    limit = design.target.dma(channel.tile[1]).descriptors
    if op.bd_id >= limit:
        message = f"uses descriptor {op.bd_id}, the last is {limit - 1}"
        design.report("bd-id", op, channel.tile, message, "a larger number is encoded wrongly and without an error")
    key = (channel.tile, op.bd_id)
    if state.transfers.get(key) == state.waits:
        message = f"uses descriptor {op.bd_id} again with no wait in between"
        design.report("bd-id", op, channel.tile, message, "wait for the first transfer or use another number")
    state.transfers[key] = state.waits
    queue = state.plain[channel]
    queue_limit = design.target.task_queue_depth + 1
    if len(queue) >= queue_limit:
        message = f"queues transfer {len(queue) + 1} on @{channel.name} with {len(queue)} not known to be over, "
        message += f"the limit is {queue_limit}; one more is lost without an error"
        design.report("task-queue", op, channel.tile, message, "wait before transferring more")
    queue.append(op.issue_token or channel.direction is Direction.S2MM)
    _check_transfer(design, channel, op)


def _check_transfer(design: Design, channel: Channel, op: NpuDmaMemcpyNdOp) -> None:
    sizes, strides, offsets = constants(op.sizes), constants(op.strides), constants(op.offsets)
    if sizes is None or strides is None or offsets is None:
        return
    kind = memref_of(op.memref.type)
    extent = elements(kind) if kind is not None and min(kind.get_shape(), default=1) >= 0 else 0
    start = sum(offset * stride for offset, stride in zip(offsets, strides, strict=True))
    length = sizes[1] * sizes[2] * sizes[3]
    element = op.memref_type.element_type
    sequence_pattern(design, op, channel.tile, Pattern(sizes, strides, start, length, element, extent))


def _wait(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    """A token of a channel: its transfers up to the first that gives one are over; so is what fed an output."""
    if not isinstance(op, NpuDmaWaitOp):
        return
    channel = _named(design, channels, op.symbol, op, "waits")
    if channel is None:
        return
    _token(design, state, channel, op)


def _token(design: Design, state: State, channel: Channel, op: Operation) -> None:
    state.waits += 1
    queue = state.plain[channel]
    if True in queue:
        del queue[: queue.index(True) + 1]
    elif not state.tokens[channel]:
        message = f"waits for a token of {_channel_text(channel)} when none is outstanding: it waits for ever"
        hint = "set issue_token = true on the transfer" if queue else "start a transfer first"
        design.report("token", op, channel.tile, message, hint)
        return
    else:
        state.tokens[channel] -= 1
    if channel.direction is Direction.S2MM:
        for other, waiting in state.plain.items():
            if other.direction is Direction.MM2S:
                waiting[:] = [token for token in waiting if token]


def _sync(design: Design, channels: dict[str, Channel], state: State, op: Operation) -> None:
    if not isinstance(op, NpuSyncOp):
        return
    fields = (op.column, op.row, op.direction, op.channel)
    numbers = constants(fields)
    state.waits += 1
    if numbers is None:
        state.plain.clear()
        return
    column, row, direction, index = numbers
    for channel in list(state.plain):
        if (channel.tile, channel.direction.value, channel.index) == ((column, row), direction, index):
            queue = state.plain[channel]
            del queue[: queue.index(True) + 1 if True in queue else len(queue)]
        elif channel.direction is Direction.MM2S and direction == Direction.S2MM.value:
            state.plain[channel].clear()


_HANDLERS: dict[type[Operation], Callable[[Design, dict[str, Channel], State, Operation], None]] = {
    DmaConfigureTaskOp: _configure,
    DmaConfigureTaskForOp: _configure,
    DmaStartTaskOp: _start,
    DmaAwaitTaskOp: _await,
    DmaFreeTaskOp: _free,
    NpuDmaMemcpyNdOp: _memcpy,
    NpuDmaWaitOp: _wait,
    NpuSyncOp: _sync,
}
