"""Kernels of mlir-aie's `aie_kernels`, compiled as they are against the host's AIE API, compared with NumPy.

`AIEBUILD_MLIR_AIE` is the path of a checkout; without it these tests are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiebuild.emulation.aie_kernels import KERNELS, KernelCase
from aiebuild.emulation.kernel_survey import difference, run_kernel

CHECKOUT = os.environ.get("AIEBUILD_MLIR_AIE")
pytestmark = pytest.mark.skipif(
    CHECKOUT is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set"
)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_kernel_gives_what_numpy_does(kernel: KernelCase) -> None:
    got = run_kernel(kernel, Path(str(CHECKOUT)) / "aie_kernels")
    assert not difference(got, kernel)
