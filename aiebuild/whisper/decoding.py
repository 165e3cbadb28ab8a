"""Decoding encoded windows, several in step: Whisper's rules on the host, the model's arithmetic behind `SpeechModel`.

The rules are openai/whisper's (`decoding.py`): greedy or beam search at temperature 0, else sampling with the best of
several. Each window ends for itself: its rows leave, and the others go on.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import UsageError
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.rules import Grammar, Rules
from aiebuild.whisper.search import NO_ROWS, Beam, Found, Greedy, likeliest
from aiebuild.whisper.speech import TOP, Allowed, Audio, SpeechModel
from aiebuild.whisper.tokenizer import WhisperTokenizer

FloatArray = NDArray[np.float32]

_ANYTHING = Allowed((0, 1), (0, 0))


@dataclass(frozen=True)
class DecodingOptions:
    """How to decode windows. Defaults are openai/whisper's.

    `beam_size`: None for greedy; only at temperature 0, as `patience` (None: 1.0). `best_of`: sequences to sample when
    `temperature` is above 0. `sample_len`: most tokens to sample, None for half of the text context. `length_penalty`:
    None divides log probabilities by length, a number is the alpha of Google's NMT paper. `suppress_tokens`: never
    sampled, -1 standing for all non-speech tokens. `max_initial_timestamp`: in seconds.
    """

    task: str = "transcribe"
    temperature: float = 0.0
    sample_len: int | None = None
    best_of: int = 1
    beam_size: int | None = None
    patience: float | None = None
    length_penalty: float | None = None
    suppress_tokens: tuple[int, ...] = (-1,)
    suppress_blank: bool = True
    without_timestamps: bool = False
    max_initial_timestamp: float | None = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, is {self.temperature:g}")
        if self.best_of < 1:
            raise ValueError(f"best_of must be at least 1, is {self.best_of}")
        if self.beam_size is not None and not 1 <= self.beam_size < TOP:
            raise ValueError(f"beam_size must be 1 to {TOP - 1}, is {self.beam_size}")
        if self.patience is not None and self.beam_size is None:
            raise ValueError("patience is for beam search: it needs a beam_size")
        if self.length_penalty is not None and not 0 <= self.length_penalty <= 1:
            raise ValueError(f"length_penalty must be 0 to 1, is {self.length_penalty:g}")

    def rules(self, tokenizer: WhisperTokenizer) -> Rules:
        """The rules of these options."""
        return Rules(
            tokenizer,
            suppress_tokens=self.suppress_tokens,
            suppress_blank=self.suppress_blank,
            without_timestamps=self.without_timestamps,
            max_initial_timestamp=self.max_initial_timestamp,
        )


def default_random() -> np.random.Generator:
    """What samples where nothing else is asked for."""
    return np.random.default_rng(0)


@dataclass(frozen=True)
class Context:
    """What belongs to one window of several.

    `language`: a code; None means English (detect it beforehand). `prompt`: tokens of what came before. `random`: what
    samples, of this window alone, so that its text does not depend on others. `no_speech_prob`: where it is known.
    """

    language: str | None = None
    prompt: tuple[int, ...] = ()
    random: np.random.Generator = field(default_factory=default_random)
    no_speech_prob: float | None = None


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
    model: SpeechModel[Audio], tokenizer: WhisperTokenizer, audio: Audio, n_frames: int = N_FRAMES, window: int = 0
) -> tuple[str, dict[str, float]]:
    """The language of a file's first `n_frames`, and the probability of each, by code; encodes them into slot `window`.

    openai/whisper takes 30 s whatever the length: in a file shorter than that, the log-mel of silence follows. Raises
    ValueError for an English-only model.
    """
    if not tokenizer.language_tokens:
        raise ValueError("an English-only model cannot tell languages")
    model.encode(audio, 0, n_frames, window)
    logits = model.start_logits([(tokenizer.sot,)], window)[0]
    codes = list(tokenizer.language_tokens)
    chosen = logits[[tokenizer.language_tokens[code] for code in codes]].astype(np.float64)
    weights = np.exp(chosen - chosen.max())
    probabilities = {code: float(p) for code, p in zip(codes, weights / weights.sum(), strict=True)}
    return max(probabilities, key=lambda code: probabilities[code]), probabilities


def decode_window(
    model: SpeechModel[Audio],
    tokenizer: WhisperTokenizer,
    options: DecodingOptions,
    context: Context | None = None,
) -> DecodingResult:
    """Decode the window in slot 0; see `decode_windows`."""
    return decode_windows(model, tokenizer, options, [context or Context()])[0]


def decode_windows(
    model: SpeechModel[Audio],
    tokenizer: WhisperTokenizer,
    options: DecodingOptions,
    contexts: Sequence[Context | None],
) -> list[DecodingResult]:
    """Decode the windows in the slots 0 to n - 1, but those whose context is None; the results of the others, in order.

    Raises UsageError for a language or task the model does not have, and for more rows than it holds.
    """
    if options.temperature == 0 and (options.beam_size or 1) > model.max_rows:
        raise UsageError(f"beam_size {options.beam_size} is too wide: the model holds {model.max_rows} sequences")
    rules = options.rules(tokenizer)
    model.suppress(rules.suppressed)
    batch = _Batch(model, tokenizer, options, rules, contexts)
    found = batch.search() if options.temperature == 0 else batch.sample()
    results: list[DecodingResult] = []
    for window in batch.windows:
        best = likeliest(found[window], options.length_penalty)
        text = tokenizer.decode(best.tokens).strip()
        results.append(
            DecodingResult(
                tokens=best.tokens,
                text=text,
                avg_logprob=best.logprob / (len(best.tokens) + 1),
                no_speech_prob=batch.no_speech[window],
                temperature=options.temperature,
                compression_ratio=compression_ratio(text),
            )
        )
    return results


class _Batch:
    """Windows that are decoded in step. `windows`: the slots that take part."""

    def __init__(
        self,
        model: SpeechModel[Audio],
        tokenizer: WhisperTokenizer,
        options: DecodingOptions,
        rules: Rules,
        contexts: Sequence[Context | None],
    ) -> None:
        self._start, self._step = model.start, model.step
        self._start_logits, self._step_logits = model.start_logits, model.step_logits
        self._rules = rules
        self._options = options
        self._max_rows = model.max_rows
        self._contexts = {window: context for window, context in enumerate(contexts) if context is not None}
        self.windows = list(self._contexts)
        n_ctx = model.dims.n_text_ctx
        # a slot that takes no part is given the shortest prompt there is
        self._prompts: list[tuple[int, ...]] = [(tokenizer.sot,)] * len(contexts)
        for window, context in self._contexts.items():
            self._prompts[window] = _initial_tokens(tokenizer, options, context, n_ctx)
        self._sot = [prompt.index(tokenizer.sot) for prompt in self._prompts]
        most = options.sample_len or n_ctx // 2
        self._limits = [min(most, n_ctx + 1 - len(prompt)) for prompt in self._prompts]
        self.no_speech = {
            window: context.no_speech_prob
            for window, context in self._contexts.items()
            if context.no_speech_prob is not None
        }

    def _first(self) -> list[Allowed]:
        first = self._rules.allowed(Grammar())
        return [first if window in self._contexts else _ANYTHING for window in range(len(self._prompts))]

    def search(self) -> dict[int, list[Found]]:
        """Greedy or beam search: what each window found."""
        searches: dict[int, Greedy | Beam] = {}
        for window in self.windows:
            limit, size = self._limits[window], self._options.beam_size or 1
            if size == 1:  # one beam finds what greedy finds
                searches[window] = Greedy(self._rules, limit)
            else:
                searches[window] = Beam(self._rules, limit, size, self._options.patience or 1.0)
        candidates, no_speech = self._start(self._prompts, self._sot, self._first())
        self.no_speech = {window: float(no_speech[window]) for window in self.windows}
        live = [1] * len(self._prompts)
        while True:
            rows, at = [NO_ROWS] * len(live), 0
            for window, count in enumerate(live):
                if count and window in searches:
                    search = searches[window]
                    ranked = [self._rules.rank(one, search.choices) for one in candidates[at : at + count]]
                    rows[window] = search.update(ranked)
                at += count
            live = [len(row.tokens) for row in rows]
            if not any(live):
                return {window: search.results() for window, search in searches.items()}
            candidates = self._step(
                [row.parents for row in rows], [row.tokens for row in rows], [row.allowed for row in rows]
            )

    def sample(self) -> dict[int, list[Found]]:
        """Samples at a temperature: `best_of` for each window in turn, as many at once as the model holds rows."""
        if len(self.no_speech) < len(self.windows):
            _, no_speech = self._start(self._prompts, self._sot, self._first())
            self.no_speech = {window: float(no_speech[window]) for window in self.windows}
        found: dict[int, list[Found]] = {window: [] for window in self.windows}
        for window, rows in found.items():
            while len(rows) < self._options.best_of:
                rows += self._sample(window, min(self._options.best_of - len(rows), self._max_rows))
        return found

    def _sample(self, window: int, count: int) -> list[Found]:
        samples = [_Sample(self._rules, self._limits[window]) for _ in range(count)]
        random = self._contexts[window].random
        logits = self._start_logits([self._prompts[window]], window)
        live: list[_Sample] = samples
        origin = [0] * count  # all start from the same row
        while live:
            going = [
                (row, sample)
                for sample, row in zip(live, origin, strict=True)
                if sample.extend(logits[row], self._options.temperature, random)
            ]
            live, origin = [sample for _, sample in going], list(range(len(going)))
            if live:
                logits = self._step_logits([[row for row, _ in going]], [[sample.tokens[-1] for sample in live]])
        return [Found(tuple(one.tokens), one.logprob) for one in samples]


class _Sample:
    """One sequence that is sampled."""

    def __init__(self, rules: Rules, limit: int) -> None:
        self._rules = rules
        self._limit = limit
        self._grammar = Grammar()
        self._steps = 0
        self.tokens: list[int] = []
        self.logprob = 0.0

    def extend(self, logits: FloatArray, temperature: float, random: np.random.Generator) -> bool:
        """Sample a token after a row's logits [n_vocab]; whether the sequence goes on."""
        allowed = self._rules.apply(logits, self._grammar)
        self._steps += 1
        top = allowed.max()
        if top == -np.inf:  # nothing is allowed
            self.logprob = -np.inf
            return False
        exponents = np.exp((allowed - top).astype(np.float64))
        scaled = np.cumsum(exponents ** (1 / temperature))
        token = int(np.searchsorted(scaled, random.random() * float(scaled[-1]), side="right"))
        self.logprob += float(allowed[token] - top) - float(np.log(exponents.sum()))
        if token == self._rules.eot:
            return False
        self.tokens.append(token)
        self._grammar = self._rules.after(self._grammar, token)
        return self._steps < self._limit


def _initial_tokens(
    tokenizer: WhisperTokenizer, options: DecodingOptions, context: Context, n_ctx: int
) -> tuple[int, ...]:
    initial = tokenizer.sot_sequence(context.language, options.task)
    if options.without_timestamps:
        initial = (*initial, tokenizer.no_timestamps)
    if context.prompt:
        initial = (tokenizer.sot_prev, *context.prompt[-(n_ctx // 2 - 1) :], *initial)
    return initial


def compression_ratio(text: str) -> float:
    """Length of a text over its zlib-compressed length, in bytes: high where it repeats itself."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))
