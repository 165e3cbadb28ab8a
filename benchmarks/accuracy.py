"""How well a model compiled for the host hears real speech, beside faster-whisper in float32 with the same weights.

    .venv/bin/python benchmarks/accuracy.py                                  # everything; the better part of an hour
    .venv/bin/python benchmarks/accuracy.py --model tiny.en --shifts 1       # a quick look

Word error rates are averages over copies of the audio that start 0, 0.1975, ... 1.3825 s later, because moving the
windows alone changes words; the lowest and highest of the copies stand beside each, and with a difference its standard
error over the copies. A copy's rate is that of all its files' words (`speech.py` has two files). Both sides decode at
temperature 0 (or, with `--fallback`, as both do by default: at higher ones where a window's text is repetitive or
unlikely), with timestamps, each window prompted by the last, language given, no voice detection. Windows for the
encoder's agreement and for the text that is forced are cut at pauses. Needs the development requirements (`make
.venv/.dev`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from speech import FILES, STEP, Speech

from aiebuild.build.models import DECODER_WEIGHTS, ModelBuild
from aiebuild.config.model import load_model_config
from aiebuild.errors import AiebuildError
from aiebuild.report import agreement
from aiebuild.report.agreement import Agreement, NextTokens
from aiebuild.report.bench import machine_name
from aiebuild.report.run import find_artifact
from aiebuild.report.terminal import report_error
from aiebuild.report.word_errors import normalised_words, simple_words, word_errors
from aiebuild.resources import cache_dir
from aiebuild.weights import WhisperWeights, fetch_weights, load_weights
from aiebuild.whisper.clip import TEMPERATURES, TranscribeOptions
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.pauses import cut_at_pauses
from aiebuild.whisper.reference import ReferenceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import transcribe


@dataclass(frozen=True)
class Spread:
    """A figure over several copies: mean, lowest, highest."""

    mean: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Of a few values."""
        return Spread(statistics.fmean(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True)
class Rates:
    """Word error rates of the copies, in %: of ours, of theirs."""

    ours: list[float]
    theirs: list[float]

    @property
    def difference(self) -> tuple[float, float]:
        """Mean of ours less theirs, copy by copy, and its standard error (NaN of one copy)."""
        apart = [mine - other for mine, other in zip(self.ours, self.theirs, strict=True)]
        error = statistics.stdev(apart) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
        return statistics.fmean(apart), error


@dataclass
class Result:
    """What was found of a model. Word error rates by name."""

    model: str
    machine: str
    seconds: float
    words: int
    shifts: int
    rates: dict[str, Rates] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def print(self) -> None:
        """Print as tables."""
        print(f"{self.model}: {self.seconds:.0f} s, {self.words} words, {self.shifts} copies; {self.machine}; measured")
        if self.rates:
            print(f"  {'word error rate, %':58} {'ours':24} {'float32':24} difference")
        for name, found in self.rates.items():
            mean, error = found.difference
            sides = f"{Spread.of(found.ours)!s:24} {Spread.of(found.theirs)!s:24}"
            print(f"  {name:58} {sides} {mean:+.2f} +- {error:.2f}")
        for name, value in self.figures.items():
            print(f"  {name:58} {value:.6g}")


COMPARED: dict[str, Callable[[str], list[str]]] = {"simple": simple_words, "normalised": normalised_words}
"""What the words of a text are."""


def rate(spoken: Sequence[Speech], texts: Sequence[str], words: Callable[[str], list[str]]) -> float:
    """Word error rate of the texts of all files, in %."""
    found = [word_errors(words(speech.text), words(text)) for speech, text in zip(spoken, texts, strict=True)]
    return 100 * sum(one.errors for one in found) / sum(one.words for one in found)


def add_rates(
    result: Result, what: str, spoken: Sequence[Speech], ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]
) -> None:
    """Put the rates of all copies, a text of each file for each, into the result."""
    for name, words in COMPARED.items():
        result.rates[f"{what}, {name}"] = Rates(
            [rate(spoken, texts, words) for texts in ours], [rate(spoken, texts, words) for texts in theirs]
        )


class Peer:
    """faster-whisper in float32. Its texts are kept in the cache, as they are the same each time."""

    def __init__(self, folder: Path, threads: int, temperatures: tuple[float, ...]) -> None:
        import faster_whisper

        self._temperatures = temperatures

        self._version = faster_whisper.__version__
        self._open = lambda: faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type="float32", cpu_threads=threads
        )
        self._model: faster_whisper.WhisperModel | None = None
        self._weights = hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest()[:16]

    def text(self, samples: NDArray[np.int16], beam_size: int) -> str:
        """What it hears."""
        heard = hashlib.sha256(samples.tobytes()).hexdigest()[:16]
        how = f"{beam_size}" if self._temperatures == (0.0,) else f"{beam_size}-fallback"
        path = cache_dir() / "speech" / f"peer-{self._version}-{self._weights}-{heard}-{how}.txt"
        if not path.is_file():
            self._model = self._model or self._open()
            segments, _ = self._model.transcribe(
                samples.astype(np.float32) / 32768,
                language="en",
                beam_size=beam_size,
                temperature=list(self._temperatures),
            )
            path.write_text("".join(segment.text for segment in segments), encoding="utf-8")
        return path.read_text(encoding="utf-8")


