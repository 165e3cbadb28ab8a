"""What memory tiles that a runtime sequence programs send, worked out ahead of the run.

Such a tile takes in data from a shim by tasks of its S2MM channels, and its MM2S channels send it to cores, as often
as their tasks say; locks keep the two in order. None of that depends on the data. So the tasks are followed here as
the tile's DMA does them (queues in order, a descriptor when its lock allows it), with bytes of memory standing for the
place in DDR that they came from, and every MM2S task becomes a task that reads DDR: the engine of objectfifos then
aliases or gathers what the array would have copied, and a panel that is sent six times is one task with six passes.

Refused, with the line: a task that never gets its lock or its data, memory that is sent before it was filled, what does
not come out as whole transfers, and a write to DDR under data that the tile might still send.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from aiebuild.dialect import DesignError
from aiebuild.host.paths import Coordinates, KeptTile
from aiebuild.host.program import Instruction, Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd

MAX_LOCK = 63
"""Largest value of a lock."""
FIRST_DESCRIPTOR = 64
"""Number of the first descriptor made here, behind those of shims and memory tiles."""
MOST_DESCRIPTORS = 16
"""Longest chain of descriptors that the engine takes."""


@dataclass(frozen=True)
class _Load:
    """A task of the shim channel that fills a tile: its descriptors, run `runs` times, `bytes` in all."""

    line: int
    chain: tuple[WriteBd, ...]
    runs: int

    @property
    def bytes(self) -> int:
        return self.runs * sum(bd.length for bd in self.chain)


@dataclass(frozen=True)
class _Piece:
    """Bytes [start, end) of what a task brought."""

    load: _Load
    start: int
    end: int


@dataclass(frozen=True)
class _Held:
    """Bytes [start, end) of a tile's buffer and what is in them."""

    start: int
    end: int
    piece: _Piece


@dataclass
class _Task:
    """A task in a memory tile's queue, and how far it is."""

    line: int
    chain: tuple[WriteMemoryBd, ...]
    runs: int
    token: bool
    channel: int
    run: int = 0
    at: int = 0
    sent: list[list[_Piece]] = field(default_factory=lambda: [[]])


@dataclass
class _Tile:
    """A memory tile while its tasks are followed. Channels by number."""

    kept: KeptTile
    locks: dict[int, int]
    arriving: dict[int, deque[_Piece]]
    filling: dict[int, deque[_Task]]
    sending: dict[int, deque[_Task]]
    memory: dict[str, list[_Held]] = field(default_factory=dict[str, list[_Held]])


def composed(program: SequenceProgram) -> SequenceProgram:
    """The program with tasks that read DDR in place of those of memory tiles; others come back as they are."""
    return _Composer(program).run() if program.kept else program


