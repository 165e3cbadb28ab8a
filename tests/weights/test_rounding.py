"""Rounding with feedback: what it must not change, and that it is better where inputs go together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.weights.rounding import Statistics, round_with_feedback


def nearest(w: np.ndarray, scale: np.ndarray) -> np.ndarray:
    steps = np.repeat(scale, w.shape[0] // scale.shape[0], axis=0)
    return np.clip(np.rint(w / steps), -127, 127)


@given(seed=st.integers(0, 1000), groups=st.sampled_from([1, 2, 4]), columns=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_inputs_that_have_nothing_in_common_are_rounded_to_the_nearest(seed: int, groups: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(128, columns)).astype(np.float32)
    scale = rng.uniform(0.02, 0.05, (groups, columns)).astype(np.float32)
    moments = np.diag(rng.uniform(0.1, 10, 128)).astype(np.float32)
    assert (round_with_feedback(w, scale, moments) == nearest(w, scale)).all()


@pytest.mark.parametrize("limit", [127, 7])
def test_products_are_closer_than_with_each_weight_rounded_alone(limit: int) -> None:
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(400, 48)) @ rng.normal(size=(48, 192))).astype(np.float32)
    w = rng.normal(size=(192, 32)).astype(np.float32)
    scale = (np.abs(w.reshape(6, 32, 32)).max(axis=1) / limit).astype(np.float32)
    q = round_with_feedback(w, scale, Statistics.of(x).moments, limit)
    assert np.abs(q).max() <= limit
    steps = np.repeat(scale, 32, axis=0)

    def error(rounded: np.ndarray) -> float:
        return float(np.square(x @ (rounded * steps) - x @ w).mean())

    assert error(q) < 0.5 * error(np.clip(np.rint(w / steps), -limit, limit))


def test_statistics_of_divided_inputs() -> None:
    rng = np.random.default_rng(2)
    x, factor = rng.normal(size=(50, 16)).astype(np.float32), rng.uniform(0.5, 2, 16).astype(np.float32)
    divided, direct = Statistics.of(x).divided(factor), Statistics.of(x / factor)
    np.testing.assert_allclose(divided.largest, direct.largest, rtol=1e-6)
    np.testing.assert_allclose(divided.moments, direct.moments, rtol=1e-4, atol=1e-6)


def test_a_channel_without_input_does_no_harm() -> None:
    moments = np.zeros((8, 8), np.float32)
    q = round_with_feedback(np.full((8, 3), 0.4, np.float32), np.full((1, 3), 0.1, np.float32), moments)
    assert (q == 4).all()
