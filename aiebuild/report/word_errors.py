"""Word error rate: words added, left out and taken for others, for each word said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)

_SPELLINGS = (
    # (as written, as compared): said alike; the longer first
    ("voice mail", "voicemail"),
    ("mail box", "mailbox"),
    ("touch tone", "touchtone"),
    ("thru", "through"),
    ("mister", "mr"),
    ("okay", "ok"),
    ("can't", "can not"),
    ("cannot", "can not"),
    ("won't", "will not"),
    ("n't", " not"),
    ("'re", " are"),
    ("'ll", " will"),
    ("'ve", " have"),
    ("i'm", "i am"),
    ("that's", "that is"),
    ("it's", "it is"),
)


def simple_words(text: str) -> list[str]:
    """The words of a text: lower case, without punctuation but the apostrophe inside a word."""
    lower = text.lower().replace("’", "'")
    return re.findall(r"[a-z0-9]+(?:'[a-z0-9]+)*", lower)


def normalised_words(text: str) -> list[str]:
    """The same, with numbers up to twenty as digits, short forms written out, and a few words in one spelling."""
    joined = " ".join(simple_words(text))
    for written, compared in _SPELLINGS:
        pattern = re.escape(written) + r"(?![a-z])"
        if written[0].isalpha() and written != "n't":
            pattern = r"(?<![a-z'])" + pattern
        joined = re.sub(pattern, compared, joined)
    numbers = {word: str(value) for value, word in enumerate(_NUMBERS.split())}
    return [numbers.get(word, word) for word in joined.split()]


@dataclass(frozen=True)
class WordErrors:
    """Errors and words said; `rate` in per cent."""

    errors: int
    words: int

    @property
    def rate(self) -> float:
        """Errors for each hundred words said."""
        return 100 * self.errors / self.words


def word_errors(said: Sequence[str], heard: Sequence[str]) -> WordErrors:
    """The least number of words to add, leave out and exchange that makes `said` of `heard`."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return WordErrors(row[-1], len(said))
