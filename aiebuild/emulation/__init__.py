"""Any design in the supported subset, run in this process as the array would run it.

`emulate` reads a design, holds it against its array's limits, lowers and compiles it with its kernels, and runs a
runtime sequence. What is compiled is kept in the user's cache and found again by its contents.
"""

from __future__ import annotations

from aiebuild.emulation.arguments import Pattern
from aiebuild.emulation.design import Design, read_design
from aiebuild.emulation.findings import Finding, StackUse
from aiebuild.emulation.run import EmulationError, Result, emulate

__all__ = ["Design", "EmulationError", "Finding", "Pattern", "Result", "StackUse", "emulate", "read_design"]
