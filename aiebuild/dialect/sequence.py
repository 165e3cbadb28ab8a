"""Runtime sequences and DMA tasks (`aie.runtime_sequence` and the task operations of `aiex`)."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType, IntegerAttr, SymbolNameConstraint, SymbolRefAttr, i32
from xdsl.ir import Block, BlockArgument, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
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
from xdsl.traits import NoTerminator, OptionalSymbolOpInterface

from aiebuild.dialect.assembly import (
    INDEX,
    SEGMENTS,
    Attributes,
    HandleOp,
    dense_i32,
    parse_attr_dict,
    parse_i32,
    parse_index,
    parse_symbol,
    parse_typed_operand,
    print_attr_dict,
    print_type,
    symbol_text,
)
from aiebuild.dialect.attributes import (
    PACKET_FIELDS,
    PacketInfo,
    bool_of,
    int_of,
    print_named_ints,
    str_of,
)
from aiebuild.dialect.channels import ChannelOp, packet_of, parse_channel, parse_packet
from aiebuild.dialect.constants import constant_of
from aiebuild.dialect.dma import DmaBdOp
from aiebuild.dialect.structure import OnTileOp


@irdl_op_definition
class RuntimeSequenceOp(IRDLOperation):
    """`aie.runtime_sequence @name(%a: memref<64xi8>, ...) { ... }`: what the control processor runs at a dispatch."""

    name = "aie.runtime_sequence"
    sym_name_attr = opt_prop_def(SymbolNameConstraint(), prop_name="sym_name")
    emit_parameter_sync_preamble = opt_prop_def(IntegerAttr)
    body = region_def()
    traits = traits_def(NoTerminator(), OptionalSymbolOpInterface())

    @property
    def symbol(self) -> str:
        """The sequence's name; `sequence` when none is written."""
        return str_of(self.properties.get("sym_name")) or "sequence"

    @property
    def block(self) -> Block:
        """The block of instructions."""
        return self.regions[0].block

    @property
    def arguments(self) -> tuple[BlockArgument, ...]:
        """The buffers and scalars given at a dispatch."""
        return self.regions[0].block.args

    @classmethod
    def parse(cls, parser: Parser) -> RuntimeSequenceOp:
        properties: Attributes = {}
        if (symbol := parser.parse_optional_symbol_name()) is not None:
            properties["sym_name"] = symbol
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        attributes: Attributes = {}
        if parser.parse_optional_keyword("attributes") is not None:
            attributes = parse_attr_dict(parser, cls, properties)
        body = parser.parse_region(arguments)
        return cls.create(properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        if (symbol := str_of(self.properties.get("sym_name"))) is not None:
            printer.print_string(" ")
            printer.print_symbol_name(symbol)
        with printer.in_parens():
            printer.print_list(self.arguments, printer.print_block_argument)
        printer.print_string(" ")
        entries = {name: value for name, value in {**self.properties, **self.attributes}.items() if name != "sym_name"}
        if entries:
            printer.print_string("attributes ")
            printer.print_attr_dict(entries)
            printer.print_string(" ")
        printer.print_region(self.regions[0], print_entry_block_args=False, print_empty_block=False)


@irdl_op_definition
class OlderRuntimeSequenceOp(IRDLOperation):
    """`aiex.runtime_sequence`: the name until November 2025; read as the newer one."""

    name = "aiex.runtime_sequence"

    @classmethod
    def parse(cls, parser: Parser) -> RuntimeSequenceOp:  # pyright: ignore[reportIncompatibleMethodOverride]
        return RuntimeSequenceOp.parse(parser)


def descriptors(region: Region) -> list[DmaBdOp]:
    """The buffer descriptors of a task in the order of their blocks."""
    return [op for block in region.blocks for op in block.ops if isinstance(op, DmaBdOp)]


class _TaskOp(IRDLOperation):
    """What the two ways to configure a task share."""

    issue_token_attr = opt_prop_def(IntegerAttr, prop_name="issue_token")
    repeat_count_attr = opt_prop_def(IntegerAttr, prop_name="repeat_count")
    body = region_def()
    result = result_def(IndexType())

    @property
    def issue_token(self) -> bool:
        """Whether completion can be awaited."""
        return bool_of(self.properties.get("issue_token"))

    @property
    def repeat_count(self) -> int:
        """Further runs after the first; -1 when it is given by a value at run time."""
        operand = self.repeat_operand
        if operand is None:
            return int_of(self.properties.get("repeat_count"))
        constant = constant_of(operand)
        return -1 if constant is None else constant

    @property
    def repeat_operand(self) -> SSAValue | None:
        """The value that holds the repeat count, if it is not an attribute."""
        return None

    @property
    def bds(self) -> list[DmaBdOp]:
        """The buffer descriptors in order."""
        return descriptors(self.regions[0])


def _print_clause(printer: Printer, keyword: str, operand: SSAValue) -> None:
    printer.print_string(f"{keyword} ")
    printer.print_ssa_value(operand)
    print_type(printer, operand.type)
    printer.print_string(" ")


@irdl_op_definition
class DmaConfigureTaskOp(_TaskOp, OnTileOp, ChannelOp):
    """`%t = aiex.dma_configure_task(%tile, MM2S, 0) { aie.dma_bd(...) aie.end } {issue_token = true}`."""

    name = "aiex.dma_configure_task"
    tile_operand = operand_def(IndexType())
    repeat_count_val = opt_operand_def(i32)
    bd_id_val = opt_operand_def(i32)
    direction_attr = prop_def(IntegerAttr, prop_name="direction")
    channel_attr = prop_def(IntegerAttr, prop_name="channel")
    packet_attr = opt_prop_def(PacketInfo, prop_name="packet")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    @property
    def packet(self) -> tuple[int, int] | None:
        """(packet type, packet id), if a header is sent."""
        return packet_of(self.properties.get("packet"))

    @property
    def repeat_operand(self) -> SSAValue | None:
        return self.repeat_count_val

    @classmethod
    def parse(cls, parser: Parser) -> DmaConfigureTaskOp:
        properties: Attributes = {}
        with parser.in_parens():
            operands = [parse_index(parser)]
            parser.parse_punctuation(",")
            parse_channel(parser, cls, properties)
            if parser.parse_optional_punctuation(",") is not None:
                properties["packet"] = parse_packet(parser)
        segments = [1, 0, 0]
        for position, keyword in enumerate(("repeat", "bd_id"), start=1):
            if parser.parse_optional_keyword(keyword) is not None:
                operands.append(parse_typed_operand(parser))
                segments[position] = 1
        properties[SEGMENTS] = dense_i32(segments)
        body = parser.parse_region()
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(
            operands=operands, result_types=[INDEX], properties=properties, attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(f", {self.direction.name}, {self.channel}")
        if (packet := self.packet) is not None:
            printer.print_string(", ")
            print_named_ints(printer, PACKET_FIELDS, packet)
        printer.print_string(") ")
        for keyword, operand in (("repeat", self.repeat_count_val), ("bd_id", self.bd_id_val)):
            if operand is not None:
                _print_clause(printer, keyword, operand)
        printer.print_region(self.regions[0])
        print_attr_dict(printer, self, ("direction", "channel", "packet"))


@irdl_op_definition
class DmaConfigureTaskForOp(_TaskOp):
    """`%t = aiex.dma_configure_task_for @fifo { aie.dma_bd(...) aie.end } {issue_token = true}`.

    The name is an objectfifo's with an end at a shim tile, or a `aie.shim_dma_allocation`'s.
    """

    name = "aiex.dma_configure_task_for"
    repeat_count_val = opt_operand_def(i32)
    alloc_attr = prop_def(SymbolRefAttr, prop_name="alloc")

    @property
    def alloc(self) -> str:
        """The name of the objectfifo or of the allocation."""
        return symbol_text(self.properties["alloc"])

    @property
    def repeat_operand(self) -> SSAValue | None:
        return self._operands[0] if self._operands else None

    @classmethod
    def parse(cls, parser: Parser) -> DmaConfigureTaskForOp:
        properties: Attributes = {"alloc": parse_symbol(parser)}
        operands: list[SSAValue] = []
        if parser.parse_optional_keyword("repeat") is not None:
            operands.append(parse_typed_operand(parser))
        body = parser.parse_region()
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(
            operands=operands, result_types=[INDEX], properties=properties, attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" @{self.alloc} ")
        if (operand := self.repeat_operand) is not None:
            _print_clause(printer, "repeat", operand)
        printer.print_region(self.regions[0])
        print_attr_dict(printer, self, ("alloc",))


TaskOp = DmaConfigureTaskOp | DmaConfigureTaskForOp


class _TaskUseOp(HandleOp):
    """`(%task)`."""

    task_operand = operand_def(IndexType())

    @property
    def task_value(self) -> SSAValue:
        """The task's handle."""
        return self._operands[0]

    @property
    def task(self) -> TaskOp | None:
        """The operation that configures the task."""
        owner = self._operands[0].owner
        return owner if isinstance(owner, TaskOp) else None


@irdl_op_definition
class DmaStartTaskOp(_TaskUseOp):
    """`aiex.dma_start_task(%t)`: queues the task on its channel."""

    name = "aiex.dma_start_task"


@irdl_op_definition
class DmaAwaitTaskOp(_TaskUseOp):
    """`aiex.dma_await_task(%t)`: waits for the task's token, and lets its descriptors be used again."""

    name = "aiex.dma_await_task"


@irdl_op_definition
class DmaFreeTaskOp(_TaskUseOp):
    """`aiex.dma_free_task(%t)`: lets the task's descriptors be used again; waits for nothing."""

    name = "aiex.dma_free_task"


@irdl_op_definition
class SetLockOp(IRDLOperation):
    """`aiex.set_lock(%lock, 5)`: sets a lock's value from the sequence."""

    name = "aiex.set_lock"
    lock_operand = operand_def(IndexType())
    value_attr = prop_def(IntegerAttr, prop_name="value")

    @property
    def lock(self) -> SSAValue:
        """The lock."""
        return self._operands[0]

    @property
    def value(self) -> int:
        """The value it is set to."""
        return int_of(self.properties["value"])

    @classmethod
    def parse(cls, parser: Parser) -> SetLockOp:
        with parser.in_parens():
            lock = parse_index(parser)
            parser.parse_punctuation(",")
            value = parse_i32(parser)
        properties: Attributes = {"value": value}
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[lock], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(f", {self.value})")
        print_attr_dict(printer, self, ("value",))
