"""A build from request to published artifact: what it makes, when it does nothing, and what it leaves when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aiebuild.build.driver import Options, build, make_plan, published
from aiebuild.build.execute import Silent
from aiebuild.build.fresh import Request
from aiebuild.build.plan import describe, to_ninja
from aiebuild.designs.spec import Design, FileSpec, PackSpec
from aiebuild.errors import AiebuildError, BuildError, MissingError, UsageError
from aiebuild.manifest.store import load

ROOT = Path(__file__).resolve().parent.parent.parent
REQUEST = Request("toy-npu1-host")


def toy(weights: Path, **parameters: Any) -> Design:
    """A design without overlays: one packed file and one copied one."""
    pack = PackSpec("weights", "tests.build.packing:reverse", (weights,), parameters, packages=("manifest",))
    return Design("toy", "npu1", (), (pack,), (FileSpec("tokenizer.json", weights),), metadata={"dims": [1, 2]})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"abcd")
    return path


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def run(artifacts: Path, design: Design, **options: Any) -> tuple[int, Silent]:
    reporter = Silent()
    result = build(artifacts, REQUEST, lambda: design, reporter, Options(**options))
    assert result.path == artifacts / REQUEST.name
    return result.ran, reporter


def test_what_is_published(artifacts: Path, weights: Path) -> None:
    assert run(artifacts, toy(weights))[0] == 2
    manifest = load(artifacts / REQUEST.name)
    assert manifest.artifact == REQUEST.name
    assert (artifacts / REQUEST.name / manifest.packs[0].path).read_bytes() == b"dcba"
    assert (artifacts / REQUEST.name / "files" / "tokenizer.json").read_bytes() == b"abcd"
    buffer = manifest.buffer("model.bin")
    assert (buffer.file, buffer.bytes, buffer.scale) == ("weights/weights.bin", 4, 0.5)
    assert manifest.metadata == {"dims": [1, 2], "weights": {"inputs": 1}}
    assert str(weights) in manifest.inputs
    assert any(tool.name == "c++" for tool in manifest.tools)
    assert manifest.instruction_set is not None


def test_nothing_to_do_is_found_without_planning(artifacts: Path, weights: Path) -> None:
    run(artifacts, toy(weights))

    def never() -> Design:
        raise AssertionError("planned")

    assert build(artifacts, REQUEST, never, Silent()).up_to_date
    # another request for the same artifact is not answered by this record
    assert published(artifacts, Request(REQUEST.name, counting=True)) is None


def test_a_change_and_a_touch(artifacts: Path, weights: Path) -> None:
    request = Request(REQUEST.name, extra=(weights,))
    build(artifacts, request, lambda: toy(weights), Silent())
    first = (artifacts / REQUEST.name).resolve()
    os.utime(weights, ns=(1, 1))
    assert build(artifacts, request, lambda: toy(weights), Silent()).up_to_date
    assert (artifacts / REQUEST.name).resolve() == first
    weights.write_bytes(b"efgh")
    reporter = Silent()
    assert build(artifacts, request, lambda: toy(weights), reporter, Options(explain=True)).ran == 2
    assert f"pack weights: {weights} changed" in reporter.notes
    assert (artifacts / REQUEST.name).resolve() != first
    assert first.is_dir()  # for readers that opened it


def test_the_same_inputs_give_the_same_bytes(artifacts: Path, weights: Path, tmp_path: Path) -> None:
    run(artifacts, toy(weights))
    run(tmp_path / "other", toy(weights))
    one, other = (folder / REQUEST.name / "manifest.json" for folder in (artifacts, tmp_path / "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_damaged_artifact_is_made_again(artifacts: Path, weights: Path) -> None:
    run(artifacts, toy(weights))
    packed = artifacts / REQUEST.name / "weights" / "weights.bin"
    packed.write_bytes(b"dcbb")
    assert published(artifacts, REQUEST) is None
    run(artifacts, toy(weights))
    load(artifacts / REQUEST.name)


def test_force_makes_a_secretly_damaged_artifact_again(artifacts: Path, weights: Path) -> None:
    """Same size and time, other bytes, in the published file and in the build folder: only `force` looks inside."""
    run(artifacts, toy(weights))
    name = REQUEST.name
    for packed in (
        artifacts / name / "weights" / "weights.bin",
        artifacts / ".build" / "packs" / "toy-npu1" / "weights.bin",
    ):
        before = packed.stat().st_mtime_ns
        packed.write_bytes(b"dcbb")
        os.utime(packed, ns=(before, before))
    assert run(artifacts, toy(weights))[0] == 0
    with pytest.raises(BuildError, match="SHA-256 differs") as caught:
        load(artifacts / name)
    assert caught.value.hint is not None
    assert "--force" in caught.value.hint
    assert run(artifacts, toy(weights), force=True)[0] == 2
    assert (artifacts / name / "weights" / "weights.bin").read_bytes() == b"dcba"
    load(artifacts / name)


def test_a_full_disk(artifacts: Path, weights: Path) -> None:
    request = Request(REQUEST.name, extra=(weights,))
    with pytest.raises(AiebuildError, match=r"weights\.bin: No space left on device") as caught:
        build(artifacts, request, lambda: toy(weights, full=True), Silent())
    assert caught.value.exit_code == 3
    assert caught.value.hint is not None
    assert not (artifacts / REQUEST.name).exists()


def test_a_failing_step_keeps_the_old_artifact(artifacts: Path, weights: Path) -> None:
    run(artifacts, toy(weights))
    before = (artifacts / REQUEST.name).resolve()
    request = Request(REQUEST.name, extra=(weights,))
    with pytest.raises(AiebuildError, match="no luck") as caught:
        build(artifacts, request, lambda: toy(weights, fail="no luck"), Silent())
    assert caught.value.hint == "do not ask for it"
    assert (artifacts / REQUEST.name).resolve() == before
    load(artifacts / REQUEST.name)


def test_an_artifacts_folder_that_cannot_be_written(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingError, match="artifacts cannot be written there: Not a directory") as caught:
        run(tmp_path / "file" / "artifacts", toy(weights))
    assert caught.value.exit_code == 3
    assert caught.value.hint is not None


def test_a_folder_in_the_way(artifacts: Path, weights: Path) -> None:
    (artifacts / REQUEST.name).mkdir(parents=True)
    with pytest.raises(BuildError, match="is a folder, not a link"):
        run(artifacts, toy(weights))
    assert (artifacts / REQUEST.name).is_dir()


def test_missing_inputs(artifacts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absent: no such file"):
        run(artifacts, toy(tmp_path / "absent"))
    plan = make_plan(toy(tmp_path / "absent"), REQUEST, None, lenient=True)
    assert plan.inputs[str(tmp_path / "absent")] == "missing"


def test_the_plan_as_text(weights: Path) -> None:
    plan = make_plan(toy(weights), REQUEST, None)
    folder = REQUEST.name
    packed, table, values = (f"packs/toy-npu1/weights.{suffix}" for suffix in ("bin", "table.json", "json"))
    assert describe(plan).splitlines() == [
        f"{folder}: 2 steps",
        f"pack      {packed}  <-  {weights} {values}",
        f"manifest  {folder}/manifest.json  <-  {folder}/manifest.in.json {packed} {table} {weights}",
    ]
    assert to_ninja(plan) == to_ninja(make_plan(toy(weights), REQUEST, None))


BUILDER = """
import sys
from pathlib import Path
from aiebuild.build.driver import build
from aiebuild.build.execute import Silent
from tests.build.test_driver import REQUEST, toy
result = build(Path(sys.argv[1]), REQUEST, lambda: toy(Path(sys.argv[2]), seconds=float(sys.argv[3])), Silent())
print(result.ran)
"""


def start(artifacts: Path, weights: Path, seconds: float) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", BUILDER, str(artifacts), str(weights), str(seconds)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_two_builds_at_once(artifacts: Path, weights: Path) -> None:
    both = [start(artifacts, weights, 0.5) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert sorted(out.strip() for out, _ in outputs) == ["0", "2"], outputs
    load(artifacts / REQUEST.name)


def test_an_interrupted_build_leaves_nothing_broken(artifacts: Path, weights: Path) -> None:
    process = start(artifacts, weights, 30)
    deadline = time.monotonic() + 30
    while not (artifacts / ".build" / f"{REQUEST.name}.ninja").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert not (artifacts / REQUEST.name).exists()
    assert run(artifacts, toy(weights))[0] == 2
    load(artifacts / REQUEST.name)
