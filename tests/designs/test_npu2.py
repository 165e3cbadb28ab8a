"""The designs on npu2: eight columns of cores, AIE2P's products, from the same templates and kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aiebuild.designs import decoder, decoder_trials, encoder, encoder_trials
from aiebuild.designs.grid import NPU1, ROWS, grid_of
from aiebuild.designs.trial import Kernels, Trial
from aiebuild.errors import UsageError
from aiebuild.report.kernels import kernel_library

NPU2 = grid_of("npu2")


@pytest.fixture(scope="module")
def encoder_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kernel_library("encoder", encoder.KERNELS, tmp_path_factory.mktemp("npu2-encoder"), NPU2)


@pytest.fixture(scope="module")
def decoder_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kernel_library("decoder", decoder.KERNELS, tmp_path_factory.mktemp("npu2-decoder"), NPU2)


def all_agree(trials: Iterator[Trial]) -> None:
    assert [trial.mismatch for trial in trials if trial.mismatch] == []


def test_grids_come_from_the_targets() -> None:
    assert (NPU1.columns, NPU1.rows, NPU1.block_rows, NPU1.defines) == (4, ROWS, 4, ())
    assert (NPU2.columns, NPU2.rows, NPU2.block_rows, NPU2.cores) == (8, ROWS, 8, 32)
    assert NPU2.a_columns == (0, 2, 4, 6)
    assert grid_of("npu2_4col").columns == 4
    with pytest.raises(UsageError, match="no designs for npu1_2col: 2 columns and 4 rows of cores"):
        grid_of("npu1_2col")


def test_encoder_kernels(encoder_library: Path) -> None:
    all_agree(encoder_trials.trials(encoder_library, NPU2))


@pytest.mark.parametrize(("channel_tiles", "column"), [(6, 0), (8, 7), (12, 5), (20, 3)])
def test_layer_norm_on_either_half(encoder_library: Path, channel_tiles: int, column: int) -> None:
    kernels, rng = Kernels(encoder_library, NPU2), np.random.default_rng(column)
    all_agree(iter([encoder_trials.layer_norm(kernels, rng, channel_tiles=channel_tiles, column=column)]))


def test_the_last_column(encoder_library: Path) -> None:
    kernels, rng = Kernels(encoder_library, NPU2), np.random.default_rng(0)
    place = encoder_trials.Epilogue(residual=True, tile=1, row=3, column=7, rows=(1, 190))
    all_agree(iter([
        encoder_trials.gemm_bf16(kernels, rng, epilogue=place),
        encoder_trials.attention(kernels, rng, keys=70, column=7),
        encoder_trials.normalise(kernels, rng, column=7, row=3),
    ]))  # fmt: skip


def test_decoder_kernels(decoder_library: Path) -> None:
    all_agree(decoder_trials.trials(decoder_library, NPU2))


def test_int8_products_are_the_same_on_both(encoder_library: Path, encoder_kernels: Kernels) -> None:
    got = [
        encoder_trials.gemm_int8(kernels, np.random.default_rng(5), steps=3).got
        for kernels in (encoder_kernels, Kernels(encoder_library, NPU2))
    ]
    np.testing.assert_array_equal(got[0], got[1])