class _Composer:
    def __init__(self, program: SequenceProgram) -> None:
        self.program = program
        self.tiles: dict[Coordinates, _Tile] = {}
        self.fed: dict[str, tuple[_Tile, int]] = {}
        for kept in program.kept:
            tile = _Tile(
                kept,
                dict(kept.locks),
                {number: deque() for number, _ in kept.fills},
                {number: deque() for number, _ in kept.fills},
                {number: deque() for number, _ in kept.sends},
            )
            self.tiles[kept.tile] = tile
            for number, shim in kept.fills:
                self.fed[shim.symbol] = (tile, number)
        self.out: list[Instruction] = []
        self.shim: dict[tuple[int, int], WriteBd] = {}
        self.memory: dict[tuple[Coordinates, int], WriteMemoryBd] = {}
        self.exposed: list[tuple[int, int, int]] = []  # argument, first byte, end: sent since the last wait

    def error(self, line: int, what: str) -> DesignError:
        return DesignError(f"{self.program.file}:{line}: {what}")

    def run(self) -> SequenceProgram:
        for op in self.program.instructions:
            match op:
                case WriteMemoryBd():
                    self.memory[(op.column, op.row), op.bd] = op
                case WriteBd():
                    self.shim[op.column, op.bd] = op
                    self.out.append(op)
                case Push():
                    self.push(op)
                case Sync():
                    self.sync(op)
                case _:
                    self.out.append(op)
        for tile in self.tiles.values():
            self.ended(tile)
        return self.only_used()

    def only_used(self) -> SequenceProgram:
        """The program without the channels that nothing is queued on any more."""
        used = sorted({op.channel for op in self.out if isinstance(op, Push | Sync)})
        places = {old: new for new, old in enumerate(used)}
        instructions = tuple(
            replace(op, channel=places[op.channel]) if isinstance(op, Push | Sync) else op for op in self.out
        )
        channels = tuple(self.program.channels[k] for k in used)
        return replace(self.program, instructions=instructions, channels=channels, kept=())

    def ended(self, tile: _Tile) -> None:
        for kind, queues in (("S2MM", tile.filling), ("MM2S", tile.sending)):
            for number, queue in queues.items():
                if queue:
                    task = queue[0]
                    bd = task.chain[task.at]
                    lock = bd.acquire
                    why = "for data"
                    if lock is not None and tile.locks.get(lock[0], 0) < lock[1]:
                        why = f"for lock {lock[0]} to be {lock[1]}, it is {tile.locks.get(lock[0], 0)}"
                    raise self.error(
                        task.line,
                        f"deadlock: the task on {kind} {number} of memory tile {tile.kept.tile} waits {why} for ever",
                    )
        for number, pieces in tile.arriving.items():
            if pieces:
                raise self.error(
                    pieces[0].load.line,
                    f"data for S2MM {number} of memory tile {tile.kept.tile} that no task takes in",
                )

    def push(self, op: Push) -> None:
        channel = self.program.channels[op.channel]
        if channel.row == 0:
            chain = self.chain(op, channel.column)
            if channel.symbol in self.fed:
                if op.token:
                    raise self.error(op.line, f"a token of @{channel.symbol}, which fills a memory tile: not modelled")
                tile, number = self.fed[channel.symbol]
                load = _Load(op.line, chain, op.repeat + 1)
                tile.arriving[number].append(_Piece(load, 0, load.bytes))
                self.progress(tile)
                return
            if not channel.into_array:
                self.overwritten(op, chain)
            self.out.append(op)
            return
        place = (channel.column, channel.row)
        tile = self.tiles[place]
        memory: list[WriteMemoryBd] = []
        at: int | None = op.bd
        while at is not None:
            memory.append(self.memory[place, at])
            at = memory[-1].following
        queue = (tile.sending if channel.into_array else tile.filling)[channel.channel]
        queue.append(_Task(op.line, tuple(memory), op.repeat + 1, op.token, op.channel))
        self.progress(tile)

    def chain(self, op: Push, column: int) -> tuple[WriteBd, ...]:
        found: list[WriteBd] = []
        at: int | None = op.bd
        while at is not None:
            found.append(self.shim[column, at])
            at = found[-1].following
        return tuple(found)

    def sync(self, op: Sync) -> None:
        channel = self.program.channels[op.channel]
        if channel.symbol in self.fed or (channel.row and not channel.into_array):
            raise self.error(op.line, "waiting for a memory tile to be filled is not modelled: wait for what it sends")
        if channel.row or not channel.into_array:
            self.exposed.clear()
        self.out.append(op)

    # -- following the DMA -----------------------------------------------------------------------------------
    def progress(self, tile: _Tile) -> None:
        """Does what can be done; the order of what does not depend on each other makes no difference."""
        moved = True
        while moved:
            moved = any(
                [self.step(tile, queue, number, filling=True) for number, queue in tile.filling.items()]
                + [self.step(tile, queue, number, filling=False) for number, queue in tile.sending.items()]
            )

    def step(self, tile: _Tile, queue: deque[_Task], number: int, *, filling: bool) -> bool:
        if not queue:
            return False
        task = queue[0]
        bd = task.chain[task.at]
        if bd.acquire is not None and tile.locks.get(bd.acquire[0], 0) < bd.acquire[1]:
            return False
        if filling:
            arriving = tile.arriving[number]
            if sum(piece.end - piece.start for piece in arriving) < bd.length:
                return False
            self.fill(tile, bd, arriving)
        else:
            task.sent[-1] += self.held(tile, bd, task)
        for lock, sign in ((bd.acquire, -1), (bd.release, 1)):
            if lock is not None:
                tile.locks[lock[0]] = tile.locks.get(lock[0], 0) + sign * lock[1]
                if tile.locks[lock[0]] > MAX_LOCK:
                    raise self.error(bd.line, f"lock {lock[0]} of {tile.kept.tile} would be above {MAX_LOCK}")
        task.at += 1
        if task.at == len(task.chain):
            task.at = 0
            task.run += 1
            if task.run == task.runs:
                queue.popleft()
                if not filling:
                    self.emit(tile, task)
            else:
                task.sent.append([])
        return True

    def fill(self, tile: _Tile, bd: WriteMemoryBd, arriving: deque[_Piece]) -> None:
        at, end = bd.offset, bd.offset + bd.length
        kept: list[_Held] = []
        for held in tile.memory.get(bd.buffer, []):
            for start, stop in ((held.start, min(held.end, at)), (max(held.start, end), held.end)):
                if start < stop:
                    begin = held.piece.start + start - held.start
                    kept.append(_Held(start, stop, _Piece(held.piece.load, begin, begin + stop - start)))
        while at < end:
            piece = arriving.popleft()
            size = min(end - at, piece.end - piece.start)
            kept.append(_Held(at, at + size, _Piece(piece.load, piece.start, piece.start + size)))
            if size < piece.end - piece.start:
                arriving.appendleft(_Piece(piece.load, piece.start + size, piece.end))
            at += size
        tile.memory[bd.buffer] = sorted(kept, key=lambda held: held.start)

    def held(self, tile: _Tile, bd: WriteMemoryBd, task: _Task) -> list[_Piece]:
        at, end = bd.offset, bd.offset + bd.length
        found: list[_Piece] = []
        for held in tile.memory.get(bd.buffer, []):
            start, stop = max(held.start, at), min(held.end, end)
            if start < stop:
                if start != at:
                    break
                begin = held.piece.start + start - held.start
                found.append(_Piece(held.piece.load, begin, begin + stop - start))
                at = stop
        if at != end:
            raise self.error(task.line, f"byte {at} of @{bd.buffer} is sent before anything was put there")
        return found

    # -- what is sent ----------------------------------------------------------------------------------------
    def emit(self, tile: _Tile, task: _Task) -> None:
        runs = [_joined(run) for run in task.sent]
        same = all(run == runs[0] for run in runs)
        pieces = runs[0] if same else _joined([piece for run in runs for piece in run])
        column = tile.kept.tile[0]
        descriptors = [bd for piece in pieces for bd in self.descriptors(piece, column, task)]
        if len(descriptors) > MOST_DESCRIPTORS:
            raise self.error(task.line, f"sends {len(descriptors)} separate transfers, at most {MOST_DESCRIPTORS}")
        for k, bd in enumerate(descriptors):
            following = FIRST_DESCRIPTOR + k + 1 if k + 1 < len(descriptors) else None
            self.out.append(replace(bd, bd=FIRST_DESCRIPTOR + k, following=following))
            self.exposed.append((bd.argument, bd.offset, bd.offset + extent(bd)))
        self.out.append(Push(task.line, task.channel, FIRST_DESCRIPTOR, len(runs) - 1 if same else 0, task.token))

    def descriptors(self, piece: _Piece, column: int, task: _Task) -> list[WriteBd]:
        """A piece as descriptors with nothing to iterate."""
        load = piece.load
        if (piece.start, piece.end) == (0, load.bytes):
            if len(load.chain) == 1:
                bd = load.chain[0]
                if load.runs == 1:
                    return [_plain(bd, 0)]
                if bd.iterations <= 1:
                    return [_plain(bd, 0, (load.runs, 0))]
                if bd.iterations >= load.runs:
                    return [_plain(bd, 0, (load.runs, bd.iteration_stride))]
            return [
                _plain(bd, run % bd.iterations * bd.iteration_stride if bd.iterations > 1 else 0)
                for run in range(load.runs)
                for bd in load.chain
            ]
        found: list[WriteBd] = []
        at = 0
        for run in range(load.runs):
            for bd in load.chain:
                start, end = max(piece.start, at), min(piece.end, at + bd.length)
                if start < end:
                    further = run % bd.iterations * bd.iteration_stride if bd.iterations > 1 else 0
                    found += _part(_plain(bd, further), start - at, end - at)
                at += bd.length
        return found

    def overwritten(self, op: Push, chain: tuple[WriteBd, ...]) -> None:
        """Refuses an output over what a memory tile may still send: it would send what it had taken in before."""
        for bd in chain:
            runs = (bd.iterations if bd.iterations > 1 else 1) - 1
            end = bd.offset + extent(bd) + runs * bd.iteration_stride
            for argument, first, last in self.exposed:
                if argument == bd.argument and bd.offset < last and first < end:
                    raise self.error(
                        op.line,
                        f"writes bytes {first} to {last} of argument {argument}, which a memory tile still sends",
                    )


