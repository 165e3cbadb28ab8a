"""The checking mode: what it finds in kernels, and that it changes no result where there is nothing to find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_corpus import CORPUS, RUNS

import aiebuild
from aiebuild.cli import run_command
from aiebuild.emulation import Finding

ADD_ONE = CORPUS / "add_one.mlir"


@pytest.mark.parametrize("name", RUNS)
def test_the_corpus_is_clean_and_gives_the_same(name: str) -> None:
    kernels, inputs, expect, size = RUNS[name]
    expected = expect(*inputs)
    sources = [CORPUS / kernel for kernel in kernels]
    output = np.full(size, -1, expected.dtype)
    checked = aiebuild.emulate(CORPUS / f"{name}.mlir", sources, [*inputs, output], sanitize=True)
    assert [str(finding) for finding in checked.findings] == []
    np.testing.assert_array_equal(checked.outputs[0], expected, strict=True)
    assert checked.counters.aliased == 0


def found(tmp_path: Path, body: str) -> dict[tuple[str, str], Finding]:
    """What a kernel for `add_one` with a body of `body` is found to do, by kind and buffer."""
    kernel = tmp_path / "kernel.cc"
    signature = 'extern "C" void add_constant(int32_t *a, int32_t *b, int32_t c)'
    kernel.write_text(f"#include <stdint.h>\n{signature} {{ {body} }}\n")
    result = aiebuild.emulate(ADD_ONE, [kernel], sanitize=True)
    for finding in result.findings:
        assert finding.tile == (0, 2)
        assert finding.location.rpartition(":")[0] == str(ADD_ONE)
    return {(finding.kind, finding.buffer): finding for finding in result.findings}


def test_a_kernel_that_writes_past_its_tile(tmp_path: Path) -> None:
    finding = found(tmp_path, "for (int i = 0; i < 66; ++i) b[i] = c;").pop(("out of bounds", "out"))
    assert finding.message.startswith("it writes bytes 256 to 263 of 256; on the array what lies behind it")
    assert finding.operation == "call @add_constant"
    assert finding.location.endswith(":19")
    assert finding.times == 16
    before = found(tmp_path, "b[-1] = c; for (int i = 0; i < 64; ++i) b[i] = c;").pop(("out of bounds", "out"))
    assert "bytes -4 to -1" in before.message


def test_a_kernel_that_reads_past_its_tile(tmp_path: Path) -> None:
    finding = found(tmp_path, "for (int i = 0; i < 64; ++i) b[i] = a[i + 1];").pop(("out of bounds", "in"))
    assert finding.message.startswith("it reads outside of the buffer")


def test_reading_past_a_tile_without_using_it_is_no_fault(tmp_path: Path) -> None:
    body = "volatile int32_t *v = a; v[64]; for (int i = 0; i < 64; ++i) b[i] = a[i] + c;"
    assert found(tmp_path, body) == {}


def test_an_accumulator_that_was_never_set(tmp_path: Path) -> None:
    findings = found(tmp_path, "for (int i = 0; i < 64; ++i) b[i] += a[i];")
    assert list(findings) == [("uninitialised", "out")]
    assert "256 of 256, the first is byte 0" in findings[("uninitialised", "out")].message


def test_an_object_that_is_not_filled(tmp_path: Path) -> None:
    finding = found(tmp_path, "for (int i = 0; i < 63; ++i) b[i] = a[i];").pop(("uninitialised", "out"))
    assert finding.operation == "release @out(Produce, 1)"
    assert finding.message.startswith("4 of 256 bytes were not written since it was acquired, the first is byte 252")


def test_a_kernel_that_changes_its_input(tmp_path: Path) -> None:
    findings = found(tmp_path, "for (int i = 0; i < 64; ++i) a[i] += c, b[i] = a[i];")
    assert list(findings) == [("input written", "in")]
    assert "it writes 64 of 256 bytes" in findings[("input written", "in")].message


def test_a_stack_that_is_too_small(tmp_path: Path) -> None:
    fill = "volatile int32_t t[1024]; for (int i = 0; i < 1024; ++i) t[i] = a[i % 64];"
    finding = found(tmp_path, fill + "for (int i = 0; i < 64; ++i) b[i] = t[i];").pop(("stack", "stack"))
    taken = int(finding.message.split()[3])
    assert 4096 <= taken < 4400
    assert "on this machine, an estimate of the array's; stack_size is 1024;" in finding.message


def test_a_kernel_that_keeps_a_pointer(tmp_path: Path) -> None:
    body = "static int32_t *last = a; for (int i = 0; i < 64; ++i) b[i] = last[i]; last = a;"
    finding = found(tmp_path, body).pop(("use after release", "in"))
    assert "depends on an object that the core does not hold" in finding.message


def test_a_kernel_that_crashes(tmp_path: Path) -> None:
    findings = found(tmp_path, "*(volatile int32_t *)64 = 1;")
    assert list(findings) == [("crash", "")]
    assert "reaches an address where there is no memory" in findings[("crash", "")].message


def test_statics_of_kernels_count_once(tmp_path: Path) -> None:
    body = "static int n = 0; ++n; for (int i = 0; i < 64; ++i) b[i] = a[i] * 0 + n;"
    kernel = tmp_path / "kernel.cc"
    kernel.write_text(
        f'#include <stdint.h>\nextern "C" void add_constant(int32_t *a, int32_t *b, int32_t) {{ {body} }}\n'
    )
    result = aiebuild.emulate(ADD_ONE, [kernel], sanitize=True)
    assert result.findings == ()
    np.testing.assert_array_equal(result.outputs[0], np.repeat(np.arange(1, 17), 64))


def test_the_command_prints_findings_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = tmp_path / "kernel.cc"
    kernel.write_text(
        '#include <stdint.h>\nextern "C" void add_constant(int32_t *a, int32_t *b, int32_t) { b[64] = 1; }\n'
    )
    arguments = ["emulate", str(ADD_ONE), "--sanitize", "--out", str(tmp_path / "out.npy"), "--kernel"]
    assert run_command([*arguments, str(kernel)]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].startswith(f"{ADD_ONE}:19: tile (0,2) out of bounds: call @add_constant: @out: it writes bytes 256")
    assert len(lines) == 2
    assert captured.err.endswith("2 findings\n")
    assert run_command([*arguments, str(CORPUS / "add_constant.cc")]) == 0
    assert capsys.readouterr().out == ""


def test_stacks_are_measured() -> None:
    result = aiebuild.emulate(ADD_ONE, [CORPUS / "add_constant.cc"], sanitize=True)
    (stack,) = result.stacks
    assert (stack.tile, stack.size) == ((0, 2), 1024)
    assert 0 <= stack.taken < 1024


def test_registers_of_the_array_are_no_stack(tmp_path: Path) -> None:
    """Frames of kernels against the AIE API may be vector registers there."""
    fill = "volatile int32_t t[700]; for (int i = 0; i < 700; ++i) t[i] = a[i % 64];"
    fill += "for (int i = 0; i < 64; ++i) b[i] = t[i];"
    assert ("stack", "stack") in found(tmp_path, fill)
    kernel = tmp_path / "kernel.cc"
    kernel.write_text("#include <aie_api/aie.hpp>\n" + kernel.read_text())
    result = aiebuild.emulate(ADD_ONE, [kernel], sanitize=True)
    assert result.findings == ()
    assert 2800 <= result.stacks[0].taken < 3000
