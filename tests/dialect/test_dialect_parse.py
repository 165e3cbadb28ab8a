"""What the accessors yield, for each operation; locations."""

# ruff: noqa: E501 (lines of MLIR)

from __future__ import annotations

from typing import TypeVar

import pytest
from small_modules import TILE, module, parse, sequence
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from aiebuild.dialect import location, parse_module, print_module
from aiebuild.dialect.attributes import Direction, LockAction, Port, TileKind, WireBundle
from aiebuild.dialect.circuits import FlowOp, LockOp, PacketFlowOp, PacketSourceOp, ShimDmaAllocationOp, UseLockOp
from aiebuild.dialect.dma import DmaBdOp, DmaOp, DmaStartOp, NextBdOp
from aiebuild.dialect.npu import (
    NpuBlockWriteOp,
    NpuDmaMemcpyNdOp,
    NpuDmaWaitOp,
    NpuMaskWrite32Op,
    NpuRtpWriteOp,
    NpuSyncOp,
    NpuWrite32Op,
)
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.raw import GlobalOp, NpuAddressPatchOp, NpuPushQueueOp
from aiebuild.dialect.sequence import (
    DmaAwaitTaskOp,
    DmaConfigureTaskForOp,
    DmaConfigureTaskOp,
    RuntimeSequenceOp,
    SetLockOp,
)
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, LogicalTileOp, TileOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp, ObjectFifoReleaseOp, SubviewAccessOp

T = TypeVar("T", bound=Operation)


def every(parsed: ModuleOp, kind: type[T]) -> list[T]:
    return [op for op in parsed.walk() if isinstance(op, kind)]


def one(kind: type[T], *lines: str) -> T:
    """The only operation of a kind; it is also printed and read again."""
    parsed = parse(*lines)
    text = print_module(parsed)
    again = parse_module(text, "again.mlir")
    assert parsed.is_structurally_equivalent(again), text
    assert print_module(again) == text
    parsed.verify()
    [op] = every(parsed, kind)
    return op


@pytest.mark.parametrize(
    ("text", "device", "symbol"),
    [
        ("aie.device(npu1) { }", "npu1", "main"),
        ("aie.device(npu2_4col) @other { }", "npu2_4col", "other"),
        ("module { aie.device(npu1_1col) @x { aie.end } }", "npu1_1col", "x"),
    ],
)
def test_device(text: str, device: str, symbol: str):
    parsed = parse_module(text, "d.mlir")
    [op] = every(parsed, DeviceOp)
    assert (op.device, op.symbol) == (device, symbol)
    assert parsed.is_structurally_equivalent(parse_module(print_module(parsed), "d.mlir"))


def test_tiles():
    tile = one(TileOp, '    %t = aie.tile(3, 5) {allocation_scheme = "basic-sequential"}')
    assert (tile.col, tile.row, tile.coordinates) == (3, 5, (3, 5))
    logical = one(LogicalTileOp, "    %t = aie.logical_tile<CoreTile>(?, 2)")
    assert logical.kind is TileKind.CoreTile


def test_core_and_buffer():
    lines = [
        TILE,
        '    %b = aie.buffer(%core) {sym_name = "b", address = 1024 : i32} : memref<2x2xi32> = dense<[[1, 2], [3, 4]]>',
        '    %c = aie.core(%core) {\n      aie.end\n    } {stack_size = 0xD00 : i32, link_with = "k.o"}',
    ]
    core = one(CoreOp, *lines)
    assert (core.stack_size, core.link_with) == (0xD00, "k.o")
    assert core.tile is not None
    assert core.tile.coordinates == (0, 2)
    buffer = one(BufferOp, *lines)
    assert (buffer.symbol, buffer.address, buffer.type.get_shape()) == ("b", 1024, (2, 2))
    assert "dense<[[1, 2], [3, 4]]>" in print_module(parse(*lines))
    assert one(CoreOp, TILE, "    %c = aie.core(%core) {\n      aie.end\n    }").stack_size == 1024


def test_locks():
    lock = one(LockOp, TILE, '    %l = aie.lock(%core, 3) {init = 2 : i32, sym_name = "l"}')
    assert (lock.lock_id, lock.init, lock.symbol) == (3, 2, "l")
    assert one(LockOp, TILE, "    %l = aie.lock(%core)").lock_id is None


