"""The example of a design with a test of its own, run as a user would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def pytest_in(folder: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_the_example_passes_and_fails_where_it_should(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    good = pytest_in(folder)
    assert good.returncode == 0, good.stdout
    kernel = folder / "kernel.cc"
    kernel.write_text(kernel.read_text().replace("i < 64", "i < 80"))
    bad = pytest_in(folder)
    assert bad.returncode == 1
    assert (
        "design.mlir:18: tile (0,2) out of bounds: call @scale: @out: it writes bytes 256 to 319 of 256" in bad.stdout
    )
