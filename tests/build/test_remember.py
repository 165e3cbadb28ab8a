"""A remembered design is the one that was planned, and only while nothing it comes from has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.build import remember
from aiebuild.build.driver import make_plan
from aiebuild.build.fresh import Request
from aiebuild.build.plan import to_ninja
from aiebuild.build.remember import PLANNING, remembered
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.selftest import self_tests
from aiebuild.designs.spec import Design, Written, canonical
from aiebuild.resources import PACKAGE
from tests.test_layers import ALLOWED, LEAVES

MEL = mel_overlay(80)
DESIGN = Design("mel", "npu1", (MEL.overlay(),), (MEL.pack(),), tests=self_tests(MEL))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mel.design"


def never() -> Design:
    raise AssertionError("planned")


def test_a_remembered_design_gives_the_same_plan(path: Path) -> None:
    remembered(path, ["mel"], lambda: DESIGN)
    again = remembered(path, ["mel"], never)
    request = Request("mel-npu1-host")
    planned, from_memory = (make_plan(design, request, None) for design in (DESIGN, again))
    assert from_memory == planned
    assert to_ninja(from_memory) == to_ninja(planned)
    sequence, written = DESIGN.overlays[0].sequences[0].parameters, again.overlays[0].sequences[0].parameters
    assert isinstance(written, Written)
    assert canonical(dict(written)) == canonical(sequence)
    assert list(path.parent.iterdir()) == [path]


def test_another_request_is_planned(path: Path) -> None:
    remembered(path, ["mel", 1], lambda: DESIGN)
    other = replace(DESIGN, metadata={"windows": 2})
    assert remembered(path, ["mel", 2], lambda: other).metadata == {"windows": 2}
    assert remembered(path, ["mel", 2], never).metadata == {"windows": 2}


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_memory_is_planned_again(path: Path, damage: bytes | None) -> None:
    remembered(path, ["mel"], lambda: DESIGN)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    with pytest.raises(AssertionError, match="planned"):
        remembered(path, ["mel"], never)
    remembered(path, ["mel"], lambda: DESIGN)
    assert path.read_bytes() == whole


def test_changed_sources_and_configurations_are_planned_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered(path, ["mel"], lambda: DESIGN)
    digest = remember.package_digest
    monkeypatch.setattr(remember, "package_digest", lambda name: digest(name) + ("x" if name == "designs" else ""))
    with pytest.raises(AssertionError, match="planned"):
        remembered(path, ["mel"], never)
    monkeypatch.setattr(remember, "package_digest", digest)
    remembered(path, ["mel"], never)
    configs = path.parent / "configs"
    configs.mkdir()
    monkeypatch.setattr(remember, "configs_dir", lambda: configs)
    with pytest.raises(AssertionError, match="planned"):
        remembered(path, ["mel"], never)


def test_all_that_designs_may_import_is_in_the_digest() -> None:
    named = {name.partition("/")[0].removesuffix(".py") for name in PLANNING}
    allowed: set[str] = set()
    new = {"designs"}
    while new:
        allowed |= new
        new = set().union(*(ALLOWED[name] for name in new)) - allowed
    assert allowed | LEAVES <= named | {"toolchain"}  # of which weights use pip, to fetch them
    assert all((PACKAGE / name).exists() for name in PLANNING)
