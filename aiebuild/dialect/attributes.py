"""Types, attributes and enumerations of the `aie` and `aiex` dialects.

Names and spellings are those of mlir-aie's `AIETypes.td`, `AIEAttrs.td` and `AIEX.td`. Enumerations are stored, as
there, as 32-bit integers; the accessors of the operations yield the classes below.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, IntegerType, MemRefType, StringAttr, i32, i64
from xdsl.ir import Attribute, Data, OpaqueSyntaxAttribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition, param_def
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

DYNAMIC = -(1 << 63)
"""Marks an entry of a static index list that is given by an operand (MLIR's `ShapedType::kDynamic`)."""


class Direction(Enum):
    """A DMA channel's direction: stream to memory or memory to stream (`DMAChannelDir`)."""

    S2MM = 0
    MM2S = 1


class Port(Enum):
    """The side of an objectfifo a core stands on (`ObjectFifoPort`)."""

    Produce = 0
    Consume = 1


class LockAction(Enum):
    """What `aie.use_lock` does (`LockAction`)."""

    Acquire = 0
    Release = 1
    AcquireGreaterEqual = 2


class WireBundle(Enum):
    """A bundle of ports of a tile (`WireBundle`)."""

    Core = 0
    DMA = 1
    FIFO = 2
    South = 3
    West = 4
    North = 5
    East = 6
    PLIO = 7
    NOC = 8
    Trace = 9
    TileControl = 10


class TileKind(Enum):
    """The kind asked for by `aie.logical_tile` (`AIETileType`)."""

    CoreTile = 0
    MemTile = 1
    ShimNOCTile = 2
    ShimPLTile = 3


DEVICES: tuple[str, ...] = (
    "",
    "xcvc1902",
    "xcve2302",
    "xcve2802",
    "npu1",
    "npu1_1col",
    "npu1_2col",
    "npu1_3col",
    "npu2",
    "npu2_1col",
    "npu2_2col",
    "npu2_3col",
    "npu2_4col",
    "npu2_5col",
    "npu2_6col",
    "npu2_7col",
)
"""Device names at the index that `AIEDevice` gives them."""


@lru_cache(maxsize=65536)
def i32_attr(value: int) -> IntegerAttr[IntegerType]:
    """A shared 32-bit signless integer attribute."""
    return IntegerAttr(value, i32)


@lru_cache(maxsize=4096)
def i64_attr(value: int) -> IntegerAttr[IntegerType]:
    """A shared 64-bit signless integer attribute."""
    return IntegerAttr(value, i64)


def int_of(attr: Attribute | None, default: int = 0) -> int:
    """The value of an integer attribute; `default` when it is absent or of another kind."""
    return attr.value.data if isinstance(attr, IntegerAttr) else default


def optional_int(attr: Attribute | None) -> int | None:
    """The value of an integer attribute, or None when it is absent."""
    return attr.value.data if isinstance(attr, IntegerAttr) else None


def bool_of(attr: Attribute | None, default: bool = False) -> bool:
    """The value of an `i1` attribute; `default` when it is absent."""
    return attr.value.data != 0 if isinstance(attr, IntegerAttr) else default


def str_of(attr: Attribute | None) -> str | None:
    """The text of a string attribute, or None when it is absent."""
    return attr.data if isinstance(attr, StringAttr) else None


def memref_of(kind: Attribute) -> MemRefType[Attribute] | None:
    """`kind` if it is a ranked memref, else None."""
    return cast(MemRefType[Attribute], kind) if isinstance(kind, MemRefType) else None


def entries_of(attr: Attribute | None) -> tuple[Attribute, ...]:
    """The entries of an array attribute; empty when it is absent or of another kind."""
    return cast(ArrayAttr[Attribute], attr).data if isinstance(attr, ArrayAttr) else ()


TRUE: BoolAttr = BoolAttr.from_bool(True)
FALSE: BoolAttr = BoolAttr.from_bool(False)


def _parse_memref_parameter(parser: AttrParser) -> Sequence[Attribute]:
    with parser.in_angle_brackets():
        return (parser.parse_type(),)


class _FifoTypeBase(ParametrizedAttribute, TypeAttribute):
    """A type with one memref parameter: the object."""

    memref: Attribute

    @property
    def element(self) -> MemRefType[Attribute]:
        """The type of one object."""
        element = memref_of(self.memref)
        if element is None:
            raise VerifyException(f"expected a memref in `{self.name}`, found {self.memref}")
        return element

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        return _parse_memref_parameter(parser)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.memref)


@irdl_attr_definition
class ObjectFifoType(_FifoTypeBase):
    """`!aie.objectfifo<memref<...>>`."""

    name = "aie.objectfifo"
    memref: Attribute = param_def()


@irdl_attr_definition
class ObjectFifoSubviewType(_FifoTypeBase):
    """`!aie.objectfifosubview<memref<...>>`: what an acquire yields."""

    name = "aie.objectfifosubview"
    memref: Attribute = param_def()


