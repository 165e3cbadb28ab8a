"""What the Python steps of a build for the NPU do: the cores' programs weighed, aiecc run where it finds everything."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiebuild.build.stages import TemplateLines, checked, write_if_changed
from aiebuild.errors import BuildError

if TYPE_CHECKING:
    from aiebuild.host.program import SequenceProgram, WriteBd
    from aiebuild.manifest.types import ArgumentUse, CoreProgram
    from aiebuild.toolchain.stack import CallGraph, Depth

SECONDS = int(os.environ.get("AIEBUILD_TOOL_SECONDS", "1800"))
"""How long a tool may take; AIEBUILD_TOOL_SECONDS changes it."""

_LENGTH = 304
"""Where an xclbin says how long it is: `m_header.m_length` of `struct axlf` (XRT, xclbin.h)."""

_CORE = re.compile(r"core_(\d+)_(\d+)(?:\.elf)?$")
_STACK_SIZE = re.compile(r"stack_size = (\d+)")
_ENTRY = re.compile(r"func\.func private @(\w+)\(")


def check(mlir: Path, origins: Path, device: str, out: Path) -> None:
    """Hold a rendered module against the array's limits; `out` is empty."""
    with TemplateLines(mlir, origins):
        checked(mlir, device)
    write_if_changed(out, "")


# --- overlays ---------------------------------------------------------------------------------------------------------


def overlay(
    argv: Sequence[str], design: Path, objects: Mapping[str, Path], device: str, programs: Path, out: Path
) -> str:
    """Run aiecc on a design with its kernels' objects beside it, and weigh the cores' programs.

    `argv` names `design.mlir` and `overlay.xclbin`; `out` receives the xclbin, `programs` the programs as JSON. Returns
    what aiecc said. Raises ToolError, or BuildError for an xclbin that is no whole one, or for a program or a stack
    that a core has no room for.
    """
    work = out.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copyfile(design, work / "design.mlir")
    for name, path in objects.items():
        shutil.copyfile(path, work / name)
    said = _run(argv, work)
    made = work / "overlay.xclbin"
    check_xclbin(made, design.name, said)
    text = design.read_text(encoding="utf-8")
    found = weigh(work, text, list(objects.values()), device)
    write_if_changed(programs, json.dumps([asdict(program) for program in found], sort_keys=True))
    write_if_changed(out, made.read_bytes())
    return said


def _run(argv: Sequence[str], work: Path) -> str:
    from aiebuild.toolchain.process import run

    path = f"{Path(argv[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return run(argv, cwd=work, env={"PATH": path}, timeout=SECONDS).output


def check_xclbin(path: Path, design: str, said: str) -> None:
    """Raises BuildError unless a file is an xclbin as long as it says it is."""
    if not path.is_file():
        raise BuildError(f"{design}: aiecc ended well, but wrote no overlay.xclbin", detail=said)
    data = path.read_bytes()
    if data[:8] != b"xclbin2\0" or len(data) < _LENGTH + 8:
        raise BuildError(f"{design}: what aiecc wrote is no xclbin ({len(data)} bytes)", detail=said)
    (length,) = struct.unpack_from("<Q", data, _LENGTH)
    if length != len(data):
        raise BuildError(f"{design}: the xclbin is cut short: {len(data)} bytes, it says {length}", detail=said)


