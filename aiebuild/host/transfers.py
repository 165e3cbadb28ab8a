"""What a sequence transfers, in a form that does not depend on how it was spelled: the tasks and waits of a program.

Two programs with equal `transfers` move the same words through the same channels in the same order, with tokens and
waits in the same places. It compares what `read_sequence` made of a module with what aiecc made of it (`insts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from aiebuild.errors import BuildError
from aiebuild.host.program import Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd, WriteRtp
from aiebuild.host.registers import LoadConfiguration, PatchAddress, WriteRegisters

WORD = 4
"""Bytes a shim's DMA moves at once; patterns are compared by the word."""


@dataclass(frozen=True)
class Channel:
    """A DMA channel of the shim (row 0) or memory tile of a column. `into_array`: MM2S."""

    column: int
    into_array: bool
    number: int
    row: int = 0

    def __str__(self) -> str:
        kind = "memory tile" if self.row else "shim"
        return f"{kind} ({self.column}, {self.row}) {'MM2S' if self.into_array else 'S2MM'} {self.number}"


@dataclass(frozen=True)
class Pattern:
    """Where one descriptor's words are: `offset` bytes into an argument, (count, stride in bytes) from the innermost.

    Neighbouring levels are merged where they are one, so equal addresses have equal levels. Run k of the task starts
    at (k mod `iterations`) times `iteration_stride`.
    """

    argument: int
    offset: int
    length: int
    levels: tuple[tuple[int, int], ...]
    iterations: int
    iteration_stride: int


@dataclass(frozen=True)
class Piece:
    """Memory of a memory tile that a descriptor fills or sends, and the locks around it.

    `offset`: bytes from the first memory that the program names on the tile; where that lies only the compiler knows.
    """

    offset: int
    length: int
    acquire: tuple[int, int] | None
    release: tuple[int, int] | None


@dataclass(frozen=True)
class Task:
    """A queued task: its chain of descriptors, run `repeat` + 1 times; a token at the end if `token`."""

    channel: Channel
    descriptors: tuple[int, ...]
    patterns: tuple[Pattern | Piece, ...]
    repeat: int
    token: bool


@dataclass(frozen=True)
class Wait:
    """A wait for the next token of a channel."""

    channel: Channel


@dataclass(frozen=True)
class Parameter:
    """A word written to a core's memory. Where it lies is known to the compiler only, so places are not compared."""

    value: int


Step = Task | Wait | Parameter


def transfers(program: SequenceProgram) -> tuple[Step, ...]:
    """The tasks, waits and parameter writes of a program in their order."""
    channels = [Channel(known.column, known.into_array, known.channel, known.row) for known in program.channels]
    memory: dict[tuple[int, int, int], WriteMemoryBd] = {}
    origin: dict[tuple[int, int], int] = {}
    written: dict[tuple[int, int], WriteBd] = {}
    steps: list[Step] = []
    for op in program.instructions:
        match op:
            case WriteBd():
                written[(op.column, op.bd)] = op
            case WriteMemoryBd():
                memory[(op.column, op.row, op.bd)] = op
                origin.setdefault((op.column, op.row), op.offset)
            case Push() if channels[op.channel].row:
                steps.append(_memory_task(op, channels[op.channel], memory, origin))
            case Push():
                channel = channels[op.channel]
                chain: list[WriteBd] = []
                at: int | None = op.bd
                while at is not None and all(bd.bd != at for bd in chain):
                    chain.append(written[(channel.column, at)])
                    at = chain[-1].following
                patterns = tuple(_pattern(bd, op.repeat) for bd in chain)
                steps.append(Task(channel, tuple(bd.bd for bd in chain), patterns, op.repeat, op.token))
            case Sync():
                steps.append(Wait(channels[op.channel]))
            case WriteRtp():
                steps.append(Parameter(op.value % (1 << 32)))
            case WriteRegisters() | PatchAddress() | LoadConfiguration():
                raise BuildError(f"{program.file}:{op.line}: register writes are not compared")
    return tuple(steps)


def difference(ours: tuple[Step, ...], theirs: tuple[Step, ...]) -> str | None:
    """The first place where two lists of steps differ, both shown; None when they are equal."""
    for number, (a, b) in enumerate(zip_longest(ours, theirs)):
        if a != b:
            return f"step {number} of {len(ours)} and {len(theirs)}: {a or 'nothing'} / {b or 'nothing'}"
    return None


def _memory_task(
    op: Push, channel: Channel, memory: dict[tuple[int, int, int], WriteMemoryBd], origin: dict[tuple[int, int], int]
) -> Task:
    chain: list[WriteMemoryBd] = []
    at: int | None = op.bd
    while at is not None and all(bd.bd != at for bd in chain):
        chain.append(memory[(channel.column, channel.row, at)])
        at = chain[-1].following
    first = origin[channel.column, channel.row]
    pieces = tuple(Piece(bd.offset - first, bd.length, bd.acquire, bd.release) for bd in chain)
    return Task(channel, tuple(bd.bd for bd in chain), pieces, op.repeat, op.token)


def _pattern(bd: WriteBd, repeat: int) -> Pattern:
    levels: list[tuple[int, int]] = []
    for count, stride in ((bd.run // WORD, WORD), *bd.levels):
        if count == 1:
            continue
        if levels and stride == levels[-1][0] * levels[-1][1]:
            levels[-1] = (levels[-1][0] * count, levels[-1][1])
        else:
            levels.append((count, stride))
    # A counter that does not come round within the task counts its runs.
    iterations = min(bd.iterations, repeat + 1) if bd.iteration_stride else 0
    stride = bd.iteration_stride
    if iterations <= 1:
        iterations, stride = 0, 0
    return Pattern(bd.argument, bd.offset, bd.length, tuple(levels), iterations, stride)
