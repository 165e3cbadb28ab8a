"""What the checking mode finds: one frozen record each, from the lines the overlay library gives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Finding:
    """One thing that a design or a kernel does wrong.

    `kind`: `use after release`, `not held`, `double release`, `missing release`, `uninitialised`,
    `out of bounds`, `input written`, `stack`, `data race`, `lock value`, `crash`; `deadlock`, `endless` or `fault` for
    what ended the run. `location`: `file:line`. `tile`: (column, row), None where no one tile is meant. `operation`:
    what did it. `buffer`: the buffer or objectfifo, or "". `message`: what was found and what the array would
    have done. `times`: how often. `detail`: further lines, such as who waits for whom.
    """

    kind: str
    location: str
    tile: tuple[int, int] | None
    operation: str
    buffer: str
    message: str
    times: int = 1
    detail: str = ""

    def repeats(self, finding: Finding) -> bool:
        """Whether this end of a run only says what a finding says."""
        if finding.kind == "crash":
            return self.message.startswith("crash: ")
        return finding.kind == "lock value" and self.message in finding.message

    def __str__(self) -> str:
        tile = f"tile ({self.tile[0]},{self.tile[1]}) " if self.tile is not None else ""
        buffer = f"@{self.buffer}: " if self.buffer and self.kind != "stack" else ""
        operation = f"{self.operation}: " if self.operation else ""
        often = f" ({self.times} times)" if self.times > 1 else ""
        return f"{self.location}: {tile}{self.kind}: {operation}{buffer}{self.message}{often}"


def read_findings(lines: str, file: str) -> tuple[Finding, ...]:
    """The findings of a library (`HostOverlay.findings`), of a design in `file`."""
    found: list[Finding] = []
    for line in lines.splitlines():
        entry = cast(dict[str, Any], json.loads(line))
        found.append(
            Finding(
                kind=entry["kind"],
                location=f"{file}:{entry['line']}",
                tile=(entry["column"], entry["row"]),
                operation=entry["operation"],
                buffer=entry["buffer"],
                message=entry["text"],
                times=entry["times"],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class StackUse:
    """A core's stack. `taken`: bytes that its deepest kernel took on this machine, with the body's own arrays, which is
    an estimate of what it takes on the array; `size`: its stack_size."""

    tile: tuple[int, int]
    taken: int
    size: int


def read_stacks(lines: str) -> tuple[StackUse, ...]:
    """The stacks of a library (`HostOverlay.stacks`)."""
    entries = [cast(dict[str, int], json.loads(line)) for line in lines.splitlines()]
    return tuple(StackUse((entry["column"], entry["row"]), entry["taken"], entry["size"]) for entry in entries)


HANGS = "; on the array it hangs until the driver's watchdog ends the run"

_PLACE = re.compile(r"\S+?:(\d+): ")
_TILE = re.compile(r"tile \((\d+), ?(\d+)\)")


def failure(text: str, detail: str | None, file: str) -> Finding:
    """What ended a run, as a finding."""
    kind = "fault"
    for known in ("deadlock", "endless"):
        if text.startswith(f"{known}: "):
            kind, text = known, text.removeprefix(f"{known}: ")
    place = _PLACE.match(text)
    tile = _TILE.search(text)
    return Finding(
        kind=kind,
        location=f"{file}:{place.group(1)}" if place else file,
        tile=(int(tile.group(1)), int(tile.group(2))) if tile else None,
        operation="",
        buffer="",
        message=(text[place.end() :] if place else text) + ("" if kind == "fault" else HANGS),
        detail=detail or "",
    )
