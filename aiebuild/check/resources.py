"""What each tile has and what the design takes of it: memory, locks, descriptors, channels, streams."""

from __future__ import annotations

from collections import Counter, defaultdict

from xdsl.ir import Operation

from aiebuild.check.allocation import Allocation, End, Storage
from aiebuild.check.design import Coordinates, Design, at, size_bytes
from aiebuild.dialect.attributes import Direction, WireBundle
from aiebuild.target import TileKind


def check_tiles(design: Design) -> None:
    """Every tile must be in the array, and named once."""
    target = design.target
    seen: set[Coordinates] = set()
    for tile in design.tiles:
        where = tile.coordinates
        if not target.contains(*where):
            message = f"is outside {target.name}, which has {target.columns} columns and {target.rows} rows"
            design.report("grid", tile, where, message, "use a tile inside the array")
        if where in seen:
            design.report("grid", tile, where, "is declared twice", "declare a tile once")
        seen.add(where)
    for core in design.cores:
        where = at(core.tile_value)
        if where is not None and target.kind(where[1]) is not TileKind.CORE:
            message = f"is a {target.kind(where[1]).value} and cannot have a core"
            design.report("tile-kind", core, where, message, f"cores are in rows {target.first_core_row} and up")


def check_memory(design: Design, allocation: Allocation) -> None:
    """Data memory: the stack, buffers and objects of objectfifos against the tile's memory."""
    target = design.target
    taken: dict[Coordinates, list[Storage]] = defaultdict(list)
    for entry in allocation.storage:
        taken[entry.tile].append(entry)
    for buffer in design.buffers:
        where = at(buffer.operands[0])
        if where is not None:
            taken[where].append(Storage(where, size_bytes(buffer.type), f"%{_name(buffer)}", buffer))
    stacks = {where: core for core in design.cores if (where := at(core.tile_value)) is not None}
    for where in sorted({*taken, *stacks}):
        kind = target.kind(where[1])
        if kind is TileKind.SHIM:
            _no_shim_buffers(design, taken[where], where)
            continue
        core = stacks.get(where)
        stack = core.stack_size if core is not None else 0
        unit = target.core.alignment_bytes if kind is TileKind.CORE else target.memory_tile.alignment_bytes
        limit = target.core.memory_bytes if kind is TileKind.CORE else target.memory_tile.memory_bytes
        total = stack + sum(-(-entry.size // unit) * unit for entry in taken[where])
        if total <= limit:
            continue
        parts = Counter({"the stack": stack} if stack else {})
        for entry in taken[where]:
            parts[entry.what.partition(" ")[0]] += entry.size
        detail = ", ".join(f"{name} {size:,}" for name, size in parts.most_common(6))
        op: Operation = core if core is not None else taken[where][0].op
        message = f"needs {total:,} B of data memory, has {limit:,}: {detail}"
        hint = "lower a depth, an object or a buffer" if kind is TileKind.CORE else "lower a depth or an object"
        design.report("core-memory" if kind is TileKind.CORE else "memory-tile-memory", op, where, message, hint)


def _no_shim_buffers(design: Design, entries: list[Storage], where: Coordinates) -> None:
    for entry in entries:
        design.report("shim-memory", entry.op, where, f"is a shim and has no memory for {entry.what}")


def _name(op: Operation) -> str:
    return op.results[0].name_hint or "buffer"


def check_locks(design: Design, allocation: Allocation) -> None:
    """The number of locks of a tile, their numbers and their first values."""
    target = design.target
    count: Counter[Coordinates] = Counter(allocation.locks)
    source: dict[Coordinates, Operation] = {}
    numbered: dict[tuple[Coordinates, int], Operation] = {}
    for end in allocation.ends:
        source[end.tile] = end.fifo
    for lock in design.locks:
        where = at(lock.operands[0])
        if where is None:
            continue
        count[where] += 1
        source[where] = lock
        limit = target.dma(where[1]).locks
        if lock.lock_id is not None:
            if lock.lock_id >= limit:
                design.report("lock", lock, where, f"has lock number {lock.lock_id}, the last is {limit - 1}")
            if (where, lock.lock_id) in numbered:
                design.report("lock", lock, where, f"has lock number {lock.lock_id} twice", "give each its number")
            numbered[where, lock.lock_id] = lock
        if not 0 <= lock.init <= target.max_lock_value:
            message = f"starts a lock at {lock.init}, the limit is {target.max_lock_value}"
            design.report("lock-value", lock, where, message)
    for where, number in count.items():
        limit = target.dma(where[1]).locks
        if number > limit:
            message = f"needs {number} locks, has {limit}"
            design.report("locks", source[where], where, message, "use fewer objectfifos on the tile")
    for end in allocation.ends:
        repeat = end.fifo.repeat_count or 1
        if end.depth * repeat > target.max_lock_value:
            message = f"@{end.fifo.symbol} counts {end.depth} objects x {repeat} repeats in a lock, "
            message += f"the limit is {target.max_lock_value}"
            design.report("lock-value", end.fifo, end.tile, message, "lower the depth or the repeat count")


def check_channels(design: Design, allocation: Allocation) -> None:
    """DMA channels in and out of each tile."""
    ends: dict[tuple[Coordinates, Direction], list[End]] = defaultdict(list)
    for end in allocation.ends:
        if not end.shared:
            ends[end.tile, end.direction].append(end)
    for (where, direction), group in ends.items():
        without = [end for end in group if end.channel is None and not _pinned(end)]
        if not without:
            continue
        dma = design.target.dma(where[1])
        limit = dma.mm2s_channels if direction is Direction.MM2S else dma.s2mm_channels
        spilled = any(end.fifo.symbol in allocation.spilled for end in without)
        names = ", ".join(f"@{end.fifo.symbol}" for end in group)
        message = f"needs {len(group)} {direction.name} channels, has {limit}: {names}"
        hint = "join, distribute or merge objectfifos"
        if spilled and len(group) <= limit:
            message = f"needs more than {design.target.shared_memory_channels} {direction.name} channels that reach a "
            message += f"neighbour's memory: {names}"
            hint = "keep the memory tile below its own memory"
        elif len(group) <= limit:
            message += " (others are taken by DMA programs or allocations)"
        design.report("dma-channels", without[0].fifo, where, message, hint)


def _pinned(end: End) -> bool:
    if end.index == 0:
        return end.fifo.producer_channel is not None
    return end.fifo.consumer_channels[end.index - 1] is not None


def check_descriptors(design: Design, allocation: Allocation, written: dict[Coordinates, Counter[int]]) -> None:
    """Buffer descriptors of each tile; on memory tiles those of even and of odd channels."""
    used: dict[Coordinates, Counter[int]] = defaultdict(Counter)
    source: dict[Coordinates, Operation] = {}
    for where, counts in written.items():
        used[where].update(counts)
    for program in design.programs:
        where = at(program.tile_value)
        if where is not None:
            source[where] = program
    for end in allocation.ends:
        if end.shared or not end.descriptors:
            continue
        dma = design.target.dma(end.tile[1])
        parity = (end.channel or 0) % 2 if dma.descriptors_per_parity else 0
        used[end.tile][parity] += end.descriptors
        source[end.tile] = end.fifo
    for where, counts in used.items():
        dma = design.target.dma(where[1])
        limit = dma.descriptors_per_parity or dma.descriptors
        for parity, number in counts.items():
            if number > limit:
                which = f" on its {'odd' if parity else 'even'} channels" if dma.descriptors_per_parity else ""
                message = f"needs {number} buffer descriptors{which}, has {limit}"
                design.report("descriptors", source[where], where, message, "lower a depth, a join or a repeat count")


def check_streams(design: Design, allocation: Allocation) -> None:
    """Streams from cores down into a memory tile: it has four ports to the north."""
    incoming: dict[Coordinates, set[str]] = defaultdict(set)
    source: dict[Coordinates, Operation] = {}
    target = design.target
    producers = {end.fifo.symbol: end.tile for end in allocation.ends if end.index == 0 and not end.shared}
    for end in allocation.ends:
        start = producers.get(end.fifo.symbol)
        if end.index and start is not None and _is_down(design, start, end.tile):
            incoming[end.tile].add(end.fifo.symbol)
            source[end.tile] = end.fifo
    for number, flow in enumerate(design.flows):
        if flow.source is None or flow.dest is None or flow.dest_bundle is not WireBundle.DMA:
            continue
        if _is_down(design, flow.source.coordinates, flow.dest.coordinates):
            incoming[flow.dest.coordinates].add(f"flow {number}")
            source[flow.dest.coordinates] = flow
    for where, names in incoming.items():
        limit = target.memory_tile.southbound_streams
        if len(names) > limit:
            message = f"takes {len(names)} streams from cores, has {limit} ports to the north"
            design.report("streams", source[where], where, message, "send some of them to another column")


def _is_down(design: Design, start: Coordinates, end: Coordinates) -> bool:
    kind = design.target.kind
    return kind(start[1]) is TileKind.CORE and kind(end[1]) is TileKind.MEMORY
