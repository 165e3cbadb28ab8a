"""Running the discrete-event engine, and what comes out of it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.emulation.objects import ObjectCache
from aiebuild.errors import BuildError
from aiebuild.host.paths import Paths
from aiebuild.host.sequence import SequenceProgram
from aiebuild.timing.costs import Machine
from aiebuild.timing.program import INSIDE, Mover, Program, build_program
from aiebuild.timing.trace import Trace

SOURCE = Path(__file__).with_name("src") / "simulate.cc"

REASONS = ("tasks", "DDR", "shim stream", "stream", "other cores", "output", "other")
"""What a core waits for: a task that is not queued yet, DDR, the shim's stream, a stream inside the array, cores that
share a broadcast, room for its output, anything else."""


class StuckError(BuildError):
    """The design cannot go on in virtual time."""


@dataclass(frozen=True)
class CoreTime:
    """Cycles of a core: in kernels, around them, and waiting by reason (REASONS)."""

    tile: tuple[int, int]
    work: float
    overhead: float
    stalls: tuple[float, ...]


@dataclass(frozen=True)
class MoverTime:
    """Cycles of a DMA channel: streaming, held up by DDR, without a task, without data, without room; its objects."""

    label: str
    tile: tuple[int, int]
    kind: int
    bytes: int
    work: float
    ddr: float
    no_task: float
    no_supply: float
    no_room: float
    objects: int


@dataclass(frozen=True)
class KernelTime:
    """Calls of a kernel on all cores, their cycles, and the instructions of the matrix unit in them."""

    name: str
    calls: int
    cycles: float
    slots: float = 0.0


@dataclass(frozen=True)
class Span:
    """What an actor did from `begin` to `end` (cycles). `actor`: -1 control processor, then cores, then movers.
    `tag`: a core's kernel + 1, or -1 - reason; the control processor's kind of step."""

    actor: int
    tag: int
    begin: float
    end: float


@dataclass(frozen=True)
class Run:
    """A modelled dispatch. Cycles of the array's clock; bytes as transferred. `steps`: when the control processor was
    done with each step, `lines`: the design's line of each."""

    machine: Machine
    cycles: float
    controller: float
    ddr_busy: tuple[float, float]
    ddr_bytes: tuple[float, float]
    cores: tuple[CoreTime, ...]
    movers: tuple[MoverTime, ...]
    kernels: tuple[KernelTime, ...]
    steps: NDArray[np.float64]
    lines: tuple[int, ...]
    tasks: int
    spans: tuple[Span, ...] = ()

    @property
    def seconds(self) -> float:
        """Time on the array, without the dispatch itself."""
        return self.machine.seconds(self.cycles)

    @property
    def compute(self) -> float:
        """Mean share of the cores' time in kernels, over cores that work."""
        working = [core.work for core in self.cores if core.work]
        return sum(working) / len(working) / self.cycles if working and self.cycles else 0.0

    def stalls(self) -> dict[str, float]:
        """Mean share of the cores' time waiting, by reason."""
        working = [core for core in self.cores if core.work]
        if not working or not self.cycles:
            return dict.fromkeys(REASONS, 0.0)
        return {
            reason: sum(core.stalls[k] for core in working) / len(working) / self.cycles
            for k, reason in enumerate(REASONS)
        }

    def resources(self) -> dict[str, float]:
        """Share of the time that each resource is busy, the busiest of its kind: cores (the mean of those that work),
        DDR, shims' streams, streams inside the array, the control processor; and waiting for tasks, as a share of the
        cores' time."""
        if not self.cycles:
            return {}
        shared = sum if not self.machine.split else max
        streams = {
            kind: max((m.work for m in self.movers if (m.kind == INSIDE) == kind), default=0.0)
            for kind in (False, True)
        }
        return {
            "compute": self.compute,
            "DDR": shared(self.ddr_busy) / self.cycles,
            "shim streams": streams[False] / self.cycles,
            "streams": streams[True] / self.cycles,
            "control processor": self.controller / self.cycles,
            "tasks": self.stalls()["tasks"],
        }

    def bound(self) -> str:
        """The busiest resource."""
        return max(self.resources().items(), key=lambda item: item[1], default=("nothing", 0.0))[0]


