"""Lowering of designs in locks, buffers, DMA programs and circuits, for the engine in `include/aiebuild_tiles`.

The generated code holds the coroutines of the cores and functions that put a configuration into the array as tables:
locks, buffer descriptors, channels with what they start with, and where their streams lead. A module with several
devices has several configurations; a sequence goes from one to another.
"""

from __future__ import annotations

import json

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from aiebuild.dialect import file_of
from aiebuild.dialect.attributes import Direction, LockAction
from aiebuild.dialect.circuits import (
    CascadeFlowOp,
    FlowOp,
    LockOp,
    PacketFlowOp,
    ShimDmaAllocationOp,
    UseLockOp,
)
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.raw import GlobalOp
from aiebuild.dialect.sequence import DmaConfigureTaskOp, RuntimeSequenceOp
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, EndOp, MemOp, MemTileDmaOp, TileOp
from aiebuild.dialect.trace import TraceOp
from aiebuild.host.body import Body
from aiebuild.host.checked import Checks, start, writer
from aiebuild.host.circuits import add_cascade, add_flow, add_packet_flow, carries_tokens
from aiebuild.host.cores import core_body, initial_values
from aiebuild.host.dma_programs import DmaPrograms
from aiebuild.host.memory import lock_numbers
from aiebuild.host.paths import ShimChannel, coordinates
from aiebuild.host.queues import Queues, needs_tiles
from aiebuild.host.refusal import refuse
from aiebuild.host.register_ops import REGISTER_OPS, Places
from aiebuild.host.tables import Tables
from aiebuild.host.types import element_type, memref_bytes

_CIRCUITS = (FlowOp, PacketFlowOp, MemOp, MemTileDmaOp, CascadeFlowOp)
_QUIET = (
    TileOp,
    BufferOp,
    LockOp,
    CoreOp,
    RuntimeSequenceOp,
    ShimDmaAllocationOp,
    FuncOp,
    ConstantOp,
    EndOp,
    GlobalOp,
    TraceOp,
)
_QUEUES = (ObjectFifoOp, ObjectFifoLinkOp, ObjectFifoAllocateOp)


def uses_circuits(device: DeviceOp) -> bool:
    """Whether a design needs `lower_tiles` and not `lower_overlay`.

    It does where it routes its data itself, where its cores use locks, where its sequences write registers or load
    configurations, and where its queues pad or start with values.
    """
    kept = any(isinstance(op, ObjectFifoOp) and 0 in op.depths for op in device.body.block.ops)
    for op in device.walk():
        if kept and isinstance(op, UseLockOp) and isinstance(op.parent_op(), DmaConfigureTaskOp):
            continue  # of a task on a memory tile that the sequence programs between two queues
        if kept and isinstance(op, PacketFlowOp) and carries_tokens(op):
            continue
        if isinstance(op, (*_CIRCUITS, *REGISTER_OPS, UseLockOp)):
            return True
        if isinstance(op, ObjectFifoOp) and needs_tiles(op):
            return True
    return False


def shim_channels(device: DeviceOp) -> dict[str, ShimChannel]:
    """The shim channels that a design names, by name; what they carry has no objects."""
    named = {
        op.symbol: ShimChannel(op.symbol, coordinates(op.tile, op)[0], op.channel, op.direction is Direction.MM2S, 0)
        for op in device.body.block.ops
        if isinstance(op, ShimDmaAllocationOp)
    }
    return {**named, **Queues(device, Tables()).channels}


def buffer_places(device: DeviceOp) -> Places:
    """Where a device's named buffers and its locks are."""
    lowered = _Lowering(device, 0)
    tables = lowered.tables
    addresses = tables.memory.place()
    numbers = lock_numbers([(tile, number) for tile, number, _, _ in tables.locks])
    buffers = {
        buffer.symbol: (buffer.tile, addresses[k], buffer.size)
        for k, buffer in enumerate(tables.buffers)
        if buffer.symbol is not None
    }
    locks: dict[LockOp, tuple[tuple[int, int], int]] = {}
    for value, name in lowered.locks.items():
        k = int(name.removeprefix("l"))
        if isinstance(value.owner, LockOp):
            locks[value.owner] = (tables.locks[k][0], numbers[k])
    return Places(buffers, locks)


def tile_tasks(device: DeviceOp) -> dict[Operation, int]:
    """The first descriptors of the tasks that sequences queue on tiles other than shims."""
    return _Lowering(device, 0).tasks


