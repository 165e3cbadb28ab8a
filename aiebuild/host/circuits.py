"""Circuits, packet flows and cascades: what they carry, and as lines of a configuration's tables."""

from __future__ import annotations

from aiebuild.dialect.attributes import WireBundle
from aiebuild.dialect.circuits import CascadeFlowOp, FlowOp, PacketDestOp, PacketFlowOp, PacketSourceOp
from aiebuild.dialect.structure import DeviceOp
from aiebuild.host.paths import Coordinates, coordinates
from aiebuild.host.refusal import refuse
from aiebuild.host.tables import Tables, channel_text


def packet_routes(device: DeviceOp) -> set[tuple[int, int, int]]:
    """The packets that leave shims: (column, MM2S channel, identifier)."""
    return {
        (coordinates(port.tile, port)[0], port.channel, op.packet_id)
        for op in device.body.block.ops
        if isinstance(op, PacketFlowOp)
        for port in op.walk()
        if isinstance(port, PacketSourceOp) and port.bundle is WireBundle.DMA and coordinates(port.tile, port)[1] == 0
    }


def carries_tokens(flow: PacketFlowOp) -> bool:
    """Whether a packet flow only brings tiles' tokens to the control processor."""
    sources = [op for op in flow.walk() if isinstance(op, PacketSourceOp)]
    return bool(sources) and all(op.bundle is WireBundle.TileControl for op in sources)


def token_sources(device: DeviceOp) -> set[Coordinates]:
    """The tiles whose tokens are routed to a shim, beside the shims themselves."""
    return {
        coordinates(op.tile, op)
        for op in device.walk()
        if isinstance(op, PacketSourceOp) and op.bundle is WireBundle.TileControl
    }


def add_flow(tables: Tables, op: FlowOp) -> None:
    """Puts a circuit between two DMA channels into the tables."""
    if op.source_bundle is WireBundle.Trace:
        return  # a trace is not recorded
    if op.source_bundle is not WireBundle.DMA or op.dest_bundle is not WireBundle.DMA:
        raise refuse(op, f"a flow from {op.source_bundle.name} to {op.dest_bundle.name} is not modelled")
    source = channel_text(coordinates(op.source, op), True, op.source_channel)
    dest = channel_text(coordinates(op.dest, op), False, op.dest_channel)
    tables.lines.append(f"a.circuit({source}, {dest});")


def add_packet_flow(tables: Tables, op: PacketFlowOp) -> None:
    """Puts the routes of a packet flow into the tables."""
    ports = [inner for inner in op.regions[0].block.ops if isinstance(inner, PacketSourceOp | PacketDestOp)]
    if {port.bundle for port in ports} == {WireBundle.TileControl, WireBundle.South}:
        return  # carries tokens: `token_sources`
    if "mask" in op.properties or "mask" in op.attributes:
        raise refuse(op, "packets with a mask are not modelled")
    keeps = op.keeps_header
    sources = [port for port in ports if isinstance(port, PacketSourceOp)]
    dests = [port for port in ports if isinstance(port, PacketDestOp)]
    for source in sources:
        if source.bundle is WireBundle.Trace:
            continue  # a trace is not recorded
        for dest in dests:
            _packet_route(tables, op, source, dest, keeps)


def _packet_route(tables: Tables, op: PacketFlowOp, source: PacketSourceOp, dest: PacketDestOp, keeps: bool) -> None:
    start, end = coordinates(source.tile, source), coordinates(dest.tile, dest)
    kinds = (source.bundle, dest.bundle)
    if kinds == (WireBundle.TileControl, WireBundle.DMA):
        if keeps:
            raise refuse(op, "answers to control packets that keep their header are not modelled")
        channel = channel_text(end, False, dest.channel)
        tables.lines.append(f"a.answers({start[0]}, {start[1]}, {channel}, {op.packet_id});")
    elif kinds in ((WireBundle.DMA, WireBundle.DMA), (WireBundle.DMA, WireBundle.TileControl)):
        control = dest.bundle is WireBundle.TileControl
        stream = f"a.control({end[0]}, {end[1]}).in" if control else f"{channel_text(end, False, dest.channel)}.in"
        channel = channel_text(start, True, source.channel)
        header = "true" if keeps and not control else "false"
        tables.lines.append(f"a.packets({channel}, {stream}, {op.packet_id}, {header});")
    else:
        raise refuse(source, f"packets from {kinds[0].name} to {kinds[1].name} are not modelled")


def add_cascade(tables: Tables, op: CascadeFlowOp) -> None:
    """Puts a cascade between two cores into the tables."""
    (column, row), (to_column, to_row) = coordinates(op.source, op), coordinates(op.dest, op)
    if (to_column - column, row - to_row) not in ((1, 0), (0, 1)):
        raise refuse(op, f"no cascade from ({column}, {row}) to ({to_column}, {to_row}): it goes east or south")
    tables.lines.append(f"a.cascade({column}, {row}, {to_column}, {to_row});")
