"""A stretch of a file, window by window, as openai/whisper's `transcribe()` goes over it: where the next window starts,
what prompts it, and what segments its text makes.

A file is one clip, or several that do not know of each other. A clip holds no model: it says which window it wants
decoded and is told the result, so that many clips can go in step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiebuild.config.model import ModelDims
from aiebuild.whisper.constants import HOP_LENGTH, N_FRAMES, SAMPLE_RATE
from aiebuild.whisper.decoding import Context, DecodingOptions, DecodingResult
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcript import Segment

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Temperatures tried in turn while a window's text looks wrong."""


@dataclass(frozen=True)
class TranscribeOptions:
    """How to transcribe a file. Defaults are those of openai/whisper's `transcribe()`.

    `language`: code or name, None to detect it. `temperatures`: tried in turn until a window's text is neither more
    repetitive than `compression_ratio_threshold` nor less likely than `logprob_threshold`; 0 searches with `beam_size`
    beams and `patience`, others sample `best_of`. A window whose probability of no speech is above
    `no_speech_threshold`, and whose text is unlikely, is skipped. None turns a threshold off. `initial_prompt`: text
    before the first window of a clip; `carry_initial_prompt`: before every window. `seed`: of sampling. `cut`: cut the
    file at pauses into clips of 30 s at most, which do not prompt each other.
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
    beam_size: int | None = None
    patience: float | None = None
    length_penalty: float | None = None
    suppress_tokens: tuple[int, ...] = (-1,)
    suppress_blank: bool = True
    without_timestamps: bool = False
    max_initial_timestamp: float | None = 1.0
    sample_len: int | None = None
    seed: int = 0
    cut: bool = False

    def __post_init__(self) -> None:
        if not self.temperatures:
            raise ValueError("temperatures must name at least one")
        for temperature in self.temperatures:
            self.decoding(temperature)

    def decoding(self, temperature: float) -> DecodingOptions:
        """How to decode at a temperature: beams at 0 only, several samples above it only."""
        return DecodingOptions(
            task=self.task,
            temperature=temperature,
            sample_len=self.sample_len,
            best_of=self.best_of if temperature > 0 else 1,
            beam_size=self.beam_size if temperature == 0 else None,
            patience=self.patience if temperature == 0 else None,
            length_penalty=self.length_penalty,
            suppress_tokens=self.suppress_tokens,
            suppress_blank=self.suppress_blank,
            without_timestamps=self.without_timestamps,
            max_initial_timestamp=self.max_initial_timestamp,
        )

    def looks_wrong(self, result: DecodingResult) -> bool:
        """Whether a window is to be decoded again, at the next temperature."""
        repetitive = (
            self.compression_ratio_threshold is not None and result.compression_ratio > self.compression_ratio_threshold
        )
        unlikely = self.logprob_threshold is not None and result.avg_logprob < self.logprob_threshold
        silent = self.no_speech_threshold is not None and result.no_speech_prob > self.no_speech_threshold
        return (repetitive or unlikely) and not (silent and unlikely)

    def is_silence(self, result: DecodingResult) -> bool:
        """Whether a window has no speech in it."""
        if self.no_speech_threshold is None or result.no_speech_prob <= self.no_speech_threshold:
            return False
        # a text that is likely enough is kept, whatever the probability of no speech
        return self.logprob_threshold is None or result.avg_logprob <= self.logprob_threshold


class Clip:
    """Mel frames [start, stop) of a file: where the run over them is, and the tokens so far, which prompt the next
    window. Samples with a generator of its own."""

    def __init__(
        self,
        tokenizer: WhisperTokenizer,
        dims: ModelDims,
        options: TranscribeOptions,
        language: str,
        start: int,
        stop: int,
    ) -> None:
        self.seek = self.start = start
        self.stop = stop
        self._tokenizer = tokenizer
        self._options = options
        self._language = language
        self._random = np.random.default_rng([options.seed, start] if options.cut else options.seed)
        self._conditioned = options.condition_on_previous_text and not options.cut
        self._frames_per_token = N_FRAMES // dims.n_audio_ctx  # 2
        self._seconds_per_token = self._frames_per_token * HOP_LENGTH / SAMPLE_RATE  # 0.02
        self._initial: list[int] = []
        if options.initial_prompt is not None:
            self._initial = tokenizer.encode(" " + options.initial_prompt.strip())
        self._tokens = list(self._initial)
        self._prompt_since = 0
        self._prompt_room = dims.n_text_ctx // 2 - 1 - len(self._initial)

    @property
    def done(self) -> bool:
        """Whether there is no window left."""
        return self.seek >= self.stop

    @property
    def size(self) -> int:
        """Mel frames of the next window, which starts at `seek`."""
        return min(N_FRAMES, self.stop - self.seek)

    @property
    def tokens(self) -> list[int]:
        """The tokens of all segments so far."""
        return self._tokens[len(self._initial) :]

    def context(self, no_speech_prob: float | None = None) -> Context:
        """What the next window is decoded with; `no_speech_prob` where it is known from an earlier attempt."""
        return Context(self._language, self._prompt(), self._random, no_speech_prob)

    def take(self, result: DecodingResult) -> list[Segment]:
        """The next window's result: its segments, with ids from 0. Goes on to the window after it."""
        start, size = self.seek, self.size
        if self._options.is_silence(result):
            self.seek += size
            return []
        pieces, advance = self._pieces(result.tokens, size)
        self.seek += advance
        return self._segments(pieces, result, start)

    def _prompt(self) -> tuple[int, ...]:
        if not self._options.carry_initial_prompt:
            return tuple(self._tokens[self._prompt_since :])
        later = self._tokens[max(len(self._initial), self._prompt_since) :]
        return (*self._initial, *(later[-self._prompt_room :] if self._prompt_room > 0 else ()))

    def _pieces(self, tokens: tuple[int, ...], size: int) -> tuple[list[tuple[float, float, tuple[int, ...]]], int]:
        """A window of `size` frames: segments as (start, end, tokens), in seconds from its start; frames to advance."""
        begin = self._tokenizer.timestamp_begin
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
        # an unfinished segment is left to the next window, which starts where this one's last finished segment ends;
        # not where this one starts (two timestamps in front, where none were asked for): that would go on for ever
        advance = size if single_ending else (tokens[previous - 1] - begin) * self._frames_per_token
        return pieces, advance or size

    def _segments(
        self, pieces: list[tuple[float, float, tuple[int, ...]]], result: DecodingResult, seek: int
    ) -> list[Segment]:
        offset = seek * HOP_LENGTH / SAMPLE_RATE
        done: list[Segment] = []
        for start, end, tokens in pieces:
            text = self._tokenizer.decode(self._tokenizer.text_tokens(tokens))
            empty = start == end or not text.strip()
            done.append(
                Segment(
                    id=len(done),
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
        for segment in done:
            self._tokens.extend(segment.tokens)
        if not self._conditioned or result.temperature > 0.5:
            self._prompt_since = len(self._tokens)  # what was guessed at does not prompt
        return done