def lower_tiles(module: ModuleOp, name: str = "overlay", checks: Checks = Checks.NONE) -> str:
    """The C++ source of the design's overlay library, to be linked with TILE_SOURCES.

    The first device is what the array starts with. `checks`: what of the checking mode is in it. Raises DesignError
    with file and line on what the host target does not model.
    """
    devices = [op for op in module.ops if isinstance(op, DeviceOp)]
    lowered = [_Lowering(device, number, checks) for number, device in enumerate(devices)]
    file = file_of(devices[0])
    info = json.dumps({"name": name, "device": devices[0].device, "file": file}, separators=(",", ":"))
    kernels: dict[str, str] = {}
    extents: dict[tuple[int, int], int] = {}
    for one in lowered:
        for kernel, declaration in one.kernels.items():
            if kernels.setdefault(kernel, declaration) != declaration:
                raise refuse(one.device, f"@{kernel} is called with different types by different cores")
        for tile, size in one.tables.memory.extents().items():
            extents[tile] = max(extents.get(tile, 0), size)
    cases = [f"    case {one.number}: return configuration{one.number}::configure(a);" for one in lowered]
    return "\n".join(
        [
            f"// Tiles of `{name}`, lowered from {file}. Generated; edit the design instead.",
            "#include <aiebuild_tiles/registers.hpp>",
            "",
            'extern "C" {',
            *(text for _, text in sorted(kernels.items())),
            "}",
            "",
            "namespace {",
            *(line for one in lowered for line in one.source()),
            "}  // namespace",
            "",
            "namespace aieb {",
            f"const char* const kDesignInfo = {json.dumps(info)};",
            "void Array::configure(Array& a, uint32_t number) {",
            "  switch (number) {",
            *cases,
            '    default: throw Fault("no such configuration");',
            "  }",
            "}",
            "std::unique_ptr<Array> make_array() {",
            "  auto array = std::make_unique<Array>();",
            f"  array->file = {json.dumps(file)};",
            *(f"  array->memory({column}, {row}, {size});" for (column, row), size in extents.items()),
            "  Array::configure(*array, 0);",
            "  return array;",
            "}",
            "}  // namespace aieb",
            "",
        ]
    )


