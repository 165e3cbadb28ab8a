"""Weights of four bits: a scale for each 256 of a column, and for each 32 of these a whole number that multiplies it.

A slice of a B object holds 256 x 32 of them in the bytes of 128 x 32 int8 (`kernels_src/decoder.h`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.decoder_shape import FOUR_BIT_K, GROUP_K, SLICE
from aiebuild.designs.grid import NPU1, ROWS
from aiebuild.weights.pack import Floats, from_bf16
from aiebuild.weights.rounding import round_with_feedback

LIMIT = 7
"""Largest magnitude of a weight: the sum of 32 products with bytes fits 16 bits."""
MULTIPLIERS = range(8, 16)
GROUPS = FOUR_BIT_K // GROUP_K
LEAST_SCALE = 103 << 7
"""bf16 bits of 2^-24, the scale of code 0; a code is one of eight steps from a power of two to the next."""
COLUMNS_AT_ONCE = 512
"""Columns whose scales are looked for together: their weights fit a cache."""


@dataclass(frozen=True)
class FourBit:
    """Weights [k, n] as q [k, n], multipliers [groups, n] and a scale's code for each 256 of k, [objects, n].

    k is a multiple of 32; the last 256 may be incomplete.
    """

    q: NDArray[np.int8]
    multipliers: NDArray[np.uint8]
    codes: NDArray[np.uint8]

    @property
    def scales(self) -> Floats:
        """The product of scale and multiplier, [groups, n]: w ~ q * scale of its 32 rows."""
        return _scales(self.multipliers, self.codes)


def _scales(multipliers: NDArray[np.uint8], codes: NDArray[np.uint8]) -> Floats:
    each = np.repeat(scale_of(codes), GROUPS, axis=0)[: multipliers.shape[0]]
    return (each * multipliers.astype(np.float32)).astype(np.float32)


def scale_of(codes: NDArray[np.uint8]) -> Floats:
    """The scales that codes stand for, 2^-24 to 480."""
    return from_bf16((LEAST_SCALE + (codes.astype(np.uint16) << 4)).astype(np.uint16))


def code_above(values: Floats) -> NDArray[np.int32]:
    """The code of the least scale that is not below each of the `values`; beyond 0 to 255 where there is none."""
    bits = np.ascontiguousarray(values, np.float32).view(np.int32)
    return ((bits + 0xFFFFF) >> 20) - (LEAST_SCALE >> 4)


def quantise(w: Floats, moments: Floats | None = None, damping: float = 1.0) -> FourBit:
    """Weights `w` [k, n] in four bits. `moments` [k, k] of the inputs: scales are those that change the products
    least, were inputs independent, and weights are rounded with feedback."""
    power = np.ones(w.shape[0], np.float32) if moments is None else np.maximum(np.diag(moments), 1e-12)
    parts = [
        _fit(np.ascontiguousarray(w[:, start : start + COLUMNS_AT_ONCE]), power.astype(np.float32))
        for start in range(0, w.shape[1], COLUMNS_AT_ONCE)
    ]
    multipliers = np.concatenate([part[0] for part in parts], axis=1)
    codes = np.concatenate([part[1] for part in parts], axis=1)
    scales = _scales(multipliers, codes)
    if moments is not None:
        return FourBit(round_with_feedback(w, scales, moments, LIMIT, damping), multipliers, codes)
    q = np.clip(np.rint(w / np.repeat(scales, GROUP_K, axis=0)), -LIMIT, LIMIT).astype(np.int8)
    return FourBit(q, multipliers, codes)


def _fit(w: Floats, power: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Multipliers and codes of some columns: of three scales and all multipliers those of the least error."""
    k, n = w.shape
    objects, groups = -(-k // FOUR_BIT_K), k // GROUP_K
    blocks = w.reshape(groups, GROUP_K, n)
    weight = power.reshape(groups, GROUP_K, 1)
    largest = np.zeros((objects * GROUPS, n), np.float32)
    largest[:groups] = np.abs(blocks).max(axis=1)
    top = largest.reshape(objects, GROUPS, n).max(axis=1) / np.float32(LIMIT * MULTIPLIERS[-1])
    first = code_above(np.maximum(top, 1e-20))
    best_error = np.full((objects, n), np.inf, np.float32)
    best_codes = np.zeros((objects, n), np.uint8)
    best = np.full((objects, GROUPS, n), MULTIPLIERS[0], np.uint8)
    for lower in range(3):
        codes = np.clip(first - lower, 0, 255).astype(np.uint8)
        base = np.repeat(scale_of(codes), GROUPS, axis=0)[:groups]
        error = np.full((groups, n), np.inf, np.float32)
        chosen = np.full((objects * GROUPS, n), MULTIPLIERS[0], np.uint8)
        for multiplier in MULTIPLIERS:
            scale = (base * np.float32(multiplier))[:, None]
            off = np.clip(np.rint(blocks / scale), -LIMIT, LIMIT) * scale - blocks
            found = (np.square(off) * weight).sum(axis=1)
            less = found < error
            error[less] = found[less]
            chosen[:groups][less] = multiplier
        whole = np.zeros((objects * GROUPS, n), np.float32)
        whole[:groups] = error
        total = whole.reshape(objects, GROUPS, n).sum(axis=1)
        less = total < best_error
        best_error[less], best_codes[less] = total[less], codes[less]
        best = np.where(less[:, None], chosen.reshape(objects, GROUPS, n), best)
    return best.reshape(objects * GROUPS, n)[:groups], best_codes


def pack(weights: FourBit, tiles: int, columns: int = NPU1.columns) -> NDArray[np.uint8]:
    """[column of cores, `columns`][tile][object][16896] slices of `weights` [k, tiles * columns * 128]."""
    k, n = weights.q.shape
    objects = -(-k // FOUR_BIT_K)
    q = np.zeros((objects * FOUR_BIT_K, n), np.int8)
    q[:k] = weights.q
    # k: object, block, row; n: tile, column of cores, row of cores, block, column
    blocks = q.reshape(objects, 32, 8, tiles, columns, ROWS, 4, 8).transpose(4, 3, 0, 5, 1, 6, 2, 7)
    bits = np.unpackbits(weights.codes[:, None], axis=1)  # of the first group is the highest
    low = np.zeros((objects * GROUPS, n), np.uint8)
    low[: k // GROUP_K] = weights.multipliers & 7
    groups = (low.reshape(objects, GROUPS, n) + 8 * bits).astype(np.uint8)
    groups = groups.reshape(objects, GROUPS, tiles, columns, ROWS, 32)
    out = np.zeros((columns, tiles, objects, ROWS, SLICE), np.uint8)
    out[..., :4096] = _pairs((blocks.view(np.uint8) & 15).astype(np.uint8)).reshape(columns, tiles, objects, ROWS, 4096)
    out[..., 4096:] = _pairs(groups.transpose(3, 2, 0, 4, 1, 5)).reshape(columns, tiles, objects, ROWS, 128)
    return out.reshape(-1)


def _pairs(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two neighbours of the last axis in a byte, the first in the low half."""
    return (nibbles[..., ::2] | np.left_shift(nibbles[..., 1::2], 4)).astype(np.uint8)
