"""Operations on numbers in a core's body, as C++ expressions."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, UnrealizedConversionCastOp
from xdsl.ir import Operation

from aiebuild.host.refusal import refuse
from aiebuild.host.types import scalar_type

_BINARY = {
    "arith.addi": "+",
    "arith.subi": "-",
    "arith.muli": "*",
    "arith.andi": "&",
    "arith.ori": "|",
    "arith.xori": "^",
    "arith.addf": "+",
    "arith.subf": "-",
    "arith.mulf": "*",
    "arith.divf": "/",
    "arith.divsi": "/",
    "arith.remsi": "%",
    "arith.shli": "<<",
    "arith.shrsi": ">>",
}
_UNSIGNED = {"arith.divui": "/", "arith.remui": "%", "arith.shrui": ">>"}
_MINMAX = {
    "arith.maxsi": ("aieb::max", False),
    "arith.minsi": ("aieb::min", False),
    "arith.maxui": ("aieb::max", True),
    "arith.minui": ("aieb::min", True),
}
_ROUNDED = {"arith.ceildivsi": "aieb::ceil_div", "arith.floordivsi": "aieb::floor_div"}
_COMPARE = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
_CASTS = ("arith.index_cast", "arith.extsi", "arith.trunci", "arith.sitofp", "arith.fptosi")


def constant(op: arith.ConstantOp) -> tuple[str, str]:
    """(type, text) of a constant. Raises DesignError on what is no finite number."""
    attr = op.value
    kind = scalar_type(op.result.type, op)
    if isinstance(attr, IntegerAttr):
        value = attr.value.data
        return kind, ("true" if value else "false") if kind == "bool" else _integer(value, kind)
    if not isinstance(attr, FloatAttr):
        raise refuse(op, f"a constant of type {op.result.type} is not modelled")
    if not abs(attr.value.data) < 1e38:
        raise refuse(op, f"the constant {attr.value.data} is not modelled")
    return kind, f"float({attr.value.data!r})"


def expression(op: Operation, values: Sequence[str]) -> str:
    """The result of an operation on `values`. Raises DesignError on one that is not modelled."""
    name = op.name
    if not op.results:
        raise refuse(op, f"`{name}` is not modelled by the host target")
    kind = scalar_type(op.results[0].type, op)
    if name in _BINARY:
        return f"{kind}({values[0]} {_BINARY[name]} {values[1]})"
    if name in _UNSIGNED:
        wide = _unsigned(kind)
        return f"{kind}({wide}({values[0]}) {_UNSIGNED[name]} {wide}({values[1]}))"
    if name in _MINMAX:
        function, unsigned = _MINMAX[name]
        wide = _unsigned(kind) if unsigned else kind
        return f"{kind}({function}<{wide}>({wide}({values[0]}), {wide}({values[1]})))"
    if name in _ROUNDED:
        return f"{kind}({_ROUNDED[name]}({values[0]}, {values[1]}))"
    if isinstance(op, arith.CmpiOp):
        predicate = op.predicate.value.data
        wide = scalar_type(op.lhs.type, op)
        wide = _unsigned(wide) if predicate >= 6 else wide
        return f"{wide}({values[0]}) {_COMPARE[predicate]} {wide}({values[1]})"
    if isinstance(op, arith.SelectOp):
        return f"{values[0]} ? {values[1]} : {values[2]}"
    return _cast(op, kind, values)


def _cast(op: Operation, kind: str, values: Sequence[str]) -> str:
    name = op.name
    if name in _CASTS:
        text = values[0]
        if name == "arith.extsi" and scalar_type(op.operands[0].type, op) == "bool":
            text = f"-int32_t({text})"
        if name == "arith.trunci" and kind == "bool":
            text = f"({text} & 1) != 0"
        return f"{kind}({text})"
    if name in ("arith.extui", "arith.index_castui", "arith.uitofp"):
        return f"{kind}({_unsigned(scalar_type(op.operands[0].type, op))}({values[0]}))"
    if isinstance(op, UnrealizedConversionCastOp) and len(values) == 1:
        return f"{kind}({values[0]})"
    raise refuse(op, f"`{name}` is not modelled by the host target")


def _integer(value: int, kind: str) -> str:
    if value == -(1 << 63):
        return "INT64_MIN"
    return f"{kind}({value}{'ll' if abs(value) >= 1 << 31 else ''})"


def _unsigned(kind: str) -> str:
    return kind if kind in ("bool", "float") or kind.startswith("u") else f"u{kind}"
