"""Pictures of the array, of log-mel and of the encoder's operations."""

from __future__ import annotations

from collections.abc import Mapping

from aiebuild.config.model import ModelDims
from aiebuild.designs import encoder_plan
from aiebuild.designs.encoder_commands import NORM_KEPT
from aiebuild.designs.grid import NPU1
from aiebuild.designs.mel import TILE_FRAMES, mel_overlay
from aiebuild.report.mapping import layout
from aiebuild.report.mapping.draw import COLUMNS, GREY, INK, PALE, Canvas, core_colour, cores, mixed

GRID = NPU1.columns
"""Columns and rows of cores of the array that is drawn."""


def array() -> Canvas:
    """The routes of A, B and C of the encoder's overlay, as its objectfifos say."""
    canvas = Canvas(760, 640, "routes of A, B and C")
    place = {(c, r): (40 + c * 135, 40 + (5 - r) * 92) for c in range(GRID) for r in range(GRID + 2)}
    kinds = {0: ("shim", "#eee7da"), 1: ("memory tile", "#dde8f4")}
    for (c, r), (x, y) in place.items():
        name, colour = kinds.get(r, ("core", PALE))
        canvas.box(x, y, 96, 58, colour, stroke=GREY)
        canvas.text(x + 5, y + 54, f"{name} {c},{r}", size=9)
    colours = {"A": COLUMNS[0], "B": COLUMNS[2], "C": COLUMNS[1]}
    for name, start, ends in layout.routes(layout.overlays()["encoder"]):
        _route(canvas, place, name, start, ends, colours[name[0]])
    canvas.text(40, 20, "Objectfifos of the encoder and the decoder (DDR is below the shims)", size=12)
    words = (
        ("A", ("A: shim r, memory tile r,", "then all cores of row r")),
        ("B", ("B: shim c, memory tile c,", "then all cores of column c")),
        ("C", ("C: each core to memory", "tile c, joined, then shim c")),
    )
    for i, (letter, lines) in enumerate(words):
        canvas.path([(590, 60 + 60 * i), (612, 60 + 60 * i)], colours[letter], line=3)
        canvas.lines(618, 60 + 60 * i, lines, size=10)
    return canvas


def _route(
    canvas: Canvas, place: Mapping[tuple[int, int], tuple[int, int]], name: str, start: tuple[int, int],
    ends: list[tuple[int, int]], colour: str,
) -> None:  # fmt: skip
    shift = {"A": 16, "B": 48, "C": 80}[name[0]]
    x0, y0 = place[start]
    if start[1] == 0:  # shim to memory tile
        canvas.path([(x0 + shift, y0), (x0 + shift, y0 - 34)], colour, line=2, arrow=True)
    elif ends[0][1] == 0:  # memory tile to shim
        canvas.path([(x0 + shift, y0 + 58), (x0 + shift, y0 + 92)], colour, line=2, arrow=True)
    elif name[0] == "A":  # memory tile to a row of cores: up beside its column, then along the row
        row = ends[0][1]
        level = place[0, row][1] + 10
        side = x0 - 4 - 5 * (row - 2)
        canvas.path([(x0 + shift, y0), (x0 + shift, y0 - 8 - 4 * row), (side, y0 - 8 - 4 * row), (side, level)], colour)
        xs = [place[end][0] for end in ends]
        canvas.path([(min(xs[0] + 4, side), level), (max(xs[-1] + 10, side), level)], colour)
        for x in xs:
            canvas.dot(x + 10, level, colour, 3)
    elif name[0] == "B":
        top = place[ends[-1]][1]
        canvas.path([(x0 + shift, y0), (x0 + shift, top + 30)], colour)
        for end in ends:
            canvas.dot(x0 + shift, place[end][1] + 30, colour, 3)
    else:
        lane = 66 + 7 * (start[1] - 2)
        x1, y1 = place[ends[0]]
        canvas.path([(x0 + lane, y0 + 40), (x1 + lane, y1)], colour, line=1, arrow=True)


def _tiles(
    canvas: Canvas, owned: Mapping[tuple[int, int], layout.Owner], x: float, y: float, cell: tuple[float, float]
) -> None:
    w, h = cell
    with canvas.small():
        for (row, column), owner in sorted(owned.items()):
            at = (x + column * w, y + row * h)
            canvas.box(*at, w - 0.5, h - 0.5, core_colour(owner.column, owner.row))
            canvas.text(at[0] + w / 2, at[1] + h / 2 + 3, str(owner.index), size=0)
    firsts = [place for place, owner in owned.items() if owner.index == 0]
    left, right = min(c for _, c in firsts), max(c for _, c in firsts)
    high, low = min(r for r, _ in firsts), max(r for r, _ in firsts)
    canvas.box(x + left * w, y + high * h, (right - left + 1) * w, (low - high + 1) * h, stroke=INK, line=2)


