"""Decoder overlay: sizes of its objects, tables and log, of a model's decoder, and how rows (tokens) lie on the cores.

Weights are streamed once a block of rows: column c's B channel brings 128 outputs of each column tile, which is as wide
as the array. Either the four rows of cores all hold the block's rows and compute 32 columns each, or each holds a
quarter of the rows and computes all 128. Activations come as float rows over A; each core normalises and quantises what
it needs.

Keys and values of self-attention are what the q, k, v product writes: a log (`decoder_log.py`) to which every dispatch
appends its rows: q in bf16, and in each 256 bytes a head's keys and values as int8 with a scale each. Which
entries a row sees is a bit mask that comes with the command, so sequences of a window may branch, and windows of
different lengths share dispatches.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.config.model import ModelDims
from aiebuild.designs.cross_keys import TILE
from aiebuild.designs.encoder_plan import KV_OBJECT, POSITIONS, window_keys
from aiebuild.designs.grid import NPU1, ROWS, Grid

A_OBJECT = 2816
"""A command with the widest layer norm's gamma; a row of 640 floats or 1,280 bf16; eight attention parts."""
A_FLOATS = 640
"""Floats of an A object that are used: wider rows come in pieces."""
A_SLOT = 352
"""Bytes of an A object for each of its attention parts."""
B_OBJECT = KV_OBJECT
B_RUN = 2112
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
CROSS_POSITIONS = ROWS * TILE
"""Positions of a B object of cross-attention."""
CROSS_OBJECTS = -(-POSITIONS // CROSS_POSITIONS)
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
"""Bytes of an entry of a head: a column of cores' 128 outputs, as if they were bf16."""
LOG_BYTES = 132
"""Of them in use: 64 keys, 64 values in int8, a bf16 scale of each."""
LOG_ROWS = B_OBJECT // LOG_BYTES
"""Of an object of the log: 128 entries of a head, or 64 of two heads."""
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
    def log_tiles(self) -> int:
        """Column tiles of the q, k, v product with keys and values, each of a head for each column of cores."""
        return self.log_groups * self.heads_at_once

    @property
    def query_tiles(self) -> int:
        """Column tiles behind them, which hold the queries."""
        return -(-self.state // self.tile)

    def log_place(self, head: int) -> tuple[int, int]:
        """Where a head's keys and values lie: column tile of the q, k, v product, column of cores."""
        unit, which = divmod(head, self.heads_at_once)
        group, column = divmod(unit, self.grid.columns)
        return group * self.heads_at_once + which, column

    @property
    def core_rows(self) -> int:
        """Most rows that a core can hold: a power of two."""
        pairs = X_BYTES // (512 * (self.state // 128))
        return min(MOST_ROWS, 2 * (1 << (pairs.bit_length() - 1)))

    @property
    def window_keys(self) -> int:
        """Bytes of a window's keys and values, as the encoder writes them."""
        return window_keys(self.layers * self.heads, self.grid)


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
