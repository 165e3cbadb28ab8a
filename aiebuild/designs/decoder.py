"""Decoder overlay: a step of all layers and the logits in one dispatch, for one to four rows (tokens) of a sequence.

Weights are streamed once a dispatch: column c's B channel brings the column tiles c, c + 4, ... of 128 outputs, of
which each of the column's four cores computes 32. Activations come as float rows over A to every core, which
normalises and quantises what it needs itself. Attention spreads keys over the rows of cores and heads over the columns;
the parts meet when the next product loads them.

Keys and values of self-attention are the rows that the q, k, v product writes: a log [layer][position][q | k | v] in
floats. A dispatch writes at the position that its `LOG_AT` argument points to and reads from `LOG`. A part of an output
object that lies beyond a row's end falls on later positions, which are written before they are read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiebuild.config.model import ModelDims
from aiebuild.designs.encoder import GRID, KV_OBJECT, POSITIONS, ROW_TILES, round_up
from aiebuild.designs.tasks import Operation, Round, Transfer, emit
from aiebuild.weights.pack import Floats, to_bf16

A_OBJECT = 5248
A_RUN = 2624
"""Half an A object: the innermost run of a pattern (656 words)."""
A_FLOATS = 1280
"""Floats of an A object that are used: the widest model's row."""
B_OBJECT = 16896
B_RUN = 2112
SLICE = 4224
C_OBJECT = 1536
C_FLOATS = C_OBJECT // 4
PART = 1312
"""Bytes of an attention part that are read back: four fill an A object."""
TILE = 512
"""Outputs of a column tile: 128 for each column of cores."""
X_BYTES = 10240
Y_FLOATS = 1024
ROWS = (1, 4)
"""Row counts that sequences exist for."""
BUCKETS = (64, 128, 256, 448)
"""Lengths of the self-attention that sequences exist for, in positions."""
LOG_SLACK = 24
"""Positions after the last one that reads and overhanging writes may touch."""

