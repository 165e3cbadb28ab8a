"""Lowering of a design to the C++ source of an overlay library.

The generated code holds what is particular to the design: the coroutines of the cores, contexts that tie them to
objectfifo ends and buffers, and a constructor that builds the paths. The engine itself is in `include/aiebuild_host`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from aiebuild.dialect import file_of
from aiebuild.dialect.attributes import Pairs, Port
from aiebuild.dialect.circuits import LockOp, PacketFlowOp
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.raw import GlobalOp
from aiebuild.dialect.sequence import RuntimeSequenceOp
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, EndOp, TileOp
from aiebuild.dialect.trace import TraceOp
from aiebuild.host.body import Body, FifoUse
from aiebuild.host.checked import HEADER, Checks, guarded, region_of, start, writer
from aiebuild.host.cores import core_body, initial_values
from aiebuild.host.fifos import find_paths
from aiebuild.host.paths import Coordinates, Endpoint, Paths, ShimChannel, Slice, coordinates, is_core
from aiebuild.host.refusal import refuse
from aiebuild.host.types import element_type, memref_bytes, memref_elements

ABI_VERSION = 2
"""`kAbiVersion` of abi.hpp."""

_DECLARATIVE = (TileOp, BufferOp, ObjectFifoOp, ObjectFifoLinkOp, ObjectFifoAllocateOp, RuntimeSequenceOp, CoreOp)
# tokens' routes are in no design of queues but those where a sequence programs memory tiles
_QUIET = (PacketFlowOp, LockOp, FuncOp, ConstantOp, EndOp, GlobalOp, TraceOp)


@dataclass
class _Group:
    """Cores that share a coroutine."""

    bodies: list[Body] = field(default_factory=list[Body])

    def varying(self) -> set[int]:
        """Constants that differ between the cores."""
        first = self.bodies[0].constants
        return {k for k in range(len(first)) if any(b.constants[k] != first[k] for b in self.bodies)}


def device_of(module: ModuleOp) -> DeviceOp:
    """The module's device. Raises DesignError unless there is exactly one."""
    devices = [op for op in module.ops if isinstance(op, DeviceOp)]
    if len(devices) != 1:
        raise refuse(module, f"expected one aie.device, found {len(devices)}")
    return devices[0]


def lower_overlay(module: ModuleOp, name: str = "overlay", checks: Checks = Checks.NONE) -> str:
    """The C++ source of the design's overlay library.

    `name` is what `overlay_info` reports; `checks`: what of the checking mode is in it. Raises DesignError with
    file and line on what the host target does not model.
    """
    return _Lowering(device_of(module), name, checks).source()


