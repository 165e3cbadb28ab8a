"""Mel kernels, compiled on their own, against the NumPy reference."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from mel_audio import clip, padded
from numpy.typing import NDArray

from aiebuild.config.toolchain import host_toolchain
from aiebuild.designs import mel_tables as tables
from aiebuild.designs.mel_reference import TOLERANCE_Q11, log_mel_q11
from aiebuild.host import kernel_command, link_command
from aiebuild.resources import kernels_dir
from aiebuild.toolchain.compiler import find_host_compiler
from aiebuild.toolchain.process import run

FRAMES = 32


def aligned(count: int, dtype: str) -> NDArray[np.generic]:
    """Zeroed memory on a 64-byte boundary, as buffers of a core have."""
    size = count * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype)


class Core:
    """The kernels and the memory of one core."""

    def __init__(self, library: Path, n_mels: int) -> None:
        self.kernels = ctypes.CDLL(str(library))
        self.n_mels = n_mels
        self.constants = aligned(26 * tables.CONSTANT_OBJECT, "u1")
        self.constants[:] = np.frombuffer(tables.pack_constants(n_mels), np.uint8)
        self.samples = aligned(1520, "i2")
        self.folded = aligned(FRAMES * 400, "i2")
        self.power = aligned(FRAMES * 200, "u2")
        self.halved = aligned(FRAMES // 4, "i4")
        self.peak = aligned(32, "i2")
        self.result = aligned(8 * n_mels, "i2")

    def call(self, name: str, *arguments: NDArray[np.generic] | int) -> None:
        passed = [
            ctypes.c_int32(value) if isinstance(value, int) else ctypes.c_void_p(value.ctypes.data)
            for value in arguments
        ]
        getattr(self.kernels, name)(*passed)

    def round(self, samples: NDArray[np.int16]) -> tuple[NDArray[np.int16], int]:
        """[32, n_mels] of 31 * 160 + 400 samples, and the peak."""
        for tile in range(4):
            self.samples[:] = samples[tile * 8 * 160 :][:1520]
            self.call("mel_fold", self.samples, self.folded, self.halved, self.peak, tile)
        objects = self.constants.reshape(26, -1)
        for chunk in range(25):
            self.call("mel_power", objects[chunk], self.folded, self.power, chunk)
        rows = []
        for tile in range(4):
            self.call("mel_filter", objects[25], self.power, self.halved, self.peak, self.result, tile, self.n_mels)
            rows.append(self.result.reshape(8, self.n_mels).copy())
        self.call("mel_peak", self.peak, self.result, self.result.nbytes)
        assert not self.result[32:].any()
        return np.concatenate(rows), int(self.result[0])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = find_host_compiler(host_toolchain()).path
    folder = tmp_path_factory.mktemp("mel")
    kernels, out = folder / "mel.o", folder / "mel.so"
    command = kernel_command(compiler, kernels_dir() / "mel.cc", kernels)
    run([*command, "-fvisibility=default"])
    run(link_command(compiler, [kernels], out))
    return out


def noise(amplitude: float) -> NDArray[np.int16]:
    values = np.random.default_rng(7).standard_normal((FRAMES - 1) * 160 + 400) * amplitude
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


CASES = {
    "speech": lambda: padded(clip(), 400)[300 * 160 : 331 * 160 + 400],
    "loud": lambda: noise(20000),
    "one bit": lambda: noise(0.5),
    "edge of halving": lambda: np.where(np.arange(31 * 160 + 400) % 2000 < 1000, 16383, -16384).astype(np.int16),
    "full scale": lambda: np.where(np.arange(31 * 160 + 400) % 3 < 1, 32767, -32768).astype(np.int16),
    "silence": lambda: np.zeros(31 * 160 + 400, np.int16),
}


@pytest.mark.parametrize("n_mels", [80, 128])
@pytest.mark.parametrize("case", CASES)
def test_a_round_of_a_core(library: Path, case: str, n_mels: int) -> None:
    """Equal but for energies that a different order of summing moved by one bf16 step."""
    samples = CASES[case]()
    got, peak = Core(library, n_mels).round(samples)
    want = log_mel_q11(samples, FRAMES, n_mels)
    difference = np.abs(got.astype(int) - want)
    where = np.unravel_index(difference.argmax(), difference.shape)
    assert difference.max() <= TOLERANCE_Q11, f"frame and mel {where}: {got[where]}, expected {want[where]}"
    assert (difference != 0).mean() < 0.01
    assert peak == got.max()
