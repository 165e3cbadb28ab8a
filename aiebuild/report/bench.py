"""`aiebuild bench`: figures measured on this machine: operations of the designs, a model's stages, whole runs."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

from aiebuild.build.models import ModelBuild
from aiebuild.report.run import find_artifact
from aiebuild.report.terminal import BuildProgress, note
from aiebuild.resources import artifacts_dir


@dataclass(frozen=True)
class Measured:
    """One figure: what was done, the median of its times in seconds, and a rate with its unit where it has one."""

    name: str
    seconds: float
    repetitions: int
    rate: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Bench:
    """All figures of one artifact; `text` is what the whole run transcribed."""

    machine: str
    device: str
    artifact: str
    audio: str
    text: str
    figures: tuple[Measured, ...]


def run_bench(build: ModelBuild, audio: Path, *, threads: int | None, repetitions: int, as_json: bool) -> None:
    """Measure and print. `repetitions`: of a whole run; shorter things are repeated more often."""
    operations = measure_operations(build.device, threads=threads, repetitions=4 * repetitions)
    bench = measure_model(build, audio, threads=threads, repetitions=repetitions, before=operations)
    if as_json:
        print(json.dumps(asdict(bench), indent=1))
        return
    print(f"{bench.artifact} on {bench.device}; {bench.machine}; measured, medians")
    width = max(len(figure.name) for figure in bench.figures)
    for figure in bench.figures:
        rate = f"{figure.rate:10.1f} {figure.unit}" if figure.rate is not None else ""
        print(f"  {figure.name:<{width}} {1e3 * figure.seconds:10.2f} ms {rate}".rstrip())


def measure_operations(device: str, *, threads: int | None, repetitions: int) -> tuple[Measured, ...]:
    """Time single operations of the encoder overlay, all transfers included; builds their design if need be."""
    import numpy as np

    from aiebuild.build import driver
    from aiebuild.build.fresh import Request
    from aiebuild.designs.bench import NAME, bench_design
    from aiebuild.manifest import store
    from aiebuild.runtime.host import HostDevice

    name = f"{NAME}-{device}-host"
    with BuildProgress(f"compiling {name}") as progress:
        artifact = driver.build(artifacts_dir(), Request(name), lambda: bench_design(device), progress).path
    manifest = store.load(artifact)
    facts = cast("dict[str, Any]", manifest.metadata)
    entry = manifest.overlay("encoder")
    figures: list[Measured] = []
    with HostDevice(threads) as host:
        overlay = host.open(artifact / entry.library.path)
        buffers = [host.buffer(size) for size in facts["argument_bytes"]]
        weights = artifact / cast(str, manifest.buffer("encoder.weights").file)
        buffers[0].array[:] = np.fromfile(weights, np.uint8)
        command = np.frombuffer(bytes.fromhex(facts["command"]), np.uint8)
        buffers[2].array[: command.size] = command
        mel = buffers[2].array[facts["mel_offset"] :].view(np.int16)
        mel[:] = np.random.default_rng(0).integers(-(8 << 11), 1 << 11, mel.size)

        def prepared(sequence: str) -> Callable[[], None]:
            path = artifact / entry.sequence(sequence).file.path
            return overlay.prepare(overlay.load_sequence(path), buffers).run

        prepared("encode")()
        for measure in facts["measures"]:
            seconds = timed(prepared(measure["sequence"]), repetitions)
            rate = measure["macs"] / seconds * 1e-9 if measure["macs"] else None
            figures.append(Measured(measure["title"], seconds, repetitions, rate, "GMAC/s" if rate else ""))
    return tuple(figures)


def timed(call: Callable[[], object], repetitions: int) -> float:
    """Median of the seconds `call` takes, after one call that is not counted."""
    call()
    times: list[float] = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def measure_model(
    build: ModelBuild, audio: Path, *, threads: int | None, repetitions: int, before: tuple[Measured, ...] = ()
) -> Bench:
    """Time a model's stages and whole runs over `audio`; `before` are figures to put first. Raises a run's errors."""
    from aiebuild.manifest import store
    from aiebuild.whisper.audio import load_audio
    from aiebuild.whisper.constants import N_FRAMES
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.speech import Allowed
    from aiebuild.whisper.tokenizer import WhisperTokenizer
    from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

    artifact = find_artifact(build, no_build=False)
    decoder_bytes = store.read(artifact).buffer("decoder.weights").bytes
    samples = load_audio(audio)
    start = time.perf_counter()
    with DeviceModel.open(artifact, threads=threads) as model:
        opened = time.perf_counter() - start
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        figures = [*before, Measured("open the model", opened, 1)]
        more = 4 * repetitions
        seconds = timed(lambda: model.prepare(samples.samples), more)
        figures.append(_of_real_time(f"log-mel of {samples.seconds:.0f} s", seconds, more, samples.seconds))
        mel = model.prepare(samples.samples)
        frames = min(mel.content_frames, N_FRAMES)
        window = timed(lambda: model.encode(mel, 0, frames), more)
        macs = cast("dict[str, Any]", store.read(artifact).metadata)["encoder"]["macs"]
        figures.append(Measured("encoder, a window of 30 s", window, more, macs / window * 1e-9, "GMAC/s"))
        everything = Allowed((0, model.dims.n_vocab), (0, 0))
        model.start([[0, 1, 2, 3]], [-1], [everything])
        step = timed(lambda: model.step([[0]], [[0]], [[everything]]), 40)
        figures.append(Measured("decoder step", step, 40, decoder_bytes / step * 1e-9, "GB/s of weights"))
        options = TranscribeOptions(temperatures=(0.0,), language=None if model.dims.is_multilingual else "en")
        texts: list[str] = []
        whole = timed(lambda: texts.append(transcribe(model, tokenizer, samples.samples, options).text), repetitions)
        figures.append(_of_real_time(f"whole run, {samples.seconds:.0f} s", whole, repetitions, samples.seconds))
        note(texts[-1].strip())
        return Bench(machine_name(), model.device, build.name, str(audio), texts[-1].strip(), tuple(figures))


def _of_real_time(name: str, seconds: float, repetitions: int, audio: float) -> Measured:
    return Measured(name, seconds, repetitions, audio / seconds, "x real time")


def machine_name() -> str:
    """The CPU's name and number of processors, for labels of measured figures."""
    name = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{name}, {len(os.sched_getaffinity(0))} processors"
