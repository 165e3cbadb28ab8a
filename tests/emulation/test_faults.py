"""Seeded faults, one a design in `tests/designs/faults`: each is found, by `check` or in the checking mode, and named
with its line, its tile and its buffer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import aiebuild
from aiebuild.check import check_module
from aiebuild.cli import run_command
from aiebuild.dialect import parse_module
from aiebuild.emulation import Finding
from aiebuild.target import load_target

FAULTS = Path(__file__).parent.parent / "designs" / "faults"


@dataclass(frozen=True)
class Limit:
    """What `check` says: the rule, and the text, which begins with the line and the tile."""

    rule: str
    text: str


LIMITS = {
    "bounds_dma": Limit("bd-bounds", ":57: tile (0,2) reaches element 11 of 8"),
    "descriptors": Limit("descriptors", ":9: tile (0,2) needs 17 buffer descriptors, has 16"),
    "double_release": Limit("balance", ":24: tile (0,2) releases 2 objects of @in and holds 1"),
    "link_offsets": Limit(
        "link-offsets", ":12: tile (0,1) link moves 64 B at offset 0 of @out, @low has objects of 128"
    ),
    "memory": Limit("core-memory", ":10: tile (0,2) needs 83,456 B of data memory, has 65,536: @in 81,920"),
    "odd_bytes": Limit("granularity", ":8: tile (0,2) has a transfer of 63 elements, 63 B, not a multiple of 4 B"),
    "over_acquire": Limit("acquire", ":16: tile (0,2) acquires 3 objects of @in, which has 2 here"),
    "queue": Limit("task-queue", ":64: tile (0,0) queues task 6 on @in with 5 not known to be over, the limit is 5"),
    "repeat": Limit("dma-repeat", ":34: tile (0,0) repeats a task 300 times, the limit is 255"),
    "step": Limit("bd-step", ":9: tile (0,2) has stride 10,000 words in dimension 1, the limit is 8,192"),
    "token": Limit("token", ":40: tile (0,0) awaits a task of @out that gives no token"),
    "truncated": Limit("granularity", ":58: tile (0,2) has a transfer of 30 elements, 30 B, not a multiple of 4 B"),
    "wrap": Limit("bd-wrap", ":9: tile (0,2) has size 300 words in dimension 1, the limit is 255"),
}
"""Found without running."""

FOUND = {
    "accumulator": (
        ":20: tile (0,2) uninitialised: call @work: @out: its result depends on bytes that were never written",
    ),
    "endless": (": endless: 10000 steps without a transfer to or from the host's memory",),
    "input_changed": (":20: tile (0,2) input written: call @work: @in: it writes 25",),
    "kept_pointer": (
        ":20: tile (0,2) use after release: call @work: @in: its result depends on an object that the core",
    ),
    "lock_deadlock": (":73: tile (0,0) deadlock: sequence `sequence` waits for a token of S2MM 0 of tile (0,0)",),
    "lock_value": (
        ":35: tile (0,2) lock value: use_lock Release of 64: @out_full: @out_full would become 64, a lock holds",
    ),
    "missing_release": (
        ":16: tile (0,2) missing release: acquire @in(Consume, 1): @in: 1 object is held since this line ran before",
        ":10: tile (0,2) missing release: end of the core: @in: an object is still held",
        ": fault: sequence `sequence` ends with objects left over: 4 of @in",
    ),
    "out_of_bounds": (
        ":21: tile (0,2) out of bounds: memref.load: @in: byte 256 of 256; on the array what lies beside it",
        ":22: tile (0,2) out of bounds: memref.store: @out: byte 256 of 256; on the array what lies beside it",
    ),
    "past_the_tile": (
        ":20: tile (0,2) out of bounds: call @work: @out: it writes bytes 256 to 287 of 256; on the array",
    ),
    "race": (
        ":37: tile (0,2) data race: memref.load: @in_1: core(0,2) reads byte 0 while S2MM 0 of tile (0,2) (line 56)",
    ),
    "stack": (":20: tile (0,2) stack: call @work: its frames take 4",),
    "swapped_acquires": (
        ":43: deadlock: sequence `sequence` waits for the task of line 41 on @out, 0 of 4 objects arrived",
    ),
    "unequal_broadcast": (":53: deadlock: sequence `sequence` waits for the task of line 50 on @out, 4 of 8 objects",),
    "unfilled": (
        ":22: tile (0,2) uninitialised: release @out(Produce, 1): @out: 64 of 256 bytes were not written since",
    ),
    "uninitialised_buffer": (
        ":23: tile (0,2) uninitialised: memref.load: @sums: byte 0 of 256 was never written; on the",
    ),
    "unwritten_dma": (
        ":64: tile (0,2) uninitialised: aie.dma_bd: @out_0: MM2S 0 of tile (0,2) sends byte 0 of 32, which",
    ),
    "use_after_release": (
        ":22: tile (0,2) use after release: use of an object of @in: @in: it was released 1 object ago",
    ),
}
"""Found when they run, in this order and nothing else."""

CHAINS = {
    "swapped_acquires": "  chain: the sequence waits for core(0,3) (@out gets no object); "
    "core(0,3) waits for core(0,2) (@there is empty); core(0,2) waits for core(0,3) (@back is empty); "
    "and so on in a cycle of 2 cores",
    "unequal_broadcast": "  chain: the sequence waits for core(0,2) (@out gets no object); "
    "core(0,2) waits for core(0,3) (@in is full); core(0,3) has ended",
    "endless": "  core(0,2) line 27: 10001 steps",
}


def test_every_design_has_its_fault() -> None:
    assert {path.stem for path in FAULTS.glob("*.mlir")} == LIMITS.keys() | FOUND.keys()
    assert len(LIMITS) + len(FOUND) >= 20


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_named_without_running(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = FAULTS / f"{name}.mlir"
    limit = LIMITS[name]
    found = check_module(parse_module(path.read_text(), str(path)), load_target("npu1"))
    assert (limit.rule, True) in [(each.rule, str(each).startswith(f"{path}{limit.text}")) for each in found]
    assert all(each.hint for each in found)
    assert run_command(["check", str(path)]) == 1
    captured = capsys.readouterr()
    assert f"{path}{limit.text}" in captured.out + captured.err
    assert run_command(["emulate", str(path), "--sanitize"]) == 1  # which checks first
    assert "error: " in capsys.readouterr().err


def sanitised(name: str, check: bool = True) -> tuple[Finding, ...]:
    path = FAULTS / f"{name}.mlir"
    kernel = path.with_suffix(".cc")
    kernels = [kernel] if kernel.exists() else []
    return aiebuild.emulate(path, kernels, sanitize=True, check=check, max_steps=10000).findings


@pytest.mark.parametrize("name", FOUND)
def test_a_fault_is_named_when_it_runs(name: str) -> None:
    found = sanitised(name)
    path = FAULTS / f"{name}.mlir"
    assert len(found) == len(FOUND[name]), [str(each) for each in found]
    for each, text in zip(found, FOUND[name], strict=True):
        assert str(each).startswith(f"{path}{text}"), str(each)
        assert re.fullmatch(re.escape(str(path)) + r"(:\d+)?", each.location)
    if name in CHAINS:
        assert CHAINS[name] in found[-1].detail.splitlines()


def test_a_double_release_when_it_runs() -> None:
    (finding,) = sanitised("double_release", check=False)
    assert (finding.kind, finding.buffer, finding.times) == ("double release", "in", 4)
    assert finding.location.endswith("double_release.mlir:24")
    assert "1 object is held; on the array the lock counts an object that is not there" in finding.message
