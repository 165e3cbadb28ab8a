"""Running external tools: argument lists only, a failing command verbatim followed by its output."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiebuild.errors import BuildError, MissingError


@dataclass(frozen=True)
class Completed:
    """A tool that ran: its command, exit code, and what it wrote."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, standard error last."""
        return self.stdout + self.stderr


class ToolError(BuildError):
    """A tool ended with an error. `detail` is its command, verbatim, and its output."""

    def __init__(self, completed: Completed) -> None:
        name = Path(completed.argv[0]).name
        super().__init__(
            f"{name} {_ending(completed.returncode)}",
            detail=f"{command_line(completed.argv)}\n{completed.output.rstrip()}",
        )
        self.completed = completed


def command_line(argv: Sequence[str]) -> str:
    """A command as it can be pasted into a shell."""
    return shlex.join(argv)


def run(
    argv: Sequence[str],
    *,
    stdin: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> Completed:
    """Run a tool to its end and return what it wrote.

    `env`: variables added to this process's. `timeout` in seconds. Raises MissingError when there is no such program,
    ToolError when `check` is set and the exit code is not 0, BuildError when the time is over.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            env=_environment(env),
            timeout=timeout,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise MissingError(f"{argv[0]}: cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise BuildError(f"{argv[0]}: not done after {timeout:g} s", detail=command_line(argv)) from None
    completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
    if check and completed.returncode != 0:
        raise ToolError(completed)
    return completed


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a tool, hand each line of its output (both streams) to `on_line` as it comes, return its exit code.

    On an interrupt the tool is given time to clean up before the interrupt goes on. Raises MissingError when there is
    no such program.
    """
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
            env=_environment(env),
        )
    except (FileNotFoundError, PermissionError) as error:
        raise MissingError(f"{argv[0]}: cannot be run: {error.strerror}") from None
    assert child.stdout is not None
    try:
        with child.stdout:
            for line in child.stdout:
                on_line(line.rstrip("\n"))
        return child.wait()
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[str]) -> None:
    """Ask a child to stop, then make it: ninja removes half-written outputs when interrupted."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=5)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def _environment(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    return {**os.environ, **extra} if extra else None


def _ending(returncode: int) -> str:
    if returncode < 0:
        try:
            return f"was ended by {signal.Signals(-returncode).name}"
        except ValueError:
            return f"was ended by signal {-returncode}"
    return f"failed with exit code {returncode}"