@irdl_attr_definition
class BlockFloatType(Data[str], TypeAttribute):
    """`!aiex.bfp<"v8bfp16ebs8">`: block floating point."""

    name = "aiex.bfp"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_str_literal()

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.data)


def parse_named_ints(parser: AttrParser, names: Sequence[str], defaults: Sequence[int | None] = ()) -> tuple[int, ...]:
    """Parse `<a = 1, b = 2>` or, as older text has it, `<1, 2>`; yields the values in the order of `names`.

    Named fields may stand in any order. Raises a parse error on an unknown, repeated or missing name.
    """
    values: dict[str, int] = {}
    with parser.in_angle_brackets():
        for position in range(len(names)):
            if position and parser.parse_optional_punctuation(",") is None:
                break
            name = parser.parse_optional_identifier()
            if name is None:
                name = names[position]
            else:
                parser.parse_punctuation("=")
            if name not in names or name in values:
                parser.raise_error(f"unexpected field `{name}`; expected {', '.join(names)}")
            values[name] = parser.parse_integer(allow_boolean=False)
    for position, name in enumerate(names):
        if name not in values:
            default = defaults[position] if position < len(defaults) else None
            if default is None:
                parser.raise_error(f"field `{name}` is missing")
            values[name] = default
    return tuple(values[name] for name in names)


def print_named_ints(printer: Printer, names: Sequence[str], values: Sequence[int]) -> None:
    """Print `<a = 1, b = 2>`."""
    fields = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
    printer.print_string(f"<{fields}>")


DIM_FIELDS = ("size", "stride")
PAD_FIELDS = ("const_pad_before", "const_pad_after")
PACKET_FIELDS = ("pkt_type", "pkt_id")
ITERATION_FIELDS = ("size", "stride", "current")

Pairs = tuple[tuple[int, int], ...]


def parse_pairs(parser: AttrParser, fields: tuple[str, str]) -> Pairs:
    """Parse `[<a = 1, b = 2>, ...]`."""

    def one() -> tuple[int, int]:
        first, second = parse_named_ints(parser, fields)
        return first, second

    return tuple(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, one))


def print_pairs(printer: Printer, fields: tuple[str, str], pairs: Pairs) -> None:
    """Print `[<a = 1, b = 2>, ...]`."""
    text = ", ".join(f"<{fields[0]} = {first}, {fields[1]} = {second}>" for first, second in pairs)
    printer.print_string(f"[{text}]")


@irdl_attr_definition
class DimLayoutArray(OpaqueSyntaxAttribute, Data[Pairs]):
    """`#aie<bd_dim_layout_array[<size = 2, stride = 8>, ...]>`, outermost first; strides in elements."""

    name = "aie.bd_dim_layout_array"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Pairs:
        return parse_pairs(parser, DIM_FIELDS)

    def print_parameter(self, printer: Printer) -> None:
        print_pairs(printer, DIM_FIELDS, self.data)


@irdl_attr_definition
class DimLayoutArrayArray(OpaqueSyntaxAttribute, Data[tuple[Pairs, ...]]):
    """`#aie<bd_dim_layout_array_array[[...], ...]>`: one list of dimensions for each consumer of an objectfifo."""

    name = "aie.bd_dim_layout_array_array"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[Pairs, ...]:
        square = parser.Delimiter.SQUARE
        return tuple(parser.parse_comma_separated_list(square, lambda: parse_pairs(parser, DIM_FIELDS)))

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_square_brackets():
            printer.print_list(self.data, lambda pairs: print_pairs(printer, DIM_FIELDS, pairs))


@irdl_attr_definition
class PadLayoutArray(OpaqueSyntaxAttribute, Data[Pairs]):
    """`#aie<bd_pad_layout_array[<const_pad_before = 1, const_pad_after = 0>, ...]>`, in elements."""

    name = "aie.bd_pad_layout_array"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Pairs:
        return parse_pairs(parser, PAD_FIELDS)

    def print_parameter(self, printer: Printer) -> None:
        print_pairs(printer, PAD_FIELDS, self.data)


@irdl_attr_definition
class PacketInfo(Data[tuple[int, int]]):
    """`#aie.packet_info<pkt_type = 0, pkt_id = 2>`."""

    name = "aie.packet_info"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[int, int]:
        kind, identifier = parse_named_ints(parser, PACKET_FIELDS)
        return kind, identifier

    def print_parameter(self, printer: Printer) -> None:
        print_named_ints(printer, PACKET_FIELDS, self.data)


@irdl_attr_definition
class BDIteration(Data[tuple[int, int, int]]):
    """`#aie.bd_iteration<size = 4, stride = 256, current = 0>`: true counts, stride in elements."""

    name = "aie.bd_iteration"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[int, int, int]:
        size, stride, current = parse_named_ints(parser, ITERATION_FIELDS)
        return size, stride, current

    def print_parameter(self, printer: Printer) -> None:
        print_named_ints(printer, ITERATION_FIELDS, self.data)
