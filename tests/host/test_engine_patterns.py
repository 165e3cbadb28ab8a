"""Random address patterns and task sequences through the engine, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from designs import fifo, kernel, link, map_core, module
from engine import build_library
from numpy.typing import NDArray

from aiebuild.host import SequenceProgram, encode
from aiebuild.host.paths import ShimChannel
from aiebuild.host.program import Instruction, Push, Sync, WriteBd
from aiebuild.runtime.host import HostDevice, HostOverlay

OBJECT = 64
ARENA = 1 << 14
CHANNELS = (ShimChannel("in", 0, 0, True, OBJECT), ShimChannel("out", 0, 0, False, OBJECT))
ADD3 = """
#include <stdint.h>
extern "C" void add3(int8_t *a, int8_t *b) { for (int i = 0; i < 64; ++i) b[i] = a[i] + 3; }
"""


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> HostOverlay:
    parts = (
        kernel("add3", "64xi8", "64xi8"),
        fifo("in", "%t0_0", "%t0_1", "64xi8"),
        fifo("in2", "%t0_1", "%t0_2", "64xi8"),
        link(["in"], ["in2"]),
        fifo("out", "%t0_2", "%t0_0", "64xi8"),
        map_core("%t0_2", "in2", "out", "64xi8"),
    )
    return HostDevice(1).open(build_library(module(*parts), ADD3, tmp_path_factory.mktemp("patterns")))


def addresses(bd: WriteBd, repeat: int) -> NDArray[np.int64]:
    """The bytes a task touches, in stream order."""
    one = np.arange(bd.run)
    for n, stride in bd.levels:
        one = (np.arange(n)[:, None] * stride + one).reshape(-1)
    passes = np.arange(repeat + 1) % max(bd.iterations, 1) * bd.iteration_stride
    return (passes[:, None] + one + bd.offset).reshape(-1)


class Random:
    """Random tasks over the two arenas."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def task(self, line: int, bd: int, arena: int, budget: int, *, writes: bool) -> tuple[WriteBd, int]:
        """A descriptor and its repeat count that move at most `budget` bytes; those that write touch no byte twice."""
        rng = self.rng
        while True:
            run = int(rng.choice([4, 8, 16, 32, 64, 128, 192, 256]))
            extent, levels = run, list[tuple[int, int]]()
            for _ in range(int(rng.integers(0, 3))):
                n = int(rng.integers(1, 5))
                stride = extent + 4 * int(rng.choice([0, 0, 0, 4, 16, 3]))
                if not writes and rng.random() < 0.15:
                    stride = 0
                levels.append((n, stride))
                extent = max(extent, (n - 1) * stride + extent)
            repeat = int(rng.choice([0, 0, 0, 1, 2, 3]))
            iterations = repeat + 1 if repeat and (writes or rng.random() < 0.7) else 0
            iteration_stride = extent + 4 * int(rng.choice([0, 0, 1, 16])) if iterations else 0
            span = extent + repeat * iteration_stride
            length = run * int(np.prod([n for n, _ in levels], dtype=int))
            if length * (repeat + 1) > budget or span > ARENA // 2:
                continue
            offset = 4 * int(rng.integers(0, (ARENA - span) // 4))
            if rng.random() < 0.7:
                offset = offset // 64 * 64
            done = WriteBd(line, bd, 0, arena, offset, length, run, tuple(levels), iterations, iteration_stride, None)
            return done, repeat

    def stream(self, arena: int, total: int, *, writes: bool, first: int) -> list[tuple[WriteBd, int]]:
        """Tasks that add up to `total` bytes; the last one fills up."""
        tasks: list[tuple[WriteBd, int]] = []
        used = np.zeros(ARENA, bool)
        left = total
        for _ in range(int(self.rng.integers(0, 4))):
            bd, repeat = self.task(first + len(tasks), first + len(tasks), arena, left, writes=writes)
            touched = addresses(bd, repeat)
            if touched.size >= left or (writes and used[touched].any()):
                continue
            used[touched] = True
            tasks.append((bd, repeat))
            left -= touched.size
        places = [k for k in range(0, ARENA - left, 64) if not (writes and used[k : k + left].any())]
        at = int(self.rng.choice(places))
        tasks.append((WriteBd(first + len(tasks), first + len(tasks), 0, arena, at, left, left, (), 0, 0, None), 0))
        return tasks


def program(seed: int) -> tuple[SequenceProgram, list[tuple[int, NDArray[np.int64], int, NDArray[np.int64]]]]:
    """Dependent phases, each of which reads one arena and writes the other or itself elsewhere."""
    source = Random(seed)
    code: list[Instruction] = []
    phases: list[tuple[int, NDArray[np.int64], int, NDArray[np.int64]]] = []
    for _ in range(int(source.rng.integers(1, 5))):
        total = OBJECT * int(source.rng.integers(1, 24))
        reads = int(source.rng.integers(0, 2))
        ins = source.stream(reads, total, writes=False, first=0)
        outs = source.stream(1 - reads, total, writes=True, first=8)
        order = [(0, bd, repeat) for bd, repeat in ins] + [(1, bd, repeat) for bd, repeat in outs]
        if source.rng.random() < 0.5:
            order.sort(key=lambda task: -task[0])  # outputs first
        for channel, bd, repeat in order:
            code += [bd, Push(bd.line, channel, bd.bd, repeat, channel == 1)]
        code += [Sync(99, 1)] * len(outs)
        stream = [np.concatenate([addresses(bd, repeat) for bd, repeat in tasks]) for tasks in (ins, outs)]
        phases.append((reads, stream[0], 1 - reads, stream[1]))
    return SequenceProgram("random", "random.mlir", (ARENA, ARENA), CHANNELS, (), tuple(code)), phases


@pytest.mark.parametrize("block", range(8))
def test_random_sequences(overlay: HostOverlay, block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        sequence, phases = program(seed)
        loaded = overlay.load_sequence(encode(sequence))
        data = np.random.default_rng(seed).integers(0, 256, (2, ARENA), np.uint8)
        expected = data.copy()
        for reads, read, writes, write in phases:
            expected[writes, write] = expected[reads, read] + 3
        for alias in (True, False):
            buffers = [overlay.device.buffer(ARENA) for _ in range(2)]
            for buffer, values in zip(buffers, data, strict=True):
                buffer.array[:] = values
            overlay.dispatch(loaded, buffers, strict=True, alias=alias)
            got = np.stack([buffer.array for buffer in buffers])
            assert np.array_equal(got, expected), f"seed {seed}, alias {alias}: {np.argwhere(got != expected)[:4]}"


def test_what_is_read_and_written_by_one_phase(overlay: HostOverlay) -> None:
    """Outputs that fall on inputs of the same phase: in place gives what copying gives."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        total = OBJECT * int(rng.integers(2, 40))
        start, shift = (64 * int(rng.integers(0, 40)) for _ in range(2))
        code: list[Instruction] = [
            WriteBd(1, 0, 0, 0, start + shift, total, total, (), 0, 0, None), Push(1, 0, 0, 0, False),
            WriteBd(2, 1, 0, 0, start, total, total, (), 0, 0, None), Push(2, 1, 1, 0, True), Sync(3, 1),
        ]  # fmt: skip
        loaded = overlay.load_sequence(encode(SequenceProgram("over", "x", (ARENA,), CHANNELS, (), tuple(code))))
        data = rng.integers(0, 256, ARENA, np.uint8)
        expected = data.copy()
        expected[start : start + total] = data[start + shift : start + shift + total] + 3
        buffer = overlay.device.buffer(ARENA)
        buffer.array[:] = data
        overlay.dispatch(loaded, [buffer], strict=True)
        assert np.array_equal(buffer.array, expected), seed
