"""What AIE2P has and AIE2 has not, against NumPy: block floating point, tanh, exp2, inverses of floats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from aie_api import (
    AIE2P,
    CEIL,
    CONV_EVEN,
    CONV_ODD,
    FLOOR,
    NEG_INF,
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
    run_source,
    same,
)

SOURCE = Path(__file__).with_name("aie_api_aie2p_probe.cc")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Probe]:
    return compile_probes(SOURCE, tmp_path_factory.mktemp("aie2p"), [AIE2P])


@pytest.fixture(scope="module")
def through_blocks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Probe]:
    flags = [AIE2P, "-DAIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16=1"]
    return compile_probes(SOURCE, tmp_path_factory.mktemp("blocks"), flags, ["native"])


@pytest.fixture(params=list(VARIANTS))
def probe(request: pytest.FixtureRequest, libraries: dict[str, Probe]) -> Probe:
    if request.param not in libraries:
        pytest.skip("this CPU has no AVX2")
    return libraries[request.param]


ROUND = {
    FLOOR: np.floor,
    CEIL: np.ceil,
    SYM_FLOOR: np.trunc,
    SYM_CEIL: lambda v: np.sign(v) * np.ceil(np.abs(v)),
    NEG_INF: lambda v: np.ceil(v - 0.5),
    POS_INF: lambda v: np.floor(v + 0.5),
    SYM_ZERO: lambda v: np.sign(v) * np.ceil(np.abs(v) - 0.5),
    SYM_INF: lambda v: np.sign(v) * np.floor(np.abs(v) + 0.5),
    CONV_EVEN: np.rint,
    CONV_ODD: lambda v: np.where(v - np.floor(v) == 0.5, np.floor(v) + (np.floor(v) % 2 == 0), np.rint(v)),
}


def to_blocks(x: Array, mode: int = FLOOR) -> Array:
    """float32 (n, 8) as bytes (n, 9): the shared exponent, then the mantissas."""
    exponent = ((x.view(np.uint32) >> 23) & 0xFF).max(axis=1).astype(np.int64)
    mantissas = ROUND[mode](np.ldexp(x.astype(np.float64), (133 - exponent)[:, None]))
    return np.concatenate([exponent[:, None], np.minimum(mantissas, 127).astype(np.int64)], axis=1).astype(np.uint8)


def from_blocks(blocks: Array) -> Array:
    return np.ldexp(blocks[:, 1:].view(np.int8).astype(np.float32), blocks[:, :1].astype(np.int32) - 133)


def values(n: int, seed: int = 1) -> Array:
    """Normal numbers of many sizes, in blocks (n, 8)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8)).astype(np.float32) * np.exp2(rng.integers(-12, 13, (n, 8))).astype(np.float32)
    x[0] = [0, 1, -1, 0.5, 1.0078125, 1.9921875, -2, 0.0078125]
    return x


def test_conversions_to_blocks_follow_the_rounding_mode(probe: Probe) -> None:
    x = values(64)
    x[3] = 0
    for mode in ROUND:
        out = np.zeros((64, 9), np.uint8)
        probe("to_blocks", x, out, x.size, mode)
        same(out.reshape(-1), to_blocks(x, mode).reshape(-1))
    back = np.zeros((64, 8), np.float32)
    probe("from_blocks", out, back, back.size)
    same(back.reshape(-1), from_blocks(out).reshape(-1))


def test_streams_move_in_vectors(probe: Probe) -> None:
    data = np.random.default_rng(2).integers(0, 256, (10, 72), np.uint8)
    out = np.zeros((3, 72), np.uint8)
    probe("seek", data, out, 3)
    np.testing.assert_array_equal(out, data[1::3])


