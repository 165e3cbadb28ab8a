"""Values known at compile time."""

from __future__ import annotations

from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue


def constant_of(value: SSAValue) -> int | None:
    """The integer that `value` holds when an `arith.constant` defines it, else None."""
    owner = value.owner
    if isinstance(owner, ConstantOp) and isinstance(owner.value, IntegerAttr):
        return owner.value.value.data
    return None


def folded(value: SSAValue) -> int | SSAValue:
    """The integer that `value` is known to hold, else the value itself."""
    constant = constant_of(value)
    return value if constant is None else constant
