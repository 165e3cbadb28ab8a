"""Running a plan: its files are written, then ninja runs the steps."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiebuild.build.plan import Plan, PlannedFile, Step, to_ninja
from aiebuild.build.stages import write_if_changed
from aiebuild.build.step import MARK
from aiebuild.errors import AiebuildError, BuildError, MissingError
from aiebuild.resources import PACKAGE
from aiebuild.toolchain.process import stream


class Reporter(Protocol):
    """Where progress goes. All of it is for people; nothing depends on it."""

    def step(self, done: int, total: int, what: str) -> None:
        """Step `done` of `total` is finished."""
        ...

    def note(self, text: str) -> None:
        """A line worth reading: a warning, what a tool said, why a step runs."""
        ...


@dataclass
class Silent:
    """A reporter that remembers and shows nothing."""

    steps: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def step(self, done: int, total: int, what: str) -> None:
        self.steps.append(what)

    def note(self, text: str) -> None:
        self.notes.append(text)


def write_files(plan: Plan, build: Path) -> list[str]:
    """Write the plan's files and its `<name>.ninja`; returns the paths of those whose text changed."""
    script = PlannedFile(f"{plan.name}.ninja", to_ninja(plan))
    return [file.path for file in (*plan.files, script) if write_if_changed(build / file.path, file.text)]


def run_plan(
    plan: Plan,
    build: Path,
    reporter: Reporter,
    *,
    targets: Sequence[str] = (),
    jobs: int | None,
    explain: bool,
    on_failure: Callable[[Step, AiebuildError], None] | None = None,
) -> int:
    """Run what is out of date of a plan whose files are written; returns the number of steps that ran.

    `targets`: outputs to make, default all. `jobs`: how many steps at a time, default one a CPU. `on_failure` is called
    with the step that failed. Raises BuildError with the failing command and its output, or the step's own error.
    """
    argv = [_ninja(), "-f", f"{plan.name}.ninja", "-d", "explain", "-j", str(jobs or os.cpu_count() or 1), *targets]
    output = _Output(plan, reporter, explain)
    environment = {"NINJA_STATUS": _STATUS, "PYTHONPATH": _python_path(), **_ONE_THREAD}
    code = stream(argv, output.line, cwd=build, env=environment)
    if code != 0:
        error = output.error(code)
        step = output.failed_step()
        if on_failure is not None and step is not None:
            on_failure(step, error)
        raise error
    return output.ran


_STATUS = "@@ %f %t "
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
"""For a step's NumPy: ninja runs a step a CPU, and threads of several that wait for each other made them five times
slower; and packed weights are then the same whatever number of CPUs packs them."""
_LINE = re.compile(r"@@ (\d+) (\d+) (.*)")
_EXPLAIN = "ninja explain: "