class _Lowering:
    def __init__(self, device: DeviceOp, number: int, checks: Checks = Checks.NONE) -> None:
        self.device = device
        self.number = number
        self.checks = checks
        self.sanitize = checks is not Checks.NONE
        ops = list(device.body.block.ops)
        for op in ops:
            if not isinstance(op, _CIRCUITS + _QUIET + _QUEUES):
                raise refuse(op, f"`{op.name}` is not modelled by the host target")
        self.tables = Tables(self.sanitize)
        self.lines = self.tables.lines
        self.buffers: dict[SSAValue, int] = {}
        self.locks: dict[SSAValue, str] = {}
        self.cores: list[str] = []
        self.bodies: list[str] = []
        self.kernels: dict[str, str] = {}
        self.tasks: dict[Operation, int] = {}
        for op in ops:
            if isinstance(op, CoreOp):
                self.tables.memory.stacks[coordinates(op.tile, op)] = op.stack_size
        for op in device.walk():
            if isinstance(op, BufferOp):
                self._buffer(op)
            elif isinstance(op, LockOp):
                tile = coordinates(op.tile, op)
                self.locks[op.results[0]] = self.tables.lock(tile, op.symbol, op.init, op.lock_id)
        self.queues = Queues(device, self.tables)
        self.programs = DmaPrograms(device, self.tables, self.buffers, self.locks)
        for op in ops:
            if isinstance(op, MemOp | MemTileDmaOp):
                self.programs.program(op)
            elif isinstance(op, FlowOp):
                add_flow(self.tables, op)
            elif isinstance(op, PacketFlowOp):
                add_packet_flow(self.tables, op)
            elif isinstance(op, CoreOp):
                self._core(op)
            elif isinstance(op, RuntimeSequenceOp):
                self._tasks(op)
        for op in ops:
            if isinstance(op, CascadeFlowOp):
                add_cascade(self.tables, op)

    def source(self) -> list[str]:
        """The configuration's namespace."""
        return [
            f"namespace configuration{self.number} {{",
            "using namespace aieb;",
            *self.bodies,
            "struct Design {",
            *self.cores,
            "};",
            "[[maybe_unused]] void configure(Array& a) {",
            "  auto design = std::make_shared<Design>();",
            "  [[maybe_unused]] Design& d = *design;",
            "  a.design = design;",
            *(f"  {line}" for line in self.tables.configuration()),
            "}",
            f"}}  // namespace configuration{self.number}",
            "",
        ]

    def _tasks(self, sequence: RuntimeSequenceOp) -> None:
        """The descriptors of tasks that a sequence queues on tiles other than shims: they are there from the start."""
        for op in sequence.walk():
            if isinstance(op, DmaConfigureTaskOp) and op.tile is not None and op.tile.row > 0:
                self.tasks[op] = self.programs.chain(op.body.blocks[0], {})

    # -- memory ------------------------------------------------------------------------------------------
    def _buffer(self, op: BufferOp) -> None:
        self.buffers[op.results[0]] = self.tables.buffer(
            coordinates(op.tile, op),
            element_type(op.type, op),
            memref_bytes(op.type, op),
            initial_values(op),
            op.symbol,
            op.address,
        )

    # -- cores -------------------------------------------------------------------------------------------
    def _core(self, core: CoreOp) -> None:
        if core.elf_file is not None:
            raise refuse(core, "a core given as an ELF file is not modelled by the host target")
        body = core_body(core, writer(self.checks))
        k = len(self.bodies)
        for kernel, declaration in body.kernels.items():
            if self.kernels.setdefault(kernel, declaration) != declaration:
                raise refuse(core, f"@{kernel} is called with different types by different cores")
        context = [f"struct Core{k} : aieb::CoreContext {{"]
        context += ["  aieb::check::Watch watch;"] if self.sanitize else []
        context += [f"  aieb::FifoEnd f{i};" for i in range(len(body.fifos))]
        context += [f"  aieb::Lock* l{i};" for i in range(len(body.locks))]
        context += [f"  {element_type(use.op.type, use.op)}* b{i};" for i, use in enumerate(body.buffers)]
        context += ["};", "", f"aieb::CoreTask body{k}([[maybe_unused]] Core{k}& c) {{", body.render(set()), "}", ""]
        self.bodies.append("\n".join(context))
        self.cores.append(f"  Core{k} core{k};")
        column, row = coordinates(core.tile, core)
        self.lines.append(f"a.core(d.core{k}, {column}, {row}, [=, &d] {{")
        self.lines.append(f"  d.core{k} = Core{k}{{}};")
        for i, use in enumerate(body.fifos):
            end = self.queues.ends.get((use.fifo, (column, row), use.port))
            if end is None:
                role = "producer" if use.port.name == "Produce" else "consumer"
                raise refuse(core, f"core ({column}, {row}) uses @{use.fifo} but is no {role} of it")
            self.lines.append(f"  d.core{k}.f{i} = {end.text(use.fifo)};")
        for i, lock in enumerate(body.locks):
            self.lines.append(f"  d.core{k}.l{i} = {self.locks[lock.op.results[0]]};")
        for i, buffer in enumerate(body.buffers):
            kind = element_type(buffer.op.type, buffer.op)
            place = self.buffers[buffer.op.results[0]]
            self.lines.append(f"  d.core{k}.b{i} = reinterpret_cast<{kind}*>(b{place});")
        if self.sanitize:
            self.lines += [f"  {line}" for line in self._watched(core, body, f"d.core{k}.watch")]
        self.lines += [f"  return body{k}(d.core{k});", "});"]
        for name in sorted(self._given(core, body, (column, row))):
            self.lines.append(f"a.givers.emplace({name}, std::pair({column}u, {row}u));")

    def _given(self, core: CoreOp, body: Body, tile: tuple[int, int]) -> set[str]:
        """The locks to which a core gives."""
        found: set[str] = set()
        for op in core.walk():
            if isinstance(op, UseLockOp) and op.action is LockAction.Release and op.lock in self.locks:
                found.add(self.locks[op.lock])
        for use in body.fifos:
            end = self.queues.ends.get((use.fifo, tile, use.port))
            if end is not None and (name := end.gives) is not None:
                found.add(name)
        return found

    def _watched(self, core: CoreOp, body: Body, watch: str) -> list[str]:
        """C++ that begins to watch a core, with the buffers that it uses and those in its memory."""
        tile = coordinates(core.tile, core)
        found = {self.buffers[use.op.results[0]] for use in body.buffers}
        for value, k in self.buffers.items():
            if isinstance(value.owner, BufferOp) and coordinates(value.owner.tile, core) == tile:
                found.add(k)
        cascades = [op for op in self.device.body.block.ops if isinstance(op, CascadeFlowOp)]
        waits = any(core.tile in (op.source, op.dest) for op in cascades)
        return [
            start(core, watch, tile),
            f'{watch}.agent = aieb::check::add_agent("core({tile[0]},{tile[1]})");',
            *(f"{watch}.reaches(r{k});" for k in sorted(found)),
            *([f"{watch}.once = true;"] if waits else []),
        ]
