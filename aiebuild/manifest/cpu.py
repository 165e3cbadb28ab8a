"""This machine's instruction set, as far as compiled code depends on it."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

from aiebuild.manifest.types import InstructionSet

# Flags of /proc/cpuinfo that name instructions a compiler may emit; the rest (power, virtualisation, mitigations)
# changes with the kernel and says nothing about compiled code.
_X86_PREFIXES = ("sse", "ssse", "avx", "amx_", "bmi", "vnni", "gfni", "vaes", "vpclmul", "f16c", "fma", "popcnt", "abm")
_ARM_PREFIXES = ("asimd", "sve", "sme", "bf16", "i8mm", "fp", "neon", "dotprod")


def parse_cpuinfo(text: str, machine: str) -> InstructionSet:
    """The instruction set of the first processor in the text of `/proc/cpuinfo`."""
    prefixes = _X86_PREFIXES if machine in ("x86_64", "i686") else _ARM_PREFIXES
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            flags = sorted({flag for flag in value.split() if flag.startswith(prefixes)})
            return InstructionSet(machine, tuple(flags))
    return InstructionSet(machine, ())


@cache
def this_instruction_set() -> InstructionSet:
    """The instruction set of this machine."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            text = file.read(16384)
    except OSError:
        text = ""
    return parse_cpuinfo(text, platform.machine())


def difference(built: InstructionSet, here: InstructionSet) -> str | None:
    """What keeps code built for `built` from being this machine's own, in words; None if nothing does."""
    if built.machine != here.machine:
        return f"built for {built.machine}, this is {here.machine}"
    missing = sorted(set(built.flags) - set(here.flags))
    if missing:
        return f"built for a CPU with {', '.join(missing)}, which this one lacks"
    extra = sorted(set(here.flags) - set(built.flags))
    return f"built for a CPU without {', '.join(extra)}, which this one has" if extra else None
