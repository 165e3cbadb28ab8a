"""What kernels of mlir-aie's `aie_kernels` give: their arguments and NumPy's results, written down as data.

The sources are those of a checkout of 2026-08-14, compiled as they are against the host's AIE API. Values are chosen so
that results are exact where they can be: integers, and in bf16 integers small enough for its 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class KernelCase:
    """A function of a kernel source: its arguments in order, arrays and numbers; None is what is written, the last by
    default. `core`: the device it is compiled for; `tolerance`: how far a bf16 or float result may be off, in parts of
    the expected value and absolutely; 0 for the same bits. `tables`: sources of `aie_runtime_lib` it is linked with.
    """

    source: str
    function: str
    arguments: tuple[Array | int | None, ...]
    expected: Array
    defines: tuple[str, ...] = ()
    device: str = "npu1"
    tolerance: float = 0.0
    tables: tuple[str, ...] = ()

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


def near(values: Array) -> Array:
    """The bits of the bf16 nearest to each value."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def value(bits: Array) -> Array:
    """The values of bf16 bits."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_blocks(values: Array) -> Array:
    """bfp16ebs8 of values (n, 8), as bytes (n, 9): mantissas truncated, as the core's first rounding mode does."""
    exponent = ((values.view(np.uint32) >> 23) & 0xFF).max(axis=1).astype(np.int64)
    mantissas = np.floor(np.ldexp(values.astype(np.float64), (133 - exponent)[:, None])).astype(np.int64)
    return np.concatenate([exponent[:, None], mantissas], axis=1).astype(np.uint8)


def from_blocks(blocks: Array) -> Array:
    """The values (n, 8) of bfp16ebs8."""
    return np.ldexp(blocks[:, 1:].view(np.int8).astype(np.float32), blocks[:, :1].astype(np.int32) - 133)


def blocked_sums(a: Array, b: Array) -> Array:
    """float32 sums of tiles of 8 x 8, [m][n] 64, as one array; `a`: [m][k] 64, `b`: [n][k] 64, each transposed."""
    left, right = a.reshape(8, 8, 8, 8).astype(np.float64), b.reshape(8, 8, 8, 8).astype(np.float64)
    sums = np.zeros((8, 8, 8, 8), np.float32)
    for k in range(8):
        sums += np.einsum("mik,njk->mnij", left[:, k], right[:, k]).astype(np.float32)
    return sums.reshape(-1)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def gelu(x: Array) -> Array:
    return (0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))).astype(x.dtype)


def normed(x: Array) -> Array:
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


