"""A design, a sequence and a trace as the input of the discrete-event engine.

Everything that moves objects is a mover, everything that is waited for a counter that only rises; see
`src/simulate.cc`, and `src/model.hpp` for the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from aiebuild.dialect import DesignError
from aiebuild.host.paths import Endpoint, KeptTile, Paths, RelayPath, RingPath, SinkPath, SourcePath
from aiebuild.host.program import Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd
from aiebuild.timing.costs import Costs, Machine, Schedule
from aiebuild.timing.trace import CALL, Trace

Tile = tuple[int, int]

INSIDE, FROM_DDR, TO_DDR = range(3)
DELAY, PUSH, AWAIT, PUSH_MEMORY = range(4)


@dataclass(frozen=True)
class Limit:
    """Counter `counter` times `each`, plus `room`, must exceed the index of the object that is wanted."""

    counter: int
    room: int = 0
    each: int = 1


@dataclass
class Mover:
    """A DMA channel with what it needs and what it raises. `tile`: where it is; `label`: for people."""

    label: str
    tile: Tile
    kind: int
    bytes: int
    supplies: list[Limit]
    rooms: list[Limit]
    done: int
    freed: int = -1
    every: int = 1
    neighbours: bool = False
    kept: bool = False
    """Whether it waits for tasks of a memory tile that the sequence programs."""
    source: int = -1
    """Of one that sends from such a tile: the mover that fills it."""


@dataclass
class End:
    """A core's end of an objectfifo: what an acquire waits for, what a release raises, which mover serves it."""

    limits: list[Limit]
    raised: int
    feeder: int = -1


@dataclass(frozen=True)
class Task:
    """A task of a shim channel: bytes, cycles lost between its contiguous runs in DDR, and whether it gives a token."""

    bytes: int
    gaps: int
    token: bool


@dataclass(frozen=True)
class MemoryTask:
    """A task of a memory tile: descriptors [first, first + count) of `Program.descriptors`, and how often they run."""

    first: int
    count: int
    runs: int
    token: bool


@dataclass(frozen=True)
class MemoryDescriptor:
    """Bytes of a memory tile's descriptor; counters of the locks it acquires and releases (-1: none), by how much."""

    bytes: int
    acquire: int
    take: int
    release: int
    give: int


@dataclass(frozen=True)
class Step:
    """What the control processor does: a delay, and then a push or an await. `line`: of the design."""

    kind: int
    mover: int
    task: Task | MemoryTask | None
    delay: float
    line: int


@dataclass
class Program:
    """The engine's input, and the names of what is in it."""

    movers: list[Mover] = field(default_factory=list[Mover])
    ends: list[End] = field(default_factory=list[End])
    cores: list[Tile] = field(default_factory=list[Tile])
    steps: list[Step] = field(default_factory=list[Step])
    initial: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Counters that do not start at 0."""
    descriptors: list[MemoryDescriptor] = field(default_factory=list[MemoryDescriptor])
    kernels: tuple[str, ...] = ()
    slots: tuple[float, ...] = ()
    """Instructions of the matrix unit of each kernel's calls."""
    words: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    numbers: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0, np.float64))


def kernel_cycles(costs: NDArray[np.uint64], schedule: Schedule) -> NDArray[np.float64]:
    """Cycles of kernel calls with these counts ([n, 14], see `trace.COUNTS`)."""
    counts = costs[:, 1:].astype(np.float64)
    integer, floating, memory, other, phases = (counts[:, k] for k in range(5))
    return (
        integer / schedule.integer
        + floating / schedule.floating
        + memory * schedule.memory
        + other / schedule.other
        + phases * schedule.fill
        + schedule.call
    )


