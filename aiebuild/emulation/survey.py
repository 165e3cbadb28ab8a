"""How far each design of a folder comes: read, within its array's limits, modelled by the host target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aiebuild.emulation.design import configurations, read_design
from aiebuild.emulation.library import lower
from aiebuild.errors import AiebuildError
from aiebuild.host.sequence import read_sequence


@dataclass(frozen=True)
class Standing:
    """One design: whether it was read, and whether all of it is modelled.

    `reason`: what stops it, as `line: what`; empty for one that can be run (given its kernels). `limit`: a limit of
    the array that it breaks, or empty; that stops a run, but not with `--no-check`.
    """

    name: str
    parsed: bool
    lowered: bool
    reason: str = ""
    limit: str = ""


def survey(folder: Path, pattern: str = "**/*.mlir", device: str | None = None) -> list[Standing]:
    """The standing of every design in a folder, by name."""
    return [standing(path, folder, device) for path in sorted(folder.glob(pattern))]


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
