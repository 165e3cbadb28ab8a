"""Trials of the decoder's attention on random data, beside `reference`: on the four cores of a column, whose parts are
then merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import cross_keys, reference
from aiebuild.designs.cross_keys import TILE
from aiebuild.designs.decoder_commands import cross_command, self_command
from aiebuild.designs.decoder_core import DecoderCore, a_object, to_log
from aiebuild.designs.decoder_shape import B_OBJECT, CROSS_POSITIONS, LOG_ROWS, PART_BYTES, DecoderShape
from aiebuild.designs.grid import ROWS
from aiebuild.designs.trial import Kernels, Object, Trial, objects_of
from aiebuild.weights.pack import Floats, to_bf16

PART_FLOATS = PART_BYTES // 4


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
    loads = [a_object(to_bf16(row)) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(ROWS)]
    each = ROWS // together
    parts = [
        _Head((group * columns + column) * together + i, group, out[i * each : (i + 1) * each])
        for group in range(groups) for i in range(together)
    ]  # fmt: skip
    return _attention_trial(
        "decoder self-attention", parts, q, lambda i, query: reference.attention_int8(query, k[:, i], v[:, i], visible)
    )


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
    length = CROSS_POSITIONS * -(-keys // CROSS_POSITIONS)
    n = rng.integers(-8, 8, (2, shape.groups, length // TILE, TILE, 64)).astype(np.int8)
    sizes = np.exp(rng.standard_normal(n.shape[:-1]) * 0.3 + 0.7)
    sizes[0] /= np.where(np.arange(TILE) % cross_keys.CHAIN == 0, 1, 3)
    codes, _ = cross_keys.step_scales(sizes)
    codes.reshape(2, shape.groups, -1)[:, :, keys:] = 255
    b: list[Object] = []
    for group in range(shape.groups):
        parts = [cross_keys.pack(n[i, group], codes[i, group], keys=i == 0) for i in (0, 1)]
        b += objects_of(np.concatenate(parts, axis=1), B_OBJECT)
    command = cross_command(shape, rows, keys)
    loads = [a_object(to_bf16(row)) for row in q]
    out = [DecoderCore(kernels, row, column).run(command, iter(loads), iter(b)) for row in range(ROWS)]
    visible = np.broadcast_to(np.arange(length) < keys, (rows, length))
    parts = [_Head(group * kernels.grid.columns + column, group, out) for group in range(shape.groups)]
    k, v = (cross_keys.values_of(n[i], codes[i], keys=i == 0).reshape(shape.groups, length, 64) for i in (0, 1))
    largest = 15 * cross_keys.scales_of(codes[1]).reshape(shape.groups, length)

    def expected(i: int, query: Floats) -> reference.Expected:
        keys_of, values_of = k[i].astype(np.float64), v[i].astype(np.float64)
        return reference.attention_of_rows(query, keys_of, values_of, visible, largest[i])

    return _attention_trial("decoder cross-attention", parts, q, expected)


@dataclass(frozen=True)
class _Head:
    """A head of a column of cores: its number, its group, the outputs of the cores that see its keys."""

    number: int
    group: int
    out: Sequence[list[Object]]


def _attention_trial(
    name: str, heads: list[_Head], q: Floats, expected_of: Callable[[int, Floats], reference.Expected]
) -> Trial:
    """All heads of a column; q [rows, channels]. `expected_of`: of the column's i-th head and its queries."""
    got: list[NDArray[np.float64]] = []
    expected: list[reference.Expected] = []
    for i, head in enumerate(heads):
        query = q[:, head.number * 64 : (head.number + 1) * 64]
        expected.append(expected_of(i, query))
        got.append(_merged(head.out, head.group, q.shape[0]))
    value, tolerance = (np.stack([getattr(e, part) for e in expected]) for part in ("value", "tolerance"))
    return Trial(name, reference.Expected(value, tolerance), np.stack(got))
