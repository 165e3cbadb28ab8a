"""What the encoder's memory tiles keep: how its operations share @keep. The plans are in `encoder.py`."""

from __future__ import annotations

from aiebuild.designs.encoder_plan import ROUNDS
from aiebuild.designs.grid import Grid
from aiebuild.designs.keep import Ends, Keep, Parts
from aiebuild.weights.pack import OBJECT

KEPT = 48
"""Objects of @keep for weights, keys, values and activations that are sent again: keys and values of a head take 47."""
PASSING = Parts(KEPT * OBJECT, (3 * OBJECT, 3 * OBJECT), 3)
"""What activations pass that are sent once: what C's eight objects leave of a memory tile beside `KEPT`."""
COLUMN = Parts(0, (8 * OBJECT, 20 * OBJECT, 20 * OBJECT), 0)
"""What weights, keys and values go through where no activations are sent again. The first part is small, as cores wait
for it where an operation begins."""
PASSES = 48
"""Numbers of sendings divide this: six row rounds, most models' numbers of column rounds."""
JOINS = (1, 3, 4, 5)
"""Channels of C's joins at a memory tile. Of the descriptors below 24, which even channels have, they take 0 and 1."""


def rows_parts(objects: int) -> Parts:
    """For activations of a row of cores that are sent again."""
    head = objects // 6
    return Parts(0, tuple(n * OBJECT for n in (head, (objects - head + 1) // 2, (objects - head) // 2)), 5)


def panel_parts(objects: int, steps: int) -> Parts:
    """For panels of `steps` objects of weights beside `objects` of activations."""
    size = min(steps, (KEPT - objects) // 2) * OBJECT
    return Parts(KEPT * OBJECT - 2 * size, (size, size), 0)


def keep_of(grid: Grid) -> Keep:
    """What memory tiles keep."""
    return Keep(
        bytes=PASSING.offset + PASSING.bytes, pairs=8, passes=PASSES, unit=OBJECT,
        ends=(
            Ends("A", grid.a_columns, 2, 14),
            Ends("B", tuple(range(grid.columns)), 0, 12),
        ),
        heads=range(2, 16), others=range(16, 24),
    )  # fmt: skip


def norm_parts(objects: int, steps: int) -> Parts | None:
    """For `objects` of row tiles that a layer norm reads at a time and sends twice: beside the activations and weights
    of the product that follows, of `steps` objects a panel, where there is room. None where there is none at all."""
    place = ROUNDS * steps
    beside = place + 2 * objects <= panel_parts(place, steps).offset // OBJECT
    return (
        Parts(place * OBJECT if beside else 0, (objects * OBJECT, objects * OBJECT), 5) if 2 * objects <= KEPT else None
    )
