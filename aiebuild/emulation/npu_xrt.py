"""What designs of mlir-aie's `test/npu-xrt` give: the expectations of their own tests, written down as data.

Each comes from the `test.cpp` or `test.py` beside the design (a checkout of 2026-08-14): what goes into the arguments,
and what has to be in one of them afterwards. Where a test also looks at a recorded trace, only its data is here: traces
are not recorded by the host target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A run of a design: what is given by position, what is in argument `out` afterwards.

    `file`: the design in its folder. `kernels`, `defines`: as `emulate` takes them, files of the folder. `numbers`:
    arguments that are numbers. `ordered`: whether the order of the elements counts. `check`: whether it keeps the
    limits of its array; `note`: why it is run although it does not.
    """

    design: str
    given: dict[int, Array]
    out: int
    expected: Array
    kernels: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    device: str | None = None
    sequence: str | None = None
    ordered: bool = True
    file: str = "aie.mlir"
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    check: bool = True
    note: str = ""

    @property
    def path(self) -> str:
        """The design's file within `test/npu-xrt`."""
        return f"{self.design}/{self.file}"

    def __str__(self) -> str:
        return f"{self.path.removesuffix('/aie.mlir')}{'' if self.sequence is None else ' ' + self.sequence}"


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


def masked() -> Array:
    """Words of 0x37 written over under a mask by the sequence, before 1 is added to each."""
    words = [0x37373737] * 8
    words[0] = (words[0] & ~0xF0F0F0F0) | (0x12345678 & 0xF0F0F0F0)
    words[1] = (words[1] & ~0x0F0F0F0F) | (0x9ABCDEF0 & 0x0F0F0F0F)
    return np.array([word + 1 for word in words], np.uint32).view(np.int32)


def control_header(address: int, operation: int, identifier: int, beats: int) -> int:
    """The first word of a control packet, of odd parity."""
    word = identifier << 24 | operation << 22 | (beats - 1) << 20 | address
    return word | (word.bit_count() % 2 == 0) << 31


def control_packets(tiles: int, reads: bool) -> Array:
    """For each tile: locks 0 and 2 become 2; then, with `reads`, eight words from 0x440 come back as packet 2."""
    words = [control_header(0x1F000, 0, 0, 1), 2, control_header(0x1F020, 0, 0, 1), 2] * tiles
    if reads:
        words += [control_header(0x440 + 16 * k, 1, 2, 4) for k in range(2)]
        words += [0] * (8 - len(words))
    return np.array(words, np.uint32).view(np.int32)


def four_cores(first: Array) -> Array:
    return (first.reshape(4, -1) + np.arange(12, 16, dtype="i1")[:, None]).reshape(-1)


def sums(a: Array, bc: Array) -> Array:
    return np.concatenate([[a.sum()], bc.reshape(8, 12).sum(1)]).astype(np.int32)


def copies(n: int) -> Array:
    """n times the input, in a buffer of 16 tiles that is otherwise left as it was."""
    return np.concatenate([np.tile(count(256), n), np.full((16 - n) * 256, 85, np.int32)])


def reconfigured() -> Array:
    return count(512, 0) + np.repeat(np.array([2, 3, 0, 5] + [0] * 124, np.int32), 4)