def test_products_of_blocks(probe: Probe) -> None:
    a, b, c = to_blocks(values(8, 3)), to_blocks(values(16, 4)), values(8, 5)
    x, y = from_blocks(a).astype(np.float64), from_blocks(b).astype(np.float64)
    whole = (x @ y.T).astype(np.float32)  # exact: eight products of 14 bits with one exponent
    for how, start in ((0, c), (1, 0 * c), (2, c)):
        out = c.copy()
        probe("multiply", a, b, out, how)
        same(out.reshape(-1), (start + whole[:, :8]).reshape(-1))
    wide = np.zeros((8, 16), np.float32)
    probe("multiply_wide", a, b, wide)
    same(wide.reshape(-1), whole.reshape(-1))
    bits = bf16_bits(values(8, 6))
    mixed = np.zeros((8, 8), np.float32)
    probe("multiply_mixed", bits, b, mixed)
    left = from_blocks(to_blocks(bf16_value(bits))).astype(np.float64)
    same(mixed.reshape(-1), (left @ y[:8].T).astype(np.float32).reshape(-1))


def test_bf16_products_as_blocks(through_blocks: dict[str, Probe]) -> None:
    a, b = bf16_bits(values(8, 7)), bf16_bits(values(8, 8))
    out = np.zeros(96, np.float32)
    through_blocks["native"]("multiply_bf16", a, b, out)
    x = from_blocks(to_blocks(bf16_value(a))).astype(np.float64)
    y = from_blocks(to_blocks(np.ascontiguousarray(bf16_value(b).T))).astype(np.float64)
    whole = (x @ y.T).astype(np.float32)
    same(out[:64], whole.reshape(-1))
    same(out[64:], whole[:4].reshape(-1))


def test_elementary_functions(probe: Probe) -> None:
    x = np.concatenate([np.linspace(0.001, 6, 240), 2.0 ** np.arange(-9, 7)]).astype(np.float32)
    exponential, tangent = np.zeros(256, np.uint16), np.zeros(256, np.uint16)
    inverse, root = np.zeros(256, np.float32), np.zeros(256, np.float32)
    probe("elementary", x, exponential, tangent, inverse, root, 256)
    same(exponential, bf16_bits(np.exp2(x.astype(np.float64)).astype(np.float32)))
    same(tangent, bf16_bits(np.tanh(x.astype(np.float64)).astype(np.float32)))
    same(inverse, np.float32(1) / x)
    same(root, np.float32(1) / np.sqrt(x))
    assert probe("core") == 21


@pytest.mark.parametrize(
    "flags,body,message",
    [
        ((), "auto x = aie::exp2<bfloat16>(aie::zeros<float, 16>());", "AIE2 has no such instruction"),
        ((), "auto x = aie::tanh<bfloat16>(aie::zeros<float, 16>());", "AIE2 has no such instruction"),
        ((AIE2P,), "auto x = aie::tanh<float>(aie::zeros<float, 16>());", "AIE2P gives bfloat16"),
        ((AIE2P,), "aie::block_vector<bfp16ebs8, 32> v;", "64, 128 or 256 elements"),
        ((AIE2P,), "aie::mmul<4, 8, 8, bfp16ebs8, bfp16ebs8> m;", "no dense product of this shape"),
        ((AIE2P,), "float x = aie::sqrt(2.0f);", "calls sqrtf"),
    ],
)
def test_refused(tmp_path: Path, flags: tuple[str, ...], body: str, message: str) -> None:
    done = check_source(tmp_path, body, *flags)
    assert done.returncode != 0
    assert message in done.stderr


def test_what_is_not_documented_of_conversions_ends_the_kernel(tmp_path: Path) -> None:
    body = """int main() {
        aie::set_rounding(aie::rounding_mode::conv_even);
        aie::accum<accfloat, 64> a(aie::broadcast<float, 64>(VALUE));
        auto v = a.to_vector<bfp16ebs8>();
        return v.data[1];
    }"""
    for value, expected in (("1.5f", 96), ("1.998f", "rounded up to 128"), ("1e39", "infinite")):
        done = run_source(tmp_path, body, AIE2P, f"-DVALUE={value}")
        assert done == expected if isinstance(expected, int) else expected in str(done)
