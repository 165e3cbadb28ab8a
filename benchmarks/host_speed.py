"""The host target beside faster-whisper int8: whole files, stages, memory, start and builds, in one invocation.

    .venv/bin/python benchmarks/host_speed.py                     # everything; a quarter of an hour on a quiet machine
    .venv/bin/python benchmarks/host_speed.py --parts files stages --repetitions 3
    .venv/bin/python benchmarks/host_speed.py --load 4            # with four processes that only count

Both sides take turns on the same weights, audio and number of threads; figures are medians of the turns. Long files are
five minutes of `speech.py`, temperature 0, language given; each turn hears a copy that starts 0.1975 s later than the
last, since where windows lie decides how often a model repeats itself, which takes time. A file decoded in batches is
cut by each side's own means (pauses here, voice detection there). Needs the development requirements (`make
.venv/.dev`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from speech import STEP, load_speech

from aiebuild.build.models import ModelBuild
from aiebuild.config.model import load_model_config
from aiebuild.report.bench import machine_name
from aiebuild.report.run import find_artifact
from aiebuild.report.word_errors import normalised_words, word_errors
from aiebuild.weights import fetch_weights
from aiebuild.whisper.audio import load_audio
from aiebuild.whisper.constants import SAMPLE_RATE
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.speech import Allowed
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "jfk.wav"
PARTS = ("files", "lengths", "threads", "stages", "start", "hour", "builds")
STEPS = (20, 120)
"""Tokens after which the decoder's time is taken; a step is the difference over the steps between."""

READ = """
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>
int main(int, char **argv) {
  const int threads = atoi(argv[1]); const size_t words = size_t(1) << 24;  // 128 MB a thread
  std::vector<std::vector<uint64_t>> data(threads, std::vector<uint64_t>(words, 1));
  std::vector<uint64_t> sums(threads); std::vector<double> took;
  for (int k = 0; k < 8; ++k) {
    const auto start = std::chrono::steady_clock::now(); std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
      all.emplace_back([&, t] { uint64_t s = 0; for (uint64_t w : data[t]) s += w; sums[t] += s; });
    for (auto &t : all) t.join();
    took.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  printf("%f %llu", threads * words * 8 / took[4], (unsigned long long)sums[0]);
}
"""


@dataclass(frozen=True)
class Row:
    """A line of the table: medians of both sides in `unit`, and what the ratio of the two should not exceed."""

    what: str
    ours: float
    theirs: float | None
    unit: str
    goal: str
    note: str = ""

    def __str__(self) -> str:
        ratio = f"{self.ours / self.theirs:.2f}" if self.theirs else ""
        theirs = f"{self.theirs:.4g}" if self.theirs is not None else ""
        return f"| {self.what} | {self.ours:.4g} {self.unit} | {theirs} | {ratio} | {self.goal} | {self.note} |"


class Sides:
    """Both programs with a model, opened once."""

    def __init__(self, name: str, threads: int, windows: int = 1) -> None:
        import faster_whisper

        self.weights = fetch_weights(load_model_config(name), report=lambda line: print(line, file=sys.stderr))
        self.artifact = find_artifact(ModelBuild(name, windows=windows), no_build=False)
        self.ours = DeviceModel.open(self.artifact, threads=threads)
        self.tokenizer = WhisperTokenizer(self.artifact / "files" / "tokenizer.json", self.ours.dims)
        self.theirs = faster_whisper.WhisperModel(
            str(self.weights.folder), device="cpu", compute_type="int8", cpu_threads=threads
        )

    def run(self, samples: NDArray[np.int16], beam: int = 1, batch: int = 0) -> str:
        """The text as this program hears it."""
        how = TranscribeOptions(language="en", temperatures=(0.0,), beam_size=beam if beam > 1 else None, cut=batch > 0)
        return transcribe(self.ours, self.tokenizer, samples, how, batch_size=max(1, batch)).text

    def peer(self, samples: NDArray[np.int16], beam: int = 1, batch: int = 0) -> str:
        """The text as faster-whisper hears it."""
        import faster_whisper

        audio = samples.astype(np.float32) / 32768
        if batch:
            pipeline = faster_whisper.BatchedInferencePipeline(self.theirs)
            found, _ = pipeline.transcribe(audio, language="en", beam_size=beam, batch_size=batch, temperature=0.0)
        else:
            found, _ = self.theirs.transcribe(audio, language="en", beam_size=beam, temperature=0.0)
        return "".join(segment.text for segment in found)

    def __enter__(self) -> Sides:
        return self

    def __exit__(self, *_: object) -> None:
        self.ours.close()


