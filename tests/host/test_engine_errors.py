"""What the host engine refuses and how it tells: deadlocks, damaged or foreign sequences, transfers out of bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench import K64, KERNELS
from designs import (
    acquire,
    core,
    fifo,
    kernel,
    module,
    release,
    sequence,
    stream,
    task,
    through_memory_tile,
    wait,
)
from engine import build_library, sequence_bytes

from aiebuild.dialect import DesignError, parse_module
from aiebuild.errors import DeviceError
from aiebuild.host import lower_overlay
from aiebuild.runtime.host import HostDevice, HostOverlay

TEXT = through_memory_tile(
    stream(1024, 1024, size=4096),
    stream(512, 1024, name="starved", size=4096),
    stream(1024, 512, name="unread", size=4096),
    sequence(
        "full",
        "a: 4096xi8, b: 4096xi8",
        task("x", "in", "a", "4096xi8", length=1024, token=True),
        wait("x"),
        task("y", "out", "b", "4096xi8", length=1024, token=True),
        wait("y"),
    ),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(TEXT, KERNELS, tmp_path_factory.mktemp("errors"))


def dispatch(overlay: HostOverlay, name: str, size: int = 4096, *, strict: bool = False, text: str = TEXT) -> str:
    """Dispatches and gives the error's text: the line and the detail."""
    seq = overlay.load_sequence(sequence_bytes(text, name))
    buffers = [overlay.device.buffer(size) for _ in range(seq.arguments)]
    with pytest.raises(DeviceError) as error:
        overlay.dispatch(seq, buffers, strict=strict)
    return f"{error.value}\n{error.value.detail or ''}"


@pytest.mark.parametrize("threads", [1, 2])
def test_deadlock_says_who_waits_for_what(library: Path, threads: int) -> None:
    with HostDevice(threads) as device:
        overlay = device.open(library)
        text = dispatch(overlay, "starved")
        assert "deadlock: design.mlir:" in text
        assert "sequence `starved` waits for the task of line" in text
        assert "on @out, 8 of 16 objects arrived" in text
        assert "core(0,2) waits in design.mlir:" in text
        assert "to acquire @in2(Consume, 1); @in has no task with object 8" in text
        assert overlay.broken
        assert "reopen" in dispatch(overlay, "go")
        overlay.reset()
        seq = overlay.load_sequence(sequence_bytes(TEXT, "go"))
        overlay.dispatch(seq, [device.buffer(4096), device.buffer(4096)], strict=True)


def test_awaiting_an_input_that_does_not_fit_the_buffers(library: Path) -> None:
    with HostDevice(1) as device:
        text = dispatch(device.open(library), "full")
        assert "waits for the task of line" in text
        assert "on @in, 2 of 16 objects taken" in text
        assert "to acquire @out(Produce, 1); @out is full, @out has no task for object 0" in text


def test_objects_left_over(library: Path) -> None:
    with HostDevice(1) as device:
        overlay = device.open(library)
        text = dispatch(overlay, "unread")
        assert "sequence `unread` ends with objects left over: 6 of @in" in text


