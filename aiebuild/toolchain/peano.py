"""Peano, the kernel compiler (LLVM for AI Engines): found, asked for version and targets, called."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiebuild.config.npu import PeanoProfile, peano_profile
from aiebuild.errors import BuildError, MissingError
from aiebuild.toolchain.aie import AieCompiler, aiecc_candidates, find_aie_compiler, program_in
from aiebuild.toolchain.process import run
from aiebuild.toolchain.search import INSTALL, PACKAGE, SEARCH_PATH, Rejected, first_usable, revision_in

VARIABLE = "PEANO_INSTALL_DIR"

_VERSION = re.compile(r"\bclang version (\d+)([.\w]*)(?: \((.*)\))?")


@dataclass(frozen=True)
class Peano:
    """A Peano that can be used.

    `root`: its installation, what aiecc is given. `clang`: its C++ compiler. `version` and `revision` as it tells them.
    `targets`: the array architectures it compiles for ("aie2"). `sha256`: of the compiler.
    """

    root: str
    clang: str
    version: str
    revision: str
    targets: tuple[str, ...]
    sha256: str

    @property
    def summary(self) -> str:
        """What doctor shows."""
        return f"clang {self.version}, revision {self.revision[:9]}, for {', '.join(self.targets)} ({self.root})"

    @property
    def identity(self) -> str:
        """A line that differs whenever the code this compiler makes may differ."""
        return f"peano {self.version} {self.revision} {self.sha256}"


@dataclass(frozen=True)
class NpuToolchain:
    """Everything that builds for the NPU. `include`: mlir-aie's headers, with `aie_api` in them."""

    aiecc: AieCompiler
    aiecc_sha256: str
    peano: Peano
    include: str
    profile: PeanoProfile

    @property
    def macros(self) -> str:
        """Folder of the templates' macros."""
        assert self.aiecc.macros is not None
        return self.aiecc.macros

    def target(self, device: str) -> str:
        """The kernels' target triple for a device; raises MissingError when Peano has no such back end."""
        triple = self.profile.targets[device]
        architecture = triple.partition("-")[0]
        if architecture not in self.peano.targets:
            raise MissingError(f"{self.peano.clang}: has no target {architecture}, needed for {device}", hint=INSTALL)
        return triple


def find_peano(profile: PeanoProfile, given: Path | None = None) -> Peano:
    """The first usable Peano: `given`, `$PEANO_INSTALL_DIR`, the Python package's, the `clang++` on PATH.

    One that is named must do. Raises MissingError; its detail lists what was examined.
    """
    needed = f"needed: clang {profile.minimum} or newer with {' or '.join(_architectures(profile))}"
    return first_usable(_candidates(given), lambda root: examine(root, profile), "no Peano (llvm-aie) found", needed)


def find_npu_toolchain() -> NpuToolchain:
    """mlir-aie and Peano as found on this machine. Raises MissingError for the first that is missing or of no use."""
    profile = peano_profile()
    return npu_toolchain(profile, find_aie_compiler(), find_peano(profile))


def locate_npu_toolchain() -> tuple[str, str] | None:
    """Paths of the aiecc and the clang++ that would be looked at first, without running them; None without either."""
    aiecc = next((found for _, place in aiecc_candidates() if (found := program_in(place)) is not None), None)
    clang = next((root / "bin" / "clang++" for _, root in _candidates(None)), None)
    if aiecc is None or clang is None or not clang.is_file():
        return None
    return str(aiecc), str(clang)


def _candidates(given: Path | None) -> Iterator[tuple[str, Path]]:
    if given is not None:
        yield "given", given
        return
    if value := os.environ.get(VARIABLE):
        yield f"${VARIABLE}", Path(value)
        return
    package = packages_folder() / "llvm-aie"
    if package.is_dir():
        yield PACKAGE, package
    if path := shutil.which("clang++"):
        yield SEARCH_PATH, Path(path).parent.parent


