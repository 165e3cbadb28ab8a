"""What transcription needs from a model: `SpeechModel`, implemented on a device and, for tests, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims


class AudioHandle(Protocol):
    """A file's log-mel, wherever the model keeps it."""

    @property
    def content_frames(self) -> int:
        """Mel frames of the file itself: samples // 160. Another 3,000 frames, of 30 s of zeros, follow them."""
        ...


Audio = TypeVar("Audio", bound=AudioHandle)


class SpeechModel(Protocol[Audio]):
    """A Whisper model that holds one encoded window and one token sequence at a time."""

    @property
    def dims(self) -> ModelDims:
        """The model's dimensions."""
        ...

    def prepare(self, samples: NDArray[np.int16]) -> Audio:
        """The log-mel of a whole file: 16 kHz mono samples [n], n >= 0.

        The file is followed by 480,000 zero samples, and the clamp to the maximum minus 8 uses the maximum over all of
        it, as in openai/whisper's `transcribe()`. Mel frames: n // 160 + 3000.
        """
        ...

    def encode(self, audio: Audio, frame_offset: int, n_frames: int) -> None:
        """Encode the window of 3,000 mel frames whose first `n_frames` are the frames from `frame_offset` on.

        The remaining 3000 - n_frames columns are 0.0 on the final, normalised scale (openai/whisper's `pad_or_trim`
        pads after normalising). `frame_offset + n_frames` may reach into the 3,000 frames after the content: language
        detection takes (0, 3000) whatever the length of the file; transcription stops at the content's end.
        """
        ...

    def decode_start(self, tokens: Sequence[int], positions: Sequence[int]) -> NDArray[np.float32]:
        """Start a new token sequence on the encoded window with the prompt `tokens` (1 to n_text_ctx of them).

        Returns the logits at the given `positions` (indices into `tokens`), float32 [len(positions), n_vocab].
        """
        ...

    def decode_step(self, token: int) -> NDArray[np.float32]:
        """Append `token` to the sequence and return the logits after it, float32 [n_vocab]."""
        ...
