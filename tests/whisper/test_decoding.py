"""The sampling rules, one window at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import ScriptedAudio, ScriptedModel, Window

from aiebuild.config.model import ModelConfig
from aiebuild.errors import UsageError
from aiebuild.weights import WeightFiles
from aiebuild.whisper.candidates import logsumexp
from aiebuild.whisper.decoding import (
    Context,
    DecodingOptions,
    compression_ratio,
    decode_window,
    detect_language,
)
from aiebuild.whisper.rules import Grammar
from aiebuild.whisper.tokenizer import WhisperTokenizer

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def tokenizer(base_files: WeightFiles, base_config: ModelConfig) -> WhisperTokenizer:
    return WhisperTokenizer(base_files.tokenizer_path, base_config.dims)


def model(tokenizer: WhisperTokenizer, *script: Window, language: int | None = None) -> ScriptedModel:
    return ScriptedModel(tokenizer.dims, tokenizer.eot, tokenizer.no_speech, list(script), language)


def allowed(tokenizer: WhisperTokenizer, options: DecodingOptions, sampled: list[int]) -> np.ndarray:
    rules = options.rules(tokenizer)
    logits = rules.apply(np.zeros(tokenizer.dims.n_vocab, np.float32), rules.of(sampled))
    return np.flatnonzero(logits > -np.inf)


def test_the_first_token_is_an_early_timestamp(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    assert allowed(tokenizer, DecodingOptions(), []).tolist() == list(range(begin, begin + 51))
    late = DecodingOptions(max_initial_timestamp=None)
    assert allowed(tokenizer, late, []).tolist() == list(range(begin, begin + 1501))


def test_text_follows_the_first_timestamp(tokenizer: WhisperTokenizer) -> None:
    tokens = allowed(tokenizer, DecodingOptions(), [tokenizer.timestamp_begin])
    assert tokens.max() < tokenizer.timestamp_begin
    assert tokenizer.eot in tokens
    assert not set(tokens.tolist()) & {*tokenizer.non_speech_tokens, *tokenizer.special_tokens}


def test_a_timestamp_after_text_comes_with_another_or_the_end(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    # timestamps together outweigh the end of text when all logits are equal, so look at the end alone
    logits = np.zeros(tokenizer.dims.n_vocab, np.float32)
    logits[tokenizer.eot] = 30
    rules = DecodingOptions().rules(tokenizer)
    logits = rules.apply(logits, rules.of([begin, 400, begin + 100]))
    tokens = np.flatnonzero(logits > -np.inf)
    assert tokens.min() == tokenizer.eot  # no text
    assert tokens[tokens >= begin].tolist() == list(range(begin + 100, begin + 1501))


def test_a_segment_is_not_empty_and_time_does_not_go_back(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    tokens = allowed(tokenizer, DecodingOptions(), [begin + 10, 400])
    assert tokens[tokens >= begin].min() == begin + 11


def test_timestamps_together_can_outweigh_any_text(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    logits = np.zeros(tokenizer.dims.n_vocab, np.float32)
    rules = DecodingOptions().rules(tokenizer)
    logits[500] = np.log(1300)  # 1,490 timestamps of weight 1 are still allowed
    assert rules.apply(logits, rules.of([begin + 10, 400]))[500] == -np.inf
    logits = np.zeros(tokenizer.dims.n_vocab, np.float32)
    logits[500] = np.log(1700)
    assert rules.apply(logits, rules.of([begin + 10, 400])).argmax() == 500


def test_without_timestamps_a_blank_start_is_refused_and_nothing_else(tokenizer: WhisperTokenizer) -> None:
    options = DecodingOptions(without_timestamps=True, suppress_tokens=())
    refused = {*tokenizer.special_tokens, *tokenizer.blank_tokens}
    assert set(range(tokenizer.dims.n_vocab)) - set(allowed(tokenizer, options, []).tolist()) == refused
    later = set(range(tokenizer.dims.n_vocab)) - set(allowed(tokenizer, options, [400]).tolist())
    assert later == set(tokenizer.special_tokens)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), temperature=st.sampled_from([0.0, 0.5, 1.0]))
def test_whatever_the_logits_the_grammar_holds(seed: int, temperature: float, tokenizer: WhisperTokenizer) -> None:
    """Timestamps come first, in pairs and in order; suppressed tokens never."""
    rng = np.random.default_rng(seed)
    rules, grammar = DecodingOptions().rules(tokenizer), Grammar()
    begin, sampled = tokenizer.timestamp_begin, list[int]()
    while len(sampled) < 20:
        logits = rng.normal(0, 3, tokenizer.dims.n_vocab).astype(np.float32)
        logits[begin:] += rng.choice([-4, 0])
        logits = rules.apply(logits, grammar)
        assert logits.max() > -np.inf
        if temperature:
            logits += temperature * rng.gumbel(size=logits.size).astype(np.float32)
        token = int(logits.argmax())
        if token == tokenizer.eot:
            break
        sampled.append(token)
        grammar = rules.after(grammar, token)
    times = [token for token in sampled if token >= begin]
    assert sampled[0] >= begin
    assert times == sorted(times)
    assert not set(sampled) & {*tokenizer.non_speech_tokens, *tokenizer.special_tokens}
    runs = "".join("t" if token >= begin else "w" if token < tokenizer.eot else "s" for token in sampled)
    assert "ttt" not in runs
    assert "wtw" not in runs


def test_a_greedy_window(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    tokens = [begin, *tokenizer.encode(" Hello world."), begin + 100]
    result = decode_window(model(tokenizer, Window(tokens, no_speech=0.25)), tokenizer, DecodingOptions())
    assert list(result.tokens) == tokens
    assert result.text == "Hello world."
    assert result.no_speech_prob == pytest.approx(0.25, rel=1e-4)
    assert result.avg_logprob == pytest.approx(0, abs=1e-6)
    assert result.compression_ratio == compression_ratio("Hello world.")


def test_log_probabilities_are_of_what_is_allowed(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    window = Window([begin, 400], logit=12.0)
    result = decode_window(model(tokenizer, window), tokenizer, DecodingOptions())
    first = 12 - np.log(np.exp(12) + 50)
    text = begin - len({*tokenizer.non_speech_tokens, *tokenizer.special_tokens, tokenizer.no_timestamps})
    second = 12 - np.log(np.exp(12) + text - 1)
    end = 12 - np.log(np.exp(12) + text - 1 + 1500)
    assert result.avg_logprob == pytest.approx((first + second + end) / 3, rel=1e-4)


def test_the_prompt_is_cut_to_half_the_context(tokenizer: WhisperTokenizer) -> None:
    fake = model(tokenizer, Window([tokenizer.timestamp_begin, 400]))
    decode_window(fake, tokenizer, DecodingOptions(), Context(prompt=tuple(range(1000))))
    (prompt,) = fake.prompts
    assert prompt == [tokenizer.sot_prev, *range(777, 1000), 50258, 50259, 50359]


def test_decoding_stops_at_half_the_context_and_at_the_context(tokenizer: WhisperTokenizer) -> None:
    endless = Window([tokenizer.timestamp_begin, *[400] * 1000])
    assert len(decode_window(model(tokenizer, endless), tokenizer, DecodingOptions()).tokens) == 224
    options, context = DecodingOptions(sample_len=1000), Context(prompt=tuple(range(223)))
    # 227 tokens of prompt; one more than the context is sampled, from the last position
    assert len(decode_window(model(tokenizer, endless), tokenizer, options, context).tokens) == 449 - 227


def test_without_timestamps_says_so_to_the_model(tokenizer: WhisperTokenizer) -> None:
    fake = model(tokenizer, Window(tokenizer.encode(" Hello")))
    result = decode_window(fake, tokenizer, DecodingOptions(without_timestamps=True, task="translate"), Context("de"))
    assert fake.prompts == [[50258, 50261, 50358, tokenizer.no_timestamps]]
    assert result.text == "Hello"


def test_best_of_takes_the_likeliest(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    windows = [Window([begin, token], logit=logit) for token, logit in ((400, 15), (401, 40), (402, 20))]
    fake = model(tokenizer, *windows)
    fake.max_rows = 1  # one sample after the other, so that each has a script of its own
    context = Context(no_speech_prob=0.25)
    result = decode_window(fake, tokenizer, DecodingOptions(temperature=0.5, best_of=3), context)
    assert result.no_speech_prob == 0.25
    assert result.tokens == (begin, 401)
    assert result.temperature == 0.5


def test_sampling_follows_the_temperature(tokenizer: WhisperTokenizer) -> None:
    begin = tokenizer.timestamp_begin
    options = DecodingOptions(temperature=1.0, sample_len=1)
    context = Context(random=np.random.default_rng(0), no_speech_prob=0.0)
    # logit log(50): the token against 50 other timestamps of weight 1, so half the time
    window = Window([begin], logit=float(np.log(50)))
    hits = sum(
        decode_window(model(tokenizer, window), tokenizer, options, context).tokens == (begin,) for _ in range(200)
    )
    assert 75 < hits < 125


def test_language_detection(tokenizer: WhisperTokenizer) -> None:
    fake = model(tokenizer, language=tokenizer.language_tokens["fr"])
    language, probabilities = detect_language(fake, tokenizer, ScriptedAudio(100))
    assert language == "fr"
    assert fake.encoded == [(0, 3000)]
    assert sum(probabilities.values()) == pytest.approx(1)
    assert probabilities["fr"] == pytest.approx(np.exp(10) / (np.exp(10) + 98), rel=1e-5)


def test_an_unknown_language_is_a_usage_error(tokenizer: WhisperTokenizer) -> None:
    with pytest.raises(UsageError, match="unknown language"):
        decode_window(model(tokenizer), tokenizer, DecodingOptions(), Context("klingon"))


def test_options_are_checked() -> None:
    for wrong in (
        {"temperature": -1.0}, {"best_of": 0}, {"length_penalty": 1.5}, {"beam_size": 8}, {"beam_size": 0},
        {"patience": 2.0},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DecodingOptions(**wrong)


def test_logsumexp() -> None:
    x = np.array([1000, 999, -np.inf], np.float32)
    assert logsumexp(x) == pytest.approx(1000 + np.log1p(np.exp(-1)))
    assert logsumexp(np.full(3, -np.inf, np.float32)) == -np.inf


def test_compression_ratio() -> None:
    assert compression_ratio("") == 0
    assert compression_ratio("no " * 200) > 2.4 > compression_ratio("And so my fellow Americans")