@pytest.mark.parametrize(
    ("text", "action", "value"),
    [
        ("aie.use_lock(%l, AcquireGreaterEqual, %one)", LockAction.AcquireGreaterEqual, 1),
        ('aie.use_lock(%l, "Release", 2)', LockAction.Release, 2),
        ("aie.use_lock(%l, Acquire, %one, NonBlocking)", LockAction.Acquire, 1),
    ],
)
def test_use_lock(text: str, action: LockAction, value: int):
    body = f"    %c = aie.core(%core) {{\n      %one = arith.constant 1 : i32\n      {text}\n      aie.end\n    }}"
    use = one(UseLockOp, TILE, "    %l = aie.lock(%core, 3)", body)
    assert (use.action, use.value) == (action, value)
    assert use.lock_op is not None


def test_circuits():
    flow = one(FlowOp, TILE, '    aie.flow(%shim, "DMA" : 0, %core, DMA : 1)')
    assert (flow.source_bundle, flow.source_channel, flow.dest_channel) == (WireBundle.DMA, 0, 1)
    assert flow.dest is not None
    assert flow.dest.coordinates == (0, 2)
    lines = [
        "    aie.packet_flow(0x3) {\n      aie.packet_source<%shim, DMA : 0>\n      aie.packet_dest<%core, DMA : 0>\n    }"
        " {keep_pkt_header = true}"
    ]
    assert one(PacketFlowOp, TILE, *lines).packet_id == 3
    assert one(PacketSourceOp, TILE, *lines).bundle is WireBundle.DMA
    allocation = one(
        ShimDmaAllocationOp, TILE, "    aie.shim_dma_allocation @a (%shim, MM2S, 1, <pkt_type = 2, pkt_id = 5>)"
    )
    assert (allocation.symbol, allocation.direction, allocation.channel) == ("a", Direction.MM2S, 1)
    assert allocation.packet == (2, 5)


def bd(text: str) -> DmaBdOp:
    body = f"    %m = aie.mem(%core) {{\n      %0 = aie.dma_start(S2MM, 0, ^bd, ^end)\n    ^bd:\n      {text}\n      aie.next_bd ^bd\n"
    return one(DmaBdOp, TILE, "    %b = aie.buffer(%core) : memref<64xi16>", body + "    ^end:\n      aie.end\n    }")


def test_descriptor_forms():
    new = bd("aie.dma_bd(%b : memref<64xi16> offset = 8 len = 32 sizes = [2, 16] strides = [32, 1]) {bd_id = 3 : i32}")
    assert (new.offset, new.length, new.sizes, new.strides, new.bd_id) == (8, 32, (2, 16), (32, 1), 3)
    old = bd(
        "aie.dma_bd(%b : memref<64xi16>, 8, 32, [<size = 2, stride = 32>, <size = 16, stride = 1>]) {bd_id = 3 : i32}"
    )
    assert new.properties == old.properties
    short = bd("aie.dma_bd(%b : memref<64xi16>)")
    assert (short.offset, short.length, short.has_length, short.sizes) == (0, 64, False, ())
    older = bd(
        "aie.dma_bd(%b : memref<64xi16>, 0, 16, [<4, 16>, <4, 1>], [<const_pad_before = 2, const_pad_after = 0>, <0, 2>])"
    )
    assert older.pad == ((2, 0), (0, 2))
    full = bd(
        "aie.dma_bd(%b : memref<64xi16> len = 20 sizes = [8] strides = [1] pad [<const_pad_before = 2, const_pad_after = 4>])"
        " {packet = #aie.packet_info<pkt_type = 1, pkt_id = 7>, iteration = #aie.bd_iteration<size = 4, stride = 8, current = 1>}"
    )
    assert (full.pad, full.packet, full.iteration) == (((2, 4),), (1, 7), (4, 8, 1))


