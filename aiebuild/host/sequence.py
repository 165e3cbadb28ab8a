"""Runtime sequences as data: the operations of a `runtime_sequence` in the instruction stream's own terms.

`read_sequence` gives a list of buffer-descriptor writes, queue pushes, token waits and parameter writes; `encode` turns
it into the bytes of a `.seq` file, whose layout is described in `include/aiebuild_host/sequence.hpp`. Bytes everywhere,
where MLIR counts elements.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from aiebuild.dialect import location
from aiebuild.dialect.attributes import memref_of
from aiebuild.dialect.dma import DmaBdOp, NextBdOp
from aiebuild.dialect.npu import NpuDmaMemcpyNdOp, NpuDmaWaitOp, NpuRtpWriteOp, NpuSyncOp
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
from aiebuild.host.cores import line_of
from aiebuild.host.fifos import ShimChannel, find_paths, refuse
from aiebuild.host.tiles import shim_channels, tile_tasks, token_sources, uses_circuits
from aiebuild.host.types import element_bytes, memref_bytes, memref_elements

MAGIC = b"AIEBSEQ\n"
VERSION = 1
"""`kSequenceVersion` of abi.hpp."""

TILES_VERSION = 2
"""As VERSION, for the engine of tiles: each channel is followed by its row (u16), and descriptors know packets."""

SHIM_DESCRIPTORS = 16
"""Buffer descriptors of a shim tile, shared by its four channels (TM)."""


@dataclass(frozen=True)
class WriteBd:
    """Writes descriptor `bd` of shim `column`: `run` contiguous bytes, repeated by `levels`, innermost first.

    A level is (count, stride). Each further run of the task starts `iteration_stride` later, modulo `iterations` runs
    (0: it does not move). `argument` is the host buffer's position, `following` the next descriptor of a chain,
    `packet` the identifier of the packet it is sent as; only the engine of tiles has packets.
    """

    line: int
    bd: int
    column: int
    argument: int
    offset: int
    length: int
    run: int
    levels: tuple[tuple[int, int], ...]
    iterations: int
    iteration_stride: int
    following: int | None
    packet: int | None = None


@dataclass(frozen=True)
class Push:
    """Queues descriptor `bd` on a channel, `repeat` + 1 times; a token when it is done if `token`."""

    line: int
    channel: int
    bd: int
    repeat: int
    token: bool


@dataclass(frozen=True)
class Sync:
    """Waits for the next token of a channel."""

    line: int
    channel: int


@dataclass(frozen=True)
class WriteRtp:
    """Writes a 32-bit word of a core's buffer."""

    line: int
    buffer: int
    word: int
    value: int


Instruction = WriteBd | Push | Sync | WriteRtp


@dataclass(frozen=True)
class SequenceProgram:
    """A runtime sequence. Pushes, syncs and parameter writes refer to `channels` and `buffers` by position.

    `circuits`: whether it is for the engine of tiles.
    """

    name: str
    file: str
    argument_bytes: tuple[int, ...]
    channels: tuple[ShimChannel, ...]
    buffers: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    circuits: bool = False


def find_sequence(module: ModuleOp, name: str | None) -> tuple[DeviceOp, RuntimeSequenceOp]:
    """The device and its runtime sequence `name`; its only one for None. Raises DesignError when it is not there."""
    found = [
        (device, op)
        for device in module.ops
        if isinstance(device, DeviceOp)
        for op in device.body.block.ops
        if isinstance(op, RuntimeSequenceOp) and name in (None, op.symbol)
    ]
    if len(found) != 1:
        what = "a runtime sequence" if name is None else f"runtime sequence @{name}"
        raise refuse(module, f"expected one {what.removeprefix('a ')}, found {len(found)}")
    return found[0]


def read_sequence(module: ModuleOp, name: str | None = None) -> SequenceProgram:
    """The program of a runtime sequence. Raises DesignError with file and line on what is not modelled."""
    device, sequence = find_sequence(module, name)
    return _Reader(device, sequence).read()


def encode_sequence(module: ModuleOp, name: str | None = None) -> bytes:
    """The bytes of the `.seq` file of the runtime sequence `name` (the only one for None)."""
    return encode(read_sequence(module, name))


