"""Modules with several configurations of the array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import aiebuild
from aiebuild.errors import UsageError

PASSTHROUGH = (Path(__file__).parent.parent / "designs" / "passthrough.mlir").read_text()


def module() -> str:
    """Two configurations: `first` passes 1,024 words through, `second` only 512."""
    head, body = PASSTHROUGH.split("aie.device(npu1_1col)")
    body, _, _ = body.rpartition("}")
    first = f"aie.device(npu1_1col) @first{body}"
    second = f"aie.device(npu1_1col) @second{body}".replace("len = 1024", "len = 512")
    return f"{head}{first}{second}}}\n"


def test_a_configuration_is_chosen_by_its_name() -> None:
    x, nothing = np.arange(1024, dtype=np.int32), np.full(1024, -1, np.int32)
    for name, expected in (("first:", 1024), ("second:sequence", 512)):
        result = aiebuild.emulate(module(), args=[x, nothing], sequence=name)
        assert int((result.outputs[0] == x).sum()) == expected


@pytest.mark.parametrize("name", [None, "third:", "sequence"])
def test_the_choice_has_to_be_made(name: str | None) -> None:
    with pytest.raises(UsageError, match="configurations") as failed:
        aiebuild.emulate(module(), sequence=name)
    assert failed.value.hint == "--sequence first:SEQUENCE or --sequence second:SEQUENCE"
