"""The command line: exit codes, one-line errors, nothing heavy at start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiebuild import __version__
from aiebuild.cli import cli, run_command

ROOT = Path(__file__).resolve().parent.parent


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.delenv("AIEBUILD_TRACEBACK", raising=False)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"aiebuild {__version__}\n"


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in cli.commands:
        assert run_command([command, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"Usage: aiebuild {command}")


@pytest.mark.parametrize(
    ("argv", "code", "error", "hint"),
    [
        (["compil"], 2, "No such command 'compil'", "aiebuild --help"),
        (["compile", "--modle", "base"], 2, "No such option '--modle'", "aiebuild compile --help"),
        (["compile", "--model", "bse"], 2, "unknown model `bse`; did you mean `base`?", "models: "),
        (["compile", "--emit", "lowr"], 2, "no stage `lowr`; stages: render, check, lower", None),
        (["compile", "--target", "gpu"], 2, "'gpu' is not one of", "aiebuild compile --help"),
        (["compile", "--decoder-weights", "int3"], 2, "'int3' is not one of", "aiebuild compile --help"),
        (["run", "no such.wav"], 2, "no such.wav: no such file", None),
        (
            ["run", "samples/jfk.wav", "--no-build", "--decoder-weights", "int4"],
            3,
            "base-int4-npu1-host: not built, and --no-build was given",
            "aiebuild compile --model base --decoder-weights int4",
        ),
        (
            ["run", "samples/jfk.wav", "--no-build"],
            3,
            "base-npu1-host: not built, and --no-build was given",
            "aiebuild",
        ),
        (
            ["run", "samples/jfk.wav", "--language", "englsh"],
            2,
            "unknown language `englsh`; did you mean `english`?",
            None,
        ),
        (["run", "samples/jfk.wav", "--patience", "2"], 2, "--beam_size must be above 1", None),
        (["run", "samples/jfk.wav", "--beam_size", "8"], 2, "8 is not in the range", "aiebuild run --help"),
        (["run", "samples/jfk.wav", "--beam_size", "5", "--patience", "0.05"], 2, "leaves 5 beams nothing", None),
        (["run", "samples/jfk.wav", "--suppress_tokens", "1,x"], 2, "`1,x` is no list of numbers", None),
        (["run", "samples/jfk.wav", "--logprob_threshold", "low"], 2, "'low' is not a valid float", None),
        (["run", "samples/jfk.wav", "--temperature_increment_on_fallback", "-1"], 2, "must not be negative", None),
        (["run", "samples/jfk.wav", "--temperature", "2"], 2, "2.0 is not in the range", "aiebuild run --help"),
        (["check", "none.mlir"], 2, "none.mlir: no such file", None),
    ],
)
def test_errors_are_one_line(
    argv: list[str],
    code: int,
    error: str,
    hint: str | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_command(argv) == code
    found = lines(capsys)
    assert found[0].startswith("error: "), found
    assert error in found[0]
    assert len(found) <= 2
    if hint is not None:
        assert found[1].startswith("hint: ")
        assert hint in found[1]


def test_several_missing_files_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "a.wav", "b.wav"]) == 1
    assert lines(capsys) == ["error: a.wav: no such file", "error: b.wav: no such file"]


def test_an_unknown_configuration_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "configs" / "models" / "base.toml").read_text()
    config = tmp_path / "mine.toml"
    config.write_text(text.replace("n_mels", "n_mel", 1))
    assert run_command(["compile", "--model", str(config)]) == 2
    assert "mine.toml: unknown key `n_mel`; did you mean `n_mels`?" in lines(capsys)[0]


def test_a_configuration_is_named_as_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "mine.toml"
    config.write_text((ROOT / "configs" / "models" / "base.toml").read_text())
    assert run_command(["compile", "--model", str(config)]) == 2
    assert "`name` must be `mine`, as the file's, is `base`" in lines(capsys)[0]


def test_an_unwritable_artifacts_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "file"))
    assert run_command(["compile", "--model", "base"]) == 3
    found = lines(capsys)
    assert found[0].endswith("file: artifacts cannot be written there: Not a directory")
    assert found[1] == "hint: set AIEBUILD_ARTIFACTS to a folder you can write"


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert run_command(["doctor"]) == 3
    out = capsys.readouterr().out
    assert "MISSING c++ compiler" in out
    assert "get it: sudo apt-get install g++" in out


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aiebuild.cli.compile.compile_model", interrupt)
    assert run_command(["compile"]) == 130
    assert lines(capsys)[-1] == "interrupted"


def test_nothing_heavy_is_imported_at_start() -> None:
    heavy = [
        "numpy",
        "xdsl",
        "jinja2",
        "av",
        "rich",
        "tokenizers",
        "huggingface_hub",
        "filelock",
        "soxr",
        "safetensors",
    ]
    code = f"import sys, aiebuild.cli, aiebuild.build.driver; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "aiebuild", "doctor"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], {"beam_size": None, "best_of": 5, "cut": False, "temperatures": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)}),
        (["--beam_size", "5", "--patience", "2", "--length-penalty", "0.6"],
         {"beam_size": 5, "patience": 2.0, "length_penalty": 0.6}),
        (["--temperature_increment_on_fallback", "None"], {"temperatures": (0.0,)}),
        (["--temperature", "0.4", "--temperature_increment_on_fallback", "0.3"], {"temperatures": (0.4, 0.7, 1.0)}),
        (["--logprob_threshold", "None", "--no-speech-threshold", "0.3"],
         {"logprob_threshold": None, "no_speech_threshold": 0.3}),
        (["--suppress_tokens", "-1,17"], {"suppress_tokens": (-1, 17)}),
        (["--suppress_tokens", ""], {"suppress_tokens": ()}),
        (["--batch-size", "8"], {"cut": True}),
        (["--batch-size", "8", "--cut", "no"], {"cut": False}),
        (["--cut", "pauses"], {"cut": True}),
        (["b.wav", "--batch-size", "8"], {"cut": False}),
        (["--carry_initial_prompt", "True", "--initial_prompt", "x"], {"carry_initial_prompt": True}),
    ],
)  # fmt: skip
def test_options_of_run(argv: list[str], expected: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    from aiebuild.report import run

    seen: list[object] = []

    def keep(_audio: object, _build: object, _options: object, how: object) -> int:
        seen.append(how)
        return 0

    monkeypatch.setattr(run, "run_files", keep)
    assert run_command(["run", "a.wav", *argv]) == 0
    for name, value in expected.items():
        assert getattr(seen[0], name) == value, name
