"""A model compiled for npu2, on the host: 32 cores, and what npu1's design hears and computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.manifest import store
from aiebuild.report.word_errors import normalised_words
from aiebuild.weights import pack
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

pytestmark = [pytest.mark.weights, pytest.mark.slow]


def run(artifact: Path, samples: NDArray[np.int16], beams: int | None) -> tuple[str, NDArray[np.float32], list[int]]:
    """The text, the last window's encoder output, and the cores that each stage used."""
    with DeviceModel.open(artifact) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        options = TranscribeOptions(language="en", temperatures=(0.0,), beam_size=beams)
        text = transcribe(model, tokenizer, samples, options).text.strip()
        output = pack.unpack_rows_int8(model.encoder_output())[:1500]
        return text, output, [stage.cores for stage in model.profile().stages if stage.overlay]


def test_it_hears_what_npu1_hears(
    tiny_en_npu2_artifact: Path, tiny_en_artifact: Path, jfk_samples: NDArray[np.int16]
) -> None:
    manifest = store.load(tiny_en_npu2_artifact)
    assert (manifest.device, manifest.target) == ("npu2", "host")
    text, output, cores = run(tiny_en_npu2_artifact, jfk_samples, None)
    spoken, expected, fewer = run(tiny_en_artifact, jfk_samples, None)
    assert normalised_words(text) == normalised_words(spoken)  # a full stop at the end is a tie
    assert (cores, fewer) == ([32, 32, 32], [16, 16, 16])
    noise = np.square(output - expected).sum() / np.square(expected).sum()
    assert 10 * np.log10(noise) < -28  # measured: -33.8; bf16 products are summed in another order


def test_beams(tiny_en_npu2_artifact: Path, jfk_samples: NDArray[np.int16]) -> None:
    text, _, _ = run(tiny_en_npu2_artifact, jfk_samples, 5)
    assert "ask not what your country can do for you" in text
