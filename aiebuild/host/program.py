"""A runtime sequence as data: instructions in the stream's own terms, and the bytes of a `.seq` file.

The layout is described in `include/aiebuild_host/sequence_file.hpp`, that of the engine of tiles in `src/tiles.cc`.
Bytes everywhere, where MLIR counts elements.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from aiebuild.host.paths import KeptTile, ShimChannel
from aiebuild.host.registers import LoadConfiguration, PatchAddress, WriteRegisters

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
class WriteMemoryBd:
    """Writes descriptor `bd` of the memory tile (`column`, `row`): `length` bytes of `buffer` from `offset` on.

    `acquire` and `release`: a lock's number and by how much it falls before, and rises after. `buffer` is empty where
    only an address is known (`offset` then is it).
    """

    line: int
    bd: int
    column: int
    row: int
    buffer: str
    offset: int
    length: int
    acquire: tuple[int, int] | None
    release: tuple[int, int] | None
    following: int | None


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


Instruction = WriteBd | WriteMemoryBd | Push | Sync | WriteRtp | WriteRegisters | PatchAddress | LoadConfiguration


@dataclass(frozen=True)
class SequenceProgram:
    """A runtime sequence. Pushes, syncs and parameter writes refer to `channels` and `buffers` by position.

    `argument_bytes` are those of its buffers; arguments that are numbers are in the instructions.

    `circuits`: whether it is for the engine of tiles. `kept`: memory tiles that it programs; the engine of objectfifos
    runs such a program once `replay.composed` has put the memory tiles' tasks together with what fills them.
    """

    name: str
    file: str
    argument_bytes: tuple[int, ...]
    channels: tuple[ShimChannel, ...]
    buffers: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    circuits: bool = False
    kept: tuple[KeptTile, ...] = ()


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
        case WriteRegisters():
            head = struct.pack("<BBHIHHII", 5, 0, op.row, op.line, op.column, len(op.words), op.offset, op.mask)
            return head + struct.pack(f"<{len(op.words)}I", *op.words)
        case PatchAddress():
            return struct.pack("<BBHIHHq", 6, 0, op.bd, op.line, op.column, op.argument, op.offset)
        case LoadConfiguration():
            return struct.pack("<BBHI", 7, 0, op.number, op.line)
        case WriteMemoryBd():
            raise ValueError("a memory tile's descriptor in a sequence file: compose the program first")


def encode(program: SequenceProgram) -> bytes:
    """The bytes of a `.seq` file."""
    parts = [_text(program.name), _text(program.file)]
    parts.append(struct.pack(f"<I{len(program.argument_bytes)}Q", len(program.argument_bytes), *program.argument_bytes))
    parts.append(struct.pack("<I", len(program.channels)))
    for channel in program.channels:
        number = channel.channel if program.circuits else channel.number
        parts.append(struct.pack("<HBBI", channel.column, channel.into_array, number, channel.object_bytes))
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
