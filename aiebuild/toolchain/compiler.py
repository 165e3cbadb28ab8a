"""The host's C++ compiler: found, held against the minimum, identified."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from aiebuild.config.toolchain import HostToolchain
from aiebuild.errors import MissingError
from aiebuild.toolchain.process import run
from aiebuild.toolchain.search import Rejected

Family = Literal["gcc", "clang"]

# What the engine and the AIE API headers rest on; a compiler without a C++ standard library fails here.
_PROBE = "#include <bit>\n#include <concepts>\n#include <coroutine>\nstd::suspend_always probe;\n"


@dataclass(frozen=True)
class HostCompiler:
    """A C++20 compiler and everything about it that compiled code depends on.

    `path`: as found (not resolved). `sha256`: of the driver and the compiler proper behind it. `native`: what
    `-march=native` stands for on this machine. `triple`: target triple.
    """

    path: str
    family: Family
    version: str
    triple: str
    native: tuple[str, ...]
    sha256: str

    @property
    def identity(self) -> str:
        """A line that differs whenever the code this compiler makes may differ."""
        return f"{self.family} {self.version} {self.triple} {self.sha256} {' '.join(self.native)}"


def find_host_compiler(profile: HostToolchain) -> HostCompiler:
    """The first usable compiler: `$CXX`, then the profile's candidates.

    Raises MissingError when there is none; its detail lists each one examined and what it lacks.
    """
    rejected: list[Rejected] = []
    for name in candidate_names(profile):
        found = examine(name, profile)
        if isinstance(found, HostCompiler):
            return found
        rejected.append(found)
        if name == os.environ.get("CXX"):
            raise MissingError(f"$CXX is `{name}`, which cannot be used: {found.reason}")
    present = [f"{entry.name}: {entry.reason}" for entry in rejected if entry.reason != "not found"]
    raise MissingError(
        f"no C++20 compiler (g++ >= {profile.minimum_gcc} or clang++ >= {profile.minimum_clang}) found",
        hint="sudo apt-get install g++",
        detail="\n".join(present) or None,
    )


def candidate_names(profile: HostToolchain) -> Iterator[str]:
    """The compiler names to try, in order."""
    chosen = os.environ.get("CXX")
    if chosen:
        yield chosen
    yield from profile.candidates


def locate(profile: HostToolchain) -> str | None:
    """The path of the first candidate that exists, without running it."""
    for name in candidate_names(profile):
        path = shutil.which(name)
        if path:
            return path
    return None


def examine(name: str, profile: HostToolchain) -> HostCompiler | Rejected:
    """Identify one compiler, or say what it lacks."""
    path = shutil.which(name)
    if path is None:
        return Rejected(name, "not found")
    status = Path(path).stat()
    return _examined(name, path, (status.st_size, status.st_mtime_ns), profile)


@cache
def _examined(name: str, path: str, state: tuple[int, int], profile: HostToolchain) -> HostCompiler | Rejected:
    """What runs of a compiler say; once in a process while the file has the same `state`."""
    macros = run([path, "-dM", "-E", "-x", "c++", "-"], check=False)
    if macros.returncode != 0:
        return Rejected(name, "does not compile C++")
    family, major, version = _version(macros.stdout)
    minimum = profile.minimum_clang if family == "clang" else profile.minimum_gcc
    if major < minimum:
        return Rejected(name, f"is {family} {version}, needs {minimum} or newer")
    probe = run([path, "-std=c++20", "-fsyntax-only", "-x", "c++", "-"], stdin=_PROBE, check=False)
    if probe.returncode != 0:
        return Rejected(name, "has no C++20 standard library")
    return HostCompiler(
        path=path,
        family=family,
        version=version,
        triple=run([path, "-dumpmachine"]).stdout.strip(),
        native=native_flags(path),
        sha256=_binary_digest(path, family),
    )


def _version(macros: str) -> tuple[Family, int, str]:
    """Family, major version and full version from the predefined macros."""

    def number(name: str) -> int:
        match = re.search(rf"^#define {name} (\d+)$", macros, re.MULTILINE)
        return int(match.group(1)) if match else 0

    prefix = "__clang" if "__clang_major__" in macros else "__GNUC"
    if prefix == "__clang":
        parts = (number("__clang_major__"), number("__clang_minor__"), number("__clang_patchlevel__"))
        return "clang", parts[0], ".".join(map(str, parts))
    parts = (number("__GNUC__"), number("__GNUC_MINOR__"), number("__GNUC_PATCHLEVEL__"))
    return "gcc", parts[0], ".".join(map(str, parts))


def native_flags(path: str) -> tuple[str, ...]:
    """What `-march=native` stands for here: the machine flags the driver gives to the compiler proper."""
    text = run([path, "-march=native", "-###", "-S", "-o", "-", "-x", "c++", "/dev/null"], check=False).stderr
    for line in text.splitlines():
        if "cc1" not in line:
            continue
        words = shlex.split(line)
        flags: list[str] = []
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word.startswith("-m") and word not in ("-mllvm", "-mrelax-all") and not word.startswith("-main"):
                flags.append(word)
            elif word in ("-target-cpu", "-target-feature", "-tune-cpu") or (
                word == "--param" and following.startswith(("l1-cache", "l2-cache"))
            ):
                flags.append(f"{word}={following}")
        return tuple(flags)
    return ()


def _binary_digest(path: str, family: Family) -> str:
    """SHA-256 over the driver and, for gcc, the compiler proper (`cc1plus`), which is a file of its own."""
    files = [Path(path).resolve()]
    if family == "gcc":
        files.append(Path(run([path, "-print-prog-name=cc1plus"]).stdout.strip()))
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            with file.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()
