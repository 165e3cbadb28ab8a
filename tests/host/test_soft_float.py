"""Floats of a core, scalars (`kernels_src/soft_float.h`) and vectors of 16, against NumPy."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from aie_api import FLAGS, INCLUDE, ROOT, Array

from aiebuild.designs import cross_keys

BODY = """
#include "exp2.h"
#include "inverse_root.h"
#include "key_scale.h"
#include "rows.h"
#include "soft_float.h"
#define EACH(NAME, TYPE) extern "C" void NAME(const float *a, const float *b, TYPE *out, int n) { \\
    for (int i = 0; i < n; ++i) out[i] = soft::NAME(a[i], b[i]); }
EACH(add, float) EACH(subtract, float) EACH(multiply, float) EACH(divide, float) EACH(compare, int)
using Lanes = aie::vector<float, 16>;
extern "C" void reciprocals(const float *x, float *out) { aie::store_v(out, newton_reciprocal(aie::load_v<16>(x))); }
extern "C" void roots(const float *x, float *out) {
    aie::store_v(out, inverse_root(Lanes(aie::load_v<16>(x))));
    for (int i = 0; i < 16; ++i)
        out[16 + i] = inverse_root(x[i]);
}
extern "C" void scales(const float *x, float *out) {
    for (int i = 0; i < 16; ++i) {
        int32_t bits;
        __builtin_memcpy(&bits, x + i, 4);
        const KeyScale one = key_scale((int16_t)(bits >> 16));
        out[i] = one.scale, out[16 + i] = one.head, out[32 + i] = one.rest;
    }
}
extern "C" void four_bits(const float *x, float *out) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    const StepScales all = step_scales(aie::accum<accfloat, 32>(aie::load_v<32>(x)).to_vector<bfloat16>());
    const aie::vector<bfloat16, 32> read = step_of_bytes(step_bytes(all.bits));
    const aie::vector<float, 32> scales = aie::accum<accfloat, 32>(read).to_vector<float>();
    const aie::vector<float, 32> inverses = aie::accum<accfloat, 32>(all.inverse).to_vector<float>();
    aie::store_v(out, scales.extract<16>(0)), aie::store_v(out + 16, scales.extract<16>(1));
    aie::store_v(out + 32, inverses.extract<16>(0)), aie::store_v(out + 48, inverses.extract<16>(1));
}
extern "C" void powers(const uint16_t *u, uint16_t *sums, uint16_t *lanes, int n) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    for (int i = 0; i < n; i += 32) {
        const aie::vector<uint16, 32> x = aie::load_v<32>(u + i);
        aie::store_v(sums + i, exp2_by_sums(x).cast_to<uint16>());
        aie::store_v(lanes + i, exp2_of_biased(x).cast_to<uint16>());
    }
}
extern "C" void rows(const float *x, float *out) {
    const aie::vector<float, 32> v = aie::load_v<32>(x);
    aie::store_v(out, sum_of_rows(v));
    const aie::vector<bfloat16, 32> small = aie::abs(aie::accum<accfloat, 32>(v).to_vector<bfloat16>());
    aie::store_v(out + 16, to_floats(largest_of_rows(small.cast_to<int16>())));
    aie::store_v(out + 32, to_floats(largest_of_rows(largest_of_rows(small.cast_to<int16>()))));
    aie::store_v(out + 48, to_floats((int32_t)x[0]));
}
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


def of_vectors(library: ctypes.CDLL, name: str, x: Array, values: int) -> Array:
    """[vectors, values, 16] of x as vectors of as many lanes as `name` takes."""
    lanes = 32 if name in ("rows", "four_bits") else 16
    x = x.astype(np.float32).reshape(-1, lanes)
    place, out = aligned(lanes), aligned(16 * values)
    results: list[Array] = []
    for vector in x:
        place[:] = vector
        getattr(library, name)(ctypes.c_void_p(place.ctypes.data), ctypes.c_void_p(out.ctypes.data))
        results.append(out.reshape(values, 16).copy())
    return np.stack(results)


def aligned(lanes: int) -> Array:
    """Floats at an address as vectors want it."""
    raw = np.zeros(4 * lanes + 128, np.uint8)
    start = -raw.ctypes.data % 128
    return raw[start : start + 4 * lanes].view(np.float32)


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


def test_reciprocals(library: ctypes.CDLL) -> None:
    x = np.concatenate([numbers(np.random.default_rng(3), 4096), np.arange(1, 2049, dtype=np.float32)])
    np.testing.assert_array_max_ulp(of_vectors(library, "reciprocals", x, 1).ravel(), 1 / x, 2)


def test_inverse_roots_are_those_of_scalars(library: ctypes.CDLL) -> None:
    x = np.abs(numbers(np.random.default_rng(4), 4096))
    roots = of_vectors(library, "roots", x, 2)
    np.testing.assert_array_equal(roots[:, 0], roots[:, 1])
    np.testing.assert_array_max_ulp(roots[:, 0].ravel(), (1 / np.sqrt(x.astype(np.float64))).astype(np.float32), 3)


def test_scales_of_keys(library: ctypes.CDLL) -> None:
    x = np.abs(numbers(np.random.default_rng(5), 4096))
    x[:16] = 0
    x = (x.view(np.uint32) & 0xFFFF0000).view(np.float32)  # bf16
    scale, head, rest = of_vectors(library, "scales", x, 3).swapaxes(0, 1).reshape(3, -1)
    assert (scale * 127 >= x).all()
    np.testing.assert_allclose((head + rest) * scale, 1, rtol=2**-15)


def test_scales_of_four_bits(library: ctypes.CDLL) -> None:
    x = np.concatenate([np.abs(numbers(np.random.default_rng(5), 2048)), np.geomspace(1e-3, 600, 2048)])
    x = (x.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)  # bf16
    found = of_vectors(library, "four_bits", x, 4)
    scale, inverse = found[:, :2].ravel(), found[:, 2:].ravel()
    np.testing.assert_array_equal(scale, cross_keys.step_scales(x)[1])
    held = (x > 15 * 2.0**-11) & (x < 15 * 31)
    assert (scale[held] * 15 * (1 + 2**-7) >= x[held]).all() and (scale[held] * 15 < x[held] * 1.08).all()
    np.testing.assert_allclose(2 * scale * inverse, 1, rtol=2**-7)


def test_powers_of_two_in_lanes_are_those_by_sums(library: ctypes.CDLL) -> None:
    u, sums, lanes = (aligned(2**15).view(np.uint16) for _ in range(3))
    u[:] = np.arange(2**16)
    library.powers(*(ctypes.c_void_p(x.ctypes.data) for x in (u, sums, lanes)), ctypes.c_int(2**16))
    np.testing.assert_array_equal(lanes, sums)
    whole = np.arange(0, 2**16, 256)
    np.testing.assert_array_equal(lanes[whole], whole >> 1)


def test_rows_of_blocks(library: ctypes.CDLL) -> None:
    x = np.random.default_rng(6).integers(-128, 128, (64, 32)).astype(np.float32)
    x[:, 0] = np.arange(64)
    found = of_vectors(library, "rows", x, 4)
    blocks = x.reshape(-1, 4, 8)
    np.testing.assert_array_equal(found[:, 0], np.tile(blocks.sum(axis=2), 4))
    np.testing.assert_array_equal(found[:, 1], np.tile(np.abs(blocks).max(axis=2), 4))
    np.testing.assert_array_equal(found[:, 2], np.tile(np.abs(x).max(axis=1)[:, None], 16))
    np.testing.assert_array_equal(found[:, 3], np.tile(x[:, :1], 16))
