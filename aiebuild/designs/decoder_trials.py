"""Trials of the decoder overlay's kernels on random data, beside `reference`: all phases of an operation on one core,
or, for attention, on the four cores of a column, whose parts are then merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import four_bit, reference
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_commands import (
    cross_command,
    linear_command,
    load_pieces,
    report_command,
    self_command,
    table,
)
from aiebuild.designs.decoder_products import Linear, Split, Variant, layer_products
from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_OBJECT,
    A_SLOT,
    B_OBJECT,
    BEST,
    BEST_ROWS,
    BEST_WORDS,
    C_OBJECT,
    COLUMN,
    LOG_BYTES,
    LOG_HEAD,
    LOG_ROWS,
    PART_BYTES,
    SLICE,
    SUPPRESSED,
    SUPPRESSED_PLACE,
    TABLE_WORDS,
    DecoderShape,
    Rows,
)
from aiebuild.designs.decoder_weights import pack_linear, quantise_slices
from aiebuild.designs.encoder_trials import random_rows
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.trial import Kernels, Object, Trial, memory, objects_of, soiled
from aiebuild.weights.pack import Floats, from_bf16, to_bf16

PART_FLOATS = PART_BYTES // 4
GELU_ERROR = 5.0e-5
"""Relative error of the decoder's GELU: the power of two and products of two bf16 parts of each factor."""
GELU_REST = 4 * reference.FLOAT
"""Absolute error where it fades: there its exponent's error counts."""
NORM_ERROR = 2.0e-5
"""Relative error of the decoder's layer norm, in float32: the array's reciprocal square root."""


class DecoderCore:
    """One core with its memory, at a row and column of the grid."""

    def __init__(self, kernels: Kernels, row: int = 0, column: int = 0) -> None:
        self._kernels = kernels
        self.row, self.column = row, column
        buffers = decoder_parameters(kernels.grid)
        self._x, self._y = memory(buffers["inputs"]), memory(buffers["outputs"])
        self._stats, self._params = memory(buffers["stats"]), memory(buffers["params"])
        self._top = memory(buffers["top"])

    def run(self, command: bytes, a: Iterator[Object], b: Iterator[Object]) -> list[Object]:
        """The core's body in `decoder.mlir.j2`: an operation on the objects of its A and B channels; its C objects."""
        call, x, y, stats, params = self._kernels.call, self._x, self._y, self._stats, self._params
        top = self._top
        (head,) = objects_of(command, A_OBJECT)
        call("decoder_command", head, y, top, params, self.row, inputs=(head,))
        first, chunks, parts, loads, steps, side, outputs = (int(n) for n in params.view(np.int32)[1:8])

        def load(count: int) -> None:
            for index in range(count):
                row = next(a)
                call("decoder_load", row, x, y, stats, params, index, self.column, inputs=(row,))

        load(first)
        out: list[Object] = []
        for chunk in range(chunks):
            for part in range(parts):
                load(loads)
                for step in range(steps):
                    w = next(b)
                    call("decoder_step", w, x, y, stats, params, chunk, part, step, self.row, inputs=(w,))
            for index in range(side):
                row = next(a)
                call("decoder_side", row, y, top, params, chunk, index, self.row, self.column, inputs=(row,))
            for index in range(outputs):
                c = soiled(C_OBJECT)
                call("decoder_finish", c, y, stats, top, params, index)
                out.append(c)
        return out


# --- products ---------------------------------------------------------------------------------------------------------


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
    if linear.queries:
        pieces = np.concatenate(out).reshape(split.chunks, -1)[:, : split.chunk_tiles * what.rows.units * 64]
        of_heads = pieces.reshape(mine.shape[0], what.rows.count, LOG_HEAD)[linear.queries :]
        got[linear.queries :] = from_log(of_heads)
        for first in (0, 64):
            stored = tuple(e[linear.queries :, :, first : first + 64] for e in (expected.value, expected.tolerance))
            rounded = reference.as_int8(reference.Expected(*(e.reshape(-1, 64) for e in stored)))
            stored[1][:] = rounded.tolerance.reshape(stored[1].shape)
    return Trial(f"decoder {linear.kind}", expected, got)


