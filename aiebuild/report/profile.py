"""The table and the file of `aiebuild run --profile`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from aiebuild.errors import MissingError
from aiebuild.report.terminal import note
from aiebuild.runtime.profile import Profile, StageProfile


def print_profile(profile: Profile) -> None:
    """The table, on standard error."""
    for line in profile_lines(profile):
        note(line)


def profile_lines(profile: Profile) -> list[str]:
    """A row per stage: where it ran, how often and how long, what was counted beside the model's own arithmetic."""
    counted = sorted({name for stage in profile.stages for name, count in stage.operations.items() if count})
    head = ["stage", "design", "cores", "dispatches", "seconds", "model MAC", *counted]
    rows = [head, *(_row(stage, counted) for stage in profile.stages), _total(profile, counted)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * len(lines[0])
    return [
        f"profile: {profile.device}, measured; {profile.switches} overlay switches",
        lines[0],
        rule,
        *lines[1:-1],
        rule,
        lines[-1],
    ]


def _row(stage: StageProfile, counted: Sequence[str]) -> list[str]:
    where = stage.overlay or "(host CPU)"
    figures = [
        str(stage.cores),
        str(stage.dispatches),
        f"{stage.seconds:.3f}",
        f"{stage.macs:,}" if stage.macs else "-",
    ]
    return [stage.stage, where, *figures, *(_count(stage.operations.get(name, 0)) for name in counted)]


def _total(profile: Profile, counted: Sequence[str]) -> list[str]:
    dispatches = sum(stage.dispatches for stage in profile.stages)
    macs = sum(stage.macs for stage in profile.stages)
    sums = [sum(stage.operations.get(name, 0) for stage in profile.stages) for name in counted]
    return ["all", "", "", str(dispatches), f"{profile.seconds:.3f}", f"{macs:,}", *map(_count, sums)]


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if i < 2 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def write_profile(profile: Profile, path: Path) -> None:
    """The same as JSON; raises MissingError when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(profile), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{path}: cannot be written: {error.strerror}") from None
