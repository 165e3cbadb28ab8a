"""What memory tiles keep: how transfers are cut, which parts and descriptors they take, what the encoder's plans make
of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from aiebuild.config.model import load_model_config
from aiebuild.designs import encoder, encoder_keep, encoder_plan
from aiebuild.designs.grid import NPU1, grid_of
from aiebuild.designs.keep import Chain, Cut, Ends, Keep, Parts, Tile
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.tasks import QUEUEING, emit
from aiebuild.weights.pack import OBJECT

A, B = Ends("A", (0, 1), 2, 12), Ends("B", (0, 1), 0, 8)
KEEP = Keep(bytes=64 * 20, pairs=8, passes=12, unit=64, ends=(A, B), heads=range(2, 10), others=range(16, 24))
EVEN, UNEVEN = Parts(0, (256, 256), 0), Parts(512, (64, 320, 320), 2)


def test_cuts() -> None:
    assert KEEP.cut(256, 4, EVEN) == Cut((256,), 4, 1)
    assert KEEP.cut(640, 6, UNEVEN) == Cut((64, 320, 256), 6, 1)
    assert KEEP.cut(1024, 1, EVEN) == Cut((256, 256), 1, 2)
    assert KEEP.cut(64 * 5, 1, Parts(0, (128, 128), 0)) == Cut((64,), 1, 5)
    by_chunk = KEEP.cut(64 * 12, 2, EVEN, each=128)
    assert (by_chunk.chunks, by_chunk.sent, by_chunk.fills, by_chunk.sends) == ((128, 128), (0, 0, 1, 1), 3, 3)


@pytest.mark.parametrize(
    ("size", "passes", "parts", "each", "message"),
    [
        (100, 1, EVEN, 0, "100 bytes in units of 64"),
        (128, 5, EVEN, 0, "5 of 12 passes"),
        (64 * 9, 2, EVEN, 0, "576 bytes are to be sent 2 times"),
        (1024, 2, EVEN, 512, "512 of 1024 bytes at a time"),
        (64 * 4 * 1031, 1, Parts(0, (64, 64), 0), 0, "2062 runs, at most 256"),
    ],
)
def test_refused(size: int, passes: int, parts: Parts, each: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KEEP.cut(size, passes, parts, each)


def planned(tile: Tile, ends: Ends, size: int, parts: Parts) -> Chain | None:
    return tile.plan(ends, KEEP.cut(size, 1, parts), parts)


def test_parts_are_taken_by_turns() -> None:
    tile = Tile(KEEP)
    places: list[tuple[tuple[int, int], ...]] = []
    for size in (256, 256, 256, 512, 256):
        chain = planned(tile, B, size, EVEN)
        assert chain is not None
        tile.take(chain, EVEN)
        places.append(chain.places)
        tile.give(chain)
    assert places == [((0, 0),), ((256, 1),), ((0, 0),), ((0, 0), (256, 1)), ((0, 0),)]


def test_descriptors_are_those_of_no_other_chain() -> None:
    tile = Tile(KEEP)
    chains: list[Chain] = []
    for ends in (B, A, B):
        chain = planned(tile, ends, 512, EVEN)
        assert chain is not None
        tile.take(chain, EVEN)
        chains.append(chain)
    numbers = [number for chain in chains for number in (*chain.filling, *chain.sending)]
    assert len(numbers) == len(set(numbers)) == 12
    assert all(chain[0] in KEEP.heads for each in chains for chain in (each.filling, each.sending))
    assert planned(tile, B, 512, EVEN) is None  # its quota is used
    assert planned(tile, A, 512, EVEN) is not None


def test_memory_of_another_channel_is_not_taken() -> None:
    tile = Tile(KEEP)
    chain, same = planned(tile, A, 256, EVEN), planned(tile, A, 256, EVEN)
    other, apart = planned(tile, B, 256, EVEN), planned(tile, B, 64, UNEVEN)
    shifted = planned(tile, A, 256, Parts(128, (256, 256), 4))
    assert chain is not None and same is not None and other is not None and apart is not None and shifted is not None
    tile.take(chain, EVEN)
    assert tile.free(same) and tile.free(apart)
    assert not tile.free(other) and not tile.free(shifted)


def test_what_waits_for_memory_is_queued_without_its_load() -> None:
    """The second operation's weights take the first one's activations' place."""
    keep = replace(KEEP, ends=(A, replace(B, quota=12)))

    def operation(name: str, a: Parts, b: Parts) -> Operation:
        kept = [Transfer(0, 0, (1, 1, 1, 512), (0, 0, 0, 1), static=k == 1, parts=p) for k, p in enumerate((a, b))]
        return Operation(name, (Round({"A0_in": (kept[0],), "B0_in": (kept[1],), "C0_out": (kept[0],)}),), ("C0_out",))

    steps = emit("s", [operation("one", EVEN, UNEVEN), operation("two", UNEVEN, EVEN)], [512], keep)["steps"]
    first = next(k for k, step in enumerate(steps) if step["kind"] == "await")
    started = [(k, step["task"]) for k, step in enumerate(steps) if step["kind"] in QUEUEING]
    loads = [k for k, task in started if not task["chain"] and task["channel"] == "B0_in"]
    fills = [k for k, task in started if task["chain"] and (task["direction"], task["channel"]) == ("S2MM", 0)]
    assert loads[0] < fills[0] < fills[1] < first < loads[1]


