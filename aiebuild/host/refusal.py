"""The error for what the host target does not model."""

from __future__ import annotations

from xdsl.ir import Operation

from aiebuild.dialect import DesignError, location


def refuse(op: Operation, what: str) -> DesignError:
    """The error about an operation: its place in the design, and what is wrong with it."""
    return DesignError(f"{location(op)}: {what}")
