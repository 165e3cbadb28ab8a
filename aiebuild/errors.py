"""The errors a user can cause or meet, each with its exit code and, where there is one, a hint.

Every message is one line that says where, what was found and the limit; the hint says what to do. Only `cli` prints
them.
"""

from __future__ import annotations


class AiebuildError(Exception):
    """Base of all errors that are reported as `error: ...` without a traceback.

    `exit_code` is the exit code of the process, by class of error; `hint` is one line with what to do, or None;
    `detail` is text printed verbatim before the error line (a failed command and its output), or None.
    """

    exit_code: int = 1

    def __init__(self, message: str, *, hint: str | None = None, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    def __str__(self) -> str:
        return self.message


class BuildError(AiebuildError):
    """A build or a run failed: a tool, a design, a broken artifact, unreadable audio."""

    exit_code = 1


class UsageError(AiebuildError):
    """Wrong usage or configuration, or a file that does not exist."""

    exit_code = 2


class MissingError(AiebuildError):
    """The environment lacks something: a tool, weights, a right to write."""

    exit_code = 3


class DeviceError(AiebuildError):
    """A device failed or is not there."""

    exit_code = 4
