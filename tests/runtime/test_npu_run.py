"""Speech through the NPU's runtime: compiled by fake tools, executed by the host target behind `fake_pyxrt`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiebuild.build.execute import Silent
from aiebuild.build.models import ModelBuild, compile_model
from aiebuild.cli import run_command
from aiebuild.resources import artifacts_dir
from aiebuild.toolchain import peano
from aiebuild.weights import WeightFiles
from tests.fakes import fake_pyxrt
from tests.fakes.tools import install_mlir_aie, install_peano

pytestmark = [pytest.mark.weights, pytest.mark.slow]

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "jfk.wav"
SPOKEN = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"


@pytest.fixture(scope="module")
def root(
    tiny_en_artifact: Path, tiny_en_files: WeightFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with tools, the store of sequences, and `artifacts` with tiny.en for both targets."""
    root = tmp_path_factory.mktemp("npu")
    standing, own = artifacts_dir() / ".build", root / "artifacts" / ".build"
    for name in ("kernels", "engine", "overlays", "stamps", "packs/tiny.en-npu1", "tiny.en-npu1-host"):
        if (standing / name).is_dir():  # what was compiled and packed for other tests
            shutil.copytree(standing / name, own / name)
    for name in (".ninja_log", ".ninja_deps"):
        if (standing / name).is_file():
            shutil.copy2(standing / name, own / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLIR_AIE_INSTALL_DIR", str(install_mlir_aie(root / "mlir_aie")))
        patch.setenv(peano.VARIABLE, str(install_peano(root / "llvm-aie")))
        patch.setenv("FAKE_AIECC_STORE", str(root / "store"))
        patch.delenv("AIEBUILD_AIECC", raising=False)
        for target in ("host", "npu"):
            compile_model(ModelBuild("tiny.en", target=target), Silent(), artifacts=root / "artifacts")
        patch.setenv("AIEBUILD_ARTIFACTS", str(root / "artifacts"))
        patch.setitem(sys.modules, "pyxrt", fake_pyxrt)
        yield root
    fake_pyxrt.end()


@pytest.fixture
def world(root: Path) -> fake_pyxrt.World:
    libraries = {
        name: root / "artifacts" / "tiny.en-npu1-host" / "overlays" / f"{name}.so"
        for name in ("mel", "encoder", "decoder")
    }
    return fake_pyxrt.begin(libraries=libraries, store=root / "store")


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """Exit code, text and messages of `aiebuild run` on the sample."""
    code = run_command(["run", str(SAMPLE), "--model", "tiny.en", *options])
    said = capsys.readouterr()
    return code, said.out.strip(), said.err


def test_the_whole_transcript_goes_through_xrt(world: fake_pyxrt.World, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, said = run(capsys, "--target", "npu")
    assert (code, text) == (0, SPOKEN)
    assert "on npu (RyzenAI-npu1)" in said
    overlays = [overlay for overlay, _ in world.runs]
    # a self-test each, then the file's log-mel, its window, its tokens
    assert overlays[:3] == ["mel", "encoder", "decoder"]
    assert overlays.count("encoder") == 2
    assert overlays.count("decoder") > 20
    assert run(capsys, "--target", "host")[1] == text


def test_auto_takes_the_npu_and_says_why(world: fake_pyxrt.World, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, said = run(capsys)
    assert (code, text) == (0, SPOKEN)
    assert "on npu (RyzenAI-npu1) (there is an NPU it is built for; npu1, as the NPU here is RyzenAI-npu1)" in said
    world.name = "RyzenAI-npu4"
    code, text, said = run(capsys, "--device", "npu1")
    assert (code, text) == (0, SPOKEN)
    assert "no NPU: the NPU here, RyzenAI-npu4, is npu2; asked for was npu1)" in said
    assert run(capsys, "--target", "npu", "--device", "npu1")[0] == 4


def test_a_failure_midway_goes_on_with_the_host_and_is_in_the_result(
    world: fake_pyxrt.World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world.ends[:] = ["COMPLETED"] * 12 + ["TIMEOUT"]
    code, text, said = run(capsys, "--target", "npu", "-f", "json", "-o", str(tmp_path))
    assert (code, text) == (0, SPOKEN)
    assert "warning: decoder.xclbin: sequence decode_" in said
    assert "did not end within 1500 ms" in said
    assert "what is left is done on the host target" in said
    result = json.loads((tmp_path / "jfk.json").read_text())
    assert result["device"].startswith("host (")
    assert result["device_error"].startswith("decoder.xclbin: sequence decode_")
    world.ends[:] = ["COMPLETED"] * 12 + ["ERROR"]
    code, text, said = run(capsys, "--target", "npu", "--on-device-error", "fail")
    assert (code, text) == (4, "")
    assert "error: decoder.xclbin: sequence decode_" in said


def test_an_xclbin_of_zeros_never_transcribes(world: fake_pyxrt.World, capsys: pytest.CaptureFixture[str]) -> None:
    world.zeros = True
    code, text, said = run(capsys, "--target", "npu", "--on-device-error", "fail")
    assert (code, text) == (4, "")
    assert "error: mel.xclbin: the self-test failed: all 40960 values are zero" in said
