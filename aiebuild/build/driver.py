"""One build from request to published artifact, under a lock."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiebuild.build.disk import disk_error
from aiebuild.build.fresh import BUILD, Request, changed_files, current_state, is_fresh, write_record
from aiebuild.config.toolchain import host_toolchain
from aiebuild.errors import AiebuildError, MissingError
from aiebuild.resources import PACKAGE, display_path, resource_root
from aiebuild.toolchain.compiler import find_host_compiler, locate
from aiebuild.toolchain.peano import find_npu_toolchain, locate_npu_toolchain

if TYPE_CHECKING:
    from aiebuild.build.execute import Reporter
    from aiebuild.build.plan import Plan, Step
    from aiebuild.designs.spec import Design


@dataclass(frozen=True)
class Options:
    """How to build. `jobs`: steps at a time, None for one a CPU. `explain`: report why each step runs.

    `force`: trust nothing that stands: every step runs, and what was published is read again from end to end.
    `reproducer`: file that receives what a failing step needs to be repeated.
    """

    jobs: int | None = None
    explain: bool = False
    force: bool = False
    reproducer: Path | None = None


@dataclass(frozen=True)
class Result:
    """What a build came to. `path`: the published artifact. `ran`: number of steps that ran. `new`: it was published
    by this build."""

    path: Path
    ran: int
    new: bool = False

    @property
    def up_to_date(self) -> bool:
        """Whether there was nothing to do."""
        return self.ran == 0 and not self.new


def published(artifacts: Path, request: Request) -> Path | None:
    """The published artifact if it is up to date, else None. Takes milliseconds; does not plan."""
    return artifacts / request.name if is_fresh(artifacts, request, _located(request.target)) else None


def _located(target: str) -> tuple[str, ...] | None:
    """The compilers a target would be built with, found without running them; None where one is missing."""
    compiler = locate(host_toolchain())
    if target == "host":
        return (compiler,) if compiler else None
    npu = locate_npu_toolchain()
    return (*npu, compiler) if npu is not None and compiler is not None else None


def build(
    artifacts: Path, request: Request, design: Callable[[], Design], reporter: Reporter, options: Options | None = None
) -> Result:
    """Build what `design` returns and publish it as `request.name`; does nothing when that is up to date.

    `design` is called only when something may have to be done. Two builds at once wait for each other. Raises
    MissingError when the artifacts folder cannot be written or there is no compiler, BuildError when a step fails.
    """
    options = options or Options()
    standing = None if options.force else published(artifacts, request)
    if standing is not None:
        return Result(standing, 0)
    with locked(artifacts, reporter) as folder:
        standing = None if options.force else published(artifacts, request)
        if standing is not None:
            return Result(standing, 0)
        try:
            return _build(artifacts, folder, request, design, reporter, options)
        except OSError as error:
            raise disk_error(error) from None


def _build(
    artifacts: Path,
    folder: Path,
    request: Request,
    design: Callable[[], Design],
    reporter: Reporter,
    options: Options,
) -> Result:
    from aiebuild.build.execute import run_plan, write_files
    from aiebuild.build.publish import publish
    from aiebuild.build.reproducer import write_reproducer

    tools = found_tools(request.target)
    state = current_state(request, tools)
    touched = changed_files(artifacts, request, state)
    plan = make_plan(design(), request, folder)
    if plan.name != request.name:
        raise ValueError(f"the design is {plan.name}, asked for was {request.name}")
    written = set(write_files(plan, folder))
    if options.force:
        _remove_outputs(plan, folder)
    if options.explain:
        for text in _only_touched(touched, written, plan):
            reporter.note(text)

    def failed(step: Step, error: AiebuildError) -> None:
        if options.reproducer is not None:
            write_reproducer(options.reproducer, plan, step, folder, error)
            reporter.note(f"wrote {options.reproducer}: what it takes to repeat `{step.description}`")

    ran = run_plan(plan, folder, reporter, jobs=options.jobs, explain=options.explain, on_failure=failed)
    before = _target(artifacts / plan.name)
    path = publish(folder, artifacts, plan.name, thorough=options.force)
    write_record(artifacts, request, tools, state)
    return Result(path, ran, _target(path) != before)


def found_tools(target: str) -> tuple[str, ...]:
    """The compilers of a target, known to be usable. Raises MissingError."""
    compiler = find_host_compiler(host_toolchain())
    if target == "host":
        return (compiler.path,)
    chain = find_npu_toolchain()
    return (chain.aiecc.path, chain.peano.clang, compiler.path)


def _target(link: Path) -> Path | None:
    return link.readlink() if link.is_symlink() else None


def _remove_outputs(plan: Plan, folder: Path) -> None:
    for step in plan.steps:
        for output in step.outputs:
            (folder / output).unlink(missing_ok=True)


def make_plan(design: Design, request: Request, folder: Path | None, *, lenient: bool = False) -> Plan:
    """The plan for a design. `folder`: the build folder, which remembers digests of large files.

    `lenient`: input files may be missing (weights not fetched yet), for printing a plan.
    """
    from aiebuild.build.inputs import Inputs
    from aiebuild.build.npu_planner import NpuPlanner, check_counting
    from aiebuild.build.planner import HostPlanner

    profile = host_toolchain()
    memory = folder / "digests.json" if folder else None
    inputs = Inputs(memory, lenient)
    if request.target == "npu":
        check_counting(request.counting)
        return NpuPlanner(design, find_npu_toolchain(), profile, find_host_compiler(profile), inputs).plan()
    return HostPlanner(design, profile, find_host_compiler(profile), inputs, counting=request.counting).plan()


def emit(
    artifacts: Path,
    request: Request,
    design: Callable[[], Design],
    stage: str,
    reporter: Reporter,
    options: Options | None = None,
) -> list[Path]:
    """Build one stage's outputs only and return their paths; publishes nothing. Raises like `build`."""
    from aiebuild.build.execute import run_plan, write_files

    options = options or Options()
    with locked(artifacts, reporter) as folder:
        plan = make_plan(design(), request, folder)
        targets = plan.outputs_of(stage)
        write_files(plan, folder)
        if targets:
            run_plan(plan, folder, reporter, targets=targets, jobs=options.jobs, explain=options.explain)
        return [folder / target for target in targets]


