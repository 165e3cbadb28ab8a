"""How far each design of a folder comes: read, within its array's limits, modelled by the host target."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from aiebuild.emulation.design import configurations, read_design
from aiebuild.emulation.expected import run_case
from aiebuild.emulation.library import lower
from aiebuild.emulation.npu_xrt import Case
from aiebuild.errors import AiebuildError
from aiebuild.host.sequence import read_sequence


@dataclass(frozen=True)
class Standing:
    """One design: whether it was read, and whether all of it is modelled.

    `reason`: what stops it, as `line: what`; empty for one that can be run (given its kernels). `limit`: a limit of
    the array that it breaks, or empty; that stops a run, but not with `--no-check`. `ran`: after a run with its own
    kernels, "right" or "wrong"; empty where it was not run, as nothing is written down of what it should give.
    `checked`: after a run in the checking mode, "clean" where it gave the same and nothing was found, "found" where
    something was, "wrong" where it gave something else; `findings`: what was found, and where the design does so on
    purpose, that.
    """

    name: str
    parsed: bool
    lowered: bool
    reason: str = ""
    limit: str = ""
    ran: str = ""
    checked: str = ""
    findings: tuple[str, ...] = ()


def survey(
    folder: Path,
    pattern: str = "**/*.mlir",
    device: str | None = None,
    expected: Sequence[Case] = (),
    progress: Callable[[str], None] = lambda name: None,
    *,
    sanitize: bool = False,
) -> list[Standing]:
    """The standing of every design in a folder, by name; those with cases in `expected` are run, with `sanitize` once
    more in the checking mode.

    `progress` is called with the name of each design ahead of its turn.
    """
    found: list[Standing] = []
    for path in sorted(folder.glob(pattern)):
        progress(str(path.relative_to(folder)))
        item = standing(path, folder, device)
        cases = [case for case in expected if folder / case.path == path]
        if item.lowered and cases:
            wrong = next((text for case in cases if (text := _outcome(case, folder, path)[0])), "")
            item = replace(item, ran="wrong" if wrong else "right", reason=wrong)
            if sanitize:
                item = _sanitized(item, cases, folder, path)
        found.append(item)
    return found


def _sanitized(item: Standing, cases: Sequence[Case], folder: Path, path: Path) -> Standing:
    """A standing with the outcome of runs in the checking mode."""
    reasons, findings = [item.reason], list[str]()
    for case in cases:
        wrong, what = _outcome(case, folder, path, sanitize=True)
        if wrong and wrong not in reasons:
            reasons.append(f"checked: {wrong}")
        findings += [text for text in what if text not in findings]
    bad = any(text.startswith("checked: ") for text in reasons)
    checked = "wrong" if bad else "found" if findings else "clean"
    reason = "; ".join(text for text in reasons if text)
    return replace(item, checked=checked, findings=tuple(findings), reason=reason)


def _outcome(case: Case, folder: Path, path: Path, *, sanitize: bool = False) -> tuple[str, tuple[str, ...]]:
    """What is wrong with a run, empty when it gives what is expected; and what the checking mode found."""
    try:
        got, expected, found = run_case(case, folder, sanitize=sanitize)
    except AiebuildError as error:
        return _short(error, path), ()
    return _difference(case, got, expected), tuple(str(finding).replace(f"{path}:", "") for finding in found)


def _difference(case: Case, got: NDArray[Any], expected: NDArray[Any]) -> str:
    if got.shape == expected.shape and bool((got == expected).all()):
        return ""
    if got.shape != expected.shape:
        return f"{case}: {got.size} elements, expected {expected.size}"
    first = int((got.reshape(-1) != expected.reshape(-1)).argmax())
    values = got.reshape(-1)[first], expected.reshape(-1)[first]
    return f"{case}: element {first} of argument {case.out} is {values[0]}, expected {values[1]}"


def standing(path: Path, folder: Path, device: str | None = None) -> Standing:
    """The standing of one design."""
    name = str(path.relative_to(folder))
    parsed, limit = False, ""
    try:
        for configuration in configurations(path):
            design = read_design(path, device, configuration)
            parsed = True
            try:
                design.check()
            except AiebuildError as error:
                limit = limit or _short(error, path)
            lower(design)
            for sequence in design.sequences:
                read_sequence(design.module, sequence.symbol)
            design.sequence(design.sequences[0].symbol if design.sequences else None)
    except AiebuildError as error:
        return Standing(name, parsed, False, _short(error, path), limit)
    return Standing(name, parsed, True, "", limit)


def _short(error: AiebuildError, path: Path) -> str:
    """An error without the file's path, nor the column."""
    text = " ".join(error.message.split()).replace(f"{path}:", "").replace(f"{path.name}:", "")
    return re.sub(r"^(\d+):\d+:", r"\1:", text).strip()
