"""`aiebuild inspect`: an artifact as a page of its own: floor plan, use of the tiles, modelled timeline and roofline,
buffers.

The page needs no network: styles, scripts and data are in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, cast

from aiebuild.build.models import ModelBuild, design_of
from aiebuild.check.usage import TileUse, tile_uses
from aiebuild.designs.spec import Design
from aiebuild.errors import MissingError
from aiebuild.manifest.types import Manifest
from aiebuild.report.floorplan import floor_plan
from aiebuild.report.roofline import Point, kernel_points, roofline, stage_points
from aiebuild.report.run import find_artifact
from aiebuild.report.terminal import BuildProgress, note
from aiebuild.report.timeline import merged
from aiebuild.target import load_target
from aiebuild.timing.costs import Machine
from aiebuild.timing.model import TracedDesign
from aiebuild.timing.simulate import REASONS, Run
from aiebuild.timing.stages import ANY, Stage, model_stages, record_model

SPANS = 40_000
"""Most spans of a timeline on the page; what is left out is said there."""

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5rem; color: #1a1a1a; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; font-size: 12px; } td, th { border: 1px solid #ddd; padding: 2px 7px; text-align:
right; } td:first-child, th:first-child { text-align: left; }
svg text { font: 9.5px sans-serif; } .tile rect { fill: #f4f6f8; stroke: #889; } .tile.shim rect { fill: #eee7da; }
.tile.memory rect { fill: #e6eef6; } .tile rect.part { stroke: none; } .tile rect.frame { fill: none; }
.fifo path { fill: none; stroke-width: 1.1; opacity: 0.55; } .fifo:hover path { stroke-width: 3; opacity: 1; }
.modelled { background: #fff4d6; padding: 0.1rem 0.4rem; border-radius: 3px; } .scroll { overflow-x: auto; }
.over { color: #b00; font-weight: bold; } canvas { border: 1px solid #ccc; cursor: grab; }
"""


def inspect_model(build: ModelBuild, audio: Path, machine: Machine, out: Path, *, timing: bool) -> None:
    """Write the page of a model's artifact, built first if need be. `timing`: record and model its dispatches too."""
    from aiebuild.manifest import store
    from aiebuild.whisper.audio import load_audio

    artifact = find_artifact(build, no_build=False)
    stages: tuple[Stage, ...] = ()
    with BuildProgress(f"inspecting {build.name}") as progress:
        design = design_of(build, progress, ANY)()
        if timing:
            dispatches = record_model(artifact, design, load_audio(audio).samples, machine)
            stages = model_stages(dispatches, machine, spans=True)
    text = page(store.read(artifact), design, stages, machine)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{out}: cannot be written: {error.strerror}") from None
    note(f"{out}: {len(text) / 1e6:.1f} MB, opens in a browser without a network")


def page(manifest: Manifest, design: Design, stages: Sequence[Stage], machine: Machine) -> str:
    """The page's HTML."""
    body = [
        f"<h1>{escape(manifest.artifact)}</h1>",
        f"<p>aiebuild {escape(manifest.aiebuild)}, profile {escape(manifest.profile)}. "
        f"Designs for {escape(design.device)}.</p>",
    ]
    traced = TracedDesign(design)
    for overlay in design.overlays:
        device = traced.parse(overlay.name)
        uses = tile_uses(device, load_target(device.device))
        body += [
            f'<h2 id="overlay-{escape(overlay.name)}">Overlay {escape(overlay.name)}</h2>',
            "<h3>Floor plan</h3><p>Point at a tile for its buffers, at a line for its objectfifo.</p>",
            f'<div class="scroll">{floor_plan(device, uses)}</div>',
            "<h3>Use of the tiles</h3><p>Programs have 16,384 bytes a core; what they take is known once Peano has "
            "compiled them. Shims' descriptors belong to the sequences.</p>",
            uses_table(uses),
        ]
    timelines: list[dict[str, Any]] = []
    if stages:
        body += timing_part(stages, machine, timelines)
    body += ["<h2>Buffers</h2>", buffers_table(manifest)]
    body += ["<h2>Activations</h2>", *(part for name, pool in pools_of(manifest) for part in activations(name, pool))]
    data = json.dumps({"timelines": timelines}, separators=(",", ":")).replace("</", "<\\/")
    script = (Path(__file__).with_name("inspect.js")).read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(manifest.artifact)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + f'\n<script type="application/json" id="data">{data}</script>\n<script>{script}</script>\n</body></html>\n'
    )


def uses_table(uses: Sequence[TileUse]) -> str:
    """Taken and available, a row a tile."""

    def of(taken: int, limit: int) -> str:
        style = ' class="over"' if taken > limit else ""
        return f"<td{style}>{taken:,} of {limit:,}</td>"

    rows = [
        f"<tr><td>{escape(use.kind)} {use.tile[0]},{use.tile[1]}</td>"
        + (of(use.bytes, use.memory_limit) if use.memory_limit else "<td>-</td>")
        + of(use.locks, use.lock_limit)
        + of(use.descriptors, use.descriptor_limit)
        + of(use.channels[0], use.channel_limit[0])
        + of(use.channels[1], use.channel_limit[1])
        + "</tr>"
        for use in uses
    ]
    head = "<tr><th>tile</th><th>memory, bytes</th><th>locks</th><th>descriptors</th><th>S2MM</th><th>MM2S</th></tr>"
    return f'<div class="scroll"><table class="uses">{head}{"".join(rows)}</table></div>'


