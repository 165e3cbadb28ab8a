"""Instruction streams as aiecc writes them, made from a program of ours: the inverse of `aiebuild.host.insts`."""

from __future__ import annotations

import struct

from aiebuild.host import insts
from aiebuild.host.program import Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd, WriteRtp

ARRAYS = {"npu1": (3, 4, 6, 1), "npu2": (4, 8, 6, 1)}
"""Generation, columns, rows, rows of memory tiles."""


def encode_insts(program: SequenceProgram, device: str = "npu1") -> bytes:
    """The bytes of `insts.bin`; parameters go to the first core, since only the compiler knows where."""
    generation, columns, rows, memory_rows = ARRAYS[device]
    words: list[int] = []
    count = 0
    for op in program.instructions:
        match op:
            case WriteBd():
                words += _block(op) + _patch(op)
                count += 2
            case WriteMemoryBd():
                words += _memory_block(op, insts.MEMORY_BASE[device])
                count += 2
            case Push():
                channel = program.channels[op.channel]
                queues = insts.MEMORY_QUEUES if channel.row else insts.TASK_QUEUES
                queue = next(r for r, c in queues.items() if c == (channel.into_array, channel.channel))
                if op.token:
                    place = _place(channel.column, queue - 4, channel.row)
                    words += [insts.MASK_WRITE, 0, place, 0, 15 << 8, insts.CONTROLLER_ID, 28]
                    count += 1
                value = op.bd | op.repeat << 16 | op.token << 31
                words += [insts.WRITE, 0, _place(channel.column, queue, channel.row), 0, value, 24]
                count += 1
            case Sync():
                channel = program.channels[op.channel]
                tile = channel.column << 16 | channel.row << 8 | int(channel.into_array)
                words += [insts.WAIT_TOKEN, 16, tile, channel.channel << 24 | 1 << 16 | 1 << 8]
                count += 1
            case WriteRtp():
                # where the buffer lies only the compiler knows: the first core
                words += [insts.WRITE, 0, _place(0, 2 << 20 | 4 * op.word), 0, op.value % (1 << 32), 24]
                count += 1
    first = 0 | 1 << 8 | generation << 16 | rows << 24
    header = [first, columns | memory_rows << 8, count, 16 + 4 * len(words)]
    return struct.pack(f"<{4 + len(words)}I", *header, *words)


def _place(column: int, register: int, row: int = 0) -> int:
    return column << 25 | row << 20 | register


def _memory_block(op: WriteMemoryBd, base: int) -> list[int]:
    """A memory tile's descriptor; its buffer is the first in the tile."""
    fields = [0] * 8
    fields[0] = op.length // 4
    if op.following is not None:
        fields[1] = 1 << 19 | op.following << 20
    fields[7] = 1 << 31
    if op.acquire is not None:
        fields[7] |= 1 << 15 | (128 - op.acquire[1]) << 8 | op.acquire[0] + insts.OWN_LOCKS
    if op.release is not None:
        fields[7] |= op.release[1] << 24 | op.release[0] + insts.OWN_LOCKS << 16
    place = _place(op.column, insts.MEMORY_BD0_0 + op.bd * insts.BD_BYTES, op.row)
    at = place + insts.BASE_ADDRESS_LOW
    address = [insts.MASK_WRITE, 0, at, 0, (base + op.offset) // 4, insts.MEMORY_ADDRESS, 28]
    return [insts.BLOCK_WRITE, 0, place, 48, *fields, *address]


def _block(op: WriteBd) -> list[int]:
    dims = [(op.run // 4, 4), *op.levels] if op.run > 4 or not op.levels else list(op.levels)
    dims = [dim for dim in dims if dim[0] > 1] or [(op.length // 4, 4)]
    assert len(dims) <= 3, op
    fields = [0] * 8
    fields[0] = op.length // 4
    for index, (count, stride) in enumerate(dims):
        wrap = 0 if index == len(dims) - 1 else count
        assert wrap < 1024, op
        fields[3 + index] = (wrap << 20 if index < 2 else 0) | (stride // 4 - 1)
    fields[6] = 0
    if op.iterations > 1:
        step = max(op.iteration_stride // 4 - 1, 0)
        fields[6] = (op.iterations - 1) << 20 | step if op.iteration_stride else 0
    fields[7] = 1 << 25
    if op.following is not None:
        fields[7] |= 1 << 26 | op.following << 27
    return [insts.BLOCK_WRITE, 0, _place(op.column, insts.DMA_BD0_0 + op.bd * insts.BD_BYTES), 48, *fields]


def _patch(op: WriteBd) -> list[int]:
    register = insts.DMA_BD0_0 + op.bd * insts.BD_BYTES + insts.BASE_ADDRESS_LOW
    offset = op.offset + (insts.DDR_APERTURE if op.argument >= insts.TRANSLATED_ARGUMENTS else 0)
    return [insts.PATCH_ADDRESS, 48, 0, 0, 0, 0, _place(op.column, register), 0, op.argument, 0, offset, 0]
