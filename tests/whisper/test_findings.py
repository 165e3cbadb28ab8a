"""Reports of the decoder's cores against a plain merge of what each of them found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aiebuild.whisper.findings import Findings

FACTS = {"best": 8, "best_words": 36, "columns": 4, "rows": 4, "best_rows": 3, "best_object": 512, "suppressed": -1e30}
NOTHING = -1900671691
"""The ordered integer of a logit that does not count (`decoder::lowest_key`)."""


@pytest.mark.parametrize(("asked", "core_rows", "slices"), [(1, 1, 1), (2, 8, 1), (1, 8, 4), (3, 2, 4)])
def test_best_of_all_parts(asked: int, core_rows: int, slices: int) -> None:
    rng = np.random.default_rng(asked * core_rows * slices)
    reports = np.zeros((asked, 4, 4, -(-core_rows // 3), 128), np.int32)
    across = 4 if slices == 4 else 1
    rows = asked * across * core_rows
    found: list[list[list[tuple[float, int]]]] = [[[], []] for _ in range(rows)]
    sums: list[list[list[tuple[float, float]]]] = [[[], []] for _ in range(rows)]
    for block, column, row, r in itertools.product(range(asked), range(4), range(4), range(core_rows)):
        report = reports[block, column, row, r // 3, r % 3 * 36 :][:36]
        # rows of cores have rows of their own, or other tokens of the same ones
        number = (block * across + (row if slices == 4 else 0)) * core_rows + r
        for kind in range(2):
            count = 0 if (number, kind) == (0, 1) else int(rng.integers(2, 9))  # the first row's second list is empty
            logits = rng.integers(-9, 9, 8).astype(np.float32)  # few values: many are equal
            tokens = rng.integers(0, 50000, 8)
            bits = logits.view(np.int32)
            keys = bits ^ ((bits >> 31) & 0x7FFFFFFF)
            keys[count:] = NOTHING
            tokens[count:] = NOTHING
            report[kind * 16 :][:16] = np.concatenate([keys, tokens])
            largest = np.float32(logits[:count].max() if count else -1e30)
            total = np.float32(np.exp(logits[:count] - largest).sum())
            report[32 + 2 * kind :][:2] = np.array([largest, total], np.float32).view(np.int32)
            found[number][kind] += [(float(x), int(t)) for x, t in zip(logits[:count], tokens[:count], strict=True)]
            sums[number][kind].append((float(largest), float(total)))
    got = Findings.of(FACTS, asked, core_rows, slices).candidates(reports.view(np.uint8).reshape(-1))
    lists = ((got.text_tokens, got.text_logits, got.text_total), (got.time_tokens, got.time_logits, got.time_total))
    for kind, (tokens, logits, totals) in enumerate(lists):
        for number in range(rows):
            want = sorted(found[number][kind], key=lambda each: (-each[0], each[1]))[:8]
            want += [(-np.inf, -1)] * (8 - len(want))
            assert list(zip(logits[number].tolist(), tokens[number].tolist(), strict=True)) == want
            weights = sum(total * np.exp(largest) for largest, total in sums[number][kind])
            assert np.isclose(totals[number], np.log(weights) if weights else -np.inf, rtol=1e-5, atol=1e-5)
