"""Whole files: their clips, several in step, window by window, and the transcripts that come of them.

Windows of several clips are encoded into the model's slots and decoded together; the next round takes each clip's next
window, and new clips in place of those that ended. Nothing a clip's text depends on is shared, so the number of windows
at a time changes no text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Generic

from aiebuild.errors import UsageError
from aiebuild.whisper.clip import Clip, TranscribeOptions
from aiebuild.whisper.constants import FRAMES_PER_SECOND, N_FRAMES, SAMPLE_RATE
from aiebuild.whisper.decoding import DecodingResult, decode_windows, detect_language
from aiebuild.whisper.languages import language_code
from aiebuild.whisper.pauses import cut_at_pauses
from aiebuild.whisper.samples import Samples
from aiebuild.whisper.speech import Audio, SpeechModel
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcript import Segment, Transcript

SURE = 0.8
"""Probability from which a language is taken from a short file's first window as it will be transcribed, followed by
zeros, instead of encoding it once more, followed by silence, as openai/whisper does. On 26 English recordings of 0.6 to
31 s (base) the two differed by 0.12 at most, by 0.02 above 0.95, and in the language once, where neither had 0.5."""

Progress = Callable[[float, float], None]
"""Takes the seconds of audio done, and all there are."""


def transcribe(
    model: SpeechModel[Audio],
    tokenizer: WhisperTokenizer,
    samples: Samples,
    options: TranscribeOptions,
    *,
    batch_size: int = 1,
    on_segment: Callable[[Segment], None] | None = None,
    progress: Progress | None = None,
) -> Transcript:
    """Transcribe 16 kHz mono samples [n].

    `batch_size`: windows at a time, where `options` cuts the file into several clips. `on_segment` takes each segment
    as soon as it is there, in order; `progress` is called after each round of windows. Raises UsageError for a language
    or task the model does not have, and for more windows or beams than it holds.
    """
    files = transcribe_files(
        model,
        tokenizer,
        [samples],
        options,
        batch_size=batch_size,
        on_segment=None if on_segment is None else lambda _, segment: on_segment(segment),
        progress=progress,
    )
    return next(files)


def transcribe_files(
    model: SpeechModel[Audio],
    tokenizer: WhisperTokenizer,
    files: Iterable[Samples],
    options: TranscribeOptions,
    *,
    batch_size: int = 1,
    on_segment: Callable[[int, Segment], None] | None = None,
    progress: Progress | None = None,
) -> Iterator[Transcript]:
    """Transcribe files of 16 kHz mono samples, up to `batch_size` windows at a time; their transcripts, in order.

    A file is taken from `files` when there is room for it. `on_segment` takes the file's number and a segment, in order
    of files and times; `progress` counts the seconds of all files taken so far. Raises as `transcribe`.
    """
    if batch_size > model.max_windows:
        raise UsageError(
            f"batch size {batch_size} is too large: the model holds {model.max_windows} "
            f"window{'' if model.max_windows == 1 else 's'}"
        )
    return _Rounds(model, tokenizer, options, batch_size, on_segment, progress).run(iter(files))


class _File(Generic[Audio]):
    """A file under way: its clips, those that wait, and what is there of the transcript."""

    def __init__(self, number: int, audio: Audio, seconds: float, language: tuple[str, dict[str, float]]) -> None:
        self.number = number
        self.audio = audio
        self.seconds = seconds
        self.language, self.probabilities = language
        self.clips: list[Clip] = []
        self.waiting: deque[Clip] = deque()
        self.segments: dict[int, list[Segment]] = {}
        self._told: list[Segment] = []
        self._clip = 0
        self._of_clip = 0

    @property
    def done(self) -> bool:
        """Whether all clips are."""
        return all(clip.done for clip in self.clips)

    @property
    def frames_done(self) -> int:
        """Mel frames behind the clips' places."""
        return sum(min(clip.seek, clip.stop) - clip.start for clip in self.clips)

    def add(self, clip: Clip, segments: list[Segment]) -> None:
        """Keep the segments of one of the clips, until those before it are there."""
        self.segments.setdefault(clip.start, []).extend(segments)

    def news(self) -> Iterator[Segment]:
        """The segments that can be told: in order, numbered through the file."""
        while self._clip < len(self.clips):
            clip = self.clips[self._clip]
            for segment in self.segments.get(clip.start, [])[self._of_clip :]:
                told = replace(segment, id=len(self._told))
                self._of_clip += 1
                self._told.append(told)
                yield told
            if not clip.done:
                return
            self._clip, self._of_clip = self._clip + 1, 0

    def transcript(self, tokenizer: WhisperTokenizer) -> Transcript:
        """The whole, when it is done and told."""
        tokens = [token for clip in self.clips for token in clip.tokens]
        text = tokenizer.decode(tokens)
        return Transcript(text, tuple(self._told), self.language, self.seconds, self.probabilities)


