"""Decoder overlay: what a dispatch of rows (tokens) is, where everything lies, and how products are cut.

A dispatch takes `rows` new tokens of each of `windows` windows through all layers and, at the end, to the logits or
to what sampling needs of them. Its rows are numbered token by token, the windows within: row i * windows + w. Weights
are streamed once a block of rows: column c's B channel brings 128 outputs of each column tile, which is as wide as the
array. Either the four rows of cores all hold the block's rows and compute 32 columns each, or each holds a quarter of
the rows and computes all 128. Activations come as float rows over A; each core normalises and quantises what it needs.

Keys and values of self-attention are the rows that the q, k, v product writes: a log [layer][entry] to which every
dispatch appends its rows: q in bf16, then in each 256 bytes a head's keys and values as int8 with a scale each. Which
entries a row sees is a bit mask that comes with the command, so sequences of a window may branch, and windows of
different lengths share dispatches. A dispatch writes where its `LOG_AT` argument points to and reads from `LOG`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiebuild.config.model import ModelDims
from aiebuild.designs.encoder_plan import KV_OBJECT, KV_TILES, POSITIONS
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.pool import Activation, Pool, plan_pool, round_up
from aiebuild.designs.spec import KernelSpec

KERNELS = (
    "decoder_load.cc", "decoder_linear.cc", "decoder_attention.cc", "decoder_sample.cc", "decoder_dispatch.cc",
)  # fmt: skip
A_OBJECT = 2816
"""A command with the widest layer norm's gamma; a row of 640 floats or 1,280 bf16; eight attention parts."""
A_FLOATS = 640
"""Floats of an A object that are used: wider rows come in pieces."""
A_SLOT = 352
"""Bytes of an A object for each of its attention parts."""
B_OBJECT = KV_OBJECT
B_RUN = 2112
B_DEPTH = 4
"""B objects of a column in its memory tile: weights go on coming from DDR while outputs are awaited and the next
operation's inputs are loaded. Modelled, a step of base: 4.50, 4.47 and 4.47 ms with 3 to 5."""
SLICE = 4224
C_OBJECT = 512
UNITS = 4
"""Pieces of a row, 32 columns each, in a C object; twice as many in bf16."""
COLUMN = 128
"""Outputs of a column of cores in a column tile."""
X_BYTES = 8192
Y_FLOATS = 2048
MOST_ROWS = 8
"""Rows of a core, and of a window in an attention operation."""
PART_BYTES = 272
"""A row's attention part, a C object: 64 sums, the maximum, the sum of probabilities, two unused, in floats."""
CROSS_OBJECTS = -(-POSITIONS // 128)
"""B objects of a head's keys and values."""
BEST = 8
"""Tokens that a dispatch names for each row and list."""
BEST_WORDS = 36
"""Of a row: two lists of BEST ordered logits and BEST tokens, then maximum and sum of each."""
BEST_ROWS = C_OBJECT // (4 * BEST_WORDS)
"""Rows in a C object of them."""
TABLE_WORDS = 8
SUPPRESSED_PLACE = 4 * TABLE_WORDS * 32
"""Byte of a chunk's A object for sampling where the suppressed tokens' bits begin; before are the tables of the block's
rows."""
RAW_ROW = 1 << 30
ENTRIES = 1408
"""Most entries of a window that a row can see: its mask has to fit the core's memory."""
SLACK = 16
"""Entries after the last one that reads and overhanging writes may touch."""
LOG_HEAD = 2 * COLUMN
"""Bytes from one head's keys and values to the next column's: a column of cores' 128 outputs, as if they were bf16."""
LOG_BYTES = 132
"""Of them in use: 64 keys, 64 values in int8, a bf16 scale of each."""
LOG_ROWS = B_OBJECT // LOG_BYTES
"""Of an object of the log: 128 entries of a head, or 64 of two heads."""
LOG_ALIGNMENT = 4096
"""Of an entry of the log, in bytes: dispatches point into it with sub-buffers."""
SUPPRESSED = -1.0e30
"""What is added to the logit of a suppressed token."""
STRIDE_LIMIT = 4 * (1 << 20)
"""Bytes: the shim's steps have 20 bits, in words."""

WEIGHT_TYPES = {"int8": (8, 8), "mixed": (4, 8), "int4": (4, 4)}
"""Bits of a weight in the layers and in the logits' product."""
FOUR_BIT_K = 256
"""k of a slice of four-bit weights: the same bytes as of 128 of int8."""
GROUP_K = 32
"""Four-bit weights of a column that share a multiplier."""

WEIGHTS, ARENA, KEYS, LOG, LOG_AT = range(5)
"""Arguments: packed weights, activations, cross-attention's keys and values, the log, the log at the first new row."""


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of one model's decoder."""

    state: int
    heads: int
    layers: int
    vocabulary: int
    positions: int
    grid: Grid = NPU1
    weights: str = "int8"
    """One of `WEIGHT_TYPES`."""

    @staticmethod
    def of(dims: ModelDims, grid: Grid = NPU1, weights: str = "int8") -> DecoderShape:
        """The shape for a model on an array, with weights of a type."""
        return DecoderShape(
            dims.n_text_state, dims.n_text_head, dims.n_text_layer, dims.n_vocab, dims.n_text_ctx, grid, weights
        )

    @property
    def tile(self) -> int:
        """Outputs of a column tile: COLUMN for each column of cores."""
        return COLUMN * self.grid.columns

    @property
    def groups(self) -> int:
        """Groups of heads, one for each column of cores."""
        return -(-self.heads // self.grid.columns)

    @property
    def heads_at_once(self) -> int:
        """Heads whose keys and values come to a column of cores in one object of the log: two, where that needs no more
        of them."""
        one, two = (-(-self.heads // (self.grid.columns * heads)) for heads in (1, 2))
        return 2 if self.heads % 2 == 0 and 2 * two <= one else 1

    @property
    def log_groups(self) -> int:
        """Groups of heads in self-attention, `heads_at_once` for each column of cores."""
        return -(-self.heads // (self.grid.columns * self.heads_at_once))

    @property
    def query_tiles(self) -> int:
        """Column tiles of the q, k, v product that hold the queries. Each tile behind them holds keys and values of a
        head for each column of cores."""
        return -(-self.state // self.tile)

    def log_place(self, head: int) -> tuple[int, int]:
        """Where a head's keys and values lie: column tile of the q, k, v product, column of cores."""
        unit, which = divmod(head, self.heads_at_once)
        group, column = divmod(unit, self.grid.columns)
        return self.query_tiles + group * self.heads_at_once + which, column

    @property
    def core_rows(self) -> int:
        """Most rows that a core can hold: a power of two."""
        pairs = X_BYTES // (512 * (self.state // 128))
        return min(MOST_ROWS, 2 * (1 << (pairs.bit_length() - 1)))

    @property
    def window_keys(self) -> int:
        """Bytes of a window's keys and values, as the encoder writes them."""
        return (self.layers * self.heads + self.grid.columns) * KV_TILES * KV_OBJECT


@dataclass(frozen=True)
class Rows:
    """How the rows of a block lie on the cores: `count` on each core, which computes `slices` (1 or 4) of a tile's
    columns."""

    count: int
    slices: int

    @staticmethod
    def of(shape: DecoderShape, total: int) -> Rows:
        """For a block of `total` rows, a power of two; raises ValueError where they are too many."""
        if total <= min(4, shape.core_rows):
            return Rows(total, 1)
        if total & (total - 1) or total > ROWS * shape.core_rows:
            raise ValueError(f"a block of {total} rows; {ROWS * shape.core_rows} is the most, in powers of two")
        return Rows(total // ROWS, ROWS)

    @property
    def total(self) -> int:
        """Rows of the block."""
        return self.count * self.slices

    @property
    def key(self) -> str:
        """Short name."""
        return f"{'c' if self.slices == 1 else 'r'}{self.count}"

    @property
    def units(self) -> int:
        """Pieces of 32 columns that a core computes of a tile."""
        return self.count * self.slices


def all_rows(shape: DecoderShape) -> list[Rows]:
    """Every way in which blocks of rows lie on the cores."""
    totals = [1 << i for i in range(6) if 1 << i <= ROWS * shape.core_rows]
    return [Rows.of(shape, total) for total in totals]


@dataclass(frozen=True)
class Dispatch:
    """The kind of a dispatch: `rows` new tokens of each of `windows` windows, of which rows see up to `bucket` entries.

    `logits`: "best" for what sampling needs, "all" for all of them; of the rows of the blocks `asked` for.
    """

    windows: int
    rows: int
    bucket: int
    logits: str = "best"

    @property
    def name(self) -> str:
        """Name of its sequence."""
        return f"decode_{self.windows}x{self.rows}_{self.bucket}" + ("_all" if self.logits == "all" else "")

    @property
    def total(self) -> int:
        """Rows."""
        return self.windows * self.rows

    def block(self, shape: DecoderShape) -> Rows:
        """How the rows of a block lie on the cores."""
        return Rows.of(shape, min(self.total, ROWS * shape.core_rows))

    def blocks(self, shape: DecoderShape) -> int:
        """Blocks of rows, each of which streams the weights."""
        return self.total // self.block(shape).total

    def asked(self, shape: DecoderShape) -> range:
        """Blocks whose rows' logits are given out: all of a step's, the last one of a prompt's."""
        blocks = self.blocks(shape)
        return range(0 if self.rows in (1, MOST_ROWS) else blocks - 1, blocks)


@dataclass(frozen=True)
class Attending:
    """Rows of one window in a block that an attention operation works on: at most `MOST_ROWS`."""

    window: int
    first: int
    """Number of the first of them among the window's new rows."""
    rows: int


def attending(shape: DecoderShape, dispatch: Dispatch) -> list[list[Attending]]:
    """The attention operations of each block, in order."""
    block = dispatch.block(shape).total
    out: list[list[Attending]] = []
    for start in range(0, dispatch.total, block):
        windows = range(start % dispatch.windows, min(start % dispatch.windows + block, dispatch.windows))
        rows = max(1, block // dispatch.windows)
        at_once = min(rows, MOST_ROWS)
        first = start // dispatch.windows
        out.append([
            Attending(window, first + i, at_once) for window in windows for i in range(0, rows, at_once)
        ])  # fmt: skip
    return out


@dataclass(frozen=True)
class Linear:
    """A product: [k] to [n] outputs, how its input is loaded, what follows it.

    `kind`: "linear_norm" (of normalised rows), "linear", "linear_merge" (of attention parts).
    """

    name: str
    kind: str
    k: int
    n: int
    gelu: bool = False
    residual: bool = False
    bf16: bool = False
    tile: int = COLUMN * NPU1.columns
    """Outputs of a column tile: `DecoderShape.tile`."""
    bits: int = 8
    """Of a weight: 8 or 4."""
    sampled: bool = False
    """A chunk's columns have bits in one A object."""
    queries: int = 0
    """Column tiles before those of the log's keys and values, which the core makes int8; 0: it has none."""
    packed: int = 0
    """Columns as packed, where some are left empty."""
    heads: int = 1
    """Attention parts: of so many heads together (`DecoderShape.heads_at_once`)."""

    @property
    def columns(self) -> int:
        """Columns as packed."""
        return self.packed or self.n

    @property
    def tiles(self) -> int:
        """Column tiles."""
        return -(-self.columns // self.tile)

    def rows(self, rows: Rows) -> Rows:
        """How a block's rows lie on the cores: those of keys and values need whole heads, all columns of a tile, so
        that with few rows some rows of cores repeat the first."""
        return Rows(1, ROWS) if self.queries and rows.slices == 1 else rows

    @property
    def k_tiles(self) -> int:
        """k tiles of 128."""
        return self.k // 128

    @property
    def objects(self) -> int:
        """B objects of a column tile and column of cores: one k tile, or two of four bits."""
        return self.k_tiles if self.bits == 8 else -(-self.k_tiles // 2)


@dataclass(frozen=True)
class Split:
    """How a product of a block's rows is cut so that inputs and outputs fit the cores' memories."""

    chunks: int
    chunk_tiles: int
    parts: int
    outputs: int
    """C objects of a chunk."""
    output_tiles: int
    """Column tiles in a C object; 1 also where a tile takes several objects."""
    side_pieces: int
    """A objects that hold the bias of a chunk."""

    @staticmethod
    def of(linear: Linear, rows: Rows) -> Split:
        """The split of a product; raises ValueError when no number of parts fits."""
        capacity = Y_FLOATS // (32 * rows.units)
        if linear.sampled:
            capacity = min(capacity, (A_OBJECT - SUPPRESSED_PLACE) * 8 // linear.tile)
        least = -(-linear.tiles // capacity)
        # as few tiles of padding as there can be, then as few chunks
        chunks = min(range(least, min(2 * least, linear.tiles) + 1), key=lambda n: n * -(-linear.tiles // n))
        chunk_tiles = -(-linear.tiles // chunks)
        pairs = -(-rows.count // 2)
        parts = next(
            (p for p in range(1, linear.k_tiles + 1) if linear.k_tiles % p == 0
             and pairs * linear.k_tiles // p * 512 <= X_BYTES and linear.k_tiles // p <= 20),
            0,
        )  # fmt: skip
        if not parts or (parts > 1 and (linear.kind != "linear" or linear.objects % parts)):
            raise ValueError(f"{linear.name}: {rows.count} rows of {linear.k} do not fit {X_BYTES} bytes")
        units = 2 * UNITS if linear.bf16 else UNITS
        outputs = -(-chunk_tiles * rows.units // units)
        side_pieces = -(-min(chunk_tiles * linear.tile, linear.columns) // A_FLOATS)
        if linear.residual and chunks > 1:
            raise ValueError(f"{linear.name}: a residual of {linear.n} columns in {chunks} chunks")
        return Split(chunks, chunk_tiles, parts, outputs, max(1, units // rows.units), side_pieces)


def layer_products(s: DecoderShape, layer: int) -> dict[str, Linear]:
    """The products of a layer by short name."""
    p, d, bits = f"layer{layer}.", s.state, WEIGHT_TYPES[s.weights][0]
    packed = (s.query_tiles + s.log_groups * s.heads_at_once) * s.tile
    return {
        "qkv": Linear(
            p + "qkv", "linear_norm", d, 3 * d, bf16=True, tile=s.tile, bits=bits, queries=s.query_tiles, packed=packed
        ),
        "out": Linear(p + "out", "linear_merge", d, d, residual=True, tile=s.tile, bits=bits, heads=s.heads_at_once),
        "cross_query": Linear(p + "cross_query", "linear_norm", d, d, bf16=True, tile=s.tile, bits=bits),
        "cross_out": Linear(p + "cross_out", "linear_merge", d, d, residual=True, tile=s.tile, bits=bits),
        "fc1": Linear(p + "fc1", "linear_norm", d, 4 * d, gelu=True, tile=s.tile, bits=bits),
        "fc2": Linear(p + "fc2", "linear", 4 * d, d, residual=True, tile=s.tile, bits=bits),
    }


def logits_product(s: DecoderShape) -> Linear:
    """The product of the vocabulary."""
    bits = WEIGHT_TYPES[s.weights][1]
    return Linear("logits", "linear_norm", s.state, s.vocabulary, tile=s.tile, bits=bits, sampled=True)


def all_products(s: DecoderShape) -> list[Linear]:
    """Every product of a dispatch, once."""
    return [p for layer in range(s.layers) for p in layer_products(s, layer).values()] + [logits_product(s)]


def stored_tiles(s: DecoderShape, linear: Linear) -> int:
    """Column tiles of a product as packed: as many as any split of it runs over."""
    splits = [Split.of(linear, linear.rows(rows)) for rows in all_rows(s)]
    return max(linear.tiles, *(split.chunks * split.chunk_tiles for split in splits))


@dataclass(frozen=True)
class Variant:
    """What a product's command depends on beside the product. `sample`: no output but a report's."""

    rows: Rows
    sample: bool = False
    used: int = 0
    """Rows of the block, where those of the cores are more; 0: they are not."""

    @staticmethod
    def of(linear: Linear, block: Rows, sample: bool = False) -> Variant:
        """For a block's rows."""
        rows = linear.rows(block)
        return Variant(rows, sample, block.total if block.total < rows.total else 0)

    def name(self, linear: Linear) -> str:
        """Name of the command among the weights."""
        used = f"of{self.used}" if self.used else ""
        return f"{linear.name}.command.{self.rows.key}{used}" + (".best" if self.sample else "")


def variants(s: DecoderShape, linear: Linear) -> list[Variant]:
    """Every command of a product."""
    samples = (False, True) if linear.sampled else (False,)
    return list(dict.fromkeys(Variant.of(linear, rows, sample) for rows in all_rows(s) for sample in samples))


@dataclass(frozen=True)
class DecoderPlan:
    """Where packed weights lie, by name. The same for every dispatch."""

    shape: DecoderShape
    weight_offsets: Mapping[str, int]
    weight_bytes: int

    @cached_property
    def log_row(self) -> int:
        """Bytes of an entry of the log."""
        return round_up(layer_products(self.shape, 0)["qkv"].columns * 2, LOG_ALIGNMENT)

    def log_layer(self, windows: int) -> int:
        """Bytes of a layer of a log of `windows` windows."""
        entries = round_up(ENTRIES if windows * MOST_ROWS <= 32 else self.shape.positions, LOG_ROWS) + SLACK
        return entries * windows * self.log_row

    def log_bytes(self, windows: int) -> int:
        """Bytes of a log."""
        return self.shape.layers * self.log_layer(windows)


BUCKETS = (64, 128, 256, 448)
"""Entries seen, where a window has one sequence."""
BRANCH_BUCKETS = (64, 128, 256, 512, ENTRIES)
"""Entries seen, where it has several."""
PREFILLS = (4, 8, 32, 128, 256)
"""New tokens of a window that a prompt's dispatch takes."""


def dispatches(windows: int) -> list[Dispatch]:
    """The dispatches that runs of up to `windows` windows at a time need; a power of two."""
    out = [Dispatch(windows, 1, bucket) for bucket in BUCKETS]
    if windows * MOST_ROWS <= 32:
        out += [Dispatch(windows, MOST_ROWS, bucket) for bucket in BRANCH_BUCKETS]
    if windows > 1:
        return [*out, Dispatch(windows, PREFILLS[0], BUCKETS[0])]
    known = {(d.rows, d.bucket) for d in out}
    prompts = [(rows, max(rows, BUCKETS[0])) for rows in PREFILLS]
    out += [Dispatch(1, rows, bucket) for rows, bucket in prompts if (rows, bucket) not in known]
    # all logits are for languages and samples
    logits = [(PREFILLS[0], BUCKETS[0]), (1, BUCKETS[-1]), (MOST_ROWS, BUCKETS[2]), (MOST_ROWS, ENTRIES)]
    return [*out, *(Dispatch(1, rows, bucket, "all") for rows, bucket in logits)]


def plan_decoder(shape: DecoderShape) -> DecoderPlan:
    """Place the packed weights."""
    offsets: dict[str, int] = {}
    at = 0
    for name, size in _weight_sizes(shape):
        offsets[name] = at
        at += round_up(size, 128)
    return DecoderPlan(shape, offsets, at)


def _weight_sizes(shape: DecoderShape) -> Iterator[tuple[str, int]]:
    for linear in all_products(shape):
        for variant in variants(shape, linear):
            yield variant.name(linear), A_OBJECT
        tiles = stored_tiles(shape, linear)
        if linear.bits == 4:
            yield linear.name + ".bias", (tiles * linear.tile + A_FLOATS) * 4 + A_OBJECT
        yield linear.name, shape.grid.columns * tiles * linear.objects * B_OBJECT
    for rows in (1, 2, 4, 8):
        yield f"cross.command{rows}", A_OBJECT
    for rows in all_rows(shape):
        yield f"report.command.{rows.key}", A_OBJECT


@dataclass(frozen=True)
class ArenaPlan:
    """Places of a dispatch's activations: byte offset by area, and bytes from one row to the next where it has rows."""

    pool: Pool
    strides: Mapping[str, int]

    @cached_property
    def areas(self) -> Mapping[str, int]:
        """Places by name."""
        return self.pool.offsets

    @property
    def bytes(self) -> int:
        """Bytes of all activations."""
        return self.pool.bytes


def plan_arena(plan: DecoderPlan, dispatch: Dispatch) -> ArenaPlan:
    """Place a dispatch's activations; what stays the same from dispatch to dispatch, the suppressed tokens, first."""
    s = plan.shape
    rows = dispatch.block(s)
    products = layer_products(s, 0)
    groups = attending(s, dispatch)
    wanted: list[Activation] = []
    strides: dict[str, int] = {}

    def area(name: str, size: int, *phases: str) -> None:
        wanted.append(Activation(name, size, frozenset(phases) if phases else None))

    def rows_area(name: str, writer: Linear, count: int, *phases: str) -> None:
        split = Split.of(writer, rows)
        width = (split.chunks - 1) * split.chunk_tiles + max(split.outputs * split.output_tiles, split.chunk_tiles)
        strides[name] = width * s.tile * (2 if writer.bf16 else 4)
        # rows are read a whole object at a time, and outputs end on whole objects
        area(name, count * strides[name] + A_OBJECT, *phases)

    # what the run fills in, and what may be read at any time
    asked = len(dispatch.asked(s))
    if dispatch.logits == "best":
        area("sampling", asked * Split.of(logits_product(s), rows).chunks * A_OBJECT)
    area("commands", sum(map(len, groups)) * A_OBJECT)
    rows_area("x", products["out"], dispatch.total)
    area("unused", C_OBJECT)
    rows_area("query", products["cross_query"], rows.total, "cross_query", "cross")
    rows_area("hidden", products["fc1"], rows.total, "fc1", "fc2")
    if dispatch.logits == "all":
        rows_area("logits", logits_product(s), asked * rows.total, "logits")
    area("best", asked * s.grid.cores * -(-rows.count // BEST_ROWS) * C_OBJECT, "logits")
    area("parts", rows.total * s.groups * s.grid.cores * C_OBJECT + A_OBJECT, "self", "out", "cross", "cross_out")
    return ArenaPlan(plan_pool(wanted), strides)


def decoder_parameters(grid: Grid = NPU1) -> dict[str, Any]:
    """Parameters of `decoder.mlir.j2`: the same for every model."""
    return {
        **grid.parameters(),
        "objects": {kernel.removesuffix(".cc"): KernelSpec(kernel, grid.defines).object_name for kernel in KERNELS},
        "a_object": f"memref<{A_OBJECT}xi8>",
        "b_object": f"memref<{B_OBJECT}xi8>",
        "c_object": f"memref<{C_OBJECT}xi8>",
        "keep": None,
        "b_depth": B_DEPTH,
        "c_pin": "",
        "joined": f"memref<{ROWS * C_OBJECT}xi8>",
        "join_offsets": [r * C_OBJECT for r in range(ROWS)],
        "inputs": f"memref<{X_BYTES}xi8>",
        "outputs": f"memref<{Y_FLOATS}xi32>",
        "stats": "memref<160xi32>",
        "top": f"memref<{MOST_ROWS * BEST_WORDS}xi32>",
        "params": "memref<64xi32>",
        "trip_counts": [
            ["first", 1], ["chunks", 2], ["parts", 3], ["loads", 4], ["steps", 5], ["side", 6], ["objects", 7],
        ],
        "stack_size": 2048,
    }  # fmt: skip
