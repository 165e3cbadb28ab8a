"""The use of objectfifos in cores: acquire, release, and the objects of an acquire (`aie` dialect)."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntegerAttr, MemRefType, SymbolRefAttr
from xdsl.ir import Attribute, Operation, TypeAttribute
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer

from aiebuild.dialect.assembly import (
    Attributes,
    parse_attr_dict,
    parse_enum,
    parse_i32,
    parse_symbol,
    print_attr_dict,
    print_type,
    symbol_text,
)
from aiebuild.dialect.attributes import ObjectFifoSubviewType, Port, i32_attr, int_of, memref_of
from aiebuild.dialect.objectfifo import ObjectFifoOp


def _declared(op: Operation, symbol: str) -> ObjectFifoOp | None:
    """The objectfifo named `symbol` in the device around `op`."""
    parent = op.parent_op()
    while parent is not None and parent.name != "aie.device":
        parent = parent.parent_op()
    if parent is None:
        return None
    for candidate in parent.regions[0].block.ops:
        if isinstance(candidate, ObjectFifoOp) and candidate.symbol == symbol:
            return candidate
    return None


class _FifoUseOp(IRDLOperation):
    """What acquire and release share: `@fifo(Consume, 1)`."""

    objfifo_name = prop_def(SymbolRefAttr, prop_name="objFifo_name")
    port_attr = prop_def(IntegerAttr, prop_name="port")
    size_attr = prop_def(IntegerAttr, prop_name="size")

    @property
    def fifo_name(self) -> str:
        """The queue's name."""
        return symbol_text(self.properties["objFifo_name"])

    @property
    def fifo(self) -> ObjectFifoOp | None:
        """The queue's declaration in the same device; a search, so keep the answer where it is needed often."""
        return _declared(self, self.fifo_name)

    @property
    def port(self) -> Port:
        """The side this core stands on."""
        return Port(int_of(self.properties["port"]))

    @property
    def size(self) -> int:
        """The number of objects."""
        return int_of(self.properties["size"])


def _parse_use(parser: Parser) -> Attributes:
    properties: Attributes = {"objFifo_name": parse_symbol(parser)}
    with parser.in_parens():
        properties["port"] = parse_enum(parser, Port)
        position = parser.pos
        more = parser.parse_optional_punctuation(",") is not None
        properties["size"] = size = parse_i32(parser) if more else i32_attr(1)
        if int_of(size) < 1:
            parser.raise_error("the number of objects must be 1 or more", position)
    return properties


_USE: Sequence[str] = ("objFifo_name", "port", "size")


@irdl_op_definition
class ObjectFifoAcquireOp(_FifoUseOp):
    """`%s = aie.objectfifo.acquire @n(Consume, 1) : !aie.objectfifosubview<memref<...>>`.

    Newer text has the objects themselves: `%a, %b = aie.objectfifo.acquire @n(Consume, 2) : memref<...>, memref<...>`.
    """

    name = "aie.objectfifo.acquire"
    objects = var_result_def(ObjectFifoSubviewType | MemRefType)

    @property
    def object_type(self) -> MemRefType[Attribute]:
        """The type of an object."""
        kind = self.results[0].type
        if isinstance(kind, ObjectFifoSubviewType):
            return kind.element
        found = memref_of(kind)
        if found is None:
            raise TypeError(f"acquire yields {kind}")
        return found

    @property
    def yields_objects(self) -> bool:
        """Whether the results are the objects, as newer text has it."""
        return not isinstance(self.results[0].type, ObjectFifoSubviewType)

    @classmethod
    def parse(cls, parser: Parser) -> ObjectFifoAcquireOp:
        attributes = parser.parse_optional_attr_dict()
        properties = _parse_use(parser)
        parser.parse_punctuation(":")
        position = parser.pos
        kinds: list[TypeAttribute] = [parser.parse_type()]
        if isinstance(kinds[0], ObjectFifoSubviewType):
            return cls.create(result_types=kinds, properties=properties, attributes=attributes)
        while parser.parse_optional_punctuation(",") is not None:
            kinds.append(parser.parse_type())
        if any(memref_of(kind) is None for kind in kinds):
            parser.raise_error(f"expected !aie.objectfifosubview<memref<...>> or memrefs, found {kinds[0]}", position)
        if len(kinds) != int_of(properties["size"]):
            parser.raise_error(f"{len(kinds)} objects of an acquire of {int_of(properties['size'])}", position)
        return cls.create(result_types=kinds, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self, _USE)
        printer.print_string(f" @{self.fifo_name}({self.port.name}, {self.size}) : ")
        printer.print_list([result.type for result in self.results], printer.print_attribute)


@irdl_op_definition
class ObjectFifoReleaseOp(_FifoUseOp):
    """`aie.objectfifo.release @n(Consume, 1)`."""

    name = "aie.objectfifo.release"

    @classmethod
    def parse(cls, parser: Parser) -> ObjectFifoReleaseOp:
        attributes = parser.parse_optional_attr_dict()
        properties = _parse_use(parser)
        return cls.create(properties=properties, attributes=attributes | parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self, _USE)
        printer.print_string(f" @{self.fifo_name}({self.port.name}, {self.size})")


@irdl_op_definition
class SubviewAccessOp(IRDLOperation):
    """`%m = aie.objectfifo.subview.access %s[0] : !aie.objectfifosubview<T> -> T`: one object of an acquire."""

    name = "aie.objectfifo.subview.access"
    subview_operand = operand_def(ObjectFifoSubviewType)
    index_attr = prop_def(IntegerAttr, prop_name="index")
    output = result_def(MemRefType)

    @property
    def acquire(self) -> ObjectFifoAcquireOp | None:
        """The acquire that yields the objects."""
        owner = self._operands[0].owner
        return owner if isinstance(owner, ObjectFifoAcquireOp) else None

    @property
    def index(self) -> int:
        """Which of the objects, oldest first."""
        return int_of(self.properties["index"])

    @classmethod
    def parse(cls, parser: Parser) -> SubviewAccessOp:
        subview = parser.parse_unresolved_operand()
        with parser.in_square_brackets():
            index = i32_attr(parser.parse_integer())
        properties: Attributes = {"index": index}
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        operand = parser.resolve_operand(subview, parser.parse_type())
        parser.parse_punctuation("->")
        result = parser.parse_type()
        return cls.create(operands=[operand], result_types=[result], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(f"[{self.index}]")
        print_attr_dict(printer, self, ("index",))
        print_type(printer, self._operands[0].type)
        printer.print_string(" -> ")
        printer.print_attribute(self.results[0].type)
