"""Every design here, and every one of mlir-aie's that uses supported operations, read, printed and read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiebuild.check import check_module
from aiebuild.dialect import DesignError, parse_module, print_module
from aiebuild.target import load_target

DESIGNS = sorted((Path(__file__).parent.parent / "designs").glob("*.mlir"))
UPSTREAM = os.environ.get("AIEBUILD_MLIR_AIE")

UNSUPPORTED = (
    "aiex.scratchpad_parameter",
    "aiex.npu.create_scratchpad",
)
"""Operations that upstream's designs use and that are not read here: scratchpads."""


def check_round_trip(text: str, name: str) -> None:
    first = parse_module(text, name)
    printed = print_module(first)
    second = parse_module(printed, f"{name} (printed)")
    assert first.is_structurally_equivalent(second)
    assert print_module(second) == printed


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.stem)
def test_own_designs(path: Path):
    text = path.read_text(encoding="utf-8")
    check_round_trip(text, path.name)
    module = parse_module(text, path.name)
    module.verify()
    assert check_module(module, load_target("npu1")) == []


def upstream_designs() -> list[Path]:
    return sorted((Path(UPSTREAM) / "test" / "npu-xrt").glob("**/aie*.mlir")) if UPSTREAM else []


@pytest.mark.skipif(UPSTREAM is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set")
def test_upstream_designs():
    """All of test/npu-xrt but for files with operations of `UNSUPPORTED`."""
    paths = upstream_designs()
    assert len(paths) > 60
    read = 0
    for path in paths:
        text = path.read_text(encoding="utf-8").replace("NPUDEVICE", "npu1")
        try:
            check_round_trip(text, str(path))
        except DesignError as error:
            assert any(f"operation {name} is not supported" in str(error) for name in UNSUPPORTED), str(error)
        else:
            read += 1
    assert read >= 69


@pytest.mark.skipif(UPSTREAM is None, reason="AIEBUILD_MLIR_AIE (path of a checkout of mlir-aie) is not set")
def test_upstream_designs_pass_the_checks():
    """They run on the array, so what is found must be among what is known to be doubtful there."""
    doubtful = {
        "add_one_ctrl_packet_4_cores": {"bd-bounds"},  # the sequence's types are smaller than what it transfers
        "add_one_ctrl_packet_col_overlay": {"bd-bounds"},
        "dmabd_task_queue": {"bd-id"},  # one descriptor for two transfers in flight
        "shim_dma_bd_reuse": {"task-queue"},  # eight tasks in a queue, short enough to be over in time
        "dma_op_pad_value_i32": {"dma-pad"},  # for npu2 only
        "objectfifo_pad_value_i32": {"bd-pad"},  # for npu2 only
    }
    for path in upstream_designs():
        text = path.read_text(encoding="utf-8").replace("NPUDEVICE", "npu1")
        try:
            module = parse_module(text, str(path))
        except DesignError:
            continue
        target = load_target("npu2" if "aie.device(npu2" in text else "npu1")
        found = {violation.rule for violation in check_module(module, target)}
        assert found <= doubtful.get(path.parent.name, set()), path
