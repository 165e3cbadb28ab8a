"""Publishing: a finished build becomes a versioned folder, and a link is swapped onto it.

`artifacts/base-npu1-host` -> `.versions/base-npu1-host/<digest>`. Readers see the old artifact or the new one, never
half of one. The version before the current one is kept for readers that opened it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from aiebuild.errors import BuildError
from aiebuild.manifest.store import MANIFEST, from_json, verify
from aiebuild.manifest.types import Manifest

VERSIONS = ".versions"


def publish(build: Path, artifacts: Path, name: str, *, thorough: bool = False) -> Path:
    """Publish the build of artifact `name`, finished in the folder `build`; returns the published path.

    Publishing what is already published changes nothing. `thorough`: large files that stand are hashed too.
    """
    source = build / name / MANIFEST
    text = source.read_text(encoding="utf-8")
    manifest = from_json(text, source)
    versions = artifacts / VERSIONS / name
    version = versions / hashlib.sha256(text.encode()).hexdigest()[:16]
    link = artifacts / name
    if not _is_whole(version, text, manifest, thorough):
        shutil.rmtree(version, ignore_errors=True)
        sources: dict[str, str] = json.loads(source.with_suffix(".sources.json").read_text(encoding="utf-8"))
        _fill(build, version, text, manifest, sources)
    if not (link.is_symlink() and link.readlink() == version.relative_to(artifacts)):
        previous = link.resolve() if link.is_symlink() else None
        _swap(link, version.relative_to(artifacts))
        _remove_old(versions, {version, previous})
    return link


def _is_whole(version: Path, text: str, manifest: Manifest, thorough: bool) -> bool:
    try:
        if (version / MANIFEST).read_text(encoding="utf-8") != text:
            return False
        verify(version, manifest, thorough=thorough)
    except (OSError, UnicodeDecodeError, BuildError):
        return False
    return True


def _fill(build: Path, version: Path, text: str, manifest: Manifest, sources: dict[str, str]) -> None:
    """Make the version's folder in one go: filled under another name, then renamed.

    Files are copied, not linked: what happens to a published file must not reach the build folder.
    """
    version.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=version.parent))
    try:
        temporary.chmod(0o755)
        for entry in manifest.all_files():
            target = temporary / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(build / sources[entry.path], target)
        (temporary / MANIFEST).write_text(text, encoding="utf-8")
        verify(temporary, manifest)
        temporary.rename(version)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    try:
        if link.is_dir() and not link.is_symlink():
            raise BuildError(f"{link}: is a folder, not a link made by aiebuild", hint=f"remove it: rm -r {link}")
        temporary.replace(link)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_old(versions: Path, keep: set[Path | None]) -> None:
    kept = {path.resolve() for path in keep if path is not None}
    for entry in versions.iterdir():
        if entry.resolve() not in kept:
            shutil.rmtree(entry, ignore_errors=True)