def weigh(work: Path, design: str, objects: Sequence[Path], device: str) -> tuple[CoreProgram, ...]:
    """The programs of the cores that aiecc left below `work`, in order, held against the core's memories.

    Stack: frames of the kernels' objects (`.stack_sizes`), along the deepest calls from what the design declares. The
    core's own body and its start-up count where aiecc's object of it tells its frames (generation C3).
    """
    from aiebuild.manifest.types import CoreProgram
    from aiebuild.target import load_target
    from aiebuild.toolchain.elf import Elf
    from aiebuild.toolchain.stack import CallGraph

    core = load_target(device).core
    graph = CallGraph()
    for path in objects:
        graph.add(Elf(path.read_bytes(), path.name))
    depth = graph.deepest(name for name in _ENTRY.findall(design) if name in graph.frames)
    sizes = [int(size) for size in _STACK_SIZE.findall(design)] or [core.default_stack_bytes]
    found: list[CoreProgram] = []
    for place, path in sorted(_elves(work).items()):
        elf = Elf(path.read_bytes(), path.name)
        body = _body(work, place, graph)
        deepest = body if body is not None and body.bytes > depth.bytes else depth
        program = CoreProgram(
            *place, elf.code_bytes, deepest.bytes, min(sizes), deepest.path, tuple(deepest.unmeasured)
        )
        _check_room(program, core.program_bytes)
        found.append(program)
    if not found and "aie.core(" in design:
        raise BuildError("aiecc left no core's ELF file to weigh")
    return tuple(found)


def _elves(work: Path) -> dict[tuple[int, int], Path]:
    """The linked programs by core; a later generation keeps each in a folder of its name."""
    found: dict[tuple[int, int], Path] = {}
    for path in sorted(work.rglob("*core_*")):
        match = _CORE.search(path.name) or _CORE.search(path.parent.name)
        if match is None or not path.is_file():
            continue
        with path.open("rb") as file:
            head = file.read(18)
        if head[:4] == b"\x7fELF" and head[16:18] == b"\x02\x00":  # ET_EXEC
            found[(int(match[1]), int(match[2]))] = path
    return found


def _body(work: Path, place: tuple[int, int], kernels: CallGraph) -> Depth | None:
    """The stack of a core's own body, where there is an object of it with frames."""
    from aiebuild.toolchain.elf import Elf
    from aiebuild.toolchain.stack import CallGraph

    name = f"core_{place[0]}_{place[1]}"
    for path in sorted(work.rglob(f"*{name}.o")):
        graph = CallGraph(dict(kernels.frames), {caller: set(calls) for caller, calls in kernels.calls.items()})
        graph.add(Elf(path.read_bytes(), path.name))
        roots = [root for root in graph.frames if root not in kernels.frames]
        if roots:
            return graph.deepest(roots)
    return None


def _check_room(program: CoreProgram, program_bytes: int) -> None:
    where = f"core ({program.column}, {program.row})"
    if program.program_bytes > program_bytes:
        raise BuildError(
            f"{where}: its program is {program.program_bytes:,} bytes, its program memory {program_bytes:,}",
            hint="fewer unrolled loops, or functions that are not inlined, in the overlay's kernels",
        )
    if program.stack_bytes > program.stack_size:
        raise BuildError(
            f"{where}: calls take {program.stack_bytes:,} bytes of stack, its stack_size is {program.stack_size:,}: "
            + " -> ".join(program.stack_path),
            hint="a larger stack_size in the design, or smaller arrays in these functions",
        )


# --- sequences --------------------------------------------------------------------------------------------------------


def instructions(
    argv: Sequence[str], design: Path, ours: Path, origins: Path, device: str, use: Path, out: Path
) -> str:
    """Have aiecc write a sequence's instructions, and hold them against what the host target does for it.

    `ours`: the module in the host's spelling. `use` receives what the sequence does with its arguments, as JSON. Raises
    ToolError, InstructionError for a damaged stream, BuildError for one that transfers something else.
    """
    from aiebuild.dialect import parse_module
    from aiebuild.host.insts import decode_insts
    from aiebuild.host.sequence import read_sequence
    from aiebuild.host.transfers import difference, transfers

    with TemplateLines(ours, origins):
        checked(ours, device)
    work = out.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copyfile(design, work / "design.mlir")
    said = _run(argv, work)
    made = work / "insts.bin"
    if not made.is_file():
        raise BuildError(f"{design.name}: aiecc ended well, but wrote no insts.bin", detail=said)
    data = made.read_bytes()
    stream = decode_insts(data, f"{design.stem}.insts.bin")
    if stream.header.device != device:
        raise BuildError(f"{design.name}: the instructions are for {stream.header.device}, asked for was {device}")
    program = read_sequence(parse_module(ours.read_text(encoding="utf-8"), str(ours)))
    found = difference(transfers(program), transfers(stream.program))
    if found is not None:
        raise BuildError(f"{design.name}: aiecc's instructions are not the design's: {found}")
    write_if_changed(use, json.dumps([asdict(entry) for entry in argument_use(program)], sort_keys=True))
    write_if_changed(out, data)
    shutil.rmtree(work, ignore_errors=True)
    return said


