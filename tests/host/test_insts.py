"""The decoder of instruction streams, on a stream that aiecc wrote for a design of ours, and on damaged ones.

`golden/insts/patterns.bin` came from mlir-aie d64005e21 (2026-07-16) and from 3ca0193ce (2026-08-14), the same bytes;
`tests/toolchain/test_aiecc.py` compiles `patterns.mlir` again wherever aiecc is found.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.dialect import parse_module
from aiebuild.host.insts import InstructionError, decode_insts
from aiebuild.host.program import Push, SequenceProgram, WriteBd
from aiebuild.host.sequence import read_sequence
from aiebuild.host.transfers import Channel, Parameter, Pattern, Task, Wait, difference, transfers

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "insts"
STREAM = (GOLDEN / "patterns.bin").read_bytes()


@pytest.fixture(scope="module")
def ours() -> SequenceProgram:
    return read_sequence(parse_module((GOLDEN / "patterns.mlir").read_text(), "patterns.mlir"))


def test_the_stream_is_what_the_module_says(ours: SequenceProgram) -> None:
    stream = decode_insts(STREAM)
    header = stream.header
    assert (header.device, header.columns, header.rows, header.memory_rows) == ("npu1", 4, 6, 1)
    assert header.size == len(STREAM)
    assert difference(transfers(ours), transfers(stream.program)) is None
    assert [type(op) for op in stream.program.instructions] == [type(op) for op in ours.instructions]


def test_steps_spelled_out() -> None:
    steps = transfers(decode_insts(STREAM).program)
    read, column_1 = Channel(0, True, 0), Channel(1, False, 0)
    assert steps[0] == Parameter(7)
    assert steps[1] == Task(read, (0,), (Pattern(0, 512, 256, ((64, 4),), 0, 0),), 0, False)
    assert steps[2] == Task(read, (1,), (Pattern(0, 0, 256, ((64, 4),), 0, 0),), 2, False)
    # (4, 8, 8) by (8, 64, 1) bytes: runs of two words, each 64 bytes on, then the next 8 bytes of every row
    assert steps[3] == Task(read, (2,), (Pattern(0, 64, 256, ((2, 4), (8, 64), (4, 8)), 0, 0),), 0, False)
    assert steps[4] == Task(read, (3,), (Pattern(0, 128, 256, ((4, 4), (8, 32), (2, 16)), 4, 1024),), 3, True)
    chain = steps[6]
    assert isinstance(chain, Task)
    assert chain.descriptors == (5, 6)
    assert chain.patterns == (
        Pattern(1, 64, 128, ((16, 4), (2, 512)), 0, 0),
        Pattern(1, 4096, 128, ((8, 400), (4, 8)), 0, 0),
    )
    sixth = steps[7]
    assert isinstance(sixth, Task)
    assert (sixth.patterns[0].argument, sixth.patterns[0].offset) == (5, 256)
    assert steps[11] == Wait(column_1)
    assert len(steps) == 14


def test_positions_are_word_offsets() -> None:
    for op in decode_insts(STREAM).program.instructions:
        if isinstance(op, WriteBd):
            assert struct.unpack_from("<I", STREAM, 4 * op.line)[0] == 1
        elif isinstance(op, Push):
            assert struct.unpack_from("<I", STREAM, 4 * op.line)[0] == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"repeat": 3}, "repeat=2"),
        ({"token": True}, "token=False"),
        ({"channel": 1}, "shim (0, 0) S2MM 0|into_array=False"),
    ],
)
def test_a_difference_names_the_step(ours: SequenceProgram, change: dict[str, int], expected: str) -> None:
    at = [k for k, op in enumerate(ours.instructions) if isinstance(op, Push)][1]
    push = ours.instructions[at]
    assert isinstance(push, Push)
    changed = replace(
        ours, instructions=(*ours.instructions[:at], replace(push, **change), *ours.instructions[at + 1 :])
    )
    found = difference(transfers(changed), transfers(decode_insts(STREAM).program))
    assert found is not None
    assert found.startswith("step 2 of 14 and 14: Task(")
    assert any(text in found for text in expected.split("|"))


def test_a_missing_wait_is_seen(ours: SequenceProgram) -> None:
    short = replace(ours, instructions=ours.instructions[:-1])
    found = difference(transfers(short), transfers(decode_insts(STREAM).program))
    assert found == "step 13 of 13 and 14: nothing / Wait(channel=Channel(column=0, into_array=False, number=1, row=0))"


def words() -> list[int]:
    return list(struct.unpack(f"<{len(STREAM) // 4}I", STREAM))


def packed(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def poked(at: int, value: int) -> bytes:
    values = words()
    values[at] = value
    return packed(values)


def first(opcode: int) -> int:
    """Word offset of the first operation with an opcode."""
    values, at = words(), 4
    lengths = {0: 6, 3: 7, 128: 4, 129: 12}
    while values[at] & 0xFF != opcode:
        at += lengths.get(values[at] & 0xFF) or values[at + 3] // 4
    return at


FIRST_BLOCK = first(1)
FIRST_PATCH = first(129)


def cut(operations: int, at: int) -> bytes:
    """The stream's first words, with a header that fits them."""
    values = words()[:at]
    values[2:4] = [operations, 4 * at]
    return packed(values)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "word 0: 0 words are less than a header of 4"),
        (STREAM[:-2], f"word {len(STREAM) // 4 - 1}: {len(STREAM) - 2} bytes are no whole number of words"),
        (STREAM[:-8], f"word 346: truncated: {len(STREAM) - 8} bytes, the header says {len(STREAM)}"),
        (STREAM + b"\0\0\0\0", f"word 348: too long: {len(STREAM) + 4} bytes, the header says {len(STREAM)}"),
        (b"00000000 06000100 00000105 00000001 ", "word 0: 0x30303030 begins no transaction of version 0.1"),
        (poked(0, 0x06090100), "word 0: device generation 9 is not known (3: npu1, 4: npu2)"),
        (poked(2, 5), "word 348: 38 operations, the header says 5"),
        (poked(FIRST_BLOCK, 77), f"word {FIRST_BLOCK}: opcode 77 is not known"),
        (poked(FIRST_BLOCK + 3, 8), f"word {FIRST_BLOCK}: a block write of 8 bytes"),
        (cut(2, FIRST_BLOCK + 9), f"word {FIRST_BLOCK}: truncated: an operation of 12 words, 9 are left"),
        (cut(2, FIRST_BLOCK + 12), f"word {FIRST_BLOCK}: descriptor 0 of shim (0, 0) never gets an address"),
        (poked(FIRST_PATCH + 1, 44), f"word {FIRST_PATCH}: opcode 129 with 44 bytes, expected 48"),
        (poked(FIRST_BLOCK + 11, 0), f"word {FIRST_BLOCK}: descriptor 0 of shim (0, 0) uses locks or what is not"),
        (poked(FIRST_BLOCK + 2, 0x1D404), "is no shim descriptor: not modelled"),
        (poked(FIRST_BLOCK + 2, 9 << 25), "is in tile (9, 0) of an array of 4 x 6"),
        (poked(FIRST_PATCH + 6, 0x1D024), "where no descriptor was written"),
        (poked(first(0) + 2, 0x1F000), "a write to register 0x1f000 of tile (0, 0) is not modelled"),
        (poked(first(3) + 5, 0xFFFFFFFF), "is not modelled"),
        (poked(first(128) + 2, 0x00000201), "a wait for (0, 2) + (1, 1), channel 0, is not modelled"),
    ],
)
def test_damaged_streams_are_refused_in_one_line(data: bytes, expected: str) -> None:
    with pytest.raises(InstructionError) as caught:
        decode_insts(data, "a.bin")
    assert str(caught.value).startswith("a.bin: word ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
