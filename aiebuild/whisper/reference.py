"""Whisper in NumPy float32: the reference of the designs, for tests and `aiebuild check` only; `run` never uses it.

Follows openai/whisper's `model.py`: activations are [positions, channels], in the decoder of all rows, one after the
other. With `record` given, every intermediate result is left in it under the names below; in the decoder, those of the
last call.

encoder: `encoder.mel` [n_mels, 3000]; `encoder.conv1`, `encoder.conv2` (after GELU; [3000, n], [1500, n]);
`encoder.embedded` (with positions); per block `B = encoder.blocks.L`: `B.attn_ln`, `B.attn.query`, `B.attn.key`,
`B.attn.value`, `B.attn.context` (heads joined, before the output projection), `B.attn.out`, `B.attn.residual`,
`B.mlp_ln`, `B.mlp.0` (before GELU), `B.mlp.1` (after), `B.mlp.2`, `B` (the block's output); `encoder.ln_post`.

decoder: `decoder.embedded`; per block the same and `B.cross_attn*`; `decoder.ln`, `decoder.logits`.
`B.attn.key` and `B.attn.value` hold all positions so far, of the last row; `B.cross_attn.key` and `.value` those of the
window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.whisper.candidates import reduce_logits
from aiebuild.whisper.constants import CHUNK_SECONDS, N_FRAMES
from aiebuild.whisper.reference_mel import log_mel_spectrogram
from aiebuild.whisper.samples import Samples, read_samples
from aiebuild.whisper.speech import Allowed, Candidates

FloatArray = NDArray[np.float32]

TIMESTAMPS = CHUNK_SECONDS * 50 + 1
"""Timestamp tokens, which end the vocabulary."""

LAYER_NORM_EPS = 1e-5
"""Added to the variance; PyTorch's default, which Whisper uses."""


@dataclass(frozen=True)
class ReferenceAudio:
    """A file's log-mel, float32 [n_mels, content_frames + 3000]."""

    mel: FloatArray

    @property
    def content_frames(self) -> int:
        """Mel frames of the file itself."""
        return self.mel.shape[1] - N_FRAMES


@dataclass
class _Row:
    """A token sequence: its window, the keys and values of each layer [n_text_ctx, n], and how many are there."""

    window: int
    cache: list[tuple[FloatArray, FloatArray]]
    length: int = 0

    def copy(self) -> _Row:
        """One that goes its own way."""
        return _Row(self.window, [(keys.copy(), values.copy()) for keys, values in self.cache], self.length)