class _Reader:
    def __init__(self, device: DeviceOp, sequence: RuntimeSequenceOp) -> None:
        self.sequence = sequence
        self.circuits = uses_circuits(device)
        self.tile_tasks = tile_tasks(device) if self.circuits else {}
        self.tokens = token_sources(device)
        self.known = shim_channels(device) if self.circuits else find_paths(device).channels()
        self.device_buffers: dict[str, BufferOp] = {
            op.symbol: op for op in device.body.block.ops if isinstance(op, BufferOp) and op.symbol is not None
        }
        self.arguments: dict[SSAValue, int] = {arg: k for k, arg in enumerate(sequence.arguments)}
        self.channels: list[ShimChannel] = []
        self.buffers: list[str] = []
        self.out: list[Instruction] = []
        self.free: dict[int, set[int]] = {}
        self.descriptors: dict[Operation, list[int]] = {}
        self.environment: dict[SSAValue, int] = {}
        self.started: set[Operation] = set()

    def read(self) -> SequenceProgram:
        sizes: list[int] = []
        for arg in self.sequence.arguments:
            kind = memref_of(arg.type)
            if kind is None:
                raise refuse(self.sequence, f"argument of type {arg.type}: only buffers are modelled")
            sizes.append(memref_bytes(kind, self.sequence))
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
        )

    def block(self, block: Block) -> None:
        for op in block.ops:
            self.op(op)

    def op(self, op: Operation) -> None:
        match op:
            case arith.ConstantOp():
                if isinstance(op.value, IntegerAttr):
                    self.environment[op.result] = op.value.value.data
            case DmaConfigureTaskForOp():
                self.configure(op, self.channel_of(op.alloc, op))
            case DmaConfigureTaskOp():
                self.configure(op, self.channel_at(op))
            case DmaStartTaskOp():
                self.start(op)
            case DmaAwaitTaskOp():
                task = self.task(op)
                if not task.issue_token:
                    raise refuse(op, "awaits a task that issues no token (issue_token = true)")
                self.out.append(Sync(line_of(op), self.position(self.channel_of_task(task))))
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
            case scf.ForOp():
                self.loop(op)
            case scf.YieldOp() | EndOp():
                pass
            case arith.AddiOp() | arith.SubiOp() | arith.MuliOp():
                a, b = self.value(op.operands[0], op), self.value(op.operands[1], op)
                self.environment[op.results[0]] = {"arith.addi": a + b, "arith.subi": a - b, "arith.muli": a * b}[
                    op.name
                ]
            case arith.IndexCastOp() | arith.TruncIOp() | arith.ExtSIOp() | arith.ExtUIOp():
                self.environment[op.results[0]] = self.value(op.operands[0], op)
            case _:
                raise refuse(op, f"`{op.name}` in a runtime sequence is not modelled by the host target")

    def loop(self, op: scf.ForOp) -> None:
        if op.iter_args:
            raise refuse(op, "a loop with carried values in a runtime sequence is not modelled")
        first, last, step = (self.value(v, op) for v in (op.lb, op.ub, op.step))
        for k in range(first, last, step):
            self.environment[op.body.block.args[0]] = k
            self.block(op.body.block)

    def value(self, value: int | SSAValue, op: Operation) -> int:
        if isinstance(value, int):
            return value
        if value in self.environment:
            return self.environment[value]
        owner = value.owner
        if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr):
            return owner.value.value.data
        raise refuse(op, "a value that is only known at run time is not modelled")

    # -- channels and descriptors ------------------------------------------------------------------------
    def channel_of(self, symbol: str, op: Operation) -> ShimChannel:
        channel = self.known.get(symbol)
        if channel is None:
            what = "shim_dma_allocation" if self.circuits else "objectfifo with an end at a shim"
            raise refuse(op, f"@{symbol} is no {what}")
        return channel

    def channel_at(self, op: DmaConfigureTaskOp) -> ShimChannel:
        tile = op.tile
        if tile is None or (tile.row != 0 and not self.circuits):
            raise refuse(op, "a task on a tile that is not a shim is not modelled")
        return self.find(op, tile.col, op.direction.name == "MM2S", op.channel, tile.row)

    def find(self, op: Operation, column: int, into: bool, channel: int, row: int = 0) -> ShimChannel:
        if row != 0:
            return ShimChannel("", column, channel, into, 0, row)
        for known in self.known.values():
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

    def task(self, op: DmaStartTaskOp | DmaAwaitTaskOp | DmaFreeTaskOp) -> TaskOp:
        task = op.task
        if task is None:
            raise refuse(op, "a task that is not configured in this sequence")
        return task

    def take(self, column: int, wanted: int | None, op: Operation) -> int:
        """A free descriptor of a shim, as mlir-aie's allocator picks it: the lowest."""
        free = self.free.setdefault(column, set(range(SHIM_DESCRIPTORS)))
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

    def release(self, task: TaskOp) -> None:
        if task in self.tile_tasks:
            return
        column = self.channel_of_task(task).column
        self.free.setdefault(column, set(range(SHIM_DESCRIPTORS))).update(self.descriptors.get(task, ()))

    def configure(self, task: TaskOp, channel: ShimChannel) -> None:
        if task in self.tile_tasks:
            if task.issue_token and (channel.column, channel.row) not in self.tokens:
                raise refuse(task, "issues a token, and no aie.packet_flow carries this tile's tokens to a shim")
            self.descriptors[task] = [self.tile_tasks[task]]
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
                elif not isinstance(op, EndOp):
                    raise refuse(op, f"`{op.name}` in a task is not modelled by the host target")
            if found is not None:
                chain.append((found, following))
            at = following
        if not chain:
            raise refuse(task, "a task without a buffer descriptor")
        ids = [self.take(channel.column, op.bd_id, op) for op, _ in chain]
        self.descriptors[task] = ids
        for k, (op, _) in enumerate(chain):
            following_id = ids[k + 1] if k + 1 < len(ids) else None
            self.descriptor(op, channel.column, ids[k], following_id)

    def descriptor(self, op: DmaBdOp, column: int, bd: int, following: int | None) -> None:
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
        packet = self.packet(op, op.packet)
        self.write(op, column, bd, following, op.buffer, offset, length, sizes, strides, size, packet)

    def packet(self, op: Operation, packet: tuple[int, int] | None) -> int | None:
        """The identifier of (type, identifier)."""
        if packet is None:
            return None
        if not self.circuits or packet[0] != 0:
            raise refuse(op, "packets of a type, or in a design of objectfifos, are not modelled")
        return packet[1]

    def write(
        self,
        op: Operation,
        column: int,
        bd: int,
        following: int | None,
        buffer: SSAValue,
        offset: int,
        length: int,
        sizes: list[int],
        strides: list[int],
        element: int,
        packet: int | None = None,
    ) -> None:
        """Emits a descriptor; sizes and strides in elements, outermost first, at most four."""
        if not isinstance(buffer, BlockArgument) or buffer not in self.arguments:
            raise refuse(op, "a transfer of what is not an argument of the sequence is not modelled")
        if len(sizes) != len(strides) or len(sizes) > 4:
            raise refuse(op, f"{len(sizes)} sizes and {len(strides)} strides; a shim has at most 4 of each")
        if not sizes:
            sizes, strides = [length], [1]
        iterations, iteration_stride = 0, 0
        if len(sizes) == 4:
            if sizes[0] > 1 and strides[0] != 0:
                iterations, iteration_stride = sizes[0], strides[0] * element
            sizes, strides = sizes[1:], strides[1:]
        total = 1
        for size in sizes:
            total *= size
        if total != length:
            raise refuse(op, f"length {length} differs from the product of the inner sizes, {total}")
        if min(sizes) < 1 or min(strides) < 0 or offset < 0:
            raise refuse(op, "sizes must be positive, offsets and strides not negative")
        for what, value in (("offset", offset), ("length", length)):
            if value * element % 4:
                raise refuse(op, f"{what} of {value * element} bytes: transfers move 4-byte words")
        inner_size, inner_stride = sizes[-1], strides[-1]
        levels = [(n, stride * element) for n, stride in zip(reversed(sizes[:-1]), reversed(strides[:-1]), strict=True)]
        if inner_stride == 1 or inner_size == 1:
            run = inner_size * element
        else:
            run = element
            levels.insert(0, (inner_size, inner_stride * element))
        if run % 4 and length * element != run:
            raise refuse(op, f"runs of {run} bytes: transfers move 4-byte words")
        self.out.append(
            WriteBd(
                line_of(op),
                bd,
                column,
                self.arguments[buffer],
                offset * element,
                length * element,
                run,
                tuple(levels),
                iterations,
                iteration_stride,
                following,
                packet,
            )
        )

    def start(self, op: DmaStartTaskOp) -> None:
        task = self.task(op)
        ids = self.descriptors.get(task)
        if ids is None:
            raise refuse(op, "starts a task before it is configured")
        repeat = task.repeat_count
        if repeat < 0:
            operand = task.repeat_operand
            assert operand is not None
            repeat = self.value(operand, op)
        self.out.append(Push(line_of(op), self.position(self.channel_of_task(task)), ids[0], repeat, task.issue_token))

    def memcpy(self, op: NpuDmaMemcpyNdOp) -> None:
        if any(op.zero_before) or any(op.zero_after):
            raise refuse(op, "zero padding of a transfer is not modelled")
        packet = self.packet(op, op.packet)
        channel = self.channel_of(op.metadata, op)
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
        self.write(op, channel.column, op.bd_id, None, op.memref, offset, length, sizes, strides, size, packet)
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
        buffer = self.device_buffers.get(op.buffer)
        if buffer is None:
            raise refuse(op, f"rtp_write to @{op.buffer}, which is no buffer of this device")
        words = memref_bytes(buffer.type, buffer) // 4
        if op.index >= words:
            raise refuse(op, f"rtp_write to word {op.index} of @{op.buffer}, which has {words}")
        if op.buffer not in self.buffers:
            self.buffers.append(op.buffer)
        self.out.append(WriteRtp(line_of(op), self.buffers.index(op.buffer), op.index, self.value(op.value, op)))


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def _encode_one(op: Instruction) -> bytes:
    match op:
        case WriteBd():
            head = struct.pack("<BBHI", 1, 0 if op.packet is None else op.packet + 1, op.bd, op.line)
            chained = op.following is not None
            body = struct.pack(
                "<HHHBBHHqQQ",
                op.column,
                0,
                op.argument,
                len(op.levels),
                chained,
                op.following or 0,
                0,
                op.offset,
                op.length,
                op.run,
            )
            levels = b"".join(struct.pack("<Iq", n, stride) for n, stride in op.levels)
            return head + body + levels + struct.pack("<Iq", op.iterations, op.iteration_stride)
        case Push():
            return struct.pack("<BBHIHBBI", 2, 0, op.channel, op.line, op.bd, op.token, 0, op.repeat)
        case Sync():
            return struct.pack("<BBHI", 3, 0, op.channel, op.line)
        case WriteRtp():
            return struct.pack("<BBHIIq", 4, 0, op.buffer, op.line, op.word, op.value)


def encode(program: SequenceProgram) -> bytes:
    """The bytes of a `.seq` file."""
    parts = [_text(program.name), _text(program.file)]
    parts.append(struct.pack(f"<I{len(program.argument_bytes)}Q", len(program.argument_bytes), *program.argument_bytes))
    parts.append(struct.pack("<I", len(program.channels)))
    for channel in program.channels:
        parts.append(struct.pack("<HBBI", channel.column, channel.into_array, channel.channel, channel.object_bytes))
        parts.append(_text(channel.symbol))
        if program.circuits:
            parts.append(struct.pack("<H", channel.row))
    parts.append(struct.pack("<I", len(program.buffers)))
    parts += [_text(name) for name in program.buffers]
    parts.append(struct.pack("<I", len(program.instructions)))
    parts += [_encode_one(op) for op in program.instructions]
    payload = b"".join(parts)
    version = TILES_VERSION if program.circuits else VERSION
    return MAGIC + struct.pack("<IIQ", version, zlib.crc32(payload), len(payload)) + payload
