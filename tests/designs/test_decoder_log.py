"""The log of keys and values: what dispatches append is where they and later ones read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.designs.decoder_dispatches import Dispatch, attending
from aiebuild.designs.decoder_log import Log, LogRows, merged, transfers
from aiebuild.designs.decoder_plan import LOG, LOG_AT
from aiebuild.designs.decoder_products import Split, layer_products
from aiebuild.designs.decoder_shape import A_OBJECT, LOG_HEAD, LOG_ROWS, STRIDE_LIMIT, DecoderShape
from aiebuild.designs.grid import ROWS, grid_of
from aiebuild.designs.operations import Transfer

Label = tuple[int, int, int, int, int]
"""Layer, window, entry, column tile, column of cores."""
JUNK: Label = (-1, -1, -1, -1, -1)
LAYERS = 2
RANDOM = settings(max_examples=40, deadline=None)


def places(transfer: Transfer) -> Iterator[int]:
    """Where a transfer's runs begin, in the order of its stream."""
    for i in range(transfer.sizes[0]):
        for one in transfer.chain:
            for j in range(one.sizes[1]):
                for k in range(one.sizes[2]):
                    yield one.offset + sum(n * s for n, s in zip((i, j, k), one.strides[:3], strict=True))


@dataclass
class Memory:
    """The log's bytes by what they are; entries that have been appended."""

    log: Log
    at: dict[int, Label] = field(default_factory=dict[int, Label])
    entries: int = 0

    def append(self, rows: int) -> None:
        """As a dispatch of `rows` rows of each window."""
        shape, log = self.log.shape, self.log
        dispatch = Dispatch(log.windows, rows, 64)
        block = dispatch.block(shape)
        linear = layer_products(shape, 0)["qkv"]
        of_cores = linear.rows(block)
        split = Split.of(linear, of_cores)
        parts = range(shape.log_tiles), range(shape.log_tiles, split.chunks * split.chunk_tiles)
        for layer in range(LAYERS):
            for first in range(0, dispatch.total, block.total):
                for tiles in parts:
                    for column in range(shape.grid.columns):
                        written = log.written(LOG_AT, LogRows(layer, first), of_cores.count, split, tiles, column)
                        given_out = self._given_out(layer, first, block.total, of_cores.count, split, tiles, column)
                        for address, label in zip((a for one in written for a in places(one)), given_out, strict=True):
                            assert address >= 0 and address + LOG_HEAD <= log.appended(rows)
                            self.at[address + self.entries * LOG_HEAD] = label
                        assert all(one.argument == LOG_AT and one.sizes[3] == LOG_HEAD for one in written)
        self.entries += rows

    def _given_out(
        self, layer: int, first: int, used: int, count: int, split: Split, tiles: range, column: int
    ) -> Iterator[Label]:
        """C objects as cores give them out: two pieces each, of [tile][row] of a chunk, those of a row of cores after
        another's."""
        for chunk in range(0, len(tiles), split.chunk_tiles):
            for number in range(split.outputs):
                for core in range(ROWS):
                    for piece in (number * 2, number * 2 + 1):
                        tile, row = divmod(piece, count)
                        row += core * count
                        if tile >= split.chunk_tiles or row >= used:
                            yield JUNK
                            continue
                        entry, window = divmod(first + row, self.log.windows)
                        yield layer, window, self.entries + entry, tiles[chunk + tile], column


def memories(device: str, heads: int, windows: int) -> Memory:
    shape = DecoderShape(64 * heads, heads, LAYERS, 100, 448, grid_of(device))
    return Memory(Log(shape, windows))


