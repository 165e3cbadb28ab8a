"""Decoder overlay: its kernels, and what its template is given.

Sizes of objects and rows are in `decoder_shape`, the kinds of dispatches in `decoder_dispatches`, products and how they
are cut in `decoder_products`, where everything lies in `decoder_plan`; `decoder_sequences` makes the sequences.
"""

from __future__ import annotations

from typing import Any

from aiebuild.designs.decoder_shape import A_OBJECT, B_OBJECT, BEST_WORDS, C_OBJECT, MOST_ROWS, X_BYTES, Y_FLOATS
from aiebuild.designs.grid import NPU1, ROWS, Grid
from aiebuild.designs.spec import KernelSpec

KERNELS = (
    "decoder_load.cc", "decoder_linear.cc", "decoder_attention.cc", "decoder_sample.cc", "decoder_dispatch.cc",
)  # fmt: skip
B_DEPTH = 4
"""B objects of a column in its memory tile: weights go on coming from DDR while outputs are awaited and the next
operation's inputs are loaded. Modelled, a step of base: 4.50, 4.47 and 4.47 ms with 3 to 5."""


def decoder_parameters(grid: Grid = NPU1) -> dict[str, Any]:
    """Parameters of `decoder.mlir.j2`: the same for every model."""
    return {
        **grid.parameters(),
        "objects": {kernel.removesuffix(".cc"): KernelSpec(kernel, grid.defines).object_name for kernel in KERNELS},
        "a_object": f"memref<{A_OBJECT}xi8>",
        "b_object": f"memref<{B_OBJECT}xi8>",
        "c_object": f"memref<{C_OBJECT}xi8>",
        "keep": None,
        "b_depth": B_DEPTH,
        "c_pin": "",
        "joined": f"memref<{ROWS * C_OBJECT}xi8>",
        "join_offsets": [r * C_OBJECT for r in range(ROWS)],
        "inputs": f"memref<{X_BYTES}xi8>",
        "outputs": f"memref<{Y_FLOATS}xi32>",
        "stats": "memref<160xi32>",
        "top": f"memref<{MOST_ROWS * BEST_WORDS}xi32>",
        "params": "memref<64xi32>",
        "trip_counts": [
            ["first", 1], ["chunks", 2], ["parts", 3], ["loads", 4], ["steps", 5], ["side", 6], ["objects", 7],
        ],
        "stack_size": 2048,
    }  # fmt: skip
