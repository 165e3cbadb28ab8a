"""The array that designs are laid out on, taken from its target: columns and rows of cores, and its products' shapes.

The designs want four rows of cores (a B object has a slice for each, a tile of 64 rows a strip for each core of a layer
norm) and a multiple of four columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiebuild.errors import UsageError
from aiebuild.target import Target, load_target

ROWS = 4
BLOCK_ROWS = 4
"""Rows of an operand block as activations lie in memory, on every array."""
PRODUCTS = (("int8", "int8", 8, 8), ("bfloat16", "bfloat16", 8, 4), ("int16", "int8", 4, 8))
"""Operand types of the kernels' products with K and N of the blocks in which weights are packed."""


@dataclass(frozen=True)
class Grid:
    """Cores by column and row. `block_rows`: rows of the blocks in which the array does each of `PRODUCTS` with the
    fewest operations; 8 is two blocks of memory, one upon the other."""

    device: str
    columns: int
    rows: int = ROWS
    block_rows: int = BLOCK_ROWS

    def __post_init__(self) -> None:
        if self.rows != ROWS or self.columns % 4 or not self.columns:
            raise UsageError(
                f"no designs for {self.device}: {self.columns} columns and {self.rows} rows of cores",
                hint=f"they are for {ROWS} rows and a multiple of four columns: npu1, npu2, npu2_4col",
            )

    @property
    def cores(self) -> int:
        """Cores in all."""
        return self.columns * self.rows

    @property
    def a_columns(self) -> tuple[int, ...]:
        """The column whose shim and memory tile feed each row of cores: spread over the array."""
        return tuple(r * self.columns // self.rows for r in range(self.rows))

    @property
    def defines(self) -> tuple[tuple[str, str], ...]:
        """Macros of the kernels (`kernels_src/array.h`): what is not as on npu1."""
        columns = (("ARRAY_COLUMNS", str(self.columns)),) if self.columns != 4 else ()
        return columns + ((("BLOCK_ROWS", str(self.block_rows)),) if self.block_rows != BLOCK_ROWS else ())

    def channels(self, kind: str) -> tuple[str, ...]:
        """Names of the shims' channels: "A" of each row of cores, "B" and "C" of each column."""
        count = self.rows if kind == "A" else self.columns
        return tuple(f"{kind}{i}_{'out' if kind == 'C' else 'in'}" for i in range(count))

    def parameters(self) -> dict[str, Any]:
        """Parameters that the templates of encoder and decoder share."""
        return {
            "device": self.device,
            "columns": list(range(self.columns)),
            "rows": list(range(self.rows)),
            "a_columns": list(self.a_columns),
            "cores": [
                {"column": c, "row": r, "id": f"{c}_{r}", "tile": f"%core_{c}_{r}"}
                for c in range(self.columns)
                for r in range(self.rows)
            ],
        }


@lru_cache(maxsize=32)
def grid_of(device: str) -> Grid:
    """The grid of a device. Raises UsageError for an unknown one, or one that the designs do not fit."""
    target = load_target(device)
    heights = {_native_rows(target, *product) for product in PRODUCTS}
    if len(heights) != 1:
        raise UsageError(f"no designs for {device}: its products take blocks of {sorted(heights)} rows")
    return Grid(device, target.columns, target.core_rows, heights.pop())


def _native_rows(target: Target, a: str, b: str, k: int, n: int) -> int:
    """Rows of the block M x `k` x `n` that takes the fewest operations a row, of equal ones the smallest; 0 where there
    is none."""
    product = target.product(a, b)
    shapes = product.shapes if product is not None else ()
    fitting = [(operations / m, m) for m, kk, nn, operations in shapes if (kk, nn) == (k, n)]
    return min(fitting, default=(0.0, 0))[1]


NPU1 = grid_of("npu1")
