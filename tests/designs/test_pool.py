"""Activations that share places: where the planner puts them, and that no operation reads what another one's took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aiebuild.config.model import load_model_config
from aiebuild.designs import decoder_plan, encoder, encoder_plan
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import Decoder
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import grid_of
from aiebuild.designs.operations import Operation, Transfer
from aiebuild.designs.pool import ALIGNMENT, Activation, Pool, plan_pool

UNIT = 16
"""Bytes of which one knows whose they are; all transfers are in whole ones."""
PHASES = "abcdef"

activations = st.lists(
    st.tuples(st.integers(1, 40_000), st.one_of(st.none(), st.frozensets(st.sampled_from(PHASES), min_size=1))),
    max_size=12,
).map(lambda wanted: [Activation(f"area{i}", size, phases) for i, (size, phases) in enumerate(wanted)])


@settings(max_examples=200, deadline=None)
@given(wanted=activations)
def test_places(wanted: list[Activation]) -> None:
    pool = plan_pool(wanted)
    assert [(area.name, area.bytes, area.phases) for area in pool.areas] == [
        (area.name, area.bytes, area.phases) for area in wanted
    ]
    for i, area in enumerate(pool.areas):
        assert area.offset % ALIGNMENT == 0 and area.offset + area.bytes <= pool.bytes <= pool.apart
        for other in pool.areas[:i]:
            apart = area.offset + area.bytes <= other.offset or other.offset + other.bytes <= area.offset
            assert apart or not area.beside(other)
            for phase in PHASES:
                both = {area.name, other.name} <= {
                    found.name for found in pool.areas if found.phases is None or phase in found.phases
                }
                assert apart or not both


def test_what_is_not_in_use_is_nobodys() -> None:
    pool = plan_pool([Activation("x", 100, frozenset("a")), Activation("y", 100, frozenset("b"))])
    assert (pool.area(99, "a").name, pool.area(99, "b").name, pool.bytes) == ("x", "y", ALIGNMENT)
    with pytest.raises(KeyError, match="byte 0 is nothing's in c"):
        pool.area(0, "c")


@cache
def units_of(transfer: Transfer) -> NDArray[np.int64]:
    """Numbers of the units that a transfer touches."""
    assert transfer.strides[3] == 1
    starts: NDArray[np.int64] = np.full(1, transfer.offset, np.int64)
    for size, stride in zip(transfer.sizes[:3], transfer.strides[:3], strict=True):
        if stride:
            starts = (starts[:, None] + stride * np.arange(size)).reshape(-1)
    run = np.arange(-(-transfer.sizes[3] // UNIT))
    assert not (starts % UNIT).any()
    return (starts[:, None] // UNIT + run).reshape(-1)


def touched(operations: Sequence[Operation], argument: int) -> Iterator[tuple[Operation, bool, Transfer]]:
    """What operations read, then what they write (True), one after the other."""
    for operation in operations:
        for write in (False, True):
            for part in operation.rounds:
                for channel, transfers in part.transfers.items():
                    if channel.endswith("_out") == write:
                        chains = (one for first in transfers for one in first.chain)
                        yield from ((operation, write, one) for one in chains if one.argument == argument)


def strangers(operations: Sequence[Operation], argument: int, pool: Pool, *, padding: bool = False) -> dict[str, int]:
    """Bytes that operations read as one activation where another one's were written last, by both names; two runs of
    the sequence on the same memory. `padding`: what an activation never writes is read too, and of no use."""
    names = [area.name for area in pool.areas]
    units = -(-pool.bytes // UNIT) + 1
    owner, own = np.full(units, -1, np.int8), np.zeros((len(names), units), np.bool_)
    for operation, write, transfer in touched(operations, argument):
        if write:
            own[names.index(pool.area(transfer.offset, operation.phase).name), units_of(transfer)] = True
    found: dict[str, int] = {}
    for operation, write, transfer in touched((*operations, *operations), argument):
        at, name = units_of(transfer), pool.area(transfer.offset, operation.phase).name
        number = names.index(name)
        if write:
            owner[at] = number
            continue
        at = at[own[number, at]] if padding else at
        others = owner[at]
        for other in np.unique(others[(others >= 0) & (others != number)]):
            key = f"{operation.phase}: {name} <- {names[other]}"
            found[key] = found.get(key, 0) + UNIT * int((others == other).sum())
    return found


@pytest.mark.parametrize(("model", "device"), [("base", "npu1"), ("tiny.en", "npu1"), ("tiny.en", "npu2")])
def test_the_encoder_reads_its_own(model: str, device: str) -> None:
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(load_model_config(model).dims, grid_of(device)))
    assert strangers(encoder.Encoder(plan).operations(), encoder_plan.ARENA, plan.pool) == {}
    assert plan.pool.bytes < 0.66 * plan.pool.apart


@pytest.mark.parametrize("device", ["npu1", "npu2"])
@pytest.mark.parametrize("dispatch", [(1, 1, 64), (8, 4, 64), (1, 32, 64), (1, 8, 256, "all")], ids=str)
def test_the_decoder_reads_its_own(dispatch: tuple[int, int, int], device: str) -> None:
    dims = replace(load_model_config("tiny.en").dims, n_text_layer=2)
    plan = plan_decoder(DecoderShape.of(dims, grid_of(device)))
    builder = Decoder(plan, Dispatch(*dispatch))
    phases = [operation.phase for operation in builder.operations()]
    assert set(phases[phases.index("logits") :]) == {"logits"}  # nothing comes after what the run reads
    # rows are read a whole object at a time, with what lies behind them
    assert strangers(builder.operations(), decoder_plan.ARENA, builder.arena.pool, padding=True) == {}
    assert builder.arena.bytes < builder.arena.pool.apart
