"""Emitting sequences: queue depth, order, prefetch, tokens and frees; the models' own sequences keep the rules."""

from __future__ import annotations

from typing import Any

import pytest

from aiebuild.config.model import load_model_config
from aiebuild.designs import encoder, encoder_plan
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import Decoder, decoder_sequence
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.tasks import QUEUE, QUEUEING, SHIM_DESCRIPTORS, STREAMED, emit


def transfer(offset: int = 0, *, static: bool = False) -> Transfer:
    return Transfer(0, offset, (1, 1, 1, 64), (0, 0, 0, 1), static)


def simple(name: str, inputs: int, *, static: bool = False) -> Operation:
    part = {"A0_in": tuple(transfer(i * 64, static=static) for i in range(inputs)), "C0_out": (transfer(0),)}
    return Operation(name, (Round(part),), ("C0_out",))


def audit(sequence: dict[str, Any]) -> None:
    """What any sequence must satisfy; raises AssertionError."""
    queued: dict[str, list[str]] = {}
    written: dict[str, str] = {}
    descriptors: dict[str, tuple[str, int]] = {}
    finished: set[str] = set()
    awaited: set[str] = set()
    with_token: set[str] = set()
    for step in sequence["steps"]:
        if step["kind"] == "operation":
            continue
        if step["kind"] == "await_columns":
            assert [task["channel"] for task in step["tasks"]] == [f"C{c}_out" for c in range(len(step["tasks"]))]
            for task in step["tasks"]:
                descriptors.pop(task["value"])
                assert queued[task["channel"]].pop(0) == task["value"], "tasks of a channel end in order"
                awaited.add(task["value"])
            continue
        task = step["task"]
        if step["kind"] in ("start", "write") and not task["chain"]:
            # of a shim: A's and B's and C's of one number are on one, on npu1
            descriptors[task["value"]] = (task["channel"][1:].partition("_")[0], 1 + len(task["then"]))
            column = descriptors[task["value"]][0]
            assert sum(count for shim, count in descriptors.values() if shim == column) <= SHIM_DESCRIPTORS
        if step["kind"] == "write":
            written[task["value"]] = task["channel"]
            continue
        place = f"{task['tile']} {task['direction']} {task['channel']}" if task["chain"] else task["channel"]
        channel = queued.setdefault(place, [])
        if step["kind"] in QUEUEING:
            assert (step["kind"] == "push") == (task["value"] in written), "descriptors are written once"
            written.pop(task["value"], None)
            channel.append(task["value"])
            assert len(channel) <= QUEUE
            if "issue_token" in task["attributes"]:
                with_token.add(task["value"])
        else:
            assert channel[0] == task["value"], "tasks of a channel end in order"
            finished.add(channel.pop(0))
            descriptors.pop(task["value"], None)
            if step["kind"] == "await":
                awaited.add(task["value"])
    assert not written, "what is written is queued"
    assert not any(queued.values()), "every task is awaited or freed"
    assert awaited == with_token, "a token is asked for where it is awaited, and only there"


def test_a_fifth_task_waits_for_the_first() -> None:
    sequence = emit("s", [simple("one", 7)], [1024])
    audit(sequence)
    kinds = [step["kind"] for step in sequence["steps"] if step["kind"] != "operation"]
    assert kinds[:6] == ["start"] * 5 + ["await"]  # C, four of A, then the oldest A is awaited


def test_static_inputs_of_the_next_operation_are_queued_before_the_wait() -> None:
    sequence = emit("s", [simple("one", 1), simple("two", 2, static=True)], [1024])
    audit(sequence)
    kinds = [(step["kind"], step["task"]["channel"]) for step in sequence["steps"] if step["kind"] != "operation"]
    wait = kinds.index(("await", "C0_out"))
    assert kinds[:wait].count(("start", "A0_in")) == 3
    late = emit("s", [simple("one", 1), simple("two", 2)], [1024])
    audit(late)
    kinds = [(step["kind"], step["task"]["channel"]) for step in late["steps"] if step["kind"] != "operation"]
    assert kinds[: kinds.index(("await", "C0_out"))].count(("start", "A0_in")) == 1


def test_what_reads_what_was_written_is_only_queued_after_the_wait() -> None:
    sequence = emit("s", [simple("one", 1), simple("two", 6)], [1024])
    audit(sequence)
    steps = [step for step in sequence["steps"] if step["kind"] not in ("operation", "free")]
    kinds = [(step["kind"], step["task"]["channel"]) for step in steps]
    wait = kinds.index(("await", "C0_out"))
    assert [kind for kind in kinds[:wait] if kind[1] == "A0_in"] == [("start", "A0_in"), *[("write", "A0_in")] * 4]
    after = [("push", "A0_in")] * 4 + [("await", "A0_in"), ("start", "A0_in")] * 2
    assert kinds[wait + 1 : wait + 9] == after


def before_the_wait_of(sequence: dict[str, Any], name: str) -> list[tuple[str, str, int]]:
    """Kind, channel and offset of the tasks of an operation's part of a sequence up to its first wait."""
    steps = sequence["steps"]
    first = next(i for i, step in enumerate(steps) if step.get("text") == name)
    wait = next(i for i, step in enumerate(steps) if i > first and step["kind"].startswith("await"))
    return [
        (step["kind"], step["task"]["channel"], step["task"]["offset"])
        for step in steps[first + 1 : wait] if step["kind"] != "free"
    ]  # fmt: skip


