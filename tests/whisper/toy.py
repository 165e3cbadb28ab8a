"""A model without arithmetic: a small vocabulary whose logits are drawn by a generator seeded with the tokens before.

`tests/golden/openai_decoding.json` is what openai/whisper's own `decoding.py` makes of these logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.whisper.candidates import reduce_logits
from aiebuild.whisper.speech import Allowed, Candidates
from aiebuild.whisper.tokenizer import WhisperTokenizer

TEXT = 24
TIMES = 41
# what decoding reads of them; ModelDims itself takes none but real vocabularies
DIMS = cast(ModelDims, SimpleNamespace(n_audio_ctx=1500, n_vocab=TEXT + 9 + TIMES, n_text_ctx=48, is_multilingual=True))


class _Tokenizer:
    dims = DIMS
    eot, sot, english, translate, transcribe, sot_lm, sot_prev, no_speech, no_timestamps = range(TEXT, TEXT + 9)
    timestamp_begin = TEXT + 9
    non_speech_tokens = (3, 7)
    blank_tokens = (5, eot)
    special_tokens = (sot, translate, transcribe, sot_lm, sot_prev, no_speech)
    language_tokens: ClassVar = {"en": english}

    def sot_sequence(self, language: str | None, task: str) -> tuple[int, ...]:
        return (self.sot, self.english, self.transcribe)

    def encode(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(f" {token}" for token in tokens if token < self.timestamp_begin)

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        return [token for token in tokens if token < self.eot]


TOY_TOKENIZER = cast(WhisperTokenizer, _Tokenizer())


def toy_logits(seed: Sequence[int], tokens: Sequence[int]) -> NDArray[np.float32]:
    """Logits after `tokens`: the end of text grows likelier with length."""
    rng = np.random.default_rng([*seed, *tokens])
    logits = rng.normal(0, 2.5, DIMS.n_vocab).astype(np.float32)
    logits[_Tokenizer.eot] += np.float32(0.3 * len(tokens) - 4)
    logits[_Tokenizer.timestamp_begin :] -= np.float32(2.5)
    return logits


class ToyAudio:
    """A file of which nothing but its length and its name counts."""

    def __init__(self, content_frames: int, name: int) -> None:
        self.content_frames = content_frames
        self.name = name


class ToyModel:
    """A `SpeechModel` whose text follows from the seed, the window's place, and the tokens.

    `place_in_seed`: whether windows differ; off for the golden cases. The audio's name is its first sample.
    """

    def __init__(self, seed: int, max_windows: int = 1, max_rows: int = 8, *, place_in_seed: bool = True) -> None:
        self.seed = seed
        self.max_windows = max_windows
        self.max_rows = max_rows
        self.dims = DIMS
        self.steps: list[list[int]] = []  # live rows of each window, a step a list
        self.encoded: list[tuple[int, int]] = []
        self._place_in_seed = place_in_seed
        self._windows: dict[int, tuple[int, ...]] = {}
        self._rows: list[list[list[int]]] = []
        self._suppressed: Sequence[int] = ()
        self._first = 0

    def prepare(self, samples: NDArray[np.int16]) -> ToyAudio:
        return ToyAudio(samples.size // 160, int(samples[0]))

    def encode(self, audio: ToyAudio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        assert 0 <= window < self.max_windows
        self._windows[window] = (audio.name, frame_offset, n_frames)
        self._rows = []
        self.encoded.append((frame_offset, n_frames))

    def suppress(self, tokens: Sequence[int]) -> None:
        self._suppressed = tokens

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed]
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        self._first = 0
        logits = self.start_logits(prompts)
        no_speech: list[float] = []
        for window, (prompt, at) in enumerate(zip(prompts, sot, strict=True)):
            exponents = np.exp(toy_logits(self._seed(window), prompt[: at + 1]).astype(np.float64))
            no_speech.append(exponents[_Tokenizer.no_speech] / exponents.sum())
        return reduce_logits(logits, allowed, self._suppressed), np.array(no_speech, np.float32)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        logits = self.step_logits(parents, tokens)
        assert [len(window) for window in allowed] == [len(window) for window in tokens]
        return reduce_logits(logits, [one for window in allowed for one in window], self._suppressed)

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        assert window + len(prompts) <= self.max_windows
        self._first = window
        self._rows = [[list(prompt)] for prompt in prompts]
        return self._logits()

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        assert len(parents) == len(tokens) == len(self._rows)
        assert any(tokens)
        assert all(len(window) <= self.max_rows for window in tokens)
        self._rows = [
            [[*rows[parent], token] for parent, token in zip(origins, given, strict=True)]
            for rows, origins, given in zip(self._rows, parents, tokens, strict=True)
        ]
        live = [0] * self.max_windows
        live[self._first : self._first + len(tokens)] = [len(window) for window in tokens]
        self.steps.append(live)
        return self._logits()

    def _seed(self, window: int) -> tuple[int, ...]:
        return (self.seed, *self._windows[window]) if self._place_in_seed else (self.seed,)

    def _logits(self) -> NDArray[np.float32]:
        rows = [toy_logits(self._seed(self._first + w), row) for w, window in enumerate(self._rows) for row in window]
        assert all(len(row) <= DIMS.n_text_ctx for window in self._rows for row in window)
        return np.stack(rows)
