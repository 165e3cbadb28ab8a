"""Known results of small dispatches: the host target runs them while an overlay for the NPU is built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import BuildError
from aiebuild.manifest.types import KnownPart
from aiebuild.runtime.host import HostBuffer, HostDevice


def known_results(
    library: Path,
    sequence: Path,
    sizes: Sequence[int],
    parts: Sequence[KnownPart],
    data: NDArray[np.uint8],
    regions: Sequence[tuple[int, int, int, int, int, str]],
) -> list[NDArray[np.uint8]]:
    """Run a sequence on an overlay's library; the bytes of each region, run after run.

    `sizes`: of the arguments; `parts` of `data` are put into them, all else is zero. Raises BuildError when a result is
    zero throughout: it would tell nothing.
    """
    with HostDevice(1) as device:
        overlay = device.open(library)
        loaded = overlay.load_sequence(sequence)
        buffers = [HostBuffer.allocate(size) for size in sizes]
        for part in parts:
            place = buffers[part.argument].array
            place[part.at : part.at + part.bytes] = data[part.offset : part.offset + part.bytes]
        overlay.dispatch(loaded, list(buffers), strict=True)
        results: list[NDArray[np.uint8]] = []
        for argument, at, count, run, stride, _ in regions:
            whole = np.lib.stride_tricks.as_strided(buffers[argument].array[at:], (count, run), (stride, 1))
            values = np.ascontiguousarray(whole).reshape(-1)
            if not values.any():
                raise BuildError(f"{sequence.name}: argument {argument} is zero throughout; it is no known result")
            results.append(values)
        return results
