"""Objectfifos: queues of objects between tiles, their links and where they are kept (`aie` dialect)."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    MemRefType,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SymbolOpInterface

from aiebuild.dialect.assembly import (
    Attributes,
    parse_attr_dict,
    parse_elements,
    parse_i32,
    parse_index,
    parse_symbol,
    print_attr_dict,
    print_elements,
    print_type,
    symbol_text,
)
from aiebuild.dialect.attributes import (
    DIM_FIELDS,
    DimLayoutArray,
    DimLayoutArrayArray,
    ObjectFifoType,
    PadLayoutArray,
    Pairs,
    bool_of,
    entries_of,
    int_of,
    optional_int,
    parse_pairs,
    print_pairs,
    str_of,
)
from aiebuild.dialect.structure import OnTileOp, TileOp, tile_of


@irdl_op_definition
class ObjectFifoOp(IRDLOperation):
    """`aie.objectfifo @n(%p dimensionsToStream [...], {%c dimensionsFromStream [...]}, 2 : i32) {...} : T = [...]`."""

    name = "aie.objectfifo"
    sym_name_attr = prop_def(SymbolNameConstraint(), prop_name="sym_name")
    producer_operand = operand_def(IndexType())
    consumer_operands = var_operand_def(IndexType())
    elem_number = prop_def(Attribute, prop_name="elemNumber")
    elem_type_attr = prop_def(ObjectFifoType, prop_name="elemType")
    consumer_elem_type_attr = opt_prop_def(ObjectFifoType, prop_name="consumerElemType")
    dimensions_to_stream = prop_def(DimLayoutArray, prop_name="dimensionsToStream")
    dimensions_from_stream = prop_def(DimLayoutArrayArray, prop_name="dimensionsFromStreamPerConsumer")
    via_dma_attr = opt_prop_def(IntegerAttr, prop_name="via_DMA")
    plio_attr = opt_prop_def(IntegerAttr, prop_name="plio")
    disable_synchronization_attr = opt_prop_def(IntegerAttr, prop_name="disable_synchronization")
    repeat_count_attr = opt_prop_def(IntegerAttr, prop_name="repeat_count")
    aie_stream = opt_prop_def(IntegerAttr)
    aie_stream_port = opt_prop_def(IntegerAttr)
    prod_dma_channel_attr = opt_prop_def(IntegerAttr, prop_name="prod_dma_channel")
    cons_dma_channels_attr = opt_prop_def(DenseArrayBase, prop_name="cons_dma_channels")
    init_values_attr = opt_prop_def(ArrayAttr, prop_name="initValues")
    pad_dimensions = opt_prop_def(PadLayoutArray, prop_name="padDimensions")
    pad_value_attr = opt_prop_def(IntegerAttr, prop_name="padValue")
    iter_count_attr = opt_prop_def(IntegerAttr, prop_name="iter_count")
    traits = traits_def(SymbolOpInterface())

    @property
    def symbol(self) -> str:
        """The queue's name."""
        return str_of(self.properties["sym_name"]) or ""

    @property
    def producer_value(self) -> SSAValue:
        """The value of the producer's tile."""
        return self._operands[0]

    @property
    def consumer_values(self) -> tuple[SSAValue, ...]:
        """The values of the consumers' tiles."""
        return tuple(self._operands[1:])

    @property
    def producer(self) -> TileOp | None:
        """The producer's tile; None when it is still to be placed."""
        return tile_of(self._operands[0])

    @property
    def consumers(self) -> tuple[TileOp | None, ...]:
        """The consumers' tiles."""
        return tuple(tile_of(value) for value in self._operands[1:])

    @property
    def depths(self) -> tuple[int, ...]:
        """The depths as written: one for all, or the producer's and then each consumer's."""
        number = self.properties["elemNumber"]
        return tuple(int_of(entry) for entry in entries_of(number)) or (int_of(number),)

    def depth(self, endpoint: int) -> int:
        """The depth at endpoint 0 (the producer) or 1, 2, ... (the consumers)."""
        depths = self.depths
        return depths[endpoint if len(depths) > 1 else 0]

    @property
    def object_type(self) -> MemRefType[Attribute]:
        """The type of an object on the producer's side."""
        return _object_type(self.properties["elemType"])

    @property
    def consumer_object_type(self) -> MemRefType[Attribute]:
        """The type of an object on the consumers' side."""
        return _object_type(self.properties.get("consumerElemType") or self.properties["elemType"])

    @property
    def to_stream(self) -> Pairs:
        """(size, stride) of the producer's reading, outermost first; empty when it is linear."""
        dims = self.properties["dimensionsToStream"]
        return dims.data if isinstance(dims, DimLayoutArray) else ()

    @property
    def from_stream(self) -> tuple[Pairs, ...]:
        """For each consumer the (size, stride) of its writing, outermost first; empty when it is linear."""
        dims = self.properties["dimensionsFromStreamPerConsumer"]
        return dims.data if isinstance(dims, DimLayoutArrayArray) else ()

    @property
    def via_dma(self) -> bool:
        """Whether neighbours use DMAs although they share memory."""
        return bool_of(self.properties.get("via_DMA"))

    @property
    def plio(self) -> bool:
        """Whether the shim end goes to the programmable logic."""
        return bool_of(self.properties.get("plio"))

    @property
    def disable_synchronization(self) -> bool:
        """Whether no locks are made."""
        return bool_of(self.properties.get("disable_synchronization"))

    @property
    def repeat_count(self) -> int | None:
        """How often each object is sent; None when not written (once)."""
        return optional_int(self.properties.get("repeat_count"))

    @property
    def iter_count(self) -> int | None:
        """How often the chain of descriptors runs; None when not written (for ever)."""
        return optional_int(self.properties.get("iter_count"))

    @property
    def producer_channel(self) -> int | None:
        """The producer's DMA channel, where it is pinned."""
        return optional_int(self.properties.get("prod_dma_channel"))

    @property
    def consumer_channels(self) -> tuple[int | None, ...]:
        """Each consumer's DMA channel, where it is pinned."""
        pinned = self.properties.get("cons_dma_channels")
        if not isinstance(pinned, DenseArrayBase):
            return (None,) * (len(self._operands) - 1)
        return tuple(None if value < 0 else int(value) for value in pinned.get_values())

    @property
    def pad(self) -> Pairs:
        """(before, after) for each dimension in elements; empty when nothing is padded."""
        pad = self.properties.get("padDimensions")
        return pad.data if isinstance(pad, PadLayoutArray) else ()

    @property
    def pad_value(self) -> int:
        """The 32-bit word put in where an object is padded."""
        return int_of(self.properties.get("padValue"))

    @property
    def init_values(self) -> tuple[Attribute, ...]:
        """The first contents of the objects (elements attributes); empty when none are written."""
        return entries_of(self.properties.get("initValues"))

    @classmethod
    def parse(cls, parser: Parser) -> ObjectFifoOp:
        properties: Attributes = {"sym_name": parser.parse_symbol_name()}
        parser.parse_punctuation("(")
        operands = [parse_index(parser)]
        properties["dimensionsToStream"] = DimLayoutArray(_parse_dims(parser, "dimensionsToStream"))
        parser.parse_punctuation(",")
        parser.parse_punctuation("{")
        from_stream: list[Pairs] = []
        while True:
            operands.append(parse_index(parser))
            from_stream.append(_parse_dims(parser, "dimensionsFromStream"))
            if parser.parse_optional_punctuation(",") is None:
                break
        parser.parse_punctuation("}")
        properties["dimensionsFromStreamPerConsumer"] = DimLayoutArrayArray(tuple(from_stream))
        parser.parse_punctuation(",")
        properties["elemNumber"] = _parse_depths(parser, len(operands))
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        kind = _parse_fifo_type(parser)
        properties["elemType"] = kind
        if parser.parse_optional_punctuation("->") is not None:
            properties["consumerElemType"] = _parse_fifo_type(parser)
        if parser.parse_optional_punctuation("=") is not None:
            square = parser.Delimiter.SQUARE
            values = parser.parse_comma_separated_list(square, lambda: parse_elements(parser, kind.element))
            properties["initValues"] = ArrayAttr(values)
        return cls.create(operands=operands, properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.symbol)
        printer.print_string("(")
        printer.print_ssa_value(self._operands[0])
        _print_dims(printer, "dimensionsToStream", self.to_stream)
        printer.print_string(", {")
        for position, (tile, dims) in enumerate(zip(self._operands[1:], self.from_stream, strict=True)):
            if position:
                printer.print_string(", ")
            printer.print_ssa_value(tile)
            _print_dims(printer, "dimensionsFromStream", dims)
        printer.print_string("}, ")
        depths = self.depths
        array = isinstance(self.properties["elemNumber"], ArrayAttr)
        printer.print_string(f"[{', '.join(map(str, depths))}]" if array else f"{depths[0]} : i32")
        printer.print_string(")")
        hidden = ("sym_name", "dimensionsToStream", "dimensionsFromStreamPerConsumer", "elemNumber", "elemType")
        print_attr_dict(printer, self, (*hidden, "consumerElemType", "initValues"))
        print_type(printer, self.properties["elemType"])
        if (consumer := self.properties.get("consumerElemType")) is not None:
            printer.print_string(" -> ")
            printer.print_attribute(consumer)
        if values := self.init_values:
            printer.print_string(" = [")
            for position, value in enumerate(values):
                if position:
                    printer.print_string(", ")
                print_elements(printer, value)
                print_type(printer, self.object_type)
            printer.print_string("]")


