"""Pieces of MLIR's declarative assembly formats that several operations share: parsing and printing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TypeVar

from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IndexType,
    MemRefType,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.parser import Parser
from xdsl.printer import Printer

from aiebuild.dialect.attributes import DYNAMIC, i32_attr

E = TypeVar("E", bound=Enum)

INDEX = IndexType()
SEGMENTS = "operandSegmentSizes"

Attributes = dict[str, Attribute]


def parse_attr_dict(
    parser: Parser, op: type[IRDLOperation], properties: Attributes, required: Sequence[str] = ()
) -> Attributes:
    """Parse an optional `{...}`; entries that `op` declares go into `properties`, the others are returned.

    Raises a parse error where the dictionary should be when one of the `required` properties is missing.
    """
    position = parser.pos if required else 0
    entries = parser.parse_optional_attr_dict()
    declared = op.get_irdl_definition().properties if entries else {}
    attributes: Attributes = {}
    for name, value in entries.items():
        (properties if name in declared else attributes)[name] = value
    for name in required:
        if name not in properties:
            parser.raise_error(f"attribute `{name}` is missing", position)
    return attributes


def print_attr_dict(printer: Printer, op: Operation, elide: Iterable[str] = ()) -> None:
    """Print ` {...}` with the properties and attributes of `op` that its format has not printed."""
    hidden = {SEGMENTS, *elide}
    entries = {name: value for name, value in {**op.properties, **op.attributes}.items() if name not in hidden}
    if entries:
        printer.print_string(" ")
        printer.print_attr_dict(entries)


def parse_enum(parser: Parser, kind: type[E]) -> Attribute:
    """Parse a member of `kind` as a keyword or a string; yields the 32-bit attribute that stands for it."""
    position = parser.pos
    text = parser.parse_optional_identifier_or_str_literal()
    if text is None or text not in kind.__members__:
        found = "" if text is None else f", found `{text}`"
        parser.raise_error(f"expected one of {', '.join(kind.__members__)}{found}", position)
    return i32_attr(kind[text].value)


def parse_i32(parser: Parser) -> Attribute:
    """Parse a plain or typed (`2 : i32`) integer into a 32-bit attribute."""
    value = parser.parse_integer(allow_boolean=False)
    if parser.parse_optional_punctuation(":") is not None:
        parser.parse_type()
    return i32_attr(value)


def parse_index(parser: Parser) -> SSAValue:
    """Parse an operand of type `index` (tiles, locks and tasks are such)."""
    return parser.parse_operand(INDEX)


def parse_symbol(parser: Parser) -> SymbolRefAttr:
    """Parse `@name` into a flat symbol reference."""
    return SymbolRefAttr(parser.parse_symbol_name())


def symbol_text(attr: Attribute | None) -> str:
    """The name of a symbol or of a reference to one (without `@`; nested parts joined by `::@`)."""
    if isinstance(attr, SymbolRefAttr):
        return "::@".join([attr.root_reference.data, *(part.data for part in attr.nested_references.data)])
    if isinstance(attr, StringAttr):
        return attr.data
    return ""


def parse_typed_operand(parser: Parser) -> SSAValue:
    """Parse `%x : T`."""
    name = parser.parse_unresolved_operand()
    parser.parse_punctuation(":")
    return parser.resolve_operand(name, parser.parse_type())


def print_type(printer: Printer, kind: Attribute) -> None:
    """Print ` : T`."""
    printer.print_string(" : ")
    printer.print_attribute(kind)


class HandleOp(IRDLOperation):
    """`(%x)`: an operation on a handle (a tile, a task), without properties."""

    @classmethod
    def parse(cls, parser: Parser) -> Operation:
        with parser.in_parens():
            handle = parse_index(parser)
        return cls.create(operands=[handle], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(")")
        print_attr_dict(printer, self)


def parse_index_list(parser: Parser) -> tuple[DenseArrayBase, list[SSAValue]]:
    """Parse `[1, %n, 3]` (MLIR's DynamicIndexList): the static values, and the operands standing at `DYNAMIC`."""
    operands: list[SSAValue] = []

    def one() -> int:
        value = parser.parse_optional_integer(allow_boolean=False)
        if value is not None:
            return value
        operands.append(parser.parse_operand(i64))
        if parser.parse_optional_punctuation(":") is not None:
            parser.parse_type()
        return DYNAMIC

    values = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one)
    return DenseArrayBase.from_list(i64, values), operands


def print_index_list(printer: Printer, values: Sequence[int | SSAValue]) -> None:
    """Print `[1, %n, 3]`."""
    with printer.in_square_brackets():
        for position, value in enumerate(values):
            if position:
                printer.print_string(", ")
            print_scalar(printer, value)


def print_scalar(printer: Printer, value: int | SSAValue) -> None:
    """Print a constant or an operand."""
    if isinstance(value, int):
        printer.print_string(str(value))
    else:
        printer.print_ssa_value(value)


def parse_scalar(parser: Parser) -> int | SSAValue:
    """Parse a constant or a 32-bit operand (mlir-aie's DynamicScalar)."""
    value = parser.parse_optional_integer(allow_boolean=False)
    return parser.parse_operand(i32) if value is None else value


def mixed_list(static: Attribute | None, operands: Sequence[SSAValue]) -> tuple[int | SSAValue, ...]:
    """The entries of a static index list with the operands put in at `DYNAMIC`; empty when there is no list."""
    if not isinstance(static, DenseArrayBase):
        return tuple(operands)
    values = static.get_values()
    if not operands:
        return tuple(int(value) for value in values)
    remaining = iter(operands)
    return tuple(next(remaining) if value == DYNAMIC else int(value) for value in values)


def dense_i32(values: Sequence[int]) -> DenseArrayBase:
    """`array<i32: ...>`, as the operand segment sizes are kept."""
    return DenseArrayBase.from_list(i32, values)


def parse_elements(parser: Parser, kind: MemRefType[Attribute]) -> Attribute:
    """Parse `dense<...>`, whose type is the memref's and is not written, into an elements attribute of a tensor.

    Where a type is written it must have the memref's elements.
    """
    parser.parse_keyword("dense")
    value = parser.parse_dense_int_or_fp_elements_attr(TensorType(kind.element_type, kind.shape))  # pyright: ignore
    if parser.parse_optional_punctuation(":") is not None:
        position = parser.pos
        written = parser.parse_type()
        if getattr(written, "element_type", None) != kind.element_type:
            parser.raise_error(f"expected elements of {kind}, found {written}", position)
    return value


def print_elements(printer: Printer, value: Attribute) -> None:
    """Print `dense<...>` without its type."""
    if isinstance(value, DenseIntOrFPElementsAttr):
        value.print_without_type(printer)
    else:
        printer.print_attribute(value)
