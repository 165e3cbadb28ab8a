"""One run of a library: in this process, or in a child of it, which a kernel may crash without harm."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiebuild.errors import DeviceError
from aiebuild.runtime.device import Counters
from aiebuild.runtime.host import HostBuffer, HostDevice


@dataclass(frozen=True)
class Job:
    """What is run: a library, the bytes of a sequence, and how.

    `checking`: None, or for a library of the checking mode what `HostDevice.open` takes.
    """

    library: Path
    sequence: bytes
    threads: int | None
    alias: bool
    checking: tuple[int, int] | None


@dataclass(frozen=True)
class Outcome:
    """What came of it. `error`: None, or the message and the detail of what ended the run. `findings`, `stacks`: the
    lines of the checking mode. `crashed`: whether the child died."""

    threads: int
    counters: Counters
    error: tuple[str, str | None] | None
    findings: str = ""
    stacks: str = ""
    crashed: bool = False


def dispatch(job: Job, buffers: Sequence[HostBuffer]) -> Outcome:
    """Run a job once, on an array in its first state. Raises DeviceError for a library that cannot be opened."""
    error: tuple[str, str | None] | None = None
    with HostDevice(job.threads) as host:
        overlay = host.open(job.library, checking=job.checking)
        try:
            overlay.dispatch(overlay.load_sequence(job.sequence), buffers, alias=job.alias)
        except DeviceError as failed:
            error = failed.message.removeprefix(f"{job.library.name}: "), failed.detail
        lines = (overlay.findings(), overlay.stacks()) if job.checking is not None else ("", "")
        return Outcome(host.threads, overlay.counters(), error, *lines)


def dispatch_apart(job: Job, buffers: Sequence[HostBuffer]) -> Outcome:
    """As `dispatch`, in a child process; `buffers` are shared memory. A child that dies is an outcome with an error."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # of threads beside this one, as NumPy's BLAS has: the child uses none of their locks
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _in_child(job, buffers, reading, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
    except BaseException:  # interrupted: the child may be in an endless kernel
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        sort = signal.Signals(os.WTERMSIG(status))
        return _died(f"the run was ended by {sort.name}: {_REASONS.get(sort, 'a core or a kernel failed')}")
    if not answer:
        return _died(f"a kernel ended the run, with exit code {os.WEXITSTATUS(status)}")
    outcome: object = pickle.loads(answer)
    if isinstance(outcome, str):
        raise DeviceError(outcome)
    return cast(Outcome, outcome)


_REASONS = {
    signal.SIGSEGV: "a core or a kernel reaches memory that is not its own",
    signal.SIGBUS: "a core or a kernel reaches memory that is not its own",
    signal.SIGFPE: "a core or a kernel divides by zero",
    signal.SIGABRT: "a kernel gave up, or damaged memory that is not its own",
    signal.SIGILL: "a kernel ran into what is no instruction",
    signal.SIGKILL: "killed from outside, perhaps for want of memory",
}


def _died(why: str) -> Outcome:
    return Outcome(1, Counters(0, 0.0, 0, 0, 0, 0, 0, 0, ()), (why, None), crashed=True)


def _in_child(job: Job, buffers: Sequence[HostBuffer], reading: int, writing: int) -> None:
    """Never returns."""
    code = 1
    try:
        faulthandler.disable()  # the parent says what happened
        os.close(reading)
        try:
            answer = pickle.dumps(dispatch(job, buffers))
        except DeviceError as error:  # told by the parent
            answer = pickle.dumps(error.message)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        code = 0
    finally:
        os._exit(code)
