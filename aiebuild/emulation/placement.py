"""Places for logical tiles: where a design leaves them open, any will do for what it computes.

mlir-aie's own placement also minds distances. Here cores are taken column by column from the west, shim and memory
tiles by the DMA channels that objectfifos need there.
"""

from __future__ import annotations

from xdsl.ir import Operation

from aiebuild.dialect import DesignError, location
from aiebuild.dialect.assembly import INDEX
from aiebuild.dialect.attributes import TileKind, i32_attr, optional_int
from aiebuild.dialect.objectfifo import ObjectFifoOp
from aiebuild.dialect.structure import DeviceOp, LogicalTileOp, TileOp
from aiebuild.target import load_target

Coordinates = tuple[int, int]


def place_tiles(device: DeviceOp) -> None:
    """Puts an `aie.tile` in place of every `aie.logical_tile`. Raises DesignError when the array has no room."""
    logical = [op for op in device.body.block.ops if isinstance(op, LogicalTileOp)]
    if logical:
        _Placer(device).place(logical)


class _Placer:
    def __init__(self, device: DeviceOp) -> None:
        self.device = device
        self.target = load_target(device.device)
        self.tiles = {op.coordinates: op for op in device.body.block.ops if isinstance(op, TileOp)}
        self.used: dict[tuple[Coordinates, bool], int] = {}
        for tile in self.tiles.values():
            self._count(tile, tile.coordinates)

    def place(self, logical: list[LogicalTileOp]) -> None:
        fixed = [op for op in logical if self._written(op) == (True, True)]
        for op in [*fixed, *(op for op in logical if op not in fixed)]:
            where = self._find(op)
            self._count(op, where)
            if where not in self.tiles:
                properties = {"col": i32_attr(where[0]), "row": i32_attr(where[1])}
                tile = TileOp.create(result_types=[INDEX], properties=properties, attributes=dict(op.attributes))
                tile.location = op.location
                first = self.device.body.block.first_op
                assert first is not None
                self.device.body.block.insert_op_before(tile, first)
                self.tiles[where] = tile
            op.results[0].replace_all_uses_with(self.tiles[where].results[0])
            op.detach()

    def _written(self, op: LogicalTileOp) -> tuple[bool, bool]:
        return "col" in op.properties, "row" in op.properties

    def _find(self, op: LogicalTileOp) -> Coordinates:
        column, row = (optional_int(op.properties.get(name)) for name in ("col", "row"))
        rows = {
            TileKind.CoreTile: range(self.target.first_core_row, self.target.rows),
            TileKind.MemTile: range(1, self.target.first_core_row),
        }.get(op.kind, range(1))
        for c in range(self.target.columns) if column is None else (column,):
            for r in rows if row is None else (row,):
                if self._fits(op, (c, r)):
                    return c, r
        raise DesignError(f"{location(op)}: no place for this tile in {self.device.device}")

    def _fits(self, op: LogicalTileOp, where: Coordinates) -> bool:
        if op.kind is TileKind.CoreTile:
            return where not in self.tiles
        dma = self.target.dma(where[1])
        sends, receives = _ends(op)
        return (
            self.used.get((where, True), 0) + sends <= dma.mm2s_channels
            and self.used.get((where, False), 0) + receives <= dma.s2mm_channels
        )

    def _count(self, op: Operation, where: Coordinates) -> None:
        for out, number in zip((True, False), _ends(op), strict=True):
            self.used[(where, out)] = self.used.get((where, out), 0) + number


def _ends(op: Operation) -> tuple[int, int]:
    """How many objectfifos begin and how many end at a tile."""
    sends = receives = 0
    for use in op.results[0].uses:
        if isinstance(use.operation, ObjectFifoOp):
            sends, receives = (sends + 1, receives) if use.index == 0 else (sends, receives + 1)
    return sends, receives
