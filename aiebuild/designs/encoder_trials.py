"""Trials of the encoder overlay's kernels on random data, beside `reference`: one core, all phases of an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import cross_keys, reference
from aiebuild.designs.encoder import OBJECT, STRIP, encoder_parameters
from aiebuild.designs.encoder_commands import (
    GELU,
    KEYS_OUT,
    MASK,
    NORM_KEPT,
    RESIDUAL,
    VALUES_OUT,
    Command,
    norm_command,
)
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.trial import Kernels, Object, Trial, memory, objects_of, soiled
from aiebuild.weights.pack import (
    Bytes,
    Floats,
    from_bf16,
    pack_bf16,
    pack_int8,
    pack_rows_bf16,
    quantise_columns,
    to_bf16,
)

LAYOUTS = ("natural", "query", "value")
"""How a product's 64 x 64 tile leaves a core: rows for the next product, transposed 4 x 8 blocks, transposed whole."""
FOUR_BIT_LAYOUTS = {"keys": KEYS_OUT, "values": VALUES_OUT}
"""Layouts of int8 products only: what the decoder's cross-attention reads."""


class EncoderCore:
    """One core with its memory, at a row and column of the grid."""

    def __init__(self, kernels: Kernels, row: int = 0, column: int = 0) -> None:
        self._kernels = kernels
        self.row, self.column = row, column
        buffers = encoder_parameters(kernels.grid)
        self._acc, self._scratch = memory(buffers["acc"]), memory(buffers["scratch"])
        self._stats, self._params = memory(buffers["stats"]), memory(buffers["params"])

    def run(self, command: bytes, a: Iterator[Object], b: Iterator[Object]) -> list[Object]:
        """The core's body in `encoder.mlir.j2`: an operation on the objects of its A and B channels; its C objects."""
        call, acc, stats, params = self._kernels.call, self._acc, self._stats, self._params
        (head,) = objects_of(command, OBJECT)
        call("encoder_command", head, acc, params, inputs=(head,))
        tiles, statistics, products, outputs, side, stream = (int(n) for n in params.view(np.int32)[1:7])
        out: list[Object] = []
        for tile in range(tiles):
            for step in range(statistics):
                x = next(a)
                call("encoder_norm_statistics", x, acc, params, step, self.column, inputs=(x,))
            for step in range(products):
                x, w = next(a), next(b)
                call("encoder_gemm_step", x, w, acc, self._scratch, stats, params, step, inputs=(x, w))
            for output in range(outputs):
                c = soiled(OBJECT)
                for step in range(side):
                    x = next(a)
                    call(
                        "encoder_side_step", x, c, acc, stats, params, tile, output, step, self.row, self.column,
                        inputs=(x,),
                    )  # fmt: skip
                for step in range(stream):
                    w = next(b)
                    call("encoder_attention_step", w, c, acc, self._scratch, stats, params, step, inputs=(w,))
                call("encoder_finish", c, acc, stats, params, tile, self.row, self.column)
                out.append(c)
        return out


# --- layouts that only kernels write --------------------------------------------------------------------------------


def pack_rows_int8(q: NDArray[np.int8], scales: Floats) -> Bytes:
    """int8 rows [64, k] with their scales as tiles [k / 128, 8448]: the inverse of `unpack_rows_int8`."""
    steps = q.shape[1] // 128
    blocks = q.reshape(4, 4, 4, steps, 16, 8).transpose(3, 0, 1, 4, 2, 5)
    out = np.zeros((steps, 4, STRIP), np.uint8)
    out[..., :2048] = np.ascontiguousarray(blocks).view(np.uint8).reshape(steps, 4, 2048)
    out[..., 2048:] = np.ascontiguousarray(scales, np.float32).view(np.uint8).reshape(1, 4, 64)
    return out.reshape(steps, OBJECT)


