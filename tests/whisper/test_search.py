"""Searches beside openai/whisper's, windows in step beside windows alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import TOY_TOKENIZER, ToyAudio, ToyModel

from aiebuild.errors import UsageError
from aiebuild.whisper.candidates import reduce_logits
from aiebuild.whisper.decoding import Context, DecodingOptions, DecodingResult, decode_window, decode_windows
from aiebuild.whisper.rules import Grammar, Rules
from aiebuild.whisper.search import Beam, Found, Greedy, Rows, likeliest
from aiebuild.whisper.speech import Allowed

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "openai_decoding.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("beam_size", [None, 1, 2, 3, 5, 7])
def test_the_text_is_openai_whispers(beam_size: int | None) -> None:
    cases = [case for case in CASES if case["beam_size"] == beam_size]
    assert len(cases) >= 16
    for case in cases:
        model = ToyModel(case["seed"], place_in_seed=False)
        model.encode(ToyAudio(3000, 0), 0, 3000)
        options = DecodingOptions(
            beam_size=case["beam_size"],
            patience=case["patience"],
            length_penalty=case["length_penalty"],
            without_timestamps=case["without_timestamps"],
            sample_len=case["sample_len"],
            max_initial_timestamp=0.1,
        )
        result = decode_window(model, TOY_TOKENIZER, options, Context("en", tuple(case["prompt"])))
        assert list(result.tokens) == case["tokens"], case
        assert result.avg_logprob == pytest.approx(case["avg_logprob"], abs=2e-5)
        assert result.no_speech_prob == pytest.approx(case["no_speech_prob"], abs=1e-7, rel=1e-5)


options = st.builds(
    DecodingOptions,
    beam_size=st.sampled_from([None, 2, 5]),
    length_penalty=st.sampled_from([None, 0.5]),
    without_timestamps=st.booleans(),
    max_initial_timestamp=st.just(0.2),
)
sampling = st.builds(DecodingOptions, temperature=st.sampled_from([0.3, 1.0]), best_of=st.integers(1, 5))


@given(st.integers(0, 999), st.one_of(options, sampling), st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_windows_in_step_are_windows_alone(seed: int, how: DecodingOptions, lengths: list[int]) -> None:
    """Windows that end at different times, with prompts of different lengths, one of them left out."""

    def contexts() -> list[Context]:
        return [
            Context("en", tuple(range(length)), np.random.default_rng([seed, window]))
            for window, length in enumerate(lengths)
        ]

    together = ToyModel(seed, max_windows=len(lengths))
    for window in range(len(lengths)):
        together.encode(ToyAudio(3000, window), 0, 3000, window)
    given_contexts: list[Context | None] = list(contexts())
    left_out = seed % len(lengths)
    if len(lengths) > 1:
        given_contexts[left_out] = None
    found = iter(decode_windows(together, TOY_TOKENIZER, how, given_contexts))
    for window, context in enumerate(contexts()):
        if given_contexts[window] is None:
            continue
        alone = ToyModel(seed)
        alone.encode(ToyAudio(3000, window), 0, 3000)
        assert decode_window(alone, TOY_TOKENIZER, how, context) == next(found)
    assert next(found, None) is None
    if len(lengths) > 1:
        assert all(rows[left_out] == 0 for rows in together.steps)


def test_rows_leave_when_their_window_ends() -> None:
    model = ToyModel(5, max_windows=4)
    for window in range(4):
        model.encode(ToyAudio(3000, window), 0, 3000, window)
    results = decode_windows(model, TOY_TOKENIZER, DecodingOptions(max_initial_timestamp=0.1), [Context()] * 4)
    lengths = [len(result.tokens) for result in results]
    assert len(set(lengths)) > 1
    for window, length in enumerate(lengths):
        assert [rows[window] for rows in model.steps] == [1] * length + [0] * (len(model.steps) - length)


def test_samples_are_taken_in_turns_where_rows_are_few() -> None:
    how = DecodingOptions(temperature=0.8, best_of=5, max_initial_timestamp=0.1)

    def run(max_rows: int) -> DecodingResult:
        model = ToyModel(3, max_rows=max_rows)
        model.encode(ToyAudio(3000, 0), 0, 3000)
        result = decode_window(model, TOY_TOKENIZER, how, Context(random=np.random.default_rng(1)))
        assert max(rows[0] for rows in model.steps) == min(5, max_rows)
        return result

    assert run(8).tokens  # 5 together
    assert run(2).tokens  # 2, 2 and 1
    assert run(1).tokens


def test_a_beam_wider_than_the_model_is_refused() -> None:
    model = ToyModel(0, max_rows=3)
    model.encode(ToyAudio(3000, 0), 0, 3000)
    with pytest.raises(UsageError, match="beam_size 5 is too wide: the model holds 3"):
        decode_window(model, TOY_TOKENIZER, DecodingOptions(beam_size=5))


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 73), max_size=8))
def test_ranked_candidates_are_the_softmax_of_what_the_rules_leave(seed: int, before: list[int]) -> None:
    """The rules on candidates and the rules on all logits say the same."""
    rules = Rules(TOY_TOKENIZER, max_initial_timestamp=0.1)
    rng = np.random.default_rng(seed)
    grammar = Grammar()
    sampled: list[int] = []
    for token in [rules.begin, *before]:  # whatever the tokens, as long as times do not go back
        if token < rules.begin or token >= max(sampled, default=0):
            sampled.append(token)
            grammar = rules.after(grammar, token)
    logits = rng.normal(0, 3, TOY_TOKENIZER.dims.n_vocab).astype(np.float32)
    logits[rules.begin :] += rng.choice([-4, 0, 2])
    for memory in (Grammar(), grammar):
        masked = rules.apply(logits, memory).astype(np.float64)
        found = reduce_logits(logits[None], [rules.allowed(memory)], rules.suppressed)[0]
        want = masked - np.log(np.exp(masked - masked.max()).sum()) - masked.max()
        order = [token for token in np.argsort(-want, kind="stable").tolist() if want[token] > -np.inf][:8]
        ranked = rules.rank(found, 8)
        assert [token for token, _ in ranked] == order
        np.testing.assert_allclose([logprob for _, logprob in ranked], want[order], atol=1e-5)
        assert rules.rank(found, 3) == ranked[:3]


def test_the_grammar_is_that_of_the_tokens() -> None:
    rules = Rules(TOY_TOKENIZER)
    begin = rules.begin
    assert rules.of([]) == Grammar()
    assert rules.of([begin]) == Grammar(1, True, True, begin)
    assert rules.of([begin, 4]) == Grammar(2, False, True, begin)
    assert rules.of([begin, 4, begin + 3]) == Grammar(3, True, False, begin + 3)


def test_a_token_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no token has the number 99"):
        Rules(TOY_TOKENIZER, suppress_tokens=(99,))
    assert 3 in Rules(TOY_TOKENIZER, suppress_tokens=(-1, 9)).suppressed
    assert 9 in Rules(TOY_TOKENIZER, suppress_tokens=(-1, 9)).suppressed
    assert 3 not in Rules(TOY_TOKENIZER, suppress_tokens=(9,)).suppressed


def test_greedy_ends_where_nothing_is_allowed() -> None:
    rules = Rules(TOY_TOKENIZER, without_timestamps=True)
    greedy = Greedy(rules, 10)
    assert greedy.update([[(4, -0.5)]]).tokens == (4,)
    nothing = reduce_logits(np.zeros((1, TOY_TOKENIZER.dims.n_vocab), np.float32), [Allowed((0, 0), (0, 0))], ())[0]
    assert greedy.update([rules.rank(nothing, 1)]) == Rows()
    assert greedy.results() == [Found((4,), -np.inf)]


def test_a_beam_keeps_no_sequence_of_probability_zero() -> None:
    rules = Rules(TOY_TOKENIZER, without_timestamps=True)
    beam = Beam(rules, 10, 3)
    rows = beam.update([[(4, -0.1), (6, -3.0)]])
    assert (rows.parents, rows.tokens) == ([0, 0], [4, 6])
    rows = beam.update([[(rules.eot, 0.0)], [(rules.eot, 0.0)]])
    assert rows == Rows()
    assert beam.results() == [Found((4,), -0.1), Found((6,), -3.0)]


def test_ranking() -> None:
    short, long = Found((1,), -1.0), Found((1, 2, 3), -2.4)
    assert likeliest([short, long], None) is long
    assert likeliest([short, long], 0.0) is short
    assert likeliest([Found((), -0.1), short], None) is short
