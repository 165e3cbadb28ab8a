"""The profile's table and file."""

from __future__ import annotations

import json
from pathlib import Path

from aiebuild.report.profile import profile_lines, write_profile
from aiebuild.runtime.profile import Profile, StageProfile

PROFILE = Profile(
    "host (2 threads)",
    (
        StageProfile("encoder", "encoder", 16, 1, 0.25, 12_000, {"mmul": 100, "scalar": 0}),
        StageProfile("sampling", "", 0, 0, 0.01),
    ),
    2,
    0.3,
)


def test_the_table() -> None:
    lines = profile_lines(PROFILE)
    assert lines[0] == "profile: host (2 threads), measured; 2 overlay switches"
    assert lines[1].split() == ["stage", "design", "cores", "dispatches", "seconds", "model", "MAC", "mmul"]
    assert lines[3].split() == ["encoder", "encoder", "16", "1", "0.250", "12,000", "100"]
    assert lines[4].split() == ["sampling", "(host", "CPU)", "0", "0", "0.010", "-", "-"]
    assert lines[-1].split() == ["all", "1", "0.300", "12,000", "100"]


def test_the_file(tmp_path: Path) -> None:
    write_profile(PROFILE, tmp_path / "new" / "profile.json")
    values = json.loads((tmp_path / "new" / "profile.json").read_text())
    assert values["stages"][0]["operations"] == {"mmul": 100, "scalar": 0}
