"""What the file system refuses a build, as errors of the product: a full disk, a folder that cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from aiebuild.errors import AiebuildError, BuildError, MissingError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def disk_error(error: OSError, path: Path | None = None) -> AiebuildError:
    """The error to report for `error`: MissingError when there is no room or no right, BuildError for the rest.

    `path`: what was being written, for errors that do not say.
    """
    name = error.filename or path
    where = f"{name}: " if name else ""
    message = f"{where}{error.strerror or error}"
    if error.errno in _FULL:
        return MissingError(message, hint="free some room, or set AIEBUILD_ARTIFACTS to a folder on another disk")
    if error.errno in _REFUSED:
        return MissingError(message, hint="set AIEBUILD_ARTIFACTS to a folder you can write")
    return BuildError(message)


def is_full(said: str) -> bool:
    """Whether a tool failed because the disk is full, by what it said."""
    return any(os.strerror(code) in said for code in _FULL)
