"""Transcript files, as openai/whisper writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiebuild.errors import MissingError, UsageError
from aiebuild.whisper.transcribe import Segment, Transcript
from aiebuild.whisper.writers import FORMATS, format_timestamp, write_transcript


def segment(number: int, start: float, end: float, text: str) -> Segment:
    return Segment(number, 0, start, end, text, (50364, 400), 0.0, -0.25, 1.5, 0.01)


TRANSCRIPT = Transcript(
    " Ask not\twhat --> so. Ask\u00e9",
    (segment(0, 0.0, 7.6000000000000005, " Ask not\twhat --> so."), segment(1, 3601.25, 3661.999, " Ask\u00e9")),
    "en",
    3662.0,
)

EXPECTED = {
    "txt": "Ask not\twhat --> so.\nAsk\u00e9\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:07.600\nAsk not\twhat -> so.\n\n01:00:01.250 --> 01:01:01.999\nAsk\u00e9\n\n",
    "srt": (
        "1\n00:00:00,000 --> 00:00:07,600\nAsk not\twhat -> so.\n\n2\n01:00:01,250 --> 01:01:01,999\nAsk\u00e9\n\n"
    ),
    "tsv": "start\tend\ttext\n0\t7600\tAsk not what --> so.\n3601250\t3661999\tAsk\u00e9\n",
}


@pytest.mark.parametrize("ending", EXPECTED)
def test_text_formats(ending: str) -> None:
    assert FORMATS[ending](TRANSCRIPT) == EXPECTED[ending]


def test_json() -> None:
    raw = FORMATS["json"](TRANSCRIPT)
    assert raw.startswith(
        '{"text": " Ask not\\twhat --> so. Ask\\u00e9", "segments": [{"id": 0, "seek": 0, "start": 0.0'
    )
    data = json.loads(raw)
    assert data["language"] == "en"
    assert list(data["segments"][1]) == [
        "id",
        "seek",
        "start",
        "end",
        "text",
        "tokens",
        "temperature",
        "avg_logprob",
        "compression_ratio",
        "no_speech_prob",
    ]
    assert data["segments"][1]["tokens"] == [50364, 400]


def test_nothing_said() -> None:
    empty = Transcript("", (), "en", 0.1)
    assert {ending: write(empty) for ending, write in FORMATS.items()} == {
        "txt": "",
        "vtt": "WEBVTT\n\n",
        "srt": "",
        "tsv": "start\tend\ttext\n",
        "json": '{"text": "", "segments": [], "language": "en"}',
    }


def test_all_files(tmp_path: Path) -> None:
    written = write_transcript(TRANSCRIPT, Path("somewhere/a.talk.wav"), tmp_path / "new" / "folder", "all")
    assert [path.name for path in written] == ["a.talk.txt", "a.talk.vtt", "a.talk.srt", "a.talk.tsv", "a.talk.json"]
    assert sorted(tmp_path.glob("new/folder/*")) == sorted(written)
    for path in written:
        assert path.read_text(encoding="utf-8") == FORMATS[path.suffix[1:]](TRANSCRIPT)
    assert write_transcript(TRANSCRIPT, Path("a.talk.wav"), tmp_path, "srt") == (tmp_path / "a.talk.srt",)


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown output format `doc`; known: txt"):
        write_transcript(TRANSCRIPT, Path("a.wav"), tmp_path, "doc")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingError, match="cannot be written"):
        write_transcript(TRANSCRIPT, Path("a.wav"), tmp_path / "file" / "folder", "txt")


@given(st.integers(0, 100 * 3_600_000))
def test_times_read_back(milliseconds: int) -> None:
    text = format_timestamp(milliseconds / 1000, always_hours=True)
    hours, minutes, seconds = text.split(":")
    assert round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000) == milliseconds
