"""Builds for the NPU with fake tools of every generation: the plan, what is published, and what the faults come to."""

from __future__ import annotations

import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.build import npu_stages, step
from aiebuild.build.driver import Options, build, make_plan
from aiebuild.build.execute import Silent, write_files
from aiebuild.build.fresh import Request
from aiebuild.build.models import ModelBuild, compile_model, resolve_targets
from aiebuild.build.plan import describe
from aiebuild.designs.grid import grid_of
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.selftest import dims_of, self_tests
from aiebuild.designs.spec import Design
from aiebuild.designs.whisper import decoder_overlay, encoder_overlay
from aiebuild.errors import AiebuildError, MissingError, UsageError
from aiebuild.host.insts import decode_insts
from aiebuild.manifest.store import load
from aiebuild.manifest.types import Manifest
from aiebuild.toolchain import aie, peano
from tests.fakes.golden import same_as_golden
from tests.fakes.tools import OPTIONS, SPELLINGS, Faults, calls, install_mlir_aie, install_peano

ROOT = Path(__file__).resolve().parents[2]
NAME = "mel-npu1-npu"
REQUEST = Request(NAME, target="npu")


def design(*, known: bool = False) -> Design:
    """The mel overlay alone."""
    mel = mel_overlay(80)
    return Design("mel", "npu1", (mel.overlay(),), (mel.pack(),), tests=self_tests(mel)[:1] if known else ())


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No tools but the tests' own."""
    for name in (*aie.VARIABLES, peano.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(aie, "find_spec", lambda name: None)
    monkeypatch.setattr(peano, "packages_folder", lambda: tmp_path / "no-site")


def use(monkeypatch: pytest.MonkeyPatch, root: Path, aiecc: Faults | None = None, clang: Faults | None = None) -> None:
    """Fakes below `root`, named in the environment."""
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(install_mlir_aie(root / "mlir_aie", aiecc)))
    monkeypatch.setenv(peano.VARIABLE, str(install_peano(root / "llvm-aie", clang)))


def make(artifacts: Path, **options: object) -> Manifest:
    build(artifacts, REQUEST, design, Silent(), Options(**options))  # type: ignore[arg-type]
    return load(artifacts / NAME)


@pytest.mark.parametrize("generation", OPTIONS)
def test_the_plan_for_every_generation(generation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, Faults(generation=generation))
    plan = make_plan(design(known=True), REQUEST, None)
    folder = next(entry.outputs[0].split("/")[1] for entry in plan.steps if entry.stage == "object")
    key = folder.removeprefix("npu1-")
    text = describe(plan).replace(key, "TOOLS") + "\n"
    for entry in plan.steps:
        if "--" in entry.argv:
            text += " ".join(entry.argv[entry.argv.index("--") + 1 :]) + "\n"
    lines = [line for line in text.splitlines() if "g++" not in line and "/c++" not in line]
    shown = "\n".join(lines).replace(str(tmp_path), "/tools").replace(key, "TOOLS")
    shown = shown.replace(str(ROOT), "/project")
    same_as_golden(f"plans/{generation.lower()}.txt", shown + "\n")


def test_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = "C3"
    use(monkeypatch, tmp_path, Faults(generation=generation, program=12345))
    manifest = make(tmp_path / "artifacts")
    assert (manifest.target, manifest.artifact, manifest.instruction_set) == ("npu", NAME, None)
    assert manifest.profile == f"{generation}, spelling {SPELLINGS[generation]}"
    assert {"aiecc", "peano"} <= {tool.name for tool in manifest.tools}
    overlay = manifest.overlay("mel")
    assert overlay.library.path == "overlays/mel.xclbin"
    assert len(overlay.programs) == 16
    program = overlay.programs[0]
    assert (program.column, program.row, program.program_bytes, program.stack_size) == (0, 2, 12345, 2048)
    assert program.stack_bytes == 64 + 320
    assert program.stack_path[0].startswith("mel_")
    assert program.unmeasured == ("__extendhfsf2",)
    sequence = overlay.sequence("mel_512")
    assert sequence.file.path == "sequences/mel/mel_512.insts.bin"
    stream = decode_insts((tmp_path / "artifacts" / NAME / sequence.file.path).read_bytes())
    assert stream.header.device == "npu1"
    sizes = mel_overlay(80).arguments(1)
    assert [argument.bytes for argument in sequence.arguments] == list(sizes)
    assert [argument.read is not None for argument in sequence.arguments] == [True, True, False, False]
    assert sequence.arguments[2].written == (0, sizes[2])
    # kernels were compiled by Peano, with the flags of the profile
    (kernel,) = calls(tmp_path / "llvm-aie")
    assert "--target=aie2-none-unknown-elf" in kernel
    assert kernel[kernel.index("-c") + 1].endswith("kernels_src/mel.cc")


