"""Reports of the host's cores brought together by the engine: a function of every overlay library."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiebuild.runtime.device import Merged, Reports


class _Reports(ctypes.Structure):
    """`Reports` of aiebuild_host/abi.hpp."""

    _fields_ = (
        ("words", ctypes.c_void_p),
        ("keys", ctypes.c_void_p),
        ("tops", ctypes.c_void_p),
        ("rows", ctypes.c_uint32),
        ("parts", ctypes.c_uint32),
        ("best", ctypes.c_uint32),
        ("lowest", ctypes.c_float),
    )


class HostMerge:
    """Reports in memory of the process, brought together by the engine; see `Merge`."""

    def __init__(self, library: ctypes.CDLL, reports: Reports, words: NDArray[np.int32]) -> None:
        keys, tops = (np.ascontiguousarray(table, np.uint32) for table in (reports.keys, reports.tops))
        rows, _, parts = keys.shape
        if max(keys.max() + 2 * reports.best, tops.max() + 2) > words.size:
            raise ValueError(f"reports end after {words.size} words")
        self._record = struct.Struct(f"={reports.best}i{reports.best}ff")
        self._numbers = (ctypes.c_uint32 * rows)()
        at = (words.ctypes.data, keys.ctypes.data, tops.ctypes.data)
        self._reports = _Reports(*at, rows, parts, reports.best, reports.lowest)
        self._keep = words, keys, tops
        self._call = library.overlay_merge_reports
        self._to = (ctypes.c_char * (2 * rows * self._record.size))()
        self._memory = memoryview(self._to)
        self._args = tuple(ctypes.addressof(each) for each in (self._reports, self._numbers, self._to))

    def __call__(self, rows: Sequence[int]) -> Merged:
        """See `Merge`."""
        count = len(rows)
        for at, row in enumerate(rows):
            self._numbers[at] = row
        reports, numbers, to = self._args
        if self._call(reports, numbers, count, to):
            raise IndexError(f"one of the rows {rows} is none of {len(self._numbers)}")
        return list(self._record.iter_unpack(self._memory[: 2 * count * self._record.size]))


def declare_merge(library: ctypes.CDLL) -> None:
    """Declares the type of the function that a `HostMerge` calls."""
    library.overlay_merge_reports.restype = ctypes.c_int
    library.overlay_merge_reports.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
