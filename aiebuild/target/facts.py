"""What an array has, as values; the numbers and their sources are in `configs/targets/*.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TileKind(Enum):
    """What a tile is, by its row."""

    SHIM = "shim"
    MEMORY = "memory tile"
    CORE = "core"


@dataclass(frozen=True)
class Dma:
    """The DMA of a tile.

    `descriptors` is the number of buffer descriptors, `descriptors_per_parity` how many of them the even (and the odd)
    channels may use, 0 when all may use all. Wraps and steps are counted in words of 4 bytes.
    """

    s2mm_channels: int
    mm2s_channels: int
    descriptors: int
    locks: int
    dimensions: int
    wrap_bits: int
    step_bits: int
    length_bits: int
    descriptors_per_parity: int = 0

    @property
    def max_wrap(self) -> int:
        """The largest extent of an inner dimension, in words at the innermost."""
        return (1 << self.wrap_bits) - 1

    @property
    def max_step(self) -> int:
        """The largest stride, in words (kept as stride - 1)."""
        return 1 << self.step_bits

    @property
    def max_length(self) -> int:
        """The largest transfer of one descriptor, in words."""
        return (1 << self.length_bits) - 1


@dataclass(frozen=True)
class CoreTile:
    """A core with its data memory."""

    dma: Dma
    memory_bytes: int
    memory_banks: int
    program_bytes: int
    default_stack_bytes: int
    alignment_bytes: int


@dataclass(frozen=True)
class MemoryTile:
    """A memory tile. `southbound_streams`: streams that can enter it from the cores above."""

    dma: Dma
    memory_bytes: int
    memory_banks: int
    alignment_bytes: int
    southbound_streams: int
    pad_value: bool


@dataclass(frozen=True)
class ShimTile:
    """A tile at the edge, towards the host's memory."""

    dma: Dma


@dataclass(frozen=True)
class Product:
    """A pair of operand types of the matrix unit.

    `shapes` are the dense shapes of `aie::mmul` as (M, K, N, native multiply-accumulates).
    """

    a: str
    b: str
    macs_per_cycle: int
    shapes: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class Target:
    """An array: its grid, its tiles and the limits of its control processor and compiler.

    `max_repeat` counts further runs of a queued task. `task_queue_depth` counts tasks that wait beside the one that
    runs. `compiler_max_size` and `compiler_max_stride`, in elements, are limits of mlir-aie's verifier for descriptors
    outside sequences.
    """

    name: str
    architecture: str
    columns: int
    rows: int
    first_core_row: int
    clock_hz: int
    max_lock_value: int
    granule_bytes: int
    task_queue_depth: int
    max_repeat: int
    iteration_size: int
    max_arguments: int
    recommended_arguments: int
    hardware_contexts: int
    shared_memory_channels: int
    compiler_max_size: int
    compiler_max_stride: int
    core: CoreTile
    memory_tile: MemoryTile
    shim: ShimTile
    products: tuple[Product, ...]

    @property
    def core_rows(self) -> int:
        """Rows of cores."""
        return self.rows - self.first_core_row

    @property
    def cores(self) -> int:
        """Cores in all."""
        return self.core_rows * self.columns

    def kind(self, row: int) -> TileKind:
        """What the tiles of a row are."""
        if row == 0:
            return TileKind.SHIM
        return TileKind.MEMORY if row < self.first_core_row else TileKind.CORE

    def dma(self, row: int) -> Dma:
        """The DMA of a tile in a row."""
        kind = self.kind(row)
        if kind is TileKind.SHIM:
            return self.shim.dma
        return self.memory_tile.dma if kind is TileKind.MEMORY else self.core.dma

    def contains(self, column: int, row: int) -> bool:
        """Whether there is such a tile."""
        return 0 <= column < self.columns and 0 <= row < self.rows

    def reaches(self, core: tuple[int, int], memory: tuple[int, int]) -> bool:
        """Whether the core (or memory tile's DMA) at `core` can address the memory at `memory`, both (column, row).

        A core reaches its own memory and that of its neighbours to the west, north and south; a memory tile its own and
        those to its west and east (AIE2TargetModel::isLegalMemAffinity).
        """
        (column, row), (other_column, other_row) = core, memory
        if self.kind(row) is not self.kind(other_row) or self.kind(row) is TileKind.SHIM:
            return False
        if self.kind(row) is TileKind.MEMORY:
            return row == other_row and abs(column - other_column) <= 1
        if row == other_row:
            return other_column in (column, column - 1)
        return column == other_column and abs(row - other_row) == 1

    def product(self, a: str, b: str) -> Product | None:
        """The matrix unit's figures for operand types such as ("int8", "int8")."""
        return next((product for product in self.products if (product.a, product.b) == (a, b)), None)
