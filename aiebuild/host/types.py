"""MLIR types as C++ types and sizes."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    BFloat16Type,
    Float32Type,
    IndexType,
    IntegerType,
    MemRefType,
    Signedness,
)
from xdsl.ir import Attribute, Operation

from aiebuild.dialect import DesignError, location

_WIDTHS = {1: 1, 8: 1, 16: 2, 32: 4, 64: 8}


def scalar_type(kind: Attribute, op: Operation) -> str:
    """The C++ type of a scalar. Raises DesignError for one that is not modelled."""
    if isinstance(kind, IndexType):
        return "int64_t"
    if isinstance(kind, IntegerType) and kind.width.data in _WIDTHS:
        width = kind.width.data
        if width == 1:
            return "bool"
        unsigned = "u" if kind.signedness.data == Signedness.UNSIGNED else ""
        return f"{unsigned}int{width}_t"
    if isinstance(kind, Float32Type):
        return "float"
    raise DesignError(f"{location(op)}: a value of type {kind} is not modelled by the host target")


def element_type(kind: MemRefType[Attribute], op: Operation) -> str:
    """The C++ type of a memref's elements; bf16 is held as its 16 bits."""
    element = kind.element_type
    if isinstance(element, BFloat16Type):
        return "uint16_t"
    return scalar_type(element, op)


def element_bytes(kind: MemRefType[Attribute], op: Operation) -> int:
    """Bytes of one element."""
    element = kind.element_type
    if isinstance(element, BFloat16Type):
        return 2
    if isinstance(element, Float32Type):
        return 4
    if isinstance(element, IndexType):
        return 8
    if isinstance(element, IntegerType) and element.width.data in _WIDTHS:
        return _WIDTHS[element.width.data]
    raise DesignError(f"{location(op)}: elements of type {element} are not modelled by the host target")


def memref_elements(kind: MemRefType[Attribute], op: Operation) -> int:
    """Elements of a memref of static shape."""
    count = 1
    for extent in kind.get_shape():
        if extent < 0:
            raise DesignError(f"{location(op)}: {kind} has no static shape")
        count *= extent
    return count


def memref_bytes(kind: MemRefType[Attribute], op: Operation) -> int:
    """Bytes of a memref of static shape."""
    return memref_elements(kind, op) * element_bytes(kind, op)
