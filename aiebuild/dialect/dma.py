"""DMA programs: channels, buffer descriptors and their chains (`aie` dialect)."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, MemRefType, StringAttr, SymbolRefAttr, i1, i32, i64
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    successor_def,
    traits_def,
    var_operand_def,
    var_region_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, NoTerminator

from aiebuild.dialect.assembly import (
    SEGMENTS,
    Attributes,
    dense_i32,
    mixed_list,
    parse_attr_dict,
    parse_i32,
    parse_index_list,
    parse_scalar,
    parse_typed_operand,
    print_attr_dict,
    print_index_list,
    print_scalar,
    print_type,
)
from aiebuild.dialect.attributes import (
    DIM_FIELDS,
    PAD_FIELDS,
    BDIteration,
    PacketInfo,
    PadLayoutArray,
    Pairs,
    bool_of,
    i32_attr,
    int_of,
    memref_of,
    optional_int,
    parse_pairs,
    print_pairs,
    str_of,
)
from aiebuild.dialect.channels import ChannelOp, packet_of, parse_channel
from aiebuild.dialect.constants import folded


class _ChainOp(ChannelOp):
    """A channel and the chain of descriptors that it runs."""

    CHANNEL: ClassVar[tuple[str, str]] = ("channel_dir", "channel_index")

    channel_dir = prop_def(IntegerAttr)
    channel_index_attr = prop_def(IntegerAttr, prop_name="channel_index")
    repeat_count_attr = opt_prop_def(IntegerAttr, prop_name="repeat_count")
    pad_value_attr = opt_prop_def(IntegerAttr, prop_name="pad_value")
    valid = result_def(i1)

    @property
    def repeat_count(self) -> int:
        """Further runs of the chain after the first."""
        return int_of(self.properties.get("repeat_count"))

    @property
    def pad_value(self) -> int:
        """The 32-bit word put in where a descriptor pads."""
        return int_of(self.properties.get("pad_value"))


@irdl_op_definition
class DmaStartOp(_ChainOp):
    """`%0 = aie.dma_start(S2MM, 0, ^first, ^next, repeat_count = 3)`: a channel and the chain it runs.

    Ends a block: the first successor is the channel's first buffer descriptor, the second the next channel or the end.
    """

    name = "aie.dma_start"
    dest = successor_def()
    chain = successor_def()
    traits = traits_def(IsTerminator())

    @property
    def first_block(self) -> Block:
        """The block of the channel's first buffer descriptor."""
        return self.successors[0]

    @property
    def next_block(self) -> Block:
        """The block of the next channel, or of `aie.end`."""
        return self.successors[1]

    @classmethod
    def parse(cls, parser: Parser) -> DmaStartOp:
        properties: Attributes = {}
        with parser.in_parens():
            parse_channel(parser, cls, properties)
            parser.parse_punctuation(",")
            first = parser.parse_successor()
            parser.parse_punctuation(",")
            following = parser.parse_successor()
            if parser.parse_optional_punctuation(",") is not None:
                parser.parse_keyword("repeat_count")
                parser.parse_punctuation("=")
                properties["repeat_count"] = parse_i32(parser)
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(
            result_types=[i1], properties=properties, attributes=attributes, successors=[first, following]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.direction.name}, {self.channel}, ")
        printer.print_block_name(self.successors[0])
        printer.print_string(", ")
        printer.print_block_name(self.successors[1])
        if "repeat_count" in self.properties:
            printer.print_string(f", repeat_count = {self.repeat_count}")
        printer.print_string(")")
        print_attr_dict(printer, self, ("channel_dir", "channel_index", "repeat_count"))


@irdl_op_definition
class DmaOp(_ChainOp):
    """`%0 = aie.dma(S2MM, 0) {loop = false} [{ ... }, { ... }]`: a channel with one region for each descriptor."""

    name = "aie.dma"
    loop_attr = opt_prop_def(IntegerAttr, prop_name="loop")
    sym_name_attr = opt_prop_def(StringAttr, prop_name="sym_name")
    bds = var_region_def()
    traits = traits_def(NoTerminator())

    @property
    def loop(self) -> bool:
        """Whether the chain starts over when it ends; true unless written."""
        return bool_of(self.properties.get("loop"), True)

    @property
    def symbol(self) -> str | None:
        """The channel's name, if it has one."""
        return str_of(self.properties.get("sym_name"))

    @classmethod
    def parse(cls, parser: Parser) -> DmaOp:
        properties: Attributes = {}
        with parser.in_parens():
            parse_channel(parser, cls, properties)
        attributes = parse_attr_dict(parser, cls, properties)
        regions = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_region)
        return cls.create(result_types=[i1], properties=properties, attributes=attributes, regions=regions)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.direction.name}, {self.channel})")
        print_attr_dict(printer, self, ("channel_dir", "channel_index"))
        printer.print_string(" [")
        printer.print_list(self.regions, printer.print_region)
        printer.print_string("]")


