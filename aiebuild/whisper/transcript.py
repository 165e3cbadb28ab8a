"""What comes out of a transcription."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Segment:
    """A piece of the transcript: times in seconds, and how its window was decoded.

    `seek`: the mel frame its window starts at. A segment without text or length has "" and no tokens.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


@dataclass(frozen=True)
class Transcript:
    """A file's transcript. `seconds`: the audio's length; `language_probs`: empty unless the language was detected."""

    text: str
    segments: tuple[Segment, ...]
    language: str
    seconds: float
    language_probs: dict[str, float] = field(default_factory=dict[str, float])
