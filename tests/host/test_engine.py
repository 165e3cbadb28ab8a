# ruff: noqa: E501
"""The host engine on small designs: data goes where the array would put it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from designs import acquire, core, fifo, kernel, link, map_core, module, release, sequence, task, wait
from engine import build_library, sequence_bytes
from gemm import KERNEL, Gemm
from numpy.typing import NDArray

from aiebuild.runtime.host import HostBuffer, HostDevice, HostOverlay

ADD3 = """
#include <stdint.h>
extern "C" void add3(int8_t *a, int8_t *b) { for (int i = 0; i < 64; ++i) b[i] = a[i] + 3; }
extern "C" void add3w(int32_t *a, int32_t *b) { for (int i = 0; i < 16; ++i) b[i] = a[i] + 3; }
extern "C" void copy256(int8_t *a, int8_t *b) { for (int i = 0; i < 256; ++i) b[i] = a[i]; }
extern "C" void sum2(int8_t *a, int8_t *b, int8_t *c) { for (int i = 0; i < 64; ++i) c[i] = a[i] + 2 * b[i]; }
extern "C" void number(int8_t *a, int8_t *b, int32_t n) { for (int i = 0; i < 64; ++i) b[i] = a[i] + n; }
"""
K64 = "64xi8"


class Bench:
    """A design, opened, with buffers by name."""

    def __init__(self, text: str, folder: Path, *, threads: int = 1, kernels: str = ADD3) -> None:
        self.text = text
        self.device = HostDevice(threads)
        library = folder / "design.so"
        if not library.exists():
            build_library(text, kernels, folder)
        self.overlay: HostOverlay = self.device.open(library)

    def run(
        self, name: str, *arrays: NDArray[np.generic], alias: bool = True, strict: bool = True
    ) -> list[NDArray[np.uint8]]:
        """Dispatches sequence `name` with copies of the arrays; gives their contents afterwards."""
        seq = self.overlay.load_sequence(sequence_bytes(self.text, name))
        buffers: list[HostBuffer] = []
        for array in arrays:
            buffer = self.device.buffer(array.nbytes)
            buffer.array[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            buffers.append(buffer)
        self.overlay.dispatch(seq, buffers, alias=alias, strict=strict)
        return [buffer.array.copy() for buffer in buffers]


def noise(n: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, n, dtype=np.uint8)


@pytest.fixture(scope="module")
def passthrough(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """shim -> memory tile -> core -> shim, with several sequences."""
    n = 1024
    text = module(
        "\n".join(
            (
                kernel("add3", K64, K64),
                fifo("in", "%t0_0", "%t0_1", K64),
                fifo("in2", "%t0_1", "%t0_2", K64),
                link(["in"], ["in2"]),
                fifo("out", "%t0_2", "%t0_0", K64),
                map_core("%t0_2", "in2", "out", K64),
                sequence(
                    "plain",
                    f"a: {n}xi8, b: {n}xi8",
                    task("x", "in", "a", f"{n}xi8", length=n),
                    task("y", "out", "b", f"{n}xi8", length=n, token=True),
                    wait("y"),
                ),
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
                    "fifo_full",
                    f"a: {n}xi8, b: {n}xi8",  # more than all buffers hold
                    task("x", "in", "a", f"{n}xi8", length=1024, token=True),
                    wait("x"),
                    task("y", "out", "b", f"{n}xi8", length=1024, token=True),
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
                    "shifted",
                    f"a: {n}xi8",  # every object is written over the next one to be read
                    task("x", "in", "a", f"{n}xi8", length=n - 64),
                    task("y", "out", "a", f"{n}xi8", offset=64, length=n - 64, token=True),
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
                sequence(
                    "leftover",
                    f"a: {n}xi8, b: {n}xi8",
                    task("x", "in", "a", f"{n}xi8", length=192),
                    task("y", "out", "b", f"{n}xi8", length=128, token=True),
                    wait("y"),
                ),
                sequence(
                    "no_output",
                    f"a: {n}xi8, b: {n}xi8",
                    task("y", "out", "b", f"{n}xi8", length=128, token=True),
                    wait("y"),
                ),
            )
        )
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


def test_broadcast_distribute_and_join(tmp_path: Path) -> None:
    """Two columns: A is broadcast, B distributed to the cores of a column, C joined."""
    kinds = kernel("sum2", K64, K64, K64)
    parts = [kinds, fifo("A", "%t0_0", "%t0_2, %t0_3", K64)]
    parts += [
        fifo("B", "%t0_0", "%t0_1", "128xi8"),
        fifo("B0", "%t0_1", "%t0_2", K64),
        fifo("B1", "%t0_1", "%t0_3", K64),
    ]
    parts += [link(["B"], ["B0", "B1"], dst=[0, 64])]
    parts += [
        fifo("C0", "%t0_2", "%t0_1", K64),
        fifo("C1", "%t0_3", "%t0_1", K64),
        fifo("C", "%t0_1", "%t0_0", "128xi8"),
    ]
    parts += [link(["C0", "C1"], ["C"], src=[0, 64])]
    for k in range(2):
        body = [
            acquire("a", "A", "Consume", K64),
            acquire("b", f"B{k}", "Consume", K64),
            acquire("o", f"C{k}", "Produce", K64),
        ]
        body.append("func.call @sum2(%a0, %b0, %o0) : (memref<64xi8>, memref<64xi8>, memref<64xi8>) -> ()")
        body += [release("A", "Consume"), release(f"B{k}", "Consume"), release(f"C{k}", "Produce")]
        parts.append(core(f"%t0_{2 + k}", "\n".join(body)))
    seq = [task("x", "A", "a", "512xi8", length=512), task("y", "B", "b", "1024xi8", length=1024)]
    parts.append(
        sequence(
            "go",
            "a: 512xi8, b: 1024xi8, c: 1024xi8",
            *seq,
            task("z", "C", "c", "1024xi8", length=1024, token=True),
            wait("z"),
        )
    )
    split = [task("x", "A", "a", "512xi8", length=512), task("y", "B", "b", "1024xi8", length=1024)]
    split.append(task("z", "C", "c", "1024xi8", sizes=[1, 2, 8, 64], strides=[0, 64, 128, 1], token=True))
    parts.append(sequence("split", "a: 512xi8, b: 1024xi8, c: 1024xi8", *split, wait("z")))
    a, b = noise(512), noise(1024, 1)
    expected = a.reshape(8, 1, 64) + 2 * b.reshape(8, 2, 64)
    for threads in (1, 2):
        bench = Bench(module("\n".join(parts)), tmp_path, threads=threads)
        for alias in (True, False):
            _, _, c = bench.run("go", a, b, np.zeros(1024, np.uint8), alias=alias)
            assert (c.reshape(8, 2, 64) == expected).all()
            _, _, c = bench.run("split", a, b, np.zeros(1024, np.uint8), alias=alias)
            stream = expected.reshape(16, 64)
            assert (c.reshape(8, 2, 64) == np.stack([stream[:8], stream[8:]], axis=1)).all()
        bench.device.close()


def test_layouts_through_the_memory_tile(tmp_path: Path) -> None:
    """dimensionsToStream and dimensionsFromStream, on the way in and out, in elements."""
    kind = "16x16xi8"
    blocks = "dimensionsToStream [<size = 4, stride = 64>, <size = 2, stride = 8>, <size = 4, stride = 16>, <size = 8, stride = 1>]"
    columns = "dimensionsFromStream [<size = 4, stride = 4>, <size = 16, stride = 16>, <size = 4, stride = 1>]"
    text = module(
        "\n".join(
            (
                kernel("copy256", kind, kind),
                fifo("in", "%t0_0", f"%t0_1 {columns}", kind),
                fifo("in2", f"%t0_1 {blocks}", "%t0_2", kind),
                link(["in"], ["in2"]),
                fifo("out2", "%t0_2", f"%t0_1 {blocks.replace('ToStream', 'FromStream')}", kind),
                fifo("out", "%t0_1", "%t0_0", kind),
                link(["out2"], ["out"]),
                map_core("%t0_2", "in2", "out2", kind, "copy256"),
                sequence(
                    "go",
                    "a: 1024xi8, b: 1024xi8",
                    task("x", "in", "a", "1024xi8", length=1024),
                    task("y", "out", "b", "1024xi8", length=1024, token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(1024)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    # the two block layouts cancel; what is left is the layout in which the first memory tile was filled
    assert (b.reshape(4, 16, 4, 4) == a.reshape(4, 4, 16, 4).transpose(0, 2, 1, 3)).all()


def test_blocks_reach_the_core(tmp_path: Path) -> None:
    kind = "16x16xi8"
    blocks = "dimensionsToStream [<size = 4, stride = 64>, <size = 2, stride = 8>, <size = 4, stride = 16>, <size = 8, stride = 1>]"
    text = module(
        "\n".join(
            (
                kernel("copy256", kind, kind),
                fifo("in", "%t0_0", "%t0_1", kind),
                fifo("in2", f"%t0_1 {blocks}", "%t0_2", kind),
                link(["in"], ["in2"]),
                fifo("out", "%t0_2", "%t0_0", kind),
                map_core("%t0_2", "in2", "out", kind, "copy256"),
                sequence(
                    "go",
                    "a: 1024xi8, b: 1024xi8",  # 16 x 16 tiles of a 32 x 32 matrix
                    task("x", "in", "a", "1024xi8", sizes=[2, 2, 16, 16], strides=[512, 16, 32, 1], repeat=1),
                    task("y", "out", "b", "1024xi8", length=1024, token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(1024)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    assert (b.reshape(2, 2, 4, 2, 4, 8) == a.reshape(2, 4, 4, 2, 2, 8).transpose(0, 3, 1, 4, 2, 5)).all()


def test_core_to_core(tmp_path: Path) -> None:
    """Neighbours share memory; others are joined by DMAs, with a layout change."""
    swap = "dimensionsToStream [<size = 2, stride = 4>, <size = 8, stride = 8>, <size = 4, stride = 1>]"
    text = module(
        "\n".join(
            (
                kernel("add3", K64, K64),
                fifo("in", "%t0_0", "%t0_2", K64),
                fifo("near", "%t0_2", "%t0_3", K64),
                fifo("far", f"%t0_3 {swap}", "%t1_5", K64),
                fifo("out", "%t1_5", "%t1_0", K64),
                map_core("%t0_2", "in", "near", K64),
                map_core("%t0_3", "near", "far", K64),
                map_core("%t1_5", "far", "out", K64),
                sequence(
                    "go",
                    "a: 1024xi8, b: 1024xi8",
                    task("x", "in", "a", "1024xi8", length=1024),
                    task("y", "out", "b", "1024xi8", length=1024, token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(1024)
    for threads in (1, 2):
        _, b = Bench(text, tmp_path, threads=threads).run("go", a, np.zeros_like(a))
        assert (b.reshape(16, 2, 8, 4) == a.reshape(16, 8, 2, 4).transpose(0, 2, 1, 3) + 9).all()


def test_objectfifo_repeat_count(tmp_path: Path) -> None:
    """The memory tile sends each object three times."""
    text = module(
        "\n".join(
            (
                kernel("add3", K64, K64),
                fifo("in", "%t0_0", "%t0_1", K64),
                fifo("in2", "%t0_1", "%t0_2", K64, attributes="{repeat_count = 3 : i32}"),
                link(["in"], ["in2"]),
                fifo("out", "%t0_2", "%t0_0", K64),
                map_core("%t0_2", "in2", "out", K64),
                sequence(
                    "go",
                    "a: 512xi8, b: 1536xi8",
                    task("x", "in", "a", "512xi8", length=512),
                    task("y", "out", "b", "1536xi8", length=1536, token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(512)
    bench = Bench(text, tmp_path)
    for alias in (True, False):
        _, b = bench.run("go", a, np.zeros(1536, np.uint8), alias=alias)
        assert (b.reshape(8, 3, 64) == a.reshape(8, 1, 64) + 3).all()


def test_shim_to_shim(tmp_path: Path) -> None:
    """A link without a core passes data through a memory tile."""
    text = module(
        "\n".join(
            (
                fifo("in", "%t0_0", "%t0_1", K64),
                fifo("out", "%t0_1", "%t0_0", K64),
                link(["in"], ["out"]),
                sequence(
                    "go",
                    "a: 512xi8, b: 512xi8",
                    task("x", "in", "a", "512xi8", sizes=[1, 1, 64, 8], strides=[0, 0, 8, 1]),
                    task("y", "out", "b", "512xi8", sizes=[1, 8, 8, 8], strides=[0, 8, 64, 1], token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(512)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    assert (b.reshape(8, 8, 8) == a.reshape(8, 8, 8).transpose(1, 0, 2)).all()


def test_sliding_window(tmp_path: Path) -> None:
    """Two objects are held, one is released: the second stays."""
    body = [acquire("a", "in", "Consume", K64, 2), acquire("b", "out", "Produce", K64)]
    body.append("func.call @sum2(%a0, %a1, %b0) : (memref<64xi8>, memref<64xi8>, memref<64xi8>) -> ()")
    body += [release("in", "Consume"), release("out", "Produce")]
    text = module(
        "\n".join(
            (
                kernel("sum2", K64, K64, K64),
                fifo("in", "%t0_0", "%t0_2", K64, 3),
                fifo("out", "%t0_2", "%t0_0", K64),
                core("%t0_2", "\n".join(body)),
                sequence(
                    "go",
                    "a: 576xi8, b: 512xi8",
                    task("x", "in", "a", "576xi8", length=576),
                    task("y", "out", "b", "512xi8", length=512, token=True),
                    wait("y"),
                ),
            )
        )
    )
    a = noise(576)
    bench = Bench(text, tmp_path)
    _, b = bench.run("go", a, np.zeros(512, np.uint8), strict=False)
    rows = a.reshape(9, 64)
    assert (b.reshape(8, 64) == rows[:8] + 2 * rows[1:]).all()
    # the window is kept over dispatches, and does not refer to the first dispatch's buffer any more
    c = noise(576, 1)
    _, d = bench.run("go", c, np.zeros(512, np.uint8), strict=False)
    rows = np.concatenate([a[512:], c]).reshape(10, 64)
    assert (d.reshape(8, 64) == rows[:8] + 2 * rows[1:9]).all()


def test_control_flow_parameters_and_buffers(tmp_path: Path) -> None:
    """scf.while, if, index_switch, carried values, memref accesses, rtp_write and initial values."""
    body = f"""
    {acquire("a", "in", "Consume", K64)}
    {acquire("b", "out", "Produce", K64)}
    %two = arith.constant 2 : index
    %five = arith.constant 5 : i32
    %zero = arith.constant 0 : i32
    %p = memref.load %rtp[%c0] : memref<4xi32>
    %t = memref.load %table[%c1, %two] : memref<2x3xi32>
    %n = arith.index_cast %p : i32 to index
    %sum = scf.for %j = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {{
      %w = arith.index_cast %j : index to i32
      %next = arith.addi %s, %w : i32
      scf.yield %next : i32
    }}
    %doubled = scf.while (%x = %sum) : (i32) -> (i32) {{
      %small = arith.cmpi slt, %x, %t : i32
      scf.condition(%small) %x : i32
    }} do {{
    ^bb0(%x: i32):
      %y = arith.addi %x, %five : i32
      scf.yield %y : i32
    }}
    %odd = arith.andi %p, %five : i32
    %is = arith.cmpi eq, %odd, %zero : i32
    %chosen = scf.if %is -> (i32) {{
      scf.yield %doubled : i32
    }} else {{
      %neg = arith.subi %zero, %doubled : i32
      scf.yield %neg : i32
    }}
    %which = scf.index_switch %n -> i32
    case 3 {{
      scf.yield %five : i32
    }}
    default {{
      scf.yield %zero : i32
    }}
    %total = arith.addi %chosen, %which : i32
    memref.store %total, %rtp[%c1] : memref<4xi32>
    func.call @number(%a0, %b0, %total) : (memref<64xi8>, memref<64xi8>, i32) -> ()
    {release("in", "Consume")}
    {release("out", "Produce")}
    """
    steps: list[str] = []
    for k, value in enumerate((2, 3, 7)):
        steps.append(f"%v{k} = arith.constant {value} : i32\naiex.npu.rtp_write(@rtp, 0, %v{k}) : i32")
        steps.append(task(f"x{k}", "in", "a", "192xi8", offset=64 * k, length=64))
        steps += [task(f"y{k}", "out", "b", "192xi8", offset=64 * k, length=64, token=True), wait(f"y{k}")]
    text = module(
        "\n".join(
            (
                kernel("number", K64, K64, "i32"),
                '%rtp = aie.buffer(%t0_2) {sym_name = "rtp"} : memref<4xi32>',
                '%table = aie.buffer(%t0_2) {sym_name = "table"} : memref<2x3xi32> = dense<[[1, 2, 3], [4, 5, 12]]>',
                fifo("in", "%t0_0", "%t0_2", K64),
                fifo("out", "%t0_2", "%t0_0", K64),
                core("%t0_2", body),
                sequence("go", "a: 192xi8, b: 192xi8", *steps),
            )
        )
    )

    def expected(p: int) -> int:
        x = sum(range(p))
        while x < 12:
            x += 5
        return (x if p & 5 == 0 else -x) + (5 if p == 3 else 0)

    a = noise(192)
    # the output task of step k starts after the core holds its buffer, so parameters are read in time
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    for k, p in enumerate((2, 3, 7)):
        assert (
            b[64 * k : 64 * k + 64] == (a[64 * k : 64 * k + 64].astype(int) + expected(p)).astype(np.uint8)
        ).all(), p


def test_rounding_modes_belong_to_a_core(tmp_path: Path) -> None:
    """Two cores on one thread, of which only one sets its rounding mode."""
    kernels = """
    #include <aie_api/aie.hpp>
    #include <stdint.h>
    extern "C" void mode(int32_t which) { if (which) aie::set_rounding(aie::rounding_mode::positive_inf); }
    extern "C" void halve(int8_t *a, int8_t *b) {
        for (int i = 0; i < 64; i += 32) {
            aie::accum<acc32, 32> x;
            x.from_vector(aie::load_v<32>(a + i), 0);
            aie::store_v(b + i, x.template to_vector<int8>(1));
        }
    }
    """
    parts = [kernel("mode", "i32"), kernel("halve", K64, K64)]
    for k in range(2):
        parts += [fifo(f"in{k}", f"%t{k}_0", f"%t{k}_2", K64), fifo(f"out{k}", f"%t{k}_2", f"%t{k}_0", K64)]
        loop = map_core(f"%t{k}_2", f"in{k}", f"out{k}", K64, "halve")
        call = f"%which = arith.constant {k} : i32\nfunc.call @mode(%which) : (i32) -> ()\nscf.for %i"
        parts.append(loop.replace("scf.for %i", call, 1))
    ops = [task(f"x{k}", f"in{k}", "a", "512xi8", length=512) for k in range(2)]
    ops += [task(f"y{k}", f"out{k}", f"b{k}", "512xi8", length=512, token=True) for k in range(2)]
    parts.append(sequence("go", "a: 512xi8, b0: 512xi8, b1: 512xi8", *ops, wait("y0"), wait("y1")))
    a = noise(512)
    bench = Bench(module("\n".join(parts)), tmp_path, kernels=kernels)
    _, floor, up = bench.run("go", a, np.zeros_like(a), np.zeros_like(a))
    signed = a.view(np.int8).astype(int)
    assert (floor.view(np.int8) == signed // 2).all()
    assert (up.view(np.int8) == (signed + 1) // 2).all()


@pytest.mark.parametrize("packed", [True, False])
def test_gemm_on_the_whole_array(tmp_path: Path, packed: bool) -> None:
    """16 cores against NumPy; one thread, two and three, in place or copied: the same bits."""
    gemm = Gemm(256, 128, 512, packed)
    text = gemm.design()
    library = build_library(text, KERNEL, tmp_path)
    rng = np.random.default_rng(0)
    a = rng.integers(-128, 128, (gemm.m, gemm.k), dtype=np.int8)
    b = rng.integers(-128, 128, (gemm.k, gemm.n), dtype=np.int8)
    expected = a.astype(np.int32) @ b.astype(np.int32)
    data = sequence_bytes(text)
    for threads, alias in ((1, True), (2, True), (2, False), (3, True)):
        with HostDevice(threads) as device:
            overlay = device.open(library)
            seq = overlay.load_sequence(data)
            buffers = [device.buffer(n) for n in (a.nbytes, b.nbytes, expected.nbytes)]
            buffers[0].array[:] = gemm.pack_a(a).reshape(-1).view(np.uint8)
            buffers[1].array[:] = gemm.pack_b(b).reshape(-1).view(np.uint8)
            prepared = overlay.prepare(seq, buffers, strict=True, alias=alias)
            for _ in range(3):
                buffers[2].array[:] = 0
                prepared.run()
                assert (gemm.unpack_c(buffers[2].array.view(np.int32)) == expected).all()


def test_generated_code_does_not_grow_with_the_array(tmp_path: Path) -> None:
    from aiebuild.dialect import parse_module
    from aiebuild.host import lower_overlay

    source = lower_overlay(parse_module(Gemm(256, 128, 512, True).design(), "gemm.mlir"), "gemm")
    assert source.count("aieb::CoreTask body") == 1
    assert source == lower_overlay(parse_module(Gemm(256, 128, 512, True).design(), "other/gemm.mlir"), "gemm")


def test_a_core_may_change_what_it_consumed(tmp_path: Path) -> None:
    """On the array that is its own copy: neither DDR nor the other consumers of the broadcast see it."""
    parts = [kernel("add3", K64, K64), fifo("A", "%t0_0", "%t0_2, %t0_3", K64)]
    for k in range(2):
        parts.append(fifo(f"C{k}", f"%t0_{2 + k}", f"%t{k}_0", K64))
        body = [acquire("a", "A", "Consume", K64), acquire("b", f"C{k}", "Produce", K64)]
        if k == 0:
            body += ["%v = arith.constant 7 : i8", "memref.store %v, %a0[%c1] : memref<64xi8>"]
        body += ["func.call @add3(%a0, %b0) : (memref<64xi8>, memref<64xi8>) -> ()"]
        parts.append(core(f"%t0_{2 + k}", "\n".join((*body, release("A", "Consume"), release(f"C{k}", "Produce")))))
    ops = [task("x", "A", "a", "512xi8", length=512)]
    ops += [task(f"y{k}", f"C{k}", f"b{k}", "512xi8", length=512, token=True) for k in range(2)]
    parts.append(sequence("go", "a: 512xi8, b0: 512xi8, b1: 512xi8", *ops, wait("y0"), wait("y1")))
    a = noise(512)
    after, first, second = Bench(module("\n".join(parts)), tmp_path).run("go", a, np.zeros_like(a), np.zeros_like(a))
    changed = a.reshape(8, 64).copy()
    changed[:, 1] = 7
    assert (after == a).all()
    assert (first.reshape(8, 64) == changed + 3).all()
    assert (second == a + 3).all()
