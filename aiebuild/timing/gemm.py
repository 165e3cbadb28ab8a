"""The GEMM that the timing model is validated with: a design with the tiles and types of a published measurement.

Two layouts in DDR. `rows`: A, B and C row-major, blocked by the memory tiles (mlir-aie's `whole_array`). `tiles`:
tile by tile, each blocked, so that transfers are long (the published tuned designs load several tiles of k at a time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiebuild.designs.operations import Operation, Round, Transfer
from aiebuild.designs.tasks import emit
from aiebuild.timing.costs import AIE2P

A, B, C = range(3)
ROWS = 4
BYTES = {"int8": 1, "int16": 2, "int32": 4, "bfloat16": 2, "float": 4}
BLOCKS = {("npu1", "int8"): (4, 8, 8), ("npu1", "bfloat16"): (4, 8, 4), ("npu2", "int8"): (8, 8, 8),
          ("npu2", "bfloat16"): (8, 8, 8)}  # fmt: skip
"""Block shapes of a product, by device and operand type."""
GROUPS = {
    ("npu1", "int8"): (4, 2),
    ("npu1", "bfloat16"): (4, 4),
    ("npu2", "int8"): (2, 2),
    ("npu2", "bfloat16"): (2, 2),
}
"""Blocks of C that accumulate at a time, rows and columns: as many as the accumulators hold."""
KERNEL = "validation_gemm.cc"


@dataclass(frozen=True)
class Gemm:
    """An m x k x n product in core tiles of `tile`; `kind` and `out`: element types of operands and result."""

    device: str
    kind: str
    out: str
    tile: tuple[int, int, int]
    size: tuple[int, int, int]
    layout: str
    c_depth: int = 1
    memory_depth: int = 4

    @property
    def columns(self) -> int:
        """Columns of cores."""
        return 4 if self.device == "npu1" else 8

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        m, k, n = self.size
        return m * k * n

    @property
    def defines(self) -> tuple[str, ...]:
        """Macros of the kernel."""
        shape, group = BLOCKS[(self.device, self.kind)], GROUPS[(self.device, self.kind)]
        pairs = (
            *zip(("TILE_M", "TILE_K", "TILE_N"), self.tile, strict=True),
            *zip(("BLOCK_M", "BLOCK_K", "BLOCK_N"), shape, strict=True),
            *zip(("ROWS", "COLUMNS"), group, strict=True),
            ("IN", self.kind), ("OUT", self.out),
        )  # fmt: skip
        # the published bf16 products are in blocks of shared exponents; what the host computes does not matter
        extra = (AIE2P, "AIEBUILD_SLOTS_AS_BLOCKS") if self.device == "npu2" else ()
        return (*(f"{name}={value}" for name, value in pairs), *extra)

    def argument_bytes(self) -> tuple[int, int, int]:
        """Bytes of A, B and C."""
        m, k, n = self.size
        width = BYTES[self.kind]
        return m * k * width, k * n * width, m * n * BYTES[self.out]

    def parameters(self) -> dict[str, Any]:
        """Parameters of `validation_gemm.mlir.j2`."""
        (m, k, n), width, out = self.tile, BYTES[self.kind], BYTES[self.out]
        sizes = {"a": m * k * width, "b": k * n * width, "c": m * n * out}
        columns, step = list(range(self.columns)), self.columns // ROWS
        dims = self._dims() if self.layout == "rows" else ("", "", "")
        kinds = {"int8": "i8", "int16": "i16", "int32": "i32", "bfloat16": "bf16", "float": "f32"}
        a, c = kinds[self.kind], kinds[self.out]
        return {
            "device": self.device,
            "columns": columns,
            "rows": list(range(ROWS)),
            "a_fifos": [{"row": r, "column": r * step} for r in range(ROWS)],
            "a_object": f"memref<{m * k}x{a}>",
            "b_object": f"memref<{k * n}x{a}>",
            "c_object": f"memref<{m * n}x{c}>",
            "joined": f"memref<{ROWS * m * n}x{c}>",
            "join_offsets": [r * m * n for r in range(ROWS)],
            "a_dims": dims[0],
            "b_dims": dims[1],
            "c_dims": dims[2],
            "memory_depth": self.memory_depth,
            "c_depth": self.c_depth,
            "steps": self.size[1] // k,
            "stack_size": 2048,
            "kernel_object": "validation_gemm.o",
            "sequence": emit("gemm", [self._operation(sizes)], self.argument_bytes(), apart=True),
        }

    def _dims(self) -> tuple[str, str, str]:
        (m, k, n), (r, s, t) = self.tile, BLOCKS[(self.device, self.kind)]

        def dims(*pairs: tuple[int, int]) -> str:
            return " dimensionsToStream [" + ", ".join(f"<size = {a}, stride = {b}>" for a, b in pairs) + "]"

        return (
            dims((m // r, r * k), (k // s, s), (r, k), (s, 1)),
            dims((k // s, s * n), (n // t, t), (s, n), (t, 1)),
            dims((m // r, r * n), (r, t), (n // t, r * t), (t, 1)),
        )

    def _operation(self, sizes: dict[str, int]) -> Operation:
        (m, k, n), (big_m, big_k, big_n) = self.tile, self.size
        across, steps = big_n // (n * self.columns), big_k // k
        if big_m % (m * ROWS) or big_k % k or big_n % (n * self.columns):
            raise ValueError(f"{self.size} is not made of tiles of {self.tile} on {ROWS} x {self.columns} cores")
        rounds: list[Round] = []
        for i in range(big_m // (m * ROWS)):
            part: dict[str, tuple[Transfer, ...]] = {}
            for r in range(ROWS):
                part[f"A{r}_in"] = (self._a(i * ROWS + r, across, steps, sizes["a"]),)
            for c in range(self.columns):
                part[f"B{c}_in"] = (self._b(c, across, steps, sizes["b"]),)
                part[f"C{c}_out"] = (self._c(i, c, across, sizes["c"]),)
            rounds.append(Round(part))
        return Operation("gemm", tuple(rounds), tuple(f"C{c}_out" for c in range(self.columns)), self.macs)

    def _a(self, row: int, across: int, steps: int, size: int) -> Transfer:
        (m, k, _), big_k, width = self.tile, self.size[1], BYTES[self.kind]
        if self.layout == "tiles":
            return Transfer(A, row * steps * size, (across, 1, 4 * steps, size // 4), (0, 0, size // 4, 1), True)
        return Transfer(
            A, row * m * big_k * width, (across, steps, m, k * width), (0, k * width, big_k * width, 1), True
        )  # fmt: skip

    def _b(self, column: int, across: int, steps: int, size: int) -> Transfer:
        (_, k, n), big_n, width = self.tile, self.size[2], BYTES[self.kind]
        if self.layout == "tiles":
            panel = steps * size
            return Transfer(
                B, column * panel, (across, 1, 4 * steps, size // 4), (self.columns * panel, 0, size // 4, 1), True
            )
        return Transfer(
            B, column * n * width, (across, steps, k, n * width),
            (self.columns * n * width, k * big_n * width, big_n * width, 1), True,
        )  # fmt: skip

    def _c(self, i: int, column: int, across: int, size: int) -> Transfer:
        (m, _, n), big_n, width = self.tile, self.size[2], BYTES[self.out]
        if self.layout == "tiles":
            joined = ROWS * size
            first = (i * across * self.columns + column) * joined
            return Transfer(C, first, (across, 1, 4 * ROWS, size // 4), (self.columns * joined, 0, size // 4, 1), True)
        return Transfer(
            C, (i * ROWS * m * big_n + column * n) * width, (across, 1, ROWS * m, n * width),
            (self.columns * n * width, 0, big_n * width, 1), True,
        )  # fmt: skip
