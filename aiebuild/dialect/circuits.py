"""Locks, and the circuits and packets between tiles (`aie` dialect)."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, StringAttr, SymbolNameConstraint, i8, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import NoTerminator, SymbolOpInterface

from aiebuild.dialect.assembly import (
    INDEX,
    Attributes,
    parse_attr_dict,
    parse_enum,
    parse_i32,
    parse_index,
    print_attr_dict,
    print_scalar,
)
from aiebuild.dialect.attributes import (
    PACKET_FIELDS,
    Direction,
    LockAction,
    PacketInfo,
    WireBundle,
    bool_of,
    i32_attr,
    i64_attr,
    int_of,
    optional_int,
    print_named_ints,
    str_of,
)
from aiebuild.dialect.channels import ChannelOp, packet_of, parse_packet
from aiebuild.dialect.constants import folded
from aiebuild.dialect.structure import OnTileOp, TileOp, tile_of


@irdl_op_definition
class LockOp(OnTileOp):
    """`%l = aie.lock(%tile, 3) {init = 1 : i32, sym_name = "l"}`: a counting semaphore."""

    name = "aie.lock"
    tile_operand = operand_def(IndexType())
    lock_id_attr = opt_prop_def(IntegerAttr, prop_name="lockID")
    init_attr = opt_prop_def(IntegerAttr, prop_name="init")
    sym_name_attr = opt_prop_def(StringAttr, prop_name="sym_name")
    result = result_def(IndexType())

    @property
    def lock_id(self) -> int | None:
        """The hardware's number of the lock, where it is fixed."""
        return optional_int(self.properties.get("lockID"))

    @property
    def init(self) -> int:
        """The value before anything runs; 0 when none is written."""
        return int_of(self.properties.get("init"))

    @property
    def symbol(self) -> str | None:
        """The lock's name, if it has one."""
        return str_of(self.properties.get("sym_name"))

    @classmethod
    def parse(cls, parser: Parser) -> LockOp:
        parser.parse_punctuation("(")
        tile = parse_index(parser)
        properties: Attributes = {}
        if parser.parse_optional_punctuation(",") is not None:
            properties["lockID"] = parse_i32(parser)
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[tile], result_types=[INDEX], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        if (identifier := self.lock_id) is not None:
            printer.print_string(f", {identifier}")
        printer.print_string(")")
        print_attr_dict(printer, self, ("lockID",))


@irdl_op_definition
class UseLockOp(IRDLOperation):
    """`aie.use_lock(%lock, AcquireGreaterEqual, %one)`; older text writes the value as a plain integer.

    A plain integer is kept as the attribute `value`; both print as they were written.
    """

    name = "aie.use_lock"
    lock_operand = operand_def(IndexType())
    value_operand = opt_operand_def(i32)
    action_attr = prop_def(IntegerAttr, prop_name="action")
    value_attr = opt_prop_def(IntegerAttr, prop_name="value")
    blocking = opt_prop_def(IntegerAttr)
    acq_en = opt_prop_def(IntegerAttr)

    @property
    def lock(self) -> SSAValue:
        """The lock."""
        return self.operands[0]

    @property
    def lock_op(self) -> LockOp | None:
        """The operation that declares the lock."""
        owner = self.operands[0].owner
        return owner if isinstance(owner, LockOp) else None

    @property
    def action(self) -> LockAction:
        """Acquire, AcquireGreaterEqual or Release."""
        return LockAction(int_of(self.properties["action"]))

    @property
    def value(self) -> int | SSAValue:
        """How much is taken or given: a number where it is a constant, else the value that holds it."""
        if len(self.operands) > 1:
            return folded(self.operands[1])
        return int_of(self.properties.get("value"), 1)

    @property
    def blocks(self) -> bool:
        """Whether an acquire waits; it does unless written otherwise."""
        return int_of(self.properties.get("blocking"), 1) != 0

    @classmethod
    def parse(cls, parser: Parser) -> UseLockOp:
        parser.parse_punctuation("(")
        operands = [parse_index(parser)]
        parser.parse_punctuation(",")
        properties: Attributes = {"action": parse_enum(parser, LockAction)}
        if parser.parse_optional_punctuation(",") is not None:
            value = parser.parse_optional_integer(allow_boolean=False)
            if value is None:
                operands.append(parser.parse_operand(i32))
            else:
                properties["value"] = i32_attr(value)
            if parser.parse_optional_punctuation(",") is not None:
                blocking = parser.parse_identifier()
                properties["blocking"] = i32_attr(0 if blocking == "NonBlocking" else 1)
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(f", {self.action.name}")
        if len(self.operands) > 1 or "value" in self.properties:
            printer.print_string(", ")
            value = self.operands[1] if len(self.operands) > 1 else int_of(self.properties["value"])
            print_scalar(printer, value)
        if (blocking := self.properties.get("blocking")) is not None:
            printer.print_string(", Blocking" if int_of(blocking) else ", NonBlocking")
        printer.print_string(")")
        print_attr_dict(printer, self, ("action", "value", "blocking"))


