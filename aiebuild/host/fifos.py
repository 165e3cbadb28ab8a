"""From objectfifos and links to paths (`paths.py`): channels assigned, buffers counted, patterns put together.

An end of depth 0 at a memory tile has no buffers and no DMA program: the runtime sequence programs that channel
(`KeptTile`). Queues that start at such an end are source paths too; what they carry is worked out from the sequence
(`replay.py`).
"""

from __future__ import annotations

from dataclasses import replace

from aiebuild.dialect import DesignError
from aiebuild.dialect.attributes import Pairs, Port
from aiebuild.dialect.circuits import LockOp
from aiebuild.dialect.objectfifo import ObjectFifoLinkOp, ObjectFifoOp
from aiebuild.dialect.structure import CoreOp, DeviceOp
from aiebuild.dialect.uses import ObjectFifoAcquireOp
from aiebuild.host.paths import (
    Coordinates,
    Endpoint,
    KeptTile,
    Paths,
    RelayPath,
    RingPath,
    ShimChannel,
    SinkPath,
    Slice,
    SourcePath,
    coordinates,
    is_core,
    is_shim,
)
from aiebuild.host.refusal import refuse
from aiebuild.host.types import element_bytes, memref_bytes

KEPT_AHEAD = 2
"""Objects by which a core may be ahead of others beyond its own buffers where a sequence programs the memory tile: as
with an objectfifo of depth 2 there."""

MAX_CAPACITY = 16
"""Objects of one endpoint that can be under way at once (`kMaxHeld` in fifo.hpp)."""


def most_acquired(device: DeviceOp) -> dict[tuple[str, Coordinates, Port], int]:
    """The most objects that a core acquires at once, by queue, core and side."""
    most: dict[tuple[str, Coordinates, Port], int] = {}
    for core in device.body.block.ops:
        if not isinstance(core, CoreOp):
            continue
        tile = coordinates(core.tile, core)
        for op in core.walk():
            if isinstance(op, ObjectFifoAcquireOp):
                key = (op.fifo_name, tile, op.port)
                most[key] = max(most.get(key, 0), op.size)
    return most


def depth_at(
    fifo: ObjectFifoOp, endpoint: int, tile: Coordinates, acquired: dict[tuple[str, Coordinates, Port], int]
) -> int:
    """Buffers at an endpoint (0: the producer's), as objectfifo lowering makes them.

    A single number is an upper bound at a core: what it acquires at most, plus one to prefetch
    (`findObjectFifoSize` in AIEObjectFifoStatefulTransform.cpp). Where it acquires more than a written list
    gives, the design would hang: refused.
    """
    written = fifo.depth(endpoint)
    port = Port.Produce if endpoint == 0 else Port.Consume
    most = acquired.get((fifo.symbol, tile, port), 0)
    if len(fifo.depths) == 1 and most > 0 and not (endpoint == 0 and fifo.init_values):
        return 1 if most == 1 and written == 1 else most + 1
    if most > written:
        raise refuse(fifo, f"core {tile} acquires {most} objects of @{fifo.symbol}, which has {written}")
    return written


