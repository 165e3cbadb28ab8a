# ruff: noqa: E501
"""The host engine on small designs: data goes where the array would put it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bench import K64, Bench, noise
from designs import acquire, core, fifo, kernel, link, map_core, module, release, sequence, stream, task, wait
from engine import build_library, sequence_bytes
from gemm import KERNEL, Gemm

from aiebuild.runtime.host import HostDevice


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
        bench = Bench(module(*parts), tmp_path, threads=threads)
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
        kernel("copy256", kind, kind),
        fifo("in", "%t0_0", f"%t0_1 {columns}", kind),
        fifo("in2", f"%t0_1 {blocks}", "%t0_2", kind),
        link(["in"], ["in2"]),
        fifo("out2", "%t0_2", f"%t0_1 {blocks.replace('ToStream', 'FromStream')}", kind),
        fifo("out", "%t0_1", "%t0_0", kind),
        link(["out2"], ["out"]),
        map_core("%t0_2", "in2", "out2", kind, "copy256"),
        stream(1024, 1024),
    )
    a = noise(1024)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    # the two block layouts cancel; what is left is the layout in which the first memory tile was filled
    assert (b.reshape(4, 16, 4, 4) == a.reshape(4, 4, 16, 4).transpose(0, 2, 1, 3)).all()


def test_blocks_reach_the_core(tmp_path: Path) -> None:
    kind = "16x16xi8"
    blocks = "dimensionsToStream [<size = 4, stride = 64>, <size = 2, stride = 8>, <size = 4, stride = 16>, <size = 8, stride = 1>]"
    text = module(
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
    a = noise(1024)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    assert (b.reshape(2, 2, 4, 2, 4, 8) == a.reshape(2, 4, 4, 2, 2, 8).transpose(0, 3, 1, 4, 2, 5)).all()


def test_core_to_core(tmp_path: Path) -> None:
    """Neighbours share memory; others are joined by DMAs, with a layout change."""
    swap = "dimensionsToStream [<size = 2, stride = 4>, <size = 8, stride = 8>, <size = 4, stride = 1>]"
    text = module(
        kernel("add3", K64, K64),
        fifo("in", "%t0_0", "%t0_2", K64),
        fifo("near", "%t0_2", "%t0_3", K64),
        fifo("far", f"%t0_3 {swap}", "%t1_5", K64),
        fifo("out", "%t1_5", "%t1_0", K64),
        map_core("%t0_2", "in", "near", K64),
        map_core("%t0_3", "near", "far", K64),
        map_core("%t1_5", "far", "out", K64),
        stream(1024, 1024),
    )
    a = noise(1024)
    for threads in (1, 2):
        _, b = Bench(text, tmp_path, threads=threads).run("go", a, np.zeros_like(a))
        assert (b.reshape(16, 2, 8, 4) == a.reshape(16, 8, 2, 4).transpose(0, 2, 1, 3) + 9).all()


def test_objectfifo_repeat_count(tmp_path: Path) -> None:
    """The memory tile sends each object three times."""
    text = module(
        kernel("add3", K64, K64),
        fifo("in", "%t0_0", "%t0_1", K64),
        fifo("in2", "%t0_1", "%t0_2", K64, attributes="{repeat_count = 3 : i32}"),
        link(["in"], ["in2"]),
        fifo("out", "%t0_2", "%t0_0", K64),
        map_core("%t0_2", "in2", "out", K64),
        stream(512, 1536),
    )
    a = noise(512)
    bench = Bench(text, tmp_path)
    for alias in (True, False):
        _, b = bench.run("go", a, np.zeros(1536, np.uint8), alias=alias)
        assert (b.reshape(8, 3, 64) == a.reshape(8, 1, 64) + 3).all()


def test_shim_to_shim(tmp_path: Path) -> None:
    """A link without a core passes data through a memory tile."""
    text = module(
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
    a = noise(512)
    _, b = Bench(text, tmp_path).run("go", a, np.zeros_like(a))
    assert (b.reshape(8, 8, 8) == a.reshape(8, 8, 8).transpose(1, 0, 2)).all()


def test_sliding_window(tmp_path: Path) -> None:
    """Two objects are held, one is released: the second stays."""
    body = [acquire("a", "in", "Consume", K64, 2), acquire("b", "out", "Produce", K64)]
    body.append("func.call @sum2(%a0, %a1, %b0) : (memref<64xi8>, memref<64xi8>, memref<64xi8>) -> ()")
    body += [release("in", "Consume"), release("out", "Produce")]
    text = module(
        kernel("sum2", K64, K64, K64),
        fifo("in", "%t0_0", "%t0_2", K64, 3),
        fifo("out", "%t0_2", "%t0_0", K64),
        core("%t0_2", "\n".join(body)),
        stream(576, 512),
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
        kernel("number", K64, K64, "i32"),
        '%rtp = aie.buffer(%t0_2) {sym_name = "rtp"} : memref<4xi32>',
        '%table = aie.buffer(%t0_2) {sym_name = "table"} : memref<2x3xi32> = dense<[[1, 2, 3], [4, 5, 12]]>',
        fifo("in", "%t0_0", "%t0_2", K64),
        fifo("out", "%t0_2", "%t0_0", K64),
        core("%t0_2", body),
        sequence("go", "a: 192xi8, b: 192xi8", *steps),
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
    bench = Bench(module(*parts), tmp_path, kernels=kernels)
    _, floor, up = bench.run("go", a, np.zeros_like(a), np.zeros_like(a))
    signed = a.view(np.int8).astype(int)
    assert (floor.view(np.int8) == signed // 2).all()
    assert (up.view(np.int8) == (signed + 1) // 2).all()


class GemmBench:
    """A product on 16 cores, built once, to be run on devices."""

    def __init__(self, folder: Path, *, packed: bool) -> None:
        self.gemm = Gemm(256, 128, 512, packed)
        text = self.gemm.design()
        self.library = build_library(text, KERNEL, folder)
        rng = np.random.default_rng(0)
        self.a = rng.integers(-128, 128, (self.gemm.m, self.gemm.k), dtype=np.int8)
        self.b = rng.integers(-128, 128, (self.gemm.k, self.gemm.n), dtype=np.int8)
        self.expected = self.a.astype(np.int32) @ self.b.astype(np.int32)
        self.data = sequence_bytes(text)

    def run_on(self, device: HostDevice, *, alias: bool = True) -> Iterator[None]:
        """Dispatches again and again, each time held against NumPy."""
        overlay = device.open(self.library)
        buffers = [device.buffer(n) for n in (self.a.nbytes, self.b.nbytes, self.expected.nbytes)]
        buffers[0].array[:] = self.gemm.pack_a(self.a).reshape(-1).view(np.uint8)
        buffers[1].array[:] = self.gemm.pack_b(self.b).reshape(-1).view(np.uint8)
        prepared = overlay.prepare(overlay.load_sequence(self.data), buffers, strict=True, alias=alias)
        while True:
            buffers[2].array[:] = 0
            prepared.run()
            assert (self.gemm.unpack_c(buffers[2].array.view(np.int32)) == self.expected).all()
            yield


@pytest.mark.parametrize("packed", [True, False])
def test_gemm_on_the_whole_array(tmp_path: Path, packed: bool) -> None:
    """16 cores against NumPy; one thread, two and three, in place or copied: the same bits."""
    bench = GemmBench(tmp_path, packed=packed)
    for threads, alias in ((1, True), (2, True), (2, False), (3, True)):
        with HostDevice(threads) as device:
            runs = bench.run_on(device, alias=alias)
            for _ in range(3):
                next(runs)


def test_a_pool_has_no_more_threads_than_it_can_name(tmp_path: Path) -> None:
    with HostDevice(5000) as device:
        device.open(GemmBench(tmp_path, packed=True).library)
        assert device.threads == device.pool.threads == 1023
        assert device.name == "host (1023 threads)"


def test_by_half_of_the_threads_where_others_want_the_processors(tmp_path: Path) -> None:
    """A strained pool tries all threads and half of them by turns: the same bits."""
    bench = GemmBench(tmp_path, packed=True)
    for threads in (2, 3, 5):
        with HostDevice(threads) as device:
            runs = bench.run_on(device)
            next(runs)
            ran: set[int] = set()
            for _ in range(8):
                device.pool.strain = 8
                next(runs)
                ran.add(device.pool.active)
            assert ran == {threads, (threads + 1) // 2}


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
    after, first, second = Bench(module(*parts), tmp_path).run("go", a, np.zeros_like(a), np.zeros_like(a))
    changed = a.reshape(8, 64).copy()
    changed[:, 1] = 7
    assert (after == a).all()
    assert (first.reshape(8, 64) == changed + 3).all()
    assert (second == a + 3).all()
