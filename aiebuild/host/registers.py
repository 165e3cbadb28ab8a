"""Registers of the array as runtime sequences write them: where an address leads, and a descriptor's words.

Offsets and fields are those of aie-rt's `xaiemlgbl_params.h`, the same on npu1 and npu2; the engine's side is
`include/aiebuild_tiles/registers.hpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Operation

from aiebuild.dialect.attributes import Direction
from aiebuild.dialect.raw import NpuWriteBdOp
from aiebuild.host.paths import Coordinates
from aiebuild.host.refusal import refuse

_COLUMN_SHIFT, _ROW_SHIFT, _ROW_MASK, _OFFSET_MASK = 25, 20, 0x1F, 0xFFFFF
ALL = 0xFFFFFFFF


@dataclass(frozen=True)
class WriteRegisters:
    """Writes `words` from `offset` within a tile on, one after the other; only the bits in `mask`."""

    line: int
    column: int
    row: int
    offset: int
    words: tuple[int, ...]
    mask: int = ALL


@dataclass(frozen=True)
class PatchAddress:
    """Gives descriptor `bd` of a shim the address `offset` bytes into an argument."""

    line: int
    column: int
    bd: int
    argument: int
    offset: int


@dataclass(frozen=True)
class LoadConfiguration:
    """Puts another configuration, by its place among the module's devices, into the array."""

    line: int
    number: int


@dataclass(frozen=True)
class Tile:
    """The registers of a kind of tile: `bds` is the first descriptor, `channels` the first DMA channel (S2MM ones)."""

    memory: int
    bds: int
    words: int
    descriptors: int
    channels: int
    inputs: int
    outputs: int
    locks: int
    lock_count: int
    observed: tuple[tuple[int, int], ...]
    """Events, timers, performance counters and traces: from, to."""


SHIM = Tile(0, 0x1D000, 8, 16, 0x1D200, 2, 2, 0x14000, 16, ((0x31000, 0x31100), (0x34000, 0x34600), (0x3FF00, 0x3FF40)))
MEMORY = Tile(
    0x80000, 0xA0000, 8, 48, 0xA0600, 6, 6, 0xC0000, 64, ((0x91000, 0x91100), (0x94000, 0x94600), (0xB0F00, 0xB0F40))
)
CORE = Tile(
    0x10000,
    0x1D000,
    6,
    16,
    0x1DE00,
    2,
    2,
    0x1F000,
    16,
    ((0x11000, 0x11100), (0x14000, 0x14600), (0x31500, 0x31600), (0x34000, 0x34600), (0x3FF00, 0x3FF40)),
)
CORE_CONTROL = 0x32000
RESET, ENABLE = 2, 1
"""Bits of CORE_CONTROL; bit RESET is that of a DMA channel's Ctrl, too."""


def tile_of_row(row: int) -> Tile:
    """The registers of the tiles of a row."""
    return SHIM if row == 0 else MEMORY if row == 1 else CORE


def split(address: int, column: int | None, row: int | None) -> tuple[Coordinates, int]:
    """The tile and the offset of an address; `column` and `row` come first where they are written."""
    own = (address >> _COLUMN_SHIFT, address >> _ROW_SHIFT & _ROW_MASK)
    tile = own if column is None or row is None else (column, row)
    return tile, address & _OFFSET_MASK


def check_modelled(op: Operation, tile: Coordinates, offset: int) -> None:
    """Raises DesignError for a register that the engine has no model of."""
    kind = tile_of_row(tile[1])
    known = (
        (0, kind.memory),
        (kind.bds, kind.bds + 0x20 * kind.descriptors),
        (kind.channels, kind.channels + 8 * (kind.inputs + kind.outputs)),
        (kind.locks, kind.locks + 0x10 * kind.lock_count),
        *kind.observed,
        *(((CORE_CONTROL, CORE_CONTROL + 4),) if kind is CORE else ()),
    )
    if not any(first <= offset < last for first, last in known):
        raise refuse(op, f"register 0x{offset:05x} of tile {tile} is not modelled by the host target")


def control_offset(row: int, direction: Direction, channel: int) -> int:
    """The offset of a DMA channel's Ctrl; its queue is 4 bytes on."""
    kind = tile_of_row(row)
    return kind.channels + 8 * (channel + (kind.inputs if direction is Direction.MM2S else 0))


def descriptor_offset(row: int, bd: int) -> int:
    """The offset of a descriptor's first word."""
    return tile_of_row(row).bds + 0x20 * bd