class _Finder:
    def __init__(self, device: DeviceOp) -> None:
        self.fifos: dict[str, ObjectFifoOp] = {}
        self.links: list[ObjectFifoLinkOp] = []
        self.most_acquired = most_acquired(device)
        for op in device.body.block.ops:
            if isinstance(op, ObjectFifoOp):
                self._check(op)
                self.fifos[op.symbol] = op
            elif isinstance(op, ObjectFifoLinkOp):
                self.links.append(op)
        self.link_from: dict[str, ObjectFifoLinkOp] = {}
        self.link_to: dict[str, ObjectFifoLinkOp] = {}
        for link in self.links:
            for name in (*link.inputs, *link.outputs):
                if name not in self.fifos:
                    raise refuse(link, f"link of @{name}, which is no objectfifo of this device")
            for name in link.inputs:
                self.link_from[name] = link
            for name in link.outputs:
                self.link_to[name] = link
        self.assigned = self._assign_channels()
        self.paths = Paths()
        self.fills: dict[Coordinates, list[tuple[int, ShimChannel]]] = {}
        self.sends: dict[Coordinates, list[tuple[int, ShimChannel]]] = {}
        self.locks: dict[Coordinates, list[tuple[int, int]]] = {}
        for op in device.body.block.ops:
            if isinstance(op, LockOp) and op.lock_id is not None:
                self.locks.setdefault(coordinates(op.tile, op), []).append((op.lock_id, op.init))

    def _check(self, op: ObjectFifoOp) -> None:
        for present, what in (
            (op.plio, "plio"),
            (op.disable_synchronization, "disable_synchronization"),
            (op.iter_count is not None, "iter_count"),
            (bool(op.pad), "padding"),
            (bool(op.init_values), "initial values"),
            ("aie_stream" in op.properties, "aie_stream"),
        ):
            if present:
                raise refuse(op, f"objectfifo @{op.symbol} with {what} is not modelled by the host target")

    def tile(self, fifo: ObjectFifoOp, endpoint: int) -> Coordinates:
        return coordinates(fifo.producer if endpoint == 0 else fifo.consumers[endpoint - 1], fifo)

    def depth(self, fifo: ObjectFifoOp, endpoint: int) -> int:
        """Buffers at an endpoint."""
        return depth_at(fifo, endpoint, self.tile(fifo, endpoint), self.most_acquired)

    def _assign_channels(self) -> dict[tuple[str, bool], int]:
        """Shim channels by (fifo, into the array): pinned ones first, then the first free in order of declaration."""
        wanted: list[tuple[ObjectFifoOp, bool, int, int | None]] = []
        for fifo in self.fifos.values():
            producer = self.tile(fifo, 0)
            if is_shim(producer):
                wanted.append((fifo, True, producer[0], fifo.producer_channel))
            for k, pinned in enumerate(fifo.consumer_channels):
                consumer = self.tile(fifo, k + 1)
                if is_shim(consumer):
                    wanted.append((fifo, False, consumer[0], pinned))
        used: dict[tuple[bool, int], set[int]] = {}
        for fifo, into, column, pinned in wanted:
            taken = used.setdefault((into, column), set())
            if pinned is not None:
                if pinned in taken:
                    raise refuse(fifo, f"shim ({column}, 0) has its channel {pinned} pinned twice")
                taken.add(pinned)
        assigned: dict[tuple[str, bool], int] = {}
        for fifo, into, column, pinned in wanted:
            taken = used[(into, column)]
            channel = pinned if pinned is not None else next(k for k in range(len(taken) + 1) if k not in taken)
            taken.add(channel)
            if channel > 1:
                kind = "MM2S" if into else "S2MM"
                raise refuse(
                    fifo, f"shim ({column}, 0) has 2 {kind} channels, @{fifo.symbol} would be number {channel + 1}"
                )
            assigned[(fifo.symbol, into)] = channel
        return assigned

    def find(self) -> Paths:
        for fifo in self.fifos.values():
            if fifo.symbol in self.link_to:
                continue  # reached from the link's input
            producer = self.tile(fifo, 0)
            if is_shim(producer):
                self._source(fifo)
            elif is_core(producer):
                link = self.link_from.get(fifo.symbol)
                if link is None:
                    self._from_cores(fifo, [fifo], None)
                elif link.inputs[0] == fifo.symbol:
                    self._from_cores(self._only_output(link), [self.fifos[name] for name in link.inputs], link)
            elif fifo.depth(0) == 0 and fifo.symbol not in self.link_from:
                self._send(fifo)
            else:
                raise refuse(fifo, f"objectfifo @{fifo.symbol} starts in a memory tile without a link: not modelled")
        for tile in sorted({*self.fills, *self.sends}):
            fills, sends = tuple(self.fills.get(tile, ())), tuple(self.sends.get(tile, ()))
            self.paths.kept.append(KeptTile(tile, fills, sends, tuple(self.locks.get(tile, ()))))
        return self.paths

    def _pinned(self, fifo: ObjectFifoOp, channel: int | None) -> int:
        if channel is None:
            raise refuse(
                fifo, f"@{fifo.symbol} ends in a memory tile that the runtime sequence programs: pin its DMA channel"
            )
        return channel

    def _fill(self, fifo: ObjectFifoOp, column: int, channel: int) -> None:
        """A queue from a shim to an end of depth 0 at a memory tile."""
        tile = self.tile(fifo, 1)
        number = self._pinned(fifo, fifo.consumer_channels[0])
        shim = ShimChannel(fifo.symbol, column, channel, True, memref_bytes(fifo.object_type, fifo))
        self.fills.setdefault(tile, []).append((number, shim))

    def _send(self, fifo: ObjectFifoOp) -> None:
        """A queue from an end of depth 0 at a memory tile to cores."""
        tile = self.tile(fifo, 0)
        number = self._pinned(fifo, fifo.producer_channel)
        if fifo.to_stream or fifo.repeat_count not in (None, 1):
            raise refuse(fifo, f"@{fifo.symbol}: patterns and repeats belong to the runtime sequence's tasks")
        size = memref_bytes(fifo.consumer_object_type, fifo)
        channel = ShimChannel(fifo.symbol, tile[0], number, True, size, tile[1])
        self.sends.setdefault(tile, []).append((number, channel))
        self.paths.sources.append(SourcePath(channel, KEPT_AHEAD, self._consumers(fifo, 0, ())))

    def _only_output(self, link: ObjectFifoLinkOp) -> ObjectFifoOp:
        return self.fifos[link.outputs[0]]

    def _offsets(
        self, link: ObjectFifoLinkOp, offsets: tuple[int, ...], parts: list[ObjectFifoOp], whole: ObjectFifoOp
    ) -> list[int]:
        """Byte offsets of the parts of a join or distribute, which must follow each other."""
        element = element_bytes(whole.object_type, whole)
        sizes = [memref_bytes(part.object_type, part) for part in parts]
        starts = [offset * element for offset in offsets] or [0]
        position = 0
        for start, size in zip(starts, sizes, strict=True):
            if start != position:
                raise refuse(
                    link, "offsets of a join or distribute that leave gaps or are out of order are not modelled"
                )
            position += size
        if position != memref_bytes(whole.object_type, whole):
            raise refuse(
                link, f"the parts of the link cover {position} of {memref_bytes(whole.object_type, whole)} bytes"
            )
        return starts

    def _consumers(self, fifo: ObjectFifoOp, offset: int, memory: Pairs) -> tuple[Endpoint, ...]:
        """The cores at the end of a fifo; `memory` is the pattern with which the link's tile was filled."""
        linked = fifo.symbol in self.link_to
        if fifo.symbol in self.link_from:
            raise refuse(fifo, f"objectfifo @{fifo.symbol} passes through two links: not modelled")
        kind = fifo.consumer_object_type
        repeat = fifo.repeat_count or 1
        if fifo.to_stream and not linked:
            raise refuse(
                fifo, f"dimensionsToStream of @{fifo.symbol} at the shim: its pattern belongs to the runtime sequence"
            )
        result: list[Endpoint] = []
        for k in range(len(fifo.consumer_values)):
            tile = self.tile(fifo, k + 1)
            if not is_core(tile):
                raise refuse(fifo, f"objectfifo @{fifo.symbol} to tile {tile} beside others: not modelled")
            part = Slice(
                offset, memref_bytes(kind, fifo), element_bytes(kind, fifo), memory, fifo.to_stream, fifo.from_stream[k]
            )
            result.append(Endpoint(fifo.symbol, tile, self.depth(fifo, k + 1), part, repeat))
        return tuple(result)

    def _source(self, fifo: ObjectFifoOp) -> None:
        column = self.tile(fifo, 0)[0]
        channel = self.assigned[(fifo.symbol, True)]
        link = self.link_from.get(fifo.symbol)
        if fifo.repeat_count not in (None, 1):
            raise refuse(fifo, f"repeat_count of @{fifo.symbol} at the shim is not modelled")
        if link is None and len(fifo.consumer_values) == 1 and fifo.depth(1) == 0 and not is_core(self.tile(fifo, 1)):
            self._fill(fifo, column, channel)
            return
        if link is None:
            size = memref_bytes(fifo.consumer_object_type, fifo)
            shim = ShimChannel(fifo.symbol, column, channel, True, size)
            self.paths.sources.append(SourcePath(shim, 0, self._consumers(fifo, 0, ())))
            return
        if len(link.inputs) > 1:
            raise refuse(link, "a join whose inputs come from shims is not modelled")
        size = memref_bytes(fifo.consumer_object_type, fifo)
        depth = self.depth(fifo, 1)
        memory = fifo.from_stream[0]
        outputs = [self.fifos[name] for name in link.outputs]
        if len(outputs) == 1 and is_shim(self.tile(outputs[0], 1)):
            self._relay(link, fifo, outputs[0], size, depth)
            return
        if len(outputs) == 1:
            inner = memref_bytes(outputs[0].object_type, outputs[0])
            if inner != size:
                dims = memory or outputs[0].to_stream or any(outputs[0].from_stream)
                if dims or size % inner != 0:
                    raise refuse(link, f"link of objects of {size} and {inner} bytes is not modelled")
                depth, size = depth * (size // inner), inner
            starts = [0]
        else:
            starts = self._offsets(link, link.dst_offsets, outputs, fifo)
        consumers = [
            end for out, start in zip(outputs, starts, strict=True) for end in self._consumers(out, start, memory)
        ]
        shim = ShimChannel(fifo.symbol, column, channel, True, size)
        self.paths.sources.append(SourcePath(shim, depth, tuple(consumers)))

    def _relay(self, link: ObjectFifoLinkOp, source: ObjectFifoOp, sink: ObjectFifoOp, size: int, depth: int) -> None:
        if source.from_stream[0] or sink.to_stream or memref_bytes(sink.object_type, sink) != size:
            raise refuse(link, "a link from shim to shim that changes the data's layout is not modelled")
        tile = self.tile(source, 1)
        into = ShimChannel(source.symbol, self.tile(source, 0)[0], self.assigned[(source.symbol, True)], True, size)
        out = ShimChannel(sink.symbol, self.tile(sink, 1)[0], self.assigned[(sink.symbol, False)], False, size)
        whole = Slice(0, size, 1)
        self.paths.sources.append(SourcePath(into, depth, (Endpoint(source.symbol, tile, 0, whole),)))
        self.paths.sinks.append(SinkPath(out, 0, (Endpoint(sink.symbol, tile, 1, whole),)))
        self.paths.relays.append(RelayPath(source.symbol, sink.symbol, tile))

    def _from_cores(self, out: ObjectFifoOp, inputs: list[ObjectFifoOp], link: ObjectFifoLinkOp | None) -> None:
        """A path that starts in cores: to a shim or to other cores."""
        to_shim = is_shim(self.tile(out, 1))
        if to_shim and len(out.consumer_values) > 1:
            raise refuse(out, f"objectfifo @{out.symbol} to a shim and elsewhere: not modelled")
        whole = memref_bytes(out.object_type, out)
        memory_depth = 0
        if link is None:
            starts = [0]
        else:
            if any(not is_core(self.tile(f, 0)) for f in inputs):
                raise refuse(link, "a join of cores and other tiles is not modelled")
            if len(link.inputs) > 1 and len(link.outputs) > 1:
                raise refuse(link, "a link with several inputs and several outputs is not modelled")
            # The buffers at the link belong to the joined objectfifo, else to the incoming one.
            memory_depth = self.depth(out, 0) if link.is_join else self.depth(inputs[0], 1)
            starts = self._offsets(link, link.src_offsets, inputs, out) if link.is_join else [0]
            inner = memref_bytes(inputs[0].object_type, inputs[0])
            if not link.is_join and not link.is_distribute and inner != whole:
                dims = out.to_stream or inputs[0].to_stream or inputs[0].from_stream[0] or any(out.from_stream)
                if dims or whole % inner != 0:
                    raise refuse(link, f"link of objects of {inner} and {whole} bytes is not modelled")
                memory_depth, whole = memory_depth * (whole // inner), inner
        producers: list[Endpoint] = []
        for fifo, start in zip(inputs, starts, strict=True):
            if (fifo.repeat_count or 1) != 1 and (to_shim or link is not None):
                raise refuse(fifo, f"repeat_count of @{fifo.symbol} is not modelled on this path")
            kind = fifo.object_type
            link_dims = fifo.from_stream[0] if link is not None else ()
            memory = out.to_stream if link is not None else ()
            part = Slice(start, memref_bytes(kind, fifo), element_bytes(kind, fifo), memory, link_dims, fifo.to_stream)
            producers.append(Endpoint(fifo.symbol, self.tile(fifo, 0), self.depth(fifo, 0), part))
        if to_shim:
            if out.from_stream[0]:
                raise refuse(
                    out,
                    f"dimensionsFromStream of @{out.symbol} at the shim: its pattern belongs to the runtime sequence",
                )
            if out.repeat_count not in (None, 1):
                raise refuse(out, f"repeat_count of @{out.symbol} is not modelled on this path")
            shim = ShimChannel(out.symbol, self.tile(out, 1)[0], self.assigned[(out.symbol, False)], False, whole)
            self.paths.sinks.append(SinkPath(shim, memory_depth, tuple(producers)))
            return
        self._ring(out, inputs, link, producers, whole, memory_depth)

    def _ring(
        self,
        out: ObjectFifoOp,
        inputs: list[ObjectFifoOp],
        link: ObjectFifoLinkOp | None,
        producers: list[Endpoint],
        whole: int,
        memory_depth: int,
    ) -> None:
        if len(producers) > 1 and any(end.part.core or end.part.link or end.part.memory for end in producers):
            raise refuse(out, "a join between cores that changes the data's layout is not modelled")
        # Slots hold the object as the producing core writes it; consumers see it through all patterns at once.
        first = producers[0].part
        memory = inputs[0].from_stream[0] if link is not None and not link.is_join else ()
        if link is not None and link.is_distribute:
            outputs = [self.fifos[name] for name in link.outputs]
            starts = self._offsets(link, link.dst_offsets, outputs, inputs[0])
            whole = memref_bytes(inputs[0].object_type, inputs[0])
        else:
            outputs, starts = [out], [0]
        ends = [
            end
            for fifo, start in zip(outputs, starts, strict=True)
            for end in self._ring_consumers(fifo, start, memory, link is not None)
        ]
        if first.core:
            if link is not None and (link.is_distribute or memory or any(end.part.link for end in ends)):
                raise refuse(out, "dimensions at a core and at a memory tile between cores are not modelled together")
            ends = [replace(end, part=replace(end.part, link=first.core)) for end in ends]
        producers = [replace(end, part=Slice(end.part.offset, end.part.size, end.part.element)) for end in producers]
        shared = (
            link is None and len(ends) == 1 and not out.via_dma and ends[0].part.plain and out.repeat_count in (None, 1)
        )
        if shared and _share_memory(producers[0].tile, ends[0].tile):
            slots = producers[0].depth if len(out.depths) > 1 else max(producers[0].depth, ends[0].depth)
        else:
            slots = max(p.depth for p in producers) + memory_depth + max(e.depth for e in ends)
        self.paths.rings.append(RingPath(out.symbol, whole, slots, tuple(producers), tuple(ends)))

    def _ring_consumers(self, fifo: ObjectFifoOp, offset: int, memory: Pairs, linked: bool) -> list[Endpoint]:
        if fifo.symbol in self.link_from and not linked:
            raise refuse(fifo, f"objectfifo @{fifo.symbol} passes through two links: not modelled")
        result: list[Endpoint] = []
        kind = fifo.consumer_object_type
        for k in range(len(fifo.consumer_values)):
            tile = self.tile(fifo, k + 1)
            if not is_core(tile):
                raise refuse(fifo, f"objectfifo @{fifo.symbol} to tile {tile} beside others: not modelled")
            link_dims = fifo.to_stream if linked else ()
            size, element = memref_bytes(kind, fifo), element_bytes(kind, fifo)
            part = Slice(offset, size, element, memory, link_dims, fifo.from_stream[k])
            result.append(Endpoint(fifo.symbol, tile, self.depth(fifo, k + 1), part, fifo.repeat_count or 1))
        return result


def _share_memory(a: Coordinates, b: Coordinates) -> bool:
    """Whether two cores can reach one memory: neighbours to the north, south, and west or east (AIE2)."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1


def find_paths(device: DeviceOp) -> Paths:
    """The paths of a device. Raises DesignError on what the host target does not model, with file and line."""
    paths = _Finder(device).find()
    for path in paths.sources:
        for end in path.consumers:
            if path.memory_depth + end.depth > MAX_CAPACITY:
                raise DesignError(f"@{end.fifo}: more than {MAX_CAPACITY} objects under way are not modelled")
    for path in paths.sinks:
        for end in path.producers:
            if path.memory_depth + end.depth > MAX_CAPACITY:
                raise DesignError(f"@{end.fifo}: more than {MAX_CAPACITY} objects under way are not modelled")
    return paths
