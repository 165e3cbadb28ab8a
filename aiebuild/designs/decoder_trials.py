"""Trials of the decoder overlay's kernels, as `aiebuild check` runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiebuild.designs.decoder_attention_trials import cross_attention, self_attention
from aiebuild.designs.decoder_product_trials import Product, Sampled, product, sampling
from aiebuild.designs.decoder_products import Linear, layer_products
from aiebuild.designs.decoder_shape import COLUMN, DecoderShape, Rows
from aiebuild.designs.grid import NPU1, Grid
from aiebuild.designs.trial import Kernels, Trial


def trials(library: Path, grid: Grid = NPU1, seed: int = 0) -> Iterator[Trial]:
    """A trial of every kernel family and variant, as `aiebuild check` runs them."""
    kernels, rng = Kernels(library, grid), np.random.default_rng(seed)
    tile, end = COLUMN * kernels.grid.columns, 51864 % 16384
    wide = Linear("fc1", "linear_norm", 512, 2048, gelu=True, tile=tile)
    back = Linear("fc2", "linear", 2048, 512, residual=True, tile=tile)
    merge = Linear("out", "linear_merge", 512, 512, residual=True, tile=tile)
    pairs = replace(merge, heads=2)
    log = layer_products(DecoderShape(384, 6, 1, 100, 448, grid), 0)["qkv"]
    tail = Linear("logits", "linear_norm", 384, end, tile=tile)
    causal = np.tri(4, 65, 61, np.bool_)
    branches = rng.random((8, 300)) < 0.4
    sampled = [Sampled((0, 3000), (3000, end), (7, 11)) for _ in range(2)]
    cases: dict[str, Callable[[], Trial]] = {
        "GELU, 1 row": lambda: product(kernels, rng, Product(wide, Rows(1, 1), 1, 2)),
        "GELU, 32 rows": lambda: product(kernels, rng, Product(wide, Rows(8, 4))),
        "four bits, 1 row": lambda: product(kernels, rng, Product(replace(wide, bits=4), Rows(1, 1), 2, 1)),
        "four bits, 16 rows": lambda: product(kernels, rng, Product(replace(log, bits=4), Rows(4, 4), 1, 2)),
        "residual, 1 row": lambda: product(kernels, rng, Product(back, Rows(1, 1), 3, 3)),
        "residual, 4 rows": lambda: product(kernels, rng, Product(back, Rows(4, 1), 2, 1)),
        "merged parts, 16 rows": lambda: product(kernels, rng, Product(merge, Rows(4, 4), 1, 1)),
        "merged pairs, 8 rows": lambda: product(kernels, rng, Product(pairs, Rows(2, 4), 2, 1)),
        "rows of the log, 1 row": lambda: product(kernels, rng, Product(log, Rows(1, 4), 1, 2)),
        "rows of the log, 8 rows": lambda: product(kernels, rng, Product(log, Rows(2, 4), 1, 1)),
        "vocabulary's tail": lambda: product(kernels, rng, Product(tail, Rows(1, 1), 3, 3)),
        "8 rows": lambda: sampling(kernels, rng, Product(tail, Rows(2, 4), 1, 3), sampled, [3, 400, 1000])[0],
        "1 row": lambda: self_attention(kernels, rng, np.ones((1, 448), np.bool_), heads=8, column=3),
        "4 rows": lambda: self_attention(kernels, rng, causal, heads=6, column=1),
        "8 branches": lambda: self_attention(kernels, rng, branches, heads=6, column=1),
        "1,500 keys, 1 row": lambda: cross_attention(kernels, rng, rows=1, heads=6, column=1),
        "1,500 keys, 8 rows": lambda: cross_attention(kernels, rng, rows=8, heads=8, column=2),
    }
    for what, case in cases.items():
        trial = case()
        yield replace(trial, name=f"{trial.name}, {what}")
