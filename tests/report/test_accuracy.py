"""The tables of `aiebuild check MODEL`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiebuild.build.models import ModelBuild
from aiebuild.designs import encoder_trials, reference
from aiebuild.designs.trial import Trial
from aiebuild.report.accuracy import check_kernels, check_stages

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "jfk.wav"


def test_every_kernel_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_kernels("npu1")
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "kernel"
    assert len(rows) > 20
    assert all(row.endswith(" agrees") for row in rows)
    families = ("gemm_int8", "gemm_bf16", "attention", "layer_norm", "normalise", "linear_merge", "cross-attention")
    for family in families:
        assert any(family in row for row in rows)


def test_a_kernel_that_is_off_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    expected = reference.Expected(np.zeros(4), np.ones(4))
    wrong = Trial("encoder attention", expected, np.array([0.0, 0.5, -3.0, 1.0]))
    monkeypatch.setattr(encoder_trials, "trials", lambda library, grid: iter([wrong]))
    assert not check_kernels("npu1")
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1].split() == ["encoder", "attention", "3.00", "differs"]
    assert "encoder attention: at (2,): expected 0 within 1, got -3; 1 of 4 are off" in shown.err


@pytest.mark.weights
@pytest.mark.slow
def test_every_stage_of_a_model(
    tiny_en_artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(tiny_en_artifact.parent))
    good = check_stages(ModelBuild("tiny.en"), SAMPLE)
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split("  ")[0] for row in rows] == ["log-mel"] * 2 + ["encoder"] * 2 + ["decoder, text given"] * 2
    assert good == all(row.endswith("good") for row in rows)
    assert all(row.endswith("good") for row in rows[:5])
