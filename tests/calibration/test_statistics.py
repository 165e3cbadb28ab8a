"""What is gathered of a sample is what the layers read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.calibration.statistics import decoder_statistics, encoder_statistics
from aiebuild.config.model import ModelDims
from aiebuild.designs.decoder_weights import quantise_slices
from aiebuild.designs.encoder_weights import Smoothed, final_norm
from aiebuild.weights.rounding import Statistics
from aiebuild.weights.tensors import expected_shapes
from aiebuild.whisper.reference import ReferenceModel

DIMS = ModelDims(80, 1500, 64, 1, 1, 51864, 16, 64, 1, 2)


@pytest.fixture(scope="module")
def weights() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(1)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in expected_shapes(DIMS).items()}


SAMPLES = np.random.default_rng(3).integers(-3000, 3000, 16000).astype(np.int16)


def test_of_the_encoder(weights: dict[str, NDArray[np.float32]]) -> None:
    known = encoder_statistics(weights, DIMS, SAMPLES)
    assert set(known) == {"encoder.blocks.0.attn_ln", "encoder.blocks.0.mlp_ln", "encoder.ln_post"}
    record: dict[str, NDArray[np.float32]] = {}
    model = ReferenceModel(weights, DIMS, record)
    mel = np.zeros((80, 3000), np.float32)
    mel[:, :100] = model.prepare(SAMPLES).mel[:, :100]
    model.encode_mel(mel)
    read = record["encoder.ln_post"] - weights["encoder.ln_post.bias"]
    found = known["encoder.ln_post"]
    assert found.positions == 1500
    np.testing.assert_allclose(found.largest, np.abs(read).max(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.moments, read.T @ read / 1500, rtol=1e-3, atol=1e-4)


def test_of_the_decoder_over_several_texts(weights: dict[str, NDArray[np.float32]]) -> None:
    known = decoder_statistics(weights, DIMS, SAMPLES, [[1, 2, 3], [4, 5]])
    names = ("attn_ln", "cross_attn_ln", "mlp_ln", "attn.context", "cross_attn.context", "mlp.1")
    assert set(known) == {"decoder.ln", *(f"decoder.blocks.{i}.{name}" for i in range(2) for name in names)}
    assert {one.positions for one in known.values()} == {5}
    each = [decoder_statistics(weights, DIMS, SAMPLES, [text])["decoder.ln"] for text in ([1, 2, 3], [4, 5])]
    np.testing.assert_allclose(known["decoder.ln"].moments, 0.6 * each[0].moments + 0.4 * each[1].moments, rtol=1e-4)
    np.testing.assert_allclose(known["decoder.ln"].largest, np.maximum(each[0].largest, each[1].largest))


def test_smoothing_by_what_was_heard(weights: dict[str, NDArray[np.float32]]) -> None:
    known = encoder_statistics(weights, DIMS, SAMPLES)
    with_sample, without = final_norm(weights, 2, known), final_norm(weights, 2, None)
    gamma = weights["encoder.ln_post.weight"]
    for one in (with_sample, without):
        # gamma is sent as bf16, and the factors make up for what it loses
        np.testing.assert_allclose(one.gamma * one.factor, gamma, rtol=1e-6)
        assert not (one.gamma.view(np.uint32) & 0xFFFF).any()
    assert isinstance(with_sample, Smoothed)
    assert without.statistics is None
    assert with_sample.statistics is not None
    # channels are closer to each other in what is left to int8 than before
    before, after = known["encoder.ln_post"].largest, with_sample.statistics.largest
    assert after.max() / np.median(after) <= before.max() / np.median(before)


def test_the_decoder_rounds_by_what_it_read() -> None:
    random = np.random.default_rng(4)
    x = (random.normal(size=(200, 20)) @ random.normal(size=(20, 256))).astype(np.float32)
    w = random.normal(size=(256, 40)).astype(np.float32)

    def error(moments: NDArray[np.float32] | None) -> float:
        q, scale = quantise_slices(w, moments)
        return float(np.square(x @ (q * np.repeat(scale, 128, axis=0) - w)).mean())

    assert error(Statistics.of(x).moments) < 0.7 * error(None)
