"""The Jinja environment: strict, with a header on what it renders and a map from rendered lines to template lines.

Templates live in `templates/`; macros that spell one toolchain generation's MLIR live in `templates/macros/<profile>/`
and are imported by their bare name (`{% import "dma.j2" as dma %}`), so that one template serves all profiles.

Templates substitute and loop; arithmetic and choices are Python's. Every value comes as a named parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import Extension

from aiebuild import __version__
from aiebuild.errors import BuildError, UsageError
from aiebuild.resources import display_path, templates_dir

DEFAULT_PROFILE = "c2"

# Markers that carry `template:line` through the rendering; private-use characters, which no template has.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKER = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_TAG = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")

# A parameter's text in the header is cut here: sequences have thousands of transfers.
_HEADER_WIDTH = 96


@dataclass(frozen=True)
class Origin:
    """Where a rendered line comes from: template path (as messages show it) and line, from 1."""

    template: str
    line: int

    def __str__(self) -> str:
        return f"{self.template}:{self.line}"


@dataclass(frozen=True)
class Rendered:
    """A rendered template.

    `text`: the text, header included. `origins`: for each of its lines, from the first, where it comes from; None for
    lines of the header. `templates`: every template file read.
    """

    text: str
    origins: tuple[Origin | None, ...]
    templates: tuple[Path, ...]


def render(template_name: str, **named_values: object) -> str:
    """The text of a template with the given values, in the default profile; raises like `render_template`."""
    return render_template(template_name, named_values).text


def render_template(
    template_name: str,
    parameters: Mapping[str, object],
    *,
    profile: str = DEFAULT_PROFILE,
    folder: Path | None = None,
) -> Rendered:
    """Render a template below `folder` (default: the product's templates) with named parameters.

    Raises UsageError for a template or profile that does not exist, BuildError with template and line for a mistake in
    a template or a name that has no value.
    """
    folder = folder or templates_dir()
    used: dict[str, Path] = {}
    environment = _environment(folder, profile, used)
    try:
        marked = environment.get_template(template_name).render(**parameters)
    except jinja2.TemplateNotFound as error:
        if error.name == template_name:
            raise UsageError(f"{display_path(folder / template_name)}: no such template") from None
        raise BuildError(
            f"{display_path(folder / template_name)}: imports `{error.name}`, which does not exist"
        ) from None
    except jinja2.TemplateSyntaxError as error:
        where = display_path(Path(error.filename)) if error.filename else template_name
        raise BuildError(f"{where}:{error.lineno}: {error.message}") from None
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise BuildError(f"{_failed_at(error, used, folder / template_name)}: {error}") from None
    header = _header(template_name, parameters, profile)
    lines, origins = _strip_markers(marked)
    return Rendered(
        "\n".join([*header, *lines, ""]),
        (*([None] * len(header)), *origins),
        tuple(sorted(set(used.values()))),
    )


def _environment(folder: Path, profile: str, used: dict[str, Path]) -> jinja2.Environment:
    macros = folder / "macros" / profile
    if not macros.is_dir() and folder == templates_dir():
        known = ", ".join(sorted(entry.name for entry in (folder / "macros").iterdir() if entry.is_dir()))
        raise UsageError(f"no template macros for profile `{profile}`; known: {known}")
    return jinja2.Environment(
        loader=_RecordingLoader([folder, macros], used),
        undefined=jinja2.StrictUndefined,
        extensions=[LineMarkers],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=False,
    )


class _RecordingLoader(jinja2.BaseLoader):
    """Loads templates from folders in order and records which files it read."""

    def __init__(self, folders: list[Path], used: dict[str, Path]) -> None:
        self.folders = folders
        self.used = used

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        if ".." in Path(template).parts:
            raise jinja2.TemplateNotFound(template)
        for folder in self.folders:
            path = folder / template
            if path.is_file():
                self.used[template] = path
                return path.read_text(encoding="utf-8"), str(path), lambda: True
        raise jinja2.TemplateNotFound(template)


class LineMarkers(Extension):
    """Puts a marker with file and line at the end of each template line that can produce text."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        shown = display_path(Path(filename)) if filename else name or "<template>"
        inside: str | None = None
        out: list[str] = []
        for number, line in enumerate(source.split("\n"), 1):
            for tag in _TAG.findall(line):
                if inside is None and tag in _CLOSING:
                    inside = tag
                elif inside is not None and tag == _CLOSING[inside]:
                    inside = None
            # after a closing block tag the newline is trimmed; a marker would keep it
            silent = inside is not None or line.rstrip().endswith(("%}", "#}")) or not line.strip()
            out.append(line if silent else f"{line}{_OPEN}{shown}:{number}{_CLOSE}")
        return "\n".join(out)


_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}


def _strip_markers(marked: str) -> tuple[list[str], list[Origin | None]]:
    """The lines without markers, and the first origin marked in each; a line without one has its predecessor's."""
    lines: list[str] = []
    origins: list[Origin | None] = []
    last: Origin | None = None
    for line in marked.split("\n"):
        match = _MARKER.search(line)
        if match:
            template, _, number = match.group(1).rpartition(":")
            last = Origin(template, int(number))
            line = _MARKER.sub("", line)
        lines.append(line.rstrip())
        origins.append(last)
    return lines, origins


def _header(template_name: str, parameters: Mapping[str, object], profile: str) -> list[str]:
    """Comment lines naming template and parameters."""
    lines = [f"// Rendered by aiebuild {__version__} from {template_name} (macros: {profile}); do not edit."]
    for name, value in sorted(parameters.items()):
        text = json.dumps(value, default=str, sort_keys=True)
        if len(text) > _HEADER_WIDTH:
            size = f" ({len(value)} entries)" if isinstance(value, Sized) else ""
            text = f"{text[:_HEADER_WIDTH]}...{size}"
        lines.append(f"//   {name} = {text}")
    return lines


def _failed_at(error: Exception, used: Mapping[str, Path], fallback: Path) -> str:
    """`template:line` of the innermost template frame of an error raised while rendering."""
    files = {str(path) for path in used.values()}
    where = display_path(fallback)
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file in files:
            where = f"{display_path(Path(file))}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return where


def origins_to_json(origins: tuple[Origin | None, ...]) -> str:
    """The line map as JSON text: a list of file names and, per rendered line, [file index, line] or null."""
    names = sorted({origin.template for origin in origins if origin})
    index = {name: number for number, name in enumerate(names)}
    lines = [[index[origin.template], origin.line] if origin else None for origin in origins]
    return json.dumps({"templates": names, "lines": lines}, separators=(",", ":"))


def origins_from_json(text: str) -> tuple[Origin | None, ...]:
    """The line map written by `origins_to_json`."""
    values: Any = json.loads(text)
    names: list[str] = values["templates"]
    lines: list[list[int] | None] = values["lines"]
    return tuple(Origin(names[line[0]], line[1]) if line else None for line in lines)
