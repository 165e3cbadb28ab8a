"""Lowering of designs in locks, buffers, DMA programs and circuits, for the engine in `include/aiebuild_tiles`.

The generated code holds the coroutines of the cores and a function that puts the array together as tables: locks,
buffer descriptors, channels with what they start with, and where their streams lead.
"""

from __future__ import annotations

import json
from math import gcd, prod
from pathlib import Path

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from aiebuild.dialect import location
from aiebuild.dialect.attributes import Direction, LockAction, WireBundle
from aiebuild.dialect.circuits import (
    FlowOp,
    LockOp,
    PacketDestOp,
    PacketFlowOp,
    PacketSourceOp,
    ShimDmaAllocationOp,
    UseLockOp,
)
from aiebuild.dialect.dma import DmaBdOp, DmaBdPacketOp, DmaOp, DmaStartOp, NextBdOp
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.sequence import DmaConfigureTaskOp, RuntimeSequenceOp
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, EndOp, MemOp, MemTileDmaOp, TileOp
from aiebuild.host.checked import CheckedWriter, guarded, region_of, start
from aiebuild.host.cores import Body, BodyWriter, core_body, initial_values, line_of
from aiebuild.host.fifos import ShimChannel, coordinates, refuse
from aiebuild.host.types import element_bytes, element_type, memref_bytes, memref_elements

_CIRCUITS = (FlowOp, PacketFlowOp, MemOp, MemTileDmaOp)
_QUIET = (TileOp, BufferOp, LockOp, CoreOp, RuntimeSequenceOp, ShimDmaAllocationOp, FuncOp, ConstantOp, EndOp)
_PIECE = 64
"""`kStreamBytes` of tiles.hpp: the most that moves at once."""


def uses_circuits(device: DeviceOp) -> bool:
    """Whether a design routes its data itself, so that `lower_tiles` is meant and not `lower_overlay`."""
    return any(isinstance(op, _CIRCUITS) for op in device.body.block.ops)


def shim_channels(device: DeviceOp) -> dict[str, ShimChannel]:
    """The shim channels that a design names, by name; what they carry has no objects."""
    return {
        op.symbol: ShimChannel(op.symbol, coordinates(op.tile, op)[0], op.channel, op.direction is Direction.MM2S, 0)
        for op in device.body.block.ops
        if isinstance(op, ShimDmaAllocationOp)
    }


def tile_tasks(device: DeviceOp) -> dict[Operation, int]:
    """The first descriptors of the tasks that sequences queue on tiles other than shims."""
    return _Lowering(device, "").tasks


def token_sources(device: DeviceOp) -> set[tuple[int, int]]:
    """The tiles whose tokens are routed to a shim, beside the shims themselves."""
    return {
        coordinates(op.tile, op)
        for op in device.walk()
        if isinstance(op, PacketSourceOp) and op.bundle is WireBundle.TileControl
    }


def lower_tiles(module: ModuleOp, name: str = "overlay", *, sanitize: bool = False) -> str:
    """The C++ source of the design's overlay library, to be linked with TILE_SOURCES.

    `sanitize` makes the source of the checking mode. Raises DesignError with file and line on what the host target does
    not model.
    """
    device = next(op for op in module.ops if isinstance(op, DeviceOp))
    return _Lowering(device, name, sanitize=sanitize).source()


