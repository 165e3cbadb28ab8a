"""Objectfifos as declared: depths, patterns, repeats, links."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from aiebuild.check.allocation import Allocation, shared_tile
from aiebuild.check.design import Coordinates, Design, at, element_bits, elements, size_bytes
from aiebuild.check.kept import check_depths
from aiebuild.check.patterns import Pattern, check_length, last_index, static_pattern
from aiebuild.dialect.attributes import Pairs
from aiebuild.dialect.objectfifo import ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.target import TileKind


def check_fifos(design: Design, allocation: Allocation) -> None:
    """Every objectfifo's declaration and every link."""
    for fifo in design.fifos.values():
        _check_declaration(design, fifo)
        _check_patterns(design, fifo)
    in_link: dict[str, int] = {}
    for link in design.links:
        for name in (*link.inputs, *link.outputs):
            in_link[name] = in_link.get(name, 0) + 1
            if name not in design.fifos:
                design.report("link", link, None, f"link names @{name}, which is no objectfifo of the device")
            elif in_link[name] == 2:
                design.report("link", link, None, f"@{name} is in two links", "an objectfifo has one link")
        if all(name in design.fifos for name in (*link.inputs, *link.outputs)):
            _check_link(design, link)
    for end in allocation.ends:
        if end.shared or design.target.kind(end.tile[1]) is TileKind.SHIM:
            continue
        kind = end.fifo.consumer_object_type if end.index else end.fifo.object_type
        if not _is_link_part(design, end.fifo):
            check_length(design, end.fifo, end.tile, elements(kind), element_bits(kind.element_type))


def _is_link_part(design: Design, fifo: ObjectFifoOp) -> bool:
    """Whether a queue goes through a joining or distributing link, whose transfers have their own lengths."""
    return any(
        fifo.symbol in (*link.inputs, *link.outputs) and (link.is_join or link.is_distribute) for link in design.links
    )


def _check_declaration(design: Design, fifo: ObjectFifoOp) -> None:
    name, producer = f"@{fifo.symbol}", at(fifo.producer_value)
    target = design.target
    check_depths(design, fifo)
    consumers = [at(value) for value in fifo.consumer_values]
    for where in {where for where in consumers if where is not None and consumers.count(where) > 1}:
        design.report("broadcast", fifo, where, f"is a consumer of {name} twice", "name each consumer once")
    at_shim = producer is not None and target.kind(producer[1]) is TileKind.SHIM
    if at_shim and fifo.repeat_count is not None:
        message = f"repeats objects of {name}, which a shim cannot"
        design.report("repeat", fifo, producer, message, "repeat in the runtime sequence")
    if at_shim and fifo.init_values:
        design.report("init", fifo, producer, f"cannot hold first values for {name}", "start it at a memory tile")
    if fifo.init_values and len(fifo.init_values) != fifo.depths[0]:
        message = f"{name} has {len(fifo.init_values)} first values for {fifo.depths[0]} objects"
        design.report("init", fifo, producer, message, "give one for each object")
    if fifo.repeat_count is not None and not 1 <= fifo.repeat_count <= target.max_repeat + 1:
        message = f"sends objects of {name} {fifo.repeat_count} times, the limit is {target.max_repeat + 1}"
        design.report("repeat", fifo, producer, message)
    if fifo.iter_count is not None:
        tiles = [where for where in (producer, *consumers) if where is not None]
        if not any(target.kind(where[1]) is TileKind.MEMORY for where in tiles):
            message = f"has iter_count on {name}, which only memory tiles can"
            design.report("repeat", fifo, producer, message)
        if not 1 <= fifo.iter_count <= 256:
            message = f"runs the chain of {name} {fifo.iter_count} times, the limit is 256"
            design.report("repeat", fifo, producer, message)
    if fifo.pad_value and not (fifo.pad and target.memory_tile.pad_value):
        message = f"pads {name} with {fifo.pad_value}, which only memory tiles of npu2 can"
        design.report("bd-pad", fifo, producer, message, "pad with zeros")
    delegate = design.delegates.get(fifo.symbol)
    if delegate is not None and delegate.tile is not None:
        home = delegate.tile.coordinates
        for end in (producer, *consumers):
            if end is not None and not target.reaches(end, home):
                message = f"cannot reach tile ({home[0]},{home[1]}), where the objects of {name} are to be"
                design.report("reach", delegate, end, message, "choose a tile whose memory both ends reach")
    sent, received = elements(fifo.object_type), elements(fifo.consumer_object_type)
    if received == 0 or sent % received:
        message = f"{name} sends objects of {sent} elements and receives objects of {received}"
        design.report("object-size", fifo, producer, message, "the first must be a multiple of the second")


def _check_patterns(design: Design, fifo: ObjectFifoOp) -> None:
    producer = at(fifo.producer_value)
    if fifo.to_stream and producer is not None:
        if design.target.kind(producer[1]) is TileKind.SHIM:
            _shim_dimensions(design, fifo, producer)
        else:
            _check_end(design, fifo, producer, fifo.to_stream, elements(fifo.object_type), fifo.pad)
    elif fifo.pad and producer is not None:
        design.report("bd-pad", fifo, producer, f"pads @{fifo.symbol} without dimensionsToStream")
    for value, dims in zip(fifo.consumer_values, fifo.from_stream, strict=True):
        consumer = at(value)
        if not dims or consumer is None:
            continue
        if design.target.kind(consumer[1]) is TileKind.SHIM:
            _shim_dimensions(design, fifo, consumer)
        else:
            _check_end(design, fifo, consumer, dims, elements(fifo.consumer_object_type), ())


def _shim_dimensions(design: Design, fifo: ObjectFifoOp, where: Coordinates) -> None:
    message = f"has dimensions for @{fifo.symbol}, which mlir-aie refuses at a shim"
    design.report("shim-dimensions", fifo, where, message, "put the pattern into the runtime sequence")


