"""The decoder overlay's kernels against their NumPy references, over random shapes, edge values and odd tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aiebuild.designs import decoder_trials as trials
from aiebuild.designs.decoder import Linear
from aiebuild.designs.decoder_trials import Product
from aiebuild.designs.encoder import GRID
from aiebuild.designs.trial import Kernels, Trial

RANDOM = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
PLACES = st.integers(0, GRID - 1)
ROWS = st.integers(1, 4)


def agrees(trial: Trial) -> None:
    assert trial.mismatch is None, trial.mismatch


@st.composite
def products(draw: st.DrawFn) -> Product:
    kind = draw(st.sampled_from(["linear_norm", "linear", "linear_merge"]))
    k = 128 * draw(st.integers(1, 16 if kind == "linear" else 8))
    n = draw(st.integers(1, 2600))
    residual = draw(st.booleans()) and n <= 1280
    linear = Linear("product", kind, k, n, gelu=draw(st.booleans()), residual=residual)
    rows = draw(ROWS)
    assume(rows < 3 or k <= 1280 or kind == "linear")
    return Product(linear, rows, draw(PLACES), draw(PLACES))


@RANDOM
@given(seed=SEEDS, what=products(), size=st.sampled_from([1e-3, 1, 100]))
def test_products(decoder_kernels: Kernels, seed: int, what: Product, size: float) -> None:
    agrees(trials.product(decoder_kernels, np.random.default_rng(seed), what, size=size))


@pytest.mark.parametrize("vocabulary", [51864, 51865, 51866])
@pytest.mark.parametrize("rows", [1, 4])
def test_end_of_the_vocabulary(decoder_kernels: Kernels, vocabulary: int, rows: int) -> None:
    # the last of 102 column tiles, behind a full one: in the column and row of cores that see its end
    left = 512 + vocabulary % 512
    last = (vocabulary - 1) % 512
    what = Product(Linear("logits", "linear_norm", 384, left), rows, last % 128 // 32, last // 128)
    trial = trials.product(decoder_kernels, np.random.default_rng(vocabulary), what)
    agrees(trial)
    assert trial.got[1, 0, last % 32] != 0


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["linear", "linear_norm"])
def test_products_at_the_edges(decoder_kernels: Kernels, rows: int, kind: str) -> None:
    rng = np.random.default_rng(rows)
    x = rng.standard_normal((rows, 512), np.float32)
    x[0] = 0  # nothing
    if rows > 1:
        x[1] = np.where(rng.random(512) < 0.5, -3e4, 3e4)  # the largest magnitude everywhere
    if rows > 2:
        x[2, :] = 0
        x[2, 300] = -1e6  # in one channel only
    if rows > 3:
        x[3] *= 1e-12
    what = Product(Linear("product", kind, 512, 600), rows, 1, 1)
    agrees(trials.product(decoder_kernels, rng, what, values=x))


def test_rows_do_not_depend_on_each_other(decoder_kernels: Kernels) -> None:
    linear = Linear("product", "linear", 1024, 700, gelu=True)
    x = np.random.default_rng(0).standard_normal((4, 1024), np.float32)
    whole = trials.product(decoder_kernels, np.random.default_rng(1), Product(linear, 4), values=x).got
    for row in range(4):
        alone = trials.product(decoder_kernels, np.random.default_rng(1), Product(linear, 1), values=x[row : row + 1])
        np.testing.assert_array_equal(alone.got[:, 0], whole[: alone.got.shape[0], row])


@RANDOM
@given(
    seed=SEEDS, rows=ROWS, position=st.integers(0, 300), heads=st.integers(1, 8), column=PLACES, size=st.floats(0.1, 8)
)
def test_self_attention(
    decoder_kernels: Kernels, seed: int, rows: int, position: int, heads: int, column: int, size: float
) -> None:
    rng = np.random.default_rng(seed)
    trial = trials.self_attention(
        decoder_kernels, rng, rows=rows, position=position, heads=heads, column=column, size=size
    )
    agrees(trial)


@pytest.mark.parametrize("position", [0, 15, 16, 60, 61, 63, 64, 444])
def test_self_attention_across_borders(decoder_kernels: Kernels, position: int) -> None:
    # four rows that straddle strips of 16 keys and objects of 64
    agrees(trials.self_attention(decoder_kernels, np.random.default_rng(position), rows=4, position=position))


@RANDOM
@given(
    seed=SEEDS,
    rows=ROWS,
    keys=st.one_of(st.integers(1, 200), st.sampled_from([1500])),
    heads=st.integers(1, 8),
    column=PLACES,
    size=st.floats(0.1, 8),
)
def test_cross_attention(
    decoder_kernels: Kernels, seed: int, rows: int, keys: int, heads: int, column: int, size: float
) -> None:
    rng = np.random.default_rng(seed)
    agrees(trials.cross_attention(decoder_kernels, rng, rows=rows, keys=keys, heads=heads, column=column, size=size))
