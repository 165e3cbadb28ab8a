"""Resets and configurations of the array in runtime sequences (`aiex` dialect)."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType, IntegerAttr, SymbolRefAttr
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import NoTerminator

from aiebuild.dialect.assembly import (
    Attributes,
    HandleOp,
    parse_attr_dict,
    parse_index,
    parse_symbol,
    print_attr_dict,
    symbol_text,
)
from aiebuild.dialect.channels import ChannelOp, parse_channel
from aiebuild.dialect.structure import OnTileOp


@irdl_op_definition
class CoreResetOp(HandleOp, OnTileOp):
    """`aiex.core_reset(%tile)`: sets and clears the core's Reset; it starts anew once it is enabled."""

    name = "aiex.core_reset"
    tile_operand = operand_def(IndexType())


@irdl_op_definition
class DmaChannelResetOp(OnTileOp, ChannelOp):
    """`aiex.dma_channel_reset(%tile, MM2S, 0)`: empties a DMA channel's queue and stops what it does."""

    name = "aiex.dma_channel_reset"
    tile_operand = operand_def(IndexType())
    direction_attr = prop_def(IntegerAttr, prop_name="direction")
    channel_attr = prop_def(IntegerAttr, prop_name="channel")

    @classmethod
    def parse(cls, parser: Parser) -> DmaChannelResetOp:
        properties: Attributes = {}
        with parser.in_parens():
            tile = parse_index(parser)
            parser.parse_punctuation(",")
            parse_channel(parser, cls, properties)
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[tile], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(f", {self.direction.name}, {self.channel})")
        print_attr_dict(printer, self, ("direction", "channel"))


@irdl_op_definition
class NpuLoadPdiOp(IRDLOperation):
    """`aiex.npu.load_pdi {device_ref = @name}`: puts a configuration into the array."""

    name = "aiex.npu.load_pdi"
    device_ref_attr = opt_prop_def(SymbolRefAttr, prop_name="device_ref")
    id_attr = opt_prop_def(IntegerAttr, prop_name="id")
    size_attr = opt_prop_def(IntegerAttr, prop_name="size")
    address_attr = opt_prop_def(IntegerAttr, prop_name="address")

    @property
    def device_ref(self) -> str | None:
        """The device's name; None for one from elsewhere."""
        found = self.properties.get("device_ref")
        return None if found is None else symbol_text(found)

    @classmethod
    def parse(cls, parser: Parser) -> NpuLoadPdiOp:
        properties: Attributes = {}
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self)


@irdl_op_definition
class ConfigureOp(IRDLOperation):
    """`aiex.configure @device { ... }`: puts a configuration into the array, and runs what is inside on it."""

    name = "aiex.configure"
    symbol_attr = prop_def(SymbolRefAttr, prop_name="symbol")
    body = region_def()
    traits = traits_def(NoTerminator())

    @property
    def device_ref(self) -> str:
        """The device's name."""
        return symbol_text(self.properties["symbol"])

    @classmethod
    def parse(cls, parser: Parser) -> ConfigureOp:
        properties: Attributes = {"symbol": parse_symbol(parser)}
        body = parser.parse_region()
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        printer.print_string(f" @{self.device_ref} ")
        printer.print_region(self.body, print_empty_block=False)
        print_attr_dict(printer, self, ("symbol",))


@irdl_op_definition
class RunOp(IRDLOperation):
    """`aiex.run @sequence (%a, %b) : (memref<4xi32>, i32)`: a runtime sequence of the configured device."""

    name = "aiex.run"
    symbol_attr = prop_def(SymbolRefAttr, prop_name="runtime_sequence_symbol")
    arguments = var_operand_def()

    @property
    def sequence(self) -> str:
        """The sequence's name."""
        return symbol_text(self.properties["runtime_sequence_symbol"])

    @classmethod
    def parse(cls, parser: Parser) -> RunOp:
        properties: Attributes = {"runtime_sequence_symbol": parse_symbol(parser)}
        names = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        types: list[Attribute] = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        operands = [parser.resolve_operand(name, kind) for name, kind in zip(names, types, strict=True)]
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f" @{self.sequence}(")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_string(")")
        print_attr_dict(printer, self, ("runtime_sequence_symbol",))
        printer.print_string(" : (")
        printer.print_list([operand.type for operand in self.operands], printer.print_attribute)
        printer.print_string(")")
