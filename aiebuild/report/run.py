"""`aiebuild run`: transcribes files, one after the other or several at a time, and prints what they say in order."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aiebuild.build.models import ModelBuild
from aiebuild.errors import AiebuildError, DeviceError, MissingError, UsageError
from aiebuild.manifest import cpu, store
from aiebuild.report.terminal import AudioProgress, BuildProgress, note, report_error
from aiebuild.resources import artifacts_dir

if TYPE_CHECKING:
    from aiebuild.whisper.clip import TranscribeOptions
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.samples import Recording
    from aiebuild.whisper.tokenizer import WhisperTokenizer
    from aiebuild.whisper.transcript import Segment, Transcript


@dataclass(frozen=True)
class RunOptions:
    """How to run. `threads`: None for one a CPU. `timestamps`: None for only when standard output is a terminal.

    `output_format`: None writes no files. `no_build`: use the artifact that stands, or fail. `batch_size`: windows at a
    time. `reason`: why it runs where it does. `must`: the NPU was asked for by name. `on_device_error`: "host" or
    "fail", for an NPU that fails.
    """

    threads: int | None = None
    timestamps: bool | None = None
    output_format: str | None = None
    output_dir: Path = Path()
    no_build: bool = False
    batch_size: int = 1
    profile: Path | None = None
    reason: str = ""
    must: bool = False
    on_device_error: str = "host"
    device_error: str | None = None


def run_files(audio: tuple[Path, ...], build: ModelBuild, options: RunOptions, how: TranscribeOptions) -> int:
    """Transcribe each file and print it; returns the exit code.

    One bad file among several is reported and the others go on; the exit code is then 1. An error of a single file, or
    of the model itself, is raised.
    """
    if all(not path.exists() for path in audio):
        return _all_missing(audio)
    if len(audio) == 1:
        check_audio(audio[0])
    files = _Files(audio)
    if build.target == "npu":
        failed, options = _run_on_npu(files, build, options, how)
        if not failed:
            return 1 if files.failed else 0
        build = replace(build, target="host")
        files = files.left()
    model, tokenizer = _open(find_artifact(build, no_build=options.no_build), options)
    with model:
        _run_files(files, model, tokenizer, options, how)
        if options.profile:
            _write_profile(model, options.profile)
    return 1 if files.failed else 0


def _run_on_npu(
    files: _Files, build: ModelBuild, options: RunOptions, how: TranscribeOptions
) -> tuple[bool, RunOptions]:
    """Transcribe on the NPU. Returns whether files are left for the host target, and the options for these.

    Raises what goes wrong when that is wanted (`on_device_error`), or when the NPU was asked for and the means to build
    for it are missing.
    """
    try:
        model, tokenizer = _open(find_artifact(build, no_build=options.no_build), options)
        with model:
            _run_files(files, model, tokenizer, options, how)
            if options.profile:
                _write_profile(model, options.profile)
    except MissingError as error:
        if options.must:
            raise
        note(f"warning: nothing can be built for the NPU: {error.message}; on the host target instead")
        return True, replace(options, reason=f"the NPU is there, but {error.message}")
    except DeviceError as error:
        if options.on_device_error == "fail":
            raise
        note(f"warning: {error.message}")
        note("warning: the NPU failed; what is left is done on the host target")
        return True, replace(options, reason=f"the NPU failed: {error.message}", device_error=error.message)
    return False, options


def check_audio(path: Path) -> None:
    """Decode the start of a file: what cannot be transcribed is said before anything is built.

    Pipes can be read once only and are left alone. Raises UsageError or BuildError as `load_audio`.
    """
    from aiebuild.whisper.audio import iter_audio

    if path.exists() and not path.is_file() and not path.is_dir():
        return
    next(iter_audio(path, lambda _: None), None)


def find_artifact(build: ModelBuild, *, no_build: bool) -> Path:
    """The up-to-date artifact, built first unless `no_build`.

    Raises MissingError when `no_build` is set and the artifact is not there or was built for another CPU.
    """
    from aiebuild.build.models import compile_model

    if not no_build:
        with BuildProgress(f"compiling {build.name}") as progress:
            return compile_model(build, progress).path
    path = artifacts_dir() / build.name
    if not path.exists():
        raise MissingError(f"{path}: not built, and --no-build was given", hint=f"aiebuild compile {build.arguments}")
    manifest = store.read(path)
    if manifest.instruction_set is not None:
        reason = cpu.difference(manifest.instruction_set, cpu.this_instruction_set())
        if reason:
            hint = f"aiebuild compile {build.arguments} builds it for this one"
            raise MissingError(f"{path}: {reason}, and --no-build was given", hint=hint)
    return path


def _all_missing(audio: tuple[Path, ...]) -> int:
    """Nothing to transcribe: said before anything is built."""
    errors = [UsageError(f"{path}: no such file") for path in audio]
    if len(errors) == 1:
        raise errors[0]
    for error in errors:
        report_error(error)
    return 1


def _open(artifact: Path, options: RunOptions) -> tuple[DeviceModel, WhisperTokenizer]:
    from aiebuild.runtime.xrt import XrtDevice
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.tokenizer import WhisperTokenizer

    manifest = store.load(artifact)
    if manifest.target == "npu":
        device = XrtDevice(artifact, manifest)
        try:
            model = DeviceModel(artifact, manifest, cast(Any, device), counting=False)
        except BaseException:
            device.close()
            raise
    else:
        model = DeviceModel.open(artifact, threads=options.threads, counting=options.profile is not None)
    return model, WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)


class _Files:
    """The files of a run, decoded as they are asked for. `taken`: path, length in seconds and time of asking of each
    that could be read, in order; `failed`: how many could not."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self.taken: list[tuple[Path, float, float]] = []
        self.failed = 0
        self.finished = 0
        self._asked = 0

    @property
    def title(self) -> str:
        """What is transcribed, in words."""
        return str(self._paths[0]) if len(self._paths) == 1 else f"{len(self._paths)} files"

    def samples(self) -> Iterator[Recording]:
        """16 kHz samples, file by file; what is wrong with one is said."""
        from aiebuild.whisper.audio import record
        from aiebuild.whisper.constants import SAMPLE_RATE

        for path in self._paths:
            self._asked += 1
            start = time.monotonic()
            warnings: list[str] = []
            try:
                recording = record(path, warnings.append)
            except AiebuildError as error:
                if len(self._paths) == 1:
                    raise
                self.failed += 1
                report_error(error)
                continue
            for warning in warnings:
                note(f"warning: {warning}")
            self.taken.append((path, recording.size / SAMPLE_RATE, start))
            yield recording

    def left(self) -> _Files:
        """The files that no transcript was given for, to be done anew."""
        taken = [path for path, _, _ in self.taken[self.finished :]]
        rest = _Files((*taken, *self._paths[self._asked :]))
        rest.failed = self.failed
        return rest


