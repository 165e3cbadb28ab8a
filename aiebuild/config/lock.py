"""`toolchain.lock`: pairs of mlir-aie and Peano that belong together, with where their wheels are and their hashes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aiebuild.config.reader import did_you_mean, read_toml
from aiebuild.errors import UsageError
from aiebuild.resources import resource_root

FORMAT = 1
ANY = "any"
"""Key of the SHA-256 of a wheel that is for every Python."""


@dataclass(frozen=True)
class LockedWheel:
    """A wheel of a pair.

    `file`: its name, with `{python}` for the interpreter's tag where there is one for each. `sources`: folders, web
    folders and pages with links, in the order they are tried. `sha256`: by Python tag, or under "any".
    """

    package: str
    version: str
    file: str
    sources: tuple[str, ...]
    sha256: Mapping[str, str]

    def file_for(self, python: str) -> str:
        """The file's name for a Python tag ("cp312")."""
        return self.file.replace("{python}", python)

    def key(self, python: str) -> str:
        """The key its hash has."""
        return python if "{python}" in self.file else ANY

    def __post_init__(self) -> None:
        wrong = [value for value in self.sha256.values() if not re.fullmatch(r"[0-9a-f]{64}", value)]
        if wrong:
            raise ValueError(f"`{wrong[0]}` is no SHA-256 in hexadecimal")


@dataclass(frozen=True)
class Pair:
    """A mlir-aie and a Peano. `spelling`: of the MLIR it takes (folder of template macros)."""

    name: str
    spelling: str
    wheels: tuple[LockedWheel, ...]


@dataclass(frozen=True)
class Lock:
    """The file. `pinned`: name of the pair this version is kept to."""

    format: int
    pinned: str
    pairs: tuple[Pair, ...]

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"has format {self.format}, this version reads {FORMAT}")
        if self.pinned not in [pair.name for pair in self.pairs]:
            raise ValueError(f"`pinned` names no pair: `{self.pinned}`")

    def pair(self, name: str | None) -> Pair:
        """The pair of a name, the pinned one for None. Raises UsageError when there is none."""
        wanted = name or self.pinned
        for pair in self.pairs:
            if pair.name == wanted:
                return pair
        known = [pair.name for pair in self.pairs]
        raise UsageError(f"toolchain.lock has no pair `{wanted}`{did_you_mean(wanted, known)}")

    def nearest(self, pair: Pair) -> Pair | None:
        """The other pair most like one, by shared wheels, then by name; None when there is no other."""

        def likeness(other: Pair) -> tuple[int, float]:
            same = sum(a.version == b.version for a, b in zip(pair.wheels, other.wheels, strict=False))
            return same, difflib.SequenceMatcher(None, pair.name, other.name).ratio()

        return max((other for other in self.pairs if other != pair), key=likeness, default=None)


def lock_path() -> Path:
    """Where the lock is."""
    return resource_root() / "toolchain.lock"


def read_lock(path: Path | None = None) -> Lock:
    """The lock. Raises UsageError when it is wrong or not there."""
    return read_toml(path or lock_path()).build(Lock)


def with_pair(lock: Lock, pair: Pair, *, pin: bool) -> Lock:
    """The lock with a pair put first, in place of one of its name."""
    others = tuple(other for other in lock.pairs if other.name != pair.name)
    return replace(lock, pairs=(pair, *others), pinned=pair.name if pin else lock.pinned)


def lock_text(lock: Lock, heading: str) -> str:
    """The file's text. `heading`: comment lines that go in front."""
    lines = [heading.rstrip(), "", f"format = {lock.format}", f'pinned = "{lock.pinned}"']
    for pair in lock.pairs:
        lines += ["", "[[pairs]]", f'name = "{pair.name}"', f'spelling = "{pair.spelling}"']
        for wheel in pair.wheels:
            lines += ["", "[[pairs.wheels]]"]
            lines += [f'{key} = "{getattr(wheel, key)}"' for key in ("package", "version", "file")]
            lines += ["sources = [", *(f'  "{source}",' for source in wheel.sources), "]"]
            hashes = ", ".join(f'{tag} = "{value}"' for tag, value in sorted(wheel.sha256.items()))
            lines.append(f"sha256 = {{ {hashes} }}" if hashes else "sha256 = {}")
    return "\n".join(lines) + "\n"


def heading_of(path: Path) -> str:
    """The comment lines a lock begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    count = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(lines[:count])
