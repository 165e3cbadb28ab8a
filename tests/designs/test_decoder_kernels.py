"""The decoder overlay's kernels against their NumPy references, over random shapes, edge values and odd tails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aiebuild.designs.decoder_attention_trials import cross_attention, self_attention
from aiebuild.designs.decoder_product_trials import Product, Sampled, product, sampling
from aiebuild.designs.decoder_products import Linear, Split, layer_products
from aiebuild.designs.decoder_shape import Y_FLOATS, DecoderShape, Rows
from aiebuild.designs.decoder_weights import log_columns
from aiebuild.designs.grid import ROWS, grid_of
from aiebuild.designs.trial import Kernels, Trial

RANDOM = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
PLACES = st.integers(0, ROWS - 1)
BLOCKS = st.sampled_from([1, 2, 4, 8, 16, 32])
WINDOW_ROWS = st.sampled_from([1, 2, 4, 8])


def agrees(trial: Trial) -> None:
    assert trial.mismatch is None, trial.mismatch


def rows_of(total: int, k: int = 512) -> Rows:
    shape = DecoderShape(k, k // 64, 1, 100, 448)
    return Rows.of(shape, min(total, ROWS * shape.core_rows))


@st.composite
def products(draw: st.DrawFn) -> Product:
    kind = draw(st.sampled_from(["linear_norm", "linear", "linear_merge"]))
    k = 128 * draw(st.integers(2, 16 if kind == "linear" else 8))
    n = draw(st.integers(1, 2600))
    rows = rows_of(draw(BLOCKS), 512 if kind == "linear" else k)
    residual = draw(st.booleans()) and n <= Y_FLOATS // (32 * rows.units) * 512
    linear = Linear(
        "product", kind, k, n, gelu=draw(st.booleans()), residual=residual, bf16=draw(st.booleans()),
        bits=draw(st.sampled_from([8, 4])), heads=draw(st.sampled_from([1, 2])) if kind == "linear_merge" else 1,
    )  # fmt: skip
    parts = Split.of(replace(linear, bits=8), rows).parts
    assume(parts == 1 or linear.objects % parts == 0)  # others have no place in any model
    return Product(linear, rows, draw(PLACES), draw(PLACES))


@RANDOM
@given(seed=SEEDS, what=products(), size=st.sampled_from([1e-3, 1, 100]))
def test_products(decoder_kernels: Kernels, seed: int, what: Product, size: float) -> None:
    agrees(product(decoder_kernels, np.random.default_rng(seed), what, size=size))


@RANDOM
@given(
    seed=SEEDS, heads=st.sampled_from([6, 8, 12, 16]), total=BLOCKS, bits=st.sampled_from([8, 4]), row=PLACES,
    column=PLACES, size=st.sampled_from([1e-3, 1, 100]),
)  # fmt: skip
def test_rows_of_the_log(
    decoder_kernels: Kernels, seed: int, heads: int, total: int, bits: int, row: int, column: int, size: float
) -> None:
    shape = DecoderShape(64 * heads, heads, 1, 100, 448, weights="int8" if bits == 8 else "int4")
    qkv = layer_products(shape, 0)["qkv"]
    rows = qkv.rows(Rows.of(shape, min(total, ROWS * shape.core_rows)))
    assert rows.slices == ROWS
    agrees(product(decoder_kernels, np.random.default_rng(seed), Product(qkv, rows, row, column), size=size))


@pytest.mark.parametrize("device", ["npu1", "npu2"])
@pytest.mark.parametrize("heads", [6, 8, 12, 16, 20])
def test_keys_and_values_of_a_head_lie_together(device: str, heads: int) -> None:
    shape = DecoderShape(64 * heads, heads, 1, 100, 448, grid_of(device))
    columns = log_columns(shape)
    assert sorted(columns[columns >= 0]) == list(range(3 * shape.state))
    queries = shape.log_tiles * shape.tile
    assert list(columns[queries : queries + shape.state]) == list(range(shape.state))
    for head in range(heads):
        at = int(np.flatnonzero(columns == shape.state + 64 * head)[0])
        assert at % 128 == 0
        assert list(columns[at + 64 : at + 128]) == list(
            range(2 * shape.state + 64 * head, 2 * shape.state + 64 * head + 64)
        )


@RANDOM
@given(seed=SEEDS, k=st.integers(2, 8), rows=st.sampled_from([1, 2, 3]), entries=st.integers(1, 200))
def test_a_row_alone_is_as_on_the_array(
    decoder_kernels: Kernels, counted_decoder_kernels: Kernels, seed: int, k: int, rows: int, entries: int
) -> None:
    # the host has a loop of its own for such rows; the build that counts has the array's only
    what = Product(Linear("product", "linear_norm", 128 * k, 600), rows_of(1))
    seen = np.ones((rows, entries), np.bool_)
    here, there = (
        [
            product(kernels, np.random.default_rng(seed), what).got,
            self_attention(kernels, np.random.default_rng(seed), seen).got,
        ]
        for kernels in (decoder_kernels, counted_decoder_kernels)
    )
    assert all(one.tobytes() == other.tobytes() for one, other in zip(here, there, strict=True))


@pytest.mark.parametrize("vocabulary", [51864, 51865, 51866])
@pytest.mark.parametrize("rows", [Rows(1, 1), Rows(4, 1), Rows(8, 4)])
def test_end_of_the_vocabulary(decoder_kernels: Kernels, vocabulary: int, rows: Rows) -> None:
    # the last of 102 column tiles, behind a full one: in the column and row of cores that see its end
    left = 512 + vocabulary % 512
    last = (vocabulary - 1) % 512
    what = Product(Linear("logits", "linear_norm", 384, left), rows, last % 128 // 32, last // 128)
    trial = product(decoder_kernels, np.random.default_rng(vocabulary), what)
    agrees(trial)
    assert trial.got[1, 0, last % trial.got.shape[2]] != 0


@pytest.mark.parametrize("rows", [Rows(1, 1), Rows(2, 1), Rows(4, 1), Rows(8, 4)])
@pytest.mark.parametrize("kind", ["linear", "linear_norm"])
def test_products_at_the_edges(decoder_kernels: Kernels, rows: Rows, kind: str) -> None:
    rng = np.random.default_rng(rows.total)
    x = rng.standard_normal((rows.count, 512), np.float32)
    x[0] = 0  # nothing
    if rows.count > 1:
        x[1] = np.where(rng.random(512) < 0.5, -3e4, 3e4)  # the largest magnitude everywhere
    if rows.count > 2:
        x[2, :] = 0
        x[2, 300] = -1e6  # in one channel only
        x[3] *= 1e-12
    what = Product(Linear("product", kind, 512, 600), rows, 1, 1)
    agrees(product(decoder_kernels, rng, what, values=x))


def test_rows_do_not_depend_on_each_other(decoder_kernels: Kernels) -> None:
    linear = Linear("product", "linear", 1024, 700, gelu=True)
    x = np.random.default_rng(0).standard_normal((8, 1024), np.float32)
    whole = product(decoder_kernels, np.random.default_rng(1), Product(linear, Rows(8, 4)), values=x).got
    for row in range(8):
        alone = product(decoder_kernels, np.random.default_rng(1), Product(linear, Rows(1, 1)), values=x[row : row + 1])
        np.testing.assert_array_equal(alone.got[:, 0], whole[: alone.got.shape[0], row, :32])


@st.composite
def sampled(draw: st.DrawFn, tokens: int) -> Sampled:
    middle = draw(st.integers(0, tokens))
    low, high = draw(st.integers(0, middle)), draw(st.integers(middle, tokens + 50))
    banned = tuple(draw(st.lists(st.integers(0, tokens), max_size=4)))
    return Sampled((low, middle), (middle, high), banned, draw(st.booleans()))


@RANDOM
@given(data=st.data(), seed=SEEDS, rows=BLOCKS, row=PLACES, column=PLACES, n=st.integers(1, 3000))
def test_sampling(
    decoder_kernels: Kernels, data: st.DataObject, seed: int, rows: int, row: int, column: int, n: int
) -> None:
    what = Product(Linear("logits", "linear_norm", 384, n, sampled=True), rows_of(rows, 384), row, column)
    tables = [data.draw(sampled(n)) for _ in range(what.rows.count)]
    rng = np.random.default_rng(seed)
    suppressed = [int(t) for t in rng.integers(0, n, min(n, 40))]
    trial, tokens = sampling(decoder_kernels, rng, what, tables, suppressed)
    agrees(trial)
    mine = set(what.columns().reshape(-1).tolist())
    for index, table in enumerate(tables):
        for which, (low, high) in enumerate((table.first, table.second)):
            named = tokens[index, which][trial.got[index, which, 1:] > -1e29].tolist()
            assert len(set(named)) == len(named)
            assert all(low <= token < high and token in mine for token in named)
            assert not set(named) & set(table.banned)
            assert table.raw or not set(named) & set(suppressed)


@RANDOM
@given(
    seed=SEEDS, rows=WINDOW_ROWS, entries=st.integers(1, 400), heads=st.integers(1, 8), column=PLACES,
    size=st.floats(0.1, 8), share=st.floats(0.02, 1),
)  # fmt: skip
def test_self_attention(
    decoder_kernels: Kernels, seed: int, rows: int, entries: int, heads: int, column: int, size: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    seen = rng.random((rows, entries)) < share
    seen[np.arange(rows), rng.integers(0, entries, rows)] = True  # each its own
    agrees(self_attention(decoder_kernels, rng, seen, heads=heads, column=column, size=size))


@pytest.mark.parametrize("more", [8, 40, 100])
def test_what_a_row_sees_changes_no_other(decoder_kernels: Kernels, more: int) -> None:
    found: list[bytes] = []
    for entries in (5, more):
        seen = np.zeros((4, 100), np.bool_)
        seen[:, :5] = True
        seen[1:, :entries] = True
        found.append(self_attention(decoder_kernels, np.random.default_rng(0), seen).got[:, 0].tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("position", [0, 15, 16, 60, 61, 63, 64, 444, 1404])
def test_self_attention_across_borders(decoder_kernels: Kernels, position: int) -> None:
    # four causal rows that straddle strips of 16 keys and objects of 64
    seen = np.tri(4, position + 4, position, np.bool_)
    agrees(self_attention(decoder_kernels, np.random.default_rng(position), seen))


@RANDOM
@given(
    seed=SEEDS,
    rows=WINDOW_ROWS,
    keys=st.one_of(st.integers(1, 400), st.sampled_from([1500])),
    heads=st.integers(1, 8),
    column=PLACES,
    size=st.floats(0.1, 8),
)
def test_cross_attention(
    decoder_kernels: Kernels, seed: int, rows: int, keys: int, heads: int, column: int, size: float
) -> None:
    rng = np.random.default_rng(seed)
    agrees(cross_attention(decoder_kernels, rng, rows=rows, keys=keys, heads=heads, column=column, size=size))
