"""Lookup tables and sliding multiplication of the AIE API, against NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from aie_api import (
    AIE2P,
    NUMPY,
    Array,
    Probe,
    bf16_bits,
    bf16_value,
    check_source,
    compile_probes,
    narrow,
    random_of,
    same,
)

SOURCE = Path(__file__).with_name("aie_api_tables_probe.cc")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Probe]:
    return compile_probes(SOURCE, tmp_path_factory.mktemp("tables"), (), ("generic", "native"))


@pytest.fixture(params=["generic", "native"])
def probe(request: pytest.FixtureRequest, libraries: dict[str, Probe]) -> Probe:
    return libraries[request.param]


def in_rows(values: Array) -> Array:
    """Values as a table in memory: rows of 16 bytes, each twice."""
    rows = values.view(np.uint8).reshape(-1, 16)
    return np.ascontiguousarray(np.stack([rows, rows], axis=1)).reshape(-1)


LOOKUPS = [
    ("int8", "int16", 32, 64, 2, 32),
    ("int8", "int16", 32, 16, 0, 8),
    ("uint8", "uint16", 16, 256, 0, 0),
    ("uint8", "uint16", 16, 32, 1, 0),
    ("uint16", "int8", 32, 64, 3, 0),
    ("int16", "int32", 16, 128, 5, 64),
    ("int16", "float", 16, 32, 9, 16),
]


@pytest.mark.parametrize("key,value,lanes,elems,step,bias", LOOKUPS)
def test_lookups(probe: Probe, key: str, value: str, lanes: int, elems: int, step: int, bias: int) -> None:
    rng = np.random.default_rng(elems)
    values, keys = random_of(rng, value, elems), random_of(rng, key, lanes)
    keys[:4] = np.array([0, 1, (elems - 1 - bias) << step, -(bias << step)], np.int64).astype(keys.dtype)
    table = in_rows(values.astype(np.int16) if value == "int8" else values)
    entry = (keys.astype(np.int64) >> step) + bias
    for policy, at in (("saturate", np.clip(entry, 0, elems - 1)), ("truncate", entry % elems)):
        out = np.zeros(lanes, NUMPY[value])
        probe(f"{policy}_{key}_{value}", keys, out, table, elems, step, bias)
        same(out, values[at])


@pytest.mark.parametrize("key,offset,lanes,elems,step,bias,shift", [
    ("int8", "int8", 32, 16, 4, 8, 3), ("int8", "int8", 32, 64, 2, 32, 0), ("int16", "int16", 16, 32, 11, 16, 9),
    ("int16", "int32", 16, 64, 10, 32, 4), ("int16", "int16", 16, 8, 11, 4, 2),
])  # fmt: skip
def test_approximations_of_integers(
    probe: Probe, key: str, offset: str, lanes: int, elems: int, step: int, bias: int, shift: int
) -> None:
    rng = np.random.default_rng(step)
    slopes, offsets, x = random_of(rng, offset, elems), random_of(rng, offset, elems), random_of(rng, key, lanes)
    table = in_rows(np.ascontiguousarray(np.stack([slopes, offsets], axis=1)))
    lane = np.int32 if key == "int8" else np.int64
    wide = x.astype(np.int64)
    for saturation, low in (
        (0, elems - 1),
        (1, 0),
    ):  # below the first entry: the last, or the first
        at = (wide >> step) + bias
        at = np.where(at < 0, low, np.minimum(at, elems - 1))
        rest = wide & ((1 << step) - 1)
        want = slopes[at].astype(object) * rest.astype(object) + (offsets[at].astype(object) << shift)
        out = np.zeros(lanes, lane)
        probe("saturation", saturation)
        probe(f"approx_{key}_{offset}", x, out, table, elems, step, bias, shift)
        same(out, narrow(want, lane, 0))
    probe("saturation", 0)


def test_approximations_of_floats(probe: Probe) -> None:
    rng = np.random.default_rng(3)
    slopes = bf16_value(bf16_bits(rng.normal(size=32).astype(np.float32)))
    offsets = rng.normal(size=32).astype(np.float32)
    x = bf16_value(bf16_bits(np.linspace(-11, 11, 16).astype(np.float32)))
    table = in_rows(np.ascontiguousarray(np.stack([slopes, offsets], axis=1)))
    for step, bias in ((0, 16), (-2, 16), (1, 16)):
        at = np.clip(np.floor(x.astype(np.float64) * 2.0**-step).astype(int) + bias, 0, 31)
        out = np.zeros(16, np.float32)
        probe("approx_bfloat16_float", bf16_bits(x), out, table, 32, step, bias, 0)
        same(out, slopes[at] * x + offsets[at])


SLIDES = [
    ("slide_8", 32, 8, 1, 1, "int8", 32, "uint8", 64, "int32"),
    ("slide_8_long", 64, 19, 1, 1, "int8", 64, "int8", 128, "int32"),
    ("slide_8_steps", 16, 5, 2, 2, "int8", 32, "int8", 64, "int32"),
    ("slide_16", 16, 4, 1, 1, "int16", 16, "int16", 32, "int32"),
    ("slide_16_wide", 16, 8, 1, 2, "int16", 16, "int16", 32, "int64"),
    ("slide_16_32", 16, 4, 1, 1, "int16", 16, "int32", 32, "int64"),
    ("slide_32_16", 16, 4, 1, 1, "int32", 16, "int16", 32, "int64"),
    ("slide_bf16", 16, 3, 1, 1, "bfloat16", 16, "bfloat16", 32, "float"),
]


@pytest.mark.parametrize("name,lanes,points,cs,ds,ct,nc,dt,nd,lane", SLIDES)
def test_sliding_products(
    probe: Probe, name: str, lanes: int, points: int, cs: int, ds: int, ct: str, nc: int, dt: str, nd: int, lane: str
) -> None:
    rng = np.random.default_rng(lanes + points)
    coeff, data, start = random_of(rng, ct, nc), random_of(rng, dt, nd), random_of(rng, lane, lanes)
    real = lane == "float"
    x, y = (bf16_value(coeff), bf16_value(data)) if real else (coeff.astype(object), data.astype(object))
    at = np.arange(lanes)[:, None] * ds + np.arange(points)[None] * ds
    for how, c0, d0, sign, first in ((0, 3, 5, 1, 0), (1, 1, -2, 1, 1), (2, 0, 0, -1, 0), (3, 2, 7, 1, 1)):
        products = x[(c0 + np.arange(points) * cs) % nc] * y[(d0 + at) % nd]
        want = start * first if real else start.astype(object) * first
        for p in range(points):
            want = want + products[:, p]
        out = start.copy()
        probe(name, coeff, data, out, how)
        same(out, (sign * want).astype(np.float32) if real else narrow(sign * want, NUMPY[lane], 0))


def test_sliding_products_of_channels(probe: Probe) -> None:
    rng = np.random.default_rng(1)
    coeff, data = random_of(rng, "int8", 64), random_of(rng, "int8", 64)

    def by_channel(outputs: int, channels: int, points: int, c0: int, d0: int) -> Array:
        sums = np.zeros((outputs, channels), np.int64)
        for o in range(outputs):
            for p in range(points):
                for c in range(channels):
                    x = int(coeff[((c0 + p) * channels + c) % 64])
                    sums[o, c] += x * int(data[((d0 + o + p) * channels + c) % 64])
        return sums.reshape(-1)

    out = np.zeros(32, np.int32)
    probe("slide_channels", coeff, data, out)
    same(out, by_channel(4, 8, 4, 1, 2).astype(np.int32))
    probe("slide_four_channels", coeff, data, out)
    same(out, (by_channel(8, 4, 7, 0, 3) + by_channel(8, 4, 8, 2, 0)).astype(np.int32))


@pytest.mark.parametrize(
    "flags,body,message",
    [
        ((), "aie::lut<2, int16> l(4, nullptr, nullptr);", "4 parallel accesses only"),
        ((), "aie::parallel_lookup<int8, aie::lut<4, float, bfloat16>> p({4, nullptr, nullptr});", "of one type"),
        ((), "aie::linear_approx<int8, aie::lut<4, int16>> p({4, nullptr, nullptr}, 2);", "int8 by int8"),
        ((), "using S = aie::sliding_mul_ops<16, 4, 3, 1, 1, int16, int16>; S::accum_type a;", "these types, points"),
        ((), "using S = aie::sliding_mul_ops<16, 4, 1, 1, 2, int8, int8>; S::accum_type a;", "these types, points"),
        ((), "using S = aie::sliding_mul_ops<16, 3, 1, 1, 1, int16, int32>; S::accum_type a;", "these types, points"),
        ((), "aie::sliding_mul_sym_ops<8, 8, 1, 1, 1, int16, int16> s;", "first generation"),
        ((AIE2P,), "using S = aie::sliding_mul_ch_ops<8, 4, 8, 1, 1, 1, int8, int8>; S::accum_type a;", "channels"),
    ],
)
def test_refused(tmp_path: Path, flags: tuple[str, ...], body: str, message: str) -> None:
    done = check_source(tmp_path, body, *flags)
    assert done.returncode != 0
    assert message in done.stderr