@irdl_op_definition
class NextBdOp(IRDLOperation):
    """`aie.next_bd ^block`: ends a descriptor's block and names the next descriptor."""

    name = "aie.next_bd"
    dest = successor_def()
    traits = traits_def(IsTerminator())

    @property
    def next_block(self) -> Block:
        """The block that follows."""
        return self.successors[0]

    @classmethod
    def parse(cls, parser: Parser) -> NextBdOp:
        following = parser.parse_successor()
        return cls.create(successors=[following], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_block_name(self.successors[0])
        print_attr_dict(printer, self)


@irdl_op_definition
class DmaBdPacketOp(IRDLOperation):
    """`aie.dma_bd_packet(0, 2)`: the packet header of the descriptor that follows in the block."""

    name = "aie.dma_bd_packet"
    packet_type = prop_def(IntegerAttr)
    packet_id = prop_def(IntegerAttr)

    @property
    def packet(self) -> tuple[int, int]:
        """(packet type, packet id)."""
        return int_of(self.properties["packet_type"]), int_of(self.properties["packet_id"])

    @classmethod
    def parse(cls, parser: Parser) -> DmaBdPacketOp:
        with parser.in_parens():
            kind = parse_i32(parser)
            parser.parse_punctuation(",")
            identifier = parse_i32(parser)
        attributes = parser.parse_optional_attr_dict()
        return cls.create(properties={"packet_type": kind, "packet_id": identifier}, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.packet[0]}, {self.packet[1]})")
        print_attr_dict(printer, self, ("packet_type", "packet_id"))


@lru_cache(maxsize=256)
def bd_segments(offset: bool, length: bool, sizes: int, strides: int) -> DenseArrayBase:
    """The operand segment sizes of a descriptor."""
    return dense_i32([1, int(offset), int(length), sizes, strides])


@irdl_op_definition
class DmaBdOp(IRDLOperation):
    """`aie.dma_bd(%b : memref<64xi8> offset = 0 len = 64 sizes = [4, 16] strides = [16, 1] pad [...])`, a descriptor.

    All counts are in elements of the buffer, outermost dimension first. The older positional form
    `(%b : T, offset, len, [<size = 4, stride = 16>, ...], [<const_pad_before = ...>])` is read too and printed in the
    form above.
    """

    name = "aie.dma_bd"
    buffer_operand = operand_def()
    offset_operand = opt_operand_def(i32)
    len_operand = opt_operand_def(i32)
    size_operands = var_operand_def(i64)
    stride_operands = var_operand_def(i64)
    static_offset = opt_prop_def(IntegerAttr)
    static_len = opt_prop_def(IntegerAttr)
    static_sizes = opt_prop_def(DenseArrayBase)
    static_strides = opt_prop_def(DenseArrayBase)
    pad_dimensions = opt_prop_def(PadLayoutArray)
    bd_id_attr = opt_prop_def(IntegerAttr, prop_name="bd_id")
    packet_attr = opt_prop_def(PacketInfo, prop_name="packet")
    burst_length_attr = opt_prop_def(IntegerAttr, prop_name="burst_length")
    iteration_attr = opt_prop_def(BDIteration, prop_name="iteration")
    offset_parameter_attr = opt_prop_def(SymbolRefAttr, prop_name="offset_parameter")
    offset_state_table_idx = opt_prop_def(Attribute)
    next_bd_id_attr = opt_prop_def(IntegerAttr, prop_name="next_bd_id")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    @property
    def buffer(self) -> SSAValue:
        """The memory: a buffer, an external buffer or an argument of the runtime sequence."""
        return self._operands[0]

    @property
    def buffer_type(self) -> MemRefType[Attribute]:
        """The memory's type."""
        kind = memref_of(self._operands[0].type)
        if kind is None:
            raise TypeError(f"buffer descriptor over {self._operands[0].type}")
        return kind

    @property
    def offset(self) -> int | SSAValue:
        """The first element; 0 when none is written."""
        static = self.properties.get("static_offset")
        if static is not None:
            return int_of(static)
        return 0 if (operand := self.offset_operand) is None else folded(operand)

    @property
    def length(self) -> int | SSAValue:
        """The number of elements transferred; the whole buffer when none is written."""
        static = self.properties.get("static_len")
        if static is not None:
            return int_of(static)
        operand = self.len_operand
        return prod(self.buffer_type.get_shape()) if operand is None else folded(operand)

    @property
    def has_length(self) -> bool:
        """Whether a length is written."""
        return "static_len" in self.properties or self.len_operand is not None

    @property
    def sizes(self) -> tuple[int | SSAValue, ...]:
        """The extents, outermost first; empty for a linear transfer."""
        return mixed_list(self.properties.get("static_sizes"), self._dynamic(3))

    @property
    def strides(self) -> tuple[int | SSAValue, ...]:
        """The strides in elements, outermost first; empty for a linear transfer."""
        return mixed_list(self.properties.get("static_strides"), self._dynamic(4))

    def _dynamic(self, segment: int) -> tuple[SSAValue, ...]:
        if len(self._operands) == 1:
            return ()
        return tuple(self.size_operands if segment == 3 else self.stride_operands)

    @property
    def pad(self) -> Pairs:
        """(before, after) for each dimension in elements; empty when nothing is padded."""
        pad = self.properties.get("pad_dimensions")
        return pad.data if isinstance(pad, PadLayoutArray) else ()

    @property
    def bd_id(self) -> int | None:
        """The hardware's number of the descriptor, where it is fixed."""
        return optional_int(self.properties.get("bd_id"))

    @property
    def next_bd_id(self) -> int | None:
        """The number of the descriptor that follows, where it is fixed."""
        return optional_int(self.properties.get("next_bd_id"))

    @property
    def packet(self) -> tuple[int, int] | None:
        """(packet type, packet id), if a header is sent."""
        return packet_of(self.properties.get("packet"))

    @property
    def burst_length(self) -> int:
        """Bytes of a burst at the shim; 0 means the longest."""
        return int_of(self.properties.get("burst_length"))

    @property
    def iteration(self) -> tuple[int, int, int] | None:
        """(size, stride in elements, current) of the address that advances with each run, if any."""
        iteration = self.properties.get("iteration")
        return iteration.data if isinstance(iteration, BDIteration) else None

    @classmethod
    def parse(cls, parser: Parser) -> DmaBdOp:
        properties: Attributes = {}
        parser.parse_punctuation("(")
        operands: list[SSAValue] = [parse_typed_operand(parser)]
        segments = (False, False, 0, 0)
        if parser.parse_optional_punctuation(",") is not None:
            _parse_positional(parser, properties)
        else:
            segments = _parse_keywords(parser, properties, operands)
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        properties[SEGMENTS] = bd_segments(*segments)
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        print_type(printer, self._operands[0].type)
        for keyword, static, operand in (
            ("offset", self.properties.get("static_offset"), self.offset_operand),
            ("len", self.properties.get("static_len"), self.len_operand),
        ):
            if static is not None or operand is not None:
                printer.print_string(f" {keyword} = ")
                print_scalar(printer, int_of(static) if operand is None else operand)
        if "static_sizes" in self.properties:
            printer.print_string(" sizes = ")
            print_index_list(printer, self.sizes)
        if "static_strides" in self.properties:
            printer.print_string(" strides = ")
            print_index_list(printer, self.strides)
        if "pad_dimensions" in self.properties:
            printer.print_string(" pad ")
            print_pairs(printer, PAD_FIELDS, self.pad)
        printer.print_string(")")
        hidden = ("static_offset", "static_len", "static_sizes", "static_strides", "pad_dimensions")
        print_attr_dict(printer, self, hidden)


