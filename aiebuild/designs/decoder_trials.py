"""Trials of the decoder overlay's kernels on random data, beside `reference`: all phases of an operation on one core,
or, for attention, on the four cores of a column, whose parts are then merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import reference
from aiebuild.designs.decoder import (
    A_FLOATS,
    A_OBJECT,
    B_OBJECT,
    C_OBJECT,
    PART,
    TILE,
    Command,
    DecoderShape,
    Linear,
    Split,
    cross_command,
    decoder_parameters,
    linear_command,
    load_pieces,
    self_command,
)
from aiebuild.designs.decoder_weights import pack_linear, quantise_slices
from aiebuild.designs.encoder import GRID, STRIP
from aiebuild.designs.encoder_trials import pack_layout, random_rows
from aiebuild.designs.trial import Kernels, Object, Trial, memory, objects_of, soiled
from aiebuild.weights.pack import Floats

KERNELS = ("decoder_load.cc", "decoder_linear.cc", "decoder_attention.cc", "decoder_dispatch.cc")

PART_FLOATS = 68
"""Of a row in an attention part: 64 sums, the maximum, the sum of probabilities, two unused."""
GELU_ERROR = 4 * reference.FLOAT
"""Relative error of the decoder's GELU, in float32: its polynomial, its reciprocal after three Newton steps."""
NORM_ERROR = 2.0e-5
"""Relative error of the decoder's layer norm, in float32: the array's reciprocal square root."""


class DecoderCore:
    """One core with its memory, at a row and column of the grid."""

    def __init__(self, kernels: Kernels, row: int = 0, column: int = 0) -> None:
        self._kernels = kernels
        self.row, self.column = row, column
        buffers = decoder_parameters()
        self._x, self._y = memory(buffers["inputs"]), memory(buffers["outputs"])
        self._stats, self._params = memory(buffers["stats"]), memory(buffers["params"])

    def run(self, command: bytes, a: Iterator[Object], b: Iterator[Object]) -> list[Object]:
        """The core's body in `decoder.mlir.j2`: an operation on the objects of its A and B channels; its C objects."""
        call, x, y, stats, params = self._kernels.call, self._x, self._y, self._stats, self._params
        (head,) = objects_of(command, A_OBJECT)
        call("decoder_command", head, y, params, inputs=(head,))
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
                call("decoder_side", row, y, params, index, self.row, self.column, inputs=(row,))
            for index in range(outputs):
                c = soiled(C_OBJECT)
                call("decoder_finish", c, y, stats, params, index)
                out.append(c)
        return out


# --- products ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Product:
    """A product and the core it is tried on."""

    linear: Linear
    rows: int = 1
    row: int = 0
    column: int = 0

    @property
    def split(self) -> Split:
        """How it is cut."""
        return Split.of(self.linear, self.rows)

    def columns(self) -> NDArray[np.int64]:
        """The outputs that the core computes, tile by tile: [tiles, 32]."""
        split = self.split
        tiles = np.arange(split.chunks * split.chunk_tiles)
        return (tiles[:, None] * GRID + self.column) * 128 + self.row * 32 + np.arange(32)


