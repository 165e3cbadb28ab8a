"""Runtime sequences: operations emitted as tasks that fit the shim's queues and descriptors.

Transfers of channels that a memory tile keeps (`keep.py`) become three tasks: the shim's, the one that takes it in and
the one that sends it, whose token stands for all three.

What reads what the operation before wrote has its descriptors written before that one is awaited, and has only to be
queued then.

An operation's outputs are awaited by one instruction for all columns (a sync counts the tokens of neighbouring columns'
channels), and the next operation's outputs are queued before: cores write them when they have had its inputs, which are
not. What the control processor has time for while an operation streams is queued or written of those after the next.

A shim channel runs one task and queues four more; a fifth is lost without a word, so no more than `QUEUE` tasks of a
channel are outstanding at any place of a sequence. A task is known to be over when its token was awaited, or when the
output that needed its data was (a finished C implies its inputs).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf
from typing import Any

from aiebuild.designs.keep import Chain, Keep, Tile
from aiebuild.designs.operations import Operation, Transfer

QUEUE = 4
"""Tasks outstanding on a channel: the queue's depth, the running one not counted (XDNA task queues are 4 deep)."""
SHIM_DESCRIPTORS = 16
"""Descriptors of a shim, for all its channels."""
FURTHER = 3
"""Operations after the next one of which something is queued or written while an operation goes on."""
TASK_CYCLES = 865
"""The control processor's time for queueing a task, and (taken to be as much) for each further descriptor of one: 830
to 900 cycles in xdna-emu's calibration on an npu1."""
STREAMED = 4 * TASK_CYCLES
"""Bytes that a channel streams while the control processor writes and queues a task."""
QUEUEING = ("start", "push")
"""Kinds of steps that queue a task: with its descriptors, or where these were written before ("write")."""


@dataclass
class _Task:
    """A task of a shim, or (`chain`) of a memory tile; `tile` ends that one's names."""

    value: str
    channel: str
    transfer: Transfer
    token: bool = False
    chain: Chain | None = None
    sending: bool = False
    tile: str = ""


@dataclass
class _Kept:
    """A transfer that a memory tile keeps: the shim's task, the one that fills and the one that sends."""

    channel: str
    transfer: Transfer
    chain: Chain
    load: _Task | None = None
    fill: _Task | None = None
    send: _Task | None = None

    @property
    def tasks(self) -> tuple[_Task, _Task, _Task]:
        """Load, fill, send."""
        assert self.load is not None and self.fill is not None and self.send is not None
        return self.load, self.fill, self.send


Queued = tuple[str, Transfer]
"""A transfer and its channel."""


