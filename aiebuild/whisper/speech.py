"""What transcription needs from a model: `SpeechModel`, implemented on a device and, for tests, in NumPy.

A model holds several encoded windows, and several token sequences ("rows") of each: the beams of a search, or
samples. It does not give out the logits of each step but `Candidates`: the masks of the rules travel with a row as
`Allowed`, and the vocabulary is reduced to the best few tokens and the sums of probability where it was computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.whisper.samples import Samples


class AudioHandle(Protocol):
    """A file's log-mel, wherever the model keeps it."""

    @property
    def content_frames(self) -> int:
        """Mel frames of the file itself: samples // 160. Another 3,000 frames, of 30 s of zeros, follow them."""
        ...


Audio = TypeVar("Audio", bound=AudioHandle)


TOP = 8
"""Tokens a list of `Candidates` holds: one more than the widest beam."""

MOST_BANNED = 4
"""Tokens `Allowed.banned` may name."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may follow a row: two ranges of token ids, each half-open, and what is left out of them.

    `text` is the first list's range (usually below the timestamps), `times` the second's (timestamps); start >= stop is
    an empty range. `banned`: at most `MOST_BANNED` more tokens that may not follow. `raw`: tokens given to
    `SpeechModel.suppress` may follow too.
    """

    text: tuple[int, int]
    times: tuple[int, int]
    banned: tuple[int, ...] = ()
    raw: bool = False


class Listed(NamedTuple):
    """The best tokens of one of the lists of `Allowed`, reduced after the masks."""

    tokens: tuple[int, ...]
    """[TOP] by falling logit, of equal ones the lower id first; -1 where there are fewer."""
    logits: tuple[float, ...]
    """[TOP] theirs, float32 values; minus infinity where there are fewer."""
    total: float
    """The log of the sum of exponentials of the logits of all tokens in the list; minus infinity where nothing is
    allowed."""


class Candidates(NamedTuple):
    """The next tokens of a row. A token's log probability among all that is allowed is its logit -
    logaddexp(text.total, times.total)."""

    text: Listed
    times: Listed


class SpeechModel(Protocol[Audio]):
    """A Whisper model that holds several encoded windows, and several token sequences of each."""

    @property
    def dims(self) -> ModelDims:
        """The model's dimensions."""
        ...

    @property
    def max_windows(self) -> int:
        """Windows that can be held at once."""
        ...

    @property
    def max_rows(self) -> int:
        """Live rows a window can have."""
        ...

    def prepare(self, samples: Samples) -> Audio:
        """The log-mel of a whole file: 16 kHz mono samples [n], n >= 0.

        The file is followed by 480,000 zero samples, and the clamp to the maximum minus 8 uses the maximum over all of
        it, as in openai/whisper's `transcribe()`. Mel frames: n // 160 + 3000.
        """
        ...

    def encode(self, audio: Audio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        """Encode, into slot `window`, the window of 3,000 mel frames whose first `n_frames` are those from
        `frame_offset` on. What the other slots hold stays; rows are gone until the next start.

        The remaining 3000 - n_frames columns are 0.0 on the final, normalised scale (openai/whisper's `pad_or_trim`
        pads after normalising). `frame_offset + n_frames` may reach into the 3,000 frames after the content: language
        detection takes (0, 3000) whatever the length of the file; transcription stops at the content's end.
        """
        ...

    def suppress(self, tokens: Sequence[int]) -> None:
        """Tokens that may not follow any row, unless its `Allowed` is raw: for all starts and steps from now on."""
        ...

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed]
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        """Start anew on the windows 0 to W - 1 with a prompt each (1 to n_text_ctx tokens), which become their row 0.

        Returns the candidates after each prompt, and the probability of no speech at index `sot[w]` of prompt w,
        [W] (NaN where that is negative): the softmax over the whole vocabulary, without masks.
        """
        ...

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        """Append a token to each live row. For each of the W windows, the rows that live on (maybe none): row i is
        row `parents[w][i]` of the last step with `tokens[w][i]` appended; several may share a parent.

        Returns the candidates after each live row, window by window.
        """
        ...

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        """As `start`, on the windows from slot `window` on, with all logits after each prompt, without masks:
        [W, n_vocab]. Steps may follow that of one prompt only."""
        ...

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """As `step`, with all logits after each live row, without masks: [R, n_vocab]."""
        ...
