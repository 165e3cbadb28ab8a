"""Reading, writing and verifying `manifest.json`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from aiebuild.config.reader import Table
from aiebuild.errors import BuildError, UsageError
from aiebuild.manifest.types import FORMAT_VERSION, FileEntry, Manifest

MANIFEST = "manifest.json"

# Files up to this size are hashed whenever an artifact is loaded; larger ones (weights) have their size checked then,
# and are hashed by `verify(..., thorough=True)`: hashing gigabytes at every start costs more than it finds.
HASHED_AT_LOAD = 16 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry_of(path: Path, name: str) -> FileEntry:
    """The `FileEntry` of a file on disk, under the path `name` in the artifact."""
    return FileEntry(name, path.stat().st_size, sha256_of(path))


def to_json(manifest: Manifest) -> str:
    """The text of `manifest.json`: the same manifest gives the same text."""
    return json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n"


def from_json(text: str, path: Path) -> Manifest:
    """The manifest in `text`, read from `path`; raises BuildError when it is none, broken or of another format."""
    try:
        values: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise broken(path, f"is no manifest or is cut short ({error})") from None
    if not isinstance(values, dict) or "format" not in values:
        raise broken(path, "is no aiebuild manifest")
    if values["format"] != FORMAT_VERSION:
        raise broken(path, f"has format {values['format']!r}, this version reads {FORMAT_VERSION}")
    try:
        return Table(cast("dict[str, Any]", values), path).build(Manifest)
    except UsageError as error:
        raise broken(path, f"is no valid manifest: {error}") from None


def load(artifact: Path) -> Manifest:
    """Read and verify the artifact in a folder.

    Raises UsageError when there is no artifact there, BuildError when it is truncated, changed or foreign.
    """
    manifest = read(artifact)
    verify(artifact, manifest)
    return manifest


def read(artifact: Path) -> Manifest:
    """Read the manifest of an artifact folder without looking at its other files; raises like `load`."""
    path = artifact / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{artifact}: no artifact here (there is no {MANIFEST})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise broken(path, f"cannot be read: {error}") from None
    return from_json(text, path)


def verify(artifact: Path, manifest: Manifest, *, thorough: bool = False) -> None:
    """Hold every file of an artifact against its manifest: presence, size, SHA-256 (of large files if `thorough`).

    Raises BuildError naming the first file that differs.
    """
    for entry in manifest.all_files():
        path = artifact / entry.path
        if not path.resolve().is_relative_to(artifact.resolve()):
            raise broken(artifact / MANIFEST, f"names a file outside the artifact: {entry.path}")
        try:
            size = path.stat().st_size
            if size != entry.bytes:
                raise broken(path, f"is {size} bytes, the manifest says {entry.bytes}")
            if (thorough or size <= HASHED_AT_LOAD) and sha256_of(path) != entry.sha256:
                raise broken(path, "is not the file that was built (its SHA-256 differs)")
        except OSError as error:
            raise broken(path, f"cannot be read: {error.strerror or error}") from None


def broken(path: Path, what: str) -> BuildError:
    """The error for an artifact that cannot be used."""
    return BuildError(f"{path}: {what}", hint="aiebuild compile --force, with the same --model, builds it again")
