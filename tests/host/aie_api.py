"""Probes of the host's AIE API and NumPy's references for them.

A probe exports calls of the API as C functions; it is compiled once per instruction set and loaded with ctypes.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "aiebuild" / "host" / "include"
FLAGS = ["-std=c++20", "-O1", "-ffp-contract=off", "-Wall", "-Wno-psabi", "-Wno-unused-parameter"]

Array = npt.NDArray[Any]

VARIANTS: dict[str, list[str]] = {
    "generic": ["-march=x86-64", "-DAIEBUILD_GENERIC"],
    "avx2": ["-march=x86-64-v3"],
    "native": ["-march=native"],
}

NUMPY = {
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "float": np.float32,
    "bfloat16": np.uint16,
}

FLOOR, CEIL, SYM_FLOOR, SYM_CEIL, NEG_INF, POS_INF, SYM_ZERO, SYM_INF, CONV_EVEN, CONV_ODD = (
    0,
    1,
    2,
    3,
    8,
    9,
    10,
    11,
    12,
    13,
)
MODES = [FLOOR, CEIL, SYM_FLOOR, SYM_CEIL, NEG_INF, POS_INF, SYM_ZERO, SYM_INF, CONV_EVEN, CONV_ODD]

AIE2P = "-DAIEBUILD_AIE2P"


@dataclass(frozen=True)
class Probe:
    name: str
    library: ctypes.CDLL

    def __call__(self, symbol: str, *args: Array | int) -> int:
        function = getattr(self.library, symbol)
        return function(
            *(ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else ctypes.c_int(a) for a in args)
        )


def _compile(source: Path, directory: Path, name: str, extra: Sequence[str]) -> Path:
    out = directory / f"{source.stem}_{name}.so"
    include = (f"-I{INCLUDE}", f"-I{directory}")
    argv = ["g++", *FLAGS, *VARIANTS[name], *extra, "-shared", "-fPIC", *include, str(source), "-o", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, " ".join(argv) + "\n" + done.stderr[:4000]
    return out


def compile_probes(
    source: Path, directory: Path, extra: Sequence[str] = (), variants: Sequence[str] = tuple(VARIANTS)
) -> dict[str, Probe]:
    """A probe's source compiled for each instruction set that this machine can run; `extra`: flags for all. Skips the
    test, visibly, where there is no g++: other compilers' vector extensions are not what is tried."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    with ThreadPoolExecutor(2) as pool:
        paths = dict(zip(variants, pool.map(lambda v: _compile(source, directory, v, extra), variants), strict=True))
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return {
        name: Probe(name, ctypes.CDLL(str(path))) for name, path in paths.items() if name != "avx2" or "avx2" in flags
    }


def check_source(directory: Path, body: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """The compiler's word on a source that includes the API."""
    source = directory / "case.cc"
    source.write_text(f"#include <aie_api/aie.hpp>\n{body}\n")
    argv = ["g++", "-std=c++20", "-fsyntax-only", *flags, f"-I{INCLUDE}", str(source)]
    return subprocess.run(argv, capture_output=True, text=True)


def run_source(directory: Path, body: str, *flags: str) -> int | str:
    """The exit code of a program that includes the API, or what it says as it aborts."""
    source, program = directory / "program.cc", directory / "program"
    source.write_text(f"#include <aie_api/aie.hpp>\n{body}\n")
    subprocess.run(["g++", "-std=c++20", "-O1", *flags, f"-I{INCLUDE}", str(source), "-o", str(program)], check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True)
    return done.returncode if done.returncode >= 0 else done.stderr


def bf16_bits(x: Array) -> Array:
    """float32 -> bfloat16 bits, to nearest even."""
    u = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def bf16_value(bits: Array) -> Array:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def round_shift(x: Array, shift: int, mode: int) -> Array:
    """x * 2^-shift as Python integers (dtype object), rounded."""
    x = x.astype(object)
    if shift <= 0:
        return x * (1 << -shift)
    q, r = x >> shift, x % (1 << shift)
    half = 1 << (shift - 1)
    above, tie, rest, negative, odd = r > half, r == half, r != 0, x < 0, (q & 1) == 1
    up = {
        FLOOR: rest & False,
        CEIL: rest,
        SYM_FLOOR: rest & negative,
        SYM_CEIL: rest & ~negative.astype(bool),
        NEG_INF: above,
        POS_INF: above | tie,
        SYM_ZERO: above | (tie & negative),
        SYM_INF: above | (tie & ~negative.astype(bool)),
        CONV_EVEN: above | (tie & odd),
        CONV_ODD: above | (tie & ~odd.astype(bool)),
    }[mode]
    return q + up.astype(bool).astype(object)


def narrow(x: Array, dtype: Any, saturation: int) -> Array:
    info = np.iinfo(dtype)
    if saturation:
        low = -int(info.max) if saturation == 3 and info.min < 0 else int(info.min)
        x = np.minimum(np.maximum(x, low), int(info.max))
    bits = info.bits
    return (x & ((1 << bits) - 1)).astype(np.uint64).astype(f"u{bits // 8}").view(dtype)


def whole_numbers(x: Array) -> Array:
    return np.array([int(v) for v in x], dtype=object)


def random_of(rng: np.random.Generator, kind: str, size: int) -> Array:
    if kind == "bfloat16":
        return bf16_bits(rng.normal(size=size).astype(np.float32))
    if kind == "float":
        return rng.normal(size=size).astype(np.float32)
    info = np.iinfo(NUMPY[kind])
    x = rng.integers(info.min, info.max, size, dtype=NUMPY[kind], endpoint=True)
    x[rng.random(size) < 0.2] = info.min
    x[rng.random(size) < 0.1] = info.max
    return x


def same(got: Array, want: Array) -> None:
    bad = np.flatnonzero(got != want)
    assert bad.size == 0, f"{bad.size} of {got.size} differ, first at {bad[0]}: got {got[bad[0]]}, want {want[bad[0]]}"
