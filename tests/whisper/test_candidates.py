"""The reduction of logits to candidates, in NumPy: masks, order and sums."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.whisper.candidates import reduce_logits
from aiebuild.whisper.speech import TOP, Allowed

VOCABULARY = 60

ranges = st.tuples(st.integers(0, VOCABULARY), st.integers(0, VOCABULARY))
rules = st.builds(
    Allowed, ranges, ranges, st.lists(st.integers(0, VOCABULARY - 1), max_size=4).map(tuple), st.booleans()
)


@settings(max_examples=200, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), st.sets(st.integers(0, VOCABULARY - 1)), st.integers(0, 2**32 - 1))
def test_candidates_are_the_best_of_what_is_allowed(rows: list[Allowed], suppressed: set[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.integers(-6, 6, (len(rows), VOCABULARY)).astype(np.float32)  # few values, so that many are equal
    found = reduce_logits(logits, rows, sorted(suppressed))
    for row, rule in enumerate(rows):
        never = set(rule.banned) | (set() if rule.raw else suppressed)
        for (start, stop), (tokens, values, total) in zip((rule.text, rule.times), found[row], strict=True):
            ids = [token for token in range(start, stop) if token not in never]
            want = sorted(ids, key=lambda token: (-logits[row, token], token))[:TOP]
            assert list(tokens) == want + [-1] * (TOP - len(want))
            assert list(values) == [logits[row, token] for token in want] + [-np.inf] * (TOP - len(want))
            assert np.isclose(np.exp(total), np.exp(logits[row, ids]).sum(), rtol=1e-5)