class _Lowering:
    def __init__(self, device: DeviceOp, name: str, *, sanitize: bool = False) -> None:
        self.device = device
        self.name = name
        self.sanitize = sanitize
        self.data = ".data" if sanitize else ""
        ops = list(device.body.block.ops)
        for op in ops:
            if isinstance(op, ObjectFifoOp):
                raise refuse(op, f"`{op.name}` beside `aie.flow` and DMA programs is not modelled by the host target")
            if not isinstance(op, _CIRCUITS + _QUIET):
                raise refuse(op, f"`{op.name}` is not modelled by the host target")
        self.buffers: dict[SSAValue, int] = {}
        self.locks: dict[SSAValue, int] = {}
        self.declared: list[str] = []
        self.lines: list[str] = []
        self.bodies: list[str] = []
        self.kernels: dict[str, str] = {}
        self.descriptors = 0
        self.tasks: dict[Operation, int] = {}
        for op in device.walk():
            if isinstance(op, BufferOp):
                self._buffer(op)
            elif isinstance(op, LockOp):
                self._lock(op)
        for op in ops:
            if isinstance(op, MemOp | MemTileDmaOp):
                self._program(op)
            elif isinstance(op, FlowOp):
                self._flow(op)
            elif isinstance(op, PacketFlowOp):
                self._packets(op)
            elif isinstance(op, CoreOp):
                self._core(op)
            elif isinstance(op, RuntimeSequenceOp):
                self._tasks(op)

    def _tasks(self, sequence: RuntimeSequenceOp) -> None:
        """The descriptors of tasks that a sequence queues on tiles other than shims: they are there from the start."""
        for op in sequence.walk():
            if isinstance(op, DmaConfigureTaskOp) and op.tile is not None and op.tile.row > 0:
                self.tasks[op] = self._chain(op.body.blocks[0], {})

    def source(self) -> str:
        file = Path(location(self.device).rpartition(":")[0]).name or "<unknown>"
        info = json.dumps({"name": self.name, "device": self.device.device, "file": file}, separators=(",", ":"))
        return "\n".join(
            [
                f"// Tiles of `{self.name}`, lowered from {file}. Generated; edit the design instead.",
                "#include <aiebuild_tiles/tiles.hpp>",
                "",
                'extern "C" {',
                *(text for _, text in sorted(self.kernels.items())),
                "}",
                "",
                "namespace {",
                *self.bodies,
                "struct Design {",
                *self.declared,
                "};",
                "}  // namespace",
                "",
                "namespace aieb {",
                f"const char* const kDesignInfo = {json.dumps(info)};",
                "std::unique_ptr<Array> make_array() {",
                "  auto array = std::make_unique<Array>();",
                "  auto design = std::make_shared<Design>();",
                "  Array& a = *array;",
                "  [[maybe_unused]] Design& d = *design;",
                "  a.design = design;",
                f"  a.file = {json.dumps(file)};",
                *(f"  {line}" for line in self.lines),
                "  return array;",
                "}",
                "}  // namespace aieb",
                "",
            ]
        )

    # -- memory and locks --------------------------------------------------------------------------------
    def _buffer(self, op: BufferOp) -> None:
        k = len(self.buffers)
        self.buffers[op.results[0]] = k
        values = initial_values(op)
        first = "{}" if values is None else "{" + ", ".join(str(v) for v in values) + "}"
        plain = f"alignas(64) {element_type(op.type, op)} b{k}[{memref_elements(op.type, op)}]{first};"
        self.declared.append(f"  {guarded(op, f'b{k}', first) if self.sanitize else plain}")
        if self.sanitize:
            made = region_of(op, coordinates(op.tile, op), k, f"d.b{k}.data", "initial_value" in op.properties)
            self.lines.append(f"auto* r{k} = {made};")
        if op.symbol is not None:
            name = json.dumps(op.symbol)
            self.lines.append(
                f"a.buffers[{name}] = {{reinterpret_cast<u8*>(d.b{k}{self.data}), {memref_bytes(op.type, op)}}};"
            )

    def _lock(self, op: LockOp) -> None:
        k = len(self.locks)
        self.locks[op.results[0]] = k
        column, row = coordinates(op.tile, op)
        name = op.symbol or f"lock {op.lock_id if op.lock_id is not None else k} of tile ({column},{row})"
        self.lines.append(f"Lock* l{k} = a.lock({json.dumps(name)}, {op.init});")

    # -- DMA programs ------------------------------------------------------------------------------------
    def _program(self, op: MemOp | MemTileDmaOp) -> None:
        tile = coordinates(op.tile, op)
        numbers: dict[Block, int] = {}
        block: Block | None = op.body.blocks[0]
        while block is not None:
            following: Block | None = None
            for inner in block.ops:
                if isinstance(inner, DmaStartOp):
                    first = self._chain(inner.first_block, numbers)
                    self._starts(inner, tile, first, inner.repeat_count, inner.pad_value)
                    following = inner.next_block
                elif isinstance(inner, DmaOp):
                    self._regions(inner, tile)
                elif not isinstance(inner, EndOp | ConstantOp | BufferOp | LockOp):
                    raise refuse(inner, f"`{inner.name}` outside of a chain of descriptors is not modelled")
            block = following

    def _starts(self, op: DmaStartOp | DmaOp, tile: tuple[int, int], first: int, repeat: int, pad: int) -> None:
        channel = _channel(tile, op.direction is Direction.MM2S, op.channel)
        self.lines.append(f"{channel}.first.push_back({{{first}, {repeat}, false, {line_of(op)}}});")
        if pad:
            self.lines.append(f"{channel}.pad_value = {pad & 0xFFFFFFFF}u;")

    def _chain(self, first: Block, numbers: dict[Block, int]) -> int:
        """Numbers the descriptors of a chain that are new, and writes them; the first one's number."""
        blocks: list[Block] = []
        at: Block | None = first
        while at is not None and at not in numbers:
            numbers[at] = self.descriptors + len(blocks)
            blocks.append(at)
            at = _following(at)
        self.descriptors += len(blocks)
        for block in blocks:
            following = _following(block)
            self._descriptor(block, numbers[following] if following is not None else -1)
        return numbers[first]

    def _regions(self, op: DmaOp, tile: tuple[int, int]) -> None:
        first = self.descriptors
        self.descriptors += len(op.regions)
        for k, region in enumerate(op.regions):
            last = k == len(op.regions) - 1
            following = first + k + 1 if not last else first if op.loop else -1
            self._descriptor(region.block, following)
        self._starts(op, tile, first, op.repeat_count, op.pad_value)

    def _descriptor(self, block: Block, following: int) -> None:
        acquire = release = "{}"
        found: DmaBdOp | None = None
        packet = -1
        for op in block.ops:
            if isinstance(op, UseLockOp):
                use = self._lock_use(op)
                if op.action is LockAction.Release:
                    release = use
                else:
                    acquire = use
            elif isinstance(op, DmaBdPacketOp):
                packet = op.packet[1]
            elif isinstance(op, DmaBdOp):
                if found is not None:
                    raise refuse(op, "two descriptors in one block")
                found = op
            elif not isinstance(op, NextBdOp | EndOp | ConstantOp):
                raise refuse(op, f"`{op.name}` in a chain of descriptors is not modelled")
        if found is None:
            raise refuse(block.first_op or self.device, "a block without a descriptor")
        if found.packet is not None:
            packet = found.packet[1]
        kind = found.buffer_type
        if found.buffer not in self.buffers:
            raise refuse(found, "a descriptor over what is no buffer of a tile is not modelled")
        size = element_bytes(kind, found)
        unit, levels = _levels(found, size)
        iterations, stride, current = found.iteration or (0, 0, 0)
        k = self.buffers[found.buffer]
        fields = {
            "line": str(line_of(found)),
            "memory": f"reinterpret_cast<u8*>(d.b{k}{self.data})",
            "bytes": str(memref_bytes(kind, found)),
            "offset": str(_static(found.offset, found) * size),
            "unit": str(unit),
            "levels": f"{{{', '.join(levels)}}}",
            "acquire": acquire,
            "release": release,
            "next": str(following),
            "iterations": str(iterations),
            "iteration_stride": str(stride * size),
            "iteration": str(current),
            "packet": str(packet),
            **({"region": f"r{k}"} if self.sanitize else {}),
        }
        text = ", ".join(f".{name} = {value}" for name, value in fields.items())
        self.lines.append(f"a.bd({{{text}}});")

    def _lock_use(self, op: UseLockOp) -> str:
        if op.lock not in self.locks or not op.blocks:
            raise refuse(op, "a lock from elsewhere or without blocking is not modelled")
        at_least = "true" if op.action is LockAction.AcquireGreaterEqual else "false"
        return f"{{l{self.locks[op.lock]}, {_static(op.value, op)}, {at_least}}}"

    # -- circuits ----------------------------------------------------------------------------------------
    def _flow(self, op: FlowOp) -> None:
        if op.source_bundle is not WireBundle.DMA or op.dest_bundle is not WireBundle.DMA:
            raise refuse(op, f"a flow from {op.source_bundle.name} to {op.dest_bundle.name} is not modelled")
        source = _channel(coordinates(op.source, op), True, op.source_channel)
        dest = _channel(coordinates(op.dest, op), False, op.dest_channel)
        self.lines.append(f"a.circuit({source}, {dest});")

    def _packets(self, op: PacketFlowOp) -> None:
        sources: list[PacketSourceOp] = []
        dests: list[PacketDestOp] = []
        ports = [inner for inner in op.regions[0].block.ops if isinstance(inner, PacketSourceOp | PacketDestOp)]
        if {port.bundle for port in ports} == {WireBundle.TileControl, WireBundle.South}:
            return  # carries tokens: `token_sources`
        if {"keep_pkt_header", "mask"} & (op.properties.keys() | op.attributes.keys()):
            raise refuse(op, "packets that keep their header, or with a mask, are not modelled")
        for inner in op.regions[0].block.ops:
            if isinstance(inner, PacketSourceOp | PacketDestOp):
                if inner.bundle is not WireBundle.DMA:
                    raise refuse(inner, f"packets from or to {inner.bundle.name} are not modelled")
                (sources if isinstance(inner, PacketSourceOp) else dests).append(inner)  # pyright: ignore
        for source in sources:
            for dest in dests:
                ends = (
                    _channel(coordinates(source.tile, source), True, source.channel),
                    _channel(coordinates(dest.tile, dest), False, dest.channel),
                )
                self.lines.append(f"a.circuit({ends[0]}, {ends[1]}, {op.packet_id});")

    # -- cores -------------------------------------------------------------------------------------------
    def _core(self, core: CoreOp) -> None:
        if core.elf_file is not None:
            raise refuse(core, "a core given as an ELF file is not modelled by the host target")
        body = core_body(core, CheckedWriter if self.sanitize else BodyWriter)
        if body.fifos:
            raise refuse(core, "a core that uses objectfifos beside `aie.flow` is not modelled")
        k = len(self.bodies)
        for kernel, declaration in body.kernels.items():
            if self.kernels.setdefault(kernel, declaration) != declaration:
                raise refuse(core, f"@{kernel} is called with different types by different cores")
        context = [f"struct Core{k} : aieb::CoreContext {{"]
        context += ["  aieb::check::Watch watch;"] if self.sanitize else []
        context += [f"  aieb::Lock* l{i};" for i in range(len(body.locks))]
        context += [f"  {element_type(use.op.type, use.op)}* b{i};" for i, use in enumerate(body.buffers)]
        context += ["};", "", f"aieb::CoreTask body{k}([[maybe_unused]] Core{k}& c) {{", body.render(set()), "}", ""]
        self.bodies.append("\n".join(context))
        self.declared.append(f"  Core{k} core{k};")
        for i, lock in enumerate(body.locks):
            self.lines.append(f"d.core{k}.l{i} = l{self.locks[lock.op.results[0]]};")
        for i, buffer in enumerate(body.buffers):
            self.lines.append(f"d.core{k}.b{i} = d.b{self.buffers[buffer.op.results[0]]}{self.data};")
        column, row = coordinates(core.tile, core)
        if self.sanitize:
            self.lines.append(start(core, f"d.core{k}.watch", (column, row)))
            self.lines.append(f'd.core{k}.watch.agent = aieb::check::add_agent("core({column},{row})");')
            self.lines += [f"d.core{k}.watch.reaches(r{i});" for i in self._reached(core, body)]
        self.lines.append(f"a.core(d.core{k}, {column}, {row}, body{k}(d.core{k}));")

    def _reached(self, core: CoreOp, body: Body) -> list[int]:
        """The buffers that a core uses, and those in its memory."""
        tile = coordinates(core.tile, core)
        found = {self.buffers[use.op.results[0]] for use in body.buffers}
        for value, k in self.buffers.items():
            if isinstance(value.owner, BufferOp) and coordinates(value.owner.tile, core) == tile:
                found.add(k)
        return sorted(found)


