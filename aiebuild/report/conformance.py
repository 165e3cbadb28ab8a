"""`aiebuild conformance`: a table of how far the designs of a folder come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aiebuild.emulation.npu_xrt import EXPECTED
from aiebuild.emulation.survey import Standing, survey
from aiebuild.errors import UsageError
from aiebuild.report.terminal import note


def print_conformance(folder: Path, pattern: str, device: str | None, run: bool = False) -> None:
    """Print a Markdown table of the designs that match. `run`: those of mlir-aie's own tests are run against what these
    expect. Raises UsageError when there are none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = survey(folder, pattern, device, EXPECTED, note) if run else survey(folder, pattern, device)
    if not found:
        raise UsageError(f"{folder}: no design matches {pattern}")
    print("\n".join(table(found)))


def table(found: Sequence[Standing]) -> list[str]:
    """A line of totals, then one row for each design."""
    parsed = sum(item.parsed for item in found)
    lowered = sum(item.lowered for item in found)
    broken = sum(bool(item.limit) for item in found)
    total = f"{len(found)} designs: {parsed} are read, {broken} of these break a limit of their array, {lowered} are "
    total += "modelled whole"
    ran = any(item.ran for item in found)
    if ran:
        right, wrong = (sum(item.ran == what for item in found) for what in ("right", "wrong"))
        total += f", {right} give what their own tests expect, {wrong} give something else"
    lines = [
        f"{total}.",
        "",
        f"| design | read | limits | modelled |{' result |' if ran else ''} what stops it |",
        f"|---|---|---|---|{'---|' if ran else ''}---|",
    ]
    for item in found:
        limits = "" if not item.parsed else "broken" if item.limit else "kept"
        what = "; ".join(text for text in (item.reason, item.limit and f"limit: {item.limit}") if text)
        result = (item.ran,) if ran else ()
        cells = (item.name, _mark(item.parsed), limits, _mark(item.lowered), *result, what.replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _mark(yes: bool) -> str:
    return "yes" if yes else "no"
