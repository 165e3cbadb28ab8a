"""What sequences cost the control processor, and what their activations take of memory, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from aiebuild.designs.operations import Operation
from aiebuild.designs.pool import Activation, Pool
from aiebuild.designs.spec import OverlaySpec
from aiebuild.designs.tasks import QUEUEING, TASK_CYCLES

STREAM_BYTES = 16
"""Header of an instruction stream."""
TASK_BYTES = 120
"""Instructions of a task: its descriptor, the address and the push into the queue, as aiecc writes them."""
AWAIT_BYTES = 44
SYNC_BYTES = 16
"""Instructions more for a task whose token is awaited, and of these the wait itself, which columns can share."""
MEMORY_TASK_BYTES = 24
DESCRIPTOR_BYTES = 76
"""Instructions that queue a memory tile's task, and those that write one of its descriptors."""
FURTHER_BYTES = 96
"""Instructions that write a further descriptor of a shim's task."""
DEPENDENT_CYCLES = 2800
"""`TASK_CYCLES` of a task that follows a wait: 2,700 to 2,900 there. Both are 30 to 50 % uncertain."""


@dataclass(frozen=True)
class Instructions:
    """Size of an instruction sequence, and the control processor's time for it (modelled)."""

    tasks: int
    awaited: int
    bytes: int
    controller_cycles: int


def instructions(sequence: Mapping[str, Any]) -> Instructions:
    """Of a template's value `sequence`."""
    steps = [step for step in sequence["steps"] if step["kind"] in (*QUEUEING, "await", "await_columns")]
    kinds = [step["kind"] for step in steps]
    started = [step["task"] for step in steps if step["kind"] in QUEUEING]
    chains = [len(task["chain"]) for task in started if task["chain"]]
    further = [len(task["then"]) for task in started if not task["chain"]]
    size = sum(MEMORY_TASK_BYTES + DESCRIPTOR_BYTES * chain for chain in chains)
    size += sum(TASK_BYTES + FURTHER_BYTES * more for more in further)
    written = sum(chains) + sum(1 + more for more in further)
    columns = [len(step["tasks"]) for step in steps if step["kind"] == "await_columns"]
    awaited = kinds.count("await") + sum(columns)
    size -= SYNC_BYTES * (sum(columns) - len(columns))
    after = sum(a not in QUEUEING and b in QUEUEING for a, b in pairwise(kinds))
    return Instructions(
        len(started), awaited, STREAM_BYTES + size + AWAIT_BYTES * awaited,
        TASK_CYCLES * (written - after) + DEPENDENT_CYCLES * after,
    )  # fmt: skip


def instruction_facts(overlays: Sequence[OverlaySpec]) -> dict[str, dict[str, Any]]:
    """Of all sequences, by overlay and name."""
    return {
        overlay.name: {
            sequence.name: asdict(instructions(sequence.parameters["sequence"])) for sequence in overlay.sequences
        }
        for overlay in overlays
    }


@dataclass(frozen=True)
class Lifetime:
    """An activation's place in its pool, in bytes, and the operations that touch it, as pairs of the first and the last
    number of each stretch without others of its pool's phases between."""

    name: str
    offset: int
    bytes: int
    operations: tuple[tuple[int, int], ...]


def lifetimes(operations: Sequence[Operation], argument: int, pool: Pool) -> tuple[Lifetime, ...]:
    """Of the activations of a pool that is passed as `argument`; those that nothing touches are left out.

    Raises KeyError where an operation touches what is in no use in its phase.
    """
    touched: dict[str, set[int]] = {}
    for number, operation in enumerate(operations):
        for part in operation.rounds:
            for transfers in part.transfers.values():
                for transfer in (one for first in transfers for one in first.chain):
                    if transfer.argument == argument:
                        touched.setdefault(pool.area(transfer.offset, operation.phase).name, set()).add(number)
    phases = [operation.phase for operation in operations]
    return tuple(
        Lifetime(area.name, area.offset, area.bytes, _stretches(area, phases, touched[area.name]))
        for area in pool.areas
        if area.name in touched
    )


def _stretches(area: Activation, phases: Sequence[str], touched: set[int]) -> tuple[tuple[int, int], ...]:
    """Operations during which an activation is in use, from the first to the last that touches it in each stretch."""
    if area.phases is None:
        return ((min(touched), max(touched)),)
    out: list[tuple[int, int]] = []
    stretch: list[int] = []
    for number, phase in enumerate((*phases, None)):
        if phase in area.phases:
            stretch += [number] if number in touched else []
        elif stretch:
            out.append((stretch[0], stretch[-1]))
            stretch = []
    return tuple(out)
