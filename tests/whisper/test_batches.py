"""Files and clips in step: the same as each alone, told in order, and no more work than alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from toy import TOY_TOKENIZER, ToyModel

from aiebuild.errors import UsageError
from aiebuild.whisper.clip import TranscribeOptions
from aiebuild.whisper.pauses import cut_at_pauses
from aiebuild.whisper.transcribe import transcribe, transcribe_files
from aiebuild.whisper.transcript import Segment

HOW = TranscribeOptions(
    temperatures=(0.0, 0.4, 0.8), best_of=2, logprob_threshold=-0.9, no_speech_threshold=None, sample_len=12,
    max_initial_timestamp=0.2,
)  # fmt: skip


def file(name: int, frames: int) -> NDArray[np.int16]:
    samples = np.random.default_rng(name).normal(0, 300, frames * 160).astype(np.int16)
    samples[:1] = name
    return samples


@settings(max_examples=25)
@given(
    st.integers(0, 999), st.lists(st.integers(0, 120), min_size=1, max_size=6), st.integers(1, 4),
    st.sampled_from([HOW, replace(HOW, beam_size=3), replace(HOW, condition_on_previous_text=False, language="en")]),
)  # fmt: skip
def test_files_in_step_are_files_alone(seed: int, lengths: list[int], at_once: int, how: TranscribeOptions) -> None:
    files = [file(name, frames) for name, frames in enumerate(lengths) if frames]
    model = ToyModel(seed, max_windows=4)
    told: list[tuple[int, Segment]] = []
    together = list(
        transcribe_files(
            model, TOY_TOKENIZER, files, how, batch_size=at_once, on_segment=lambda n, s: told.append((n, s))
        )
    )
    one = ToyModel(seed)
    assert together == [transcribe(one, TOY_TOKENIZER, samples, how) for samples in files]
    assert told == [(n, segment) for n, transcript in enumerate(together) for segment in transcript.segments]
    assert sorted(model.encoded) == sorted(one.encoded)
    for transcript in together:
        assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))


@settings(max_examples=10)
@given(st.integers(0, 999), st.integers(3001, 14000), st.booleans())
@example(150, 3983, True)  # timestamps of 0 and more in front, though none are asked for
def test_clips_in_batches_are_clips_one_by_one(seed: int, frames: int, beams: bool) -> None:
    how = replace(HOW, cut=True, without_timestamps=True, language="en", beam_size=3 if beams else None)
    samples = file(seed, frames)
    told: list[Segment] = []
    model = ToyModel(seed, max_windows=8)
    batched = transcribe(model, TOY_TOKENIZER, samples, how, batch_size=8, on_segment=told.append)
    assert batched == transcribe(ToyModel(seed), TOY_TOKENIZER, samples, how)
    assert tuple(told) == batched.segments
    clips = [start for start, _ in cut_at_pauses(samples)]
    seeks = [segment.seek for segment in batched.segments]
    assert seeks == sorted(seeks)
    assert set(clips) <= set(seeks)
    assert max(sum(count > 0 for count in rows) for rows in model.steps) == min(8, len(clips))


def test_clips_do_not_prompt_each_other() -> None:
    how = replace(HOW, cut=True, without_timestamps=True, language="en")
    whole = transcribe(ToyModel(1), TOY_TOKENIZER, file(1, 9000), how)
    assert len(whole.segments) > 2
    assert whole == transcribe(
        ToyModel(1), TOY_TOKENIZER, file(1, 9000), replace(how, condition_on_previous_text=False)
    )
    # as openai/whisper's clips: another file with the same first clip is heard the same there
    first = transcribe(ToyModel(1), TOY_TOKENIZER, file(1, 9000), replace(how, initial_prompt="8 9"))
    assert [s.text for s in first.segments] != [s.text for s in whole.segments]


def test_a_file_is_taken_when_there_is_room() -> None:
    taken: list[int] = []

    def files():
        for name in range(5):
            taken.append(name)
            yield file(name, 60)

    transcripts = transcribe_files(ToyModel(0, max_windows=2), TOY_TOKENIZER, files(), HOW, batch_size=2)
    next(transcripts)
    assert len(taken) <= 3
    assert len(list(transcripts)) == 4
    assert taken == [0, 1, 2, 3, 4]


def test_the_language_is_heard_in_the_first_window_where_it_is_full() -> None:
    for frames, language, first in (
        (3000, None, [(0, 3000)]),
        (3500, None, [(0, 3000)]),
        (3000, "en", [(0, 3000)]),
        (2999, None, [(0, 2999)]),
    ):
        model = ToyModel(0)
        transcript = transcribe(model, TOY_TOKENIZER, file(0, frames), replace(HOW, language=language))
        assert transcript.language == "en"
        assert [window for window in model.encoded if window[0] == 0] == first


def test_progress_counts_all_files() -> None:
    seen: list[tuple[float, float]] = []
    list(
        transcribe_files(
            ToyModel(0, max_windows=2), TOY_TOKENIZER, [file(n, 100) for n in range(3)], HOW, batch_size=2,
            progress=lambda done, total: seen.append((done, total)),
        )
    )  # fmt: skip
    assert seen[-1] == (3.0, 3.0)
    assert seen == sorted(seen)


def test_more_windows_than_the_model_holds_are_refused() -> None:
    with pytest.raises(UsageError, match="batch size 8 is too large: the model holds 2 windows"):
        transcribe(ToyModel(0, max_windows=2), TOY_TOKENIZER, file(0, 10), HOW, batch_size=8)
    with pytest.raises(UsageError, match=r"holds 1 window$"):
        transcribe(ToyModel(0), TOY_TOKENIZER, file(0, 10), HOW, batch_size=2)
