"""Runtime sequences: operations as lists of DMA transfers, emitted as tasks that fit the shim's queues and descriptors.

Transfers of channels that a memory tile keeps (`keep.py`) become three tasks: the shim's, the one that takes it in and
the one that sends it, whose token stands for all three.

Where `together` is asked for, an operation's outputs are awaited by one instruction for all columns (a sync counts the
tokens of neighbouring columns' channels), and the next operation's outputs are queued before: cores write them when
they have had its inputs, which are not.

A shim channel runs one task and queues four more; a fifth is lost without a word, so no more than `QUEUE` tasks of a
channel are outstanding at any place of a sequence. A task is known to be over when its token was awaited, or when the
output that needed its data was (a finished C implies its inputs).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from typing import Any

from aiebuild.designs.keep import Chain, Keep, Tile

QUEUE = 4
"""Tasks outstanding on a channel: the queue's depth, the running one not counted (XDNA task queues are 4 deep)."""


@dataclass(frozen=True)
class Transfer:
    """One task: bytes of a sequence argument in the order of a four-dimensional pattern, outermost dimension first.

    `sizes` and `strides` are in bytes; `sizes[0]` repeats the descriptor (stride 0 sends the same bytes again).
    `static`: reads nothing that a sequence writes, so it may be queued before earlier operations are over. `passes`:
    how often it is sent to the cores, where a memory tile keeps it. `then`: what follows in each repetition.
    """

    argument: int
    offset: int
    sizes: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]
    static: bool = False
    passes: int = 1
    then: Transfer | None = None

    @property
    def chain(self) -> tuple[Transfer, ...]:
        """The descriptors of the task."""
        return (self,) if self.then is None else (self, *self.then.chain)

    @property
    def length(self) -> int:
        """Bytes of one repetition."""
        return prod(self.sizes[1:])

    @property
    def end(self) -> int:
        """One past the last byte touched."""
        return self.offset + sum((n - 1) * s for n, s in zip(self.sizes, self.strides, strict=True)) + 1


@dataclass(frozen=True)
class Round:
    """Transfers that belong together, by channel ("A0_in", "B3_in", "C1_out"), each channel's in stream order.

    The transfers of a round and of those before it can all complete without anything later.
    """

    transfers: dict[str, tuple[Transfer, ...]]


@dataclass(frozen=True)
class Operation:
    """What the cores do for one command. Its outputs are awaited before any later non-static transfer starts."""

    text: str
    rounds: tuple[Round, ...]
    outputs: tuple[str, ...]
    macs: int = 0
    """Multiply-accumulates of the model's arithmetic, padding left out."""
    padded_macs: int = 0
    """Multiply-accumulates that the cores do."""

    @property
    def phase(self) -> str:
        """What it is in every layer: "fc1" of "layer3.fc1"."""
        return self.text.rpartition(".")[2]


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

    load: _Task
    fill: _Task
    send: _Task
    chain: Chain


