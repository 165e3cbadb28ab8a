"""Where everything of the decoder lies: packed weights, the log of keys and values, a dispatch's activations.

A dispatch writes its rows of the log where its `LOG_AT` argument points to and reads the log from `LOG`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiebuild.designs.decoder_dispatches import Dispatch, attending
from aiebuild.designs.decoder_products import (
    Linear,
    Split,
    all_products,
    layer_products,
    logits_product,
    stored_tiles,
    variants,
)
from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_OBJECT,
    B_OBJECT,
    BEST_ROWS,
    C_OBJECT,
    DecoderShape,
    all_rows,
)
from aiebuild.designs.pool import Activation, Pool, plan_pool, round_up

WEIGHTS, ARENA, KEYS, LOG, LOG_AT = range(5)
"""Arguments: packed weights, activations, cross-attention's keys and values, the log, the log at the first new row."""


@dataclass(frozen=True)
class DecoderPlan:
    """Where packed weights lie, by name. The same for every dispatch."""

    shape: DecoderShape
    weight_offsets: Mapping[str, int]
    weight_bytes: int


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