def test_dma_programs():
    lines = [
        TILE,
        "    %b = aie.buffer(%mem) : memref<64xi32>",
        "    %m = aie.memtile_dma(%mem) {\n      %0 = aie.dma_start(MM2S, 1, ^bd, ^end, repeat_count = 3)\n    ^bd:\n"
        "      aie.dma_bd(%b : memref<64xi32>)\n      aie.next_bd ^end\n    ^end:\n      aie.end\n    }",
    ]
    channel = one(DmaStartOp, *lines)
    assert (channel.direction, channel.channel, channel.repeat_count) == (Direction.MM2S, 1, 3)
    assert isinstance(channel.first_block.first_op, DmaBdOp)
    assert one(NextBdOp, *lines).next_block.is_empty is False
    lines = [
        TILE,
        "    %b = aie.buffer(%core) : memref<64xi32>",
        '    %m = aie.mem(%core) {\n      %0 = aie.dma(S2MM, 0) {loop = false, repeat_count = 2 : i32, sym_name = "d"} [{\n'
        "        aie.dma_bd(%b : memref<64xi32> len = 4)\n      }, {\n        aie.dma_bd(%b : memref<64xi32>)\n      }]\n"
        "      aie.end\n    }",
    ]
    region = one(DmaOp, *lines)
    assert (region.loop, region.repeat_count, region.symbol, len(region.regions)) == (False, 2, "d", 2)


def test_objectfifo():
    fifo = one(
        ObjectFifoOp,
        TILE,
        "    %other = aie.tile(1, 2)",
        "    aie.objectfifo @f (%mem dimensionsToStream [<size = 4, stride = 16>, <size = 16, stride = 1>],"
        " {%core, %other dimensionsFromStream [<size = 8, stride = 8>, <8, 1>]}, [2, 3, 4])"
        " {via_DMA = true, repeat_count = 5 : i32, iter_count = 6 : i32, plio = false, prod_dma_channel = 3 : i32,"
        " cons_dma_channels = array<i32: -1, 1>, padDimensions = #aie<bd_pad_layout_array[<const_pad_before = 1,"
        " const_pad_after = 0>, <const_pad_before = 0, const_pad_after = 1>]>} : !aie.objectfifo<memref<64xi32>>",
    )
    assert fifo.symbol == "f"
    assert [tile.coordinates for tile in fifo.consumers if tile is not None] == [(0, 2), (1, 2)]
    assert (fifo.depths, [fifo.depth(n) for n in range(3)]) == ((2, 3, 4), [2, 3, 4])
    assert (fifo.to_stream, fifo.from_stream) == (((4, 16), (16, 1)), ((), ((8, 8), (8, 1))))
    assert (fifo.via_dma, fifo.repeat_count, fifo.iter_count, fifo.plio) == (True, 5, 6, False)
    assert (fifo.producer_channel, fifo.consumer_channels) == (3, (None, 1))
    assert fifo.pad == ((1, 0), (0, 1))
    assert str(fifo.object_type) == "memref<64xi32>"


def test_objectfifo_short_forms():
    fifo = one(
        ObjectFifoOp,
        TILE,
        "    aie.objectfifo @f(%mem, { %core }, 2) : !aie.objectfifo<memref<4xi8>>"
        " = [dense<1> : memref<4xi8>, dense<[1, 2, 3, 4]> : memref<4xi8>]",
    )
    assert (fifo.depths, fifo.depth(1), fifo.repeat_count, len(fifo.init_values)) == ((2,), 2, None, 2)
    assert not fifo.via_dma
    fifo = one(
        ObjectFifoOp,
        TILE,
        "    aie.objectfifo @f(%mem, {%core}, 2 : i32) : !aie.objectfifo<memref<8xi8>>"
        " -> !aie.objectfifo<memref<4xi8>>",
    )
    assert fifo.consumer_object_type.get_shape() == (4,)


def test_links():
    fifos = [
        f"    aie.objectfifo @{n}(%{p}, {{%{c}}}, 2 : i32) : !aie.objectfifo<memref<8xi32>>"
        for n, p, c in (("a", "shim", "mem"), ("b", "mem", "core"), ("c", "mem", "core"))
    ]
    link = one(ObjectFifoLinkOp, TILE, *fifos, "    aie.objectfifo.link [@a] -> [@b, @c] ([] [0, 4])")
    assert (link.inputs, link.outputs, link.src_offsets, link.dst_offsets) == (("a",), ("b", "c"), (), (0, 4))
    assert (link.is_join, link.is_distribute) == (False, True)
    allocate = one(ObjectFifoAllocateOp, TILE, *fifos, "    aie.objectfifo.allocate @b(%core)")
    assert allocate.fifo_name == "b"