@contextmanager
def locked(artifacts: Path, reporter: Reporter) -> Generator[Path]:
    """Hold the build folder of an artifacts folder; gives its path. Raises MissingError when it cannot be written."""
    from filelock import FileLock, Timeout

    folder = build_folder(artifacts)
    lock = FileLock(folder / "lock")
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            reporter.note(f"waiting for another build in {display_path(artifacts)} to finish")
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise _unwritable(artifacts, error) from None
    try:
        yield folder
    finally:
        lock.release()


def build_folder(artifacts: Path) -> Path:
    """The build folder of an artifacts folder, made if need be; raises MissingError when it cannot be written."""
    folder = artifacts.absolute() / BUILD
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (artifacts, folder):
            if not os.access(path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(artifacts, error) from None
    return folder


def _unwritable(artifacts: Path, error: Exception) -> MissingError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return MissingError(
        f"{artifacts}: artifacts cannot be written there: {reason}",
        hint="set AIEBUILD_ARTIFACTS to a folder you can write",
    )


def _only_touched(touched: list[str], written: set[str], plan: Plan) -> list[str]:
    """Lines about files whose time changed while their bytes did not."""
    root = resource_root()
    notes: list[str] = []
    for path in touched:
        base = PACKAGE.parent if path.startswith(str(PACKAGE)) else root
        try:
            name = Path(path).relative_to(base).as_posix()
        except ValueError:
            name = path
        if name in plan.inputs and f"stamps/{name}" not in written:
            notes.append(f"{name} was touched; its bytes are as they were")
    return notes
