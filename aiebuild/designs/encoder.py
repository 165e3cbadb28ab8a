"""Encoder overlay: mapping of a window's encoder onto the array, its sequence, and the weights it streams.

One dispatch takes log-mel (int16, Q11) to the keys and values that the decoder's cross-attention reads. Row r's A
channel brings activations to the four cores of the row, column c's B channel weights (or keys and values) to the four
cores of the column, column c's C channel takes the four cores' tiles away. Rows of 64 positions are spread over the
array's rows, column tiles of 64 over its columns, in rounds. The array is that of the shape's `grid`.

Buffers lie in DDR in objects of 8,448 bytes. "rows" order is [row tile][channel tile], "columns" order is
[channel tile][row tile].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from aiebuild.designs.encoder_commands import NORM_KEPT
from aiebuild.designs.encoder_keep import COLUMN, JOINS, PASSING, keep_of, norm_parts, panel_parts, rows_parts
from aiebuild.designs.encoder_plan import (
    ARENA,
    FRONT_FRAMES,
    INPUT,
    KEYS,
    KV_OBJECT,
    KV_TILES,
    POSITIONS,
    ROUNDS,
    ROW_TILES,
    WEIGHTS,
    Area,
    EncoderPlan,
)
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.keep import MOST_RUNS
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.pool import round_up
from aiebuild.designs.spec import KernelSpec
from aiebuild.designs.tasks import emit
from aiebuild.weights.pack import OBJECT

KERNELS = (
    "encoder_command.cc", "encoder_gemm.cc", "encoder_attention.cc", "encoder_norm.cc", "encoder_dispatch.cc",
)  # fmt: skip
STRIP = 2112
"""Bytes of 16 rows of a tile; a pattern's innermost run (528 words; a run of a tiled pattern must be below 1,024)."""
REPEATS = 64
"""Most repetitions of a descriptor (a 6-bit iteration count)."""


def _command(argument: int, offset: int) -> Transfer:
    return Transfer(argument, offset, (1, 1, 4, STRIP), (0, 0, STRIP, 1), static=True, parts=PASSING)


def _rounds(parts: list[dict[str, tuple[Transfer, ...]]]) -> tuple[Round, ...]:
    return tuple(Round(part) for part in parts)


