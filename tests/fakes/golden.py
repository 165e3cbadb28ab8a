"""Golden texts: a missing one fails. `AIEBUILD_UPDATE_GOLDEN=1` writes them; continuous integration never sets it."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "golden"


def same_as_golden(name: str, text: str) -> None:
    """Compares a text with `tests/golden/<name>`."""
    path = FOLDER / name
    if os.environ.get("AIEBUILD_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing; AIEBUILD_UPDATE_GOLDEN=1 writes it:\n{text}"
    assert text == path.read_text(encoding="utf-8"), f"not as in {path}; AIEBUILD_UPDATE_GOLDEN=1 writes it anew"
