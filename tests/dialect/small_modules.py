"""Text of small modules: a device around lines, its tiles, a runtime sequence in it."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from aiebuild.dialect import parse_module

TILE = "    %shim = aie.tile(0, 0)\n    %mem = aie.tile(0, 1)\n    %core = aie.tile(0, 2)"


def module(*lines: str, device: str = "npu1") -> str:
    body = "\n".join(lines)
    return f"module {{\n  aie.device({device}) {{\n{body}\n  }}\n}}\n"


def parse(*lines: str) -> ModuleOp:
    return parse_module(module(*lines), "d.mlir")


def sequence(*lines: str) -> list[str]:
    body = "\n".join(f"      {line}" for line in lines)
    fifo = "    aie.objectfifo @f(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<8xi32>>"
    return [TILE, fifo, f"    aie.runtime_sequence @run(%a: memref<64xi32>, %n: i32) {{\n{body}\n    }}"]