A, B = np.random.default_rng(6).integers(-100, 100, (2, 16, 16)).astype(np.int32)
FACTORS = np.random.default_rng(42).integers(1, 100, 4096, np.int32)
IMAGE = np.random.default_rng(5).integers(0, 255, 8192, np.uint8)
BOTH = {0: count(256), 1: count(256, 0)}
SUM = 2 * count(256) - 1
EXPECTED: tuple[Case, ...] = (
    Case("add_12_i8_using_2d_dma_op_with_padding", {0: ones(61 * 56)}, 2, framed(64, 64, 2, 1, 4, 4, ones(3416), 12)),
    Case(
        "add_21_i8_using_dma_op_with_padding",
        {0: count(64, 1, "i1")},
        2,
        framed(4, 16, 0, 0, 4, 4, count(64, 1, "i1"), 21),
    ),
    Case("add_314_using_dma_op", {0: count(64)}, 2, count(64, 315)),
    Case("add_378_i32_using_dma_op_with_padding", {0: count(64)}, 2, framed(4, 16, 0, 0, 2, 1, count(64), 378)),
    *(
        Case("add_multi_arg_runlist", {k: count(64, k)}, k + 1, count(64, k + n), sequence=f"aie_add_{n}:")
        for n in (1, 2)
        for k in (0, 2, 4)
    ),
    Case("add_one_cpp_aiecc", {0: count(64)}, 2, count(64, 2)),
    Case("add_one_func_link_with_peano", {0: count(64)}, 2, count(64, 2), ("add_one_kernel.cc",)),
    Case("add_one_objFifo", {0: count(64)}, 2, count(64, 42)),
    Case("add_one_objFifo_elf", {0: count(64)}, 2, count(64, 42)),
    Case(
        "add_one_scale_func_link_with_peano",
        {0: count(64)},
        2,
        2 * count(64, 2),
        ("add_one_kernel.cc", "scale_kernel.cc"),
    ),
    Case("add_one_two", {0: count(64)}, 2, count(64, 2), sequence="design1:"),
    Case("add_one_two", {0: count(64)}, 2, count(64, 3), sequence="design2:"),
    Case("add_one_two_runlist", {0: count(64)}, 1, count(64, 2), sequence="aie_add_1:"),
    Case("add_one_two_runlist", {0: count(64)}, 1, count(64, 3), sequence="aie_add_2:"),
    Case("add_one_two_txn", {0: count(64)}, 1, count(64, 2), sequence="add_one:"),
    Case("add_one_two_txn", {0: count(64, 2)}, 1, count(64, 104), sequence="add_two:"),
    Case("add_one_using_dma", {0: count(64)}, 2, count(64, 2)),
    *(Case(f"core_dmas/dma_configure_task_{name}", {0: count(1024)}, 1, count(1024)) for name in ("lock", "token")),
    Case("dma_op_pad_value_i32", {0: count(13)}, 1, padded(), device="npu2"),
    *(Case(f"memtile_dmas/dma_configure_task_{name}", {0: count(4096)}, 1, dealt()) for name in ("lock", "token")),
    *(Case("many_buffers", {2 * p: count(64, 0) * (p + 1)}, 2 * p + 1, count(64, 0) * (p + 1)) for p in range(8)),
    Case(
        "multi_source_packet_flow", {}, 2, np.concatenate([count(8, 1), count(8, 101)]).astype(np.int32), ordered=False
    ),
    Case("packet_flow", {0: ones(4096)}, 2, np.full(4096, 13, np.int8)),
    Case("packet_flow_fanin", {0: ones(8192)}, 2, two_packets()),
    Case("packet_flow_fanout", {0: ones(8192)}, 2, two_packets()),
    Case("packet_flow_same_id_merge_3way", {}, 0, np.repeat(count(3, 1, "i1"), 256), ordered=False),
    Case(
        "runtime_cumsum", {0: np.concatenate([count(16), np.zeros(112, np.int32)])}, 0, cumsum(count(16)), ("sum.cc",)
    ),
    Case("static_L1_init", BOTH, 2, SUM),
    Case("two_col", {0: IMAGE}, 2, np.where(IMAGE <= 50, 0, 255).astype(np.uint8), ("threshold.cc",), ("BIT_WIDTH=8",)),
    Case("vec_vec_add_memtile_init", BOTH, 2, SUM),
    Case("vec_vec_add_tile_init", BOTH, 2, SUM),
    Case("vector_scalar_using_dma", {0: count(4096)}, 2, 3 * count(4096), ("scale.cc",)),
    Case("xrt_handle_lifetime", {0: count(64)}, 2, count(64, 2)),
    Case("add_256_using_dma_op_no_double_buffering", {0: count(64, 0)}, 2, count(64, 256)),
    Case("add_blockwrite", {0: count(64)}, 2, count(64) + np.tile(np.array([1, 2, 3, 4, 42, 6, 7, 8], "i4"), 8)),
    Case("add_maskwrite", {}, 0, masked()),
    Case("add_one_ctrl_packet", {1: control_packets(1, True)}, 2, count(8, 7)),
    Case("add_one_ctrl_packet", {1: control_packets(1, True)}, 0, count(8, 8)),
    Case(
        "add_one_ctrl_packet_4_cores",
        {1: control_packets(4, False)},
        2,
        np.tile(count(8, 7), 4),
        check=False,
        note="the buffer is larger than the sequence says",
    ),
    Case("cascade_flows", {}, 2, np.eye(1, 64, 5, dtype="i4")[0] * 214, ("kernel1.cc", "kernel2.cc", "kernel3.cc")),
    Case("ctrl_packet_reconfig", {0: count(4096, 1, "i1")}, 1, count(4096, 13, "i1")),
    Case("ctrl_packet_reconfig_1x4_cores", {0: count(16384, 1, "i1")}, 1, four_cores(count(16384, 1, "i1"))),
    Case(
        "ctrl_packet_reconfig_4x1_cores",
        {0: np.tile(count(128, 1, "i1"), 128)},
        1,
        four_cores(np.tile(count(128, 1, "i1"), 128)),
    ),
    Case("ctrl_packet_reconfig_elf", {0: count(4096, 1, "i1")}, 1, count(4096, 4, "i1")),
    Case(
        "dmabd_task_queue",
        {0: count(5, 0), 1: count(96, 1), 2: count(96, 2)},
        3,
        sums(count(5, 0), count(96, 1) + count(96, 2)),
        check=False,
        note="a descriptor is used again with no wait in between",
    ),
    *(
        Case(f"dynamic_{name}", {0: count(256)}, 1, copies(8), numbers={2: 8, **more}, device="npu2")
        for name, more in (("conditional_passthrough", {3: 1}), ("pingpong_passthrough", {}), ("pingpong_trace", {}))
    ),
    Case(
        "dynamic_conditional_passthrough",
        {0: count(256), 1: np.full(4096, -12345, np.int32)},
        1,
        np.full(4096, -12345, np.int32),
        numbers={2: 8, 3: 0},
        device="npu2",
    ),
    Case("loadpdi", {0: count(512, 0)}, 0, count(512, 2)),
    *(Case(f"local_reset/{name}", {}, 0, np.repeat(count(2, 0), 8)) for name in ("core", "core_reset_op")),
    *(Case(f"local_reset/{name}", {}, 0, count(8, 100)) for name in ("dma", "dma_channel_reset_op")),
    *(
        Case("matrix_multiplication_using_cascade", {0: A, 1: B}, 2, (A @ B).astype("i4"), ("mm.cc",), file=name)
        for name in ("aie_plainx1.mlir", "aie_plainx4.mlir", "aie_bufferx4.mlir", "aie_cascadex4.mlir")
    ),
    *(
        Case(f"{kind}_dmas/{name}", {0: count(4096)}, 2, count(4096))
        for kind in ("memtile", "tile")
        for name in ("blockwrite_using_locks", "writebd", "writebd_tokens")
    ),
    Case("objectfifo_pad_value_i32", {0: count(13)}, 1, padded(), device="npu2"),
    Case("reconfigure_loadpdi", {0: count(512, 0)}, 0, reconfigured()),
    Case(
        "reconfigure_loadpdi_persistent_memtile",
        {0: count(512, 0)},
        0,
        np.concatenate([np.tile(np.array([11, 22, 33, 44], "i4"), 2), count(504, 8)]),
    ),
    Case(
        "shim_dma_bd_reuse",
        {0: count(2560), 1: count(2560, 10001)},
        2,
        np.stack([count(2560).reshape(10, 256), count(2560, 10001).reshape(10, 256)], 1).reshape(-1),
        check=False,
        note="more tasks are queued than fit, unless the first are over in time",
    ),
    *(
        Case(name, {0: FACTORS, 1: np.array([3], "i4")}, 2, FACTORS * 3, ("vector_scalar_mul.cc",))
        for name in ("vec_mul_event_trace", "vec_mul_trace_distribute_lateral")
    ),
)
