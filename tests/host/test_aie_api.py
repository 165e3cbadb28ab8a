"""Host implementation of the AIE API against NumPy, for several instruction sets: `aie_api_probe.cc`.

Integer results are equal everywhere; bfloat16 data stay clear of denormal numbers.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aie_api import (
    CEIL,
    CONV_EVEN,
    CONV_ODD,
    FLOOR,
    INCLUDE,
    MODES,
    NEG_INF,
    NUMPY,
    POS_INF,
    SYM_CEIL,
    SYM_FLOOR,
    SYM_INF,
    SYM_ZERO,
    VARIANTS,
    Array,
    Probe,
    bf16_bits,
    bf16_value,
    check_source,
    compile_probes,
    narrow,
    random_of,
    round_shift,
    same,
    whole_numbers,
)

PROBE = Path(__file__).with_name("aie_api_probe.cc")


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Probe]:
    return compile_probes(PROBE, tmp_path_factory.mktemp("aie_api"))


@pytest.fixture(params=list(VARIANTS))
def probe(request: pytest.FixtureRequest, libraries: dict[str, Probe]) -> Probe:
    if request.param not in libraries:
        pytest.skip("this CPU has no AVX2")
    return libraries[request.param]


def test_modes(probe: Probe) -> None:
    out = np.zeros(2, np.int32)
    probe("modes_at_start", out)
    assert list(out) == [FLOOR, 0]
    assert probe("swap_modes", CONV_EVEN) == CONV_EVEN
    assert probe("native_bytes") in {"generic": (16,), "avx2": (32,), "native": (16, 32, 64)}[probe.name]


@pytest.mark.parametrize("tag,lane", [("acc32", np.int32), ("acc64", np.int64)])
def test_srs(probe: Probe, tag: str, lane: Any) -> None:
    rng = np.random.default_rng(2)
    n = 128
    x = rng.integers(np.iinfo(lane).min, np.iinfo(lane).max, n, dtype=lane, endpoint=True) >> rng.integers(
        0, 8 * x_bytes(lane) - 4, n
    ).astype(lane)
    x[:8] = [np.iinfo(lane).min, np.iinfo(lane).max, -1, 0, 1, 2, -2, 96]
    x[8:40] = np.arange(-16, 16) * 8
    for target in ("int8", "uint8", "int16", "uint16", "int32", "uint32"):
        for shift in (0, 1, 4, 7, 15) + ((31, 40) if lane is np.int64 else (31,)):
            for mode in MODES:
                for saturation in (0, 1, 3):
                    out = np.zeros(n, NUMPY[target])
                    probe(f"srs_{tag}_{target}", x, out, shift, mode, saturation, n)
                    same(out, narrow(round_shift(x, shift, mode), NUMPY[target], saturation))


def x_bytes(dtype: Any) -> int:
    return np.dtype(dtype).itemsize


def test_ups(probe: Probe) -> None:
    rng = np.random.default_rng(3)
    for tag, source, lane in [
        ("acc32", "int8", np.int32),
        ("acc32", "uint8", np.int32),
        ("acc32", "int16", np.int32),
        ("acc64", "int16", np.int64),
        ("acc64", "int32", np.int64),
    ]:
        x = random_of(rng, source, 64)
        for shift in (0, 3, 14, 30):
            out = np.zeros(64, lane)
            probe(f"ups_{tag}_{source}", x, out, shift, 64)
            same(out, narrow(x.astype(object) * (1 << shift), lane, 0))


def float_patterns() -> Array:
    rng = np.random.default_rng(4)
    u = rng.integers(0, 1 << 32, 4096, dtype=np.uint32)
    u[:2048] &= np.uint32(0xFFFF8000)  # ties
    u[:512] &= np.uint32(0x807FFFFF)  # denormals
    special = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x00000001, 0x80000001, 0x7FC00000]
    u[-len(special) :] = special
    u = u[~(((u & 0x7FFFFFFF) > 0x7F800000) & ((u & 0x3FFFFF) != 0))]  # quiet NaN with a small payload only
    return np.resize(u, 4096).view(np.float32)


def test_float_to_bf16(probe: Probe) -> None:
    x = float_patterns()
    u = x.view(np.uint32).astype(np.int64)
    q, r, negative = u >> 16, u & 0xFFFF, u >> 31 == 1
    nan = (u & 0x7FFFFFFF) > 0x7F800000
    half, above, rest = r == 0x8000, r > 0x8000, r > 0
    for mode in MODES:
        up = {
            FLOOR: rest & negative,
            CEIL: rest & ~negative,
            SYM_FLOOR: rest & False,
            SYM_CEIL: rest,
            NEG_INF: above | (half & negative),
            POS_INF: above | (half & ~negative),
            SYM_ZERO: above,
            SYM_INF: above | half,
            CONV_EVEN: above | (half & (q & 1 == 1)),
            CONV_ODD: above | (half & (q & 1 == 0)),
        }[mode]
        want = np.where(nan, q | 0x40, q + up)
        want = np.where(u & 0x7F800000 == 0, q & 0x8000, want).astype(np.uint16)  # no denormal numbers
        out = np.zeros(x.size, np.uint16)
        probe("float_to_bf16", x, out, mode, x.size)
        same(out, want)
    scalar = np.zeros(x.size, np.uint16)
    probe("scalar_bf16", x, scalar, x.size)
    even = np.zeros(x.size, np.uint16)
    probe("float_to_bf16", x, even, CONV_EVEN, x.size)
    same(scalar, even)
    back = np.zeros(x.size, np.float32)
    probe("bf16_to_float", scalar, back, x.size)
    same(back.view(np.uint32), scalar.astype(np.uint32) << 16)


BINARY = [
    ("int8", 16), ("int8", 64), ("int8", 128), ("uint8", 64), ("int16", 16), ("int16", 32), ("uint16", 32),
    ("int32", 4), ("int32", 32), ("uint32", 16),
    ("bfloat16", 8), ("bfloat16", 32), ("bfloat16", 64), ("float", 8), ("float", 32), ("float", 64),
]  # fmt: skip


@pytest.mark.parametrize("kind,n", BINARY)
def test_elementwise(probe: Probe, kind: str, n: int) -> None:
    rng = np.random.default_rng(n)
    a, b = random_of(rng, kind, n), random_of(rng, kind, n)
    a[n // 2] = b[n // 2]
    bf16, real = kind == "bfloat16", kind in ("bfloat16", "float")
    x, y = (bf16_value(a), bf16_value(b)) if bf16 else (a, b)

    def run(op: int) -> Array:
        c = np.zeros(n, NUMPY[kind])
        probe(f"binary_{kind}_{n}", op, a, b, c)
        return c

    def stored(v: Array) -> Array:
        if bf16:  # floor
            u = v.astype(np.float32).view(np.uint32)
            return ((u >> 16) + ((u >> 31) & (u & 0xFFFF != 0))).astype(np.uint16)
        return v.astype(np.float32) if real else narrow(v, NUMPY[kind], 0)

    wide = (lambda v: v) if real else (lambda v: v.astype(object))
    same(run(0), stored(wide(x) + wide(y)))
    same(run(1), stored(wide(x) - wide(y)))
    same(run(2), stored(wide(np.maximum(x, y))))
    same(run(3), stored(wide(np.minimum(x, y))))
    same(run(4), np.where(x < y, b, a))
    same(run(5), np.where(x > y, b, a))
    same(run(6), stored(wide(x) + wide(y)[3]))
    same(run(7), stored(wide(y)[3] - wide(x)))
    if kind != "float":
        same(run(8), stored(np.abs(wide(x))))
    if not kind.startswith("u"):
        same(run(9), stored(-wide(x)))
    if not real:
        same(run(10), (a & b) ^ (a | ~b))
        same(run(11), narrow(wide(a) + wide(b), NUMPY[kind], 1))
        same(run(12), narrow(wide(a) - wide(b), NUMPY[kind], 1))
    reduced = run(13)
    if not real:
        same(reduced[:3], stored(np.array([wide(a).sum(), wide(a).max(), wide(a).min()], dtype=object)))
    else:
        got = bf16_value(reduced) if bf16 else reduced
        assert got[1] == x.max() and got[2] == x.min()
        if kind == "float":
            assert got[0] == float_sum(x)
        else:
            assert abs(got[0] - x.sum()) <= 2**-7 * max(abs(x.sum()), 0.5)
    m = x <= y
    flags = m.astype(np.int64)
    flags[0] = m.sum() % 100
    same(run(14), bf16_bits(flags.astype(np.float32)) if bf16 else flags.astype(NUMPY[kind]))


def float_sum(x: Array) -> np.float32:
    """Order of reduce_add for float: 16 lanes in sequence, then halves."""
    if x.size > 16:
        parts = x.reshape(-1, 16)
        if len(parts) == 2:
            x = parts[0] + parts[1]
        else:
            half = len(parts) // 2
            low, high = parts[0], parts[half]
            for i in range(1, half):
                low, high = low + parts[i], high + parts[half + i]
            x = low + high
    while x.size > 1:
        x = x[: x.size // 2] + x[x.size // 2 :]
    return x[0]


PRODUCTS = [
    ("int8", "int8", "acc32", "int32", 32), ("int16", "int16", "acc32", "int32", 32),
    ("int16", "int16", "acc64", "int64", 16), ("int16", "int8", "acc32", "int32", 32),
    ("int32", "int16", "acc64", "int64", 16), ("int32", "int32", "acc64", "int64", 16),
    ("bfloat16", "bfloat16", "accfloat", "float", 32), ("float", "float", "accfloat", "float", 16),
]  # fmt: skip


def test_products(probe: Probe) -> None:
    rng = np.random.default_rng(6)
    for ta, tb, tag, lane, n in PRODUCTS:
        a, b, c = random_of(rng, ta, n), random_of(rng, tb, n), random_of(rng, lane, n)
        fp = lane == "float"
        x, y = (bf16_value(a), bf16_value(b)) if ta == "bfloat16" else (a, b)
        if not fp:
            x, y = x.astype(object), y.astype(object)
        c0 = c if fp else c.astype(object)
        for op, want in enumerate([x * y, c0 + x * y, c0 - x * y, x * y[1], c0 + x[1] * y]):
            out = c.copy()
            probe(f"product_{ta}_{tb}_{tag}", op, a, b, out)
            if ta == "float":
                np.testing.assert_allclose(out, want, rtol=1e-6, atol=1e-6)
            else:
                same(out, want if fp else narrow(want, NUMPY[lane], 0))


def test_shifts(probe: Probe) -> None:
    rng = np.random.default_rng(7)
    for kind, n in (("int8", 32), ("int16", 32), ("int32", 16), ("uint8", 32)):
        a = random_of(rng, kind, n)
        unsigned = a.view(f"u{a.itemsize}").astype(object)
        for by in (0, 1, 5):
            for mode, saturation in ((FLOOR, 0), (CONV_EVEN, 1), (POS_INF, 0)):
                for op, want in enumerate([
                    narrow(a.astype(object) << by, a.dtype, saturation),
                    narrow(round_shift(a, by, mode), a.dtype, saturation),
                    narrow(unsigned << by, a.dtype, 0),
                    narrow(unsigned >> by, a.dtype, 0),
                ]):  # fmt: skip
                    out = np.zeros_like(a)
                    probe(f"shift_{kind}", op, a, out, by, mode, saturation)
                    same(out, want)
    a = random_of(rng, "int16", 32)
    for saturation in (0, 1, 3):
        out = np.zeros(32, np.int8)
        probe("pack_i16", a, out, saturation)
        same(out, narrow(a.astype(object), np.int8, saturation))
    small = random_of(rng, "int8", 32)
    wide = np.zeros(32, np.int16)
    probe("unpack_i8", small, wide)
    same(wide, small.astype(np.int16))
    probe("unpack_u8", small.view(np.uint8), wide.view(np.uint16))
    same(wide.view(np.uint16), small.view(np.uint8).astype(np.uint16))


def test_four_bits(probe: Probe) -> None:
    # every byte: the first element is the low half
    every = np.random.default_rng(8).permutation(256).astype(np.uint8)
    first, second = every & 15, every >> 4
    unsigned = np.stack([first, second], axis=1).reshape(-1)
    signed = ((unsigned ^ 8).astype(np.int16) - 8).astype(np.int8)
    for n in (32, 64, 128):
        for start in range(0, 512, n):
            wide = np.zeros(n, np.int8)
            probe(f"unpack_i4_{n}", every.view(np.int8)[start // 2 : (start + n) // 2].copy(), wide)
            same(wide, signed[start : start + n])
            probe(f"unpack_u4_{n}", every[start // 2 : (start + n) // 2].copy(), wide.view(np.uint8))
            same(wide.view(np.uint8), unsigned[start : start + n])
    whole = np.arange(-128, 128, dtype=np.int8)
    for n in (32, 64, 128):
        for start in range(0, 256, n):
            part = whole[start : start + n].copy()
            for saturation, (low, high) in {0: (-128, 127), 1: (-8, 7), 3: (-7, 7)}.items():
                packed, limited = np.zeros(n // 2, np.int8), np.clip(part, low, high).view(np.uint8) & 15
                probe(f"pack_i4_{n}", part, packed, saturation)
                same(packed.view(np.uint8), limited[::2] | limited[1::2] << 4)
                limited = np.minimum(part.view(np.uint8), 15 if saturation else 255) & 15
                probe(f"pack_u4_{n}", part.view(np.uint8), packed.view(np.uint8), saturation)
                same(packed.view(np.uint8), limited[::2] | limited[1::2] << 4)
    out = np.zeros(192, np.int8)
    probe("slices_of_i4", every.view(np.int8)[:64].copy(), out)
    same(out[:128], signed[:128])
    same(out[128:], every.view(np.int8)[:64])


@pytest.mark.parametrize(
    "kind,n",
    [
        ("int8", 16),
        ("int8", 32),
        ("int8", 64),
        ("int8", 128),
        ("int16", 8),
        ("int16", 16),
        ("int16", 32),
        ("int16", 64),
        ("int32", 4),
        ("int32", 8),
        ("int32", 16),
        ("int32", 32),
    ],
)
def test_order(probe: Probe, kind: str, n: int) -> None:
    rng = np.random.default_rng(8)
    a, b = random_of(rng, kind, n), random_of(rng, kind, n)
    two = np.concatenate([a, b])

    def run(op: int, by: int, size: int = n) -> Array:
        c = np.zeros(2 * n, a.dtype)
        probe(f"reorder_{kind}_{n}", op, a, b, c, by)
        return c[:size]

    powers = [1 << i for i in range(n.bit_length())]
    for chunk in powers:
        same(run(0, chunk, 2 * n), np.stack([a.reshape(-1, chunk), b.reshape(-1, chunk)], 1).reshape(-1))
        if chunk <= n:
            pairs = two.reshape(-1, 2, chunk)
            same(run(1, chunk, 2 * n), pairs.transpose(1, 0, 2).reshape(-1))
        same(run(2, chunk), a.reshape(chunk, -1).T.reshape(-1))
        if chunk <= n // 2 and a.nbytes >= 32:
            same(run(3, chunk, n // 2), a.reshape(-1, 2, chunk)[:, 0].reshape(-1))
            same(run(4, chunk, n // 2), a.reshape(-1, 2, chunk)[:, 1].reshape(-1))
    same(run(5, 0), a[::-1])
    for by in (0, 1, 3, n // 2 + 1, n - 1, n):
        same(run(6, by), np.roll(a, -by))
        same(run(7, by), np.roll(a, by))
        same(run(8, by), np.concatenate([a[by:], b[:by]]))
        same(run(9, by), np.concatenate([b[n - by :], a[: n - by]]))
        same(run(10, by), np.concatenate([a[by:], np.repeat(a[-1:], by)]))
        same(run(11, by), np.concatenate([np.repeat(a[:1], by), a[: n - by]]))
    same(run(12, 0, 2 * n), two)
    if a.nbytes >= 32:
        half = n // 2
        same(run(13, 0), np.concatenate([a[half:], b[:half]]))
        for at in (0, 1):
            want = a.copy()
            want[at * half :][:half] = b[(1 - at) * half :][:half]
            want[1] = b[0]
            same(run(14, at), np.concatenate([b[1:2], want[:-1]]))


def test_fixed_and_float(probe: Probe) -> None:
    rng = np.random.default_rng(9)
    x = np.concatenate([rng.normal(size=160) * 100, np.arange(-32, 32) / 2, rng.normal(size=32) * 1e9]).astype(
        np.float32
    )
    bits = bf16_bits(x)
    for target in ("int8", "uint8", "int16", "int32"):
        for shift in (0, 3, 8, -2):
            out = np.zeros(x.size, NUMPY[target])
            probe(f"fixed_float_{target}", x, out, shift, x.size)
            same(out, narrow(whole_numbers(np.rint(x.astype(np.float64) * 2.0**shift)), NUMPY[target], 1))
            probe(f"fixed_bf16_{target}", bits, out, shift, x.size)
            exact = bf16_value(bits).astype(np.float64) * 2.0**shift
            if target in ("int16", "int32"):
                whole = narrow(whole_numbers(np.floor(exact)), np.int32, 1)
                same(out, narrow(whole.astype(object), NUMPY[target], 0))
            else:
                same(out, narrow(whole_numbers(np.rint(exact)), NUMPY[target], 1))
    for source in ("int8", "uint8", "int16", "int32"):
        v = random_of(rng, source, 64)
        for shift in (0, 7, -3):
            got = np.zeros(64, np.float32)
            probe(f"float_{source}", v, got, shift, 64)
            same(got, v.astype(np.float32) * np.float32(2.0**-shift))
    v = random_of(rng, "int16", 32)
    half = np.zeros(32, np.uint16)
    probe("bf16_int16", v, half, 8, CONV_EVEN)
    same(half, bf16_bits(v.astype(np.float32) / 256))


def test_inverse(probe: Probe) -> None:
    rng = np.random.default_rng(10)
    x = np.abs(rng.normal(size=16).astype(np.float32)) + np.float32(0.01)
    inverse, root = np.zeros(16, np.float32), np.zeros(16, np.float32)
    probe("inverse", x, inverse, root)
    # the header's polynomials: 2^-10 or better for both
    np.testing.assert_allclose(inverse, 1 / x, rtol=1e-3)
    np.testing.assert_allclose(root, 1 / np.sqrt(x), rtol=1e-3)
    bits = bf16_bits(np.abs(rng.normal(size=32)) + 0.01)
    c, d = np.zeros(32, np.uint16), np.zeros(32, np.uint16)
    probe("inverse_bf16", bits, c, d)
    np.testing.assert_allclose(bf16_value(c), 1 / bf16_value(bits), rtol=2**-5)
    np.testing.assert_allclose(bf16_value(d), 1 / np.sqrt(bf16_value(bits)), rtol=2**-5)


def test_iterators(probe: Probe) -> None:
    x = np.arange(-64, 64, dtype=np.int16)
    want = x + 7
    probe("scale_in_place", x, x.size)
    same(x, want)


def test_variants_agree(libraries: dict[str, Probe]) -> None:
    """reduce_add of bfloat16 and the reciprocals give the same bits on each instruction set."""
    rng = np.random.default_rng(11)
    bits = bf16_bits(np.abs(rng.normal(size=32)) + 0.01)
    seen: set[bytes] = set()
    for probe in libraries.values():
        c, d, e = np.zeros(32, np.uint16), np.zeros(32, np.uint16), np.zeros(32, np.uint16)
        probe("inverse_bf16", bits, c, d)
        probe("binary_bfloat16_32", 13, bits, bits, e)
        seen.add(c.tobytes() + d.tobytes() + e.tobytes())
    assert len(seen) == 1


@pytest.mark.parametrize(
    "body,message",
    [
        ("aie::vector<int8, 8> v;", "128, 256, 512 or 1024 bits"),
        ("auto x = aie::mul(aie::zeros<int8, 16>(), aie::zeros<int32, 16>());", "no product of these element types"),
        ("auto x = aie::mul(aie::zeros<bfloat16, 16>(), 2.0f);", "none of this vector and scalar type"),
        (
            "auto v = aie::zeros<int16, 16>();\nauto x = aie::mac(aie::accum<accfloat, 16>(), v, v);",
            "integers into floats",
        ),
        ("aie::accum<acc32, 4> a;", "256 bits at least"),
        ("auto x = aie::abs(aie::zeros<float, 16>());", "clear the sign with bit_and"),
        ("float x = aie::invsqrt(2.0f);", "calls sqrtf"),
    ],
)
def test_refused(tmp_path: Path, body: str, message: str) -> None:
    done = check_source(tmp_path, body)
    assert done.returncode != 0
    assert message in done.stderr


def test_counting_build(tmp_path: Path) -> None:
    source = tmp_path / "count.cc"
    text = PROBE.read_text()
    start = text.index("EXPORT void counts")
    source.write_text(
        '#include <aie_api/aie.hpp>\n#include <cstdio>\n#define EXPORT extern "C"\n' + text[start:]
        + '\nint main() { uint64_t c[3]; counts(c); std::printf("%lu %lu %lu", c[0], c[1], c[2]); }\n'
    )  # fmt: skip
    for define, want in (("-DAIEBUILD_COUNT", f"{2 * 4 * 8 * 8} 32 3"), ("-DNOTHING", "0 0 3")):
        out = tmp_path / "count"
        subprocess.run(
            ["g++", "-std=c++20", "-O1", "-march=native", define, f"-I{INCLUDE}", str(source), "-o", str(out)],
            check=True,
        )
        assert subprocess.run([str(out)], capture_output=True, text=True, check=True).stdout == want
