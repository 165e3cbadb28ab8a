"""Designs of mlir-aie's `test/npu-xrt` in the checking mode: the same results, and nothing found but what is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiebuild.emulation import Result, emulate, expected
from aiebuild.emulation.npu_xrt import EXPECTED, Case

CHECKOUT = os.environ.get("AIEBUILD_MLIR_AIE")
pytestmark = pytest.mark.skipif(
    CHECKOUT is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set"
)

KNOWN = {"local_reset/core_reset_op": ["uninitialised: memref.load: @counter: byte 0 of 4 was never written"]}
"""What designs do on purpose: this one counts from whatever the memory held before."""


@pytest.mark.parametrize("run", EXPECTED, ids=str)
def test_a_design_gives_the_same_and_is_clean(run: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[Result] = []

    def checked(*arguments: Any, **options: Any) -> Result:
        results.append(emulate(*arguments, sanitize=True, isolated=True, **options))
        return results[-1]

    monkeypatch.setattr(expected, "emulate", checked)
    got, wanted = expected.run_expectation(run, Path(str(CHECKOUT)) / "test" / "npu-xrt")
    np.testing.assert_array_equal(got, wanted)
    (result,) = results
    known = KNOWN.get(run.design, [])
    assert len(result.findings) == len(known), [str(finding) for finding in result.findings]
    for finding, text in zip(result.findings, known, strict=True):
        assert text in str(finding)
