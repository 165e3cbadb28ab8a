"""Speech for the mel tests, padded as the overlay wants it."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLIP = Path(__file__).resolve().parents[2] / "samples" / "jfk.wav"


@cache
def clip() -> NDArray[np.int16]:
    """The sample clip, int16 at 16 kHz."""
    with wave.open(str(CLIP)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def padded(samples: NDArray[np.int16], frames: int) -> NDArray[np.int16]:
    """`samples` with 200 of reflected edge in front, and zeros up to the end of frame `frames` - 1."""
    out = np.zeros((frames - 1) * 160 + 400, np.int16)
    edged = np.concatenate([samples[200:0:-1], samples])
    out[: min(edged.size, out.size)] = edged[: out.size]
    return out


def final_scale(q11: NDArray[np.int16]) -> NDArray[np.float64]:
    """Raw log-mel in Q11 on Whisper's scale: clamped to the maximum minus 8, (x + 4) / 4."""
    x = q11 / 2048
    return (np.maximum(x, x.max() - 8) + 4) / 4
