"""Whole runs beside faster-whisper int8, alternating, on the same weights, audio, threads and options.

Needs the development requirements (`make .venv/.dev`) and weights in CTranslate2's format::

    .venv/bin/python benchmarks/whole_run.py --model base --threads 2
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from aiebuild.build.models import ModelBuild
from aiebuild.config.model import load_model_config
from aiebuild.report.bench import machine_name
from aiebuild.report.run import find_artifact
from aiebuild.weights import fetch_weights
from aiebuild.whisper.audio import load_audio
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "jfk.wav"


def seconds(call: Callable[[], str]) -> tuple[float, str]:
    """How long `call` takes, and what it returns."""
    start = time.perf_counter()
    text = call()
    return time.perf_counter() - start, text.strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="base")
    parser.add_argument("--audio", type=Path, default=SAMPLE)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    from faster_whisper import WhisperModel

    audio = load_audio(options.audio)
    weights = fetch_weights(load_model_config(options.model), report=print)
    theirs = WhisperModel(
        str(weights.folder), device="cpu", compute_type=options.compute_type, cpu_threads=options.threads
    )
    artifact = find_artifact(ModelBuild(options.model), no_build=False)
    language = "en"
    how = TranscribeOptions(language=language, temperatures=(0.0,))
    floats = audio.samples.astype("float32") / 32768.0

    with DeviceModel.open(artifact, threads=options.threads) as ours:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", ours.dims)

        def run_ours() -> str:
            return transcribe(ours, tokenizer, audio.samples, how).text

        def run_theirs() -> str:
            segments, _ = theirs.transcribe(floats, language=language, beam_size=1, temperature=0.0)
            return "".join(segment.text for segment in segments)

        run_ours(), run_theirs()  # the first runs warm up
        pairs = [(seconds(run_ours), seconds(run_theirs)) for _ in range(options.repetitions)]

    our_time = statistics.median(pair[0][0] for pair in pairs)
    their_time = statistics.median(pair[1][0] for pair in pairs)
    result = {
        "machine": machine_name(),
        "threads": options.threads,
        "audio_seconds": audio.seconds,
        "aiebuild_seconds": our_time,
        f"faster_whisper_{options.compute_type}_seconds": their_time,
        "ratio": our_time / their_time,
        "aiebuild_text": pairs[-1][0][1],
        "faster_whisper_text": pairs[-1][1][1],
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    for name, value in result.items():
        print(f"{name:<32} {value:.3f}" if isinstance(value, float) else f"{name:<32} {value}")


if __name__ == "__main__":
    main()
