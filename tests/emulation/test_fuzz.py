"""Random designs run, in either mode and alike; damaged ones are errors of one line, or run, but never crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import aiebuild
from aiebuild.emulation.arguments import parameters
from aiebuild.emulation.design import read_design
from aiebuild.emulation.library import lower
from aiebuild.errors import AiebuildError
from aiebuild.host.checked import Checks
from aiebuild.host.program import encode
from aiebuild.host.replay import composed
from aiebuild.host.sequence import read_sequence

CORPUS = Path(__file__).parent.parent / "designs"
TEXTS = {path.stem: path.read_text() for path in sorted(CORPUS.glob("*.mlir"))}
FUNCTIONS = {"addi": np.add, "subi": np.subtract, "muli": np.multiply, "xori": np.bitwise_xor}


# -- designs that are right --------------------------------------------------------------------------------


def chain(stages: list[tuple[str, int]], size: int, objects: int, depth: int, through: bool) -> str:
    """Cores one above the other, each of which does one operation with a constant on all elements of an object.

    `stages`: operation and constant. `through`: whether the data enters by the memory tile.
    """
    kind, total = f"memref<{size}xi32>", f"memref<{size * objects}xi32>"
    tiles = ["%shim = aie.tile(0, 0)", "%mem = aie.tile(0, 1)"]
    tiles += [f"%core{k} = aie.tile(0, {k + 2})" for k in range(len(stages))]
    names = ["in", *(f"link{k}" for k in range(1, len(stages))), "out"]
    ends = ["mem" if through else "shim", *(f"core{k}" for k in range(len(stages))), "shim"]
    fifo = "aie.objectfifo @{}(%{}, {{%{}}}, {} : i32) : !aie.objectfifo<{}>"
    fifos = [fifo.format(name, ends[k], ends[k + 1], depth, kind) for k, name in enumerate(names)]
    entry = "in"
    if through:
        entry = "entry"
        fifos += [fifo.format("entry", "shim", "mem", depth, kind), "aie.objectfifo.link [@entry] -> [@in] ([] [])"]
    view = f"!aie.objectfifosubview<{kind}>"
    cores: list[str] = []
    for k, (operation, constant) in enumerate(stages):
        cores.append(f"""%body{k} = aie.core(%core{k}) {{
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %size = arith.constant {size} : index
      %passes = arith.constant {objects} : index
      %n = arith.constant {constant} : i32
      scf.for %pass = %c0 to %passes step %c1 {{
        %v = aie.objectfifo.acquire @{names[k]}(Consume, 1) : {view}
        %x = aie.objectfifo.subview.access %v[0] : {view} -> {kind}
        %w = aie.objectfifo.acquire @{names[k + 1]}(Produce, 1) : {view}
        %y = aie.objectfifo.subview.access %w[0] : {view} -> {kind}
        scf.for %i = %c0 to %size step %c1 {{
          %a = memref.load %x[%i] : {kind}
          %b = arith.{operation} %a, %n : i32
          memref.store %b, %y[%i] : {kind}
        }}
        aie.objectfifo.release @{names[k]}(Consume, 1)
        aie.objectfifo.release @{names[k + 1]}(Produce, 1)
      }}
      aie.end
    }}""")
    move = "aiex.npu.dma_memcpy_nd(%{}[0, 0, 0, 0][1, 1, 1, {}][0, 0, 0, 1]) {{id = {} : i64, metadata = @{}}} : {}"
    sequence = [
        f"aie.runtime_sequence(%a: {total}, %b: {total}) {{",
        move.format("b", size * objects, 0, "out", total),
        move.format("a", size * objects, 1, entry, total),
        "aiex.npu.dma_wait {symbol = @out}",
        "}",
    ]
    body = "\n    ".join([*tiles, *fifos, *cores, *sequence])
    return f"module {{\n  aie.device(npu1_1col) {{\n    {body}\n  }}\n}}\n"


STAGES = st.lists(st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.integers(-1000, 1000)), min_size=1, max_size=4)


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(STAGES, st.sampled_from([4, 16, 60]), st.integers(1, 5), st.integers(1, 3), st.booleans())
def test_random_designs_run(stages: list[tuple[str, int]], size: int, objects: int, depth: int, through: bool) -> None:
    text = chain(stages, size, objects, depth, through)
    x = np.random.default_rng(size).integers(-(2**31), 2**31, size * objects, np.int32)
    expected = x
    for operation, constant in stages:
        function: Callable[..., np.ndarray] = FUNCTIONS[operation]
        expected = function(expected, np.int32(constant))
    fast = aiebuild.emulate(text, args=[x])
    checked = aiebuild.emulate(text, args=[x], sanitize=True, max_steps=10**6)
    np.testing.assert_array_equal(fast.outputs[0], expected)
    np.testing.assert_array_equal(checked.outputs[0], expected)
    assert [str(finding) for finding in checked.findings] == []


# -- damage ------------------------------------------------------------------------------------------------

PLACES = st.floats(0, 1, exclude_max=True)
DAMAGE = st.lists(
    st.one_of(
        st.tuples(st.just("byte"), PLACES, st.integers(0, 255)),
        st.tuples(st.just("cut"), PLACES, st.integers(1, 12)),
        st.tuples(st.just("twice"), PLACES, st.integers(1, 40)),
        st.tuples(st.just("digit"), PLACES, st.integers(0, 9)),
    ),
    min_size=1,
    max_size=3,
)


def damaged(text: str, damage: list[tuple[str, float, int]]) -> str:
    data = bytearray(text.encode())
    for how, place, number in damage:
        at = int(place * len(data))
        if how == "byte":
            data[at] = number
        elif how == "cut":
            del data[at : at + number]
        elif how == "twice":
            data[at:at] = data[at : at + number]
        else:
            digits = [k for k, byte in enumerate(data) if chr(byte).isdigit()]
            data[digits[int(place * len(digits))]] = ord(str(number))
    return data.decode(errors="replace") + "\n"


def prepared(text: str) -> bool:
    """Whether a design comes as far as a compiler. Raises nothing but errors of one line."""
    try:
        design = read_design(text)
        design.check()
        lower(design, Checks.ALL)
        for sequence in design.sequences:
            taken = parameters(sequence)
            if all(not parameter.number for parameter in taken):
                encode(composed(read_sequence(design.module, sequence.symbol)))
        return bool(design.sequences)
    except AiebuildError as error:
        assert "\n" not in error.message
        return False


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), DAMAGE)
@example("registers", [("digit", 0.55078125, 0)])  # a register of a tile below the array
def test_damaged_designs_are_read_or_refused(name: str, damage: list[tuple[str, float, int]]) -> None:
    prepared(damaged(TEXTS[name], damage))


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.sampled_from(["locks", "neighbours", "distribute_join", "branches"]), PLACES, st.integers(0, 9))
def test_damaged_numbers_run_or_fail(name: str, place: float, digit: int) -> None:
    """A digit that is another one mostly leaves a design that runs, to its end or into a diagnosis, in either mode."""
    text = damaged(TEXTS[name], [("digit", place, digit)])
    if not prepared(text):
        return
    for sanitize in (False, True):
        try:
            result = aiebuild.emulate(text, sanitize=sanitize, max_steps=10**5)
        except AiebuildError as error:
            assert "\n" not in error.message
        else:
            assert all("\n" not in str(finding) for finding in result.findings)