def test_npu2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three overlays with eight columns, one sequence of each, of a small model."""
    use(monkeypatch, tmp_path)
    grid = grid_of("npu2")
    dims = dims_of(grid)
    overlays = (mel_overlay(80, "npu2").overlay(), encoder_overlay(dims, grid), decoder_overlay(dims, (1,), grid))
    overlays = tuple(replace(overlay, sequences=overlay.sequences[:1]) for overlay in overlays)
    folder = tmp_path / "artifacts"
    build(folder, Request("small-npu2-npu", target="npu"), lambda: Design("small", "npu2", overlays), Silent())
    manifest = load(folder / "small-npu2-npu")
    for overlay in manifest.overlays:
        assert len(overlay.programs) == 32
        (sequence,) = overlay.sequences
        stream = decode_insts((folder / "small-npu2-npu" / sequence.file.path).read_bytes())
        assert (stream.header.device, stream.header.columns) == ("npu2", 8)
    kernels = calls(tmp_path / "llvm-aie")
    assert len(kernels) == 11
    assert all("--target=aie2p-none-unknown-elf" in kernel and "-DBLOCK_ROWS=8" in kernel for kernel in kernels)


def test_an_mlir_aie_that_cannot_pin_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, Faults(generation="B"))
    overlay = replace(encoder_overlay(dims_of(grid_of("npu1"))), sequences=())
    with pytest.raises(MissingError, match=r"spelling b ignores which DMA channels the objectfifos of overlay encoder"):
        make_plan(Design("encoder", "npu1", (overlay,)), REQUEST, None)


def test_nothing_to_do_and_what_a_tool_change_rebuilds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    artifacts = tmp_path / "artifacts"
    make(artifacts)
    assert build(artifacts, REQUEST, design, Silent()).up_to_date
    use(monkeypatch, tmp_path, clang=Faults(version="22.0.1"))
    clang = tmp_path / "llvm-aie" / "bin" / "clang++"
    clang.write_text(clang.read_text() + "# another one\n")
    reporter = Silent()
    build(artifacts, REQUEST, design, reporter, Options(explain=True))
    assert "compile kernel mel.cc for the NPU" in reporter.steps
    assert not any(what.startswith("instructions of") for what in reporter.steps)
    assert any(note == "compile kernel mel.cc for the NPU: Peano changed" for note in reporter.notes)


FAULTS = [
    ("aiecc", Faults(fault="refuse"), 1, "aiecc failed with exit code 1", "'aie.tile' op no"),
    ("aiecc", Faults(fault="crash"), 1, "aiecc was ended by SIGABRT", "submit a bug report"),
    ("aiecc", Faults(fault="nothing"), 1, "aiecc ended well, but wrote no", ""),
    ("aiecc", Faults(fault="full"), 3, "No space left on device", ""),
    ("aiecc", Faults(fault="truncated"), 1, "what aiecc wrote is no xclbin", ""),
    ("aiecc", Faults(program=16400), 1, "its program is 16,400 bytes, its program memory 16,384", ""),
    ("clang", Faults(fault="crash"), 1, "clang++ was ended by SIGABRT", "submit a bug report"),
    ("clang", Faults(fault="full"), 3, "No space left on device", ""),
    ("clang", Faults(fault="truncated"), 1, "mel.o: is cut short", ""),
    ("clang", Faults(frame=2000), 1, "calls take 2,064 bytes of stack, its stack_size is 2,048: mel_", ""),
    ("clang", Faults(recursion=True), 1, "the stack cannot be bounded: mel_", ""),
]


def run_steps(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan's steps, one after the other in this process. Raises the error a step reports."""
    plan = make_plan(design(), REQUEST, None)
    folder.mkdir(exist_ok=True)
    write_files(plan, folder)
    monkeypatch.chdir(folder)
    for entry in plan.steps:
        if step.main(list(entry.argv[3:])):
            said = capsys.readouterr().out
            marked = next(line for line in said.splitlines() if line.startswith(step.MARK))
            values = json.loads(marked.removeprefix(step.MARK))
            error = AiebuildError(values["message"], detail=values["detail"])
            error.exit_code = values["exit_code"]
            raise error