class _Network:
    """Movers and ends of the paths of a design."""

    def __init__(self, paths: Paths) -> None:
        self.counters = 0
        self.movers: list[Mover] = []
        self.ends: dict[tuple[str, Tile, bool], End] = {}
        self.shim: dict[str, int] = {}
        self.memory: dict[tuple[Tile, bool, int], int] = {}  # by tile, whether it sends, channel
        self.locks: dict[tuple[Tile, int], int] = {}
        self.initial: list[tuple[int, int]] = []
        for kept in paths.kept:
            self._fills(kept)
        relays = {relay.source: relay for relay in paths.relays}
        sinks = {sink.channel.symbol: sink for sink in paths.sinks}
        for source in paths.sources:
            relay = relays.get(source.channel.symbol)
            if relay is None:
                self._source(source)
            else:
                self._relay(source, sinks[relay.sink], relay)
        relayed = {relay.sink for relay in paths.relays}
        for sink in paths.sinks:
            if sink.channel.symbol not in relayed:
                self._sink(sink)
        for ring in paths.rings:
            self._ring(ring)

    def counter(self) -> int:
        self.counters += 1
        return self.counters - 1

    def _add(self, mover: Mover) -> int:
        self.movers.append(mover)
        return len(self.movers) - 1

    def _fills(self, kept: KeptTile) -> None:
        """The shims' channels that fill a memory tile that the sequence programs, and its locks."""
        for number, channel in kept.fills:
            self.shim[channel.symbol] = self.memory[kept.tile, False, number] = self._add(
                Mover(
                    f"shim {channel.column} MM2S {channel.channel} @{channel.symbol}", (channel.column, 0), FROM_DDR,
                    channel.object_bytes, [], [], self.counter(), kept=True,
                )
            )  # fmt: skip
        for lock, value in kept.locks:
            self.locks[kept.tile, lock] = self.counter()
            self.initial.append((self.locks[kept.tile, lock], value))

    def _sends(self, path: SourcePath) -> None:
        """What such a memory tile sends to cores."""
        channel = path.channel
        tile = (channel.column, channel.row)
        released = [self.counter() for _ in path.consumers]
        arrived = self.counter()
        # taken to be filled by the channel of its number, where there is one
        fills = {number: mover for (where, sends, number), mover in self.memory.items() if where == tile and not sends}
        sources = [fills[channel.channel]] if channel.channel in fills else list(fills.values())
        feeder = self.memory[tile, True, channel.channel] = self._add(
            Mover(
                f"memory {tile[0]} MM2S {channel.channel} @{channel.symbol}", tile, INSIDE, channel.object_bytes, [],
                [Limit(c, end.depth) for c, end in zip(released, path.consumers, strict=True)], arrived, kept=True,
                source=sources[0] if len(sources) == 1 else -1,
            )
        )  # fmt: skip
        for end, counter in zip(path.consumers, released, strict=True):
            self.ends[(end.fifo, end.tile, False)] = End([Limit(arrived)], counter, feeder)

    def _source(self, path: SourcePath) -> None:
        channel = path.channel
        if channel.row:
            self._sends(path)
            return
        filled = self.counter()
        shim = Mover(
            f"shim {channel.column} MM2S {channel.channel} @{channel.symbol}", (channel.column, 0), FROM_DDR,
            channel.object_bytes, [], [], filled,
        )  # fmt: skip
        self.shim[channel.symbol] = self._add(shim)
        groups: dict[str, list[Endpoint]] = {}
        for end in path.consumers:
            groups.setdefault(end.fifo, []).append(end)
        for fifo, ends in groups.items():
            repeat = ends[0].repeat
            released = [self.counter() for _ in ends]
            rooms = [Limit(c, end.depth) for c, end in zip(released, ends, strict=True)]
            if path.memory_depth == 0:
                if repeat != 1:
                    raise DesignError(f"@{fifo}: repetition without a memory tile is not modelled in time")
                shim.rooms += rooms
                arrived, feeder = filled, self.shim[channel.symbol]
            else:
                arrived, freed = self.counter(), self.counter()
                feeder = self._add(
                    Mover(
                        f"memory {channel.column} MM2S @{fifo}", (channel.column, 1), INSIDE, ends[0].part.size,
                        [Limit(filled, 0, repeat)], rooms, arrived, freed, repeat,
                    )
                )  # fmt: skip
                shim.rooms.append(Limit(freed, path.memory_depth))
            for end, counter in zip(ends, released, strict=True):
                self.ends[(end.fifo, end.tile, False)] = End([Limit(arrived)], counter, feeder)

    def _sink(self, path: SinkPath) -> None:
        channel = path.channel
        done = self.counter()
        shim = Mover(
            f"shim {channel.column} S2MM {channel.channel} @{channel.symbol}", (channel.column, 0), TO_DDR,
            channel.object_bytes, [], [], done,
        )  # fmt: skip
        for end in path.producers:
            produced = self.counter()
            if path.memory_depth == 0:
                shim.supplies.append(Limit(produced))
                sent, feeder = done, -1
            else:
                sent = self.counter()
                feeder = self._add(
                    Mover(
                        f"core {end.tile[0]},{end.tile[1]} MM2S @{end.fifo}", end.tile, INSIDE, end.part.size,
                        [Limit(produced)], [Limit(done, path.memory_depth)], sent,
                    )
                )  # fmt: skip
                shim.supplies.append(Limit(sent))
            self.ends[(end.fifo, end.tile, True)] = End([Limit(sent, end.depth)], produced, feeder)
        self.shim[channel.symbol] = self._add(shim)

    def _relay(self, source: SourcePath, sink: SinkPath, relay: RelayPath) -> None:
        into, out = self.counter(), self.counter()
        a, b = source.channel, sink.channel
        depth = max(1, source.memory_depth)
        self.shim[a.symbol] = self._add(
            Mover(
                f"shim {a.column} MM2S {a.channel} @{a.symbol}", (a.column, 0), FROM_DDR, a.object_bytes, [],
                [Limit(out, depth)], into,
            )
        )  # fmt: skip
        self.shim[b.symbol] = self._add(
            Mover(
                f"shim {b.column} S2MM {b.channel} @{b.symbol}", relay.tile, TO_DDR, b.object_bytes, [Limit(into)], [],
                out,
            )
        )  # fmt: skip

    def _ring(self, ring: RingPath) -> None:
        produced = [self.counter() for _ in ring.producers]
        released = [self.counter() for _ in ring.consumers]
        first = ring.producers[0]
        shared = (
            len(ring.producers) == len(ring.consumers) == 1
            and sum(abs(a - b) for a, b in zip(first.tile, ring.consumers[0].tile, strict=True)) == 1
            and ring.consumers[0].part.plain
            and ring.consumers[0].repeat == 1
        )
        if shared:
            self.ends[(first.fifo, first.tile, True)] = End([Limit(released[0], ring.slots)], produced[0])
            end = ring.consumers[0]
            self.ends[(end.fifo, end.tile, False)] = End([Limit(produced[0])], released[0])
            return
        repeat = ring.consumers[0].repeat
        moved, freed = self.counter(), self.counter()
        depth = max(end.depth for end in ring.producers)
        rooms = [Limit(c, max(1, ring.slots - depth)) for c in released]
        mover = self._add(
            Mover(
                f"core {first.tile[0]},{first.tile[1]} MM2S @{ring.name}", first.tile, INSIDE, ring.object_bytes,
                [Limit(c, 0, repeat) for c in produced], rooms, moved, freed, repeat,
            )
        )  # fmt: skip
        for end, counter in zip(ring.producers, produced, strict=True):
            self.ends[(end.fifo, end.tile, True)] = End([Limit(freed, end.depth)], counter, mover)
        for end, counter in zip(ring.consumers, released, strict=True):
            self.ends[(end.fifo, end.tile, False)] = End([Limit(moved)], counter, mover)