def queue_word(bd: int, repeat: int, token: bool) -> int:
    """What a task queue takes: Start_BD_ID, Repeat_Count, Enable_Token_Issue."""
    return bd | repeat << 16 | int(token) << 31


def descriptor_words(op: NpuWriteBdOp, row: int) -> tuple[int, ...]:
    """The words that `aiex.npu.writebd` stands for, as `AIEDmaToNpu.cpp` packs them.

    Fields hold what the registers do: strides and the iteration's size are already less one.
    """
    fields = _SHIM_FIELDS if row == 0 else _MEMORY_FIELDS if row == 1 else _CORE_FIELDS
    words = [0] * tile_of_row(row).words
    for name, (word, high, low) in fields.items():
        value = op.field(name)
        limit = (1 << (high - low + 1)) - 1
        if not -(limit + 1) // 2 <= value <= limit:
            raise refuse(op, f"{name} = {value} does not fit its {high - low + 1} bits")
        words[word] |= (value & limit) << low
    return tuple(words)


_SHIM_FIELDS = {
    "buffer_length": (0, 31, 0),
    "buffer_offset": (1, 31, 0),
    "enable_packet": (2, 30, 30),
    "out_of_order_id": (2, 29, 24),
    "packet_id": (2, 23, 19),
    "packet_type": (2, 18, 16),
    "d0_size": (3, 29, 20),
    "d0_stride": (3, 19, 0),
    "d1_size": (4, 29, 20),
    "d1_stride": (4, 19, 0),
    "d2_stride": (5, 19, 0),
    "iteration_current": (6, 31, 26),
    "iteration_size": (6, 25, 20),
    "iteration_stride": (6, 19, 0),
    "next_bd": (7, 30, 27),
    "use_next_bd": (7, 26, 26),
    "valid_bd": (7, 25, 25),
    "lock_rel_val": (7, 24, 18),
    "lock_rel_id": (7, 16, 13),
    "lock_acq_enable": (7, 12, 12),
    "lock_acq_val": (7, 11, 5),
    "lock_acq_id": (7, 3, 0),
}
_MEMORY_FIELDS = {
    "enable_packet": (0, 31, 31),
    "packet_type": (0, 30, 28),
    "packet_id": (0, 27, 23),
    "out_of_order_id": (0, 22, 17),
    "buffer_length": (0, 16, 0),
    "d0_zero_before": (1, 31, 26),
    "next_bd": (1, 25, 20),
    "use_next_bd": (1, 19, 19),
    "buffer_offset": (1, 18, 0),
    "d0_size": (2, 26, 17),
    "d0_stride": (2, 16, 0),
    "d1_zero_before": (3, 31, 27),
    "d1_size": (3, 26, 17),
    "d1_stride": (3, 16, 0),
    "d2_zero_before": (4, 30, 27),
    "d2_stride": (4, 16, 0),
    "d2_zero_after": (5, 31, 28),
    "d1_zero_after": (5, 27, 23),
    "d0_zero_after": (5, 22, 17),
    "iteration_current": (6, 28, 23),
    "iteration_size": (6, 22, 17),
    "iteration_stride": (6, 16, 0),
    "valid_bd": (7, 31, 31),
    "lock_rel_val": (7, 30, 24),
    "lock_rel_id": (7, 23, 16),
    "lock_acq_enable": (7, 15, 15),
    "lock_acq_val": (7, 14, 8),
    "lock_acq_id": (7, 7, 0),
}
_CORE_FIELDS = {
    "buffer_length": (0, 13, 0),
    "buffer_offset": (0, 27, 14),
    "enable_packet": (1, 30, 30),
    "out_of_order_id": (1, 29, 24),
    "packet_id": (1, 23, 19),
    "packet_type": (1, 18, 16),
    "d1_stride": (2, 25, 13),
    "d0_stride": (2, 12, 0),
    "d1_size": (3, 28, 21),
    "d0_size": (3, 20, 13),
    "d2_stride": (3, 12, 0),
    "iteration_current": (4, 24, 19),
    "iteration_size": (4, 18, 13),
    "iteration_stride": (4, 12, 0),
    "next_bd": (5, 30, 27),
    "use_next_bd": (5, 26, 26),
    "valid_bd": (5, 25, 25),
    "lock_rel_val": (5, 24, 18),
    "lock_rel_id": (5, 16, 13),
    "lock_acq_enable": (5, 12, 12),
    "lock_acq_val": (5, 11, 5),
    "lock_acq_id": (5, 3, 0),
}
