"""The plan: what a build does, as a value. Printed by `--dry-run`, compared in tests, written as `build.ninja`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiebuild.errors import UsageError
from aiebuild.toolchain.process import command_line

STAGES = ("render", "check", "lower", "object", "overlay", "sequence", "pack", "known", "manifest")
"""The kinds of steps, in the order of the flow; each is a value of `--emit`."""


@dataclass(frozen=True)
class Step:
    """One command: what it reads, what it writes, how it is run.

    Paths are relative to the build folder, or absolute. `stage`: one of STAGES. `inputs`: everything the command reads
    that is known beforehand, tool identities included; `depfile`: a Makefile fragment the command writes naming what
    else it read. A step leaves an output alone when its bytes do not change, so that nothing after it runs.
    """

    stage: str
    description: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    argv: tuple[str, ...]
    depfile: str | None = None


@dataclass(frozen=True)
class PlannedFile:
    """A file written before the steps run, if its text changed: digests of inputs, tool identities, parameters."""

    path: str
    text: str


@dataclass(frozen=True)
class Plan:
    """A whole build.

    `name`: the artifact. `steps` in an order in which they could run one by one. `files`: see PlannedFile.
    `inputs`: SHA-256 of each input file by the path messages show.
    """

    name: str
    steps: tuple[Step, ...]
    files: tuple[PlannedFile, ...]
    inputs: Mapping[str, str]

    def outputs_of(self, stage: str) -> tuple[str, ...]:
        """The outputs of all steps of a stage; raises UsageError for an unknown stage."""
        check_stage(stage)
        return tuple(step.outputs[0] for step in self.steps if step.stage == stage)


def check_stage(stage: str) -> None:
    """Raises UsageError for an unknown stage."""
    if stage not in STAGES:
        raise UsageError(f"no stage `{stage}`; stages: {', '.join(STAGES)}")


def describe(plan: Plan) -> str:
    """The plan as text for people: one step a line, what it makes and from what."""
    lines = [f"{plan.name}: {len(plan.steps)} steps"]
    lines += [f"{step.stage:<9} {step.outputs[0]}  <-  {' '.join(_shown(step.inputs))}" for step in plan.steps]
    return "\n".join(lines) + "\n"


def _shown(inputs: Iterable[str]) -> list[str]:
    """Inputs by the names people know; tool identities are left out."""
    names = [path.removeprefix("stamps/").removeprefix("external") for path in inputs]
    return [name for name in names if not name.startswith("tools/")]


def to_ninja(plan: Plan) -> str:
    """The plan in ninja's language. Paths are relative to the build folder."""
    lines = [
        f"# The build of {plan.name}; written by aiebuild.",
        "ninja_required_version = 1.11",
        "builddir = .",
        "",
        "rule step",
        "  command = $argv",
        "  description = $what",
        "  restat = 1",
        "",
    ]
    for step in plan.steps:
        outputs = " ".join(map(_path, step.outputs))
        inputs = " ".join(map(_path, step.inputs))
        lines += [f"build {outputs}: step {inputs}", f"  argv = {_value(command_line(step.argv))}"]
        lines += [f"  what = {_value(step.description)}"]
        if step.depfile:
            lines.append(f"  depfile = {_value(step.depfile)}")
        lines.append("")
    return "\n".join(lines)


def _path(path: str) -> str:
    return path.replace("$", "$$").replace(" ", "$ ").replace(":", "$:")


def _value(text: str) -> str:
    return text.replace("$", "$$").replace("\n", " ")