@RANDOM
@given(
    device=st.sampled_from(["npu1", "npu2"]), heads=st.sampled_from([2, 6, 8, 12, 16, 20]), rows=st.data(),
    windows=st.sampled_from([1, 2, 4, 8, 16, 32]),
)  # fmt: skip
def test_what_is_appended_is_read(device: str, heads: int, windows: int, rows: st.DataObject) -> None:
    memory = memories(device, heads, windows)
    log, shape = memory.log, memory.log.shape
    kinds = [1, 4, *([8] if windows <= 4 else []), *([32] if windows == 1 else [])]
    for count in rows.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
        memory.append(count)
    layer = rows.draw(st.integers(0, LAYERS - 1))
    window = rows.draw(st.integers(0, windows - 1))
    count = rows.draw(st.integers(1, windows - window))
    for column in range(shape.grid.columns):
        read = log.read(LOG, layer, window, count, column, 64)
        found = [a for one in read for a in places(one)]
        assert max(found) + LOG_HEAD <= log.bytes
        at_once = LOG_ROWS // shape.heads_at_once
        order = [
            (layer, w, entry, unit * shape.heads_at_once + which, column)
            for w in range(window, window + count)
            for unit in range(shape.log_groups)
            for which in range(shape.heads_at_once)
            for entry in range(at_once)
        ]
        assert len(found) == len(order)
        for address, label in zip(found, order, strict=True):
            if label[2] < memory.entries:
                assert memory.at[address] == label


@pytest.mark.parametrize("device", ["npu1", "npu2"])
@pytest.mark.parametrize("heads", [2, 6, 8, 12, 16, 20])
@pytest.mark.parametrize(("windows", "rows"), [(1, 1), (1, 8), (1, 32), (4, 1), (4, 8), (8, 4), (32, 1), (32, 4)])
def test_queries_are_those_of_the_rows(device: str, heads: int, windows: int, rows: int) -> None:
    memory = memories(device, heads, windows)
    log, shape = memory.log, memory.log.shape
    memory.append(1)
    begun = memory.entries
    memory.append(rows)
    pieces = A_OBJECT // LOG_HEAD
    for what in (group for block in attending(shape, Dispatch(windows, rows, 64)) for group in block):
        queries = log.queries(LOG_AT, 1, what, 1)
        found = [address + begun * LOG_HEAD for address in places(queries)]
        assert queries.offset >= 0 and queries.end <= log.appended(rows)
        for i in range(what.rows):
            for piece in range(shape.state // 128):
                tile, column = divmod(piece, shape.grid.columns)
                label = (1, what.window, begun + what.first + i, shape.log_tiles + tile, column)
                assert memory.at[found[i * pieces + piece]] == label


@pytest.mark.parametrize("device", ["npu1", "npu2"])
@pytest.mark.parametrize("heads", [2, 6, 8, 12, 16, 20])
@pytest.mark.parametrize("windows", [1, 2, 4, 8, 16, 32])
def test_a_step_takes_few_transfers(device: str, heads: int, windows: int) -> None:
    log = memories(device, heads, windows).log
    shape, dispatch = log.shape, Dispatch(windows, 1, 64)
    assert len(log.read(LOG, 0, 0, windows, 0, 64)) == 1
    linear = layer_products(shape, 0)["qkv"]
    rows = linear.rows(dispatch.block(shape))
    split = Split.of(linear, rows)
    for tiles in (range(shape.log_tiles), range(shape.log_tiles, linear.tiles)):
        written = log.written(LOG_AT, LogRows(0, 0), rows.count, split, tiles, 0)
        assert len(written) <= len(tiles)
        for one in (*written, log.queries(LOG_AT, 0, attending(shape, dispatch)[0][0], windows)):
            assert max(one.strides) <= STRIDE_LIMIT


@RANDOM
@given(
    levels=st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from([0, 256, 2304, 65536, STRIDE_LIMIT, 2 * STRIDE_LIMIT])), max_size=6
    ),
    offset=st.integers(0, 9),
)
def test_transfers_keep_the_order_of_loops(levels: list[tuple[int, int]], offset: int) -> None:
    expected = [offset]
    for count, stride in levels:
        expected = [at + n * stride for at in expected for n in range(count)]
    made = list(transfers(LOG, offset, levels, LOG_HEAD))
    assert [a for one in made for a in places(one)] == expected
    for one in made:
        assert max(one.strides) <= STRIDE_LIMIT
    assert len(merged(levels)) <= len(levels)
