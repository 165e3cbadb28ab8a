"""Whole files put together from stages, and assumptions varied."""

from __future__ import annotations

import numpy as np
import pytest

from aiebuild.timing.costs import Machine
from aiebuild.timing.simulate import CoreTime, Run, operation_cycles
from aiebuild.timing.stages import TOKENS, Stage, batches, taken_away, variations, whole_file

MACHINE = Machine(dispatch=100.0, switch=1.0)


def stage(overlay: str, sequence: str, microseconds: float) -> Stage:
    cycles = 1e3 * microseconds
    core = CoreTime((0, 2), 0.5 * cycles, 0.0, (0.25 * cycles, 0, 0, 0, 0, 0, 0))
    run = Run(MACHINE, cycles, 0.0, (0.0, 0.0), (0.0, 0.0), (core,), (), (), np.array([0.2, 0.9, 1.0]), (5, 7, 9), 0)
    return Stage(sequence, overlay, sequence, run, ())


STAGES = (
    stage("mel", "mel_3072", 400), stage("mel", "mel_512", 100), stage("encoder", "encode", 20_000),
    stage("decoder", "decode_1x4_64", 7000), stage("decoder", "decode_1x1_64", 5000),
    stage("decoder", "decode_1x1_128", 6000), stage("decoder", "decode_8x1_64", 9000),
    stage("decoder", "decode_8x4_64", 9500),
)  # fmt: skip


def test_a_window() -> None:
    whole = whole_file(STAGES, 30.0, MACHINE)
    # log-mel of 3,000 frames in 6 short dispatches, the encoder, the prompt, steps to 64 positions and beyond
    at_64, at_128 = 64 - 4, TOKENS - (64 - 4)
    times = [6 * 100, 20_000, 7000, at_64 * 5000, at_128 * 6000]
    dispatches = 6 + 1 + 1 + TOKENS
    assert whole.seconds == pytest.approx(1e-6 * (sum(times) + dispatches * 100.0) + 2e-3)
    assert whole.factor == pytest.approx(30.0 / whole.seconds)
    assert whole.parts["compute"] == pytest.approx(0.5e-6 * sum(times))
    assert whole.parts["tasks"] == pytest.approx(0.25e-6 * sum(times))
    assert sum(whole.parts.values()) == pytest.approx(whole.seconds)


def test_windows_together() -> None:
    assert batches(STAGES) == [1, 8]
    one, eight = whole_file(STAGES, 2400.0, MACHINE), whole_file(STAGES, 2400.0, MACHINE, 8)
    assert one.windows == eight.windows == 80
    groups = 10
    steps = groups * TOKENS * (9000 + 100.0)
    mel = 78 * (400 + 100) + (240_000 - 78 * 3072 + 511) // 512 * (100 + 100)
    expected = steps + groups * 9600 + 80 * 20_100 + mel + groups * 2 * 1000
    assert eight.seconds == pytest.approx(1e-6 * expected)
    assert eight.factor > 3 * one.factor


def test_operations_of_a_run() -> None:
    run = STAGES[0].run
    found = operation_cycles(run, [(4, "a"), (6, "b"), (8, "c")])
    assert [name for name, _ in found] == ["a", "b", "c"]
    assert [cycles for _, cycles in found] == pytest.approx([0.2, 0.7, 0.1])


def test_every_assumption_is_another_machine() -> None:
    assert variations(MACHINE)[0] == ("as assumed", MACHINE)
    assert len({name for name, _ in variations(MACHINE)}) == len(variations(MACHINE))
    assert all(machine != MACHINE for _, machine in variations(MACHINE)[1:])
    assert all(machine != MACHINE for _, machine in taken_away(MACHINE)[1:])