def product(
    kernels: Kernels, rng: np.random.Generator, what: Product, *, size: float = 1.0, values: Floats | None = None
) -> Trial:
    """A linear layer with bias, and residual and GELU where `what.linear` has them; of rows as they are, of normalised
    rows or of merged attention parts. `values`: the rows [rows, k] instead of random ones."""
    linear, rows, split = what.linear, what.rows, what.split
    state = linear.k if linear.kind == "linear_norm" else 64
    shape = DecoderShape(state, linear.k // 64, 1, linear.n, 448)
    width = split.chunks * split.chunk_tiles * TILE
    w = np.zeros((linear.k, width), np.float32)
    w[:, : linear.n] = rng.standard_normal((linear.k, linear.n), np.float32) * np.float32(0.05)
    bias = np.zeros(width, np.float32)
    bias[: linear.n] = rng.standard_normal(linear.n, np.float32)
    gamma = None
    if linear.kind == "linear_merge":
        loads, x = _parts(rng, rows, linear.k // 64)
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

    a = _a_stream(what, loads, bias, residual)
    packed = pack_linear(w, linear.k_tiles, width // TILE).reshape(GRID, -1, linear.k_tiles, B_OBJECT)[what.column]
    part = linear.k_tiles // split.parts
    b: list[Object] = []
    for chunk in range(split.chunks):
        tiles = packed[chunk * split.chunk_tiles : (chunk + 1) * split.chunk_tiles]
        for index in range(split.parts):
            b += objects_of(tiles[:, index * part : (index + 1) * part], B_OBJECT)
    core = DecoderCore(kernels, what.row, what.column)
    out = core.run(linear_command(shape, linear, rows, gamma), iter(a), iter(b))

    q, scales = quantise_slices(w)
    y = reference.linear(x, q, scales, bias, error * np.ones_like(x))
    if linear.residual:
        y = reference.Expected(y.value + residual, y.tolerance + 4 * reference.FLOAT * np.abs(residual))
    if linear.gelu:
        y = reference.gelu_of(y, GELU_ERROR, GELU_ERROR)
    mine = what.columns()  # [tiles, 32]
    expected = reference.Expected(y.value[:, mine].transpose(1, 0, 2), y.tolerance[:, mine].transpose(1, 0, 2))
    got = np.concatenate([o.view(np.float32)[: split.output_tiles * rows * 32] for o in out])
    by_chunk = got.reshape(split.chunks, -1, rows, 32)[:, : split.chunk_tiles]
    return Trial(f"decoder {linear.kind}", expected, by_chunk.reshape(-1, rows, 32))


def _spread(x: Floats) -> NDArray[np.float64]:
    return np.sqrt(x.astype(np.float64).var(axis=1, keepdims=True) + reference.LAYER_NORM_EPS)


def _rows(rng: np.random.Generator, rows: int, columns: int, size: float) -> Floats:
    fine = rng.standard_normal((rows, columns), np.float32) * np.float32(1e-3)  # beyond what bf16 holds
    return np.asarray(random_rows(rng, rows, columns, size) + fine, np.float32)


def _a_object(values: Floats) -> Object:
    """Floats at the beginning of an A object; what follows them is none of the kernel's business."""
    (out,) = objects_of(soiled(A_OBJECT), A_OBJECT)
    data = np.ascontiguousarray(values, np.float32).reshape(-1)[: A_OBJECT // 4].view(np.uint8)
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


def _parts(rng: np.random.Generator, rows: int, heads: int) -> tuple[list[list[Object]], NDArray[np.float64]]:
    """Attention parts of all heads as A objects, and the merged rows [rows, heads * 64]."""
    sums = rng.standard_normal((heads, GRID, rows, 64)).astype(np.float32)
    maxima = np.rint(rng.uniform(-200, 50, (heads, GRID, rows))).astype(np.float32)
    totals = rng.uniform(0.5, 200, (heads, GRID, rows)).astype(np.float32)
    unseen = rng.random((heads, GRID, rows)) < 0.2
    unseen[:, 0] = False
    sums[unseen], maxima[unseen], totals[unseen] = 0, -8192, 0
    objects: list[Object] = []
    for head in range(heads):
        data = np.full((GRID, PART // 4), np.nan, np.float32)
        rows_of = data[:, : rows * PART_FLOATS].reshape(GRID, rows, PART_FLOATS)
        rows_of[..., :64], rows_of[..., 64], rows_of[..., 65] = sums[head], maxima[head], totals[head]
        objects.append(_a_object(data))
    merged = [reference.merge_attention(sums[h], maxima[h], totals[h]) for h in range(heads)]
    return [objects], np.concatenate(merged, axis=1)


def _a_stream(what: Product, loads: list[list[Object]], bias: Floats, residual: Floats) -> list[Object]:
    """The A objects in the order of the core's loops: loads, then for each chunk what is added to its outputs."""
    split = what.split
    a = [] if split.parts > 1 else list(loads[0])
    for chunk in range(split.chunks):
        if split.parts > 1:
            a += [row for part in loads for row in part]
        for piece in range(split.side_pieces):
            start = chunk * split.chunk_tiles * TILE + piece * A_FLOATS
            a.append(_a_object(bias[start:]))
            if what.linear.residual:
                a += [_a_object(row[start:]) for row in residual]
    return a


# --- attention --------------------------------------------------------------------------------------------------------


def _queries(rng: np.random.Generator, rows: int, heads: int, size: float) -> Floats:
    return rng.standard_normal((rows, heads * 64), np.float32) * np.float32(size / 8)


def _merged(out: list[list[Object]], group: int, rows: int) -> NDArray[np.float64]:
    parts = np.stack([o[group].view(np.float32)[: rows * PART_FLOATS].reshape(rows, PART_FLOATS) for o in out])
    return reference.merge_attention(parts[..., :64], parts[..., 64], parts[..., 65])


def self_attention(
    kernels: Kernels,
    rng: np.random.Generator,
    *,
    rows: int = 1,
    position: int = 63,
    heads: int = 4,
    column: int = 0,
    size: float = 2.0,
) -> Trial:
    """Causal attention of `rows` tokens from `position` on, over the log; later positions hold leftovers."""
    bucket = 64 * -(-(position + rows) // 64)
    shape = DecoderShape(64 * heads, heads, 1, 100, 448)
    q = _queries(rng, rows, shape.groups * GRID, size)
    k, v = rng.standard_normal((2, bucket + 2, shape.groups, 64), np.float32)
    k[position + rows :], v[position + rows :] = 300, 300
    b: list[Object] = []
    for group in range(shape.groups):
        for start in range(0, bucket, 64):
            b += [_panel(array[start:, group]) for array in (k, v)]
    command = self_command(shape, rows, position, bucket)
    loads = [_a_object(row) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(GRID)]
    visible = np.arange(bucket) <= position + np.arange(rows)[:, None]
    return _attention_trial("decoder self-attention", out, q, k[:bucket], v[:bucket], visible, column)


def _panel(rows: Floats) -> Object:
    """66 rows of 64 floats as one object: the last two are of the next 64."""
    (out,) = objects_of(soiled(B_OBJECT), B_OBJECT)
    data = np.ascontiguousarray(rows[:66]).view(np.uint8).reshape(-1)
    out[: data.size] = data
    return out


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
    """Attention over the window's keys, in the encoder's bf16 blocks; what lies behind the last one is garbage."""
    shape = DecoderShape(64 * heads, heads, 1, 100, 448)
    q = _queries(rng, rows, shape.groups * GRID, size)
    length = 64 * -(-keys // 64)
    k, v = reference.bf16(rng.standard_normal((2, length, shape.groups, 64), np.float32))
    k[keys:], v[keys:] = 300, 300
    b: list[Object] = []
    for group in range(shape.groups):
        for start in range(0, length, 64):
            strips = [
                pack_layout(array[start : start + 64, group], layout).reshape(GRID, 1, STRIP)
                for array, layout in ((k, "natural"), (v, "value"))
            ]
            b += objects_of(np.concatenate(strips, axis=1), B_OBJECT)
    command = cross_command(shape, rows)
    if keys != 1500:
        command = Command(
            "cross_attention", first_loads=rows, chunks=shape.groups, steps=length // 64, rows=rows, keys=keys,
            groups=shape.groups, channels=shape.state,
        ).object()  # fmt: skip
    loads = [_a_object(row) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(GRID)]
    visible = np.broadcast_to(np.arange(length) < keys, (rows, length))
    return _attention_trial("decoder cross-attention", out, q, k, v, visible, column)


def _attention_trial(
    name: str, out: list[list[Object]], q: Floats, k: Floats, v: Floats, visible: NDArray[np.bool_], column: int
) -> Trial:
    """All head groups of a column; q [rows, channels], k and v [keys, groups, 64]."""
    got: list[NDArray[np.float64]] = []
    expected: list[reference.Expected] = []
    for group in range(k.shape[1]):
        head = group * GRID + column
        query = reference.bf16(q[:, head * 64 : (head + 1) * 64])
        keys, values = reference.bf16(k[:, group]), reference.bf16(v[:, group])
        expected.append(reference.attention(query, keys, values, visible))
        got.append(_merged(out, group, q.shape[0]))
    value, tolerance = (np.stack([getattr(e, part) for e in expected]) for part in ("value", "tolerance"))
    return Trial(name, reference.Expected(value, tolerance), np.stack(got))


def trials(library: Path, seed: int = 0) -> Iterator[Trial]:
    """A trial of every kernel family and variant, as `aiebuild check` runs them."""
    kernels, rng = Kernels(library), np.random.default_rng(seed)
    wide = Linear("fc1", "linear_norm", 512, 2048, gelu=True)
    back = Linear("fc2", "linear", 2048, 512, residual=True)
    merge = Linear("out", "linear_merge", 512, 512, residual=True)
    tail = Linear("logits", "linear_norm", 384, 51864 % (32 * TILE))
    cases: dict[str, Callable[[], Trial]] = {
        "GELU, 1 row": lambda: product(kernels, rng, Product(wide, 1, 1, 2)),
        "GELU, 4 rows": lambda: product(kernels, rng, Product(wide, 4)),
        "residual, 1 row": lambda: product(kernels, rng, Product(back, 1, 3, 3)),
        "residual, 4 rows": lambda: product(kernels, rng, Product(back, 4, 2, 1)),
        "merged parts, 4 rows": lambda: product(kernels, rng, Product(merge, 4, 1, 1)),
        "vocabulary's tail": lambda: product(kernels, rng, Product(tail, 1, 3, 3)),
        "1 row": lambda: self_attention(kernels, rng, rows=1, position=447, heads=8, column=3),
        "4 rows": lambda: self_attention(kernels, rng, rows=4, position=61, heads=6, column=1),
        "1,500 keys, 1 row": lambda: cross_attention(kernels, rng, rows=1, heads=6, column=1),
        "1,500 keys, 4 rows": lambda: cross_attention(kernels, rng, rows=4, heads=8, column=2),
    }
    for what, case in cases.items():
        trial = case()
        yield replace(trial, name=f"{trial.name}, {what}")
