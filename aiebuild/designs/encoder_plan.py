"""Sizes of a model's encoder in tiles, and where its activations and weights lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiebuild.config.model import ModelDims
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.pool import Activation, Pool, plan_pool, round_up
from aiebuild.weights.pack import OBJECT

POSITIONS = 1500
ROW_TILES = 24
"""64-row tiles of a window: 1,500 positions and 36 of padding."""
ROUNDS = ROW_TILES // ROWS
FRONT_FRAMES = 2
"""Frames of zeros in front of the normalised mel: the first convolution reaches back two frames."""
KV_OBJECT = 16896
"""Keys and values of 256 positions of one head in four bits, as the decoder reads them: four slices of 64, K then V
(`cross_keys`)."""
KV_TILES = ROW_TILES // ROWS
"""Such objects of a head."""


def window_keys(heads: int, grid: Grid) -> int:
    """Bytes of a window's keys and values, of the text layers' `heads` together. Behind them is room for what is unused
    of the encoder's last objects (`Encoder.keys_output`)."""
    return (heads + 3 * grid.columns) * KV_TILES * KV_OBJECT


WEIGHTS, ARENA, INPUT, KEYS = range(4)
"""Arguments of the sequence: packed weights, activations, log-mel and its command, keys and values (output)."""


@dataclass(frozen=True)
class EncoderShape:
    """Sizes of one model's encoder in tiles."""

    n_mels: int
    state: int
    heads: int
    layers: int
    text_layers: int
    grid: Grid = NPU1

    @staticmethod
    def of(dims: ModelDims, grid: Grid = NPU1) -> EncoderShape:
        """The shape for a model on an array."""
        return EncoderShape(
            dims.n_mels, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer, dims.n_text_layer, grid
        )

    @property
    def channel_tiles(self) -> int:
        """bf16 tiles of 64 channels of the residual stream."""
        return self.state // 64

    @property
    def k_steps(self) -> int:
        """int8 tiles of 128 channels."""
        return self.state // 128

    @property
    def mel_steps(self) -> int:
        """k tiles of the first convolution: three frames of mels."""
        return round_up(3 * self.n_mels, 64) // 64

    @property
    def normalise_rounds(self) -> int:
        """Rounds of an object of 4,224 values a core that cover the frames the first convolution reads."""
        frames = 2 * (ROW_TILES * 64 + 2) + 4
        return -(-frames * self.n_mels * 2 // (OBJECT * self.grid.cores))

    def padded(self, tiles: int) -> int:
        """Column tiles of a product that has `tiles`: a round fills all columns of cores."""
        return round_up(tiles, self.grid.columns)

    @property
    def norm_groups(self) -> int:
        """Row tiles of a row of cores that a layer norm works on at a time, each on four columns of cores."""
        return self.grid.columns // 4


@dataclass(frozen=True)
class Area:
    """A part of the arena: byte offset and tiles per row (rows order) or row tiles per column (columns order)."""

    offset: int
    stride: int
    size: int


@dataclass(frozen=True)
class EncoderPlan:
    """Everything the sequence and the packer agree on."""

    shape: EncoderShape
    areas: Mapping[str, Area]
    pool: Pool
    weight_offsets: Mapping[str, int]
    weight_bytes: int
    input_bytes: int
    keys_bytes: int

    @property
    def arena_bytes(self) -> int:
        """Bytes of all activations."""
        return self.pool.bytes


LAYER = ("norm1", "qkv", "attention", "out", "norm2", "fc1", "fc2")
LAST = ("norm", "keys", "values")
"""Phases of a layer, and of what comes after all of them."""


def plan_encoder(shape: EncoderShape) -> EncoderPlan:
    """Place activations in their pool and the weights in their file."""
    tiles = shape.padded(shape.channel_tiles)
    qkv = shape.padded(3 * shape.heads)
    ks = round_up(shape.k_steps, 4)
    slack = 16  # objects that the layer norm may read beyond the last row
    wanted: list[Activation] = []
    strides: dict[str, int] = {}

    def want(name: str, stride: int, size: int, phases: Sequence[str] | None) -> None:
        strides[name] = stride
        wanted.append(Activation(name, size, None if phases is None else frozenset(phases)))

    # the frames in front of mel are zero from the beginning and never written
    want("mel", 0, FRONT_FRAMES * shape.n_mels * 2 + shape.normalise_rounds * shape.grid.cores * OBJECT + 4096, None)
    want("x", tiles, (ROW_TILES * tiles + slack) * OBJECT, ("conv2", *LAYER, "norm"))
    want("xn", ks, (ROW_TILES * ks + 4) * OBJECT, ("norm1", "qkv", "norm2", "fc1", *LAST))
    want("qkv", ROW_TILES, qkv * ROW_TILES * OBJECT, ("qkv", "attention"))
    want("attention", tiles, ROW_TILES * tiles * OBJECT, ("attention", "out"))
    hidden = max(shape.padded(4 * shape.channel_tiles), 3 * tiles)
    want("hidden", hidden, ROW_TILES * hidden * OBJECT, ("conv1", "conv2", "fc1", "fc2"))
    pool = plan_pool(wanted)
    areas = {area.name: Area(area.offset, strides[area.name], area.bytes) for area in pool.areas}
    weights: dict[str, int] = {}
    at = 0
    for name, size in _weight_sizes(shape):
        weights[name] = at
        at += size
    return EncoderPlan(
        shape=shape,
        areas=areas,
        pool=pool,
        weight_offsets=weights,
        weight_bytes=at,
        input_bytes=OBJECT + shape.normalise_rounds * shape.grid.cores * OBJECT,
        keys_bytes=window_keys(shape.text_layers * shape.heads, shape.grid),
    )


def _weight_sizes(shape: EncoderShape) -> Iterator[tuple[str, int]]:
    tiles = shape.padded(shape.channel_tiles)
    for tap in range(3):
        yield f"conv1.{tap}.command", OBJECT
    yield "conv1", tiles * shape.mel_steps * OBJECT
    yield "conv2.command", OBJECT
    yield "conv2", tiles * 3 * tiles * OBJECT
    yield "positions", ROW_TILES * tiles * OBJECT
    for layer in range(shape.layers):
        p = f"layer{layer}."
        yield p + "norm1.command", OBJECT
        yield p + "qkv.command", OBJECT
        yield p + "qkv", shape.padded(3 * shape.heads) * shape.k_steps * OBJECT
        yield p + "attention.command", OBJECT
        yield p + "out.command", OBJECT
        yield p + "out", tiles * shape.channel_tiles * OBJECT
        yield p + "norm2.command", OBJECT
        yield p + "fc1.command", OBJECT
        yield p + "fc1", shape.padded(4 * shape.channel_tiles) * shape.k_steps * OBJECT
        yield p + "fc2.command", OBJECT
        yield p + "fc2", tiles * 4 * shape.channel_tiles * OBJECT
    yield "norm.command", OBJECT
    heads = shape.text_layers * shape.heads
    yield "keys.command", OBJECT
    yield "keys", heads * shape.k_steps * OBJECT
    yield "values.command", OBJECT
    yield "values", heads * shape.k_steps * OBJECT