def _run_files(
    files: _Files, model: DeviceModel, tokenizer: WhisperTokenizer, options: RunOptions, how: TranscribeOptions
) -> None:
    from aiebuild.whisper.transcribe import transcribe_files

    timestamps = sys.stdout.isatty() if options.timestamps is None else options.timestamps
    with AudioProgress(files.title) as progress:
        transcripts = transcribe_files(
            model,
            tokenizer,
            files.samples(),
            how,
            batch_size=options.batch_size,
            on_segment=(lambda _, segment: _print_segment(segment)) if timestamps else None,
            progress=progress,
        )
        for number, transcript in enumerate(transcripts):
            path, seconds, start = files.taken[number]
            if not timestamps:
                print(transcript.text.strip(), flush=True)
            _finish(path, transcript, options, model.device)
            files.finished += 1
            spent = time.monotonic() - start
            why = f" ({options.reason})" if options.reason not in ("", "asked for") else ""
            note(f"{path}: {seconds:.1f} s of audio ({transcript.language}) in {spent:.2f} s on {model.device}{why}")


def _finish(path: Path, transcript: Transcript, options: RunOptions, device: str) -> None:
    from aiebuild.whisper.writers import write_transcript

    if not transcript.text.strip():
        note(f"{path}: no speech found")
    if options.output_format:
        for written in write_transcript(transcript, path, options.output_dir, options.output_format):
            if options.device_error is not None and written.suffix == ".json":
                _note_failure(written, device, options.device_error)
            note(f"wrote {written}")


def _note_failure(path: Path, device: str, failure: str) -> None:
    """Add to a JSON transcript where it was made in the end, and what had failed."""
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "device": device, "device_error": failure}), encoding="utf-8")


def _print_segment(segment: Segment) -> None:
    from aiebuild.whisper.writers import format_timestamp

    if segment.text.strip():
        times = f"[{format_timestamp(segment.start)} --> {format_timestamp(segment.end)}]"
        print(f"{times} {segment.text.strip()}", flush=True)


def _write_profile(model: DeviceModel, path: Path) -> None:
    from aiebuild.report.profile import print_profile, write_profile

    profile = model.profile()
    print_profile(profile)
    write_profile(profile, path)
    note(f"wrote {path}")