def extent(bd: WriteBd) -> int:
    """Bytes from the first to behind the last of one run."""
    return bd.run + sum((count - 1) * stride for count, stride in bd.levels)


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """Neighbouring pieces of a load as one."""
    result: list[_Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if last is not None and last.load is piece.load and last.end == piece.start:
            result[-1] = _Piece(piece.load, last.start, piece.end)
        else:
            result.append(piece)
    return result


def _plain(bd: WriteBd, further: int, level: tuple[int, int] | None = None) -> WriteBd:
    """A descriptor without iteration, `further` bytes on; `level` is added outermost."""
    levels, length = bd.levels, bd.length
    if level is not None:
        levels, length = (*levels, level), length * level[0]
    return replace(
        bd, offset=bd.offset + further, levels=levels, length=length, iterations=0, iteration_stride=0, following=None
    )


def _part(bd: WriteBd, start: int, end: int) -> list[WriteBd]:
    """Bytes [start, end) of what a descriptor reads: whole blocks of its outermost level, and parts of blocks."""
    if (start, end) == (0, bd.length):
        return [bd]
    if not bd.levels:
        return [replace(bd, offset=bd.offset + start, length=end - start, run=end - start)]
    *inner, (count, stride) = bd.levels
    size = bd.length // count
    found: list[WriteBd] = []
    while start < end:
        index, within = divmod(start, size)
        place = bd.offset + index * stride
        if within == 0 and end - start >= size:
            blocks = (end - start) // size
            levels = (*inner, (blocks, stride)) if blocks > 1 else tuple(inner)
            found.append(replace(bd, offset=place, levels=levels, length=blocks * size))
            start += blocks * size
        else:
            stop = min(end, (index + 1) * size)
            block = replace(bd, offset=place, levels=tuple(inner), length=size)
            found += _part(block, within, within + stop - start)
            start = stop
    return found
