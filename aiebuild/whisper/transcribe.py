"""A whole file: sliding 30 s windows as openai/whisper's `transcribe()` does, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aiebuild.whisper.constants import FRAMES_PER_SECOND, HOP_LENGTH, N_FRAMES, SAMPLE_RATE
from aiebuild.whisper.decoding import DecodingOptions, DecodingResult, decode_window, detect_language
from aiebuild.whisper.languages import language_code
from aiebuild.whisper.speech import Audio, SequenceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Temperatures tried in turn while a window's text looks wrong."""


@dataclass(frozen=True)
class TranscribeOptions:
    """How to transcribe a file. Defaults are those of openai/whisper's `transcribe()`.

    `language`: code or name, None to detect it. `temperatures`: tried in turn until a window's text is neither more
    repetitive than `compression_ratio_threshold` nor less likely than `logprob_threshold`. A window whose probability
    of no speech is above `no_speech_threshold`, and whose text is unlikely, is skipped. None turns a threshold off.
    `initial_prompt`: text before the first window; `carry_initial_prompt`: before every window. `seed`: of sampling.
    """

    task: str = "transcribe"
    language: str | None = None
    temperatures: tuple[float, ...] = TEMPERATURES
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    condition_on_previous_text: bool = True
    initial_prompt: str | None = None
    carry_initial_prompt: bool = False
    best_of: int = 1
    length_penalty: float | None = None
    suppress_tokens: tuple[int, ...] | None = None
    suppress_blank: bool = True
    without_timestamps: bool = False
    max_initial_timestamp: float | None = 1.0
    sample_len: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.temperatures:
            raise ValueError("temperatures must name at least one")


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


Progress = Callable[[float, float], None]
"""Takes the seconds of audio done, and all there are."""


def transcribe(
    model: SequenceModel[Audio],
    tokenizer: WhisperTokenizer,
    samples: NDArray[np.int16],
    options: TranscribeOptions,
    *,
    on_segment: Callable[[Segment], None] | None = None,
    progress: Progress | None = None,
) -> Transcript:
    """Transcribe 16 kHz mono samples [n].

    `on_segment` takes each segment as soon as it is there; `progress` is called after each window. Raises UsageError
    for a language or task the model does not have.
    """
    audio = model.prepare(samples)
    language, probabilities = _language(model, tokenizer, audio, options)
    run = Transcription(model, tokenizer, audio, language, options, progress)
    segments: list[Segment] = []
    for segment in run.segments():
        segments.append(segment)
        if on_segment is not None:
            on_segment(segment)
    return Transcript(run.text(), tuple(segments), language, samples.size / SAMPLE_RATE, probabilities)


