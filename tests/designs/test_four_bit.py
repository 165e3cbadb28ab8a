"""Weights of four bits: what the cores read is the matrix that was given, up to the step of each group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.config.model import load_model_config
from aiebuild.designs import four_bit
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_products import all_products, stored_tiles
from aiebuild.designs.decoder_sequences import Decoder
from aiebuild.designs.decoder_shape import B_OBJECT, DecoderShape
from aiebuild.designs.decoder_weights import pack_linear
from aiebuild.designs.four_bit import FourBit
from aiebuild.designs.whisper import decoder_overlay
from aiebuild.weights.rounding import Statistics


def unpacked(packed: np.ndarray, k: int, tiles: int, columns: int) -> FourBit:
    """What `four_bit.pack` laid out, by its description, a bit at a time."""
    objects = -(-k // 256)
    slices = packed.reshape(columns, tiles, objects, 4, 4224)
    bits = np.unpackbits(slices, axis=-1, bitorder="little").reshape(columns, tiles, objects, 4, 2 * 4224, 4)
    nibbles = (bits * [1, 2, 4, 8]).sum(axis=-1)
    q = np.zeros((objects * 256, tiles * columns * 128), np.int8)
    multipliers = np.zeros((objects * 8, q.shape[1]), np.uint8)
    codes = np.zeros((objects, q.shape[1]), np.uint8)
    for c, tile, part, row in np.ndindex(columns, tiles, objects, 4):
        one = nibbles[c, tile, part, row]
        n = slice(((tile * columns + c) * 4 + row) * 32, ((tile * columns + c) * 4 + row) * 32 + 32)
        values = one[:8192].reshape(32, 4, 8, 8).transpose(0, 2, 1, 3).reshape(256, 32)
        q[part * 256 : part * 256 + 256, n] = np.where(values > 7, values - 16, values)
        groups = one[8192:].reshape(8, 32)
        multipliers[part * 8 : part * 8 + 8, n] = 8 + groups % 8
        codes[part, n] = sum((groups[g] // 8) << (7 - g) for g in range(8))
    return FourBit(q[:k], multipliers[: k // 32], codes)


@given(
    seed=st.integers(0, 2**32 - 1), k_tiles=st.integers(1, 5), tiles=st.integers(1, 2), columns=st.sampled_from([4, 8]),
    size=st.floats(1e-4, 30),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_packed_and_back(seed: int, k_tiles: int, tiles: int, columns: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    w = (rng.standard_normal((128 * k_tiles, tiles * columns * 128)) * size).astype(np.float32)
    w *= np.exp(rng.standard_normal((w.shape[0], 1))).astype(np.float32)
    four = four_bit.quantise(w)
    packed = four_bit.pack(four, tiles, columns)
    assert packed.size == columns * tiles * -(-k_tiles // 2) * B_OBJECT
    again = unpacked(packed, w.shape[0], tiles, columns)
    np.testing.assert_array_equal(again.q, four.q)
    np.testing.assert_array_equal(again.multipliers, four.multipliers)
    np.testing.assert_array_equal(again.codes, four.codes)
    assert np.abs(four.q).max() <= 7
    # where a group is not cut off, a weight is off by half its step at most
    step = np.repeat(four.scales, 32, axis=0)
    whole = np.abs(w) <= 7.5 * step
    assert (np.abs(four.q * step - w)[whole] <= 0.5001 * step[whole]).all()
    assert whole.mean() > 0.9


def test_codes_are_steps_from_one_power_of_two_to_the_next() -> None:
    codes = np.arange(256, dtype=np.uint8)
    scales = four_bit.scale_of(codes)
    assert scales[0] == 2.0**-24
    assert scales[255] == 2.0**7 * 1.875
    np.testing.assert_array_equal(np.diff(scales.reshape(32, 8), axis=1), np.repeat(scales[::8, None] / 8, 7, axis=1))
    np.testing.assert_array_equal(four_bit.code_above(scales), codes)
    np.testing.assert_array_equal(
        four_bit.code_above((scales * np.float32(1.001)).astype(np.float32)), np.arange(1, 257)
    )


def test_weights_beyond_the_scales() -> None:
    w = np.full((128, 512), 1e9, np.float32)
    w[:, 1] = 1e-12
    w[:, 2:] = 0
    four = four_bit.quantise(w)
    assert (four.q[:, 0] == 7).all()
    assert (four.q[:, 1:] == 0).all()


def test_feedback_makes_products_closer() -> None:
    random = np.random.default_rng(4)
    x = (random.normal(size=(200, 20)) @ random.normal(size=(20, 256))).astype(np.float32)
    w = random.normal(size=(256, 40)).astype(np.float32)

    def error(moments: np.ndarray | None) -> float:
        four = four_bit.quantise(w, moments)
        return float(np.square(x @ (four.q * np.repeat(four.scales, 32, axis=0) - w)).mean())

    assert error(Statistics.of(x).moments) < 0.7 * error(None)


@pytest.mark.parametrize("name", ["tiny.en", "base", "small", "turbo"])
def test_half_the_weights_and_the_same_overlay(name: str) -> None:
    dims = load_model_config(name).dims
    eight, four = (DecoderShape.of(dims, weights=weights) for weights in ("int8", "int4"))
    assert decoder_parameters(eight.grid) == decoder_parameters(four.grid)
    if name == "tiny.en":
        one, other = (decoder_overlay(dims, weights=weights) for weights in ("int8", "int4"))
        assert replace(one, sequences=()) == replace(other, sequences=())
        assert one.sequences != other.sequences
    for linear in all_products(four):
        packed = stored_tiles(four, linear) * linear.objects
        whole = next(p for p in all_products(eight) if p.name == linear.name)
        # an odd number of k tiles leaves half of a column tile's last object empty
        assert packed == stored_tiles(eight, whole) * -(-whole.objects // 2)
    mixed = all_products(DecoderShape.of(dims, weights="mixed"))
    assert [p.bits for p in mixed] == [4] * (len(mixed) - 1) + [8]
    assert [p.bits for p in all_products(four)] == [4] * len(mixed)
    read = [
        sum(
            transfer.sizes[0] * transfer.length
            for operation in Decoder(plan_decoder(shape), Dispatch(1, 1, 64)).operations()
            for one in operation.rounds
            for channel, transfers in one.transfers.items()
            if channel.startswith("B")
            for transfer in transfers
            if transfer.argument == 0
        )
        for shape in (eight, four)
    ]
    assert read[1] < read[0] * (0.7 if name == "tiny.en" else 0.51)


def test_a_product_is_packed_by_its_bits() -> None:
    shape = DecoderShape(256, 4, 1, 500, 448, weights="int4")
    w = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
    linear = next(p for p in all_products(shape) if p.name == "layer0.out")
    tiles = stored_tiles(shape, linear)
    padded = np.zeros((256, tiles * 512), np.float32)
    padded[:, :256] = w
    np.testing.assert_array_equal(
        pack_linear(w, linear, tiles), four_bit.pack(four_bit.quantise(padded), tiles, shape.grid.columns)
    )
