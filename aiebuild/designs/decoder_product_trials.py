"""Trials of the decoder's products on random data, beside `reference`: all phases of an operation on one core, whose
outputs are stored or, of logits, only sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import four_bit, reference
from aiebuild.designs.decoder_commands import linear_command, load_pieces, report_command, table
from aiebuild.designs.decoder_core import DecoderCore, a_object, from_log
from aiebuild.designs.decoder_products import Linear, Split, Variant
from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_SLOT,
    B_OBJECT,
    BEST,
    BEST_ROWS,
    BEST_WORDS,
    COLUMN,
    LOG_HEAD,
    SUPPRESSED,
    SUPPRESSED_PLACE,
    TABLE_WORDS,
    DecoderShape,
    Rows,
)
from aiebuild.designs.decoder_weights import pack_linear, quantise_slices
from aiebuild.designs.encoder_trials import random_rows
from aiebuild.designs.grid import ROWS
from aiebuild.designs.trial import Kernels, Object, Trial, objects_of
from aiebuild.weights.pack import Floats, from_bf16

GELU_ERROR = 5.0e-5
"""Relative error of the decoder's GELU: the power of two and products of two bf16 parts of each factor."""
GELU_REST = 4 * reference.FLOAT
"""Absolute error where it fades: there its exponent's error counts."""
NORM_ERROR = 2.0e-5
"""Relative error of the decoder's layer norm, in float32: the array's reciprocal square root."""


@dataclass(frozen=True)
class Product:
    """A product of a block of rows and the core it is tried on."""

    linear: Linear
    rows: Rows
    row: int = 0
    column: int = 0

    @property
    def split(self) -> Split:
        """How it is cut."""
        return Split.of(self.linear, self.rows)

    def columns(self) -> NDArray[np.int64]:
        """The outputs that the core computes, tile by tile: [tiles, 32 or 128]."""
        split = self.split
        tiles = np.arange(split.chunks * split.chunk_tiles)
        width, first = (32, self.row * 32) if self.rows.slices == 1 else (128, 0)
        return tiles[:, None] * self.linear.tile + self.column * COLUMN + first + np.arange(width)


@dataclass(frozen=True)
class Operands:
    """Random data of a product on one core: its A and B objects, and what the outputs should be, [rows, n]."""

    command: bytes
    a: list[Object]
    b: list[Object]
    expected: reference.Expected


