"""Encoder overlay: mapping of a window's encoder onto the array, its sequence, and the weights it streams.

One dispatch takes log-mel (int16, Q11) to the keys and values that the decoder's cross-attention reads. Row r's A
channel brings activations to the four cores of the row, column c's B channel weights (or keys and values) to the four
cores of the column, column c's C channel takes the four cores' tiles away. Rows of 64 positions are spread over the
array's rows, column tiles of 64 over its columns, in rounds.

Buffers lie in DDR in objects of 8,448 bytes. "rows" order is [row tile][channel tile], "columns" order is
[channel tile][row tile].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import e, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.designs.tasks import Operation, Round, Transfer, emit
from aiebuild.weights.pack import OBJECT, Floats, pack_bf16, pack_int8, pack_rows_bf16, to_bf16

GRID = 4
"""Rows and columns of cores."""
STRIP = 2112
"""Bytes of 16 rows of a tile; a pattern's innermost run (528 words; a run of a tiled pattern must be below 1,024)."""
REPEATS = 64
"""Most repetitions of a descriptor (a 6-bit iteration count)."""
FRAMES = 3000
POSITIONS = 1500
ROW_TILES = 24
"""64-row tiles of a window: 1,500 positions and 36 of padding."""
ROUNDS = ROW_TILES // GRID
FRONT_FRAMES = 2
"""Frames of zeros in front of the normalised mel: the first convolution reaches back two frames."""
KV_OBJECT = 16896
"""Keys and values of 64 positions of one head as the decoder reads them: four slices of 16 keys, K then V."""

WEIGHTS, ARENA, INPUT, KEYS = range(4)
"""Arguments of the sequence: packed weights, activations, log-mel and its command, keys and values (output)."""


