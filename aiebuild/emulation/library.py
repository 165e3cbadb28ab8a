"""From a design and its kernels to an overlay library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from xdsl.dialects import func
from xdsl.dialects.builtin import StringAttr

from aiebuild.dialect import DesignError, location
from aiebuild.dialect.structure import CoreOp, DeviceOp
from aiebuild.emulation.design import Design
from aiebuild.emulation.objects import ObjectCache
from aiebuild.emulation.statics import writable_statics
from aiebuild.errors import UsageError
from aiebuild.host import (
    ENGINE_SOURCES,
    SANITIZE_SOURCES,
    TILE_SOURCES,
    core_defines,
    kernel_command,
    link_command,
    lower_overlay,
    lower_tiles,
    overlay_command,
    uses_circuits,
)
from aiebuild.host.checked import Checks
from aiebuild.toolchain.process import ToolError

_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:?) [`'\"]?(\w+)")
_DOUBLE = re.compile(r"multiple definition of [`'\"]?(\w+)")


SOURCES = (".cc", ".cpp", ".cxx", ".c++", ".C")
"""How kernel sources end."""

_MACRO = re.compile(r"[A-Za-z_]\w*(\([\w, .]*\))?(=.*)?", re.DOTALL)

MANY_LIBRARIES = "AIEBUILD_MANY_LIBRARIES"
"""Defined for libraries of which a process may open any number."""


@dataclass(frozen=True)
class Kernels:
    """Kernel sources, and what goes with their compilation: `-D` and `-I`."""

    sources: tuple[Path, ...]
    defines: tuple[str, ...] = ()
    include: tuple[Path, ...] = ()


def kernels_of(
    sources: Sequence[str | PathLike[str]], defines: Sequence[str] = (), include: Sequence[str | PathLike[str]] = ()
) -> Kernels:
    """Kernels of paths. Raises UsageError for a source or a folder that is not there, or is none, or a bad macro."""
    files = tuple(Path(source) for source in sources)
    folders = tuple(Path(folder) for folder in include)
    for path in files:
        if not path.is_file():
            raise UsageError(f"{path}: no such kernel source")
        if path.suffix not in SOURCES:
            raise UsageError(f"{path}: no C++ source", hint=f"kernels end in {', '.join(SOURCES)}")
    for define in defines:
        if not _MACRO.fullmatch(define):
            raise UsageError(f"-D `{define}`: no macro", hint="-D NAME or -D NAME=VALUE")
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
    return Kernels(tuple(path.absolute() for path in files), tuple(defines), tuple(f.absolute() for f in folders))


@dataclass(frozen=True)
class Lowered:
    """A design as C++, and the sources of the engine it needs. `parallel`: whether that engine uses threads;
    `checks`: what of the checking mode is in it."""

    source: str
    engine: tuple[Path, ...]
    parallel: bool
    checks: Checks = Checks.NONE


def lower(design: Design, checks: Checks = Checks.NONE) -> Lowered:
    """Lower a design for the engine that models it. Raises DesignError with file and line on what none does."""
    extra = SANITIZE_SOURCES if checks is not Checks.NONE else ()
    name = design.device.symbol
    if len(design.devices) > 1 or uses_circuits(design.device):
        return Lowered(lower_tiles(design.module, name, checks), TILE_SOURCES + extra, False, checks)
    source = lower_overlay(design.module, name, checks)
    return Lowered(source, ENGINE_SOURCES + extra, checks is Checks.NONE, checks)


@dataclass(frozen=True)
class Library:
    """An overlay library. `remembers`: whether its kernels have static data that a run leaves changed. `vectors`:
    whether they use the AIE API."""

    path: Path
    remembers: bool
    vectors: bool


def build_library(design: Design, lowered: Lowered, kernels: Kernels, cache: ObjectCache | None = None) -> Library:
    """The overlay library of a lowered design: compiled with its kernels, linked with its engine.

    Raises DesignError for a kernel that no source defines or whose static data several cores would share, ToolError
    with the compiler's messages for a source that is wrong, MissingError when there is no compiler.
    """
    cache = cache or ObjectCache()
    compiler = cache.compiler.path
    overlay = cache.generated(lowered.source)

    def engine_command(path: Path, out: Path, depfile: Path) -> list[str]:
        checking = lowered.checks is not Checks.NONE
        return overlay_command(compiler, path, out, depfile=depfile, sanitize=checking, defines=(MANY_LIBRARIES,))

    objects = [
        cache.object(path, lambda out, deps, path=path: engine_command(path, out, deps))
        for path in (overlay, *lowered.engine)
    ]

    def command(path: Path, out: Path, depfile: Path) -> list[str]:
        defines = (MANY_LIBRARIES, *core_defines(design.device.device), *kernels.defines)
        return kernel_command(compiler, path, out, depfile=depfile, defines=defines, include=kernels.include)

    own = [cache.object(path, lambda out, deps, path=path: command(path, out, deps)) for path in kernels.sources]
    objects += own
    try:
        path = cache.library(objects, lambda out: link_command(compiler, objects, out))
    except ToolError as error:
        raise _explained(error, design.device) from None
    statics = writable_statics(own)
    calling = [op for op in design.device.walk() if isinstance(op, CoreOp) and _calls(op)]
    if statics and len(calling) > 1:
        raise DesignError(
            f"{location(calling[1])}: a second core calls kernels, whose writable static data (`{statics[0]}`) each "
            "core has for itself: not modelled"
        )
    return Library(path, bool(statics), any(map(cache.uses_vectors, own)))


def _calls(core: CoreOp) -> bool:
    return any(isinstance(op, func.CallOp) for op in core.walk())


def _explained(error: ToolError, device: DeviceOp) -> DesignError | ToolError:
    """A linker's complaint in the design's terms."""
    output = error.completed.output
    for match in _UNDEFINED.finditer(output):
        name = match.group(1)
        for op in device.walk():
            if isinstance(op, func.CallOp) and op.callee.string_value() == name:
                message = f"{location(op)}: @{name} is called, no kernel source defines it"
                return DesignError(message, hint=_hint(device, name))
    if (match := _DOUBLE.search(output)) is not None:
        return DesignError(
            f"{location(device)}: @{match.group(1)} is defined by several kernel sources; one program holds all of "
            "them here",
            hint="leave out sources that the design does not use",
        )
    return error


def _hint(device: DeviceOp, name: str) -> str:
    """Which source is meant, as far as the design says so."""
    for op in device.walk():
        if isinstance(op, func.FuncOp) and op.sym_name.data == name:
            linked = op.attributes.get("link_with") or op.properties.get("link_with")
            if isinstance(linked, StringAttr):
                return f'--kernel with the source of {linked.data}, as extern "C"'
    return f'--kernel with a source that defines extern "C" {name}'
