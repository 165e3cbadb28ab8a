"""mlir-aie's compiler: found, asked which generation it is, called for what it can do without a kernel compiler."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aiebuild.config.aiecc import AieccGeneration, aiecc_generations
from aiebuild.errors import BuildError, MissingError
from aiebuild.resources import templates_dir
from aiebuild.toolchain.process import Completed, ToolError, run
from aiebuild.toolchain.search import PACKAGE, SEARCH_PATH, Rejected, first_usable, revision_in

VARIABLES = ("AIEBUILD_AIECC", "MLIR_AIE_INSTALL_DIR")
"""What names mlir-aie: aiecc itself or a folder it is in, and an installation."""

_OPTION = re.compile(r"^\s+(?:-\w\b[^,\n]*, )?--?([A-Za-z][\w-]*)", re.MULTILINE)

UNPINNED = frozenset({"b"})
"""Spellings that cannot name an objectfifo's DMA channels: mlir-aie before 2026-07-13 ignores the attributes."""


@dataclass(frozen=True)
class AieCompiler:
    """An aiecc that can be used.

    `path`: as found. `revision`: of mlir-aie, as it tells. `macros`: the spelling (folder of template macros) that its
    aie-opt takes; None when there is no aie-opt beside it or it takes none.
    """

    path: str
    revision: str
    generation: AieccGeneration
    macros: str | None

    @property
    def summary(self) -> str:
        """What doctor shows."""
        spelling = f"spelling {self.macros}" if self.macros else "its spelling is none of the templates'"
        return f"revision {self.revision[:9]}, aiecc generation {self.generation.name}, {spelling} ({self.path})"


@dataclass(frozen=True)
class CoreLess:
    """What aiecc made of a design without compiling its cores: the instruction stream if asked, its own words."""

    insts: bytes | None
    output: str


def find_aie_compiler(given: Path | None = None) -> AieCompiler:
    """The first aiecc of a known generation: `given`, then the environment's, the Python package's, the one on PATH.

    One that is named, by `given` or a variable, must do. Raises MissingError; its detail lists what was examined.
    """
    known = ", ".join(f"{entry.name} ({entry.since})" for entry in aiecc_generations())
    return first_usable(aiecc_candidates(given), examine, "no aiecc found", f"usable generations: {known}")


def aiecc_candidates(given: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Where to look: who says so, and the file or folder."""
    if given is not None:
        yield "given", given
        return
    for variable in VARIABLES:
        if value := os.environ.get(variable):
            yield f"${variable}", Path(value)
    package = find_spec("mlir_aie")
    for folder in (package.submodule_search_locations or ()) if package else ():
        yield PACKAGE, Path(folder)
    for name in ("aiecc", "aiecc.py"):
        if path := shutil.which(name):
            yield SEARCH_PATH, Path(path)


def program_in(place: Path) -> Path | None:
    """aiecc in a file's or folder's place."""
    if not place.is_dir():
        return place if place.is_file() else None
    names = [place / folder / name for folder in ("", "bin") for name in ("aiecc", "aiecc.py")]
    return next((name for name in names if name.is_file()), None)


def examine(place: Path) -> AieCompiler | Rejected:
    """Identify the aiecc at a place (a file, or a folder with it in it or in its `bin`), or say why it is of no use."""
    path = program_in(place)
    if path is None:
        return Rejected(str(place), "no aiecc there")
    try:
        said = run([str(path), "--help"], check=False, timeout=60)
        version = run([str(path), "--aie-version"], check=False, timeout=60)
    except (MissingError, BuildError) as error:
        return Rejected(str(path), error.message)
    if said.returncode != 0:
        last = said.output.strip().splitlines()[-1:] or ["nothing"]
        return Rejected(str(path), f"--help ended with exit code {said.returncode}: {last[0]}")
    revision = _revision(version)
    options = options_of(said.output)
    for generation in aiecc_generations():
        if generation.describes(said.output, options):
            return AieCompiler(str(path), revision, generation, spelling(path.parent / "aie-opt"))
    telling = sorted(option for option in options if option.startswith(("get", "aie-generate", "no-x")))
    found = ", ".join(f"--{option}" for option in telling[:6]) or "none of the options that tell"
    return Rejected(str(path), f"of no known generation (revision {revision}; has {found})")


def options_of(help_text: str) -> frozenset[str]:
    """The options a help text lists, without their dashes; those only mentioned in descriptions are not among them."""
    return frozenset(_OPTION.findall(help_text))


def _revision(version: Completed) -> str:
    return revision_in(version.output if version.returncode == 0 else "")


def spelling(aie_opt: Path) -> str | None:
    """The first folder of template macros whose probe an aie-opt takes."""
    if not aie_opt.is_file():
        return None
    for probe in sorted((templates_dir() / "macros").glob("*/probe.mlir"), reverse=True):
        if run([str(aie_opt), str(probe), "-o", os.devnull], check=False, timeout=60).returncode == 0:
            return probe.parent.name
    return None


def command(compiler: AieCompiler, design: str, insts: str | None) -> tuple[str, ...]:
    """The command line that takes a design through everything without a kernel compiler, or one that writes its
    sequence's instructions to `insts`, for which the cores are placed but not lowered."""
    words = compiler.generation.instructions if insts else compiler.generation.without_cores
    replaced = (word.replace("{tmpdir}", f"{design}.prj").replace("{insts}", insts or "") for word in words)
    return (compiler.path, *replaced, design)


def compile_without_cores(compiler: AieCompiler, text: str, folder: Path, *, sequence: bool) -> CoreLess:
    """Verify, place, route and assign a rendered design's buffers and descriptors in `folder`.

    `sequence`: it has a runtime sequence, whose instruction stream is wanted. Raises ToolError with aiecc's own words
    when it refuses the design, BuildError when it says nothing and writes nothing.
    """
    (folder / "design.mlir").write_text(text, encoding="utf-8")
    insts = "insts.bin" if sequence else None
    (folder / "insts.bin").unlink(missing_ok=True)
    path = f"{Path(compiler.path).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = run(command(compiler, "design.mlir", insts), cwd=folder, env={"PATH": path}, check=False)
    if done.returncode != 0:
        raise ToolError(done)
    if insts is None:
        return CoreLess(None, done.output)
    if not (folder / insts).is_file():
        raise BuildError(f"aiecc wrote no {insts}", detail=done.output)
    return CoreLess((folder / insts).read_bytes(), done.output)
