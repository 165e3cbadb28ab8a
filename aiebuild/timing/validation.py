"""The model held against published measurements: single kernels, and GEMM on the whole array.

Sources: TAKA, arXiv 2512.13282, tables 2 and 3; IGN, jdominick05/ignite-xdna (Ryzen 7 8700G at 1.8 GHz). What the model
was calibrated with is marked; every other row is held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from aiebuild.dialect import parse_module
from aiebuild.host import encode, read_sequence
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.host.sequence import SequenceProgram
from aiebuild.render.environment import render_template
from aiebuild.resources import resource_root
from aiebuild.runtime.host import HostDevice
from aiebuild.timing.costs import STOCK, TUNED, Machine, Schedule
from aiebuild.timing.gemm import KERNEL, Gemm
from aiebuild.timing.program import kernel_cycles
from aiebuild.timing.record import take_trace, traced_library
from aiebuild.timing.simulate import Run, simulate
from aiebuild.timing.trace import Trace

TAKA_NPU1 = Machine("npu1", 1.0, 15.0, split=True, schedule=TUNED)
TAKA_NPU2 = Machine("npu2", 1.8, 50.0, split=True, schedule=TUNED)
IGN = Machine("npu1", 1.8, 27.0, split=True, dispatch=169.8, schedule=STOCK)
"""A dispatch there has a floor of 169.8 us (IGN, dispatch_floor)."""


@dataclass(frozen=True)
class Row:
    """A published figure. `value` in `unit`: "us" for a whole product, "TOPS", "cycles" or "MAC/cycle" of one core."""

    source: str
    machine: Machine
    gemm: Gemm
    value: float
    unit: str
    calibration: bool = False


@dataclass(frozen=True)
class Outcome:
    """A row, what the model says, and the error: modelled time over published time, minus one."""

    row: Row
    modelled: float
    error: float
    run: Run | None


def _taka(
    device: str, kind: str, out: str, tile: tuple[int, int, int], rate: float, size: tuple[int, int, int], tops: float
) -> list[Row]:
    machine = TAKA_NPU1 if device == "npu1" else TAKA_NPU2
    gemm = Gemm(device, kind, out, tile, size, "tiles")
    return [
        Row("TAKA", machine, gemm, rate, "MAC/cycle", calibration=device == "npu1"),
        Row("TAKA", machine, gemm, tops, "TOPS"),
    ]


def _ign(tile: tuple[int, int, int], times: dict[tuple[int, int, int], float]) -> list[Row]:
    return [
        Row(
            "IGN", IGN, Gemm("npu1", "int8", "int32", tile, size, "rows", c_depth=2, memory_depth=2), value, "us",
            max(size) <= 1024,
        )
        for size, value in times.items()
    ]  # fmt: skip


def _kernel(kind: str, out: str, tile: tuple[int, int, int], cycles: float) -> Row:
    m, k, n = tile
    return Row("IGN", IGN, Gemm("npu1", kind, out, tile, (m * 4, k, n * 4), "tiles"), cycles, "cycles", True)


@cache
def rows() -> tuple[Row, ...]:
    """Every published row."""
    return (
        _kernel("int8", "int32", (64, 64, 64), 2604.8),
        _kernel("int8", "int32", (32, 64, 32), 697.1),
        _kernel("int8", "int32", (32, 128, 32), 1009.4),
        _kernel("bfloat16", "float", (64, 64, 64), 5427),
        _kernel("bfloat16", "float", (32, 32, 32), 898.6),
        *_taka("npu1", "int8", "int8", (112, 112, 112), 212.5, (4032, 4032, 4032), 6.52),
        *_taka("npu1", "int8", "int8", (112, 104, 128), 207.4, (4032, 4160, 4096), 6.48),
        *_taka("npu1", "int8", "int16", (96, 112, 96), 192.0, (4224, 4032, 4224), 5.85),
        *_taka("npu1", "int8", "int16", (80, 104, 128), 186.9, (4160, 4160, 4096), 5.75),
        *_taka("npu1", "int8", "int32", (80, 88, 96), 146.0, (4160, 4224, 4224), 4.42),
        *_taka("npu1", "int8", "int32", (64, 80, 128), 133.1, (4096, 4160, 4096), 4.09),
        *_taka("npu1", "bfloat16", "bfloat16", (96, 56, 96), 99.8, (4224, 4032, 4224), 3.12),
        *_taka("npu1", "bfloat16", "bfloat16", (96, 48, 112), 97.3, (4224, 4032, 4032), 3.02),
        *_taka("npu2", "int8", "int8", (144, 72, 144), 343.0, (4032, 4320, 4608), 37.35),
        *_taka("npu2", "int8", "int16", (128, 72, 112), 307.2, (4096, 4320, 4480), 30.77),
        *_taka("npu2", "int8", "int32", (96, 64, 96), 256.0, (4224, 4096, 4608), 24.74),
        *_taka("npu2", "bfloat16", "bfloat16", (112, 48, 96), 137.2, (4032, 4032, 4608), 14.52),
        *_ign((64, 64, 32), {(512, 512, 512): 273.2, (1024, 1024, 1024): 782.7, (2048, 2048, 2048): 7237.7,
                             (512, 4096, 4096): 9160.2, (2048, 4096, 4096): 33560.0}),
        *_ign((64, 64, 64), {(512, 512, 512): 275.5, (1024, 1024, 1024): 605.9, (2048, 2048, 2048): 3862.4,
                             (512, 4096, 4096): 5435.0, (2048, 4096, 4096): 21053.8}),
    )  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A GEMM's design, sequence and trace."""

    text: str
    program: SequenceProgram
    trace: Trace


