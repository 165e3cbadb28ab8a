"""A core of the decoder overlay on which kernels are tried: its memory and body, its A objects, rows of its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import reference
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_shape import A_OBJECT, C_OBJECT, LOG_BYTES
from aiebuild.designs.trial import Kernels, Object, memory, objects_of, soiled
from aiebuild.weights.pack import Floats, from_bf16, to_bf16


class DecoderCore:
    """One core with its memory, at a row and column of the grid."""

    def __init__(self, kernels: Kernels, row: int = 0, column: int = 0) -> None:
        self._kernels = kernels
        self.row, self.column = row, column
        buffers = decoder_parameters(kernels.grid)
        self._x, self._y = memory(buffers["inputs"]), memory(buffers["outputs"])
        self._stats, self._params = memory(buffers["stats"]), memory(buffers["params"])
        self._top = memory(buffers["top"])

    def run(self, command: bytes, a: Iterator[Object], b: Iterator[Object]) -> list[Object]:
        """The core's body in `decoder.mlir.j2`: an operation on the objects of its A and B channels; its C objects."""
        call, x, y, stats, params = self._kernels.call, self._x, self._y, self._stats, self._params
        top = self._top
        (head,) = objects_of(command, A_OBJECT)
        call("decoder_command", head, y, top, params, self.row, inputs=(head,))
        first, chunks, parts, loads, steps, side, outputs = (int(n) for n in params.view(np.int32)[1:8])

        def load(count: int) -> None:
            for index in range(count):
                row = next(a)
                call("decoder_load", row, x, y, stats, params, index, self.column, inputs=(row,))

        load(first)
        out: list[Object] = []
        for chunk in range(chunks):
            for part in range(parts):
                load(loads)
                for step in range(steps):
                    w = next(b)
                    call("decoder_step", w, x, y, stats, params, chunk, part, step, self.row, inputs=(w,))
            for index in range(side):
                row = next(a)
                call("decoder_side", row, y, top, params, chunk, index, self.row, self.column, inputs=(row,))
            for index in range(outputs):
                c = soiled(C_OBJECT)
                call("decoder_finish", c, y, stats, top, params, index)
                out.append(c)
        return out


def a_object(values: NDArray[Any]) -> Object:
    """Numbers at the beginning of an A object; what follows them is none of the kernel's business."""
    (out,) = objects_of(soiled(A_OBJECT), A_OBJECT)
    data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)[:A_OBJECT]
    out[: data.size] = data
    return out


def from_log(heads: NDArray[np.uint8]) -> Floats:
    """Keys and values [..., 128] of the log's int8 [..., at least LOG_BYTES]."""
    scales = from_bf16(np.ascontiguousarray(heads[..., 128:LOG_BYTES]).view(np.uint16))
    return np.ascontiguousarray(heads[..., :128]).view(np.int8) * np.repeat(scales, 64, axis=-1)


def to_log(k: Floats, v: Floats) -> NDArray[np.uint8]:
    """Keys and values [..., 64] as the log has them, [..., LOG_BYTES]."""
    out = np.zeros((*k.shape[:-1], LOG_BYTES), np.uint8)
    for i, array in enumerate((k, v)):
        q, scale = reference.int8_rows(array.reshape(-1, 64))
        out[..., 64 * i : 64 * i + 64] = q.reshape(array.shape).view(np.uint8)
        out[..., 128 + 2 * i : 130 + 2 * i] = to_bf16(scale).reshape(*array.shape[:-1], 1).view(np.uint8)
    return out
