"""XRT and its driver as the command line tools and the kernel show them: what `doctor` tells of the NPU."""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiebuild.config.npu import npu_kind
from aiebuild.errors import AiebuildError, BuildError, DeviceError, MissingError
from aiebuild.toolchain.process import run

ACCEL = Path("/dev/accel")
MODULE = Path("/sys/module/amdxdna")

_FIELD = re.compile(r"^\s*([A-Za-z][\w ]*?)\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_DEVICE = re.compile(r"^\s*\|?\s*\[([0-9a-fA-F:.]+)\]\s*[|:]\s*([^|\n]*?)\s*\|?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class SmiReport:
    """What `xrt-smi examine` says: versions by name ("Version", "amdxdna Version", "NPU Firmware Version"), and the
    devices as (PCI address, name)."""

    tool: str
    versions: tuple[tuple[str, str], ...]
    devices: tuple[tuple[str, str], ...]

    def version(self, *names: str) -> str | None:
        """The value of the first of some names that is there."""
        known = dict(self.versions)
        return next((known[name] for name in names if name in known), None)


def find_xrt_smi() -> str | None:
    """Path of xrt-smi: below `$XILINX_XRT`, on PATH, or where XRT's own packages put it."""
    for place in _places():
        if (found := shutil.which("xrt-smi", path=place)) is not None:
            return found
    return None


def _places() -> Iterator[str | None]:
    if root := os.environ.get("XILINX_XRT"):
        yield str(Path(root) / "bin")
        return
    yield None
    yield "/opt/xilinx/xrt/bin"


def examine_xrt(tool: str) -> SmiReport:
    """Ask xrt-smi. Raises BuildError when it fails, takes too long or says nothing it is known to say."""
    try:
        done = run([tool, "examine"], check=False, timeout=20)
    except MissingError as error:
        raise BuildError(error.message) from None
    if done.returncode != 0:
        last = done.output.strip().splitlines()[-1:] or ["nothing"]
        raise BuildError(f"{tool} examine ended with exit code {done.returncode}: {last[0]}", detail=done.output)
    versions = tuple((name, value) for name, value in _FIELD.findall(done.stdout) if "ersion" in name)
    devices = tuple((address, name) for address, name in _DEVICE.findall(done.stdout) if name != "Name")
    if not versions and not devices:
        raise BuildError(f"{tool} examine: neither versions nor devices in what it says", detail=done.output)
    return SmiReport(tool, versions, devices)


@dataclass(frozen=True)
class Npu:
    """The NPU as found: its name and place, and the device it is in designs; or why it cannot be used."""

    name: str | None
    device: str | None
    problem: str | None


def npu_of(report: SmiReport) -> Npu:
    """The first device of a known kind; a device of no known kind is named as the problem."""
    problem = "XRT sees no NPU"
    for address, name in report.devices:
        try:
            return Npu(f"{name} ({address})", npu_kind(name).device, None)
        except DeviceError as error:
            problem = error.message
    return Npu(None, None, problem)


def accel_nodes(folder: Path = ACCEL) -> list[tuple[Path, bool]]:
    """The driver's device nodes, each with whether this user may open it."""
    try:
        found = sorted(folder.glob("accel*"))
    except OSError:
        return []
    return [(path, os.access(path, os.R_OK | os.W_OK)) for path in found]


def driver_version(module: Path = MODULE) -> str | None:
    """Version of the loaded amdxdna module, "loaded" where it tells none, None when it is not loaded."""
    if not module.is_dir():
        return None
    try:
        return (module / "version").read_text(encoding="utf-8").strip()
    except OSError:
        return "loaded"


def memory_lock_limit() -> int | None:
    """Bytes of memory this process may lock, None for no limit: XRT's buffers are locked."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def report_or_none() -> tuple[SmiReport | None, AiebuildError | None]:
    """What xrt-smi says, or why it does not; (None, None) when there is none."""
    tool = find_xrt_smi()
    if tool is None:
        return None, None
    try:
        return examine_xrt(tool), None
    except BuildError as error:
        return None, error


def npu_found() -> Npu:
    """The NPU that xrt-smi names, or why there is none to name."""
    report, problem = report_or_none()
    if report is None:
        return Npu(None, None, problem.message if problem is not None else "no xrt-smi is here")
    return npu_of(report)
