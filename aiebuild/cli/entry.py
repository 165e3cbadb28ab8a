"""Entry point of `aiebuild`: a command line run, its error reported in a line, its exit code returned."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from aiebuild.cli.group import cli
from aiebuild.errors import AiebuildError, UsageError
from aiebuild.report.terminal import note, report_error

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `aiebuild`: runs a command, reports its error in a line, exits with its code.

    Being asked to end (SIGTERM) is like Ctrl-C: tools are stopped and half-written files removed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run_command(sys.argv[1:] if argv is None else argv)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    sys.exit(code)


def _forget_stdout() -> None:
    """Whoever read the output has gone; Python would complain again when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_command(argv: Sequence[str]) -> int:
    """Run a command line; returns the exit code. With AIEBUILD_TRACEBACK=1 errors keep their traceback."""
    if os.environ.get("AIEBUILD_TRACEBACK") == "1":
        return _call(argv)
    try:
        return _call(argv)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "aiebuild"
        report_error(UsageError(error.format_message(), hint=f"{command} --help"))
        return 2
    except click.ClickException as error:
        report_error(UsageError(error.format_message()))
        return 2
    except AiebuildError as error:
        report_error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except MemoryError as error:
        report_error(AiebuildError(f"not enough memory: {error}" if str(error) else "not enough memory"))
        return 1
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        report_error(AiebuildError(f"{named}{error.strerror or error}"))
        return 1


def _call(argv: Sequence[str]) -> int:
    result: Any = cli.main(args=list(argv), prog_name="aiebuild", standalone_mode=False)
    return result if isinstance(result, int) else 0
