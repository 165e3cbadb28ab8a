"""Address patterns of buffer descriptors: dimensions, wraps, steps, lengths, granularity.

The hardware counts in words of 4 bytes. Follows mlir-aie's `DMABDOp::verify` (descriptors outside sequences) and
`AIEX::verifyStridesWraps` with `AIEDMATasksToNPU` (descriptors in sequences).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import Attribute, Operation, SSAValue

from aiebuild.check.design import Coordinates, Design, element_bits
from aiebuild.dialect.attributes import Pairs
from aiebuild.dialect.constants import constant_of
from aiebuild.target import TileKind


@dataclass(frozen=True)
class Pattern:
    """A transfer: `length` elements from `offset` on, in the order of `sizes` and `strides`, outermost first.

    `extent`: elements of the memory, 0 where unknown. `pad`: (before, after) for each dimension. `iteration`: (size,
    stride, current) of an address that advances with each run.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    length: int
    element: Attribute
    extent: int = 0
    pad: Pairs = ()
    iteration: tuple[int, int, int] | None = None


def constant(value: int | SSAValue) -> int | None:
    """A number, or the constant behind a value, or None."""
    return value if isinstance(value, int) else constant_of(value)


def constants(values: Sequence[int | SSAValue]) -> tuple[int, ...] | None:
    """All the numbers, or None when one is known only at run time."""
    found = tuple(number for value in values if (number := constant(value)) is not None)
    return found if len(found) == len(values) else None


