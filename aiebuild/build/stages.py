"""What the Python steps of a build do. Each reads files, and writes its outputs only where their bytes change."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiebuild.errors import AiebuildError, BuildError

if TYPE_CHECKING:
    from aiebuild.manifest.types import Buffer


def write_if_changed(path: Path, data: str | bytes | Iterable[Any]) -> bool:
    """Write a whole file or none of it, and not at all when it has these bytes; says whether it wrote.

    `data` may be an iterable of bytes-like chunks (weights do not fit in memory twice).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            if isinstance(data, str):
                file.write(data.encode())
            elif isinstance(data, bytes):
                file.write(data)
            else:
                for chunk in data:
                    file.write(chunk)
        return replace_if_changed(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_if_changed(new: Path, path: Path) -> bool:
    """Move `new` onto `path` unless both have the same bytes; says whether it did."""
    if path.is_file() and _same_bytes(new, path):
        new.unlink()
        return False
    new.replace(path)
    return True


def _same_bytes(a: Path, b: Path) -> bool:
    if a.stat().st_size != b.stat().st_size:
        return False
    with a.open("rb") as left, b.open("rb") as right:
        while True:
            x, y = left.read(1 << 20), right.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True


def write_depfile(path: Path, target: str, files: Iterable[str]) -> None:
    """A Makefile fragment: `target` was made from `files`."""
    names = " ".join(name.replace("\\", "\\\\").replace(" ", "\\ ").replace("#", "\\#") for name in files)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{target.replace(' ', chr(92) + ' ')}: {names}\n", encoding="utf-8")


def stamped(file: str, roots: Mapping[str, str]) -> str:
    """The stamp of a file that lies below a stamp root; other files (system headers) stand for themselves."""
    absolute = os.path.realpath(file)
    for folder, name in roots.items():
        prefix = os.path.realpath(folder) + os.sep
        if absolute.startswith(prefix):
            return f"stamps/{name}/{absolute[len(prefix) :]}"
    return file


def render(template: str, parameters: Path, profile: str, origins: Path, depfile: Path, out: Path) -> None:
    """Render a template; `origins` receives the line map, `depfile` the stamps of the templates read."""
    from aiebuild.build.inputs import stamp_roots
    from aiebuild.render.environment import origins_to_json, render_template

    values: dict[str, object] = json.loads(parameters.read_text(encoding="utf-8"))
    rendered = render_template(template, values, profile=profile)
    write_if_changed(origins, origins_to_json(rendered.origins))
    write_if_changed(out, rendered.text)
    roots = {str(path): name for name, path in stamp_roots().items()}
    write_depfile(depfile, str(out), (stamped(str(path), roots) for path in rendered.templates))


def lower(mlir: Path, origins: Path, device: str, name: str, out: Path) -> None:
    """Parse and check a rendered overlay, and lower it to C++."""
    from aiebuild.host import lower_overlay

    with TemplateLines(mlir, origins):
        write_if_changed(out, lower_overlay(checked(mlir, device), name))


def encode(mlir: Path, origins: Path, device: str, symbol: str, out: Path) -> None:
    """Parse and check a rendered sequence, and encode it."""
    from aiebuild.host import encode_sequence

    with TemplateLines(mlir, origins):
        write_if_changed(out, encode_sequence(checked(mlir, device), symbol))


def checked(mlir: Path, device: str) -> Any:
    """The module in a file, held against the limits of a device. Raises BuildError."""
    from aiebuild.check import check_module, raise_on
    from aiebuild.dialect import parse_module
    from aiebuild.target import load_target

    module = parse_module(mlir.read_text(encoding="utf-8"), str(mlir))
    raise_on(check_module(module, load_target(device)))
    return module


class TemplateLines:
    """Puts the template's line in place of the rendered file's in errors raised inside.

    `out/gemm.mlir:120: what` becomes `templates/gemm.mlir.j2:41: what (rendered: out/gemm.mlir:120)`.
    """

    def __init__(self, mlir: Path, origins: Path) -> None:
        self.mlir = mlir
        self.origins = origins

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, AiebuildError):
            from aiebuild.render.environment import origins_from_json

            lines = origins_from_json(self.origins.read_text(encoding="utf-8"))
            origins = [str(line) if line else None for line in lines]
            error.message = translated(error.message, str(self.mlir), origins)
            error.detail = translated(error.detail, str(self.mlir), origins) if error.detail else None


def translated(message: str, rendered: str, origins: Sequence[str | None]) -> str:
    """`message` with each line's first `rendered:line[:column]` replaced by the template's line."""

    def line_of(text: str) -> str:
        match = re.search(rf"{re.escape(rendered)}:(\d+)(?::\d+)?", text)
        line = int(match.group(1)) if match else 0
        origin = origins[line - 1] if 0 < line <= len(origins) else None
        if match is None or origin is None:
            return text
        return f"{text[: match.start()]}{origin}{text[match.end() :]} (rendered: {rendered}:{line})"

    return "\n".join(map(line_of, message.splitlines()))