@dataclass
class _Emitter:
    keep: Keep | None = None
    apart: bool = False
    a_columns: Sequence[int] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tasks: list[_Task] = field(default_factory=list[_Task])
    outstanding: dict[str, deque[_Task | _Kept]] = field(default_factory=dict[str, "deque[_Task | _Kept]"])
    tiles: dict[str, Tile] = field(default_factory=dict[str, Tile])
    written: dict[str, deque[_Task]] = field(default_factory=dict[str, "deque[_Task]"])
    """Tasks of shims whose descriptors are written, and which are not queued, by channel."""

    def start(self, group: Sequence[Queued]) -> None:
        """Queue transfers, awaiting earlier ones of a channel where there is no room.

        Of those that memory tiles keep, first the shims' tasks, then all that fill, then all that send: data is on its
        way while the control processor writes the rest.
        """
        new: list[_Kept] = []
        for channel, transfer in group:
            queue = self.outstanding.setdefault(channel, deque())
            if queue and isinstance(last := queue[-1], _Kept) and last.load is None and last.transfer is transfer:
                if not self.tile(channel).free(last.chain):
                    raise ValueError(f"{channel}: {transfer.bytes} bytes in the place of others that are not over")
                new.append(last)
                continue
            while not self.room(channel, transfer):
                if not queue:
                    raise ValueError(f"{channel}: {transfer.bytes} bytes in the place of another channel's")
                self.begin(new)
                self.wait(queue.popleft())
            if self.kept(channel):
                new.append(self.take(channel, transfer))
            else:
                queue.append(self.queue(channel, transfer))
        self.begin(new)

    def take(self, channel: str, transfer: Transfer) -> _Kept:
        """A place for a transfer that a memory tile keeps."""
        chain = self.chain(channel, transfer)
        assert chain is not None and transfer.parts is not None
        self.tile(channel).take(chain, transfer.parts)
        kept = _Kept(channel, transfer, chain)
        self.outstanding.setdefault(channel, deque()).append(kept)
        return kept

    def begin(self, new: list[_Kept], *, loads: bool = True) -> None:
        """Queue the tasks of transfers that have their places; without `loads` those of the memory tiles only."""
        if loads:
            for kept in new:
                kept.load = self.queue(kept.channel, kept.transfer)
        for kept in (kept for kept in new if kept.fill is None):
            kept.fill = self.queue(kept.channel, kept.transfer, kept.chain)
        for kept in (kept for kept in new if kept.send is None):
            kept.send = self.queue(kept.channel, kept.transfer, kept.chain, sending=True)
        new.clear()

    def queue(self, channel: str, transfer: Transfer, chain: Chain | None = None, *, sending: bool = False) -> _Task:
        if chain is None and (written := self.written.get(channel)):
            task = written.popleft()
            if task.transfer is not transfer:
                raise ValueError(f"{channel}: descriptors are written for another transfer than the one queued")
            self.steps.append({"kind": "push", "task": task})
            return task
        return self.new(channel, transfer, "start", chain, sending=sending)

    def new(
        self, channel: str, transfer: Transfer, kind: str, chain: Chain | None = None, *, sending: bool = False
    ) -> _Task:
        tile = "" if chain is None else self.column(channel)
        task = _Task(f"%t{len(self.tasks)}", channel, transfer, chain=chain, sending=sending, tile=tile)
        self.tasks.append(task)
        self.steps.append({"kind": kind, "task": task})
        return task

    def write(self, groups: Iterable[list[Queued]], early: Counter[str], left: float = inf) -> bool:
        """Write the descriptors of what an operation queues as soon as the one before is over: cores then wait for the
        queueing only. `early`: how many of its transfers were queued before, by channel; `left`: no more descriptors
        than that. Returns whether all have theirs."""
        closed: set[str] = set()
        count, tasks = Counter(early), len(self.tasks)
        for channel, transfer in (queued for group in groups for queued in group):
            queue, written = self.outstanding.get(channel, deque()), self.written.setdefault(channel, deque())
            if any(task.transfer is transfer for task in written):
                count[channel] += 1
                continue
            if self.kept(channel):
                last = queue[-1] if queue else None
                room = isinstance(last, _Kept) and last.load is None and last.transfer is transfer
            else:
                room = count[channel] < QUEUE and len(self.tasks) - tasks < left
            if room and channel not in closed and self.descriptors(self.shim(channel), transfer) <= SHIM_DESCRIPTORS:
                written.append(self.new(channel, transfer, "write"))
                count[channel] += 1
            else:
                closed.add(channel)
        return not closed

    def shim(self, channel: str) -> int:
        """The column of a channel's shim."""
        number = _number(channel)
        return self.a_columns[number] if self.a_columns is not None and channel.startswith("A") else number

    def descriptors(self, column: int, more: Transfer | None = None) -> int:
        """Descriptors in use of a column's shim, and of one transfer more."""
        queued = (
            task.load if isinstance(task, _Kept) else task
            for channel, tasks in self.outstanding.items()
            for task in tasks
            if self.shim(channel) == column
        )
        written = (task for channel, tasks in self.written.items() for task in tasks if self.shim(channel) == column)
        used = sum(len(task.transfer.chain) for task in (*queued, *written) if task is not None)
        return used + (0 if more is None else len(more.chain))

    def kept(self, channel: str) -> bool:
        return self.keep is not None and self.keep.of(channel) is not None

    def column(self, channel: str) -> str:
        """The column of a channel's memory tile, as in the template's names."""
        assert self.keep is not None
        ends = self.keep.of(channel)
        assert ends is not None
        return str(ends.columns[_number(channel)])

    def tile(self, channel: str) -> Tile:
        assert self.keep is not None
        return self.tiles.setdefault(self.column(channel), Tile(self.keep))

    def chain(self, channel: str, transfer: Transfer) -> Chain | None:
        """Parts and descriptors for a transfer of a channel that a memory tile keeps; None when some are lacking."""
        assert self.keep is not None
        ends, cut = self.keep.of(channel), transfer.cut(self.keep)
        assert ends is not None and transfer.parts is not None
        return self.tile(channel).plan(ends, cut, transfer.parts)

    def queues(self, channel: str, transfer: Transfer) -> bool:
        """Whether there are queues and descriptors for a transfer."""
        full = len(self.outstanding.get(channel, ())) >= QUEUE
        return not full and (not self.kept(channel) or self.chain(channel, transfer) is not None)

    def room(self, channel: str, transfer: Transfer) -> bool:
        """Whether there is memory for it as well."""
        if not self.kept(channel):
            return self.queues(channel, transfer)
        chain = self.chain(channel, transfer) if self.queues(channel, transfer) else None
        return chain is not None and self.tile(channel).free(chain)

    def make_room(self, channel: str, transfer: Transfer, ahead: int) -> None:
        """Await the oldest transfers of a channel that a memory tile keeps, but not the last that are not `ahead`."""
        queue = self.outstanding.get(channel, deque())
        while not self.queues(channel, transfer) and len(queue) - ahead >= 2:
            self.wait(queue.popleft())

    def wait(self, task: _Task | _Kept) -> None:
        last = task.tasks[2] if isinstance(task, _Kept) else task
        last.token = True
        self.steps.append({"kind": "await", "task": last})
        if isinstance(task, _Kept):  # what is sent was taken in
            self.steps += [{"kind": "free", "task": part} for part in task.tasks[:2]]
            self.tile(task.channel).give(task.chain)

    def wait_for_columns(self, tasks: Sequence[_Task | _Kept]) -> None:
        """Await tasks of the same channel of all columns."""
        parts = [task for task in tasks if isinstance(task, _Task)]
        for task in parts:
            task.token = True
        self.steps.append({"kind": "await_columns", "tasks": parts})

    def free(self, task: _Task | _Kept) -> None:
        if isinstance(task, _Kept):
            self.steps += [{"kind": "free", "task": part} for part in task.tasks]
            self.tile(task.channel).give(task.chain)
        else:
            self.steps.append({"kind": "free", "task": task})

    def finish(self, operation: Operation, own: Counter[str]) -> None:
        """Await the outputs of `operation`; free its inputs. `own`: how many tasks of a channel came after it."""
        queues = [self.outstanding.get(channel, deque()) for channel in operation.outputs]
        over = [len(queue) - own[channel] for channel, queue in zip(operation.outputs, queues, strict=True)]
        if not self.apart and len(queues) > 1 and len(set(over)) == 1:
            for _ in range(over[0]):
                self.wait_for_columns([queue.popleft() for queue in queues])
        else:
            for queue, count in zip(queues, over, strict=True):
                for _ in range(count):
                    self.wait(queue.popleft())
        for channel, queue in self.outstanding.items():
            while len(queue) > own[channel]:
                self.free(queue.popleft())


