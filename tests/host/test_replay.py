"""Memory tiles that a sequence programs: what they send, worked out; what is refused; where compilers put it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.dialect import DesignError, parse_module
from aiebuild.host import read_sequence
from aiebuild.host.program import Push, SequenceProgram, Sync, WriteBd, WriteMemoryBd, encode
from aiebuild.host.replay import FIRST_DESCRIPTOR, composed
from aiebuild.host.transfers import Piece, Task, transfers

KEPT = (Path(__file__).parents[1] / "designs" / "kept.mlir").read_text(encoding="utf-8")


def program(text: str = KEPT) -> SequenceProgram:
    return read_sequence(parse_module(text, "kept.mlir"))


def changed(*pairs: tuple[str, str]) -> str:
    text = KEPT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_what_is_sent_several_times_is_one_task_with_as_many_passes() -> None:
    result = composed(program())
    assert [channel.symbol for channel in result.channels] == ["out", "in"]
    assert not any(isinstance(op, WriteMemoryBd) for op in result.instructions)
    written = [op for op in result.instructions if isinstance(op, WriteBd) and op.bd >= FIRST_DESCRIPTOR]
    pushes = [op for op in result.instructions if isinstance(op, Push) and op.bd >= FIRST_DESCRIPTOR]
    first, second = written
    assert (first.offset, first.length, first.run, first.levels) == (0, 128, 128, ())
    # two runs of a pattern, as one with a level more
    assert (second.offset, second.length, second.run) == (128, 128, 8)
    assert second.levels == ((4, 16), (2, 8), (2, 64))
    assert [(push.repeat, push.token) for push in pushes] == [(2, True), (0, False)]
    assert sum(isinstance(op, Sync) for op in result.instructions) == 2
    encode(result)


def test_a_program_without_memory_tiles_stays_as_it_is() -> None:
    text = (Path(__file__).parents[1] / "designs" / "task_queue.mlir").read_text(encoding="utf-8")
    before = program(text)
    assert composed(before) is before


def test_part_of_a_contiguous_transfer_can_be_sent_by_itself() -> None:
    """The second of two descriptors that send leaves out the first four words of its part."""
    result = composed(program(changed((
        "offset = 16 len = 16) {bd_id = 3 : i32}", "offset = 20 len = 12) {bd_id = 3 : i32}"))))  # fmt: skip
    written = [op for op in result.instructions if isinstance(op, WriteBd) and op.bd >= FIRST_DESCRIPTOR]
    assert [(op.offset, op.length, op.following) for op in written[:2]] == [
        (0, 64, FIRST_DESCRIPTOR + 1),
        (80, 48, None),
    ]


def addresses(bd: WriteBd) -> list[int]:
    """Bytes of DDR in the order in which a descriptor reads them."""
    found = [bd.offset + k for k in range(bd.run)]
    for count, stride in bd.levels:
        found = [at + k * stride for k in range(count) for at in found]
    assert len(found) == bd.length
    return found


@pytest.mark.parametrize(("skip", "length"), [(1, 2), (2, 14), (4, 12), (3, 9), (8, 8), (0, 11)])
def test_part_of_a_pattern_can_be_sent_by_itself(skip: int, length: int) -> None:
    """Of the second run of a pattern, words [skip, skip + length)."""
    text = changed((
        "offset = 16 len = 16) {bd_id = 7", f"offset = {16 + skip} len = {length}) {{bd_id = 7"))  # fmt: skip
    whole, part = (
        [op for op in composed(program(each)).instructions if isinstance(op, WriteBd) and op.bd >= FIRST_DESCRIPTOR]
        for each in (KEPT, text)
    )
    sent = addresses(whole[1])
    assert [at for bd in part[1:] for at in addresses(bd)] == sent[:64] + sent[64 + 4 * skip : 64 + 4 * (skip + length)]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("repeat_count = 2 : i32}", "repeat_count = 3 : i32}")], r"MM2S 0 of memory tile \(0, 1\) waits for lock 49"),
        ([("%free_0 = aie.lock(%mem, 48) {init = 3", "%free_0 = aie.lock(%mem, 48) {init = 2")], r"S2MM 0 .* lock 48"),
        ([("      aiex.dma_start_task(%load)\n", "")], r"waits for data for ever|lock"),
        ([("      aiex.dma_start_task(%fill2)\n", "")], r"lock 49|no task takes in"),
        ([("{cons_dma_channels = array<i32: 0>} ", "")], "pin its DMA channel"),
        ([("{bd_id = 4 : i32}", "{bd_id = 3 : i32}")], "buffer descriptor 3 .* is in use"),
        ([("%free_1 = aie.lock(%mem, 50)", "%free_1 = aie.lock(%mem)")], "a numbered one of its own tile"),
        ([("%mem, TileControl : 0", "%shim, TileControl : 0")], "issues a token, and no aie.packet_flow"),
        ([("aiex.dma_configure_task(%mem, MM2S, 0)", "aiex.dma_configure_task(%mem, MM2S, 1)")], "is no channel"),
    ],
)  # fmt: skip
def test_refused(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        composed(program(changed(*pairs)))


def test_an_output_over_what_may_still_be_sent_is_refused() -> None:
    """The tile would send what it had taken in, the host what is there by then."""
    over = changed(
        (
            "aie.dma_bd(%b : memref<128xi32> offset = 0 len = 128)",
            "aie.dma_bd(%a : memref<64xi32> offset = 0 len = 64)",
        ),
        ("      aiex.dma_start_task(%out)\n", ""),
        ("      aiex.dma_await_task(%send)\n", "      aiex.dma_start_task(%out)\n      aiex.dma_await_task(%send)\n"),
    )
    with pytest.raises(DesignError, match="which a memory tile still sends"):
        composed(program(over))


def test_transfers_of_memory_tiles_do_not_depend_on_where_the_buffer_lies() -> None:
    found = [step for step in transfers(program()) if isinstance(step, Task) and step.channel.row]
    assert [str(step.channel) for step in found] == ["memory tile (0, 1) S2MM 0", "memory tile (0, 1) MM2S 0"] * 2
    assert found[1].patterns == (Piece(0, 64, (49, 1), (48, 1)), Piece(64, 64, (51, 1), (50, 1)))
    assert (found[1].repeat, found[1].token, found[3].repeat) == (2, True, 0)
    moved = changed(("memref<32xi32>", "memref<40xi32>"), (" offset = 16 len = 16) {bd", " offset = 24 len = 16) {bd"),
                    (" offset = 0 len = 16) {bd", " offset = 8 len = 16) {bd"))  # fmt: skip
    assert transfers(program(moved)) == transfers(program())


def test_runs_that_go_on_where_the_last_one_ended_are_one_transfer() -> None:
    """The second filling and sending in two runs of one descriptor over a part, from a pattern that is one transfer."""
    start, end = KEPT.index("      %fill2 ="), KEPT.index("      aiex.dma_start_task(%send2)")
    tasks = "".join(
        f"""      %{name} = aiex.dma_configure_task(%mem, {way}, 0) {{
        %three = arith.constant 3 : i32
        %one = arith.constant 1 : i32
        aie.use_lock(%{taken}_0, AcquireGreaterEqual, %{"three" if way == "S2MM" else "one"})
        aie.dma_bd(%keep : memref<32xi32> offset = 0 len = 16) {{bd_id = {number} : i32}}
        aie.use_lock(%{given}_0, Release, %{"one" if way == "S2MM" else "three"})
        aie.end
      }} {{repeat_count = 1 : i32}}
"""
        for name, way, number, taken, given in (
            ("fill2", "S2MM", 4, "free", "full"),
            ("send2", "MM2S", 6, "full", "free"),
        )
    )
    middle = "      aiex.dma_start_task(%fill2)\n"
    text = KEPT[:start] + tasks.replace("      %send2", middle + "      %send2") + KEPT[end:]

    def sent(of: str) -> list[WriteBd | Push]:
        found = [op for op in composed(program(of)).instructions if isinstance(op, WriteBd | Push)]
        return [replace(op, line=0) for op in found if op.bd >= FIRST_DESCRIPTOR]

    assert sent(text) == sent(KEPT)
