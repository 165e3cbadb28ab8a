"""What goes wrong for people: damaged audio, silence, wrong weights, damaged artifacts, a folder that refuses.

Each gives one clear line (or the right transcript), the exit code of its class, and leaves nothing half-written.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from aiebuild.cli import run_command
from aiebuild.manifest import store
from aiebuild.weights import WeightFiles

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "jfk.wav"
NAME = "base-npu1-host"

pytestmark = pytest.mark.weights


class Cli:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *argv: object, code: int) -> tuple[list[str], list[str]]:
        """Lines of standard output and standard error of a command line that ends with `code`."""
        self.capsys.readouterr()
        found = run_command([str(word) for word in argv])
        out, err = self.capsys.readouterr()
        assert found == code, err
        assert "Traceback" not in err
        return out.splitlines(), err.splitlines()

    def error(self, *argv: object, code: int) -> tuple[str, str | None]:
        """The `error:` line, which must be the only one, and the hint."""
        out, err = self(*argv, code=code)
        assert out == []
        errors = [line for line in err if line.startswith("error: ")]
        assert len(errors) == 1, err
        hints = [line.removeprefix("hint: ") for line in err if line.startswith("hint: ")]
        return errors[0].removeprefix("error: "), hints[0] if hints else None


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv("AIEBUILD_TRACEBACK", raising=False)
    return Cli(capsys)


def write_wav(path: Path, samples: NDArray[np.int16], rate: int = 16000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_flac(path: Path, samples: NDArray[np.int16]) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return path


# --- audio ----------------------------------------------------------------------------------------------------------


def test_audio_that_cannot_be_read_is_refused_before_anything_is_built(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "artifacts"))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no audio\n" * 30)
    (tmp_path / "dangling.wav").symlink_to(tmp_path / "nowhere")
    write_wav(tmp_path / "nothing.wav", np.zeros(0, np.int16))
    for name, code, error in (
        ("missing.wav", 2, "no such file"),
        ("dangling.wav", 2, "no such file"),
        ("", 2, "is a folder, not an audio file"),
        ("empty.wav", 1, "empty file"),
        ("text.wav", 1, "not an audio file that can be read: invalid data found when processing input"),
        ("nothing.wav", 1, "has no samples in it"),
    ):
        assert cli.error("run", tmp_path / name, code=code) == (f"{tmp_path / name}: {error}", None)
    assert not (tmp_path / "artifacts").exists()


def test_odd_audio_among_bad_files(
    cli: Cli, tmp_path: Path, jfk_samples: NDArray[np.int16], base_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several files in one run: the good ones are transcribed, the bad ones named, the exit code is 1."""
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(base_artifact.parent))
    missing, text = tmp_path / "missing.wav", tmp_path / "text.wav"
    text.write_text("this is no audio\n" * 30)
    whole = write_flac(tmp_path / "whole.flac", jfk_samples).read_bytes()
    truncated = tmp_path / "truncated.flac"
    truncated.write_bytes(whole[: len(whole) // 2])
    short = write_wav(tmp_path / "short.wav", jfk_samples[16000:17600])
    silent = write_wav(tmp_path / "silent.wav", np.zeros(5 * 16000, np.int16))
    half = soxr.resample(jfk_samples.astype(np.float32), 16000, 8000)
    stereo = write_wav(
        tmp_path / "stereo.wav", np.stack([half, half / 2], 1).astype(np.int16).reshape(-1), rate=8000, channels=2
    )
    files = (missing, truncated, text, short, silent, stereo)
    out, err = cli("run", "--no-build", "--no-timestamps", "--language", "en", *files, code=1)
    assert re.findall(r"\w+", out[0].lower()) == ["and", "so", "my", "fellow", "americans", "ask", "not"]
    assert out[1:3] == ["", ""]
    said = out[3].lower()
    assert said.startswith("and so my fellow america")
    assert said.rstrip(".").endswith("ask what you can do for your country")
    assert len(out) == 4
    assert f"error: {missing}: no such file" in err
    assert f"error: {text}: not an audio file that can be read: invalid data found when processing input" in err
    assert f"warning: {truncated}: damaged; 5.3 s of it can be decoded" in err
    assert f"{short}: no speech found" in err
    assert f"{silent}: no speech found" in err
    assert sum(line.startswith("error: ") for line in err) == 2


def test_an_output_folder_that_cannot_be_made(
    cli: Cli, tmp_path: Path, base_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(base_artifact.parent))
    (tmp_path / "file").touch()
    silent = write_wav(tmp_path / "silent.wav", np.zeros(1600, np.int16))
    argv = ("run", "--no-build", "--no-timestamps", "--language", "en", silent, "-f", "srt", "-o", tmp_path / "file")
    _, err = cli(*argv, code=3)
    assert err[-1].startswith(f"error: {tmp_path / 'file'}: cannot be written")


# --- arrays, models and weights -------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["weights", "tokenizer"])
def test_weights_that_are_not_what_the_configuration_names(
    damage: str, base_files: WeightFiles, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed file in the cache, and a configuration that asks for another hash."""
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("AIEBUILD_CACHE", str(tmp_path / "cache"))
    folder = base_files.model_path.parent
    copy = tmp_path / "cache" / "weights" / "base" / folder.name
    shutil.copytree(folder, copy)
    path = copy / (base_files.model_path if damage == "weights" else base_files.tokenizer_path).name
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff\x00\xff")
    error, hint = cli.error("compile", "--offline", code=1)
    assert error.startswith(f"weights in the cache are damaged: {path}: SHA-256 is ")
    assert hint == f"remove {copy} to fetch them again"
    assert not (tmp_path / "artifacts" / NAME).exists()


def test_a_hash_the_cached_weights_do_not_have(
    base_files: WeightFiles, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "artifacts"))
    right = base_files.sha256["model.bin"]
    wrong = "0" * 64
    text = (ROOT / "configs" / "models" / "base.toml").read_text()
    if right not in text:
        pytest.skip("these weights came from a source without a hash in the configuration")
    config = tmp_path / "base.toml"
    config.write_text(text.replace(right, wrong))
    error, _ = cli.error("compile", "--offline", "--model", config, code=1)
    assert error.endswith(f"model.bin: SHA-256 is {right}, expected {wrong}")
    assert not (tmp_path / "artifacts" / NAME).exists()


def test_weights_that_are_not_there(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("AIEBUILD_CACHE", str(tmp_path / "cache"))
    error, hint = cli.error("compile", "--offline", code=3)
    assert error.startswith("no weights for base: ")
    assert "offline" in error
    assert hint is not None
    assert hint.startswith("--weights FOLDER")
    assert cli.error("compile", "--weights", tmp_path / "none", code=2)[0] == (
        f"{tmp_path / 'none'}: no such file or folder"
    )


# --- artifacts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy_of_base(base_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the artifact, for damaging; files are linked to the original's until a test writes its own."""
    artifacts = tmp_path / "artifacts"
    shutil.copytree(base_artifact.resolve(), artifacts / NAME, copy_function=os.link)
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(artifacts))
    yield artifacts / NAME


def replace(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("manifest.json", "is no manifest or is cut short"),
        ("overlays/encoder.so", "the manifest says"),
        ("sequences/encoder/encode.seq", "the manifest says"),
        ("weights/mel.bin", "the manifest says"),
        ("files/tokenizer.json", "the manifest says"),
    ],
)
def test_a_truncated_artifact(name: str, error: str, copy_of_base: Path, cli: Cli) -> None:
    path = copy_of_base / name
    data = path.read_bytes()
    replace(path, data[: len(data) // 2])
    found, hint = cli.error("run", "--no-build", SAMPLE, code=1)
    assert found.startswith(f"{path}: ")
    assert error in found
    assert hint == "aiebuild compile --force, with the same --model, builds it again"


def test_a_changed_artifact(copy_of_base: Path, cli: Cli) -> None:
    path = copy_of_base / "overlays" / "mel.so"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace(path, bytes(data))
    found, _ = cli.error("run", "--no-build", SAMPLE, code=1)
    assert found == f"{path}: is not the file that was built (its SHA-256 differs)"


def test_an_artifact_that_lacks_a_file(copy_of_base: Path, cli: Cli) -> None:
    path = copy_of_base / "overlays" / "decoder.so"
    path.unlink()
    found, _ = cli.error("run", "--no-build", SAMPLE, code=1)
    assert found == f"{path}: cannot be read: No such file or directory"


def test_an_artifact_of_another_machine(copy_of_base: Path, cli: Cli) -> None:
    path = copy_of_base / store.MANIFEST
    text = path.read_text()
    replace(path, text.replace('"machine": "', '"machine": "un', 1).encode())
    found, hint = cli.error("run", "--no-build", SAMPLE, code=3)
    assert "built for un" in found
    assert found.endswith("and --no-build was given")
    assert hint is not None


# --- compiles that are cut short ------------------------------------------------------------------------------------


def compiling(artifacts: Path, *, limit: int | None = None) -> subprocess.Popen[str]:
    def limits() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {**os.environ, "AIEBUILD_ARTIFACTS": str(artifacts)}
    environment.pop("AIEBUILD_TRACEBACK", None)
    argv = [sys.executable, "-m", "aiebuild", "compile", "--model", "base"]
    return subprocess.Popen(
        argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limits
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_compile_that_is_ended_publishes_nothing(
    ending: signal.Signals, base_files: WeightFiles, tmp_path: Path
) -> None:
    """What a compile finished before it was ended is used by the next one; see `tests/build` for whole small builds."""
    process = compiling(tmp_path)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[3/"):
            break
    time.sleep(0.2)
    process.send_signal(ending)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if ending == signal.SIGKILL else 130)
    if ending != signal.SIGKILL:
        assert err.splitlines()[-1] == "interrupted"
    assert not (tmp_path / NAME).exists()
    assert not (tmp_path / ".versions").exists()


def test_files_that_may_not_grow(base_files: WeightFiles, tmp_path: Path) -> None:
    """As on a full disk, writing fails midway: one line, and no file under its final name."""
    limit = 2000
    process = compiling(tmp_path, limit=limit)
    _, err = process.communicate(timeout=120)
    assert process.returncode in (1, 3), err
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, err
    assert "Traceback" not in err
    assert not (tmp_path / NAME).exists()
    assert not [path for path in (tmp_path / ".build").rglob("*") if path.is_file() and path.stat().st_size >= limit]
