"""The same design in the spelling of each generation of mlir-aie: each gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import aiebuild
from aiebuild.dialect import parse_module, print_module

CORPUS = Path(__file__).parent.parent / "designs"
SPELLINGS = sorted((CORPUS / "spellings").glob("*.mlir"))


def test_every_generation_is_there() -> None:
    """One for the time before the first change, one after each change that a design can show."""
    assert [path.stem for path in SPELLINGS] == [
        "2025-01",
        "2025-03",  # dma_memcpy_nd without a place
        "2025-06",  # npu1 in place of npu1_4col
        "2025-09",  # devices with names
        "2025-11",  # aie.runtime_sequence
        "2025-12",  # shim_dma_allocation of a tile
        "2026-03",  # link_with of functions
        "2026-07",  # operands in place of attributes, dma_bd with keywords
        "2026-09",  # acquire gives the objects
    ]


@pytest.mark.parametrize("path", SPELLINGS, ids=lambda path: path.stem)
def test_a_spelling_gives_the_same(path: Path) -> None:
    given = np.arange(64, dtype=np.int32)
    result = aiebuild.emulate(path, [CORPUS / "add_constant.cc"], [given, np.zeros(64, np.int32)])
    np.testing.assert_array_equal(result.arguments[1], given + 37)


@pytest.mark.parametrize("path", SPELLINGS, ids=lambda path: path.stem)
def test_a_spelling_is_printed_as_it_can_be_read(path: Path) -> None:
    module = parse_module(path.read_text(), path.name)
    printed = print_module(module)
    assert print_module(parse_module(printed, "printed")) == printed
