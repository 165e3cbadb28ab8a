"""A core's body as C++, before it is known which cores share it: text, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aiebuild.dialect.attributes import Port
from aiebuild.dialect.circuits import LockOp, UseLockOp
from aiebuild.dialect.structure import BufferOp, CoreOp
from aiebuild.host.types import element_type

_PLACE = re.compile("\x01([0-9]+)\x02")


@dataclass(frozen=True)
class BufferUse:
    """A buffer that a body refers to."""

    op: BufferOp


@dataclass(frozen=True)
class FifoUse:
    """An objectfifo end that a body refers to."""

    fifo: str
    port: Port


@dataclass(frozen=True)
class LockUse:
    """A lock that a body refers to, and where it does so first."""

    op: LockOp
    first: UseLockOp


@dataclass
class Body:
    """A core's body: text in which constants are places, and what it refers to, in order of first use."""

    core: CoreOp
    text: str = ""
    constants: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    buffers: list[BufferUse] = field(default_factory=list[BufferUse])
    fifos: list[FifoUse] = field(default_factory=list[FifoUse])
    kernels: dict[str, str] = field(default_factory=dict[str, str])
    written: set[str] = field(default_factory=set[str])
    """Objectfifos of which the body changes consumed objects."""
    locks: list[LockUse] = field(default_factory=list[LockUse])

    def place(self, kind: str, text: str) -> str:
        """Stands for a constant, which may differ between cores that share the text."""
        self.constants.append((kind, text))
        return f"\x01{len(self.constants) - 1}\x02"

    def skeleton(self, kind_of: Callable[[FifoUse], str]) -> tuple[object, ...]:
        """What two cores that share a coroutine have in common."""
        return (
            self.text,
            tuple(kind for kind, _ in self.constants),
            tuple(element_type(use.op.type, use.op) for use in self.buffers),
            tuple(kind_of(use) for use in self.fifos),
        )

    def render(self, varying: set[int]) -> str:
        """The text with constants in place; those in `varying` come from the context."""

        def value(match: re.Match[str]) -> str:
            k = int(match.group(1))
            return f"c.k{k}" if k in varying else self.constants[k][1]

        return _PLACE.sub(value, self.text)
