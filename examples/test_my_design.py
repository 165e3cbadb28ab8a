"""How to test a design of one's own with pytest, on any machine: `pip install aiebuild pytest`, then `pytest`.

`design.mlir` may use anything in the supported subset; kernels are C++ against the AIE API. No NPU is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import aiebuild

HERE = Path(__file__).parent
Run = Callable[..., tuple[NDArray[np.generic], ...]]


@pytest.fixture
def run() -> Run:
    """Runs the design in the checking mode: what it finds fails the test, with the line, the tile and the buffer."""

    def run(*inputs: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
        result = aiebuild.emulate(HERE / "design.mlir", [HERE / "kernel.cc"], inputs, sanitize=True)
        assert not result.findings, "\n".join(map(str, result.findings))
        return result.outputs

    return run


def test_scale(run: Run) -> None:
    x = np.arange(256, dtype=np.int32)
    (y,) = run(x)
    np.testing.assert_array_equal(y, 3 * x)
