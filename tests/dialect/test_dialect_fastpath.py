"""Long runtime sequences: read by the fast path, as the parser reads them."""

from __future__ import annotations

import time

import pytest
from small_modules import module, sequence

from aiebuild.dialect import location, parse_module, print_module


def long_sequence(tasks: int) -> str:
    body: list[str] = []
    for n in range(tasks):
        body += [
            f"%t{n} = aiex.dma_configure_task_for @f {{",
            f"  aie.dma_bd(%a : memref<64xi32> offset = {n % 8} len = 32 sizes = [1, 1, 4, 8] strides = [0, 0, 8, 1])",
            "  aie.end",
            "} {issue_token = true}",
            f"aiex.dma_start_task(%t{n})",
            f"aiex.dma_await_task(%t{n})",
        ]
    return module(*sequence(*body))


def test_the_fast_path_reads_what_the_parser_reads(monkeypatch: pytest.MonkeyPatch):
    extra = [
        "// a comment",
        "aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1]) {id = 1 : i64, metadata = @f} : memref<64xi32>",
        "aiex.npu.dma_wait {symbol = @f}",
        "aiex.dma_free_task(%t1)",
        "%c = arith.constant 3 : i32",
        "aiex.dma_start_task(%t0) {note = 1 : i32}",
        "%u = aiex.dma_configure_task_for @f {\n aie.dma_bd(%a : memref<64xi32> offset = %n len = 8)\n aie.end\n}",
        "aiex.dma_start_task(%u)",
        "aiex.dma_start_task(%t2) loc(unknown)",
    ]
    text = long_sequence(5).replace("    }\n  }\n}\n", "\n".join(extra) + "\n    }\n  }\n}\n")
    fast = parse_module(text, "a.mlir")
    monkeypatch.setattr("aiebuild.dialect.fastpath.FastPath.run", lambda self, block, position: position)
    slow = parse_module(text, "a.mlir")
    assert fast.is_structurally_equivalent(slow)
    assert print_module(fast) == print_module(slow)
    assert [location(op) for op in fast.walk()] == [location(op) for op in slow.walk()]


def test_long_sequences_parse_quickly():
    text = long_sequence(1000)
    begin = time.process_time()
    parsed = parse_module(text, "long.mlir")
    spent = time.process_time() - begin
    count = sum(1 for _ in parsed.walk())
    assert count > 5000
    assert spent < 1.0, f"{count / spent:,.0f} operations a second"
