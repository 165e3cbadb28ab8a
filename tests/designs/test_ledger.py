"""Sizes of instruction sequences and lifetimes of activations, of the designs and of a small case."""

from __future__ import annotations

from itertools import combinations

import pytest

from aiebuild.config.model import load_model_config
from aiebuild.designs import decoder_plan, encoder, encoder_plan
from aiebuild.designs.decoder_dispatches import Dispatch, dispatches
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import Decoder, decoder_sequence
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.ledger import Lifetime, instructions, lifetimes
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.pool import Activation, plan_pool
from aiebuild.designs.tasks import emit


def simple(text: str, place: int, argument: int = 0) -> Operation:
    read = Transfer(argument, place, (1, 1, 1, 64), (0, 0, 0, 1))
    return Operation(text, (Round({"A0_in": (read,), "C0_out": (read,)}),), ("C0_out",))


def test_a_task_after_a_wait_costs_more() -> None:
    found = instructions(emit("s", [simple("one", 0), simple("two", 64)], [1024]))
    assert (found.tasks, found.awaited, found.bytes) == (4, 2, 16 + 4 * 120 + 2 * 44)
    assert found.controller_cycles == 3 * 865 + 2800


def test_lifetimes() -> None:
    def at(text: str, *places: int) -> Operation:
        return Operation(text, tuple(part for place in places for part in simple(text, place).rounds), ("C0_out",))

    x, y, z = Activation("x", 64, frozenset("ab")), Activation("y", 64, frozenset("c")), Activation("z", 64)
    pool = plan_pool([x, y, z, Activation("unused", 64)])
    assert pool.offsets == {"z": 0, "unused": 4096, "x": 8192, "y": 8192}
    other = Operation("a", simple("a", 20_000, argument=1).rounds, ("C0_out",))
    operations = [at("0.a", 8192), at("0.b", 0, 8192), at("0.c", 8192), other, at("1.b", 8192), at("1.c", 0, 8192)]
    assert lifetimes(operations, 0, pool) == (
        Lifetime("x", 8192, 64, ((0, 1), (4, 4))), Lifetime("y", 8192, 64, ((2, 2), (5, 5))),
        Lifetime("z", 0, 64, ((1, 5),)),
    )  # fmt: skip
    with pytest.raises(KeyError, match="in d"):
        lifetimes([at("0.d", 8192)], 0, pool)


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_the_models_activations(model: str) -> None:
    """Everything that is planned is used, when it is said to be, and places hold one activation at a time."""
    dims = load_model_config(model).dims
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))
    found = lifetimes(encoder.Encoder(plan).operations(), encoder_plan.ARENA, plan.pool)
    assert {life.name for life in found} == set(plan.areas)
    pools = [found]
    text = plan_decoder(DecoderShape.of(dims))
    for dispatch in dispatches(1)[:4]:
        builder = Decoder(text, dispatch)
        pools.append(lifetimes(builder.operations(), decoder_plan.ARENA, builder.arena.pool))
        assert {life.name for life in pools[-1]} >= {"x", "query", "hidden", "parts", "commands", "best"}
    for lives in pools:
        for one, other in combinations(lives, 2):
            if one.offset < other.offset + other.bytes and other.offset < one.offset + one.bytes:
                assert all(b < c or d < a for a, b in one.operations for c, d in other.operations), (one, other)


def test_a_sequence_is_as_large_as_aiecc_made_it() -> None:
    """Base's encoder as aiecc compiled it (it has changed since): so many tasks of each kind and waits."""
    memory = [{"kind": "start", "task": {"chain": [None] * n}} for n, many in AIECC_CHAINS for _ in range(many)]
    shims = [
        {"kind": "start", "task": {"chain": [], "then": [None] * n}} for n, many in AIECC_TASKS for _ in range(many)
    ]
    waits = [{"kind": "await"}] * 592 + [{"kind": "await_columns", "tasks": [None] * 4}] * 59
    found = instructions({"steps": [*memory, *shims, *waits]})
    assert (found.tasks, found.awaited, found.bytes) == (3520, 828, 514_448)


AIECC_CHAINS = ((1, 1408), (2, 364), (3, 344), (4, 52))
"""Memory tiles' tasks by their descriptors."""
AIECC_TASKS = ((0, 1248), (1, 104))
"""Shims' tasks by their further descriptors."""


def test_a_step_takes_the_control_processor_less_than_the_encoder() -> None:
    dims = load_model_config("base").dims
    found = instructions(encoder.encoder_sequence(encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))))
    assert found.controller_cycles < 7e6
    step = instructions(decoder_sequence(plan_decoder(DecoderShape.of(dims)), Dispatch(1, 1, 64)))
    assert step.controller_cycles < found.controller_cycles