def heard_words(
    result: Result, spoken: Sequence[Speech], beam_sizes: Sequence[int], run: Callable[..., str], peer: Peer
) -> None:
    """Word error rates of both sides, over the copies."""
    for beam_size in beam_sizes:
        ours: list[list[str]] = []
        theirs: list[list[str]] = []
        for copy in range(result.shifts):
            start = time.monotonic()
            heard = [speech.shifted(copy * STEP) for speech in spoken]
            ours.append([run(samples, beam_size) for samples in heard])
            theirs.append([peer.text(samples, beam_size) for samples in heard])
            rates = [f"{rate(spoken, texts[-1], normalised_words):.2f}" for texts in (ours, theirs)]
            print(f"beam {beam_size}, copy {copy}: {rates}, {time.monotonic() - start:.0f} s", file=sys.stderr)
        add_rates(result, "greedy" if beam_size == 1 else f"beam {beam_size}", spoken, ours, theirs)


def agreements(
    result: Result, spoken: Sequence[Speech], model: DeviceModel, weights: WhisperWeights, tokenizer: WhisperTokenizer
) -> None:
    """The encoder's windows and the next tokens of float32's text, beside float32."""
    reference = ReferenceModel(weights, model.dims)
    encoder: list[Agreement] = []
    forced: dict[str, list[NextTokens]] = {"whole model": [], "its encoder, float32's decoder": []}
    prepared = [(one.samples, model.prepare(one.samples), reference.prepare(one.samples).mel) for one in spoken]
    cuts = [(audio, mel, *cut) for samples, audio, mel in prepared for cut in cut_at_pauses(samples)]
    for audio, mel, start, stop in cuts:
        window = np.zeros((mel.shape[0], N_FRAMES), np.float32)
        window[:, : stop - start] = mel[:, start:stop]
        features = reference.encode_mel(window)
        model.encode(audio, start, stop - start)
        ours = agreement.encoder_features(model, weights)
        encoder.append(Agreement.of(ours, features))
        reference.set_audio_features(features)
        said = agreement.float32_text(reference, tokenizer)
        exact = agreement.float32_logits(reference, *said)
        forced["whole model"].append(agreement.forced_text(model, reference, *said))
        reference.set_audio_features(ours)
        of_encoder = agreement.next_tokens(agreement.float32_logits(reference, *said), exact)
        forced["its encoder, float32's decoder"].append(of_encoder)
        print(
            f"window at {start / 100:.1f} s: {encoder[-1]} {[found[-1] for found in forced.values()]}", file=sys.stderr
        )
    result.figures |= {
        "encoder: windows": len(encoder),
        "encoder: lowest correlation": min(one.correlation for one in encoder),
        "encoder: lowest SQNR (dB)": min(one.sqnr for one in encoder),
        "encoder: mean SQNR (dB)": statistics.fmean(one.sqnr for one in encoder),
    }
    for name, found in forced.items():
        places = sum(one.places for one in found)
        result.figures |= {
            f"{name}: next tokens of float32's text": places,
            f"{name}: same best token (%)": 100 * sum(one.same for one in found) / places,
            f"{name}: mean KL divergence (nats)": sum(one.divergence * one.places for one in found) / places,
        }


def batches(result: Result, spoken: Sequence[Speech], run: Callable[..., str], batch_size: int) -> None:
    """Windows cut at pauses, one and several at a time."""
    texts = {
        size: [[run(speech.shifted(copy * STEP), 1, size) for speech in spoken] for copy in range(result.shifts)]
        for size in (batch_size, 1)
    }
    same = sum(a == b for a, b in zip(*texts.values(), strict=True))
    result.figures[f"copies with the same text in batches of {batch_size} and of 1"] = same
    add_rates(result, f"cut at pauses, {batch_size} at a time | one at a time", spoken, *texts.values())


def measure(name: str, options: argparse.Namespace) -> Result:
    """All that is asked for of a model."""
    spoken = [FILES[name]() for name in options.speech]
    config = load_model_config(name)
    files = fetch_weights(config, report=lambda line: print(line, file=sys.stderr))
    windows = options.batch_size if "batch" in options.parts else 1
    artifact = find_artifact(
        ModelBuild(name, windows=windows, decoder_weights=options.decoder_weights), no_build=options.no_build
    )
    words = sum(len(simple_words(speech.text)) for speech in spoken)
    result = Result(name, machine_name(), sum(speech.seconds for speech in spoken), words, options.shifts)
    temperatures = TEMPERATURES if options.fallback else (0.0,)
    with DeviceModel.open(artifact, threads=options.threads) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)

        def run(samples: NDArray[np.int16], beam_size: int, batch_size: int = 0) -> str:
            how = TranscribeOptions(
                language="en",
                temperatures=temperatures,
                beam_size=beam_size if beam_size > 1 else None,
                best_of=5,
                cut=batch_size > 0,
            )
            return transcribe(model, tokenizer, samples, how, batch_size=max(1, batch_size)).text

        if "words" in options.parts:
            heard_words(result, spoken, options.beams, run, Peer(files.folder, options.threads, temperatures))
        if "agreement" in options.parts:
            agreements(result, spoken, model, load_weights(files, config), tokenizer)
        if "batch" in options.parts:
            batches(result, spoken, run, options.batch_size)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="may be repeated; default: base and tiny.en")
    parser.add_argument("--speech", nargs="+", choices=FILES, default=list(FILES), help="files of speech")
    parser.add_argument("--shifts", type=int, default=8, help="copies of the audio")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--parts", nargs="+", choices=("words", "agreement", "batch"), default=None)
    parser.add_argument("--decoder-weights", choices=DECODER_WEIGHTS, default="int8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--fallback", action="store_true", help="higher temperatures where a text looks wrong, as by default"
    )
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.parts = options.parts or ["words", "agreement", "batch"]
    results = [measure(name, options) for name in options.model or ["base", "tiny.en"]]
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
        return
    for result in results:
        result.print()


if __name__ == "__main__":
    try:
        main()
    except AiebuildError as error:
        report_error(error)
        sys.exit(error.exit_code)