@pytest.mark.parametrize(("tool", "fault", "code", "message", "detail"), FAULTS)
def test_faults(
    tool: str,
    fault: Faults,
    code: int,
    message: str,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(monkeypatch, tmp_path, **{tool: fault})
    with pytest.raises(AiebuildError) as caught:
        run_steps(tmp_path / "build", monkeypatch, capsys)
    assert message in str(caught.value)
    assert caught.value.exit_code == code
    if detail:
        assert caught.value.detail is not None
        command, _, output = caught.value.detail.partition("\n")
        assert command.startswith(str(tmp_path))  # the command, verbatim
        assert detail in output


def test_a_tool_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, tmp_path, Faults(fault="hang"))
    monkeypatch.setattr(npu_stages, "SECONDS", 1)
    with pytest.raises(AiebuildError, match="aiecc: not done after 1 s") as caught:
        run_steps(tmp_path / "build", monkeypatch, capsys)
    assert "--xclbin-name" in str(caught.value.detail)


def test_a_missing_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingError, match="no aiecc found") as caught:
        make(tmp_path / "artifacts")
    assert caught.value.hint == "aiebuild toolchain install"
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(install_mlir_aie(tmp_path / "mlir_aie")))
    monkeypatch.setenv(peano.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(MissingError, match=r"\$PEANO_INSTALL_DIR"):
        make(tmp_path / "artifacts")
    # said before any weights are fetched
    with pytest.raises(MissingError, match=r"\$PEANO_INSTALL_DIR"):
        compile_model(ModelBuild("large-v3", target="npu"), Silent(), artifacts=tmp_path / "artifacts")


def test_targets_of_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert resolve_targets("auto") == ("host",)
    assert resolve_targets("all") == ("host", "npu")
    use(monkeypatch, tmp_path)
    assert resolve_targets("auto") == ("host", "npu")
    with pytest.raises(UsageError, match="no target `gpu`"):
        resolve_targets("gpu")
    build = ModelBuild("base", target="npu")
    assert (build.request().name, build.request().target) == ("base-npu1-npu", "npu")
    assert ModelBuild("base", decoder_weights="int4").request().name == "base-int4-npu1-host"
    with pytest.raises(UsageError, match="no decoder weights of type `int2`; types: int8, mixed, int4"):
        ModelBuild("base", decoder_weights="int2").request()
    with pytest.raises(UsageError, match="counted on the host target only"):
        make_plan(design(), Request(NAME, counting=True, target="npu"), None)


@pytest.mark.parametrize("tool", ["aiecc", "clang"])
def test_a_reproducer(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, **{tool: Faults(fault="refuse")})
    path = tmp_path / "case.tar.gz"
    with pytest.raises(AiebuildError):
        make(tmp_path / "artifacts", jobs=1, reproducer=path)
    assert not (tmp_path / "artifacts" / NAME).exists()
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    folder = tmp_path / "unpacked" / "case"
    assert "'aie.tile' op no" in (folder / "output.txt").read_text()
    # repeated as it is, and with a tool that works
    done = subprocess.run([folder / "reproduce.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "'aie.tile' op no" in done.stderr
    good = install_mlir_aie(tmp_path / "good") if tool == "aiecc" else install_peano(tmp_path / "good")
    program = good / "bin" / ("aiecc" if tool == "aiecc" else "clang++")
    subprocess.run([folder / "reproduce.sh"], env={"TOOL": str(program), "PATH": "/usr/bin:/bin"}, check=True)
