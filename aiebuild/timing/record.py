"""Recording traces: overlay libraries that count issue slots and note what their cores do, and a device that runs
them."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from aiebuild.dialect import DesignError, location
from aiebuild.emulation.objects import ObjectCache
from aiebuild.errors import DeviceError
from aiebuild.host import (
    ENGINE_SOURCES,
    encode,
    kernel_command,
    link_command,
    lower_overlay,
    overlay_command,
    read_sequence,
    uses_circuits,
)
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.host.replay import composed
from aiebuild.host.sequence import SequenceProgram
from aiebuild.runtime.host import HostDevice, HostOverlay
from aiebuild.timing.costs import AIE2P, Machine
from aiebuild.timing.simulate import Run, simulate
from aiebuild.timing.trace import Trace, read_trace
from aiebuild.toolchain.process import run

SLOTS = "AIEBUILD_SLOTS"
SLOT_LINES = "AIEBUILD_SLOT_LINES"


def traced_library(
    module: ModuleOp,
    name: str,
    kernels: Sequence[Path],
    defines: Sequence[str] = (),
    include: Sequence[Path] = (),
    *,
    lines: bool = False,
) -> Path:
    """The overlay library of a design of objectfifos, built for recording.

    `kernels`: C++ sources with their `defines` and `include` folders. `lines`: record slots by place in the code too.
    Raises ToolError with the compiler's messages, DesignError for what the host target does not model.
    """
    cache = ObjectCache()
    macros = (SLOTS, SLOT_LINES) if lines else (SLOTS,)
    debug = ("-g",) if lines else ()
    compiler = cache.compiler.path
    overlay = cache.generated(lower_overlay(module, name))
    objects = [
        cache.object(overlay, lambda out, deps: overlay_command(compiler, overlay, out, depfile=deps, defines=macros))
    ]
    objects += [
        cache.object(path, lambda out, deps, path=path: overlay_command(compiler, path, out, depfile=deps))
        for path in ENGINE_SOURCES
    ]
    objects += [
        cache.object(
            path,
            lambda out, deps, path=path: [
                *kernel_command(compiler, path, out, depfile=deps, defines=(*macros, *defines), include=include),
                *debug,
            ],
        )
        for path in kernels
    ]
    return cache.library(objects, lambda out: link_command(compiler, objects, out))


def take_trace(overlay: HostOverlay) -> Trace:
    """What the overlay's cores did since the last call. Raises DeviceError for a library that does not record."""
    try:
        write, clear = overlay.library.overlay_trace_write, overlay.library.overlay_trace_clear
    except AttributeError as error:
        raise DeviceError(f"{overlay.path.name}: not built for recording") from error
    write.restype, write.argtypes = ctypes.c_int, (ctypes.c_char_p,)
    with tempfile.TemporaryDirectory(prefix="aiebuild-") as folder:
        path = Path(folder) / "trace"
        if write(str(path).encode()):
            raise DeviceError(f"{path}: cannot be written")
        clear()
        return read_trace(path.read_bytes())


def run_design(
    module: ModuleOp,
    sequence: str,
    kernels: Sequence[Path],
    arguments: Sequence[NDArray[Any]],
    machine: Machine,
    defines: Sequence[str] = (),
    include: Sequence[Path] = (),
) -> Run:
    """Any design of objectfifos in virtual time, with its spans: recorded on the host with these arguments first.

    Raises DesignError for what neither models.
    """
    macros = (*defines, AIE2P) if machine.device == "npu2" else tuple(defines)
    library, program = _prepare(module, sequence, kernels, macros, include, lines=False)
    with HostDevice(1) as host:
        trace = _recorded(host.open(library), program, arguments)
    return simulate(find_paths(device_of(module)), program, trace, machine, spans=True)


def _prepare(
    module: ModuleOp,
    sequence: str,
    kernels: Sequence[Path],
    defines: Sequence[str],
    include: Sequence[Path],
    *,
    lines: bool,
) -> tuple[Path, SequenceProgram]:
    device = device_of(module)
    if uses_circuits(device):
        raise DesignError(f"{location(device)}: circuits and DMA programs are not modelled in time, objectfifos are")
    library = traced_library(module, device.symbol, kernels, defines, include, lines=lines)
    return library, read_sequence(module, sequence)


def _recorded(overlay: HostOverlay, program: SequenceProgram, arguments: Sequence[NDArray[Any]]) -> Trace:
    take_trace(overlay)
    buffers = [overlay.device.buffer(max(1, array.nbytes)) for array in arguments]
    for buffer, array in zip(buffers, arguments, strict=True):
        buffer.array[: array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    overlay.dispatch(overlay.load_sequence(encode(composed(program))), buffers)
    return take_trace(overlay)


@dataclass(frozen=True)
class LineSlots:
    """A line of a kernel's source, and the slots its operations took in a run (LINE_SLOTS)."""

    file: Path
    line: int
    slots: tuple[int, ...]


LINE_SLOTS = ("mmul", "vec", "mv", "loads", "widen", "stores", "narrow", "alu")


def slots_by_line(
    module: ModuleOp,
    sequence: str,
    kernels: Sequence[Path],
    arguments: Sequence[NDArray[Any]],
    defines: Sequence[str] = (),
    include: Sequence[Path] = (),
) -> tuple[LineSlots, ...]:
    """Issue slots by line of the kernels' sources in one run on the host. Raises ToolError without `addr2line`."""
    library, program = _prepare(module, sequence, kernels, defines, include, lines=True)
    with HostDevice(1) as host, tempfile.TemporaryDirectory(prefix="aiebuild-") as folder:
        overlay = host.open(library)
        _recorded(overlay, program, arguments)
        path = Path(folder) / "sites"
        write = overlay.library.overlay_slot_sites
        write.restype, write.argtypes = ctypes.c_int, (ctypes.c_char_p,)
        if write(str(path).encode()):
            raise DeviceError(f"{path}: cannot be written")
        sites = [line.split() for line in path.read_text().splitlines()]
    if not sites:
        return ()
    own = {path.resolve() for path in kernels}
    said = run(["addr2line", "-a", "-i", "-e", str(library), *(f"0x{site[0]}" for site in sites)]).output
    total: dict[tuple[Path, int], list[int]] = {}
    for site, frames in zip(sites, said.split("0x")[1:], strict=True):
        for frame in frames.splitlines()[1:]:
            file, _, line = frame.partition(" ")[0].rpartition(":")
            if line.isdigit() and Path(file).resolve() in own:
                counts = total.setdefault((Path(file).resolve(), int(line)), [0] * len(LINE_SLOTS))
                for k, count in enumerate(site[1:]):
                    counts[k] += int(count)
                break
    return tuple(LineSlots(file, line, tuple(counts)) for (file, line), counts in sorted(total.items()))
