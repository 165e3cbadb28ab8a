"""Rendering: strictness, the header, and the map from rendered lines to template lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiebuild.errors import BuildError, UsageError
from aiebuild.render.environment import origins_from_json, origins_to_json, render_template

TEMPLATE = """\
{% import "m.j2" as m %}
{# a comment #}
module {
{% for tile in tiles %}
  tile({{ tile.col }}, {{ tile.row }})
{% endfor %}
  {{ m.bd(3,
          4) }}
}
"""
MACROS = """\
{% macro bd(n, k) %}
dma_bd({{ n }}) {
  k = {{ k }}
}
{%- endmacro %}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "macros" / "c2").mkdir(parents=True)
    (tmp_path / "macros" / "c2" / "m.j2").write_text(MACROS)
    (tmp_path / "x.mlir.j2").write_text(TEMPLATE)
    return tmp_path


def test_text_origins_and_files(folder: Path) -> None:
    tiles = [{"col": 0, "row": 2}, {"col": 0, "row": 3}]
    rendered = render_template("x.mlir.j2", {"tiles": tiles}, folder=folder)
    lines = rendered.text.splitlines()
    assert "x.mlir.j2" in lines[0]
    assert lines[1] == '//   tiles = [{"col": 0, "row": 2}, {"col": 0, "row": 3}]'
    body = lines[2:]
    assert body == ["module {", "  tile(0, 2)", "  tile(0, 3)", "  dma_bd(3) {", "  k = 4", "}", "}"]
    assert len(rendered.origins) == len(lines)
    found = [f"{Path(o.template).name}:{o.line}" for o in rendered.origins[2:] if o]
    assert found == ["x.mlir.j2:3", "x.mlir.j2:5", "x.mlir.j2:5", "m.j2:2", "m.j2:3", "m.j2:4", "x.mlir.j2:9"]
    assert {path.name for path in rendered.templates} == {"x.mlir.j2", "m.j2"}
    assert origins_from_json(origins_to_json(rendered.origins)) == rendered.origins


def test_missing_value_names_template_and_line(folder: Path) -> None:
    (folder / "y.mlir.j2").write_text("module {\n  {{ absent }}\n}\n")
    with pytest.raises(BuildError, match=r"y\.mlir\.j2:2: 'absent' is undefined"):
        render_template("y.mlir.j2", {}, folder=folder)


def test_syntax_error_names_template_and_line(folder: Path) -> None:
    (folder / "y.mlir.j2").write_text("module {\n{% for x in %}\n}\n")
    with pytest.raises(BuildError, match=r"y\.mlir\.j2:2: "):
        render_template("y.mlir.j2", {}, folder=folder)


def test_missing_template(folder: Path) -> None:
    with pytest.raises(UsageError, match="no such template"):
        render_template("none.mlir.j2", {}, folder=folder)
    (folder / "y.mlir.j2").write_text('{% import "none.j2" as n %}\n')
    with pytest.raises(BuildError, match=r"imports `none\.j2`"):
        render_template("y.mlir.j2", {}, folder=folder)


def test_long_parameters_are_cut_in_the_header(folder: Path) -> None:
    rendered = render_template("x.mlir.j2", {"tiles": [{"col": c, "row": 2} for c in range(50)]}, folder=folder)
    assert rendered.text.splitlines()[1].endswith("... (50 entries)")
