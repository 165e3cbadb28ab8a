"""The timing model of memory tiles that a sequence programs: `tests/designs/kept.mlir`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aiebuild.dialect import parse_module
from aiebuild.host import read_sequence
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.report.timeline import events
from aiebuild.timing.costs import Costs, Machine
from aiebuild.timing.program import FROM_DDR, build_program
from aiebuild.timing.simulate import Run, StuckError, simulate
from aiebuild.timing.trace import ACQUIRE, RELEASE, Trace

KEPT = (Path(__file__).parents[1] / "designs" / "kept.mlir").read_text(encoding="utf-8")

TILE = (0, 2)
OBJECTS = 16


def simulated(machine: Machine, text: str = KEPT, *, words: int = 16, spans: bool = False) -> Run:
    """The design with a core that does nothing between acquiring and releasing."""
    module = parse_module(text, "kept.mlir")
    once = [
        ACQUIRE << 30 | 0 << 8 | 1,
        ACQUIRE << 30 | 1 << 8 | 1,
        RELEASE << 30 | 0 << 8 | 1,
        RELEASE << 30 | 1 << 8 | 1,
    ]
    trace = Trace(("in", "out"), (), np.zeros((0, 14), np.uint64), {TILE: np.array(once * words, np.uint32)})
    return simulate(find_paths(device_of(module)), read_sequence(module), trace, machine, spans=spans)


def test_what_is_kept_is_read_once_and_sent_three_times() -> None:
    run = simulated(Machine())
    assert run.ddr_bytes == (2 * 128, 4 * 128)
    fill = next(mover for mover in run.movers if mover.kind == FROM_DDR)
    send = next(mover for mover in run.movers if mover.label.startswith("memory"))
    assert (fill.objects, send.objects) == (8, OBJECTS)
    assert run.tasks == 7


def test_each_descriptor_takes_the_control_processor_its_time() -> None:
    free, costly = (simulated(Machine(costs=replace(Costs(), task=task, token=0.0))) for task in (0.0, 1000.0))
    assert costly.controller - free.controller == pytest.approx((3 + 4 * 2) * 1000.0)


def test_a_part_is_filled_again_only_when_it_was_sent_for_the_last_time() -> None:
    """With streams that are slow, and DDR and the rest for nothing, sending is what takes the time."""
    costs = replace(Costs(), word=100.0, descriptor=0.0, task=0.0, token=0.0, read_cold=0.0, read_warm=0.0)
    run = simulated(Machine(bandwidth=1e9, costs=costs))
    words = 32 * 4
    fill = 16  # before anything can be sent; the second filling of the last part is behind the sending of the first
    assert run.cycles >= (words + fill) * 100.0


def test_a_lock_that_does_not_come_is_found() -> None:
    with pytest.raises(StuckError, match="core"):
        simulated(
            Machine(), KEPT.replace("%free_0 = aie.lock(%mem, 48) {init = 3", "%free_0 = aie.lock(%mem, 48) {init = 2")
        )


def test_locks_are_counters_with_a_first_value() -> None:
    module = parse_module(KEPT, "kept.mlir")
    trace = Trace(("in", "out"), (), np.zeros((0, 14), np.uint64), {TILE: np.zeros(0, np.uint32)})
    program = build_program(find_paths(device_of(module)), read_sequence(module), trace, Machine())
    assert sorted(value for _, value in program.initial) == [0, 0, 3, 3]
    assert len(program.descriptors) == 8
    assert {bd.take for bd in program.descriptors} == {1, 3}


def test_the_timeline_names_tasks_of_memory_tiles() -> None:
    run = simulated(Machine(), spans=True)
    names = [event["name"] for event in events([("kept", run)])]
    assert names.count("task of a memory tile") == 4
