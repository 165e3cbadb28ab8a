"""The record of the designs: clean when nothing changed, and otherwise a difference that can be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.build import regen
from aiebuild.build.regen import (
    Recorded,
    current,
    difference,
    read_state,
    write_state,
)
from aiebuild.cli import run_command
from aiebuild.config.lock import Lock, read_lock
from aiebuild.designs.ledger import AWAIT_BYTES, STREAM_BYTES, TASK_BYTES
from aiebuild.errors import BuildError
from aiebuild.toolchain import aie, peano
from aiebuild.toolchain.bump import pair_of


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No compilers for the NPU."""
    for name in (*aie.VARIABLES, peano.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(aie, "find_spec", lambda name: None)
    monkeypatch.setattr(peano, "packages_folder", lambda: tmp_path / "no-site")


@pytest.fixture(scope="module")
def now() -> Recorded:
    return current(None, None, None)


def test_the_checkout_is_as_recorded(now: Recorded) -> None:
    """If the designs were changed on purpose: `aiebuild regen`."""
    before = read_state(regen.regen_folder())
    assert before is not None
    kept = {"programs": before.state["programs"], "cycles": before.state["cycles"]}
    changed = difference(before, Recorded({**now.state, **kept}, now.overlays))
    assert not changed, "\n".join(["aiebuild regen records what changed:", *changed])


def test_a_record_is_clean_and_is_read_back(now: Recorded, tmp_path: Path) -> None:
    write_state(now, tmp_path)
    again = read_state(tmp_path)
    assert again == now
    assert difference(now, now) == []
    assert read_state(tmp_path / "nothing") is None
    (tmp_path / "encoder.mlir").unlink()
    with pytest.raises(BuildError, match="is damaged"):
        read_state(tmp_path)


def test_instruction_bytes_are_the_compilers(now: Recorded) -> None:
    """Sizes that aiecc of two generations wrote, of these and of earlier sequences with so many tasks and waits."""
    sizes = {name: entry["insts_bytes"] for name, entry in now.state["sequences"].items()}
    assert (sizes["mel80/mel_512"], sizes["mel80/mel_3072"]) == (2192, 8656)
    for tasks, awaited, written in ((2212, 1432, 328464), (2964, 1872, 438064), (34348, 28500, 5375776)):
        assert STREAM_BYTES + TASK_BYTES * tasks + AWAIT_BYTES * awaited == written


def changed(now: Recorded, **state: object) -> Recorded:
    return Recorded({**now.state, **state}, now.overlays)


def test_differences_can_be_read(now: Recorded) -> None:
    sources = {**now.state["sources"], "kernels_src/mel.cc": "0" * 16}
    sources.pop("templates/mel.mlir.j2")
    assert difference(now, changed(now, sources=sources)) == [
        "## Sources", "", "- kernels_src/mel.cc changed", "- templates/mel.mlir.j2: gone", "",
    ]  # fmt: skip
    toolchain = {**now.state["toolchain"], "pair": "1.4.9 + 23", "spelling": "c4"}
    lines = difference(now, changed(now, toolchain=toolchain))
    assert f"- pair: {now.state['toolchain']['pair']} -> 1.4.9 + 23" in lines
    entry = now.state["sequences"]["base/encoder/encode"]
    more = {**entry, "tasks": entry["tasks"] + 100, "insts_bytes": 2 * entry["insts_bytes"]}
    lines = difference(now, changed(now, sequences={**now.state["sequences"], "base/encoder/encode": more}))
    assert lines[:2] == ["## Instructions", ""]
    size = entry["insts_bytes"]
    assert f"insts_bytes {size:,} -> {2 * size:,} (+100.0 %)" in lines[2]
    before = changed(now, programs={"encoder": {"program_bytes": 14000, "stack_bytes": 900}})
    after = changed(now, programs={"encoder": {"program_bytes": 14140, "stack_bytes": 900}})
    assert difference(before, after)[2] == "- encoder: program_bytes 14,000 -> 14,140 (+1.0 %)"
    text = now.overlays["mel80.mlir"].replace("stack_size = 2048", "stack_size = 1024", 1)
    lines = difference(now, Recorded(now.state, {**now.overlays, "mel80.mlir": text}))
    assert lines[0] == "## MLIR of mel80.mlir"
    assert any(line.startswith("-") and "stack_size = 2048" in line for line in lines)
    assert any(line.startswith("+") and "stack_size = 1024" in line for line in lines)


def test_the_command(now: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "regen")
    assert run_command(["regen", "--check", "--state", state]) == 1
    assert "nothing was recorded" in capsys.readouterr().out
    assert run_command(["regen", "--state", state]) == 0
    assert run_command(["regen", "--check", "--state", state]) == 0
    assert "as recorded in" in capsys.readouterr().out
    path = tmp_path / "regen" / "state.json"
    values = json.loads(path.read_text())
    values["sources"]["templates/encoder.mlir.j2"] = "f" * 16
    values["programs"] = {"mel": {"program_bytes": 1}}
    path.write_text(json.dumps(values))
    text = tmp_path / "difference.md"
    assert run_command(["regen", "--check", "--state", state, "--difference", str(text)]) == 1
    said = capsys.readouterr()
    assert "- templates/encoder.mlir.j2 changed" in said.out
    assert "aiebuild regen" in said.err
    assert text.read_text().startswith("# mlir-aie and Peano ")
    assert "## Sources" in text.read_text()
    # without compilers what was measured stays
    assert run_command(["regen", "--state", state]) == 0
    assert json.loads(path.read_text())["programs"] == {"mel": {"program_bytes": 1}}


# --- the bump ---------------------------------------------------------------------------------------------------------


def pages(folder: Path, *, peano_version: str = "23.0.0.2026110101+abcdef01") -> tuple[Path, Path, Path]:
    release, requirements, nightly = (folder / name for name in ("release.json", "requirements.txt", "nightly.json"))
    wheels = {f"mlir_aie-1.4.5-cp3{minor}-cp3{minor}-manylinux_2_35_x86_64.whl": str(minor) * 32 for minor in (11, 12)}
    assets = [{"name": name, "digest": f"sha256:{digest}"} for name, digest in wheels.items()]
    assets.append({"name": "mlir_aie-1.4.5-cp312-cp312-win_amd64.whl", "digest": "sha256:" + "e" * 64})
    release.write_text(json.dumps({"tag_name": "v1.4.5", "assets": assets}))
    requirements.write_text(f"# the Peano\n-f page\nllvm-aie=={peano_version}\n")
    name = "llvm_aie-23.0.0.2026110101+abcdef01-py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    nightly.write_text(json.dumps({"assets": [{"name": name, "digest": "sha256:" + "c" * 64}]}))
    return release, requirements, nightly


def test_a_new_pair_out_of_release_pages(tmp_path: Path) -> None:
    lock: Lock = read_lock()
    pair = pair_of(lock, *pages(tmp_path))
    assert pair.name == "1.4.5 + 23.0.0.2026110101"
    mlir_aie, llvm_aie = pair.wheels
    assert mlir_aie.file_for("cp312") == "mlir_aie-1.4.5-cp312-cp312-manylinux_2_35_x86_64.whl"
    assert mlir_aie.sha256 == {"cp311": "11" * 32, "cp312": "12" * 32}
    assert llvm_aie.sha256 == {"any": "c" * 64}
    assert pair.spelling == lock.pair(None).spelling


def test_pages_that_do_not_say_it(tmp_path: Path) -> None:
    release, requirements, nightly = pages(tmp_path, peano_version="22.0.0.2026010101+gone")
    with pytest.raises(BuildError, match=r"no wheel of llvm-aie 22\.0\.0\.2026010101\+gone for Linux"):
        pair_of(read_lock(), release, requirements, nightly)
    requirements.write_text("numpy\n")
    with pytest.raises(BuildError, match="names no llvm-aie"):
        pair_of(read_lock(), release, requirements, nightly)
    release.write_text("{}")
    with pytest.raises(BuildError, match="no release of mlir-aie"):
        pair_of(read_lock(), release, requirements, nightly)
    release.write_text("<html>")
    with pytest.raises(BuildError, match="is no release page"):
        pair_of(read_lock(), release, requirements, nightly)


def test_the_command_pins_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from aiebuild.config import lock as module

    copy = tmp_path / "toolchain.lock"
    copy.write_text(module.lock_path().read_text())
    monkeypatch.setattr(module, "lock_path", lambda: copy)
    before = read_lock(copy)
    paths = [str(path) for path in pages(tmp_path)]
    words = ["toolchain", "bump", "--release", paths[0], "--requirements", paths[1], "--nightly", paths[2]]
    assert run_command(words) == 0
    assert capsys.readouterr().out == f"1.4.5 + 23.0.0.2026110101 is pinned, instead of {before.pinned}\n"
    after = read_lock(copy)
    assert (after.pinned, len(after.pairs)) == ("1.4.5 + 23.0.0.2026110101", len(before.pairs) + 1)
    assert after == replace(before, pinned=after.pinned, pairs=(after.pairs[0], *before.pairs))
    assert run_command(words) == 0
    assert "is pinned already" in capsys.readouterr().out
