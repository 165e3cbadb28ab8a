"""Access patterns of buffer descriptors as the levels that the engine of tiles walks."""

from __future__ import annotations

from math import gcd, prod

from xdsl.ir import Operation

from aiebuild.host.refusal import refuse

_PIECE = 64
"""`kStreamBytes` of tiles.hpp: the most that moves at once."""


def levels_of(
    op: Operation,
    element: int,
    length: int,
    sizes: list[int],
    strides: list[int],
    pads: list[tuple[int, int]],
    checked: bool = True,
) -> tuple[int, list[str]]:
    """What moves at once in bytes, and the levels of a descriptor, outermost first.

    All in elements of `element` bytes. `checked`: whether `length` has to be what the pattern gives. Raises DesignError
    at `op`.
    """
    if len(sizes) != len(strides):
        raise refuse(op, f"{len(sizes)} sizes and {len(strides)} strides")
    if not sizes:
        sizes, strides = [length], [1]
    pads = pads or [(0, 0)] * len(sizes)
    if len(pads) != len(sizes):
        raise refuse(op, f"{len(pads)} paddings for {len(sizes)} dimensions")
    padded = prod(before + size + after for size, (before, after) in zip(sizes, pads, strict=True))
    if checked and length not in (prod(sizes), padded):
        raise refuse(op, f"length {length} differs from the product of the sizes, {padded}")
    if min(sizes) < 1 or min(strides) < 0:
        raise refuse(op, "sizes must be positive, strides not negative")
    unit, per = element, 1
    if strides[-1] == 1:
        unit = gcd(sizes[-1] * element, pads[-1][0] * element, pads[-1][1] * element, _PIECE)
        per = unit // element
    levels = [
        f"{{{size}, {stride * element}, {before}, {after}}}"
        for size, stride, (before, after) in zip(sizes[:-1], strides[:-1], pads[:-1], strict=True)
    ]
    before, after = pads[-1]
    stride = unit if strides[-1] == 1 else strides[-1] * element
    if per == 0 or unit % element:
        raise refuse(op, f"a descriptor over elements of {element} bytes")
    levels.append(f"{{{sizes[-1] // per}, {stride}, {before // per}, {after // per}}}")
    return unit, levels
