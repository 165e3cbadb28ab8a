"""The array of a design as SVG: its tiles with their use of memory, and the objectfifos between them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aiebuild.check.usage import TileUse
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.structure import DeviceOp

WIDTH, HEIGHT, GAP = 150, 78, 34
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def floor_plan(device: DeviceOp, uses: Sequence[TileUse]) -> str:
    """The SVG; `uses` of the device's tiles."""
    columns = max(use.tile[0] for use in uses) + 1
    rows = max(use.tile[1] for use in uses) + 1
    width, height = columns * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg class="plan" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="floor plan">'
    ]
    parts += [_tile(use, rows) for use in uses]
    fifos = [op for op in device.body.block.ops if isinstance(op, ObjectFifoOp)]
    for k, fifo in enumerate(fifos):
        parts.append(_fifo(fifo, k, rows))
    return "".join([*parts, "</svg>"])


def _place(tile: tuple[int, int], rows: int) -> tuple[float, float]:
    return GAP + tile[0] * (WIDTH + GAP), GAP + (rows - 1 - tile[1]) * (HEIGHT + GAP)


def _tile(use: TileUse, rows: int) -> str:
    x, y = _place(use.tile, rows)
    title = "\n".join(f"{name}: {size:,} bytes" for name, size in use.memory)
    out = [
        f'<g class="tile {use.kind.split()[0]}"><title>{escape(title)}</title>'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{x + 6}" y="{y + 15}">{escape(use.kind)} {use.tile[0]},{use.tile[1]}</text>'
    ]
    if use.memory_limit:
        at = x + 6.0
        for k, (_, size) in enumerate(use.memory):
            part = (WIDTH - 12) * size / use.memory_limit
            colour = _COLOURS[k % len(_COLOURS)]
            out.append(
                f'<rect class="part" x="{at:.1f}" y="{y + 22}" width="{part:.1f}" height="12" style="fill:{colour}"/>'
            )
            at += part
        out.append(f'<rect class="frame" x="{x + 6}" y="{y + 22}" width="{WIDTH - 12}" height="12"/>')
        out.append(f'<text x="{x + 6}" y="{y + 47}">{use.bytes / 1024:.1f} of {use.memory_limit // 1024} KB</text>')
    out.append(
        f'<text x="{x + 6}" y="{y + 60}">locks {use.locks}/{use.lock_limit}, descriptors '
        f"{use.descriptors}/{use.descriptor_limit}</text>"
        f'<text x="{x + 6}" y="{y + 72}">channels in {use.channels[0]}/{use.channel_limit[0]}, out '
        f"{use.channels[1]}/{use.channel_limit[1]}</text></g>"
    )
    return "".join(out)


def _fifo(fifo: ObjectFifoOp, k: int, rows: int) -> str:
    start = fifo.producer
    if start is None:
        return ""
    colour = _COLOURS[k % (len(_COLOURS) - 1)]
    x0, y0 = _place(start.coordinates, rows)
    shift = (k * 7) % (WIDTH - 20) + 10
    lines: list[str] = []
    for end in fifo.consumers:
        if end is None:
            continue
        x1, y1 = _place(end.coordinates, rows)
        up = y1 < y0
        a = (x0 + shift, y0 if up else y0 + HEIGHT)
        b = (x1 + shift, y1 + HEIGHT if up else y1)
        middle = (a[1] + b[1]) / 2
        lines.append(
            f'<path d="M{a[0]:.0f},{a[1]:.0f} C{a[0]:.0f},{middle:.0f} {b[0]:.0f},{middle:.0f} {b[0]:.0f},{b[1]:.0f}"/>'
        )
    name = escape(f"@{fifo.symbol}, depth {'/'.join(map(str, fifo.depths))}")
    return f'<g class="fifo" stroke="{colour}"><title>{name}</title>{"".join(lines)}</g>'
