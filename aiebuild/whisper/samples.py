"""Samples and log-mel, written once and read in pieces: what there is of a long file does not stay in memory."""

from __future__ import annotations

import weakref
from tempfile import SpooledTemporaryFile, gettempdir

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import BuildError

IN_MEMORY = 16 << 20
"""Bytes that stay in memory; more goes to a temporary file without a name. Samples of 8 minutes, log-mel of 17."""


class Spool:
    """int16 rows of `columns` numbers."""

    def __init__(self, columns: int = 1) -> None:
        self.columns = columns
        self.rows = 0
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - as long as the rows
        weakref.finalize(self, self._file.close)

    def append(self, rows: NDArray[np.int16]) -> None:
        """Write rows behind the last one. Raises BuildError where there is no room for them."""
        try:
            self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(rows).tobytes())
        except OSError as error:
            raise BuildError(
                f"{gettempdir()}: no room for what a long file leaves behind: {error.strerror}",
                hint="set TMPDIR to a folder with some 200 MB for each hour of audio",
            ) from None
        self.rows += rows.size // self.columns

    def read(self, first: int, last: int) -> NDArray[np.int16]:
        """The rows [first, last) that there are, [n, columns]."""
        self._file.seek(2 * self.columns * first)
        data = self._file.read(2 * self.columns * max(0, min(last, self.rows) - first))
        return np.frombuffer(data, np.int16).reshape(-1, self.columns)


class Recording:
    """16 kHz mono samples, int16, read in pieces."""

    def __init__(self) -> None:
        self._spool = Spool()

    @property
    def size(self) -> int:
        """How many."""
        return self._spool.rows

    def append(self, samples: NDArray[np.int16]) -> None:
        """Add samples [n]. Raises BuildError where there is no room for them."""
        self._spool.append(samples)

    def read(self, first: int, last: int) -> NDArray[np.int16]:
        """The samples [first, last) that there are."""
        return self._spool.read(first, last).reshape(-1)


Samples = NDArray[np.int16] | Recording
"""A file's 16 kHz mono samples, int16 [n]."""


def read_samples(samples: Samples, first: int, last: int) -> NDArray[np.int16]:
    """The samples [first, last) that there are."""
    return samples.read(first, last) if isinstance(samples, Recording) else samples[first:last]