def _parse_port(parser: Parser, properties: Attributes, prefix: str) -> None:
    """Parse `DMA : 0` into `<prefix>bundle` and `<prefix>channel`."""
    properties[f"{prefix}bundle"] = parse_enum(parser, WireBundle)
    parser.parse_punctuation(":")
    properties[f"{prefix}channel"] = parse_i32(parser)


class _BetweenTilesOp(IRDLOperation):
    """A circuit from one tile to another."""

    source_operand = operand_def(IndexType())
    dest_operand = operand_def(IndexType())

    @property
    def source(self) -> TileOp | None:
        """The tile the data leaves."""
        return tile_of(self._operands[0])

    @property
    def dest(self) -> TileOp | None:
        """The tile the data enters."""
        return tile_of(self._operands[1])


@irdl_op_definition
class FlowOp(_BetweenTilesOp):
    """`aie.flow(%source, DMA : 0, %dest, DMA : 1)`: a circuit between two ports."""

    name = "aie.flow"
    source_bundle_attr = prop_def(IntegerAttr, prop_name="source_bundle")
    source_channel_attr = prop_def(IntegerAttr, prop_name="source_channel")
    dest_bundle_attr = prop_def(IntegerAttr, prop_name="dest_bundle")
    dest_channel_attr = prop_def(IntegerAttr, prop_name="dest_channel")

    @property
    def source_bundle(self) -> WireBundle:
        """The bundle at the source."""
        return WireBundle(int_of(self.properties["source_bundle"]))

    @property
    def source_channel(self) -> int:
        """The port within the source's bundle."""
        return int_of(self.properties["source_channel"])

    @property
    def dest_bundle(self) -> WireBundle:
        """The bundle at the destination."""
        return WireBundle(int_of(self.properties["dest_bundle"]))

    @property
    def dest_channel(self) -> int:
        """The port within the destination's bundle."""
        return int_of(self.properties["dest_channel"])

    @classmethod
    def parse(cls, parser: Parser) -> FlowOp:
        properties: Attributes = {}
        parser.parse_punctuation("(")
        source = parse_index(parser)
        parser.parse_punctuation(",")
        _parse_port(parser, properties, "source_")
        parser.parse_punctuation(",")
        dest = parse_index(parser)
        parser.parse_punctuation(",")
        _parse_port(parser, properties, "dest_")
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[source, dest], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(f", {self.source_bundle.name} : {self.source_channel}, ")
        printer.print_ssa_value(self.operands[1])
        printer.print_string(f", {self.dest_bundle.name} : {self.dest_channel})")
        print_attr_dict(printer, self, ("source_bundle", "source_channel", "dest_bundle", "dest_channel"))


@irdl_op_definition
class PacketFlowOp(IRDLOperation):
    """`aie.packet_flow(1) { aie.packet_source<...> aie.packet_dest<...> }`."""

    name = "aie.packet_flow"
    id_attr = prop_def(IntegerAttr, prop_name="ID")
    keep_pkt_header = opt_prop_def(Attribute)
    priority_route = opt_prop_def(Attribute)
    ports = region_def()
    traits = traits_def(NoTerminator())

    @property
    def packet_id(self) -> int:
        """The packet's identifier."""
        return int_of(self.properties["ID"])

    @property
    def keeps_header(self) -> bool:
        """Whether the destinations get the header, too."""
        return bool_of(self.properties.get("keep_pkt_header"))

    @classmethod
    def parse(cls, parser: Parser) -> PacketFlowOp:
        with parser.in_parens():
            properties: Attributes = {"ID": IntegerAttr(parser.parse_integer(), i8)}
        region = parser.parse_region()
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes, regions=[region])

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.packet_id}) ")
        printer.print_region(self.ports, print_empty_block=False)
        print_attr_dict(printer, self, ("ID",))