class _Output:
    """Reads ninja's output line by line: progress, explanations, the first failure."""

    def __init__(self, plan: Plan, reporter: Reporter, explain: bool) -> None:
        self.reporter = reporter
        self.explain = explain
        self.ran = 0
        self.failed: str | None = None
        self.failure: list[str] = []
        self.other: list[str] = []
        self._collecting = False
        self._explained: set[str] = set()  # steps a reason was given for
        self._reasons = _Reasons(plan)

    def line(self, text: str) -> None:
        progress = _LINE.match(text)
        if progress:
            self._collecting = False
            self.ran += 1
            what = progress.group(3)
            if self.explain and self.failed is None:
                self._note(what, self._reasons.implied(what))
            self.reporter.step(int(progress.group(1)), int(progress.group(2)), what)
        elif text.startswith(_EXPLAIN):
            self._explain(text.removeprefix(_EXPLAIN))
        elif text.startswith("FAILED: ") and self.failed is None:
            self.failed = re.sub(r"^\[code=\d+\] ", "", text.removeprefix("FAILED: ")).strip()
            self._collecting = True
        elif text.startswith("ninja: "):
            self._collecting = False
            self.other.append(text.removeprefix("ninja: "))
        elif self._collecting:
            self.failure.append(text)
        elif text.strip() and self.failed is None:
            self.reporter.note(text)

    def error(self, code: int) -> AiebuildError:
        """The error for a ninja that ended with `code`."""
        if self.failed is None:
            return BuildError(f"ninja failed with exit code {code}: {'; '.join(self.other) or 'no output'}")
        for text in self.failure:
            if text.startswith(MARK):
                return _reported(json.loads(text.removeprefix(MARK)))
        what = self._reasons.description(self.failed)
        return BuildError(f"{what}: failed", detail="\n".join(self.failure))

    def failed_step(self) -> Step | None:
        """The step that failed, if one did."""
        if self.failed is None:
            return None
        return self._reasons.steps.get(self._reasons.description(self.failed))

    def _explain(self, text: str) -> None:
        found = self._reasons.given(text) if self.explain else None
        if found:
            self._note(*found)

    def _note(self, what: str, reason: str) -> None:
        if what not in self._explained:
            self._explained.add(what)
            self.reporter.note(f"{what}: {reason}")


class _Reasons:
    """Turns ninja's explanations into what they say about the plan's steps."""

    def __init__(self, plan: Plan) -> None:
        self.descriptions = {output: step.description for step in plan.steps for output in step.outputs}
        self.steps = {step.description: step for step in plan.steps}
        self.made: set[str] = set()  # outputs of the steps that ran

    def description(self, output: str) -> str:
        for word in output.split():
            if word in self.descriptions:
                return self.descriptions[word]
        return output

    def given(self, text: str) -> tuple[str, str] | None:
        """The step's description and the reason in a line of ninja's, or None if it says nothing of use."""
        for pattern, say in _EXPLANATIONS:
            match = re.match(pattern, text)
            if match:
                what = self.descriptions.get(match.group(1))
                return (what, say if isinstance(say, str) else say(match)) if what else None
        return None

    def implied(self, what: str) -> str:
        """The reason for a step that ran and that ninja gave none for: something made just before that it reads."""
        step = self.steps[what]
        made = [path for path in step.inputs if path in self.made]
        self.made.update(step.outputs)
        return f"{', '.join(made)} made anew" if made else "not made yet"


def _changed(match: re.Match[str]) -> str:
    path = match.group(2)
    if path.startswith("stamps/tools/"):
        name = path.removeprefix("stamps/tools/")
        return f"{_TOOLS[name]} changed" if name in _TOOLS else f"the code of `{name}` changed"
    if path.startswith("stamps/"):
        return f"{path.removeprefix('stamps/').removeprefix('external')} changed"
    if path.endswith(".json"):
        return "its parameters changed"
    return f"{path} changed"


_TOOLS = {"cxx": "the compiler", "peano": "Peano", "aiecc": "aiecc"}

# what ninja says (the output is the first group) -> what to tell; a text, or a function of the match
_EXPLANATIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"(?:recorded mtime of|restat of output|output) (\S+) older than most recent input (\S+)", _changed),
    (r"output (\S+) doesn't exist", "not made yet"),
    (r"command line hash not found in log for (\S+)", "not made yet"),
    (r"command line changed for (\S+)", "its command line changed"),
)


def _reported(values: dict[str, Any]) -> AiebuildError:
    """The error a step reported, with its exit code."""
    error = AiebuildError(str(values["message"]), hint=values["hint"], detail=values["detail"])
    error.exit_code = int(values["exit_code"])
    return error


def _ninja() -> str:
    import ninja

    path = Path(ninja.BIN_DIR) / "ninja"
    if not path.is_file():
        raise MissingError(f"{path}: not there", hint="pip install ninja")
    return str(path)


def _python_path() -> str:
    """PYTHONPATH under which the steps import this very package."""
    rest = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(PACKAGE.parent), *([rest] if rest else [])])
