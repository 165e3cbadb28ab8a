"""DMA programs of tiles: the descriptors of their chains, and what their channels start with, in a configuration's
tables."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.arith import ConstantOp
from xdsl.ir import Block, Operation, SSAValue

from aiebuild.dialect import line_of
from aiebuild.dialect.attributes import Direction, LockAction
from aiebuild.dialect.circuits import LockOp, UseLockOp
from aiebuild.dialect.dma import DmaBdOp, DmaBdPacketOp, DmaOp, DmaStartOp, NextBdOp
from aiebuild.dialect.structure import BufferOp, DeviceOp, EndOp, MemOp, MemTileDmaOp
from aiebuild.host.paths import Coordinates, coordinates
from aiebuild.host.patterns import levels_of
from aiebuild.host.refusal import refuse
from aiebuild.host.tables import Tables, channel_text
from aiebuild.host.types import element_bytes, memref_bytes


class DmaPrograms:
    """Puts the DMA programs of a device into its tables. `buffers` and `locks`: places and names in these."""

    def __init__(
        self, device: DeviceOp, tables: Tables, buffers: Mapping[SSAValue, int], locks: Mapping[SSAValue, str]
    ) -> None:
        self.device, self.tables, self.buffers, self.locks = device, tables, buffers, locks

    def program(self, op: MemOp | MemTileDmaOp) -> None:
        """Writes the descriptors of a tile's channels and what these start with."""
        tile = coordinates(op.tile, op)
        numbers: dict[Block, int] = {}
        channels: dict[Block, int] = {}
        block: Block | None = op.body.blocks[0]
        while block is not None:
            following: Block | None = None
            for inner in block.ops:
                if isinstance(inner, DmaStartOp):
                    first = self.chain(inner.first_block, numbers)
                    for reached in numbers:
                        channels.setdefault(reached, inner.channel)
                    self._starts(inner, tile, first, inner.repeat_count, inner.pad_value)
                    following = inner.next_block
                elif isinstance(inner, DmaOp):
                    self._regions(inner, tile)
                elif not isinstance(inner, EndOp | ConstantOp | BufferOp | LockOp):
                    raise refuse(inner, f"`{inner.name}` outside of a chain of descriptors is not modelled")
            block = following
        for block in op.body.blocks:
            if block in numbers:
                fixed = next((bd.bd_id for bd in block.ops if isinstance(bd, DmaBdOp)), None)
                self.tables.named.append((tile, channels[block], fixed, numbers[block]))

    def chain(self, first: Block, numbers: dict[Block, int]) -> int:
        """Numbers the descriptors of a chain that are new, and writes them; the first one's number."""
        blocks: list[Block] = []
        at: Block | None = first
        while at is not None and at not in numbers:
            numbers[at] = self.tables.descriptors + len(blocks)
            blocks.append(at)
            at = _following(at)
        for block in blocks:
            following = _following(block)
            self._descriptor(block, numbers[following] if following is not None else -1)
        return numbers[first]

    def _starts(self, op: DmaStartOp | DmaOp, tile: Coordinates, first: int, repeat: int, pad: int) -> None:
        channel = channel_text(tile, op.direction is Direction.MM2S, op.channel)
        self.tables.lines.append(f"{channel}.first.push_back({{{first}, {repeat}, false, {line_of(op)}}});")
        if pad:
            self.tables.lines.append(f"{channel}.pad_value = {pad & 0xFFFFFFFF}u;")

    def _regions(self, op: DmaOp, tile: Coordinates) -> None:
        first = self.tables.descriptors
        for k, region in enumerate(op.regions):
            last = k == len(op.regions) - 1
            following = first + k + 1 if not last else first if op.loop else -1
            found = self._descriptor(region.block, following)
            self.tables.named.append((tile, op.channel, found.bd_id, first + k))
        self._starts(op, tile, first, op.repeat_count, op.pad_value)

    def _descriptor(self, block: Block, following: int) -> DmaBdOp:
        acquire = release = "{}"
        found: DmaBdOp | None = None
        packet = (0, -1)
        for op in block.ops:
            if isinstance(op, UseLockOp):
                use = self._lock_use(op)
                if op.action is LockAction.Release:
                    release = use
                else:
                    acquire = use
            elif isinstance(op, DmaBdPacketOp):
                packet = op.packet
            elif isinstance(op, DmaBdOp):
                if found is not None:
                    raise refuse(op, "two descriptors in one block")
                found = op
            elif not isinstance(op, NextBdOp | EndOp | ConstantOp):
                raise refuse(op, f"`{op.name}` in a chain of descriptors is not modelled")
        if found is None:
            raise refuse(block.first_op or self.device, "a block without a descriptor")
        if found.packet is not None:
            packet = found.packet
        kind = found.buffer_type
        if found.buffer not in self.buffers:
            raise refuse(found, "a descriptor over what is no buffer of a tile is not modelled")
        size = element_bytes(kind, found)
        sizes = [_static(v, found) for v in found.sizes]
        strides = [_static(v, found) for v in found.strides]
        length = _static(found.length, found)
        unit, levels = levels_of(found, size, length, sizes, strides, list(found.pad), found.has_length)
        iterations, stride, current = found.iteration or (0, 0, 0)
        self.tables.descriptor(
            line=str(line_of(found)),
            memory=f"b{self.buffers[found.buffer]}",
            bytes=str(memref_bytes(kind, found)),
            offset=str(_static(found.offset, found) * size),
            unit=str(unit),
            levels=f"{{{', '.join(levels)}}}",
            acquire=acquire,
            release=release,
            next=str(following),
            iterations=str(iterations),
            iteration_stride=str(stride * size),
            iteration=str(current),
            packet=str(packet[1]),
            packet_type=str(packet[0]),
            **({"region": f"r{self.buffers[found.buffer]}"} if self.tables.sanitize else {}),
        )
        return found

    def _lock_use(self, op: UseLockOp) -> str:
        if op.lock not in self.locks or not op.blocks:
            raise refuse(op, "a lock from elsewhere or without blocking is not modelled")
        at_least = "true" if op.action is LockAction.AcquireGreaterEqual else "false"
        return f"{{{self.locks[op.lock]}, {_static(op.value, op)}, {at_least}}}"


def _following(block: Block) -> Block | None:
    """The block of the descriptor after a block's own; None where the chain ends."""
    for op in block.ops:
        if isinstance(op, NextBdOp):
            ends = all(isinstance(inner, EndOp | ConstantOp) for inner in op.next_block.ops)
            return None if ends else op.next_block
    return None


def _static(value: int | SSAValue, op: Operation) -> int:
    if isinstance(value, int):
        return value
    raise refuse(op, "a value that is only known at run time is not modelled")
