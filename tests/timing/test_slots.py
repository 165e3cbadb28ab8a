"""Phases of the counting build: what overlaps with products, and what does not."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BODY = """
#define AIEBUILD_SLOTS 1
#include "sums.h"
using Wide = array::SumsOf<array::Bf16Product, float, 4, 4>;
using Half = array::SumsOf<array::Bf16Product, float, 2, 4>;
alignas(64) static bfloat16 a[8192], b[8192];
alignas(64) static float sums[16384];

template <typename Set> void products(Set &set) {
    for (int k = 0; k < 8; ++k)
        set.add([k](int i) { return aie::load_v<32>(a + (i * 8 + k) * 32); },
                [k](int j) { return aie::load_v<32>(b + (j * 8 + k) * 32); });
}
template <typename F> void counted(uint64_t *out, F f) {
    auto &counts = aie::detail::slot_counts;
    counts = {};
    f();
    counts.close();
    out[0] = counts.floating_cycles, out[1] = counts.memory_cycles;
    out[2] = counts.other_cycles, out[3] = counts.phases;
}
static float *place(int turn) { return sums + turn * 64; }

extern "C" void apart(uint64_t *out) {
    counted(out, [] {
        for (int turn = 0; turn < 4; ++turn) {
            Wide set;
            set.load(place(turn));
            products(set);
            set.store(place(turn));
        }
    });
}
extern "C" void by_turns(uint64_t *out) {
    counted(out, [] {
        array::by_turns<Half>(8, false, place, [](int) { return [](Half &set, int) { products(set); }; });
    });
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("slots")
    source, out = folder / "slots.cc", folder / "slots.so"
    source.write_text(BODY)
    include = [f"-I{ROOT / 'aiebuild' / 'host' / 'include'}", f"-I{ROOT / 'kernels_src'}"]
    subprocess.run(
        ["g++", "-std=c++20", "-O1", "-march=native", *include, "-shared", "-fPIC", str(source), "-o", str(out)],
        check=True,
    )
    return ctypes.CDLL(str(out))


def counts(library: ctypes.CDLL, name: str) -> dict[str, int]:
    out = (ctypes.c_uint64 * 4)()
    getattr(library, name)(out)
    return dict(zip(("products", "memory", "other", "phases"), out, strict=True))


def test_sums_are_loaded_and_stored_one_after_the_other(library: ctypes.CDLL) -> None:
    # four groups of 16 blocks: 8 steps of 16 products; two slots to load a block and two to store it
    assert counts(library, "apart") == {"products": 4 * 128, "memory": 4 * (32 + 32), "other": 0, "phases": 4}


def test_other_sums_move_while_products_go_on(library: ctypes.CDLL) -> None:
    # outside: the first two sets' loads, and the last set's stores
    found = counts(library, "by_turns")
    assert found["products"] == 8 * 64
    assert found["memory"] <= 2 * 16 + 16 + 16
    assert found["phases"] == 8