class _Lowering:
    def __init__(self, device: DeviceOp, name: str, checks: Checks) -> None:
        self.device = device
        self.name = name
        self.checks = checks
        self.sanitize = checks is not Checks.NONE
        for op in device.body.block.ops:
            if not isinstance(op, _DECLARATIVE + _QUIET):
                raise refuse(op, f"`{op.name}` is not modelled by the host target")
        self.paths: Paths = find_paths(device)
        self.cores = sorted(
            (op for op in device.body.block.ops if isinstance(op, CoreOp)), key=lambda op: coordinates(op.tile, op)
        )
        self.buffers = [
            op
            for op in device.body.block.ops
            if isinstance(op, BufferOp) and (op.tile is None or is_core(op.tile.coordinates))
        ]  # a memory tile's are the sequence's, which the engine reads through (`replay.py`)
        self.kinds: dict[tuple[str, Coordinates, Port], str] = {}
        for path in self.paths.sources:
            self._kinds("InEnd", Port.Consume, path.consumers)
        for path in self.paths.sinks:
            self._kinds("OutEnd", Port.Produce, path.producers)
        for path in self.paths.rings:
            self._kinds("RingOut", Port.Produce, path.producers)
            self._kinds("RingIn", Port.Consume, path.consumers)
        self.groups: dict[tuple[object, ...], _Group] = {}
        self.members: list[tuple[int, int]] = []  # of each core: its group and its place there
        self.kernels: dict[str, str] = {}
        for core in self.cores:
            self._add_core(core)

    def _kinds(self, kind: str, port: Port, ends: tuple[Endpoint, ...]) -> None:
        for end in ends:
            self.kinds[(end.fifo, end.tile, port)] = kind

    def _add_core(self, core: CoreOp) -> None:
        if core.elf_file is not None:
            raise refuse(core, "a core given as an ELF file is not modelled by the host target")
        body = core_body(core, writer(self.checks))
        if body.locks:
            first = body.locks[0].first
            raise refuse(first, f"`{first.name}` beside objectfifos is not modelled by the host target")
        tile = coordinates(core.tile, core)

        def kind_of(use: FifoUse) -> str:
            kind = self.kinds.get((use.fifo, tile, use.port))
            if kind is None:
                role = "producer" if use.port is Port.Produce else "consumer"
                raise refuse(core, f"core {tile} uses @{use.fifo} but is no {role} of it")
            return kind

        key = body.skeleton(kind_of)
        for kernel, declaration in body.kernels.items():
            if self.kernels.setdefault(kernel, declaration) != declaration:
                raise refuse(core, f"@{kernel} is called with different types by different cores")
        group = self.groups.setdefault(key, _Group())
        group.bodies.append(body)
        self.members.append((list(self.groups).index(key), len(group.bodies) - 1))

    # -- text --------------------------------------------------------------------------------------------
    def source(self) -> str:
        file = file_of(self.device)
        out = [
            f"// Host overlay of `{self.name}`, lowered from {file}. Generated; edit the design instead.",
            "#include <aiebuild_host/design.hpp>",
            *([HEADER] if self.sanitize else []),
            "",
            'extern "C" {',
            *(declaration for _, declaration in sorted(self.kernels.items())),
            "}",
            "",
            "namespace {",
            "",
        ]
        for index, group in enumerate(self.groups.values()):
            out += self._group(index, group)
        out += self._design()
        out += [
            "}  // namespace",
            "",
            "namespace aieb {",
            "void* make_design(Builder& b) { return new Design(b); }",
            "void free_design(void* design) { delete static_cast<Design*>(design); }",
            f"const char* const kDesignInfo = {_quoted(self._info(file))};",
            f"const char* const kDesignFile = {_quoted(file)};",
            "}  // namespace aieb",
            "",
        ]
        return "\n".join(out)

    def _info(self, file: str) -> str:
        channels = {
            name: [c.column, "MM2S" if c.into_array else "S2MM", c.number, c.object_bytes]
            for name, c in self.paths.channels().items()
        }
        tiles = [list(coordinates(core.tile, core)) for core in self.cores]
        info = {"abi": ABI_VERSION, "name": self.name, "device": self.device.device, "file": file, "cores": tiles}
        return json.dumps({**info, "channels": channels}, separators=(",", ":"))

    def _group(self, index: int, group: _Group) -> list[str]:
        body = group.bodies[0]
        varying = group.varying()
        tile = coordinates(body.core.tile, body.core)
        lines = [f"struct Context{index} : aieb::CoreContext {{"]
        lines += ["  aieb::check::Watch watch;"] if self.sanitize else []
        lines += [f"  aieb::{self.kinds[(use.fifo, tile, use.port)]} f{k};" for k, use in enumerate(body.fifos)]
        lines += [f"  {element_type(use.op.type, use.op)}* b{k};" for k, use in enumerate(body.buffers)]
        lines += [f"  {body.constants[k][0]} k{k};" for k in sorted(varying)]
        lines += ["};", "", f"aieb::CoreTask body{index}(Context{index}& c) {{", body.render(varying), "}", ""]
        return lines

    def _design(self) -> list[str]:
        lines = ["struct Design {"]
        for k, op in enumerate(self.buffers):
            kind = element_type(op.type, op)
            plain = f"alignas(64) {kind} buffer{k}[{memref_elements(op.type, op)}]{_initial(op)};"
            lines.append(f"  {guarded(op, f'buffer{k}', _initial(op)) if self.sanitize else plain}")
        lines += [f"  Context{group} core{k};" for k, (group, _) in enumerate(self.members)]
        lines += [f"  aieb::Relay relay{k};" for k in range(len(self.paths.relays))]
        lines += ["", "  explicit Design(aieb::Builder& b) {"]
        data = ".data" if self.sanitize else ""
        for k, op in enumerate(self.buffers):
            if self.sanitize:
                where = coordinates(op.tile, op)
                made = region_of(op, where, k, f"buffer{k}.data", "initial_value" in op.properties)
                lines.append(f"    auto* region{k} = {made};")
            if op.symbol is not None:
                lines.append(f"    b.buffer({_quoted(op.symbol)}, buffer{k}{data}, {memref_bytes(op.type, op) // 4});")
        places = {id(op): k for k, op in enumerate(self.buffers)}
        groups = list(self.groups.values())
        for k, (core, (index, member)) in enumerate(zip(self.cores, self.members, strict=True)):
            body = groups[index].bodies[member]
            column, row = coordinates(core.tile, core)
            lines += self._watch(core, k, [places[id(use.op)] for use in body.buffers])
            lines += [f"    core{k}.b{i} = buffer{places[id(use.op)]}{data};" for i, use in enumerate(body.buffers)]
            lines += [f"    core{k}.k{i} = {body.constants[i][1]};" for i in sorted(groups[index].varying())]
            lines.append(f"    b.core(core{k}, {column}, {row}, body{index}(core{k}));")
        for k, relay in enumerate(self.paths.relays):
            column, row = relay.tile
            lines.append(f"    b.core(relay{k}, {column}, {row}, aieb::relay(relay{k}));")
        lines += self._paths()
        lines += ["  }", "};", ""]
        return lines

    def _watch(self, core: CoreOp, k: int, used: list[int]) -> list[str]:
        """In the checking mode: core `k` with the buffers it uses, and those that lie in its memory."""
        if not self.sanitize:
            return []
        tile = coordinates(core.tile, core)
        own = [i for i, op in enumerate(self.buffers) if coordinates(op.tile, op) == tile]
        reached = [f"    core{k}.watch.reaches(region{i});" for i in sorted({*used, *own})]
        return [f"    {start(core, f'core{k}.watch', tile)}", *reached]

    def _paths(self) -> list[str]:
        lines: list[str] = []
        for source in self.paths.sources:
            lines.append(f"    b.source({_channel(source.channel)}, {source.memory_depth});")
            lines += self._ends(source.consumers, Port.Consume, "kIn")
        for sink in self.paths.sinks:
            lines.append(f"    b.sink({_channel(sink.channel)}, {sink.memory_depth});")
            lines += self._ends(sink.producers, Port.Produce, "kOut")
        for ring in self.paths.rings:
            lines.append(f"    b.ring({_quoted(ring.name)}, {ring.object_bytes}, {ring.slots});")
            lines += self._ends(ring.producers, Port.Produce, "kRingOut")
            lines += self._ends(ring.consumers, Port.Consume, "kRingIn")
        return lines

    def _ends(self, ends: tuple[Endpoint, ...], port: Port, idle: str) -> list[str]:
        lines: list[str] = []
        for end in ends:
            found = self._end(end, port)
            head, part = f"{_quoted(end.fifo)}, {end.depth}", _part(end.part, self._writes(end))
            if found is None:
                # The array moves data to this tile until its buffers are full, and then stops.
                lines.append(f"    b.idle(aieb::IdleEnd::{idle}, {head}, {end.repeat}, {part});")
            elif port is Port.Consume:
                lines.append(f"    b.consumer({found}, {head}, {end.repeat}, {part});")
            else:
                lines.append(f"    b.producer({found}, {head}, {part});")
        return lines

    def _writes(self, end: Endpoint) -> bool:
        """Whether the core changes objects it has consumed: it then needs them for itself."""
        groups = list(self.groups.values())
        return any(
            coordinates(core.tile, core) == end.tile and end.fifo in groups[index].bodies[member].written
            for core, (index, member) in zip(self.cores, self.members, strict=True)
        )

    def _end(self, end: Endpoint, port: Port) -> str | None:
        """`end, context` of an endpoint in the generated code; None when no core uses it."""
        for k, relay in enumerate(self.paths.relays):
            if end.fifo == (relay.source if port is Port.Consume else relay.sink):
                return f"relay{k}.{'in' if port is Port.Consume else 'out'}, relay{k}"
        groups = list(self.groups.values())
        use = FifoUse(end.fifo, port)
        for k, (core, (index, member)) in enumerate(zip(self.cores, self.members, strict=True)):
            fifos = groups[index].bodies[member].fifos
            if coordinates(core.tile, core) == end.tile and use in fifos:
                return f"core{k}.f{fifos.index(use)}, core{k}"
        return None


def _channel(channel: ShimChannel) -> str:
    return f"{_quoted(channel.symbol)}, {channel.column}, {channel.number}, {channel.object_bytes}"


def _part(part: Slice, own: bool) -> str:
    dims = ", ".join(_dims(pattern) for pattern in (part.memory, part.link, part.core))
    return f"{{{part.offset}, {part.size}, {part.element}, {dims}{', true' if own else ''}}}"


def _dims(pairs: Pairs) -> str:
    return "{" + ", ".join(f"{{{size}, {stride}}}" for size, stride in pairs) + "}"


def _initial(op: BufferOp) -> str:
    values = initial_values(op)
    return "{}" if values is None else "{" + ", ".join(str(v) for v in values) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text)