def argument_use(program: SequenceProgram) -> tuple[ArgumentUse, ...]:
    """What a sequence reads and writes of its arguments."""
    from aiebuild.host.program import Push, WriteBd
    from aiebuild.manifest.types import ArgumentUse

    reads: dict[int, tuple[int, int]] = {}
    writes: dict[int, tuple[int, int]] = {}
    written: dict[tuple[int, int], WriteBd] = {}
    for op in program.instructions:
        if isinstance(op, WriteBd):
            written[(op.column, op.bd)] = op
        elif isinstance(op, Push):
            channel = program.channels[op.channel]
            if channel.row:
                continue  # of a memory tile: what it sends, a shim has read
            seen: set[int] = set()
            at: int | None = op.bd
            while at is not None and at not in seen:
                seen.add(at)
                bd = written[(channel.column, at)]
                extents = reads if channel.into_array else writes
                low, high = extents.get(bd.argument, (bd.offset, bd.offset))
                extents[bd.argument] = (min(low, bd.offset), max(high, _end(bd, op.repeat)))
                at = bd.following
    count = len(program.argument_bytes)
    return tuple(ArgumentUse(program.argument_bytes[k], reads.get(k), writes.get(k)) for k in range(count))


def _end(bd: WriteBd, repeat: int) -> int:
    """One past the last byte that a descriptor touches when it is run `repeat` + 1 times."""
    end = bd.offset + bd.run + sum((count - 1) * stride for count, stride in bd.levels)
    runs = min(repeat + 1, bd.iterations) if bd.iterations else 1
    return end + (runs - 1) * bd.iteration_stride


# --- known results ----------------------------------------------------------------------------------------------------


def known(function: str, library: Path, sequence: Path, parameters: Path, data: Path, table: Path, out: Path) -> None:
    """Write a self-test: `out` is the arguments' bytes followed by the known results, and `<out>.json` says where."""
    import numpy as np

    from aiebuild.manifest.types import KnownPart, KnownRegion

    values: dict[str, Any] = json.loads(parameters.read_text(encoding="utf-8"))
    buffers: list[dict[str, Any]] = json.loads(table.read_text(encoding="utf-8"))["buffers"]
    parts: list[KnownPart] = []
    for buffer in buffers:
        words = str(buffer["name"]).split()
        at = int(words[3]) if len(words) > 2 else 0
        parts.append(KnownPart(int(words[1]), at, int(buffer["offset"]), int(buffer["bytes"])))
    contents = np.fromfile(data, np.uint8)
    module, _, name = function.partition(":")
    regions: list[tuple[int, int, int, int, int, str]] = [tuple(region) for region in values["results"]]
    results: list[Any] = getattr(importlib.import_module(module), name)(
        library.absolute(), sequence, values["bytes"], parts, contents, regions
    )
    chunks: list[bytes] = [contents.tobytes()]
    places: list[KnownRegion] = []
    end = contents.size
    for region, result in zip(regions, results, strict=True):
        places.append(KnownRegion(*region, end))
        chunks.append(result.tobytes())
        end += result.size
    described = {"parts": [asdict(part) for part in parts], "regions": [asdict(place) for place in places]}
    write_if_changed(Path(f"{out}.json"), json.dumps(described, sort_keys=True))
    write_if_changed(out, b"".join(chunks))
