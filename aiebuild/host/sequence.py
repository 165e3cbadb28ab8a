"""Reading runtime sequences: the operations of a `runtime_sequence` in the instruction stream's own terms.

`read_sequence` gives a list of buffer-descriptor writes, queue pushes, token waits, parameter and register writes
(`program.py`). Bytes everywhere, where MLIR counts elements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from aiebuild.dialect import line_of, location
from aiebuild.dialect.attributes import memref_of
from aiebuild.dialect.dma import DmaBdOp, NextBdOp
from aiebuild.dialect.npu import NpuDmaMemcpyNdOp, NpuDmaWaitOp, NpuRtpWriteOp, NpuSyncOp
from aiebuild.dialect.resets import ConfigureOp, NpuLoadPdiOp, RunOp
from aiebuild.dialect.sequence import (
    DmaAwaitTaskOp,
    DmaConfigureTaskForOp,
    DmaConfigureTaskOp,
    DmaFreeTaskOp,
    DmaStartTaskOp,
    RuntimeSequenceOp,
    TaskOp,
)
from aiebuild.dialect.structure import BufferOp, DeviceOp, EndOp
from aiebuild.dialect.trace import HostConfigOp, StartConfigOp
from aiebuild.host.fifos import Paths, ShimChannel, find_paths, refuse
from aiebuild.host.memory_tasks import MEMORY_DESCRIPTORS, memory_descriptors
from aiebuild.host.numbers import Numbers
from aiebuild.host.program import (
    SHIM_DESCRIPTORS,
    Instruction,
    Push,
    SequenceProgram,
    Sync,
    WriteRtp,
    encode,
)
from aiebuild.host.register_ops import REGISTER_OPS, RegisterReader
from aiebuild.host.registers import LoadConfiguration
from aiebuild.host.replay import composed
from aiebuild.host.shim_tasks import Transfer, shim_descriptor
from aiebuild.host.tiles import buffer_places, packet_routes, shim_channels, tile_tasks, token_sources, uses_circuits
from aiebuild.host.types import element_bytes, is_number, memref_bytes, memref_elements


def find_sequence(module: ModuleOp, name: str | None) -> tuple[DeviceOp, RuntimeSequenceOp]:
    """The module's first device and its runtime sequence `name`; its only one for None.

    Raises DesignError when it is not there.
    """
    devices = [op for op in module.ops if isinstance(op, DeviceOp)]
    found = [
        (device, op)
        for device in devices[:1]
        for op in device.body.block.ops
        if isinstance(op, RuntimeSequenceOp) and name in (None, op.symbol)
    ]
    if len(found) != 1:
        what = "a runtime sequence" if name is None else f"runtime sequence @{name}"
        raise refuse(module, f"expected one {what.removeprefix('a ')}, found {len(found)}")
    return found[0]


def read_sequence(
    module: ModuleOp, name: str | None = None, scalars: Mapping[int, int] | None = None
) -> SequenceProgram:
    """The program of a runtime sequence. `scalars`: the arguments that are numbers, by position; 1 where missing.

    Raises DesignError with file and line on what is not modelled.
    """
    device, sequence = find_sequence(module, name)
    return _Reader(module, device, sequence, scalars or {}).read()


def encode_sequence(module: ModuleOp, name: str | None = None) -> bytes:
    """The bytes of the `.seq` file of the runtime sequence `name` (the only one for None)."""
    return encode(composed(read_sequence(module, name)))


@dataclass(frozen=True)
class _Argument:
    """A buffer argument of the sequence, from `offset` bytes on."""

    position: int
    offset: int = 0


@dataclass(frozen=True)
class _Task:
    """A configured task: its operation and its descriptors."""

    op: TaskOp
    descriptors: tuple[int, ...]


@dataclass
class _Scope:
    """A device as its sequences see it. `number`: its place among the module's devices."""

    device: DeviceOp
    number: int
    circuits: bool
    free: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    def __post_init__(self) -> None:
        device, circuits = self.device, self.circuits
        self.tile_tasks = tile_tasks(device) if circuits else {}
        self.tokens = token_sources(device)
        self.routes = packet_routes(device)
        paths = Paths() if circuits else find_paths(device)
        self.known = shim_channels(device) if circuits else paths.channels()
        self.kept = {tile.tile: tile for tile in paths.kept}
        self.taken: dict[tuple[int, int], set[int]] = {tile: set() for tile in self.kept}
        self.buffers: dict[str, BufferOp] = {
            op.symbol: op for op in device.walk() if isinstance(op, BufferOp) and op.symbol is not None
        }


