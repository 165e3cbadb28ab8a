"""The overlays' kernels, compiled once a run."""

from __future__ import annotations

import pytest

from aiebuild.designs import decoder, encoder
from aiebuild.designs.trial import Kernels
from aiebuild.report.kernels import kernel_library


@pytest.fixture(scope="session")
def encoder_kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return Kernels(kernel_library("encoder", encoder.KERNELS, tmp_path_factory.mktemp("encoder-kernels")))


@pytest.fixture(scope="session")
def decoder_kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return Kernels(kernel_library("decoder", decoder.KERNELS, tmp_path_factory.mktemp("decoder-kernels")))


@pytest.fixture(scope="session")
def counted_decoder_kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    folder = tmp_path_factory.mktemp("counted-decoder-kernels")
    return Kernels(kernel_library("decoder", decoder.KERNELS, folder, count=True))
