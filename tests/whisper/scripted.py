"""A `SpeechModel` that says what it is told, for tests of the rules around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.whisper.candidates import reduce_logits
from aiebuild.whisper.speech import Allowed, Candidates


@dataclass
class Window:
    """What to say in one decoding: tokens (the end of text is added), probability of no speech, and how sure to be."""

    tokens: Sequence[int]
    no_speech: float = 0.0
    logit: float = 30.0


@dataclass(frozen=True)
class ScriptedAudio:
    content_frames: int
    number: int = 0


@dataclass
class ScriptedModel:
    """Says `script` in order, one window per prompt of more than a token; notes what it was asked.

    All rows of a window are told the same: best_of and beams find what greedy does. `scripts`, when given, is used
    instead of `script`: one for each file, by the file's number, which is its first sample.
    """

    dims: ModelDims
    eot: int
    no_speech_token: int
    script: list[Window]
    language: int | None = None  # the token most likely after a lone start token
    language_logit: float = 10.0
    max_windows: int = 1
    max_rows: int = 8
    scripts: dict[int, list[Window]] = field(default_factory=dict)
    encoded: list[tuple[int, int]] = field(default_factory=list)
    prompts: list[list[int]] = field(default_factory=list)
    _slots: dict[int, ScriptedAudio] = field(default_factory=dict)
    _current: list[Window | None] = field(default_factory=list)
    _said: int = 0
    _started: dict[int, tuple[list[int], Window | None]] = field(default_factory=dict)
    _suppressed: Sequence[int] = ()

    def prepare(self, samples: NDArray[np.int16]) -> ScriptedAudio:
        return ScriptedAudio(samples.size // 160, int(samples[0]) if samples.size else 0)

    def encode(self, audio: ScriptedAudio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        assert frame_offset >= 0 and 0 < n_frames <= 3000
        assert frame_offset + n_frames <= audio.content_frames + 3000
        assert 0 <= window < self.max_windows
        self.encoded.append((frame_offset, n_frames))
        self._slots[window] = audio
        self._started = {}

    def suppress(self, tokens: Sequence[int]) -> None:
        self._suppressed = tokens

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed]
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        self._started = {}
        logits = self.start_logits(prompts)
        self._started = {slot: (list(p), self._current[slot]) for slot, p in enumerate(prompts)}
        no_speech = [window.no_speech if window else 0.0 for window in self._current]
        return reduce_logits(logits, allowed, self._suppressed), np.array(no_speech, np.float32)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        self._started = {}
        logits = self.step_logits(parents, tokens)
        return reduce_logits(logits, [one for window in allowed for one in window], self._suppressed)

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        if all(len(prompt) == 1 for prompt in prompts) and self.language is not None:
            logits = np.zeros((len(prompts), self.dims.n_vocab), np.float32)
            logits[:, self.language] = self.language_logit
            return logits
        self._current, self._said = [], 0
        for slot, prompt in enumerate(prompts, window):
            before = self._started.pop(slot, None)
            if before is not None and before[0] == list(prompt):  # the same start once more, for all logits
                self._current.append(before[1])
                continue
            if len(prompt) == 1:  # takes no part
                self._current.append(None)
                continue
            self.prompts.append(list(prompt))
            script = self.scripts[self._slots[slot].number] if self.scripts else self.script
            self._current.append(script.pop(0))
        return self._next([1] * len(prompts))

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        assert len(parents) == len(tokens) == len(self._current)
        return self._next([len(window) for window in tokens])

    def _next(self, rows: Sequence[int]) -> NDArray[np.float32]:
        logits = np.zeros((sum(rows), self.dims.n_vocab), np.float32)
        at = 0
        for window, count in zip(self._current, rows, strict=True):
            if window is not None:
                tokens = [*window.tokens, self.eot]
                logits[at : at + count, tokens[min(self._said, len(tokens) - 1)]] = window.logit
            at += count
        self._said += 1
        return logits
