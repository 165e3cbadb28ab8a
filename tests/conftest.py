"""Fixtures more than one folder of tests uses: real weights (from the cache, fetched at first use) and the sample."""

from __future__ import annotations

import os

# before NumPy is imported: its BLAS threads wait for each other, badly so where tests or builds run beside them
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.config.model import ModelConfig, load_model_config
from aiebuild.errors import MissingError
from aiebuild.weights import WeightFiles, WhisperWeights, fetch_weights, load_weights

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def jfk_samples() -> NDArray[np.int16]:
    """The sample, 16 kHz mono int16 [176000]."""
    with wave.open(str(ROOT / "samples" / "jfk.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def _files(name: str) -> WeightFiles:
    try:
        return fetch_weights(load_model_config(name), report=print)
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def base_config() -> ModelConfig:
    return load_model_config("base")


@pytest.fixture(scope="session")
def tiny_en_config() -> ModelConfig:
    return load_model_config("tiny.en")


@pytest.fixture(scope="session")
def base_files() -> WeightFiles:
    return _files("base")


@pytest.fixture(scope="session")
def tiny_en_files() -> WeightFiles:
    return _files("tiny.en")


@pytest.fixture(scope="session")
def base_weights(base_files: WeightFiles, base_config: ModelConfig) -> WhisperWeights:
    return load_weights(base_files, base_config)


@pytest.fixture(scope="session")
def tiny_en_weights(tiny_en_files: WeightFiles, tiny_en_config: ModelConfig) -> WhisperWeights:
    return load_weights(tiny_en_files, tiny_en_config)
