# ruff: noqa: E501
"""A whole-array int8 GEMM (int32 results) in two forms, for tests and measurements of the engine.

`packed`: A, B and C lie in DDR tile by tile, blocked as the kernel reads them, so every object is contiguous. `rows`:
all three are row-major and the memory tiles make the blocks. 64 x 64 x 64 core tiles; A is broadcast along rows, B down
columns, C joins at the memory tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

T = 64

KERNEL = """
#include <aie_api/aie.hpp>
#include <stdint.h>
extern "C" void zero(int32_t *c) {
    for (int i = 0; i < 4096; i += 16) aie::store_v(c + i, aie::zeros<int32, 16>());
}
extern "C" void matmul(int8_t *a, int8_t *b, int32_t *c) {
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    for (int rb = 0; rb < 16; rb += 2)
        for (int nb = 0; nb < 8; nb += 4) {
            int32_t *c0 = c + (rb * 8 + nb) * 32, *c1 = c0 + 256;
            MM x0(aie::load_v<32>(c0)), x1(aie::load_v<32>(c0 + 32)), x2(aie::load_v<32>(c0 + 64)), x3(aie::load_v<32>(c0 + 96));
            MM y0(aie::load_v<32>(c1)), y1(aie::load_v<32>(c1 + 32)), y2(aie::load_v<32>(c1 + 64)), y3(aie::load_v<32>(c1 + 96));
            for (int kb = 0; kb < 8; ++kb) {
                const auto p = aie::load_v<32>(a + (rb * 8 + kb) * 32), q = aie::load_v<32>(a + (rb * 8 + 8 + kb) * 32);
                const int8_t *w = b + (kb * 8 + nb) * 64;
                const auto w0 = aie::load_v<64>(w), w1 = aie::load_v<64>(w + 64), w2 = aie::load_v<64>(w + 128), w3 = aie::load_v<64>(w + 192);
                x0.mac(p, w0), x1.mac(p, w1), x2.mac(p, w2), x3.mac(p, w3);
                y0.mac(q, w0), y1.mac(q, w1), y2.mac(q, w2), y3.mac(q, w3);
            }
            aie::store_v(c0, x0.template to_vector<int32>()), aie::store_v(c0 + 32, x1.template to_vector<int32>());
            aie::store_v(c0 + 64, x2.template to_vector<int32>()), aie::store_v(c0 + 96, x3.template to_vector<int32>());
            aie::store_v(c1, y0.template to_vector<int32>()), aie::store_v(c1 + 32, y1.template to_vector<int32>());
            aie::store_v(c1 + 64, y2.template to_vector<int32>()), aie::store_v(c1 + 96, y3.template to_vector<int32>());
        }
}
"""

PLAIN_KERNEL = """
#include <stdint.h>
extern "C" void zero(int32_t *c) { for (int i = 0; i < 4096; ++i) c[i] = 0; }
extern "C" void matmul(int8_t *a, int8_t *b, int32_t *c) {
    for (int m = 0; m < 64; ++m)
        for (int k = 0; k < 64; ++k) {
            const int x = a[((m / 4) * 8 + k / 8) * 32 + (m % 4) * 8 + k % 8];
            for (int n = 0; n < 64; ++n)
                c[((m / 4) * 8 + n / 8) * 32 + (m % 4) * 8 + n % 8] += x * b[((k / 8) * 8 + n / 8) * 64 + (k % 8) * 8 + n % 8];
        }
}
"""


@dataclass(frozen=True)
class Gemm:
    """An M x K x N product on a grid of `columns` x `rows` cores."""

    m: int
    k: int
    n: int
    packed: bool
    columns: int = 4
    rows: int = 4

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.m * self.k * self.n

    def pack_a(self, a: NDArray[np.int8]) -> NDArray[np.int8]:
        """A (M, K) as the design reads it."""
        if not self.packed:
            return a
        return np.ascontiguousarray(
            a.reshape(self.m // T, 16, 4, self.k // T, 8, 8).transpose(0, 3, 1, 4, 2, 5)
        ).reshape(-1)

    def pack_b(self, b: NDArray[np.int8]) -> NDArray[np.int8]:
        """B (K, N) as the design reads it."""
        if not self.packed:
            return b
        return np.ascontiguousarray(
            b.reshape(self.k // T, 8, 8, self.n // T, 8, 8).transpose(3, 0, 1, 4, 2, 5)
        ).reshape(-1)

    def unpack_c(self, c: NDArray[np.int32]) -> NDArray[np.int32]:
        """C (M, N) from what the design wrote."""
        if not self.packed:
            return c.reshape(self.m, self.n)
        tiles = c.reshape(self.m // T, self.n // T, 16, 8, 4, 8)
        return tiles.transpose(0, 2, 4, 1, 3, 5).reshape(self.m, self.n)

    def design(self) -> str:
        """The MLIR text."""
        cols, rows = range(self.columns), range(self.rows)
        kt = self.k // T
        out: list[str] = ["module {", "aie.device(npu1) {"]
        out.append("func.func private @zero(memref<4096xi32>)")
        out.append("func.func private @matmul(memref<4096xi8>, memref<4096xi8>, memref<4096xi32>)")
        for c in cols:
            out += [f"%t{c}_{r} = aie.tile({c}, {r})" for r in range(self.rows + 2)]
        a, b, c32 = (
            "!aie.objectfifo<memref<4096xi8>>",
            "!aie.objectfifo<memref<4096xi8>>",
            "!aie.objectfifo<memref<4096xi32>>",
        )
        a_dims = (
            ""
            if self.packed
            else " dimensionsToStream [<size = 16, stride = 256>, <size = 8, stride = 8>, <size = 4, stride = 64>, <size = 8, stride = 1>]"
        )
        b_dims = (
            ""
            if self.packed
            else " dimensionsToStream [<size = 8, stride = 512>, <size = 8, stride = 8>, <size = 8, stride = 64>, <size = 8, stride = 1>]"
        )
        c_dims = (
            ""
            if self.packed
            else " dimensionsToStream [<size = 16, stride = 256>, <size = 4, stride = 8>, <size = 8, stride = 32>, <size = 8, stride = 1>]"
        )
        for r in rows:
            out.append(f"aie.objectfifo @A{r}_in(%t{r}_0, {{%t{r}_1}}, 2 : i32) : {a}")
            cores = ", ".join(f"%t{c}_{r + 2}" for c in cols)
            out.append(f"aie.objectfifo @A{r}(%t{r}_1{a_dims}, {{{cores}}}, 2 : i32) : {a}")
            out.append(f"aie.objectfifo.link [@A{r}_in] -> [@A{r}]([] [])")
        for c in cols:
            out.append(f"aie.objectfifo @B{c}_in(%t{c}_0, {{%t{c}_1}}, 2 : i32) : {b}")
            cores = ", ".join(f"%t{c}_{r + 2}" for r in rows)
            out.append(f"aie.objectfifo @B{c}(%t{c}_1{b_dims}, {{{cores}}}, 2 : i32) : {b}")
            out.append(f"aie.objectfifo.link [@B{c}_in] -> [@B{c}]([] [])")
            for r in rows:
                out.append(f"aie.objectfifo @C{c}_{r}(%t{c}_{r + 2}, {{%t{c}_1}}, [1, 2]) : {c32}")
            out.append(
                f"aie.objectfifo @C{c}_out(%t{c}_1{c_dims}, {{%t{c}_0}}, 2 : i32) : !aie.objectfifo<memref<{4096 * self.rows}xi32>>"
            )
            names = ", ".join(f"@C{c}_{r}" for r in rows)
            out.append(f"aie.objectfifo.link [{names}] -> [@C{c}_out]([{', '.join(str(4096 * r) for r in rows)}] [])")
        for c in cols:
            for r in rows:
                out.append(self._core(c, r, kt))
        out.append(self._sequence())
        out += ["}", "}"]
        return "\n".join(out) + "\n"

    def _core(self, c: int, r: int, kt: int) -> str:
        view = "!aie.objectfifosubview<memref<4096xi8>>"
        view_c = "!aie.objectfifosubview<memref<4096xi32>>"
        return f"""%core{c}_{r} = aie.core(%t{c}_{r + 2}) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %kt = arith.constant {kt} : index
  %max = arith.constant 9223372036854775807 : index
  scf.for %i = %c0 to %max step %c1 {{
    %cs = aie.objectfifo.acquire @C{c}_{r}(Produce, 1) : {view_c}
    %c = aie.objectfifo.subview.access %cs[0] : {view_c} -> memref<4096xi32>
    func.call @zero(%c) : (memref<4096xi32>) -> ()
    scf.for %k = %c0 to %kt step %c1 {{
      %as = aie.objectfifo.acquire @A{r}(Consume, 1) : {view}
      %a = aie.objectfifo.subview.access %as[0] : {view} -> memref<4096xi8>
      %bs = aie.objectfifo.acquire @B{c}(Consume, 1) : {view}
      %b = aie.objectfifo.subview.access %bs[0] : {view} -> memref<4096xi8>
      func.call @matmul(%a, %b, %c) : (memref<4096xi8>, memref<4096xi8>, memref<4096xi32>) -> ()
      aie.objectfifo.release @A{r}(Consume, 1)
      aie.objectfifo.release @B{c}(Consume, 1)
    }}
    aie.objectfifo.release @C{c}_{r}(Produce, 1)
  }}
  aie.end
}}"""

    def _task(
        self, name: str, fifo: str, arg: str, kind: str, offset: int, sizes: list[int], strides: list[int], token: bool
    ) -> str:
        length = sizes[1] * sizes[2] * sizes[3]
        attrs = f"issue_token = {'true' if token else 'false'}, repeat_count = {sizes[0] - 1} : i32"
        return f"""%{name} = aiex.dma_configure_task_for @{fifo} {{
  aie.dma_bd(%{arg} : {kind} offset = {offset} len = {length} sizes = {sizes} strides = {strides})
  aie.end
}} {{{attrs}}}
aiex.dma_start_task(%{name})"""

    def _sequence(self) -> str:
        m, k, n, rows, cols = self.m, self.k, self.n, self.rows, self.columns
        kt, nt, steps = k // T, n // (T * cols), m // (T * rows)
        a_kind, b_kind, c_kind = f"memref<{m * k}xi8>", f"memref<{k * n}xi8>", f"memref<{m * n}xi32>"
        out = [f"aie.runtime_sequence @gemm(%a : {a_kind}, %b : {b_kind}, %c : {c_kind}) {{"]
        for step in range(steps):
            for c in range(cols):
                tile = step * rows * (n // T) + c
                if self.packed:
                    args = (tile * 4096, [nt, rows, 1, 4096], [cols * 4096, (n // T) * 4096, 4096, 1])
                else:
                    args = (step * rows * T * n + c * T, [nt, rows * T, 1, T], [cols * T, n, 0, 1])
                out.append(self._task(f"c{step}_{c}", f"C{c}_out", "c", c_kind, *args, True))
            for r in range(rows):
                if self.packed:
                    args = ((step * rows + r) * T * k, [nt, 1, 1, T * k], [0, 0, 0, 1])
                else:
                    args = ((step * rows + r) * T * k, [nt, kt, T, T], [0, T, k, 1])
                out.append(self._task(f"a{step}_{r}", f"A{r}_in", "a", a_kind, *args, False))
            for c in range(cols):
                if self.packed:
                    args = (c * T * k, [nt, 1, 1, T * k], [cols * T * k, 0, 0, 1])
                else:
                    args = (c * T, [nt, kt, T, T], [cols * T, T * n, n, 1])
                out.append(self._task(f"b{step}_{c}", f"B{c}_in", "b", b_kind, *args, False))
            if step > 0:
                out += self._retire(step - 1)
        out += self._retire(steps - 1)
        out.append("}")
        return "\n".join(out)

    def _retire(self, step: int) -> list[str]:
        out = [f"aiex.dma_await_task(%c{step}_{c})" for c in range(self.columns)]
        out += [f"aiex.dma_free_task(%a{step}_{r})" for r in range(self.rows)]
        return out + [f"aiex.dma_free_task(%b{step}_{c})" for c in range(self.columns)]
