"""`python -m aiebuild.build.step NAME ...`: one Python step of a build, run by ninja in the build folder.

An error the product knows is written as one line of JSON after a mark, which `execute` reads back.
"""

from __future__ import annotations

import argparse
import errno
import gc
import json
import os
import sys
from pathlib import Path

from aiebuild.build import npu_stages, stages
from aiebuild.build.disk import disk_error, is_full
from aiebuild.errors import AiebuildError

MARK = "aiebuild-error: "
CALCULATING = ("pack", "known")
"""Steps that work on arrays, which may hang in cycles."""


def main(argv: list[str] | None = None) -> int:
    """Run one step; returns its exit code."""
    words = sys.argv[1:] if argv is None else argv
    command: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1 :]
    options = _parser().parse_args(words)
    if options.step not in CALCULATING:
        gc.disable()  # modules of a hundred thousand operations live until the end; looking through them took a third
    try:
        _run(options, command)
    except (AiebuildError, OSError) as caught:
        error = disk_error(caught, options.out) if isinstance(caught, OSError) else caught
        if is_full(error.detail or ""):
            error = disk_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), options.out)
        values = {"message": error.message, "hint": error.hint, "detail": error.detail, "exit_code": error.exit_code}
        sys.stdout.write(f"{MARK}{json.dumps(values)}\n")
        return error.exit_code
    return 0


def _run(options: argparse.Namespace, command: list[str]) -> None:
    out: Path = options.out
    match options.step:
        case "render":
            stages.render(options.template, options.parameters, options.profile, options.origins, options.depfile, out)
        case "lower":
            stages.lower(options.mlir, options.origins, options.device, options.name, out)
        case "sequence":
            stages.encode(options.mlir, options.origins, options.device, options.symbol, out)
        case "tool":
            roots = dict(word.rsplit("=", 1) for word in options.stamps)
            sys.stdout.write(stages.tool(command, out, options.depfile, roots))
        case "check":
            npu_stages.check(options.mlir, options.origins, options.device, options.out)
        case "overlay":
            objects = {name: Path(path) for name, path in (word.split("=", 1) for word in options.object)}
            said = npu_stages.overlay(command, options.mlir, objects, options.device, options.programs, options.out)
            sys.stdout.write(said)
        case "instructions":
            said = npu_stages.instructions(
                command, options.mlir, options.ours, options.origins, options.device, options.use, options.out
            )
            sys.stdout.write(said)
        case "known":
            npu_stages.known(
                options.function, options.library, options.sequence, options.parameters, options.data, options.table,
                options.out,
            )  # fmt: skip
        case "pack":
            stages.pack(options.function, options.inputs, options.parameters, options.table, out)
        case _:
            stages.manifest(options.skeleton, out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aiebuild.build.step", allow_abbrev=False)
    steps = parser.add_subparsers(dest="step", required=True)

    def step(name: str, *paths: str) -> argparse.ArgumentParser:
        sub = steps.add_parser(name, allow_abbrev=False)
        sub.add_argument("--out", type=Path, required=True)
        for path in paths:
            sub.add_argument(path, type=Path, required=True)
        return sub

    render = step("render", "--parameters", "--origins", "--depfile")
    render.add_argument("--profile", required=True)
    render.add_argument("template")
    for name in ("lower", "sequence"):
        sub = step(name, "--origins")
        sub.add_argument("--device", required=True)
        sub.add_argument("mlir", type=Path)
        sub.add_argument("--symbol" if name == "sequence" else "--name", required=True)
    check = step("check", "--origins")
    overlay = step("overlay", "--programs")
    overlay.add_argument("--object", action="append", default=[])
    instructions = step("instructions", "--origins", "--ours", "--use")
    for sub in (check, overlay, instructions):
        sub.add_argument("--device", required=True)
        sub.add_argument("mlir", type=Path)
    known = step("known", "--library", "--sequence", "--parameters", "--data", "--table")
    known.add_argument("--function", required=True)
    tool = step("tool")
    tool.add_argument("--depfile", type=Path)
    tool.add_argument("--stamps", action="append", default=[])
    pack = step("pack", "--parameters", "--table")
    pack.add_argument("--function", required=True)
    pack.add_argument("inputs", type=Path, nargs="*")
    step("manifest").add_argument("skeleton", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
