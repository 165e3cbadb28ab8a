"""Decoding one window: Whisper's sampling rules on the host, the model's arithmetic behind `SequenceModel`.

The rules are openai/whisper's (`decoding.py`), for one sequence at a time: greedy at temperature 0, else sampling with
the best of several. Beam search needs several sequences in the decoder at once and is not here.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.candidates import logsumexp
from aiebuild.whisper.constants import CHUNK_SECONDS, N_FRAMES
from aiebuild.whisper.speech import Audio, SequenceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class DecodingOptions:
    """How to decode a window. Defaults are openai/whisper's.

    `language`: a code; None means English (detect it beforehand). `prompt`: tokens of what came before. `sample_len`:
    most tokens to sample, None for half of the text context. `best_of`: sequences to sample when `temperature` is above
    0. `length_penalty`: None divides log probabilities by length, a number is the alpha of Google's NMT paper.
    `suppress_tokens`: never sampled; None is openai/whisper's "-1", the non-speech tokens. `max_initial_timestamp`: in
    seconds.
    """

    task: str = "transcribe"
    language: str | None = None
    temperature: float = 0.0
    sample_len: int | None = None
    best_of: int = 1
    length_penalty: float | None = None
    prompt: tuple[int, ...] = ()
    suppress_tokens: tuple[int, ...] | None = None
    suppress_blank: bool = True
    without_timestamps: bool = False
    max_initial_timestamp: float | None = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, is {self.temperature:g}")
        if self.best_of < 1:
            raise ValueError(f"best_of must be at least 1, is {self.best_of}")
        if self.length_penalty is not None and not 0 <= self.length_penalty <= 1:
            raise ValueError(f"length_penalty must be 0 to 1, is {self.length_penalty:g}")


@dataclass(frozen=True)
class DecodingResult:
    """A decoded window. `tokens` are those sampled, without the end of text; `text` is stripped."""

    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float
    compression_ratio: float


def detect_language(
    model: SequenceModel[Audio], tokenizer: WhisperTokenizer, audio: Audio
) -> tuple[str, dict[str, float]]:
    """The language of the first 30 s, and the probability of each, by code.

    A file shorter than that is followed by the log-mel of silence, as in openai/whisper. Raises ValueError for an
    English-only model.
    """
    if not tokenizer.language_tokens:
        raise ValueError("an English-only model cannot tell languages")
    model.encode(audio, 0, N_FRAMES)
    logits = model.decode_start([tokenizer.sot], [0])[0]
    codes = list(tokenizer.language_tokens)
    chosen = logits[[tokenizer.language_tokens[code] for code in codes]].astype(np.float64)
    weights = np.exp(chosen - chosen.max())
    probabilities = {code: float(p) for code, p in zip(codes, weights / weights.sum(), strict=True)}
    return max(probabilities, key=lambda code: probabilities[code]), probabilities


class LogitRules:
    """What may be sampled next: blank, suppressed tokens and the grammar of timestamps, as masks on the logits."""

    def __init__(self, tokenizer: WhisperTokenizer, options: DecodingOptions) -> None:
        self.tokenizer = tokenizer
        self.blank = list(tokenizer.blank_tokens) if options.suppress_blank else []
        suppress = tokenizer.non_speech_tokens if options.suppress_tokens is None else options.suppress_tokens
        self.suppress = np.array(sorted({*suppress, *tokenizer.special_tokens}), np.intp)
        self.timestamps = not options.without_timestamps
        self.last_initial: int | None = None
        if options.max_initial_timestamp:
            precision = CHUNK_SECONDS / tokenizer.dims.n_audio_ctx
            self.last_initial = tokenizer.timestamp_begin + round(options.max_initial_timestamp / precision)

    def apply(self, logits: FloatArray, sampled: Sequence[int]) -> None:
        """Set logits [n_vocab] of what may not follow the tokens `sampled` so far to minus infinity, in place."""
        if not sampled:
            logits[self.blank] = -np.inf
        logits[self.suppress] = -np.inf
        if self.timestamps:
            self._apply_timestamps(logits, sampled)

    def _apply_timestamps(self, logits: FloatArray, sampled: Sequence[int]) -> None:
        begin, eot = self.tokenizer.timestamp_begin, self.tokenizer.eot
        logits[self.tokenizer.no_timestamps] = -np.inf
        last = len(sampled) >= 1 and sampled[-1] >= begin
        penultimate = len(sampled) < 2 or sampled[-2] >= begin
        if last:
            if penultimate:  # a pair, or the first: text must follow
                logits[begin:] = -np.inf
            else:  # text may not follow until the pair is complete
                logits[:eot] = -np.inf
        earlier = [token for token in sampled if token >= begin]
        if earlier:
            # they do not go back, and a segment is not empty, lest it loop for ever
            logits[begin : earlier[-1] + (0 if last and not penultimate else 1)] = -np.inf
        if not sampled:
            logits[:begin] = -np.inf
            if self.last_initial is not None:
                logits[self.last_initial + 1 :] = -np.inf
        # a timestamp, whichever, that is likelier than any text
        if logsumexp(logits[begin:]) > float(logits[:begin].max()):
            logits[:begin] = -np.inf


def decode_window(
    model: SequenceModel[Audio],
    tokenizer: WhisperTokenizer,
    options: DecodingOptions,
    random: np.random.Generator | None = None,
) -> DecodingResult:
    """Decode the window last given to `model.encode`.

    At a temperature above 0, `best_of` sequences are sampled one after the other with `random`, and the likeliest is
    taken. Raises UsageError for a language or task the model does not have.
    """
    sampler = _Sampler(model, tokenizer, options, random or np.random.default_rng(0))
    attempts = [sampler.sample() for _ in range(options.best_of if options.temperature > 0 else 1)]
    tokens, logprob = max(attempts, key=lambda attempt: _score(len(attempt[0]), attempt[1], options.length_penalty))
    text = tokenizer.decode(tokens).strip()
    return DecodingResult(
        tokens=tuple(tokens),
        text=text,
        avg_logprob=logprob / (len(tokens) + 1),
        no_speech_prob=sampler.no_speech_prob,
        temperature=options.temperature,
        compression_ratio=compression_ratio(text),
    )


class _Sampler:
    def __init__(
        self,
        model: SequenceModel[Audio],
        tokenizer: WhisperTokenizer,
        options: DecodingOptions,
        random: np.random.Generator,
    ) -> None:
        dims = model.dims
        self.model = model
        self.tokenizer = tokenizer
        self.options = options
        self.random = random
        self.rules = LogitRules(tokenizer, options)
        self.n_ctx = dims.n_text_ctx
        self.sample_len = options.sample_len or dims.n_text_ctx // 2
        initial = list(tokenizer.sot_sequence(options.language, options.task))
        if options.without_timestamps:
            initial.append(tokenizer.no_timestamps)
        if options.prompt:
            initial = [tokenizer.sot_prev, *options.prompt[-(dims.n_text_ctx // 2 - 1) :], *initial]
        self.initial = initial
        self.sot_index = initial.index(tokenizer.sot)
        self.no_speech_prob = float("nan")

    def sample(self) -> tuple[list[int], float]:
        """One sequence: its tokens without the end of text, and their summed log probability with it."""
        first = self.model.decode_start(self.initial, [self.sot_index, len(self.initial) - 1])
        at_sot = first[0].astype(np.float32, copy=False)
        self.no_speech_prob = float(np.exp(at_sot[self.tokenizer.no_speech] - logsumexp(at_sot)))
        logits = first[1]
        sampled: list[int] = []
        total = 0.0
        for _ in range(self.sample_len):
            allowed = np.array(logits, np.float32)  # the model's buffer stays as it is
            self.rules.apply(allowed, sampled)
            token = self._choose(allowed)
            total += float(allowed[token]) - logsumexp(allowed)
            if token == self.tokenizer.eot:
                break
            sampled.append(token)
            length = len(self.initial) + len(sampled)
            if length > self.n_ctx or len(sampled) == self.sample_len:
                break
            logits = self.model.decode_step(token)
        return sampled, total

    def _choose(self, logits: FloatArray) -> int:
        if self.options.temperature == 0:
            return int(logits.argmax())
        scaled = logits.astype(np.float64) / self.options.temperature
        cumulative = np.cumsum(np.exp(scaled - scaled.max()))
        return int(np.searchsorted(cumulative, self.random.random() * float(cumulative[-1]), side="right"))


def compression_ratio(text: str) -> float:
    """Length of a text over its zlib-compressed length, in bytes: high where it repeats itself."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))


def _score(length: int, logprob: float, length_penalty: float | None) -> float:
    if length_penalty is None:
        return logprob / length if length else -np.inf
    return logprob / ((5 + length) / 6) ** length_penalty
