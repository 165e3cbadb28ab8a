"""A model's stages in virtual time: log-mel, a window's encoder, cross-attention's keys and values, decoder steps; and
whole files put together from them.

The dispatches are recorded while the model runs on the host with real audio; each is then run in virtual time. What is
here knows of the model's interface only what `drive` needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.spec import Design
from aiebuild.manifest import store
from aiebuild.timing.costs import AIE2P, OWN_STOCK, Machine
from aiebuild.timing.model import Dispatch, RecordingDevice, TracedDesign
from aiebuild.timing.simulate import Run, operation_cycles, simulate
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.speech import Allowed

TOKENS = 100
"""Tokens of a window of speech, for whole files."""
PROMPT = 4
WINDOW = 30.0
_DECODE = re.compile(r"decode_(\d+)x(\d+)_(\d+)")
BATCHES = (1, 8, 32)
"""Windows that are decoded together, where the artifact can."""
ANY = (1, 2, 4, 8, 16, 32)
"""Numbers of windows that an artifact may have been compiled for: its design must know the sequences."""
BEAMS = 5
_CROSS = ("keys", "values")


@dataclass(frozen=True)
class Stage:
    """One kind of dispatch in virtual time. Shares are of the time on the array, over its working cores."""

    name: str
    overlay: str
    sequence: str
    run: Run
    operations: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        """On the array."""
        return self.run.seconds

    @property
    def total(self) -> float:
        """With the dispatch."""
        return self.seconds + self.run.machine.dispatch * 1e-6


def record_model(artifact: Path, design: Design, samples: NDArray[np.int16], machine: Machine) -> tuple[Dispatch, ...]:
    """One dispatch of every kind a model makes, recorded on the host; `samples`: int16, 16 kHz.

    The design is the one `artifact` was built from.
    """
    traced = TracedDesign(design, (AIE2P,) if machine.device == "npu2" else ())
    device = RecordingDevice(traced)
    with DeviceModel(artifact, store.load(artifact), device, counting=False) as model:
        drive(model, samples)
    first: dict[tuple[str, str], Dispatch] = {}
    for dispatch in device.dispatches:
        first.setdefault((dispatch.overlay, dispatch.sequence), dispatch)
    return tuple(first.values())


def drive(model: DeviceModel, samples: NDArray[np.int16]) -> None:
    """Make a model do everything once: log-mel in long and short dispatches, a window, prompts and steps at the
    positions that TOKENS reach."""
    mel = model.prepare(np.concatenate([samples, samples, samples, samples])[: 30 * 16000 + 16000])
    model.encode(mel, 0, min(mel.content_frames, N_FRAMES))
    start = [50258, 50259, 50359, 50363][:PROMPT]
    start = [token % model.dims.n_vocab for token in start]
    anything = Allowed((0, model.dims.n_vocab), (0, 0))
    for length in (PROMPT + 60, PROMPT):
        model.start([(start * (length // PROMPT + 1))[:length]], [-1], [anything])
        model.step([[0]], [[start[0]]], [[anything]])
    if model.max_rows >= BEAMS:
        model.step([[0] * BEAMS], [start[:1] * BEAMS], [[anything] * BEAMS])
    model.start([start], [-1], [anything])
    for _ in range(61):  # the last one is beyond 64 positions
        model.step([[0]], [start[:1]], [[anything]])
    for windows in BATCHES[1:]:
        if windows <= model.max_windows:
            model.start([start] * windows, [-1] * windows, [anything] * windows)
            model.step([[0]] * windows, [start[:1]] * windows, [[anything]] * windows)


def model_stages(dispatches: Sequence[Dispatch], machine: Machine, *, spans: bool = False) -> tuple[Stage, ...]:
    """Recorded dispatches in virtual time."""
    stages: list[Stage] = []
    for dispatch in dispatches:
        run = simulate(dispatch.paths, dispatch.program, dispatch.trace, machine, spans=spans)
        operations = tuple(operation_cycles(run, dispatch.operations))
        stages.append(Stage(_name(dispatch), dispatch.overlay, dispatch.sequence, run, operations))
    return tuple(stages)


def _name(dispatch: Dispatch) -> str:
    if (found := _DECODE.fullmatch(dispatch.sequence)) is not None:
        windows, rows, bucket = found.groups()
        return f"decoder, {windows} x {rows} tokens, up to {bucket} positions"
    if dispatch.overlay == "encoder":
        return "encoder, a window of 30 s"
    return f"log-mel, {dispatch.sequence.rpartition('_')[2]} frames" if dispatch.overlay == "mel" else dispatch.sequence


def cross_seconds(stage: Stage) -> float:
    """Time of the keys' and values' products within the encoder's dispatch."""
    cycles = sum(cycles for name, cycles in stage.operations if name in _CROSS)
    return stage.run.machine.seconds(cycles)


@dataclass(frozen=True)
class Whole:
    """A whole file, `batch` windows decoded together.

    `parts`: seconds by what they go to: dispatches, overlay switches, and of the time on the array what the cores spend
    computing and waiting, by reason.
    """

    audio: float
    batch: int
    windows: int
    seconds: float
    parts: Mapping[str, float]

    @property
    def factor(self) -> float:
        """Times faster than real time."""
        return self.audio / self.seconds


def batches(stages: Sequence[Stage]) -> list[int]:
    """Numbers of windows that the recorded steps take together."""
    found = (_DECODE.fullmatch(stage.sequence) for stage in stages)
    return sorted({int(match.group(1)) for match in found if match is not None and match.group(2) == "1"})