def timing_part(stages: Sequence[Stage], machine: Machine, timelines: list[dict[str, Any]]) -> list[str]:
    """Stages, roofline and timelines; the timelines' data is appended to `timelines`."""
    out = [
        "<h2>Time</h2>",
        f'<p class="modelled">Modelled, not measured: {escape(machine.device)}, {machine.clock:g} GHz, '
        f"{machine.bandwidth:g} GB/s, {machine.dispatch:g} us a dispatch.</p>",
        "<table><tr><th>stage</th><th>ms</th><th>computing</th>"
        + "".join(f"<th>waits: {escape(reason)}</th>" for reason in REASONS)
        + "<th>DDR busy</th><th>tasks</th><th>bound by</th></tr>",
    ]
    for stage in stages:
        run = stage.run
        waits = "".join(f"<td>{share:.0%}</td>" for share in run.stalls().values())
        out.append(
            f"<tr><td>{escape(stage.name)}</td><td>{1e3 * stage.seconds:.3f}</td><td>{run.compute:.0%}</td>{waits}"
            f"<td>{run.resources()['DDR']:.0%}</td><td>{run.tasks}</td><td>{escape(run.bound())}</td></tr>"
        )
    points: list[Point] = [*kernel_points(stages), *stage_points(stages)]
    out += [
        "</table>",
        "<h3>Roofline</h3>",
        roofline(points, machine, load_target(machine.device).cores),
        "<h3>Timelines</h3>",
    ]
    out.append("<p>Turn the wheel to zoom, drag to move. Red: waiting.</p>")
    for k, stage in enumerate(stages):
        values = timeline_values(stage.run, f"timeline-{k}")
        timelines.append(values)
        shown = values["end"] / (1e6 * stage.seconds) if stage.seconds else 1.0
        more = "" if shown > 0.999 else f", the first {shown:.0%}"
        out.append(f'<h4>{escape(stage.name)}{more}</h4><div class="scroll"><canvas id="timeline-{k}"></canvas></div>')
    return out


def timeline_values(run: Run, name: str) -> dict[str, Any]:
    """A timeline for the page: track names, and [track, kind, begin, end] in microseconds."""
    scale = 1e6 * run.machine.seconds(1)
    spans = sorted(merged(run), key=lambda span: span.begin)
    cut = spans[:SPANS]
    end = run.cycles if len(cut) == len(spans) else cut[-1].begin
    cores = [f"core {core.tile[0]},{core.tile[1]}" for core in run.cores]
    tracks = ["control processor", *cores, *(mover.label for mover in run.movers)]
    values = [[span.actor + 1, span.tag, round(span.begin * scale, 3), round(span.end * scale, 3)] for span in cut]
    return {"id": name, "tracks": tracks, "spans": values, "end": end * scale}


def buffers_table(manifest: Manifest) -> str:
    """The buffer plan: every named buffer, where it is and how large."""
    rows = [
        f"<tr><td>{escape(b.name)}</td><td>{b.bytes:,}</td><td>{b.offset:,}</td>"
        f"<td>{escape(b.file or b.arena or 'allocated by the run')}</td>"
        f"<td>{escape(b.layout.kind + ' ' + b.layout.dtype) if b.layout else ''}</td></tr>"
        for b in manifest.buffers
    ]
    head = "<tr><th>buffer</th><th>bytes</th><th>offset</th><th>in</th><th>layout</th></tr>"
    return f'<table class="buffers">{head}{"".join(rows)}</table>'


def pools_of(manifest: Manifest) -> list[tuple[str, Mapping[str, Any]]]:
    """Pools of activations by the name of their sequence."""
    facts = manifest.metadata
    pools = [("encoder", facts["encoder"]["activations"])] if "encoder" in facts else []
    dispatches: Sequence[Mapping[str, Any]] = facts["decoder"]["dispatches"] if "decoder" in facts else ()
    return pools + [(dispatch["sequence"], dispatch["activations"]) for dispatch in dispatches]


def activations(name: str, pool: Mapping[str, Any]) -> list[str]:
    """A pool: each activation's place, and the numbers of the operations between which it is in use."""
    rows = [
        f"<tr><td>{escape(area['name'])}</td><td>{area['bytes']:,}</td><td>{area['offset']:,}</td>"
        f"<td>{', '.join(f'{first} to {last}' for first, last in area['operations'])}</td></tr>"
        for area in cast("Sequence[Mapping[str, Any]]", pool["areas"])
    ]
    head = "<tr><th>activation</th><th>bytes</th><th>offset</th><th>operations</th></tr>"
    return [
        f"<details><summary>{escape(name)}: {pool['bytes']:,} bytes ({pool['apart']:,} one after the other)</summary>",
        f'<table class="buffers">{head}{"".join(rows)}</table></details>',
    ]
