"""The sliding window: where it goes next, what is kept, what prompts it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import ScriptedModel, Window

from aiebuild.config.model import ModelConfig
from aiebuild.errors import UsageError
from aiebuild.weights import WeightFiles
from aiebuild.whisper.clip import TranscribeOptions
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import transcribe
from aiebuild.whisper.transcript import Segment

pytestmark = pytest.mark.weights

ENGLISH = TranscribeOptions(language="en")


@pytest.fixture(scope="module")
def tokenizer(base_files: WeightFiles, base_config: ModelConfig) -> WhisperTokenizer:
    return WhisperTokenizer(base_files.tokenizer_path, base_config.dims)


class Stage:
    """A scripted model with helpers to write its script."""

    def __init__(self, tokenizer: WhisperTokenizer) -> None:
        self.tokenizer = tokenizer
        self.model = ScriptedModel(tokenizer.dims, tokenizer.eot, tokenizer.no_speech, [])
        self.lines: list[Segment] = []
        self.progress: list[tuple[float, float]] = []

    def say(self, *parts: float | str, no_speech: float = 0.0, logit: float = 30.0) -> None:
        """A window of times in seconds and texts."""
        tokens: list[int] = []
        for part in parts:
            tokens += self.tokenizer.encode(part) if isinstance(part, str) else [self.time(part)]
        self.model.script.append(Window(tokens, no_speech, logit))

    def time(self, seconds: float) -> int:
        return self.tokenizer.timestamp_begin + round(seconds / 0.02)

    def run(self, seconds: float, options: TranscribeOptions = ENGLISH) -> str:
        samples = np.zeros(round(seconds * 16000), np.int16)
        self.result = transcribe(
            self.model,
            self.tokenizer,
            samples,
            options,
            on_segment=self.lines.append,
            progress=lambda done, total: self.progress.append((done, total)),
        )
        assert tuple(self.lines) == self.result.segments
        assert self.model.script == []
        return self.result.text

    @property
    def times(self) -> list[tuple[float, float, str]]:
        return [(round(s.start, 3), round(s.end, 3), s.text) for s in self.result.segments]


@pytest.fixture
def stage(tokenizer: WhisperTokenizer) -> Stage:
    return Stage(tokenizer)


def test_one_short_window(stage: Stage) -> None:
    stage.say(0.0, " Hello there.", 2.0)
    assert stage.run(2.5) == " Hello there."
    assert stage.times == [(0.0, 2.0, " Hello there.")]
    assert stage.model.encoded == [(0, 250)]
    assert stage.progress == [(2.5, 2.5)]
    assert stage.result.seconds == 2.5
    assert stage.result.language_probs == {}


def test_an_unfinished_segment_is_left_to_the_next_window(stage: Stage) -> None:
    stage.say(0.0, " One.", 10.0, 10.0, " Two.", 20.0, 20.0, " Thr")
    stage.say(0.0, " Three.", 9.0, 9.0, " Four.", 12.0)
    assert stage.run(40) == " One. Two. Three. Four."
    assert stage.model.encoded == [(0, 3000), (2000, 2000)]
    assert stage.times == [
        (0.0, 10.0, " One."),
        (10.0, 20.0, " Two."),
        (20.0, 29.0, " Three."),
        (29.0, 32.0, " Four."),
    ]
    assert [segment.id for segment in stage.lines] == [0, 1, 2, 3]
    assert [segment.seek for segment in stage.lines] == [0, 0, 2000, 2000]


def test_a_single_ending_timestamp_moves_a_whole_window(stage: Stage) -> None:
    stage.say(0.0, " One.", 10.0, 10.0, " Two.", 20.0)
    stage.say(0.0, " Three.", 1.0)
    stage.run(31)
    assert stage.model.encoded == [(0, 3000), (3000, 100)]
    assert stage.times[1:] == [(10.0, 20.0, " Two."), (30.0, 31.0, " Three.")]


def test_without_closing_timestamp_the_window_is_one_segment(stage: Stage) -> None:
    stage.say(0.0, " No end in sight")
    stage.run(12)
    assert stage.times == [(0.0, 12.0, " No end in sight")]


def test_silence_is_skipped(stage: Stage) -> None:
    # unlikely and probably no speech: no fallback, no text
    stage.say(0.0, " Thanks for watching.", 2.0, no_speech=0.9, logit=5.0)
    stage.say(0.0, " Speech.", 2.0)
    assert stage.run(45) == " Speech."
    assert stage.times == [(30.0, 32.0, " Speech.")]
    assert stage.progress == [(30.0, 45.0), (45.0, 45.0)]


def test_likely_text_is_kept_whatever_the_no_speech_probability(stage: Stage) -> None:
    stage.say(0.0, " Speech.", 2.0, no_speech=0.9)
    assert stage.run(10) == " Speech."


def test_repetition_falls_back_to_higher_temperatures(stage: Stage) -> None:
    again = " and again" * 40
    stage.say(0.0, again, 10.0)
    stage.say(0.0, again, 10.0)
    stage.say(0.0, " Once.", 10.0)
    assert stage.run(12) == " Once."
    assert stage.lines[0].temperature == 0.4
    assert stage.model.encoded == [(0, 1200)]  # the encoder runs once


def test_the_last_temperature_stands(stage: Stage) -> None:
    again = " and again" * 40
    options = TranscribeOptions(language="en", temperatures=(0.0, 1.0))
    stage.say(0.0, again, 10.0)
    stage.say(0.0, again, 10.0)
    assert stage.run(12, options) == again
    assert stage.lines[0].temperature == 1.0
    assert stage.lines[0].compression_ratio > 2.4


def test_what_was_said_prompts_the_next_window(stage: Stage) -> None:
    t = stage.tokenizer
    stage.say(0.0, " One.", 30.0, 30.0)
    stage.say(0.0, " Two.", 5.0)
    stage.run(36)
    sot = [50258, 50259, 50359]
    assert stage.model.prompts == [sot, [t.sot_prev, stage.time(0), *t.encode(" One."), stage.time(30), *sot]]


def test_previous_text_can_be_left_out(stage: Stage) -> None:
    stage.say(0.0, " One.", 30.0, 30.0)
    stage.say(0.0, " Two.", 5.0)
    stage.run(36, TranscribeOptions(language="en", condition_on_previous_text=False))
    assert stage.model.prompts == [[50258, 50259, 50359]] * 2


def test_a_guess_at_high_temperature_does_not_prompt(stage: Stage) -> None:
    stage.say(0.0, " One.", 30.0, 30.0)
    stage.say(0.0, " Two.", 5.0)
    stage.run(36, TranscribeOptions(language="en", temperatures=(0.6,)))
    assert stage.model.prompts[1] == [50258, 50259, 50359]


@pytest.mark.parametrize("carry", [False, True])
def test_initial_prompt(carry: bool, stage: Stage) -> None:
    t = stage.tokenizer
    options = TranscribeOptions(language="en", initial_prompt=" Names: Dashwood ", carry_initial_prompt=carry)
    prompt = t.encode(" Names: Dashwood")
    for _ in range(2):
        stage.say(0.0, " word" * 200, 30.0, 30.0)
    stage.say(0.0, " Two.", 5.0)
    relaxed = TranscribeOptions(**{**vars(options), "compression_ratio_threshold": None})
    text = stage.run(65, relaxed)
    assert "Dashwood" not in text
    assert stage.model.prompts[0] == [t.sot_prev, *prompt, 50258, 50259, 50359]
    last = stage.model.prompts[2][1:-3]
    assert len(last) == 223
    assert (last[: len(prompt)] == prompt) == carry


def test_empty_segments_have_no_text_and_no_tokens(stage: Stage) -> None:
    stage.say(0.0, " One.", 4.0, 4.0, " .", 4.02, 4.02, "  ", 6.0)
    stage.run(10)
    assert stage.lines[2].text == ""
    assert stage.lines[2].tokens == ()
    assert [segment.id for segment in stage.lines] == [0, 1, 2]


def test_detected_language_is_used_and_reported(stage: Stage) -> None:
    stage.model.language = stage.tokenizer.language_tokens["de"]
    stage.say(0.0, " Hallo.", 1.0)
    stage.run(1, TranscribeOptions())
    assert stage.model.encoded == [(0, 100)]
    assert stage.model.prompts == [[50258, 50261, 50359]]
    assert stage.result.language == "de"
    assert stage.result.language_probs["de"] > 0.9


def test_a_language_that_is_not_sure_is_asked_of_30_seconds(stage: Stage) -> None:
    stage.model.language = stage.tokenizer.language_tokens["de"]
    stage.model.language_logit = 5.5  # e^5.5 against 98 of 1: 0.71
    stage.say(0.0, " Hallo.", 1.0)
    stage.run(1, TranscribeOptions())
    assert stage.model.encoded == [(0, 100), (0, 3000), (0, 100)]
    assert stage.result.language == "de"


@pytest.mark.parametrize("samples", [0, 159])
def test_less_than_a_frame_is_no_text(samples: int, stage: Stage) -> None:
    assert stage.run(samples / 16000) == ""
    assert stage.result.segments == ()


def test_a_tenth_of_a_second(stage: Stage) -> None:
    stage.say(0.0, " Oh", 0.1)
    stage.run(0.1)
    assert stage.model.encoded == [(0, 10)]


def test_an_unknown_language_is_refused_before_any_work(stage: Stage) -> None:
    with pytest.raises(UsageError, match="unknown language `klingon`"):
        stage.run(10, TranscribeOptions(language="klingon"))
    assert stage.model.encoded == []


def test_no_temperature_is_refused() -> None:
    with pytest.raises(ValueError, match="temperatures"):
        TranscribeOptions(temperatures=())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seconds=st.floats(0.01, 95))
def test_the_window_always_moves_on_and_segments_are_in_order(
    data: st.DataObject, seconds: float, tokenizer: WhisperTokenizer
) -> None:
    stage = Stage(tokenizer)
    for _ in range(400):
        times = sorted(data.draw(st.lists(st.integers(1, 1500), min_size=1, max_size=4, unique=True)))
        parts: list[float | str] = [0.0]
        for time in times:
            parts += [" word", time * 0.02, time * 0.02]
        stage.say(*(parts[:-1] if data.draw(st.booleans()) else parts))
        if len(stage.model.script) * times[0] > 50 * 100 * 400 or len(stage.model.script) == 30:
            break
    stage.model.script = stage.model.script * 400
    samples = np.zeros(round(seconds * 16000), np.int16)
    result = transcribe(stage.model, tokenizer, samples, ENGLISH)
    offsets = [offset for offset, _ in stage.model.encoded]
    assert offsets == sorted(set(offsets))
    starts = [segment.start for segment in result.segments]
    assert starts == sorted(starts)
    assert all(segment.start <= segment.end for segment in result.segments)
