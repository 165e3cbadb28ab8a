"""The search for a window's text at temperature 0, a step at a time: greedy, and beam search.

A search is told the candidates of its live rows and answers with the rows that live on. It knows nothing of models, so
that many windows can be searched in step. Beam search is openai/whisper's `BeamSearchDecoder`: what it finishes, in
which order, and when it stops. Sequences of probability zero, which that one keeps to have the number full, are not
kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiebuild.whisper.rules import Grammar, Rules
from aiebuild.whisper.speech import Allowed


@dataclass(frozen=True)
class Found:
    """A sequence: its tokens without the end of text, and the sum of their log probabilities (with the end's)."""

    tokens: tuple[int, ...]
    logprob: float


class Rows(NamedTuple):
    """Rows that live on: each one's parent among the rows before it, its token, and what may follow it."""

    parents: Sequence[int] = ()
    tokens: Sequence[int] = ()
    allowed: Sequence[Allowed] = ()


NO_ROWS = Rows()


class Greedy:
    """The likeliest token, each time. `limit`: most tokens to sample, the end of text included.

    `choices`: next tokens it looks at of each row.
    """

    choices = 1

    def __init__(self, rules: Rules, limit: int) -> None:
        self._rules = rules
        self._limit = limit
        self._grammar = Grammar()
        self._tokens: list[int] = []
        self._logprob = 0.0
        self._steps = 0

    def update(self, ranked: Sequence[Sequence[tuple[int, float]]]) -> Rows:
        """Take the next tokens of the live row and their log probabilities, best first; the row that lives on, if it
        does."""
        token, logprob = ranked[0][0] if ranked[0] else (self._rules.eot, -math.inf)  # nothing is allowed
        self._logprob += logprob
        self._steps += 1
        if token == self._rules.eot:
            return NO_ROWS
        self._tokens.append(token)
        if self._steps == self._limit:
            return NO_ROWS
        self._grammar = self._rules.after(self._grammar, token)
        return Rows((0,), (token,), (self._rules.allowed(self._grammar),))

    def results(self) -> list[Found]:
        """What was found."""
        return [Found(tuple(self._tokens), self._logprob)]


class _Row(NamedTuple):
    tokens: tuple[int, ...]
    logprob: float
    grammar: Grammar


class Beam:
    """The `size` likeliest sequences, until round(size x patience) have ended. `limit` as in `Greedy`."""

    def __init__(self, rules: Rules, limit: int, size: int, patience: float = 1.0) -> None:
        self._rules = rules
        self._limit = limit
        self._size = size
        self.choices = size + 1
        self._wanted = round(size * patience)
        self._live = [_Row((), 0.0, Grammar())]
        self._ended: list[Found] = []
        self._steps = 0
        if self._wanted < 1:
            raise ValueError(f"a beam of {size} with patience {patience:g} has no room for a sequence")

    def update(self, ranked: Sequence[Sequence[tuple[int, float]]]) -> Rows:
        """Take the next tokens of the live rows, `choices` of each at most, and their log probabilities, best first;
        the rows that live on."""
        choices: list[tuple[float, int, int]] = []
        for parent, (row, following) in enumerate(zip(self._live, ranked, strict=True)):
            choices += [(row.logprob + logprob, parent, token) for token, logprob in following]
        choices.sort(key=_score, reverse=True)  # stable: of equal ones the first
        eot, rules = self._rules.eot, self._rules
        live: list[_Row] = []
        parents: list[int] = []
        ended: list[Found] = []
        for score, parent, token in choices:
            before = self._live[parent]
            if token == eot:
                ended.append(Found(before.tokens, score))
                continue
            live.append(_Row((*before.tokens, token), score, rules.after(before.grammar, token)))
            parents.append(parent)
            if len(live) == self._size:
                break
        self._live = live
        self._ended += ended[: self._wanted - len(self._ended)]
        self._steps += 1
        if len(self._ended) >= self._wanted or self._steps == self._limit or not live:
            return NO_ROWS
        return Rows(parents, [row.tokens[-1] for row in live], [rules.allowed(row.grammar) for row in live])

    def results(self) -> list[Found]:
        """The sequences that ended, in that order; where they are fewer than the beam, the likeliest of the others."""
        found = list(self._ended)
        for row in sorted(self._live, key=lambda row: row.logprob, reverse=True):
            if len(found) >= self._size:
                break
            found.append(Found(row.tokens, row.logprob))
        return found


def _score(choice: tuple[float, int, int]) -> float:
    return choice[0]


def likeliest(found: Sequence[Found], length_penalty: float | None) -> Found:
    """The best of some sequences, by log probability over length, or over the penalty of Google's NMT paper."""
    return max(found, key=lambda one: _penalised(one, length_penalty))


def _penalised(found: Found, length_penalty: float | None) -> float:
    length = len(found.tokens)
    if length_penalty is None:
        return found.logprob / length if length else -float("inf")
    return found.logprob / ((5 + length) / 6) ** length_penalty