def gemm(dims: ModelDims) -> Canvas:
    """Which core computes which tile of FC1's output, and when."""
    owned = layout.tile_owners(dims, "layer0.fc1")
    columns = 1 + max(c for _, c in owned)
    w, h = 23.0, 15.0
    canvas = Canvas(int(columns * w) + 200, 470, "tiles of FC1 on the cores")
    canvas.text(70, 20, f"FC1: {encoder_plan.ROW_TILES} row tiles of 64 positions, {columns} column tiles of 64 "
                "outputs; the number is the core's count of tiles before", size=11)  # fmt: skip
    for row in range(0, encoder_plan.ROW_TILES, GRID):
        canvas.text(62, 46 + row * h + 12, f"row tile {row}", size=8, at="end")
    _tiles(canvas, owned, 70, 44, (w, h))
    for column in range(0, columns, GRID):
        canvas.text(70 + column * w, 40, f"{column}", size=8)
    x = 90 + columns * w
    cores(canvas, x, 60, 24)
    canvas.lines(x, 200, ("framed: computed", "at the same time"), size=10)
    steps = encoder_plan.EncoderShape.of(dims).k_steps
    canvas.lines(70, 424, (
        f"A of row r brings row tiles r, r + 4, ...: {steps} objects (64 x 128 int8) each, to all four columns; "
        "B of column c the weights of a column tile, to all four rows.",
        f"Six tiles down (the row rounds) with the same column tiles: weights are read {encoder_plan.ROUNDS} times, "
        f"activations {columns // GRID} times (column rounds).",
    ), size=10)  # fmt: skip
    return canvas


