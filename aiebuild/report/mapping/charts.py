"""Charts of the page: traffic and arithmetic, intensity against lower bounds, memory of a core."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aiebuild.config.model import ModelDims
from aiebuild.report.mapping import layout
from aiebuild.report.mapping.counts import (
    CORES,
    Traffic,
    by_kind,
    decoder_step,
    decoder_traffic,
    encoder_traffic,
    mel_traffic,
)
from aiebuild.report.mapping.draw import COLUMNS, GREY, INK, PALE, Canvas, mixed
from aiebuild.report.mapping.tables import STEPS
from aiebuild.timing.costs import Machine

PARTS = ("weights", "keys and values, log", "activations, mel", "written")
PART_COLOURS = (COLUMNS[0], COLUMNS[2], COLUMNS[3], COLUMNS[1])
STAGE_COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#ccaa22")


def stages(dims: ModelDims, machine: Machine) -> dict[str, list[Traffic]]:
    """The operations, by kind, of a window and of decoder steps."""
    out = {"encoder, a window": by_kind(encoder_traffic(dims, machine))}
    for w in STEPS:
        parts = by_kind(decoder_traffic(decoder_step(dims, w), machine))
        out[f"decoder step, {w} window{'s' if w > 1 else ''}"] = parts
    return out


def portions(t: Traffic) -> tuple[int, int, int, int]:
    """Bytes by `PARTS`."""
    weights, keys = t.of("weights"), t.of("keys and values", "log")
    return weights, keys, t.read_bytes - weights - keys, t.written_bytes


def traffic_chart(dims: ModelDims, machine: Machine) -> Canvas:
    """Bars of DDR traffic and of multiply-accumulates by operation."""
    known = stages(dims, machine)
    rows = sum(len(parts) for parts in known.values())
    canvas = Canvas(980, 66 + rows * 17 + len(known) * 30, "DDR traffic and multiply-accumulates by operation")
    left, wide, second = 110, 400, 620
    for i, (name, colour) in enumerate(zip(PARTS, PART_COLOURS, strict=True)):
        canvas.box(left + i * 145, 14, 11, 11, colour)
        canvas.text(left + i * 145 + 16, 24, name)
    canvas.text(second, 24, "multiply-accumulates: the model's, and (pale) the padding")
    y = 46
    for stage, parts in known.items():
        most = max(t.bytes for t in parts)
        macs = max(t.padded_macs for t in parts)
        canvas.text(14, y + 10, stage, size=12)
        canvas.path([(14, y + 15), (966, y + 15)], GREY, line=0.5)
        y += 20
        for t in parts:
            canvas.text(left - 6, y + 11, t.name, size=10, at="end")
            x = float(left)
            for size, colour in zip(portions(t), PART_COLOURS, strict=True):
                canvas.box(x, y + 1, wide * size / most, 13, colour)
                x += wide * size / most
            canvas.text(x + 5, y + 11, f"{t.bytes / 1e6:.1f} MB", size=9)
            span = 240 / macs
            canvas.box(second, y + 1, t.padded_macs * span, 13, mixed(INK, 0.8))
            canvas.box(second, y + 1, t.macs * span, 13, mixed(INK, 0.35))
            if t.macs:
                words = f"{t.macs / 1e9:.2f} G" if t.macs >= 1e9 else f"{t.macs / 1e6:.1f} M"
                canvas.text(second + t.padded_macs * span + 5, y + 11, words, size=9)
            y += 17
        y += 10
    return canvas


def roofline_points(dims: ModelDims, machine: Machine) -> list[tuple[str, str, float, float]]:
    """(stage, operation, MAC a byte, GMAC/s at the lower bound) of everything that multiplies."""
    known = {"log-mel": [mel_traffic(dims.n_mels, 6, machine)], **stages(dims, machine)}
    return [
        (stage, "mel" if stage == "log-mel" else t.name, t.intensity, t.macs / machine.seconds(t.least) / 1e9)
        for stage, parts in known.items()
        for t in parts
        if t.macs
    ]


def roofline_chart(dims: ModelDims, machine: Machine) -> Canvas:
    """Arithmetic intensity and the rate that the lower bounds allow, with the roofs."""
    canvas = Canvas(860, 640, "arithmetic intensity and modelled limits")
    low, high, bottom, top = 0.1, 1000.0, 1.0, 6000.0

    def x(intensity: float) -> float:
        return 64 + 560 * math.log(intensity / low) / math.log(high / low)

    def y(rate: float) -> float:
        return 590 - 560 * math.log(rate / bottom) / math.log(top / bottom)

    for power in range(-1, 4):
        at = x(10.0**power)
        canvas.path([(at, 30), (at, 590)], PALE)
        canvas.text(at, 606, f"{10.0**power:g}", size=10, at="middle")
    for power in range(4):
        canvas.path([(64, y(10.0**power)), (624, y(10.0**power))], PALE)
        canvas.text(58, y(10.0**power) + 4, f"{10.0**power:g}", size=10, at="end")
    canvas.text(344, 628, "MAC of the model a byte of DDR traffic", at="middle")
    canvas.text(64, 20, f"GMAC/s, modelled: {machine.clock:g} GHz, {machine.bandwidth:g} GB/s, {CORES} cores")
    for name, peak in (("int8", 256), ("bf16", 128)):
        rate = peak * CORES * machine.clock
        canvas.path([(x(rate / machine.bandwidth), y(rate)), (624, y(rate))], INK)
        canvas.text(620, y(rate) - 5, f"{name} {rate:,.0f}", size=10, at="end")
    reach = 256 * CORES * machine.clock / machine.bandwidth
    canvas.path([(x(low), y(low * machine.bandwidth)), (x(reach), y(reach * machine.bandwidth))], INK)
    points = roofline_points(dims, machine)
    names = list(dict.fromkeys(stage for stage, *_ in points))
    line = 40.0
    for stage, colour in zip(names, STAGE_COLOURS, strict=True):
        canvas.dot(652, line - 4, colour)
        canvas.text(662, line, stage, size=11)
        line += 15
        for _, name, intensity, rate in (p for p in points if p[0] == stage):
            canvas.dot(x(intensity), y(rate), colour)
            canvas.text(668, line, f"{name}: {intensity:.1f}, {rate:,.0f}", size=9)
            line += 11.5
        line += 5
    return canvas


def memory_chart() -> Canvas:
    """The memory of a core of each overlay."""
    canvas = Canvas(900, 250, "memory of a core of the three overlays")
    left, wide = 80, 780
    palette = (*COLUMNS, "#66ccee", "#aa3377", "#999933", "#cc6633", "#777777", "#bbbbbb")
    for i, (name, device) in enumerate(layout.overlays().items()):
        use = layout.uses(device)[0, 2]
        y = 24 + i * 76
        canvas.text(left - 8, y + 20, name, size=12, at="end")
        x = float(left)
        notes: list[tuple[str, str]] = []
        for k, (what, size) in enumerate(layout.memory_of(use)):
            span = wide * size / use.memory_limit
            canvas.box(x, y, span, 30, palette[k])
            if span > 90:
                canvas.text(x + span / 2, y + 19, f"{what} {size:,}", size=9, at="middle")
            else:
                notes.append((f"{what} {size:,}", palette[k]))
            x += span
        canvas.box(left, y, wide, 30, stroke=INK)
        _notes(canvas, left, y + 46, [*notes, (f"left {use.memory_limit - use.bytes:,}", "#ffffff")])
    for quarter in range(5):
        at = left + wide * quarter / 4
        canvas.path([(at, 226), (at, 231)], GREY)
        canvas.text(at, 243, f"{quarter * 16} KB", size=9, at="middle")
    return canvas


def _notes(canvas: Canvas, x: float, y: float, notes: Sequence[tuple[str, str]]) -> None:
    for words, colour in notes:
        canvas.box(x, y - 8, 9, 9, colour, stroke=GREY, line=0.5)
        canvas.text(x + 13, y, words, size=9)
        x += 24 + 5.2 * len(words)
