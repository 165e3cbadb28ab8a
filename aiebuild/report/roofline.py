"""The roofline of an array: kernels by their issue slots, stages by their DDR traffic, as SVG. Modelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aiebuild.timing.costs import Machine
from aiebuild.timing.program import INSIDE
from aiebuild.timing.stages import Stage


@dataclass(frozen=True)
class Point:
    """`intensity`: slots of the matrix unit a byte moved; `rate`: share of the matrix units' time that is used."""

    name: str
    kind: str
    intensity: float
    rate: float


def kernel_points(stages: Sequence[Stage]) -> list[Point]:
    """Kernels with matrix products: bytes are those that the cores receive while they run, by the share of the time."""
    points: list[Point] = []
    for stage in stages:
        run = stage.run
        moved = sum(m.objects * m.bytes for m in run.movers if m.kind == INSIDE)
        total = sum(k.cycles for k in run.kernels)
        for kernel in run.kernels:
            if kernel.slots > 0 and total and moved:
                share = moved * kernel.cycles / total
                points.append(
                    Point(f"{kernel.name} ({stage.name})", "kernel", kernel.slots / share, kernel.slots / kernel.cycles)
                )
    return points


def stage_points(stages: Sequence[Stage]) -> list[Point]:
    """Whole dispatches: bytes are DDR's."""
    points: list[Point] = []
    for stage in stages:
        run = stage.run
        slots = sum(kernel.slots for kernel in run.kernels)
        if slots and sum(run.ddr_bytes):
            cores = max(1, sum(core.work > 0 for core in run.cores))
            points.append(Point(stage.name, "stage", slots / sum(run.ddr_bytes), slots / run.cycles / cores))
    return points


def roofline(points: Sequence[Point], machine: Machine, cores: int) -> str:
    """The SVG: share of the matrix units' time over slots a byte, with the roofs of DDR and of the matrix units."""
    width, height, left, bottom = 720, 340, 60, 40
    low, high = -4.0, 2.0

    def x(intensity: float) -> float:
        return left + (min(max(math.log10(max(intensity, 1e-9)), low), high) - low) / (high - low) * (width - left - 20)

    def y(rate: float) -> float:
        at = min(max(math.log10(max(rate, 1e-9)), -3.0), 0.3)
        return height - bottom - (at + 3.0) / 3.3 * (height - bottom - 20)

    roof = machine.bytes_per_cycle / cores
    knee = 1 / roof
    parts = [f'<svg class="roofline" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">']
    parts.append(
        f'<path d="M{x(10**low):.1f},{y(roof * 10**low):.1f} L{x(knee):.1f},{y(1):.1f} L{x(10**high):.1f},{y(1):.1f}" '
        'fill="none" stroke="#333" stroke-width="1.5"/>'
    )
    for power in range(-4, 3):
        parts.append(f'<text x="{x(10.0**power):.0f}" y="{height - bottom + 14}">1e{power}</text>')
    for share in (0.001, 0.01, 0.1, 1.0):
        parts.append(f'<text x="8" y="{y(share) + 3:.0f}">{share:.1%}</text>')
    axis = "matrix instructions a byte (stages: DDR; kernels: streams)"
    parts.append(f'<text x="{width / 2:.0f}" y="{height - 6}">{axis}</text>')
    for point in points:
        colour = "#4477aa" if point.kind == "kernel" else "#ee6677"
        parts.append(
            f'<circle cx="{x(point.intensity):.1f}" cy="{y(point.rate):.1f}" r="4" fill="{colour}">'
            f"<title>{escape(point.name)}: {point.intensity:.3g} a byte, {point.rate:.1%}</title></circle>"
        )
    return "".join([*parts, "</svg>"])
