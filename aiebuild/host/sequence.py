"""Reading runtime sequences: the operations of a `runtime_sequence` in the instruction stream's own terms.

`read_sequence` gives a list of buffer-descriptor writes, queue pushes, token waits, parameter and register writes
(`program.py`); what they refer to is a `SequenceDevice`. Bytes everywhere, where MLIR counts elements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from aiebuild.dialect import file_of, line_of
from aiebuild.dialect.attributes import memref_of
from aiebuild.dialect.dma import DmaBdOp
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
from aiebuild.dialect.structure import DeviceOp, EndOp
from aiebuild.dialect.trace import HostConfigOp, StartConfigOp
from aiebuild.host.memory_tasks import memory_descriptors
from aiebuild.host.numbers import Numbers
from aiebuild.host.paths import Coordinates, ShimChannel
from aiebuild.host.program import (
    Instruction,
    Push,
    SequenceProgram,
    Sync,
    WriteRtp,
    encode,
)
from aiebuild.host.refusal import refuse
from aiebuild.host.register_ops import REGISTER_OPS, RegisterReader
from aiebuild.host.registers import LoadConfiguration
from aiebuild.host.replay import composed
from aiebuild.host.sequence_device import SequenceDevice
from aiebuild.host.shim_tasks import Transfer, shim_descriptor, task_chain
from aiebuild.host.tiles import buffer_places, uses_circuits
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


class _Reader:
    def __init__(
        self, module: ModuleOp, device: DeviceOp, sequence: RuntimeSequenceOp, scalars: Mapping[int, int]
    ) -> None:
        self.sequence = sequence
        self.scalars = scalars
        self.devices = [op for op in module.ops if isinstance(op, DeviceOp)]
        self.circuits = len(self.devices) > 1 or uses_circuits(device)
        self.entered: dict[DeviceOp, SequenceDevice] = {}
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
        if device not in self.entered:
            self.entered[device] = SequenceDevice(device, self.devices.index(device), self.circuits)
        self.device = self.entered[device]

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
        file = file_of(self.sequence)
        return SequenceProgram(
            self.sequence.symbol,
            file,
            tuple(sizes),
            tuple(self.channels),
            tuple(self.buffers),
            tuple(self.out),
            self.circuits,
            tuple(self.device.kept.values()),
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
                self.configure(op, self.device.channel_named(op.alloc, op))
            case DmaConfigureTaskOp():
                self.configure(op, self.device.channel_at(op))
            case DmaStartTaskOp():
                self.start(op)
            case DmaAwaitTaskOp():
                task = self.task(op)
                if not task.op.issue_token:
                    raise refuse(op, "awaits a task that issues no token (issue_token = true)")
                self.out.append(Sync(line_of(op), self.position(self.device.channel_of(task.op))))
                self.device.release(task.op, task.descriptors)
            case DmaFreeTaskOp():
                task = self.task(op)
                self.device.release(task.op, task.descriptors)
            case NpuDmaMemcpyNdOp():
                self.memcpy(op)
            case NpuDmaWaitOp():
                self.out.append(Sync(line_of(op), self.position(self.device.channel_named(op.symbol, op))))
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
                self.out += RegisterReader(self.device.op, self.value, buffer_places).read(op)
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
        self.device.reset()
        self.out.append(LoadConfiguration(line_of(op), self.device.number))
        return None

    def reload(self, op: Operation, name: str) -> None:
        """A design of objectfifos alone that loads itself first of all, as the run does anyway."""
        if self.device_named(op, name) is not self.device.op or self.out:
            raise refuse(op, "loading a configuration in the middle of a sequence is not modelled")

    def configured(self, op: ConfigureOp) -> None:
        before = self.device
        self.load(op, op.device_ref)
        self.block(op.body.block)
        self.device = before

    def run(self, op: RunOp) -> None:
        found = [
            inner
            for inner in self.device.op.body.block.ops
            if isinstance(inner, RuntimeSequenceOp) and inner.symbol == op.sequence
        ]
        if len(found) != 1 or len(found[0].arguments) != len(op.operands):
            raise refuse(op, f"@{self.device.op.symbol} has no runtime sequence @{op.sequence} of these arguments")
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
    def position(self, channel: ShimChannel) -> int:
        if channel not in self.channels:
            self.channels.append(channel)
        return self.channels.index(channel)

    def task(self, op: DmaStartTaskOp | DmaAwaitTaskOp | DmaFreeTaskOp) -> _Task:
        task = self.tasks.get(op.task_value)
        if task is None:
            raise refuse(op, "a task that is not configured in this sequence")
        return task

    def configure_kept(self, task: DmaConfigureTaskOp, tile: Coordinates) -> None:
        self.device.check_token(task, tile)
        written = memory_descriptors(task, tile, self.value)
        for bd in written:
            self.device.take_kept(task, tile, bd.bd)
        self.out += written
        self.tasks[task.results[0]] = _Task(task, tuple(bd.bd for bd in written))

    def configure(self, task: TaskOp, channel: ShimChannel) -> None:
        if isinstance(task, DmaConfigureTaskOp) and (place := self.device.kept_tile(task)) is not None:
            self.configure_kept(task, place)
            return
        if task in self.device.tile_tasks:
            self.device.check_token(task, (channel.column, channel.row))
            self.tasks[task.results[0]] = _Task(task, (self.device.tile_tasks[task],))
            return
        chain = task_chain(task)
        ids = [self.device.take(channel.column, op.bd_id, op) for op in chain]
        self.tasks[task.results[0]] = _Task(task, tuple(ids))
        for k, op in enumerate(chain):
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
        packet = self.device.packet(op, op.packet, channel)
        transfer = Transfer(offset, length, sizes, strides, size)
        self.write(op, channel.column, bd, op.buffer, transfer, following, packet)

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
        channel = self.position(self.device.channel_of(task.op))
        self.out.append(Push(line_of(op), channel, task.descriptors[0], repeat, task.op.issue_token))

    def memcpy(self, op: NpuDmaMemcpyNdOp) -> None:
        if any(op.zero_before) or any(op.zero_after):
            raise refuse(op, "zero padding of a transfer is not modelled")
        channel = self.device.channel_named(op.metadata, op)
        packet = self.device.packet(op, op.packet, channel)
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
            found = self.device.find_channel(op, k, direction == 1, channel, row)
            self.out.append(Sync(line_of(op), self.position(found)))

    def rtp(self, op: NpuRtpWriteOp) -> None:
        buffer = self.device.buffers.get(op.buffer)
        if buffer is None:
            raise refuse(op, f"rtp_write to @{op.buffer}, which is no buffer of this device")
        words = memref_bytes(buffer.type, buffer) // 4
        if op.index >= words:
            raise refuse(op, f"rtp_write to word {op.index} of @{op.buffer}, which has {words}")
        if op.buffer not in self.buffers:
            self.buffers.append(op.buffer)
        self.out.append(WriteRtp(line_of(op), self.buffers.index(op.buffer), op.index, self.value(op.value, op)))
