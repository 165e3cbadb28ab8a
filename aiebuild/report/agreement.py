"""How far a model on a device is from float32, stage by stage: behind `aiebuild check`, tests and benchmarks.

The float32 model is `aiebuild.whisper.reference`. A window's features are compared as they leave the final layer norm;
the decoder by its next tokens where the text is given, which does not drift as two transcripts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.encoder_plan import POSITIONS
from aiebuild.weights import WhisperWeights
from aiebuild.weights.pack import unpack_rows_int8
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.decoding import Context, DecodingOptions, decode_window
from aiebuild.whisper.model import DeviceAudio, DeviceModel
from aiebuild.whisper.reference import ReferenceModel
from aiebuild.whisper.speech import SpeechModel
from aiebuild.whisper.tokenizer import WhisperTokenizer

FloatArray = NDArray[np.float32]

LOG_MEL_CORRELATION = 0.9999
LOG_MEL_ERROR = 0.02
"""Largest difference on the final scale; two well-known float32 implementations differ by up to 0.085 somewhere."""
ENCODER_CORRELATION = 0.995
ENCODER_SQNR = 20.0
SAME_TOKEN = {"int8": 0.99, "mixed": 0.9, "int4": 0.9}
DIVERGENCE = {"int8": 0.001, "mixed": 0.05, "int4": 0.05}
"""Mean KL divergence in nats of the next token's distribution from float32's; by the type of the decoder's weights."""


@dataclass(frozen=True)
class Agreement:
    """A signal beside its reference: correlation, ratio of signal to error in dB, largest error."""

    correlation: float
    sqnr: float
    largest: float

    @staticmethod
    def of(got: NDArray[Any], want: NDArray[Any]) -> Agreement:
        """Of two arrays of one shape."""
        x, y = got.astype(np.float64).reshape(-1), want.astype(np.float64).reshape(-1)
        error = float(np.square(x - y).sum())
        signal = float(np.square(y).sum())
        with np.errstate(divide="ignore"):
            sqnr = float(10 * np.log10(np.float64(signal) / error)) if error else np.inf
        return Agreement(float(np.corrcoef(x, y)[0, 1]), sqnr, float(np.abs(x - y).max()))


@dataclass(frozen=True)
class NextTokens:
    """Next tokens where the text is given: places, those with float32's best token, mean KL divergence in nats."""

    places: int
    same: int
    divergence: float

    @property
    def rate(self) -> float:
        """Part of the places with the same best token."""
        return self.same / self.places


def log_mel(audio: DeviceAudio) -> FloatArray:
    """A device's log-mel on Whisper's final scale, [frames, n_mels]."""
    mel = np.maximum(audio.rows(0, audio.content_frames + N_FRAMES), audio.floor)
    return mel.astype(np.float32) / np.float32(8192) + np.float32(1)


def encoder_features(model: DeviceModel, weights: WhisperWeights) -> FloatArray:
    """The features of the window that `model` encoded last, [1500, n]: what the device keeps, with the factors undone
    that were moved into the weights behind it, and layer norm's beta, which is in the next bias."""
    rows = unpack_rows_int8(model.encoder_output())[:POSITIONS, : model.dims.n_audio_state]
    return rows * model.encoder_factors() + weights["encoder.ln_post.bias"]


def forced_text(
    model: SpeechModel[Any], reference: ReferenceModel, prompt: Sequence[int], text: Sequence[int]
) -> NextTokens:
    """Both models' next tokens after `prompt` and after each token of `text`, on the windows in their slots 0."""
    ours = [model.start_logits([prompt])[0].copy()]
    ours += [model.step_logits([[0]], [[token]])[0].copy() for token in text]
    return next_tokens(np.stack(ours), float32_logits(reference, prompt, text))


def float32_logits(reference: ReferenceModel, prompt: Sequence[int], text: Sequence[int]) -> FloatArray:
    """Float32's logits after `prompt` and after each token of `text`, [1 + len(text), n_vocab]."""
    return reference.all_logits([*prompt, *text])[len(prompt) - 1 :]


def next_tokens(ours: FloatArray, theirs: FloatArray) -> NextTokens:
    """How far logits [places, n_vocab] are from float32's."""
    p, q = _log_softmax(theirs), _log_softmax(ours)
    same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    return NextTokens(len(ours), same, float((np.exp(p) * (p - q)).sum(axis=1).mean()))


def float32_text(reference: ReferenceModel, tokenizer: WhisperTokenizer) -> tuple[list[int], list[int]]:
    """(prompt, tokens): what float32 says, greedily and with timestamps, of the English window it encoded last."""
    prompt = list(tokenizer.sot_sequence("en", "transcribe"))
    said = decode_window(reference, tokenizer, DecodingOptions(), Context("en"))
    return prompt, list(said.tokens)


def _log_softmax(x: FloatArray) -> NDArray[np.float64]:
    shifted = x.astype(np.float64) - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
