"""Designs in Python, in IRON or the `aie` dialect: mlir-aie's bindings write the module, which is then run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiebuild.errors import BuildError, MissingError, UsageError
from aiebuild.toolchain.process import run

_INSTALL = "MLIR_AIE_INSTALL_DIR"
_TIMEOUT = 300.0
"""Seconds that a design may take to write its module."""


def is_python(design: str | os.PathLike[str]) -> bool:
    """Whether a design is a Python program, by its name."""
    return os.fspath(design).endswith(".py")


def module_text(path: Path, arguments: Sequence[str] = ()) -> str:
    """The module that a Python design prints on its standard output when it is run with `arguments`.

    Raises UsageError for a file that is not there, MissingError where mlir-aie's Python bindings (the package `aie`)
    are not installed for this interpreter or in MLIR_AIE_INSTALL_DIR, ToolError with the program's messages when it
    fails, BuildError when it prints no module.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    env = _environment()
    found = run([sys.executable, "-c", "import aie.ir"], env=env, check=False, timeout=_TIMEOUT)
    if found.returncode != 0:
        reason = (found.output.strip().splitlines() or ["it failed"])[-1]
        raise MissingError(
            f"{path}: a design in Python needs mlir-aie's Python bindings: {reason}",
            hint=f"install mlir_aie for {sys.executable}, or set {_INSTALL}",
        )
    printed = run([sys.executable, str(path), *arguments], env=env, timeout=_TIMEOUT).stdout
    start = next((k for k, line in enumerate(printed.splitlines()) if line.startswith(("module", "#", "//"))), None)
    if start is None or "aie.device" not in printed:
        raise BuildError(
            f"{path}: it printed no module with an aie.device",
            hint="a design prints its module when it is run; give what it needs for that with --design-arg",
        )
    return "\n".join(printed.splitlines()[start:]) + "\n"


def _environment() -> Mapping[str, str]:
    """With the bindings of MLIR_AIE_INSTALL_DIR where Python finds them."""
    root = os.environ.get(_INSTALL)
    if not root:
        return {}
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(Path(root) / "python"), *([before] if before else [])])}