def whole_file(stages: Sequence[Stage], audio: float, machine: Machine, batch: int = 1, tokens: int = TOKENS) -> Whole:
    """A file of `audio` seconds with `tokens` of text in each window, greedy, `batch` windows at a time."""
    by_name = {stage.sequence: stage for stage in stages}
    windows = max(1, -(-int(audio) // int(WINDOW)))
    used: list[tuple[Stage, int]] = []
    mels = sorted((int(n.rpartition("_")[2]), s) for n, s in by_name.items() if s.overlay == "mel")
    frames = int(audio * 100)
    for size, stage in reversed(mels):
        count = frames // size if size != mels[0][0] else -(-frames // size)
        used.append((stage, count))
        frames -= count * size
    used += [(stage, windows) for stage in stages if stage.overlay == "encoder"]
    decoders = {
        (int(m.group(2)), int(m.group(3))): s
        for n, s in by_name.items()
        if (m := _DECODE.fullmatch(n)) is not None and int(m.group(1)) == batch
    }
    groups = -(-windows // batch)
    prompts = [key for key in decoders if key[0] >= PROMPT]
    if prompts:
        used.append((decoders[min(prompts)], groups))
    buckets = sorted(bucket for rows, bucket in decoders if rows == 1)
    for position in range(PROMPT, PROMPT + tokens):
        bucket = next((b for b in buckets if b > position), buckets[-1])
        used.append((decoders[(1, bucket)], groups))
    dispatches = sum(count for _, count in used)
    parts = {"dispatch": dispatches * machine.dispatch * 1e-6, "overlay switch": 2 * groups * machine.switch * 1e-3}
    for stage, count in used:
        shares = {"compute": stage.run.compute, **stage.run.stalls()}
        rest = 1 - sum(shares.values())
        for name, share in {**shares, "around kernels": rest}.items():
            parts[name] = parts.get(name, 0.0) + share * stage.seconds * count
    return Whole(audio, batch, windows, sum(parts.values()), parts)


@dataclass(frozen=True)
class Variation:
    """An assumption varied: what the real-time factor of an hour and the encoder's time become."""

    name: str
    encoder: float
    step: float
    factor: float


def variations(machine: Machine) -> list[tuple[str, Machine]]:
    """The assumptions, each varied by itself."""
    costs = machine.costs
    return [
        ("as assumed", machine),
        ("clock + 25 %", replace(machine, clock=machine.clock * 1.25)),
        ("clock - 20 %", replace(machine, clock=machine.clock * 0.8)),
        ("bandwidth + 25 %", replace(machine, bandwidth=machine.bandwidth * 1.25)),
        ("bandwidth - 20 %", replace(machine, bandwidth=machine.bandwidth * 0.8)),
        ("DDR: reads and writes apart", replace(machine, split=not machine.split)),
        ("task overheads of the control processor + 50 %",
         replace(machine, costs=replace(costs, task=costs.task * 1.5, token=costs.token * 1.5))),
        ("task overheads of the control processor - 50 %",
         replace(machine, costs=replace(costs, task=costs.task * 0.5, token=costs.token * 0.5))),
        ("matrix loops as Peano schedules the stock kernels", replace(machine, schedule=OWN_STOCK)),
        ("elementwise code at 40 % of its slots", replace(machine, schedule=replace(machine.schedule, other=0.4))),
        ("elementwise code at 90 % of its slots", replace(machine, schedule=replace(machine.schedule, other=0.9))),
        ("dispatch of 36.7 us (within a run list)", replace(machine, dispatch=36.7)),
        ("dispatch of 671 us (through Python)", replace(machine, dispatch=671.0)),
        ("no overlay switches", replace(machine, switch=0.0)),
    ]  # fmt: skip


def sensitivity(dispatches: Sequence[Dispatch], machine: Machine) -> tuple[Variation, ...]:
    """The effect of each assumption on the encoder, a decoder step and an hour of speech."""
    result: list[Variation] = []
    for name, varied in variations(machine):
        stages = model_stages(dispatches, varied)
        encoder = sum(stage.seconds for stage in stages if stage.overlay == "encoder")
        step = min(stage.seconds for stage in stages if stage.sequence.startswith("decode_1x1_"))
        result.append(Variation(name, encoder, step, whole_file(stages, 3600.0, varied).factor))
    return tuple(result)


@dataclass(frozen=True)
class Without:
    """A stage with a part of its cost taken away: seconds, and what bounds it then."""

    name: str
    seconds: float
    bound: str


def taken_away(machine: Machine) -> list[tuple[str, Machine]]:
    """The machine without parts of the cost, more and more."""
    free = replace(machine, bandwidth=1e9)
    apart = replace(machine.schedule, memory=0.0)
    products = replace(machine.schedule, memory=0.0, other=1e9, fill=0.0, call=0.0)
    costs = replace(
        machine.costs, task=0.0, token=0.0, read_cold=0.0, read_warm=0.0, write_cold=0.0, write_warm=0.0, parameter=0.0
    )
    return [
        ("nothing", machine),
        ("sharing of DDR's bandwidth by reads and writes", replace(machine, split=True)),
        ("loading and storing of sums between steps of k", replace(machine, schedule=apart)),
        ("DDR", free),
        ("DDR, loading and storing of sums", replace(free, schedule=apart)),
        ("these, and what elementwise code takes beyond its slots", replace(free, schedule=replace(apart, other=1.0))),
        ("everything but products, streams and the control processor", replace(free, schedule=products)),
        ("everything but products and streams", replace(free, schedule=products, costs=costs)),
    ]


def without(dispatch: Dispatch, machine: Machine) -> tuple[Without, ...]:
    """What bounds a dispatch, by taking parts of its cost away."""
    return tuple(
        Without(name, (run := simulate(dispatch.paths, dispatch.program, dispatch.trace, less)).seconds, run.bound())
        for name, less in taken_away(machine)
    )
