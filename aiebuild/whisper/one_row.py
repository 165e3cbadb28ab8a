"""A model of one window and one sequence behind the interface of many: greedy decoding only, by all logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.whisper.candidates import logsumexp, reduce_logits
from aiebuild.whisper.constants import CHUNK_SECONDS
from aiebuild.whisper.speech import Allowed, Audio, Candidates, SequenceModel

FloatArray = NDArray[np.float32]


class OneRow(Generic[Audio]):
    """A `SpeechModel` of a `SequenceModel`."""

    def __init__(self, model: SequenceModel[Audio]) -> None:
        self._model = model
        self._suppressed: tuple[int, ...] = ()
        self._no_speech = model.dims.n_vocab - (CHUNK_SECONDS * 50 + 1) - 2

    @property
    def dims(self) -> ModelDims:
        """The model's dimensions."""
        return self._model.dims

    @property
    def max_windows(self) -> int:
        """Windows that can be held at once."""
        return 1

    @property
    def max_rows(self) -> int:
        """Live rows a window can have."""
        return 1

    def prepare(self, samples: NDArray[np.int16]) -> Audio:
        """As `SpeechModel.prepare`."""
        return self._model.prepare(samples)

    def encode(self, audio: Audio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        """As `SpeechModel.encode`."""
        if window:
            raise ValueError("this model holds one window")
        self._model.encode(audio, frame_offset, n_frames)

    def suppress(self, tokens: Sequence[int]) -> None:
        """As `SpeechModel.suppress`."""
        self._suppressed = tuple(tokens)

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed]
    ) -> tuple[Candidates, FloatArray]:
        """As `SpeechModel.start`."""
        (prompt,), (place,) = prompts, sot
        at_sot, last = self._model.decode_start(prompt, [max(place, 0), len(prompt) - 1])
        probability = np.exp(at_sot[self._no_speech] - logsumexp(at_sot)) if place >= 0 else np.nan
        return reduce_logits(last[None], allowed, self._suppressed), np.array([probability], np.float32)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> Candidates:
        """As `SpeechModel.step`."""
        return reduce_logits(self.step_logits(parents, tokens), allowed[0], self._suppressed)

    def start_logits(self, prompts: Sequence[Sequence[int]]) -> FloatArray:
        """As `SpeechModel.start_logits`."""
        (prompt,) = prompts
        return self._model.decode_start(prompt, [len(prompt) - 1])

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> FloatArray:
        """As `SpeechModel.step_logits`."""
        ((parent,),), ((token,),) = parents, tokens
        if parent:
            raise ValueError("this model holds one row")
        return self._model.decode_step(token)[None]
