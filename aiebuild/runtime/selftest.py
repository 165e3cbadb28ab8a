"""Holding the results of an overlay's self-test against the known ones: a device that gives zeros, or the right numbers
in the wrong places, must not pass as working."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiebuild.manifest.types import KnownRegion

CORRELATION = 0.999
"""Least correlation with the known results: sums of bf16 in another order are no fault, wrong tiles are."""

SIZE = 0.02
"""Most the results' root mean square may differ, as a part of the known one's."""


def values_of(data: NDArray[np.uint8], dtype: str) -> NDArray[np.float64]:
    """Bytes as numbers: int4, int8, int16, f32 or bf16. Raises ValueError for another type."""
    if dtype == "int4":
        return ((np.stack([data & 15, data >> 4], axis=-1).reshape(-1) ^ 8).astype(np.float64)) - 8
    if dtype == "bf16":
        return (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if dtype not in ("int8", "int16", "f32"):
        raise ValueError(f"no known results of type {dtype}")
    return data.view({"int8": np.int8, "int16": np.int16, "f32": np.float32}[dtype]).astype(np.float64)


def region_of(array: NDArray[np.uint8], region: KnownRegion) -> NDArray[np.uint8]:
    """The bytes of a region of a buffer, run after run."""
    last = region.at + (region.count - 1) * region.stride + region.run
    if last > array.size:
        raise ValueError(f"a region ends at byte {last} of a buffer of {array.size}")
    whole = np.lib.stride_tricks.as_strided(array[region.at :], (region.count, region.run), (region.stride, 1))
    return np.ascontiguousarray(whole).reshape(-1)


def mismatch(got: NDArray[np.uint8], known: NDArray[np.uint8], dtype: str) -> str | None:
    """What is wrong with results, in words; None when they are the known ones."""
    a, b = values_of(got, dtype), values_of(known, dtype)
    if not np.isfinite(a).all():
        return f"{np.count_nonzero(~np.isfinite(a))} of {a.size} values are not finite"
    if not a.any():
        return f"all {a.size} values are zero"
    scale = float(np.sqrt(np.mean(b**2)))
    size = float(np.sqrt(np.mean(a**2)))
    correlation = float((a * b).mean() / (scale * size))
    if correlation < CORRELATION:
        return f"correlation with the known values is {correlation:.4f}, at least {CORRELATION} is right"
    if abs(size / scale - 1) > SIZE:
        return f"their size is {size / scale:.3f} of the known values'"
    return None
