"""`aiebuild bench`: measured figures of a compiled model on this machine."""

from __future__ import annotations

import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from aiebuild.build.models import ModelBuild
from aiebuild.report.run import find_artifact
from aiebuild.report.terminal import note


@dataclass(frozen=True)
class Measured:
    """One figure: what it is, its value and unit, of how many repetitions it is the median."""

    name: str
    value: float
    unit: str
    repetitions: int


def run_bench(build: ModelBuild, audio: Path, *, threads: int | None, repetitions: int, as_json: bool) -> None:
    """Time whole runs over `audio` (once to warm up, then `repetitions` times) and print the figures."""
    figures, device, text = measure(build, audio, threads=threads, repetitions=repetitions)
    machine = machine_name()
    if as_json:
        values = {
            "machine": machine,
            "device": device,
            "artifact": build.name,
            "audio": str(audio),
            "text": text,
            "measured": [asdict(figure) for figure in figures],
        }
        print(json.dumps(values, indent=1))
        return
    print(f"{build.name} on {device}; {machine}; measured, median of {repetitions}")
    for figure in figures:
        print(f"  {figure.name:<24} {figure.value:10.3f} {figure.unit}")


def measure(
    build: ModelBuild, audio: Path, *, threads: int | None, repetitions: int
) -> tuple[list[Measured], str, str]:
    """Figures, the device's name, and the text that came out. Raises the errors of a run."""
    from statistics import median

    from aiebuild.whisper.audio import load_audio
    from aiebuild.whisper.model import DeviceModel
    from aiebuild.whisper.tokenizer import WhisperTokenizer
    from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

    artifact = find_artifact(build, no_build=False)
    samples = load_audio(audio)
    start = time.perf_counter()
    with DeviceModel.open(artifact, threads=threads) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        opened = time.perf_counter() - start
        options = TranscribeOptions(temperatures=(0.0,), language="en")
        text = ""
        times: list[float] = []
        for repetition in range(repetitions + 1):
            start = time.perf_counter()
            text = transcribe(model, tokenizer, samples.samples, options).text.strip()
            if repetition:
                times.append(time.perf_counter() - start)
            note(f"run {repetition} of {repetitions}: {time.perf_counter() - start:.3f} s")
        device = model.device
    whole = median(times)
    figures = [
        Measured("open the model", opened, "s", 1),
        Measured("whole run", whole, "s", repetitions),
        Measured("audio per second", samples.seconds / whole, "s/s", repetitions),
    ]
    return figures, device, text


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
    import os

    return f"{name}, {len(os.sched_getaffinity(0))} processors"
