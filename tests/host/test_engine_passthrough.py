# ruff: noqa: E501
"""The host engine's transfers: one way through the array, by many runtime sequences."""

from __future__ import annotations

import numpy as np
import pytest
from bench import Bench, noise
from designs import sequence, stream, task, through_memory_tile, wait
from engine import sequence_bytes


@pytest.fixture(scope="module")
def passthrough(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """shim -> memory tile -> core -> shim, with several sequences."""
    n = 1024
    text = through_memory_tile(
        stream(n, n, size=n, name="plain"),
        sequence(
            "rows",
            f"a: {n}xi8, b: {n}xi8",  # columns 16 to 31 of 64 rows of 16, out to other places
            task("x", "in", "a", f"{n}xi8", sizes=[1, 4, 4, 16], strides=[0, 64, 256, 1]),
            task("y", "out", "b", f"{n}xi8", sizes=[1, 4, 16, 4], strides=[0, 16, 64, 1], token=True),
            wait("y"),
        ),
        sequence(
            "repeat",
            f"a: {n}xi8, b: {n}xi8",
            task("x", "in", "a", f"{n}xi8", length=128, sizes=[4, 1, 1, 128], strides=[0, 0, 0, 1], repeat=3),
            task("y", "out", "b", f"{n}xi8", length=512, token=True),
            wait("y"),
        ),
        sequence(
            "iterate",
            f"a: {n}xi8, b: {n}xi8",
            task("x", "in", "a", f"{n}xi8", length=64, sizes=[4, 1, 1, 64], strides=[256, 0, 0, 1], repeat=3),
            task("y", "out", "b", f"{n}xi8", length=256, token=True),
            wait("y"),
        ),
        sequence(
            "chain",
            f"a: {n}xi8, b: {n}xi8",
            """%x = aiex.dma_configure_task_for @in {
                    aie.dma_bd(%a : memref<1024xi8> offset = 512 len = 96)
                    aie.next_bd ^second
                    ^second:
                    aie.dma_bd(%a : memref<1024xi8> offset = 0 len = 32)
                    aie.end
                    }
                    aiex.dma_start_task(%x)""",
            task("y", "out", "b", f"{n}xi8", length=128, token=True),
            wait("y"),
        ),
        sequence(
            "memcpy",
            f"a: {n}xi8, b: {n}xi8",
            "aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 64][1, 1, 2, 64][0, 0, 128, 1]) {id = 0 : i64, metadata = @in} : memref<1024xi8>",
            "aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<1024xi8>",
            "aiex.npu.dma_wait {symbol = @out}",
        ),
        sequence(
            "late",
            f"a: {n}xi8, b: {n}xi8",  # the input's token is awaited before the output may start
            task("x", "in", "a", f"{n}xi8", length=128, token=True),
            wait("x"),
            task("y", "out", "b", f"{n}xi8", length=128, token=True),
            wait("y"),
        ),
        sequence(
            "in_place",
            f"a: {n}xi8",
            task("x", "in", "a", f"{n}xi8", length=n),
            task("y", "out", "a", f"{n}xi8", length=n, token=True),
            wait("y"),
        ),
        sequence(
            "twice",
            f"a: {n}xi8, b: {n}xi8",  # a dependent step: b is read as soon as it is complete
            task("x", "in", "a", f"{n}xi8", length=n),
            task("y", "out", "b", f"{n}xi8", length=n, token=True),
            wait("y"),
            task("z", "in", "b", f"{n}xi8", length=n),
            task("w", "out", "a", f"{n}xi8", length=n, token=True),
            wait("w"),
        ),
        stream(192, 128, size=n, name="leftover"),
    )
    return Bench(text, tmp_path_factory.mktemp("passthrough"))


@pytest.mark.parametrize("alias", [True, False])
class TestPassthrough:
    def test_plain(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("plain", a, np.zeros_like(a), alias=alias)
        assert (b == a + 3).all()

    def test_gather_and_scatter(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("rows", a, np.zeros_like(a), alias=alias)
        stream = np.concatenate([a[64 * i + 256 * j : 64 * i + 256 * j + 16] for i in range(4) for j in range(4)]) + 3
        expected = np.zeros_like(a)
        for k in range(64):
            start = 16 * (k // 16) + 64 * (k % 16)
            expected[start : start + 4] = stream[4 * k : 4 * k + 4]
        assert (b == expected).all()

    def test_repeat(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("repeat", a, np.zeros_like(a), alias=alias)
        assert (b[:512] == np.tile(a[:128] + 3, 4)).all()

    def test_iteration(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("iterate", a, np.zeros_like(a), alias=alias)
        assert (b[:256] == (a.reshape(4, 256)[:, :64] + 3).reshape(-1)).all()

    def test_chain_of_descriptors_that_do_not_match_objects(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("chain", a, np.zeros_like(a), alias=alias)
        assert (b[:128] == np.concatenate([a[512:608], a[:32]]) + 3).all()

    def test_memcpy_nd(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        _, b = passthrough.run("memcpy", a, np.zeros_like(a), alias=alias)
        assert (b[:128] == np.concatenate([a[64:128], a[192:256]]) + 3).all()

    def test_input_token_before_output_starts(self, passthrough: Bench, alias: bool) -> None:
        """What fits the buffers on the way has left DDR, although no core could consume it."""
        a = noise(1024)
        _, b = passthrough.run("late", a, np.zeros_like(a), alias=alias)
        assert (b[:128] == a[:128] + 3).all()

    def test_in_place(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        (b,) = passthrough.run("in_place", a, alias=alias)
        assert (b == a + 3).all()

    def test_dependent_steps(self, passthrough: Bench, alias: bool) -> None:
        a = noise(1024)
        out, b = passthrough.run("twice", a, np.zeros_like(a), alias=alias)
        assert (b == a + 3).all()
        assert (out == a + 6).all()


def test_aliases_where_it_can(passthrough: Bench) -> None:
    a = noise(1024)
    passthrough.overlay.clear_counters()
    passthrough.run("plain", a, np.zeros_like(a))
    counters = passthrough.overlay.counters()
    assert (counters.copied, counters.dispatches, counters.tasks, counters.syncs) == (0, 1, 2, 1)
    assert counters.aliased >= 31  # the core may have acquired its next object before the task was there
    passthrough.overlay.clear_counters()
    passthrough.run("in_place", a)
    assert passthrough.overlay.counters().aliased == 0


def test_two_arguments_over_one_memory(passthrough: Bench) -> None:
    """The loader could not see that they overlap: the dispatch copies."""
    data = passthrough.device.buffer(2048)
    data.array[:] = noise(2048)
    before = data.array.copy()
    seq = passthrough.overlay.load_sequence(sequence_bytes(passthrough.text, "plain"))
    passthrough.overlay.dispatch(seq, [data.part(0, 1024), data.part(0, 1024)])
    assert (data.array[:1024] == before[:1024] + 3).all()


def test_preloaded_object_stays_in_the_array(passthrough: Bench) -> None:
    """An object sent but not asked for waits in the buffers, as on the device, and comes first at the next dispatch."""
    a = noise(1024)
    passthrough.run("leftover", a, np.zeros_like(a), strict=False)
    assert passthrough.overlay.counters().leftover >= 1
    second = noise(1024, 1)
    _, b = passthrough.run("leftover", second, np.zeros_like(a), strict=False)
    assert (b[:64] == a[128:192] + 3).all()
    assert (b[64:128] == second[:64] + 3).all()
    passthrough.overlay.reset()
