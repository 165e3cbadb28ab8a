"""The fixed parts of a design: device, tiles, cores, buffers, locks, and the circuits between tiles (`aie` dialect)."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, MemRefType, StringAttr, SymbolNameConstraint
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, IsTerminator, NoTerminator, OptionalSymbolOpInterface, Pure, SymbolTable

from aiebuild.dialect.assembly import (
    INDEX,
    Attributes,
    parse_attr_dict,
    parse_elements,
    parse_enum,
    parse_i32,
    parse_index,
    print_attr_dict,
    print_elements,
    print_type,
)
from aiebuild.dialect.attributes import (
    DEVICES,
    TileKind,
    i32_attr,
    int_of,
    memref_of,
    optional_int,
    str_of,
)


@irdl_op_definition
class EndOp(IRDLOperation):
    """`aie.end`: ends the regions of `aie` and `aiex` operations."""

    name = "aie.end"
    traits = traits_def(IsTerminator())

    @classmethod
    def parse(cls, parser: Parser) -> EndOp:
        return cls.create(attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self)


_RENAMED = {"npu1_4col": "npu1"}
"""Names of devices until June 2025."""


@irdl_op_definition
class DeviceOp(IRDLOperation):
    """`aie.device(npu1) @name { ... }`."""

    name = "aie.device"
    device_attr = prop_def(IntegerAttr, prop_name="device")
    sym_name_attr = opt_prop_def(SymbolNameConstraint(), prop_name="sym_name")
    body = region_def()
    traits = traits_def(IsolatedFromAbove(), SymbolTable(), NoTerminator(), OptionalSymbolOpInterface())

    @property
    def device(self) -> str:
        """The device's name: `npu1`, `npu2_4col`, ..."""
        return DEVICES[int_of(self.properties["device"])]

    @property
    def symbol(self) -> str:
        """The name of this configuration; `main` when none is written."""
        return str_of(self.properties.get("sym_name")) or "main"

    @classmethod
    def parse(cls, parser: Parser) -> DeviceOp:
        parser.parse_punctuation("(")
        position = parser.pos
        name = parser.parse_identifier()
        name = _RENAMED.get(name, name)
        if name not in DEVICES:
            parser.raise_error(f"unknown device `{name}`", position)
        parser.parse_punctuation(")")
        properties: Attributes = {"device": i32_attr(DEVICES.index(name))}
        if (symbol := parser.parse_optional_symbol_name()) is not None:
            properties["sym_name"] = symbol
        body = parser.parse_region()
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(properties=properties, attributes=attributes, regions=[body])

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.device}) ")
        if (symbol := str_of(self.properties.get("sym_name"))) is not None:
            printer.print_symbol_name(symbol)
            printer.print_string(" ")
        printer.print_region(self.body, print_empty_block=False)
        print_attr_dict(printer, self, ("device", "sym_name"))


