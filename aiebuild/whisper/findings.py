"""What the decoder's cores report of a dispatch's vocabulary, brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.speech import Candidates

_KEYS = ~np.int64(0xFFFFFFFF)
"""The key's bits in a pair of a token and its key, the key in the upper half."""

_LEAST = np.float32(1e-30)


@dataclass(frozen=True)
class Findings:
    """Where the reports have what: indices of 32-bit words, for each row R and each of its two lists of tokens.

    A report has `best` keys, logits as integers of the same order, and their tokens; then the largest logit of all and
    the sum of the exponentials of their differences from it.
    """

    words: int
    found: NDArray[np.intp]
    """[R, 2, what all parts of the vocabulary found, 2]: tokens, keys."""
    tops: NDArray[np.intp]
    """[2, parts, R, 2]: largest logits, sums."""
    best: int
    lowest: np.float32
    """Logits at or below are of tokens that do not count."""

    @staticmethod
    def of(facts: dict[str, Any], asked: int, core_rows: int, slices: int) -> Findings:
        """Of a dispatch with `asked` blocks of rows, `core_rows` of them to a core, in `slices` of a tile's columns."""
        best: int = facts["best"]
        size: int = facts["best_words"]
        columns: int = facts["columns"]
        across: int = facts["rows"]
        in_report: int = facts["best_rows"]
        reports = -(-core_rows // in_report)
        words: int = asked * columns * across * reports * facts["best_object"] // 4
        found: NDArray[np.intp] = np.arange(words).reshape(asked, columns, across, reports, -1)
        found = found[..., : in_report * size].reshape(asked, columns, across, -1, size)[..., :core_rows, :]
        # columns of cores hold different tokens; rows of cores different tokens of the same rows, or different rows
        if slices == 1:
            parts = found.transpose(1, 2, 0, 3, 4).reshape(columns * across, -1, size)
        else:
            parts = found.transpose(1, 0, 2, 3, 4).reshape(columns, -1, size)
        count, rows = parts.shape[:2]
        keys = parts[:, :, : 4 * best].reshape(count, rows, 2, 2, best)[:, :, :, 0]
        tops = parts[:, :, 4 * best : 4 * best + 4].reshape(count, rows, 2, 2)[..., 0]
        keys = keys.transpose(1, 2, 0, 3).reshape(rows, 2, count * best)
        return Findings(
            words, np.stack([keys + best, keys], axis=-1), np.stack([tops, tops + 1]), best,
            np.float32(facts["suppressed"] / 2),
        )  # fmt: skip

    def candidates(self, reports: NDArray[np.uint8]) -> Candidates:
        """The best of all parts of the vocabulary, from the bytes of their reports."""
        words = reports[: 4 * self.words].view(np.int32)
        # by falling logit, of equal ones the lower token first: a pair is one number, its key turned over
        order = words.take(self.found).view(np.int64)[..., 0]
        order ^= _KEYS
        order.sort()
        pairs = (order[..., : self.best] ^ _KEYS).view(np.int32).reshape(*order.shape[:2], self.best, 2)
        tokens, keys = pairs[..., 0], pairs[..., 1]
        logits = (keys ^ ((keys >> 31) & 0x7FFFFFFF)).view(np.float32)
        none = logits < self.lowest
        logits[none], tokens[none] = -np.inf, -1
        tops, sums = words.view(np.float32).take(self.tops)
        top = np.maximum.reduce(tops)
        total = top + np.log(np.maximum(np.add.reduce(sums * np.exp(tops - top)), _LEAST))
        total[top < self.lowest] = -np.inf
        return Candidates(tokens[:, 0], logits[:, 0], total[:, 0], tokens[:, 1], logits[:, 1], total[:, 1])
