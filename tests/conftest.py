"""Fixtures more than one folder of tests uses: real weights (from the cache, fetched at first use) and the sample."""

from __future__ import annotations

import os

# before NumPy is imported: its BLAS threads wait for each other, badly so where tests or builds run beside them
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from aiebuild.config.model import ModelConfig, load_model_config
from aiebuild.errors import MissingError
from aiebuild.resources import artifacts_dir
from aiebuild.weights import WeightFiles, WhisperWeights, fetch_weights, load_weights

# a loaded machine is slow: times are no property of the code under test; CI draws the same examples every time
settings.register_profile(
    "aiebuild", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("aiebuild")

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
        if os.environ.get("CI"):  # there, tests on real weights must run
            raise
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


def _artifact(name: str, device: str = "npu1") -> Path:
    """A model compiled by the command line into the checkout's `artifacts/` (`AIEBUILD_ARTIFACTS` overrides it).

    What stands and is up to date is taken as it is, so a second run of the tests does not compile again.
    """
    argv = [sys.executable, "-m", "aiebuild", "compile", "--model", name, "--device", device, "--target", "host"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return artifacts_dir() / f"{name}-{device}-host"


@pytest.fixture(scope="session")
def base_artifact(base_files: WeightFiles) -> Path:
    """The compiled artifact of Whisper base: `artifacts/base-npu1-host`."""
    return _artifact("base")


@pytest.fixture(scope="session")
def tiny_en_artifact(tiny_en_files: WeightFiles) -> Path:
    """The compiled artifact of Whisper tiny.en: `artifacts/tiny.en-npu1-host`."""
    return _artifact("tiny.en")


@pytest.fixture(scope="session")
def tiny_en_npu2_artifact(tiny_en_files: WeightFiles) -> Path:
    """The compiled artifact of Whisper tiny.en for the larger array: `artifacts/tiny.en-npu2-host`."""
    return _artifact("tiny.en", "npu2")
