"""Affine expressions as C++."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
    AffineSymExpr,
)

_FUNCTIONS = {AffineBinaryOpKind.FloorDiv: "aieb::floor_div", AffineBinaryOpKind.CeilDiv: "aieb::ceil_div"}
_OPERATORS = {AffineBinaryOpKind.Add: "+", AffineBinaryOpKind.Mul: "*"}


def expressions(of: AffineMap, operands: Sequence[str]) -> list[str]:
    """A map's results; `operands` are the texts of its dimensions, then of its symbols."""
    return [_text(result, operands, of.num_dims) for result in of.results]


def _text(of: AffineExpr, operands: Sequence[str], dims: int) -> str:
    match of:
        case AffineConstantExpr():
            return f"int64_t({of.value})"
        case AffineDimExpr():
            return operands[of.position]
        case AffineSymExpr():
            return operands[dims + of.position]
        case AffineBinaryOpExpr():
            a, b = _text(of.lhs, operands, dims), _text(of.rhs, operands, dims)
            if of.kind in _OPERATORS:
                return f"({a} {_OPERATORS[of.kind]} {b})"
            if of.kind in _FUNCTIONS:
                return f"{_FUNCTIONS[of.kind]}({a}, {b})"
            return f"({a} - aieb::floor_div({a}, {b}) * {b})"  # a remainder that is never negative
        case _:
            raise ValueError(f"affine expression {of}")
