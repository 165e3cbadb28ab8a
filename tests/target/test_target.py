"""The targets' files and what is derived from them."""

from __future__ import annotations

import pytest

from aiebuild.errors import UsageError
from aiebuild.target import TileKind, load_target


@pytest.mark.parametrize(("name", "columns", "cores"), [("npu1", 4, 16), ("npu2", 8, 32), ("npu1_2col", 2, 8)])
def test_grid(name: str, columns: int, cores: int):
    target = load_target(name)
    assert (target.name, target.columns, target.cores) == (name, columns, cores)
    assert [target.kind(row) for row in range(3)] == [TileKind.SHIM, TileKind.MEMORY, TileKind.CORE]
    assert target.contains(columns - 1, 5)
    assert not target.contains(columns, 0)
    assert not target.contains(0, 6)


def test_limits_of_the_dmas():
    target = load_target("npu1")
    assert (target.core.dma.max_wrap, target.core.dma.max_step, target.core.dma.max_length) == (255, 8192, 16383)
    assert target.memory_tile.dma.max_length == 131071
    assert target.dma(0).max_wrap == 1023
    assert target.dma(1).descriptors_per_parity * 2 == target.dma(1).descriptors


@pytest.mark.parametrize(
    ("core", "memory", "reached"),
    [
        ((1, 3), (1, 3), True),
        ((1, 3), (0, 3), True),  # west
        ((1, 3), (2, 3), False),  # east: that core reaches here, not the other way
        ((1, 3), (1, 4), True),
        ((1, 3), (1, 2), True),
        ((1, 2), (1, 1), False),  # a memory tile is no neighbour of a core
        ((1, 1), (2, 1), True),
        ((0, 1), (2, 1), False),
        ((0, 0), (1, 0), False),
    ],
)
def test_neighbours(core: tuple[int, int], memory: tuple[int, int], reached: bool):
    assert load_target("npu1").reaches(core, memory) is reached


def test_products():
    product = load_target("npu1").product("int8", "int8")
    assert product is not None
    assert product.macs_per_cycle == 256
    assert (4, 8, 8, 1) in product.shapes
    for target in (load_target("npu1"), load_target("npu2")):
        for product in target.products:
            for m, k, n, operations in product.shapes:
                assert m * k * n <= operations * product.macs_per_cycle, (product.a, product.b, m, k, n)
    assert load_target("npu1").product("float32", "float32") is None


@pytest.mark.parametrize("name", ["npu3", "npu1_4col", "npu2_8col", "xcvc1902", ""])
def test_unknown_devices(name: str):
    with pytest.raises(UsageError, match="unknown device"):
        load_target(name)
