"""The weights cache: one published folder per model and source, verified before every use.

Layout under `<user cache>/aiebuild/weights`::

    <model>/<source>/         the files and `files.json`, their sizes, times and SHA-256; renamed into place when whole
    <model>/.partial-*        a download under way, or what a killed one left (the next one removes it)
    <model>.lock              held while a model is fetched
    hashes.json               SHA-256 of hub files, recorded when a file without known hash was first fetched
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from aiebuild.config.model import MODEL_FILE, HubSource, ModelConfig, PackageSource
from aiebuild.errors import BuildError, MissingError
from aiebuild.weights.load import WeightFiles

Report = Callable[[str], None]
"""Takes one line of progress for standard error."""

_RECORD = "files.json"
_PARTIAL = ".partial-"


@dataclass(frozen=True)
class CachedFile:
    """What `files.json` says of a file: bytes, modification time in ns, SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_hashes(source: HubSource | PackageSource) -> dict[str, str]:
    """The SHA-256 the configuration gives for files of `source`, by file name."""
    if isinstance(source, HubSource):
        return dict(source.sha256 or {})
    return {file.name: file.sha256 for file in source.files}


def hash_error(path: Path, found: str, expected: str) -> BuildError:
    """The error for a file that is not what it should be."""
    return BuildError(f"{path}: SHA-256 is {found}, expected {expected}")


class WeightCache:
    """The cache under `root` (made when needed)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, config: ModelConfig) -> WeightFiles | None:
        """The model's files from the first of its sources that is in the cache; None when none is.

        A file is hashed again when its size or time is not what was recorded. Raises BuildError when a file is damaged
        or not the one the configuration names.
        """
        for source in config.sources:
            folder = self.root / config.name / source.folder
            if folder.is_dir():
                return self._open(folder, source, config)
        return None

    @contextlib.contextmanager
    def fetching(self, config: ModelConfig, report: Report) -> Generator[None]:
        """Holds the model's lock, waiting for another process that fetches it; clears what killed ones left.

        Raises MissingError when the cache cannot be written.
        """
        model = self.root / config.name
        try:
            model.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / f"{config.name}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                report(f"weights: waiting for another process that fetches {config.name}")
                lock.acquire()
        except OSError as error:
            raise MissingError(
                f"{self.root}: the weights cache cannot be written: {error.strerror}",
                hint="set AIEBUILD_CACHE to a folder that can be written",
            ) from None
        try:
            for stale in model.glob(f"{_PARTIAL}*"):
                shutil.rmtree(stale, ignore_errors=True)
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def partial(self, config: ModelConfig) -> Generator[Path]:
        """An empty folder on the cache's file system to fetch into; removed at the end unless published."""
        folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self.root / config.name))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, source: HubSource | PackageSource, config: ModelConfig) -> WeightFiles:
        """Verify the files fetched into `folder`, record unknown hub hashes, and move the folder into place, whole.

        Raises BuildError when a hash is wrong; nothing is published then.
        """
        names = source.files if isinstance(source, HubSource) else tuple(file.name for file in source.files)
        hashes = {name: sha256_of(folder / name) for name in names}
        self._check(folder, hashes, known_hashes(source))
        if isinstance(source, HubSource):
            self._check_recorded(folder, hashes, source)
        files: dict[str, CachedFile] = {}
        for name in names:
            stat = (folder / name).stat()
            files[name] = CachedFile(stat.st_size, stat.st_mtime_ns, hashes[name])
        record = {"source": source.label, "files": {name: asdict(file) for name, file in files.items()}}
        (folder / _RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        folder.chmod(0o755)
        place = self.root / config.name / source.folder
        folder.rename(place)
        return self._open(place, source, config)

    def _open(self, folder: Path, source: HubSource | PackageSource, config: ModelConfig) -> WeightFiles:
        hashes: dict[str, str] = {}
        for name, recorded in self._read_record(folder).items():
            path = folder / name
            try:
                stat = path.stat()
            except OSError:
                raise _damaged(folder, f"{path} is missing") from None
            hashes[name] = recorded.sha256
            if stat.st_size != recorded.size:
                raise _damaged(folder, f"{path} has {stat.st_size:,} bytes, expected {recorded.size:,}")
            if stat.st_mtime_ns != recorded.mtime_ns and (found := sha256_of(path)) != recorded.sha256:
                error = hash_error(path, found, recorded.sha256)
                raise _damaged(folder, error.message)
        self._check(folder, hashes, known_hashes(source))
        model, tokenizer = MODEL_FILE[source.format], "tokenizer.json"
        for name in (model, tokenizer):
            if name not in hashes:
                raise _damaged(folder, f"{folder / _RECORD} does not list {name}")
        return WeightFiles(config.name, source.format, folder / model, folder / tokenizer, hashes, source.label)

    def _read_record(self, folder: Path) -> dict[str, CachedFile]:
        try:
            raw = cast("dict[str, Any]", json.loads((folder / _RECORD).read_text(encoding="utf-8")))
            return {name: CachedFile(**entry) for name, entry in raw["files"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise _damaged(folder, f"{folder / _RECORD} is missing or not readable") from None

    def _check(self, folder: Path, hashes: Mapping[str, str], expected: Mapping[str, str]) -> None:
        for name, digest in expected.items():
            found = hashes.get(name)
            if found is not None and found != digest:
                raise hash_error(folder / name, found, digest)

    def _check_recorded(self, folder: Path, hashes: Mapping[str, str], source: HubSource) -> None:
        """Hold files against the hashes recorded when they were first fetched; record those seen for the first time."""
        path = self.root / "hashes.json"
        with FileLock(self.root / "hashes.lock"):
            recorded: dict[str, str] = {}
            if path.exists():
                try:
                    recorded = json.loads(path.read_text(encoding="utf-8"))
                except (OSError, ValueError):
                    raise BuildError(
                        f"{path}: not readable", hint="remove it to record the hashes of hub files anew"
                    ) from None
            fresh = dict(recorded)
            for name, digest in hashes.items():
                key = f"{source.repo}@{source.revision}/{name}"
                if recorded.get(key, digest) != digest:
                    raise BuildError(
                        f"{folder / name}: SHA-256 is {digest}, expected {recorded[key]} as recorded in {path}",
                        hint=f"if {source.repo} was updated on purpose, remove the entry {key}",
                    )
                fresh[key] = digest
            if fresh != recorded:
                temporary = path.with_name(f".hashes-{os.getpid()}")
                temporary.write_text(json.dumps(fresh, indent=1, sort_keys=True) + "\n", encoding="utf-8")
                temporary.replace(path)


def _damaged(folder: Path, what: str) -> BuildError:
    return BuildError(f"weights in the cache are damaged: {what}", hint=f"remove {folder} to fetch them again")
