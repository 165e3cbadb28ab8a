"""`aiebuild doctor`: what was found, what is missing, where things are kept."""

from __future__ import annotations

from aiebuild.config.toolchain import host_toolchain
from aiebuild.resources import artifacts_dir, cache_dir
from aiebuild.toolchain.survey import survey


def print_findings() -> bool:
    """Print the survey on standard output; returns whether everything the host target needs is there."""
    findings = survey(host_toolchain())
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok" if finding.found else "MISSING" if finding.needed else "-"
        print(f"{mark:<8}{finding.name:<{width}}  {finding.what}")
        if not finding.found and finding.get:
            print(f"{'':<8}{'':<{width}}  get it: {finding.get}")
    print(f"{'':<8}{'artifacts':<{width}}  {artifacts_dir()}")
    print(f"{'':<8}{'weights':<{width}}  {cache_dir() / 'weights'}")
    return all(finding.found for finding in findings if finding.needed)
