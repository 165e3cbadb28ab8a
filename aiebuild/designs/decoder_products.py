"""Products of the decoder: what each computes, how it is cut to fit the cores' memories, which commands it has."""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_OBJECT,
    COLUMN,
    SUPPRESSED_PLACE,
    UNITS,
    WEIGHT_TYPES,
    X_BYTES,
    Y_FLOATS,
    DecoderShape,
    Rows,
    all_rows,
)
from aiebuild.designs.grid import NPU1, ROWS


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
    stored: int = 0
    """Column tiles of the log's keys and values, which the core makes int8; the queries' are behind them. 0: it has
    none."""
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
        return Rows(1, ROWS) if self.stored and rows.slices == 1 else rows

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
        if linear.stored:  # keys and values are given out before the queries are done
            capacity = 1
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
    packed = (s.query_tiles + s.log_tiles) * s.tile
    return {
        "qkv": Linear(
            p + "qkv", "linear_norm", d, 3 * d, bf16=True, tile=s.tile, bits=bits, stored=s.log_tiles, packed=packed
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
