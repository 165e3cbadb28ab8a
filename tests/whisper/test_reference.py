"""The NumPy reference: against openai/whisper's log-mel, CTranslate2's encoder and faster-whisper's text."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiebuild.config.model import ModelConfig
from aiebuild.weights import WeightFiles, WhisperWeights
from aiebuild.whisper.reference import ReferenceAudio, ReferenceModel, attention, erf, gelu, layer_norm, softmax
from aiebuild.whisper.reference_mel import log_mel_spectrogram, mel_filters
from aiebuild.whisper.speech import Allowed
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "jfk.wav"


@pytest.fixture(scope="module")
def tiny_en(tiny_en_weights: WhisperWeights, tiny_en_config: ModelConfig) -> ReferenceModel:
    return ReferenceModel(tiny_en_weights, tiny_en_config.dims)


@pytest.mark.parametrize(("n_mels", "every"), [(80, 25), (128, 50)])
def test_log_mel_is_openai_whispers(n_mels: int, every: int, jfk_samples: NDArray[np.int16]) -> None:
    # openai/whisper computes in float32 (largest difference 1.4e-5); values made with its log_mel_spectrogram
    expected = np.load(GOLDEN / f"openai_mel{n_mels}_jfk.npy")
    mel = log_mel_spectrogram(jfk_samples, n_mels)
    assert mel.shape == (n_mels, 4100)
    np.testing.assert_allclose(mel[:, ::every], expected, atol=5e-5)


def test_log_mel_takes_float_samples_too(jfk_samples: NDArray[np.int16]) -> None:
    as_float = jfk_samples.astype(np.float32) / np.float32(32768)
    np.testing.assert_array_equal(log_mel_spectrogram(jfk_samples, 80), log_mel_spectrogram(as_float, 80))


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 1600])
def test_log_mel_of_short_files(samples: int) -> None:
    mel = log_mel_spectrogram(np.full(samples, 1000, np.int16), 80)
    assert mel.shape == (80, samples // 160 + 3000)
    assert np.isfinite(mel).all()
    if samples == 0:
        assert np.all(mel == -1.5)  # log10(1e-10), scaled


def test_filters_are_triangles_of_equal_area() -> None:
    for n_mels in (80, 128):
        filters = mel_filters(n_mels)
        assert filters.shape == (n_mels, 201)
        assert filters.min() == 0
        # Slaney's normalisation: area 1 over Hz, in bins of 40 Hz; the narrow ones of 128 are sampled coarsely
        np.testing.assert_allclose(filters[n_mels // 2 :].sum(axis=1) * 40, 1, atol=0.15)


def test_erf_and_gelu() -> None:
    x = np.linspace(-6, 6, 4001, dtype=np.float32)
    exact = np.array([math.erf(v) for v in x.tolist()])
    np.testing.assert_allclose(erf(x), exact, atol=4e-7)
    phi = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    np.testing.assert_allclose(gelu(x.reshape(1, -1))[0], x * phi, atol=2e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 5), earlier=st.integers(0, 4))
def test_causal_attention_does_not_look_ahead(seed: int, rows: int, earlier: int) -> None:
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((rows, 128), np.float32)
    k, v = rng.standard_normal((2, rows + earlier, 128), np.float32)
    whole = attention(q, k, v, 2, causal=True)
    for row in range(rows):
        seen = earlier + row + 1
        alone = attention(q[row : row + 1], k[:seen], v[:seen], 2)
        np.testing.assert_allclose(whole[row : row + 1], alone, atol=1e-5)


def test_softmax_and_layer_norm() -> None:
    x = np.array([[1000.0, 1000.0, -1000.0, 999.0]], np.float32)
    p = softmax(x)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-6)
    assert p[0, 2] == 0
    ones, zeros = np.ones(64, np.float32), np.zeros(64, np.float32)
    y = layer_norm(np.random.default_rng(0).normal(5, 3, (3, 64)).astype(np.float32), ones, zeros)
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=-1), 1, atol=1e-3)


def test_a_window_beyond_the_file_is_zero_after_normalisation(
    tiny_en: ReferenceModel, jfk_samples: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[NDArray[np.float32]] = []

    def keep(mel: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(mel)
        return np.zeros((1500, 384), np.float32)

    monkeypatch.setattr(tiny_en, "encode_mel", keep)
    audio = tiny_en.prepare(jfk_samples)
    assert audio.content_frames == 1100
    tiny_en.encode(audio, 1000, 100)
    np.testing.assert_array_equal(seen[0][:, :100], audio.mel[:, 1000:1100])
    assert not seen[0][:, 100:].any()
    tiny_en.encode(audio, 0, 3000)  # language detection sees the log-mel of silence after the end instead
    np.testing.assert_array_equal(seen[1], audio.mel[:, :3000])
    assert (seen[1][:, 2000:] < 0).all()


@pytest.mark.weights
@pytest.mark.parametrize("name", ["tiny_en", "base"])
def test_encoder_is_ctranslate2s(name: str, request: pytest.FixtureRequest, jfk_samples: NDArray[np.int16]) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2")
    files: WeightFiles = request.getfixturevalue(f"{name}_files")
    if files.format != "ctranslate2":
        pytest.skip("the weights in the cache are not CTranslate2's")
    weights: WhisperWeights = request.getfixturevalue(f"{name}_weights")
    record: dict[str, NDArray[np.float32]] = {}
    model = ReferenceModel(weights, weights.dims, record)
    mel = np.zeros((80, 3000), np.float32)
    mel[:, :1100] = log_mel_spectrogram(jfk_samples, 80)[:, :1100]
    ours = model.encode_mel(mel)
    peer = ctranslate2.models.Whisper(str(files.folder), compute_type="float32", intra_threads=1)
    theirs = np.array(peer.encode(ctranslate2.StorageView.from_array(mel[None])))[0]
    # both float32; sums in another order
    assert np.abs(ours - theirs).max() < 2e-3
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9999999
    # the record has every step, and the last is the result
    np.testing.assert_array_equal(record["encoder.ln_post"], ours)
    last = f"encoder.blocks.{weights.dims.n_audio_layer - 1}"
    for step in ("attn_ln", "attn.query", "attn.context", "attn.out", "attn.residual", "mlp_ln", "mlp.0", "mlp.1"):
        assert record[f"{last}.{step}"].shape[0] == 1500
    assert record["encoder.conv1"].shape == (3000, weights.dims.n_audio_state)


@pytest.mark.weights
def test_decoder_steps_agree_with_one_prefill(tiny_en: ReferenceModel) -> None:
    rng = np.random.default_rng(0)
    tiny_en.set_audio_features(rng.standard_normal((1500, 384), np.float32))
    tokens = [50257, 50362, *rng.integers(0, 50000, 9).tolist()]
    whole = tiny_en.decode_start(tokens, range(len(tokens)))
    for split in (1, 2, 5):
        first = tiny_en.decode_start(tokens[:split], range(split))
        steps = [tiny_en.decode_step(token) for token in tokens[split:]]
        np.testing.assert_allclose(np.concatenate([first, steps]), whole, atol=2e-3)
    np.testing.assert_array_equal(tiny_en.decode_start(tokens, [3, 0]).argmax(1), whole[[3, 0]].argmax(1))


@pytest.mark.weights
def test_rows_of_several_windows_are_sequences_alone(tiny_en: ReferenceModel) -> None:
    """Rows that fork, end and change places; prompts of different lengths."""
    rng = np.random.default_rng(1)
    features = [rng.standard_normal((1500, 384), np.float32) for _ in range(3)]
    prompts = [[50257, 50362], [50257, 17, 400, 50362, 9], [50257]]
    steps = [  # parents and tokens of each window
        ([[0, 0, 0], [0], []], [[5, 6, 7], [8], []]),
        ([[2, 0, 2], [0, 0], []], [[11, 12, 13], [14, 15], []]),
        ([[1], [1, 0, 1], []], [[21], [22, 23, 24], []]),
    ]
    for window, one in enumerate(features):
        tiny_en.set_audio_features(one, window)
    rows = [[list(prompt)] for prompt in prompts]
    found = [(rows, tiny_en.start_logits(prompts))]
    for parents, tokens in steps:
        rows = [
            [[*before[parent], token] for parent, token in zip(origins, new, strict=True)]
            for before, origins, new in zip(rows, parents, tokens, strict=True)
        ]
        found.append((rows, tiny_en.step_logits(parents, tokens)))
    for state, logits in found:
        alone = [tiny_en.all_logits(row, window)[-1] for window, rows in enumerate(state) for row in rows]
        np.testing.assert_allclose(logits, alone, atol=2e-3)


@pytest.mark.weights
def test_start_reduces_the_last_logits_and_reads_no_speech_at_its_place(tiny_en: ReferenceModel) -> None:
    tiny_en.set_audio_features(np.random.default_rng(2).standard_normal((1500, 384), np.float32))
    prompt = [50257, 100, 200]
    logits = tiny_en.all_logits(prompt)
    tiny_en.suppress([int(logits[-1].argmax())])
    found, no_speech = tiny_en.start([prompt], [1], [Allowed((0, 50363), (50363, 51864))])
    order = np.argsort(-logits[-1, :50363])[1:9]
    assert list(found[0].text.tokens) == order.tolist()
    assert no_speech[0] == pytest.approx(softmax(logits[1])[50361], rel=1e-4)
    assert np.isnan(tiny_en.start([prompt], [-1], [Allowed((0, 1), (0, 0))])[1][0])
    tiny_en.suppress([])


@pytest.mark.weights
def test_too_many_tokens_are_refused(tiny_en: ReferenceModel) -> None:
    tiny_en.set_audio_features(np.zeros((1500, 384), np.float32))
    tiny_en.decode_start([0] * 448, [447])
    with pytest.raises(ValueError, match="the decoder holds 448"):
        tiny_en.decode_step(0)
    with pytest.raises(ValueError, match="0 tokens"):
        tiny_en.decode_start([], [])


@pytest.mark.weights
@pytest.mark.parametrize(("name", "beam_size"), [("tiny_en", 1), ("tiny_en", 5), ("base", 1)])
def test_text_is_faster_whispers(
    name: str, beam_size: int, request: pytest.FixtureRequest, jfk_samples: NDArray[np.int16]
) -> None:
    faster_whisper = pytest.importorskip("faster_whisper")
    files: WeightFiles = request.getfixturevalue(f"{name}_files")
    if files.format != "ctranslate2":
        pytest.skip("the weights in the cache are not CTranslate2's")
    weights: WhisperWeights = request.getfixturevalue(f"{name}_weights")
    peer = faster_whisper.WhisperModel(str(files.folder), device="cpu", compute_type="float32", cpu_threads=1)
    segments, info = peer.transcribe(str(SAMPLE), beam_size=beam_size)
    theirs = "".join(segment.text for segment in segments)
    model = ReferenceModel(weights, weights.dims)
    tokenizer = WhisperTokenizer(files.tokenizer_path, weights.dims)
    ours = transcribe(model, tokenizer, jfk_samples, TranscribeOptions(beam_size=beam_size))
    assert ours.text == theirs
    assert ours.language == info.language == "en"
    assert "ask not what your country can do for you" in ours.text


def test_reference_audio_counts_content() -> None:
    assert ReferenceAudio(np.zeros((80, 3011), np.float32)).content_frames == 11
