"""The host target: designs lowered to C++ and run in process.

`lower_overlay` gives an overlay library's source, `encode_sequence` a runtime sequence's bytes, `flags` the compiler's
command lines. The engine and the AIE API's host headers are in `include`; what runs them is `aiebuild.runtime.host`.
"""

from __future__ import annotations

from aiebuild.host.flags import ENGINE_SOURCES, INCLUDE, kernel_command, link_command, overlay_command
from aiebuild.host.lower import ABI_VERSION, lower_overlay
from aiebuild.host.sequence import SequenceProgram, encode, encode_sequence, read_sequence

__all__ = [
    "ABI_VERSION",
    "ENGINE_SOURCES",
    "INCLUDE",
    "SequenceProgram",
    "encode",
    "encode_sequence",
    "kernel_command",
    "link_command",
    "lower_overlay",
    "overlay_command",
    "read_sequence",
]