@dataclass
class _Emitter:
    keep: Keep | None = None
    together: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tasks: list[_Task] = field(default_factory=list[_Task])
    outstanding: dict[str, deque[_Task | _Kept]] = field(default_factory=dict[str, "deque[_Task | _Kept]"])
    tiles: dict[str, Tile] = field(default_factory=dict[str, Tile])

    def start(self, channel: str, transfer: Transfer) -> None:
        queue = self.outstanding.setdefault(channel, deque())
        if len(queue) == QUEUE:
            self.wait(queue.popleft())
        if self.keep is not None and self.keep.has(channel):
            cut = self.keep.cut(transfer.length * transfer.sizes[0], transfer.passes)
            while (chain := self.tile(channel).take(cut)) is None:
                self.wait(queue.popleft())
            queue.append(self.kept(channel, transfer, chain))
            return
        queue.append(self.queue(channel, transfer))

    def queue(self, channel: str, transfer: Transfer, chain: Chain | None = None, *, sending: bool = False) -> _Task:
        task = _Task(f"%t{len(self.tasks)}", channel, transfer, chain=chain, sending=sending, tile=_digits(channel))
        self.tasks.append(task)
        self.steps.append({"kind": "start", "task": task})
        return task

    def kept(self, channel: str, transfer: Transfer, chain: Chain) -> _Kept:
        return _Kept(
            self.queue(channel, transfer), self.queue(channel, transfer, chain),
            self.queue(channel, transfer, chain, sending=True), chain,
        )  # fmt: skip

    def tile(self, channel: str) -> Tile:
        assert self.keep is not None
        return self.tiles.setdefault(channel, Tile(self.keep))

    def room(self, channel: str, transfer: Transfer) -> bool:
        if len(self.outstanding.get(channel, ())) >= QUEUE:
            return False
        if self.keep is None or not self.keep.has(channel):
            return True
        tile = self.tile(channel)
        chain = replace(tile, free=set(tile.free)).take(
            self.keep.cut(transfer.length * transfer.sizes[0], transfer.passes)
        )
        return chain is not None

    def make_room(self, channel: str, transfer: Transfer, ahead: int) -> None:
        """Await the oldest transfers of a channel that a memory tile keeps, but not the last that are not `ahead`."""
        queue = self.outstanding.get(channel, deque())
        while self.keep is not None and self.keep.has(channel) and not self.room(channel, transfer):
            if ahead or len(queue) < 2:
                break
            self.wait(queue.popleft())

    def wait(self, task: _Task | _Kept) -> None:
        last = task.send if isinstance(task, _Kept) else task
        last.token = True
        self.steps.append({"kind": "await", "task": last})
        if isinstance(task, _Kept):  # what is sent was taken in
            self.steps += [{"kind": "free", "task": task.load}, {"kind": "free", "task": task.fill}]
            self.tile(last.channel).give(task.chain)

    def wait_for_columns(self, tasks: Sequence[_Task | _Kept]) -> None:
        """Await tasks of the same channel of all columns."""
        parts = [task for task in tasks if isinstance(task, _Task)]
        for task in parts:
            task.token = True
        self.steps.append({"kind": "await_columns", "tasks": parts})

    def free(self, task: _Task | _Kept) -> None:
        if isinstance(task, _Kept):
            self.steps += [{"kind": "free", "task": part} for part in (task.load, task.fill, task.send)]
            self.tile(task.load.channel).give(task.chain)
        else:
            self.steps.append({"kind": "free", "task": task})

    def finish(self, operation: Operation, own: dict[str, int]) -> None:
        """Await the outputs of `operation`; free its inputs. `own`: how many tasks of a channel came after it."""
        queues = [self.outstanding.get(channel, deque()) for channel in operation.outputs]
        over = [len(queue) - own.get(channel, 0) for channel, queue in zip(operation.outputs, queues, strict=True)]
        if self.together and len(set(over)) == 1:
            for _ in range(over[0]):
                self.wait_for_columns([queue.popleft() for queue in queues])
        else:
            for queue, count in zip(queues, over, strict=True):
                for _ in range(count):
                    self.wait(queue.popleft())
        for channel, queue in self.outstanding.items():
            while len(queue) > own.get(channel, 0):
                self.free(queue.popleft())


