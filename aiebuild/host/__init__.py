"""The host target: designs lowered to C++ and run in process.

`lower_overlay` gives an overlay library's source, `encode_sequence` a runtime sequence's bytes, `flags` the compiler's
command lines. The engine and the AIE API's host headers are in `include`; what runs them is `aiebuild.runtime.host`.
`lower_tiles` is `lower_overlay` for designs in locks, DMA programs and circuits, with an engine of their own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aiebuild.host.flags import (
    ENGINE_SOURCES,
    INCLUDE,
    SANITIZE_SOURCES,
    TILE_SOURCES,
    core_defines,
    kernel_command,
    link_command,
    overlay_command,
)

if TYPE_CHECKING:
    from aiebuild.host.lower import ABI_VERSION, lower_overlay
    from aiebuild.host.program import SequenceProgram, encode
    from aiebuild.host.sequence import encode_sequence, read_sequence
    from aiebuild.host.tiles import lower_tiles, uses_circuits

__all__ = [
    "ABI_VERSION",
    "ENGINE_SOURCES",
    "INCLUDE",
    "SANITIZE_SOURCES",
    "TILE_SOURCES",
    "SequenceProgram",
    "core_defines",
    "encode",
    "encode_sequence",
    "kernel_command",
    "link_command",
    "lower_overlay",
    "lower_tiles",
    "overlay_command",
    "read_sequence",
    "uses_circuits",
]

_LOWERING = {
    "ABI_VERSION": "lower", "lower_overlay": "lower", "SequenceProgram": "program", "encode": "program",
    "encode_sequence": "sequence", "read_sequence": "sequence", "lower_tiles": "tiles", "uses_circuits": "tiles",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """What lowers, imported when it is first used: a build plans with command lines alone."""
    if name in _LOWERING:
        return getattr(import_module(f"aiebuild.host.{_LOWERING[name]}"), name)
    raise AttributeError(f"module `aiebuild.host` has no attribute `{name}`")
