"""Commands of the decoder overlay: the A object that begins an operation, with the words of `decoder::Param`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.decoder_products import Linear, Split, Variant
from aiebuild.designs.decoder_shape import (
    A_FLOATS,
    A_OBJECT,
    BEST_ROWS,
    CROSS_POSITIONS,
    LOG_ROWS,
    MOST_ROWS,
    RAW_ROW,
    DecoderShape,
    Rows,
)
from aiebuild.designs.encoder_plan import POSITIONS
from aiebuild.designs.pool import round_up
from aiebuild.weights.pack import Floats, to_bf16

KINDS = {
    "linear_norm": 0, "linear": 1, "linear_merge": 2, "self_attention": 3, "cross_attention": 4, "report": 5,
}  # fmt: skip
GELU, BF16, SAMPLE, FOUR_BIT = 1, 2, 4, 8
ALL_LIVE, AS_BEFORE = -1, 0
"""Rows of a dispatch that are wanted, a bit each: all of them; those of the self-attention before."""
MASK_BYTES, LIVE, GROUP = 20, 21, 23
"""Words of a self-attention's command: bytes of a row's mask; wanted rows and number among the operation's attentions,
which a run writes."""
HEADER = 256
"""Bytes of the header; what else comes with a command follows it."""


@dataclass(frozen=True)
class Command:
    """Header of an operation: the words of `decoder::Param` in `kernels_src/decoder.h`."""

    kind: str
    first_loads: int = 0
    chunks: int = 1
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
    slices: int = 1
    keys: int = 0
    side_floats: int = A_FLOATS
    side_pieces: int = 1
    side_common: int = 1
    groups: int = 1
    channels: int = 0
    mask_bytes: int = 0
    live: int = ALL_LIVE
    windows: int = 1
    group: int = 0
    tiles: int = 0
    objects: int = 1
    heads: int = 1
    stored: int = 0

    def object(self, payload: bytes = b"") -> bytes:
        """The command as one A object."""
        head = struct.pack(
            "<29i", KINDS[self.kind], self.first_loads, self.chunks, self.parts, self.loads, self.steps, self.side,
            self.outputs, self.rows, self.k_tiles, self.load_floats, self.load_pieces, self.epilogue, self.slices,
            self.keys, self.side_floats, self.side_pieces, self.side_common, self.groups, self.channels,
            self.mask_bytes, self.live, self.windows, self.group, self.tiles, self.objects,
            0, self.heads, self.stored,
        )  # fmt: skip
        return (head.ljust(HEADER, b"\0") + payload).ljust(A_OBJECT, b"\0")


def load_pieces(linear: Linear, split: Split) -> int:
    """Loads of a row in a part: rows wider than an A object come in pieces."""
    floats = linear.k // split.parts
    return next(p for p in range(1, linear.k_tiles + 1) if (floats // 128) % p == 0 and floats // p <= A_FLOATS)


def linear_command(
    s: DecoderShape, linear: Linear, variant: Variant, gamma: Floats | None, live: int = ALL_LIVE
) -> bytes:
    """The command of a product; `gamma` of the layer norm in front of it, if there is one."""
    rows = variant.rows
    split = Split.of(linear, rows)
    pieces = load_pieces(linear, split)
    # two rows' parts of a head (or of two heads) are a load, or those of a row twice
    merged = -(-s.heads // linear.heads * rows.count // 2)
    loads = merged if linear.kind == "linear_merge" else rows.count * pieces
    common = 1 if linear.bits == 4 else 0
    times = common + (rows.count if linear.residual else 0)
    first = split.parts == 1
    flags = (GELU if linear.gelu else 0) | (BF16 if linear.bf16 else 0) | (SAMPLE if variant.sample else 0)
    flags |= FOUR_BIT if linear.bits == 4 else 0
    if live == ALL_LIVE and variant.used:
        live = (1 << variant.used) - 1
    command = Command(
        linear.kind, first_loads=loads if first else 0, chunks=split.chunks, parts=split.parts,
        loads=0 if first else loads, steps=split.chunk_tiles * linear.objects // split.parts,
        side=times * split.side_pieces + (1 if variant.sample else 0), outputs=0 if variant.sample else split.outputs,
        rows=rows.count, slices=rows.slices, k_tiles=linear.k_tiles // split.parts,
        load_floats=linear.k // split.parts // pieces, load_pieces=pieces, epilogue=flags,
        side_pieces=split.side_pieces, side_common=common, channels=s.state, live=live, tiles=split.chunk_tiles,
        objects=linear.objects // split.parts, heads=linear.heads, stored=linear.stored,
    )  # fmt: skip
    payload = b"" if gamma is None else to_bf16(gamma).tobytes()
    if len(payload) > A_OBJECT - HEADER:
        raise ValueError(f"{linear.name}: a layer norm of {gamma.size if gamma is not None else 0} channels")
    return command.object(payload)


def self_command(
    s: DecoderShape, rows: int, bucket: int, seen: NDArray[np.bool_] | None = None, windows: int = 1
) -> bytes:
    """The command of a window's self-attention, one of `windows`. `seen` [rows, bucket]: the entries each row sees
    (the run's part)."""
    if not 0 < rows <= MOST_ROWS or bucket % 64:
        raise ValueError(f"{rows} rows over {bucket} entries")
    entries = round_up(bucket, LOG_ROWS // s.heads_at_once)
    masks = b""
    if seen is not None:
        whole = np.zeros((rows, entries), np.bool_)
        whole[:, :bucket] = seen
        masks = np.packbits(whole, axis=1, bitorder="little").tobytes()
    return Command(
        "self_attention", first_loads=rows, chunks=s.log_groups, steps=entries * s.heads_at_once // LOG_ROWS, rows=rows,
        groups=s.log_groups * s.heads_at_once, outputs=rows, channels=s.state, mask_bytes=entries // 8,
        windows=windows, heads=s.heads_at_once,
    ).object(masks)  # fmt: skip


def cross_command(s: DecoderShape, rows: int, keys: int = POSITIONS, live: int = ALL_LIVE) -> bytes:
    """The command of a window's cross-attention."""
    return Command(
        "cross_attention", first_loads=rows, chunks=s.groups, steps=-(-keys // CROSS_POSITIONS),
        rows=rows, keys=keys, groups=s.groups, outputs=rows, channels=s.state, live=live,
    ).object()  # fmt: skip


def report_command(rows: Rows) -> bytes:
    """The command that gives out what sampling needs."""
    outputs = -(-rows.count // BEST_ROWS)
    return Command("report", rows=rows.count, slices=rows.slices, outputs=outputs, live=AS_BEFORE).object()


def table(
    first: tuple[int, int], second: tuple[int, int], banned: Sequence[int] = (), *, raw: bool = False
) -> tuple[int, ...]:
    """A row's words: the token ranges of its two lists, and up to four tokens that are in neither."""
    if len(banned) > 4:
        raise ValueError(f"{len(banned)} banned tokens; a row has room for four")
    more = (*banned, *(-1 for _ in range(4 - len(banned))))
    return (first[0] | (RAW_ROW if raw else 0), first[1], *second, *more)
