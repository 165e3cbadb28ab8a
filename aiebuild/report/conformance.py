"""`aiebuild conformance`: tables of how far the designs, and the kernels, of a folder come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aiebuild.emulation.aie_kernels import KERNELS
from aiebuild.emulation.kernel_survey import CORES, KernelStanding, survey_kernels
from aiebuild.emulation.npu_xrt import EXPECTED
from aiebuild.emulation.survey import Standing, survey
from aiebuild.errors import UsageError
from aiebuild.report.terminal import note


def print_conformance(
    folder: Path, pattern: str, device: str | None, *, run: bool = False, sanitize: bool = False
) -> None:
    """Print a Markdown table of the designs that match. `run`: those of mlir-aie's own tests are run against what these
    expect; `sanitize`: once more in the checking mode. Raises UsageError when there are none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = survey(folder, pattern, device, EXPECTED if run else (), note, sanitize=sanitize)
    if not found:
        raise UsageError(f"{folder}: no design matches {pattern}")
    print("\n".join(table(found)))


def print_kernels(folder: Path) -> None:
    """Print a Markdown table of the kernels in a checkout's `aie_kernels`. Raises UsageError when there are none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = survey_kernels(folder, KERNELS, note)
    if not found:
        raise UsageError(f"{folder}: no kernels in {', '.join(f'{name}/' for name in CORES)}")
    print("\n".join(kernel_table(found)))


def table(found: Sequence[Standing]) -> list[str]:
    """A line of totals, then one row for each design."""
    parsed = sum(item.parsed for item in found)
    lowered = sum(item.lowered for item in found)
    broken = sum(bool(item.limit) for item in found)
    total = f"{len(found)} designs: {parsed} are read, {broken} of these break a limit of their array, {lowered} are "
    total += "modelled whole"
    ran, checked = any(item.ran for item in found), any(item.checked for item in found)
    if ran:
        right, wrong = (sum(item.ran == what for item in found) for what in ("right", "wrong"))
        total += f", {right} give what their own tests expect, {wrong} give something else"
    if checked:
        same = sum(item.checked in ("clean", "found") for item in found)
        clean = sum(item.checked == "clean" for item in found)
        total += f"; with `--sanitize` {same} give the same, and nothing is found in {clean}"
    titles = (*(("result",) if ran else ()), *(("checked",) if checked else ()))
    lines = [
        f"{total}.",
        "",
        f"| {' | '.join(('design', 'read', 'limits', 'modelled', *titles, 'what stops it'))} |",
        f"|{'---|' * (5 + len(titles))}",
    ]
    for item in found:
        limits = "" if not item.parsed else "broken" if item.limit else "kept"
        texts = (item.reason, item.limit and f"limit: {item.limit}", *(f"found: {text}" for text in item.findings))
        what = "; ".join(text for text in texts if text)
        result = (*((item.ran,) if ran else ()), *((item.checked,) if checked else ()))
        cells = (item.name, _mark(item.parsed), limits, _mark(item.lowered), *result, _cell(what))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def kernel_table(found: Sequence[KernelStanding]) -> list[str]:
    """A line of totals, then one row for each kernel source."""
    compiled, right = sum(item.compiled for item in found), sum(bool(item.right) for item in found)
    wrong = sum(item.compiled and bool(item.reason) for item in found)
    lines = [
        f"{len(found)} sources: {compiled} compile as they are, functions of {right} are called and give what NumPy "
        f"does, those of {wrong} give something else.",
        "",
        "| source | compiles | right | what stops it |",
        "|---|---|---|---|",
    ]
    for item in found:
        cells = (item.source, _mark(item.compiled), ", ".join(item.right), _cell(item.reason))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _mark(yes: bool) -> str:
    return "yes" if yes else "no"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
