"""What kernels find without a header, as with the AIE compilers: plain vectors and their functions."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from engine import COMPILER, run

from aiebuild.host import kernel_command, link_command

SOURCE = """
extern "C" void probe(int *restrict a, int *restrict b, int *restrict out) {
  event0();
  const v16int32 x = *(v16int32 *)a, y = *(v16int32 *)b;
  v16int32 *to = (v16int32 *)out;
  *to++ = add(x, y);
  *to++ = min(x, y);
  *to++ = max(x, broadcast_to_v16int32(5));
  *to++ = shift_bytes(x, y, 8U);
  *to++ = upd_elem(undef_v16int32(), 3, extract_elem(x, 2));
  event1();
}
extern "C" void relu(bfloat16 *a, bfloat16 *out) {
  *(v32bfloat16 *)out = max(*(v32bfloat16 *)a, broadcast_zero_bfloat16());
}
"""


def test_plain_vectors(tmp_path: Path) -> None:
    source, made, library = tmp_path / "kernel.cc", tmp_path / "kernel.o", tmp_path / "kernel.so"
    source.write_text(SOURCE)
    run([*kernel_command(COMPILER, source, made), "-fvisibility=default"])
    run(link_command(COMPILER, [made], library))
    kernels = ctypes.CDLL(str(library))
    random = np.random.default_rng(1)
    a, b = random.integers(-(2**31), 2**31, (2, 16), np.int32)
    out = np.full((5, 16), -1, np.int32)
    kernels.probe(*(x.ctypes.data_as(ctypes.c_void_p) for x in (a, b, out)))
    set_one = np.zeros(16, np.int32)
    set_one[3] = a[2]
    shifted = np.concatenate([a, b])[2:18]
    np.testing.assert_array_equal(out, [a + b, np.minimum(a, b), np.maximum(a, 5), shifted, set_one])
    values = random.integers(-100, 100, 32).astype(np.float32)
    halves, result = (values.view(np.uint32) >> 16).astype(np.uint16), np.zeros(32, np.uint16)
    kernels.relu(halves.ctypes.data_as(ctypes.c_void_p), result.ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal((result.astype(np.uint32) << 16).view(np.float32), np.maximum(values, 0))