def _object_type(attr: Attribute) -> MemRefType[Attribute]:
    if not isinstance(attr, ObjectFifoType):
        raise TypeError(f"objectfifo of type {attr}")
    return attr.element


def _parse_fifo_type(parser: Parser) -> ObjectFifoType:
    position = parser.pos
    kind: TypeAttribute = parser.parse_type()
    if not isinstance(kind, ObjectFifoType):
        parser.raise_error(f"expected !aie.objectfifo<memref<...>>, found {kind}", position)
    return kind


def _parse_dims(parser: Parser, keyword: str) -> Pairs:
    if parser.parse_optional_keyword(keyword) is None:
        return ()
    return parse_pairs(parser, DIM_FIELDS)


def _print_dims(printer: Printer, keyword: str, dims: Pairs) -> None:
    if dims:
        printer.print_string(f" {keyword} ")
        print_pairs(printer, DIM_FIELDS, dims)


def _parse_depths(parser: Parser, endpoints: int) -> Attribute:
    position = parser.pos
    entries = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_i32(parser))
    if entries is None:
        return parse_i32(parser)
    if len(entries) != endpoints:
        parser.raise_error(f"{len(entries)} depths for {endpoints} endpoints", position)
    return ArrayAttr(entries)


@irdl_op_definition
class ObjectFifoLinkOp(IRDLOperation):
    """`aie.objectfifo.link [@a] -> [@b, @c] ([] [0, 512])`: queues that share a tile's memory.

    Several on the left join, with their offsets in the first list; several on the right distribute, with theirs in the
    second. Offsets are in elements of the larger object.
    """

    name = "aie.objectfifo.link"
    fifo_ins = prop_def(ArrayAttr, prop_name="fifoIns")
    fifo_outs = prop_def(ArrayAttr, prop_name="fifoOuts")
    src_offsets_attr = prop_def(ArrayAttr, prop_name="src_offsets")
    dst_offsets_attr = prop_def(ArrayAttr, prop_name="dst_offsets")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the queues that come in."""
        return _names(self.properties["fifoIns"])

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the queues that go out."""
        return _names(self.properties["fifoOuts"])

    @property
    def src_offsets(self) -> tuple[int, ...]:
        """Where each incoming object lies in the outgoing one; empty unless this joins."""
        return _integers(self.properties["src_offsets"])

    @property
    def dst_offsets(self) -> tuple[int, ...]:
        """Where each outgoing object lies in the incoming one; empty unless this distributes."""
        return _integers(self.properties["dst_offsets"])

    @property
    def is_join(self) -> bool:
        """Several in, one out."""
        return len(self.inputs) > 1

    @property
    def is_distribute(self) -> bool:
        """One in, several out."""
        return len(self.outputs) > 1

    @classmethod
    def parse(cls, parser: Parser) -> ObjectFifoLinkOp:
        ins = _parse_symbols(parser)
        parser.parse_punctuation("->")
        outs = _parse_symbols(parser)
        with parser.in_parens():
            sources = _parse_offsets(parser)
            destinations = _parse_offsets(parser)
        properties: Attributes = {
            "fifoIns": ins,
            "fifoOuts": outs,
            "src_offsets": sources,
            "dst_offsets": destinations,
        }
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        sides = [", ".join(f"@{name}" for name in names) for names in (self.inputs, self.outputs)]
        offsets = [", ".join(map(str, values)) for values in (self.src_offsets, self.dst_offsets)]
        printer.print_string(f" [{sides[0]}] -> [{sides[1]}]([{offsets[0]}] [{offsets[1]}])")
        print_attr_dict(printer, self, ("fifoIns", "fifoOuts", "src_offsets", "dst_offsets"))