@cache
def _engine() -> ctypes.CDLL:
    cache_ = ObjectCache()
    compiler = cache_.compiler.path
    built = cache_.object(
        SOURCE,
        lambda out, deps: [
            compiler, "-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-MMD", "-MF", str(deps), "-c", str(SOURCE),
            "-o", str(out),
        ],
    )  # fmt: skip
    library = ctypes.CDLL(str(cache_.library([built], lambda out: [compiler, "-shared", str(built), "-o", str(out)])))
    pointer, i64 = ctypes.c_void_p, ctypes.c_int64
    for name, result, arguments in (
        ("timing_run", pointer, (pointer, pointer, ctypes.c_int, pointer)),
        ("timing_free", None, (pointer,)),
        ("timing_totals", None, (pointer, pointer)),
        ("timing_cores", None, (pointer, pointer)),
        ("timing_movers", None, (pointer, pointer)),
        ("timing_kernels", None, (pointer, pointer, pointer)),
        ("timing_steps", None, (pointer, pointer)),
        ("timing_spans", i64, (pointer, pointer, pointer, pointer, pointer, i64)),
        ("timing_stuck_core", i64, (pointer, i64)),
    ):
        function: Any = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def simulate(paths: Paths, sequence: SequenceProgram, trace: Trace, machine: Machine, *, spans: bool = False) -> Run:
    """One dispatch of a sequence in virtual time. `spans`: keep what every actor did when.

    Raises StuckError when nothing can go on, DesignError for what the model does not know.
    """
    program = build_program(paths, sequence, trace, machine)
    engine = _engine()
    stuck = ctypes.c_int()
    handle = engine.timing_run(program.words.ctypes.data, program.numbers.ctypes.data, spans, ctypes.byref(stuck))
    try:
        if stuck.value:
            raise StuckError(
                f"{sequence.file}: @{sequence.name} does not end in virtual time: {_stuck(engine, handle, program)}"
            )
        return _result(engine, handle, program, machine, spans)
    finally:
        engine.timing_free(handle)


def _stuck(engine: ctypes.CDLL, handle: int, program: Program) -> str:
    waiting = [
        f"core {tile} in event {at}"
        for k, tile in enumerate(program.cores)
        if (at := engine.timing_stuck_core(handle, k)) >= 0
    ]
    return ", ".join(waiting[:4]) or "tokens that do not come"


def _result(engine: ctypes.CDLL, handle: int, program: Program, machine: Machine, spans: bool) -> Run:
    totals = np.zeros(6)
    engine.timing_totals(handle, totals.ctypes.data)
    cores = np.zeros((len(program.cores), 2 + len(REASONS)))
    engine.timing_cores(handle, cores.ctypes.data)
    movers = np.zeros((len(program.movers), 6))
    engine.timing_movers(handle, movers.ctypes.data)
    cycles, calls = np.zeros(len(program.kernels)), np.zeros(len(program.kernels), np.int64)
    engine.timing_kernels(handle, cycles.ctypes.data, calls.ctypes.data)
    steps = np.zeros(len(program.steps))
    engine.timing_steps(handle, steps.ctypes.data)
    return Run(
        machine=machine,
        cycles=float(totals[0]),
        controller=float(totals[1]),
        ddr_busy=(float(totals[2]), float(totals[3])),
        ddr_bytes=(float(totals[4]), float(totals[5])),
        cores=tuple(
            CoreTime(tile, float(row[0]), float(row[1]), tuple(map(float, row[2:])))
            for tile, row in zip(program.cores, cores, strict=True)
        ),
        movers=tuple(
            _mover(m, row) for m, row in zip(program.movers, movers, strict=True)
        ),
        kernels=tuple(
            KernelTime(name, int(calls[k]), float(cycles[k]), program.slots[k]) for k, name in
            enumerate(program.kernels)
        ),
        steps=steps,
        lines=tuple(step.line for step in program.steps),
        tasks=sum(step.task is not None for step in program.steps),
        spans=_spans(engine, handle) if spans else (),
    )  # fmt: skip


def _mover(mover: Mover, row: NDArray[np.float64]) -> MoverTime:
    work, ddr, no_task, no_supply, no_room, objects = map(float, row)
    return MoverTime(
        mover.label, mover.tile, mover.kind, mover.bytes, work, ddr, no_task, no_supply, no_room, int(objects)
    )


def _spans(engine: ctypes.CDLL, handle: int) -> tuple[Span, ...]:
    none = ctypes.c_void_p()
    count = engine.timing_spans(handle, none, none, none, none, 0)
    actor, tag = np.zeros(count, np.int32), np.zeros(count, np.int32)
    begin, end = np.zeros(count), np.zeros(count)
    engine.timing_spans(handle, actor.ctypes.data, tag.ctypes.data, begin.ctypes.data, end.ctypes.data, count)
    return tuple(
        Span(a, t, b, e) for a, t, b, e in zip(actor.tolist(), tag.tolist(), begin.tolist(), end.tolist(), strict=True)
    )


def operation_cycles(run: Run, operations: Sequence[tuple[int, str]]) -> list[tuple[str, float]]:
    """Cycles of each part of a sequence, by name: until the control processor was done with its last step.

    `operations`: the lines where the parts begin, and their names (see `model.operations_of`).
    """
    result: list[tuple[str, float]] = []
    lines = np.array(run.lines, np.int64)
    before = 0.0
    for k, (line, name) in enumerate(operations):
        after = operations[k + 1][0] if k + 1 < len(operations) else np.iinfo(np.int64).max
        of = (lines >= line) & (lines < after)
        end = float(run.steps[of].max()) if of.any() else before
        result.append((name, end - before))
        before = end
    return result
