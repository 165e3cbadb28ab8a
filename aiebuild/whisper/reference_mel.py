"""The log-mel front end in NumPy, as openai/whisper's `log_mel_spectrogram`: for tests and `aiebuild check` only.

Float64 inside, float32 out: openai/whisper computes in float32, and this is what that rounds from.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.constants import HOP_LENGTH, N_FFT, N_SAMPLES, SAMPLE_RATE

_FRAMES_AT_ONCE = 4096


@cache
def mel_filters(n_mels: int) -> NDArray[np.float32]:
    """Slaney-scale, Slaney-normalised triangular filters, float32 [n_mels, 201].

    Source: librosa.filters.mel(sr=16000, n_fft=400, n_mels=n_mels), which openai/whisper ships as `mel_filters.npz`.
    """
    bins = np.linspace(0.0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    edges = _mel_to_hz(np.linspace(_hz_to_mel(0.0), _hz_to_mel(SAMPLE_RATE / 2), n_mels + 2))
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)
    lower = -ramps[:-2] / widths[:-1, None]
    upper = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(lower, upper)).astype(np.float32)
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def log_mel_spectrogram(
    samples: NDArray[np.int16] | NDArray[np.float32], n_mels: int, padding: int = N_SAMPLES
) -> NDArray[np.float32]:
    """Log-mel of 16 kHz mono samples [n], float32 [n_mels, (n + padding) // 160].

    int16 samples are scaled by 1/32768; `padding` zero samples are put after the end. The clamp to the maximum minus 8
    uses the maximum over all frames. `n + padding` must exceed 200 (the reflected edge).
    """
    audio = samples.astype(np.float32) / np.float32(32768) if samples.dtype == np.int16 else samples
    audio = np.concatenate([audio, np.zeros(padding, np.float32)])
    count = audio.size // HOP_LENGTH
    edged = np.pad(audio, N_FFT // 2, mode="reflect")
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(edged, N_FFT)[::HOP_LENGTH][:count]
    filters = mel_filters(n_mels).astype(np.float64)
    log_spec = np.empty((n_mels, count), np.float64)
    for start in range(0, count, _FRAMES_AT_ONCE):
        stop = min(start + _FRAMES_AT_ONCE, count)
        spectrum = np.fft.rfft(frames[start:stop].astype(np.float64) * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        log_spec[:, start:stop] = np.log10(np.maximum(filters @ power.T, 1e-10))
    log_spec = np.maximum(log_spec, log_spec.max() - 8.0)
    return ((log_spec + 4.0) / 4.0).astype(np.float32)


# Slaney's scale: linear below 1 kHz (200/3 Hz a mel), logarithmic above (27 steps for a factor of 6.4)
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return float(_BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * _HZ_PER_MEL
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, linear, logarithmic)