def tool(argv: Sequence[str], out: Path, depfile: Path | None, roots: Mapping[str, str]) -> str:
    """Run a compiler or linker whose output is `out`; returns what it said. Headers in its depfile become stamps."""
    from aiebuild.toolchain.process import run

    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}{out.suffix}")
    try:
        said = run([str(temporary) if word == str(out) else word for word in argv]).output
        replace_if_changed(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    if depfile is not None:
        text = depfile.read_text(encoding="utf-8").replace("\\\n", " ")
        _, _, files = text.partition(": ")
        names = [name.replace("\0", " ") for name in files.replace("\\ ", "\0").split()]
        write_depfile(depfile, str(out), (stamped(name, roots) for name in names))
    return said


def pack(function: str, inputs: Sequence[Path], parameters: Path, table: Path, out: Path) -> None:
    """Call a pack function (`package.module:name`), write the packed file and the table of its buffers."""
    from aiebuild.manifest.types import Packed

    module, _, name = function.partition(":")
    packed: Packed = getattr(importlib.import_module(module), name)(
        tuple(inputs), json.loads(parameters.read_text(encoding="utf-8"))
    )
    size = sum(memoryview(chunk).nbytes for chunk in packed.chunks)
    for buffer in packed.buffers:
        if buffer.offset < 0 or buffer.offset + buffer.bytes > size:
            raise BuildError(f"{function}: buffer {buffer.name} ends outside the packed file of {size} bytes")
    write_if_changed(out, (memoryview(chunk).cast("B") for chunk in packed.chunks))
    values = {"buffers": [asdict(buffer) for buffer in packed.buffers], "metadata": packed.metadata}
    write_if_changed(table, json.dumps(values, sort_keys=True))


def manifest(skeleton: Path, out: Path) -> None:
    """Write the manifest: the planned part, with sizes and digests of what was made, and the packed buffers."""
    from aiebuild.config.reader import Table
    from aiebuild.manifest.store import entry_of, to_json
    from aiebuild.manifest.types import FORMAT_VERSION, Manifest

    values: dict[str, Any] = json.loads(skeleton.read_text(encoding="utf-8"))
    sources: dict[str, str] = {}

    def entry(source: str, name: str) -> dict[str, Any]:
        sources[name] = source
        return asdict(entry_of(Path(source), name))

    def sequence(overlay: str, item: dict[str, Any]) -> dict[str, Any]:
        suffix = ".insts.bin" if item["file"].endswith(".insts.bin") else ".seq"
        use: list[Any] = json.loads(Path(item["use"]).read_text(encoding="utf-8")) if "use" in item else []
        file = entry(item["file"], f"sequences/{overlay}/{item['name']}{suffix}")
        return {"name": item["name"], "file": file, "arguments": use}

    overlays: list[dict[str, Any]] = []
    for overlay in values["overlays"]:
        name = overlay["name"]
        counting, programs, test = overlay["counting"], overlay.get("programs"), overlay.get("test")
        known: dict[str, Any] = {}
        if test is not None:
            known |= json.loads(Path(test["known"]).read_text(encoding="utf-8"))
            known |= {"sequence": sequence(name, test["sequence"]), "file": entry(test["file"], f"known/{name}.bin")}
        overlays.append(
            {
                "name": name,
                "library": entry(overlay["library"], f"overlays/{name}{Path(overlay['library']).suffix}"),
                "counting": entry(counting, f"overlays/{name}.count.so") if counting else None,
                "sequences": [sequence(name, item) for item in overlay["sequences"]],
                "programs": json.loads(Path(programs).read_text(encoding="utf-8")) if programs else [],
                "test": known or None,
            }
        )
    packs: list[dict[str, Any]] = []
    buffers: list[dict[str, Any]] = list(values["buffers"])
    metadata: dict[str, Any] = dict(values["metadata"])
    for item in values["packs"]:
        name = f"weights/{item['name']}.bin"
        packs.append(entry(item["file"], name))
        table: dict[str, Any] = json.loads(Path(item["table"]).read_text(encoding="utf-8"))
        buffers += [{**buffer, "file": name} for buffer in table["buffers"]]
        if table["metadata"]:
            metadata[item["name"]] = table["metadata"]
    files = [entry(item["source"], f"files/{item['name']}") for item in values["files"]]
    complete = {**values, "format": FORMAT_VERSION, "overlays": overlays, "packs": packs, "files": files}
    complete |= {"buffers": buffers, "metadata": metadata}
    built = Table(complete, out).build(Manifest)
    write_if_changed(out.with_suffix(".sources.json"), json.dumps(sources, sort_keys=True))
    write_if_changed(out, to_json(replace(built, buffers=_sorted(built.buffers))))


def _sorted(buffers: tuple[Buffer, ...]) -> tuple[Buffer, ...]:
    return tuple(sorted(buffers, key=lambda buffer: buffer.name))