class _Reader:
    def __init__(
        self, module: ModuleOp, device: DeviceOp, sequence: RuntimeSequenceOp, scalars: Mapping[int, int]
    ) -> None:
        self.sequence = sequence
        self.scalars = scalars
        self.devices = [op for op in module.ops if isinstance(op, DeviceOp)]
        self.circuits = len(self.devices) > 1 or uses_circuits(device)
        self.scopes: dict[DeviceOp, _Scope] = {}
        self.arguments: dict[SSAValue, _Argument] = {}
        self.channels: list[ShimChannel] = []
        self.buffers: list[str] = []
        self.out: list[Instruction] = []
        self.numbers = Numbers()
        self.value = self.numbers.of
        self.tasks: dict[SSAValue, _Task] = {}
        self.enter(device)

    def enter(self, device: DeviceOp) -> None:
        """Operations refer to this device from now on."""
        if device not in self.scopes:
            self.scopes[device] = _Scope(device, self.devices.index(device), self.circuits)
        self.scope = self.scopes[device]

    def read(self) -> SequenceProgram:
        sizes: list[int] = []
        for position, arg in enumerate(self.sequence.arguments):
            kind = memref_of(arg.type)
            if kind is not None:
                self.arguments[arg] = _Argument(len(sizes))
                sizes.append(memref_bytes(kind, self.sequence))
            elif is_number(arg.type):
                self.numbers[arg] = self.scalars.get(position, 1)
            else:
                raise refuse(self.sequence, f"argument of type {arg.type}: only buffers and integers are modelled")
        self.block(self.sequence.block)
        file = Path(location(self.sequence).rpartition(":")[0]).name or "<unknown>"
        return SequenceProgram(
            self.sequence.symbol,
            file,
            tuple(sizes),
            tuple(self.channels),
            tuple(self.buffers),
            tuple(self.out),
            self.circuits,
            tuple(self.scope.kept.values()),
        )

    def block(self, block: Block) -> Operation | None:
        """Reads a block's operations up to its terminator, which is returned."""
        for op in block.ops:
            if isinstance(op, scf.YieldOp):
                return op
            self.op(op)
        return None

    def op(self, op: Operation) -> None:
        match op:
            case DmaConfigureTaskForOp():
                self.configure(op, self.channel_of(op.alloc, op))
            case DmaConfigureTaskOp():
                self.configure(op, self.channel_at(op))
            case DmaStartTaskOp():
                self.start(op)
            case DmaAwaitTaskOp():
                task = self.task(op)
                if not task.op.issue_token:
                    raise refuse(op, "awaits a task that issues no token (issue_token = true)")
                self.out.append(Sync(line_of(op), self.position(self.channel_of_task(task.op))))
                self.release(task)
            case DmaFreeTaskOp():
                self.release(self.task(op))
            case NpuDmaMemcpyNdOp():
                self.memcpy(op)
            case NpuDmaWaitOp():
                self.out.append(Sync(line_of(op), self.position(self.channel_of(op.symbol, op))))
            case NpuSyncOp():
                self.sync(op)
            case NpuRtpWriteOp():
                self.rtp(op)
            case NpuLoadPdiOp():
                self.load(op, op.device_ref)
            case ConfigureOp():
                self.configured(op)
            case RunOp():
                self.run(op)
            case scf.ForOp():
                self.loop(op)
            case scf.IfOp():
                self.branch(op)
            case memref.SubviewOp() | memref.ReinterpretCastOp() | memref.CastOp():
                self.view(op)
            case (
                arith.ConstantOp()
                | EndOp()
                | memref.GetGlobalOp()
                | memref.AssumeAlignmentOp()
                | HostConfigOp()
                | StartConfigOp()
            ):
                pass
            case _ if isinstance(op, REGISTER_OPS):
                if not self.circuits:
                    raise refuse(op, f"`{op.name}` in a runtime sequence is not modelled by the host target")
                self.out += RegisterReader(self.scope.device, self.value, buffer_places).read(op)
            case _:
                self.numbers.compute(op)

    # -- configurations ----------------------------------------------------------------------------------
    def device_named(self, op: Operation, name: str | None) -> DeviceOp:
        for device in self.devices:
            if device.symbol == name:
                return device
        raise refuse(op, f"no aie.device @{name} in this module")

    def load(self, op: Operation, name: str | None) -> None:
        if name is None:
            raise refuse(op, "a configuration from elsewhere than this module is not modelled")
        if not self.circuits:
            return self.reload(op, name)
        self.enter(self.device_named(op, name))
        self.scope.free.clear()
        self.out.append(LoadConfiguration(line_of(op), self.scope.number))
        return None

    def reload(self, op: Operation, name: str) -> None:
        """A design of objectfifos alone that loads itself first of all, as the run does anyway."""
        if self.device_named(op, name) is not self.scope.device or self.out:
            raise refuse(op, "loading a configuration in the middle of a sequence is not modelled")

    def configured(self, op: ConfigureOp) -> None:
        before = self.scope
        self.load(op, op.device_ref)
        self.block(op.body.block)
        self.scope = before

    def run(self, op: RunOp) -> None:
        found = [
            inner
            for inner in self.scope.device.body.block.ops
            if isinstance(inner, RuntimeSequenceOp) and inner.symbol == op.sequence
        ]
        if len(found) != 1 or len(found[0].arguments) != len(op.operands):
            raise refuse(op, f"@{self.scope.device.symbol} has no runtime sequence @{op.sequence} of these arguments")
        for arg, value in zip(found[0].arguments, op.operands, strict=True):
            if value in self.arguments:
                self.arguments[arg] = self.arguments[value]
            else:
                self.numbers[arg] = self.value(value, op)
        self.block(found[0].block)

    def view(self, op: memref.SubviewOp | memref.ReinterpretCastOp | memref.CastOp) -> None:
        """A contiguous part of an argument."""
        source = self.arguments.get(op.operands[0])
        if source is None:
            raise refuse(op, "a view of what is no argument of the sequence is not modelled")
        if isinstance(op, memref.SubviewOp):
            kind = memref_of(op.operands[0].type)
            assert kind is not None
            offsets = [int(v) for v in op.static_offsets.get_values()]
            sizes = [int(v) for v in op.static_sizes.get_values()]
            strides = [int(v) for v in op.static_strides.get_values()]
            if len(op.operands) > 1 or len(offsets) > 1 or strides != [1]:
                raise refuse(op, "a view that is no contiguous part of a one-dimensional buffer is not modelled")
            if not 0 <= offsets[0] <= offsets[0] + sizes[0] <= memref_elements(kind, op):
                raise refuse(op, "a view beyond its buffer")
            source = _Argument(source.position, source.offset + offsets[0] * element_bytes(kind, op))
        self.arguments[op.results[0]] = source

    # -- control -----------------------------------------------------------------------------------------
    def pass_on(self, values: Sequence[SSAValue], to: Sequence[SSAValue], op: Operation) -> None:
        """Gives `to` what `values` stand for: numbers, or tasks."""
        found = [self.tasks[v] if v in self.tasks else self.value(v, op) for v in values]
        for target, value in zip(to, found, strict=True):
            if isinstance(value, _Task):
                self.tasks[target] = value
            else:
                self.numbers[target] = value

    def branch(self, op: scf.IfOp) -> None:
        region = op.true_region if self.value(op.cond, op) else op.false_region
        if not region.blocks:
            return
        end = self.block(region.block)
        if end is not None:
            self.pass_on(end.operands, op.results, op)

    def loop(self, op: scf.ForOp) -> None:
        first, last, step = (self.value(v, op) for v in (op.lb, op.ub, op.step))
        variable, *carried = op.body.block.args
        self.pass_on(op.iter_args, carried, op)
        for k in range(first, last, step):
            self.numbers[variable] = k
            end = self.block(op.body.block)
            if end is not None:
                self.pass_on(end.operands, carried, op)
        self.pass_on(carried, op.results, op)

    # -- channels and descriptors ------------------------------------------------------------------------
    def channel_of(self, symbol: str, op: Operation) -> ShimChannel:
        channel = self.scope.known.get(symbol)
        if channel is None:
            what = "shim_dma_allocation" if self.circuits else "objectfifo with an end at a shim"
            raise refuse(op, f"@{symbol} is no {what}")
        return channel

    def channel_at(self, op: DmaConfigureTaskOp) -> ShimChannel:
        tile = op.tile
        if tile is not None and tile.coordinates in self.scope.kept:
            return self.kept_channel(op, tile.coordinates)
        if tile is None or (tile.row != 0 and not self.circuits):
            raise refuse(op, "a task on a tile that is not a shim is not modelled")
        return self.find(op, tile.col, op.direction.name == "MM2S", op.channel, tile.row)

    def kept_channel(self, op: DmaConfigureTaskOp, tile: tuple[int, int]) -> ShimChannel:
        """A channel of a memory tile that the sequence programs."""
        kept, number = self.scope.kept[tile], op.channel
        if op.direction.name == "MM2S" and number in dict(kept.sends):
            return dict(kept.sends)[number]
        if op.direction.name == "S2MM" and number in dict(kept.fills):
            return ShimChannel("", tile[0], number, False, 0, tile[1])
        raise refuse(op, f"{op.direction.name} {number} of tile {tile} is no channel that is left to the sequence")

    def find(self, op: Operation, column: int, into: bool, channel: int, row: int = 0) -> ShimChannel:
        if row != 0:
            return ShimChannel("", column, channel, into, 0, row)
        for known in self.scope.known.values():
            if (known.column, known.into_array, known.channel) == (column, into, channel):
                return known
        if self.circuits:
            return ShimChannel("", column, channel, into, 0)
        raise refuse(op, f"channel {channel} of shim ({column}, 0) belongs to no objectfifo: not modelled")

    def channel_of_task(self, task: TaskOp) -> ShimChannel:
        return self.channel_of(task.alloc, task) if isinstance(task, DmaConfigureTaskForOp) else self.channel_at(task)

    def position(self, channel: ShimChannel) -> int:
        if channel not in self.channels:
            self.channels.append(channel)
        return self.channels.index(channel)

    def task(self, op: DmaStartTaskOp | DmaAwaitTaskOp | DmaFreeTaskOp) -> _Task:
        task = self.tasks.get(op.task_value)
        if task is None:
            raise refuse(op, "a task that is not configured in this sequence")
        return task

    def take(self, column: int, wanted: int | None, op: Operation) -> int:
        """A free descriptor of a shim, as mlir-aie's allocator picks it: the lowest."""
        free = self.scope.free.setdefault(column, set(range(SHIM_DESCRIPTORS)))
        if wanted is not None:
            if wanted not in free:
                raise refuse(op, f"buffer descriptor {wanted} of shim ({column}, 0) is in use or out of range")
            free.remove(wanted)
            return wanted
        if not free:
            raise refuse(
                op, f"more than {SHIM_DESCRIPTORS} buffer descriptors in use on shim ({column}, 0); await or free tasks"
            )
        bd = min(free)
        free.remove(bd)
        return bd

    def release(self, task: _Task) -> None:
        if task.op in self.scope.tile_tasks:
            return
        if (place := self.kept_tile(task.op)) is not None:
            self.scope.taken[place].difference_update(task.descriptors)
            return
        column = self.channel_of_task(task.op).column
        self.scope.free.setdefault(column, set(range(SHIM_DESCRIPTORS))).update(task.descriptors)

    def kept_tile(self, task: TaskOp) -> tuple[int, int] | None:
        """The memory tile of a task, if the sequence programs it."""
        tile = task.tile if isinstance(task, DmaConfigureTaskOp) else None
        return tile.coordinates if tile is not None and tile.coordinates in self.scope.kept else None

    def configure_kept(self, task: DmaConfigureTaskOp, tile: tuple[int, int]) -> None:
        if task.issue_token and tile not in self.scope.tokens:
            raise refuse(task, "issues a token, and no aie.packet_flow carries this tile's tokens to a shim")
        taken = self.scope.taken[tile]
        written = memory_descriptors(task, tile, self.value)
        for bd in written:
            if bd.bd in taken or bd.bd >= MEMORY_DESCRIPTORS:
                raise refuse(task, f"buffer descriptor {bd.bd} of memory tile {tile} is in use or out of range")
            taken.add(bd.bd)
        self.out += written
        self.tasks[task.results[0]] = _Task(task, tuple(bd.bd for bd in written))

    def configure(self, task: TaskOp, channel: ShimChannel) -> None:
        if isinstance(task, DmaConfigureTaskOp) and (place := self.kept_tile(task)) is not None:
            self.configure_kept(task, place)
            return
        if task in self.scope.tile_tasks:
            if task.issue_token and (channel.column, channel.row) not in self.scope.tokens:
                raise refuse(task, "issues a token, and no aie.packet_flow carries this tile's tokens to a shim")
            self.tasks[task.results[0]] = _Task(task, (self.scope.tile_tasks[task],))
            return
        blocks = list(task.body.blocks)
        chain: list[tuple[DmaBdOp, Block | None]] = []
        at: Block | None = blocks[0]
        seen: set[Block] = set()
        while at is not None:
            if at in seen:
                raise refuse(task, "a task whose descriptors form a loop is not modelled")
            seen.add(at)
            following: Block | None = None
            found: DmaBdOp | None = None
            for op in at.ops:
                if isinstance(op, DmaBdOp):
                    found = op
                elif isinstance(op, NextBdOp):
                    following = op.next_block
                elif not isinstance(op, arith.ConstantOp | EndOp):
                    raise refuse(op, f"`{op.name}` in a task is not modelled by the host target")
            if found is not None:
                chain.append((found, following))
            at = following
        if not chain:
            raise refuse(task, "a task without a buffer descriptor")
        ids = [self.take(channel.column, op.bd_id, op) for op, _ in chain]
        self.tasks[task.results[0]] = _Task(task, tuple(ids))
        for k, (op, _) in enumerate(chain):
            following_id = ids[k + 1] if k + 1 < len(ids) else None
            self.descriptor(op, channel, ids[k], following_id)

    def descriptor(self, op: DmaBdOp, channel: ShimChannel, bd: int, following: int | None) -> None:
        if op.pad or op.iteration is not None:
            raise refuse(op, "padding and explicit iteration of a shim's descriptor are not modelled")
        sizes = [self.value(v, op) for v in op.sizes]
        strides = [self.value(v, op) for v in op.strides]
        length = self.value(op.length, op)
        if sizes and not op.has_length:
            length = 1
            for size in sizes[-3:]:
                length *= size
        offset = self.value(op.offset, op)
        size = element_bytes(op.buffer_type, op)
        packet = self.packet(op, op.packet, channel)
        transfer = Transfer(offset, length, sizes, strides, size)
        self.write(op, channel.column, bd, op.buffer, transfer, following, packet)

    def packet(self, op: Operation, packet: tuple[int, int] | None, channel: ShimChannel) -> int | None:
        """The identifier of (type, identifier)."""
        if packet is None:
            return None
        if not self.circuits:
            raise refuse(op, "packets in a design of objectfifos are not modelled")
        if channel.into_array and (channel.column, channel.channel, packet[1]) not in self.scope.routes:
            where = f"MM2S {channel.channel} of shim ({channel.column}, 0)"
            raise refuse(op, f"packet {packet[1]} of {where}, which no aie.packet_flow carries, is not modelled")
        return packet[1]

    def write(
        self,
        op: Operation,
        column: int,
        bd: int,
        buffer: SSAValue,
        transfer: Transfer,
        following: int | None = None,
        packet: int | None = None,
    ) -> None:
        """Emits a descriptor."""
        argument = self.arguments.get(buffer)
        if argument is None:
            raise refuse(op, "a transfer of what is not an argument of the sequence is not modelled")
        place = (argument.position, argument.offset)
        self.out.append(shim_descriptor(op, column, bd, place, transfer, following, packet))

    def start(self, op: DmaStartTaskOp) -> None:
        task = self.task(op)
        repeat = task.op.repeat_count
        if repeat < 0:
            operand = task.op.repeat_operand
            assert operand is not None
            repeat = self.value(operand, op)
        channel = self.position(self.channel_of_task(task.op))
        self.out.append(Push(line_of(op), channel, task.descriptors[0], repeat, task.op.issue_token))

    def memcpy(self, op: NpuDmaMemcpyNdOp) -> None:
        if any(op.zero_before) or any(op.zero_after):
            raise refuse(op, "zero padding of a transfer is not modelled")
        channel = self.channel_of(op.metadata, op)
        packet = self.packet(op, op.packet, channel)
        kind = op.memref_type
        memref_elements(kind, op)
        offsets = [self.value(v, op) for v in op.offsets]
        sizes = [self.value(v, op) for v in op.sizes]
        strides = [self.value(v, op) for v in op.strides]
        offset, extent = 0, 1
        for position, n in zip(reversed(offsets), [*reversed(kind.get_shape()), 1, 1, 1], strict=False):
            offset += position * extent
            extent *= n
        length = sizes[1] * sizes[2] * sizes[3]
        size = element_bytes(kind, op)
        # The descriptor is written even while in use; the sequence answers for that.
        transfer = Transfer(offset, length, sizes, strides, size)
        self.write(op, channel.column, op.bd_id, op.memref, transfer, packet=packet)
        token = op.issue_token or not channel.into_array
        self.out.append(Push(line_of(op), self.position(channel), op.bd_id, sizes[0] - 1, token))

    def sync(self, op: NpuSyncOp) -> None:
        fields = (op.column, op.row, op.direction, op.channel, op.column_num, op.row_num)
        column, row, direction, channel, columns, rows = (self.value(v, op) for v in fields)
        if (row != 0 and not self.circuits) or rows != 1:
            raise refuse(op, "a sync with tiles other than shims is not modelled")
        for k in range(column, column + columns):
            self.out.append(Sync(line_of(op), self.position(self.find(op, k, direction == 1, channel, row))))

    def rtp(self, op: NpuRtpWriteOp) -> None:
        buffer = self.scope.buffers.get(op.buffer)
        if buffer is None:
            raise refuse(op, f"rtp_write to @{op.buffer}, which is no buffer of this device")
        words = memref_bytes(buffer.type, buffer) // 4
        if op.index >= words:
            raise refuse(op, f"rtp_write to word {op.index} of @{op.buffer}, which has {words}")
        if op.buffer not in self.buffers:
            self.buffers.append(op.buffer)
        self.out.append(WriteRtp(line_of(op), self.buffers.index(op.buffer), op.index, self.value(op.value, op)))