def operands(
    rng: np.random.Generator, what: Product, *, size: float = 1.0, values: Floats | None = None,
    sampling: list[Object] | None = None,
) -> Operands:  # fmt: skip
    """A linear layer with bias, and residual and GELU where `what.linear` has them; of rows as they are, of normalised
    rows or of merged attention parts. `values`: the rows [rows, k] instead of random ones. `sampling`: A objects of the
    chunks, where the logits are only sampled."""
    linear, rows, split = what.linear, what.rows.count, what.split
    state = linear.k if linear.kind == "linear_norm" else 64
    shape = DecoderShape(state, linear.k // 64, 1, linear.n, 448)
    width = split.chunks * split.chunk_tiles * linear.tile
    w = np.zeros((linear.k, width), np.float32)
    w[:, : linear.n] = rng.standard_normal((linear.k, linear.n), np.float32) * np.float32(0.05)
    bias = np.zeros(width, np.float32)
    bias[: linear.n] = rng.standard_normal(linear.n, np.float32)
    if linear.bits == 8:  # two bf16 hold it
        high = reference.bf16(bias)
        bias = high + reference.bf16(bias - high)
    gamma = None
    if linear.kind == "linear_merge":
        loads, x = _parts(rng, rows, linear.k // 64, linear.heads)
        error: Any = NORM_ERROR * np.abs(x)
    else:
        given = _rows(rng, rows, linear.k, size) if values is None else values
        loads = _loads(linear, split, given)
        x, error = given, 0
        if linear.kind == "linear_norm":
            gamma = reference.bf16(np.exp(rng.standard_normal(linear.k, np.float32)))
            x = reference.layer_norm(given, gamma)
            error = NORM_ERROR * (np.abs(x) + np.abs(gamma) * np.abs(given).max(axis=1, keepdims=True) / _spread(given))
    residual = _rows(rng, rows, width, 1.0)
    residual[:, split.side_pieces * A_FLOATS :] = 0  # of columns that there are not

    a = _a_stream(what, loads, bias, residual, sampling)
    across = linear.tile // COLUMN
    whole = pack_linear(w, linear, width // linear.tile, across, bias=bias)
    packed = whole.reshape(across, -1, linear.objects, B_OBJECT)[what.column]
    part = linear.objects // split.parts
    b: list[Object] = []
    for chunk in range(split.chunks):
        tiles = packed[chunk * split.chunk_tiles : (chunk + 1) * split.chunk_tiles]
        for index in range(split.parts):
            b += objects_of(tiles[:, index * part : (index + 1) * part], B_OBJECT)
    command = linear_command(shape, linear, Variant(what.rows, sampling is not None), gamma)

    if linear.bits == 4:
        four = four_bit.quantise(w)
        q, scales = four.q, four.scales
    else:
        q, scales = quantise_slices(w)
    y = reference.linear(x, q, scales, bias, error * np.ones_like(x))
    if linear.residual:
        y = reference.Expected(y.value + residual, y.tolerance + 4 * reference.FLOAT * np.abs(residual))
    if linear.gelu:
        y = reference.gelu_of(y, GELU_ERROR, GELU_REST)
    if linear.bf16:
        y = reference.stored(y.value, y.tolerance)
    return Operands(command, a, b, y)


def product(
    kernels: Kernels, rng: np.random.Generator, what: Product, *, size: float = 1.0, values: Floats | None = None
) -> Trial:
    """A product on one core: its columns of its rows, [tiles, rows, 32 or 128]."""
    data = operands(rng, what, size=size, values=values)
    out = DecoderCore(kernels, what.row, what.column).run(data.command, iter(data.a), iter(data.b))
    split, linear = what.split, what.linear
    mine = what.columns()
    y = data.expected
    expected = reference.Expected(y.value[:, mine].transpose(1, 0, 2), y.tolerance[:, mine].transpose(1, 0, 2))
    if linear.bf16:
        got = np.concatenate([from_bf16(o.view(np.uint16)) for o in out])
    else:
        got = np.concatenate([o.view(np.float32) for o in out])
    by_chunk = got.reshape(split.chunks, -1)[:, : split.chunk_tiles * what.rows.units * 32]
    got = by_chunk.reshape(mine.shape[0], what.rows.count, mine.shape[1])
    if linear.stored:
        pieces = np.concatenate(out).reshape(split.chunks, -1)[:, : split.chunk_tiles * what.rows.units * 64]
        of_heads = pieces.reshape(mine.shape[0], what.rows.count, LOG_HEAD)[: linear.stored]
        got[: linear.stored] = from_log(of_heads)
        for first in (0, 64):
            stored = tuple(e[: linear.stored, :, first : first + 64] for e in (expected.value, expected.tolerance))
            rounded = reference.as_int8(reference.Expected(*(e.reshape(-1, 64) for e in stored)))
            stored[1][:] = rounded.tolerance.reshape(stored[1].shape)
    return Trial(f"decoder {linear.kind}", expected, got)


@dataclass(frozen=True)
class Sampled:
    """A row's two token ranges, banned tokens, and whether suppressed tokens count."""

    first: tuple[int, int]
    second: tuple[int, int]
    banned: tuple[int, ...] = ()
    raw: bool = False


def sampling(
    kernels: Kernels, rng: np.random.Generator, what: Product, rows: list[Sampled], suppressed: list[int]
) -> tuple[Trial, NDArray[np.int32]]:
    """What a core finds out about its columns' logits: (log-sum-exps and the best logits, [rows, 2, 1 + BEST], with
    `SUPPRESSED` for what there is not; the tokens named, [rows, 2, BEST])."""
    split, count = what.split, what.rows.count
    first = 0 if what.rows.slices == 1 else what.row * count
    words = np.zeros((first + count, TABLE_WORDS), np.int32)
    words[first:] = [table(row.first, row.second, row.banned, raw=row.raw) for row in rows]
    never = np.zeros((split.chunks, split.chunk_tiles * what.linear.tile), np.bool_)
    never.reshape(-1)[suppressed] = True
    chunks: list[Object] = []
    for bits in np.packbits(never, axis=1, bitorder="little"):
        chunks.append(a_object(words))
        chunks[-1][SUPPRESSED_PLACE : SUPPRESSED_PLACE + bits.size] = bits
    data = operands(rng, what, sampling=chunks)
    core = DecoderCore(kernels, what.row, what.column)
    if core.run(data.command, iter(data.a), iter(data.b)):
        raise ValueError("sampling has no outputs of its own")
    reports = [o.view(np.int32) for o in core.run(report_command(what.rows), iter(()), iter(()))]
    found = np.concatenate([report[: BEST_ROWS * BEST_WORDS] for report in reports]).reshape(-1, BEST_WORDS)[:count]
    lists = found[:, : 4 * BEST].reshape(count, 2, 2, BEST)
    totals = found[:, 4 * BEST :].reshape(count, 2, 2).view(np.float32)
    logits = reference.ordered_floats(lists[:, :, 0])
    with np.errstate(divide="ignore"):
        total = totals[..., 0] + np.log(totals[..., 1])
    got = np.concatenate([total[..., None], logits], axis=2).astype(np.float64)

    value = np.zeros((count, 2, 1 + BEST))
    tolerance = np.zeros((count, 2, 1 + BEST))
    mine = what.columns().reshape(-1)
    for index, row in enumerate(rows):
        for which, (low, high) in enumerate((row.first, row.second)):
            tokens = [t for t in mine if low <= t < high and t not in row.banned]
            tokens = [t for t in tokens if row.raw or t not in suppressed]
            value[index, which], tolerance[index, which] = reference.candidates(
                data.expected.value[index, tokens], data.expected.tolerance[index, tokens], BEST, SUPPRESSED
            )
    got = np.where(got < SUPPRESSED / 2, SUPPRESSED, got)
    return Trial("decoder sampling", reference.Expected(value, tolerance), got), lists[:, :, 1]


def _spread(x: Floats) -> NDArray[np.float64]:
    return np.sqrt(x.astype(np.float64).var(axis=1, keepdims=True) + reference.LAYER_NORM_EPS)


def _rows(rng: np.random.Generator, rows: int, columns: int, size: float) -> Floats:
    fine = rng.standard_normal((rows, columns), np.float32) * np.float32(1e-3)  # beyond what bf16 holds
    return np.asarray(random_rows(rng, rows, columns, size) + fine, np.float32)


def _loads(linear: Linear, split: Split, x: Floats) -> list[list[Object]]:
    """A objects with the rows, part by part."""
    pieces = load_pieces(linear, split)
    width = linear.k // split.parts
    out: list[list[Object]] = []
    for part in range(split.parts):
        starts = [part * width + piece * width // pieces for piece in range(pieces)]
        out.append([a_object(row[start:]) for row in x for start in starts])
    return out


def _parts(
    rng: np.random.Generator, rows: int, heads: int, together: int
) -> tuple[list[list[Object]], NDArray[np.float64]]:
    """Attention parts of all heads as A objects, and the merged rows [rows, heads * 64]."""
    cores = ROWS // together
    sums = rng.standard_normal((heads, cores, rows, 64)).astype(np.float32)
    maxima = rng.uniform(-200, 50, (heads, cores, rows)).astype(np.float32)
    totals = rng.uniform(0.5, 200, (heads, cores, rows)).astype(np.float32)
    unseen = rng.random((heads, cores, rows)) < 0.2
    unseen[:, 0] = False
    sums[unseen], maxima[unseen], totals[unseen] = 0, -8192, 0
    objects: list[Object] = []
    each = [(unit * together, row) for unit in range(heads // together) for row in range(rows)]
    for first in range(0, len(each), 2):  # twice one row, or two rows of the same heads
        data = np.full((2, together, cores, A_SLOT // 4), np.nan, np.float32)
        for part, (head, row) in zip(data, each[first : first + 2], strict=False):
            part[..., :64] = sums[head : head + together, :, row]
            part[..., 64] = maxima[head : head + together, :, row]
            part[..., 65] = totals[head : head + together, :, row]
        objects.append(a_object(data))
    merged = [reference.merge_attention(sums[h], maxima[h], totals[h]) for h in range(heads)]
    return [objects], np.concatenate(merged, axis=1)


def _a_stream(
    what: Product, loads: list[list[Object]], bias: Floats, residual: Floats, sampling: list[Object] | None
) -> list[Object]:
    """The A objects in the order of the core's loops: loads, then for each chunk what is added to its outputs."""
    split = what.split
    a = [] if split.parts > 1 else list(loads[0])
    for chunk in range(split.chunks):
        if split.parts > 1:
            a += [row for part in loads for row in part]
        added: list[Floats] = [bias] if what.linear.bits == 4 else []
        added += list(residual) if what.linear.residual else []
        for columns in added:
            for piece in range(split.side_pieces):
                a.append(a_object(columns[chunk * split.chunk_tiles * what.linear.tile + piece * A_FLOATS :]))
        a += [] if sampling is None else [sampling[chunk]]
    return a
