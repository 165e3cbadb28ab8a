"""Kernels as a library of their own, for `aiebuild check` and tests to call one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aiebuild.config.toolchain import host_toolchain
from aiebuild.designs.grid import NPU1, Grid
from aiebuild.host import core_defines, kernel_command, link_command
from aiebuild.resources import kernels_dir
from aiebuild.toolchain.compiler import find_host_compiler
from aiebuild.toolchain.process import run


def kernel_library(
    name: str, sources: Sequence[str], folder: Path, grid: Grid = NPU1, *, count: bool = False, more: Sequence[str] = ()
) -> Path:
    """Compile kernel sources (paths below `kernels_src/`) for `grid` as where they are checked, with `more` macros, or
    as a counting build does; link them alone as `name`.so.

    Raises MissingError when there is no compiler, ToolError with its messages when a source is wrong.
    """
    compiler = find_host_compiler(host_toolchain()).path
    defines = [*(f"{key}={value}" for key, value in grid.defines), *core_defines(grid.device), *more]
    objects: list[Path] = []
    for source in sources:
        out = folder / f"{Path(source).stem}.o"
        run(
            [
                *kernel_command(compiler, kernels_dir() / source, out, count=count, defines=defines),
                "-fvisibility=default",
            ]
        )
        objects.append(out)
    library = folder / f"{name}.so"
    run(link_command(compiler, objects, library))
    return library
