"""Packing: what the cores read is the matrix that was given, up to the quantisation's step."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.weights import pack

seeds = st.integers(0, 2**32 - 1)


def unpack_weights(
    tiles: pack.Bytes, block: tuple[int, int], bf16: bool
) -> tuple[pack.Floats, pack.Floats, pack.Floats]:
    """Weight tiles [column tiles, steps, 8448] as ([k, n], scales [n], biases [n])."""
    columns, steps, _ = tiles.shape
    k, n = (64, 64) if bf16 else (128, 64)
    data = np.ascontiguousarray(tiles[:, :, : pack.TILE_DATA])
    values = pack.from_bf16(data.view(np.uint16)) if bf16 else data.view(np.int8).astype(np.float32)
    blocks = values.reshape(columns, steps, n // block[1], k // block[0], *block)
    matrix = blocks.transpose(1, 3, 4, 0, 2, 5).reshape(steps * k, columns * n)
    trailer = pack.from_bf16(np.ascontiguousarray(tiles[:, 0, pack.TILE_DATA :]).view(np.uint16))
    return matrix, trailer[:, :64].reshape(-1), trailer[:, 64:].reshape(-1)


@given(st.integers(1, 3), st.integers(1, 300), seeds)
@settings(max_examples=20, deadline=None)
def test_int8_weights(steps: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    w = random.normal(size=(steps * 128, columns)).astype(np.float32) * random.uniform(1e-3, 10)
    bias = random.normal(size=columns).astype(np.float32)
    tiles = -(-columns // 64)
    q, scale, packed_bias = unpack_weights(pack.pack_int8(w, bias, tiles), (8, 8), bf16=False)
    assert np.abs(q).max() <= 127
    error = np.abs(q[:, :columns] * scale[:columns] - w)
    assert (error <= scale[:columns] / 2 * 1.0001).all()  # half a step: rounded to the nearest
    assert not q[:, columns:].any()
    np.testing.assert_allclose(packed_bias[:columns], bias, rtol=2**-8)


@given(st.integers(1, 200), st.integers(1, 200), seeds)
@settings(max_examples=20, deadline=None)
def test_bf16_weights(rows: int, columns: int, seed: int) -> None:
    w = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    packed = pack.pack_bf16(w, np.zeros(columns, np.float32), -(-rows // 64), -(-columns // 64))
    matrix, scale, _ = unpack_weights(packed, (8, 4), bf16=True)
    assert (scale == 1).all()
    np.testing.assert_allclose(matrix[:rows, :columns], w, rtol=2**-8)
    assert not matrix[rows:].any()
    assert not matrix[:, columns:].any()


@given(st.integers(1, 200), st.integers(1, 200), seeds)
@settings(max_examples=20, deadline=None)
def test_activation_tiles_round_trip(rows: int, channels: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(rows, channels)).astype(np.float32)
    tiles = pack.pack_rows_bf16(x, -(-rows // 64), -(-channels // 64))
    back = pack.unpack_rows_bf16(tiles)
    np.testing.assert_array_equal(back[:rows, :channels], pack.from_bf16(pack.to_bf16(x)))
    assert not back[rows:].any()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_bf16_rounds_to_the_nearest_even(x: float) -> None:
    value = np.array([x], np.float32)
    near = pack.from_bf16(pack.to_bf16(value))[0]
    bits = int(pack.to_bf16(value)[0])
    for other in (bits - 1, bits + 1):
        if 0 <= other < 1 << 16:
            neighbour = float(pack.from_bf16(np.array([other], np.uint16))[0])
            if np.isfinite(neighbour) and np.isfinite(near):
                distance, further = abs(float(near) - x), abs(neighbour - x)
                assert distance < further or (distance == further and bits % 2 == 0)
