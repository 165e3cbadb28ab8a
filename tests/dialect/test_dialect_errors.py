"""Text that is no design, or has what is not supported: errors of one line with a place; quickly."""

# ruff: noqa: E501 (lines of MLIR)

from __future__ import annotations

import time

import pytest
from small_modules import TILE, parse

from aiebuild.dialect import DesignError, parse_module

ERRORS = [
    ("module {\n  aie.device(npu9) {\n  }\n}", "d.mlir:2:14: unknown device `npu9`"),
    (
        "module {\n  aie.device(npu1) {\n    aie.nothing @t(%x) {\n    }\n  }\n}",
        "d.mlir:3:5: operation aie.nothing is not supported",
    ),
    ("module {\n  aie.device(npu1) {\n    %t = aie.tile(0)\n  }\n}", "d.mlir:3:20: "),
    (
        "module {\n  aie.device(npu1) {\n    aie.flow(%t, Dma : 0, %t, DMA : 0)\n  }\n}",
        "d.mlir:3:18: expected one of Core, DMA",
    ),
    (
        "module {\n  aie.device(npu1) {\n    %a = aie.tile(0, 1)\n    %a = aie.tile(0, 2)\n  }\n}",
        "d.mlir:4:5: SSA value %a is already",
    ),
    (
        "module {\n  aie.device(npu1) {\n    %c = aie.core(%none) {\n      aie.end\n    }\n  }\n}",
        "values used but not defined: [%none]",
    ),
    ("module {\n  aie.device(npu1) {\n", "d.mlir:3:1: "),
    ("", "d.mlir:1:1: "),
    ("module { \x01 }", "d.mlir:1:10: "),
    ('module { "never closed }', "d.mlir:1:10: "),
    ("{{ template }}", "d.mlir:1:"),
    ("module {\n  aie.device(npu1) {\n    ^a:\n    ^a:\n  }\n}", "d.mlir:4:"),
    ("module {\n  aie.device(npu1) {\n    cf.br ^b\n  ^c:\n  }\n  aie.device(npu1) {\n  ^b:\n  ^b:\n  }\n}", "d.mlir:"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_errors_are_one_line_with_a_place(text: str, message: str):
    with pytest.raises(DesignError) as caught:
        parse_module(text, "d.mlir")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("d.mlir:")
    assert caught.value.exit_code == 1


BAD_LINES = [
    "aie.objectfifo @f(%mem, {%core}, [2]) : !aie.objectfifo<memref<8xi32>>",
    "aie.objectfifo @f(%mem, {%core}, 2 : i32) : memref<8xi32>",
    "aie.objectfifo @f(%mem, {}, 2 : i32) : !aie.objectfifo<memref<8xi32>>",
    "aie.objectfifo @f(%mem dimensionsToStream [<size = 2>], {%core}, 2 : i32) : !aie.objectfifo<memref<8xi32>>",
    "aie.objectfifo @f(%mem dimensionsToStream [<size = 2, size = 3>], {%core}, 2 : i32) : !aie.objectfifo<memref<8xi32>>",
    "aie.shim_dma_allocation @a (%mem, MM3S, 0)",
    "%b = aie.buffer(%core) : i32",
    "%b = aie.buffer(%core) : memref<4xi32> = dense<[1, 2]>",
    "%l = aie.lock(%core, x)",
    "aie.runtime_sequence(%a) {\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n aiex.npu.dma_memcpy_nd(%a[0, 0][1, 1][0, 1]) {id = 0 : i64, metadata = @f} : memref<8xi32>\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 1][0, 0, 0, 1]) {id = 0 : i64} : memref<8xi32>\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n aiex.npu.dma_wait {}\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n aiex.dma_start_task(%a)\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n %t = aiex.dma_configure_task_for @f {\n aie.dma_bd(%a : memref<9xi32>)\n aie.end\n }\n}",
    "aie.runtime_sequence(%a: memref<8xi32>) {\n %t = aiex.dma_configure_task_for @f {\n aie.dma_bd(%nothing : memref<8xi32>)\n aie.end\n }\n}",
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_malformed_operations(line: str):
    with pytest.raises(DesignError, match=r"^d\.mlir:\d+:"):
        parse(TILE, line)


def test_unregistered_operations_are_named():
    with pytest.raises(DesignError, match=r"d\.mlir:3:5: operation aiex.unheard_of is not supported"):
        parse("    aiex.unheard_of")


def test_odd_text_fails_quickly():
    """A string where a token is expected must not make the lexer try every way to split the blanks before it."""
    begin = time.process_time()
    with pytest.raises(DesignError):
        parse_module("module {\n" + " " * 5000 + '"oops\n}', "odd.mlir")
    parse_module("module {\n  func.func private @f() attributes {link_with =" + " " * 5000 + '"k.o"}\n}', "odd.mlir")
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    "operation,why",
    [
        ("aie.switchbox(%t) {}", "masks over packet numbers"),
        ("aiex.npu.create_scratchpad {size = 128 : ui32}", "only a full ELF has"),
        ("aie.bd_chain @one() {}", "parametrised chains"),
    ],
)
def test_what_is_missing_is_said(operation: str, why: str) -> None:
    text = f"module {{\n  aie.device(npu1) {{\n    {operation}\n  }}\n}}\n"
    with pytest.raises(DesignError, match=rf"d\.mlir:3:\d+: operation \S+ is not supported: .*{why}"):
        parse_module(text, "d.mlir")
