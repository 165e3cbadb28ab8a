"""Mel overlay: mapping of the log-mel front end onto the array, its sequences and its constants.

Every core works on frames of its own. A round is 32 frames a core: column c's A channel brings the samples, four
objects of 8 overlapping frames, dealt out to the column's cores by the memory tile; its B channel broadcasts the
constants, 25 objects of DFT coefficients (8 bins each) and one of filters; its C channel joins the cores' results, four
objects of 8 frames x n_mels and one with the largest value. A round's frames are consecutive in a column:

    frame = round * (columns * rows * 32) + column * (rows * 32) + object * (rows * 8) + row * 8 + i

so that a column's results of a round lie in one piece of the row-major output.

Arguments of a sequence of R rounds (npu1: 512 R frames), in this order; sizes from `MelOverlay.arguments(R)`:

0. samples: int16, 16 kHz, with 200 samples of reflected edge in front: frame f begins at sample 160 f and takes 400.
   (512 R - 1) * 160 + 400 samples; the part behind the file's last sample is zeros.
1. constants: `MelOverlay.constants()`, or the packed file of `MelOverlay.pack()`.
2. mel (written): int16 Q11, log10 of the mel power of samples in +-1, at least -20480 (1e-10),
   row-major [512 R][n_mels].
3. peaks (written): objects of `peak_object` bytes, one a round and core; the first int16 of each is its largest value.

To move through a long file, point argument 0 at sample 160 f (320 f bytes) and argument 2 at row f (2 n_mels f bytes):
with f a multiple of 512 both are multiples of 4,096 bytes. Frames from (samples of the file + 200) / 160 on see zeros
only: they are -20480, and need not be computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import mel_tables as tables
from aiebuild.designs.grid import grid_of
from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.spec import KernelSpec, OverlaySpec, PackSpec, SequenceSpec
from aiebuild.designs.tasks import emit
from aiebuild.manifest.types import Buffer, Layout, Packed

SAMPLES, CONSTANTS, MEL, PEAKS = range(4)
"""Arguments of a sequence."""

TILE_FRAMES = 8
"""Frames of an A or C object."""
TILES = 4
"""A objects of a core and round; the kernels' 32 frames a round."""
TILE_SAMPLES = (TILE_FRAMES - 1) * tables.HOP + tables.N_FFT
TILE_BYTES = 2 * TILE_SAMPLES
CONSTANT_OBJECTS = tables.CHUNKS + 1
LONG_FRAMES = 3072
"""Frames of a long dispatch, which covers a window's 3,000."""
STACK = 2048
FRACTION_BITS = 11


