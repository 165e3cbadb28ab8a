"""A whole design through every layer, in a checkout of its own: template, check, lowering, kernel, sequence, run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiebuild.manifest.store import load
from aiebuild.runtime.host import HostBuffer, HostDevice

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent / "passthrough"
NAME = "passthrough-npu1-host"


class Checkout:
    """A copy of the sources with the passthrough design added."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.artifacts = root / "artifacts"
        ignored = shutil.ignore_patterns("__pycache__")
        for name in ("aiebuild", "configs"):
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        shutil.copytree(HERE / "kernels_src", root / "kernels_src")
        shutil.copytree(HERE / "templates", root / "templates")
        shutil.copytree(ROOT / "templates" / "macros", root / "templates" / "macros")
        for path in (ROOT / "pyproject.toml", HERE / "build.py"):
            shutil.copy(path, root)

    def build(self, *, factor: int = 1, objects: int = 4, rest: str = "") -> dict[str, Any]:
        argv = [sys.executable, "build.py", str(self.artifacts), str(factor), str(objects), rest]
        done = subprocess.run(argv, cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def run(self, data: np.ndarray) -> np.ndarray:
        artifact = self.artifacts / NAME
        manifest = load(artifact)
        overlay = manifest.overlay("passthrough")
        with HostDevice(1) as device:
            opened = device.open(artifact / overlay.library.path)
            sequence = opened.load_sequence(artifact / overlay.sequence("all").file.path)
            source, result = HostBuffer.allocate(data.size), HostBuffer.allocate(data.size)
            source.array[:] = data
            opened.dispatch(sequence, [source, result], strict=True)
            return result.array.copy()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    found = made.build()
    assert "error" not in found, found["error"] + found["detail"]
    assert found["steps"][-1] == f"write the manifest of {NAME}", found
    return made


def test_it_runs(checkout: Checkout) -> None:
    checkout.build()
    data = np.random.default_rng(0).integers(0, 256, 1024, np.uint8)
    np.testing.assert_array_equal(checkout.run(data), data)


def test_touching_a_kernel_rebuilds_what_depends_on_it(checkout: Checkout) -> None:
    checkout.build()
    assert checkout.build() == {"steps": [], "notes": []}
    (checkout.root / "kernels_src" / "scale.cc").touch()
    assert checkout.build() == {
        "steps": [],
        "notes": ["kernels_src/scale.cc was touched; its bytes are as they were"],
    }
    checkout.edit("kernels_src/scale.cc", "FACTOR * in[i]", "in[i] * FACTOR + 1")
    found = checkout.build()
    assert found["steps"] == ["compile kernel scale.cc", "link overlay passthrough", f"write the manifest of {NAME}"]
    assert found["notes"][0] == "compile kernel scale.cc: kernels_src/scale.cc changed"
    data = np.arange(1024).astype(np.uint8)
    np.testing.assert_array_equal(checkout.run(data), data + 1)
    checkout.edit("kernels_src/scale.cc", "in[i] * FACTOR + 1", "FACTOR * in[i]")


def test_a_header_counts(checkout: Checkout) -> None:
    checkout.build()
    checkout.edit("kernels_src/scale.h", "FACTOR 1", "FACTOR 3")
    found = checkout.build()
    assert found["steps"][0] == "compile kernel scale.cc"
    assert found["notes"][0] == "compile kernel scale.cc: kernels_src/scale.h changed"
    data = np.arange(1024).astype(np.uint8)
    np.testing.assert_array_equal(checkout.run(data), data * 3)
    checkout.edit("kernels_src/scale.h", "FACTOR 3", "FACTOR 1")


def test_a_longer_sequence_leaves_the_overlay_alone(checkout: Checkout) -> None:
    checkout.build()
    found = checkout.build(objects=8)
    assert found["steps"] == [
        "render passthrough/all from passthrough_sequence.mlir.j2",
        "check and encode sequence passthrough/all",
        f"write the manifest of {NAME}",
    ]
    assert found["notes"][0] == "render passthrough/all from passthrough_sequence.mlir.j2: its parameters changed"
    data = np.random.default_rng(0).integers(0, 256, 2048, np.uint8)
    np.testing.assert_array_equal(checkout.run(data), data)


def test_a_comment_in_a_template_is_lowered_and_goes_no_further(checkout: Checkout) -> None:
    checkout.build()
    name = "templates/passthrough_fabric.mlir.j2"
    checkout.edit(name, "    %shim = aie.tile(0, 0)\n", "    %shim = aie.tile(0, 0)  // shim\n")
    steps = checkout.build()["steps"]
    assert "compile kernel scale.cc" not in steps
    assert "link overlay passthrough" not in steps
    checkout.edit(name, "  // shim", "")


def test_the_counting_build(checkout: Checkout) -> None:
    checkout.build()
    steps = checkout.build(rest="count")["steps"]
    assert "compile kernel scale.cc, counting" in steps
    assert "compile kernel scale.cc" not in steps
    counting = load(checkout.artifacts / NAME).overlay("passthrough").counting
    assert counting is not None
    # the counting artifact also answers a request without it
    assert checkout.build()["steps"] == []


def test_a_broken_limit_names_the_template(checkout: Checkout) -> None:
    found = checkout.build(rest="deep")
    assert found["code"] == 1
    assert found["error"].startswith("templates/passthrough"), found
    assert ".mlir.j2:" in found["error"]
    # the core's memory, or the shim's lock: the overlay and its sequence are checked side by side
    assert "tile (0,2)" in found["error"] or "tile (0,0) @from_memory counts 200 objects" in found["error"]
    load(checkout.artifacts / NAME)


def test_a_kernel_that_does_not_compile(checkout: Checkout) -> None:
    checkout.edit("kernels_src/scale.cc", "FACTOR * in[i]", "FACTOR * no_such[i]")
    found = checkout.build()
    checkout.edit("kernels_src/scale.cc", "FACTOR * no_such[i]", "FACTOR * in[i]")
    assert found["code"] == 1
    assert "failed with exit code 1" in found["error"]
    assert "-c " in found["detail"].splitlines()[0]
    assert "no_such" in found["detail"]