class _Rounds(Generic[Audio]):
    """Rounds of windows over clips of files."""

    def __init__(
        self,
        model: SpeechModel[Audio],
        tokenizer: WhisperTokenizer,
        options: TranscribeOptions,
        batch_size: int,
        on_segment: Callable[[int, Segment], None] | None,
        progress: Progress | None,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._options = options
        self._batch_size = batch_size
        self._on_segment = on_segment
        self._progress = progress
        self._taken = 0
        self._frames = [0, 0]  # of files that are done: behind us, in all
        self._files: deque[_File[Audio]] = deque()
        self._active: list[tuple[_File[Audio], Clip]] = []
        self._held: list[tuple[_File[Audio], int, int] | None] = [None] * batch_size
        self._given: tuple[str, dict[str, float]] | None = None
        if options.language is not None or not model.dims.is_multilingual:
            language = language_code(options.language or "en")
            tokenizer.sot_sequence(language, options.task)  # refuses what the model does not have, before any work
            self._given = language, {}

    def run(self, source: Iterator[Samples]) -> Iterator[Transcript]:
        """The files' transcripts, in order."""
        while True:
            self._fill(source)
            if not self._files:
                return
            if self._active:
                self._round()
            while self._files:
                first = self._files[0]
                for segment in first.news():
                    if self._on_segment is not None:
                        self._on_segment(first.number, segment)
                if not first.done:
                    break
                self._files.popleft()
                self._frames = [total + sum(c.stop - c.start for c in first.clips) for total in self._frames]
                yield first.transcript(self._tokenizer)

    def _fill(self, source: Iterator[Samples]) -> None:
        """Make up the number of clips under way, from the files that are here and then from new ones."""
        while len(self._active) < self._batch_size:
            file = next((file for file in self._files if file.waiting), None)
            if file is not None:
                self._active.append((file, file.waiting.popleft()))
                continue
            samples = next(source, None)
            if samples is None:
                return
            self._files.append(self._take(samples))

    def _take(self, samples: Samples) -> _File[Audio]:
        audio = self._model.prepare(samples)
        pieces = cut_at_pauses(samples) if self._options.cut else [(0, audio.content_frames)]
        slot, held = len(self._active), 0
        language = self._given
        if language is None:
            language, held = self._detect(audio, min(pieces[0][1], N_FRAMES) if pieces else 0, slot)
        file = _File(self._taken, audio, samples.size / SAMPLE_RATE, language)
        if held:
            self._held[slot] = (file, 0, held)
        self._taken += 1
        file.clips = [
            Clip(self._tokenizer, self._model.dims, self._options, language[0], start, stop)
            for start, stop in pieces
            if start < stop
        ]
        file.waiting.extend(file.clips)
        return file

    def _detect(self, audio: Audio, frames: int, slot: int) -> tuple[tuple[str, dict[str, float]], int]:
        """The language of a file whose first window has that many frames; the frames of the window left in the slot."""
        if 0 < frames < N_FRAMES:
            language = detect_language(self._model, self._tokenizer, audio, frames, slot)
            if language[1][language[0]] >= SURE:
                return language, frames
        return detect_language(self._model, self._tokenizer, audio, N_FRAMES, slot), N_FRAMES

    def _round(self) -> None:
        for slot, (file, clip) in enumerate(self._active):
            wanted = (file, clip.seek, clip.size)
            if self._held[slot] != wanted:
                self._model.encode(file.audio, clip.seek, clip.size, slot)
                self._held[slot] = wanted
        results = self._decode([clip for _, clip in self._active])
        for (file, clip), result in zip(self._active, results, strict=True):
            file.add(clip, clip.take(result))
        if self._progress is not None:
            done, total = self._frames
            for file in self._files:
                done += file.frames_done
                total += sum(clip.stop - clip.start for clip in file.clips)
            self._progress(done / FRAMES_PER_SECOND, total / FRAMES_PER_SECOND)
        self._active = [(file, clip) for file, clip in self._active if not clip.done]

    def _decode(self, clips: Sequence[Clip]) -> list[DecodingResult]:
        """Decode the clips' windows; those whose text looks wrong again, at the next temperature."""
        results: dict[int, DecodingResult] = {}
        wrong = list(range(len(clips)))
        for temperature in self._options.temperatures:
            contexts = [
                clip.context(results[slot].no_speech_prob if slot in results else None) if slot in wrong else None
                for slot, clip in enumerate(clips[: wrong[-1] + 1])
            ]
            decoded = decode_windows(self._model, self._tokenizer, self._options.decoding(temperature), contexts)
            results.update(zip(wrong, decoded, strict=True))
            wrong = [slot for slot in wrong if self._options.looks_wrong(results[slot])]
            if not wrong:
                break
        return [results[slot] for slot in range(len(clips))]