A, B = random(-60, 60, 1024), random(-60, 60, 1024)[::-1]
SMALL_A, SMALL_B = random(-12, 13, 1024), random(-12, 13, 1024)[::-1]
WORDS = random(-(2**30), 2**30, 1024)
BYTES, OTHER = random(0, 256, 1024, dtype="u1"), random(0, 256, 1024, dtype="u1")[::-1].copy()
LEFT, RIGHT = random(-128, 128, 64, 64, dtype="i1"), random(-128, 128, 64, 64, dtype="i1").T.copy()
WIDTH, CHANNELS = 32, 32
PIXELS = random(-9, 10, CHANNELS // 8, WIDTH, 8, dtype="i1")
WEIGHTS = random(-3, 4, CHANNELS // 8, CHANNELS // 8, 8, 8, dtype="i1") * np.int8(4)
REALS = np.random.default_rng(8).normal(size=(4, 1024)).astype(np.float32)
HALVES = near(REALS)
X, Y, Z, ANGLES = value(HALVES)
BLOCKS_A, BLOCKS_B = to_blocks(REALS.reshape(-1, 8)), to_blocks(REALS[::-1].reshape(-1, 8))
BLOCK_SUMS = blocked_sums(from_blocks(BLOCKS_A), from_blocks(BLOCKS_B))
MIXED_SUMS = blocked_sums(from_blocks(to_blocks(value(HALVES).reshape(-1, 8))), from_blocks(BLOCKS_B))
TILES = random(0, 256, 2, 98, 8, 8, dtype="u1")
PATCHES = random(-128, 128, 2, 98, 8, 8, dtype="i1")
PATCH_SUMS = np.einsum("tpak,opkc->otac", TILES.astype("i8"), PATCHES.astype("i8"))
ROTATED = np.stack(
    [X[::2] * ANGLES[::2] - X[1::2] * ANGLES[1::2], X[::2] * ANGLES[1::2] + X[1::2] * ANGLES[::2]], axis=1
).reshape(-1)
LOG2E = value(near(np.array([1.44269504])))
BF16_STEPS = 2.0**-5
"""Kernels that round to bf16, down, some five times in a row: 2^-8 each of what is at hand, of values below 4."""
LINES = random(0, 256, 3, 64, dtype="u1")
"""Longer ones it filters wrongly: from the third vector on, the first element's left neighbour is the one before."""
TAPS = random(-8, 9, 3, 3) * 256
FRAMED = np.pad(LINES.astype("i8"), ((0, 0), (1, 1)), mode="edge")
FILTERED = sum((TAPS[j, i] >> 8) * FRAMED[j, i : i + 64] for j in range(3) for i in range(3))
GRAYS = random(0, 256, 1024, dtype="u1")
TABLES = ("lut_based_ops.cpp",)
TABLE_KERNELS: list[KernelCase] = [
    KernelCase("aie2/bf16_exp.cc", "exp_bf16_1024", (HALVES[0],), near(np.exp(X)), tolerance=BF16_STEPS, tables=TABLES),
    KernelCase("aie2/gelu.cc", "gelu_bf16", (HALVES[0],), near(gelu(X)), tolerance=BF16_STEPS, tables=TABLES),
    KernelCase("aie2/silu.cc", "silu_bf16", (HALVES[0],), near(X * sigmoid(X)), tolerance=BF16_STEPS, tables=TABLES),
    KernelCase("aie2/swiglu.cc", "swiglu_bf16", (HALVES[0], HALVES[1], HALVES[2]),
               near(X * Y * (X * Z) * sigmoid(X * Z)), tolerance=BF16_STEPS, tables=TABLES),
    KernelCase("aie2/softmax.cc", "softmax_bf16", (HALVES[0].copy(), None, 1024), near(np.exp(X) / np.exp(X).sum()),
               tolerance=2.0**-10, tables=TABLES),
    KernelCase("aie2/filter2d.cc", "filter2dLine", (*LINES, None, 64, TAPS.astype("i2")),
               np.clip(FILTERED >> 4, 0, 255).astype("u1"), ("BIT_WIDTH=8",)),
    KernelCase("aie2/gray2rgba.cc", "gray2rgbaLine", (GRAYS, None, 1024),
               np.stack([GRAYS, GRAYS, GRAYS, np.full(1024, 255, "u1")], axis=1).reshape(-1)),
]  # fmt: skip
AIE2P_KERNELS: list[KernelCase] = [
    KernelCase(
        "aie2p/mm.cc",
        "matmul_i8_i32",
        (blocks(LEFT, 8, 8), blocks(RIGHT, 8, 8)),
        blocks(LEFT.astype("i4") @ RIGHT.astype("i4"), 8, 8),
        ("i8_i32_ONLY",),
        "npu2",
    ),
    KernelCase(
        "aie2p/mm.cc",
        "matmul_i16_i32",
        (blocks(LEFT.astype("i2"), 4, 4), blocks(RIGHT.astype("i2"), 4, 8)),
        blocks(LEFT.astype("i4") @ RIGHT.astype("i4"), 4, 8),
        ("i16_i32_ONLY",),
        "npu2",
    ),
    KernelCase(
        "aie2p/mm.cc",
        "matmul_bf16_f32",
        (blocks(bf16(LEFT), 4, 8), blocks(bf16(RIGHT), 8, 8)),
        blocks(LEFT.astype("f4") @ RIGHT.astype("f4"), 4, 8),
        ("bf16_f32_ONLY",),
        "npu2",
    ),
    KernelCase("aie2p/mm_bfp.cc", "matmul_vectorized_bfp16", (BLOCKS_A, BLOCKS_B), to_blocks(BLOCK_SUMS.reshape(-1, 8)),
               device="npu2"),
    KernelCase("aie2p/mm_bfp_mixed.cc", "matmul_vectorized_different_datatypes", (HALVES, BLOCKS_B), near(MIXED_SUMS),
               device="npu2", tolerance=2.0**-7),
    KernelCase(
        "aie2p/conv2dk1_i8.cc",
        "conv2dk1_i8",
        (PIXELS, WEIGHTS, None, WIDTH, CHANNELS, CHANNELS, 2),
        np.clip(np.einsum("cxi,ocij->oxj", PIXELS.astype("i4"), WEIGHTS.astype("i4")) >> 2, -128, 127).astype("i1"),
        ("INT8_ACT",),
        "npu2",
    ),
    KernelCase(
        "aie2p/conv2dk14.cc",
        "conv2dk14_i8",
        (TILES, PATCHES, None, 224, 4, 16, 14, 14),
        np.clip(np.sign(PATCH_SUMS) * ((np.abs(PATCH_SUMS) + 2**13) >> 14), -128, 127).astype("i1"),
        device="npu2",
    ),
    KernelCase("aie2p/bf16_exp.cc", "exp_bf16_1024", (HALVES[0],), near(np.exp2(X * LOG2E)), device="npu2"),
    KernelCase("aie2p/gelu.cc", "gelu_bf16", (HALVES[0],), near(gelu(X)), device="npu2", tolerance=BF16_STEPS),
    KernelCase("aie2p/silu.cc", "silu_bf16", (HALVES[0],), near(X * sigmoid(X)), device="npu2", tolerance=BF16_STEPS),
    KernelCase("aie2p/swiglu.cc", "swiglu_bf16", (HALVES[0], HALVES[1], HALVES[2]),
               near(X * Y * (X * Z) * sigmoid(X * Z)), device="npu2", tolerance=BF16_STEPS),
    KernelCase("aie2p/softmax.cc", "softmax_bf16", (HALVES[0].copy(), None, 1024), near(np.exp(X) / np.exp(X).sum()),
               device="npu2", tolerance=2.0**-10),
    KernelCase("aie2p/layer_norm.cc", "layer_norm", (HALVES[0], None, 1024), near(normed(X)), device="npu2",
               tolerance=BF16_STEPS),
    KernelCase("aie2p/layer_norm.cc", "layer_norm_f32", (REALS[0], None, 1024), normed(REALS[0]), device="npu2",
               tolerance=2.0**-16),
    KernelCase("aie2p/rope.cc", "rope", (HALVES[0], HALVES[3], None, 1024), near(ROTATED), device="npu2",
               tolerance=BF16_STEPS),
    KernelCase("aie2p/mm_activation_epilogue.cc", "mm_activation_epilogue_row", (REALS[0], None, 1024, 0), REALS[0],
               device="npu2"),
    KernelCase("aie2p/mm_activation_epilogue.cc", "mm_activation_epilogue_row", (REALS[0], None, 1024, 1),
               REALS[0] * sigmoid(REALS[0]), device="npu2", tolerance=BF16_STEPS),
    KernelCase("aie2p/mm_activation_epilogue.cc", "mm_activation_epilogue_row", (REALS[0], None, 1024, 2),
               gelu(REALS[0]), device="npu2", tolerance=BF16_STEPS),
]  # fmt: skip
KERNELS: list[KernelCase] = [
    KernelCase("aie2/add.cc", "eltwise_add_bf16_vector", (bf16(A), bf16(B)), bf16(A + B)),
    KernelCase("aie2/add.cc", "eltwise_add_bf16_scalar", (bf16(A), bf16(B)), bf16(A + B)),
    KernelCase(
        "aie2/mul.cc", "eltwise_mul_bf16_vector", (bf16(SMALL_A), bf16(SMALL_B)), bf16(SMALL_A * SMALL_B.astype("f4"))
    ),
    KernelCase("aie2/relu.cc", "bf16_relu", (bf16(A),), bf16(np.maximum(A, 0))),
    KernelCase("aie2/reduce_add.cc", "reduce_add_vector", (WORDS, None, 1024), WORDS.sum(dtype="i4", keepdims=True)),
    KernelCase("aie2/reduce_max.cc", "reduce_max_vector", (WORDS, None, 1024), WORDS.max(keepdims=True)),
    KernelCase("aie2/reduce_min.cc", "reduce_min_vector", (WORDS, None, 1024), WORDS.min(keepdims=True)),
    KernelCase("aie2/scale.cc", "vector_scalar_mul_vector", (A, None, np.array([-7], "i4"), 1024), A * -7),
    KernelCase(
        "aie2/scale.cc",
        "vector_scalar_mul_vector",
        (A.astype("i2"), None, np.array([-7], "i4"), 1024),
        (A * -7).astype("i2"),
        ("BIT_WIDTH=16",),
    ),
    KernelCase(
        "aie2/threshold.cc",
        "thresholdLine",
        (BYTES, None, 1024, 100, 200, 0),
        np.where(BYTES > 100, 200, 0).astype("u1"),
        ("BIT_WIDTH=8",),
    ),
    KernelCase("aie2/bitwiseAND.cc", "bitwiseANDLine", (BYTES, OTHER, None, 1024), BYTES & OTHER, ("BIT_WIDTH=8",)),
    KernelCase("aie2/bitwiseOR.cc", "bitwiseORLine", (BYTES, OTHER, None, 1024), BYTES | OTHER, ("BIT_WIDTH=8",)),
    KernelCase(
        "aie2/rgba2gray.cc", "rgba2grayLine", (random(0, 256, 4096, dtype="u1"), None, 1024), gray(random(0, 256, 4096))
    ),
    KernelCase(
        "aie2/mm.cc",
        "matmul_i8_i32",
        (blocks(LEFT, 4, 8), blocks(RIGHT, 8, 8)),
        blocks(LEFT.astype("i4") @ RIGHT.astype("i4"), 4, 8),
        ("i8_i32_ONLY",),
    ),
    KernelCase(
        "aie2/conv2dk1_i8.cc",
        "conv2dk1_i8",
        (PIXELS, WEIGHTS, None, WIDTH, CHANNELS, CHANNELS, 2),
        np.clip(np.einsum("cxi,ocij->oxj", PIXELS.astype("i4"), WEIGHTS.astype("i4")) >> 2, -128, 127).astype("i1"),
        ("INT8_ACT",),
    ),
    *(
        KernelCase(
            "generic/passThrough.cc",
            "passThroughLine",
            (BYTES.view(kind), None, 1024 // size),
            BYTES.view(kind),
            (f"BIT_WIDTH={8 * size}",),
        )
        for kind, size in (("u1", 1), ("i2", 2), ("i4", 4))
    ),
    *TABLE_KERNELS,
    *AIE2P_KERNELS,
]
