"""MLIR types as C++ types and sizes."""

from __future__ import annotations

from xdsl.dialects.builtin import BFloat16Type, Float32Type, IndexType, MemRefType
from xdsl.ir import Attribute, Operation

from aiebuild.host.refusal import refuse

_INTEGERS = {
    text: (kind, size)
    for text, kind, size in (
        ("i1", "bool", 1),
        *((f"{sign}i{width}", f"int{width}_t", width // 8) for sign in ("", "s") for width in (8, 16, 32, 64)),
        *((f"ui{width}", f"uint{width}_t", width // 8) for width in (8, 16, 32, 64)),
    )
}
"""MLIR integer types: the C++ type and its bytes."""


def scalar_type(kind: Attribute, op: Operation) -> str:
    """The C++ type of a scalar. Raises DesignError for one that is not modelled."""
    if isinstance(kind, IndexType):
        return "int64_t"
    if (known := _INTEGERS.get(str(kind))) is not None:
        return known[0]
    if isinstance(kind, Float32Type):
        return "float"
    raise refuse(op, f"a value of type {kind} is not modelled by the host target")


def is_number(kind: Attribute) -> bool:
    """Whether a value of this type is an integer."""
    return isinstance(kind, IndexType) or str(kind) in _INTEGERS


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
    if (known := _INTEGERS.get(str(element))) is not None:
        return known[1]
    raise refuse(op, f"elements of type {element} are not modelled by the host target")


def memref_elements(kind: MemRefType[Attribute], op: Operation) -> int:
    """Elements of a memref of static shape. Raises DesignError for another, or one without any."""
    count = 1
    for extent in kind.get_shape():
        if extent < 0:
            raise refuse(op, f"{kind} has no static shape")
        count *= extent
    if count == 0:
        raise refuse(op, f"{kind} has no elements")
    return count


def memref_bytes(kind: MemRefType[Attribute], op: Operation) -> int:
    """Bytes of a memref of static shape."""
    return memref_elements(kind, op) * element_bytes(kind, op)
