"""Packing weight matrices into the objects that the cores read, 8,448 bytes each.

Layouts (`kernels_src/encoder.h`): an int8 tile is 128 x 64 as [8 column blocks][16 k blocks][8 x 8]; a bf16 tile is
64 x 64 as [16 column blocks][8 k blocks][8 x 4]; then 64 bf16 column scales and 64 bf16 biases.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiebuild.weights.rounding import round_with_feedback

OBJECT = 8448
TILE_DATA = 8192

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def to_bf16(x: Floats) -> NDArray[np.uint16]:
    """Round float32 to bf16, nearest even; the bits as uint16 of the same shape."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits: NDArray[np.uint16]) -> Floats:
    """bf16 bits as float32, exact."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def quantise_columns(w: Floats, moments: Floats | None = None) -> tuple[NDArray[np.int8], Floats]:
    """int8 weights and a bf16-exact scale per column of `w` [k, n]: w ~ q * scale, |q| <= 127.

    `moments` of the inputs [k, k]: rounded with feedback (`round_with_feedback`), not each to the nearest.
    """
    largest = np.maximum(np.abs(w).max(axis=0), 1e-12).astype(np.float32)
    # rounding the scale up to bf16 keeps |q| <= 127
    scale = from_bf16(to_bf16(largest / 127 * (1 + 2.0**-8)))
    if moments is not None:
        return round_with_feedback(w, scale[None], moments), scale
    return np.clip(np.rint(w / scale), -127, 127).astype(np.int8), scale


def _padded(w: Floats, k: int, n: int) -> Floats:
    out = np.zeros((k, n), np.float32)
    out[: w.shape[0], : w.shape[1]] = w
    return out


def _with_trailer(tiles: Bytes, scale: Floats, bias: Floats) -> Bytes:
    """`tiles` [column tiles, k tiles, 8192] with each column tile's scales and biases behind the data."""
    columns, steps, _ = tiles.shape
    out = np.zeros((columns, steps, OBJECT), np.uint8)
    out[:, :, :TILE_DATA] = tiles
    trailer = np.concatenate([to_bf16(scale).reshape(columns, 64), to_bf16(bias).reshape(columns, 64)], axis=1)
    out[:, :, TILE_DATA:] = np.ascontiguousarray(trailer).view(np.uint8)[:, None, :]
    return out


def pack_int8(w: Floats, bias: Floats, column_tiles: int, moments: Floats | None = None) -> Bytes:
    """`w` [k, n] (k a multiple of 128) as int8 tiles [column_tiles, k / 128, 8448]; columns beyond n are zero.

    `moments`: as in `quantise_columns`.
    """
    k = w.shape[0]
    n = column_tiles * 64
    q, scale = quantise_columns(_padded(w, k, n), moments)
    # k = step, k block, row; n = column tile, column block, column
    blocks = q.reshape(k // 128, 16, 8, column_tiles, 8, 8).transpose(3, 0, 4, 1, 2, 5)
    tiles = np.ascontiguousarray(blocks).view(np.uint8).reshape(column_tiles, k // 128, TILE_DATA)
    return _with_trailer(tiles, scale, _padded(bias[None], 1, n)[0])


def pack_bf16(w: Floats, bias: Floats, k_tiles: int, column_tiles: int) -> Bytes:
    """`w` [k, n] as bf16 tiles [column_tiles, k_tiles, 8448]; rows and columns beyond w's are zero."""
    n = column_tiles * 64
    bits = to_bf16(_padded(w, k_tiles * 64, n))
    blocks = bits.reshape(k_tiles, 8, 8, column_tiles, 16, 4).transpose(3, 0, 4, 1, 2, 5)
    tiles = np.ascontiguousarray(blocks).view(np.uint8).reshape(column_tiles, k_tiles, TILE_DATA)
    return _with_trailer(tiles, np.ones(n, np.float32), _padded(bias[None], 1, n)[0])


def pack_rows_bf16(x: Floats, row_tiles: int, channel_tiles: int) -> Bytes:
    """`x` [rows, channels] as row-blocked bf16 tiles [row_tiles, channel_tiles, 8448] (strips of 16 rows)."""
    bits = to_bf16(_padded(x, row_tiles * 64, channel_tiles * 64))
    strips = bits.reshape(row_tiles, 4, 4, 4, channel_tiles, 8, 8).transpose(0, 4, 1, 2, 5, 3, 6)
    out = np.zeros((row_tiles, channel_tiles, 4, 2112), np.uint8)
    out[..., :2048] = np.ascontiguousarray(strips).view(np.uint8).reshape(row_tiles, channel_tiles, 4, 2048)
    return out.reshape(row_tiles, channel_tiles, OBJECT)


def unpack_rows_bf16(tiles: Bytes) -> Floats:
    """Inverse of `pack_rows_bf16`: tiles [row_tiles, channel_tiles, 8448] as [row_tiles * 64, channel_tiles * 64]."""
    row_tiles, channel_tiles, _ = tiles.shape
    data = np.ascontiguousarray(tiles.reshape(row_tiles, channel_tiles, 4, 2112)[..., :2048]).view(np.uint16)
    strips = data.reshape(row_tiles, channel_tiles, 4, 4, 8, 4, 8).transpose(0, 2, 3, 5, 1, 4, 6)
    return from_bf16(np.ascontiguousarray(strips).reshape(row_tiles * 64, channel_tiles * 64))


def unpack_rows_int8(tiles: Bytes) -> Floats:
    """int8 tiles [row_tiles, k_tiles, 8448] with their row scales as float32 [row_tiles * 64, k_tiles * 128]."""
    row_tiles, k_tiles, _ = tiles.shape
    strips = tiles.reshape(row_tiles, k_tiles, 4, 2112)
    data = np.ascontiguousarray(strips[..., :2048]).view(np.int8).reshape(row_tiles, k_tiles, 4, 4, 16, 4, 8)
    values = data.transpose(0, 2, 3, 5, 1, 4, 6).astype(np.float32).reshape(row_tiles * 64, k_tiles, 128)
    scales = np.ascontiguousarray(strips[..., 2048:]).view(np.float32).reshape(row_tiles, k_tiles, 64)
    scales = scales.transpose(0, 2, 1).reshape(row_tiles * 64, k_tiles, 1)
    return (values * scales).reshape(row_tiles * 64, k_tiles * 128)
