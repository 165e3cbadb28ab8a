"""Static data of kernels: a core of the array has its own, a library has one for all cores and runs."""

from __future__ import annotations

import re
from pathlib import Path

from aiebuild.toolchain.process import run

_WRITABLE = re.compile(r"\.(data|bss)(?!\.rel\.ro)\b")


def writable_statics(objects: list[Path]) -> list[str]:
    """The names of writable static variables in kernel objects, as `nm` shows them, without those of the compiler's own
    making. Constants, also those that the loader fills in, and thread-local variables do not count."""
    found: list[str] = []
    for path in objects:
        for line in run(["nm", "--demangle", "-f", "sysv", str(path)]).stdout.splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) == 7 and fields[3] == "OBJECT" and _WRITABLE.match(fields[6]):
                found.append(fields[0])
    return [name for name in found if not name.startswith("guard variable")]
