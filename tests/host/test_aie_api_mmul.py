"""aie::mmul against NumPy, in every shape that the real headers list for AIE2 and AIE2P.

Sums of bfloat16 products are compared bit for bit: their order is part of the contract (`mmul.hpp`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from aie_api import AIE2P, NUMPY, VARIANTS, Probe, bf16_value, check_source, compile_probes, narrow, random_of, same

SOURCE = Path(__file__).with_name("aie_api_mmul_probe.cc")


@dataclass(frozen=True)
class Shape:
    m: int
    k: int
    n: int
    a: str
    b: str
    tag: str
    lane: str

    @property
    def symbol(self) -> str:
        return f"mmul_{self.m}_{self.k}_{self.n}_{self.a}_{self.b}_{self.tag}"


def _shapes(*rows: tuple[str, str, str, str, str]) -> list[Shape]:
    return [Shape(*map(int, s.split("x")), a, b, tag, lane) for a, b, tag, lane, shapes in rows for s in shapes.split()]


SHAPES = {
    "aie2": _shapes(
        ("int8", "int8", "accauto", "int32", "4x8x4 4x16x4 8x8x4 2x8x8 4x8x8 8x8x8 1x16x8 2x16x8 4x16x8"),
        ("uint8", "int8", "accauto", "int32", "4x8x8"),
        ("int8", "uint8", "accauto", "int32", "4x8x8"),
        ("uint8", "uint8", "accauto", "int32", "4x8x8 1x16x8"),
        ("int16", "int8", "accauto", "int32", "4x4x8 8x4x4 8x4x8 4x4x4"),
        ("int16", "int8", "accauto", "int64", "4x8x4 2x8x8"),
        ("int8", "int16", "accauto", "int64", "4x4x8 4x4x4"),
        ("int16", "int16", "accauto", "int32", "4x2x8 8x2x8 8x1x8"),
        ("int16", "int16", "acc64", "int64", "4x4x4 2x4x8 4x4x8"),
        ("uint16", "int16", "acc64", "int64", "4x4x4"),
        ("int32", "int16", "accauto", "int64", "4x2x4 4x4x4 2x4x8 4x4x8 4x1x8"),
        ("int16", "int32", "accauto", "int64", "4x4x4 2x4x8"),
        ("int32", "int32", "accauto", "int64", "4x2x4 4x4x4 8x2x4 4x1x8"),
        ("bfloat16", "bfloat16", "accauto", "float", "4x8x4 8x8x4 4x8x8 8x8x8 8x1x8"),
        ("float", "float", "accauto", "float", "4x8x4 4x1x4 4x1x8"),
    ),
    "aie2p": _shapes(
        ("int8", "int8", "accauto", "int32", "2x8x8 4x8x8 4x16x8 8x8x8"),
        ("uint8", "int8", "accauto", "int32", "8x8x8"),
        ("int8", "uint8", "acc32", "int32", "4x8x8"),
        ("int16", "int8", "accauto", "int32", "4x4x8 8x4x8"),
        ("int16", "int8", "acc64", "int64", "4x8x8"),
        ("int8", "int16", "accauto", "int32", "8x2x8"),
        ("int8", "int16", "accauto", "int64", "4x4x8"),
        ("int16", "int16", "accauto", "int32", "4x2x8 8x2x8 8x1x8"),
        ("int16", "int16", "acc64", "int64", "2x4x8 4x4x8"),
        ("uint16", "int16", "accauto", "int64", "4x4x8"),
        ("int16", "int32", "accauto", "int64", "4x4x8"),
        ("int32", "int16", "accauto", "int64", "4x2x8 2x4x8 4x4x8 4x1x8"),
        ("int32", "int32", "accauto", "int64", "4x2x8 4x4x8 4x4x4 8x2x8 4x1x8"),
        ("bfloat16", "bfloat16", "accauto", "float", "4x8x4 8x8x4 4x8x8 8x8x8 8x1x8"),
        ("float", "float", "accauto", "float", "4x8x4 4x1x4 4x1x8"),
    ),
}
CORES = {"aie2": (), "aie2p": (AIE2P,)}


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Probe]]:
    made: dict[str, dict[str, Probe]] = {}
    for core, shapes in SHAPES.items():
        directory = tmp_path_factory.mktemp(core)
        lines = [f"MMUL({s.m}, {s.k}, {s.n}, {s.a}, {s.b}, {s.tag}, {s.lane})\n" for s in shapes]
        (directory / "mmul_shapes.inc").write_text("".join(lines))
        made[core] = compile_probes(SOURCE, directory, CORES[core])
    return made


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("core", list(SHAPES))
def test_mmul(libraries: dict[str, dict[str, Probe]], core: str, variant: str, first: int) -> None:
    if variant not in libraries[core]:
        pytest.skip("this CPU has no AVX2")
    probe = libraries[core][variant]
    rng = np.random.default_rng(1)
    for s in SHAPES[core]:
        steps = 7
        a = random_of(rng, s.a, steps * s.m * s.k)
        b = random_of(rng, s.b, steps * s.k * s.n)
        c = random_of(rng, s.lane, s.m * s.n)
        if s.lane == "int64":
            c >>= 16
        want = c.reshape(s.m, s.n) * (0 if first else 1)
        if s.lane == "float":
            fa, fb = (bf16_value(a), bf16_value(b)) if s.a == "bfloat16" else (a, b)
            for step in range(steps):
                x = fa[step * s.m * s.k :][: s.m * s.k].reshape(s.m, s.k)
                y = fb[step * s.k * s.n :][: s.k * s.n].reshape(s.k, s.n)
                for k in range(s.k):
                    kk = k ^ 1 if core == "aie2" and s.k > 1 else k
                    want = (want + x[:, kk, None] * y[None, kk]).astype(np.float32)
        else:
            total = sum(
                a[i * s.m * s.k :][: s.m * s.k].reshape(s.m, s.k).astype(object)
                @ b[i * s.k * s.n :][: s.k * s.n].reshape(s.k, s.n).astype(object)
                for i in range(steps)
            )
            want = narrow(want.astype(object) + total, NUMPY[s.lane], 0)
        probe(s.symbol, a, b, c, steps, first)
        if s.a == "float":  # fused on some hosts: two roundings against one
            np.testing.assert_allclose(c.reshape(s.m, s.n), want, rtol=1e-5, atol=1e-5)
        else:
            try:
                same(c, want.reshape(-1))
            except AssertionError as error:
                raise AssertionError(f"{s.symbol}: {error}") from None


@pytest.mark.parametrize(
    "core,product",
    [
        ("aie2", "8, 8, 2, int8, int8"),
        ("aie2", "4, 16, 8, bfloat16, bfloat16"),
        ("aie2", "4, 4, 8, int16, int8, acc64"),
        ("aie2p", "4, 4, 4, int16, int16, acc64"),
        ("aie2p", "1, 16, 8, int8, int8"),
        ("aie2p", "4, 4, 8, int8, int16, acc64"),
        ("aie2p", "4, 4, 8, int32, int16, acc32"),
    ],
)
def test_a_shape_that_the_core_lacks_is_refused(tmp_path: Path, core: str, product: str) -> None:
    done = check_source(tmp_path, f"aie::mmul<{product}> m;", *CORES[core])
    assert done.returncode != 0
    assert "no dense product of this shape" in done.stderr
