"""Designs run against the expectations written down for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.emulation.findings import Finding
from aiebuild.emulation.npu_xrt import Case
from aiebuild.emulation.run import emulate


def run_case(
    run: Case, folder: Path, *, sanitize: bool = False
) -> tuple[NDArray[Any], NDArray[Any], tuple[Finding, ...]]:
    """What a design of `folder` gives, what is expected, and what the checking mode found.

    An argument that is not given holds 85 in every element. Raises what `emulate` does.
    """
    args: list[Any] = [run.given.get(k) for k in range(max([run.out, *run.given, *run.numbers]) + 1)]
    for position, number in run.numbers.items():
        args[position] = number
    if run.out not in run.given:
        args[run.out] = np.full(run.expected.shape, 85, run.expected.dtype)
    home = folder / run.design
    result = emulate(
        folder / run.path,
        [home / kernel for kernel in run.kernels],
        args,
        defines=run.defines,
        device=run.device,
        sequence=run.sequence,
        check=run.check,
        sanitize=sanitize,
    )
    got = result.arguments[run.out]
    return (got if run.ordered else np.sort(got, axis=None)), run.expected, result.findings
