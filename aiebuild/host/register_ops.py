"""Operations of runtime sequences that write registers, as instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import Operation, SSAValue

from aiebuild.dialect import line_of
from aiebuild.dialect.circuits import LockOp
from aiebuild.dialect.npu import NpuBlockWriteOp, NpuMaskWrite32Op, NpuWrite32Op
from aiebuild.dialect.raw import GlobalOp, NpuAddressPatchOp, NpuPushQueueOp, NpuWriteBdOp
from aiebuild.dialect.resets import CoreResetOp, DmaChannelResetOp
from aiebuild.dialect.sequence import SetLockOp
from aiebuild.dialect.structure import DeviceOp
from aiebuild.host.paths import Coordinates, coordinates
from aiebuild.host.refusal import refuse
from aiebuild.host.registers import (
    ALL,
    CORE_CONTROL,
    RESET,
    PatchAddress,
    WriteRegisters,
    check_modelled,
    control_offset,
    descriptor_offset,
    descriptor_words,
    queue_word,
    split,
    tile_of_row,
)
from aiebuild.target import load_target

REGISTER_OPS = (
    NpuWrite32Op,
    NpuMaskWrite32Op,
    NpuBlockWriteOp,
    NpuWriteBdOp,
    NpuPushQueueOp,
    NpuAddressPatchOp,
    SetLockOp,
    CoreResetOp,
    DmaChannelResetOp,
)

Value = Callable[[int | SSAValue, Operation], int]
Written = list[WriteRegisters | PatchAddress]


class RegisterReader:
    """Reads the operations of a device's sequences. `value` gives numbers, `places` where buffers and locks are."""

    def __init__(self, device: DeviceOp, value: Value, places: Callable[[DeviceOp], Places]) -> None:
        self.device = device
        self.target = load_target(device.device)
        self.value = value
        self.places = places

    def read(self, op: Operation) -> Written:
        """The instructions of an operation. Raises DesignError with its line for a register that is not modelled."""
        match op:
            case NpuWrite32Op():
                return [self.words(op, (self.value(op.value, op),), ALL)]
            case NpuMaskWrite32Op():
                return [self.words(op, (self.value(op.value, op),), self.value(op.mask, op) & ALL)]
            case NpuBlockWriteOp():
                return [self.words(op, self.constant(op), ALL)]
            case NpuWriteBdOp():
                return self.descriptor(op)
            case NpuPushQueueOp():
                word = queue_word(self.value(op.bd_id, op), self.value(op.repeat_count, op), op.issue_token)
                return [self.at(op, op.tile, control_offset(op.tile[1], op.direction, op.channel) + 4, (word,))]
            case NpuAddressPatchOp():
                return [self.patch(op)]
            case SetLockOp():
                tile, number = self.lock(op)
                return [self.at(op, tile, tile_of_row(tile[1]).locks + 0x10 * number, (op.value,))]
            case CoreResetOp():
                return self.pulse(op, coordinates(op.tile, op), CORE_CONTROL)
            case DmaChannelResetOp():
                tile = coordinates(op.tile, op)
                return self.pulse(op, tile, control_offset(tile[1], op.direction, op.channel))
            case _:
                raise refuse(op, f"`{op.name}` in a runtime sequence is not modelled by the host target")

    def at(
        self, op: Operation, tile: Coordinates, offset: int, words: tuple[int, ...], mask: int = ALL
    ) -> WriteRegisters:
        self.check_tile(op, tile)
        check_modelled(op, tile, offset)
        return WriteRegisters(line_of(op), *tile, offset, tuple(word & ALL for word in words), mask)

    def check_tile(self, op: Operation, tile: Coordinates) -> None:
        """Raises DesignError for a tile that the device does not have."""
        columns, rows = self.target.columns, self.target.rows
        if not (0 <= tile[0] < columns and 0 <= tile[1] < rows):
            raise refuse(op, f"there is no tile {tile}: {self.device.device} has {columns} columns and {rows} rows")

    def words(
        self, op: NpuWrite32Op | NpuMaskWrite32Op | NpuBlockWriteOp, words: tuple[int, ...], mask: int
    ) -> WriteRegisters:
        address = self.value(op.address, op)
        if op.buffer is None:
            return self.at(op, *split(address, op.column, op.row), words, mask)
        place = self.places(self.device).buffers.get(op.buffer)
        if place is None:
            raise refuse(op, f"@{op.buffer} is no buffer of this device")
        tile, start, size = place
        if not 0 <= 4 * address <= 4 * (address + len(words)) <= size:
            raise refuse(op, f"words {address} to {address + len(words) - 1} of @{op.buffer}, which has {size // 4}")
        return self.at(op, tile, start + 4 * address, words, mask)

    def constant(self, op: NpuBlockWriteOp) -> tuple[int, ...]:
        owner = op.data.owner
        name = owner.name_.string_value() if isinstance(owner, memref.GetGlobalOp) else ""
        for candidate in self.device.walk():
            values = candidate.values if isinstance(candidate, GlobalOp) and candidate.symbol == name else None
            if isinstance(values, DenseIntOrFPElementsAttr):
                words: Sequence[int | float] = values.get_values()  # pyright: ignore[reportUnknownMemberType]
                return tuple(int(value) for value in words)
        raise refuse(op, "a block write of what is no memref.global with values is not modelled")

    def descriptor(self, op: NpuWriteBdOp) -> Written:
        tile, bd = (op.field("column"), op.field("row")), op.field("bd_id")
        if not 0 <= bd < tile_of_row(tile[1]).descriptors:
            raise refuse(op, f"tile {tile} has no buffer descriptor {bd}")
        written: Written = [self.at(op, tile, descriptor_offset(tile[1], bd), descriptor_words(op, tile[1]))]
        argument = op.argument
        if argument is not None and tile[1] == 0:
            written.append(PatchAddress(line_of(op), tile[0], bd, argument, op.field("buffer_offset")))
        return written

    def patch(self, op: NpuAddressPatchOp) -> PatchAddress:
        if op.address is None:
            raise refuse(op, "an address patch of a register known at run time only is not modelled")
        (column, row), offset = split(op.address, None, None)
        bd, part = divmod(offset - descriptor_offset(0, 0), 0x20)
        if row != 0 or part != 4 or not 0 <= bd < tile_of_row(0).descriptors:
            raise refuse(op, f"an address patch of register 0x{offset:05x} of tile ({column}, {row}) is not modelled")
        self.check_tile(op, (column, row))
        return PatchAddress(line_of(op), column, bd, op.argument, self.value(op.plus, op))

    def lock(self, op: SetLockOp) -> tuple[Coordinates, int]:
        owner = op.lock.owner
        if not isinstance(owner, LockOp):
            raise refuse(op, "a lock from elsewhere is not modelled")
        return self.places(self.device).locks[owner]

    def pulse(self, op: Operation, tile: Coordinates, offset: int) -> Written:
        """Sets a Reset bit, and clears it."""
        return [self.at(op, tile, offset, (word,), RESET) for word in (RESET, 0)]


class Places:
    """Where a device's named buffers and its locks are: (tile, address, bytes) and (tile, number)."""

    def __init__(
        self, buffers: dict[str, tuple[Coordinates, int, int]], locks: dict[LockOp, tuple[Coordinates, int]]
    ) -> None:
        self.buffers = buffers
        self.locks = locks