PAGE = 4096


def _gaps(descriptor: WriteBd, costs: Costs) -> float:
    """Nanoseconds between the contiguous runs of a descriptor."""
    run = descriptor.run
    for count, stride in descriptor.levels:
        if stride != run:
            break
        run *= count
    run = max(1, min(run, descriptor.length))
    runs = -(-descriptor.length // run)
    if runs == 1:
        return 0.0
    apart = next((abs(stride) for count, stride in descriptor.levels if count > 1 and abs(stride) > run), run)
    return runs * (costs.run + costs.page * min(1.0, apart / PAGE))


class _Sequence:
    """The control processor's steps of a sequence."""

    def __init__(self, program: SequenceProgram, network: _Network, machine: Machine) -> None:
        self.program, self.network, self.machine = program, network, machine
        self.shim: dict[tuple[int, int], WriteBd] = {}
        self.memory: dict[tuple[Tile, int], WriteMemoryBd] = {}
        self.descriptors: list[MemoryDescriptor] = []

    def steps(self) -> Iterable[Step]:
        costs = self.machine.costs
        for op, after in zip_longest(self.program.instructions, self.program.instructions[1:]):
            match op:
                case WriteBd():
                    self.shim[(op.column, op.bd)] = op
                    yield Step(DELAY, 0, None, self.written(op), op.line)
                case WriteMemoryBd():
                    self.memory[(op.column, op.row), op.bd] = op
                    yield Step(DELAY, 0, None, self.written(op), op.line)
                case Push():
                    yield self.push(op)
                case Sync():
                    # one wait for several columns' tokens is one instruction
                    more = isinstance(after, Sync) and after.line == op.line
                    yield Step(AWAIT, self.mover(op.channel), None, 0.0 if more else costs.token, op.line)
                case _:
                    yield Step(DELAY, 0, None, costs.parameter, op.line)

    def mover(self, position: int) -> int:
        channel = self.program.channels[position]
        if channel.row == 0:
            return self.network.shim[channel.symbol]
        return self.network.memory[(channel.column, channel.row), channel.into_array, channel.channel]

    @property
    def queueing(self) -> float:
        """Cycles of queueing a task whose descriptors are written: a register's write."""
        return min(self.machine.costs.parameter, self.machine.costs.task)

    def written(self, op: WriteBd | WriteMemoryBd) -> float:
        """Cycles of writing a descriptor: those of a task, less, for the last one of a chain, its queueing."""
        return self.machine.costs.task - (self.queueing if op.following is None else 0.0)

    def push(self, op: Push) -> Step:
        channel = self.program.channels[op.channel]
        if channel.row:
            return self.push_memory(op, (channel.column, channel.row))
        total, gaps = 0, 0.0
        at: int | None = op.bd
        while at is not None:
            descriptor = self.shim[(channel.column, at)]
            total += descriptor.length
            gaps += _gaps(descriptor, self.machine.costs)
            at = descriptor.following
        times = op.repeat + 1
        task = Task(total * times, round(gaps * times * self.machine.clock), op.token)
        return Step(PUSH, self.mover(op.channel), task, self.queueing, op.line)

    def push_memory(self, op: Push, tile: Tile) -> Step:
        """A memory tile's task."""
        first = len(self.descriptors)
        at: int | None = op.bd
        while at is not None:
            bd = self.memory[tile, at]
            acquire, release = bd.acquire or (-1, 0), bd.release or (-1, 0)
            locks = (self.lock(tile, acquire[0]), acquire[1], self.lock(tile, release[0]), release[1])
            self.descriptors.append(MemoryDescriptor(bd.length, *locks))
            at = bd.following
        count = len(self.descriptors) - first
        task = MemoryTask(first, count, op.repeat + 1, op.token)
        return Step(PUSH_MEMORY, self.mover(op.channel), task, self.queueing, op.line)

    def lock(self, tile: Tile, number: int) -> int:
        return -1 if number < 0 else self.network.locks[tile, number]


def build_program(paths: Paths, sequence: SequenceProgram, trace: Trace, machine: Machine) -> Program:
    """The engine's input for one dispatch. Raises DesignError for what the model does not know."""
    network = _Network(paths)
    tile_of: dict[int, Tile] = {}
    for tile, events in trace.events.items():
        for end in np.unique((events[events >> 30 != CALL] >> 8) & 0x3FFFFF):
            tile_of[int(end)] = tile
    ends: list[End] = []
    for k, name in enumerate(trace.ends):
        tile = tile_of.get(k)
        found = [network.ends.get((name, tile, produces)) for produces in (False, True)] if tile else []
        known = [end for end in found if end is not None]
        if tile is not None and len(known) != 1:
            raise DesignError(f"@{name}: an end of core {tile} that the timing model does not know")
        ends.append(known[0] if known else End([], network.counter()))
    steps = _Sequence(sequence, network, machine)
    result = Program(network.movers, ends, list(trace.events), list(steps.steps()), network.initial)
    result.kernels, result.descriptors = trace.kernels, steps.descriptors
    result.slots = trace.matrix_slots()
    _encode(result, network.counters, trace, machine)
    return result


def _encode(program: Program, counters: int, trace: Trace, machine: Machine) -> None:
    costs = machine.costs
    words: list[int] = []
    numbers: list[float] = [machine.bytes_per_cycle, costs.acquire, costs.release]

    def limits(of: list[Limit]) -> None:
        words.append(len(of))
        for limit in of:
            words.extend((limit.counter, limit.room, limit.each))

    words += [machine.split, counters, len(program.movers)]
    for mover in program.movers:
        words += [mover.kind, mover.bytes]
        cold, warm = (
            (costs.write_cold, costs.write_warm) if mover.kind == TO_DDR else (costs.read_cold, costs.read_warm)
        )
        numbers += [costs.word, costs.descriptor, cold, warm, costs.decay]
        limits(mover.supplies)
        limits(mover.rooms)
        words += [mover.done, mover.freed, mover.every, mover.kept, mover.source]
    words.append(len(program.initial))
    for counter, value in program.initial:
        words += [counter, value]
    words.append(len(program.descriptors))
    for bd in program.descriptors:
        words += [bd.bytes, bd.acquire, bd.take, bd.release, bd.give]
    words.append(len(program.ends))
    for end in program.ends:
        limits(end.limits)
        words += [end.raised, end.feeder]
    cycles = kernel_cycles(trace.costs, machine.schedule)
    words.append(len(cycles))
    words += [int(kernel) for kernel in trace.costs[:, 0]]
    numbers += cycles.tolist()
    words += [len(trace.kernels), len(trace.events)]
    parts: list[NDArray[np.int64]] = []
    for events in trace.events.values():
        words.append(len(events))
        parts += [np.array(words, np.int64), events.astype(np.int64)]
        words = []
    words.append(len(program.steps))
    for step in program.steps:
        words += [step.kind, step.mover]
        match step.task:
            case Task() as task:
                words += [task.bytes, task.gaps, task.token]
            case MemoryTask() as task:
                words += [task.first, task.count, 2 * task.runs + task.token]
            case None:
                words += [0, 0, 0]
        numbers.append(step.delay)
    program.words = np.concatenate([*parts, np.array(words, np.int64)])
    program.numbers = np.array(numbers, np.float64)
