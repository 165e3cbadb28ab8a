"""Transcripts as files: txt, vtt, srt, tsv and json, byte for byte in openai/whisper's formats."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from aiebuild.errors import MissingError, UsageError
from aiebuild.whisper.transcript import Transcript


def format_timestamp(seconds: float, *, always_hours: bool = False, decimal_marker: str = ".") -> str:
    """`[hh:]mm:ss.mmm`."""
    milliseconds = round(seconds * 1000.0)
    hours, milliseconds = divmod(milliseconds, 3_600_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    whole, milliseconds = divmod(milliseconds, 1_000)
    prefix = f"{hours:02d}:" if always_hours or hours else ""
    return f"{prefix}{minutes:02d}:{whole:02d}{decimal_marker}{milliseconds:03d}"


def to_txt(transcript: Transcript) -> str:
    """A line per segment."""
    return "".join(f"{segment.text.strip()}\n" for segment in transcript.segments)


def to_vtt(transcript: Transcript) -> str:
    """WebVTT."""
    cues = [
        f"{format_timestamp(s.start)} --> {format_timestamp(s.end)}\n{_cue(s.text)}\n\n" for s in transcript.segments
    ]
    return "WEBVTT\n\n" + "".join(cues)


def to_srt(transcript: Transcript) -> str:
    """SubRip."""

    def time(seconds: float) -> str:
        return format_timestamp(seconds, always_hours=True, decimal_marker=",")

    return "".join(
        f"{i}\n{time(s.start)} --> {time(s.end)}\n{_cue(s.text)}\n\n" for i, s in enumerate(transcript.segments, 1)
    )


def to_tsv(transcript: Transcript) -> str:
    """Start and end in milliseconds and the text, tab-separated, under a head line."""
    rows = [
        f"{round(1000 * s.start)}\t{round(1000 * s.end)}\t{s.text.strip().replace(chr(9), ' ')}\n"
        for s in transcript.segments
    ]
    return "start\tend\ttext\n" + "".join(rows)


def to_json(transcript: Transcript) -> str:
    """Text, segments with their tokens and probabilities, and language; one line."""
    segments = [
        {
            "id": s.id,
            "seek": s.seek,
            "start": s.start,
            "end": s.end,
            "text": s.text,
            "tokens": list(s.tokens),
            "temperature": s.temperature,
            "avg_logprob": s.avg_logprob,
            "compression_ratio": s.compression_ratio,
            "no_speech_prob": s.no_speech_prob,
        }
        for s in transcript.segments
    ]
    return json.dumps({"text": transcript.text, "segments": segments, "language": transcript.language})


FORMATS: dict[str, Callable[[Transcript], str]] = {
    "txt": to_txt,
    "vtt": to_vtt,
    "srt": to_srt,
    "tsv": to_tsv,
    "json": to_json,
}
"""Writers by the file's ending."""


def write_transcript(transcript: Transcript, audio: Path, folder: Path, format_: str) -> tuple[Path, ...]:
    """Write `<audio's name>.<ending>` into `folder` (made when needed), in one format or `all`; returns the files.

    Files are put in place whole. Raises UsageError for an unknown format, MissingError when the folder cannot be
    written.
    """
    if format_ != "all" and format_ not in FORMATS:
        raise UsageError(f"unknown output format `{format_}`; known: {', '.join(FORMATS)}, all")
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending in FORMATS if format_ == "all" else (format_,):
            path = folder / f"{audio.stem}.{ending}"
            temporary = folder / f".{path.name}.{os.getpid()}"
            temporary.write_text(FORMATS[ending](transcript), encoding="utf-8")
            temporary.replace(path)
            written.append(path)
    except OSError as error:
        raise MissingError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return tuple(written)


def _cue(text: str) -> str:
    return text.strip().replace("-->", "->")