class ReferenceModel:
    """A `SpeechModel` in NumPy.

    `weights` are under openai/whisper's names (`aiebuild.weights.WhisperWeights`); `record`, when given, collects
    intermediate results (see the module).
    """

    def __init__(
        self, weights: Mapping[str, FloatArray], dims: ModelDims, record: dict[str, FloatArray] | None = None
    ) -> None:
        self._dims = dims
        self._weights: dict[str, FloatArray] = {name: weights[name] for name in weights}
        self.record = record
        self._cross: dict[int, list[tuple[FloatArray, FloatArray]]] = {}
        self._rows: list[list[_Row]] = []
        self._suppressed: tuple[int, ...] = ()

    @property
    def dims(self) -> ModelDims:
        """The model's dimensions."""
        return self._dims

    @property
    def max_windows(self) -> int:
        """Windows that can be held at once."""
        return 32

    @property
    def max_rows(self) -> int:
        """Live rows a window can have."""
        return 8

    def prepare(self, samples: Samples) -> ReferenceAudio:
        """The log-mel of a whole file, with 30 s of zeros after it."""
        return ReferenceAudio(log_mel_spectrogram(read_samples(samples, 0, samples.size), self._dims.n_mels))

    def encode(self, audio: ReferenceAudio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        """Encode a window (see `SpeechModel.encode`) and compute the cross-attention's keys and values."""
        mel = np.zeros((self._dims.n_mels, N_FRAMES), np.float32)
        mel[:, :n_frames] = audio.mel[:, frame_offset : frame_offset + n_frames]
        self.set_audio_features(self.encode_mel(mel), window)

    def encode_mel(self, mel: FloatArray) -> FloatArray:
        """The encoder: log-mel [n_mels, 3000] -> features [1500, n]."""
        dims = self._dims
        self._note("encoder.mel", mel)
        x = self._note("encoder.conv1", gelu(self._conv("encoder.conv1", mel.T, stride=1)))
        x = self._note("encoder.conv2", gelu(self._conv("encoder.conv2", x, stride=2)))
        x = self._note("encoder.embedded", x + self._weights["encoder.positional_embedding"])
        for layer in range(dims.n_audio_layer):
            block = f"encoder.blocks.{layer}"
            h = self._norm(f"{block}.attn_ln", x)
            k, v = self._linear(f"{block}.attn.key", h), self._linear(f"{block}.attn.value", h)
            context = attention(self._linear(f"{block}.attn.query", h), k, v, dims.n_audio_head)
            x = x + self._linear(f"{block}.attn.out", self._note(f"{block}.attn.context", context))
            x = self._mlp(block, self._note(f"{block}.attn.residual", x))
        return self._norm("encoder.ln_post", x)

    def set_audio_features(self, features: FloatArray, window: int = 0) -> None:
        """Take encoder output [1500, n] (from `encode_mel` or from a device) as a window the decoder reads."""
        self._cross[window] = [
            (
                self._linear(f"decoder.blocks.{layer}.cross_attn.key", features),
                self._linear(f"decoder.blocks.{layer}.cross_attn.value", features),
            )
            for layer in range(self._dims.n_text_layer)
        ]
        self._rows = []

    def suppress(self, tokens: Sequence[int]) -> None:
        """Tokens that may not follow; see `SpeechModel.suppress`."""
        self._suppressed = tuple(tokens)

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed]
    ) -> tuple[list[Candidates], FloatArray]:
        """Start on the windows with a prompt each; see `SpeechModel.start`."""
        logits = self._start(prompts)
        no_speech = np.full(len(prompts), np.nan, np.float32)
        for window, (place, rows) in enumerate(zip(sot, logits, strict=True)):
            if place >= 0:
                no_speech[window] = softmax(rows[place])[self._no_speech]
        return reduce_logits(np.stack([rows[-1] for rows in logits]), allowed, self._suppressed), no_speech

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        """Append a token to each live row; see `SpeechModel.step`."""
        logits = self.step_logits(parents, tokens)
        return reduce_logits(logits, [one for window in allowed for one in window], self._suppressed)

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> FloatArray:
        """As `start`, on the windows from slot `window` on, with all logits after each prompt: [W, n_vocab]."""
        return np.stack([rows[-1] for rows in self._start(prompts, window)])

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> FloatArray:
        """As `step`, with all logits after each live row: [R, n_vocab]."""
        before, self._rows = self._rows, []
        for window, origins in zip(before, parents, strict=True):
            # the last row of a parent takes over its cache, the others copy it
            last = {origin: place for place, origin in enumerate(origins)}
            self._rows.append(
                [
                    window[origin] if last[origin] == place else window[origin].copy()
                    for place, origin in enumerate(origins)
                ]
            )
        rows = [row for window in self._rows for row in window]
        return np.concatenate(self._decode(rows, [[token] for window in tokens for token in window]))

    def all_logits(self, tokens: Sequence[int], window: int = 0) -> FloatArray:
        """The logits after each of `tokens`, a sequence of its own on one window: [len(tokens), n_vocab]."""
        return self._decode([self._row(window)], [tokens])[0]

    def decode_start(self, tokens: Sequence[int], positions: Sequence[int]) -> FloatArray:
        """Start a sequence with a prompt on window 0; logits at `positions`, [len(positions), n_vocab]."""
        return self._start([tokens])[0][list(positions)]

    def decode_step(self, token: int) -> FloatArray:
        """Append a token; logits after it, [n_vocab]."""
        return self.step_logits([[0]], [[token]])[0]

    @property
    def _no_speech(self) -> int:
        """The token of no speech: the one before that of no timestamps."""
        return self._dims.n_vocab - TIMESTAMPS - 2

    def _start(self, prompts: Sequence[Sequence[int]], first: int = 0) -> list[FloatArray]:
        self._rows = [[self._row(first + window)] for window in range(len(prompts))]
        return self._decode([rows[0] for rows in self._rows], prompts)

    def _row(self, window: int) -> _Row:
        shape = (self._dims.n_text_ctx, self._dims.n_text_state)
        layers = range(self._dims.n_text_layer)
        return _Row(window, [(np.zeros(shape, np.float32), np.zeros(shape, np.float32)) for _ in layers])

    def _decode(self, rows: Sequence[_Row], tokens: Sequence[Sequence[int]]) -> list[FloatArray]:
        """Append tokens to rows: the logits after each of them, a row an array."""
        dims = self._dims
        parts: list[tuple[_Row, slice]] = []  # each row's part of the activations
        places: list[int] = []
        for row, given in zip(rows, tokens, strict=True):
            if row.window not in self._cross:
                raise RuntimeError("decode before encode")
            if not 0 < len(given) <= dims.n_text_ctx - row.length:
                raise ValueError(f"{len(given)} tokens after {row.length}; the decoder holds {dims.n_text_ctx}")
            parts.append((row, slice(len(places), len(places) + len(given))))
            places += range(row.length, row.length + len(given))
        embedding = self._weights["decoder.token_embedding.weight"]
        x = embedding[[token for given in tokens for token in given]]
        x = x + self._weights["decoder.positional_embedding"][places]
        self._note("decoder.embedded", x)
        for layer in range(dims.n_text_layer):
            block = f"decoder.blocks.{layer}"
            h = self._norm(f"{block}.attn_ln", x)
            q = self._linear(f"{block}.attn.query", h)
            new_keys, new_values = self._linear(f"{block}.attn.key", h), self._linear(f"{block}.attn.value", h)
            context = np.empty_like(q)
            for row, part in parts:
                keys, values = row.cache[layer]
                end = row.length + part.stop - part.start
                keys[row.length : end], values[row.length : end] = new_keys[part], new_values[part]
                k = self._note(f"{block}.attn.key", keys[:end])
                v = self._note(f"{block}.attn.value", values[:end])
                context[part] = attention(q[part], k, v, dims.n_text_head, causal=True)
            x = x + self._linear(f"{block}.attn.out", self._note(f"{block}.attn.context", context))
            self._note(f"{block}.attn.residual", x)
            h = self._norm(f"{block}.cross_attn_ln", x)
            q = self._linear(f"{block}.cross_attn.query", h)
            context = np.empty_like(q)
            for row, part in parts:
                context[part] = attention(q[part], *self._cross[row.window][layer], dims.n_text_head)
            x = x + self._linear(f"{block}.cross_attn.out", self._note(f"{block}.cross_attn.context", context))
            x = self._mlp(block, self._note(f"{block}.cross_attn.residual", x))
        x = self._norm("decoder.ln", x)
        logits = self._note("decoder.logits", x @ embedding.T)
        for row, part in parts:
            row.length += part.stop - part.start
        return [logits[part] for _, part in parts]

    def _mlp(self, block: str, x: FloatArray) -> FloatArray:
        h = self._linear(f"{block}.mlp.0", self._norm(f"{block}.mlp_ln", x))
        h = self._note(f"{block}.mlp.1", gelu(h))
        return self._note(block, x + self._linear(f"{block}.mlp.2", h))

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        y = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return self._note(name, y if bias is None else y + bias)

    def _norm(self, name: str, x: FloatArray) -> FloatArray:
        return self._note(name, layer_norm(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]))

    def _conv(self, name: str, x: FloatArray, stride: int) -> FloatArray:
        """Kernel 3, padding 1, over positions: x [t, in] -> [t / stride, out]."""
        weight = self._weights[f"{name}.weight"]  # [out, in, 3]
        padded = np.pad(x, ((1, 1), (0, 0)))
        count = x.shape[0] // stride
        total = np.zeros((count, weight.shape[0]), np.float32)
        for tap in range(3):
            total += padded[tap : tap + count * stride : stride] @ weight[:, :, tap].T
        total += self._weights[f"{name}.bias"]
        return total

    def _note(self, name: str, value: FloatArray) -> FloatArray:
        if self.record is not None:
            self.record[name] = value.copy()
        return value


