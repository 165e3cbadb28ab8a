"""Reports of the decoder's cores against a plain merge of what each found; the engine's merge beside NumPy's."""

from __future__ import annotations

import ctypes
import itertools
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiebuild.host import ENGINE_SOURCES, link_command, overlay_command
from aiebuild.runtime.device import Merge, Merged
from aiebuild.runtime.merge import HostMerge, declare_merge
from aiebuild.whisper.findings import Findings, NumpyMerge, candidates

FACTS = {"best": 8, "best_words": 36, "columns": 4, "rows": 4, "best_rows": 3, "best_object": 512, "suppressed": -1e30}
NOTHING = -1900671691
"""The ordered integer of a logit that does not count (`decoder::lowest_key`)."""

LAYOUTS = [(1, 1, 1), (2, 8, 1), (1, 8, 4), (3, 2, 4), (1, 2, 4)]
"""Blocks of rows that are asked for, rows of a core, slices of columns."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The part of the engine that merges."""
    folder = tmp_path_factory.mktemp("reports")
    source = next(source for source in ENGINE_SOURCES if source.name == "reports.cc")
    subprocess.run(overlay_command("g++", source, folder / "reports.o"), check=True)
    subprocess.run(link_command("g++", [folder / "reports.o"], folder / "reports.so"), check=True)
    library = ctypes.CDLL(str(folder / "reports.so"))
    declare_merge(library)
    return library


def merges(findings: Findings, words: NDArray[np.int32], engine: ctypes.CDLL) -> tuple[Merge, Merge]:
    return NumpyMerge(findings.reports, words), HostMerge(engine, findings.reports, words)


@pytest.mark.parametrize(("asked", "core_rows", "slices"), LAYOUTS)
def test_best_of_all_parts(asked: int, core_rows: int, slices: int, engine: ctypes.CDLL) -> None:
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
            largest, total = fill(report, kind, logits[:count], tokens[:count])
            found[number][kind] += [(float(x), int(t)) for x, t in zip(logits[:count], tokens[:count], strict=True)]
            sums[number][kind].append((largest, total))
    findings = Findings.of(FACTS, asked, core_rows, slices)
    for merge in merges(findings, reports.reshape(-1), engine):
        got = candidates(merge(range(rows)))
        for number, kind in itertools.product(range(rows), range(2)):
            tokens, logits, total = got[number][kind]
            want = sorted(found[number][kind], key=lambda each: (-each[0], each[1]))[:8]
            want += [(-np.inf, -1)] * (8 - len(want))
            assert list(zip(logits, tokens, strict=True)) == want
            weights = sum(total * np.exp(largest) for largest, total in sums[number][kind])
            assert np.isclose(total, np.log(weights) if weights else -np.inf, rtol=1e-5, atol=1e-5)


def fill(
    report: NDArray[np.int32], kind: int, logits: NDArray[np.float32], tokens: NDArray[np.int64]
) -> tuple[float, float]:
    """Writes what a core found for one of a row's lists; the largest logit and the sum."""
    bits = logits.view(np.int32)
    report[kind * 16 :][:16] = NOTHING
    report[kind * 16 :][: logits.size] = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    report[kind * 16 + 8 :][: logits.size] = tokens
    largest = np.float32(logits.max() if logits.size else -1e30)
    total = np.exp(logits - largest).sum(dtype=np.float32)
    report[32 + 2 * kind :][:2] = np.array([largest, total], np.float32).view(np.int32)
    return float(largest), float(total)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(LAYOUTS),
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 40, 2**24]),
    st.sampled_from([0.1, 3.0, 80.0]),
    st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True),
)
def test_the_engine_says_what_numpy_says(
    engine: ctypes.CDLL, layout: tuple[int, int, int], seed: int, values: int, scale: float, rows: list[int]
) -> None:
    """Any reports, any rows in any order: few values are many ties, a part may have found nothing."""
    asked, core_rows, slices = layout
    findings = Findings.of(FACTS, asked, core_rows, slices)
    there = len(findings.reports.keys)
    rng = np.random.default_rng(seed)
    reports = rng.integers(-(2**31), 2**31, findings.words).astype(np.int32)  # between reports stands anything
    for first in findings.reports.keys[:, 0].reshape(-1):
        for kind in range(2):
            count = int(rng.choice([0, 1, 8, 8, 8]))
            logits = ((rng.integers(0, values, count) / values - 0.7) * scale).astype(np.float32)
            fill(reports[first:], kind, logits, rng.integers(0, min(values, 51865), count))
    wanted = list(dict.fromkeys(row % there for row in rows))
    numpys, engines = merges(findings, reports, engine)
    for one, other in zip(numpys(wanted), engines(wanted), strict=True):
        compare(one, other)


def compare(one: Merged, other: Merged) -> None:
    """Tokens, their order and logits are the same; totals are to what exponentials, sums of 16 and logarithms in
    float32 leave open."""
    assert one[:-1] == other[:-1]
    assert other[-1] == pytest.approx(one[-1], rel=3e-7, abs=2e-6)


def test_reports_that_are_not_there(engine: ctypes.CDLL) -> None:
    findings = Findings.of(FACTS, 1, 1, 1)
    words = np.zeros(findings.words, np.int32)
    for merge in merges(findings, words, engine):
        with pytest.raises(IndexError):
            merge([1])
    with pytest.raises(ValueError, match="reports end after 100 words"):
        HostMerge(engine, findings.reports, words[:100])