def _check_end(design: Design, fifo: ObjectFifoOp, where: Coordinates, dims: Pairs, extent: int, pad: Pairs) -> None:
    sizes, strides = tuple(size for size, _ in dims), tuple(stride for _, stride in dims)
    kind = fifo.object_type.element_type
    length = _transfer_length(design, fifo, where, extent)
    memory = _memory_extent(design, fifo, where, extent)
    if pad:
        length = 0
        memory = max(memory, last_index(sizes, strides) + 1)
    pattern = Pattern(sizes, strides, 0, length or elements_after_padding(sizes, pad), kind, memory, pad)
    static_pattern(design, fifo, where, pattern)


def elements_after_padding(sizes: Sequence[int], pad: Pairs) -> int:
    """The elements sent for a pattern of `sizes` with (before, after) of padding for each dimension."""
    count = 1
    for position, size in enumerate(sizes):
        before, after = pad[position] if position < len(pad) else (0, 0)
        count *= size + before + after
    return count


def _transfer_length(design: Design, fifo: ObjectFifoOp, where: Coordinates, extent: int) -> int:
    """The elements of one transfer at an end: the object's, or the part a join or distribute moves at once."""
    for link in design.links:
        if where != shared_tile(design, link):
            continue
        if link.is_join and link.outputs == (fifo.symbol,):
            return min(_lengths(design, link) or [extent])
        if link.is_distribute and link.inputs == (fifo.symbol,):
            return min(_lengths(design, link) or [extent])
    return extent


def _memory_extent(design: Design, fifo: ObjectFifoOp, where: Coordinates, extent: int) -> int:
    """The elements of the memory an end addresses: the larger object of a link at its tile."""
    largest = extent
    for link in design.links:
        names = (*link.inputs, *link.outputs)
        if fifo.symbol not in names or where != shared_tile(design, link):
            continue
        if link.is_join or link.is_distribute:
            return _transfer_length(design, fifo, where, extent)
        largest = max(elements(design.fifos[name].object_type) for name in names if name in design.fifos)
    return largest


def _lengths(design: Design, link: ObjectFifoLinkOp) -> list[int]:
    """The elements each part of a join or distribute has (`getJoinTransferLengths`)."""
    whole = design.fifos[link.outputs[0] if link.is_join else link.inputs[0]]
    offsets = link.src_offsets if link.is_join else link.dst_offsets
    kind = whole.object_type if link.is_join else whole.consumer_object_type
    bounds = [*offsets, elements(kind)]
    return [after - before for before, after in pairwise(bounds)]


def _check_link(design: Design, link: ObjectFifoLinkOp) -> None:
    text = f"link {', '.join(f'@{n}' for n in link.inputs)} -> {', '.join(f'@{n}' for n in link.outputs)}"
    if link.is_join and link.is_distribute:
        design.report("link", link, None, f"{text} joins and distributes at once", "use two links")
        return
    where = shared_tile(design, link)
    if where is None:
        design.report("link", link, None, f"{text}: the objectfifos meet at no tile", "end one where the next begins")
        return
    if not (link.is_join or link.is_distribute):
        if link.src_offsets and link.dst_offsets:
            design.report("link", link, where, f"{text} has offsets and neither joins nor distributes")
        return
    if design.target.kind(where[1]) is not TileKind.MEMORY:
        design.report("link", link, where, f"{text} joins or distributes at a {design.target.kind(where[1]).value}")
    names = link.inputs if link.is_join else link.outputs
    offsets = link.src_offsets if link.is_join else link.dst_offsets
    other = link.dst_offsets if link.is_join else link.src_offsets
    if other:
        design.report("link", link, where, f"{text} has {'dst' if link.is_join else 'src'} offsets, must have none")
    if len(offsets) != len(names):
        message = f"{text} has {len(offsets)} offsets for {len(names)} objectfifos"
        design.report("link-offsets", link, where, message, "give one for each, in elements of the whole object")
        return
    _check_offsets(design, link, where, names, offsets)
    if link.is_distribute:
        repeats = {design.fifos[name].repeat_count or 0 for name in names}
        if len(repeats) > 1:
            design.report("repeat", link, where, f"{text} has different repeat counts: {sorted(repeats)}")


def _check_offsets(
    design: Design, link: ObjectFifoLinkOp, where: Coordinates, names: Sequence[str], offsets: Sequence[int]
) -> None:
    whole = design.fifos[link.outputs[0] if link.is_join else link.inputs[0]]
    kind = whole.object_type if link.is_join else whole.consumer_object_type
    bits = element_bits(kind.element_type)
    if offsets[0] != 0 or list(offsets) != sorted(offsets):
        message = f"link offsets {list(offsets)} of @{whole.symbol} must start at 0 and rise"
        design.report("link-offsets", link, where, message, "list the objectfifos in the order of their parts")
        return
    for name, offset, length in zip(names, offsets, _lengths(design, link), strict=True):
        part = design.fifos[name]
        part_type = part.consumer_object_type if link.is_join else part.object_type
        size = size_bytes(part_type)
        if length * bits != size * 8:
            message = f"link moves {length * bits // 8:,} B at offset {offset:,} of @{whole.symbol}, "
            message += f"@{name} has objects of {size:,} B"
            design.report("link-offsets", link, where, message, "the parts must tile the whole object")
        if offset * bits % 32:
            message = f"link has offset {offset:,} of @{whole.symbol}, {offset * bits / 8:,.0f} B, "
            message += f"not a multiple of {design.target.granule_bytes} B"
            design.report("granularity", link, where, message, "all DMA addressing is in 32-bit words")
        check_length(design, link, where, length, bits)
