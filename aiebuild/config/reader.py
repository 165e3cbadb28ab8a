"""Strict reading of TOML into frozen dataclasses; unknown keys, missing keys and wrong types are errors.

Use::

    table = read_toml(configs_dir() / "models" / "base.toml")
    model = table.build(ModelConfig)

Errors name the file, the key and, for an unknown key, the nearest known one. `Table.build` follows the dataclass's
annotations: `int`, `float` (an integer is taken too), `str`, `bool`, `Path`, enums (by value), `Literal`, `X | None`,
`tuple[X, ...]`, `tuple[X, Y]`, `dict[str, X]` (also as `Mapping`) and nested dataclasses, in any combination. A field
without default must be there. A `ValueError` from `__post_init__` becomes a `UsageError` naming file and table.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiebuild.errors import UsageError
from aiebuild.resources import display_path

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """One TOML table: its values, the file it came from and its dotted path inside that file ("" at the top)."""

    values: Mapping[str, Any]
    file: Path
    path: str = ""

    def build(self, cls: type[T], **extra: object) -> T:
        """An instance of the dataclass `cls` from this table.

        `extra` gives fields that do not come from the file (they may then not appear in it).
        Raises UsageError for unknown keys, missing keys, wrong types and values `__post_init__` refuses.
        """
        return _build(self, cls, extra)

    def subtable(self, key: str) -> Table:
        """The table under `key`; raises UsageError if it is missing or no table."""
        if key not in self.values:
            raise self.error(f"missing table `{key}`")
        value = self.values[key]
        if not isinstance(value, dict):
            raise self.error(f"`{key}` must be a table, is {_found(value)}")
        return Table(typing.cast("dict[str, Any]", value), self.file, _join(self.path, key))

    def error(self, message: str) -> UsageError:
        """A UsageError that names the file and, below the top, the table."""
        where = f" in [{self.path}]" if self.path else ""
        return UsageError(f"{display_path(self.file)}: {message}{where}")

    def only(self, known: Iterable[str]) -> None:
        """Raises UsageError for the first key that is not in `known`, with a suggestion."""
        names = list(known)
        for key in self.values:
            if key not in names:
                raise self.error(f"unknown key `{key}`{did_you_mean(key, names)}")


def read_toml(path: Path) -> Table:
    """The top table of a TOML file; raises UsageError when it is missing, unreadable or not TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{display_path(path)}: no such configuration file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{display_path(path)}: cannot be read: {error}") from None
    try:
        return Table(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{display_path(path)}: not valid TOML: {error}") from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean `x`?` for the nearest known name, or `; known: a, b, c` when none is near, or ""."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known: {', '.join(names)}" if names else ""


def _build(table: Table, cls: type[T], extra: Mapping[str, object]) -> T:
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls!r} is no dataclass")
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    hints = typing.get_type_hints(cls)
    table.only(name for name in fields if name not in extra)
    values: dict[str, object] = dict(extra)
    for name, field in fields.items():
        if name in values:
            continue
        if name in table.values:
            values[name] = _convert(table, name, table.values[name], hints[name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise table.error(f"missing key `{name}`")
    try:
        return cls(**values)
    except ValueError as error:
        raise table.error(str(error)) from None


def _convert(table: Table, key: str, value: Any, hint: Any) -> object:
    """`value` as the annotation `hint` asks, or a UsageError naming `key`."""
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is Any or hint is object:
        return value
    if origin is typing.Annotated:
        return _convert(table, key, value, arguments[0])
    if origin is typing.Union or origin is types.UnionType:
        return _convert_union(table, key, value, arguments)
    if origin is typing.Literal:
        if value in arguments and not isinstance(value, bool):
            return value
        raise table.error(f"`{key}` must be one of {', '.join(map(str, arguments))}, is {value!r}")
    if origin is tuple:
        return _convert_tuple(table, key, value, arguments)
    if origin in (dict, Mapping) or hint in (dict, Mapping):
        if not isinstance(value, dict):
            raise _wrong(table, key, value, "a table")
        inner = Table(typing.cast("dict[str, Any]", value), table.file, _join(table.path, key))
        return {name: _convert(inner, name, item, arguments[1]) for name, item in inner.values.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise _wrong(table, key, value, "a table")
        return Table(typing.cast("dict[str, Any]", value), table.file, _join(table.path, key)).build(hint)
    if isinstance(hint, type):
        return _convert_scalar(table, key, value, typing.cast("type[object]", hint))
    raise TypeError(f"{key}: configurations have no values of type {hint!r}")


def _convert_union(table: Table, key: str, value: Any, members: tuple[Any, ...]) -> object:
    kinds = [member for member in members if member is not type(None)]
    if value is None and len(kinds) < len(members):
        return None  # only JSON has it
    if len(kinds) == 1:
        return _convert(table, key, value, kinds[0])
    for kind in kinds:
        try:
            return _convert(table, key, value, kind)
        except UsageError:
            continue
    raise table.error(f"`{key}` has a value of the wrong type: {_found(value)}")


def _convert_tuple(table: Table, key: str, value: Any, arguments: tuple[Any, ...]) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise _wrong(table, key, value, "a list")
    items = typing.cast("list[Any]", value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        hints: tuple[Any, ...] = (arguments[0],) * len(items)
    elif len(arguments) == len(items):
        hints = arguments
    else:
        raise table.error(f"`{key}` must have {len(arguments)} entries, has {len(items)}")
    return tuple(
        _convert(table, f"{key}[{i}]", item, hint) for i, (item, hint) in enumerate(zip(items, hints, strict=True))
    )


def _convert_scalar(table: Table, key: str, value: Any, hint: type[object]) -> object:
    if issubclass(hint, enum.Enum):
        choices = [str(member.value) for member in hint]
        for member in hint:
            if member.value == value:
                return member
        raise table.error(f"`{key}` has unknown value `{value}`{did_you_mean(str(value), choices)}")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise _wrong(table, key, value, _KINDS.get(hint, hint.__name__))


_KINDS: dict[type[object], str] = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
    Path: "a path",
}


def _wrong(table: Table, key: str, value: Any, wanted: str) -> UsageError:
    return table.error(f"`{key}` must be {wanted}, is {_found(value)}")


def _found(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