def packages_folder() -> Path:
    """Where this environment's packages are: llvm-aie's folder has no name Python could import."""
    return Path(sysconfig.get_path("platlib"))


def examine(root: Path, profile: PeanoProfile) -> Peano | Rejected:
    """Identify the Peano in a folder, or say why it is of no use."""
    clang = root / "bin" / "clang++"
    if not clang.is_file():
        return Rejected(str(root), "no bin/clang++ there")
    try:
        said = run([str(clang), "--version"], check=False, timeout=60).output
        targets = run([str(clang), "--print-targets"], check=False, timeout=60).output
    except (MissingError, BuildError) as error:
        return Rejected(str(clang), error.message)
    match = _VERSION.search(said)
    if match is None:
        first = said.strip().splitlines()[:1] or ["nothing"]
        return Rejected(str(clang), f"does not say its version but `{first[0]}`")
    version = f"{match.group(1)}{match.group(2)}"
    architectures = tuple(
        name for name in _architectures(profile) if re.search(rf"^\s+{name}\b", targets, re.MULTILINE)
    )
    if not architectures:
        return Rejected(str(clang), f"clang {version} has no target {' or '.join(_architectures(profile))}")
    if int(match.group(1)) < profile.minimum:
        return Rejected(str(clang), f"is clang {version}, needs {profile.minimum} or newer")
    return Peano(str(root), str(clang), version, revision_in(match.group(3) or ""), architectures, digest(clang))


def _architectures(profile: PeanoProfile) -> list[str]:
    return [triple.partition("-")[0] for triple in profile.targets.values()]


def digest(program: Path) -> str:
    """SHA-256 of a program's file."""
    with program.resolve().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def include_of(compiler: AieCompiler) -> str | None:
    """The folder of mlir-aie's headers, or None when the AIE API is not in it."""
    folder = Path(compiler.path).parent.parent / "include"
    return str(folder) if (folder / "aie_api" / "aie.hpp").is_file() else None


def npu_toolchain(profile: PeanoProfile, compiler: AieCompiler, peano: Peano) -> NpuToolchain:
    """Both compilers together. Raises MissingError when the templates have no spelling for this mlir-aie, or it has no
    headers."""
    if compiler.macros is None:
        raise MissingError(f"{compiler.path}: {compiler.summary}", hint=INSTALL)
    include = include_of(compiler)
    if include is None:
        folder = Path(compiler.path).parent.parent / "include"
        raise MissingError(f"{folder}: no aie_api/aie.hpp there; the kernels are written against it", hint=INSTALL)
    return NpuToolchain(compiler, digest(Path(compiler.path)), peano, include, profile)


def kernel_command(
    toolchain: NpuToolchain, device: str, source: str, kernels: str, defines: Sequence[str], out: str, depfile: str
) -> tuple[str, ...]:
    """The command that compiles a kernel for a device's cores. `kernels`: folder of the project's kernel sources."""
    flags = [flag.format(include=toolchain.include, kernels=kernels) for flag in toolchain.profile.flags]
    return (
        toolchain.peano.clang,
        f"--target={toolchain.target(device)}",
        *flags,
        *(f"-D{define}" for define in defines),
        *("-MD", "-MF", depfile, "-c", source, "-o", out),
    )


def overlay_command(toolchain: NpuToolchain, design: str, xclbin: str, work: str) -> tuple[str, ...]:
    """The aiecc command that makes an overlay of a design whose kernels' objects lie beside it."""
    words = (
        word.format(peano=toolchain.peano.root, xclbin=xclbin, tmpdir=work)
        for word in toolchain.aiecc.generation.overlay
    )
    return (toolchain.aiecc.path, *words, design)


def sequence_command(toolchain: NpuToolchain, design: str, insts: str, work: str) -> tuple[str, ...]:
    """The aiecc command that writes a sequence's instructions without compiling the cores."""
    words = toolchain.aiecc.generation.instructions
    return (
        toolchain.aiecc.path,
        *(word.replace("{tmpdir}", work).replace("{insts}", insts) for word in words),
        design,
    )
