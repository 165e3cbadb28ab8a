"""The error a malformed design causes."""

from __future__ import annotations

from aiebuild.errors import BuildError


class DesignError(BuildError):
    """A design that cannot be read or is not supported; the message starts with `file:line:column` or `file:line`."""
