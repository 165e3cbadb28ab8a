"""The references themselves: against each other's definitions and exact arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.designs import reference
from aiebuild.designs.reference import Expected


def test_exp2_is_within_what_probabilities_are_allowed() -> None:
    t = np.arange(-126 * 256, 127 * 256, dtype=np.int16)
    exact = np.exp2(t.astype(np.float64) / 256)
    error = np.abs(reference.exp2_q8(t) / exact - 1)
    assert error.max() + math.log(2) / 512 < reference.EXPONENTIAL
    whole = t[t % 256 == 0]
    np.testing.assert_array_equal(reference.exp2_q8(whole), np.exp2(whole / 256.0).astype(np.float32))
    assert not reference.exp2_q8(np.array([-32768, -127 * 256 - 1, -127 * 256], np.int16)).any()


def test_gelu_is_the_tanh_form() -> None:
    x = np.linspace(-8, 8, 1601)
    tanh = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(reference.gelu(x), tanh, atol=1e-12)
    exact = np.array([0.5 * v * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    assert np.abs(tanh - exact).max() < 5e-4  # what the tanh form itself costs
    slope = np.diff(reference.gelu(x)) / np.diff(x)
    assert slope.max() < reference.GELU_SLOPE


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 5), rows=st.integers(1, 4), keys=st.integers(1, 70))
def test_merged_parts_are_the_whole_attention(seed: int, parts: int, rows: int, keys: int) -> None:
    rng = np.random.default_rng(seed)
    q, k, v = rng.standard_normal((rows, 64)), rng.standard_normal((keys, 64)), rng.standard_normal((keys, 64))
    owner = rng.integers(0, parts, keys)
    sums, maxima, totals = np.zeros((parts, rows, 64)), np.full((parts, rows), -8192.0), np.zeros((parts, rows))
    for part in range(parts):
        mine = owner == part
        if mine.any():
            scores = q @ k[mine].T
            maxima[part] = np.rint(scores.max(axis=1))
            weights = np.exp2(scores - maxima[part][:, None])
            sums[part], totals[part] = weights @ v[mine], weights.sum(axis=1)
    merged = reference.merge_attention(sums, maxima, totals)
    np.testing.assert_allclose(merged, reference.attention(q, k, v).value, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-6, 1e6))
def test_rows_in_16_bits_are_within_half_a_step(seed: int, scale: float) -> None:
    x = np.random.default_rng(seed).standard_normal((3, 256)) * scale
    x[1, :128] = 0
    rounded, half = reference.quantise_rows(x)
    assert (np.abs(rounded - x) <= half).all()
    assert not rounded[1, :128].any()
    assert half.max() < 1e-4 * np.abs(x).max()


def test_a_mismatch_names_the_worst_place() -> None:
    expected = Expected(np.array([[1.0, 2.0], [3.0, 4.0]]), np.full((2, 2), 0.1))
    assert expected.mismatch(np.array([[1.05, 2], [3, 4]])) is None
    assert expected.mismatch(np.array([[1.5, 2], [2, 4]])) == (
        "at (1, 0): expected 3 within 0.1, got 2; 2 of 4 are off, the largest error is 1"
    )
    assert "got nan; 1 of 4 are off" in (expected.mismatch(np.array([[1, 2], [3, np.nan]])) or "")
    assert expected.mismatch(np.zeros(4)) == "shape (4,), expected (2, 2)"
    with pytest.raises(ValueError):
        Expected(np.zeros(2), np.zeros(3)).mismatch(np.zeros(2))
