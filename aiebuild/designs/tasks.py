"""Runtime sequences: operations as lists of DMA transfers, emitted as tasks that fit the shim's queues and descriptors.

A shim channel runs one task and queues four more; a fifth is lost without a word, so no more than `QUEUE` tasks of a
channel are outstanding at any place of a sequence. A task is known to be over when its token was awaited, or when the
output that needed its data was (a finished C implies its inputs).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

QUEUE = 4
"""Tasks outstanding on a channel: the queue's depth, the running one not counted (XDNA task queues are 4 deep)."""


@dataclass(frozen=True)
class Transfer:
    """One task: bytes of a sequence argument in the order of a four-dimensional pattern, outermost dimension first.

    `sizes` and `strides` are in bytes; `sizes[0]` repeats the descriptor (stride 0 sends the same bytes again).
    `static`: reads nothing that a sequence writes, so it may be queued before earlier operations are over.
    """

    argument: int
    offset: int
    sizes: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]
    static: bool = False

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


@dataclass
class _Task:
    value: str
    channel: str
    transfer: Transfer
    token: bool = False


@dataclass
class _Emitter:
    steps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tasks: list[_Task] = field(default_factory=list[_Task])
    outstanding: dict[str, deque[_Task]] = field(default_factory=dict[str, "deque[_Task]"])

    def start(self, channel: str, transfer: Transfer) -> None:
        queue = self.outstanding.setdefault(channel, deque())
        if len(queue) == QUEUE:
            self.wait(queue.popleft())
        task = _Task(f"%t{len(self.tasks)}", channel, transfer)
        self.tasks.append(task)
        queue.append(task)
        self.steps.append({"kind": "start", "task": task})

    def room(self, channel: str) -> bool:
        return len(self.outstanding.get(channel, ())) < QUEUE

    def wait(self, task: _Task) -> None:
        task.token = True
        self.steps.append({"kind": "await", "task": task})

    def finish(self, operation: Operation, own: dict[str, int]) -> None:
        """Await the outputs of `operation`; free its inputs. `own`: how many tasks of a channel came after it."""
        for channel in operation.outputs:
            queue = self.outstanding.get(channel, deque())
            while queue:
                self.wait(queue.popleft())
        for channel, queue in self.outstanding.items():
            while len(queue) > own.get(channel, 0):
                self.steps.append({"kind": "free", "task": queue.popleft()})


def emit(name: str, operations: Sequence[Operation], argument_bytes: Sequence[int]) -> dict[str, Any]:
    """The template's value `sequence` for `operations`: name, arguments and steps as plain values.

    Raises ValueError when a transfer leaves its argument.
    """
    types = [f"memref<{size}xi8>" for size in argument_bytes]
    emitter = _Emitter()
    pending: list[list[tuple[str, Transfer]]] = [list(_in_order(op)) for op in operations]
    for operation, transfers in zip(operations, pending, strict=True):
        for channel, transfer in transfers:
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
        "steps": [_plain(step, types) for step in emitter.steps],
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
    """Queue what the next operation reads of static data, where there is room; what is left comes back."""
    left: list[tuple[str, Transfer]] = []
    closed: set[str] = set()
    for channel, transfer in transfers:
        if transfer.static and channel not in closed and emitter.room(channel):
            emitter.start(channel, transfer)
            ahead[channel] = ahead.get(channel, 0) + 1
        else:
            closed.add(channel)
            left.append((channel, transfer))
    return left


def _plain(step: dict[str, Any], types: Sequence[str]) -> dict[str, Any]:
    task = step.get("task")
    if not isinstance(task, _Task):
        return step
    transfer = task.transfer
    attributes = [
        *(["issue_token = true"] if task.token else []),
        *([f"repeat_count = {transfer.sizes[0] - 1} : i32"] if transfer.sizes[0] > 1 else []),
    ]
    return {
        "kind": step["kind"],
        "task": {
            "value": task.value,
            "channel": task.channel,
            "argument": f"%arg{transfer.argument}",
            "type": types[transfer.argument],
            "offset": transfer.offset,
            "length": transfer.length,
            "sizes": list(transfer.sizes),
            "strides": list(transfer.strides),
            "attributes": f" {{{', '.join(attributes)}}}" if attributes else "",
        },
    }