WEIGHTS, ARENA, KEYS, LOG, LOG_AT = range(5)
"""Arguments: packed weights, activations, cross-attention's keys and values, the log, the log at the first row."""


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of one model's decoder."""

    state: int
    heads: int
    layers: int
    vocabulary: int
    positions: int

    @staticmethod
    def of(dims: ModelDims) -> DecoderShape:
        """The shape for a model."""
        return DecoderShape(dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_vocab, dims.n_text_ctx)

    @property
    def groups(self) -> int:
        """Groups of four heads."""
        return -(-self.heads // GRID)


@dataclass(frozen=True)
class Linear:
    """A product: [k] to [n] outputs, how its input is loaded, whether GELU follows and whether there is a residual."""

    name: str
    kind: str
    k: int
    n: int
    gelu: bool = False
    residual: bool = False

    @property
    def tiles(self) -> int:
        """Column tiles of 512 outputs."""
        return -(-self.n // TILE)

    @property
    def k_tiles(self) -> int:
        """k tiles of 128."""
        return self.k // 128


@dataclass(frozen=True)
class Split:
    """How a product of `rows` rows is cut so that inputs and outputs fit the cores' memories."""

    chunks: int
    chunk_tiles: int
    parts: int
    output_tiles: int
    outputs: int
    side_pieces: int
    """A objects that hold the bias of a chunk."""

    @staticmethod
    def of(linear: Linear, rows: int) -> Split:
        """The split of a product; raises ValueError when no number of parts fits."""
        capacity = Y_FLOATS // (32 * rows)
        chunks = -(-linear.tiles // capacity)
        chunk_tiles = -(-linear.tiles // chunks)
        pairs = -(-rows // 2)
        parts = next(
            (p for p in range(1, linear.k_tiles + 1) if linear.k_tiles % p == 0
             and pairs * linear.k_tiles // p * 512 <= X_BYTES and linear.k_tiles // p <= 20),
            0,
        )  # fmt: skip
        if not parts or (parts > 1 and linear.kind != "linear"):
            raise ValueError(f"{linear.name}: {rows} rows of {linear.k} do not fit {X_BYTES} bytes")
        output_tiles = C_FLOATS // (32 * rows)
        side_pieces = -(-min(chunk_tiles * TILE, linear.n) // A_FLOATS)
        if linear.residual and (chunks > 1 or side_pieces > 1):
            raise ValueError(f"{linear.name}: a residual of {linear.n} columns does not fit one side object")
        return Split(chunks, chunk_tiles, parts, output_tiles, -(-chunk_tiles // output_tiles), side_pieces)


def layer_products(s: DecoderShape, layer: int) -> dict[str, Linear]:
    """The products of a layer by short name."""
    p, d = f"layer{layer}.", s.state
    return {
        "qkv": Linear(p + "qkv", "linear_norm", d, 3 * d),
        "out": Linear(p + "out", "linear_merge", d, d, residual=True),
        "cross_query": Linear(p + "cross_query", "linear_norm", d, d),
        "cross_out": Linear(p + "cross_out", "linear_merge", d, d, residual=True),
        "fc1": Linear(p + "fc1", "linear_norm", d, 4 * d, gelu=True),
        "fc2": Linear(p + "fc2", "linear", 4 * d, d, residual=True),
    }


def logits_product(s: DecoderShape) -> Linear:
    """The product of the vocabulary."""
    return Linear("logits", "linear_norm", s.state, s.vocabulary)


@dataclass(frozen=True)
class DecoderPlan:
    """Places of everything: weights by name, activations by name (offset; rows follow at `row_bytes`), the log."""

    shape: DecoderShape
    weight_offsets: Mapping[str, int]
    weight_bytes: int
    areas: Mapping[str, int]
    arena_bytes: int
    log_row: int
    log_layer: int

    @property
    def log_bytes(self) -> int:
        """Bytes of the log."""
        return self.shape.layers * self.log_layer

    @property
    def log_at_bytes(self) -> int:
        """Bytes that a dispatch may touch from the first row's place in the log on."""
        return (self.shape.layers - 1) * self.log_layer + LOG_SLACK * self.log_row

    @property
    def keys_bytes(self) -> int:
        """Bytes of cross-attention's keys and values."""
        return self.shape.layers * self.shape.heads * ROW_TILES * KV_OBJECT

    def row_bytes(self, area: str, rows: int) -> int:
        """Bytes from one row of a buffer to the next, as outputs are written."""
        split = Split.of(_writer(self.shape, area), rows)
        return ((split.chunks - 1) * split.chunk_tiles + split.outputs * split.output_tiles) * TILE * 4


def _writer(s: DecoderShape, area: str) -> Linear:
    products = layer_products(s, 0)
    return {
        "x": products["out"], "query": products["cross_query"], "hidden": products["fc1"], "logits": logits_product(s)
    }[area]  # fmt: skip


def _all_products(s: DecoderShape) -> list[Linear]:
    return [p for layer in range(s.layers) for p in layer_products(s, layer).values()] + [logits_product(s)]


def plan_decoder(shape: DecoderShape) -> DecoderPlan:
    """Place the packed weights, the activations and the log."""
    offsets: dict[str, int] = {}
    at = 0

    def weight(name: str, size: int) -> None:
        nonlocal at
        offsets[name] = at
        at += round_up(size, 128)

    for linear in _all_products(shape):
        for rows in ROWS:
            weight(f"{linear.name}.command{rows}", A_OBJECT)
        weight(linear.name + ".bias", (stored_tiles(linear) * TILE + A_FLOATS) * 4 + A_OBJECT)
        weight(linear.name, GRID * stored_tiles(linear) * linear.k_tiles * B_OBJECT)
    for rows in ROWS:
        weight(f"cross.command{rows}", A_OBJECT)
    log_row = round_up(-(-3 * shape.state // TILE), C_FLOATS // (32 * max(ROWS))) * TILE * 4
    plan = DecoderPlan(
        shape, offsets, at, {}, 0, log_row, (shape.positions + LOG_SLACK) * log_row
    )  # fmt: skip
    areas: dict[str, int] = {"command": 0}
    place = round_up(A_OBJECT, 4096)
    for name in ("x", "query", "hidden", "logits"):
        areas[name] = place
        # rows are read a whole object at a time, and outputs end on whole objects
        place += round_up(max(rows * plan.row_bytes(name, rows) for rows in ROWS) + 20 * TILE * 4, 4096)
    areas["parts"] = place
    place += round_up(shape.groups * GRID * GRID * C_OBJECT + A_OBJECT, 4096)
    return DecoderPlan(shape, offsets, at, areas, place, log_row, plan.log_layer)


# --- commands -------------------------------------------------------------------------------------------------------

KINDS = {"linear_norm": 0, "linear": 1, "linear_merge": 2, "self_attention": 3, "cross_attention": 4}
GELU = 1


@dataclass(frozen=True)
class Command:
    """Header of an operation: the words of `decoder::Param` in `kernels_src/decoder.h`."""

    kind: str
    first_loads: int
    chunks: int
    parts: int = 1
    loads: int = 0
    steps: int = 0
    side: int = 0
    outputs: int = 1
    rows: int = 1
    k_tiles: int = 1
    load_floats: int = 0
    load_pieces: int = 1
    epilogue: int = 0
    output_tiles: int = 0
    keys: int = 0
    side_floats: int = A_FLOATS
    side_rows: int = 1
    groups: int = 1
    channels: int = 0

    def object(self, payload: bytes = b"") -> bytes:
        """The command as one A object."""
        head = struct.pack(
            "<19i", KINDS[self.kind], self.first_loads, self.chunks, self.parts, self.loads, self.steps, self.side,
            self.outputs, self.rows, self.k_tiles, self.load_floats, self.load_pieces, self.epilogue, self.output_tiles,
            self.keys, self.side_floats, self.side_rows, self.groups, self.channels,
        )  # fmt: skip
        return (head.ljust(256, b"\0") + payload).ljust(A_OBJECT, b"\0")


def load_pieces(linear: Linear, split: Split) -> int:
    """Loads of a row in a part: rows wider than an A object come in pieces."""
    floats = linear.k // split.parts
    return next(p for p in range(1, linear.k_tiles + 1) if (floats // 128) % p == 0 and floats // p <= A_FLOATS)


def linear_command(s: DecoderShape, linear: Linear, rows: int, gamma: Floats | None) -> bytes:
    """The command of a product."""
    split = Split.of(linear, rows)
    pieces = load_pieces(linear, split)
    merge = linear.kind == "linear_merge"
    loads = s.heads if merge else rows * pieces
    side_rows = 1 + (rows if linear.residual else 0)
    first = split.parts == 1
    command = Command(
        linear.kind, first_loads=loads if first else 0, chunks=split.chunks, parts=split.parts,
        loads=0 if first else loads, steps=split.chunk_tiles * linear.k_tiles // split.parts,
        side=side_rows * split.side_pieces,
        outputs=split.outputs, rows=rows, k_tiles=linear.k_tiles // split.parts,
        load_floats=linear.k // split.parts // pieces, load_pieces=pieces, epilogue=GELU if linear.gelu else 0,
        output_tiles=split.output_tiles, side_rows=side_rows, channels=s.state,
    )  # fmt: skip
    return command.object(b"" if gamma is None else to_bf16(gamma).tobytes())


def self_command(s: DecoderShape, rows: int, position: int, bucket: int) -> bytes:
    """The command of every layer's self-attention; the first row stands at `position`. Written for each dispatch."""
    return Command(
        "self_attention", first_loads=rows, chunks=s.groups, steps=2 * bucket // 64, rows=rows, keys=position,
        groups=s.groups, channels=s.state,
    ).object()  # fmt: skip


def cross_command(s: DecoderShape, rows: int) -> bytes:
    """The command of cross-attention."""
    return Command(
        "cross_attention", first_loads=rows, chunks=s.groups, steps=-(-POSITIONS // 64), rows=rows, keys=POSITIONS,
        groups=s.groups, channels=s.state,
    ).object()  # fmt: skip


# --- operations -----------------------------------------------------------------------------------------------------

_OUTPUTS = tuple(f"C{c}_out" for c in range(GRID))


@dataclass(frozen=True)
class Decoder:
    """Builds the operations of a dispatch of `rows` rows that sees up to `bucket` positions."""

    plan: DecoderPlan
    rows: int
    bucket: int

    def _weights_object(self, offset: int, count: int = 1) -> Transfer:
        return Transfer(WEIGHTS, offset, (1, 1, 2 * count, A_RUN), (0, 0, A_RUN, 1), static=True)

    def _rows(self, argument: int, offset: int, stride: int, piece: int, pieces: int) -> Transfer:
        """Rows as A objects: each row in `pieces` of `piece` bytes, an object read from each piece's beginning."""
        return Transfer(argument, offset, (self.rows, pieces, 2, A_RUN), (stride, piece, A_RUN, 1))

    def linear(self, linear: Linear, source: str, destination: str, layer: int = 0) -> Operation:
        """The operation of a product: `source` and `destination` are areas, or "log"."""
        s, plan = self.plan.shape, self.plan
        split = Split.of(linear, self.rows)
        offsets = plan.weight_offsets
        pieces = load_pieces(linear, split)
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        tiles = stored_tiles(linear)
        kt = linear.k_tiles // split.parts
        for chunk in range(split.chunks):
            for part in range(split.parts):
                todo: dict[str, tuple[Transfer, ...]] = {}
                a: list[Transfer] = []
                if chunk == 0 and part == 0:
                    a.append(self._weights_object(offsets[f"{linear.name}.command{self.rows}"]))
                if split.parts > 1 or chunk == 0:
                    if linear.kind == "linear_merge":
                        a.append(Transfer(ARENA, plan.areas["parts"], (1, s.heads, GRID, PART),
                                          (0, GRID * C_OBJECT, C_OBJECT, 1)))  # fmt: skip
                    else:
                        width = linear.k // split.parts * 4
                        a.append(self._rows(ARENA, plan.areas[source] + part * width, plan.row_bytes(source, self.rows),
                                            width // pieces, pieces))  # fmt: skip
                if part == split.parts - 1:
                    a += self._side(linear, split, chunk)
                for c in range(GRID):
                    first = (
                        offsets[linear.name]
                        + ((c * tiles + chunk * split.chunk_tiles) * linear.k_tiles + part * kt) * B_OBJECT
                    )
                    todo[f"A{c}_in"] = tuple(a)
                    todo[f"B{c}_in"] = (
                        Transfer(WEIGHTS, first, (1, split.chunk_tiles, 8 * kt, B_RUN),
                                 (0, linear.k_tiles * B_OBJECT, B_RUN, 1), static=True),
                    )  # fmt: skip
                    if part == split.parts - 1:
                        todo[f"C{c}_out"] = self._linear_output(destination, layer, split, chunk, c)
                parts.append(todo)
        macs = self.rows * linear.k * linear.n
        return Operation(
            linear.name, tuple(Round(p) for p in parts), _OUTPUTS, macs,
            4 * -(-self.rows // 2) * split.chunks * split.chunk_tiles * TILE * linear.k,
        )  # fmt: skip

    def _side(self, linear: Linear, split: Split, chunk: int) -> list[Transfer]:
        plan = self.plan
        bias = plan.weight_offsets[linear.name + ".bias"] + chunk * split.chunk_tiles * TILE * 4
        side = [Transfer(WEIGHTS, bias, (1, split.side_pieces, 2, A_RUN), (0, A_FLOATS * 4, A_RUN, 1), static=True)]
        if linear.residual:
            side.append(self._rows(ARENA, plan.areas["x"], plan.row_bytes("x", self.rows), 0, 1))
        return side

    def _linear_output(self, destination: str, layer: int, split: Split, chunk: int, c: int) -> tuple[Transfer, ...]:
        plan = self.plan
        if destination == "log":
            argument, base, row = LOG_AT, layer * plan.log_layer, plan.log_row
        else:
            argument, base = ARENA, plan.areas[destination]
            row = plan.row_bytes(destination, self.rows)
        base += chunk * split.chunk_tiles * TILE * 4 + c * 512
        if self.rows == 1:
            return (
                Transfer(argument, base, (split.outputs, GRID, split.output_tiles, 128),
                         (split.output_tiles * TILE * 4, 128, TILE * 4, 1)),
            )  # fmt: skip
        return tuple(
            Transfer(argument, base + output * split.output_tiles * TILE * 4,
                     (GRID, split.output_tiles, self.rows, 128),
                     (128, TILE * 4, row, 1))
            for output in range(split.outputs)
        )  # fmt: skip

    def _parts_output(self, c: int) -> Transfer:
        return Transfer(
            ARENA, self.plan.areas["parts"] + c * GRID * C_OBJECT, (1, self.plan.shape.groups, GRID, C_OBJECT),
            (0, GRID * GRID * C_OBJECT, C_OBJECT, 1),
        )  # fmt: skip

    def self_attention(self, layer: int) -> Operation:
        """Self-attention of all heads over the log's first `bucket` positions."""
        s, plan = self.plan.shape, self.plan
        steps = self.bucket // 64
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for group in range(s.groups):
            todo: dict[str, tuple[Transfer, ...]] = {}
            for c in range(GRID):
                if group == 0:
                    todo[f"A{c}_in"] = (
                        Transfer(ARENA, plan.areas["command"], (1, 1, 2, A_RUN), (0, 0, A_RUN, 1), static=True),
                        self._rows(LOG_AT, layer * plan.log_layer, plan.log_row, 0, 1),
                    )
                    todo[f"C{c}_out"] = (self._parts_output(c),)
                # heads beyond the last read what lies there; nobody reads their output
                head = min(group * GRID + c, s.heads - 1)
                keys = layer * plan.log_layer + (s.state + head * 64) * 4
                todo[f"B{c}_in"] = (
                    Transfer(LOG, keys, (steps, 2, 66, 256), (64 * plan.log_row, s.state * 4, plan.log_row, 1)),
                )
            parts.append(todo)
        macs = 2 * self.rows * s.state * self.bucket
        return Operation(f"layer{layer}.self", tuple(Round(p) for p in parts), _OUTPUTS, macs, macs * 4 // self.rows)

    def cross_attention(self, layer: int) -> Operation:
        """Cross-attention of all heads over the window's 1,500 positions."""
        s, plan = self.plan.shape, self.plan
        steps = -(-POSITIONS // 64)
        panel = ROW_TILES * KV_OBJECT
        todo: dict[str, tuple[Transfer, ...]] = {}
        for c in range(GRID):
            todo[f"A{c}_in"] = (
                self._weights_object(plan.weight_offsets[f"cross.command{self.rows}"]),
                self._rows(ARENA, plan.areas["query"], plan.row_bytes("query", self.rows), 0, 1),
            )
            heads = [min(g * GRID + c, s.heads - 1) for g in range(s.groups)]
            todo[f"B{c}_in"] = tuple(
                Transfer(KEYS, (layer * s.heads + head) * panel, (1, steps, 8, B_RUN), (0, 8 * B_RUN, B_RUN, 1))
                for head in heads
            )
            todo[f"C{c}_out"] = (self._parts_output(c),)
        macs = 2 * self.rows * s.state * POSITIONS
        return Operation(f"layer{layer}.cross", (Round(todo),), _OUTPUTS, macs, macs * 4 // self.rows)

    def operations(self) -> list[Operation]:
        """All operations of a dispatch, in order."""
        s = self.plan.shape
        ops: list[Operation] = []
        for layer in range(s.layers):
            products = layer_products(s, layer)
            ops += [
                self.linear(products["qkv"], "x", "log", layer),
                self.self_attention(layer),
                self.linear(products["out"], "parts", "x"),
                self.linear(products["cross_query"], "x", "query"),
                self.cross_attention(layer),
                self.linear(products["cross_out"], "parts", "x"),
                self.linear(products["fc1"], "x", "hidden"),
                self.linear(products["fc2"], "hidden", "x"),
            ]
        ops.append(self.linear(logits_product(s), "x", "logits"))
        return ops


def stored_tiles(linear: Linear) -> int:
    """Column tiles of a product as packed: as many as any split of it runs over."""
    splits = [Split.of(linear, rows) for rows in ROWS]
    return max(linear.tiles, *(split.chunks * split.chunk_tiles for split in splits))


def decoder_sequence(plan: DecoderPlan, rows: int, bucket: int) -> dict[str, Any]:
    """The template value `sequence` of a dispatch."""
    return emit(
        f"decode_{rows}_{bucket}",
        Decoder(plan, rows, bucket).operations(),
        (plan.weight_bytes, plan.arena_bytes, plan.keys_bytes, plan.log_bytes, plan.log_at_bytes),
    )


def decoder_parameters() -> dict[str, Any]:
    """Parameters of `decoder.mlir.j2`: the same for every model."""
    return {
        "device": "npu1",
        "columns": list(range(GRID)),
        "rows": list(range(GRID)),
        "cores": [
            {"column": c, "row": r, "id": f"{c}_{r}", "tile": f"%core_{c}_{r}"}
            for c in range(GRID)
            for r in range(GRID)
        ],
        "a_object": f"memref<{A_OBJECT}xi8>",
        "b_object": f"memref<{B_OBJECT}xi8>",
        "c_object": f"memref<{C_OBJECT}xi8>",
        "joined": f"memref<{GRID * C_OBJECT}xi8>",
        "join_offsets": [r * C_OBJECT for r in range(GRID)],
        "inputs": f"memref<{X_BYTES}xi8>",
        "outputs": f"memref<{Y_FLOATS}xi32>",
        "stats": "memref<128xi32>",
        "params": "memref<64xi32>",
        "trip_counts": [
            ["first", 1], ["chunks", 2], ["parts", 3], ["loads", 4], ["steps", 5], ["side", 6], ["objects", 7],
        ],
        "stack_size": 2048,
    }  # fmt: skip
