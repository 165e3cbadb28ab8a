"""The operations of a decoder dispatch as DMA transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from aiebuild.designs.decoder_commands import load_pieces
from aiebuild.designs.decoder_dispatches import Attending, Dispatch, attending
from aiebuild.designs.decoder_log import Log, LogRows
from aiebuild.designs.decoder_plan import ARENA, KEYS, LOG, LOG_AT, WEIGHTS, ArenaPlan, DecoderPlan, plan_arena
from aiebuild.designs.decoder_products import Linear, Split, Variant, layer_products, logits_product, stored_tiles
from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_OBJECT,
    A_SLOT,
    B_OBJECT,
    B_RUN,
    BEST_ROWS,
    C_OBJECT,
    CROSS_OBJECTS,
    LOG_ROWS,
    UNITS,
    Rows,
)
from aiebuild.designs.encoder_plan import KV_OBJECT, KV_TILES, POSITIONS
from aiebuild.designs.grid import ROWS
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.pool import round_up
from aiebuild.designs.tasks import emit


@dataclass(frozen=True)
class Place:
    """Where rows lie: argument, offset of the first one, bytes from one to the next, column tiles that fit a row."""

    argument: int
    offset: int
    stride: int
    tiles: int


@dataclass(frozen=True)
class Decoder:
    """Builds the operations of a dispatch."""

    plan: DecoderPlan
    dispatch: Dispatch

    @property
    def _columns(self) -> int:
        return self.plan.shape.grid.columns

    @property
    def _outputs(self) -> tuple[str, ...]:
        return self.plan.shape.grid.channels("C")

    @cached_property
    def arena(self) -> ArenaPlan:
        """The dispatch's activations."""
        return plan_arena(self.plan, self.dispatch)

    @cached_property
    def rows(self) -> Rows:
        """A block's rows on the cores."""
        return self.dispatch.block(self.plan.shape)

    @cached_property
    def log(self) -> Log:
        """The log of keys and values."""
        return Log(self.plan.shape, self.dispatch.windows)

    # --- places ------------------------------------------------------------------------------------------------------

    def _area(self, name: str, first: int = 0) -> Place:
        stride = self.arena.strides[name]
        size = (2 if name == "query" else 4) * self.plan.shape.tile
        return Place(ARENA, self.arena.areas[name] + first * stride, stride, stride // size)

    def _weights_object(self, name: str) -> Transfer:
        return _objects(WEIGHTS, self.plan.weight_offsets[name])

    def _of_core(self, place: Place, rows: Rows, channel: int, *, piece: int = 0, pieces: int = 1) -> Transfer:
        """The rows of the cores on A channel `channel` as A objects: each row in `pieces` of `piece` bytes, an object
        read from each piece's beginning. Cores that have none of the block's read the first."""
        first = channel * rows.count if rows.slices > 1 and channel * rows.count < self.rows.total else 0
        return Transfer(
            place.argument, place.offset + first * place.stride, (rows.count, 1, pieces, A_OBJECT),
            (place.stride, 0, piece, 1),
        )  # fmt: skip

    # --- products ----------------------------------------------------------------------------------------------------

    def linear(
        self, linear: Linear, source: Place | None, destination: Place | LogRows | None, *,
        residual: Place | None = None, sampling: int | None = None, text: str = "", tiles: range | None = None,
    ) -> Operation:  # fmt: skip
        """The operation of a product of a block. `source`: None for attention parts. `destination`: None where a report
        gives out what there is to know; `sampling`: where its rows' tables and the suppressed tokens lie. `tiles`: the
        part of it, named `text`, with these column tiles, whole chunks."""
        s, plan, rows = self.plan.shape, self.plan, linear.rows(self.rows)
        split = Split.of(linear, rows)
        pieces = load_pieces(linear, split)
        head = self._weights_object(Variant.of(linear, self.rows, sampling is not None).name(linear))
        rounds: list[Round] = []
        stored = stored_tiles(s, linear)
        objects = linear.objects // split.parts
        tiles = tiles if tiles is not None else range(split.chunks * split.chunk_tiles)
        chunks = range(tiles[0] // split.chunk_tiles, tiles[-1] // split.chunk_tiles + 1)
        for chunk in chunks:
            for part in range(split.parts):
                todo: dict[str, tuple[Transfer, ...]] = {}
                for r in range(ROWS):
                    a: list[Transfer] = [head] if chunk == 0 and part == 0 else []
                    if split.parts > 1 or chunk == 0:
                        if source is None:
                            a += self._merged(r, linear.heads)
                        else:
                            width = linear.k // split.parts * 4
                            from_part = Place(source.argument, source.offset + part * width, source.stride, 0)
                            a.append(self._of_core(from_part, rows, r, piece=width // pieces, pieces=pieces))
                    if part == split.parts - 1:
                        a += self._side(linear, split, rows, chunk, r, residual, sampling)
                    todo[f"A{r}_in"] = tuple(a)
                for c in range(self._columns if split.parts > 1 or chunk == chunks[0] else 0):
                    # without parts the chunks' weights are one run
                    count = len(tiles) if split.parts == 1 else split.chunk_tiles
                    first = (
                        plan.weight_offsets[linear.name]
                        + ((c * stored + chunk * split.chunk_tiles) * linear.objects + part * objects) * B_OBJECT
                    )
                    todo[f"B{c}_in"] = (
                        Transfer(WEIGHTS, first, (1, count, 8 * objects, B_RUN),
                                 (0, linear.objects * B_OBJECT, B_RUN, 1), static=True),
                    )  # fmt: skip
                for c in range(self._columns if part == split.parts - 1 else 0):
                    if isinstance(destination, Place):
                        todo[f"C{c}_out"] = self._output(destination, linear, split, rows, chunk, c)
                    elif destination is not None and chunk == chunks[0]:
                        todo[f"C{c}_out"] = self.log.written(LOG_AT, destination, rows.count, split, tiles, c)
                rounds.append(Round(todo))
        return Operation(
            text or linear.name, tuple(rounds), self._outputs if destination is not None else (),
            self.rows.total * linear.k * linear.n,
            4 * -(-rows.count // 2) * (min(ROWS, self.rows.total) if rows.slices > 1 else 1) * len(tiles) * linear.tile
            * linear.k,
        )  # fmt: skip

    def _merged(self, channel: int, heads: int) -> list[Transfer]:
        """Attention parts of the rows of A channel `channel`, by `heads` heads, eight an object."""
        s, rows = self.plan.shape, self.rows
        first = channel * rows.count if rows.slices > 1 else 0
        row = self._row_parts(s.log_groups if heads > 1 else s.groups)
        units = s.heads // heads
        return [
            Transfer(
                ARENA, self.arena.areas["parts"] + first * row,
                (round_up(units, 2) if rows.count == 1 else units, rows.count, ROWS, A_SLOT),
                (ROWS * C_OBJECT, row, C_OBJECT, 1),
            )
        ]  # fmt: skip

    def _row_parts(self, groups: int) -> int:
        """Bytes of a row's attention parts: C objects [group of heads][column][row of cores]."""
        return groups * self._columns * ROWS * C_OBJECT

    def _side(
        self, linear: Linear, split: Split, rows: Rows, chunk: int, channel: int, residual: Place | None,
        sampling: int | None,
    ) -> list[Transfer]:  # fmt: skip
        side: list[Transfer] = []
        if linear.bits == 4:  # with weights of eight bits the bias comes with them
            bias = self.plan.weight_offsets[linear.name + ".bias"] + chunk * split.chunk_tiles * linear.tile * 4
            side.append(_objects(WEIGHTS, bias, split.side_pieces, A_FLOATS * 4))
        if sampling is not None:
            side.append(_objects(ARENA, sampling + chunk * A_OBJECT))
        if residual is not None:
            side.append(self._of_core(residual, rows, channel, piece=A_FLOATS * 4, pieces=split.side_pieces))
        return side

    def _output(self, to: Place, linear: Linear, split: Split, rows: Rows, chunk: int, c: int) -> tuple[Transfer, ...]:
        """A column's C objects of a chunk: of each row of cores pieces of rows, tile by tile."""
        unit = 64 if linear.bf16 else 128
        tile_bytes = linear.tile * unit // 32
        base = to.offset + chunk * split.chunk_tiles * tile_bytes + c * 4 * unit
        run = unit * rows.slices
        core = unit if rows.slices == 1 else rows.count * to.stride
        units = 2 * UNITS if linear.bf16 else UNITS
        if rows.units > units:  # a tile takes several objects
            at_once = units // rows.slices
            if at_once == 1:
                return (
                    Transfer(to.argument, base, (split.chunk_tiles, rows.count, ROWS, run),
                             (tile_bytes, to.stride, core, 1)),
                )  # fmt: skip
            return tuple(
                Transfer(to.argument, base + tile * tile_bytes, (rows.count // at_once, ROWS, at_once, run),
                         (at_once * to.stride, core, to.stride, 1))
                for tile in range(split.chunk_tiles)
            )  # fmt: skip
        tiles = split.output_tiles
        room = to.tiles - chunk * split.chunk_tiles
        if rows.total == 1 and room < split.outputs * tiles:
            raise ValueError(f"{linear.name}: a row of {to.tiles} tiles has no room for its objects")
        if rows.count == 1 and room >= split.outputs * tiles:
            return (
                Transfer(
                    to.argument, base, (split.outputs, ROWS, tiles, run), (tiles * tile_bytes, core, tile_bytes, 1)
                ),
            )
        if tiles == 1 and room >= split.outputs:
            return (
                Transfer(to.argument, base, (split.outputs, ROWS, rows.count, run), (tile_bytes, core, to.stride, 1)),
            )
        out: list[Transfer] = []
        for index in range(split.outputs):
            start, left = base + index * tiles * tile_bytes, room - index * tiles
            if left >= tiles:
                out.append(
                    Transfer(to.argument, start, (ROWS, tiles, rows.count, run), (core, tile_bytes, to.stride, 1))
                )
                continue
            for r in range(ROWS):  # what is behind a row's end goes where nobody reads
                if left > 0:
                    out.append(Transfer(to.argument, start + r * core, (1, left, rows.count, run),
                                        (0, tile_bytes, to.stride, 1)))  # fmt: skip
                out.append(Transfer(ARENA, self.arena.areas["unused"], (1, tiles - max(left, 0), rows.count, run),
                                    (0, rows.count * run, run, 1)))  # fmt: skip
        return tuple(out)

    # --- attention ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _together(groups: list[Attending]) -> list[tuple[Attending, int]]:
        """Attentions alike but for the window, each next to the last: the first of them and how many they are."""
        out: list[tuple[Attending, int]] = []
        for what in groups:
            if out:
                first, count = out[-1]
                if (what.window, what.first, what.rows) == (first.window + count, first.first, first.rows):
                    out[-1] = (first, count + 1)
                    continue
            out.append((what, 1))
        return out

    def _parts_output(self, block: int, what: Attending, count: int, groups: int, c: int) -> Transfer:
        """The attention parts of `count` windows from that of `what` on, of `groups` groups of heads."""
        part, windows = self._row_parts(groups), min(self.rows.total, self.dispatch.windows)
        row, window = divmod(block * self.rows.total, self.dispatch.windows)
        first = (what.first - row) * windows + what.window - window
        head = ROWS * C_OBJECT
        return Transfer(
            ARENA, self.arena.areas["parts"] + first * part + c * head, (count, groups, what.rows, head),
            (part, self._columns * head, windows * part, 1),
        )  # fmt: skip

    def self_attention(self, layer: int, block: int, index: int, groups: list[Attending]) -> Operation:
        """Self-attention of a block's rows; `index`: number of its first command."""
        s, dispatch = self.plan.shape, self.dispatch
        rounds: list[Round] = []
        number = index
        for what, count in self._together(groups):
            commands = self.arena.areas["commands"] + number * A_OBJECT
            queries = self.log.queries(LOG_AT, layer, what, count)
            todo: dict[str, tuple[Transfer, ...]] = {}
            for channel in s.grid.channels("A"):
                todo[channel] = (_objects(ARENA, commands), queries)
                if count > 1:
                    todo[channel] = (
                        Transfer(ARENA, commands, (count, 1, 1, A_OBJECT), (A_OBJECT, 0, 0, 1), then=queries),
                    )
            for c in range(self._columns):
                todo[f"B{c}_in"] = self.log.read(LOG, layer, what.window, count, c, dispatch.bucket)
                todo[f"C{c}_out"] = (self._parts_output(block, what, count, s.log_groups, c),)
            rounds.append(Round(todo))
            number += count
        macs = 2 * sum(what.rows for what in groups) * s.state * dispatch.bucket
        heads = s.log_groups * s.heads_at_once
        entries = round_up(dispatch.bucket, LOG_ROWS // s.heads_at_once)
        return Operation(f"layer{layer}.self", tuple(rounds), self._outputs, macs, self._padded(groups, heads, entries))

    def _padded(self, groups: list[Attending], heads: int, keys: int) -> int:
        """Of two queries eight rows of operand blocks go through the cores, scores and sums together. `heads`: of a
        column."""
        return sum(8 * -(-what.rows // 2) * heads * self._columns * 64 * keys for what in groups)

    def cross_attention(self, layer: int, block: int, groups: list[Attending]) -> Operation:
        """Cross-attention of a block's rows over their windows' 1,500 positions."""
        s = self.plan.shape
        panel = KV_TILES * KV_OBJECT
        query = self._area("query")
        windows = min(self.rows.total, self.dispatch.windows)
        row0, window0 = divmod(block * self.rows.total, self.dispatch.windows)
        columns, whole = self._columns, s.heads == s.groups * self._columns
        rounds: list[Round] = []
        for what, count in self._together(groups):
            todo: dict[str, tuple[Transfer, ...]] = {}
            first = query.offset + ((what.first - row0) * windows + what.window - window0) * query.stride
            queries = Transfer(
                ARENA, first, (count, what.rows, 1, A_OBJECT), (query.stride, windows * query.stride, 0, 1)
            )
            head = self._weights_object(f"cross.command{what.rows}")
            for channel in s.grid.channels("A"):
                todo[channel] = (head, queries)
                if count > 1:
                    todo[channel] = (replace(head, sizes=(count, *head.sizes[1:]), static=False, then=queries),)
            for c in range(columns):
                at = [
                    window * s.window_keys + (layer * s.heads + min(group * columns + c, s.heads - 1)) * panel
                    for window in range(what.window, what.window + count)
                    for group in range(s.groups)
                ]
                groups_at_once = s.groups if whole else 1
                todo[f"B{c}_in"] = tuple(
                    Transfer(KEYS, place, (groups_at_once, CROSS_OBJECTS, 8, B_RUN),
                             (columns * panel if groups_at_once > 1 else 0, 8 * B_RUN, B_RUN, 1), static=True)
                    for place in at[::groups_at_once]
                )  # fmt: skip
                todo[f"C{c}_out"] = (self._parts_output(block, what, count, s.groups, c),)
            rounds.append(Round(todo))
        macs = 2 * sum(what.rows for what in groups) * s.state * POSITIONS
        padded = self._padded(groups, s.groups, round_up(POSITIONS, 32))
        return Operation(f"layer{layer}.cross", tuple(rounds), self._outputs, macs, padded)

    # --- the dispatch ------------------------------------------------------------------------------------------------

    def operations(self) -> list[Operation]:
        """All operations of a dispatch, in order."""
        s, block_rows = self.plan.shape, self.rows.total
        groups, asked = attending(s, self.dispatch), self.dispatch.asked(s)
        ops: list[Operation] = []
        for layer in range(s.layers):
            p = layer_products(s, layer)
            index = 0
            for block, what in enumerate(groups):
                x = self._area("x", block * block_rows)
                ops += self._new_rows(p["qkv"], x, LogRows(layer, block * block_rows))
                if layer < s.layers - 1 or block in asked:
                    ops += self._after_keys(layer, block, index, what)
                index += len(what)
        return ops + [self._logits(block, number) for number, block in enumerate(asked)]

    def block_macs(self, operations: Sequence[Operation]) -> list[int]:
        """The model's multiply-accumulates for each block of rows; `operations`: those of the dispatch."""
        blocks = len(attending(self.plan.shape, self.dispatch))
        out, block, asked = [0] * blocks, -1, iter(self.dispatch.asked(self.plan.shape))
        for operation in operations:
            if operation.phase == "keys":
                block = (block + 1) % blocks
            elif operation.phase == "logits":
                block = next(asked)
            out[block] += operation.macs
        return out

    def _new_rows(self, linear: Linear, x: Place, rows: LogRows) -> list[Operation]:
        """A block's keys and values, then its queries: self-attention reads keys while the queries are worked on."""
        stored, split = self.plan.shape.log_tiles, Split.of(linear, linear.rows(self.rows))
        parts = {"keys": range(stored), "queries": range(stored, split.chunks * split.chunk_tiles)}
        keys, queries = (
            self.linear(linear, x, rows, text=linear.name.replace("qkv", part), tiles=tiles)
            for part, tiles in parts.items()
        )
        return [replace(keys, macs=keys.macs * 2 // 3), replace(queries, macs=queries.macs // 3)]

    def _after_keys(self, layer: int, block: int, index: int, groups: list[Attending]) -> list[Operation]:
        """What a layer does with a block once its keys and values are in the log. In the last layer only those blocks
        need it whose rows' logits are asked for."""
        p = layer_products(self.plan.shape, layer)
        x, query, hidden = self._area("x", block * self.rows.total), self._area("query"), self._area("hidden")
        return [
            self.self_attention(layer, block, index, groups),
            self.linear(p["out"], None, x, residual=x),
            self.linear(p["cross_query"], x, query),
            self.cross_attention(layer, block, groups),
            self.linear(p["cross_out"], None, x, residual=x),
            self.linear(p["fc1"], x, hidden),
            self.linear(p["fc2"], hidden, x, residual=x),
        ]

    def _logits(self, block: int, number: int) -> Operation:
        """Logits of a block's rows; `number`: among the blocks asked for."""
        linear, x = logits_product(self.plan.shape), self._area("x", block * self.rows.total)
        if self.dispatch.logits == "all":
            return self.linear(linear, x, self._area("logits", number * self.rows.total))
        chunks = Split.of(linear, self.rows).chunks
        sampling = self.arena.areas["sampling"] + number * chunks * A_OBJECT
        product = self.linear(linear, x, None, sampling=sampling)
        objects = -(-self.rows.count // BEST_ROWS)
        best = self.arena.areas["best"] + number * self.plan.shape.grid.cores * objects * C_OBJECT
        report: dict[str, tuple[Transfer, ...]] = {}
        grid = self.plan.shape.grid
        for channel in grid.channels("A"):
            report[channel] = (self._weights_object(f"report.command.{self.rows.key}"),)
        for c, channel in enumerate(grid.channels("C")):
            report[channel] = (
                Transfer(ARENA, best + c * ROWS * objects * C_OBJECT, (1, objects, ROWS, C_OBJECT),
                         (0, C_OBJECT, objects * C_OBJECT, 1)),
            )  # fmt: skip
        return Operation("logits", (*product.rounds, Round(report)), self._outputs, product.macs, product.padded_macs)


def _objects(argument: int, offset: int, count: int = 1, apart: int = A_OBJECT) -> Transfer:
    """A objects that no sequence writes, `apart` bytes from one to the next."""
    return Transfer(argument, offset, (1, 1, count, A_OBJECT), (0, 0, apart, 1), static=True)


def argument_bytes(plan: DecoderPlan, dispatch: Dispatch) -> tuple[int, int, int, int, int]:
    """Bytes of a dispatch's arguments."""
    decoder = Decoder(plan, dispatch)
    windows = dispatch.windows
    return (
        plan.weight_bytes, decoder.arena.bytes, windows * plan.shape.window_keys, decoder.log.bytes,
        decoder.log.appended(dispatch.rows),
    )  # fmt: skip


def decoder_sequence(plan: DecoderPlan, dispatch: Dispatch) -> dict[str, Any]:
    """The template value `sequence` of a dispatch."""
    columns = plan.shape.grid.a_columns
    return emit(dispatch.name, Decoder(plan, dispatch).operations(), argument_bytes(plan, dispatch), a_columns=columns)
