"""Getting the pair of compilers that `toolchain.lock` pins: downloaded by pip, held against its hash, installed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aiebuild.config.lock import Lock, LockedWheel, Pair, heading_of, lock_text, with_pair
from aiebuild.errors import BuildError, MissingError
from aiebuild.toolchain.process import run

SECONDS = 30
"""How long a source may stay silent."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Fetched:
    """A wheel that was downloaded: the file, its SHA-256, and whether the lock knew it."""

    wheel: LockedWheel
    path: Path
    sha256: str
    recorded: bool


def python_tag() -> str:
    """The tag of wheels for this interpreter, "cp312"."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def install_pair(
    lock: Lock, pair: Pair, report: Report, *, sources: Sequence[str] = (), record: Path | None = None
) -> None:
    """Download and install a pair into this Python's environment. `sources`: folders or pages tried first.

    `record`: a lock file that hashes not known so far are written to; without it a wheel whose hash is not known is
    refused. Raises MissingError when no source has a wheel, BuildError when a hash is another one or pip fails.
    """
    with TemporaryDirectory(prefix="aiebuild-toolchain-") as folder:
        fetched = [_fetch(lock, pair, wheel, sources, Path(folder), report) for wheel in pair.wheels]
        for entry in fetched:
            if not entry.recorded and record is None:
                raise MissingError(_unrecorded(entry), hint="aiebuild toolchain install --record writes it down")
        report(f"installing {pair.name}")
        run((*_PIP, "install", "--no-input", "--progress-bar", "off", *(str(entry.path) for entry in fetched)))
        unknown = [entry for entry in fetched if not entry.recorded]
        if record is not None and unknown:
            write_hashes(lock, pair, unknown, record)
            report(f"{record.name}: recorded {', '.join(f'{e.path.name} {e.sha256}' for e in unknown)}")


_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def _unrecorded(entry: Fetched) -> str:
    tag = entry.wheel.key(python_tag())
    known = ", ".join(sorted(entry.wheel.sha256)) or "none"
    return f"{entry.path.name}: no SHA-256 of it is recorded for {tag} (recorded: {known}); it is {entry.sha256}"


def write_hashes(lock: Lock, pair: Pair, fetched: Sequence[Fetched], path: Path) -> None:
    """Write the hashes of what was downloaded into the lock."""
    known = {entry.wheel.package: entry.sha256 for entry in fetched}
    tag = python_tag()
    wheels = tuple(
        replace(wheel, sha256={**wheel.sha256, wheel.key(tag): known[wheel.package]})
        if wheel.package in known
        else wheel
        for wheel in pair.wheels
    )
    changed = replace(pair, wheels=wheels)
    pairs = tuple(changed if other.name == pair.name else other for other in lock.pairs)
    path.write_text(lock_text(replace(lock, pairs=pairs), heading_of(path)), encoding="utf-8")


def _fetch(lock: Lock, pair: Pair, wheel: LockedWheel, sources: Sequence[str], folder: Path, report: Report) -> Fetched:
    """Download one wheel from the first source that has it."""
    tag = python_tag()
    name = wheel.file_for(tag)
    tried: list[str] = []
    for source in (*sources, *wheel.sources):
        report(f"{wheel.package} {wheel.version}: {source}")
        into = folder / wheel.package
        done = run(_download(wheel, source, name, into), check=False)
        found = sorted(into.glob("*.whl")) if into.is_dir() else []
        if done.returncode == 0 and found:
            return _verified(wheel, found[0], tag)
        tried.append(f"{source}: {_last_error(done.output)}")
    nightly = "; nightly wheels are removed after some weeks" if any("nightly" in s for s in wheel.sources) else ""
    nearest = lock.nearest(pair)
    hint = f'aiebuild toolchain install --pair "{nearest.name}"' if nearest else None
    raise MissingError(
        f"{wheel.package} {wheel.version}: no source has {name}{nightly}", hint=hint, detail="\n".join(tried)
    )


def _download(wheel: LockedWheel, source: str, name: str, into: Path) -> tuple[str, ...]:
    """pip's command: a file of a web folder by its address, or the version out of a folder or a page of links."""
    common = (*_PIP, "download", "--no-deps", "--no-input", "--progress-bar", "off", "--timeout", str(SECONDS))
    common = (*common, "--retries", "1", "--dest", str(into))
    if source.startswith("https://") and "/download/" in source:
        return (*common, f"{source}/{name.replace('+', '%2B')}")
    return (
        *common,
        "--no-index",
        "--only-binary",
        ":all:",
        "--find-links",
        source,
        f"{wheel.package}=={wheel.version}",
    )


def _verified(wheel: LockedWheel, path: Path, tag: str) -> Fetched:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = wheel.sha256.get(wheel.key(tag))
    if known is not None and known != digest:
        raise BuildError(
            f"{path.name}: its SHA-256 is {digest}, toolchain.lock says {known}",
            hint="the file was replaced or damaged; do not install it",
        )
    return Fetched(wheel, path, digest, known is not None)


def _last_error(output: str) -> str:
    said = [line.removeprefix("ERROR:").strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in output.splitlines() if line.startswith("ERROR:")]
    if errors and errors[-1] != "Exception:":
        return errors[-1]
    return said[-1] if said else "pip failed"


def bumped(lock: Lock, pair: Pair, path: Path) -> None:
    """Put a pair into the lock and pin it."""
    path.write_text(lock_text(with_pair(lock, pair, pin=True), heading_of(path)), encoding="utf-8")
