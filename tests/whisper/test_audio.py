"""Audio files: what decodes, to what samples, and one clear line for what does not."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiebuild.errors import AiebuildError, BuildError, UsageError
from aiebuild.whisper.audio import iter_audio, load_audio

SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "jfk.wav"


def write_wav(path: Path, samples: NDArray[np.int16], rate: int = 16000) -> Path:
    """Samples [n] or [n, channels]."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(samples).tobytes())
    return path


def write_coded(path: Path, codec: str, samples: NDArray[np.int16]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=16000)
        stream.layout = "mono"
        for start in range(0, samples.size, 4096):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate = 16000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def flac(tmp_path_factory: pytest.TempPathFactory, jfk_samples: NDArray[np.int16]) -> bytes:
    return write_coded(tmp_path_factory.mktemp("flac") / "jfk.flac", "flac", jfk_samples).read_bytes()


def test_the_sample_is_taken_as_it_is(jfk_samples: NDArray[np.int16]) -> None:
    audio = load_audio(SAMPLE)
    assert audio.samples.dtype == np.int16
    np.testing.assert_array_equal(audio.samples, jfk_samples)
    assert audio.seconds == 11.0
    assert audio.warnings == ()


def test_lossless_formats_agree_with_wav(flac: bytes, tmp_path: Path, jfk_samples: NDArray[np.int16]) -> None:
    path = tmp_path / "jfk.flac"
    path.write_bytes(flac)
    audio = load_audio(path)
    np.testing.assert_array_equal(audio.samples, jfk_samples)
    assert audio.warnings == ()


def test_a_lossy_format_is_close(tmp_path: Path, jfk_samples: NDArray[np.int16]) -> None:
    decoded = load_audio(write_coded(tmp_path / "jfk.mp3", "libmp3lame", jfk_samples)).samples[: jfk_samples.size]
    correlation = np.corrcoef(decoded.astype(float), jfk_samples[: decoded.size].astype(float))[0, 1]
    assert correlation > 0.95


def test_stereo_at_8_khz_becomes_mono_at_16(tmp_path: Path) -> None:
    time = np.arange(8000) / 8000
    left = np.round(8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    right = np.round(4000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    audio = load_audio(write_wav(tmp_path / "stereo.wav", np.stack([left, right], axis=1), 8000))
    assert audio.samples.size == 16000
    expected = 6000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    inner = slice(200, -200)
    assert np.abs(audio.samples[inner] - expected[inner]).max() < 60


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 11025, 22050, 44100, 48000]), channels=st.integers(1, 3), frames=st.integers(100, 9000)
)
def test_the_length_is_that_of_the_file(rate: int, channels: int, frames: int, tmp_path: Path) -> None:
    samples = np.zeros((frames, channels), np.int16)
    audio = load_audio(write_wav(tmp_path / "x.wav", samples, rate))
    assert abs(audio.samples.size - frames * 16000 / rate) <= 2
    assert not audio.samples.any()


def test_a_tenth_of_a_second(tmp_path: Path, jfk_samples: NDArray[np.int16]) -> None:
    audio = load_audio(write_wav(tmp_path / "short.wav", jfk_samples[:1600]))
    np.testing.assert_array_equal(audio.samples, jfk_samples[:1600])


def test_pieces_join_to_the_whole(jfk_samples: NDArray[np.int16]) -> None:
    blocks = list(iter_audio(SAMPLE, lambda line: pytest.fail(line)))
    assert max(block.size for block in blocks) < 20_000
    np.testing.assert_array_equal(np.concatenate(blocks), jfk_samples)


def test_a_truncated_flac_gives_what_decodes_and_says_so(
    flac: bytes, tmp_path: Path, jfk_samples: NDArray[np.int16]
) -> None:
    path = tmp_path / "cut.flac"
    path.write_bytes(flac[: len(flac) // 2])
    audio = load_audio(path)
    assert 50_000 < audio.samples.size < 120_000
    np.testing.assert_array_equal(audio.samples, jfk_samples[: audio.samples.size])
    (line,) = audio.warnings
    assert str(path) in line
    assert "damaged" in line or "truncated" in line


@pytest.mark.parametrize(("stated", "said"), [(None, True), (0, False), (0xFFFFFFFF, False)])
def test_a_truncated_wave_file_says_so_unless_it_was_written_as_a_stream(
    tmp_path: Path, jfk_samples: NDArray[np.int16], stated: int | None, said: bool
) -> None:
    path = tmp_path / "cut.wav"
    whole = SAMPLE.read_bytes()
    size = whole[4:8] if stated is None else stated.to_bytes(4, "little")
    path.write_bytes(whole[:4] + size + whole[8:200_078])
    audio = load_audio(path)
    np.testing.assert_array_equal(audio.samples, jfk_samples[:100_000])
    stands = f"{path}: truncated; has 6.2 s of the 11.0 s its header states"
    assert audio.warnings == ((stands,) if said else ())


def test_a_file_name_is_no_address(tmp_path: Path) -> None:
    path = tmp_path / "http:x.wav"
    path.write_bytes(SAMPLE.read_bytes())
    assert load_audio(path).samples.size == 176_000


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("This is no audio, whatever its name says.\n" * 40)


def _noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(5000))


def _no_samples(path: Path) -> None:
    write_wav(path, np.zeros(0, np.int16))


def _header_only(path: Path) -> None:
    path.write_bytes(SAMPLE.read_bytes()[:30])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_empty, "empty file"),
        (_text, "not an audio file"),
        (_noise, "not an audio file"),
        (_no_samples, "has no samples"),
        (_header_only, "not an audio file"),
    ],
)
def test_what_is_no_audio(make: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    make(path)
    with pytest.raises(BuildError, match=message) as caught:
        load_audio(path)
    assert caught.value.exit_code == 1
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_flac_of_which_nothing_is_left(flac: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    path.write_bytes(flac[:120])
    with pytest.raises(BuildError, match=r"cut\.flac"):
        load_audio(path)


def test_text_has_no_audio_in_it(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("words " * 200)
    with pytest.raises(BuildError, match=r"no audio in it|not an audio file"):
        load_audio(path)


@pytest.mark.parametrize("name", ["missing.wav", "."])
def test_what_is_not_there_is_a_usage_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_audio(tmp_path / name)
    assert caught.value.exit_code == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_corrupt_file_never_escapes(data: st.DataObject, flac: bytes, tmp_path: Path) -> None:
    broken = bytearray(flac)
    for _ in range(data.draw(st.integers(1, 5))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.flac"
    path.write_bytes(broken)
    try:
        load_audio(path)
    except AiebuildError as error:
        assert "\n" not in str(error)