def from_log(heads: NDArray[np.uint8]) -> Floats:
    """Keys and values [..., 128] of the log's int8 [..., at least LOG_BYTES]."""
    scales = from_bf16(np.ascontiguousarray(heads[..., 128:LOG_BYTES]).view(np.uint16))
    return np.ascontiguousarray(heads[..., :128]).view(np.int8) * np.repeat(scales, 64, axis=-1)


def to_log(k: Floats, v: Floats) -> NDArray[np.uint8]:
    """Keys and values [..., 64] as the log has them, [..., LOG_BYTES]."""
    out = np.zeros((*k.shape[:-1], LOG_BYTES), np.uint8)
    for i, array in enumerate((k, v)):
        q, scale = reference.int8_rows(array.reshape(-1, 64))
        out[..., 64 * i : 64 * i + 64] = q.reshape(array.shape).view(np.uint8)
        out[..., 128 + 2 * i : 130 + 2 * i] = to_bf16(scale).reshape(*array.shape[:-1], 1).view(np.uint8)
    return out


def _spread(x: Floats) -> NDArray[np.float64]:
    return np.sqrt(x.astype(np.float64).var(axis=1, keepdims=True) + reference.LAYER_NORM_EPS)


def _rows(rng: np.random.Generator, rows: int, columns: int, size: float) -> Floats:
    fine = rng.standard_normal((rows, columns), np.float32) * np.float32(1e-3)  # beyond what bf16 holds
    return np.asarray(random_rows(rng, rows, columns, size) + fine, np.float32)


def _a_object(values: NDArray[Any]) -> Object:
    """Numbers at the beginning of an A object; what follows them is none of the kernel's business."""
    (out,) = objects_of(soiled(A_OBJECT), A_OBJECT)
    data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)[:A_OBJECT]
    out[: data.size] = data
    return out