def test_a_long_operation_leaves_time_to_look_further() -> None:
    def operation(name: str, weights: int, offset: int) -> Operation:
        streamed = Transfer(0, offset, (1, 1, 1, weights), (0, 0, 0, 1), static=True)
        return Operation(name, (Round({"A0_in": (transfer(),), "B0_in": (streamed,), "C0_out": (transfer(offset),)}),),
                         ("C0_out",))  # fmt: skip

    for weights, seen in ((100 * STREAMED, {64, 128, 192}), (3 * STREAMED, {64})):
        sizes = [("one", weights), ("two", 64), ("three", 64), ("four", 64)]
        sequence = emit("s", [operation(name, size, 64 * i) for i, (name, size) in enumerate(sizes)], [1 << 20])
        audit(sequence)
        ahead = [one for one in before_the_wait_of(sequence, "one") if one[2] or one[0] == "write"]
        for channel in ("B0_in", "C0_out"):
            assert {offset for kind, name, offset in ahead if (kind, name) == ("start", channel)} == seen
        assert ahead.count(("write", "A0_in", 0)) == len(seen)


def test_what_is_early_waits_for_all_but_the_last_operation() -> None:
    reads = Transfer(0, 512, (1, 1, 1, 64), (0, 0, 0, 1), early=True)
    last = Operation("three", (Round({"B0_in": (reads,), "C0_out": (transfer(64),)}),), ("C0_out",))
    sequence = emit("s", [simple("one", 8), simple("two", 1), last], [1024])
    audit(sequence)
    assert ("start", "B0_in", 512) not in before_the_wait_of(sequence, "one")
    assert ("start", "B0_in", 512) in before_the_wait_of(sequence, "two")


def test_a_transfer_outside_its_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="reaches byte 320 of argument 0, which has 256"):
        emit("s", [simple("one", 7)], [256])


def test_outputs_of_all_columns_are_awaited_together_and_the_next_ones_queued_before() -> None:
    def both(name: str) -> Operation:
        part = {"A0_in": (transfer(),), "C0_out": (transfer(0),), "C1_out": (transfer(64),)}
        return Operation(name, (Round(part),), ("C0_out", "C1_out"))

    sequence = emit("s", [both("one"), both("two"), both("three")], [1024])
    audit(sequence)
    steps = [step for step in sequence["steps"] if step["kind"] not in ("operation", "free")]
    kinds = [step["kind"] if "tasks" in step else step["task"]["channel"] for step in steps]
    outputs, wait = ["C0_out", "C1_out"], ["await_columns", "A0_in"]  # before the wait A's descriptors are written
    assert kinds == [*outputs, "A0_in", *outputs, "A0_in", *wait, *outputs, "A0_in", *wait, "await_columns"]


@pytest.mark.parametrize("model", ["tiny.en", "base", "small", "turbo"])
def test_the_models_sequences(model: str) -> None:
    dims = load_model_config(model).dims
    audit(encoder.encoder_sequence(encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))))
    plan = plan_decoder(DecoderShape.of(dims))
    for dispatch in (
        Dispatch(1, 1, 64), Dispatch(1, 8, 1024, "all"), Dispatch(8, 1, 128),
        Dispatch(4, 8, 512), Dispatch(32, 1, 64), Dispatch(1, 32, 64),
    ):  # fmt: skip
        audit(decoder_sequence(plan, dispatch))


@pytest.mark.parametrize("model", ["tiny.en", "base", "medium", "large-v3"])
def test_weights_do_not_overlap(model: str) -> None:
    text = plan_decoder(DecoderShape.of(load_model_config(model).dims))
    offsets = sorted(text.weight_offsets.values())
    assert len(set(offsets)) == len(offsets)
    assert offsets[-1] < text.weight_bytes


def test_padding_of_the_base_encoder_is_below_a_tenth() -> None:
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(load_model_config("base").dims))
    operations = encoder.Encoder(plan).operations()
    macs = sum(operation.macs for operation in operations)
    padded = sum(operation.padded_macs for operation in operations)
    assert macs == pytest.approx(48.4e9, rel=0.01)  # the model's arithmetic, cross-attention's keys and values with it
    assert macs < padded < 1.1 * macs


@pytest.mark.parametrize("dispatch", [Dispatch(1, 1, 64), Dispatch(8, 4, 64), Dispatch(1, 128, 128)])
def test_products_by_block(dispatch: Dispatch) -> None:
    """The model's arithmetic of a block of rows: in the last layer and the logits, of those that are asked for."""
    dims = load_model_config("tiny.en").dims
    plan = plan_decoder(DecoderShape.of(dims))
    builder = Decoder(plan, dispatch)
    operations = builder.operations()
    found = builder.block_macs(operations)
    assert sum(found) == sum(operation.macs for operation in operations)
    *others, last = found
    assert len(found) == max(1, dispatch.total // 32) and len(set(others)) <= 1
    rows, n = dispatch.total // len(found), dims.n_text_state
    row = dims.n_text_layer * (14 * n * n + 2 * (1500 + dispatch.bucket) * n) + dims.n_vocab * n
    assert last == rows * row
    assert all(other < last - rows * dims.n_vocab * n for other in others)
