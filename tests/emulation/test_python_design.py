"""Designs in Python, with a package in place of mlir-aie's bindings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import aiebuild
from aiebuild.cli import run_command
from aiebuild.errors import BuildError, MissingError, UsageError

CORPUS = Path(__file__).parent.parent / "designs"
BINDINGS = f"""
import pathlib

def resolve_program(constant):
    print("a word from the compiler")
    text = pathlib.Path({str(CORPUS / "passthrough.mlir")!r}).read_text()
    print(text.replace("passthrough", "passthrough of " + constant))
"""


@pytest.fixture
def bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an installation of a package `aie`; it can print one module."""
    package = tmp_path / "install" / "python" / "aie"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "ir.py").write_text("")
    (package / "iron.py").write_text(BINDINGS)
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(tmp_path / "install"))
    return tmp_path


def test_a_design_prints_its_module_and_is_run(bindings: Path) -> None:
    design = bindings / "design.py"
    design.write_text("import sys\nfrom aie import iron\niron.resolve_program(sys.argv[1])\n")
    given = np.arange(1024, dtype=np.int32)
    result = aiebuild.emulate(design, args=[given], design_args=["7"])
    np.testing.assert_array_equal(result.outputs[0], given)


def test_the_command_takes_it(bindings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    design = bindings / "design.py"
    design.write_text("import sys\nfrom aie import iron\niron.resolve_program(sys.argv[1])\n")
    out = bindings / "out.npy"
    assert run_command(["emulate", str(design), "--design-arg", "7", "--arg", "1024:i32", "--out", str(out)]) == 0
    assert np.load(out).shape == (1024,)


def test_a_design_that_fails_shows_why(bindings: Path) -> None:
    design = bindings / "design.py"
    design.write_text("raise ValueError('no such tile')\n")
    with pytest.raises(BuildError) as caught:
        aiebuild.emulate(design)
    assert "no such tile" in str(caught.value.detail)


def test_a_design_that_prints_nothing_is_told(bindings: Path) -> None:
    design = bindings / "design.py"
    design.write_text("print('done')\n")
    with pytest.raises(BuildError, match=r"design\.py: it printed no module with an aie\.device"):
        aiebuild.emulate(design)


def test_without_bindings_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(tmp_path))
    design = tmp_path / "design.py"
    design.write_text("")
    with pytest.raises(MissingError, match=r"needs mlir-aie's Python bindings: ModuleNotFoundError: No module named"):
        aiebuild.emulate(design)
    with pytest.raises(UsageError, match=r"none\.py: no such file"):
        aiebuild.emulate(tmp_path / "none.py")
