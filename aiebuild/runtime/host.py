"""The host target as a device: overlay libraries called through ctypes, with the interpreter lock released.

One pool of worker threads serves all overlays of a `HostDevice`; the thread that dispatches is one of its `threads`.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
from collections.abc import Iterable
from collections.abc import Sequence as ListOf
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import DeviceError
from aiebuild.runtime.device import Buffer, CoreCount, Counters, Dispatch, Reports, Sequence
from aiebuild.runtime.merge import HostMerge, declare_merge

ABI_VERSION = 2
"""`kAbiVersion` of aiebuild_host/abi.hpp."""

ALIGNMENT = 64
"""`kArgAlignment` of aiebuild_host/abi.hpp, in bytes."""

_HUGE = 2 * 1024 * 1024
_STRICT = 1
_NO_ALIAS = 2
_OPS = 16


class _CoreCounters(ctypes.Structure):
    _fields_ = (
        ("column", ctypes.c_uint32),
        ("row", ctypes.c_uint32),
        ("resumes", ctypes.c_uint64),
        ("kernel_calls", ctypes.c_uint64),
        ("ops", ctypes.c_uint64 * _OPS),
    )


class _EngineCounters(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in ("dispatches", "nanoseconds", "tasks", "syncs", "aliased", "copied", "copied_bytes", "leftover")
    )


MOST_THREADS = 1023
"""What a pool can name (`kActiveBits` in aiebuild_host/pool.hpp)."""


class PoolState(ctypes.Structure):
    """The beginning of `Pool` in aiebuild_host/abi.hpp: threads, those of the last dispatch, whether others want the
    processors."""

    _fields_ = tuple((name, ctypes.c_uint32) for name in ("version", "threads", "active", "strain"))
    threads: int
    active: int
    strain: int


class HostBuffer:
    """Page-aligned memory of the process; huge pages are asked for where it is large."""

    def __init__(self, array: NDArray[np.uint8], owner: object) -> None:
        self._array: NDArray[np.uint8] | None = array
        self._owner = owner
        self._offset = 0
        self.address: int = array.ctypes.data
        self._nbytes: int = array.nbytes

    @classmethod
    def allocate(cls, nbytes: int, *, shared: bool = False) -> HostBuffer:
        """Memory of `nbytes` zeros; `shared`: with children of this process."""
        if nbytes <= 0:
            raise ValueError(f"a buffer of {nbytes} bytes")
        room = nbytes + _HUGE if nbytes >= _HUGE else nbytes
        memory = mmap.mmap(-1, room, flags=(mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE) | mmap.MAP_ANONYMOUS)
        if nbytes >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
        whole = np.frombuffer(memory, np.uint8)
        start = -whole.ctypes.data % _HUGE if nbytes >= _HUGE else 0
        return cls(whole[start : start + nbytes], memory)

    @classmethod
    def wrap(cls, array: NDArray[Any]) -> HostBuffer:
        """An existing array as a buffer, without a copy: contiguous and aligned to 64 bytes."""
        if not array.flags.c_contiguous or array.ctypes.data % ALIGNMENT:
            raise ValueError(f"a device buffer is contiguous and aligned to {ALIGNMENT} bytes")
        return cls(array.reshape(-1).view(np.uint8), array)

    @property
    def array(self) -> NDArray[np.uint8]:
        """The bytes."""
        if self._array is None:
            self._array = cast(HostBuffer, self._owner).array[self._offset : self._offset + self._nbytes]
        return self._array

    @property
    def nbytes(self) -> int:
        """Their number."""
        return self._nbytes

    def part(self, offset: int, nbytes: int) -> HostBuffer:
        """Bytes [offset, offset + nbytes); the offset is a multiple of 64."""
        if offset % ALIGNMENT or offset < 0 or nbytes <= 0 or offset + nbytes > self._nbytes:
            raise ValueError(f"part [{offset}, {offset + nbytes}) of a buffer of {self._nbytes} bytes")
        part = HostBuffer.__new__(HostBuffer)
        part._array, part._owner, part._offset = None, self, offset
        part.address, part._nbytes = self.address + offset, nbytes
        return part

    def seal(self) -> None:
        """Nothing to do: the device is this process."""

    def to_device(self) -> None:
        """Nothing to do: the device is this process."""

    def from_device(self) -> None:
        """Nothing to do: the device is this process."""


class HostSequence:
    """A sequence loaded by the engine."""

    def __init__(self, overlay: HostOverlay, handle: int) -> None:
        self._overlay = overlay
        self.handle = handle
        library = overlay.library
        self._arguments = int(library.overlay_sequence_args(handle))
        self.needed = tuple(int(library.overlay_sequence_arg_bytes(handle, k)) for k in range(self._arguments))

    @property
    def arguments(self) -> int:
        """The number of buffers a dispatch takes."""
        return self._arguments

    def __del__(self) -> None:
        self._overlay.library.overlay_free_sequence(self.handle)


class PreparedDispatch:
    """A sequence with its buffers, ready to run again and again: `run()` costs a few microseconds of Python."""

    def __init__(self, overlay: HostOverlay, sequence: HostSequence, buffers: ListOf[HostBuffer], flags: int) -> None:
        words = [word for buffer in buffers for word in (buffer.address, buffer.nbytes)]  # of `Arg`
        self._words = (ctypes.c_uint64 * max(len(words), 1))(*words)
        self._sequence, self._buffers = sequence, list(buffers)
        self._overlay = overlay
        self._call = overlay.library.overlay_dispatch
        self._args = (overlay.handle, sequence.handle, self._words, len(buffers), flags)

    def replace(self, number: int, buffer: Buffer) -> None:
        """Another buffer in place of argument `number`."""
        assert isinstance(buffer, HostBuffer)
        self._buffers[number] = buffer
        self._words[2 * number], self._words[2 * number + 1] = buffer.address, buffer.nbytes

    def run(self) -> None:
        """Runs the sequence. Raises DeviceError with the engine's diagnosis."""
        if self._call(*self._args):
            raise self._overlay.failure()


class HostOverlay:
    """An overlay library, opened."""

    def __init__(self, device: HostDevice, library: ctypes.CDLL, handle: int, path: Path) -> None:
        self.device = device
        self.library = library
        self.handle = handle
        self.path = path
        self.info = cast(dict[str, Any], json.loads(library.overlay_info().decode()))
        names = library.overlay_op_names().decode()
        self._op_names: tuple[str, ...] = tuple(names.split(",")) if names else ()

    @property
    def counts_operations(self) -> bool:
        """Whether this library was built for counting operations."""
        return bool(self._op_names)

    def load_sequence(self, source: bytes | Path) -> HostSequence:
        """Loads the bytes of a `.seq` file, or the file. Raises DeviceError when it is damaged or does not fit."""
        if isinstance(source, Path):
            try:
                data = source.read_bytes()
            except OSError as error:
                raise DeviceError(f"{source}: {error.strerror}") from error
        else:
            data = source
        handle = self.library.overlay_load_sequence(self.handle, data, len(data))
        if not handle:
            where = f"{source}: " if isinstance(source, Path) else ""
            raise DeviceError(where + self._error())
        return HostSequence(self, handle)

    def prepare(
        self, sequence: Sequence, buffers: ListOf[Buffer], *, strict: bool = False, alias: bool = True
    ) -> PreparedDispatch:
        """A dispatch to be run many times. `strict`: objects left in the array at the end are an error. `alias`: let
        cores read and write the buffers in place where that cannot be told apart from copying."""
        own = [cast(HostBuffer, buffer) for buffer in buffers]
        flags = (_STRICT if strict else 0) | (0 if alias else _NO_ALIAS)
        return PreparedDispatch(self, cast(HostSequence, sequence), own, flags)

    def dispatch(
        self, sequence: Sequence, buffers: ListOf[Buffer], *, strict: bool = False, alias: bool = True
    ) -> None:
        """Runs a sequence once; see `prepare`. Raises DeviceError with the engine's diagnosis."""
        self.prepare(sequence, buffers, strict=strict, alias=alias).run()

    def run_all(self, dispatches: Iterable[Dispatch]) -> None:
        """Runs dispatches of this overlay one after the other. Raises DeviceError at the first that fails."""
        for dispatch in dispatches:
            dispatch.run()

    def merge(self, reports: Reports, words: NDArray[np.int32]) -> HostMerge:
        """What brings reports together, by a function of the library."""
        return HostMerge(self.library, reports, words)

    @property
    def broken(self) -> bool:
        """Whether an error left the overlay unusable until `reset`."""
        return bool(self.library.overlay_broken(self.handle))

    def failure(self) -> DeviceError:
        """The error of the last call: one line, with who waits for what in `detail` after a deadlock."""
        first, _, rest = self._error().partition("\n")
        return DeviceError(f"{self.path.name}: {first}", detail=rest or None)

    def _error(self) -> str:
        return self.library.overlay_error(self.handle).decode(errors="replace")

    def counters(self) -> Counters:
        """What was done since the last `clear_counters`."""
        engine = _EngineCounters()
        self.library.overlay_engine_counters(self.handle, ctypes.byref(engine))
        room = int(self.library.overlay_core_counters(self.handle, None, 0))
        cores = (_CoreCounters * max(room, 1))()
        self.library.overlay_core_counters(self.handle, cores, room)
        counted = tuple(
            CoreCount(c.column, c.row, c.resumes, c.kernel_calls, tuple(zip(self._op_names, c.ops, strict=False)))
            for c in list(cores)[:room]
        )
        return Counters(
            engine.dispatches,
            engine.nanoseconds * 1e-9,
            engine.tasks,
            engine.syncs,
            engine.aliased,
            engine.copied,
            engine.copied_bytes,
            engine.leftover,
            counted,
        )

    def findings(self) -> str:
        """What a library of the checking mode has found since it was opened, a JSON object a line."""
        self.library.overlay_findings.restype = ctypes.c_char_p
        return self.library.overlay_findings().decode(errors="replace")

    def stacks(self) -> str:
        """The stack of each core as a library of the checking mode has measured it, a JSON object a line."""
        self.library.overlay_stacks.restype = ctypes.c_char_p
        return self.library.overlay_stacks().decode(errors="replace")

    def clear_counters(self) -> None:
        """Starts counting anew."""
        self.library.overlay_clear_counters(self.handle)

    def reset(self) -> None:
        """Puts the overlay back into its first state. Raises DeviceError when that fails."""
        if self.library.overlay_reset(self.handle):
            raise self.failure()

    def close(self) -> None:
        """Frees the overlay; it must not be used afterwards."""
        if self.handle:
            self.library.overlay_close(self.handle)
            self.handle = 0


def available_threads() -> int:
    """Processors this process may run on."""
    return len(os.sched_getaffinity(0))


class HostDevice:
    """This process as a device."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = min(max(1, threads if threads is not None else available_threads()), MOST_THREADS)
        self._pool: int = 0
        self._pool_library: ctypes.CDLL | None = None
        self._overlays: list[HostOverlay] = []

    @property
    def name(self) -> str:
        """The device as reports name it."""
        return f"host ({self.threads} thread{'s' if self.threads > 1 else ''})"

    @property
    def pool(self) -> PoolState:
        """The pool of worker threads. Raises ValueError before an overlay is open: there is none."""
        if not self._pool:
            raise ValueError("no overlay is open")
        return PoolState.from_address(self._pool)

    def open(self, path: Path, *, checking: tuple[int, int] | None = None) -> HostOverlay:
        """Opens an overlay library. `checking`, for one of the checking mode: the passes of loops without a transfer
        after which a run is ended, and the bytes of kernels' frames that may be registers on the array. Raises
        DeviceError when it cannot be loaded or has another interface version."""
        try:
            library = ctypes.CDLL(str(path.resolve()))
        except OSError as error:
            raise DeviceError(f"{path}: {error}") from error
        _declare(library, path)
        if checking is not None:
            library.overlay_sanitize(*map(ctypes.c_uint64, checking))
        message = ctypes.create_string_buffer(1024)
        if not self._pool:
            self._pool = library.overlay_pool_create(self.threads, message, len(message)) or 0
            self._pool_library = library
            if not self._pool:
                raise DeviceError(f"{path}: {message.value.decode(errors='replace')}")
        handle = library.overlay_open(self._pool, message, len(message))
        if not handle:
            raise DeviceError(f"{path}: {message.value.decode(errors='replace')}")
        overlay = HostOverlay(self, library, handle, path)
        self._overlays.append(overlay)
        return overlay

    def buffer(self, nbytes: int) -> HostBuffer:
        """Memory of `nbytes` zeros."""
        return HostBuffer.allocate(nbytes)

    def close(self) -> None:
        """Closes all overlays and ends the worker threads."""
        for overlay in self._overlays:
            overlay.close()
        self._overlays.clear()
        if self._pool and self._pool_library is not None:
            self._pool_library.overlay_pool_destroy(self._pool)
            self._pool = 0

    def __enter__(self) -> HostDevice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _declare(library: ctypes.CDLL, path: Path) -> None:
    """Checks the interface version and declares the functions' types."""
    try:
        version = library.overlay_abi_version
    except AttributeError as error:
        raise DeviceError(f"{path}: not an overlay library") from error
    version.restype = ctypes.c_uint32
    if version() != ABI_VERSION:
        raise DeviceError(
            f"{path}: overlay library has interface version {version()}, this program uses {ABI_VERSION}",
            hint="compile again",
        )
    pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    u32, u64 = ctypes.c_uint32, ctypes.c_uint64
    for name, result, arguments in (
        ("overlay_info", text, ()),
        ("overlay_op_names", text, ()),
        ("overlay_pool_create", pointer, (u32, text, size)),
        ("overlay_pool_destroy", None, (pointer,)),
        ("overlay_open", pointer, (pointer, text, size)),
        ("overlay_reset", ctypes.c_int, (pointer,)),
        ("overlay_close", None, (pointer,)),
        ("overlay_error", text, (pointer,)),
        ("overlay_load_sequence", pointer, (pointer, text, size)),
        ("overlay_free_sequence", None, (pointer,)),
        ("overlay_sequence_args", u32, (pointer,)),
        ("overlay_sequence_arg_bytes", u64, (pointer, u32)),
        ("overlay_dispatch", ctypes.c_int, (pointer, pointer, pointer, u32, u32)),
        ("overlay_broken", ctypes.c_int, (pointer,)),
        ("overlay_engine_counters", None, (pointer, pointer)),
        ("overlay_core_counters", u32, (pointer, pointer, u32)),
        ("overlay_clear_counters", None, (pointer,)),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    declare_merge(library)
