"""How far each design of a folder comes: read, within its array's limits, modelled by the host target."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
    """

    name: str
    parsed: bool
    lowered: bool
    reason: str = ""
    limit: str = ""
    ran: str = ""


def survey(
    folder: Path,
    pattern: str = "**/*.mlir",
    device: str | None = None,
    expected: Sequence[Case] = (),
    progress: Callable[[str], None] = lambda name: None,
) -> list[Standing]:
    """The standing of every design in a folder, by name; those with cases in `expected` are run.

    `progress` is called with the name of each design ahead of its turn.
    """
    found: list[Standing] = []
    for path in sorted(folder.glob(pattern)):
        progress(str(path.relative_to(folder)))
        item = standing(path, folder, device)
        cases = [case for case in expected if folder / case.path == path]
        if item.lowered and cases:
            wrong = next((text for case in cases if (text := _outcome(case, folder, path))), "")
            item = replace(item, ran="wrong" if wrong else "right", reason=wrong)
        found.append(item)
    return found


def _outcome(case: Case, folder: Path, path: Path) -> str:
    """What is wrong with a run; empty when it gives what is expected."""
    try:
        got, expected = run_case(case, folder)
    except AiebuildError as error:
        return _short(error, path)
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
