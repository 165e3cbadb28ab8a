"""`aiebuild conformance`: a table of how far the designs of a folder come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aiebuild.emulation.survey import Standing, survey
from aiebuild.errors import UsageError


def print_conformance(folder: Path, pattern: str, device: str | None) -> None:
    """Print a Markdown table of the designs that match. Raises UsageError when there are none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = survey(folder, pattern, device)
    if not found:
        raise UsageError(f"{folder}: no design matches {pattern}")
    print("\n".join(table(found)))


def table(found: Sequence[Standing]) -> list[str]:
    """A line of totals, then one row for each design."""
    parsed = sum(item.parsed for item in found)
    lowered = sum(item.lowered for item in found)
    broken = sum(bool(item.limit) for item in found)
    lines = [
        f"{len(found)} designs: {parsed} are read, {broken} of these break a limit of their array, {lowered} are "
        "modelled whole.",
        "",
        "| design | read | limits | modelled | what stops it |",
        "|---|---|---|---|---|",
    ]
    for item in found:
        limits = "" if not item.parsed else "broken" if item.limit else "kept"
        what = "; ".join(text for text in (item.reason, item.limit and f"limit: {item.limit}") if text)
        cells = (item.name, _mark(item.parsed), limits, _mark(item.lowered), what.replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _mark(yes: bool) -> str:
    return "yes" if yes else "no"