def contiguous(sizes: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether a pattern (outermost first) walks its elements one after the other."""
    if not sizes:
        return True
    if strides[-1] != 1:
        return False
    step = 1
    for size, outer, stride in zip(sizes[:0:-1], sizes[-2::-1], strides[-2::-1], strict=True):
        step *= size
        if outer > 1 and stride != step:
            return False
    return True


def last_index(sizes: Sequence[int], strides: Sequence[int]) -> int:
    """The largest index a pattern reaches from its start."""
    return sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True) if size > 0)


def static_pattern(design: Design, op: Operation, tile: Coordinates, pattern: Pattern | None) -> None:
    """Check a descriptor that is part of the configuration (a DMA program's or an objectfifo's)."""
    if pattern is None:
        design.report("bd-constant", op, tile, "has a descriptor whose figures are known only at run time")
        return
    bits = element_bits(pattern.element)
    check_length(design, op, tile, pattern.length, bits)
    if len(pattern.sizes) != len(pattern.strides):
        message = f"has {len(pattern.sizes)} sizes and {len(pattern.strides)} strides"
        design.report("bd-dimensions", op, tile, message, "give as many of the one as of the other")
        return
    dma = design.target.dma(tile[1])
    if len(pattern.sizes) > dma.dimensions:
        message = f"has a pattern of {len(pattern.sizes)} dimensions, the limit is {dma.dimensions}"
        design.report("bd-dimensions", op, tile, message, "fold dimensions that follow each other in memory")
    if pattern.offset * bits % 32:
        _granularity(design, op, tile, "an offset", pattern.offset, bits)
    if pattern.sizes:
        _check_dimensions(design, op, tile, pattern, bits)
    elif pattern.extent and pattern.offset + pattern.length > pattern.extent:
        message = f"reaches element {pattern.offset + pattern.length - 1:,} of {pattern.extent:,}"
        design.report("bd-bounds", op, tile, message, "lower the offset or the length")
    if pattern.pad:
        _check_padding(design, op, tile, pattern, bits)
    if pattern.iteration is not None:
        _check_iteration(design, op, tile, pattern.iteration, bits)


def check_length(design: Design, op: Operation, tile: Coordinates, length: int, bits: int) -> None:
    """Check the length of one descriptor, in elements of `bits`."""
    if length * bits % 32:
        _granularity(design, op, tile, "a transfer", length, bits)
    words, limit = length * bits // 32, design.target.dma(tile[1]).max_length
    if words > limit:
        message = f"transfers {words:,} words with one descriptor, the limit is {limit:,}"
        design.report("bd-length", op, tile, message, "split the object or the transfer")


def _granularity(design: Design, op: Operation, tile: Coordinates, what: str, count: int, bits: int) -> None:
    size = count * bits / 8
    text = f"{size:,.0f}" if size.is_integer() else f"{size:,}"
    message = f"has {what} of {count:,} elements, {text} B, not a multiple of {design.target.granule_bytes} B"
    design.report("granularity", op, tile, message, "all DMA addressing is in 32-bit words")


def _check_dimensions(design: Design, op: Operation, tile: Coordinates, pattern: Pattern, bits: int) -> None:
    target, dma = design.target, design.target.dma(tile[1])
    sizes, strides = pattern.sizes, pattern.strides
    reach = last_index(sizes, strides) + pattern.offset
    if pattern.extent and reach >= pattern.extent:
        message = f"reaches element {reach:,} of {pattern.extent:,}"
        design.report("bd-bounds", op, tile, message, "lower a size or a stride")
    if bits != 32 and strides[-1] != 1:
        message = f"has an innermost stride of {strides[-1]} with elements of {bits} bits, must be 1"
        design.report("bd-inner-stride", op, tile, message, "only 32-bit elements can be picked one by one")
    shim_run = target.kind(tile[1]) is TileKind.SHIM and contiguous(sizes, strides)
    for position, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        inner = position == len(sizes) - 1
        words = size * bits // 32 if inner else size
        if inner and size * bits % 32:
            _granularity(design, op, tile, "an innermost size", size, bits)
        if stride == 0:
            message = f"has a stride of 0 in dimension {position}; the hardware cannot stand still"
            design.report("bd-stride", op, tile, message, "repeat the descriptor instead")
            continue
        if not (inner and stride == 1) and stride * bits % 32:
            _granularity(design, op, tile, f"a stride in dimension {position}", stride, bits)
        if size > target.compiler_max_size and not shim_run:
            message = f"has size {size:,} in dimension {position}, mlir-aie takes at most {target.compiler_max_size}"
            design.report("bd-wrap", op, tile, message, "split the dimension in two")
        elif position and words > dma.max_wrap and not shim_run:
            message = f"has size {words:,} words in dimension {position}, the limit is {dma.max_wrap}"
            design.report("bd-wrap", op, tile, message, "split the dimension in two")
        steps = stride * bits // 32
        if size > 1 and steps > dma.max_step:
            message = f"has stride {steps:,} words in dimension {position}, the limit is {dma.max_step:,}"
            design.report("bd-step", op, tile, message, "reorder the data so that neighbours lie closer")
        elif stride > target.compiler_max_stride:
            limit = target.compiler_max_stride
            message = f"has stride {stride:,} in dimension {position}, mlir-aie takes at most {limit:,}"
            design.report("bd-step", op, tile, message, "reorder the data so that neighbours lie closer")


def _check_padding(design: Design, op: Operation, tile: Coordinates, pattern: Pattern, bits: int) -> None:
    if design.target.kind(tile[1]) is not TileKind.MEMORY:
        design.report("bd-pad", op, tile, "pads, which only memory tiles can")
    if len(pattern.pad) != len(pattern.sizes):
        message = f"pads {len(pattern.pad)} dimensions of a pattern of {len(pattern.sizes)}"
        design.report("bd-pad", op, tile, message, "give one pair for each dimension")
        return
    padded = prod(size + before + after for size, (before, after) in zip(pattern.sizes, pattern.pad, strict=True))
    if padded > pattern.length:
        message = f"makes {padded:,} elements of padded data, the transfer has {pattern.length:,}"
        design.report("bd-pad", op, tile, message, "raise the length")
    for count in pattern.pad[-1]:
        if count * bits % 32:
            _granularity(design, op, tile, "innermost padding", count, bits)


def _check_iteration(
    design: Design, op: Operation, tile: Coordinates, iteration: tuple[int, int, int], bits: int
) -> None:
    size, stride, current = iteration
    limit = design.target.iteration_size
    if not 1 <= size <= limit:
        design.report("bd-iteration", op, tile, f"iterates over {size} steps, the limit is {limit}")
    if size > 1 and stride * bits % 32:
        _granularity(design, op, tile, "an iteration's stride", stride, bits)
    if size > 1 and not 1 <= stride * bits // 32 <= design.target.dma(tile[1]).max_step:
        message = f"iterates by {stride * bits // 32:,} words, the limit is {design.target.dma(tile[1]).max_step:,}"
        design.report("bd-iteration", op, tile, message)
    if current >= size:
        design.report("bd-iteration", op, tile, f"starts at step {current} of {size}")


def sequence_pattern(design: Design, op: Operation, tile: Coordinates, pattern: Pattern) -> None:
    """Check a descriptor set up by a runtime sequence: three dimensions and one that repeats or advances."""
    bits = element_bits(pattern.element)
    check_length(design, op, tile, pattern.length, bits)
    if pattern.length <= 0:
        design.report("bd-length", op, tile, f"transfers {pattern.length} elements", "transfer at least 4 B")
    if pattern.offset * bits % 32:
        _granularity(design, op, tile, "an offset", pattern.offset, bits)
    sizes, strides = pattern.sizes, pattern.strides
    if len(sizes) != len(strides):
        design.report("bd-dimensions", op, tile, f"has {len(sizes)} sizes and {len(strides)} strides")
        return
    if not sizes:
        _check_bounds(design, op, tile, pattern, pattern.length - 1)
        return
    if len(sizes) > 4:
        design.report("bd-dimensions", op, tile, f"has a pattern of {len(sizes)} dimensions, the limit is 4")
        return
    sizes = (1,) * (4 - len(sizes)) + sizes
    strides = (0,) * (4 - len(strides)) + strides
    if min(sizes) <= 0:
        design.report("bd-wrap", op, tile, f"has a size of {min(sizes)}, must be 1 or more")
        return
    inner = prod(sizes[1:])
    if pattern.length != inner:
        message = f"has a length of {pattern.length:,} and {inner:,} elements in its inner three dimensions"
        design.report("bd-length", op, tile, message, "the outermost dimension repeats the transfer: leave it out")
    _check_bounds(design, op, tile, pattern, last_index(sizes, strides))
    _check_sequence_dimensions(design, op, tile, sizes, strides, bits)


def _check_bounds(design: Design, op: Operation, tile: Coordinates, pattern: Pattern, reach: int) -> None:
    last = reach + pattern.offset
    if pattern.extent and (last >= pattern.extent or pattern.offset < 0):
        message = f"reaches element {last:,} of a buffer of {pattern.extent:,}"
        design.report("bd-bounds", op, tile, message, "lower the offset, a size or a stride")


def _check_sequence_dimensions(
    design: Design, op: Operation, tile: Coordinates, sizes: Sequence[int], strides: Sequence[int], bits: int
) -> None:
    target, dma = design.target, design.target.dma(tile[1])
    if sizes[3] * bits % 32:
        _granularity(design, op, tile, "an innermost size", sizes[3], bits)
    linear = contiguous(sizes[1:], strides[1:])
    for position in range(4):
        size, stride = sizes[position], strides[position]
        if position and size > 1 and stride < 1:
            message = f"has stride {stride} in dimension {position}; only the outermost may be 0"
            design.report("bd-stride", op, tile, message, "repeat with the outermost dimension")
            continue
        if position == 3 and stride == 1:
            continue
        if size > 1 and stride * bits % 32:
            _granularity(design, op, tile, f"a stride in dimension {position}", stride, bits)
        steps = stride * bits // 32
        if size > 1 and steps > dma.max_step:
            message = f"has stride {steps:,} words in dimension {position}, the limit is {dma.max_step:,}"
            design.report("bd-step", op, tile, message, "move with the offset instead")
    if sizes[0] > target.iteration_size and strides[0]:
        message = f"advances {sizes[0]} times, the limit is {target.iteration_size}"
        design.report("bd-iteration", op, tile, message, "split the transfer")
    elif sizes[0] > target.iteration_size:
        message = f"repeats {sizes[0]} times with a stride of 0, the limit is {target.iteration_size}"
        design.report("bd-iteration", op, tile, message, "split the transfer")
    if linear:
        return
    for position, words in ((3, sizes[3] * bits // 32), (2, sizes[2])):
        if words > dma.max_wrap:
            message = f"has size {words:,} words in dimension {position}, the limit is {dma.max_wrap:,}"
            if position == 2:
                message = message.replace(" words", "")
            design.report("bd-wrap", op, tile, message, "split the dimension in two, or make the transfer contiguous")
