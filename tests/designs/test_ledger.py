"""Sizes of instruction sequences and lifetimes of activations, of the designs and of a small case."""

from __future__ import annotations

import pytest

from aiebuild.config.model import load_model_config
from aiebuild.designs import decoder, encoder
from aiebuild.designs.decoder_sequences import Decoder, decoder_sequence
from aiebuild.designs.ledger import Lifetime, instructions, lifetimes
from aiebuild.designs.tasks import Operation, Round, Transfer, emit


def simple(text: str, place: int, argument: int = 0) -> Operation:
    read = Transfer(argument, place, (1, 1, 1, 64), (0, 0, 0, 1))
    return Operation(text, (Round({"A0_in": (read,), "C0_out": (read,)}),), ("C0_out",))


def test_a_task_after_a_wait_costs_more() -> None:
    found = instructions(emit("s", [simple("one", 0), simple("two", 64)], [1024]))
    assert (found.tasks, found.awaited, found.bytes) == (4, 2, 16 + 4 * 120 + 2 * 44)
    assert found.controller_cycles == 3 * 865 + 2800


def test_lifetimes() -> None:
    operations = [simple("one", 0), simple("other", 100, argument=1), simple("two", 128), simple("three", 64)]
    found = lifetimes(operations, 0, {"unused": 512, "x": 0, "y": 128}, 1024)
    assert found == (Lifetime("x", 0, 128, 0, 3), Lifetime("y", 128, 384, 2, 2))


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_the_models_activations(model: str) -> None:
    """Everything that is planned is used, and pools are as large as they say."""
    dims = load_model_config(model).dims
    plan = encoder.plan_encoder(encoder.EncoderShape.of(dims))
    areas = {name: area.offset for name, area in plan.areas.items()}
    found = lifetimes(encoder.Encoder(plan).operations(), encoder.ARENA, areas, plan.arena_bytes)
    assert {life.name for life in found} == set(areas)
    text = decoder.plan_decoder(decoder.DecoderShape.of(dims))
    for dispatch in decoder.dispatches(1)[:4]:
        builder = Decoder(text, dispatch)
        lives = lifetimes(builder.operations(), decoder.ARENA, builder.arena.areas, builder.arena.bytes)
        assert sum(life.bytes for life in lives) <= builder.arena.bytes
        assert {life.name for life in lives} >= {"x", "query", "hidden", "parts", "commands", "best"}


def test_a_base_encoder_is_as_large_as_aiecc_made_it() -> None:
    dims = load_model_config("base").dims
    found = instructions(encoder.encoder_sequence(encoder.plan_encoder(encoder.EncoderShape.of(dims))))
    assert found.bytes == 393_216  # of aiecc's instructions for the same sequence
    assert found.controller_cycles < 7e6
    step = instructions(
        decoder_sequence(decoder.plan_decoder(decoder.DecoderShape.of(dims)), decoder.Dispatch(1, 1, 64))
    )
    assert step.controller_cycles < found.controller_cycles