def round_up(n: int, to: int) -> int:
    """The least multiple of `to` that is at least n."""
    return -(-n // to) * to


@dataclass(frozen=True)
class EncoderShape:
    """Sizes of one model's encoder in tiles."""

    n_mels: int
    state: int
    heads: int
    layers: int
    text_layers: int

    @staticmethod
    def of(dims: ModelDims) -> EncoderShape:
        """The shape for a model."""
        return EncoderShape(dims.n_mels, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer, dims.n_text_layer)

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
        """Rounds of 16 objects of 4,224 values that cover the frames the first convolution reads."""
        frames = 2 * (ROW_TILES * 64 + 2) + 4
        return -(-frames * self.n_mels * 2 // (OBJECT * GRID * GRID))

    def padded(self, tiles: int) -> int:
        """Column tiles of a product that has `tiles`: a round fills all columns of cores."""
        return round_up(tiles, GRID)


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
    arena_bytes: int
    weight_offsets: Mapping[str, int]
    weight_bytes: int
    input_bytes: int
    keys_bytes: int


def plan_encoder(shape: EncoderShape) -> EncoderPlan:
    """Place activations in the arena (the convolution's input and the FFN's hidden layer share one place) and the
    weights in their file."""
    tiles = shape.padded(shape.channel_tiles)
    qkv = shape.padded(3 * shape.heads)
    ks = round_up(shape.k_steps, 4)
    slack = 16  # objects that the layer norm may read beyond the last row
    areas: dict[str, Area] = {}
    offset = 0

    def place(name: str, stride: int, size: int) -> None:
        nonlocal offset
        areas[name] = Area(offset, stride, size)
        offset += round_up(size, 4096)

    place("mel", 0, FRONT_FRAMES * shape.n_mels * 2 + shape.normalise_rounds * GRID * GRID * OBJECT + 4096)
    place("x", tiles, (ROW_TILES * tiles + slack) * OBJECT)
    place("xn", ks, (ROW_TILES * ks + 4) * OBJECT)
    place("qkv", ROW_TILES, qkv * ROW_TILES * OBJECT)
    place("attention", tiles, ROW_TILES * tiles * OBJECT)
    hidden = max(shape.padded(4 * shape.channel_tiles), 3 * tiles)
    place("hidden", hidden, ROW_TILES * hidden * OBJECT)
    weights: dict[str, int] = {}
    at = 0
    for name, size in _weight_sizes(shape):
        weights[name] = at
        at += size
    return EncoderPlan(
        shape=shape,
        areas=areas,
        arena_bytes=offset,
        weight_offsets=weights,
        weight_bytes=at,
        input_bytes=OBJECT + shape.normalise_rounds * GRID * GRID * OBJECT,
        keys_bytes=shape.text_layers * shape.heads * ROW_TILES * KV_OBJECT,
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


# --- commands -------------------------------------------------------------------------------------------------------

KINDS = {"gemm_int8": 0, "gemm_bf16": 1, "gemm_bf16_rows": 2, "attention": 3, "layer_norm": 4, "normalise": 5}
GELU, RESIDUAL, MASK = 1, 2, 4


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


def normalise_command(shape: EncoderShape, floor: int, frames: int) -> bytes:
    """The command that starts a window: `floor` is the lower clamp in Q11, `frames` how many of the window's are real.

    It lies in front of the log-mel in the sequence's input.
    """
    return Command(
        "normalise", tiles=shape.normalise_rounds, side=GRID, floor=floor, elements=frames * shape.n_mels
    ).object()


# --- operations -----------------------------------------------------------------------------------------------------


def _channels(kind: str) -> list[str]:
    return [f"{kind}{i}_{'out' if kind == 'C' else 'in'}" for i in range(GRID)]


def _rounds(parts: list[dict[str, tuple[Transfer, ...]]]) -> tuple[Round, ...]:
    return tuple(Round(part) for part in parts)


@dataclass(frozen=True)
class Encoder:
    """Builds the operations of a window for a plan."""

    plan: EncoderPlan

    def _command(self, name: str) -> Transfer:
        offset = self.plan.weight_offsets[name + ".command"]
        return Transfer(WEIGHTS, offset, (1, 1, 4, STRIP), (0, 0, STRIP, 1), static=True)

    def gemm(
        self, name: str, command: str, a: list[Transfer], steps: int, column_tiles: int, outputs: list[Transfer],
        residual: tuple[int, int, int] | None = None, macs: int = 0, bf16: bool = True,
    ) -> Operation:  # fmt: skip
        """`a[r]`: row r's operand for all row rounds; `outputs[c]`: column c's tiles for all rounds.

        `residual`: argument, offset and stride (tiles) of a rows-order buffer added in the epilogue.
        """
        column_rounds = column_tiles // GRID
        base = self.plan.weight_offsets[name]
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for j in range(column_rounds):
            part: dict[str, tuple[Transfer, ...]] = {}
            for i in range(GRID):
                tile = j * GRID + i
                part[f"B{i}_in"] = (
                    Transfer(
                        WEIGHTS, base + tile * steps * OBJECT, (ROUNDS, 1, 4 * steps, STRIP), (0, 0, STRIP, 1), True
                    ),
                )
            turn = min(REPEATS, column_rounds - j) if j % REPEATS == 0 else 0
            if residual is not None:
                self._with_residual(part, command if j == 0 else None, a, j, residual)
            elif turn or a[0].sizes[0] > 1:
                for i in range(GRID):
                    operand = a[i]
                    if operand.sizes[0] == 1:
                        operand = replace(operand, sizes=(turn, *operand.sizes[1:]), strides=(0, *operand.strides[1:]))
                    part[f"A{i}_in"] = (*([self._command(command)] if j == 0 else []), operand)
            if turn:
                for i in range(GRID):
                    whole = outputs[i]
                    part[f"C{i}_out"] = (
                        replace(whole, offset=whole.offset + j * whole.strides[0], sizes=(turn, *whole.sizes[1:])),
                    )
            parts.append(part)
        step = 64 * 64 * (64 if bf16 else 128)
        return Operation(name, _rounds(parts), tuple(_channels("C")), macs, steps * step * column_tiles * ROW_TILES)

    def _with_residual(
        self, part: dict[str, tuple[Transfer, ...]], command: str | None, a: list[Transfer], j: int,
        residual: tuple[int, int, int],
    ) -> None:  # fmt: skip
        # operand of a row round, then the residual tiles of the four columns, round by round
        argument, offset, stride = residual
        for i in range(GRID):
            tasks: list[Transfer] = [self._command(command)] if command else []
            for m in range(ROUNDS):
                tasks.append(Transfer(
                    a[i].argument, a[i].offset + m * a[i].strides[1], (1, 1, *a[i].sizes[2:]),
                    (0, 0, *a[i].strides[2:]),
                ))  # fmt: skip
                row_tile = m * GRID + i
                tasks.append(Transfer(
                    argument, offset + (row_tile * stride + j * GRID) * OBJECT, (1, 1, 4 * GRID, STRIP),
                    (0, 0, STRIP, 1), static=argument == WEIGHTS,
                ))  # fmt: skip
            part[f"A{i}_in"] = tuple(tasks)

    def rows_operand(self, area: str, tiles: int) -> list[Transfer]:
        """Row r's tiles of a rows-order buffer, all row rounds: `tiles` of each row."""
        place = self.plan.areas[area]
        return [
            Transfer(
                ARENA, place.offset + r * place.stride * OBJECT, (1, ROUNDS, 4 * tiles, STRIP),
                (0, GRID * place.stride * OBJECT, STRIP, 1),
            )
            for r in range(GRID)
        ]  # fmt: skip

    def rows_output(self, area: str, column_tiles: int, first: int = 0) -> list[Transfer]:
        """Column c's tiles of a product into a rows-order buffer from channel tile `first` on."""
        place = self.plan.areas[area]
        return [
            Transfer(
                ARENA, place.offset + (first + c) * OBJECT, (column_tiles // GRID, ROW_TILES, 4, STRIP),
                (GRID * OBJECT, place.stride * OBJECT, STRIP, 1),
            )
            for c in range(GRID)
        ]  # fmt: skip

    def columns_output(self, area: str, column_tiles: int) -> list[Transfer]:
        """Column c's tiles of a product into a columns-order buffer."""
        place = self.plan.areas[area]
        panel = ROW_TILES * OBJECT
        return [
            Transfer(
                ARENA, place.offset + c * panel, (column_tiles // GRID, 1, 4 * ROW_TILES, STRIP),
                (GRID * panel, 0, STRIP, 1),
            )
            for c in range(GRID)
        ]  # fmt: skip

    def normalise(self) -> Operation:
        """Log-mel to normalised bf16 mel."""
        rounds = self.plan.shape.normalise_rounds
        mel = self.plan.areas["mel"].offset + FRONT_FRAMES * self.plan.shape.n_mels * 2
        part: dict[str, tuple[Transfer, ...]] = {}
        for i in range(GRID):
            command = Transfer(INPUT, 0, (1, 1, 4, STRIP), (0, 0, STRIP, 1), static=True)
            part[f"A{i}_in"] = (
                command,
                Transfer(
                    INPUT, OBJECT + i * GRID * OBJECT, (1, rounds, 4 * GRID, STRIP),
                    (0, GRID * GRID * OBJECT, STRIP, 1), static=True,
                ),
            )  # fmt: skip
            part[f"C{i}_out"] = (
                Transfer(ARENA, mel + i * OBJECT, (1, GRID * rounds, 4, STRIP), (0, GRID * OBJECT, STRIP, 1)),
            )
        return Operation("normalise", _rounds([part]), tuple(_channels("C")))

    def conv1(self, tap: int) -> Operation:
        """Frames 2 t - 1 + tap of the first convolution, as the second one's operand of that tap."""
        shape = self.plan.shape
        frame = shape.n_mels * 2
        mel = self.plan.areas["mel"].offset
        tiles = shape.padded(shape.channel_tiles)
        a = [
            Transfer(
                ARENA, mel + (128 * r + tap) * frame, (ROUNDS, shape.mel_steps, 66, 128),
                (GRID * 128 * frame, 128, 2 * frame, 1),
            )
            for r in range(GRID)
        ]  # fmt: skip
        macs = POSITIONS * shape.state * 3 * shape.n_mels if tap else 0
        return self.gemm(
            "conv1", f"conv1.{tap}", a, shape.mel_steps, tiles,
            self.rows_output("hidden", tiles, tap * tiles), macs=macs,
        )  # fmt: skip

    def layer_norm(self, name: str) -> Operation:
        """x to xn: int8 with a scale per row."""
        shape = self.plan.shape
        x, xn = self.plan.areas["x"], self.plan.areas["xn"]
        outputs = -(-shape.k_steps // 4)
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for m in range(ROUNDS):
            part: dict[str, tuple[Transfer, ...]] = {}
            for r in range(GRID):
                row = x.offset + (m * GRID + r) * x.stride * OBJECT
                both = shape.channel_tiles == 8 * outputs
                reads = [Transfer(ARENA, row, (2 if both else 1, 1, 4 * shape.channel_tiles, STRIP), (0, 0, STRIP, 1))]
                if not both:
                    reads.append(Transfer(ARENA, row, (1, 1, 32 * outputs, STRIP), (0, 0, STRIP, 1)))
                command = [self._command(name)] if m == 0 else []
                part[f"A{r}_in"] = (*command, *reads)
            for c in range(GRID):
                if outputs == 1 and m == 0:
                    part[f"C{c}_out"] = (
                        Transfer(
                            ARENA, xn.offset + c * STRIP, (1, ROW_TILES, 4, STRIP), (0, xn.stride * OBJECT, OBJECT, 1)
                        ),
                    )
                elif outputs > 1:
                    part[f"C{c}_out"] = (
                        Transfer(
                            ARENA, xn.offset + m * GRID * xn.stride * OBJECT + c * STRIP,
                            (outputs, GRID, 4, STRIP), (4 * OBJECT, xn.stride * OBJECT, OBJECT, 1),
                        ),
                    )  # fmt: skip
            parts.append(part)
        return Operation(name, _rounds(parts), tuple(_channels("C")))

    def attention(self, name: str) -> Operation:
        """Attention of all heads, four at a time; queries in rows, a head a column."""
        shape = self.plan.shape
        qkv, out = self.plan.areas["qkv"], self.plan.areas["attention"]
        panel = ROW_TILES * OBJECT
        groups = -(-shape.heads // GRID)
        steps = -(-POSITIONS // 32)
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for group in range(groups):
            for m in range(ROUNDS):
                part: dict[str, tuple[Transfer, ...]] = {}
                for i in range(GRID):
                    if m == 0:
                        query = Transfer(
                            ARENA, qkv.offset + group * GRID * panel + i * OBJECT, (ROUNDS, GRID, 4, STRIP),
                            (GRID * OBJECT, panel, STRIP, 1),
                        )  # fmt: skip
                        part[f"A{i}_in"] = (*([self._command(name)] if group == 0 else []), query)
                        part[f"C{i}_out"] = (
                            Transfer(
                                ARENA, out.offset + (group * GRID + i) * OBJECT, (1, ROW_TILES, 4, STRIP),
                                (0, out.stride * OBJECT, STRIP, 1),
                            ),
                        )  # fmt: skip
                    keys = qkv.offset + (shape.heads + group * GRID + i) * panel
                    part[f"B{i}_in"] = (
                        Transfer(ARENA, keys, (steps, 2, 2, STRIP), (2 * STRIP, shape.heads * panel, STRIP, 1)),
                    )
                parts.append(part)
        macs = 2 * POSITIONS * POSITIONS * shape.state
        padded = 2 * ROW_TILES * 64 * round_up(POSITIONS, 16) * groups * GRID * 64
        return Operation(name, _rounds(parts), tuple(_channels("C")), macs, padded)

    def keys_output(self, place: int) -> list[Transfer]:
        """Keys (place 0) or values (1) of all text layers, into the decoder's objects."""
        heads = self.plan.shape.text_layers * self.plan.shape.heads
        return [
            Transfer(
                KEYS, c * ROW_TILES * KV_OBJECT + place * STRIP, (heads // GRID, 1, 4 * ROW_TILES, STRIP),
                (GRID * ROW_TILES * KV_OBJECT, 0, 2 * STRIP, 1),
            )
            for c in range(GRID)
        ]  # fmt: skip

    def operations(self) -> list[Operation]:
        """All operations of a window, in order."""
        s = self.plan.shape
        tiles = s.padded(s.channel_tiles)
        x = (ARENA, self.plan.areas["x"].offset, self.plan.areas["x"].stride)
        linear = POSITIONS * s.state * s.state
        ops = [self.normalise(), *(self.conv1(tap) for tap in range(3))]
        ops.append(self.gemm(
            "conv2", "conv2", self.rows_operand("hidden", 3 * tiles), 3 * tiles, tiles, self.rows_output("x", tiles),
            (WEIGHTS, self.plan.weight_offsets["positions"], tiles), 3 * linear,
        ))  # fmt: skip
        for layer in range(s.layers):
            p = f"layer{layer}."
            qkv = s.padded(3 * s.heads)
            wide = s.padded(4 * s.channel_tiles)
            ops += [
                self.layer_norm(p + "norm1"),
                self.gemm(p + "qkv", p + "qkv", self.rows_operand("xn", s.k_steps), s.k_steps, qkv,
                          self.columns_output("qkv", qkv), None, 3 * linear, bf16=False),
                self.attention(p + "attention"),
                self.gemm(p + "out", p + "out", self.rows_operand("attention", s.channel_tiles), s.channel_tiles, tiles,
                          self.rows_output("x", tiles), x, linear),
                self.layer_norm(p + "norm2"),
                self.gemm(p + "fc1", p + "fc1", self.rows_operand("xn", s.k_steps), s.k_steps, wide,
                          self.rows_output("hidden", wide), None, 4 * linear, bf16=False),
                self.gemm(p + "fc2", p + "fc2", self.rows_operand("hidden", 4 * s.channel_tiles), 4 * s.channel_tiles,
                          tiles, self.rows_output("x", tiles), x, 4 * linear),
            ]  # fmt: skip
        heads = s.text_layers * s.heads
        ops.append(self.layer_norm("norm"))
        for place, name in enumerate(("keys", "values")):
            ops.append(self.gemm(name, name, self.rows_operand("xn", s.k_steps), s.k_steps, heads,
                                 self.keys_output(place), None, s.text_layers * linear, bf16=False))  # fmt: skip
        return ops


def commands(plan: EncoderPlan, gamma: Mapping[str, Floats]) -> dict[str, bytes]:
    """Every command object by weight name; `gamma` has each layer norm's, which travels with its command."""
    s = plan.shape
    tiles = s.padded(s.channel_tiles)
    rounds = ROUNDS

    def gemm(kind: str, column_tiles: int, products: int, epilogue: int = 0, **more: int) -> bytes:
        side = GRID if epilogue & RESIDUAL else 0
        return Command(
            kind, tiles=column_tiles // GRID * rounds, products=products, epilogue=epilogue, side=side, **more
        ).object()

    out: dict[str, bytes] = {}
    for tap in range(3):
        out[f"conv1.{tap}.command"] = gemm(
            "gemm_bf16_rows", tiles, s.mel_steps, GELU | MASK, row_low=1 if tap == 0 else 0
        )
    out["conv2.command"] = gemm("gemm_bf16", tiles, 3 * tiles, GELU | RESIDUAL | MASK)
    outputs = -(-s.k_steps // 4)
    names = [f"layer{i}.norm{j}" for i in range(s.layers) for j in (1, 2)] + ["norm"]
    for name in names:
        g = gamma[name].astype(np.float32)
        out[name + ".command"] = Command(
            "layer_norm", tiles=rounds, statistics=s.channel_tiles, outputs=outputs, side=8, channels=s.state,
        ).object(to_bf16(g).tobytes())  # fmt: skip
    for layer in range(s.layers):
        p = f"layer{layer}."
        out[p + "qkv.command"] = gemm(
            "gemm_int8", s.padded(3 * s.heads), s.k_steps, transposed_until=s.heads, natural_until=2 * s.heads
        )
        out[p + "attention.command"] = Command(
            "attention", tiles=-(-s.heads // GRID) * rounds, side=GRID, stream=-(-POSITIONS // 32)
        ).object()
        out[p + "out.command"] = gemm("gemm_bf16", tiles, s.channel_tiles, RESIDUAL)
        out[p + "fc1.command"] = gemm("gemm_int8", s.padded(4 * s.channel_tiles), s.k_steps, GELU)
        out[p + "fc2.command"] = gemm("gemm_bf16", tiles, 4 * s.channel_tiles, RESIDUAL)
    heads = s.text_layers * s.heads
    out["keys.command"] = gemm("gemm_int8", heads, s.k_steps)
    out["values.command"] = gemm("gemm_int8", heads, s.k_steps, natural_until=0)
    return out


def smoothing(gamma: Floats, readers: Floats, alpha: float = 0.75) -> Floats:
    """Factor per channel that a layer norm's output is divided by and its readers' weights [out, in] multiplied by.

    SmoothQuant (Xiao et al. 2023, equation 4) with `alpha`, and |gamma| in place of measured activation maxima:
    Whisper's outlier channels have outlying gammas, so no calibration audio is needed.
    """
    activation = np.abs(gamma) + 1e-3
    reader = np.maximum(np.abs(readers).max(axis=0), 1e-6)
    factor = activation**alpha / reader ** (1 - alpha)
    return (factor / np.exp(np.log(factor).mean())).astype(np.float32)


def pack_encoder(weights: Mapping[str, Floats], plan: EncoderPlan) -> NDArray[np.uint8]:
    """The packed weights of the encoder, `plan.weight_bytes` bytes.

    Layer norm's beta goes into the bias of the product that follows; the attention's 1/8 and log2 e into the queries.
    """
    s = plan.shape
    tiles = s.padded(s.channel_tiles)
    out = np.zeros(plan.weight_bytes, np.uint8)

    def put(name: str, data: NDArray[np.uint8] | bytes) -> None:
        flat = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data.reshape(-1)
        at = plan.weight_offsets[name]
        out[at : at + flat.size] = flat

    gamma: dict[str, Floats] = {}

    def read_norm(norm: str, source: str, name: str, w: Floats, bias: Floats, column_tiles: int) -> None:
        """Pack `w` [out, in], which reads layer norm `source`; its gamma goes with the norm's command."""
        factor = smoothing(weights[source + ".weight"], w)
        gamma[norm] = weights[source + ".weight"] / factor
        beta = np.asarray(w @ weights[source + ".bias"], np.float32)
        put(name, pack_int8((w * factor).T, bias + beta, column_tiles))

    conv1 = weights["encoder.conv1.weight"].transpose(2, 1, 0).reshape(3 * s.n_mels, s.state)
    put("conv1", pack_bf16(conv1, weights["encoder.conv1.bias"], s.mel_steps, tiles))
    conv2 = np.zeros((3, tiles * 64, s.state), np.float32)
    conv2[:, : s.state] = weights["encoder.conv2.weight"].transpose(2, 1, 0)
    put("conv2", pack_bf16(conv2.reshape(-1, s.state), weights["encoder.conv2.bias"], 3 * tiles, tiles))
    put("positions", pack_rows_bf16(weights["encoder.positional_embedding"], ROW_TILES, tiles))
    for layer in range(s.layers):
        p, block = f"layer{layer}.", f"encoder.blocks.{layer}."
        scale = 0.125 * log2(e)
        w = np.concatenate([
            weights[block + "attn.query.weight"] * scale, weights[block + "attn.key.weight"],
            weights[block + "attn.value.weight"],
        ])  # fmt: skip
        bias = np.concatenate([
            weights[block + "attn.query.bias"] * scale, np.zeros(s.state, np.float32),
            weights[block + "attn.value.bias"],
        ])  # fmt: skip
        read_norm(p + "norm1", block + "attn_ln", p + "qkv", w, bias, s.padded(3 * s.heads))
        put(p + "out", pack_bf16(weights[block + "attn.out.weight"].T, weights[block + "attn.out.bias"],
                                 s.channel_tiles, tiles))  # fmt: skip
        read_norm(p + "norm2", block + "mlp_ln", p + "fc1", weights[block + "mlp.0.weight"],
                  weights[block + "mlp.0.bias"], s.padded(4 * s.channel_tiles))  # fmt: skip
        put(p + "fc2", pack_bf16(weights[block + "mlp.2.weight"].T, weights[block + "mlp.2.bias"],
                                 4 * s.channel_tiles, tiles))  # fmt: skip
    keys = [weights[f"decoder.blocks.{i}.cross_attn.key.weight"] for i in range(s.text_layers)]
    values = [weights[f"decoder.blocks.{i}.cross_attn.value.weight"] for i in range(s.text_layers)]
    both = np.concatenate(keys + values)
    factor = smoothing(weights["encoder.ln_post.weight"], both)
    gamma["norm"] = weights["encoder.ln_post.weight"] / factor
    bias = both @ weights["encoder.ln_post.bias"]
    n = s.text_layers * s.state
    bias[n:] += np.concatenate([weights[f"decoder.blocks.{i}.cross_attn.value.bias"] for i in range(s.text_layers)])
    heads = s.text_layers * s.heads
    put("keys", pack_int8((both[:n] * factor).T, bias[:n], heads))
    put("values", pack_int8((both[n:] * factor).T, bias[n:], heads))
    for name, command in commands(plan, gamma).items():
        put(name, command)
    return out


def encoder_sequence(plan: EncoderPlan) -> dict[str, Any]:
    """The template value `sequence` of a window's encoder."""
    return emit(
        "encode", Encoder(plan).operations(), (plan.weight_bytes, plan.arena_bytes, plan.input_bytes, plan.keys_bytes)
    )


def encoder_parameters() -> dict[str, Any]:
    """Parameters of `encoder.mlir.j2`: the same for every model."""
    joined = GRID * OBJECT
    memref = f"memref<{OBJECT}xi8>"
    return {
        "device": "npu1",
        "profile": "C2",
        "columns": list(range(GRID)),
        "rows": list(range(GRID)),
        "cores": [
            {"column": c, "row": r, "id": f"{c}_{r}", "tile": f"%core_{c}_{r}"}
            for c in range(GRID)
            for r in range(GRID)
        ],
        "object": memref,
        "a_object": memref,
        "b_object": memref,
        "c_object": memref,
        "joined": f"memref<{joined}xi8>",
        "join_offsets": [r * OBJECT for r in range(GRID)],
        "acc": "memref<4096xi32>",
        "scratch": "memref<512xi32>",
        "stats": "memref<320xi32>",
        "params": "memref<64xi32>",
        "trip_counts": [
            ["tiles", 1], ["statistics", 2], ["products", 3], ["outputs", 4], ["side", 5], ["stream", 6],
        ],
        "stack_size": 1536,
    }  # fmt: skip
