"""Pictures of the decoder's operations."""

from __future__ import annotations

from aiebuild.config.model import ModelDims
from aiebuild.designs.cross_keys import TILE
from aiebuild.designs.decoder_dispatches import BRANCH_BUCKETS, BUCKETS
from aiebuild.designs.decoder_products import Split, logits_product
from aiebuild.designs.decoder_shape import (
    B_OBJECT,
    BEST,
    BEST_WORDS,
    C_OBJECT,
    CROSS_OBJECTS,
    LOG_BYTES,
    LOG_HEAD,
    LOG_ROWS,
    MOST_ROWS,
    PART_BYTES,
    DecoderShape,
    Rows,
    all_rows,
)
from aiebuild.designs.encoder_plan import POSITIONS
from aiebuild.designs.grid import NPU1
from aiebuild.report.mapping.draw import COLUMNS, GREY, INK, PALE, Canvas, core_colour, cores, mixed

GRID = NPU1.columns
"""Columns and rows of cores of the array that is drawn."""


def products(dims: ModelDims) -> Canvas:
    """A column tile of 512 outputs with few rows and with many."""
    shape = DecoderShape.of(dims)
    canvas = Canvas(930, 400, "products of the decoder")
    few, many = Rows.of(shape, 1), Rows.of(shape, GRID * shape.core_rows)
    most_few = max(way.total for way in all_rows(shape) if way.slices == 1)
    for panel, way in enumerate((few, many)):
        x0 = 20 + panel * 465
        span = 1 if way.slices == 1 else GRID
        title = (
            f"columns split: 1 to {most_few} rows, all on every core"
            if panel == 0
            else f"rows split: {most_few * 2} to {way.total} rows, up to {way.count} on a core"
        )
        canvas.text(x0, 22, title, size=12)
        canvas.text(x0, 42, f"outputs of a column tile of {shape.tile}, left to right", size=10)
        width = 420 / shape.tile
        for column in range(GRID):
            for row in range(GRID):
                columns = 32 * span
                start = column * 128 + (row * 32 if span == 1 else 0)
                y = 52 if span == 1 else 52 + row * 16
                canvas.box(x0 + start * width, y, columns * width - 1, 64 if span == 1 else 15,
                           core_colour(column, row))  # fmt: skip
                if span == 1:
                    canvas.text(x0 + (start + 16) * width, 88, f"{column},{row}", size=8, at="middle")
                else:
                    first = row * way.count
                    words = f"rows {first}-{first + way.count - 1}"
                    canvas.text(x0 + (start + 64) * width, y + 11, words, size=8, at="middle")
        for row in range(GRID):
            y = 150 + row * 26
            canvas.box(x0 + 60, y, 110, 20, PALE, stroke=GREY)
            canvas.text(x0 + 115, y + 14, "all rows" if span == 1 else f"its {way.count} rows", size=9, at="middle")
            canvas.text(x0 + 54, y + 14, f"A{row}", size=10, at="end")
        canvas.text(x0 + 200, 148, "a B object: k tile of 128 x 128 outputs", size=9)
        for part in range(GRID):
            y = 154 + part * 26
            canvas.box(x0 + 200, y, 130, 20, mixed(COLUMNS[0], 0.2 * part), stroke=GREY)
            canvas.text(x0 + 265, y + 14, f"slice {part}: 128 x 32", size=9, at="middle")
            words = f"row {part} of cores" if span == 1 else "every core"
            canvas.text(x0 + 336, y + 14, words, size=9)
    cores(canvas, 20, 272, 20)
    canvas.lines(130, 286, (
        "Either way a weight crosses the shim once for a block of rows, and a B object serves the four cores of its "
        "column.",
        f"Few rows: each core takes its 32 of 128 columns. Many: X of a core holds {shape.core_rows} rows at most, so "
        "the rows of cores share them out.",
        "A row is float in DDR; a core normalises it, cuts it into 16 bits (two int8 rows, high and "
        "low), and multiplies",
        "blocks of 4 x 8: two rows of the model. Bias, residual and GELU follow in float.",
    ), size=10)  # fmt: skip
    return canvas


def attention(dims: ModelDims) -> Canvas:
    """Keys over rows of cores, heads over columns; the parts meet in the next load."""
    shape = DecoderShape.of(dims)
    canvas = Canvas(940, 400, "attention of the decoder")
    canvas.text(14, 22, f"Cross-attention of a window: heads over columns ({shape.groups} groups of four), keys of a B "
                "object over rows of cores", size=12)  # fmt: skip
    strip = TILE
    for i in range(CROSS_OBJECTS):
        for row in range(GRID):
            x = 60 + i * 68 + row * 16
            first = i * strip * GRID + row * strip
            colour = core_colour(0, row) if first < POSITIONS else "#ffffff"
            canvas.box(x, 36, 15, 30, colour, stroke=GREY, line=0.5)
        canvas.text(60 + i * 68, 80, f"{i * strip * GRID}", size=8)
    canvas.text(54, 55, "keys", size=10, at="end")
    canvas.text(60, 96, f"one head: {CROSS_OBJECTS} objects of {B_OBJECT:,} bytes; row r "
    "of cores takes "
                f"{TILE} positions: four bits of each key and value, a byte for their scales", size=10)  # fmt: skip
    for row in range(GRID):
        y = 120 + row * 30
        canvas.box(60, y, 190, 24, core_colour(0, row), stroke=GREY)
        canvas.text(155, y + 16, f"core 0,{row}: O [64], maximum, sum", size=9, at="middle")
        canvas.path([(250, y + 12), (330, 180)], INK, arrow=True)
    canvas.box(330, 160, 210, 40, PALE, stroke=GREY)
    canvas.lines(338, 176, (f"C: a part of {PART_BYTES} bytes a row", "and head, to DDR"), size=10)
    canvas.path([(540, 180), (600, 180)], INK, arrow=True)
    canvas.box(600, 150, 320, 60, PALE, stroke=GREY)
    canvas.lines(608, 166, (
        "A of `out`: a head's four parts in one object;",
        "the load merges them: exp2(m - largest),",
        "weighted sum, quotient; then 16 bits",
    ), size=10)  # fmt: skip
    canvas.lines(14, 268, (
        "No core needs another's sums before the next product loads its input anyway, so the merge costs no operation "
        "of its own.",
        f"Self-attention: B objects of {LOG_ROWS} rows of {LOG_BYTES} bytes, 32 a row of cores, of a "
        "head or of two (then two parts a head).",
        "Queries have 16 bits as two int8 rows; scores, maxima and sums are float; probabilities 16 bits.",
        f"Up to {MOST_ROWS} rows of a window (beams, a prompt) share one pass over its keys and values; "
        "windows follow one another.",
    ), size=10)  # fmt: skip
    return canvas


