"""Objectfifos as buffers, locks, descriptors and circuits, for the engine of tiles.

What mlir-aie's `AIEObjectFifoStatefulTransform.cpp` makes of them: neighbours share memory where they reach it, others
are joined by DMAs; a link keeps one set of objects in the tile where its queues meet; each part of a join or
distribute has locks of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import Operation

from aiebuild.dialect import line_of
from aiebuild.dialect.attributes import Direction, Pairs, Port
from aiebuild.dialect.circuits import FlowOp, PacketDestOp, PacketSourceOp, ShimDmaAllocationOp
from aiebuild.dialect.dma import DmaOp, DmaStartOp
from aiebuild.dialect.objectfifo import ObjectFifoAllocateOp, ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.structure import DeviceOp, MemOp, MemTileDmaOp
from aiebuild.host.fifos import depth_at, most_acquired
from aiebuild.host.paths import Coordinates, ShimChannel, coordinates, is_core, is_shim
from aiebuild.host.patterns import levels_of
from aiebuild.host.refusal import refuse
from aiebuild.host.tables import Tables, channel_text
from aiebuild.host.types import element_bytes, element_type, memref_bytes
from aiebuild.target import load_target

Taken = set[tuple[Coordinates, bool, int]]
"""DMA channels in use: tile, whether MM2S, number."""


@dataclass(frozen=True)
class Part:
    """A run of bytes of each object of a pool, with the locks that count its free and its full ones."""

    offset: int
    size: int
    free: str | None
    full: str | None
    scale: int = 1


@dataclass(frozen=True)
class Pool:
    """Objects in a tile's memory: the buffers that hold them, and their parts."""

    buffers: tuple[int, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class QueueEnd:
    """A core's end of an objectfifo, as `FifoEnd` of tiles.hpp wants it."""

    pool: Pool
    produces: bool

    @property
    def gives(self) -> str | None:
        """The lock to which its releases give."""
        part = self.pool.parts[0]
        return part.full if self.produces else part.free

    def text(self, name: str) -> str:
        """The initialiser; `name`: the queue's."""
        part = self.pool.parts[0]
        locks = (part.free, part.full) if self.produces else (part.full, part.free)
        scale = part.scale if self.produces else 1
        names = ", ".join(f"b{k}" for k in self.pool.buffers)
        first, second = locks[0] or "nullptr", locks[1] or "nullptr"
        return f'FifoEnd{{"{name}", {{{names}}}, {first}, {second}, {scale}}}'


def needs_tiles(fifo: ObjectFifoOp) -> bool:
    """Whether a queue has what only the engine of tiles models."""
    return bool(fifo.pad or fifo.init_values or fifo.disable_synchronization)


class Queues:
    """The objectfifos of a device, put into its tables. `ends` are those of cores, `channels` those of shims."""

    def __init__(self, device: DeviceOp, tables: Tables) -> None:
        self.tables = tables
        self.target = load_target(device.device)
        ops = list(device.body.block.ops)
        self.fifos = {op.symbol: op for op in ops if isinstance(op, ObjectFifoOp)}
        self.links = [op for op in ops if isinstance(op, ObjectFifoLinkOp)]
        self.homes = {op.fifo_name: op for op in ops if isinstance(op, ObjectFifoAllocateOp)}
        self.most = most_acquired(device) if self.fifos else {}
        self.ends: dict[tuple[str, Coordinates, Port], QueueEnd] = {}
        self.channels: dict[str, ShimChannel] = {}
        self.taken: Taken = _taken(device) if self.fifos else set()
        self.used: dict[tuple[str, int], int] = {}
        self.pools: dict[tuple[str, int], tuple[Pool, int]] = {}  # of an end: its pool and its part there, -1 for all
        self._pools()
        for fifo in self.fifos.values():
            self._pinned(fifo)
        for fifo in self.fifos.values():
            self._connect(fifo)

    # -- objects -----------------------------------------------------------------------------------------
    def _pools(self) -> None:
        for fifo in self.fifos.values():
            self._check(fifo)
        for link in self.links:
            self._link(link)
        for fifo in self.fifos.values():
            if self._shared(fifo):
                home = self._home(fifo)
                pool = self._pool(fifo, home, max(self._depth(fifo, 0), self._depth(fifo, 1)), 0)
                self.pools[(fifo.symbol, 0)] = self.pools[(fifo.symbol, 1)] = (pool, -1)
                continue
            for end in range(len(fifo.consumer_values) + 1):
                tile = self._tile(fifo, end)
                if (fifo.symbol, end) not in self.pools and not is_shim(tile):
                    pool = self._pool(fifo, tile, self._depth(fifo, end), end)
                    self.pools[(fifo.symbol, end)] = (pool, -1)

    def _check(self, fifo: ObjectFifoOp) -> None:
        for present, what in (
            (fifo.plio, "plio"),
            (fifo.iter_count is not None, "iter_count"),
            ("aie_stream" in fifo.properties, "aie_stream"),
        ):
            if present:
                raise refuse(fifo, f"objectfifo @{fifo.symbol} with {what} is not modelled by the host target")
        if self._tile(fifo, 0)[1] == 0 and fifo.to_stream:
            what = f"dimensionsToStream of @{fifo.symbol} at the shim: its pattern belongs to the runtime sequence"
            raise refuse(fifo, what)

    def _tile(self, fifo: ObjectFifoOp, end: int) -> Coordinates:
        return coordinates(fifo.producer if end == 0 else fifo.consumers[end - 1], fifo)

    def _depth(self, fifo: ObjectFifoOp, end: int) -> int:
        return depth_at(fifo, end, self._tile(fifo, end), self.most)

    def _shared(self, fifo: ObjectFifoOp) -> bool:
        """Whether producer and consumer use the same objects, in memory both reach (`requiresDMAs`)."""
        if fifo.via_dma or fifo.repeat_count is not None or "consumerElemType" in fifo.properties:
            return False
        if len(fifo.consumer_values) > 1 or fifo.to_stream or any(fifo.from_stream) or fifo.pad:
            return False
        if any(fifo.symbol in (*link.inputs, *link.outputs) for link in self.links):
            return False
        first, second = self._tile(fifo, 0), self._tile(fifo, 1)
        return self.target.reaches(first, second) or self.target.reaches(second, first)

    def _home(self, fifo: ObjectFifoOp) -> Coordinates:
        delegate = self.homes.get(fifo.symbol)
        if delegate is not None:
            return coordinates(delegate.tile, delegate)
        first, second = self._tile(fifo, 0), self._tile(fifo, 1)
        return first if self.target.reaches(second, first) else second

    def _pool(self, fifo: ObjectFifoOp, tile: Coordinates, depth: int, end: int) -> Pool:
        kind = fifo.consumer_object_type if end else fifo.object_type
        repeat = (fifo.repeat_count or 1) if end == 0 else 1
        return self._objects(fifo, tile, depth, [(0, memref_bytes(kind, fifo), end)], repeat)

    def _objects(
        self, fifo: ObjectFifoOp, tile: Coordinates, depth: int, parts: list[tuple[int, int, int]], repeat: int
    ) -> Pool:
        """`depth` objects of `fifo` on a tile; `parts` are (offset, size, end of the queue), `repeat` how often each
        object is sent."""
        kind = fifo.object_type
        size = max(offset + length for offset, length, _ in parts)
        first: list[list[int | float] | None] = [None] * depth
        if fifo.init_values and parts[0][2] == 0:
            if len(fifo.init_values) > depth:
                raise refuse(fifo, f"{len(fifo.init_values)} initial values for {depth} objects of @{fifo.symbol}")
            for k, value in enumerate(fifo.init_values):
                if not isinstance(value, DenseIntOrFPElementsAttr):
                    raise refuse(fifo, f"initial value {value} is not modelled")
                given: list[int | float] = list(value.get_values())
                first[k] = given * (memref_bytes(kind, fifo) // element_bytes(kind, fifo) // len(given))
        full = sum(values is not None for values in first)
        buffers = tuple(
            self.tables.buffer(
                tile, element_type(kind, fifo), size, values, f"{fifo.symbol}_{tile[0]}_{tile[1]}_buff_{k}"
            )
            for k, values in enumerate(first)
        )
        made: list[Part] = []
        for k, (offset, length, _) in enumerate(parts):
            if fifo.disable_synchronization:
                made.append(Part(offset, length, None, None))
                continue
            name = f"{fifo.symbol} of tile ({tile[0]},{tile[1]})" + (f" part {k}" if len(parts) > 1 else "")
            free = self.tables.lock(tile, f"free objects of @{name}", (depth - full) * repeat)
            filled = self.tables.lock(tile, f"full objects of @{name}", full * repeat)
            made.append(Part(offset, length, free, filled, repeat))
        return Pool(buffers, tuple(made))

    def _link(self, link: ObjectFifoLinkOp) -> None:
        """The objects of a link, which its queues share."""
        for name in (*link.inputs, *link.outputs):
            if name not in self.fifos:
                raise refuse(link, f"link of @{name}, which is no objectfifo of this device")
        ins = [self.fifos[name] for name in link.inputs]
        outs = [self.fifos[name] for name in link.outputs]
        tile = self._tile(outs[0], 0)
        meets = {self._tile(out, 0) for out in outs} | {self._tile(fifo, 1) for fifo in ins}
        if len(meets) > 1:
            raise refuse(link, "the queues of a link that do not meet in one tile are not modelled")
        if len(ins) > 1:
            whole, end, parts, offsets = outs[0], 0, ins, link.src_offsets
        elif len(outs) > 1:
            whole, end, parts, offsets = ins[0], 1, outs, link.dst_offsets
        else:
            larger = memref_bytes(ins[0].object_type, link) >= memref_bytes(outs[0].object_type, link)
            whole = ins[0] if (larger or outs[0].pad) and not outs[0].init_values else outs[0]
            end, parts, offsets = int(whole is ins[0]), [], ()
        kind = whole.consumer_object_type if end else whole.object_type
        depth = self._depth(whole, end)
        repeat = max(out.repeat_count or 1 for out in outs)
        if not parts:
            pool = self._objects(whole, tile, depth, [(0, memref_bytes(kind, link), end)], repeat)
            self.pools[(ins[0].symbol, 1)] = self.pools[(outs[0].symbol, 0)] = (pool, -1)
            return
        if any(out.repeat_count not in (None, 1) for out in outs):
            raise refuse(link, "repeat counts at a join or distribute are not modelled by the engine of tiles")
        element = element_bytes(kind, link)
        sizes = [memref_bytes(part.object_type, part) for part in parts]
        if sum(sizes) != memref_bytes(kind, link) or len(offsets) != len(parts):
            raise refuse(link, f"the parts of the link cover {sum(sizes)} of {memref_bytes(kind, link)} bytes")
        places = [(offset * element, size, end) for offset, size in zip(offsets, sizes, strict=True)]
        pool = self._objects(whole, tile, depth, places, 1)
        self.pools[(whole.symbol, end)] = (pool, -1)
        for k, part in enumerate(parts):
            self.pools[(part.symbol, 1 - end)] = (pool, k)

    # -- channels ----------------------------------------------------------------------------------------
    def _pinned(self, fifo: ObjectFifoOp) -> None:
        if self._shared(fifo):
            return
        for end, channel in enumerate((fifo.producer_channel, *fifo.consumer_channels)):
            if channel is not None:
                self._take(fifo, end, channel)

    def _take(self, fifo: ObjectFifoOp, end: int, channel: int) -> None:
        key = (self._tile(fifo, end), end == 0, channel)
        if key in self.taken:
            raise refuse(fifo, f"channel {channel} of tile {key[0]}, which @{fifo.symbol} pins, is taken")
        self.taken.add(key)
        self.used[(fifo.symbol, end)] = channel

    def _channel(self, fifo: ObjectFifoOp, end: int) -> str:
        """The channel of an end, the first free one unless pinned."""
        tile, out = self._tile(fifo, end), end == 0
        if (fifo.symbol, end) not in self.used:
            dma = self.target.dma(tile[1])
            most = dma.mm2s_channels if out else dma.s2mm_channels
            free = next((k for k in range(most) if (tile, out, k) not in self.taken), None)
            if free is None:
                kind = "MM2S" if out else "S2MM"
                raise refuse(fifo, f"tile {tile} has {most} {kind} channels, @{fifo.symbol} would need another")
            self._take(fifo, end, free)
        channel = self.used[(fifo.symbol, end)]
        if is_shim(tile):
            self.channels[fifo.symbol] = ShimChannel(fifo.symbol, tile[0], channel, out, 0)
        return channel_text(tile, out, channel)

    def _connect(self, fifo: ObjectFifoOp) -> None:
        shared = self._shared(fifo)
        for end in range(len(fifo.consumer_values) + 1):
            tile = self._tile(fifo, end)
            if (fifo.symbol, end) not in self.pools:
                continue
            pool, part = self.pools[(fifo.symbol, end)]
            if is_core(tile) and (shared or len(pool.parts) == 1):
                port = Port.Consume if end else Port.Produce
                self.ends[(fifo.symbol, tile, port)] = QueueEnd(pool, end == 0)
            if not shared:
                self._program(fifo, end, pool, part)
        if shared:
            return
        source = self._channel(fifo, 0)
        for end in range(1, len(fifo.consumer_values) + 1):
            self.tables.lines.append(f"a.circuit({source}, {self._channel(fifo, end)});")

    def _program(self, fifo: ObjectFifoOp, end: int, pool: Pool, part: int) -> None:
        """The chain of descriptors that fills or empties a pool, round and round."""
        channel = self._channel(fifo, end)
        parts = pool.parts if part < 0 else (pool.parts[part],)
        repeat = (fifo.repeat_count or 1) if end == 0 else 1
        dims = fifo.to_stream if end == 0 else fifo.from_stream[end - 1]
        pads = fifo.pad if end == 0 else ()
        if len(parts) > 1 and (dims or pads):
            raise refuse(fifo, f"dimensions of @{fifo.symbol} where its objects are joined or dealt out: not modelled")
        first = self.tables.descriptors
        steps = [(buffer, piece) for buffer in pool.buffers for piece in parts for _ in range(repeat)]
        tile, number = self._tile(fifo, end), self.used[(fifo.symbol, end)]
        for k, (buffer, piece) in enumerate(steps):
            following = first + (k + 1) % len(steps)
            place = self._descriptor(fifo, end, buffer, piece, dims, pads, following)
            self.tables.named.append((tile, number, None, place))
        self.tables.lines.append(f"{channel}.first.push_back({{{first}, 0, false, {line_of(fifo)}}});")
        if pads and fifo.pad_value:
            self.tables.lines.append(f"{channel}.pad_value = {fifo.pad_value & 0xFFFFFFFF}u;")

    def _descriptor(
        self, fifo: ObjectFifoOp, end: int, buffer: int, piece: Part, dims: Pairs, pads: Pairs, following: int
    ) -> int:
        kind = fifo.consumer_object_type if end else fifo.object_type
        element = element_bytes(kind, fifo)
        length = piece.size // element
        sizes = [size for size, _ in dims] or [length]
        strides = [stride for _, stride in dims] or [1]
        unit, levels = levels_of(fifo, element, length, sizes, strides, list(pads))
        waits, gives = (piece.full, piece.free) if end == 0 else (piece.free, piece.full)
        scale = 1 if end == 0 else piece.scale
        return self.tables.descriptor(
            line=str(line_of(fifo)),
            memory=f"b{buffer}",
            bytes=str(self.tables.buffers[buffer].size),
            offset=str(piece.offset),
            unit=str(unit),
            levels=f"{{{', '.join(levels)}}}",
            acquire="{}" if waits is None else f"{{{waits}, {scale}, true}}",
            release="{}" if gives is None else f"{{{gives}, {scale}, true}}",
            next=str(following),
        )


def _taken(device: DeviceOp) -> Taken:
    """The channels that DMA programs, circuits and named shim channels use."""
    taken: Taken = set()
    for op in device.walk():
        match op:
            case DmaStartOp() | DmaOp():
                program: Operation | None = op.parent_op()
                if isinstance(program, MemOp | MemTileDmaOp):
                    taken.add((coordinates(program.tile, op), op.direction is Direction.MM2S, op.channel))
            case FlowOp():
                taken.add((coordinates(op.source, op), True, op.source_channel))
                taken.add((coordinates(op.dest, op), False, op.dest_channel))
            case PacketSourceOp() | PacketDestOp():
                if op.bundle.name == "DMA":
                    taken.add((coordinates(op.tile, op), isinstance(op, PacketSourceOp), op.channel))
            case ShimDmaAllocationOp():
                taken.add((coordinates(op.tile, op), op.direction is Direction.MM2S, op.channel))
            case _:
                pass
    return taken