def pack_layout(x: Floats, layout: str) -> Bytes:
    """bf16 rows [64, 64] as one object in a layout of `LAYOUTS`."""
    strips = to_bf16(x).reshape(4, 16, 64)
    if layout == "natural":  # [row block][channel block][4 x 8]
        blocks = strips.reshape(4, 4, 4, 8, 8).transpose(0, 1, 3, 2, 4)
    elif layout == "query":  # [row block][channel block][8 x 4]
        blocks = strips.reshape(4, 4, 4, 8, 8).transpose(0, 1, 3, 4, 2)
    else:  # [channel block][row block][4 channels x 8 rows]
        blocks = strips.reshape(4, 2, 8, 16, 4).transpose(0, 3, 1, 4, 2)
    out = np.zeros((4, STRIP), np.uint8)
    out[:, :2048] = np.ascontiguousarray(blocks).view(np.uint8).reshape(4, 2048)
    return out.reshape(OBJECT)


def unpack_layout(tile: Object, layout: str) -> Floats:
    """The inverse of `pack_layout`."""
    data = np.ascontiguousarray(tile.reshape(4, STRIP)[:, :2048]).view(np.uint16)
    if layout == "natural":
        strips = data.reshape(4, 4, 8, 4, 8).transpose(0, 1, 3, 2, 4)
    elif layout == "query":
        strips = data.reshape(4, 4, 8, 8, 4).transpose(0, 1, 4, 2, 3)
    else:
        strips = data.reshape(4, 16, 2, 4, 8).transpose(0, 2, 4, 1, 3)
    return from_bf16(np.ascontiguousarray(strips).reshape(64, 64))


def four_bit_trial(name: str, y: reference.Expected, tile: Object, layout: str) -> Trial:
    """Of the tile that should be y: what rounding added, and each position's scale: by its largest value, or a key's by
    the largest difference to the one before, both from bf16."""
    keys = layout == "keys"
    n, codes = cross_keys.unpack(tile.reshape(4, STRIP)[:1], keys=keys)
    scales = cross_keys.scales_of(codes)[0]
    got = cross_keys.values_of(n, codes, keys=keys)[0]
    expected, added = (reference.four_bit_keys if keys else reference.four_bit_values)(y, got, scales)
    size, doubt = y.value.copy(), y.tolerance + reference.BF16 * np.abs(y.value)
    if keys:
        follows = np.arange(64) % 16 != 0
        size[follows] -= np.roll(y.value, 1, axis=0)[follows]
        doubt[follows] += np.roll(doubt, 1, axis=0)[follows]
    low, high = (
        cross_keys.step_scales(np.maximum(bound.max(axis=1), 0) * part)[1].astype(np.float64)
        for bound, part in ((np.abs(size) - doubt, 1 - 2.0**-7), (np.abs(size) + doubt, 1 + 2.0**-7))
    )
    both = reference.Expected(
        np.concatenate([expected.value, (low + high)[None] / 2.0]),
        np.concatenate([expected.tolerance, (high - low)[None] / 2.0 + 1e-9]),
    )
    return Trial(name, both, np.concatenate([added, scales[None]]))


# --- trials ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Epilogue:
    """What follows a product, and the place of the tile it is done for. `rows`: those kept, of the operation's."""

    gelu: bool = False
    residual: bool = False
    rows: tuple[int, int] | None = None
    layout: str = "natural"
    tile: int = 0
    row_rounds: int = 1
    row: int = 0
    column: int = 0

    def command(self, kind: str, products: int, grid: Grid = NPU1) -> Command:
        """The command whose last tile is tried."""
        flags = (GELU if self.gelu else 0) | (RESIDUAL if self.residual else 0) | (MASK if self.rows else 0)
        flags |= FOUR_BIT_LAYOUTS.get(self.layout, 0)
        low, high = self.rows or (0, 0)
        until = 1 << 20
        return Command(
            kind, tiles=self.tile + 1, products=products, side=grid.columns if self.residual else 0, epilogue=flags,
            row_rounds=self.row_rounds, row_low=low, row_high=high,
            transposed_until=until if self.layout == "query" else 0,
            natural_until=until if self.layout == "natural" else 0,
        )  # fmt: skip

    def finish(self, y: reference.Expected, residual: Floats) -> reference.Expected:
        """What the epilogue makes of a product."""
        if self.gelu:
            y = reference.with_gelu(y)
        if self.residual:
            y = reference.with_residual(y, residual)
        if self.rows:
            first = (self.tile % self.row_rounds * ROWS + self.row) * 64
            index = np.arange(first, first + 64)
            y = reference.with_row_mask(y, (index >= self.rows[0]) & (index < self.rows[1]))
        return y


