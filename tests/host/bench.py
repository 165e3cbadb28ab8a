"""What tests of the host engine run their designs on: small kernels, and a design that is built and opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from engine import build_library, sequence_bytes
from numpy.typing import NDArray

from aiebuild.runtime.host import HostBuffer, HostDevice, HostOverlay

KERNELS = """
#include <stdint.h>
extern "C" void add3(int8_t *a, int8_t *b) { for (int i = 0; i < 64; ++i) b[i] = a[i] + 3; }
extern "C" void add3w(int32_t *a, int32_t *b) { for (int i = 0; i < 16; ++i) b[i] = a[i] + 3; }
extern "C" void copy256(int8_t *a, int8_t *b) { for (int i = 0; i < 256; ++i) b[i] = a[i]; }
extern "C" void sum2(int8_t *a, int8_t *b, int8_t *c) { for (int i = 0; i < 64; ++i) c[i] = a[i] + 2 * b[i]; }
extern "C" void number(int8_t *a, int8_t *b, int32_t n) { for (int i = 0; i < 64; ++i) b[i] = a[i] + n; }
"""
K64 = "64xi8"


class Bench:
    """A design, opened, with buffers by name."""

    def __init__(self, text: str, folder: Path, *, threads: int = 1, kernels: str = KERNELS) -> None:
        self.text = text
        self.device = HostDevice(threads)
        library = folder / "design.so"
        if not library.exists():
            build_library(text, kernels, folder)
        self.overlay: HostOverlay = self.device.open(library)

    def run(
        self, name: str, *arrays: NDArray[np.generic], alias: bool = True, strict: bool = True
    ) -> list[NDArray[np.uint8]]:
        """Dispatches sequence `name` with copies of the arrays; gives their contents afterwards."""
        seq = self.overlay.load_sequence(sequence_bytes(self.text, name))
        buffers: list[HostBuffer] = []
        for array in arrays:
            buffer = self.device.buffer(array.nbytes)
            buffer.array[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            buffers.append(buffer)
        self.overlay.dispatch(seq, buffers, alias=alias, strict=strict)
        return [buffer.array.copy() for buffer in buffers]


def noise(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """`n` random bytes."""
    return np.random.default_rng(seed).integers(0, 256, n, dtype=np.uint8)
