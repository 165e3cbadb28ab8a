"""What is needed to repeat a failed step elsewhere, in one file: what it read, its command, what the tool said."""

from __future__ import annotations

import io
import json
import os
import shlex
import tarfile
from pathlib import Path

from aiebuild.build.plan import Plan, Step
from aiebuild.errors import AiebuildError
from aiebuild.resources import kernels_dir

_LARGEST = 64 << 20
"""Bytes above which an input (packed weights) is left out, by name."""


def write_reproducer(path: Path, plan: Plan, step: Step, folder: Path, error: AiebuildError) -> None:
    """Write a step's reproducer as a gzipped tar file, in a folder named like it. `folder`: the build's."""
    name = path.name.removesuffix(".gz").removesuffix(".tgz").removesuffix(".tar")
    files = dict(_inputs(step, folder))
    work = folder / Path(step.outputs[0]).with_suffix(".work")
    if step.stage in ("overlay", "sequence") and work.is_dir():
        files |= {f"work/{entry.relative_to(work)}": entry for entry in sorted(work.rglob("*")) if entry.is_file()}
    if step.stage == "object":
        root = kernels_dir()
        files |= {f"kernels_src/{entry.name}": entry for entry in sorted(root.iterdir()) if entry.is_file()}
    left_out = [key for key, file in files.items() if file.stat().st_size > _LARGEST]
    tools = {file.path.removeprefix("stamps/tools/"): file.text for file in plan.files if "stamps/tools/" in file.path}
    notes = {
        "step": step.description,
        "plan": plan.name,
        "command": list(step.argv),
        "tools": tools,
        "inputs": dict(plan.inputs),
        "left_out": left_out,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with tarfile.open(temporary, "w:gz") as tar:
            for key, file in files.items():
                if key not in left_out:
                    tar.add(file, f"{name}/{key}", recursive=False)
            _text(tar, f"{name}/reproduce.sh", _script(step), 0o755)
            _text(tar, f"{name}/output.txt", f"{error.detail or ''}\nerror: {error.message}\n")
            _text(tar, f"{name}/step.json", json.dumps(notes, indent=1, sort_keys=True) + "\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _inputs(step: Step, folder: Path) -> list[tuple[str, Path]]:
    return [
        (f"inputs/{name}", folder / name)
        for name in step.inputs
        if not name.startswith("stamps/") and not Path(name).is_absolute() and (folder / name).is_file()
    ]


def _script(step: Step) -> str:
    """A shell script that runs the tool the step runs; its paths can be given anew."""
    tool = list(step.argv[step.argv.index("--") + 1 :]) if "--" in step.argv else []
    lines = ["#!/bin/sh", f"# {step.description}", 'cd "$(dirname "$0")" || exit 2']
    if not tool:
        return "\n".join([*lines, f"# a step in Python: {shlex.join(step.argv)}", "exit 0", ""])
    program, *arguments = tool
    if step.stage in ("overlay", "sequence"):
        lines.append("cd work || exit 2")
    else:
        kernels = str(kernels_dir())
        arguments = [word.replace(kernels, "kernels_src") for word in arguments]
        arguments = [f"out/{Path(word).name}" if word.startswith("kernels/") else word for word in arguments]
        lines.append("mkdir -p out")
    lines += [
        "# TOOL=/path/to/another names another program",
        f'exec "${{TOOL:-{program}}}" {shlex.join(arguments)}',
        "",
    ]
    return "\n".join(lines)


def _text(tar: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))