@dataclass(frozen=True)
class MelOverlay:
    """The overlay for one number of mels on one grid of cores; sequences differ in their number of rounds only."""

    n_mels: int
    device: str = "npu1"
    columns: int = 4
    rows: int = 4
    rounds: tuple[int, ...] = (1, 6)
    """Rounds of the sequences that are built."""
    kernel: KernelSpec = field(default_factory=lambda: KernelSpec("mel.cc"))

    def __post_init__(self) -> None:
        tables.pack_filters(self.n_mels)  # raises ValueError for a number of mels that does not fit

    @property
    def round_frames(self) -> int:
        """Frames of a round of the whole array: 512 on npu1."""
        return self.columns * self.column_frames

    @property
    def column_frames(self) -> int:
        """Consecutive frames of a column and round."""
        return self.rows * TILE_FRAMES * TILES

    @property
    def peak_object(self) -> int:
        """Bytes of a C object of one core, hence of each entry of the peaks."""
        return TILE_FRAMES * self.n_mels * 2

    def sequence_name(self, rounds: int) -> str:
        """`mel_3072` for six rounds on npu1: the frames of a dispatch."""
        return f"mel_{rounds * self.round_frames}"

    def arguments(self, rounds: int) -> tuple[int, int, int, int]:
        """Bytes of samples, constants, mel and peaks for a dispatch of `rounds`."""
        frames = rounds * self.round_frames
        return (
            2 * ((frames - 1) * tables.HOP + tables.N_FFT),
            CONSTANT_OBJECTS * tables.CONSTANT_OBJECT,
            frames * self.n_mels * 2,
            rounds * self.columns * self.rows * self.peak_object,
        )

    def dispatches(self, frames: int) -> tuple[tuple[int, int], ...]:
        """(first frame, rounds) of the fewest dispatches that compute at least `frames` frames."""
        left = -(-frames // self.round_frames)
        plan: list[tuple[int, int]] = []
        first = 0
        for size in sorted(self.rounds, reverse=True):
            while left >= size:
                plan.append((first, size))
                first += size * self.round_frames
                left -= size
        if left:
            plan.append((first, min(self.rounds)))
        return tuple(plan)

    def peak(self, peaks: NDArray[np.int16]) -> int:
        """The largest Q11 value of a dispatch, from argument 3 as int16."""
        return int(peaks.reshape(-1, self.peak_object // 2)[:, 0].max())

    def constants(self) -> bytes:
        """Argument 1."""
        return tables.pack_constants(self.n_mels)

    def pack(self) -> PackSpec:
        """The packed file of the constants: buffer `mel.constants`."""
        return PackSpec("mel", "aiebuild.designs.mel:pack", (), {"n_mels": self.n_mels})

    def layout(self, rounds: int) -> Layout:
        """Layout of argument 2."""
        return Layout("row_major", "int16", (rounds * self.round_frames, self.n_mels))

    def overlay(self) -> OverlaySpec:
        """What is to be built."""
        parameters = self._fabric()
        sequences = tuple(
            SequenceSpec(
                self.sequence_name(rounds), "mel_sequence.mlir.j2", {**parameters, "sequence": self._sequence(rounds)}
            )
            for rounds in self.rounds
        )
        return OverlaySpec("mel", "mel.mlir.j2", parameters, (self.kernel,), sequences)

    def metadata(self) -> dict[str, Any]:
        """What the run needs to know, for the manifest: see the module's text."""
        return {
            "n_mels": self.n_mels,
            "round_frames": self.round_frames,
            "sequences": {str(rounds): self.sequence_name(rounds) for rounds in self.rounds},
            "arguments": {str(rounds): list(self.arguments(rounds)) for rounds in self.rounds},
            "edge_samples": tables.N_FFT // 2,
            "hop": tables.HOP,
            "fraction_bits": FRACTION_BITS,
            "floor": tables.FLOOR_Q11,
            "peak_object": self.peak_object,
        }

    def macs(self, rounds: int) -> int:
        """int16 x int16 multiply-accumulates of the folded transform (each is two of int16 x int8)."""
        return rounds * self.round_frames * tables.POINTS * 2 * tables.POINTS

    def _fabric(self) -> dict[str, Any]:
        core_object, rows, columns = self.peak_object, range(self.rows), range(self.columns)
        return {
            "device": self.device,
            "columns": list(columns),
            "rows": list(rows),
            "samples": f"memref<{TILE_BYTES}xi8>",
            "samples_in": f"memref<{self.rows * TILE_BYTES}xi8>",
            "samples_offsets": [r * TILE_BYTES for r in rows],
            "constants": f"memref<{tables.CONSTANT_OBJECT}xi8>",
            "result": f"memref<{core_object}xi8>",
            "result_out": f"memref<{self.rows * core_object}xi8>",
            "result_offsets": [r * core_object for r in rows],
            "result_bytes": core_object,
            "folded": f"memref<{TILES * TILE_FRAMES * tables.N_FFT}xi16>",
            "power": f"memref<{TILES * TILE_FRAMES * tables.POINTS}xbf16>",
            "halved": f"memref<{TILES * TILE_FRAMES // 4}xi32>",
            "peak": "memref<32xi16>",
            "tiles": TILES,
            "chunks": tables.CHUNKS,
            "mels": self.n_mels,
            "stack_size": STACK,
            "core_rows": [r + 2 for r in rows],
            "kernel_object": self.kernel.object_name,
        }

    def _sequence(self, rounds: int) -> dict[str, Any]:
        sizes = self.arguments(rounds)
        operation = Operation(
            f"log-mel of {rounds * self.round_frames} frames, {rounds} rounds",
            tuple(self._round(index, rounds) for index in range(rounds)),
            tuple(f"C{c}_out" for c in range(self.columns)),
            self.macs(rounds),
            self.macs(rounds),
        )
        return emit(self.sequence_name(rounds), [operation], sizes)

    def _round(self, index: int, rounds: int) -> Round:
        """The transfers of round `index`; the first also feeds the samples and constants of all rounds."""
        part: dict[str, tuple[Transfer, ...]] = {}
        constants = CONSTANT_OBJECTS * tables.CONSTANT_OBJECT
        hop = 2 * tables.HOP  # bytes
        column_bytes = self.column_frames * self.n_mels * 2
        column_peaks = self.rows * self.peak_object
        for c in range(self.columns):
            if index == 0:
                part[f"A{c}_in"] = (
                    Transfer(
                        SAMPLES, c * self.column_frames * hop, (rounds, 1, TILES * self.rows, TILE_BYTES),
                        (self.round_frames * hop, 0, TILE_FRAMES * hop, 1), static=True,
                    ),
                )  # fmt: skip
                part[f"B{c}_in"] = (Transfer(CONSTANTS, 0, (rounds, 1, 1, constants), (0, 0, 0, 1), static=True),)
            part[f"C{c}_out"] = (
                Transfer(MEL, (index * self.columns + c) * column_bytes, (1, 1, 1, column_bytes), (0, 0, 0, 1)),
                Transfer(PEAKS, (index * self.columns + c) * column_peaks, (1, 1, 1, column_peaks), (0, 0, 0, 1)),
            )
        return Round(part)


def mel_overlay(
    n_mels: int, device: str = "npu1", *, columns: int | None = None, rows: int | None = None
) -> MelOverlay:
    """The mel overlay of a model with `n_mels` (80 or 128) on a device's grid of cores, or on a part of it.

    Raises ValueError for other numbers, UsageError for a device without designs.
    """
    grid = grid_of(device)
    columns, rows = columns or grid.columns, rows or grid.rows
    long = max(1, LONG_FRAMES // (columns * rows * TILE_FRAMES * TILES))
    kernel = KernelSpec("mel.cc", tuple(define for define in grid.defines if define[0] == "BLOCK_ROWS"))
    return MelOverlay(n_mels, device, columns, rows, (1, long), kernel)


def pack(inputs: Sequence[object], parameters: dict[str, Any]) -> Packed:
    """Pack function of `MelOverlay.pack`: needs no inputs."""
    del inputs
    data = tables.pack_constants(parameters["n_mels"])
    layout = Layout("row_major", "bytes", (CONSTANT_OBJECTS, tables.CONSTANT_OBJECT))
    return Packed((data,), (Buffer("mel.constants", len(data), layout=layout),))