def timed(call: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def turns(repetitions: int, *calls: Callable[[], Any]) -> list[float]:
    """Medians of calls that take turns."""
    times = [[timed(call) for call in calls] for _ in range(repetitions)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


Hears = Callable[[NDArray[np.int16]], Any]


def turns_on(copies: Sequence[NDArray[np.int16]], *calls: Hears) -> list[float]:
    """Medians of calls that take turns on each copy."""
    times = [[timed(lambda call=call, copy=copy: call(copy)) for call in calls] for copy in copies]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def files(repetitions: int, threads: int) -> Iterator[Row]:
    """A clip, and five minutes of speech."""
    speech = load_speech()
    copies = [speech.shifted(k * STEP)[: 300 * SAMPLE_RATE] for k in range(repetitions)]
    samples = copies[0]
    with Sides("base", threads, windows=8) as sides:
        sides.run(samples[: 20 * SAMPLE_RATE]), sides.peer(samples[: 20 * SAMPLE_RATE])
        clip = load_audio(SAMPLE).samples
        ours, theirs = turns(5 * repetitions, lambda: sides.run(clip), lambda: sides.peer(clip))
        yield Row("base, greedy, 11 s", ours, theirs, "s", "0.6")
        for what, beam, batch, goal in (
            ("base, greedy", 1, 0, "0.6"), ("base, beam 5", 5, 0, "0.6"), ("base, batches of 8", 1, 8, "0.8"),
        ):  # fmt: skip
            ours, theirs = turns_on(
                copies,
                lambda heard, beam=beam, batch=batch: sides.run(heard, beam, batch),
                lambda heard, beam=beam, batch=batch: sides.peer(heard, beam, batch),
            )
            note = ""
            if batch:
                truth = normalised_words(speech.text)
                rates = [
                    word_errors(truth, normalised_words(text)).rate
                    for text in (
                        sides.run(speech.samples, 1, batch),
                        sides.run(speech.samples),
                        sides.peer(speech.samples, 1, batch),
                    )
                ]
                note = "word error rate {:.2f} %; sequential {:.2f} %; the peer's batches {:.2f} %".format(*rates)
            yield Row(f"{what}, 300 s", ours, theirs, "s", goal, note)
    with Sides("tiny.en", threads) as sides:
        sides.run(samples[: 20 * SAMPLE_RATE]), sides.peer(samples[: 20 * SAMPLE_RATE])
        ours, theirs = turns_on(copies, sides.run, sides.peer)
        yield Row("tiny.en, greedy, 300 s", ours, theirs, "s", "0.6")


def lengths(repetitions: int, threads: int) -> Iterator[Row]:
    """Time for each window of 30 s, by length."""
    samples = load_speech().samples
    with Sides("base", threads) as sides:
        for seconds in (11, 300):
            part = samples[: seconds * SAMPLE_RATE]
            sides.run(part[: 5 * SAMPLE_RATE])
            before = encoded(sides.ours)
            (ours,) = turns(repetitions, lambda part=part: sides.run(part))
            windows = (encoded(sides.ours) - before) / repetitions
            yield Row(
                f"base, greedy, {seconds} s: a window", ours / windows, None, "s", "constant", f"{windows:g} windows"
            )


def encoded(model: DeviceModel) -> int:
    """Windows encoded so far."""
    return next(stage.dispatches for stage in model.profile().stages if stage.stage == "encoder")


def by_threads(repetitions: int, threads: int) -> Iterator[Row]:
    """60 s of speech with one thread and several."""
    samples = load_speech().samples[: 60 * SAMPLE_RATE]
    for count in sorted({1, threads}):
        with Sides("base", count) as sides:
            sides.run(samples[: 5 * SAMPLE_RATE]), sides.peer(samples[: 5 * SAMPLE_RATE])
            ours, theirs = turns(
                repetitions, lambda sides=sides: sides.run(samples), lambda sides=sides: sides.peer(samples)
            )
            yield Row(f"base, greedy, 60 s, {count} thread{'s' if count > 1 else ''}", ours, theirs, "s", "0.6")


def stages(repetitions: int, threads: int) -> Iterator[Row]:
    """Encoder, a step of the decoder, log-mel."""
    import ctranslate2

    samples = load_speech().samples[: 30 * SAMPLE_RATE]
    with Sides("base", threads) as sides:
        ours, theirs = sides.ours, sides.theirs
        audio = ours.prepare(samples)
        floats = samples.astype(np.float32) / 32768
        features = np.ascontiguousarray(theirs.feature_extractor(floats)[None, :, :3000])
        encode = turns(5 * repetitions, lambda: ours.encode(audio, 0, 3000), lambda: theirs.encode(features[0]))
        yield Row("base encoder, a window", 1e3 * encode[0], 1e3 * encode[1], "ms", "0.6")

        prompt = list(sides.tokenizer.sot_sequence("en", "transcribe"))
        vocabulary = ours.dims.n_vocab
        anything = Allowed((0, 50257), (50364, vocabulary))
        hidden = theirs.model.encode(ctranslate2.StorageView.from_array(features))

        def steps(count: int) -> None:
            ours.start([prompt], [-1], [anything])
            for token in range(count):
                ours.step([[0]], [[1000 + token]], [[anything]])

        def their_steps(count: int) -> None:
            theirs.model.generate(
                hidden, [prompt], beam_size=1, max_length=count + len(prompt), suppress_blank=False,
                suppress_tokens=list(range(50257, 50364)),
            )  # fmt: skip

        few, many = STEPS
        rates: list[float] = []
        with streaming_read(threads) as rate:
            times = turns(
                3 * repetitions,
                lambda: steps(few),
                lambda: steps(many),
                lambda: their_steps(few),
                lambda: their_steps(many),
                lambda: rates.append(rate()),
            )
        step = [1e3 * (times[k + 1] - times[k]) / (many - few) for k in (0, 2)]
        sequence = next(s for s in sides_manifest(sides) if s["sequence"] == "decode_1x1_128")
        bandwidth = statistics.median(rates)
        read = step_bytes(sides, sequence)
        share = read / (1e-3 * step[0]) / bandwidth
        yield Row(
            "decoder step, one sequence", step[0], step[1], "ms", "0.6",
            f"{read / 1e6:.1f} MB, {share:.0%} of the {bandwidth / 1e9:.1f} GB/s that {threads} threads read in turn",
        )  # fmt: skip
        mel = turns(10 * repetitions, lambda: ours.prepare(samples), lambda: theirs.feature_extractor(floats))
        yield Row(
            "log-mel, 30 s", 1e3 * mel[0], 1e3 * mel[1], "ms", "3 of openai/whisper's", "peer: faster-whisper's, NumPy"
        )


def sides_manifest(sides: Sides) -> list[dict[str, Any]]:
    """What the manifest says of the decoder's dispatches."""
    return json.loads((sides.artifact / "manifest.json").read_text())["metadata"]["decoder"]["dispatches"]


def step_bytes(sides: Sides, sequence: dict[str, Any]) -> int:
    """Bytes of weights and of keys and values that a step reads."""
    return int(sequence["arguments"][0]) + int(sequence["arguments"][2])


@contextlib.contextmanager
def streaming_read(threads: int) -> Iterator[Callable[[], float]]:
    """Gives bytes a second that this machine reads from memory: the median of eight reads of 128 MB a thread."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "read.cc", Path(folder) / "read"
        source.write_text(READ)
        subprocess.run(["g++", "-O3", "-march=native", "-pthread", str(source), "-o", str(program)], check=True)
        command = [str(program), str(threads)]
        yield lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0])


def start(repetitions: int, threads: int) -> Iterator[Row]:
    """A whole process for a short clip: from its start to its text."""
    weights = fetch_weights(load_model_config("base"), report=lambda line: print(line, file=sys.stderr))
    find_artifact(ModelBuild("base"), no_build=False)
    ours = [
        sys.executable,
        "-m",
        "aiebuild",
        "run",
        str(SAMPLE),
        "--model",
        "base",
        "--language",
        "en",
        "--threads",
        str(threads),
    ]
    theirs = [sys.executable, "-c", (
        "import sys; from faster_whisper import WhisperModel;"
        f"m = WhisperModel(sys.argv[1], device='cpu', compute_type='int8', cpu_threads={threads});"
        "print(''.join(s.text for s in m.transcribe(sys.argv[2], language='en', beam_size=1, temperature=0.0)[0]))"
    ), str(weights.folder), str(SAMPLE)]  # fmt: skip
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    medians = turns(2 * repetitions, lambda: subprocess.run(ours, **quiet), lambda: subprocess.run(theirs, **quiet))
    yield Row("a process for 11 s, to its text", medians[0], medians[1], "s", "0.8")


def hour(_: int, threads: int) -> Iterator[Row]:
    """An hour of speech: time for a window, and the largest memory, beside five minutes'."""
    samples = load_speech().samples
    find_artifact(ModelBuild("base"), no_build=False)
    for seconds in (300, 3600):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
                file.writeframes(np.resize(samples, seconds * SAMPLE_RATE).tobytes())
            command = [
                sys.executable,
                "-m",
                "aiebuild",
                "run",
                str(path),
                "--model",
                "base",
                "--language",
                "en",
                "--threads",
                str(threads),
            ]
            begin = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            took = time.perf_counter() - begin
            if status:
                raise SystemExit(f"{' '.join(command)}: exit status {status}")
            yield Row(
                f"base, greedy, {seconds} s, a process: memory",
                used.ru_maxrss / 1024,
                None,
                "MB",
                "500",
                f"{took:.1f} s, {seconds / took:.1f} times real time",
            )


def builds(_: int, threads: int) -> Iterator[Row]:
    """Building base: from nothing, after a change to one kernel, and when nothing changed; weights at hand."""
    del threads
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
        where = os.environ | {"AIEBUILD_ARTIFACTS": str(Path(folder) / "artifacts"), "PYTHONPATH": str(source)}
        command = [sys.executable, "-m", "aiebuild", "compile", "--model", "base", "--target", "host"]

        def build() -> None:
            subprocess.run(
                command, check=True, cwd=source, env=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

        yield Row("compile base, cold", timed(build), None, "s", "60 s")
        kernel = source / "kernels_src" / "decoder_sample.cc"
        kernel.write_text(
            kernel.read_text().replace("constexpr float log2_e = 1.44269504f;", "constexpr float log2_e = 1.442695f;")
        )
        yield Row("compile base, one kernel changed", timed(build), None, "s", "5 s")
        yield Row("compile base, nothing changed", min(timed(build) for _ in range(3)), None, "s", "0.3 s")


def count_forever() -> None:
    """What a busy machine does beside."""
    while True:
        sum(range(100_000))


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that only count."""
    others = [multiprocessing.Process(target=count_forever, daemon=True) for _ in range(processes)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--load", type=int, default=0, metavar="N", help="processes that only count, meanwhile")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    measures = {
        "files": files, "lengths": lengths, "threads": by_threads, "stages": stages, "start": start, "hour": hour,
        "builds": builds,
    }  # fmt: skip
    rows: list[Row] = []
    if not options.json:
        print(
            f"{machine_name()}; Python {platform.python_version()}; {options.threads} threads; "
            f"{options.load} other processes; measured"
        )
        print("\n| what | here | faster-whisper int8 | ratio | asked for | |\n|---|---|---|---|---|---|")
    with busy(options.load):
        for part in options.parts:
            for row in measures[part](options.repetitions, options.threads):
                rows.append(row)
                if not options.json:
                    print(row, flush=True)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    print(
        f"largest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
