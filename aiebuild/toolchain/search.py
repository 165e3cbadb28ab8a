"""A tool that may stand in several places: the first usable one, or an error that says what each lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiebuild.errors import MissingError

F = TypeVar("F")

INSTALL = "aiebuild toolchain install"
"""How to get the compilers for the NPU."""

PACKAGE, SEARCH_PATH = "Python package", "PATH"
"""Origins of candidates that nobody named."""

_REVISION = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass(frozen=True)
class Rejected:
    """A tool that was looked at and what it lacks."""

    name: str
    reason: str


def first_usable(
    candidates: Iterable[tuple[str, Path]], examine: Callable[[Path], F | Rejected], none: str, needed: str
) -> F:
    """The first of some compilers for the NPU that can be used.

    `candidates`: who says so, and the place; one that is named, not just come upon, must do. `none`: what to say where
    there are no candidates. `needed`: what one must be. Raises MissingError; its detail lists what was examined.
    """
    rejected: list[Rejected] = []
    for origin, place in candidates:
        found = examine(place)
        if not isinstance(found, Rejected):
            return found
        rejected.append(Rejected(f"{origin}: {found.name}", found.reason))
        if origin not in (PACKAGE, SEARCH_PATH):
            break
    if not rejected:
        raise MissingError(f"{none}; {needed}", hint=INSTALL)
    raise MissingError(
        f"{rejected[0].name}: {rejected[0].reason}; {needed}",
        hint=INSTALL,
        detail="\n".join(f"{entry.name}: {entry.reason}" for entry in rejected),
    )


def revision_in(text: str) -> str:
    """The first revision (seven hexadecimal digits or more) in what a tool says, or "unknown"."""
    match = _REVISION.search(text)
    return match.group(0) if match else "unknown"
