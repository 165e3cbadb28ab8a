"""Compiled objects in the user's cache, found by what they are made from.

An object's key is the compiler's identity, the command line and the source; beside it stands a list of the headers it
was made with and their digests (from the compiler's own depfile), so that a changed header is a different object.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import cast

from aiebuild.config.toolchain import host_toolchain
from aiebuild.errors import MissingError
from aiebuild.resources import cache_dir
from aiebuild.toolchain.compiler import HostCompiler, find_host_compiler
from aiebuild.toolchain.process import run

KEEP_DAYS = 30
"""Objects that were not used for so long are removed."""

Command = Callable[[Path, Path], list[str]]
"""Gives a compiler's command line for an object and its depfile."""


@cache
def host_compiler() -> HostCompiler:
    """This machine's compiler, identified once a process. Raises MissingError when there is none."""
    return find_host_compiler(host_toolchain())


class ObjectCache:
    """A folder of objects and libraries. Safe to share between processes: files appear whole, by renaming."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "emulate"
        self.compiler = host_compiler()
        self._headers: dict[Path, tuple[str, ...]] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.folder, error) from None

    def object(self, source: Path, command: Command) -> Path:
        """The object that `command` makes of a source file. Raises ToolError with the compiler's messages."""
        template = command(Path("OBJECT"), Path("DEPFILE"))
        key = digest(self.compiler.identity, *template, source.read_bytes())
        headers = self.folder / f"{key}.headers"
        found = self._known(key, headers)
        if found is not None:
            return found
        with self._scratch() as scratch:
            out, depfile = scratch / "object.o", scratch / "object.d"
            run(command(out, depfile))
            used = {str(path): _file_digest(path) for path in read_depfile(depfile)}
            final = self.folder / f"{digest(key, *(f'{p} {d}' for p, d in sorted(used.items())))}.o"
            self._headers[final] = tuple(used)
            out.replace(final)
            listing = scratch / "headers"
            listing.write_text(json.dumps(used, sort_keys=True), encoding="utf-8")
            listing.replace(headers)
        return final

    def uses_vectors(self, made: Path) -> bool:
        """Whether an object that `object` gave was compiled with the AIE API's header."""
        return any(Path(path).parts[-2:] == ("aie_api", "aie.hpp") for path in self._headers[made])

    def library(self, objects: Sequence[Path], command: Callable[[Path], list[str]]) -> Path:
        """The library that `command` links of objects of this cache. Raises ToolError with the linker's messages."""
        key = digest(self.compiler.identity, *command(Path("LIBRARY")), *(path.name for path in objects))
        final = self.folder / f"{key}.so"
        if _touch(final):
            return final
        with self._scratch() as scratch:
            out = scratch / "library.so"
            run(command(out))
            out.replace(final)
        self._prune()
        return final

    def generated(self, text: str) -> Path:
        """A generated source, as a file of this cache named by its contents."""
        final = self.folder / f"{digest(text)}.cc"
        if not _touch(final):
            with self._scratch() as scratch:
                source = scratch / "source.cc"
                source.write_text(text, encoding="utf-8")
                source.replace(final)
        return final

    def _known(self, key: str, headers: Path) -> Path | None:
        """The object made earlier, if all its headers are as they were."""
        try:
            used = cast(dict[str, str], json.loads(headers.read_text(encoding="utf-8")))
            same = all(_file_digest(Path(path)) == expected for path, expected in used.items())
        except (OSError, ValueError):
            return None
        final = self.folder / f"{digest(key, *(f'{p} {d}' for p, d in sorted(used.items())))}.o"
        self._headers[final] = tuple(used)
        return final if same and _touch(final) and _touch(headers) else None

    @contextmanager
    def _scratch(self) -> Generator[Path]:
        try:
            with tempfile.TemporaryDirectory(prefix="making-", dir=self.folder) as name:
                yield Path(name)
        except PermissionError as error:
            raise _unusable(self.folder, error) from None

    def _prune(self) -> None:
        oldest = time.time() - KEEP_DAYS * 86400
        for path in self.folder.iterdir():
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime < oldest:
                    path.unlink()


def read_depfile(path: Path) -> list[Path]:
    """The prerequisites that a compiler's depfile names, without the targets."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    _, _, names = text.partition(": ")
    words = names.replace("\\ ", "\0").split()
    return [Path(word.replace("\0", " ").replace("$$", "$")) for word in words if not word.endswith(":")]


def digest(*parts: str | bytes) -> str:
    """SHA-256 over parts, each with its length, so that they cannot run together."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _touch(path: Path) -> bool:
    """Marks a file as used; whether it is there."""
    try:
        os.utime(path)
    except PermissionError:
        return path.is_file()
    except OSError:
        return False
    return True


def _unusable(folder: Path, error: OSError) -> MissingError:
    return MissingError(f"{folder}: cannot be written: {error.strerror}", hint="AIEBUILD_CACHE=FOLDER names another")
