"""Strict TOML reading: what is refused, and in which words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from aiebuild.config.reader import read_toml
from aiebuild.errors import UsageError


class Kind(enum.Enum):
    INT8 = "int8"
    BF16 = "bf16"


@dataclass(frozen=True)
class Source:
    url: str
    sha256: str | None = None


@dataclass(frozen=True)
class Example:
    tile_m: int
    scale: float = 1.0
    name: str = "x"
    kind: Kind = Kind.INT8
    order: Literal["row", "column"] = "row"
    grid: tuple[int, int] = (4, 4)
    sources: tuple[Source, ...] = ()
    sizes: dict[str, int] | None = None

    def __post_init__(self) -> None:
        if self.tile_m % 4:
            raise ValueError(f"tile_m must be a multiple of 4, is {self.tile_m}")


def read(tmp_path: Path, text: str) -> Example:
    path = tmp_path / "example.toml"
    path.write_text(text)
    return read_toml(path).build(Example)


def test_everything(tmp_path: Path) -> None:
    text = 'tile_m = 8\nscale = 2\nkind = "bf16"\norder = "column"\ngrid = [2, 3]\n'
    text += '[[sources]]\nurl = "a"\n[[sources]]\nurl = "b"\nsha256 = "0"\n[sizes]\nx = 1\n'
    assert read(tmp_path, text) == Example(
        8, 2.0, "x", Kind.BF16, "column", (2, 3), (Source("a"), Source("b", "0")), {"x": 1}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tile_m = 8\ntil_m = 8", "unknown key `til_m`; did you mean `tile_m`?"),
        ("", "missing key `tile_m`"),
        ("tile_m = 6", "tile_m must be a multiple of 4, is 6"),
        ("tile_m = true", "`tile_m` must be an integer, is true"),
        ('tile_m = "8"', "`tile_m` must be an integer, is '8'"),
        ('tile_m = 8\nkind = "int4"', "`kind` has unknown value `int4`; did you mean `int8`?"),
        ('tile_m = 8\norder = "rows"', "`order` must be one of row, column, is 'rows'"),
        ("tile_m = 8\ngrid = [1, 2, 3]", "`grid` must have 2 entries, has 3"),
        ('tile_m = 8\n[[sources]]\nurl = "a"\nsh = "0"', "unknown key `sh`"),
        ("tile_m = 8\n[sizes]\nx = 1.5", "`x` must be an integer, is 1.5 in [sizes]"),
        ("tile_m = ", "not valid TOML"),
    ],
)
def test_refusals(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "example.toml" in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such configuration file"):
        read_toml(tmp_path / "none.toml")
