"""Compiler command lines of the host target, as argument lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

INCLUDE = Path(__file__).parent / "include"
"""The folder with the AIE API's host headers and the engine's."""

ENGINE_SOURCES = tuple(
    Path(__file__).parent / "src" / name for name in ("engine.cc", "paths.cc", "stuck.cc", "reports.cc")
)
"""The engine: compiled once, linked into every overlay library."""

TILE_SOURCES = tuple(Path(__file__).parent / "src" / name for name in ("tiles.cc", "chain.cc", "reports.cc"))
"""The engine of designs in locks, buffers and circuits, in place of ENGINE_SOURCES."""

SANITIZE_SOURCES = tuple(Path(__file__).parent / "src" / name for name in ("watch.cc", "kernel.cc"))
"""What the checking mode adds to either engine."""

_COMMON = (
    "-std=c++20",
    "-march=native",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-strict-aliasing",  # objects are byte blobs that kernels read as they like
    "-fwrapv",
    "-ffp-contract=off",
)
_KERNEL = ("-O3", "-fno-semantic-interposition", "-fno-math-errno", "-fno-trapping-math")
_OVERLAY = ("-fcoroutines", "-Wno-unused-variable", "-Wno-unused-but-set-variable")


UNLIMITED = "AIEBUILD_UNLIMITED"
"""The macro with which kernels may use more than a core has: copy what another core of the thread made of the same
numbers (`kernels_src/made_once.h`), or keep arrays that its stack has no room for. In models' libraries, where it saves
time, not where kernels are checked."""


def core_defines(device: str) -> tuple[str, ...]:
    """Macros that say which core a device (`npu1_2col`, `npu2`, ...) has: nothing for AIE2, one for AIE2P."""
    return ("AIEBUILD_AIE2P",) if device.startswith("npu2") else ()


def kernel_command(
    compiler: str,
    source: Path,
    out: Path,
    *,
    depfile: Path | None = None,
    count: bool = False,
    include: Sequence[Path] = (),
    defines: Sequence[str] = (),
) -> list[str]:
    """Compiles a kernel source to an object; `count` makes the build whose operations are counted."""
    return [
        compiler,
        *_COMMON,
        *_KERNEL,
        *(("-DAIEBUILD_COUNT",) if count else ()),
        *(f"-D{define}" for define in defines),
        f"-I{INCLUDE}",
        "-include",
        str(INCLUDE / "aie_api" / "builtins.hpp"),
        *(f"-I{folder}" for folder in include),
        *(("-MMD", "-MF", str(depfile)) if depfile is not None else ()),
        "-c",
        str(source),
        "-o",
        str(out),
    ]


def overlay_command(
    compiler: str,
    source: Path,
    out: Path,
    *,
    depfile: Path | None = None,
    count: bool = False,
    sanitize: bool = False,
    defines: Sequence[str] = (),
) -> list[str]:
    """Compiles lowered C++, or one of ENGINE_SOURCES, to an object; `sanitize`: for the checking mode."""
    return [
        compiler,
        *_COMMON,
        "-O1" if sanitize and source not in SANITIZE_SOURCES else "-O2",
        *(flag for flag in _OVERLAY if flag != "-fcoroutines" or "clang" not in Path(compiler).name),
        *(("-DAIEBUILD_COUNT",) if count else ()),
        *(("-DAIEBUILD_SANITIZE",) if sanitize else ()),
        *(f"-D{define}" for define in defines),
        f"-I{INCLUDE}",
        *(("-MMD", "-MF", str(depfile)) if depfile is not None else ()),
        "-c",
        str(source),
        "-o",
        str(out),
    ]


def link_command(compiler: str, objects: Sequence[Path], out: Path) -> list[str]:
    """Links an overlay library of the objects of the lowered design, its kernels and the engine.

    Kernels that no object defines are errors here, not at run time.
    """
    return [compiler, "-shared", "-pthread", "-Wl,-z,defs", *map(str, objects), "-o", str(out)]