@irdl_op_definition
class TileOp(IRDLOperation):
    """`%t = aie.tile(col, row)`."""

    name = "aie.tile"
    col_attr = prop_def(IntegerAttr, prop_name="col")
    row_attr = prop_def(IntegerAttr, prop_name="row")
    allocation_scheme = opt_prop_def(StringAttr)
    result = result_def(IndexType())
    traits = traits_def(Pure())

    @property
    def col(self) -> int:
        """The column, from 0 in the west."""
        return int_of(self.properties["col"])

    @property
    def row(self) -> int:
        """The row: 0 shim, 1 memory tiles, 2 and up cores on the NPUs."""
        return int_of(self.properties["row"])

    @property
    def coordinates(self) -> tuple[int, int]:
        """(column, row)."""
        return self.col, self.row

    @classmethod
    def parse(cls, parser: Parser) -> TileOp:
        parser.parse_punctuation("(")
        col = parse_i32(parser)
        parser.parse_punctuation(",")
        row = parse_i32(parser)
        parser.parse_punctuation(")")
        properties: Attributes = {"col": col, "row": row}
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(result_types=[INDEX], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(f"({self.col}, {self.row})")
        print_attr_dict(printer, self, ("col", "row"))


@irdl_op_definition
class LogicalTileOp(IRDLOperation):
    """`%t = aie.logical_tile<CoreTile>(?, ?)`: a tile that placement chooses."""

    name = "aie.logical_tile"
    tile_type = prop_def(IntegerAttr)
    col_attr = opt_prop_def(IntegerAttr, prop_name="col")
    row_attr = opt_prop_def(IntegerAttr, prop_name="row")
    allocation_scheme = opt_prop_def(StringAttr)
    result = result_def(IndexType())
    traits = traits_def(Pure())

    @property
    def kind(self) -> TileKind:
        """The kind of tile asked for."""
        return TileKind(int_of(self.tile_type))

    @classmethod
    def parse(cls, parser: Parser) -> LogicalTileOp:
        properties: Attributes = {}
        with parser.in_angle_brackets():
            properties["tile_type"] = parse_enum(parser, TileKind)
        parser.parse_punctuation("(")
        for name in ("col", "row"):
            if name == "row":
                parser.parse_punctuation(",")
            if parser.parse_optional_punctuation("?") is None:
                properties[name] = i32_attr(parser.parse_integer())
        parser.parse_punctuation(")")
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(result_types=[INDEX], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        where = ["?" if (at := optional_int(self.properties.get(name))) is None else str(at) for name in ("col", "row")]
        printer.print_string(f"<{self.kind.name}>({where[0]}, {where[1]})")
        print_attr_dict(printer, self, ("tile_type", "col", "row"))


def tile_of(value: SSAValue) -> TileOp | None:
    """The tile that an `index` value stands for; None for a logical tile or a value that is no tile."""
    owner = value.owner
    return owner if isinstance(owner, TileOp) else None


class OnTileOp(IRDLOperation):
    """An operation whose first operand is a tile."""

    @property
    def tile_value(self) -> SSAValue:
        """The operand that names the tile."""
        return self._operands[0]

    @property
    def tile(self) -> TileOp | None:
        """The tile this stands on or belongs to; None when it is still to be placed."""
        return tile_of(self._operands[0])


class _TileRegionOp(OnTileOp):
    """`aie.x(%tile) { ... } {attributes}`: core, mem, memtile_dma, shim_dma."""

    tile_operand = operand_def(IndexType())
    body = region_def()
    result = result_def(IndexType())

    @classmethod
    def parse(cls, parser: Parser) -> Operation:
        parser.parse_punctuation("(")
        tile = parse_index(parser)
        parser.parse_punctuation(")")
        body = parser.parse_region()
        properties: Attributes = {}
        attributes = parse_attr_dict(parser, cls, properties)
        return cls.create(
            operands=[tile], result_types=[INDEX], properties=properties, attributes=attributes, regions=[body]
        )

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(") ")
        printer.print_region(self.regions[0], print_empty_block=False)
        print_attr_dict(printer, self)


@irdl_op_definition
class CoreOp(_TileRegionOp):
    """`%c = aie.core(%tile) { ... aie.end } {stack_size = 1024 : i32}`."""

    name = "aie.core"
    stack_size_attr = opt_prop_def(IntegerAttr, prop_name="stack_size")
    link_with_attr = opt_prop_def(StringAttr, prop_name="link_with")
    link_files = opt_prop_def(Attribute)
    link_merge_files = opt_prop_def(Attribute)
    elf_file = opt_prop_def(StringAttr)
    dynamic_objfifo_lowering = opt_prop_def(Attribute)
    emit_parameter_sync_preamble = opt_prop_def(Attribute)

    DEFAULT_STACK: ClassVar[int] = 1024

    @property
    def stack_size(self) -> int:
        """Bytes of stack; 1,024 when none is written (`AIETargetModel::getDefaultCoreStackSize`)."""
        return int_of(self.properties.get("stack_size"), self.DEFAULT_STACK)

    @property
    def link_with(self) -> str | None:
        """The object file named by the older form; newer designs name it on `func.func`."""
        return str_of(self.properties.get("link_with"))


@irdl_op_definition
class MemOp(_TileRegionOp):
    """`%m = aie.mem(%tile) { ... }`: the DMA program of a core tile."""

    name = "aie.mem"


@irdl_op_definition
class MemTileDmaOp(_TileRegionOp):
    """`%m = aie.memtile_dma(%tile) { ... }`: the DMA program of a memory tile."""

    name = "aie.memtile_dma"


@irdl_op_definition
class ShimDmaOp(_TileRegionOp):
    """`%m = aie.shim_dma(%tile) { ... }`: a fixed DMA program of a shim tile."""

    name = "aie.shim_dma"


@irdl_op_definition
class BufferOp(OnTileOp):
    """`%b = aie.buffer(%tile) {sym_name = "b", address = 1024 : i32} : memref<64xi32> = dense<0>`."""

    name = "aie.buffer"
    tile_operand = operand_def(IndexType())
    sym_name_attr = opt_prop_def(StringAttr, prop_name="sym_name")
    address_attr = opt_prop_def(IntegerAttr, prop_name="address")
    initial_value = opt_prop_def(Attribute)
    mem_bank = opt_prop_def(IntegerAttr)
    aligned = opt_prop_def(Attribute)
    buffer = result_def(MemRefType)

    @property
    def symbol(self) -> str | None:
        """The buffer's name, if it has one."""
        return str_of(self.properties.get("sym_name"))

    @property
    def address(self) -> int | None:
        """The byte address within the tile, where it is fixed."""
        return optional_int(self.properties.get("address"))

    @property
    def type(self) -> MemRefType[Attribute]:
        """The buffer's type."""
        kind = memref_of(self.results[0].type)
        if kind is None:
            raise TypeError(f"buffer of type {self.results[0].type}")
        return kind

    @classmethod
    def parse(cls, parser: Parser) -> BufferOp:
        parser.parse_punctuation("(")
        tile = parse_index(parser)
        parser.parse_punctuation(")")
        properties: Attributes = {}
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        position = parser.pos
        kind = memref_of(parser.parse_type())
        if kind is None:
            parser.raise_error("expected a memref", position)
        if parser.parse_optional_punctuation("=") is not None:
            properties["initial_value"] = parse_elements(parser, kind)
        return cls.create(operands=[tile], result_types=[kind], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string("(")
        printer.print_ssa_value(self.operands[0])
        printer.print_string(")")
        print_attr_dict(printer, self, ("initial_value",))
        print_type(printer, self.results[0].type)
        if (initial := self.properties.get("initial_value")) is not None:
            printer.print_string(" = ")
            print_elements(printer, initial)


@irdl_op_definition
class ExternalBufferOp(IRDLOperation):
    """`%b = aie.external_buffer {sym_name = "b"} : memref<64xi32>`: memory outside the array."""

    name = "aie.external_buffer"
    sym_name_attr = opt_prop_def(StringAttr, prop_name="sym_name")
    address = opt_prop_def(IntegerAttr)
    buffer = result_def(MemRefType)

    @property
    def symbol(self) -> str | None:
        """The buffer's name, if it has one."""
        return str_of(self.properties.get("sym_name"))

    @classmethod
    def parse(cls, parser: Parser) -> ExternalBufferOp:
        properties: Attributes = {}
        attributes = parse_attr_dict(parser, cls, properties)
        parser.parse_punctuation(":")
        return cls.create(result_types=[parser.parse_type()], properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        print_attr_dict(printer, self)
        print_type(printer, self.results[0].type)