def _following(block: Block) -> Block | None:
    """The block of the descriptor after a block's own; None where the chain ends."""
    for op in block.ops:
        if isinstance(op, NextBdOp):
            ends = all(isinstance(inner, EndOp | ConstantOp) for inner in op.next_block.ops)
            return None if ends else op.next_block
    return None


def _channel(tile: tuple[int, int], out: bool, index: int) -> str:
    return f"a.channel({tile[0]}, {tile[1]}, {'true' if out else 'false'}, {index})"


def _static(value: int | SSAValue, op: Operation) -> int:
    if isinstance(value, int):
        return value
    raise refuse(op, "a value that is only known at run time is not modelled")


def _levels(op: DmaBdOp, element: int) -> tuple[int, list[str]]:
    """What moves at once in bytes, and the levels of a descriptor, outermost first."""
    length = _static(op.length, op)
    sizes = [_static(v, op) for v in op.sizes]
    strides = [_static(v, op) for v in op.strides]
    if len(sizes) != len(strides):
        raise refuse(op, f"{len(sizes)} sizes and {len(strides)} strides")
    if not sizes:
        sizes, strides = [length], [1]
    pads = list(op.pad) or [(0, 0)] * len(sizes)
    if len(pads) != len(sizes):
        raise refuse(op, f"{len(pads)} paddings for {len(sizes)} dimensions")
    padded = prod(before + size + after for size, (before, after) in zip(sizes, pads, strict=True))
    if op.has_length and length not in (prod(sizes), padded):
        raise refuse(op, f"length {length} differs from the product of the sizes, {padded}")
    if min(sizes) < 1 or min(strides) < 0:
        raise refuse(op, "sizes must be positive, strides not negative")
    unit, per = element, 1
    if strides[-1] == 1:
        unit = gcd(sizes[-1] * element, pads[-1][0] * element, pads[-1][1] * element, _PIECE)
        per = unit // element
    levels = [
        f"{{{size}, {stride * element}, {before}, {after}}}"
        for size, stride, (before, after) in zip(sizes[:-1], strides[:-1], pads[:-1], strict=True)
    ]
    before, after = pads[-1]
    stride = unit if strides[-1] == 1 else strides[-1] * element
    if per == 0 or unit % element:
        raise refuse(op, f"a descriptor over elements of {element} bytes")
    levels.append(f"{{{sizes[-1] // per}, {stride}, {before // per}, {after // per}}}")
    return unit, levels