@cache
def record(gemm: Gemm) -> Recorded:
    """Run a GEMM on the host, recording."""
    text = render_template("validation_gemm.mlir.j2", gemm.parameters()).text
    module = parse_module(text, "validation_gemm.mlir")
    library = traced_library(module, "validation_gemm", [resource_root() / "kernels_src" / KERNEL], gemm.defines)
    program = read_sequence(module, "gemm")
    with HostDevice(1) as device:
        overlay = device.open(library)
        take_trace(overlay)
        overlay.dispatch(overlay.load_sequence(encode(program)), [device.buffer(n) for n in gemm.argument_bytes()])
        return Recorded(text, program, take_trace(overlay))


def run_gemm(gemm: Gemm, machine: Machine) -> Run:
    """A GEMM in virtual time."""
    known = record(gemm)
    paths = find_paths(device_of(parse_module(known.text, "validation_gemm.mlir")))
    return simulate(paths, known.program, known.trace, machine)


def call_cycles(gemm: Gemm, schedule: Schedule) -> float:
    """Cycles of one call of a GEMM's kernel with its data in L1."""
    m, k, n = gemm.tile
    small = Gemm(gemm.device, gemm.kind, gemm.out, gemm.tile, (m * 4, k, n * gemm.columns), "tiles")
    trace = record(small).trace
    of = trace.costs[:, 0] == trace.kernels.index("validation_matmul")
    return float(np.mean(kernel_cycles(trace.costs[of], schedule)))


def outcome(row: Row) -> Outcome:
    """What the model says about a row."""
    m, k, n = row.gemm.tile
    if row.unit in ("cycles", "MAC/cycle"):
        cycles = call_cycles(row.gemm, row.machine.schedule)
        published = row.value if row.unit == "cycles" else m * k * n / row.value
        modelled = cycles if row.unit == "cycles" else m * k * n / cycles
        return Outcome(row, modelled, cycles / published - 1, None)
    run = run_gemm(row.gemm, row.machine)
    seconds = run.seconds + row.machine.dispatch * 1e-6
    published = row.value * 1e-6 if row.unit == "us" else 2 * row.gemm.macs / row.value * 1e-12
    modelled = seconds * 1e6 if row.unit == "us" else 2 * row.gemm.macs / seconds * 1e-12
    return Outcome(row, modelled, seconds / published - 1, run)
