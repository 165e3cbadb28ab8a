"""The mel overlay's arithmetic in NumPy, step by step as the kernels in `kernels_src/mel.cc` do it; for tests.

Equal bit for bit but for the order in which bf16 products of a filter are summed, which can move an energy by one bf16
step: 5 units of the Q11 result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.mel_tables import FLOOR_Q11, HOP, N_FFT, POINTS, coefficients, filter_weights, planes
from aiebuild.weights.pack import from_bf16, to_bf16

HALVING_Q11 = 1233
TOLERANCE_Q11 = 5


def round_shift(values: NDArray[np.int64], shift: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """`values` / 2^shift, to nearest, ties to even."""
    step = np.left_shift(np.int64(1), shift)
    half = step >> 1
    quotient = values >> shift
    remainder = values & (step - 1)
    up = (remainder > half) | ((remainder == half) & (quotient & 1 == 1) & (half > 0))
    return quotient + (up & (half > 0))


def frames_of(samples: NDArray[np.int16], frames: int) -> NDArray[np.int64]:
    """[frames, 400] of edge-padded samples, hop 160."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, N_FFT)
    return windows[: (frames - 1) * HOP + 1 : HOP].astype(np.int64)


def fold(frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sums and differences [frames, 200] within int16, and per frame whether they were halved (0 or 1).

    Halving is decided for four frames together; the number of frames must be a multiple of four.
    """
    quads = frames.reshape(-1, 4 * N_FFT)
    halved = ((quads.max(1) > 16383) | (quads.min(1) < -16384)).astype(np.int64).repeat(4)
    forward = frames[:, 1 : POINTS + 1]
    backward = frames[:, N_FFT - 1 : POINTS - 1 : -1]
    shift = halved[:, None]
    sums = np.clip(round_shift(forward + backward, shift), -32768, 32767)
    differences = np.clip(round_shift(forward - backward, shift), -32768, 32767)
    return sums, differences, halved


def transform(values: NDArray[np.int64], table: NDArray[np.int32]) -> NDArray[np.float32]:
    """bf16 (as float32) of the two planes' product: high + low / 256. Raises OverflowError beyond 32 bits."""
    high, low = (values.astype(np.float64) @ plane.astype(np.float64) for plane in planes(table))  # exact below 2^53
    if max(np.abs(high).max(), np.abs(low).max()) >= 2**31:
        raise OverflowError("a plane's sum exceeds 32 bits")
    joined = high.astype(np.int64) + round_shift(low.astype(np.int64), 8)
    return _bf16(joined.astype(np.float32))


def log10_q11(energy: NDArray[np.float32]) -> NDArray[np.int64]:
    """log10 of positive bf16 values in Q11 from their bits, saturated to int16."""
    bits = to_bf16(energy).astype(np.int64)
    mantissa = bits & 127
    height = 65 + round_shift(mantissa * -49, 8)
    return np.clip(round_shift((bits - 127 * 128) * 19728 + mantissa * (128 - mantissa) * height, 12), -32768, 32767)


def log_mel_q11(samples: NDArray[np.int16], frames: int, n_mels: int) -> NDArray[np.int16]:
    """[frames, n_mels] of int16 samples [at least (frames - 1) * 160 + 400]; `frames` a multiple of four."""
    sums, differences, halved = fold(frames_of(samples, frames))
    cosine, sine = coefficients()
    re, im = transform(sums, cosine), transform(differences, sine)
    power = _bf16(re * re + np.square(im))
    energy = _bf16(
        (power.astype(np.float64) @ from_bf16(filter_weights(n_mels)).T.astype(np.float64)).astype(np.float32)
    )
    return np.maximum(log10_q11(energy) + halved[:, None] * HALVING_Q11, FLOOR_Q11).astype(np.int16)


def _bf16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return from_bf16(to_bf16(values))
