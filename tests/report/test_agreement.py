"""The compiled models against float32 on real speech: log-mel, the encoder's features, next tokens.

The windows are the sample, shifted and scaled copies of it, and one full of speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.report import agreement
from aiebuild.report.agreement import Agreement, NextTokens
from aiebuild.weights import WeightFiles, WhisperWeights
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.reference import ReferenceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer

pytestmark = [pytest.mark.weights, pytest.mark.slow]

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def windows(clip: NDArray[np.int16]) -> dict[str, NDArray[np.int16]]:
    """Samples of each window, up to 30 s."""
    full = np.concatenate([clip[:160000], clip[8000:], clip[16000:]])[: 30 * 16000]
    return {
        "sample": clip,
        "shifted": np.concatenate([np.zeros(11200, np.int16), clip]),
        "quiet": (clip // 8).astype(np.int16),
        "full": full,
    }


@dataclass
class Pair:
    """A compiled model and float32 with the same weights; each window is encoded once by both."""

    device: DeviceModel
    reference: ReferenceModel
    weights: WhisperWeights
    tokenizer: WhisperTokenizer
    clip: NDArray[np.int16]
    features: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    texts: dict[str, NextTokens] = field(default_factory=dict)

    def window(self, name: str, *, text: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features of both, [1500, n]; with `text` also the next tokens."""
        if name not in self.features or (text and name not in self.texts):
            samples = windows(self.clip)[name]
            audio, mel = self.device.prepare(samples), self.reference.prepare(samples).mel
            frames = min(N_FRAMES, audio.content_frames)
            self.device.encode(audio, 0, frames)
            padded = np.zeros((mel.shape[0], N_FRAMES), np.float32)
            padded[:, :frames] = mel[:, :frames]
            want = self.features[name][1] if name in self.features else self.reference.encode_mel(padded)
            self.features[name] = agreement.encoder_features(self.device, self.weights), want
            if text:
                self.reference.set_audio_features(want)
                said = agreement.float32_text(self.reference, self.tokenizer)
                self.texts[name] = agreement.forced_text(self.device, self.reference, *said)
        return self.features[name]


@pytest.fixture(scope="module", params=["base", "tiny_en"])
def pair(request: pytest.FixtureRequest, jfk_samples: NDArray[np.int16]) -> Iterator[Pair]:
    weights: WhisperWeights = request.getfixturevalue(f"{request.param}_weights")
    files: WeightFiles = request.getfixturevalue(f"{request.param}_files")
    artifact: Path = request.getfixturevalue(f"{request.param}_artifact")
    dims: ModelDims = weights.dims
    with DeviceModel.open(artifact) as device:
        reference = ReferenceModel(weights, dims)
        yield Pair(device, reference, weights, WhisperTokenizer(files.tokenizer_path, dims), jfk_samples)


def test_log_mel_is_openai_whispers(pair: Pair) -> None:
    # every 25th frame of openai/whisper's log_mel_spectrogram of the sample with 30 s of zeros behind it
    expected = np.load(GOLDEN / "openai_mel80_jfk.npy")
    mel = agreement.log_mel(pair.device.prepare(pair.clip)).T[:, ::25]
    assert mel.shape == expected.shape
    found = Agreement.of(mel, expected)
    assert found.correlation >= agreement.LOG_MEL_CORRELATION
    assert found.largest <= agreement.LOG_MEL_ERROR


@pytest.mark.parametrize("name", ["sample", "shifted", "quiet", "full"])
def test_encoder_is_close_to_float32(pair: Pair, name: str) -> None:
    found = Agreement.of(*pair.window(name))
    print(f"{name}: correlation {found.correlation:.5f}, SQNR {found.sqnr:.2f} dB")
    assert found.correlation > agreement.ENCODER_CORRELATION
    assert found.sqnr >= agreement.ENCODER_SQNR


def test_next_tokens_are_float32s(pair: Pair) -> None:
    for name in ("sample", "full"):
        pair.window(name, text=True)
    places = sum(t.places for t in pair.texts.values())
    same = sum(t.same for t in pair.texts.values())
    divergence = sum(t.divergence * t.places for t in pair.texts.values()) / places
    print(f"{same} of {places} best tokens are the same, mean KL divergence {divergence:.5f}")
    assert places > 80
    # over minutes of speech it is to be 99 % and half this divergence; a hundred places are too few to tell
    assert same >= places - 2
    assert divergence <= 2 * agreement.DIVERGENCE["int8"]


def test_agreement_of_known_signals() -> None:
    want = np.array([1.0, -1.0, 1.0, -1.0])
    found = Agreement.of(want * 1.1, want)
    assert found.correlation == pytest.approx(1)
    assert found.sqnr == pytest.approx(20)
    assert found.largest == pytest.approx(0.1)
    assert Agreement.of(want, want).sqnr == np.inf