def test_numbers_of_sendings() -> None:
    keep = encoder_keep.keep_of(NPU1)
    assert [keep.turns(n) for n in (6, 8, 5, 9, 20, 160)] == [[6], [8], [4, 1], [8, 1], [16, 4], [48, 48, 48, 16]]


@pytest.mark.parametrize("device", ["npu1", "npu2"])
@pytest.mark.parametrize("model", ["tiny.en", "base", "small", "medium", "turbo"])
def test_parts_lie_in_memory_and_apart(model: str, device: str) -> None:
    """Of an operation, and of it and the next one where the latter's are filled before it is over (pairs of locks)."""
    grid = grid_of(device)
    keep = encoder_keep.keep_of(grid)
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(load_model_config(model).dims, grid))
    for operation in encoder.Encoder(plan).operations():
        found = {
            (channel[0], transfer.parts)
            for part in operation.rounds
            for channel, transfers in part.transfers.items()
            for transfer in transfers
            if channel[0] != "C"
        }
        used: list[Parts] = []
        for _, parts in found:
            assert parts is not None
            assert parts.offset >= 0 and parts.offset + parts.bytes <= keep.bytes
            assert parts.first + len(parts.sizes) <= keep.pairs
            used.append(parts)
        for one, other in combinations(set(used), 2):
            assert one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset, operation.text
            pairs = [set(range(p.first, p.first + len(p.sizes))) for p in (one, other)]
            assert not pairs[0] & pairs[1]


@pytest.mark.parametrize(("model", "once"), [("tiny.en", True), ("base", True), ("small", True), ("turbo", False)])
def test_activations_are_kept_where_they_fit(model: str, once: bool) -> None:
    """FC1's rows come from DDR once, or as few times as numbers of sendings allow, and for each column round where six
    row tiles of them leave no room for weights."""
    shape = encoder_plan.EncoderShape.of(load_model_config(model).dims)
    operations = {op.text: op for op in encoder.Encoder(encoder_plan.plan_encoder(shape)).operations()}
    rows = encoder_plan.ROUNDS * shape.k_steps
    assert (encoder_keep.panel_parts(rows, shape.k_steps).holds(shape.k_steps * OBJECT)) is once
    for name in ("layer0.qkv", "layer0.fc1"):
        read = sum(
            transfer.bytes
            for part in operations[name].rounds
            for transfer in part.transfers.get("A0_in", ())
            if not transfer.static
        )
        weights = [part.transfers["B0_in"][0] for part in operations[name].rounds]
        rounds = len(weights)
        assert read == rows * OBJECT * (len(encoder_keep.keep_of(NPU1).turns(rounds)) if once else rounds)
        assert {transfer.passes for transfer in weights} == {encoder_plan.ROUNDS}
