"""`fake_clang++`: answers as Peano's does; "compiles" a kernel by listing the functions it defines."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.fakes.behaviour import fail, faults_of, record
from tests.fakes.elf import Function, make_object

_ENTRY = re.compile(r'^(?:extern "C" )?(?:\[\[[\w:]+\]\] )?void (\w+)\(', re.MULTILINE)
_INCLUDE = re.compile(r'^#include "(\w[\w./]*)"', re.MULTILINE)


def main(program: str, arguments: list[str]) -> int:
    faults = faults_of(program)
    if arguments == ["--version"]:
        print(f"clang version {faults.version} (https://github.com/Xilinx/llvm-aie 02be6fd8c0ffee00aa)")
        return 0
    if arguments == ["--print-targets"]:
        print("  Registered Targets:")
        for target in faults.targets:
            print(f"    {target:<8}- AI Engine")
        return 0
    record(program, arguments)
    fail(faults.fault, program)
    source, out, depfile = (Path(arguments[arguments.index(word) + 1]) for word in ("-c", "-o", "-MF"))
    text = source.read_text()
    headers = [source.parent / name for name in _INCLUDE.findall(text) if (source.parent / name).is_file()]
    depfile.write_text(f"{out}: {source} {' '.join(map(str, headers))}\n")
    functions: list[Function] = []
    for name in dict.fromkeys(_ENTRY.findall(text)):
        inner = f"{name}_inner"
        functions.append(Function(name, 256, 64, (inner,)))
        functions.append(Function(inner, 512, faults.frame, (name,) if faults.recursion else ("__extendhfsf2",)))
    data = make_object(functions)
    out.write_bytes(data[: len(data) // 2] if faults.fault == "truncated" else data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
