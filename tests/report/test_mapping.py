"""docs/mapping.md: counts that equal the planners', tables and pictures that are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiebuild.report.mapping import layout
from aiebuild.report.mapping.counts import add, decoder_step, decoder_traffic, encoder_operations, encoder_traffic
from aiebuild.report.mapping.pictures import all_pictures
from aiebuild.report.mapping.tables import MACHINE, STEPS, all_tables, dims_of, put

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mapping.md"
COMMAND = "is out of date; run: python -m aiebuild.report.mapping docs/mapping.md"


def test_counts_equal_the_planners() -> None:
    dims = dims_of("base")
    operations = encoder_operations(dims)
    total = add("", encoder_traffic(dims, MACHINE))
    queued = [(name, len(t)) for op in operations for part in op.rounds for name, t in part.transfers.items()]
    # what goes through a memory tile's @keep: load, fill, send
    assert total.tasks == sum(n if name[0] == "C" else 3 * n for name, n in queued)
    assert total.macs == sum(op.macs for op in operations)
    assert total.bytes == sum(total.channels.values())
    for windows in STEPS:
        step = decoder_step(dims, windows)
        assert add("", decoder_traffic(step, MACHINE)).macs == sum(op.macs for op in step.operations())


@pytest.mark.parametrize("name", ["layer0.qkv", "layer0.attention", "layer0.fc1", "layer0.fc2"])
def test_every_core_writes_as_many_tiles(name: str) -> None:
    owned = layout.tile_owners(dims_of("base"), name)
    counts = [sum((o.column, o.row) == (c, r) for o in owned.values()) for c in range(4) for r in range(4)]
    assert set(counts) == {len(owned) // 16}
    assert all((o.column, o.row) == (column % 4, row % 4) for (row, column), o in owned.items())


def test_memory_adds_up() -> None:
    for device in layout.overlays().values():
        use = layout.uses(device)[0, 2]
        assert sum(size for _, size in layout.memory_of(use)) == use.bytes <= use.memory_limit


def test_tables_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, content in all_tables().items():
        assert put(text, name, content) == text, f"{PAGE.name}: table `{name}` {COMMAND}"


def test_pictures_are_up_to_date() -> None:
    for name, canvas in all_pictures().items():
        path = PAGE.with_suffix("") / f"{name}.svg"
        assert path.is_file() and path.read_text(encoding="utf-8") == canvas.svg(), f"{path.name} {COMMAND}"