def attention(dims: ModelDims) -> Canvas:
    """Queries in rows of cores, heads in columns."""
    owned = layout.tile_owners(dims, "layer0.attention")
    heads = 1 + max(c for _, c in owned)
    w, h = 40.0, 15.0
    canvas = Canvas(880, 450, "attention on the cores")
    canvas.text(
        70, 20, f"Attention: {encoder_plan.ROW_TILES} tiles of 64 queries, {heads} heads, four at a time", size=11
    )
    for row in range(0, encoder_plan.ROW_TILES, GRID):
        canvas.text(62, 46 + row * h + 12, f"queries {row * 64}", size=8, at="end")
    for head in range(heads):
        canvas.text(70 + head * w + w / 2, 40, f"head {head}", size=8, at="middle")
    _tiles(canvas, owned, 70, 44, (w, h))
    x = 110 + heads * w
    cores(canvas, x, 50, 22)
    steps = -(-encoder_plan.POSITIONS // 32)
    canvas.text(x, 186, "B of a column, for one tile of queries:", size=10)
    for i in range(6):
        label = ("K, V of 32", "next 32", "next 32", "...", "", f"step {steps}")[i]
        canvas.box(x + i * 62, 194, 58, 36, mixed(COLUMNS[0], 0.6 if i % 2 else 0.45), stroke=GREY)
        canvas.text(x + i * 62 + 29, 216, label, size=8, at="middle")
    canvas.lines(x, 256, (
        f"{steps} objects of two strips of K and two of V, {encoder_plan.ROUNDS} times a head:",
        "for every tile of queries of the row. The four rows",
        "of cores see the same keys and values.",
        "In the core: S = K Q for 32 keys x 16 queries in registers,",
        "softmax to base 2 with a lagging maximum, O += V P in memory.",
        "Scores and probabilities never leave the core.",
        "Queries: four tiles (one a head) to the whole row; each core",
        "keeps the one of its column and releases the others.",
    ), size=10)  # fmt: skip
    return canvas


def norm(dims: ModelDims) -> Canvas:
    """Strips of 16 rows of a tile, one a column of cores."""
    strips = layout.norm_strips(dims)
    shape = encoder_plan.EncoderShape.of(dims)
    canvas = Canvas(860, 300, "layer norm on the cores")
    kept = shape.channel_tiles <= NORM_KEPT
    canvas.text(60, 22, f"Layer norm: a row tile (64 positions, {shape.channel_tiles} objects of 64 channels in bf16) "
                f"goes to a row of cores, {'once' if kept else 'twice'}", size=11)  # fmt: skip
    w, h = 54, 34
    for column, rows in enumerate(strips):
        y = 40 + min(rows) // 16 * h
        canvas.text(54, y + 20, f"rows {min(rows)}-{max(rows)}", size=8, at="end")
        for tile in range(shape.channel_tiles):
            canvas.box(60 + tile * w, y, w - 1, h - 1, mixed(COLUMNS[column], 0.35))
            canvas.text(60 + tile * w + w / 2, y + 20, f"core {column},r", size=8, at="middle")
    canvas.path([(60, 190), (60 + shape.channel_tiles * w, 190)], INK, arrow=True)
    again = "of the strips that were kept" if kept else "the same objects again"
    canvas.text(60, 205, f"A: first pass, sums, squares and largest values; then {again}: int8 and a "
                "scale for each row", size=10)  # fmt: skip
    canvas.lines(60, 230, (
        "Column c works on strip c and releases the rest: rows need no sums across cores, and a strip of 16 rows",
        "fills the 16 lanes of a float vector. Price: each core receives four times what it works on.",
        f"C: a quarter of an int8 object (16 rows x 128 channels, 16 scales) from each core; {shape.k_steps} objects "
        "a row tile.",
    ), size=10)  # fmt: skip
    return canvas


def convolution(dims: ModelDims) -> Canvas:
    """The first convolution's rows as overlapping pieces of the mel, as operand of the second."""
    canvas = Canvas(900, 330, "convolutions as products of overlapping transfers")
    positions, w = 4, 68
    rows = [layout.conv_frames(dims, tap, positions) for tap in range(3)]
    low = min(first for taps in rows for first, _ in taps)
    high = max(last for taps in rows for _, last in taps)
    left = 120
    canvas.text(14, 22, f"conv1: a row of A is three frames of {dims.n_mels} bf16 values, one run of the mel in DDR; "
                "rows begin two frames apart and overlap", size=11)  # fmt: skip
    for frame in range(low, high + 1):
        x = left + (frame - low) * w
        canvas.box(x, 34, w - 2, 22, PALE if frame >= 0 else "#ffffff", stroke=GREY)
        canvas.text(x + w / 2, 49, f"frame {frame}" if frame >= 0 else "zeros", size=9, at="middle")
    y = 64
    for tap, taps in enumerate(rows):
        canvas.text(left - 8, y + 26, f"tap {tap} of conv2", size=10, at="end")
        for t, (first, last) in enumerate(taps):
            x = left + (first - low) * w
            colour = mixed(COLUMNS[tap], 0.3 + 0.1 * t)
            canvas.box(x + 2, y + (t % 2) * 20, (last - first + 1) * w - 6, 17, colour)
            canvas.text(x + 8, y + (t % 2) * 20 + 12, f"row {t}: frames {first} to {last}", size=8)
        y += 50
    tiles = encoder_plan.EncoderShape.of(dims).channel_tiles
    canvas.text(14, y + 20, "conv2: its operand lies ready, a product without any gathering", size=11)
    for tap in range(3):
        x = left + tap * 220
        canvas.box(x, y + 30, 216, 26, mixed(COLUMNS[tap], 0.3))
        canvas.text(x + 108, y + 47, f"row t: conv1 at frame 2 t {tap - 1:+d}, {tiles} tiles", size=9, at="middle")
    canvas.lines(14, y + 80, (
        "Odd frames are computed twice (taps 0 and 2): the price of no gathering, shown as padding of conv1.",
        "GELU in both epilogues; conv2's adds the positions as a residual from the weights.",
    ), size=10)  # fmt: skip
    return canvas


def mel(dims: ModelDims) -> Canvas:
    """Which core computes which frames of a round."""
    overlay = mel_overlay(dims.n_mels)
    owners = layout.mel_cores(dims.n_mels)
    canvas = Canvas(900, 300, "log-mel on the cores")
    w, h = 44, 26
    canvas.text(14, 22, f"A round: {overlay.round_frames} frames; {overlay.column_frames} consecutive ones "
    "a column, in "
                f"objects of {TILE_FRAMES} frames", size=11)  # fmt: skip
    per = len(owners) // overlay.columns
    for i, (column, row) in enumerate(owners):
        x, y = 110 + i % per * w, 36 + column * (h + 8)
        canvas.box(x, y, w - 1, h, core_colour(column, row))
        canvas.text(x + w / 2, y + 17, f"{column},{row}", size=9, at="middle")
        if i % per == 0:
            canvas.text(104, y + 17, f"frames {i * TILE_FRAMES}-", size=9, at="end")
    canvas.lines(14, 190, (
        "A of column c: samples, 8 overlapping frames an object, dealt out to the cores (links with offsets, no "
        "broadcast).",
        "B of column c: 25 objects of DFT coefficients (8 bins each) and one of filters, broadcast, read once a round.",
        "In the core: 400 samples folded to 200 sums and 200 differences (int16); coefficients as two planes of int8;",
        "powers in bf16, filters as a bf16 product, log10 by the exponent's bits; C: rows of int16 Q11 "
        "and the largest.",
        "A column's frames are consecutive, so its joined C objects are one run of the row-major output.",
    ), size=10)  # fmt: skip
    return canvas
