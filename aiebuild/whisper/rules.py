"""What may follow a token sequence: Whisper's suppressed tokens and its grammar of timestamps (openai/whisper,
`decoding.py`: `SuppressBlank`, `SuppressTokens`, `ApplyTimestampRules`).

The rules come apart in three: tokens that never follow (`Rules.suppressed`), ranges that depend on what was sampled so
far (`Rules.allowed`, small enough to travel with a row), and the comparison of the timestamps' probability with the
best text's, which needs the candidates (`Rules.rank`; `Rules.apply` where there are all logits).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import UsageError
from aiebuild.whisper.candidates import logsumexp, mask
from aiebuild.whisper.constants import CHUNK_SECONDS
from aiebuild.whisper.speech import TOP, Allowed, Candidates, Listed
from aiebuild.whisper.tokenizer import WhisperTokenizer

FloatArray = NDArray[np.float32]

_NONE = Listed((-1,) * TOP, (-math.inf,) * TOP, -math.inf)

NOTHING = (0, 0)


class Grammar(NamedTuple):
    """What the grammar of timestamps remembers of the tokens sampled so far.

    `length`: how many; whether the `last` and the one `before` it were timestamps (true where there is none); the
    `latest` timestamp, -1 if there was none.
    """

    length: int = 0
    last: bool = True
    before: bool = True
    latest: int = -1


class Rules:
    """The rules of a run. `suppress_tokens`: by number, -1 for all non-speech tokens.

    `max_initial_timestamp`: the latest time in seconds a window may start with, None for any. Raises UsageError for a
    token that is none.
    """

    def __init__(
        self,
        tokenizer: WhisperTokenizer,
        *,
        suppress_tokens: Sequence[int] = (-1,),
        suppress_blank: bool = True,
        without_timestamps: bool = False,
        max_initial_timestamp: float | None = 1.0,
    ) -> None:
        self.timestamps = not without_timestamps
        self.begin = tokenizer.timestamp_begin
        self.eot = tokenizer.eot
        never = {token for token in suppress_tokens if token != -1}
        for token in never:
            if not 0 <= token < tokenizer.dims.n_vocab:
                raise UsageError(f"no token has the number {token}; there are {tokenizer.dims.n_vocab}")
        if -1 in suppress_tokens:
            never.update(tokenizer.non_speech_tokens)
        always = (tokenizer.no_timestamps,) if self.timestamps else ()
        self.suppressed: tuple[int, ...] = tuple(sorted({*never, *tokenizer.special_tokens, *always}))
        self._masked = np.array(self.suppressed, np.intp)
        self._end = tokenizer.dims.n_vocab
        self._known: dict[tuple[bool, bool, int], Allowed] = {}
        times = (self.begin, self._end)
        if not self.timestamps:
            blank = tokenizer.blank_tokens if suppress_blank else ()
            self._first = Allowed((0, self.begin), times, blank)
        else:  # a timestamp, and an early one
            if max_initial_timestamp:
                precision = CHUNK_SECONDS / tokenizer.dims.n_audio_ctx
                times = (self.begin, min(self._end, self.begin + round(max_initial_timestamp / precision) + 1))
            self._first = Allowed(NOTHING, times)

    def after(self, grammar: Grammar, token: int) -> Grammar:
        """The grammar's memory after one more token."""
        is_time = token >= self.begin
        return Grammar(grammar.length + 1, is_time, grammar.last, token if is_time else grammar.latest)

    def of(self, sampled: Sequence[int]) -> Grammar:
        """The grammar's memory after all of `sampled`."""
        grammar = Grammar()
        for token in sampled:
            grammar = self.after(grammar, token)
        return grammar

    def allowed(self, grammar: Grammar) -> Allowed:
        """What may follow: text and the end of text in the first list, timestamps in the second."""
        if grammar.length == 0:
            return self._first
        key = grammar[1:]
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._ranges(grammar)
        return found

    def _ranges(self, grammar: Grammar) -> Allowed:
        if not self.timestamps:
            return Allowed((0, self.begin), (self.begin, self._end))
        if grammar.last and grammar.before:  # a pair, or the first: text must follow
            return Allowed((0, self.begin), NOTHING)
        # times do not go back, and a segment is not empty, lest it loop for ever
        if grammar.last:  # text may not follow until the pair is complete
            return Allowed((self.eot, self.begin), (grammar.latest, self._end))
        earliest = grammar.latest + 1 if grammar.latest >= 0 else self.begin
        return Allowed((0, self.begin), (earliest, self._end))

    def rank(self, found: Candidates, most: int) -> list[tuple[int, float]]:
        """The `most` likeliest next tokens of a row (at most `TOP`, fewer where there are no more) and their log
        probabilities among all that is allowed, best first.

        Where the timestamps together are likelier than any text, only they are allowed.
        """
        text, times = found
        if self.timestamps and times.total > text.logits[0]:
            text = _NONE
        total = _logaddexp(text.total, times.total)
        ranked: list[tuple[int, float]] = []
        texts = 0  # of those ranked
        for at in range(most):
            logit, time = text.logits[texts], times.logits[at - texts]
            if logit >= time:
                token = text.tokens[texts]
                texts += 1
            else:
                logit, token = time, times.tokens[at - texts]
            if logit == -math.inf:
                break
            ranked.append((token, logit - total))
        return ranked

    def apply(self, logits: FloatArray, grammar: Grammar) -> FloatArray:
        """A copy of a row's logits [n_vocab], minus infinity where a token may not follow."""
        allowed = self.allowed(grammar)
        masked = mask(logits, allowed, self._masked)
        if self.timestamps and logsumexp(masked[self.begin :]) > float(masked[: self.begin].max()):
            masked[: self.begin] = -np.inf
        return masked


def _logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b))"""
    top = max(a, b)
    return top + math.log1p(math.exp(min(a, b) - top)) if top > -math.inf else top
