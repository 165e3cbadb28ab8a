"""Is a published artifact up to date? Answered from file times alone, in milliseconds, without planning.

After a build, the path, size and time of everything it depended on is recorded in the build folder. While all of that
is as it was, the artifact is up to date; when anything differs, the plan is made and decides by digests. The record is
no part of the artifact: times differ between machines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiebuild import __version__
from aiebuild.resources import PACKAGE, resource_root

BUILD = ".build"
_RECORD_VERSION = 3
_LIBRARIES = ("xdsl", "jinja2", "numpy")

State = dict[str, list[int]]


@dataclass(frozen=True)
class Request:
    """What is asked for: artifact name, and whether with the counting build of its overlays.

    `extra`: files given by the user which the build depends on (weights). `variant`: what else decides the design.
    `target`: host or npu.
    `windows`: numbers of windows that can be decoded together; an artifact for more of them will do too.
    """

    name: str
    counting: bool = False
    extra: tuple[Path, ...] = ()
    variant: str = ""
    target: str = "host"
    windows: tuple[int, ...] = (1,)


def current_state(request: Request, tools: tuple[str, ...]) -> State:
    """Size and time of every file a build depends on. `tools`: paths of the compilers."""
    state: State = {}
    root = resource_root()
    for folder in (PACKAGE, root / "templates", root / "kernels_src", root / "configs"):
        for entry in _files(str(folder)):
            status = entry.stat()
            state[entry.path] = [status.st_size, status.st_mtime_ns]
    for path in (*request.extra, *_library_files(), *map(Path, tools)):
        try:
            state[str(path)] = _state_of(path)
        except OSError:
            state[str(path)] = []
    return state


def _state_of(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")) or entry.name.endswith("~"):
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.is_file():
                yield entry


def _library_files() -> Iterator[Path]:
    """A file of each library the build steps use that changes with its version."""
    from importlib.util import find_spec

    for name in _LIBRARIES:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin)


def is_fresh(artifacts: Path, request: Request, tools: tuple[str, ...] | None) -> bool:
    """Whether the published artifact is what a build would make now, as far as file times tell.

    Without compilers on this machine (None) they count as unchanged: the artifact that stands is still good.
    """
    record = _read(artifacts, request.name)
    if record is None or (record.get("aiebuild"), record.get("variant")) != (__version__, request.variant):
        return False
    if (request.counting and not record["counting"]) or not set(request.windows) <= set(record.get("windows", ())):
        return False
    link = artifacts / request.name
    try:
        if str(link.readlink()) != record["published"]:
            return False
        if any(_state_of(link / path) != known for path, known in record["files"].items()):
            return False
    except OSError:
        return False
    known: tuple[str, ...] = tuple(record["tools"]) if tools is None else tools
    state: State = record["state"]
    now = current_state(request, known)
    if tools is None:
        now |= {path: state.get(path, []) for path in known}
    return now == state and record["cpu"] == _cpu()


def write_record(artifacts: Path, request: Request, tools: tuple[str, ...], state: State) -> None:
    """Record the state a finished, published build was made from."""
    link = artifacts / request.name
    folder = link.resolve()
    record = {
        "version": _RECORD_VERSION,
        "aiebuild": __version__,
        "variant": request.variant,
        "counting": request.counting,
        "tools": list(tools),
        "windows": list(request.windows),
        "cpu": _cpu(),
        "published": str(link.readlink()),
        "files": {str(path.relative_to(folder)): _state_of(path) for path in folder.rglob("*") if path.is_file()},
        "state": state,
    }
    path = _path(artifacts, request.name)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(path)


def known_windows(artifacts: Path, name: str) -> tuple[int, ...]:
    """The numbers of windows that the artifact was last built for."""
    record = _read(artifacts, name)
    return () if record is None else tuple(record["windows"])


def changed_files(artifacts: Path, request: Request, state: State) -> list[str]:
    """The files whose size or time differs from the recorded build's, or an empty list when there is no record."""
    record = _read(artifacts, request.name)
    if record is None:
        return []
    before: State = record["state"]
    return sorted(path for path in {*before, *state} if before.get(path) != state.get(path))


def _path(artifacts: Path, name: str) -> Path:
    return artifacts / BUILD / f"{name}.record"


def _read(artifacts: Path, name: str) -> dict[str, Any] | None:
    try:
        record: Any = json.loads(_path(artifacts, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("version") != _RECORD_VERSION:  # pyright: ignore[reportUnknownMemberType]
        return None
    return record  # pyright: ignore[reportUnknownVariableType]


def _cpu() -> list[str]:
    from aiebuild.manifest.cpu import this_instruction_set

    here = this_instruction_set()
    return [here.machine, *here.flags]
