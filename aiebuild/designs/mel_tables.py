"""Constants of the mel overlay as they lie in memory: DFT coefficients in two int8 planes, filters in bf16 blocks.

One constants file is a row of equal objects, streamed once a round: 25 of coefficients, then one of filters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiebuild.weights.pack import to_bf16

N_FFT = 400
HOP = 160
POINTS = N_FFT // 2
"""Folded samples of a frame (n = 1..200), and the bins that matter (k = 1..200: bin 0 has no weight in any filter)."""
CHUNK_BINS = 8
CHUNKS = POINTS // CHUNK_BINS
SAMPLE_RATE = 16_000

COEFFICIENT_SCALE = 32640
"""A coefficient of 1 (nearly Q15): the largest that leaves the high plane within int8 after rounding."""

FLOOR_Q11 = -20480
"""log10(1e-10), the least value of a result."""

CONSTANT_OBJECT = 2 * POINTS // 4 * 2 * 32
"""Bytes of a constants object: cosine and sine, 50 blocks of 4 samples, two planes, 4 x 8 coefficients."""
FILTER_HEADER = 256
MELS_PER_BLOCK = 4


def hann_folded() -> NDArray[np.float64]:
    """The periodic Hann window at n = 1..200; half of it at 200, whose sample the fold counts twice."""
    n = np.arange(1, POINTS + 1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / N_FFT)
    window[-1] /= 2
    return window


def coefficients() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Windowed cosines and sines, integers of scale 32640: each [200 samples n = 1.., 200 bins k = 1..]."""
    n, k = np.arange(1, POINTS + 1)[:, None], np.arange(1, POINTS + 1)[None, :]
    phase = 2 * np.pi * (n * k % N_FFT) / N_FFT
    window = hann_folded()[:, None] * COEFFICIENT_SCALE
    return (
        np.rint(window * np.cos(phase)).astype(np.int32),
        np.rint(window * np.sin(phase)).astype(np.int32),
    )


def planes(values: NDArray[np.int32]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """`values` (within +-32640) as high * 256 + low, both int8."""
    low = ((values + 128) & 255) - 128
    return ((values - low) >> 8).astype(np.int8), low.astype(np.int8)


def mel_filters(n_mels: int) -> NDArray[np.float64]:
    """Slaney-scale, Slaney-normalised triangular filters, [n_mels, 200] over bins 1..200.

    Source: librosa.filters.mel(sr=16000, n_fft=400), which openai/whisper ships.
    """
    top = _hz_to_mel(SAMPLE_RATE / 2)
    edges = np.array([_mel_to_hz(top * i / (n_mels + 1)) for i in range(n_mels + 2)])
    bins = np.arange(1, POINTS + 1) * (SAMPLE_RATE / N_FFT)
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)
    triangles = np.minimum(-ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None])
    return np.maximum(triangles, 0.0) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def filter_weights(n_mels: int) -> NDArray[np.uint16]:
    """The filters as bf16 bits [n_mels, 200], scaled so that they take the integer power to that of samples in +-1."""
    unit = COEFFICIENT_SCALE / 256 * 32768
    return to_bf16((mel_filters(n_mels) / unit**2).astype(np.float32))


def filter_ranges(n_mels: int) -> tuple[tuple[int, int], ...]:
    """Per block of four mels: the first chunk of 8 bins with a weight, and how many there are."""
    used = (filter_weights(n_mels) != 0).reshape(n_mels // MELS_PER_BLOCK, MELS_PER_BLOCK, CHUNKS, CHUNK_BINS)
    ranges: list[tuple[int, int]] = []
    for block in used.any(axis=(1, 3)):
        chunks = np.flatnonzero(block)
        ranges.append((int(chunks[0]), int(chunks[-1] - chunks[0] + 1)))
    return tuple(ranges)


def pack_coefficients() -> NDArray[np.int8]:
    """[25 chunks][cosine, sine][50 sample blocks][high, low][4 samples][8 bins], int8."""
    parts: list[NDArray[np.int8]] = []
    for values in coefficients():
        both = np.stack(planes(values))  # plane, sample, bin
        blocks = both.reshape(2, POINTS // 4, 4, CHUNKS, CHUNK_BINS)
        parts.append(blocks.transpose(3, 1, 0, 2, 4))
    return np.ascontiguousarray(np.stack(parts, axis=1))


def pack_filters(n_mels: int) -> bytes:
    """One object: 32 times (first chunk, number of chunks) int32, then blocks of 8 bins x 4 mels bf16 in mel order.

    Raises ValueError where `n_mels` is not a multiple of 16 up to 128 or the blocks do not fit.
    """
    if n_mels % 16 or not 0 < n_mels <= 128:
        raise ValueError(f"`n_mels` must be a multiple of 16 up to 128, is {n_mels}")
    ranges = filter_ranges(n_mels)
    header = np.zeros((FILTER_HEADER // 8, 2), np.int32)
    header[: len(ranges)] = ranges
    weights = filter_weights(n_mels)
    blocks: list[NDArray[np.uint16]] = []
    for block, (first, count) in enumerate(ranges):
        mels = weights[block * MELS_PER_BLOCK : (block + 1) * MELS_PER_BLOCK]
        blocks += [mels[:, c * CHUNK_BINS : (c + 1) * CHUNK_BINS].T for c in range(first, first + count)]
    body = header.tobytes() + np.stack(blocks).astype("<u2").tobytes()
    if len(body) > CONSTANT_OBJECT:
        raise ValueError(f"filters of {n_mels} mels take {len(body)} bytes, an object has {CONSTANT_OBJECT}")
    return body.ljust(CONSTANT_OBJECT, b"\0")


def pack_constants(n_mels: int) -> bytes:
    """The constants of `n_mels` mels, 26 objects of 6,400 bytes."""
    return pack_coefficients().tobytes() + pack_filters(n_mels)


def _hz_to_mel(hz: float) -> float:
    """Slaney's scale: 200/3 Hz a mel up to 1 kHz, then 27 steps for a factor of 6.4."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _mel_to_hz(mel: float) -> float:
    return mel * 200 / 3 if mel < 15 else 1000 * float(np.exp((mel - 15) * np.log(6.4) / 27))
