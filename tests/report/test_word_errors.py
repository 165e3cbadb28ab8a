"""Word error rate, and what counts as a word."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiebuild.report.word_errors import WordErrors, normalised_words, simple_words, word_errors

words = st.lists(st.sampled_from("abc"), max_size=6)


@given(words, words)
def test_errors_are_the_edit_distance(said: list[str], heard: list[str]) -> None:
    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        changed = distance(i - 1, j - 1) + (said[i - 1] != heard[j - 1])
        return min(changed, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    assert word_errors(said, heard) == WordErrors(distance(len(said), len(heard)), len(said))


def test_rate() -> None:
    assert word_errors(["a", "b", "c", "d"], ["a", "x", "c"]).rate == 50


@pytest.mark.parametrize(
    ("text", "simple", "normalised"),
    [
        ("Press 1, or two!", "press 1 or two", "press 1 or 2"),
        ("You don't — I'm here", "you don't i'm here", "you do not i am here"),
        ("Waldo's voice-mail", "waldo's voice mail", "waldo's voicemail"),
        ("We can’t, you cannot", "we can't you cannot", "we can not you can not"),
        ("someone; mister Dashwood", "someone mister dashwood", "someone mr dashwood"),
        ("", "", ""),
    ],
)
def test_words(text: str, simple: str, normalised: str) -> None:
    assert " ".join(simple_words(text)) == simple
    assert " ".join(normalised_words(text)) == normalised