def emit(
    name: str,
    operations: Sequence[Operation],
    argument_bytes: Sequence[int],
    keep: Keep | None = None,
    *,
    apart: bool = False,
    a_columns: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The template's value `sequence` for `operations`: name, arguments and steps as plain values. Operations give out
    on all columns of the array, by the shims' S2MM channel 0. `apart`: each column is awaited by itself. `a_columns`:
    columns of A's channels, where they are not their numbers.

    Raises ValueError when a transfer leaves its argument.
    """
    types = [f"memref<{size}xi8>" for size in argument_bytes]
    emitter = _Emitter(keep, apart, a_columns)
    pending = [list(_in_order(op)) for op in operations]
    for operation, groups in zip(operations, pending, strict=True):
        for channel, transfer in (
            (channel, one) for group in groups for channel, first in group for one in first.chain
        ):
            if transfer.end > argument_bytes[transfer.argument] or transfer.offset < 0:
                raise ValueError(
                    f"{name}: {operation.text}: {channel} reaches byte {transfer.end} of argument "
                    f"{transfer.argument}, which has {argument_bytes[transfer.argument]}"
                )
    early = [Counter[str]() for _ in operations]
    """Transfers that were queued before their operation began, by channel."""
    for index, operation in enumerate(operations):
        emitter.steps.append({"kind": "operation", "text": operation.text})
        for group in pending[index]:
            emitter.start(group)
        if index + 1 < len(operations):
            tasks = len(emitter.tasks)
            pending[index + 1] = _prefetch(emitter, operation, pending[index + 1], early[index + 1])
            whole = emitter.write(pending[index + 1], early[index + 1])
            if whole and keep is None:
                last = tasks + operation.streamed // STREAMED
                _look_further(emitter, pending[index + 1 : index + 2 + FURTHER], early[index + 1 :], last)
        emitter.finish(operation, sum(early[index + 1 : index + 2 + FURTHER], Counter[str]()))
    plain: dict[int, dict[str, Any]] = {}  # of tasks that steps name more than once
    return {
        "name": name,
        "arguments": [{"value": f"%arg{i}", "type": kind} for i, kind in enumerate(types)],
        "steps": [_plain(step, types, emitter, plain) for step in emitter.steps],
    }


def _in_order(operation: Operation) -> Iterable[list[Queued]]:
    """The transfers of each round in the order in which they start."""
    for part in operation.rounds:
        # outputs first, so that a core that finishes early finds its way out open; then weights, then activations, all
        # channels in step, so that what is awaited when a queue is full never needs what has not been started
        order = sorted(part.transfers, key=lambda name: ("CBA".index(name[0]), name))
        most = max(len(transfers) for transfers in part.transfers.values())
        yield [(name, part.transfers[name][k]) for k in range(most) for name in order if k < len(part.transfers[name])]


def _prefetch(
    emitter: _Emitter, operation: Operation, groups: list[list[Queued]], ahead: Counter[str]
) -> list[list[Queued]]:
    """Queue of the operation after `operation` what can be, where there is room; what is left comes back.

    What it reads of static data, for which room is made in memory tiles: the oldest of a channel's transfers is over
    long before the operation is. Where its outputs go, unless memory tiles still send what `operation` reads there:
    they come once its inputs have. What memory tiles do with its inputs, until the shims' tasks follow.
    """
    left: list[list[Queued]] = []
    closed: set[str] = set()
    for group in groups:
        rest: list[Queued] = []
        for channel, transfer in group:
            early = (
                transfer.static
                or transfer.early
                or (channel in operation.outputs and (emitter.keep is None or not _read(operation, transfer)))
            )
            if channel not in closed and emitter.kept(channel):
                emitter.make_room(channel, transfer, ahead[channel])
            if channel not in closed and early and emitter.room(channel, transfer):
                emitter.start([(channel, transfer)])
                ahead[channel] += 1
                continue
            if channel not in closed and emitter.kept(channel) and emitter.queues(channel, transfer):
                emitter.begin([emitter.take(channel, transfer)], loads=False)
                ahead[channel] += 1
            closed.add(channel)
            rest.append((channel, transfer))
        if rest:
            left.append(rest)
    return left


def _look_further(
    emitter: _Emitter, pending: list[list[list[Queued]]], early: Sequence[Counter[str]], last: int
) -> None:
    """Queue and write of the operations after the next one what can be while there is time for it, before task number
    `last`. `pending`: of the next one and those after it, what is left of them in the end; all that is left of the next
    one has its descriptors. An operation whose transfers do not all get theirs ends it: they need what is left.
    """
    for number in range(1, len(pending)):
        closed = {channel for groups in pending[:number] for group in groups for channel, _ in group}
        rest: list[list[Queued]] = []
        for group in pending[number]:
            later: list[Queued] = []
            for channel, transfer in group:
                room = emitter.room(channel, transfer) and len(emitter.tasks) < last
                room = room and emitter.descriptors(emitter.shim(channel), transfer) <= SHIM_DESCRIPTORS
                if room and channel not in closed and (transfer.static or channel.startswith("C")):
                    emitter.start([(channel, transfer)])
                    early[number][channel] += 1
                else:
                    closed.add(channel)
                    later.append((channel, transfer))
            rest += [later] if later else []
        pending[number][:] = rest
        if not emitter.write(rest, early[number], last - len(emitter.tasks)):
            break


def _read(operation: Operation, output: Transfer) -> bool:
    """Whether an operation reads where a later one's output goes."""
    return any(
        one.argument == output.argument and one.offset < output.end and output.offset < one.end
        for part in operation.rounds
        for channel, transfers in part.transfers.items()
        for first in transfers
        for one in first.chain
        if channel not in operation.outputs
    )


@cache
def _number(channel: str) -> int:
    """The number in a channel's name."""
    return int("".join(c for c in channel if c.isdigit()))


def _plain(
    step: dict[str, Any], types: Sequence[str], emitter: _Emitter, tasks: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    if step["kind"] == "await_columns":
        return {**step, "tasks": [{"value": task.value, "channel": task.channel} for task in step["tasks"]]}
    task = step.get("task")
    if not isinstance(task, _Task):
        return step
    if id(task) not in tasks:
        chain = task.chain
        tasks[id(task)] = _memory_task(task, chain, emitter) if chain is not None else _shim_task(task, types)
    return {"kind": step["kind"], "task": tasks[id(task)]}


def _shim_task(task: _Task, types: Sequence[str]) -> dict[str, Any]:
    first, *others = (
        {
            "argument": f"%arg{transfer.argument}",
            "type": types[transfer.argument],
            "offset": transfer.offset,
            "length": transfer.length,
            "sizes": list(transfer.sizes),
            "strides": list(transfer.strides),
        }
        for transfer in task.transfer.chain
    )
    return {
        "value": task.value,
        "channel": task.channel,
        **first,
        "then": others,
        "chain": [],
        "attributes": _attributes(task, task.transfer.sizes[0]),
    }


def _memory_task(task: _Task, chain: Chain, emitter: _Emitter) -> dict[str, Any]:
    tile, cut = emitter.tile(task.channel), chain.cut
    return {
        "value": task.value,
        "tile": f"%mem_{task.tile}",
        "direction": "MM2S" if task.sending else "S2MM",
        "channel": chain.ends.channel,
        "chain": tile.descriptors(chain, task.tile, sending=task.sending),
        "attributes": _attributes(task, cut.sends if task.sending else cut.fills),
    }


def _attributes(task: _Task, runs: int) -> str:
    attributes = [
        *(["issue_token = true"] if task.token else []),
        *([f"repeat_count = {runs - 1} : i32"] if runs > 1 else []),
    ]
    return f" {{{', '.join(attributes)}}}" if attributes else ""
