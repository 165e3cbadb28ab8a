"""Recording traces: overlay libraries that count issue slots and note what their cores do, and a device that runs
them."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Sequence
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
from aiebuild.runtime.host import HostDevice, HostOverlay
from aiebuild.timing.costs import AIE2P, Machine
from aiebuild.timing.simulate import Run, simulate
from aiebuild.timing.trace import Trace, read_trace

SLOTS = "AIEBUILD_SLOTS"


def traced_library(
    module: ModuleOp, name: str, kernels: Sequence[Path], defines: Sequence[str] = (), include: Sequence[Path] = ()
) -> Path:
    """The overlay library of a design of objectfifos, built for recording.

    `kernels`: C++ sources with their `defines` and `include` folders. Raises ToolError with the compiler's messages,
    DesignError for what the host target does not model.
    """
    cache = ObjectCache()
    compiler = cache.compiler.path
    overlay = cache.generated(lower_overlay(module, name))
    objects = [
        cache.object(overlay, lambda out, deps: overlay_command(compiler, overlay, out, depfile=deps, defines=(SLOTS,)))
    ]
    objects += [
        cache.object(path, lambda out, deps, path=path: overlay_command(compiler, path, out, depfile=deps))
        for path in ENGINE_SOURCES
    ]
    objects += [
        cache.object(
            path,
            lambda out, deps, path=path: kernel_command(
                compiler, path, out, depfile=deps, defines=(SLOTS, *defines), include=include
            ),
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
    device = device_of(module)
    if uses_circuits(device):
        raise DesignError(f"{location(device)}: circuits and DMA programs are not modelled in time, objectfifos are")
    macros = (*defines, AIE2P) if machine.device == "npu2" else tuple(defines)
    library = traced_library(module, device.symbol, kernels, macros, include)
    program = read_sequence(module, sequence)
    with HostDevice(1) as host:
        overlay = host.open(library)
        take_trace(overlay)
        buffers = [host.buffer(max(1, array.nbytes)) for array in arguments]
        for buffer, array in zip(buffers, arguments, strict=True):
            buffer.array[: array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        overlay.dispatch(overlay.load_sequence(encode(program)), buffers)
        trace = take_trace(overlay)
    return simulate(find_paths(device), program, trace, machine, spans=True)
