"""Finding `pyxrt`, XRT's Python module: outside the virtual environment, and only for the Python it was built for."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from aiebuild.config.npu import XRT_INSTALL

_TAG = re.compile(r"pyxrt\.(?:cpython-(\d)(\d+)|abi3)[-.\w]*\.so$")


@dataclass(frozen=True)
class PyxrtSearch:
    """What was found of pyxrt. `folder`: to be put on `sys.path`, "" when it can be imported as it is, None when there
    is none for this Python; `problem` and `hint` then say why and what to do."""

    folder: str | None
    problem: str | None = None
    hint: str | None = None


def find_pyxrt(folders: tuple[Path, ...] | None = None) -> PyxrtSearch:
    """Look for pyxrt among this environment's modules, then where XRT and the system's Python keep it."""
    if "pyxrt" in sys.modules or find_spec("pyxrt") is not None:
        return PyxrtSearch("")
    others: list[tuple[Path, str]] = []
    for folder in folders if folders is not None else tuple(_folders()):
        for path in _modules(folder):
            version = _version_of(path)
            if version in (None, f"{sys.version_info.major}.{sys.version_info.minor}"):
                return PyxrtSearch(str(folder))
            others.append((path, version))
    here = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if others:
        path, version = others[0]
        return PyxrtSearch(
            None,
            f"{path} is pyxrt for Python {version}; this is {here}, which cannot load it",
            f"install aiebuild in an environment of that Python: make PYTHON=python{version}",
        )
    return PyxrtSearch(None, f"no pyxrt, XRT's Python module, for {here}", XRT_INSTALL)


def _folders() -> Iterator[Path]:
    if root := os.environ.get("XILINX_XRT"):
        yield Path(root) / "python"
        return
    yield Path("/opt/xilinx/xrt/python")
    yield Path("/usr/lib/python3/dist-packages")
    yield from sorted(Path("/usr/lib").glob("python3.*/site-packages"))
    yield from sorted(Path("/usr/lib64").glob("python3.*/site-packages"))
    yield Path(sysconfig.get_path("platlib", vars={"base": sys.base_prefix, "platbase": sys.base_prefix}))


def _modules(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("pyxrt*") if path.suffix in (".so", ".py"))
    except OSError:
        return []


def _version_of(path: Path) -> str | None:
    """The Python a module is for, "3.12"; None when its name does not say, or it is for any."""
    match = _TAG.search(path.name)
    return f"{match[1]}.{match[2]}" if match and match[1] else None
