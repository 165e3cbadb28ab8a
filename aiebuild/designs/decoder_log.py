"""The log of keys and values: where its entries lie, and the transfers that write and read them.

The log is [layer][place][window][entry] of LOG_HEAD bytes. A place is a column of cores' 128 outputs of a column tile
of the q, k, v product: first the queries', [tile][column], then those with a head's keys and values, places of heads
that come in one object side by side. What a core reads of a head lies together that way, a dispatch that appends
points LOG_HEAD bytes further for each entry, and the steps of transfers are within the shim's STRIDE_LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from aiebuild.designs.decoder_dispatches import Attending
from aiebuild.designs.decoder_products import Split
from aiebuild.designs.decoder_shape import (
    A_OBJECT,
    ENTRIES,
    LOG_BYTES,
    LOG_HEAD,
    LOG_ROWS,
    MOST_ROWS,
    SLACK,
    STRIDE_LIMIT,
    UNITS,
    DecoderShape,
)
from aiebuild.designs.grid import ROWS
from aiebuild.designs.operations import Transfer

Levels = Sequence[tuple[int, int]]
"""Counts and strides in bytes of nested loops, the outermost first."""
LONGEST_CHAIN = 8
"""Descriptors of a task: a shim has 16, which those of its three channels share."""
WRAP_LIMIT = 1023
"""Runs of the innermost loop: the shim's wraps have 10 bits."""


@dataclass(frozen=True)
class LogRows:
    """A layer's new rows from number `first` of a dispatch on: row i * windows + w is the window w's i-th."""

    layer: int
    first: int


