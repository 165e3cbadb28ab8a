"""Patterns in their shortest form: the same addresses before and after, and one form for all ways to spell them."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.host.paths import ShimChannel
from aiebuild.host.program import Push, SequenceProgram, WriteBd
from aiebuild.host.transfers import Pattern, Task, transfers

Levels = tuple[tuple[int, int], ...]


def pattern(run: int, levels: Levels, repeat: int = 0, iterations: int = 0, stride: int = 0) -> Pattern:
    length = run
    for count, _ in levels:
        length *= count
    bd = WriteBd(1, 0, 0, 0, 64, length, run, levels, iterations, stride, None)
    program = SequenceProgram(
        "s", "s.mlir", (1 << 20,), (ShimChannel("in", 0, 0, True, 64),), (), (bd, Push(2, 0, 0, repeat, False))
    )
    (task,) = transfers(program)
    assert isinstance(task, Task)
    return task.patterns[0]


def addresses(levels: Levels) -> list[int]:
    """Byte offsets of the words, innermost level first."""
    outermost = [[count * stride for count in range(n)] for n, stride in reversed(levels)]
    return [sum(parts) for parts in product(*outermost)]


def starts(repeat: int, iterations: int, stride: int) -> list[int]:
    return [(k % iterations) * stride if iterations else 0 for k in range(repeat + 1)]


counts = st.integers(1, 6)
strides = st.integers(0, 12).map(lambda k: 4 * k)
levels_of = st.lists(st.tuples(counts, strides), max_size=3).map(tuple)
runs = st.integers(1, 8).map(lambda k: 4 * k)


@settings(deadline=None)
@given(runs, levels_of)
def test_merged_levels_have_the_same_addresses(run: int, levels: Levels) -> None:
    merged = pattern(run, levels)
    assert addresses(merged.levels) == addresses(((run // 4, 4), *levels))
    assert merged.length == run * len(addresses(levels))


@settings(deadline=None)
@given(runs, levels_of, runs, levels_of)
def test_equal_addresses_have_equal_levels(run_a: int, a: Levels, run_b: int, b: Levels) -> None:
    same = addresses(((run_a // 4, 4), *a)) == addresses(((run_b // 4, 4), *b))
    assert same == (pattern(run_a, a) == pattern(run_b, b))


@settings(deadline=None)
@given(runs, st.integers(1, 6), st.integers(1, 6))
def test_a_level_split_in_two_is_one(run: int, inner: int, outer: int) -> None:
    whole = pattern(run, ((inner * outer, 100),))
    assert pattern(run, ((inner, 100), (outer, inner * 100))) == whole
    assert pattern(run, ((1, 8), (inner, 100), (1, 0), (outer, inner * 100))) == whole


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 8), strides, st.integers(0, 8), strides)
def test_iterations_are_equal_when_the_runs_start_alike(repeat: int, n: int, a: int, m: int, b: int) -> None:
    one, other = pattern(64, (), repeat, n, a), pattern(64, (), repeat, m, b)
    assert starts(repeat, one.iterations, one.iteration_stride) == starts(repeat, n, a)
    assert (one == other) == (starts(repeat, n, a) == starts(repeat, m, b))
