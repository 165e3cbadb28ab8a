"""Designs of mlir-aie's `test/npu-xrt`, run from a checkout beside the project, against what their tests expect.

`AIEBUILD_MLIR_AIE` is the path of the checkout; without it these tests are skipped. The expectations are those of each
design's own `test.cpp` or `test.py`, written down as data.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from aiebuild.emulation.expected import run_case
from aiebuild.emulation.npu_xrt import EXPECTED, Case

CHECKOUT = os.environ.get("AIEBUILD_MLIR_AIE")
pytestmark = pytest.mark.skipif(
    CHECKOUT is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set"
)

UNSET = ("uninitialised: memref.load: @counter: byte 0 of 4 was never written",)
KNOWN = {"local_reset/core": UNSET, "local_reset/core_reset_op": UNSET}
"""What designs do on purpose: these count from whatever the memory held before."""


@pytest.mark.parametrize("run", EXPECTED, ids=str)
def test_a_design_gives_what_its_own_test_expects(run: Case) -> None:
    got, expected, _ = run_case(run, Path(str(CHECKOUT)) / "test" / "npu-xrt")
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("run", EXPECTED, ids=str)
def test_in_the_checking_mode_it_gives_the_same_and_is_clean(run: Case) -> None:
    got, expected, findings = run_case(run, Path(str(CHECKOUT)) / "test" / "npu-xrt", sanitize=True)
    np.testing.assert_array_equal(got, expected)
    known = KNOWN.get(run.design, ())
    assert len(findings) == len(known), [str(finding) for finding in findings]
    for finding, text in zip(findings, known, strict=True):
        assert text in str(finding)
