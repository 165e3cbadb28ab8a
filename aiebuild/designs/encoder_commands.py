"""Commands of the encoder overlay: what begins every operation and tells the cores kind, trip counts and flags."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aiebuild.designs.encoder_plan import POSITIONS, ROUNDS, EncoderShape
from aiebuild.weights.pack import OBJECT

KINDS = {"gemm_int8": 0, "gemm_bf16": 1, "gemm_bf16_rows": 2, "attention": 3, "layer_norm": 4, "normalise": 5}
GELU, RESIDUAL, MASK, KEYS_OUT, VALUES_OUT = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class Command:
    """Header of an operation: the words of `encoder::Param` in `kernels_src/encoder.h`."""

    kind: str
    tiles: int
    statistics: int = 0
    products: int = 0
    outputs: int = 1
    side: int = 0
    stream: int = 0
    epilogue: int = 0
    row_rounds: int = ROUNDS
    row_low: int = 0
    row_high: int = POSITIONS
    transposed_until: int = 0
    natural_until: int = 1 << 20
    channels: int = 0
    keys: int = POSITIONS
    floor: int = 0
    elements: int = 0

    def object(self, payload: bytes = b"") -> bytes:
        """The command as one object; `payload` follows the header of 64 words."""
        head = struct.pack(
            "<17i", KINDS[self.kind], self.tiles, self.statistics, self.products, self.outputs, self.side, self.stream,
            self.epilogue, self.row_rounds, self.row_low, self.row_high, self.transposed_until, self.natural_until,
            self.channels, self.keys, self.floor, self.elements,
        )  # fmt: skip
        return (head.ljust(256, b"\0") + payload).ljust(OBJECT, b"\0")


NORM_KEPT = 8
"""Tiles of 64 channels of a row that a core can keep for a layer norm's second pass."""


def norm_command(channels: int, groups: int, tiles: int, gamma: bytes) -> bytes:
    """The command of a layer norm of rows of `channels`, of `tiles` row tiles for each group of four columns of cores:
    rows come once where cores can keep them, else twice."""
    steps = channels // 64
    outputs = -(-channels // 512)
    if steps <= NORM_KEPT:
        return Command("layer_norm", tiles=tiles, side=groups * steps, channels=channels).object(gamma)
    return Command(
        "layer_norm", tiles=tiles, statistics=groups * steps, outputs=outputs, side=8 * groups, channels=channels
    ).object(gamma)


def normalise_command(shape: EncoderShape, floor: int, frames: int) -> bytes:
    """The command that starts a window: `floor` is the lower clamp in Q11, `frames` how many of the window's are real.

    It lies in front of the log-mel in the sequence's input.
    """
    return Command(
        "normalise", tiles=shape.normalise_rounds, side=shape.grid.columns, floor=floor, elements=frames * shape.n_mels
    ).object()
