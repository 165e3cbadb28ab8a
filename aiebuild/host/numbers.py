"""Numbers of a runtime sequence, which its control flow and transfers are computed from when it is read."""

from __future__ import annotations

import operator
from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from aiebuild.host.refusal import refuse


def _unsigned(value: int) -> int:
    return value % (1 << 64)


_COMPARE: tuple[Callable[[int, int], bool], ...] = (
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    lambda a, b: _unsigned(a) < _unsigned(b),
    lambda a, b: _unsigned(a) <= _unsigned(b),
    lambda a, b: _unsigned(a) > _unsigned(b),
    lambda a, b: _unsigned(a) >= _unsigned(b),
)
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "arith.addi": operator.add,
    "arith.subi": operator.sub,
    "arith.muli": operator.mul,
    "arith.divui": lambda a, b: int(a // b),
    "arith.remui": operator.mod,
    "arith.shli": lambda a, b: int(a << b),
    "arith.minsi": min,
    "arith.maxsi": max,
}
_CASTS = ("arith.index_cast", "arith.trunci", "arith.extsi", "arith.extui")
"""Operations on numbers of a sequence, which are small and not negative; none wraps."""


class Numbers:
    """What integer values of a sequence are, as far as it has been read."""

    def __init__(self) -> None:
        self._known: dict[SSAValue, int] = {}

    def __setitem__(self, value: SSAValue, number: int) -> None:
        self._known[value] = number

    def of(self, value: int | SSAValue, op: Operation) -> int:
        """The number that a value stands for. Raises DesignError, naming `op`, where only a run would tell."""
        if isinstance(value, int):
            return value
        if value in self._known:
            return self._known[value]
        owner = value.owner
        if isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr):
            return owner.value.value.data
        raise refuse(op, "a value that is only known at run time is not modelled")

    def compute(self, op: Operation) -> None:
        """Takes an operation on numbers. Raises DesignError on any other."""
        name = op.name
        if name not in _ARITHMETIC and name not in _CASTS and not isinstance(op, arith.CmpiOp | arith.SelectOp):
            raise refuse(op, f"`{name}` in a runtime sequence is not modelled by the host target")
        values = [self.of(v, op) for v in op.operands]
        if isinstance(op, arith.CmpiOp):
            result = int(_COMPARE[op.predicate.value.data](values[0], values[1]))
        elif isinstance(op, arith.SelectOp):
            result = values[1] if values[0] else values[2]
        else:
            result = _ARITHMETIC[name](values[0], values[1]) if name in _ARITHMETIC else values[0]
        self[op.results[0]] = result