def log(dims: ModelDims) -> Canvas:
    """The log of keys, values and queries and what rows see of it."""
    shape = DecoderShape.of(dims)
    canvas = Canvas(900, 360, "log of keys and values with masks")
    parts = [("q", 60 * 128 / shape.state)] * (shape.state // 128) + [("k v", 240 / shape.heads)] * shape.heads
    canvas.text(14, 22, f"A layer's log, one window: {LOG_HEAD} bytes of each entry in every place (128 of q, or a "
                "head's k and v); a column here lies together", size=12)  # fmt: skip
    # two sequences of a window: a prompt of three tokens, then a branch at every step
    entries = ("prompt", "prompt", "prompt", "a1", "b1", "a2", "b2", "a3", "b3")
    for i, name in enumerate(entries):
        y = 40 + i * 22
        x = 90.0
        for part, width in parts:
            canvas.box(x, y, width - 3, 21, mixed(COLUMNS[0 if part == "q" else 2], 0.75 if part == "q" else 0.3))
            canvas.text(x + width / 2 - 1, y + 14, part, size=8, at="middle")
            x += width
        canvas.text(84, y + 14, f"{i}: {name}", size=9, at="end")
    canvas.text(420, 36, "bits of a3", size=9, at="middle")
    canvas.text(480, 36, "bits of b3", size=9, at="middle")
    canvas.text(600, 36, "bits of a row that branches off after a1", size=9, at="middle")
    for i, name in enumerate(entries):
        y = 40 + i * 22
        for x, seen in (
            (420, name == "prompt" or name[0] == "a"),
            (480, name == "prompt" or name[0] == "b"),
            (600, name == "prompt" or name == "a1"),
        ):
            canvas.box(x - 9, y + 1, 18, 18, INK if seen else "#ffffff", stroke=GREY)
    canvas.lines(14, 262, (
        f"A dispatch appends its rows (argument LOG_AT, a sub-buffer {LOG_HEAD} bytes further for each entry) "
        "and reads all of them (argument LOG).",
        "Which entries a row sees is a bit each, in the command of the window's self-attention. Beams "
        "that change their "
        "parent",
        "change bits, not memory: nothing is copied. Windows of different lengths differ in bits too. A sequence is "
        "rendered for",
        f"up to {', '.join(map(str, BUCKETS))} entries (one sequence a window) or "
        f"{', '.join(map(str, BRANCH_BUCKETS))} (several).",
    ), size=10)  # fmt: skip
    return canvas


def sampling(dims: ModelDims) -> Canvas:
    """The logits' tiles on the cores, and what is left of them."""
    shape = DecoderShape.of(dims)
    linear = logits_product(shape)
    split = Split.of(linear, Rows.of(shape, 1))
    canvas = Canvas(900, 330, "sampling on the array")
    canvas.text(14, 22, f"Logits: {linear.n:,} tokens, {linear.tiles} column tiles in {split.chunks} chunks; none of "
                "them leaves the cores", size=12)  # fmt: skip
    for column in range(GRID):
        for row in range(GRID):
            x, y = 60 + column * 84, 40 + (3 - row) * 40
            canvas.box(x, y, 80, 36, core_colour(column, row))
            canvas.text(x + 40, y + 15, f"core {column},{row}", size=9, at="middle")
            canvas.text(x + 40, y + 28, "2 x 8 best, 2 sums", size=8, at="middle")
    canvas.path([(400, 118), (450, 118)], INK, arrow=True)
    canvas.box(450, 88, 190, 60, PALE, stroke=GREY)
    canvas.lines(458, 106, (
        "report: an operation of", f"its own, {BEST_WORDS * 4} bytes a row", "and core",
    ), size=10)  # fmt: skip
    canvas.path([(640, 118), (690, 118)], INK, arrow=True)
    canvas.box(690, 88, 190, 60, PALE, stroke=GREY)
    canvas.lines(
        698, 106, ("the run: the best of 16 (4", "where rows are split) lists,", "log-sum-exps added"), size=10
    )
    canvas.lines(14, 226, (
        "After a chunk's products comes an object with a bit for each token that is suppressed, and for each row "
        "a table:",
        "two ranges of tokens (text, timestamps), four banned tokens, and whether suppression counts (no-speech "
        "probability: it does not).",
        f"Each core keeps, per row and range, the {BEST} best tokens as ordered integers and a running maximum "
        "and sum of exponentials.",
        f"Output of a step: {GRID * GRID * C_OBJECT:,} bytes, against {linear.n * 4:,} a row of float logits; "
        "those are written",
        "for language detection and for temperatures above 0 only (sequences whose name ends in _all).",
    ), size=10)  # fmt: skip
    return canvas
