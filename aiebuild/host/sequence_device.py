"""A device as its runtime sequences see it: the channels that tasks are queued on, buffer descriptors that are free,
what its packet routes carry."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import Operation

from aiebuild.dialect.sequence import DmaConfigureTaskForOp, DmaConfigureTaskOp, TaskOp
from aiebuild.dialect.structure import BufferOp, DeviceOp
from aiebuild.host.circuits import packet_routes, token_sources
from aiebuild.host.fifos import find_paths
from aiebuild.host.memory_tasks import MEMORY_DESCRIPTORS
from aiebuild.host.paths import Coordinates, Paths, ShimChannel
from aiebuild.host.program import SHIM_DESCRIPTORS
from aiebuild.host.refusal import refuse
from aiebuild.host.tiles import shim_channels, tile_tasks


@dataclass
class SequenceDevice:
    """The device `op`, number `number` of its module. `circuits`: whether the module's designs need `lower_tiles`.

    Methods raise DesignError, naming an operation, on what is not modelled.
    """

    op: DeviceOp
    number: int
    circuits: bool
    free: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    def __post_init__(self) -> None:
        device, circuits = self.op, self.circuits
        self.tile_tasks = tile_tasks(device) if circuits else {}
        self.tokens = token_sources(device)
        self.routes = packet_routes(device)
        paths = Paths() if circuits else find_paths(device)
        self.known = shim_channels(device) if circuits else paths.channels()
        self.kept = {tile.tile: tile for tile in paths.kept}
        self.taken: dict[Coordinates, set[int]] = {tile: set() for tile in self.kept}
        self.buffers: dict[str, BufferOp] = {
            op.symbol: op for op in device.walk() if isinstance(op, BufferOp) and op.symbol is not None
        }

    # -- channels ----------------------------------------------------------------------------------------
    def channel_named(self, symbol: str, op: Operation) -> ShimChannel:
        """The channel of an objectfifo or of a shim_dma_allocation."""
        channel = self.known.get(symbol)
        if channel is None:
            what = "shim_dma_allocation" if self.circuits else "objectfifo with an end at a shim"
            raise refuse(op, f"@{symbol} is no {what}")
        return channel

    def channel_at(self, op: DmaConfigureTaskOp) -> ShimChannel:
        """The channel that a task names by tile, direction and number."""
        tile = op.tile
        if tile is not None and tile.coordinates in self.kept:
            return self._kept_channel(op, tile.coordinates)
        if tile is None or (tile.row != 0 and not self.circuits):
            raise refuse(op, "a task on a tile that is not a shim is not modelled")
        return self.find_channel(op, tile.col, op.direction.name == "MM2S", op.channel, tile.row)

    def channel_of(self, task: TaskOp) -> ShimChannel:
        """The channel of a task."""
        if isinstance(task, DmaConfigureTaskForOp):
            return self.channel_named(task.alloc, task)
        return self.channel_at(task)

    def find_channel(self, op: Operation, column: int, into: bool, channel: int, row: int = 0) -> ShimChannel:
        """The channel with a number; `into`: MM2S."""
        if row != 0:
            return ShimChannel("", column, channel, into, 0, row)
        for known in self.known.values():
            if (known.column, known.into_array, known.channel) == (column, into, channel):
                return known
        if self.circuits:
            return ShimChannel("", column, channel, into, 0)
        raise refuse(op, f"channel {channel} of shim ({column}, 0) belongs to no objectfifo: not modelled")

    def kept_tile(self, task: TaskOp) -> Coordinates | None:
        """The memory tile of a task, if the sequence programs it."""
        tile = task.tile if isinstance(task, DmaConfigureTaskOp) else None
        return tile.coordinates if tile is not None and tile.coordinates in self.kept else None

    def _kept_channel(self, op: DmaConfigureTaskOp, tile: Coordinates) -> ShimChannel:
        """A channel of a memory tile that the sequence programs."""
        kept, number = self.kept[tile], op.channel
        if op.direction.name == "MM2S" and number in dict(kept.sends):
            return dict(kept.sends)[number]
        if op.direction.name == "S2MM" and number in dict(kept.fills):
            return ShimChannel("", tile[0], number, False, 0, tile[1])
        raise refuse(op, f"{op.direction.name} {number} of tile {tile} is no channel that is left to the sequence")

    # -- packets -----------------------------------------------------------------------------------------
    def check_token(self, task: TaskOp, tile: Coordinates) -> None:
        """Raises DesignError for a task whose token reaches no shim."""
        if task.issue_token and tile not in self.tokens:
            raise refuse(task, "issues a token, and no aie.packet_flow carries this tile's tokens to a shim")

    def packet(self, op: Operation, packet: tuple[int, int] | None, channel: ShimChannel) -> int | None:
        """The identifier of (type, identifier)."""
        if packet is None:
            return None
        if not self.circuits:
            raise refuse(op, "packets in a design of objectfifos are not modelled")
        if channel.into_array and (channel.column, channel.channel, packet[1]) not in self.routes:
            where = f"MM2S {channel.channel} of shim ({channel.column}, 0)"
            raise refuse(op, f"packet {packet[1]} of {where}, which no aie.packet_flow carries, is not modelled")
        return packet[1]

    # -- buffer descriptors ------------------------------------------------------------------------------
    def take(self, column: int, wanted: int | None, op: Operation) -> int:
        """A free descriptor of a shim, as mlir-aie's allocator picks it: the lowest."""
        free = self.free.setdefault(column, set(range(SHIM_DESCRIPTORS)))
        if wanted is not None:
            if wanted not in free:
                raise refuse(op, f"buffer descriptor {wanted} of shim ({column}, 0) is in use or out of range")
            free.remove(wanted)
            return wanted
        if not free:
            raise refuse(
                op, f"more than {SHIM_DESCRIPTORS} buffer descriptors in use on shim ({column}, 0); await or free tasks"
            )
        bd = min(free)
        free.remove(bd)
        return bd

    def take_kept(self, task: TaskOp, tile: Coordinates, bd: int) -> None:
        """Takes a descriptor of a memory tile that the sequence programs."""
        if bd in self.taken[tile] or bd >= MEMORY_DESCRIPTORS:
            raise refuse(task, f"buffer descriptor {bd} of memory tile {tile} is in use or out of range")
        self.taken[tile].add(bd)

    def release(self, task: TaskOp, descriptors: tuple[int, ...]) -> None:
        """A task's descriptors are free again."""
        if task in self.tile_tasks:
            return
        if (place := self.kept_tile(task)) is not None:
            self.taken[place].difference_update(descriptors)
            return
        column = self.channel_of(task).column
        self.free.setdefault(column, set(range(SHIM_DESCRIPTORS))).update(descriptors)

    def reset(self) -> None:
        """The configuration is loaded anew: all descriptors of shims are free."""
        self.free.clear()
