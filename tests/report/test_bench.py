"""`aiebuild bench`: its design is what its titles say, and its operations run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiebuild.designs.bench import SHAPE, bench_design
from aiebuild.designs.encoder_plan import plan_encoder
from aiebuild.report.bench import measure_operations

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_design_measures_the_product_it_names() -> None:
    design = bench_design()
    measures = {entry["sequence"]: entry for entry in design.metadata["measures"]}
    assert measures["gemm_int8"]["title"] == "int8 GEMM 1536 x 512 x 2048"
    assert measures["gemm_int8"]["macs"] == 1536 * 512 * 2048
    assert measures["attention"]["macs"] == 2 * 8 * 1500 * 1500 * 64
    plan = plan_encoder(SHAPE)
    assert SHAPE.text_layers * SHAPE.heads * 64 == 2048  # the keys' product has that many columns
    assert design.metadata["argument_bytes"][0] == plan.weight_bytes
    sequences = [sequence.name for sequence in design.overlays[0].sequences]
    assert sequences == ["encode", *measures]


def test_operations_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The design compiles and every operation runs to its end; what the times are is the machine's affair."""
    if not os.environ.get("AIEBUILD_ARTIFACTS"):
        monkeypatch.setenv("AIEBUILD_ARTIFACTS", str(ROOT / "artifacts"))  # the encoder's overlay stands there already
    figures = measure_operations("npu1", threads=2, repetitions=1)
    assert [figure.name for figure in figures] == [entry["title"] for entry in bench_design().metadata["measures"]]
    assert all(figure.seconds > 0 for figure in figures)
    assert figures[0].unit == "GMAC/s"
