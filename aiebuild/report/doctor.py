"""`aiebuild doctor`: what was found, what is missing, where things are kept."""

from __future__ import annotations

from pathlib import Path

from aiebuild.config.toolchain import host_toolchain
from aiebuild.resources import artifacts_dir, cache_dir
from aiebuild.runtime.pyxrt_finder import find_pyxrt
from aiebuild.toolchain.survey import Finding, survey


def print_findings() -> bool:
    """Print the survey on standard output; returns whether everything the host target needs is there."""
    findings = (*survey(host_toolchain()), _pyxrt())
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok" if finding.found else "MISSING" if finding.needed else "-"
        print(f"{mark:<8}{finding.name:<{width}}  {finding.what}")
        if not finding.found and finding.get:
            print(f"{'':<8}{'':<{width}}  get it: {finding.get}")
    for name, folder in (("artifacts", artifacts_dir()), ("weights", cache_dir() / "weights")):
        print(f"{'':<8}{name:<{width}}  {folder}: {', '.join(_folders(folder)) or 'none yet'}")
    return all(finding.found for finding in findings if finding.needed)


def _pyxrt() -> Finding:
    """XRT's Python module, for this Python."""
    found = find_pyxrt()
    if found.folder is None:
        return Finding("pyxrt", False, str(found.problem), get=found.hint)
    return Finding("pyxrt", True, found.folder or "among this environment's modules")


def _folders(folder: Path) -> list[str]:
    """The names of what a folder holds: models, artifacts."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []
