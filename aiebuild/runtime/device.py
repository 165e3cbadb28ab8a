"""What the chain of a model needs of a device: overlays, sequences, buffers. The host and the NPU provide it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CoreCount:
    """What one core did since the counters were cleared.

    `kernel_calls` and `operations` (by name: multiply-accumulates, vector lanes, ...) are counted only by overlays
    built for counting; `resumes` is how often the core was resumed from a wait.
    """

    column: int
    row: int
    resumes: int
    kernel_calls: int
    operations: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Counters:
    """What an overlay did since its counters were cleared.

    `seconds` is time inside dispatches. `aliased` objects were read or written in place, `copied` ones moved
    (`copied_bytes`). `leftover` dispatches ended with objects still in the array.
    """

    dispatches: int
    seconds: float
    tasks: int
    syncs: int
    aliased: int
    copied: int
    copied_bytes: int
    leftover: int
    cores: tuple[CoreCount, ...]


@dataclass(frozen=True)
class Reports:
    """Where cores' reports have what: indices of 32-bit words, for R rows, two lists of tokens each and P parts of the
    vocabulary.

    Of a part there are `best` keys, logits as integers of the same order, then their tokens; and elsewhere the largest
    logit of all, then the sum of the exponentials of their differences from it.
    """

    keys: NDArray[np.intp]
    """[R, 2, P]: first keys."""
    tops: NDArray[np.intp]
    """[R, 2, P]: largest logits."""
    best: int
    lowest: float
    """Logits below are of tokens that do not count."""


Merged: TypeAlias = "list[tuple[Any, ...]]"
"""Of each row one list and then the other, 2 best + 1 numbers each: the `best` tokens by falling logit, of equal ones
the lower first, -1 where there are fewer; their logits, minus infinity there; the log of the sum of all exponentials,
minus infinity where nothing counts."""


class Merge(Protocol):
    """Brings the reports on some rows together."""

    def __call__(self, rows: ListOf[int]) -> Merged:
        """Of these rows, no more than there are. Raises IndexError for one that is none."""
        ...


class Buffer(Protocol):
    """Memory that both the program and the device see."""

    @property
    def array(self) -> NDArray[np.uint8]:
        """The bytes, writable."""
        ...

    @property
    def nbytes(self) -> int:
        """Their number."""
        ...

    def part(self, offset: int, nbytes: int) -> Buffer:
        """Bytes [offset, offset + nbytes) as a buffer of their own; the offset is a multiple of 64."""
        ...

    def seal(self) -> None:
        """The program has written all it will write: weights need to be made visible to the device only once."""
        ...

    def to_device(self) -> None:
        """Makes what the program wrote visible to the device."""
        ...

    def from_device(self) -> None:
        """Makes what the device wrote visible to the program."""
        ...


class Sequence(Protocol):
    """An instruction sequence, loaded for one overlay."""

    @property
    def arguments(self) -> int:
        """The number of buffers a dispatch takes."""
        ...


class Dispatch(Protocol):
    """A sequence with its buffers, ready to run again and again."""

    def replace(self, number: int, buffer: Buffer) -> None:
        """Another buffer in place of argument `number`. Raises DeviceError when it is too small, as late as `run`."""
        ...

    def run(self) -> None:
        """Runs the sequence to its end. Raises DeviceError with the device's diagnosis."""
        ...


class Overlay(Protocol):
    """A configuration of the array."""

    @property
    def path(self) -> Path:
        """The file it was opened from."""
        ...

    def load_sequence(self, source: bytes | Path) -> Sequence:
        """Loads an instruction sequence. Raises DeviceError when it is damaged or for another overlay."""
        ...

    def prepare(
        self, sequence: Sequence, buffers: ListOf[Buffer], *, strict: bool = False, alias: bool = True
    ) -> Dispatch:
        """A dispatch to be run many times. Raises DeviceError for buffers that are too few, too many or too small."""
        ...

    def dispatch(
        self, sequence: Sequence, buffers: ListOf[Buffer], *, strict: bool = False, alias: bool = True
    ) -> None:
        """Runs a sequence to its end. Raises DeviceError with the device's diagnosis."""
        ...

    def run_all(self, dispatches: Iterable[Dispatch]) -> None:
        """Runs dispatches of this overlay one after the other. Raises DeviceError at the first that fails."""
        ...

    def merge(self, reports: Reports, words: NDArray[np.int32]) -> Merge | None:
        """What brings reports together where they lie, `words`; None where NumPy has to."""
        ...

    def counters(self) -> Counters:
        """What was done since the last `clear_counters`."""
        ...

    def clear_counters(self) -> None:
        """Starts counting anew."""
        ...

    def reset(self) -> None:
        """Puts the overlay back into its first state; needed after an error. Sequences stay loaded."""
        ...

    def close(self) -> None:
        """Gives the overlay's resources back."""
        ...


class Device(Protocol):
    """A device that runs overlays."""

    @property
    def name(self) -> str:
        """`host` or `npu`, with what it is."""
        ...

    def open(self, path: Path) -> Overlay:
        """Opens an overlay. Raises DeviceError when it cannot be loaded."""
        ...

    def buffer(self, nbytes: int) -> Buffer:
        """Memory of `nbytes` zeros, aligned for the device."""
        ...

    def close(self) -> None:
        """Closes the device and its overlays."""
        ...
