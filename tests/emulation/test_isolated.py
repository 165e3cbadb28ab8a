"""Runs in a child process: what crashes there is an error here; and the end of endless work."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from test_corpus import CORPUS, RUNS

import aiebuild
from aiebuild.cli import run_command

ADD_ONE = CORPUS / "add_one.mlir"
FAULTS = CORPUS / "faults"


@pytest.mark.parametrize("sanitize", [False, True])
def test_a_child_gives_the_same(sanitize: bool) -> None:
    kernels, inputs, expect, _ = RUNS["add_one"]
    sources = [CORPUS / kernel for kernel in kernels]
    for isolated in (True, False):
        result = aiebuild.emulate(ADD_ONE, sources, inputs, sanitize=sanitize, isolated=isolated)
        np.testing.assert_array_equal(result.outputs[0], expect(*inputs))
        assert result.counters.tasks == 2
        assert result.findings == ()


def crashing(tmp_path: Path) -> Path:
    kernel = tmp_path / "kernel.cc"
    kernel.write_text(
        '#include <stdint.h>\nextern "C" void add_constant(int32_t *, int32_t *b, int32_t) { b[1 << 28] = 1; }\n'
    )
    return kernel


def test_a_crash_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = crashing(tmp_path)
    with pytest.raises(aiebuild.EmulationError, match=r"add_one\.mlir: the run was ended by SIGSEGV"):
        aiebuild.emulate(ADD_ONE, [kernel])
    assert run_command(["emulate", str(ADD_ONE), "--kernel", str(kernel)]) == 1
    error = capsys.readouterr().err
    assert "ended by SIGSEGV" in error
    assert "hint: --sanitize says where" in error
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # no child is left


@pytest.mark.parametrize(
    "body,why",
    [
        ("std::exit(3);", r"a kernel ended the run, with exit code 3"),
        ("std::abort();", r"ended by SIGABRT: a kernel gave up"),
        ("*b = c / (c - 1);", r"ended by SIGFPE: .* divides by zero"),
    ],
)
def test_other_ends_are_errors_too(tmp_path: Path, body: str, why: str) -> None:
    kernel = tmp_path / "kernel.cc"
    text = '#include <stdint.h>\n#include <cstdlib>\nextern "C" void add_constant(int *, volatile int *b, int c)'
    kernel.write_text(f"{text} {{ {body} }}\n")
    with pytest.raises(aiebuild.EmulationError, match=why):
        aiebuild.emulate(ADD_ONE, [kernel])


@pytest.mark.parametrize("sanitize", [False, True])
def test_endless_work_ends_with_a_profile(sanitize: bool) -> None:
    """After one object the core counts: 1,000 passes of its loop in line 27, of 64 in line 20 before."""
    path = FAULTS / "endless.mlir"
    if sanitize:
        (finding,) = aiebuild.emulate(path, sanitize=True, max_steps=1000).findings
        assert (finding.kind, finding.detail) == ("endless", "  core(0,2) line 27: 1001 steps")
        return
    with pytest.raises(aiebuild.EmulationError, match="endless: 1000 steps without a transfer") as ended:
        aiebuild.emulate(path, max_steps=1000)
    assert ended.value.detail == "  core(0,2) line 27: 1001 steps"


def test_work_with_transfers_goes_on() -> None:
    """264 passes in all, no more than 100 from one transfer to the next."""
    _, inputs, expect, _ = RUNS["neighbours"]
    result = aiebuild.emulate(CORPUS / "neighbours.mlir", args=inputs, max_steps=100)
    np.testing.assert_array_equal(result.outputs[0], expect(*inputs))
    with pytest.raises(aiebuild.EmulationError, match="endless: 20 steps without a transfer"):
        aiebuild.emulate(CORPUS / "neighbours.mlir", args=inputs, max_steps=20)
