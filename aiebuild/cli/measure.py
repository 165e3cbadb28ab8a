"""`aiebuild bench` and `inspect`: a model's time, measured here or modelled for an array, and a page about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiebuild.build.models import DEVICES, ModelBuild
from aiebuild.cli.options import (
    builds_of,
    decoder_weights_option,
    model_options,
    offline_option,
    sample_audio,
    weights_option,
)
from aiebuild.errors import UsageError


@click.command()
@model_options
@click.option("--audio", type=click.Path(path_type=Path), help="What to transcribe. [default: the checkout's sample]")
@click.option("--threads", type=click.IntRange(min=1), help="Threads. [default: one a CPU]")
@click.option("--repetitions", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--modelled", is_flag=True, help="Model the array's time instead of measuring this machine's.")
@click.option("--clock", type=click.FloatRange(0.1, 10), help="The array's clock in GHz; implies --modelled.")
@click.option("--bandwidth", type=click.FloatRange(0.1, 1000), help="DDR in GB/s; implies --modelled.")
@click.option(
    "--timeline", type=click.Path(path_type=Path), help="File for Perfetto (.json, .json.gz); implies --modelled."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(
    audio: Path | None,
    threads: int | None,
    repetitions: int,
    as_json: bool,
    modelled: bool,
    clock: float | None,
    bandwidth: float | None,
    timeline: Path | None,
    **options: Any,
) -> None:
    """Measure a model on this machine, or model its time on an array."""
    sample = sample_audio()
    if audio is None and not sample.is_file():
        raise UsageError("nothing to transcribe", hint="aiebuild bench --audio FILE")
    if modelled or clock or bandwidth or timeline:
        from aiebuild.report.modelled import machine_of, run_modelled
        from aiebuild.runtime.choice import DEFAULT_DEVICE

        machine = machine_of(options["device"] or DEFAULT_DEVICE, clock, bandwidth)
        (build,) = builds_of({**options, "target": "host"})
        run_modelled(build, audio or sample, machine, as_json=as_json, timeline=timeline)
        return
    from aiebuild.report.bench import run_bench

    if options["target"] not in ("auto", "host"):
        raise UsageError("bench measures the host target", hint="scripts/npu-check tries the NPU")
    for build in builds_of({**options, "target": "host"}):
        run_bench(build, audio or sample, threads=threads, repetitions=repetitions, as_json=as_json)


@click.command("inspect")
@click.argument("model", default="base", metavar="[MODEL]")
@click.option("--device", type=click.Choice(DEVICES), default="npu1", help="The array it is built for.")
@weights_option
@offline_option
@click.option(
    "--audio", type=click.Path(path_type=Path), help="Speech to record with. [default: the checkout's sample]"
)
@click.option("--clock", type=click.FloatRange(0.1, 10), help="The array's clock in GHz.")
@click.option("--bandwidth", type=click.FloatRange(0.1, 1000), help="DDR in GB/s.")
@click.option("--timing/--no-timing", default=True, help="Whether to record and model the time. [default: yes]")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The page. [default: MODEL.html]")
@decoder_weights_option
def inspect_command(
    model: str,
    device: str,
    weights: Path | None,
    offline: bool,
    audio: Path | None,
    clock: float | None,
    bandwidth: float | None,
    timing: bool,
    out: Path | None,
    decoder_weights: str,
) -> None:
    """Write a page about a model's artifact: floor plan, use of the tiles, modelled timeline and roofline, buffers."""
    from aiebuild.report.inspect import inspect_model
    from aiebuild.report.modelled import machine_of

    sample = audio or sample_audio()
    if timing and not sample.is_file():
        raise UsageError(f"{sample}: no such file", hint="aiebuild inspect MODEL --audio FILE, or --no-timing")
    build = ModelBuild(model, device, weights=weights, offline=offline, decoder_weights=decoder_weights)
    page = out or Path(f"{Path(model).stem}.html")
    inspect_model(build, sample, machine_of(device, clock, bandwidth), page, timing=timing)
