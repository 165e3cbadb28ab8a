"""The timing model on a small GEMM: what it must do whatever its constants are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from aiebuild.dialect import parse_module
from aiebuild.emulation.run import emulate
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.host.paths import Paths
from aiebuild.resources import resource_root
from aiebuild.timing.costs import OWN, STOCK, Costs, Machine
from aiebuild.timing.gemm import KERNEL, Gemm
from aiebuild.timing.program import AWAIT, FROM_DDR, TO_DDR, build_program, kernel_cycles
from aiebuild.timing.record import LINE_SLOTS, slots_by_line
from aiebuild.timing.simulate import REASONS, Run, StuckError, simulate
from aiebuild.timing.trace import CALL, COUNTS, RELEASE, Trace, read_trace
from aiebuild.timing.validation import Recorded, record

GEMM = Gemm("npu1", "int8", "int32", (16, 16, 16), (128, 64, 128), "rows", c_depth=2, memory_depth=2)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return record(GEMM)


@pytest.fixture(scope="module")
def paths(recorded: Recorded) -> Paths:
    return find_paths(device_of(parse_module(recorded.text, "gemm.mlir")))


def run(recorded: Recorded, paths: Paths, machine: Machine, spans: bool = False) -> Run:
    return simulate(paths, recorded.program, recorded.trace, machine, spans=spans)


def test_the_gemm_is_one(recorded: Recorded) -> None:
    rng = np.random.default_rng(1)
    m, k, n = GEMM.size
    a, b = rng.integers(-128, 128, (m, k), np.int8), rng.integers(-128, 128, (k, n), np.int8)
    result = emulate(
        recorded.text, [resource_root() / "kernels_src" / KERNEL],
        [a.reshape(-1), b.reshape(-1), np.zeros(m * n * 4, np.int8)], defines=GEMM.defines,
    )  # fmt: skip
    c = np.frombuffer(result.arguments[2].tobytes(), np.int32).reshape(m, n)
    assert np.array_equal(c, a.astype(np.int32) @ b.astype(np.int32))


def test_slots_of_a_call(recorded: Recorded) -> None:
    trace = recorded.trace
    rows = trace.costs[trace.costs[:, 0] == trace.kernels.index("validation_matmul")]
    assert len(rows) == 1
    counts = dict(zip(COUNTS, rows[0, 1:].tolist(), strict=True))
    # 4 x 2 blocks of C in one group, two of k: products of 4 x 8 x 8
    groups, products = 1, 4 * 2 * 2
    assert counts["mmul"] == products
    assert counts["phases"] == groups
    words = 16 * 16 * 4 // 32
    assert counts["stores"] == words
    assert counts["widen"] == words
    assert counts["loads"] == words + groups * 2 * (4 + 2 * 2)
    assert counts["integer"] == products
    assert counts["memory"] == 2 * words
    assert counts["other"] == 0
    assert counts["floating"] == counts["vec"] == counts["narrow"] == 0


def test_the_order_of_events(recorded: Recorded) -> None:
    m, k, n = GEMM.size
    tiles, steps = (m // 64) * (n // 64), k // 16
    calls = recorded.trace.calls()
    # each core is ahead by a tile that it has cleared
    assert calls == {"validation_zero": 16 * (tiles + 1), "validation_matmul": 16 * tiles * steps}
    assert len(recorded.trace.events) == 16
    for events in recorded.trace.events.values():
        assert np.count_nonzero(events >> 30 == RELEASE) == tiles * (2 * steps + 1)


def test_bytes_and_bounds(recorded: Recorded, paths: Paths) -> None:
    machine = Machine()
    result = run(recorded, paths, machine)
    m, k, n = GEMM.size
    reads, writes = m * k * (n // 64) + k * n * (m // 64), m * n * 4
    assert result.ddr_bytes == (reads, writes)
    assert sum(mover.objects * mover.bytes for mover in result.movers if mover.kind == FROM_DDR) == reads
    assert sum(mover.objects * mover.bytes for mover in result.movers if mover.kind == TO_DDR) == writes
    assert result.cycles >= reads / machine.bytes_per_cycle
    assert result.cycles >= max(core.work + core.overhead + sum(core.stalls) for core in result.cores) > 0
    assert result.tasks == (m // 64) * 12
    assert set(result.stalls()) == set(REASONS)


@pytest.mark.parametrize(
    "worse",
    [
        Machine(bandwidth=1.0),
        Machine(schedule=replace(OWN, call=3000.0)),
        Machine(costs=replace(Costs(), task=9000.0)),
        Machine(costs=replace(Costs(), word=8.0)),
        Machine(costs=replace(Costs(), run=900.0)),
    ],
)
def test_what_is_slower_takes_longer(recorded: Recorded, paths: Paths, worse: Machine) -> None:
    assert run(recorded, paths, worse).cycles > 1.2 * run(recorded, paths, Machine()).cycles


def test_the_same_again(recorded: Recorded, paths: Paths) -> None:
    assert run(recorded, paths, Machine()).cycles == run(recorded, paths, Machine()).cycles


def test_spans_fill_the_cores(recorded: Recorded, paths: Paths) -> None:
    result = run(recorded, paths, Machine(), spans=True)
    for k, core in enumerate(result.cores):
        own = [span for span in result.spans if span.actor == k and span.tag > 0]
        assert sum(span.end - span.begin for span in own) == pytest.approx(core.work)
        for before, after in pairwise(own):
            assert before.end <= after.begin + 1e-6


def test_what_cannot_end(recorded: Recorded, paths: Paths) -> None:
    events = {tile: e[: len(e) // 2] for tile, e in recorded.trace.events.items()}
    trace = Trace(recorded.trace.ends, recorded.trace.kernels, recorded.trace.costs, events)
    with pytest.raises(StuckError, match="does not end in virtual time"):
        simulate(paths, recorded.program, trace, Machine())


def test_no_trace() -> None:
    with pytest.raises(ValueError, match="not a trace"):
        read_trace(b"something else")


def test_cycles_of_counts() -> None:
    row = np.zeros((1, 1 + len(COUNTS)), np.uint64)
    row[0, 1 + COUNTS.index("integer")] = 82
    row[0, 1 + COUNTS.index("floating")] = 51
    row[0, 1 + COUNTS.index("phases")] = 2
    assert kernel_cycles(row, STOCK)[0] == pytest.approx(100 + 100 + 2 * STOCK.fill + STOCK.call)


def test_program_names_everything(recorded: Recorded, paths: Paths) -> None:
    program = build_program(paths, recorded.program, recorded.trace, Machine())
    labels = [mover.label for mover in program.movers]
    assert len(set(labels)) == len(labels) == 4 + 4 + 4 + 4 + 16 + 4


def test_descriptors_and_queueing_take_a_task_together(recorded: Recorded, paths: Paths) -> None:
    steps = build_program(paths, recorded.program, recorded.trace, Machine()).steps
    tasks = sum(step.task is not None for step in steps)
    assert sum(step.delay for step in steps if step.kind != AWAIT) == pytest.approx(tasks * Costs().task)
    assert {step.delay for step in steps if step.task is not None} == {Costs().parameter}


def test_slots_line_by_line(recorded: Recorded) -> None:
    kernel = resource_root() / "kernels_src" / KERNEL
    arrays = [np.zeros(n, np.uint8) for n in GEMM.argument_bytes()]
    lines = slots_by_line(parse_module(recorded.text, "gemm.mlir"), "gemm", [kernel], arrays, GEMM.defines)
    by_name = {name: sum(line.slots[k] for line in lines) for k, name in enumerate(LINE_SLOTS)}
    trace = recorded.trace
    totals = dict.fromkeys(LINE_SLOTS, 0)
    for events in trace.events.values():
        of = events[events >> 30 == CALL] & 0x3FFFFFFF
        for name in LINE_SLOTS:
            totals[name] += int(trace.costs[of, 1 + COUNTS.index(name)].sum())
    assert by_name == totals
    source = kernel.read_text().splitlines()
    products = [line for line in lines if line.slots[0]]
    assert len(products) == 1
    assert ".mac(" in source[products[0].line - 1]