def test_use_of_objectfifos():
    lines = [
        TILE,
        "    aie.objectfifo @f(%mem, {%core}, 2 : i32) : !aie.objectfifo<memref<8xi32>>",
        "    %c = aie.core(%core) {\n"
        "      %s = aie.objectfifo.acquire @f(Consume, 2) : !aie.objectfifosubview<memref<8xi32>>\n"
        "      %o = aie.objectfifo.subview.access %s[1] : !aie.objectfifosubview<memref<8xi32>> -> memref<8xi32>\n"
        "      aie.objectfifo.release @f(Consume, 1)\n      aie.end\n    }",
    ]
    acquire = one(ObjectFifoAcquireOp, *lines)
    assert (acquire.fifo_name, acquire.port, acquire.size) == ("f", Port.Consume, 2)
    assert acquire.fifo is not None
    assert acquire.fifo.symbol == "f"
    access = one(SubviewAccessOp, *lines)
    assert access.index == 1
    assert access.acquire is not None
    assert one(ObjectFifoReleaseOp, *lines).size == 1


def test_sequence():
    op = one(RuntimeSequenceOp, *sequence())
    assert (op.symbol, len(op.arguments)) == ("run", 2)
    op = one(RuntimeSequenceOp, "    aie.runtime_sequence() attributes {emit_parameter_sync_preamble = false} {\n    }")
    assert (op.symbol, op.arguments) == ("sequence", ())


def test_tasks():
    text = [
        "%t = aiex.dma_configure_task_for @f {",
        "  aie.dma_bd(%a : memref<64xi32> offset = 4 len = 32 sizes = [2, 1, 4, 8] strides = [0, 0, 8, 1]) {burst_length = 64 : i32}",
        "  aie.end",
        "} {issue_token = true, repeat_count = 1 : i32}",
        "aiex.dma_start_task(%t)",
        "aiex.dma_await_task(%t)",
        "aiex.dma_free_task(%t)",
    ]
    task = one(DmaConfigureTaskForOp, *sequence(*text))
    assert (task.alloc, task.issue_token, task.repeat_count) == ("f", True, 1)
    [descriptor] = task.bds
    assert (descriptor.offset, descriptor.length, descriptor.burst_length) == (4, 32, 64)
    assert (descriptor.sizes, descriptor.strides) == ((2, 1, 4, 8), (0, 0, 8, 1))
    wait = one(DmaAwaitTaskOp, *sequence(*text))
    assert isinstance(wait.task, DmaConfigureTaskForOp)
    text[0] = "%t = aiex.dma_configure_task(%shim, MM2S, 1, <pkt_type = 0, pkt_id = 4>) repeat %n : i32 {"
    other = one(DmaConfigureTaskOp, *sequence(*text))
    assert (other.direction, other.channel, other.packet, other.repeat_count) == (Direction.MM2S, 1, (0, 4), -1)
    assert other.tile is not None


def test_values_in_descriptors():
    text = [
        "%w = arith.extsi %n : i32 to i64",
        "%t = aiex.dma_configure_task_for @f {",
        "  aie.dma_bd(%a : memref<64xi32> offset = %n len = 8 sizes = [1, %w, 1, 8] strides = [0, 8, 0, 1])",
        "  aie.end",
        "}",
    ]
    descriptor = one(DmaBdOp, *sequence(*text))
    assert isinstance(descriptor.offset, SSAValue)
    assert descriptor.length == 8
    assert [isinstance(size, SSAValue) for size in descriptor.sizes] == [False, True, False, False]
    text[0] = "%w = arith.constant 3 : i64\n      %z = arith.constant 4 : i32"
    text[2] = text[2].replace("%n", "%z")
    descriptor = one(DmaBdOp, *sequence(*text))
    assert descriptor.offset == 4  # a constant behind a value counts as one