class Transcription:
    """The state of a run over one file: where it is, and the tokens so far, which prompt the next window."""

    def __init__(
        self,
        model: SequenceModel[Audio],
        tokenizer: WhisperTokenizer,
        audio: Audio,
        language: str,
        options: TranscribeOptions,
        progress: Progress | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.options = options
        self.content_frames = audio.content_frames
        self.seek = 0
        self._model = model
        self._encode = partial(model.encode, audio)
        self._progress = progress
        self._random = np.random.default_rng(options.seed)
        self._frames_per_token = N_FRAMES // model.dims.n_audio_ctx  # 2
        self._seconds_per_token = self._frames_per_token * HOP_LENGTH / SAMPLE_RATE  # 0.02
        self._initial: list[int] = []
        if options.initial_prompt is not None:
            self._initial = tokenizer.encode(" " + options.initial_prompt.strip())
        self._tokens = list(self._initial)
        self._prompt_since = 0
        self._prompt_room = model.dims.n_text_ctx // 2 - 1 - len(self._initial)
        self._count = 0
        self._decoding = DecodingOptions(
            task=options.task,
            language=language,
            sample_len=options.sample_len,
            best_of=options.best_of,
            length_penalty=options.length_penalty,
            suppress_tokens=options.suppress_tokens,
            suppress_blank=options.suppress_blank,
            without_timestamps=options.without_timestamps,
            max_initial_timestamp=options.max_initial_timestamp,
        )

    def text(self) -> str:
        """The text of all windows so far."""
        return self.tokenizer.decode(self._tokens[len(self._initial) :])

    def segments(self) -> Iterator[Segment]:
        """The segments, window by window, to the end of the file."""
        while self.seek < self.content_frames:
            start, size = self.seek, min(N_FRAMES, self.content_frames - self.seek)
            self._encode(start, size)
            result = self._decode_with_fallback()
            if self._is_silence(result):
                self.seek += size
            else:
                pieces, advance = self._cut(result.tokens, size)
                self.seek += advance
                yield from self._finish(pieces, result, start)
            if self._progress is not None:
                done = min(self.seek, self.content_frames)
                self._progress(done / FRAMES_PER_SECOND, self.content_frames / FRAMES_PER_SECOND)

    def _decode_with_fallback(self) -> DecodingResult:
        options, result, prompt = self.options, None, self._prompt()
        for temperature in options.temperatures:
            decoding = replace(self._decoding, temperature=temperature, prompt=prompt)
            result = decode_window(self._model, self.tokenizer, decoding, self._random)
            repetitive = (
                options.compression_ratio_threshold is not None
                and result.compression_ratio > options.compression_ratio_threshold
            )
            unlikely = options.logprob_threshold is not None and result.avg_logprob < options.logprob_threshold
            silent = options.no_speech_threshold is not None and result.no_speech_prob > options.no_speech_threshold
            if not (repetitive or unlikely) or (silent and unlikely):
                break
        assert result is not None
        return result

    def _prompt(self) -> tuple[int, ...]:
        if not self.options.carry_initial_prompt:
            return tuple(self._tokens[self._prompt_since :])
        later = self._tokens[max(len(self._initial), self._prompt_since) :]
        return (*self._initial, *(later[-self._prompt_room :] if self._prompt_room > 0 else ()))

    def _is_silence(self, result: DecodingResult) -> bool:
        options = self.options
        if options.no_speech_threshold is None or result.no_speech_prob <= options.no_speech_threshold:
            return False
        # a text that is likely enough is kept, whatever the probability of no speech
        return options.logprob_threshold is None or result.avg_logprob <= options.logprob_threshold

    def _cut(self, tokens: tuple[int, ...], size: int) -> tuple[list[tuple[float, float, tuple[int, ...]]], int]:
        """A window of `size` frames: segments as (start, end, tokens), in seconds from its start; frames to advance."""
        begin = self.tokenizer.timestamp_begin
        is_time = [token >= begin for token in tokens]
        single_ending = is_time[-2:] == [False, True]
        cuts = [i for i in range(1, len(tokens)) if is_time[i - 1] and is_time[i]]
        if not cuts:
            end = size * HOP_LENGTH / SAMPLE_RATE
            times = [token for token in tokens if token >= begin]
            if times and times[-1] != begin:
                end = (times[-1] - begin) * self._seconds_per_token
            return [(0.0, end, tokens)], size
        if single_ending:  # no speech after the last timestamp
            cuts.append(len(tokens))
        pieces: list[tuple[float, float, tuple[int, ...]]] = []
        previous = 0
        for cut in cuts:
            piece = tokens[previous:cut]
            start, end = ((t - begin) * self._seconds_per_token for t in (piece[0], piece[-1]))
            pieces.append((start, end, piece))
            previous = cut
        # an unfinished segment is left to the next window, which starts where this one's last finished segment ends
        advance = size if single_ending else (tokens[previous - 1] - begin) * self._frames_per_token
        return pieces, advance

    def _finish(
        self, pieces: list[tuple[float, float, tuple[int, ...]]], result: DecodingResult, seek: int
    ) -> Iterator[Segment]:
        offset = seek * HOP_LENGTH / SAMPLE_RATE
        done: list[Segment] = []
        for start, end, tokens in pieces:
            text = self.tokenizer.decode(self.tokenizer.text_tokens(tokens))
            empty = start == end or not text.strip()
            done.append(
                Segment(
                    id=self._count + len(done),
                    seek=seek,
                    start=offset + start,
                    end=offset + end,
                    text="" if empty else text,
                    tokens=() if empty else tokens,
                    temperature=result.temperature,
                    avg_logprob=result.avg_logprob,
                    compression_ratio=result.compression_ratio,
                    no_speech_prob=result.no_speech_prob,
                )
            )
        self._count += len(done)
        for segment in done:
            self._tokens.extend(segment.tokens)
        if not self.options.condition_on_previous_text or result.temperature > 0.5:
            self._prompt_since = len(self._tokens)  # what was guessed at does not prompt
        yield from done


def _language(
    model: SequenceModel[Audio], tokenizer: WhisperTokenizer, audio: Audio, options: TranscribeOptions
) -> tuple[str, dict[str, float]]:
    if options.language is not None or not model.dims.is_multilingual:
        language = language_code(options.language or "en")
        tokenizer.sot_sequence(language, options.task)  # refuses what the model does not have, before any work
        return language, {}
    return detect_language(model, tokenizer, audio)
