"""What the array makes of logits, in NumPy: the reference of `Candidates`, for tests and models in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.speech import TOP, Allowed, Candidates, Listed

FloatArray = NDArray[np.float32]


def mask(logits: FloatArray, allowed: Allowed, suppressed: NDArray[np.intp]) -> FloatArray:
    """A copy of a row's logits [n_vocab], minus infinity where a token may not follow."""
    masked = np.full_like(logits, -np.inf)
    for start, stop in (allowed.text, allowed.times):
        if start < stop:
            masked[start:stop] = logits[start:stop]
    if not allowed.raw:
        masked[suppressed] = -np.inf
    masked[list(allowed.banned)] = -np.inf
    return masked


def reduce_logits(logits: FloatArray, allowed: Sequence[Allowed], suppressed: Sequence[int]) -> list[Candidates]:
    """The candidates after rows with the given logits [R, n_vocab]; see `Candidates`."""
    rows = len(allowed)
    tokens = np.full((2, rows, TOP), -1, np.int32)
    best = np.full((2, rows, TOP), -np.inf, np.float32)
    totals = np.full((2, rows), -np.inf, np.float32)
    static = np.array(sorted(set(suppressed)), np.intp)
    for row, (given, rule) in enumerate(zip(logits, allowed, strict=True)):
        whole = mask(given, rule, static)
        for place, (start, stop) in enumerate((rule.text, rule.times)):
            if start >= stop:
                continue
            part = whole[start:stop].copy()
            totals[place, row] = logsumexp(part)
            for rank in range(TOP):  # each time the first of the largest
                found = int(part.argmax())
                if part[found] == -np.inf:
                    break
                tokens[place, row, rank], best[place, row, rank] = start + found, part[found]
                part[found] = -np.inf
    text, times = (
        [
            Listed(tuple(few.tolist()), tuple(their.tolist()), float(total))
            for few, their, total in zip(*of, strict=True)
        ]
        for of in zip(tokens, best, totals, strict=True)
    )
    return [Candidates(*both) for both in zip(text, times, strict=True)]


def logsumexp(x: FloatArray) -> float:
    """log(sum(exp(x))), minus infinity where all of `x` is."""
    top = float(x.max())
    if top == -np.inf:
        return top
    return top + float(np.log(np.exp(x - np.float32(top)).sum(dtype=np.float64)))
