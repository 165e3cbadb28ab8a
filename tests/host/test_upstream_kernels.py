"""Kernels of mlir-aie's `aie_kernels`, compiled as they are against the host's AIE API, compared with NumPy.

`AIEBUILD_MLIR_AIE` is the path of a checkout; without it these tests are skipped. Values are chosen so that results are
exact: integers, and in bf16 integers small enough for its 8 bits.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine import COMPILER, run
from numpy.typing import NDArray

from aiebuild.host import kernel_command, link_command

CHECKOUT = os.environ.get("AIEBUILD_MLIR_AIE")
pytestmark = pytest.mark.skipif(
    CHECKOUT is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set"
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Kernel:
    """A function of a kernel source: its arguments in order, arrays and numbers; None is what is written, the last by
    default.
    """

    source: str
    function: str
    arguments: tuple[Array | int | None, ...]
    expected: Array
    defines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source}:{self.function}"


def random(low: int, high: int, *shape: int, dtype: str = "i4") -> Array:
    return np.random.default_rng(7).integers(low, high, shape).astype(dtype)


def bf16(values: Array) -> Array:
    """The 16 bits of values that bf16 holds exactly."""
    bits = values.astype(np.float32).view(np.uint32)
    assert not (bits & 0xFFFF).any()
    return (bits >> 16).astype(np.uint16)


def blocks(matrix: Array, rows: int, columns: int) -> Array:
    """A matrix as blocks of rows x columns, row by row of blocks."""
    m, n = matrix.shape
    return np.ascontiguousarray(matrix.reshape(m // rows, rows, n // columns, columns).swapaxes(1, 2)).reshape(-1)


def gray(pixels: Array) -> Array:
    weights = np.array([round(w * 32768) for w in (0.299, 0.587, 0.114)])
    return ((pixels.reshape(-1, 4)[:, :3].astype(np.int64) @ weights + 16384) >> 15).astype(np.uint8)


A, B = random(-60, 60, 1024), random(-60, 60, 1024)[::-1]
SMALL_A, SMALL_B = random(-12, 13, 1024), random(-12, 13, 1024)[::-1]
WORDS = random(-(2**30), 2**30, 1024)
BYTES, OTHER = random(0, 256, 1024, dtype="u1"), random(0, 256, 1024, dtype="u1")[::-1].copy()
LEFT, RIGHT = random(-128, 128, 64, 64, dtype="i1"), random(-128, 128, 64, 64, dtype="i1").T.copy()
WIDTH, CHANNELS = 32, 32
PIXELS = random(-9, 10, CHANNELS // 8, WIDTH, 8, dtype="i1")
WEIGHTS = random(-3, 4, CHANNELS // 8, CHANNELS // 8, 8, 8, dtype="i1") * np.int8(4)
KERNELS = [
    Kernel("aie2/add.cc", "eltwise_add_bf16_vector", (bf16(A), bf16(B)), bf16(A + B)),
    Kernel("aie2/add.cc", "eltwise_add_bf16_scalar", (bf16(A), bf16(B)), bf16(A + B)),
    Kernel(
        "aie2/mul.cc", "eltwise_mul_bf16_vector", (bf16(SMALL_A), bf16(SMALL_B)), bf16(SMALL_A * SMALL_B.astype("f4"))
    ),
    Kernel("aie2/relu.cc", "bf16_relu", (bf16(A),), bf16(np.maximum(A, 0))),
    Kernel("aie2/reduce_add.cc", "reduce_add_vector", (WORDS, None, 1024), WORDS.sum(dtype="i4", keepdims=True)),
    Kernel("aie2/reduce_max.cc", "reduce_max_vector", (WORDS, None, 1024), WORDS.max(keepdims=True)),
    Kernel("aie2/reduce_min.cc", "reduce_min_vector", (WORDS, None, 1024), WORDS.min(keepdims=True)),
    Kernel("aie2/scale.cc", "vector_scalar_mul_vector", (A, None, np.array([-7], "i4"), 1024), A * -7),
    Kernel(
        "aie2/scale.cc",
        "vector_scalar_mul_vector",
        (A.astype("i2"), None, np.array([-7], "i4"), 1024),
        (A * -7).astype("i2"),
        ("BIT_WIDTH=16",),
    ),
    Kernel(
        "aie2/threshold.cc",
        "thresholdLine",
        (BYTES, None, 1024, 100, 200, 0),
        np.where(BYTES > 100, 200, 0).astype("u1"),
        ("BIT_WIDTH=8",),
    ),
    Kernel("aie2/bitwiseAND.cc", "bitwiseANDLine", (BYTES, OTHER, None, 1024), BYTES & OTHER, ("BIT_WIDTH=8",)),
    Kernel("aie2/bitwiseOR.cc", "bitwiseORLine", (BYTES, OTHER, None, 1024), BYTES | OTHER, ("BIT_WIDTH=8",)),
    Kernel(
        "aie2/rgba2gray.cc", "rgba2grayLine", (random(0, 256, 4096, dtype="u1"), None, 1024), gray(random(0, 256, 4096))
    ),
    Kernel(
        "aie2/mm.cc",
        "matmul_i8_i32",
        (blocks(LEFT, 4, 8), blocks(RIGHT, 8, 8)),
        blocks(LEFT.astype("i4") @ RIGHT.astype("i4"), 4, 8),
        ("i8_i32_ONLY",),
    ),
    Kernel(
        "aie2/conv2dk1_i8.cc",
        "conv2dk1_i8",
        (PIXELS, WEIGHTS, None, WIDTH, CHANNELS, CHANNELS, 2),
        np.clip(np.einsum("cxi,ocij->oxj", PIXELS.astype("i4"), WEIGHTS.astype("i4")) >> 2, -128, 127).astype("i1"),
        ("INT8_ACT",),
    ),
    *(
        Kernel(
            "generic/passThrough.cc",
            "passThroughLine",
            (BYTES.view(kind), None, 1024 // size),
            BYTES.view(kind),
            (f"BIT_WIDTH={8 * size}",),
        )
        for kind, size in (("u1", 1), ("i2", 2), ("i4", 4))
    ),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_kernel_gives_what_numpy_does(kernel: Kernel, tmp_path: Path) -> None:
    folder = Path(str(CHECKOUT)) / "aie_kernels"
    made, library = tmp_path / "kernel.o", tmp_path / "kernel.so"
    command = kernel_command(COMPILER, folder / kernel.source, made, defines=kernel.defines, include=[folder])
    run([*command, "-w", "-fvisibility=default"])
    run(link_command(COMPILER, [made], library))
    out = np.zeros(kernel.expected.shape, kernel.expected.dtype)
    given = kernel.arguments if any(value is None for value in kernel.arguments) else (*kernel.arguments, None)
    kept = [np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value for value in given]
    function: Callable[..., None] = getattr(ctypes.CDLL(str(library)), kernel.function)
    function(*(out.ctypes.data_as(ctypes.c_void_p) if value is None else _passed(value) for value in kept))
    np.testing.assert_array_equal(out, kernel.expected)


def _passed(value: Array | int) -> Any:
    return value.ctypes.data_as(ctypes.c_void_p) if isinstance(value, np.ndarray) else ctypes.c_int32(value)
