"""Instructions of the control processor (`aiex.npu.*`)."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntegerAttr,
    IntegerType,
    MemRefType,
    Signedness,
    SymbolRefAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer

from aiebuild.dialect.assembly import (
    SEGMENTS,
    Attributes,
    dense_i32,
    mixed_list,
    parse_attr_dict,
    parse_index_list,
    parse_symbol,
    print_attr_dict,
    print_index_list,
    print_type,
    symbol_text,
)
from aiebuild.dialect.attributes import (
    PACKET_FIELDS,
    PacketInfo,
    bool_of,
    int_of,
    memref_of,
    optional_int,
    print_named_ints,
)
from aiebuild.dialect.channels import packet_of, parse_packet
from aiebuild.dialect.constants import folded

UI32 = IntegerType(32, Signedness.UNSIGNED)


@irdl_op_definition
class NpuDmaMemcpyNdOp(IRDLOperation):
    """`aiex.npu.dma_memcpy_nd(%a[0,0,0,0][1,1,4,64][0,0,64,1]) {id = 0 : i64, metadata = @fifo} : memref<...>`.

    Offsets, sizes and strides in elements, outermost first; four of each.
    """

    name = "aiex.npu.dma_memcpy_nd"
    memref_operand = operand_def()
    offset_operands = var_operand_def(i64)
    size_operands = var_operand_def(i64)
    stride_operands = var_operand_def(i64)
    static_offsets = prop_def(DenseArrayBase)
    static_sizes = prop_def(DenseArrayBase)
    static_strides = prop_def(DenseArrayBase)
    packet_attr = opt_prop_def(PacketInfo, prop_name="packet")
    metadata_attr = prop_def(SymbolRefAttr, prop_name="metadata")
    id_attr = prop_def(IntegerAttr, prop_name="id")
    issue_token_attr = opt_prop_def(IntegerAttr, prop_name="issue_token")
    d0_zero_before = opt_prop_def(IntegerAttr)
    d1_zero_before = opt_prop_def(IntegerAttr)
    d2_zero_before = opt_prop_def(IntegerAttr)
    d0_zero_after = opt_prop_def(IntegerAttr)
    d1_zero_after = opt_prop_def(IntegerAttr)
    d2_zero_after = opt_prop_def(IntegerAttr)
    burst_length = opt_prop_def(IntegerAttr)
    offset_parameter = opt_prop_def(SymbolRefAttr)
    offset_state_table_idx = opt_prop_def(Attribute)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    @property
    def memref(self) -> SSAValue:
        """The host buffer."""
        return self._operands[0]

    @property
    def memref_type(self) -> MemRefType[Attribute]:
        """The host buffer's type."""
        kind = memref_of(self._operands[0].type)
        if kind is None:
            raise TypeError(f"transfer of {self._operands[0].type}")
        return kind

    @property
    def offsets(self) -> tuple[int | SSAValue, ...]:
        """Four offsets; the innermost counts elements, the others the extents below them."""
        return mixed_list(self.properties["static_offsets"], self._dynamic("offset_operands"))

    @property
    def sizes(self) -> tuple[int | SSAValue, ...]:
        """Four extents."""
        return mixed_list(self.properties["static_sizes"], self._dynamic("size_operands"))

    @property
    def strides(self) -> tuple[int | SSAValue, ...]:
        """Four strides in elements."""
        return mixed_list(self.properties["static_strides"], self._dynamic("stride_operands"))

    def _dynamic(self, segment: str) -> Sequence[SSAValue]:
        return () if len(self._operands) == 1 else tuple(getattr(self, segment))

    @property
    def metadata(self) -> str:
        """The name of the objectfifo or of the allocation."""
        return symbol_text(self.properties["metadata"])

    @property
    def bd_id(self) -> int:
        """The hardware's number of the descriptor."""
        return int_of(self.properties["id"])

    @property
    def issue_token(self) -> bool:
        """Whether a token is asked for; channels out of the array give one always."""
        return bool_of(self.properties.get("issue_token"))

    @property
    def packet(self) -> tuple[int, int] | None:
        """(packet type, packet id), if a header is sent."""
        return packet_of(self.properties.get("packet"))

    @property
    def zero_before(self) -> tuple[int, int, int]:
        """Zeros put before each of the inner dimensions, outermost first, in elements."""
        return self._zeros("before")

    @property
    def zero_after(self) -> tuple[int, int, int]:
        """Zeros put after each of the inner dimensions, outermost first, in elements."""
        return self._zeros("after")

    def _zeros(self, where: str) -> tuple[int, int, int]:
        d2, d1, d0 = (int_of(self.properties.get(f"d{dim}_zero_{where}")) for dim in (2, 1, 0))
        return d2, d1, d0

    @classmethod
    def parse(cls, parser: Parser) -> NpuDmaMemcpyNdOp:
        properties: Attributes = {}
        parser.parse_punctuation("(")
        for _ in range(2):  # until March 2025: the shim's place, which the channel's name gives as well
            if parser.parse_optional_integer(allow_boolean=False) is not None:
                parser.parse_punctuation(",")
        memref = parser.parse_unresolved_operand()
        dynamic: list[SSAValue] = []
        segments = [1]
        for name in ("static_offsets", "static_sizes", "static_strides"):
            position = parser.pos
            values, operands = parse_index_list(parser)
            if len(values) != 4:
                parser.raise_error(f"expected 4 entries, found {len(values)}", position)
            properties[name] = values
            dynamic.extend(operands)
            segments.append(len(operands))
        if parser.parse_optional_punctuation(",") is not None:
            parser.parse_keyword("packet")
            parser.parse_punctuation("=")
            properties["packet"] = parse_packet(parser)
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties, required=("metadata", "id"))
        parser.parse_punctuation(":")
        operand = parser.resolve_operand(memref, parser.parse_type())
        properties[SEGMENTS] = dense_i32(segments)
        return cls.create(operands=[operand, *dynamic], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        for values in (self.offsets, self.sizes, self.strides):
            print_index_list(printer, values)
        if (packet := self.packet) is not None:
            printer.print_string(", packet = ")
            print_named_ints(printer, PACKET_FIELDS, packet)
        printer.print_string(")")
        print_attr_dict(printer, self, ("static_offsets", "static_sizes", "static_strides", "packet"))
        print_type(printer, self._operands[0].type)


@irdl_op_definition
class NpuDmaWaitOp(IRDLOperation):
    """`aiex.npu.dma_wait {symbol = @fifo}`: waits for a token of that channel."""

    name = "aiex.npu.dma_wait"
    symbol_attr = prop_def(SymbolRefAttr, prop_name="symbol")

    @property
    def symbol(self) -> str:
        """The name of the objectfifo or of the allocation."""
        return symbol_text(self.properties["symbol"])

    @classmethod
    def parse(cls, parser: Parser) -> NpuDmaWaitOp:
        properties: Attributes = {}
        attributes = parse_attr_dict(parser, cls, properties, required=("symbol",))
        return cls.create(properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self)


def _parse_types(parser: Parser, count: int) -> list[Attribute]:
    parser.parse_punctuation(":")
    types: list[Attribute] = [parser.parse_type()]
    while len(types) < count:
        parser.parse_punctuation(",")
        types.append(parser.parse_type())
    return types


class _WordsOp(IRDLOperation):
    """`(%a, %b, ...) {attributes} : i32, i32, ...`: instructions whose fields are all 32-bit operands.

    Older text writes the fields as attributes (`{column = 0 : i32, ...}`); they are then properties.
    """

    def _field(self, position: int, name: str) -> int | SSAValue:
        if not self._operands:
            return int_of(self.properties.get(name))
        return folded(self._operands[position])

    @classmethod
    def parse(cls, parser: Parser) -> Operation:
        properties: Attributes = {}
        unresolved = parser.parse_optional_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        attributes = parse_attr_dict(parser, cls, properties)
        operands: list[SSAValue] = []
        if unresolved:
            types = _parse_types(parser, len(unresolved))
            operands = [parser.resolve_operand(name, kind) for name, kind in zip(unresolved, types, strict=True)]
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        if self._operands:
            with printer.in_parens():
                printer.print_list(self._operands, printer.print_ssa_value)
        print_attr_dict(printer, self)
        if self._operands:
            printer.print_string(" : ")
            printer.print_list([operand.type for operand in self._operands], printer.print_attribute)


@irdl_op_definition
class NpuSyncOp(_WordsOp):
    """`aiex.npu.sync(%column, %row, %direction, %channel, %columns, %rows) : i32, ...`: waits for a token."""

    name = "aiex.npu.sync"
    fields = var_operand_def(i32)
    column_attr = opt_prop_def(IntegerAttr, prop_name="column")
    row_attr = opt_prop_def(IntegerAttr, prop_name="row")
    direction_attr = opt_prop_def(IntegerAttr, prop_name="direction")
    channel_attr = opt_prop_def(IntegerAttr, prop_name="channel")
    column_num_attr = opt_prop_def(IntegerAttr, prop_name="column_num")
    row_num_attr = opt_prop_def(IntegerAttr, prop_name="row_num")

    @property
    def column(self) -> int | SSAValue:
        """The first column."""
        return self._field(0, "column")

    @property
    def row(self) -> int | SSAValue:
        """The first row."""
        return self._field(1, "row")

    @property
    def direction(self) -> int | SSAValue:
        """0 for S2MM, 1 for MM2S."""
        return self._field(2, "direction")

    @property
    def channel(self) -> int | SSAValue:
        """The channel's index within its direction."""
        return self._field(3, "channel")

    @property
    def column_num(self) -> int | SSAValue:
        """The number of columns waited for."""
        return self._field(4, "column_num")

    @property
    def row_num(self) -> int | SSAValue:
        """The number of rows waited for."""
        return self._field(5, "row_num")


class _WriteOp(IRDLOperation):
    """Writes into the array: the address is absolute, or within `column`, `row`, or words within `buffer`."""

    buffer_attr = opt_prop_def(SymbolRefAttr, prop_name="buffer")
    column_attr = opt_prop_def(IntegerAttr, prop_name="column")
    row_attr = opt_prop_def(IntegerAttr, prop_name="row")

    @property
    def buffer(self) -> str | None:
        """The name of the buffer that the address counts from, if any."""
        attr = self.properties.get("buffer")
        return None if attr is None else symbol_text(attr)

    @property
    def column(self) -> int | None:
        """The column that the address counts from, if any."""
        return optional_int(self.properties.get("column"))

    @property
    def row(self) -> int | None:
        """The row that the address counts from, if any."""
        return optional_int(self.properties.get("row"))


class _WriteWordOp(_WordsOp, _WriteOp):
    """Writes of one word."""

    fields = var_operand_def(i32)
    address_attr = opt_prop_def(IntegerAttr, prop_name="address")
    value_attr = opt_prop_def(IntegerAttr, prop_name="value")

    @property
    def address(self) -> int | SSAValue:
        """The address: bytes, or 32-bit words when it counts from a buffer."""
        return self._field(0, "address")

    @property
    def value(self) -> int | SSAValue:
        """The word written."""
        return self._field(1, "value")


@irdl_op_definition
class NpuWrite32Op(_WriteWordOp):
    """`aiex.npu.write32(%address, %value) {column = 0 : i32, row = 2 : i32} : i32, i32`."""

    name = "aiex.npu.write32"


@irdl_op_definition
class NpuMaskWrite32Op(_WriteWordOp):
    """`aiex.npu.maskwrite32(%address, %value, %mask) {...} : i32, i32, i32`: changes the masked bits only."""

    name = "aiex.npu.maskwrite32"
    mask_attr = opt_prop_def(IntegerAttr, prop_name="mask")

    @property
    def mask(self) -> int | SSAValue:
        """The bits that change."""
        return self._field(2, "mask")


@irdl_op_definition
class NpuBlockWriteOp(_WriteOp):
    """`aiex.npu.blockwrite(%data) {address = 119300 : ui32} : memref<8xi32>`: writes a run of words."""

    name = "aiex.npu.blockwrite"
    data_operand = operand_def(MemRefType)
    address_attr = prop_def(IntegerAttr, prop_name="address")

    @property
    def data(self) -> SSAValue:
        """The words: the result of a `memref.get_global`."""
        return self._operands[0]

    @property
    def address(self) -> int:
        """The address: bytes, or 32-bit words when it counts from a buffer."""
        return int_of(self.properties["address"])

    @classmethod
    def parse(cls, parser: Parser) -> NpuBlockWriteOp:
        properties: Attributes = {}
        with parser.in_parens():
            data = parser.parse_unresolved_operand()
        attributes = parse_attr_dict(parser, cls, properties, required=("address",))
        parser.parse_punctuation(":")
        operand = parser.resolve_operand(data, parser.parse_type())
        return cls.create(operands=[operand], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(")")
        print_attr_dict(printer, self)
        print_type(printer, self._operands[0].type)


@irdl_op_definition
class NpuRtpWriteOp(IRDLOperation):
    """`aiex.npu.rtp_write(@buffer, 0, %value) : i32`; older text: `(@buffer, 0, 5)` or `("buffer", 0, 5)`."""

    name = "aiex.npu.rtp_write"
    value_operands = var_operand_def(i32)
    buffer_attr = prop_def(SymbolRefAttr, prop_name="buffer")
    index_attr = prop_def(IntegerAttr, prop_name="index")
    value_attr = opt_prop_def(IntegerAttr, prop_name="value")

    @property
    def buffer(self) -> str:
        """The name of the buffer."""
        return symbol_text(self.properties["buffer"])

    @property
    def index(self) -> int:
        """The 32-bit word within the buffer."""
        return int_of(self.properties["index"])

    @property
    def value(self) -> int | SSAValue:
        """The word written."""
        if not self._operands:
            return int_of(self.properties.get("value"))
        return folded(self._operands[0])

    @classmethod
    def parse(cls, parser: Parser) -> NpuRtpWriteOp:
        properties: Attributes = {}
        operands: list[SSAValue] = []
        with parser.in_parens():
            text = parser.parse_optional_str_literal()
            properties["buffer"] = parse_symbol(parser) if text is None else SymbolRefAttr(text)
            parser.parse_punctuation(",")
            properties["index"] = IntegerAttr(parser.parse_integer(allow_negative=False), UI32)
            parser.parse_punctuation(",")
            value = parser.parse_optional_integer(allow_boolean=False)
            if value is None:
                operands.append(parser.parse_operand(i32))
            else:
                properties["value"] = IntegerAttr(value, i32)
        attributes = parse_attr_dict(parser, cls, properties)
        if operands:
            parser.parse_punctuation(":")
            parser.parse_type()
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"(@{self.buffer}, {self.index}, ")
        if self._operands:
            printer.print_ssa_value(self._operands[0])
            printer.print_string(")")
        else:
            printer.print_string(f"{int_of(self.properties.get('value'))})")
        print_attr_dict(printer, self, ("buffer", "index", "value"))
        if self._operands:
            print_type(printer, self._operands[0].type)
