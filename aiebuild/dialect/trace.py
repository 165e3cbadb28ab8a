"""Tracing (`aie.trace`): which events of a tile are recorded. None of it moves data, so words are kept as they are."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, IndexType, StringAttr, SymbolNameConstraint, SymbolRefAttr
from xdsl.ir import Attribute, Operation
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import NoTerminator, SymbolOpInterface

from aiebuild.dialect.assembly import Attributes, parse_index, parse_symbol, print_attr_dict, symbol_text
from aiebuild.dialect.attributes import entries_of, str_of

_KEYS = ("id", "type", "port", "channel", "direction", "broadcast", "event", "label", "trigger", "master")
_LOGIC = ("AND", "OR", "AND_NOT_B", "AND_NOT_A", "OR_NOT_A", "OR_NOT_B")


@irdl_op_definition
class TraceOp(IRDLOperation):
    """`aie.trace @name(%tile) { ... }`: what is recorded of a tile, and as which packets."""

    name = "aie.trace"
    sym_name_attr = prop_def(SymbolNameConstraint(), prop_name="sym_name")
    tile_operand = operand_def(IndexType())
    body = region_def()
    traits = traits_def(NoTerminator(), SymbolOpInterface())

    @classmethod
    def parse(cls, parser: Parser) -> TraceOp:
        properties: Attributes = {"sym_name": parser.parse_symbol_name()}
        with parser.in_parens():
            tile = parse_index(parser)
        body = parser.parse_region()
        attributes = parser.parse_optional_attr_dict()
        return cls.create(operands=[tile], properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(str_of(self.properties["sym_name"]) or "")
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(") ")
        printer.print_region(self.body, print_empty_block=False)
        print_attr_dict(printer, self, ("sym_name",))


class _WordsOp(IRDLOperation):
    """An operation that is a line of words: `"Event-Time"`, `<0>`, `<"EVENT">`, `key=word`, `key=<"EVENT">`, `AND`."""

    words = prop_def(ArrayAttr)

    @classmethod
    def parse(cls, parser: Parser) -> Operation:
        words: list[Attribute] = []
        while (word := _word(parser)) is not None:
            words.append(StringAttr(word))
        properties: Attributes = {"words": ArrayAttr(words)}
        return cls.create(properties=properties, attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        for entry in entries_of(self.properties["words"]):
            printer.print_string(f" {str_of(entry)}")
        print_attr_dict(printer, self, ("words",))


def _word(parser: Parser) -> str | None:
    if parser.parse_optional_punctuation("<") is not None:
        inner = _value(parser)
        parser.parse_punctuation(">")
        return f"<{inner}>"
    for key in _KEYS:
        if parser.parse_optional_keyword(key) is not None:
            parser.parse_punctuation("=")
            if parser.parse_optional_punctuation("<") is not None:
                inner = _value(parser)
                parser.parse_punctuation(">")
                return f"{key}=<{inner}>"
            return f"{key}={_value(parser)}"
    for logic in _LOGIC:
        if parser.parse_optional_keyword(logic) is not None:
            return logic
    text = parser.parse_optional_str_literal()
    return None if text is None else f'"{text}"'


def _value(parser: Parser) -> str:
    """A number, a word or a text."""
    number = parser.parse_optional_integer(allow_boolean=False)
    if number is not None:
        return str(number)
    text = parser.parse_optional_str_literal()
    return parser.parse_identifier() if text is None else f'"{text}"'


@irdl_op_definition
class ModeOp(_WordsOp):
    """`aie.trace.mode "Event-Time"`."""

    name = "aie.trace.mode"


@irdl_op_definition
class PacketOp(_WordsOp):
    """`aie.trace.packet id=1 type=core`."""

    name = "aie.trace.packet"


@irdl_op_definition
class EventOp(_WordsOp):
    """`aie.trace.event<"INSTR_VECTOR">`."""

    name = "aie.trace.event"


@irdl_op_definition
class ComboEventOp(_WordsOp):
    """`aie.trace.combo_event<0> <"A"> AND <"B">`."""

    name = "aie.trace.combo_event"


@irdl_op_definition
class EdgeEventOp(_WordsOp):
    """`aie.trace.edge_event<0> event=<"A"> trigger=RISING`."""

    name = "aie.trace.edge_event"


@irdl_op_definition
class PortOp(_WordsOp):
    """`aie.trace.port<0> port=DMA channel=0 direction=S2MM`."""

    name = "aie.trace.port"


@irdl_op_definition
class StartOp(_WordsOp):
    """`aie.trace.start broadcast=15`, `aie.trace.start event=<"TRUE">`."""

    name = "aie.trace.start"


@irdl_op_definition
class StopOp(_WordsOp):
    """`aie.trace.stop broadcast=14`."""

    name = "aie.trace.stop"


@irdl_op_definition
class HostConfigOp(_WordsOp):
    """`aie.trace.host_config {buffer_size = 8192 : i32}`: in a runtime sequence."""

    name = "aie.trace.host_config"


@irdl_op_definition
class StartConfigOp(IRDLOperation):
    """`aie.trace.start_config @name`: in a runtime sequence."""

    name = "aie.trace.start_config"
    trace = prop_def(SymbolRefAttr)

    @classmethod
    def parse(cls, parser: Parser) -> StartConfigOp:
        properties: Attributes = {"trace": parse_symbol(parser)}
        return cls.create(properties=properties, attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string(f" @{symbol_text(self.properties['trace'])}")
        print_attr_dict(printer, self, ("trace",))


TRACE_OPS = (
    TraceOp,
    ModeOp,
    PacketOp,
    EventOp,
    ComboEventOp,
    EdgeEventOp,
    PortOp,
    StartOp,
    StopOp,
    HostConfigOp,
    StartConfigOp,
)
