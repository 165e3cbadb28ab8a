"""The lowest instructions of the control processor, and the constants they write (`aiex.npu.*`, `memref.global`)."""

from __future__ import annotations

from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, MemRefType, StringAttr, UnitAttr, i32
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SymbolOpInterface

from aiebuild.dialect.assembly import (
    Attributes,
    parse_attr_dict,
    parse_elements,
    parse_i32,
    print_attr_dict,
    print_elements,
    print_type,
)
from aiebuild.dialect.attributes import bool_of, int_of, memref_of, optional_int, str_of
from aiebuild.dialect.channels import ChannelOp, parse_channel
from aiebuild.dialect.constants import folded

WORDS_OF_BD = (
    "column",
    "bd_id",
    "buffer_length",
    "buffer_offset",
    "enable_packet",
    "out_of_order_id",
    "packet_id",
    "packet_type",
    "d0_size",
    "d0_stride",
    "d1_size",
    "d1_stride",
    "d2_size",
    "d2_stride",
    "iteration_current",
    "iteration_size",
    "iteration_stride",
    "next_bd",
    "row",
    "use_next_bd",
    "valid_bd",
    "lock_rel_val",
    "lock_rel_id",
    "lock_acq_enable",
    "lock_acq_val",
    "lock_acq_id",
    "d0_zero_before",
    "d1_zero_before",
    "d2_zero_before",
    "d0_zero_after",
    "d1_zero_after",
    "d2_zero_after",
    "burst_length",
)
"""The fields of `aiex.npu.writebd`; all but the last must be written."""


@irdl_op_definition
class NpuWriteBdOp(IRDLOperation):
    """`aiex.npu.writebd {column = 0 : i32, ...}`: writes a descriptor's registers; raw values, in words."""

    name = "aiex.npu.writebd"

    def field(self, name: str) -> int:
        """One of `WORDS_OF_BD`."""
        return int_of(self.attributes.get(name))

    @property
    def argument(self) -> int | None:
        """The argument whose address is put in (`ddr_id`), where one is written."""
        return optional_int(self.attributes.get("ddr_id"))

    @classmethod
    def parse(cls, parser: Parser) -> NpuWriteBdOp:
        position = parser.pos
        attributes = parser.parse_optional_attr_dict()
        for name in WORDS_OF_BD[:-1]:
            if name not in attributes:
                parser.raise_error(f"attribute `{name}` is missing", position)
        return cls.create(attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self)


@irdl_op_definition
class NpuPushQueueOp(ChannelOp):
    """`aiex.npu.push_queue(0, 0, MM2S : 0) bd_id %b repeat %r {...} : i32, i32`: queues a descriptor."""

    name = "aiex.npu.push_queue"
    repeat_operand = operand_def(i32)
    bd_operand = operand_def(i32)
    column_attr = prop_def(IntegerAttr, prop_name="column")
    row_attr = prop_def(IntegerAttr, prop_name="row")
    direction_attr = prop_def(IntegerAttr, prop_name="direction")
    channel_attr = prop_def(IntegerAttr, prop_name="channel")
    issue_token_attr = opt_prop_def(IntegerAttr, prop_name="issue_token")

    @property
    def tile(self) -> tuple[int, int]:
        """(column, row)."""
        return int_of(self.properties["column"]), int_of(self.properties["row"])

    @property
    def issue_token(self) -> bool:
        """Whether completion can be waited for."""
        return bool_of(self.properties.get("issue_token"))

    @property
    def repeat_count(self) -> int | SSAValue:
        """Further runs after the first."""
        return folded(self._operands[0])

    @property
    def bd_id(self) -> int | SSAValue:
        """The descriptor's number."""
        return folded(self._operands[1])

    @classmethod
    def parse(cls, parser: Parser) -> NpuPushQueueOp:
        properties: Attributes = {}
        with parser.in_parens():
            properties["column"] = parse_i32(parser)
            parser.parse_punctuation(",")
            properties["row"] = parse_i32(parser)
            parser.parse_punctuation(",")
            parse_channel(parser, cls, properties, between=":")
        parser.parse_keyword("bd_id")
        descriptor = parser.parse_operand(i32)
        parser.parse_keyword("repeat")
        repeat = parser.parse_operand(i32)
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        parser.parse_type()
        parser.parse_punctuation(",")
        parser.parse_type()
        return cls.create(operands=[repeat, descriptor], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.tile[0]}, {self.tile[1]}, {self.direction.name} : {self.channel}) bd_id ")
        printer.print_ssa_value(self._operands[1])
        printer.print_string(" repeat ")
        printer.print_ssa_value(self._operands[0])
        print_attr_dict(printer, self, ("column", "row", "direction", "channel"))
        printer.print_string(" : i32, i32")