def attention(q: FloatArray, k: FloatArray, v: FloatArray, n_head: int, *, causal: bool = False) -> FloatArray:
    """Multi-head attention of q [m, n] over k, v [l, n]; heads are runs of channels. Returns [m, n].

    `causal`: query i, which is position l - m + i, sees positions up to its own.
    """
    size = q.shape[1] // n_head
    context = np.empty_like(q)
    for head in range(n_head):
        columns = slice(head * size, (head + 1) * size)
        scores = np.matmul(q[:, columns], k[:, columns].T)
        scores *= np.float32(size**-0.5)
        if causal:
            scores[np.triu(np.ones(scores.shape, bool), k.shape[0] - q.shape[0] + 1)] = -np.inf
        context[:, columns] = softmax(scores) @ v[:, columns]
    return context


def softmax(x: FloatArray) -> FloatArray:
    """Softmax over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x: FloatArray, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Layer norm over the last axis, population variance, epsilon 1e-5."""
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(LAYER_NORM_EPS)) * weight + bias


def gelu(x: FloatArray) -> FloatArray:
    """The exact GELU, x * Phi(x), in float32."""
    flat = np.ascontiguousarray(x, np.float32).reshape(-1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, 1 << 16):  # blocks that stay in the cache
        piece = flat[start : start + (1 << 16)]
        out[start : start + (1 << 16)] = np.float32(0.5) * piece * (1 + erf(piece * np.float32(math.sqrt(0.5))))
    return out.reshape(x.shape)


# Rational approximation of erf on [-4, 4], odd over even powers; within 3e-7 of erf (source: Eigen, `erf_float`)
_ERF_NUMERATOR = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_DENOMINATOR = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


def erf(x: FloatArray) -> FloatArray:
    """The error function in float32; absolute error below 4e-7."""
    x = np.clip(x, np.float32(-4), np.float32(4))
    x2 = x * x
    return x * _horner(_ERF_NUMERATOR, x2) / _horner(_ERF_DENOMINATOR, x2)


def _horner(coefficients: Sequence[float], x: FloatArray) -> FloatArray:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += np.float32(coefficient)
    return total
