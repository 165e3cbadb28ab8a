"""What this machine has of all the product can use, and how to get the rest: the facts behind `aiebuild doctor`."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from aiebuild.config.npu import XRT_INSTALL, peano_profile
from aiebuild.config.toolchain import HostToolchain
from aiebuild.errors import MissingError
from aiebuild.toolchain.aie import find_aie_compiler
from aiebuild.toolchain.compiler import HostCompiler, candidate_names, examine
from aiebuild.toolchain.peano import find_peano, include_of
from aiebuild.toolchain.search import INSTALL
from aiebuild.toolchain.xrt import accel_nodes, driver_version, memory_lock_limit, npu_of, report_or_none

MEMORY_LOCK = 1 << 30
"""Bytes of locked memory below which larger models' buffers are refused."""


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
        *_npu_compilers(),
        *_xrt(),
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


def _npu_compilers() -> list[Finding]:
    """mlir-aie, Peano, and whether they go together."""
    findings: list[Finding] = []
    aiecc = peano = None
    try:
        aiecc = find_aie_compiler()
        findings.append(Finding("mlir-aie", True, aiecc.summary))
    except MissingError as error:
        findings.append(Finding("mlir-aie", False, f"{error.message} (needed for --target npu)", get=INSTALL))
    profile = peano_profile()
    try:
        peano = find_peano(profile)
        findings.append(Finding("peano", True, peano.summary))
    except MissingError as error:
        findings.append(Finding("peano", False, f"{error.message} (needed for --target npu)", get=INSTALL))
    if aiecc is not None:
        include = include_of(aiecc)
        what = include or f"no aie_api/aie.hpp beside {aiecc.path}"
        findings.append(Finding("aie_api", include is not None, what, get=None if include else INSTALL))
    return findings


def _xrt() -> list[Finding]:
    """XRT, driver, firmware, device nodes, rights, limits, and the NPU."""
    report, error = report_or_none()
    if report is not None:
        xrt = Finding("xrt", True, f"{report.version('Version') or 'no version told'} ({report.tool})")
    else:
        xrt = Finding("xrt", False, error.message if error else "no xrt-smi", get=XRT_INSTALL)
    driver = driver_version()
    nodes = accel_nodes()
    closed = [str(path) for path, usable in nodes if not usable]
    told = report.version("amdxdna Version") if report else None
    firmware = report.version("NPU Firmware Version", "Firmware Version") if report else None
    found = ", ".join(str(path) for path, _ in nodes)
    findings = [
        xrt,
        Finding("driver", driver is not None, told or driver or "amdxdna is not loaded", get="sudo modprobe amdxdna"),
        Finding("firmware", firmware is not None, firmware or "not told (xrt-smi tells it)"),
    ]
    if closed:
        what = f"{', '.join(closed)}: this user may not open it"
        findings.append(Finding("/dev/accel", False, what, get="sudo usermod -aG render $USER, then log in again"))
    else:
        findings.append(Finding("/dev/accel", bool(nodes), found or "no device node"))
    limit = memory_lock_limit()
    enough = limit is None or limit >= MEMORY_LOCK
    told_limit = "no limit" if limit is None else f"{limit // 1024} KB may be locked"
    get = "echo '* - memlock unlimited' | sudo tee /etc/security/limits.d/99-npu.conf, then log in again"
    findings.append(Finding("memory lock", enough, told_limit, get=get))
    if report is None:
        reason = f"{found}, but there is no XRT to ask" if nodes else "none; models run on the host target"
        return [*findings, Finding("npu", False, reason)]
    npu = npu_of(report)
    return [*findings, Finding("npu", npu.problem is None, npu.problem or f"{npu.name}: {npu.device}")]