@irdl_op_definition
class NpuAddressPatchOp(IRDLOperation):
    """`aiex.npu.address_patch(%plus : i32) {addr = 118788 : ui32, arg_idx = 2 : i32}`: an argument's address."""

    name = "aiex.npu.address_patch"
    plus_operand = operand_def(i32)
    addr_operand = opt_operand_def(i32)
    addr_attr = opt_prop_def(IntegerAttr, prop_name="addr")
    argument_attr = prop_def(IntegerAttr, prop_name="arg_idx")

    @property
    def address(self) -> int | None:
        """The register that is patched, where it is written."""
        return optional_int(self.properties.get("addr"))

    @property
    def argument(self) -> int:
        """Which argument of the sequence."""
        return int_of(self.properties["arg_idx"])

    @property
    def plus(self) -> int | SSAValue:
        """Bytes added to the argument's address."""
        return folded(self._operands[0])

    @classmethod
    def parse(cls, parser: Parser) -> NpuAddressPatchOp:
        properties: Attributes = {}
        with parser.in_parens():
            operands: list[SSAValue] = [parser.parse_operand(i32)]
            parser.parse_punctuation(":")
            parser.parse_type()
        if parser.parse_optional_keyword("addr") is not None:
            operands.append(parser.parse_operand(i32))
            parser.parse_punctuation(":")
            parser.parse_type()
        attributes = parse_attr_dict(parser, cls, properties, required=("arg_idx",))
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(" : i32)")
        if len(self._operands) > 1:
            printer.print_string(" addr ")
            printer.print_ssa_value(self._operands[1])
            printer.print_string(" : i32")
        print_attr_dict(printer, self)


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """`memref.global "private" constant @words : memref<8xi32> = dense<[...]>`, which xDSL has without its format."""

    name = "memref.global"
    sym_name_attr = prop_def(StringAttr, prop_name="sym_name")
    sym_visibility = opt_prop_def(StringAttr)
    type_attr = prop_def(MemRefType, prop_name="type")
    initial_value = opt_prop_def(UnitAttr | DenseIntOrFPElementsAttr)
    constant = opt_prop_def(UnitAttr)
    alignment = opt_prop_def(IntegerAttr)
    traits = traits_def(SymbolOpInterface())

    @property
    def symbol(self) -> str:
        """The constant's name."""
        return str_of(self.properties["sym_name"]) or ""

    @property
    def values(self) -> Attribute | None:
        """The contents, None when they are not given."""
        value = self.properties.get("initial_value")
        return None if isinstance(value, UnitAttr) else value

    @classmethod
    def parse(cls, parser: Parser) -> GlobalOp:
        properties: Attributes = {}
        if (visibility := parser.parse_optional_str_literal()) is not None:
            properties["sym_visibility"] = StringAttr(visibility)
        if parser.parse_optional_keyword("constant") is not None:
            properties["constant"] = UnitAttr()
        properties["sym_name"] = parser.parse_symbol_name()
        parser.parse_punctuation(":")
        position = parser.pos
        kind = memref_of(parser.parse_type())
        if kind is None:
            parser.raise_error("expected a memref", position)
        properties["type"] = kind
        if parser.parse_optional_punctuation("=") is not None:
            unset = parser.parse_optional_keyword("uninitialized") is not None
            properties["initial_value"] = UnitAttr() if unset else parse_elements(parser, kind)
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        visibility = str_of(self.properties.get("sym_visibility"))
        printer.print_string("" if visibility is None else f' "{visibility}"')
        printer.print_string(" constant " if "constant" in self.properties else " ")
        printer.print_symbol_name(self.symbol)
        print_type(printer, self.properties["type"])
        value = self.properties.get("initial_value")
        if value is not None:
            printer.print_string(" = ")
            if isinstance(value, UnitAttr):
                printer.print_string("uninitialized")
            else:
                print_elements(printer, value)
        print_attr_dict(printer, self, ("sym_visibility", "constant", "sym_name", "type", "initial_value"))


@irdl_op_definition
class CopyOp(IRDLOperation):
    """`memref.copy %a, %b : memref<4xi32> to memref<4xi32>`, which xDSL has without its format."""

    name = "memref.copy"
    source = operand_def(MemRefType)
    destination = operand_def(MemRefType)

    @classmethod
    def parse(cls, parser: Parser) -> CopyOp:
        source = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        destination = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        first = parser.resolve_operand(source, parser.parse_type())
        parser.parse_keyword("to")
        second = parser.resolve_operand(destination, parser.parse_type())
        return cls.create(operands=[first, second], attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        print_attr_dict(printer, self)
        print_type(printer, self.operands[0].type)
        printer.print_string(" to ")
        printer.print_attribute(self.operands[1].type)


_OWN = (GlobalOp, CopyOp)
MEMREF = Dialect("memref", [*(op for op in memref.MemRef.operations if op.name not in {o.name for o in _OWN}), *_OWN])
"""xDSL's `memref` dialect with the operations above in place of its own."""