@dataclass(frozen=True)
class Log:
    """The log of a model's decoder with `windows` windows, a power of two."""

    shape: DecoderShape
    windows: int

    @property
    def places(self) -> int:
        """Places of a layer."""
        return (self.shape.query_tiles + self.shape.log_tiles) * self.shape.grid.columns

    @property
    def window(self) -> int:
        """Bytes of a window's entries of a place."""
        return LOG_HEAD * ((ENTRIES if self.windows * MOST_ROWS <= 32 else self.shape.positions) + SLACK)

    @property
    def place(self) -> int:
        """Bytes of a place."""
        return self.windows * self.window

    @property
    def layer(self) -> int:
        """Bytes of a layer."""
        return self.places * self.place

    @property
    def bytes(self) -> int:
        """Bytes of all."""
        return self.shape.layers * self.layer + self._behind

    def appended(self, rows: int) -> int:
        """Bytes that a dispatch of `rows` rows of each window may touch from its first row on."""
        return self.shape.layers * self.layer + self._behind - self.window + (rows + SLACK) * LOG_HEAD

    @property
    def _behind(self) -> int:
        # of the last entries, and the last layer's queries, objects are read that end further on
        return max(LOG_ROWS * LOG_HEAD, (A_OBJECT // LOG_HEAD - self.places) * self.place)

    def at(self, layer: int, tile: int, column: int) -> int:
        """Where the first window's first entry of a column tile's place lies."""
        s = self.shape
        place = (tile - s.log_tiles) * s.grid.columns + column
        if tile < s.log_tiles:
            unit, which = divmod(tile, s.heads_at_once)
            place = s.query_tiles * s.grid.columns + (unit * s.grid.columns + column) * s.heads_at_once + which
        return layer * self.layer + place * self.place

    def written(
        self, argument: int, rows: LogRows, count: int, split: Split, tiles: range, column: int
    ) -> tuple[Transfer, ...]:
        """Where a column's C objects of `tiles` go: of `count` rows on each row of cores from `rows` on. Relative to
        the first new entry. Of one or two rows there are four, and objects hold zeros behind one tile of them: both
        go onto entries that are written before anything reads them."""
        row = rows.first // self.windows * LOG_HEAD + rows.first % self.windows * self.window
        at = [self.at(rows.layer, tile, column) + row for tile in tiles]
        units, cores = 2 * UNITS // ROWS, self._rows(ROWS, count)  # rows of a tile in a C object
        if count > units:
            levels = [*self._rows(count // units, units), *cores, *self._rows(units, 1)]
        else:
            levels = [*cores, (split.output_tiles, ROWS * LOG_HEAD), *self._rows(count, 1)]
        return tuple(
            one for place, outer in _runs(at) for one in transfers(argument, place, [*outer, *levels], LOG_HEAD)
        )

    def queries(self, argument: int, layer: int, what: Attending, windows: int) -> Transfer:
        """Queries of `what` and the `windows` - 1 windows after it, an A object each: its first bytes are theirs. It
        repeats for every window. Relative to the first new entry."""
        at = self.at(layer, self.shape.log_tiles, 0) + what.window * self.window + what.first * LOG_HEAD
        levels = [(windows, self.window), (what.rows, LOG_HEAD), (A_OBJECT // LOG_HEAD, self.place)]
        return Transfer(argument, at, *_pattern(levels, LOG_HEAD))

    def read(
        self, argument: int, layer: int, window: int, windows: int, column: int, entries: int
    ) -> tuple[Transfer, ...]:
        """Keys and values of a column's heads in `windows` windows from `window` on: 128 entries of a head, or 64 of
        two, at a time, up to `entries`. Keys and values are in the log before the queries are."""
        s, together = self.shape, self.shape.heads_at_once
        at_once = LOG_ROWS // together
        first, second, group = (self.at(layer, i, column) for i in (0, 1, together))
        # heads beyond the last have places, too; nobody reads their output
        objects = [(s.log_groups, group - first), (-(-entries // at_once), at_once * LOG_HEAD)]
        rows = [(together, second - first), (at_once, LOG_HEAD)]
        at = first + window * self.window
        levels = [(windows, self.window), *objects, *rows]
        apart = tuple(replace(one, early=True) for one in transfers(argument, at, levels, LOG_BYTES))
        each = [at + sum(offsets) for offsets in product(*(range(0, n * by, by) for n, by in objects))]
        if len(apart) == 1 or windows == 1 or len(each) > LONGEST_CHAIN:
            return apart
        pattern = _pattern([(windows, self.window), *rows], LOG_BYTES)
        task: Transfer | None = None
        for place in reversed(each):
            task = Transfer(argument, place, *pattern, early=True, then=task)
        assert task is not None
        return (task,)

    def _rows(self, count: int, apart: int) -> Levels:
        """`count` rows, each the one number `apart` further: powers of two."""
        inside = max(1, min(count, self.windows // apart))  # before the next entry
        return [(count // inside, max(1, inside * apart // self.windows) * LOG_HEAD), (inside, apart * self.window)]


def _runs(at: Sequence[int]) -> Iterator[tuple[int, Levels]]:
    """Places as loops over equal steps, each with its first."""
    while at:
        step = at[1] - at[0] if len(at) > 1 else 0
        count = next((n for n in range(1, len(at)) if at[n] - at[n - 1] != step), len(at))
        yield at[0], [(count, step)]
        at = at[count:]


def merged(levels: Levels) -> list[tuple[int, int]]:
    """The same loops in as few as they can be."""
    out: list[tuple[int, int]] = []
    for count, stride in levels:
        if count == 1:
            continue
        if out and out[-1][1] == count * stride and out[-1][0] * count <= WRAP_LIMIT:
            out[-1] = (out[-1][0] * count, stride)
        else:
            out.append((count, stride))
    return out


def transfers(argument: int, offset: int, levels: Levels, run: int) -> Iterator[Transfer]:
    """Runs of `run` bytes in the order of nested loops, in as few transfers as the shim's patterns (three loops around
    a run, steps of STRIDE_LIMIT) allow."""
    inner = merged(levels)
    outer: list[tuple[int, int]] = []
    while len(inner) > 3 or any(stride > STRIDE_LIMIT for _, stride in inner):
        outer.append(inner.pop(0))
    for offsets in product(*([n * stride for n in range(count)] for count, stride in outer)):
        yield Transfer(argument, offset + sum(offsets), *_pattern(inner, run))


def _pattern(levels: Levels, run: int) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
    (a, b, c), (x, y, z) = zip(*[*[(1, 0)] * (3 - len(levels)), *levels], strict=True)
    return (a, b, c, run), (x, y, z, 1)