def test_transfers_and_waits():
    text = [
        "aiex.npu.dma_memcpy_nd(%a[0, 0, 1, 2][1, 2, 4, 8][64, 32, 8, 1], packet = <pkt_type = 0, pkt_id = 1>)"
        " {id = 5 : i64, issue_token = true, metadata = @f, d0_zero_before = 1 : i64} : memref<64xi32>"
    ]
    copy = one(NpuDmaMemcpyNdOp, *sequence(*text))
    assert (copy.offsets, copy.sizes, copy.strides) == ((0, 0, 1, 2), (1, 2, 4, 8), (64, 32, 8, 1))
    assert (copy.bd_id, copy.metadata, copy.issue_token, copy.packet) == (5, "f", True, (0, 1))
    assert (copy.zero_before, copy.zero_after) == ((0, 0, 1), (0, 0, 0))
    assert one(NpuDmaWaitOp, *sequence("aiex.npu.dma_wait {symbol = @f}")).symbol == "f"
    text = [
        "%c = arith.constant 0 : i32",
        "%d = arith.constant 1 : i32",
        "aiex.npu.sync(%c, %c, %c, %d, %d, %n) : i32, i32, i32, i32, i32, i32",
    ]
    sync = one(NpuSyncOp, *sequence(*text))
    assert (sync.column, sync.channel, sync.column_num) == (0, 1, 1)
    assert isinstance(sync.row_num, SSAValue)
    old = "aiex.npu.sync {channel = 1 : i32, column = 2 : i32, column_num = 1 : i32, direction = 0 : i32, row = 0 : i32, row_num = 1 : i32}"
    assert one(NpuSyncOp, *sequence(old)).column == 2


def test_register_writes():
    text = ["%c = arith.constant 4096 : i32", "%d = arith.constant 7 : i32"]
    write = one(NpuWrite32Op, *sequence(*text, "aiex.npu.write32(%c, %d) {column = 0 : i32, row = 2 : i32} : i32, i32"))
    assert (write.address, write.value, write.column, write.row, write.buffer) == (4096, 7, 0, 2, None)
    old = one(NpuWrite32Op, *sequence("aiex.npu.write32 {address = 8 : ui32, value = 9 : ui32, buffer = @b}"))
    assert (old.address, old.value, old.buffer) == (8, 9, "b")
    mask = one(NpuMaskWrite32Op, *sequence(*text, "aiex.npu.maskwrite32(%c, %d, %n) : i32, i32, i32"))
    assert (mask.address, mask.value, isinstance(mask.mask, SSAValue)) == (4096, 7, True)
    rtp = one(NpuRtpWriteOp, *sequence(*text, "aiex.npu.rtp_write(@b, 3, %d) : i32"))
    assert (rtp.buffer, rtp.index, rtp.value) == ("b", 3, 7)
    assert one(NpuRtpWriteOp, *sequence("aiex.npu.rtp_write(@b, 3, 50)")).value == 50
    lock = one(
        SetLockOp,
        TILE,
        "    %l = aie.lock(%core, 1)",
        "    aie.runtime_sequence() {\n      aiex.set_lock(%l, 5)\n    }",
    )
    assert lock.value == 5
    block = [
        "%w = memref.get_global @words : memref<2xi32>",
        "aiex.npu.blockwrite(%w) {address = 119300 : ui32} : memref<2xi32>",
    ]
    constants = ['    memref.global "private" constant @words : memref<2xi32> = dense<[1, 0x40]>']
    assert one(NpuBlockWriteOp, *constants, *sequence(*block)).address == 119300
    assert one(GlobalOp, *constants).symbol == "words"
    push = one(
        NpuPushQueueOp,
        *sequence(*text, "aiex.npu.push_queue(0, 1, S2MM : 2) bd_id %d repeat %n {issue_token = true} : i32, i32"),
    )
    assert (push.tile, push.direction, push.channel, push.bd_id, push.issue_token) == (
        (0, 1),
        Direction.S2MM,
        2,
        7,
        True,
    )
    patch = one(
        NpuAddressPatchOp,
        *sequence(*text, "aiex.npu.address_patch(%c : i32) {addr = 118788 : ui32, arg_idx = 2 : i32}"),
    )
    assert (patch.address, patch.argument, patch.plus) == (118788, 2, 4096)


def test_locations():
    text = module(
        TILE,
        "",
        "    // a comment",
        "    aie.objectfifo @f(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<8xi32>>",
        "    aie.runtime_sequence(%a: memref<8xi32>) {",
        "      %t = aiex.dma_configure_task_for @f {",
        "        aie.dma_bd(%a : memref<8xi32> offset = 0 len = 8)",
        "        aie.end",
        "      }",
        "      // between",
        "      aiex.dma_start_task(%t)",
        "    }",
    )
    lines = text.splitlines()
    for op in parse_module(text, "where.mlir").walk():
        file, _, line = location(op).partition(":")
        assert file == "where.mlir"
        name = op.name.removeprefix("builtin.")
        assert name in lines[int(line) - 1] or op.name == "aie.end", (op.name, line)
    assert location(ModuleOp([])) == "<unknown>"
