"""Scalar floats of a core (`kernels_src/soft_float.h`) against NumPy."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from aie_api import FLAGS, INCLUDE, ROOT, Array

BODY = """
#include "soft_float.h"
#define EACH(NAME, TYPE) extern "C" void NAME(const float *a, const float *b, TYPE *out, int n) { \\
    for (int i = 0; i < n; ++i) out[i] = soft::NAME(a[i], b[i]); }
EACH(add, float) EACH(subtract, float) EACH(multiply, float) EACH(divide, float) EACH(compare, int)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("soft")
    source, out = folder / "soft.cc", folder / "soft.so"
    source.write_text(BODY)
    flags = (*FLAGS, "-march=native", f"-I{INCLUDE}", f"-I{ROOT / 'kernels_src'}", "-shared", "-fPIC")
    subprocess.run(["g++", *flags, str(source), "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


def called(library: ctypes.CDLL, name: str, a: Array, b: Array) -> Array:
    out = np.zeros(a.size, np.int32 if name == "compare" else np.float32)
    getattr(library, name)(*(ctypes.c_void_p(x.ctypes.data) for x in (a, b, out)), ctypes.c_int(a.size))
    return out


def numbers(rng: np.random.Generator, n: int) -> Array:
    """Of all signs and of exponents whose products and quotients are normal numbers."""
    return (rng.choice([-1.0, 1.0], n) * rng.uniform(1, 2, n) * 2.0 ** rng.integers(-60, 60, n)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "function"),
    [("add", np.add), ("subtract", np.subtract), ("multiply", np.multiply), ("divide", np.divide)],
)
def test_arithmetic(library: ctypes.CDLL, name: str, function: np.ufunc) -> None:
    rng = np.random.default_rng(1)
    a, b = numbers(rng, 4096), numbers(rng, 4096)
    expected = function(a, b)
    # sums and products are the vector unit's; the quotient's last step and its product round once each
    np.testing.assert_array_max_ulp(called(library, name, a, b), expected, 3 if name == "divide" else 0)


def test_quotients_of_small_whole_numbers(library: ctypes.CDLL) -> None:
    b = np.arange(1, 2049, dtype=np.float32)
    np.testing.assert_array_max_ulp(called(library, "divide", np.ones_like(b), b), 1 / b, 3)


def test_comparison(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(2)
    a = np.concatenate([numbers(rng, 1000), np.array([0, -0.0, 0, -1, -0.0, 1e-20, -1e-20], np.float32)])
    b = np.concatenate([rng.permutation(a[:1000]), np.array([-0.0, 0, 1, 0, -1e-20, 0, 0], np.float32)])
    b[:100] = a[:100]
    np.testing.assert_array_equal(np.sign(called(library, "compare", a, b)), np.sign(a.astype(np.float64) - b))