def _parse_keywords(parser: Parser, properties: Attributes, operands: list[SSAValue]) -> tuple[bool, bool, int, int]:
    """Parse ` offset = .. len = .. sizes = [..] strides = [..] pad [..]`; yields the operand segments."""
    dynamic = {"offset": False, "len": False}
    for keyword in dynamic:
        if parser.parse_optional_keyword(keyword) is not None:
            parser.parse_punctuation("=")
            value = parse_scalar(parser)
            if isinstance(value, int):
                properties[f"static_{keyword}"] = i32_attr(value)
            else:
                operands.append(value)
                dynamic[keyword] = True
    counts = {"sizes": 0, "strides": 0}
    for keyword in counts:
        if parser.parse_optional_keyword(keyword) is not None:
            parser.parse_punctuation("=")
            properties[f"static_{keyword}"], values = parse_index_list(parser)
            operands.extend(values)
            counts[keyword] = len(values)
    if parser.parse_optional_keyword("pad") is not None:
        properties["pad_dimensions"] = PadLayoutArray(parse_pairs(parser, PAD_FIELDS))
    return dynamic["offset"], dynamic["len"], counts["sizes"], counts["strides"]


def _parse_positional(parser: Parser, properties: Attributes) -> None:
    """Parse `offset, len[, dims][, pads]` of the older form, after the first comma."""
    if parser.parse_optional_punctuation("[") is None:
        properties["static_offset"] = parse_i32(parser)
        parser.parse_punctuation(",")
        properties["static_len"] = parse_i32(parser)
        if parser.parse_optional_punctuation(",") is None:
            return
    else:
        parser.raise_error("expected an offset and a length before the dimensions")
    dims = parse_pairs(parser, DIM_FIELDS)
    properties["static_sizes"] = DenseArrayBase.from_list(i64, [size for size, _ in dims])
    properties["static_strides"] = DenseArrayBase.from_list(i64, [stride for _, stride in dims])
    if parser.parse_optional_punctuation(",") is not None:
        properties["pad_dimensions"] = PadLayoutArray(parse_pairs(parser, PAD_FIELDS))