def _run_product(
    kernels: Kernels, kind: str, epilogue: Epilogue, a: list[Object], b: list[Object], residual: Floats
) -> Object:
    """The last of the operation's tiles; every tile gets the same operands."""
    side: list[Object] = []
    if epilogue.residual:
        wrong = objects_of(np.full((kernels.grid.columns, OBJECT), 0x7F, np.uint8), OBJECT)  # the other columns' tiles
        wrong[epilogue.column] = objects_of(pack_layout(residual, "natural"), OBJECT)[0]
        side = wrong
    count = epilogue.tile + 1
    core = EncoderCore(kernels, epilogue.row, epilogue.column)
    command = epilogue.command(kind, len(a), kernels.grid).object()
    (*_, last) = core.run(command, iter((a + side) * count), iter(b * count))
    return last


def random_rows(rng: np.random.Generator, rows: int, columns: int, size: float = 1.0) -> Floats:
    """Normal numbers with a few channels fifty times as large, as Whisper's activations have them, in bf16."""
    x = rng.standard_normal((rows, columns), np.float32) * np.float32(size)
    x[:, rng.integers(0, columns, max(1, columns // 64))] *= 50
    return reference.bf16(x)


def gemm_int8(
    kernels: Kernels, rng: np.random.Generator, *, steps: int = 4, epilogue: Epilogue = Epilogue(), fill: str = "random"
) -> Trial:
    """A product of int8 rows with int8 weights, `steps` of 128 channels. `fill`: random, "zero" or "largest"."""
    k = 128 * steps
    q = rng.integers(-127, 128, (64, k)).astype(np.int8)
    w = rng.standard_normal((k, 64), np.float32) * np.float32(0.05)
    if fill == "zero":
        q[:] = 0
    elif fill == "largest":
        q[:], w[:] = np.where(rng.random((64, k)) < 0.5, -128, 127), 0.05
        q[:32] = 127  # sums as large as they can be
    scales = np.exp(rng.uniform(-6, -2, 64)).astype(np.float32)
    bias = reference.bf16(rng.standard_normal(64, np.float32))
    residual = random_rows(rng, 64, 64)
    wq, columns = quantise_columns(w)
    y = reference.gemm_int8(q, scales, wq, columns, bias)
    a = objects_of(pack_rows_int8(q, scales), OBJECT)
    b = objects_of(pack_int8(w, bias, 1), OBJECT)
    got = _run_product(kernels, "gemm_int8", epilogue, a, b, residual)
    if epilogue.layout in FOUR_BIT_LAYOUTS:
        return four_bit_trial("encoder gemm_int8", epilogue.finish(y, residual), got, epilogue.layout)
    return Trial("encoder gemm_int8", epilogue.finish(y, residual), unpack_layout(got, epilogue.layout))


def gemm_bf16(
    kernels: Kernels,
    rng: np.random.Generator,
    *,
    steps: int = 4,
    epilogue: Epilogue = Epilogue(),
    by_rows: bool = False,
    size: float = 1.0,
) -> Trial:
    """A product in bf16, `steps` of 64 channels; `by_rows`: A as plain rows, as the first convolution reads frames."""
    x = random_rows(rng, 64, 64 * steps, size)
    w = reference.bf16(rng.standard_normal((64 * steps, 64), np.float32) * np.float32(0.05))
    bias = reference.bf16(rng.standard_normal(64, np.float32))
    residual = random_rows(rng, 64, 64, size)
    if by_rows:
        rows = np.zeros((steps, OBJECT), np.uint8)
        rows[:, 8192:] = 0x7F  # two frames that belong to others
        rows[:, :8192] = to_bf16(x).reshape(64, steps, 64).transpose(1, 0, 2).copy().view(np.uint8).reshape(steps, -1)
    else:
        rows = pack_rows_bf16(x, 1, steps)[0]
    b = objects_of(pack_bf16(w, bias, steps, 1), OBJECT)
    kind = "gemm_bf16_rows" if by_rows else "gemm_bf16"
    got = _run_product(kernels, kind, epilogue, objects_of(rows, OBJECT), b, residual)
    expected = epilogue.finish(reference.gemm_bf16(x, w, bias), residual)
    return Trial(f"encoder {kind}", expected, unpack_layout(got, epilogue.layout))


def attention(
    kernels: Kernels,
    rng: np.random.Generator,
    *,
    keys: int = 1500,
    column: int = 1,
    size: float = 2.0,
    drift: float = 0.0,
    level: float = 0.0,
) -> Trial:
    """64 queries of a head over `keys` keys; what lies behind the last key in its object is garbage.

    `size`: standard deviation of the scores, in powers of two. `drift`: by how much they rise from first to last key.
    `level`: where they begin; for every third query all that is the other way round.
    """
    steps = -(-keys // 32)
    q = reference.bf16(rng.standard_normal((64, 64), np.float32) * np.float32(size / 8))
    k = rng.standard_normal((steps * 32, 64), np.float32)
    if drift or level:  # along one direction that all queries have in common
        q[:, 0] = 1
        k[:, 0] += np.linspace(level, level + drift, steps * 32, dtype=np.float32)
    if level:
        q[::3, 0] = -1
    k = reference.bf16(k)
    v = reference.bf16(rng.standard_normal((steps * 32, 64), np.float32))
    k[keys:], v[keys:] = 300, 300
    a = [soiled(OBJECT) for _ in range(kernels.grid.columns)]
    a[column] = objects_of(pack_layout(q, "query"), OBJECT)[0]
    b: list[Object] = []
    pad = ((0, -k.shape[0] % 64), (0, 0))
    panels = [np.pad(array, pad).reshape(-1, 64, 64) for array in (k, v)]
    for step in range(steps):
        strips = [
            pack_layout(panel[step // 2], layout).reshape(2, 2 * STRIP)[step % 2]
            for panel, layout in zip(panels, ("natural", "value"), strict=True)
        ]
        b += objects_of(np.concatenate(strips), OBJECT)
    command = Command("attention", tiles=1, side=kernels.grid.columns, stream=steps, keys=keys).object()
    (out,) = EncoderCore(kernels, column=column).run(command, iter(a), iter(b))
    expected = reference.stored_attention(reference.attention(q, k[:keys], v[:keys]))
    return Trial("encoder attention", expected, unpack_layout(out, "natural"))


def layer_norm(
    kernels: Kernels, rng: np.random.Generator, *, channel_tiles: int = 8, column: int = 2, rows: Floats | None = None
) -> Trial:
    """Layer norm of 16 rows (a core's strip of 64) to int8. `rows`: [64, channels] in bf16 instead of random ones."""
    channels = 64 * channel_tiles
    x = random_rows(rng, 64, channels, 2.0) + np.float32(0.5) if rows is None else rows
    x = reference.bf16(x)
    gamma = reference.bf16(np.exp(rng.standard_normal(channels, np.float32)))
    outputs = -(-channel_tiles // 8)
    groups = kernels.grid.columns // 4  # of columns, each with a row tile of its own; the others' is not this core's
    group, strip = divmod(column, 4)
    tiles = [np.full((8 * outputs, OBJECT), 0x7F, np.uint8) for _ in range(groups)]
    tiles[group][:channel_tiles] = pack_rows_bf16(x, 1, channel_tiles)[0]
    reads = [tile[:channel_tiles] for tile in tiles]
    if channel_tiles > NORM_KEPT:
        reads += [tile[8 * output : 8 * output + 8] for output in range(outputs) for tile in tiles]
    command = norm_command(channels, groups, 1, to_bf16(gamma).tobytes())
    out = EncoderCore(kernels, column=column).run(command, iter(objects_of(np.concatenate(reads), OBJECT)), iter(()))
    q, scales = unpack_strips(out, channels)
    mine = x[strip * 16 : strip * 16 + 16]
    return Trial("encoder layer_norm", reference.layer_norm_int8(mine, gamma, scales), q * scales[:, None])


def unpack_strips(objects: list[Object], channels: int) -> tuple[NDArray[np.int8], Floats]:
    """A core's layer norm output: int8 [16, channels] and a scale per row, from strips of 16 rows x 128 channels."""
    strips = np.concatenate([o.reshape(4, STRIP) for o in objects])[: channels // 128]
    blocks = np.ascontiguousarray(strips[:, :2048]).view(np.int8).reshape(-1, 4, 16, 4, 8)
    q = blocks.transpose(1, 3, 0, 2, 4).reshape(16, channels)
    scales = np.ascontiguousarray(strips[:, 2048:]).view(np.float32)
    if not (scales == scales[0]).all():
        raise ValueError("a row's scale differs between its strips")
    return q, scales[0]


def normalise(
    kernels: Kernels, rng: np.random.Generator, *, valid: int = 3000, floor: int = -9000, column: int = 1, row: int = 2
) -> Trial:
    """Normalisation of the objects of one round; the first `valid` elements of the window are real (multiple of 16)."""
    size, columns = OBJECT // 2, kernels.grid.columns
    x = rng.integers(-32768, 32768, columns * size).astype(np.int16)
    first = row * columns * size
    command = Command("normalise", tiles=1, side=columns, floor=floor, elements=first + valid).object()
    core = EncoderCore(kernels, row, column)
    (out,) = core.run(command, iter(objects_of(x, OBJECT)), iter(()))
    mine = x[column * size : (column + 1) * size]
    expected = reference.normalise(mine, floor, int(np.clip(valid - column * size, 0, size)))
    return Trial("encoder normalise", expected, from_bf16(out.view(np.uint16)))


def trials(library: Path, grid: Grid = NPU1, seed: int = 0) -> Iterator[Trial]:
    """A trial of every kernel family and variant, as `aiebuild check` runs them."""
    kernels, rng = Kernels(library, grid), np.random.default_rng(seed)
    queries, values = Epilogue(layout="query"), Epilogue(layout="value", column=3, row=2)
    cases: dict[str, Callable[[], Trial]] = {
        "to rows": lambda: gemm_int8(kernels, rng),
        "to queries": lambda: gemm_int8(kernels, rng, epilogue=queries),
        "to values": lambda: gemm_int8(kernels, rng, epilogue=values),
        "to the decoder's keys": lambda: gemm_int8(kernels, rng, epilogue=Epilogue(layout="keys")),
        "to the decoder's values": lambda: gemm_int8(kernels, rng, epilogue=Epilogue(layout="values")),
        "GELU": lambda: gemm_int8(kernels, rng, epilogue=Epilogue(gelu=True)),
        "residual": lambda: gemm_bf16(kernels, rng, steps=8, epilogue=Epilogue(residual=True, column=2)),
        "GELU, mask": lambda: gemm_bf16(kernels, rng, by_rows=True, epilogue=Epilogue(gelu=True, rows=(1, 60))),
        "1,500 keys": lambda: attention(kernels, rng),
        "rising scores": lambda: attention(kernels, rng, keys=200, drift=60),
        "512 channels": lambda: layer_norm(kernels, rng),
        "384 channels": lambda: layer_norm(kernels, rng, channel_tiles=6),
        "768 channels": lambda: layer_norm(kernels, rng, channel_tiles=12),
        "end of a window": lambda: normalise(kernels, rng),
    }
    for what, case in cases.items():
        trial = case()
        yield replace(trial, name=f"{trial.name}, {what}")
