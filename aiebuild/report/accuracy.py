"""The part of `aiebuild check MODEL` that computes: every kernel and every stage against its reference, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from aiebuild.build.models import ModelBuild
from aiebuild.report import agreement
from aiebuild.report.agreement import Agreement
from aiebuild.report.terminal import note


@dataclass(frozen=True)
class Row:
    """A line of the table of stages: what was measured, what is asked for, and whether it is met."""

    stage: str
    figure: str
    found: str
    wanted: str
    good: bool


def check_kernels(device: str) -> bool:
    """Compile the kernels of the encoder and the decoder for an array and try each on random data; print a table.

    Returns whether all agree. Raises MissingError without a compiler, ToolError when a kernel does not compile,
    BuildError when one writes into its input.
    """
    from aiebuild.designs import decoder, decoder_trials, encoder, encoder_trials
    from aiebuild.designs.grid import grid_of
    from aiebuild.report.kernels import kernel_library

    good, grid = True, grid_of(device)
    lines = [("kernel", "error, as a part of what is allowed", "")]
    with TemporaryDirectory(prefix="aiebuild-kernels-") as folder:
        for name, sources, trials in (
            ("encoder", encoder.KERNELS, encoder_trials.trials),
            ("decoder", decoder.KERNELS, decoder_trials.trials),
        ):
            for trial in trials(kernel_library(name, sources, Path(folder), grid), grid):
                wrong = trial.mismatch
                if wrong:
                    note(f"error: {wrong}")
                good &= wrong is None
                lines.append((trial.name, f"{trial.expected.excess(trial.got):.2f}", "differs" if wrong else "agrees"))
    _print_table(lines)
    return good


def check_stages(build: ModelBuild, audio: Path) -> bool:
    """Run the first window of `audio` through a model's artifact and float32, print a table; whether all is well.

    Compiles the model first when its artifact is not up to date; raises what that and `run` raise.
    """
    from aiebuild.report.run import find_artifact

    rows = list(_stages(build, find_artifact(build, no_build=False), audio))
    head = ("stage", "figure", "found", "wanted", "")
    _print_table([head, *((r.stage, r.figure, r.found, r.wanted, "good" if r.good else "BAD") for r in rows)])
    return all(row.good for row in rows)


def _stages(build: ModelBuild, artifact: Path, audio: Path) -> Iterator[Row]:
    from aiebuild.config.model import load_model_config
    from aiebuild.weights import fetch_weights, load_weights
    from aiebuild.whisper.audio import load_audio
    from aiebuild.whisper.constants import N_FRAMES
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.reference import ReferenceModel
    from aiebuild.whisper.tokenizer import WhisperTokenizer

    config = load_model_config(Path(build.model) if build.model.endswith(".toml") else build.model)
    files = fetch_weights(config, path=build.weights, offline=build.offline, report=note)
    weights = load_weights(files, config)
    reference = ReferenceModel(weights, config.dims)
    samples = load_audio(audio).samples
    with DeviceModel.open(artifact) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        heard, mel = model.prepare(samples), reference.prepare(samples).mel
        frames = min(N_FRAMES, heard.content_frames)
        yield from _signal(
            "log-mel", Agreement.of(agreement.log_mel(heard)[:frames], mel.T[:frames]), agreement.LOG_MEL_CORRELATION
        )
        model.encode(heard, 0, frames)
        window = np.zeros((config.dims.n_mels, N_FRAMES), np.float32)
        window[:, :frames] = mel[:, :frames]
        features = reference.encode_mel(window)
        yield from _signal(
            "encoder", Agreement.of(agreement.encoder_features(model, weights), features), agreement.ENCODER_CORRELATION
        )
        reference.set_audio_features(features)
        tokens = agreement.forced_text(model, reference, *agreement.float32_text(reference, tokenizer))
        what = "decoder, text given"
        same, divergence = (limit[build.decoder_weights] for limit in (agreement.SAME_TOKEN, agreement.DIVERGENCE))
        yield Row(
            what, "same best token", f"{tokens.same} of {tokens.places}", f">= {same:.0%}",
            tokens.same >= same * tokens.places,
        )  # fmt: skip
        yield Row(
            what, "mean KL divergence", f"{tokens.divergence:.5f}", f"<= {divergence}", tokens.divergence <= divergence,
        )  # fmt: skip


def _signal(stage: str, found: Agreement, correlation: float) -> Iterator[Row]:
    yield Row(stage, "correlation", f"{found.correlation:.6f}", f"> {correlation}", found.correlation > correlation)
    if stage == "log-mel":
        good = found.largest <= agreement.LOG_MEL_ERROR
        yield Row(stage, "largest error", f"{found.largest:.4f}", f"<= {agreement.LOG_MEL_ERROR}", good)
    else:
        good = found.sqnr >= agreement.ENCODER_SQNR
        yield Row(stage, "SQNR, dB", f"{found.sqnr:.2f}", f">= {agreement.ENCODER_SQNR:g}", good)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