def _parse_symbols(parser: Parser) -> ArrayAttr[Attribute]:
    return ArrayAttr(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_symbol(parser)))


def _parse_offsets(parser: Parser) -> ArrayAttr[Attribute]:
    """Parse the optional `[0, 512]`; older text leaves both lists out."""
    offsets = parser.parse_optional_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_i32(parser))
    return ArrayAttr(offsets or [])


def _names(attr: Attribute) -> tuple[str, ...]:
    return tuple(symbol_text(entry) for entry in entries_of(attr))


def _integers(attr: Attribute) -> tuple[int, ...]:
    return tuple(int_of(entry) for entry in entries_of(attr))


@irdl_op_definition
class ObjectFifoAllocateOp(OnTileOp):
    """`aie.objectfifo.allocate @n(%tile)`: puts the objects into that tile's memory."""

    name = "aie.objectfifo.allocate"
    objfifo_name = prop_def(SymbolRefAttr, prop_name="objFifo_name")
    delegate_operand = operand_def(IndexType())

    @property
    def fifo_name(self) -> str:
        """The queue's name."""
        return symbol_text(self.properties["objFifo_name"])

    @classmethod
    def parse(cls, parser: Parser) -> ObjectFifoAllocateOp:
        properties: Attributes = {"objFifo_name": parse_symbol(parser)}
        with parser.in_parens():
            tile = parse_index(parser)
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(operands=[tile], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f" @{self.fifo_name}(")
        printer.print_ssa_value(self._operands[0])
        printer.print_string(")")
        print_attr_dict(printer, self, ("objFifo_name",))