@dataclass(frozen=True)
class Encoder:
    """Builds the operations of a window for a plan."""

    plan: EncoderPlan

    @property
    def _grid(self) -> Grid:
        return self.plan.shape.grid

    def _command(self, name: str) -> Transfer:
        offset = self.plan.weight_offsets[name + ".command"]
        return _command(WEIGHTS, offset)

    def gemm(
        self, name: str, command: str, a: list[Transfer], steps: int, column_tiles: int, outputs: list[Transfer],
        residual: tuple[int, int, int] | None = None, macs: int = 0, bf16: bool = True,
        by_round: bool = False,
    ) -> Operation:  # fmt: skip
        """`a[r]`: row r's operand for all row rounds; `outputs[c]`: column c's tiles for all rounds.

        `residual`: argument, offset and stride (tiles) of a rows-order buffer added in the epilogue. `by_round`: a
        task takes the outputs of one round.
        """
        columns = self._grid.columns
        column_rounds = column_tiles // columns
        base = self.plan.weight_offsets[name]
        rows, panel = rows_parts(ROUNDS * steps), panel_parts(ROUNDS * steps, steps)
        again = residual is None and column_rounds > 1 and panel.holds(steps * OBJECT)
        column = panel if again else COLUMN
        kept = column.holds(steps * OBJECT)
        reads = self._reads(a[0], column_rounds, again) if residual is None else {}
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for j in range(column_rounds):
            part: dict[str, tuple[Transfer, ...]] = {}
            for i in range(columns):
                tile = j * columns + i
                part[f"B{i}_in"] = (
                    Transfer(
                        WEIGHTS, base + tile * steps * OBJECT, (1 if kept else ROUNDS, 1, 4 * steps, STRIP),
                        (0, 0, STRIP, 1), static=True, passes=ROUNDS if kept else 1, parts=column,
                    ),
                )  # fmt: skip
            turn = min(REPEATS, column_rounds - j) if j % REPEATS == 0 else 0
            if residual is not None:
                self._with_residual(part, command if j == 0 else None, a, j, residual)
            elif j in reads:
                for i in range(ROWS):
                    operand = replace(a[i], parts=rows, passes=reads[j])
                    if not again:
                        repeated = (reads[j], *a[i].sizes[1:]) if a[i].sizes[0] == 1 else a[i].sizes
                        operand = replace(a[i], parts=PASSING, sizes=repeated)
                    part[f"A{i}_in"] = (*([self._command(command)] if j == 0 else []), operand)
            at_once = 1 if by_round else turn
            if at_once:
                for i in range(columns):
                    whole = outputs[i]
                    part[f"C{i}_out"] = (
                        replace(whole, offset=whole.offset + j * whole.strides[0], sizes=(at_once, *whole.sizes[1:])),
                    )
            parts.append(part)
        step = 64 * 64 * (64 if bf16 else 128)
        return Operation(name, _rounds(parts), self._grid.channels("C"), macs, steps * step * column_tiles * ROW_TILES)

    def _reads(self, operand: Transfer, column_rounds: int, again: bool) -> dict[int, int]:
        """The column rounds in which a task reads the operand, and for how many of them: memory tiles send it again, or
        it is read again, in as many runs as a task has."""
        most = min(REPEATS, MOST_RUNS * PASSING.bytes // operand.bytes) if operand.sizes[0] == 1 else 1
        turns = keep_of(self._grid).turns(column_rounds) if again else [
            min(most, column_rounds - j) for j in range(0, column_rounds, most)
        ]  # fmt: skip
        return {sum(turns[:k]): turn for k, turn in enumerate(turns)}

    def _with_residual(
        self, part: dict[str, tuple[Transfer, ...]], command: str | None, a: list[Transfer], j: int,
        residual: tuple[int, int, int],
    ) -> None:  # fmt: skip
        # operand of a row round, then the residual tiles of the columns, round by round, as one task
        argument, offset, stride = residual
        columns = self._grid.columns
        for i in range(ROWS):
            tiles = Transfer(
                argument, offset + (i * stride + j * columns) * OBJECT, (ROUNDS, 1, 4 * columns, STRIP),
                (ROWS * stride * OBJECT, 0, STRIP, 1),
            )  # fmt: skip
            operand = replace(
                a[i], sizes=(ROUNDS, 1, *a[i].sizes[2:]), strides=(a[i].strides[1], 0, *a[i].strides[2:]), then=tiles,
                parts=PASSING,
            )  # fmt: skip
            part[f"A{i}_in"] = (*([self._command(command)] if command else []), operand)

    def rows_operand(self, area: str, tiles: int) -> list[Transfer]:
        """Row r's tiles of a rows-order buffer, all row rounds: `tiles` of each row."""
        place = self.plan.areas[area]
        return [
            Transfer(
                ARENA, place.offset + r * place.stride * OBJECT, (1, ROUNDS, 4 * tiles, STRIP),
                (0, ROWS * place.stride * OBJECT, STRIP, 1),
            )
            for r in range(ROWS)
        ]  # fmt: skip

    def rows_output(self, area: str, column_tiles: int, first: int = 0) -> list[Transfer]:
        """Column c's tiles of a product into a rows-order buffer from channel tile `first` on."""
        place = self.plan.areas[area]
        columns = self._grid.columns
        return [
            Transfer(
                ARENA, place.offset + (first + c) * OBJECT, (column_tiles // columns, ROW_TILES, 4, STRIP),
                (columns * OBJECT, place.stride * OBJECT, STRIP, 1),
            )
            for c in range(columns)
        ]  # fmt: skip

    def columns_output(self, area: str, column_tiles: int) -> list[Transfer]:
        """Column c's tiles of a product into a columns-order buffer."""
        place = self.plan.areas[area]
        panel = ROW_TILES * OBJECT
        columns = self._grid.columns
        return [
            Transfer(
                ARENA, place.offset + c * panel, (column_tiles // columns, 1, 4 * ROW_TILES, STRIP),
                (columns * panel, 0, STRIP, 1),
            )
            for c in range(columns)
        ]  # fmt: skip

    def normalise(self) -> Operation:
        """Log-mel to normalised bf16 mel."""
        rounds = self.plan.shape.normalise_rounds
        columns = self._grid.columns
        mel = self.plan.areas["mel"].offset + FRONT_FRAMES * self.plan.shape.n_mels * 2
        part: dict[str, tuple[Transfer, ...]] = {}
        for r in range(ROWS):
            part[f"A{r}_in"] = (
                _command(INPUT, 0),
                Transfer(
                    INPUT, OBJECT + r * columns * OBJECT, (1, rounds, 4 * columns, STRIP),
                    (0, ROWS * columns * OBJECT, STRIP, 1), static=True, parts=PASSING,
                ),
            )  # fmt: skip
        for c in range(columns):
            part[f"C{c}_out"] = (
                Transfer(ARENA, mel + c * OBJECT, (1, ROWS * rounds, 4, STRIP), (0, columns * OBJECT, STRIP, 1)),
            )
        return Operation("normalise", _rounds([part]), self._grid.channels("C"))

    def conv1(self, tap: int) -> Operation:
        """Frames 2 t - 1 + tap of the first convolution, as the second one's operand of that tap."""
        shape = self.plan.shape
        frame = shape.n_mels * 2
        mel = self.plan.areas["mel"].offset
        tiles = shape.padded(shape.channel_tiles)
        a = [
            Transfer(
                ARENA, mel + (128 * r + tap) * frame, (ROUNDS, shape.mel_steps, 66, 128),
                (ROWS * 128 * frame, 128, 2 * frame, 1),
            )
            for r in range(ROWS)
        ]  # fmt: skip
        macs = POSITIONS * shape.state * 3 * shape.n_mels if tap else 0
        return self.gemm(
            "conv1", f"conv1.{tap}", a, shape.mel_steps, tiles,
            self.rows_output("hidden", tiles, tap * tiles), macs=macs,
        )  # fmt: skip

    def layer_norm(self, name: str) -> Operation:
        """x to xn: int8 with a scale per row. Each four columns of cores work on a row tile of their own."""
        shape = self.plan.shape
        x, xn = self.plan.areas["x"], self.plan.areas["xn"]
        outputs, groups = -(-shape.k_steps // 4), shape.norm_groups
        rounds = ROUNDS // groups
        # of a row of cores: a round's row tiles, one for each group, lie ROWS tiles apart
        apart = ROWS * x.stride * OBJECT
        both = shape.channel_tiles == 8 * outputs and (groups == 1 or outputs == 1)
        once = groups * shape.channel_tiles
        in_cores = shape.channel_tiles <= NORM_KEPT
        kept = norm_parts(once, shape.k_steps) if both and not in_cores else None
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for m in range(rounds):
            part: dict[str, tuple[Transfer, ...]] = {}
            for r in range(ROWS):
                row = x.offset + (m * groups * ROWS + r) * x.stride * OBJECT
                command = [self._command(name)] if m == 0 else []
                if in_cores or kept is not None:
                    whole = Transfer(
                        ARENA, row, (1, ROUNDS, 4 * shape.channel_tiles, STRIP), (0, apart, STRIP, 1), parts=PASSING
                    )
                    if kept is not None:
                        whole = replace(whole, passes=2, parts=kept, each=once * OBJECT)
                    if m == 0:
                        part[f"A{r}_in"] = (*command, whole)
                    continue
                across = (2 if both else 1, groups, 4 * shape.channel_tiles, STRIP)
                between = apart if groups > 1 else 0
                reads = [Transfer(ARENA, row, across, (0, between, STRIP, 1), parts=PASSING)]
                if not both:
                    further = (outputs, groups, 32, STRIP) if groups > 1 else (1, 1, 32 * outputs, STRIP)
                    steps = (8 * OBJECT if groups > 1 else 0, between, STRIP, 1)
                    reads.append(Transfer(ARENA, row, further, steps, parts=PASSING))
                part[f"A{r}_in"] = (*command, *reads)
            for c in range(self._grid.columns):
                part |= self._norm_output(xn, c, m, rounds, outputs)
            if part:  # rows and strips of all rounds may be one task each
                parts.append(part)
        return Operation(name, _rounds(parts), self._grid.channels("C"))

    def _norm_output(self, xn: Area, c: int, m: int, rounds: int, outputs: int) -> dict[str, tuple[Transfer, ...]]:
        """Column c's strips of round m; of all rounds at once, in the first one, where a row takes one object."""
        group, strip = divmod(c, 4)
        row = xn.stride * OBJECT
        groups = self.plan.shape.norm_groups
        first = xn.offset + group * ROWS * row + strip * STRIP
        if outputs > 1:
            place = first + m * groups * ROWS * row
            transfer = Transfer(ARENA, place, (outputs, ROWS, 4, STRIP), (4 * OBJECT, row, OBJECT, 1))
        elif m > 0:
            return {}
        elif groups == 1:
            transfer = Transfer(ARENA, first, (1, ROW_TILES, 4, STRIP), (0, row, OBJECT, 1))
        else:
            transfer = Transfer(ARENA, first, (rounds, ROWS, 4, STRIP), (groups * ROWS * row, row, OBJECT, 1))
        return {f"C{c}_out": (transfer,)}

    def attention(self, name: str) -> Operation:
        """Attention of all heads, a head a column at a time; queries in rows."""
        shape = self.plan.shape
        qkv, out = self.plan.areas["qkv"], self.plan.areas["attention"]
        panel = ROW_TILES * OBJECT
        columns = self._grid.columns
        groups = -(-shape.heads // columns)
        steps = -(-POSITIONS // 32)
        parts: list[dict[str, tuple[Transfer, ...]]] = []
        for group in range(groups):
            part: dict[str, tuple[Transfer, ...]] = {}
            for r in range(ROWS):
                query = Transfer(
                    ARENA, qkv.offset + group * columns * panel + r * OBJECT, (ROUNDS, columns, 4, STRIP),
                    (ROWS * OBJECT, panel, STRIP, 1), parts=PASSING,
                )  # fmt: skip
                part[f"A{r}_in"] = (*([self._command(name)] if group == 0 else []), query)
            for c in range(columns):
                head = group * columns + c
                part[f"C{c}_out"] = (
                    Transfer(
                        ARENA, out.offset + head * OBJECT, (1, ROW_TILES, 4, STRIP), (0, out.stride * OBJECT, STRIP, 1)
                    ),
                )
                keys = qkv.offset + (shape.heads + head) * panel
                part[f"B{c}_in"] = (
                    Transfer(
                        ARENA,
                        keys,
                        (steps, 2, 2, STRIP),
                        (2 * STRIP, shape.heads * panel, STRIP, 1),
                        passes=ROUNDS,
                        parts=COLUMN,
                    ),
                )
            parts.append(part)
        macs = 2 * POSITIONS * POSITIONS * shape.state
        # beside scores and values: sums of probabilities, a block of rows for one; the first 32 keys' scores twice
        keys = round_up(POSITIONS, 16)
        padded = ROW_TILES * groups * columns * 64 * (2 * keys * 64 + keys * self._grid.block_rows + 32 * 64)
        return Operation(name, _rounds(parts), self._grid.channels("C"), macs, padded)

    def keys_output(self, place: int) -> list[Transfer]:
        """Keys (place 0) or values (1) of all text layers, into the decoder's objects.

        Three strips of a tile are unused, and have to go somewhere: to where the same channel's next heads will be, and
        the last ones behind everything.
        """
        heads = self.plan.shape.text_layers * self.plan.shape.heads
        panel = KV_TILES * KV_OBJECT
        columns = self._grid.columns
        if heads % columns:
            raise ValueError(f"{heads} heads of keys in all; columns of cores: {columns}")
        return [
            Transfer(
                KEYS, c * panel + place * STRIP, (heads // columns, ROW_TILES, 4, STRIP),
                (columns * panel, 2 * STRIP, columns * panel, 1),
            )
            for c in range(columns)
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
                                 self.keys_output(place), None, s.text_layers * linear, bf16=False,
                                 by_round=True))  # fmt: skip
        return ops


def encoder_sequence(plan: EncoderPlan) -> dict[str, Any]:
    """The template value `sequence` of a window's encoder."""
    return emit(
        "encode", Encoder(plan).operations(), (plan.weight_bytes, plan.arena_bytes, plan.input_bytes, plan.keys_bytes),
        keep_of(plan.shape.grid), a_columns=plan.shape.grid.a_columns,
    )  # fmt: skip


def encoder_parameters(grid: Grid = NPU1) -> dict[str, Any]:
    """Parameters of `encoder.mlir.j2`: the same for every model."""
    joined = ROWS * OBJECT
    memref = f"memref<{OBJECT}xi8>"
    return {
        **grid.parameters(),
        "objects": {kernel.removesuffix(".cc"): KernelSpec(kernel, grid.defines).object_name for kernel in KERNELS},
        "object": memref,
        "a_object": memref,
        "b_object": memref,
        "c_object": memref,
        "keep": {**keep_of(grid).template(), "joins": list(JOINS)},
        "c_pin": " {prod_dma_channel = 3 : i32}",
        "joined": f"memref<{joined}xi8>",
        "join_offsets": [r * OBJECT for r in range(ROWS)],
        "acc": "memref<4096xi32>",
        "scratch": "memref<512xi32>",
        "stats": "memref<320xi32>",
        "params": "memref<64xi32>",
        "trip_counts": [
            ["tiles", 1], ["statistics", 2], ["products", 3], ["outputs", 4], ["side", 5], ["stream", 6],
        ],
        "stack_size": 2048,
    }  # fmt: skip