def emit(
    name: str,
    operations: Sequence[Operation],
    argument_bytes: Sequence[int],
    keep: Keep | None = None,
    *,
    together: bool = False,
) -> dict[str, Any]:
    """The template's value `sequence` for `operations`: name, arguments and steps as plain values. `together`: outputs
    of a sequence whose operations give out on all columns of the array, by the shims' S2MM channel 0, are awaited
    together.

    Raises ValueError when a transfer leaves its argument.
    """
    types = [f"memref<{size}xi8>" for size in argument_bytes]
    emitter = _Emitter(keep, together)
    pending: list[list[tuple[str, Transfer]]] = [list(_in_order(op)) for op in operations]
    for operation, transfers in zip(operations, pending, strict=True):
        for channel, transfer in ((channel, one) for channel, first in transfers for one in first.chain):
            if transfer.end > argument_bytes[transfer.argument] or transfer.offset < 0:
                raise ValueError(
                    f"{name}: {operation.text}: {channel} reaches byte {transfer.end} of argument "
                    f"{transfer.argument}, which has {argument_bytes[transfer.argument]}"
                )
    for index, operation in enumerate(operations):
        emitter.steps.append({"kind": "operation", "text": operation.text})
        for channel, transfer in pending[index]:
            emitter.start(channel, transfer)
        ahead: dict[str, int] = {}
        if index + 1 < len(operations):
            pending[index + 1] = _prefetch(emitter, pending[index + 1], ahead)
        emitter.finish(operation, ahead)
    return {
        "name": name,
        "arguments": [{"value": f"%arg{i}", "type": kind} for i, kind in enumerate(types)],
        "steps": [_plain(step, types, emitter) for step in emitter.steps],
    }


def _in_order(operation: Operation) -> Iterable[tuple[str, Transfer]]:
    for part in operation.rounds:
        # outputs first, so that a core that finishes early finds its way out open; then weights, then activations, all
        # channels in step, so that what is awaited when a queue is full never needs what has not been started
        order = sorted(part.transfers, key=lambda name: ("CBA".index(name[0]), name))
        for index in range(max(len(transfers) for transfers in part.transfers.values())):
            for channel in order:
                if index < len(part.transfers[channel]):
                    yield channel, part.transfers[channel][index]


def _prefetch(
    emitter: _Emitter, transfers: list[tuple[str, Transfer]], ahead: dict[str, int]
) -> list[tuple[str, Transfer]]:
    """Queue what the next operation reads of static data, where there is room; what is left comes back.

    Outputs too, where they are awaited together. For what a memory tile keeps room is made: the oldest of its transfers
    is over long before the operation is.
    """
    left: list[tuple[str, Transfer]] = []
    closed: set[str] = set()
    for channel, transfer in transfers:
        early = transfer.static or (emitter.together and channel.startswith("C"))
        if early and channel not in closed:
            emitter.make_room(channel, transfer, ahead.get(channel, 0))
        if early and channel not in closed and emitter.room(channel, transfer):
            emitter.start(channel, transfer)
            ahead[channel] = ahead.get(channel, 0) + 1
        else:
            closed.add(channel)
            left.append((channel, transfer))
    return left


@cache
def _digits(channel: str) -> str:
    """The number in a channel's name: that of its column."""
    return "".join(c for c in channel if c.isdigit())


def _plain(step: dict[str, Any], types: Sequence[str], emitter: _Emitter) -> dict[str, Any]:
    if step["kind"] == "await_columns":
        return {**step, "tasks": [{"value": task.value, "channel": task.channel} for task in step["tasks"]]}
    task = step.get("task")
    if not isinstance(task, _Task):
        return step
    if task.chain is not None:
        return {"kind": step["kind"], "task": _memory_task(task, task.chain, emitter)}
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
        "kind": step["kind"],
        "task": {
            "value": task.value,
            "channel": task.channel,
            **first,
            "then": others,
            "chain": [],
            "attributes": _attributes(task, task.transfer.sizes[0]),
        },
    }


def _memory_task(task: _Task, chain: Chain, emitter: _Emitter) -> dict[str, Any]:
    tile = emitter.tile(task.channel)
    runs = chain.cut.fills * (chain.cut.passes if task.sending else 1)
    return {
        "value": task.value,
        "tile": f"%mem_{task.tile}",
        "direction": "MM2S" if task.sending else "S2MM",
        "channel": tile.keep.send_channel if task.sending else tile.keep.fill_channel,
        "chain": tile.descriptors(chain, task.tile, sending=task.sending),
        "attributes": _attributes(task, runs),
    }


def _attributes(task: _Task, runs: int) -> str:
    attributes = [
        *(["issue_token = true"] if task.token else []),
        *([f"repeat_count = {runs - 1} : i32"] if runs > 1 else []),
    ]
    return f" {{{', '.join(attributes)}}}" if attributes else ""
