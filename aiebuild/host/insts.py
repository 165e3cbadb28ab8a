"""NPU instruction streams (`insts.bin`) as the structure our own sequence files have.

aiecc writes a runtime sequence as a transaction: little-endian 32-bit words, a header of four, then operations that
each begin with an opcode. `decode_insts` reads those that the DMAs of shims and memory tiles are driven by and gives a
`SequenceProgram`, so that what the compiler wrote can be held against what `read_sequence` made of the same module
(`transfers.py`). Whatever it does not know is an error with the word's offset, never skipped.

Opcodes are those of aie-rt's `xaie_txn.h`; registers and fields are named as in its `xaiemlgbl_params.h`
(`NOC_MODULE_*`), the same for npu1 and npu2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from aiebuild.errors import BuildError
from aiebuild.host.paths import ShimChannel
from aiebuild.host.program import Instruction, Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd, WriteRtp

# Opcodes (`XAie_TxnOpcode`), with the words each operation has.
WRITE, BLOCK_WRITE, MASK_WRITE, WAIT_TOKEN, PATCH_ADDRESS = 0, 1, 3, 128, 129
_WRITE_WORDS, _MASK_WRITE_WORDS, _WAIT_WORDS, _PATCH_WORDS = 6, 7, 4, 12
_BLOCK_HEADER_WORDS = 4
_HEADER_WORDS = 4

GENERATIONS = {3: "npu1", 4: "npu2"}
"""Device generations a transaction's header can name."""

# A tile's registers: column in bits 25 and up, row in 20..24, the register's offset below.
_COLUMN_SHIFT, _ROW_SHIFT, _ROW_MASK, _OFFSET_MASK = 25, 20, 0x1F, 0xFFFFF

DMA_BD0_0 = 0x1D000
BD_BYTES, BD_WORDS, BD_COUNT = 0x20, 8, 16
BASE_ADDRESS_LOW = 4
"""Bytes from a descriptor's first register to DMA_BDx_1, Base_Address_Low, which the address patch names."""

TASK_QUEUES = {0x1D204: (False, 0), 0x1D20C: (False, 1), 0x1D214: (True, 0), 0x1D21C: (True, 1)}
"""DMA_S2MM_0/1_Task_Queue and DMA_MM2S_0/1_Task_Queue: (into the array, channel)."""

CONTROLS = {0x1D200: (False, 0), 0x1D208: (False, 1), 0x1D210: (True, 0), 0x1D218: (True, 1)}
"""DMA_S2MM_0/1_Ctrl and DMA_MM2S_0/1_Ctrl; only their Controller_ID, where tokens go, may be written."""

MEMORY_BD0_0, MEMORY_BD_COUNT = 0xA0000, 48
MEMORY_QUEUES = {
    **{0xA0604 + 8 * channel: (False, channel) for channel in range(6)},
    **{0xA0634 + 8 * channel: (True, channel) for channel in range(6)},
}
"""DMA_S2MM_0..5_Start_Queue and DMA_MM2S_0..5_Start_Queue of a memory tile (`MEM_TILE_MODULE_*`)."""

MEMORY_CONTROLS = {offset - 4: channel for offset, channel in MEMORY_QUEUES.items()}
MEMORY_ADDRESS = 0x0007FFFF
"""Base_Address of a memory tile's DMA_BDx_1, in words."""

MEMORY_BASE = {"npu1": 0, "npu2": 0x80000}
"""What aiecc adds to an address in a memory tile that a sequence names."""

OWN_LOCKS = 64
"""Number of a memory tile's lock 0 in its own descriptors; those below are its western neighbour's."""

CONTROLLER_ID = 0x0000FF00
DATA_MEMORY_BYTES = 0x10000
"""A core tile's data memory begins at offset 0: writes there are run-time parameters."""

TRANSLATED_ARGUMENTS = 5
"""Arguments whose address the firmware translates; the compiler adds `DDR_APERTURE` to the offsets of those after."""

DDR_APERTURE = 0x80000000


class InstructionError(BuildError):
    """An instruction stream that is damaged, or has what is not modelled: file, word offset, what was found."""


