"""Audio files, of any kind ffmpeg's libraries read, as 16 kHz mono int16 samples.

openai/whisper has the ffmpeg program decode to `s16le`; PyAV runs the same libraries, resampler and rounding, so the
samples are the same. They stay int16: the mel front end on the device takes them as they are.

A damaged or truncated file: what decodes is used and what is wrong with it is a warning, as with the ffmpeg program.
A file of which nothing decodes is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from aiebuild.errors import BuildError, UsageError
from aiebuild.whisper.constants import SAMPLE_RATE
from aiebuild.whisper.samples import Recording

Warn = Callable[[str], None]

_EXACT_FORMATS = frozenset({"wav", "flac", "w64", "aiff", "au", "caf"})
"""Containers whose header gives the length to the sample; in others it is an estimate."""

_SHORT_SECONDS = 0.1
"""A file that is shorter than its header says by more than this gets a warning."""


@dataclass(frozen=True)
class DecodedAudio:
    """A decoded file: 16 kHz mono samples, int16 [n], n >= 1; and what was wrong with the file, a line each."""

    path: Path
    samples: NDArray[np.int16]
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The length."""
        return self.samples.size / SAMPLE_RATE


def record(path: Path, warn: Warn) -> Recording:
    """Decode a whole file, in constant memory. `warn` and errors as `iter_audio`."""
    recording = Recording()
    for block in iter_audio(path, warn):
        recording.append(block)
    return recording


def load_audio(path: Path) -> DecodedAudio:
    """Decode a whole file.

    Raises UsageError when there is no such file, BuildError when it is empty, not audio, or nothing of it decodes.
    """
    warnings: list[str] = []
    data = bytearray()  # grows in place; one copy of the samples, whatever the length
    for block in iter_audio(path, warnings.append):
        data += block.tobytes()
    return DecodedAudio(path, np.frombuffer(data, np.int16), tuple(warnings))


def iter_audio(path: Path, warn: Warn) -> Iterator[NDArray[np.int16]]:
    """Decode a file piece by piece, in constant memory: int16 [m] each, as the container's packets come.

    `warn` takes a line for each thing that is wrong with a file of which something decodes. Raises as `load_audio`.
    """
    _check_file(path)
    try:
        # the prefix keeps ffmpeg from taking a name for an address
        container = av.open(f"file:{path}", mode="r", metadata_errors="ignore")
    except (FFmpegError, ValueError) as error:
        raise BuildError(f"{path}: not an audio file that can be read: {_reason(error)}") from None
    with container:
        if not container.streams.audio:
            raise BuildError(f"{path}: has no audio in it")
        yield from _Decoder(path, container, container.streams.audio[0], warn).blocks()


class _Decoder:
    def __init__(self, path: Path, container: InputContainer, stream: AudioStream, warn: Warn) -> None:
        self.path = path
        self.container = container
        self.stream = stream
        self.warn = warn
        self.bad_packets = 0
        self.samples = 0
        self.resampler: AudioResampler | None = None
        self.input_format: tuple[str, str, int] | None = None

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        for frame in self._frames():
            yield from self._resample(frame)
        yield from self._flush()
        if self.samples == 0:
            what = "nothing in it can be decoded" if self.bad_packets else "has no samples in it"
            raise BuildError(f"{self.path}: {what}")
        self._warn_of_damage()

    def _frames(self) -> Iterator[AudioFrame]:
        """Frames in order; packets and containers that are broken are counted and passed over."""
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError):
                self.bad_packets += 1
                return
            try:
                frames = packet.decode()
            except (FFmpegError, OSError):
                self.bad_packets += 1
                continue
            for frame in frames:
                if frame.samples > 0:
                    yield frame

    def _resample(self, frame: AudioFrame) -> Iterator[NDArray[np.int16]]:
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if found != self.input_format:  # at the start, and where a file changes its format
            yield from self._flush()
            self.resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
            self.input_format = found
        assert self.resampler is not None
        frame.pts = None  # samples follow each other, whatever the time stamps say
        for resampled in self.resampler.resample(frame):
            yield self._take(resampled)

    def _flush(self) -> Iterator[NDArray[np.int16]]:
        if self.resampler is not None:
            for resampled in self.resampler.resample(None):
                yield self._take(resampled)
            self.resampler = None

    def _take(self, frame: AudioFrame) -> NDArray[np.int16]:
        block: NDArray[np.int16] = frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
        self.samples += block.size
        return block

    def _warn_of_damage(self) -> None:
        seconds = self.samples / SAMPLE_RATE
        if self.bad_packets:
            self.warn(f"{self.path}: damaged; {seconds:.1f} s of it can be decoded")
            return
        stream = self.stream
        if stream.duration is None or stream.time_base is None:
            return
        stated = float(stream.duration * stream.time_base)
        if _EXACT_FORMATS.intersection(self.container.format.name.split(",")) and stated - seconds > _SHORT_SECONDS:
            self.warn(f"{self.path}: truncated; has {seconds:.1f} s of the {stated:.1f} s its header states")
            return
        if not stream.bit_rate:
            return
        # of a wave file ffmpeg takes the length from what is there
        missing = _missing_bytes(self.path) * 8 / stream.bit_rate
        if missing > _SHORT_SECONDS:
            self.warn(f"{self.path}: truncated; has {seconds:.1f} s of the {seconds + missing:.1f} s its header states")


def _missing_bytes(path: Path) -> int:
    """How many bytes a wave file has less than its header states; 0 where that says nothing (written as a stream)."""
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        head = file.read(12)
    stated = int.from_bytes(head[4:8], "little") + 8
    known = head[:4] == b"RIFF" and head[8:] == b"WAVE" and stated not in (8, 0xFFFFFFFF + 8)
    return max(0, stated - path.stat().st_size) if known else 0


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UsageError(f"{path}: is a folder, not an audio file")
        if size == 0 and path.is_file():
            raise BuildError(f"{path}: empty file")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise BuildError(f"{path}: cannot be read: {error.strerror}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, FFmpegError):
        return (error.strerror or str(error)).lower()
    return str(error)
