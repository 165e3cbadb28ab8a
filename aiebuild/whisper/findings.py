"""What the decoder's cores report of a dispatch's vocabulary, brought together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.runtime.device import Merge, Merged, Overlay, Reports
from aiebuild.whisper.speech import TOP, Candidates, Listed

_KEYS = ~np.int64(0xFFFFFFFF)
"""The key's bits in a pair of a token and its key, the key in the upper half."""

_LEAST = np.float32(1e-30)


@dataclass(frozen=True)
class Findings:
    """Where the reports of a kind of dispatch have what."""

    words: int
    """All that the reports have, of 32 bits."""
    reports: Reports

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
        found = found[..., : in_report * size : size].reshape(asked, columns, across, -1)[..., :core_rows]
        # columns of cores hold different tokens; rows of cores different tokens of the same rows, or different rows
        if slices == 1:
            parts = found.transpose(1, 2, 0, 3).reshape(columns * across, -1)
        else:
            parts = found.transpose(1, 0, 2, 3).reshape(columns, -1)
        # of each list keys and tokens, then of each the largest logit and the sum
        first, lists = parts.T[:, None], np.arange(2)[:, None]
        tables = Reports(first + 2 * best * lists, first + 4 * best + 2 * lists, best, facts["suppressed"] / 2)
        return Findings(words, tables)

    def merge(self, overlay: Overlay, reports: NDArray[np.uint8]) -> Merge:
        """What brings the reports in these bytes together, as often as they are written anew: the overlay where it
        can, else NumPy."""
        words = reports[: 4 * self.words].view(np.int32)
        return overlay.merge(self.reports, words) or NumpyMerge(self.reports, words)


class NumpyMerge:
    """`Merge` in NumPy: the reference of devices', and for those that have none."""

    def __init__(self, reports: Reports, words: NDArray[np.int32]) -> None:
        self._words = words
        self._best, self._lowest = reports.best, np.float32(reports.lowest)
        rows = len(reports.keys)
        keys = (reports.keys[..., None] + np.arange(reports.best)).reshape(rows, 2, -1)
        self._found = np.stack([keys + reports.best, keys], axis=-1)
        tops = reports.tops.transpose(2, 0, 1)
        self._tops = np.stack([tops, tops + 1])

    def __call__(self, rows: Sequence[int]) -> Merged:
        """See `Merge`."""
        # by falling logit, of equal ones the lower token first: a pair is one number, its key turned over
        order = self._words.take(self._found).view(np.int64)[..., 0]
        order ^= _KEYS
        order.sort()
        pairs = (order[..., : self._best] ^ _KEYS).view(np.int32).reshape(*order.shape[:2], self._best, 2)
        tokens, keys = pairs[..., 0], pairs[..., 1]
        logits = (keys ^ ((keys >> 31) & 0x7FFFFFFF)).view(np.float32)
        none = logits < self._lowest
        logits[none], tokens[none] = -np.inf, -1
        tops, sums = self._words.view(np.float32).take(self._tops)
        top = np.maximum.reduce(tops)
        totals = top + np.log(np.maximum(np.add.reduce(sums * np.exp(tops - top)), _LEAST))
        totals[top < self._lowest] = -np.inf
        listed = (tokens.reshape(-1, self._best), logits.reshape(-1, self._best), totals.reshape(-1))
        merged = [
            (*few, *their, all_of) for few, their, all_of in zip(*(part.tolist() for part in listed), strict=True)
        ]
        return [merged[2 * row + which] for row in rows for which in (0, 1)]


def candidates(merged: Merged) -> list[Candidates]:
    """What was brought together, as the candidates after the rows."""
    each = iter(merged)
    return [
        Candidates(Listed(text[:TOP], text[TOP:-1], text[-1]), Listed(times[:TOP], times[TOP:-1], times[-1]))
        for text, times in zip(each, each, strict=True)
    ]
