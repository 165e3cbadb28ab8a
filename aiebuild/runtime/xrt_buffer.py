"""Buffers in memory that host and array share, and when the processor's caches are cleaned and dropped for them.

The memory is XRT's host-only kind. What a dispatch reads is made visible before it and what it wrote after it, each as
far as the sequence's own transfers reach (the manifest's `ArgumentUse`), and not at all for memory that the program
never looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.manifest.types import ArgumentUse

ALIGNMENT = 64
"""Of sub-buffers, a line of the cache."""


class XrtBuffer:
    """Memory that the program and the array share; a part of another buffer, if `parent` is given. `xrt`: pyxrt.

    `array` may be kept and written at any time, so once it was asked for, what a dispatch reads is made visible to the
    array before each; `seal` ends that.
    """

    def __init__(
        self, xrt: Any, bo: Any, array: NDArray[np.uint8], parent: XrtBuffer | None = None, offset: int = 0
    ) -> None:
        self._xrt = xrt
        self._bo = bo
        self._array = array
        self._root = parent._root if parent is not None else self
        self._offset = offset
        self._exposed = False
        self._stale: tuple[int, int] | None = None
        self._parts: dict[tuple[int, int], XrtBuffer] = {}

    @property
    def array(self) -> NDArray[np.uint8]:
        """The bytes, writable; what the array wrote is there."""
        root = self._root
        root._exposed = True
        root.refresh()
        return self._array

    @property
    def nbytes(self) -> int:
        """Their number."""
        return self._array.nbytes

    @property
    def bo(self) -> Any:
        """XRT's buffer object."""
        return self._bo

    def part(self, offset: int, nbytes: int) -> XrtBuffer:
        """Bytes [offset, offset + nbytes) as a sub-buffer of the whole; the offset is a multiple of 64."""
        if offset % ALIGNMENT or offset < 0 or nbytes <= 0 or offset + nbytes > self.nbytes:
            raise ValueError(f"part [{offset}, {offset + nbytes}) of a buffer of {self.nbytes} bytes")
        root = self._root
        key = (self._offset + offset, nbytes)
        found = root._parts.get(key)
        if found is None:
            bo = self._xrt.bo(root._bo, nbytes, key[0])  # XRT knows no parts of parts
            found = XrtBuffer(self._xrt, bo, root._array[key[0] : key[0] + nbytes], root, key[0])
            root._parts[key] = found
        return found

    def seal(self) -> None:
        """The program has written all it will: it is made visible to the array once and for all."""
        self.to_device()
        self._root._exposed = False

    def to_device(self) -> None:
        """Makes what the program wrote visible to the array."""
        self._sync(True, 0, self.nbytes)

    def from_device(self) -> None:
        """Makes what the array wrote visible to the program."""
        self._sync(False, 0, self.nbytes)

    def before(self, use: ArgumentUse) -> None:
        """Makes visible what a dispatch reads, and drops nothing of what it writes."""
        if self._root._exposed:
            for extent in (use.read, use.written):
                if extent is not None:
                    self._sync(True, *self._within(extent))

    def after(self, use: ArgumentUse) -> None:
        """Notes what a dispatch wrote; makes it visible where the program may be looking."""
        if use.written is None:
            return
        low, high = self._within(use.written)
        root = self._root
        low, high = low + self._offset, high + self._offset
        old = root._stale
        root._stale = (low, high) if old is None else (min(low, old[0]), max(high, old[1]))
        if root._exposed:
            root.refresh()

    def refresh(self) -> None:
        """Makes visible what was written since the last time."""
        if self._stale is not None:
            stale, self._stale = self._stale, None
            self._sync(False, *stale)

    def _within(self, extent: tuple[int, int]) -> tuple[int, int]:
        return max(extent[0], 0), min(extent[1], self.nbytes)

    def _sync(self, to_device: bool, low: int, high: int) -> None:
        direction = self._xrt.xclBOSyncDirection
        way = direction.XCL_BO_SYNC_BO_TO_DEVICE if to_device else direction.XCL_BO_SYNC_BO_FROM_DEVICE
        low += self._offset
        high += self._offset
        low -= low % ALIGNMENT
        high = min(high + -high % ALIGNMENT, self._root.nbytes)
        self._root._bo.sync(way, high - low, low)
