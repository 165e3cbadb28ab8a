"""The `aie` and `aiex` dialects of mlir-aie in xDSL, in the spelling of its releases from August 2026.

`parse_module` reads a design, `print_module` writes one that mlir-aie's own tools read, `location` says where an
operation stands. The operations' classes and their accessors are in the modules beside this one:

    structure   device, tile, core, mem, memtile_dma, shim_dma, buffer, end
    circuits    lock, use_lock, flow, packet_flow, cascade_flow, shim_dma_allocation
    dma         dma_start, dma, dma_bd, next_bd
    objectfifo  objectfifo, link, allocate
    uses        acquire, release, subview.access
    sequence    runtime_sequence, dma_configure_task(_for), dma_start/await/free_task, set_lock
    npu         npu.dma_memcpy_nd, dma_wait, sync, rtp_write, write32, maskwrite32, blockwrite
    raw         npu.writebd, push_queue, address_patch; memref.global
    trace       trace and what is in it
    resets      core_reset, dma_channel_reset, npu.load_pdi, configure, run
"""

from __future__ import annotations

from functools import lru_cache
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.affine import Affine
from xdsl.dialects.arith import Arith
from xdsl.dialects.builtin import Builtin, FileLineColLoc, ModuleOp
from xdsl.dialects.cf import Cf
from xdsl.dialects.func import Func
from xdsl.dialects.scf import Scf
from xdsl.ir import Dialect, Operation

from aiebuild.dialect import attributes, circuits, dma, npu, objectfifo, raw, resets, sequence, structure, trace, uses
from aiebuild.dialect.errors import DesignError
from aiebuild.dialect.parser import parse
from aiebuild.dialect.printer import DesignPrinter

AIE = Dialect(
    "aie",
    [
        structure.EndOp,
        structure.DeviceOp,
        structure.TileOp,
        structure.LogicalTileOp,
        structure.CoreOp,
        structure.MemOp,
        structure.MemTileDmaOp,
        structure.ShimDmaOp,
        structure.BufferOp,
        structure.ExternalBufferOp,
        circuits.LockOp,
        circuits.UseLockOp,
        circuits.FlowOp,
        circuits.PacketFlowOp,
        circuits.PacketSourceOp,
        circuits.PacketDestOp,
        circuits.CascadeFlowOp,
        circuits.ShimDmaAllocationOp,
        dma.DmaStartOp,
        dma.DmaOp,
        dma.DmaBdOp,
        dma.DmaBdPacketOp,
        dma.NextBdOp,
        objectfifo.ObjectFifoOp,
        objectfifo.ObjectFifoLinkOp,
        objectfifo.ObjectFifoAllocateOp,
        uses.ObjectFifoAcquireOp,
        uses.ObjectFifoReleaseOp,
        uses.SubviewAccessOp,
        sequence.RuntimeSequenceOp,
        *trace.TRACE_OPS,
    ],
    [
        attributes.ObjectFifoType,
        attributes.ObjectFifoSubviewType,
        attributes.DimLayoutArray,
        attributes.DimLayoutArrayArray,
        attributes.PadLayoutArray,
        attributes.PacketInfo,
        attributes.BDIteration,
    ],
)

AIEX = Dialect(
    "aiex",
    [
        sequence.OlderRuntimeSequenceOp,
        sequence.DmaConfigureTaskOp,
        sequence.DmaConfigureTaskForOp,
        sequence.DmaStartTaskOp,
        sequence.DmaAwaitTaskOp,
        sequence.DmaFreeTaskOp,
        sequence.SetLockOp,
        npu.NpuDmaMemcpyNdOp,
        npu.NpuDmaWaitOp,
        npu.NpuSyncOp,
        npu.NpuWrite32Op,
        npu.NpuMaskWrite32Op,
        npu.NpuBlockWriteOp,
        npu.NpuRtpWriteOp,
        raw.NpuWriteBdOp,
        raw.NpuPushQueueOp,
        raw.NpuAddressPatchOp,
        resets.CoreResetOp,
        resets.DmaChannelResetOp,
        resets.NpuLoadPdiOp,
        resets.ConfigureOp,
        resets.RunOp,
    ],
    [attributes.BlockFloatType],
)


@lru_cache(maxsize=1)
def _context() -> Context:
    context = Context()
    for dialect in (Builtin, Arith, Scf, raw.MEMREF, Func, Cf, Affine, AIE, AIEX):
        context.load_dialect(dialect)
    return context


def parse_module(text: str, name: str) -> ModuleOp:
    """Parse a design; `name` stands for the file in locations and errors.

    Raises DesignError with `file:line:column: what` on text that is malformed or uses what is not supported here.
    """
    return parse(_context(), text, name)


def print_module(module: ModuleOp) -> str:
    """The design as text, in the spelling that mlir-aie's parser takes; ends with a newline."""
    out = StringIO()
    DesignPrinter(out).print_op(module)
    return out.getvalue() + "\n"


def location(op: Operation) -> str:
    """Where an operation stands: `file:line`, or `<unknown>` for one that was not parsed.

    What the parser adds by itself (the end of a loop's body) stands where the operation around it does.
    """
    around: Operation | None = op
    while around is not None:
        where = around.location
        if isinstance(where, FileLineColLoc):
            return f"{where.filename.data}:{where.line.data}"
        around = around.parent_op()
    return "<unknown>"


def file_of(op: Operation) -> str:
    """The design's file name, without its folder: what is generated must not depend on where it was built."""
    return Path(location(op).rpartition(":")[0]).name or "<unknown>"


def line_of(op: Operation) -> int:
    """The line an operation stands on; 0 when it was not parsed."""
    _, _, line = location(op).rpartition(":")
    return int(line) if line.isdigit() else 0


__all__ = ["AIE", "AIEX", "DesignError", "file_of", "line_of", "location", "parse_module", "print_module"]
