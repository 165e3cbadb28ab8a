"""The input side of a plan: digests of files and identities of tools, as stamp files the steps depend on.

ninja compares times; a stamp holds a digest and is written only when that changes, so touching a file rebuilds nothing
and changing it rebuilds what depends on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aiebuild.build.plan import PlannedFile
from aiebuild.errors import UsageError
from aiebuild.manifest.store import sha256_of
from aiebuild.manifest.types import Tool
from aiebuild.resources import PACKAGE, configs_dir, host_include_dir, host_source_dir, kernels_dir, templates_dir

STAMPS = "stamps"
MISSING = "missing"

# Files above this size have their digest remembered by path, size and time: weights are gigabytes.
_REMEMBERED = 1 << 20


def stamp_roots() -> dict[str, Path]:
    """The folders whose files have stamps, by the name they have in `stamps/` and in messages."""
    return {
        "templates": templates_dir(),
        "kernels_src": kernels_dir(),
        "configs": configs_dir(),
        "aiebuild/host/include": host_include_dir(),
        "aiebuild/host/src": host_source_dir(),
    }


@dataclass
class Inputs:
    """Collects the inputs of one plan.

    `memory`: file that remembers digests of large files, or None. `lenient`: a missing file is no error (`--dry-run`).
    """

    memory: Path | None = None
    lenient: bool = False
    digests: dict[str, str] = field(default_factory=dict[str, str])
    tools: dict[str, Tool] = field(default_factory=dict[str, Tool])
    _files: dict[str, str] = field(default_factory=dict[str, str])

    def file(self, root: str, relative: str) -> str:
        """The stamp of a file below a stamp root ("templates", "gemm.mlir.j2"); raises UsageError if there is none."""
        return self._stamp(f"{root}/{relative}", stamp_roots()[root] / relative)

    def tree(self, root: str) -> list[str]:
        """The stamps of all files below a stamp root."""
        folder = stamp_roots()[root]
        found: list[str] = []
        for base, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
            for name in sorted(names):
                if not name.startswith("."):
                    found.append(self.file(root, (Path(base) / name).relative_to(folder).as_posix()))
        return found

    def outside(self, path: Path) -> str:
        """The stamp of a file anywhere (weights)."""
        return self._stamp(f"external{path.absolute()}", path, shown=str(path))

    def packages(self, name: str, packages: Iterable[str], libraries: Iterable[str]) -> str:
        """The stamp of Python code used as a tool: sub-packages of aiebuild and the versions of libraries."""
        names = sorted(packages)
        versions = [f"{library} {library_version(library)}" for library in sorted(libraries)]
        digest = hashlib.sha256("\n".join([_python, *versions, *map(package_digest, names)]).encode()).hexdigest()
        self.tools[name] = Tool(f"aiebuild {'+'.join(names)}", None, ", ".join([_python, *versions]), digest)
        return self.text(f"tools/{name}", digest)

    def text(self, name: str, text: str) -> str:
        """A stamp with a text of its own (the identity of a tool)."""
        self._files[f"{STAMPS}/{name}"] = text
        return f"{STAMPS}/{name}"

    def files(self) -> tuple[PlannedFile, ...]:
        """The stamp files to write."""
        return tuple(PlannedFile(path, text + "\n") for path, text in sorted(self._files.items()))

    def _stamp(self, name: str, path: Path, shown: str | None = None) -> str:
        stamp = f"{STAMPS}/{name}"
        if stamp not in self._files:
            digest = self._digest(path, shown or name)
            self._files[stamp] = digest
            self.digests[shown or name] = digest
        return stamp

    def _digest(self, path: Path, shown: str) -> str:
        try:
            status = path.stat()
            if status.st_size < _REMEMBERED or self.memory is None:
                return sha256_of(path)
            return self._remembered(path, [status.st_size, status.st_mtime_ns])
        except FileNotFoundError:
            if self.lenient:
                return MISSING
            raise UsageError(f"{shown}: no such file") from None
        except OSError as error:
            raise UsageError(f"{shown}: cannot be read: {error.strerror}") from None

    def _remembered(self, path: Path, key: list[int]) -> str:
        assert self.memory is not None
        known: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(self.memory.read_text(encoding="utf-8"))
        name = str(path.absolute())
        entry = known.get(name)
        if entry and entry[:2] == key:
            return str(entry[2])
        digest = sha256_of(path)
        known[name] = [*key, digest]
        temporary = self.memory.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")
        temporary.replace(self.memory)
        return digest


_python = f"python {sys.version_info.major}.{sys.version_info.minor}"


def library_version(library: str) -> str:
    """Version of an installed Python library, or "absent"."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def package_digest(package: str) -> str:
    """Digest (hex) of the Python sources of a sub-package (or module, "build/step.py")."""
    root = PACKAGE / package
    files = [root] if root.suffix == ".py" else sorted(root.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{sha256_of(file)}\n".encode())
    return digest.hexdigest()
