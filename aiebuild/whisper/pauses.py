"""Where to cut speech: at the quietest places, so that windows of 30 s at most hold whole phrases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.constants import HOP_LENGTH, N_FRAMES
from aiebuild.whisper.samples import Samples, read_samples

SMOOTHING = 31
"""Frames of 10 ms whose mean level says how quiet a place is: a pause of 0.3 s is one between phrases."""

EARLIEST = 1500
"""A clip that is followed by another has at least this many frames, 15 s."""

SHORTEST = 500
"""Frames that the last clip has at least, 5 s, where the file is longer than a window: less is prone to be misheard."""

WASTE = 0.5
"""Decibels a place must be quieter by for each second it comes earlier: short clips fill windows badly."""

FLOOR = 1.0
"""Added to a frame's mean square (of int16 samples): digital silence is as good as very quiet."""


def levels(samples: Samples) -> NDArray[np.float64]:
    """The level of each mel frame of 16 kHz samples, smoothed, in decibels: [n // 160]."""
    frames = samples.size // HOP_LENGTH
    power = np.empty(frames)
    step = 1 << 14  # frames at a time: the samples of an hour as floats would be large
    for first in range(0, frames, step):
        last = min(frames, first + step)
        block = read_samples(samples, first * HOP_LENGTH, last * HOP_LENGTH).astype(np.float32)
        power[first:last] = np.square(block.reshape(-1, HOP_LENGTH)).mean(axis=1, dtype=np.float64)
    decibels = 10 * np.log10(power + FLOOR)
    if frames == 0:
        return decibels
    sums = np.cumsum(np.pad(decibels, (SMOOTHING // 2 + 1, SMOOTHING // 2), mode="edge"))
    return (sums[SMOOTHING:] - sums[:-SMOOTHING]) / SMOOTHING


def cut_at_pauses(samples: Samples) -> list[tuple[int, int]]:
    """Clips [start, stop) in mel frames that cover a file of 16 kHz samples, none longer than a window.

    A cut is made where a file goes on for more than a window: at the quietest place of its second half.
    """
    frames = samples.size // HOP_LENGTH
    level = levels(samples)
    clips: list[tuple[int, int]] = []
    start = 0
    while frames - start > N_FRAMES:
        latest = min(N_FRAMES, frames - start - SHORTEST)
        places = np.arange(EARLIEST, latest + 1)
        cost = level[start + places] + WASTE * (latest - places) / 100
        # of equally quiet places the last
        best = int(places[places.size - 1 - int(np.argmin(cost[::-1]))])
        clips.append((start, start + best))
        start += best
    if frames > start:
        clips.append((start, frames))
    return clips
