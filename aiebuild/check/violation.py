"""What a check finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiebuild.dialect import DesignError


@dataclass(frozen=True)
class Violation:
    """One limit a design breaks.

    `rule`: short name of the limit. `location`: `file:line`. `tile`: `tile (column,row)` or "" where no one tile is
    meant. `message`: what was found and the limit. `hint`: what to do, or "".
    """

    rule: str
    location: str
    tile: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.location}: {self.tile} " if self.tile else f"{self.location}: "
        return f"{where}{self.message}"


def raise_on(violations: Sequence[Violation]) -> None:
    """Raise DesignError for the first violation, with the others as its detail; nothing when there is none."""
    if not violations:
        return
    first = violations[0]
    others = [str(violation) for violation in violations[1:]]
    more = f" (and {len(others)} more)" if others else ""
    raise DesignError(f"{first}{more}", hint=first.hint or None, detail="\n".join(others) or None)
