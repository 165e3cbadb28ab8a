"""Memory tiles that a sequence programs, against the limits: `tests/designs/kept.mlir` with one thing changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from limit_designs import check

KEPT = (Path(__file__).parents[1] / "designs" / "kept.mlir").read_text(encoding="utf-8")


def test_it_fits() -> None:
    assert check(KEPT) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("[0 : i32, 2 : i32]", "[0 : i32, 0 : i32]", "depth", "@in has depth 0"),
        ("{prod_dma_channel = 0 : i32} ", "", "depth", "no pinned channel"),
        ("{bd_id = 7 : i32}", "{bd_id = 24 : i32}", "bd-id", "which takes 0 to 23"),
        ("{bd_id = 4 : i32}", "{bd_id = 0 : i32}", "bd-id", "uses descriptor 0 while it is in use"),
        ("%three = arith.constant 3", "%three = arith.constant 64", "lock-value", "acquires a lock by 64, the limit"),
        ("%free_0 = aie.lock(%mem, 48) {init = 3", "%free_0 = aie.lock(%mem, 48) {init = 64", "lock-value", "at 64"),
        ("%free_0 = aie.lock(%mem, 48)", "%free_0 = aie.lock(%core, 8)", "lock", r"a lock of tile \(0,2\)"),
        ("%mem, TileControl : 0", "%shim, TileControl : 0", "token", "no aie.packet_flow carries"),
        ("offset = 16 len = 16) {bd_id = 3", "offset = 24 len = 16) {bd_id = 3", "bd-bounds", "element 39"),
        ("repeat_count = 2 : i32}", "repeat_count = 256 : i32}", "dma-repeat", "256 times"),
    ],
)  # fmt: skip
def test_limits(old: str, new: str, rule: str, message: str) -> None:
    assert old in KEPT
    found = [violation for violation in check(KEPT.replace(old, new)) if violation.rule == rule]
    assert found, [str(violation) for violation in check(KEPT.replace(old, new))]
    assert any(re.search(message, str(violation)) for violation in found), [str(violation) for violation in found]


def test_descriptors_and_channels_of_objectfifos_are_theirs() -> None:
    """A queue through the same memory tile has the lowest descriptors of its channels, and those channels."""
    queues = (
        "    aie.objectfifo @x_in(%shim, {%mem}, 2 : i32) {cons_dma_channels = array<i32: 2>} : "
        "!aie.objectfifo<memref<8xi32>>\n"
        "    aie.objectfifo @x(%mem, {%shim}, 2 : i32) {prod_dma_channel = 2 : i32} : !aie.objectfifo<memref<8xi32>>\n"
        "    aie.objectfifo.link [@x_in] -> [@x] ([] [])\n"
    )
    text = KEPT.replace("    %body = aie.core", queues + "    %body = aie.core")
    rules = {violation.rule for violation in check(text)}
    assert rules == {"bd-id"}
    found = [str(violation) for violation in check(text)]
    assert sum("which an objectfifo's has" in entry for entry in found) == 4
    clash = [str(violation) for violation in check(text.replace("(%mem, S2MM, 0)", "(%mem, S2MM, 2)"))]
    assert any("where @x_in has its own program" in entry for entry in clash)
