"""Lowering of a design to the C++ source of an overlay library.

The generated code holds what is particular to the design: the coroutines of the cores, contexts that tie them to
objectfifo ends and buffers, and a constructor that builds the paths. The engine itself is in `include/aiebuild_host`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from aiebuild.dialect import DesignError, location
from aiebuild.dialect.attributes import Pairs, Port
from aiebuild.dialect.circuits import LockOp
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.sequence import RuntimeSequenceOp
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, EndOp, TileOp
from aiebuild.host.cores import Body, FifoUse, core_body, initial_values
from aiebuild.host.fifos import Coordinates, Endpoint, Paths, Slice, coordinates, find_paths
from aiebuild.host.types import element_type, memref_bytes, memref_elements

ABI_VERSION = 1
"""`kAbiVersion` of abi.hpp."""

_DECLARATIVE = (TileOp, BufferOp, ObjectFifoOp, ObjectFifoLinkOp, ObjectFifoAllocateOp, RuntimeSequenceOp, CoreOp)
_QUIET = (LockOp, FuncOp, ConstantOp, EndOp)


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
        raise DesignError(f"{location(module)}: expected one aie.device, found {len(devices)}")
    return devices[0]


def lower_overlay(module: ModuleOp, name: str = "overlay") -> str:
    """The C++ source of the design's overlay library.

    `name` is what `overlay_info` reports. Raises DesignError with file and line on what the host target does not model.
    """
    return _Lowering(device_of(module), name).source()


class _Lowering:
    def __init__(self, device: DeviceOp, name: str) -> None:
        self.device = device
        self.name = name
        for op in device.body.block.ops:
            if not isinstance(op, _DECLARATIVE + _QUIET):
                raise DesignError(f"{location(op)}: `{op.name}` is not modelled by the host target")
        self.paths: Paths = find_paths(device)
        self.cores = sorted(
            (op for op in device.body.block.ops if isinstance(op, CoreOp)), key=lambda op: coordinates(op.tile, op)
        )
        self.buffers = [op for op in device.body.block.ops if isinstance(op, BufferOp)]
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
            raise DesignError(f"{location(core)}: a core given as an ELF file is not modelled by the host target")
        body = core_body(core)
        tile = coordinates(core.tile, core)

        def kind_of(use: FifoUse) -> str:
            kind = self.kinds.get((use.fifo, tile, use.port))
            if kind is None:
                role = "producer" if use.port is Port.Produce else "consumer"
                raise DesignError(f"{location(core)}: core {tile} uses @{use.fifo} but is no {role} of it")
            return kind

        key = body.skeleton(kind_of)
        for kernel, declaration in body.kernels.items():
            if self.kernels.setdefault(kernel, declaration) != declaration:
                raise DesignError(f"{location(core)}: @{kernel} is called with different types by different cores")
        group = self.groups.setdefault(key, _Group())
        group.bodies.append(body)
        self.members.append((list(self.groups).index(key), len(group.bodies) - 1))

    # -- text --------------------------------------------------------------------------------------------
    def source(self) -> str:
        file = _file_of(self.device)
        out = [
            f"// Host overlay of `{self.name}`, lowered from {file}. Generated; edit the design instead.",
            "#include <aiebuild_host/engine.hpp>",
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
        out += self._design(file)
        out += [
            "}  // namespace",
            "",
            "namespace aieb {",
            "std::unique_ptr<Overlay> make_overlay() { return std::make_unique<Design>(); }",
            f"const char* const kOverlayInfo = {_quoted(self._info(file))};",
            "}  // namespace aieb",
            "",
        ]
        return "\n".join(out)

    def _info(self, file: str) -> str:
        channels = {
            name: [c.column, "MM2S" if c.into_array else "S2MM", c.channel, c.object_bytes]
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
        lines += [
            f"  aieb::{self.kinds[(use.fifo, tile, use.port)]} f{k};" for k, use in enumerate(body.fifos)
        ]
        lines += [f"  {element_type(use.op.type, use.op)}* b{k};" for k, use in enumerate(body.buffers)]
        lines += [f"  {body.constants[k][0]} k{k};" for k in sorted(varying)]
        lines += ["};", "", f"aieb::CoreTask body{index}(Context{index}& c) {{", body.render(varying), "}", ""]
        return lines

    def _design(self, file: str) -> list[str]:
        lines = ["struct Design final : aieb::Overlay {"]
        for k, op in enumerate(self.buffers):
            lines.append(f"  alignas(64) {element_type(op.type, op)} buffer{k}[{memref_elements(op.type, op)}]{_initial(op)};")
        for k, (group, _) in enumerate(self.members):
            lines.append(f"  Context{group} core{k};")
        for k, _ in enumerate(self.paths.relays):
            lines.append(f"  aieb::Relay relay{k};")
        lines += ["", "  Design() {", f"    file = {_quoted(file)};"]
        for k, op in enumerate(self.buffers):
            symbol, size = op.symbol, memref_bytes(op.type, op)
            if symbol is not None:
                lines.append(f"    add_buffer({_quoted(symbol)}, buffer{k}, {size // 4});")
        places = {id(op): k for k, op in enumerate(self.buffers)}
        for k, (core, (group_index, member)) in enumerate(zip(self.cores, self.members, strict=True)):
            group = list(self.groups.values())[group_index]
            body = group.bodies[member]
            column, row = coordinates(core.tile, core)
            lines += [f"    core{k}.b{i} = buffer{places[id(use.op)]};" for i, use in enumerate(body.buffers)]
            lines += [f"    core{k}.k{i} = {body.constants[i][1]};" for i in sorted(group.varying())]
            lines.append(f"    add_core(core{k}, {column}, {row}, body{group_index}(core{k}));")
        lines += self._paths()
        lines += ["  }", "};", ""]
        return lines

    def _end(self, end: Endpoint, port: Port) -> tuple[str, str] | None:
        """(end, core) expressions of an endpoint; None when its core never uses it."""
        for k, (core, (group_index, member)) in enumerate(zip(self.cores, self.members, strict=True)):
            if coordinates(core.tile, core) != end.tile:
                continue
            body = list(self.groups.values())[group_index].bodies[member]
            use = FifoUse(end.fifo, port)
            if use in body.fifos:
                return f"core{k}.f{body.fifos.index(use)}", f"&core{k}.core"
        for k, relay in enumerate(self.paths.relays):
            if relay.tile == end.tile and end.fifo in (relay.source, relay.sink):
                return f"relay{k}.{'in' if port is Port.Consume else 'out'}", f"&relay{k}.core"
        return None

    def _ends(self, ends: tuple[Endpoint, ...], port: Port, path: str, ring: bool = False) -> list[str]:
        lines: list[str] = []
        for end in ends:
            found = self._end(end, port)
            if found is None:
                # The array moves data to this tile until its buffers are full, and then stops.
                kind = {(False, Port.Consume): "InEnd", (False, Port.Produce): "OutEnd"}.get((ring, port))
                kind = kind or ("RingIn" if port is Port.Consume else "RingOut")
                found = f"idle<aieb::{kind}>()", "nullptr"
            repeat = f", {end.repeat}" if port is Port.Consume else ""
            expression, core = found
            lines.append(f"      attach({expression}, {path}, {core}, {_quoted(end.fifo)}, {end.depth}{repeat}, {_slice(end.part)});")
        return lines

    def _paths(self) -> list[str]:
        lines: list[str] = []
        for source in self.paths.sources:
            c = source.channel
            lines += ["    {"]
            lines.append(f"      auto& s = add_source({_quoted(c.symbol)}, {c.column}, {c.channel}, {c.object_bytes}, {source.memory_depth});")
            lines += [*self._ends(source.consumers, Port.Consume, "s"), "    }"]
        for sink in self.paths.sinks:
            c = sink.channel
            lines += ["    {"]
            lines.append(f"      auto& s = add_sink({_quoted(c.symbol)}, {c.column}, {c.channel}, {c.object_bytes}, {sink.memory_depth});")
            lines += [*self._ends(sink.producers, Port.Produce, "s"), "    }"]
        for ring in self.paths.rings:
            lines += ["    {", f"      auto& r = add_ring({_quoted(ring.name)}, {ring.object_bytes}, {ring.slots});"]
            lines += self._ends(ring.producers, Port.Produce, "r", ring=True)
            lines += [*self._ends(ring.consumers, Port.Consume, "r", ring=True), "    }"]
        for k, relay in enumerate(self.paths.relays):
            column, row = relay.tile
            lines.append(f"    add_core(relay{k}, {column}, {row}, aieb::relay(relay{k}));")
        return lines


def _slice(part: Slice) -> str:
    dims = ", ".join(_dims(pattern) for pattern in (part.memory, part.link, part.core))
    return f"aieb::make_slice({part.offset}, {part.size}, {part.element}, {dims})"


def _dims(pairs: Pairs) -> str:
    return "{" + ", ".join(f"{{{size}, {stride}}}" for size, stride in pairs) + "}"


def _initial(op: BufferOp) -> str:
    values = initial_values(op)
    return "{}" if values is None else "{" + ", ".join(str(v) for v in values) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text)


def _file_of(op: Operation) -> str:
    """The design's file name, without its folder: what is generated must not depend on where it was built."""
    return Path(location(op).rpartition(":")[0]).name or "<unknown>"
