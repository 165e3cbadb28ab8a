"""A device's parts by kind, gathered in one walk over its top level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType, MemRefType, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue

from aiebuild.check.violation import Violation
from aiebuild.dialect import location
from aiebuild.dialect.attributes import BlockFloatType
from aiebuild.dialect.circuits import FlowOp, LockOp, ShimDmaAllocationOp
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.sequence import RuntimeSequenceOp
from aiebuild.dialect.structure import BufferOp, CoreOp, DeviceOp, MemOp, MemTileDmaOp, ShimDmaOp, TileOp, tile_of
from aiebuild.target import Target

T = TypeVar("T", bound=Operation)
Coordinates = tuple[int, int]
DmaProgram = MemOp | MemTileDmaOp | ShimDmaOp


@dataclass
class Design:
    """One `aie.device`: its operations by kind, and the violations found so far."""

    device: DeviceOp
    target: Target
    tiles: list[TileOp] = field(default_factory=list[TileOp])
    cores: list[CoreOp] = field(default_factory=list[CoreOp])
    programs: list[DmaProgram] = field(default_factory=list[DmaProgram])
    buffers: list[BufferOp] = field(default_factory=list[BufferOp])
    locks: list[LockOp] = field(default_factory=list[LockOp])
    flows: list[FlowOp] = field(default_factory=list[FlowOp])
    fifos: dict[str, ObjectFifoOp] = field(default_factory=dict[str, ObjectFifoOp])
    links: list[ObjectFifoLinkOp] = field(default_factory=list[ObjectFifoLinkOp])
    delegates: dict[str, ObjectFifoAllocateOp] = field(default_factory=dict[str, ObjectFifoAllocateOp])
    allocations: dict[str, ShimDmaAllocationOp] = field(default_factory=dict[str, ShimDmaAllocationOp])
    functions: dict[str, FuncOp] = field(default_factory=dict[str, FuncOp])
    sequences: list[RuntimeSequenceOp] = field(default_factory=list[RuntimeSequenceOp])
    violations: list[Violation] = field(default_factory=list[Violation])
    meetings: dict[ObjectFifoLinkOp, Coordinates | None] = field(
        default_factory=dict[ObjectFifoLinkOp, Coordinates | None]
    )
    """The tile of each link, as far as it was looked up."""
    _noted: set[Violation] = field(default_factory=set[Violation])

    def report(self, rule: str, op: Operation, tile: Coordinates | None, message: str, hint: str = "") -> None:
        """Note a violation at `op`, once."""
        violation = Violation(rule, location(op), tile_text(tile), message, hint)
        if violation not in self._noted:
            self._noted.add(violation)
            self.violations.append(violation)


def tile_text(tile: Coordinates | None) -> str:
    """`tile (1,2)`, or nothing."""
    return "" if tile is None else f"tile ({tile[0]},{tile[1]})"


def at(value: SSAValue) -> Coordinates | None:
    """The coordinates of the tile a value stands for; None when it is still to be placed."""
    tile = tile_of(value)
    return None if tile is None else tile.coordinates


def devices(module: ModuleOp) -> Iterator[DeviceOp]:
    """The devices of a module."""
    for op in module.body.block.ops:
        if isinstance(op, DeviceOp):
            yield op


def gather(device: DeviceOp, target: Target) -> Design:
    """Sort a device's operations by kind."""
    design = Design(device, target)
    lists: dict[type[Operation], list[Operation]] = {}
    for op in device.body.ops if device.body.blocks else ():
        lists.setdefault(type(op), []).append(op)

    def of(*kinds: type[T]) -> Iterable[T]:
        return [op for kind in kinds for op in lists.get(kind, []) if isinstance(op, kind)]

    design.tiles.extend(of(TileOp))
    design.cores.extend(of(CoreOp))
    design.programs.extend(of(MemOp))
    design.programs.extend(of(MemTileDmaOp))
    design.programs.extend(of(ShimDmaOp))
    design.buffers.extend(of(BufferOp))
    design.locks.extend(of(LockOp))
    design.flows.extend(of(FlowOp))
    design.links.extend(of(ObjectFifoLinkOp))
    design.sequences.extend(of(RuntimeSequenceOp))
    design.functions.update({op.sym_name.data: op for op in of(FuncOp)})
    design.fifos.update({fifo.symbol: fifo for fifo in of(ObjectFifoOp)})
    design.delegates.update({op.fifo_name: op for op in of(ObjectFifoAllocateOp)})
    design.allocations.update({op.symbol: op for op in of(ShimDmaAllocationOp)})
    for program in (*design.programs, *design.cores):  # buffers and locks may also stand inside these
        for op in program.body.walk():
            if isinstance(op, BufferOp):
                design.buffers.append(op)
            elif isinstance(op, LockOp):
                design.locks.append(op)
    return design


def element_bits(kind: Attribute) -> int:
    """Bits of one element of a memref; block floating point counts a whole block.

    Raises ValueError for a type without a known width.
    """
    if isinstance(kind, IntegerType):
        return kind.bitwidth
    if isinstance(kind, AnyFloat):
        return kind.bitwidth
    if isinstance(kind, IndexType):
        return 32
    if isinstance(kind, BlockFloatType):
        blocks = {"v8bfp16ebs8": 72, "v16bfp16ebs16": 136}
        if kind.data in blocks:
            return blocks[kind.data]
    raise ValueError(f"elements of {kind} have no known width")


def elements(kind: MemRefType[Attribute]) -> int:
    """The number of elements of a memref of static shape."""
    count = 1
    for extent in kind.get_shape():
        count *= extent
    return count


def size_bytes(kind: MemRefType[Attribute]) -> int:
    """The bytes of a memref of static shape."""
    return elements(kind) * element_bits(kind.element_type) // 8
