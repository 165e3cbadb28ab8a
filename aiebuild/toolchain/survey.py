"""What this machine has of all the product can use, and how to get the rest: the facts behind `aiebuild doctor`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from aiebuild.config.toolchain import HostToolchain
from aiebuild.errors import MissingError
from aiebuild.toolchain.aie import INSTALL, find_aie_compiler
from aiebuild.toolchain.compiler import HostCompiler, candidate_names, examine
from aiebuild.toolchain.process import run


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `needed`: the host target does not work without it. `get`: the command that gets it."""

    name: str
    found: bool
    what: str
    needed: bool = False
    get: str | None = None


def survey(profile: HostToolchain) -> tuple[Finding, ...]:
    """Look for everything; never raises for what is missing."""
    return (
        _system(),
        _python(),
        _packages(),
        *_compilers(profile),
        _mlir_aie(),
        _peano(),
        _xrt(),
        _npu(),
    )


def _system() -> Finding:
    return Finding("system", sys.platform == "linux", f"{platform.system()} {platform.machine()}", needed=True)


def _python() -> Finding:
    found = sys.version_info >= (3, 11)
    return Finding("python", found, f"{platform.python_version()} ({sys.executable})", needed=True)


def _packages() -> Finding:
    """The Python packages aiebuild itself requires."""
    missing: list[str] = []
    try:
        wanted = requires("aiebuild") or []
    except PackageNotFoundError:
        return Finding("packages", True, "aiebuild is not installed; it runs from its source")
    for line in wanted:
        if "extra ==" in line:
            continue
        name = "".join(c if c.isalnum() or c in "-_." else " " for c in line).split()[0]
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    what = f"missing: {', '.join(missing)}" if missing else f"all {len(wanted)} there"
    return Finding("packages", not missing, what, needed=True, get=f"pip install {' '.join(missing)}")


def _compilers(profile: HostToolchain) -> list[Finding]:
    """The compiler that will be used, and those that were looked at before it."""
    findings: list[Finding] = []
    for name in candidate_names(profile):
        found = examine(name, profile)
        if isinstance(found, HostCompiler):
            what = f"{found.family} {found.version} ({found.path}, {found.triple})"
            return [*findings, Finding("c++ compiler", True, what, needed=True)]
        if found.reason != "not found":
            findings.append(Finding(f"c++ compiler {name}", False, found.reason))
    what = f"no g++ >= {profile.minimum_gcc} or clang++ >= {profile.minimum_clang}"
    return [*findings, Finding("c++ compiler", False, what, needed=True, get="sudo apt-get install g++")]


def _mlir_aie() -> Finding:
    try:
        return Finding("mlir-aie", True, find_aie_compiler().summary)
    except MissingError as error:
        return Finding("mlir-aie", False, f"{error.message} (needed for --target npu)", get=INSTALL)


def _peano() -> Finding:
    folder = os.environ.get("PEANO_INSTALL_DIR")
    clang = Path(folder) / "bin" / "clang++" if folder else None
    found = clang is not None and clang.is_file()
    what = str(clang) if found else "PEANO_INSTALL_DIR names no compiler (needed for --target npu)"
    get = "pip install llvm-aie -f https://github.com/Xilinx/llvm-aie/releases/expanded_assets/nightly"
    return Finding("peano", found, what, get=get)


def _xrt() -> Finding:
    tool = shutil.which("xrt-smi") or shutil.which("xrt-smi", path="/opt/xilinx/xrt/bin")
    return Finding("xrt", tool is not None, tool or "no xrt-smi", get="sudo add-apt-repository ppa:amd-team/xrt")


def _npu() -> Finding:
    tool = shutil.which("xrt-smi") or shutil.which("xrt-smi", path="/opt/xilinx/xrt/bin")
    if tool:
        said = run([tool, "examine"], check=False, timeout=20).output
        for line in said.splitlines():
            if "NPU" in line or "RyzenAI-npu" in line:
                return Finding("npu", True, " ".join(line.split()))
    nodes = sorted(str(path) for path in Path("/dev/accel").glob("accel*")) if Path("/dev/accel").is_dir() else []
    what = f"{', '.join(nodes)}, but XRT does not see an NPU" if nodes else "none; models run on the host target"
    return Finding("npu", False, what)
