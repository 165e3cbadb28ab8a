"""Facts and limits of the arrays that designs are made for."""

from __future__ import annotations

from aiebuild.target.facts import CoreTile, Dma, MemoryTile, Product, ShimTile, Target, TileKind
from aiebuild.target.load import load_target

__all__ = ["CoreTile", "Dma", "MemoryTile", "Product", "ShimTile", "Target", "TileKind", "load_target"]
