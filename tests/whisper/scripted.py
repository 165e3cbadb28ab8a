"""A `SpeechModel` that says what it is told, for tests of the rules around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims


@dataclass
class Window:
    """What to say in one decoding: tokens (the end of text is added), probability of no speech, and how sure to be."""

    tokens: Sequence[int]
    no_speech: float = 0.0
    logit: float = 30.0


@dataclass(frozen=True)
class ScriptedAudio:
    content_frames: int


@dataclass
class ScriptedModel:
    """Says `script` in order, one window per `decode_start`; notes what it was asked."""

    dims: ModelDims
    eot: int
    no_speech_token: int
    script: list[Window]
    language: int | None = None  # the token most likely after a lone start token
    encoded: list[tuple[int, int]] = field(default_factory=list)
    prompts: list[list[int]] = field(default_factory=list)
    _current: Window | None = None
    _said: int = 0

    def prepare(self, samples: NDArray[np.int16]) -> ScriptedAudio:
        return ScriptedAudio(samples.size // 160)

    def encode(self, audio: ScriptedAudio, frame_offset: int, n_frames: int) -> None:
        assert frame_offset >= 0 and 0 < n_frames <= 3000
        assert frame_offset + n_frames <= audio.content_frames + 3000
        self.encoded.append((frame_offset, n_frames))

    def decode_start(self, tokens: Sequence[int], positions: Sequence[int]) -> NDArray[np.float32]:
        if len(tokens) == 1 and self.language is not None:
            logits = np.zeros((1, self.dims.n_vocab), np.float32)
            logits[0, self.language] = 10
            return logits
        self.prompts.append(list(tokens))
        self._current, self._said = self.script.pop(0), 0
        at_sot = np.zeros(self.dims.n_vocab, np.float32)
        if self._current.no_speech:
            p = self._current.no_speech
            at_sot[self.no_speech_token] = np.log(p / (1 - p) * (self.dims.n_vocab - 1))
        return np.stack([at_sot, self._next()])

    def decode_step(self, token: int) -> NDArray[np.float32]:
        return self._next()

    def _next(self) -> NDArray[np.float32]:
        assert self._current is not None
        tokens = [*self._current.tokens, self.eot]
        logits = np.zeros(self.dims.n_vocab, np.float32)
        logits[tokens[min(self._said, len(tokens) - 1)]] = self._current.logit
        self._said += 1
        return logits