@dataclass(frozen=True)
class StreamHeader:
    """The four words ahead of a transaction: of which device, how many operations, bytes in all."""

    device: str
    columns: int
    rows: int
    memory_rows: int
    operations: int
    size: int


@dataclass(frozen=True)
class InstructionStream:
    """A decoded `insts.bin`.

    `program`: its instructions; `line` of each is the offset, in words, of the operation it was read from; channels
    are named `(column, 0) MM2S 0`, buffers of parameters `(column, row)`; object and argument sizes are not in the
    stream and are 0 and missing.
    """

    header: StreamHeader
    program: SequenceProgram


def decode_insts(data: bytes, file: str = "insts.bin") -> InstructionStream:
    """The program of an instruction stream. `file` is for messages. Raises InstructionError."""
    return _Decoder(data, file).decode()


def bits(word: int, high: int, low: int) -> int:
    """Bits `high` to `low` of a register's value, both inclusive."""
    return word >> low & ((1 << (high - low + 1)) - 1)


@dataclass
class _Descriptor:
    """A shim's descriptor as last written; `patched` once it has an address."""

    at: int
    words: tuple[int, ...]
    patched: bool = False


@dataclass
class _Decoder:
    data: bytes
    file: str
    words: tuple[int, ...] = ()
    at: int = 0
    channels: list[ShimChannel] = field(default_factory=list[ShimChannel])
    buffers: list[str] = field(default_factory=list[str])
    out: list[Instruction] = field(default_factory=list[Instruction])
    descriptors: dict[tuple[int, int], _Descriptor] = field(default_factory=dict[tuple[int, int], _Descriptor])
    memory_descriptors: dict[tuple[int, int, int], _Descriptor] = field(
        default_factory=dict[tuple[int, int, int], _Descriptor]
    )

    def decode(self) -> InstructionStream:
        if len(self.data) % 4:
            raise self.error(f"{len(self.data)} bytes are no whole number of words", len(self.data) // 4)
        self.words = struct.unpack(f"<{len(self.data) // 4}I", self.data)
        header = self.header()
        self.at = _HEADER_WORDS
        operations = 0
        while self.at < len(self.words):
            self.at += self.operation(header)
            operations += 1
        if operations != header.operations:
            raise self.error(f"{operations} operations, the header says {header.operations}")
        for (column, bd), descriptor in self.descriptors.items():
            if not descriptor.patched:
                raise self.error(f"descriptor {bd} of shim ({column}, 0) never gets an address", descriptor.at)
        program = SequenceProgram("", self.file, (), tuple(self.channels), tuple(self.buffers), tuple(self.out))
        return InstructionStream(header, program)

    def error(self, what: str, at: int | None = None) -> InstructionError:
        return InstructionError(f"{self.file}: word {self.at if at is None else at}: {what}")

    def header(self) -> StreamHeader:
        if len(self.words) < _HEADER_WORDS:
            raise self.error(f"{len(self.words)} words are less than a header of {_HEADER_WORDS}", len(self.words))
        first, second, operations, size = self.words[:_HEADER_WORDS]
        major, minor, generation, rows = (bits(first, low + 7, low) for low in (0, 8, 16, 24))
        if (major, minor) != (0, 1):
            raise self.error(f"0x{first:08x} begins no transaction of version 0.1")
        if generation not in GENERATIONS:
            raise self.error(f"device generation {generation} is not known ({self.known_generations()})")
        if size != len(self.data):
            what = "truncated" if size > len(self.data) else "too long"
            raise self.error(f"{what}: {len(self.data)} bytes, the header says {size}", min(size // 4, len(self.words)))
        return StreamHeader(GENERATIONS[generation], bits(second, 7, 0), rows, bits(second, 15, 8), operations, size)

    @staticmethod
    def known_generations() -> str:
        return ", ".join(f"{number}: {name}" for number, name in GENERATIONS.items())

    def operation(self, header: StreamHeader) -> int:
        """Decode the operation at `at`; returns its length in words."""
        opcode = bits(self.words[self.at], 7, 0)
        match opcode:
            case 0:  # WRITE
                words = self.take(_WRITE_WORDS, size_word=5)
                self.write(words[2], words[4], header)
            case 1:  # BLOCK_WRITE
                words = self.take(_BLOCK_HEADER_WORDS)
                if words[3] % 4 or words[3] // 4 < _BLOCK_HEADER_WORDS:
                    raise self.error(f"a block write of {words[3]} bytes")
                words = self.take(words[3] // 4)
                self.block_write(words[2], words[_BLOCK_HEADER_WORDS:], header)
            case 3:  # MASK_WRITE
                words = self.take(_MASK_WRITE_WORDS, size_word=6)
                self.mask_write(words[2], words[4], words[5], header)
            case 128:  # WAIT_TOKEN
                words = self.take(_WAIT_WORDS, size_word=1)
                self.wait(words[2], words[3], header)
            case 129:  # PATCH_ADDRESS
                words = self.take(_PATCH_WORDS, size_word=1)
                self.patch(words[6], words[8], words[10], header)
            case _:
                raise self.error(f"opcode {opcode} is not known")
        return len(words)

    def take(self, count: int, size_word: int | None = None) -> tuple[int, ...]:
        """The operation's words; `size_word` holds its size in bytes."""
        words = self.words[self.at : self.at + count]
        if len(words) < count:
            raise self.error(f"truncated: an operation of {count} words, {len(words)} are left")
        if size_word is not None and words[size_word] != 4 * count:
            raise self.error(f"opcode {words[0] & 0xFF} with {words[size_word]} bytes, expected {4 * count}")
        return words

    def place(self, address: int, header: StreamHeader) -> tuple[int, int, int]:
        """Column, row and register offset of an address."""
        column, row = address >> _COLUMN_SHIFT, address >> _ROW_SHIFT & _ROW_MASK
        if column >= header.columns or row >= header.rows:
            size = f"{header.columns} x {header.rows}"
            raise self.error(f"address 0x{address:08x} is in tile ({column}, {row}) of an array of {size}")
        return column, row, address & _OFFSET_MASK

    # -- operations ------------------------------------------------------------------------------------------
    def write(self, address: int, value: int, header: StreamHeader) -> None:
        """A task for a queue (Enable_Token_Issue, Repeat_Count, Start_BD_ID), or a run-time parameter."""
        column, row, offset = self.place(address, header)
        if row == 1 and offset in MEMORY_QUEUES:
            self.memory_push(column, row, offset, value)
        elif row == 0 and offset in TASK_QUEUES:
            bd = bits(value, 3, 0)
            descriptor = self.descriptors.get((column, bd))
            if descriptor is None or not descriptor.patched:
                raise self.error(f"queues descriptor {bd} of shim ({column}, 0), which is not written")
            channel = self.channel(column, *TASK_QUEUES[offset])
            self.out.append(Push(self.at, channel, bd, bits(value, 23, 16), bool(bits(value, 31, 31))))
        elif row > header.memory_rows and offset < DATA_MEMORY_BYTES and offset % 4 == 0:
            name = f"({column}, {row})"
            if name not in self.buffers:
                self.buffers.append(name)
            self.out.append(WriteRtp(self.at, self.buffers.index(name), offset // 4, value))
        else:
            raise self.error(f"a write to register 0x{offset:05x} of tile ({column}, {row}) is not modelled")

    def block_write(self, address: int, words: tuple[int, ...], header: StreamHeader) -> None:
        """A shim's descriptor: DMA_BDx_0 to DMA_BDx_7."""
        column, row, offset = self.place(address, header)
        bd, part = divmod(offset - MEMORY_BD0_0, BD_BYTES)
        if row == 1 and part == 0 and 0 <= bd < MEMORY_BD_COUNT and len(words) == BD_WORDS:
            self.memory_descriptors[(column, row, bd)] = _Descriptor(self.at, words)
            return
        bd, part = divmod(offset - DMA_BD0_0, BD_BYTES)
        if row != 0 or part or not 0 <= bd < BD_COUNT or len(words) != BD_WORDS:
            where = f"register 0x{offset:05x} of tile ({column}, {row})"
            raise self.error(f"a block of {len(words)} words at {where} is no shim descriptor: not modelled")
        before = self.descriptors.get((column, bd))
        if before is not None and not before.patched:
            raise self.error(f"descriptor {bd} of shim ({column}, 0) is written twice before it gets an address")
        self.descriptors[(column, bd)] = _Descriptor(self.at, words)

    def mask_write(self, address: int, value: int, mask: int, header: StreamHeader) -> None:
        """Controller_ID of a channel's Ctrl: where its tokens go; it is no instruction of a sequence. Or the address
        of a memory tile's descriptor, which completes it."""
        column, row, offset = self.place(address, header)
        bd, part = divmod(offset - MEMORY_BD0_0, BD_BYTES)
        if row == 1 and part == BASE_ADDRESS_LOW and mask == MEMORY_ADDRESS and 0 <= bd < MEMORY_BD_COUNT:
            self.memory_address(column, row, bd, value, MEMORY_BASE[header.device])
            return
        if row == 1 and offset in MEMORY_CONTROLS and not mask & ~CONTROLLER_ID:
            return
        if row != 0 or offset not in CONTROLS or mask & ~CONTROLLER_ID:
            raise self.error(f"a write to 0x{mask:08x} of register 0x{offset:05x} of ({column}, {row}) is not modelled")

    def wait(self, tile: int, channel: int, header: StreamHeader) -> None:
        """Waits for a token of a channel in each of some columns."""
        column, row, into = bits(tile, 23, 16), bits(tile, 15, 8), bits(tile, 7, 0)
        number, columns, rows = bits(channel, 31, 24), bits(channel, 23, 16), bits(channel, 15, 8)
        known = into <= 1 and (row, number) in {(0, 0), (0, 1), *((1, k) for k in range(6))}
        if not known or rows != 1 or columns < 1 or column + columns > header.columns:
            raise self.error(f"a wait for ({column}, {row}) + ({columns}, {rows}), channel {number}, is not modelled")
        for k in range(column, column + columns):
            self.out.append(Sync(self.at, self.channel(k, bool(into), number, row)))

    # -- memory tiles ----------------------------------------------------------------------------------------
    def memory_push(self, column: int, row: int, offset: int, value: int) -> None:
        """A task for a memory tile's queue (Enable_Token_Issue, Repeat_Count, Start_BD_ID)."""
        bd = bits(value, 5, 0)
        descriptor = self.memory_descriptors.get((column, row, bd))
        if descriptor is None or not descriptor.patched:
            raise self.error(f"queues descriptor {bd} of memory tile ({column}, {row}), which is not written")
        channel = self.channel(column, *MEMORY_QUEUES[offset], row)
        self.out.append(Push(self.at, channel, bd, bits(value, 23, 16), bool(bits(value, 31, 31))))

    def memory_address(self, column: int, row: int, bd: int, address: int, base: int) -> None:
        """The address of a memory tile's descriptor, whose other fields were written before."""
        descriptor = self.memory_descriptors.get((column, row, bd))
        if descriptor is None or descriptor.patched or 4 * address < base:
            raise self.error(f"an address for descriptor {bd} of ({column}, {row}), where none was written")
        descriptor.patched = True
        words, at = descriptor.words, descriptor.at
        # DMA_BDx_0: Enable_Packet, Buffer_Length; DMA_BDx_1: Next_BD, Use_Next_BD; DMA_BDx_7: Valid_BD, Lock_Rel_Value,
        # Lock_Rel_ID, Lock_Acq_Enable, Lock_Acq_Value (negative: at least that much), Lock_Acq_ID
        if bits(words[0], 31, 17) or any(words[2:7]) or not bits(words[7], 31, 31):
            raise self.error(f"descriptor {bd} of ({column}, {row}) has a packet or pattern, or is not valid", at)
        following = bits(words[1], 25, 20) if bits(words[1], 19, 19) else None
        acquire = release = None
        if bits(words[7], 15, 15):
            acquire = (bits(words[7], 7, 0) - OWN_LOCKS, 128 - bits(words[7], 14, 8))
        if bits(words[7], 30, 24):
            release = (bits(words[7], 23, 16) - OWN_LOCKS, bits(words[7], 30, 24))
        if any(lock is not None and not (0 <= lock[0] < 64 and 0 < lock[1] < 64) for lock in (acquire, release)):
            raise self.error(f"descriptor {bd} of ({column}, {row}) uses locks in a way that is not modelled", at)
        length = 4 * bits(words[0], 16, 0)
        self.out.append(WriteMemoryBd(at, bd, column, row, "", 4 * address - base, length, acquire, release, following))

    def patch(self, address: int, argument: int, offset: int, header: StreamHeader) -> None:
        """Gives a descriptor its address, `offset` bytes into an argument, and so completes it."""
        column, row, register = self.place(address, header)
        bd, part = divmod(register - DMA_BD0_0, BD_BYTES)
        descriptor = self.descriptors.get((column, bd))
        if row != 0 or part != BASE_ADDRESS_LOW or descriptor is None or descriptor.patched:
            raise self.error(f"an address for 0x{register:05x} of ({column}, {row}), where no descriptor was written")
        if argument >= TRANSLATED_ARGUMENTS:
            offset = (offset - DDR_APERTURE) % (1 << 32)
        descriptor.patched = True
        self.out.append(self.descriptor(descriptor, column, bd, argument, offset))

    def descriptor(self, descriptor: _Descriptor, column: int, bd: int, argument: int, offset: int) -> WriteBd:
        """The fields of a shim's descriptor, steps and wraps in words turned into bytes."""
        words, at = descriptor.words, descriptor.at
        # DMA_BDx_1: replaced by the patched address, aiecc writes the offset there too; DMA_BDx_2: Enable_Packet
        if words[1] not in (0, offset) or words[2]:
            raise self.error(f"descriptor {bd} of shim ({column}, 0) has an address or a packet of its own", at)
        # DMA_BDx_7: TLAST_Suppress, Valid_BD, Lock_Rel_Value, Lock_Acq_Enable; DMA_BDx_6: Iteration_Current
        suppress, valid, release, acquire = (bits(words[7], *b) for b in ((31, 31), (25, 25), (24, 18), (12, 12)))
        if suppress or not valid or release or acquire or bits(words[6], 31, 26):
            raise self.error(f"descriptor {bd} of shim ({column}, 0) uses locks or what is not modelled", at)
        length = words[0]
        # D0_Wrap, D0_Stepsize, D1_Wrap, D1_Stepsize, D2_Stepsize: a step is kept less one, a wrap of 0 never ends
        wraps = (bits(words[3], 29, 20), bits(words[4], 29, 20))
        steps = tuple(bits(words[k], 19, 0) + 1 for k in (3, 4, 5))
        levels: list[tuple[int, int]] = []
        left = length
        for wrap, step in zip((*wraps, 0), steps, strict=True):
            count = wrap or left
            if count == 0 or left % count:
                raise self.error(f"descriptor {bd} of shim ({column}, 0): {length} words do not fill its wraps", at)
            levels.append((count, 4 * step))
            left //= count
            if not wrap:
                break
        run = 4
        if levels[0][1] == 4:
            run = 4 * levels.pop(0)[0]
        # Iteration_Wrap, Iteration_Stepsize
        iterations = bits(words[6], 25, 20) + 1
        stride = 4 * (bits(words[6], 19, 0) + 1)
        if iterations == 1:
            iterations, stride = 0, 0
        # Use_Next_BD, Next_BD
        following = bits(words[7], 30, 27) if bits(words[7], 26, 26) else None
        return WriteBd(at, bd, column, argument, offset, 4 * length, run, tuple(levels), iterations, stride, following)

    def channel(self, column: int, into: bool, number: int, row: int = 0) -> int:
        name = f"({column}, {row}) {'MM2S' if into else 'S2MM'} {number}"
        channel = ShimChannel(name, column, number, into, 0, row)
        if channel not in self.channels:
            self.channels.append(channel)
        return self.channels.index(channel)
