"""Cuts at pauses: clips cover the file, none is longer than a window, and they are made where it is quiet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiebuild.whisper.pauses import EARLIEST, SHORTEST, cut_at_pauses, levels

HOP = 160


def speech(phrases: list[tuple[float, float]], seed: int = 0) -> NDArray[np.int16]:
    """Noise of (seconds of phrase, seconds of pause)."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.int16]] = []
    for loud, quiet in phrases:
        parts.append(rng.normal(0, 3000, round(loud * 16000)).astype(np.int16))
        parts.append(rng.normal(0, 20, round(quiet * 16000)).astype(np.int16))
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


@given(st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 2)), max_size=8), st.integers(0, 159))
def test_clips_cover_the_file(phrases: list[tuple[float, float]], odd: int) -> None:
    samples = np.concatenate([speech(phrases), np.ones(odd, np.int16)])
    clips = cut_at_pauses(samples)
    frames = samples.size // HOP
    assert [start for start, _ in clips] == [0, *(stop for _, stop in clips[:-1])][: len(clips)]
    assert (clips[-1][1] if clips else 0) == frames
    assert all(0 < stop - start <= 3000 for start, stop in clips)
    assert all(stop - start >= EARLIEST for start, stop in clips[:-1])
    assert len(clips) < 2 or clips[-1][1] - clips[-1][0] >= SHORTEST


def test_cuts_are_made_in_pauses() -> None:
    phrases = [(7.0, 0.6)] * 20
    clips = cut_at_pauses(speech(phrases))
    assert len(clips) > 4
    for _, stop in clips[:-1]:
        place = stop / 100 % 7.6
        assert 7.1 < place < 7.5, f"cut {place:.2f} s into a phrase"


def test_a_later_pause_is_taken_of_two_alike() -> None:
    clips = cut_at_pauses(speech([(16.0, 0.6), (10.0, 0.6), (30.0, 0.0)]))
    assert 26.6 < clips[0][1] / 100 < 27.2


def test_speech_without_pauses_is_cut_all_the_same() -> None:
    assert len(cut_at_pauses(speech([(100.0, 0.0)]))) >= 4
    silent = cut_at_pauses(np.zeros(100 * 16000, np.int16))
    assert silent == [(0, 3000), (3000, 6000), (6000, 9000), (9000, 10000)]


def test_levels() -> None:
    loud = np.full(16000, 1000, np.int16)
    level = levels(np.concatenate([loud, np.zeros(16000, np.int16)]))
    assert level.shape == (200,)
    assert level[0] == pytest.approx(60, abs=1e-4)
    assert level[150] == pytest.approx(0, abs=1e-9)
    # smoothed over 31 frames around a place
    assert level[100] == pytest.approx(60 * 15 / 31, abs=1e-3)
    assert levels(np.zeros(100, np.int16)).shape == (0,)