class _PacketPortOp(OnTileOp):
    """`<%tile, DMA : 0>`."""

    tile_operand = operand_def(IndexType())
    bundle_attr = prop_def(IntegerAttr, prop_name="bundle")
    channel_attr = prop_def(IntegerAttr, prop_name="channel")

    @property
    def bundle(self) -> WireBundle:
        """The bundle at this end."""
        return WireBundle(int_of(self.properties["bundle"]))

    @property
    def channel(self) -> int:
        """The port within the bundle."""
        return int_of(self.properties["channel"])

    @classmethod
    def parse(cls, parser: Parser) -> Operation:
        properties: Attributes = {}
        with parser.in_angle_brackets():
            tile = parse_index(parser)
            parser.parse_punctuation(",")
            _parse_port(parser, properties, "")
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[tile], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("<")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(f", {self.bundle.name} : {self.channel}>")
        print_attr_dict(printer, self, ("bundle", "channel"))


@irdl_op_definition
class PacketSourceOp(_PacketPortOp):
    """`aie.packet_source<%tile, DMA : 0>`."""

    name = "aie.packet_source"


@irdl_op_definition
class PacketDestOp(_PacketPortOp):
    """`aie.packet_dest<%tile, DMA : 0>`."""

    name = "aie.packet_dest"


@irdl_op_definition
class CascadeFlowOp(_BetweenTilesOp):
    """`aie.cascade_flow(%a, %b)`: the 512-bit cascade between neighbouring cores."""

    name = "aie.cascade_flow"

    @classmethod
    def parse(cls, parser: Parser) -> CascadeFlowOp:
        with parser.in_parens():
            source = parse_index(parser)
            parser.parse_punctuation(",")
            dest = parse_index(parser)
        return cls.create(operands=[source, dest], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(", ")
        printer.print_ssa_value(self.operands[1])
        printer.print_string(")")
        print_attr_dict(printer, self)


def _standing_nowhere(column: int) -> SSAValue:
    """The shim tile that the older form means by its column: one that is in no block."""
    properties: Attributes = {"col": i32_attr(column), "row": i32_attr(0)}
    return TileOp.create(result_types=[INDEX], properties=properties).results[0]


@irdl_op_definition
class ShimDmaAllocationOp(OnTileOp, ChannelOp):
    """`aie.shim_dma_allocation @name (%tile, MM2S, 0)`; older text: `@name(MM2S, 0, 2)` with a column."""

    name = "aie.shim_dma_allocation"
    CHANNEL: ClassVar[tuple[str, str]] = ("channel_dir", "channel_index")
    sym_name_attr = prop_def(SymbolNameConstraint(), prop_name="sym_name")
    channel_dir = prop_def(IntegerAttr)
    channel_index_attr = prop_def(IntegerAttr, prop_name="channel_index")
    plio = opt_prop_def(Attribute)
    packet_attr = opt_prop_def(PacketInfo, prop_name="packet")
    tile_operand = operand_def(IndexType())
    traits = traits_def(SymbolOpInterface())

    @property
    def symbol(self) -> str:
        """The name that runtime sequences refer to."""
        return str_of(self.properties["sym_name"]) or ""

    @property
    def packet(self) -> tuple[int, int] | None:
        """(packet type, packet id), if a header is to be sent."""
        return packet_of(self.properties.get("packet"))

    @classmethod
    def parse(cls, parser: Parser) -> ShimDmaAllocationOp:
        properties: Attributes = {"sym_name": parser.parse_symbol_name()}
        with parser.in_parens():
            first, column = parser.parse_optional_operand(INDEX), 0
            if first is not None:
                parser.parse_punctuation(",")
            properties["channel_dir"] = parse_enum(parser, Direction)
            parser.parse_punctuation(",")
            properties["channel_index"] = i64_attr(parser.parse_integer())
            if first is None:
                parser.parse_punctuation(",")
                column = parser.parse_integer()
            tile = _standing_nowhere(column) if first is None else first
            if parser.parse_optional_punctuation(",") is not None:
                properties["packet"] = parse_packet(parser)
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[tile], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.symbol)
        tile = self.tile
        if tile is not None and tile.parent is None:
            printer.print_string(f"({self.direction.name}, {self.channel}, {tile.col})")
            return print_attr_dict(printer, self, ("sym_name", "channel_dir", "channel_index", "packet"))
        printer.print_string(" (")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(f", {self.direction.name}, {self.channel}")
        if (packet := self.packet) is not None:
            printer.print_string(", ")
            print_named_ints(printer, PACKET_FIELDS, packet)
        printer.print_string(")")
        return print_attr_dict(printer, self, ("sym_name", "channel_dir", "channel_index", "packet"))
