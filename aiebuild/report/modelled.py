"""`aiebuild bench` with a clock or a bandwidth: a model's figures in virtual time. All of them are modelled."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiebuild.build.models import ModelBuild, design_of
from aiebuild.report.run import find_artifact
from aiebuild.report.terminal import BuildProgress, note
from aiebuild.report.timeline import write_timeline
from aiebuild.timing.costs import Machine
from aiebuild.timing.stages import (
    ANY,
    Stage,
    Variation,
    Whole,
    batches,
    cross_seconds,
    model_stages,
    record_model,
    sensitivity,
    whole_file,
)

DEFAULTS = {"npu1": (1.0, 15.0), "npu2": (1.8, 50.0)}
"""Clock in GHz and DDR bandwidth in GB/s (TAKA, DRV; see docs/performance.md)."""

FILES = (11.0, 300.0, 3600.0)


def machine_of(device: str, clock: float | None, bandwidth: float | None) -> Machine:
    """The machine of the command line."""
    default_clock, default_bandwidth = DEFAULTS[device]
    return Machine(device, clock or default_clock, bandwidth or default_bandwidth)


def run_modelled(
    build: ModelBuild, audio: Path, machine: Machine, *, as_json: bool, timeline: Path | None = None
) -> None:
    """Record the model's dispatches on the host, run them in virtual time, print."""
    from aiebuild.whisper.audio import load_audio

    artifact = find_artifact(build, no_build=False)
    with BuildProgress(f"recording {build.name}") as progress:
        design = design_of(build, progress, ANY)()
        dispatches = record_model(artifact, design, load_audio(audio).samples, machine)
    stages = model_stages(dispatches, machine, spans=timeline is not None)
    files = whole_files(stages, machine)
    varied = sensitivity(dispatches, machine)
    if timeline is not None:
        write_timeline(timeline, [(stage.name, stage.run) for stage in stages])
        note(f"{timeline}: timeline, modelled; open it at https://ui.perfetto.dev")
    if as_json:
        print(json.dumps(as_values(build.titled, machine, stages, files, varied), indent=1))
        return
    for line in lines(build.titled, machine, stages, files, varied):
        print(line)


def whole_files(stages: tuple[Stage, ...], machine: Machine) -> list[Whole]:
    """Files of FILES seconds, with every number of windows at a time that was recorded."""
    return [
        whole_file(stages, seconds, machine, batch)
        for seconds in FILES
        for batch in batches(stages)
        if batch == 1 or seconds >= 30.0 * batch
    ]


def as_values(
    model: str, machine: Machine, stages: tuple[Stage, ...], files: list[Whole], varied: tuple[Variation, ...]
) -> dict[str, Any]:
    """Everything as JSON values; times in seconds."""
    return {
        "modelled": True,
        "model": model,
        "machine": asdict(machine),
        "stages": [stage_values(stage) for stage in stages],
        "files": [{**asdict(whole), "factor": whole.factor} for whole in files],
        "sensitivity": [asdict(variation) for variation in varied],
    }


def stage_values(stage: Stage) -> dict[str, Any]:
    """A stage as JSON values."""
    run = stage.run
    operations: dict[str, float] = {}
    for name, cycles in stage.operations:
        part = name.rpartition(".")[2]
        operations[part] = operations.get(part, 0.0) + run.machine.seconds(cycles)
    values: dict[str, Any] = {
        "name": stage.name,
        "seconds": stage.seconds,
        "with_dispatch": stage.total,
        "bound": run.bound(),
        "busy": run.resources(),
        "shares": {"compute": run.compute, **run.stalls()},
        "ddr": {
            "read_bytes": run.ddr_bytes[0],
            "written_bytes": run.ddr_bytes[1],
            "busy": sum(run.ddr_busy) / run.cycles,
        },
        "control_processor": {"busy": run.controller / run.cycles, "tasks": run.tasks},
        "kernels": [
            {"name": k.name, "calls": k.calls, "cycles": k.cycles, "cycles_a_call": k.cycles / max(1, k.calls)}
            for k in run.kernels
        ],
        "operations": operations,
    }
    if stage.overlay == "encoder":
        values["cross_keys_and_values"] = cross_seconds(stage)
    return values


def lines(
    model: str, machine: Machine, stages: tuple[Stage, ...], files: list[Whole], varied: tuple[Variation, ...]
) -> list[str]:
    """The tables for people."""
    out = [
        f"{model} on {machine.device}, {machine.clock:g} GHz, {machine.bandwidth:g} GB/s: modelled, not measured",
        f"  {'stage':<44} {'ms':>8} {'compute':>8} {'DDR':>5} {'tasks':>6}  bound by",
    ]
    for stage in stages:
        run = stage.run
        busy = sum(run.ddr_busy) / run.cycles
        out.append(
            f"  {stage.name:<44} {1e3 * stage.seconds:8.3f} {run.compute:8.0%} {busy:5.0%} {run.tasks:6}  {run.bound()}"
        )
        if stage.overlay == "encoder":
            out.append(f"  {'  of it cross-attention keys and values':<44} {1e3 * cross_seconds(stage):8.3f}")
    out.append(f"  whole files, 100 tokens a window, {machine.dispatch:g} us a dispatch")
    for whole in files:
        parts = sorted(whole.parts.items(), key=lambda item: -item[1])
        top = ", ".join(f"{name} {seconds / whole.seconds:.0%}" for name, seconds in parts if seconds > 0)
        head = f"  {whole.audio:6.0f} s, {whole.batch:2} at a time: {whole.seconds:8.3f} s"
        out.append(f"{head}, {whole.factor:6.1f} x real time; {top}")
    out.append(f"  {'what if':<52} {'encoder ms':>10} {'step ms':>8} {'an hour':>9}")
    for v in varied:
        out.append(f"  {v.name:<52} {1e3 * v.encoder:10.2f} {1e3 * v.step:8.3f} {v.factor:8.1f}x")
    return out
