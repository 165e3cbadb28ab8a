"""Keys and values of cross-attention in four bits, as the encoder writes them and the decoder reads them.

A head's 64 channels are turned first, by an orthogonal matrix that spreads each of them over all: the encoder's key
and value weights make them so, the decoder's query weights and output projection see them so, and nothing else changes
(QuaRot, Ashkboos et al. 2024, section 4). A position has (2 n + 1) times its scale, n = -8 to 7; a scale is a byte,
four bits of exponent and four behind the point, from 2^-11 to 31.

A slice is a tile of 64 positions, 4,224 bytes (`kernels_src/decoder.h`): keys, their scales, values, their scales. Key
4 j + c of it is position 16 c + j. Neighbours are alike and are read together, which is worth more than a bit. Of each
16 positions the first has its key, the others the difference to what the position before has become, which is some
8 dB smaller; scores of differences are added up. Of what rounding adds to a value half is taken off the next
position's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.weights.pack import Floats, from_bf16, to_bf16

HEAD = 64
TILE = 64
"""Positions of a slice."""
CHAIN = 16
"""Positions that follow each other: of keys by differences, of values by what rounding adds."""
PART = 2112
"""Bytes of a slice's keys, or values, with their scales."""
STEP_BASE = (127 - 11) << 7
"""bf16 bits of the least scale."""
_SIGNS = 0x9D4E36A8C1F7205B
"""Any 64 bits: which channels are negated before they are spread."""


def rotation() -> Floats:
    """The orthogonal matrix [64, 64]: Sylvester's Hadamard matrix over 8, its columns negated by `_SIGNS`."""
    h = np.ones((1, 1), np.float32)
    while len(h) < HEAD:
        h = np.block([[h, h], [h, -h]])
    signs = np.array([1 - 2 * (_SIGNS >> i & 1) for i in range(HEAD)], np.float32)
    return np.asarray(h * signs / np.float32(8), np.float32)


def turned(x: Floats, axis: int = -1) -> Floats:
    """`x` with its channels along `axis`, some heads of 64, turned."""
    heads = np.moveaxis(x, axis, -1)
    out = heads.reshape(*heads.shape[:-1], -1, HEAD) @ rotation().T
    return np.ascontiguousarray(np.moveaxis(out.reshape(heads.shape), -1, axis), dtype=np.float32)


def step_scales(largest: NDArray[Any]) -> tuple[NDArray[np.uint8], Floats]:
    """The bytes and scales of positions whose largest magnitudes these are."""
    fifteenth = from_bf16(to_bf16(np.array([1 / 15], np.float32)))
    near = to_bf16(np.asarray(largest, np.float32) * fifteenth).astype(np.int32)
    bits = np.clip((near + 7) & ~7, STEP_BASE, STEP_BASE + 255 * 8)
    return ((bits - STEP_BASE) >> 3).astype(np.uint8), from_bf16(bits.astype(np.uint16))


def scales_of(codes: NDArray[np.uint8]) -> Floats:
    """The scales that bytes stand for."""
    return from_bf16((codes.astype(np.int32) * 8 + STEP_BASE).astype(np.uint16))


def keys_in_order(positions: NDArray[Any]) -> NDArray[Any]:
    """[..., 64, channels] by position to by key."""
    return positions.reshape(*positions.shape[:-2], 4, CHAIN, -1).swapaxes(-3, -2).reshape(positions.shape)


def positions_in_order(keys: NDArray[Any]) -> NDArray[Any]:
    """The inverse of `keys_in_order`."""
    return keys.reshape(*keys.shape[:-2], CHAIN, 4, -1).swapaxes(-3, -2).reshape(keys.shape)


def pack(n: NDArray[np.int8], codes: NDArray[np.uint8], *, keys: bool) -> NDArray[np.uint8]:
    """Keys or values n [tiles, 64, 64] by position, and their scales' bytes [tiles, 64], as [tiles, 2112]."""
    blocks = keys_in_order(n).reshape(-1, 2, 4, 8, 8, 8)  # tile, half, key block, key, channel block, channel
    blocks = blocks.transpose(0, 1, 4, 2, 5, 3) if keys else blocks.transpose(0, 1, 2, 4, 3, 5)
    low, high = np.ascontiguousarray(blocks).reshape(-1, HEAD * TILE // 2, 2).transpose(2, 0, 1) & 15
    out = np.empty((len(n), PART), np.uint8)
    out[:, : PART - TILE] = (low | high << 4).view(np.uint8)
    out[:, PART - TILE :] = keys_in_order(codes[..., None])[..., 0]
    return out


def unpack(parts: NDArray[np.uint8], *, keys: bool) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """The inverse of `pack`."""
    both = np.stack([parts[:, : PART - TILE] & 15, parts[:, : PART - TILE] >> 4], axis=-1)
    n = ((both ^ 8).astype(np.int8) - np.int8(8)).reshape(-1, 2, 8, 4, 8, 8)
    n = n.transpose(0, 1, 3, 5, 2, 4) if keys else n.reshape(-1, 2, 4, 8, 8, 8).transpose(0, 1, 2, 4, 3, 5)
    codes = positions_in_order(np.ascontiguousarray(parts[:, PART - TILE :])[..., None])[..., 0]
    return positions_in_order(np.ascontiguousarray(n).reshape(-1, TILE, HEAD)), codes


def values_of(n: NDArray[np.int8], codes: NDArray[np.uint8], *, keys: bool) -> Floats:
    """What n [..., 64, 64] and bytes [..., 64] stand for."""
    each = (2 * n.astype(np.float32) + 1) * scales_of(codes)[..., None]
    if keys:
        each = each.reshape(*n.shape[:-2], -1, CHAIN, n.shape[-1]).cumsum(axis=-2).reshape(n.shape)
    return np.asarray(each, np.float32)
