"""Which kernels of a folder compile against the host's AIE API, and what those give that are written down."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.emulation.aie_kernels import KernelCase
from aiebuild.emulation.library import MANY_LIBRARIES
from aiebuild.emulation.objects import ObjectCache
from aiebuild.errors import AiebuildError
from aiebuild.host import core_defines, kernel_command, link_command
from aiebuild.toolchain.process import ToolError

CORES = {"aie2": "npu1", "aie2p": "npu2", "generic": "npu1"}
"""The folders of mlir-aie's `aie_kernels`, and a device with the core they are for."""
RUNTIME = {"npu1": "aie_runtime_lib/AIE2", "npu2": "aie_runtime_lib/AIE2P"}
"""Where beside `aie_kernels` headers and tables for a device's core are."""


@dataclass(frozen=True)
class KernelStanding:
    """A kernel source: whether it compiles, the functions that gave what is expected, and what went wrong."""

    source: str
    compiled: bool
    right: tuple[str, ...] = ()
    reason: str = ""


def survey_kernels(
    folder: Path, expected: Sequence[KernelCase], progress: Callable[[str], None] = lambda name: None
) -> list[KernelStanding]:
    """The standing of every source (`*.cc`) in the folders of CORES, by name; functions in `expected` are called."""
    cache = ObjectCache()
    found: list[KernelStanding] = []
    for source in sorted(path for name in CORES for path in (folder / name).rglob("*.cc")):
        name = str(source.relative_to(folder))
        progress(name)
        cases = [case for case in expected if case.source == name]
        found.append(_checked(name, folder, cases, cache) if cases else _compiled(name, folder, cache))
    return found


def _compiled(name: str, folder: Path, cache: ObjectCache) -> KernelStanding:
    try:
        kernel_object(name, folder, (), CORES[Path(name).parts[0]], cache)
    except AiebuildError as error:
        return KernelStanding(name, False, (), _first_error(error, folder))
    return KernelStanding(name, True)


def _checked(name: str, folder: Path, cases: Sequence[KernelCase], cache: ObjectCache) -> KernelStanding:
    right: list[str] = []
    for case in cases:
        try:
            got = run_kernel(case, folder, cache)
        except AiebuildError as error:
            return KernelStanding(name, False, tuple(right), _first_error(error, folder))
        if wrong := difference(got, case):
            return KernelStanding(name, True, tuple(right), wrong)
        if case.function not in right:
            right.append(case.function)
    return KernelStanding(name, True, tuple(right))


def kernel_object(
    source: str, folder: Path, defines: Sequence[str] = (), device: str = "npu1", cache: ObjectCache | None = None
) -> Path:
    """The object of a kernel source of `folder`, compiled for a device's core. Raises ToolError where it is wrong."""
    cache = cache or ObjectCache()

    def command(out: Path, depfile: Path) -> list[str]:
        macros = (MANY_LIBRARIES, *core_defines(device), *defines)
        path = folder / source
        include = [folder, folder.parent / RUNTIME[device]]
        made = kernel_command(cache.compiler.path, path, out, depfile=depfile, defines=macros, include=include)
        return [*made, "-w", "-fvisibility=default"]

    return cache.object(folder / source, command)


def run_kernel(case: KernelCase, folder: Path, cache: ObjectCache | None = None) -> NDArray[Any]:
    """What a function leaves in its output. Raises ToolError for a source that does not compile or link."""
    cache = cache or ObjectCache()
    sources = (case.source, *(f"../{RUNTIME[case.device]}/{name}" for name in case.tables))
    made = [kernel_object(source, folder, case.defines, case.device, cache) for source in sources]
    library = cache.library(made, lambda out: link_command(cache.compiler.path, made, out))
    out = np.zeros(case.expected.shape, case.expected.dtype)
    given = case.arguments if any(value is None for value in case.arguments) else (*case.arguments, None)
    kept = [np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value for value in given]
    function: Callable[..., None] = getattr(ctypes.CDLL(str(library)), case.function)
    function(*(out.ctypes.data_as(ctypes.c_void_p) if value is None else _passed(value) for value in kept))
    return out


def difference(got: NDArray[Any], case: KernelCase) -> str:
    """What is wrong with a result; empty where it is as expected."""
    wanted = case.expected
    if not case.tolerance:
        bad = got != wanted
    else:
        got, wanted = as_float(got), as_float(wanted)
        bad = ~(np.abs(got - wanted) <= case.tolerance * np.maximum(np.abs(wanted), 1.0))
    if not bad.any():
        return ""
    first = int(bad.reshape(-1).argmax())
    values = got.reshape(-1)[first], wanted.reshape(-1)[first]
    return f"{case.function}: element {first} is {values[0]}, expected {values[1]}"


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Floats as they are, words of 16 bits as bf16."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32)


def _passed(value: NDArray[Any] | int) -> Any:
    return value.ctypes.data_as(ctypes.c_void_p) if isinstance(value, np.ndarray) else ctypes.c_int32(value)


def _first_error(error: AiebuildError, folder: Path) -> str:
    """The compiler's first complaint, without the folder."""
    if not isinstance(error, ToolError):
        return error.message
    output = error.completed.output
    found = re.search(r"^(.*?):(\d+):\d+: (?:fatal )?error: (.*)$", output, re.MULTILINE)
    if found is None:
        return error.message
    path, line, what = found.groups()
    at = f"{path.removeprefix(f'{folder}/')}:{line}: " if path.startswith(str(folder)) else ""
    return f"{at}{what}"
