"""Build Whisper models into programs for AMD Ryzen AI NPUs, and run them there or on the host.

`aiebuild.emulate` runs any design in the supported subset on the host: see `aiebuild.emulation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aiebuild.emulation import EmulationError, Finding, Pattern, Result, emulate

__all__ = ["EmulationError", "Finding", "Pattern", "Result", "__version__", "emulate"]


def __getattr__(name: str) -> Any:
    """The Python API, imported when it is first used: the command line must start at once."""
    if name in __all__:
        from aiebuild import emulation

        return getattr(emulation, name)
    raise AttributeError(f"module `aiebuild` has no attribute `{name}`")
