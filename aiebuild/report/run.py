"""`aiebuild run`: transcribes files one after the other and prints what they say."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiebuild.build.models import ModelBuild
from aiebuild.errors import AiebuildError, MissingError, UsageError
from aiebuild.manifest import cpu, store
from aiebuild.report.terminal import AudioProgress, BuildProgress, note, report_error
from aiebuild.resources import artifacts_dir

if TYPE_CHECKING:
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.tokenizer import WhisperTokenizer
    from aiebuild.whisper.transcribe import Segment, TranscribeOptions


@dataclass(frozen=True)
class RunOptions:
    """How to run. `threads`: None for one a CPU. `timestamps`: None for only when standard output is a terminal.

    `output_format`: None writes no files. `no_build`: use the artifact that stands, or fail.
    """

    threads: int | None = None
    timestamps: bool | None = None
    output_format: str | None = None
    output_dir: Path = Path()
    no_build: bool = False
    profile: Path | None = None


def run_files(audio: tuple[Path, ...], build: ModelBuild, options: RunOptions, how: TranscribeOptions) -> int:
    """Transcribe each file and print it; returns the exit code.

    One bad file among several is reported and the others go on; the exit code is then 1. An error of a single file, or
    of the model itself, is raised.
    """
    if all(not path.exists() for path in audio):
        return _all_missing(audio)
    if len(audio) == 1:
        check_audio(audio[0])
    artifact = find_artifact(build, no_build=options.no_build)
    model, tokenizer = _open(artifact, options)
    failed = 0
    with model:
        for path in audio:
            try:
                _run_file(path, model, tokenizer, options, how)
            except AiebuildError as error:
                if len(audio) == 1:
                    raise
                failed += 1
                report_error(error)
        if options.profile:
            _write_profile(model, options.profile)
    return 1 if failed else 0


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
        raise MissingError(
            f"{path}: not built, and --no-build was given", hint=f"aiebuild compile --model {build.model}"
        )
    manifest = store.read(path)
    if manifest.instruction_set is not None:
        reason = cpu.difference(manifest.instruction_set, cpu.this_instruction_set())
        if reason:
            hint = f"aiebuild compile --model {build.model} builds it for this one"
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
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.tokenizer import WhisperTokenizer

    model = DeviceModel.open(artifact, threads=options.threads, counting=options.profile is not None)
    return model, WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)


def _run_file(
    path: Path, model: DeviceModel, tokenizer: WhisperTokenizer, options: RunOptions, how: TranscribeOptions
) -> None:
    from aiebuild.whisper.audio import load_audio
    from aiebuild.whisper.transcribe import transcribe
    from aiebuild.whisper.writers import write_transcript

    start = time.monotonic()
    timestamps = sys.stdout.isatty() if options.timestamps is None else options.timestamps
    audio = load_audio(path)
    for warning in audio.warnings:
        note(f"warning: {warning}")
    with AudioProgress(str(path)) as progress:
        transcript = transcribe(
            model, tokenizer, audio.samples, how, on_segment=_print_segment if timestamps else None, progress=progress
        )
    if not timestamps:
        print(transcript.text.strip(), flush=True)
    if not transcript.text.strip():
        note(f"{path}: no speech found")
    if options.output_format:
        for written in write_transcript(transcript, path, options.output_dir, options.output_format):
            note(f"wrote {written}")
    spent = time.monotonic() - start
    note(f"{path}: {audio.seconds:.1f} s of audio ({transcript.language}) in {spent:.2f} s on {model.device}")


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