def test_unequal_consumption_of_a_broadcast(tmp_path: Path) -> None:
    """One core takes two A objects where its neighbour takes one: the array stops, and so does the host."""
    parts = [kernel("add3", K64, K64), fifo("A", "%t0_0", "%t0_2, %t0_3", K64)]
    for k in range(2):
        parts.append(fifo(f"C{k}", f"%t0_{2 + k}", f"%t{k}_0", K64))
        body = [acquire("a", "A", "Consume", K64), acquire("b", f"C{k}", "Produce", K64)]
        body += ["func.call @add3(%a0, %b0) : (memref<64xi8>, memref<64xi8>) -> ()", release("A", "Consume")]
        if k == 1:
            body += [acquire("z", "A", "Consume", K64), release("A", "Consume")]
        body.append(release(f"C{k}", "Produce"))
        parts.append(core(f"%t0_{2 + k}", "\n".join(body)))
    kind = "4096xi8"
    ops = [task("x", "A", "a", kind, length=2048)]
    ops += [task(f"y{k}", f"C{k}", f"b{k}", kind, length=1024, token=True) for k in range(2)]
    text = module(*parts, sequence("go", f"a: {kind}, b0: {kind}, b1: {kind}", *ops, wait("y0"), wait("y1")))
    built = build_library(text, KERNELS, tmp_path)
    for threads, strain in ((1, 0), (2, 0), (2, 8), (3, 8)):
        with HostDevice(threads) as device:
            overlay = device.open(built)
            device.pool.strain = strain  # where it is, half of the threads run it
            message = dispatch(overlay, "go", text=text)
            assert "deadlock:" in message or "left over" in message
            assert "core(0,3)" in message
            assert "core(0,2)" in message
            assert device.pool.active == ((threads + 1) // 2 if strain else threads)


def test_transfer_out_of_bounds(library: Path) -> None:
    with HostDevice(1) as device:
        overlay = device.open(library)
        text = dispatch(overlay, "go", 512)
        assert "transfer on @in reaches byte 1024 of argument 0, which has 512 bytes" in text
        assert not overlay.broken
        seq = overlay.load_sequence(sequence_bytes(TEXT, "go"))
        assert seq.needed == (1024, 1024)
        with pytest.raises(DeviceError, match="takes 2 arguments, got 1"):
            overlay.dispatch(seq, [device.buffer(4096)])


def test_unaligned_argument(library: Path) -> None:
    with HostDevice(1) as device:
        overlay = device.open(library)
        seq = overlay.load_sequence(sequence_bytes(TEXT, "go"))
        a, b = device.buffer(4096), device.buffer(4096)
        a.address += 4
        with pytest.raises(DeviceError, match="not aligned to 64 bytes"):
            overlay.dispatch(seq, [a, b])


def test_damaged_sequences(library: Path, tmp_path: Path) -> None:
    data = sequence_bytes(TEXT, "go")
    with HostDevice(1) as device:
        overlay = device.open(library)
        path = tmp_path / "go.seq"
        for cut in (0, 7, 23, 24, 60, len(data) - 1):
            path.write_bytes(data[:cut])
            with pytest.raises(DeviceError, match=r"go\.seq: .*(truncated|not a sequence)"):
                overlay.load_sequence(path)
        for at in (30, 100, len(data) - 3):
            changed = bytearray(data)
            changed[at] ^= 1
            with pytest.raises(DeviceError, match="damaged"):
                overlay.load_sequence(bytes(changed))
        with pytest.raises(DeviceError, match="version"):
            overlay.load_sequence(data[:8] + b"\x63" + data[9:])
        with pytest.raises(DeviceError, match="No such file"):
            overlay.load_sequence(tmp_path / "absent.seq")


def test_sequence_of_another_overlay(library: Path) -> None:
    other = TEXT.replace("@in ", "@other ").replace("@in(", "@other(").replace("[@in]", "[@other]")
    with HostDevice(1) as device:
        overlay = device.open(library)
        with pytest.raises(DeviceError, match="is for another overlay"):
            overlay.load_sequence(sequence_bytes(other, "go"))


def test_stream_that_ends_within_an_object(library: Path) -> None:
    text = through_memory_tile(stream(1000, 1024, size=4096))
    with HostDevice(1) as device:
        overlay = device.open(library)
        with pytest.raises(DeviceError, match="add up to 1000 B, which is not a multiple of its object's 64 B"):
            overlay.load_sequence(sequence_bytes(text, "go"))


def test_token_that_nobody_issues(library: Path) -> None:
    kind = "4096xi8"
    text = through_memory_tile(sequence("go", f"a: {kind}, b: {kind}", "aiex.npu.dma_wait {symbol = @out}"))
    with HostDevice(1) as device:
        overlay = device.open(library)
        with pytest.raises(DeviceError, match=r"design\.mlir:\d+: waits for a token of @out, but no task"):
            overlay.load_sequence(sequence_bytes(text, "go"))


def test_not_an_overlay_library(tmp_path: Path) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(b"no library")
    with HostDevice(1) as device, pytest.raises(DeviceError, match=r"x\.so"):
        device.open(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            (
                "aie.objectfifo @in(",
                "%l = aie.lock(%t0_2, 0)\naie.flow(%t0_0, DMA : 0, %t0_1, DMA : 0)\naie.objectfifo @in(",
            ),
            "aie.flow",
        ),
        (("func.call @add3", "%e = arith.constant 1.0 : bf16\nfunc.call @add3"), "bf16"),
        (("@in2(Consume, 1) : !", "@in2(Produce, 1) : !"), "is no producer of it"),
    ],
)
def test_what_is_not_modelled_is_refused_with_its_line(change: tuple[str, str], message: str) -> None:
    text = TEXT.replace(*change)
    assert text != TEXT
    with pytest.raises(DesignError, match=rf"design\.mlir:\d+.*{message}"):
        lower_overlay(parse_module(text, "design.mlir"))


def test_too_many_descriptors() -> None:
    kind = "4096xi8"
    ops = [task(f"x{k}", "in", "a", kind, offset=64 * k, length=64) for k in range(17)]
    text = through_memory_tile(sequence("go", f"a: {kind}, b: {kind}", *ops))
    with pytest.raises(DesignError, match=r"design\.mlir:\d+: more than 16 buffer descriptors in use on shim"):
        sequence_bytes(text, "go")


def test_threads_are_shared_by_overlays(library: Path) -> None:
    """Two overlays of one device take turns on one pool; results stay apart."""
    with HostDevice(2) as device:
        first, second = device.open(library), device.open(library)
        a, b = device.buffer(4096), device.buffer(4096)
        a.array[:] = np.arange(4096) % 251
        runs = [o.prepare(o.load_sequence(sequence_bytes(TEXT, "go")), [a, b], strict=True) for o in (first, second)]
        for k in range(20):
            b.array[:] = 0
            runs[k % 2].run()
            assert (b.array[:1024] == a.array[:1024] + 3).all()


def test_more_threads_than_cores(library: Path) -> None:
    with HostDevice(4) as device:
        overlay = device.open(library)
        a, b = device.buffer(4096), device.buffer(4096)
        a.array[:] = np.arange(4096) % 251
        overlay.dispatch(overlay.load_sequence(sequence_bytes(TEXT, "go")), [a, b], strict=True)
        assert (b.array[:1024] == a.array[:1024] + 3).all()