def _loads(linear: Linear, split: Split, x: Floats) -> list[list[Object]]:
    """A objects with the rows, part by part."""
    pieces = load_pieces(linear, split)
    width = linear.k // split.parts
    out: list[list[Object]] = []
    for part in range(split.parts):
        starts = [part * width + piece * width // pieces for piece in range(pieces)]
        out.append([_a_object(row[start:]) for row in x for start in starts])
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
        objects.append(_a_object(data))
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
                a.append(_a_object(columns[chunk * split.chunk_tiles * what.linear.tile + piece * A_FLOATS :]))
        a += [] if sampling is None else [sampling[chunk]]
    return a


# --- sampling ---------------------------------------------------------------------------------------------------------


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
        chunks.append(_a_object(words))
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


# --- attention --------------------------------------------------------------------------------------------------------


def _queries(rng: np.random.Generator, rows: int, heads: int, size: float) -> Floats:
    return reference.bf16(rng.standard_normal((rows, heads * 64), np.float32) * np.float32(size / 8))


def _merged(out: Sequence[list[Object]], group: int, rows: int) -> NDArray[np.float64]:
    parts = np.stack([
        np.stack([o.view(np.float32)[:PART_FLOATS] for o in core[group * rows : (group + 1) * rows]]) for core in out
    ])  # fmt: skip
    return reference.merge_attention(parts[..., :64], parts[..., 64], parts[..., 65])


def self_attention(
    kernels: Kernels,
    rng: np.random.Generator,
    seen: NDArray[np.bool_],
    *,
    heads: int = 4,
    column: int = 0,
    size: float = 2.0,
) -> Trial:
    """Attention of rows over the entries of the log that they see, `seen` [rows, entries]; others hold leftovers."""
    rows = seen.shape[0]
    shape = DecoderShape(64 * heads, heads, 1, 100, 448, kernels.grid)
    together, groups, columns = shape.heads_at_once, shape.log_groups, kernels.grid.columns
    bucket, entries = 64 * -(-seen.shape[1] // 64), LOG_ROWS // together
    whole = entries * -(-bucket // entries)
    visible = np.zeros((rows, whole), np.bool_)
    visible[:, : seen.shape[1]] = seen
    q = _queries(rng, rows, groups * together * columns, size)
    k, v = reference.bf16(rng.standard_normal((2, whole, groups * together, 64), np.float32))
    hidden = ~visible.any(axis=0)
    k[hidden], v[hidden] = 300, 300
    log = to_log(k, v)
    log[hidden, :, 128:] = 0xFF  # not a number
    b: list[Object] = []
    for group in range(groups):
        for start in range(0, whole, entries):
            heads_of = log[start : start + entries, group * together : (group + 1) * together]
            b += objects_of(np.ascontiguousarray(heads_of.transpose(1, 0, 2)), B_OBJECT)
    command = self_command(shape, rows, bucket, visible[:, :bucket])
    loads = [_a_object(to_bf16(row)) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(ROWS)]
    each = ROWS // together
    parts = [
        _Head((group * columns + column) * together + i, group, out[i * each : (i + 1) * each])
        for group in range(groups) for i in range(together)
    ]  # fmt: skip
    return _attention_trial("decoder self-attention", parts, q, k, v, visible)


def cross_attention(
    kernels: Kernels,
    rng: np.random.Generator,
    *,
    rows: int = 1,
    keys: int = 1500,
    heads: int = 4,
    column: int = 0,
    size: float = 2.0,
) -> Trial:
    """Attention over the window's keys, as the encoder packs them; what lies behind the last one is garbage."""
    shape = DecoderShape(64 * heads, heads, 1, 100, 448, kernels.grid)
    q = _queries(rng, rows, shape.groups * kernels.grid.columns, size)
    length = 128 * -(-keys // 128)
    k, v = rng.standard_normal((2, length, shape.groups, 64), np.float32)
    k[keys:], v[keys:] = 300, 300
    b: list[Object] = []
    for group in range(shape.groups):
        for start in range(0, length, 128):
            b.append(pack_keys(k[start : start + 128, group], v[start : start + 128, group]))
    command = cross_command(shape, rows, keys)
    loads = [_a_object(to_bf16(row)) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(ROWS)]
    visible = np.broadcast_to(np.arange(length) < keys, (rows, length))
    parts = [_Head(group * kernels.grid.columns + column, group, out) for group in range(shape.groups)]
    return _attention_trial("decoder cross-attention", parts, q, k, v, visible)


def pack_keys(k: Floats, v: Floats) -> Object:
    """Keys and values [128, 64] of a head as a B object."""
    out = np.zeros((ROWS, SLICE), np.uint8)
    for place, array, order in ((0, k, (0, 3, 1, 4, 2)), (SLICE // 2, v, (0, 1, 3, 2, 4))):
        q, scale = reference.int8_rows(array)
        blocks = q.reshape(ROWS, 4, 8, 8, 8).transpose(order)  # slice, position block, position, channel block, channel
        out[:, place : place + 2048] = np.ascontiguousarray(blocks).view(np.uint8).reshape(ROWS, 2048)
        scales = to_bf16(scale).reshape(ROWS, 32)
        out[:, place + 2048 : place + SLICE // 2] = np.ascontiguousarray(scales).view(np.uint8)
    (packed,) = objects_of(out, B_OBJECT)
    return packed


@dataclass(frozen=True)
class _Head:
    """A head of a column of cores: its number, its group, the outputs of the cores that see its keys."""

    number: int
    group: int
    out: Sequence[list[Object]]


def _attention_trial(
    name: str, heads: list[_Head], q: Floats, k: Floats, v: Floats, visible: NDArray[np.bool_]
) -> Trial:
    """All heads of a column; q [rows, channels], k and v [keys, heads, 64]."""
    got: list[NDArray[np.float64]] = []
    expected: list[reference.Expected] = []
    for i, head in enumerate(heads):
        query = q[:, head.number * 64 : (head.number + 1) * 64]
        expected.append(reference.attention_int8(query, k[:, i], v[:, i], visible))
        got.append(_merged(head.out, head.group, q.shape[0]))
    value, tolerance = (np.stack([getattr(e, part) for e in expected]) for part in ("value", "tolerance"))
    return Trial(name, reference.Expected(value, tolerance), np.stack(got))


def trials(library: Path, grid: Grid = NPU1, seed: int = 0) -> Iterator[Trial]:
    """A trial of every kernel family and variant, as `aiebuild check` runs them."""
    kernels, rng = Kernels(library, grid), np.random.default_rng(seed)
    tile, end = COLUMN * kernels.grid.columns, 51864 % 16384
    wide = Linear("fc1", "linear_norm", 512, 2048, gelu=True, tile=tile)
    back = Linear("fc2", "linear", 2048, 512, residual=True, tile=tile)
    merge = Linear("out", "linear_merge", 512, 512, residual=True, tile=tile)
    pairs = replace(merge, heads=2)
    log = layer_products(DecoderShape(384, 6, 1, 100, 448, grid), 0)["qkv"]
    tail = Linear("logits", "linear_norm", 384, end, tile=tile)
    causal = np.tri(4, 65, 61, np.bool_)
    branches = rng.random((8, 300)) < 0.4
    sampled = [Sampled((0, 3000), (3000, end), (7, 11)) for _ in range(2)]
    cases: dict[str, Callable[[], Trial]] = {
        "GELU, 1 row": lambda: product(kernels, rng, Product(wide, Rows(1, 1), 1, 2)),
        "GELU, 32 rows": lambda: product(kernels, rng, Product(wide, Rows(8, 4))),
        "four bits, 1 row": lambda: product(kernels, rng, Product(replace(wide, bits=4), Rows(1, 1), 2, 1)),
        "four bits, 16 rows": lambda: product(kernels, rng, Product(replace(log, bits=4), Rows(4, 4), 1, 2)),
        "residual, 1 row": lambda: product(kernels, rng, Product(back, Rows(1, 1), 3, 3)),
        "residual, 4 rows": lambda: product(kernels, rng, Product(back, Rows(4, 1), 2, 1)),
        "merged parts, 16 rows": lambda: product(kernels, rng, Product(merge, Rows(4, 4), 1, 1)),
        "merged pairs, 8 rows": lambda: product(kernels, rng, Product(pairs, Rows(2, 4), 2, 1)),
        "rows of the log, 1 row": lambda: product(kernels, rng, Product(log, Rows(1, 4), 1, 2)),
        "rows of the log, 8 rows": lambda: product(kernels, rng, Product(log, Rows(2, 4), 1, 1)),
        "vocabulary's tail": lambda: product(kernels, rng, Product(tail, Rows(1, 1), 3, 3)),
        "8 rows": lambda: sampling(kernels, rng, Product(tail, Rows(2, 4), 1, 3), sampled, [3, 400, 1000])[0],
        "1 row": lambda: self_attention(kernels, rng, np.ones((1, 448), np.bool_), heads=8, column=3),
        "4 rows": lambda: self_attention(kernels, rng, causal, heads=6, column=1),
        "8 branches": lambda: self_attention(kernels, rng, branches, heads=6, column=1),
        "1,500 keys, 1 row": lambda: cross_attention(kernels, rng, rows=1, heads=6, column=1),
        "1,500 keys, 8 rows": lambda: cross_attention(kernels, rng, rows=8, heads=8, column=2),
    }
    for what, case in cases.items():
        trial = case()
        yield replace(trial, name=f"{trial.name}, {what}")
