"""The table of how far designs come."""

from __future__ import annotations

from pathlib import Path

from aiebuild.emulation.survey import survey
from aiebuild.report.conformance import table

CORPUS = Path(__file__).parent.parent / "designs"


def test_a_row_for_every_design(tmp_path: Path) -> None:
    for name in ("passthrough", "repeat_pad", "iterations"):
        (tmp_path / f"{name}.mlir").write_text((CORPUS / f"{name}.mlir").read_text())
    (tmp_path / "broken.mlir").write_text("module {\n  aie.nonsense()\n}\n")
    large = (CORPUS / "passthrough.mlir").read_text().replace("256xi32", "131072xi32")
    (tmp_path / "large.mlir").write_text(large.replace("1024", "131072"))
    broken, stopped, great, plain, padded = survey(tmp_path)
    assert (broken.parsed, broken.lowered) == (False, False)
    assert broken.reason.startswith("2:")
    assert (great.parsed, great.lowered, great.reason) == (True, True, "")
    assert "memory" in great.limit
    assert (plain.parsed, plain.lowered, plain.reason, plain.limit) == (True, True, "", "")
    assert (padded.lowered, padded.reason) == (True, "")
    assert stopped.reason.startswith("7: objectfifo @out with iter_count")
    lines = table([broken, great, plain, stopped])
    assert lines[0] == "4 designs: 3 are read, 1 of these break a limit of their array, 2 are modelled whole."
    assert lines[6] == "| passthrough.mlir | yes | kept | yes |  |"
