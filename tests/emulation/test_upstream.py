"""Designs of mlir-aie's `test/npu-xrt`, run from a checkout beside the project, against what their tests expect.

`AIEBUILD_MLIR_AIE` is the path of the checkout; without it these tests are skipped. The expectations are those of each
design's own `test.cpp` or `test.py`, written down as data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import aiebuild

CHECKOUT = os.environ.get("AIEBUILD_MLIR_AIE")
pytestmark = pytest.mark.skipif(
    CHECKOUT is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set"
)

Array = NDArray[np.generic]
Check = Callable[..., Array]


@dataclass(frozen=True)
class Upstream:
    """A design: what it is given by position, what is in argument `out` afterwards."""

    design: str
    given: dict[int, Array]
    out: int
    expected: Array
    kernels: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    device: str | None = None
    sequence: str | None = None
    ordered: bool = True

    def __str__(self) -> str:
        return f"{self.design}{'' if self.sequence is None else ' ' + self.sequence}"


def count(n: int, start: int = 1, dtype: str = "i4") -> Array:
    return np.arange(start, start + n).astype(dtype)


def ones(n: int) -> Array:
    return np.ones(n, np.int8)


def framed(rows: int, columns: int, top: int, bottom: int, left: int, right: int, inside: Array, add: int) -> Array:
    """`inside` in a frame of zeros; `add` is added everywhere."""
    whole = np.zeros((rows, columns), inside.dtype)
    inner = (rows - top - bottom, columns - left - right)
    whole[top : rows - bottom, left : columns - right] = inside[: inner[0] * inner[1]].reshape(inner)
    return (whole + np.array(add, inside.dtype)).reshape(-1)


def two_packets() -> Array:
    return np.repeat(np.array([13, 8], np.int8), 64 * 64)


def dealt() -> Array:
    """Quarters in the order in which four descriptors put them down."""
    return count(4096).reshape(4, 1024)[[2, 0, 3, 1]].reshape(-1)


def padded() -> Array:
    return np.pad(count(13), (2, 1), constant_values=42)


def cumsum(first: Array) -> Array:
    rows = [first, first]
    for _ in range(2, 8):
        rows.append(sum(rows[1:], rows[0]))
    return np.concatenate(rows)


IMAGE = np.random.default_rng(5).integers(0, 255, 8192, np.uint8)
BOTH = {0: count(256), 1: count(256, 0)}
SUM = 2 * count(256) - 1
RUNS = [
    Upstream(
        "add_12_i8_using_2d_dma_op_with_padding", {0: ones(61 * 56)}, 2, framed(64, 64, 2, 1, 4, 4, ones(3416), 12)
    ),
    Upstream(
        "add_21_i8_using_dma_op_with_padding",
        {0: count(64, 1, "i1")},
        2,
        framed(4, 16, 0, 0, 4, 4, count(64, 1, "i1"), 21),
    ),
    Upstream("add_314_using_dma_op", {0: count(64)}, 2, count(64, 315)),
    Upstream("add_378_i32_using_dma_op_with_padding", {0: count(64)}, 2, framed(4, 16, 0, 0, 2, 1, count(64), 378)),
    *(
        Upstream("add_multi_arg_runlist", {k: count(64, k)}, k + 1, count(64, k + n), sequence=f"aie_add_{n}:")
        for n in (1, 2)
        for k in (0, 2, 4)
    ),
    Upstream("add_one_cpp_aiecc", {0: count(64)}, 2, count(64, 2)),
    Upstream("add_one_func_link_with_peano", {0: count(64)}, 2, count(64, 2), ("add_one_kernel.cc",)),
    Upstream("add_one_objFifo", {0: count(64)}, 2, count(64, 42)),
    Upstream("add_one_objFifo_elf", {0: count(64)}, 2, count(64, 42)),
    Upstream(
        "add_one_scale_func_link_with_peano",
        {0: count(64)},
        2,
        2 * count(64, 2),
        ("add_one_kernel.cc", "scale_kernel.cc"),
    ),
    Upstream("add_one_two", {0: count(64)}, 2, count(64, 2), sequence="design1:"),
    Upstream("add_one_two", {0: count(64)}, 2, count(64, 3), sequence="design2:"),
    Upstream("add_one_two_runlist", {0: count(64)}, 1, count(64, 2), sequence="aie_add_1:"),
    Upstream("add_one_two_runlist", {0: count(64)}, 1, count(64, 3), sequence="aie_add_2:"),
    Upstream("add_one_two_txn", {0: count(64)}, 1, count(64, 2), sequence="add_one:"),
    Upstream("add_one_two_txn", {0: count(64, 2)}, 1, count(64, 104), sequence="add_two:"),
    Upstream("add_one_using_dma", {0: count(64)}, 2, count(64, 2)),
    *(Upstream(f"core_dmas/dma_configure_task_{name}", {0: count(1024)}, 1, count(1024)) for name in ("lock", "token")),
    Upstream("dma_op_pad_value_i32", {0: count(13)}, 1, padded(), device="npu2"),
    *(Upstream(f"memtile_dmas/dma_configure_task_{name}", {0: count(4096)}, 1, dealt()) for name in ("lock", "token")),
    *(Upstream("many_buffers", {2 * p: count(64, 0) * (p + 1)}, 2 * p + 1, count(64, 0) * (p + 1)) for p in range(8)),
    Upstream(
        "multi_source_packet_flow", {}, 2, np.concatenate([count(8, 1), count(8, 101)]).astype(np.int32), ordered=False
    ),
    Upstream("packet_flow", {0: ones(4096)}, 2, np.full(4096, 13, np.int8)),
    Upstream("packet_flow_fanin", {0: ones(8192)}, 2, two_packets()),
    Upstream("packet_flow_fanout", {0: ones(8192)}, 2, two_packets()),
    Upstream("packet_flow_same_id_merge_3way", {}, 0, np.repeat(count(3, 1, "i1"), 256), ordered=False),
    Upstream(
        "runtime_cumsum", {0: np.concatenate([count(16), np.zeros(112, np.int32)])}, 0, cumsum(count(16)), ("sum.cc",)
    ),
    Upstream("static_L1_init", BOTH, 2, SUM),
    Upstream(
        "two_col", {0: IMAGE}, 2, np.where(IMAGE <= 50, 0, 255).astype(np.uint8), ("threshold.cc",), ("BIT_WIDTH=8",)
    ),
    Upstream("vec_vec_add_memtile_init", BOTH, 2, SUM),
    Upstream("vec_vec_add_tile_init", BOTH, 2, SUM),
    Upstream("vector_scalar_using_dma", {0: count(4096)}, 2, 3 * count(4096), ("scale.cc",)),
    Upstream("xrt_handle_lifetime", {0: count(64)}, 2, count(64, 2)),
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_design_gives_what_its_own_test_expects(run: Upstream) -> None:
    folder = Path(str(CHECKOUT)) / "test" / "npu-xrt" / run.design
    args: list[Array | None] = [run.given.get(k) for k in range(max([run.out, *run.given]) + 1)]
    if run.out not in run.given:
        args[run.out] = np.full(run.expected.shape, 85, run.expected.dtype)
    result = aiebuild.emulate(
        folder / "aie.mlir",
        [folder / kernel for kernel in run.kernels],
        args,
        defines=run.defines,
        device=run.device,
        sequence=run.sequence,
    )
    got = result.arguments[run.out]
    np.testing.assert_array_equal(got if run.ordered else np.sort(got), run.expected)
