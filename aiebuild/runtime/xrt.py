"""The NPU as a device, through XRT. The only module that imports `pyxrt`, and only when a device is opened.

An overlay in use has one hardware context. Buffers are allocated once; what they share with the array is made visible
around each dispatch (`xrt_buffer`). A dispatch that does not end well takes its context with it; a new one is made.
"""

from __future__ import annotations

import errno
import importlib
import sys
import time
import weakref
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.npu import npu_kind
from aiebuild.errors import DeviceError, MissingError
from aiebuild.manifest.types import ArgumentUse, Manifest, OverlayEntry, SequenceEntry
from aiebuild.runtime.device import Buffer, Counters, Reports
from aiebuild.runtime.device import Dispatch as DispatchOfDevice
from aiebuild.runtime.device import Sequence as SequenceOfDevice
from aiebuild.runtime.pyxrt_finder import find_pyxrt
from aiebuild.runtime.selftest import mismatch, region_of
from aiebuild.runtime.xrt_buffer import XrtBuffer
from aiebuild.target import load_target

OPCODE = 3
"""The first argument of a kernel that executes an instruction stream (mlir-aie's host code)."""

KERNEL = "MLIR_AIE"
"""Name aiecc gives the kernel of an xclbin."""

INSTRUCTIONS, WORDS, DATA = 1, 2, 3
"""Arguments of the kernel: the instructions' buffer, their number of words, the first of the data buffers."""

WATCHDOG_MS = 1500
"""How long a dispatch may take: less than the driver's own limit of 2 s, after which it resets the array."""

LONGEST_RUNLIST = 64
"""Dispatches of one runlist: the longest that has been measured by others (jdominick05/ignite-xdna)."""


def load_pyxrt() -> Any:
    """The pyxrt module. Raises MissingError, with the reason, when this Python has none."""
    found = find_pyxrt()
    if found.folder is None:
        raise MissingError(str(found.problem), hint=found.hint)
    if found.folder and found.folder not in sys.path:
        sys.path.append(found.folder)
    try:
        import pyxrt  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingError(f"pyxrt cannot be loaded: {error}", hint="source /opt/xilinx/xrt/setup.sh") from None
    return cast(Any, pyxrt)


def why_not(device: str | None = None) -> str | None:
    """Why no NPU can be used for an array called `device` (None: for any), or None when one can."""
    try:
        module = load_pyxrt()
        name = _name(_open(module, 0))
        kind = npu_kind(name)
    except (DeviceError, MissingError) as error:
        return error.message
    if device is not None and kind.device != device:
        return f"the NPU here, {name}, is {kind.device}; asked for was {device}"
    return None


def npu_here() -> tuple[str, str] | None:
    """Name of the NPU that XRT opens, and the device it is in designs; None where there is none of a known kind."""
    try:
        name = _name(_open(load_pyxrt(), 0))
        return name, npu_kind(name).device
    except (DeviceError, MissingError):
        return None


def _open(module: Any, index: int) -> Any:
    try:
        return module.device(index)
    except (RuntimeError, OSError) as error:
        text = str(error)
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM) or "ermission" in text or "EACCES" in text:
            raise DeviceError(
                f"the NPU may not be opened by this user: {text}",
                hint="sudo usermod -aG render $USER, then log in again",
            ) from None
        if "memlock" in text.lower() or number == errno.EAGAIN or "mmap" in text.lower():
            raise DeviceError(f"the NPU's memory cannot be locked: {text}", hint="ulimit -l unlimited") from None
        raise DeviceError(f"XRT opens no NPU: {text}", hint="aiebuild doctor") from None


def _name(handle: Any) -> str:
    return str(handle.get_info(importlib.import_module("pyxrt").xrt_info_device.name))


class XrtSequence:
    """An instruction sequence in a buffer of its own."""

    def __init__(self, overlay: XrtOverlay, name: str, bo: Any, words: int, uses: tuple[ArgumentUse, ...]) -> None:
        self.overlay = overlay
        self.name = name
        self.bo = bo
        self.words = words
        self.uses = uses
        self.run: Any = None

    @property
    def arguments(self) -> int:
        """The number of buffers a dispatch takes."""
        return len(self.uses)


class XrtDispatch:
    """A sequence with its buffers, ready to run again and again."""

    def __init__(self, overlay: XrtOverlay, sequence: XrtSequence, buffers: Sequence[XrtBuffer]) -> None:
        self.overlay = overlay
        self.sequence = sequence
        self.buffers = list(buffers)

    def replace(self, number: int, buffer: Buffer) -> None:
        """Another buffer in place of argument `number`. Raises DeviceError when it is too small."""
        own = cast(XrtBuffer, buffer)
        self.overlay.fit(self.sequence, number, own)
        self.buffers[number] = own

    def run(self) -> None:
        """Runs the sequence to its end. Raises DeviceError that names overlay, sequence and state."""
        self.overlay.execute(self)


class XrtOverlay:
    """An xclbin with its hardware context."""

    def __init__(self, device: XrtDevice, path: Path, entry: OverlayEntry) -> None:
        self.device = device
        self.path = path
        self.entry = entry
        self._xclbin = device.xrt.xclbin(str(path))
        self._uuid = self._xclbin.get_uuid()
        device.handle.register_xclbin(self._xclbin)
        kernels = [kernel for kernel in self._xclbin.get_kernels() if str(kernel.get_name()).startswith(KERNEL)]
        if not kernels:
            raise DeviceError(f"{path}: has no kernel {KERNEL}")
        self._most = int(kernels[0].get_num_args()) - DATA
        self._context: Any = None
        self.kernel: Any = None
        self._sequences: weakref.WeakSet[XrtSequence] = weakref.WeakSet()
        self._dispatches = 0
        self._seconds = 0.0
        self._connect()

    # --- contexts ---------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Make the hardware context. Raises DeviceError, with what may be in the way."""
        try:
            self._context = self.device.xrt.hw_context(self.device.handle, self._uuid)
            self.kernel = self.device.xrt.kernel(self._context, KERNEL)
        except RuntimeError as error:
            held, most = self.device.contexts, self.device.most_contexts
            if held >= most:
                what = f"{held} hardware contexts are in use by this run, and {self.device.kind} has {most}"
            else:
                what = f"no hardware context ({held} of {most} are this run's; others may hold the rest)"
            raise DeviceError(
                f"{self.path.name}: {what}: {error}", hint="end other programs that use the NPU, or close overlays"
            ) from None

    def _recover(self) -> None:
        """Replace the context after a dispatch that did not end well; sequences stay loaded."""
        for sequence in self._sequences:
            sequence.run = None
        self.kernel = None
        self._context = None
        self._connect()

    # --- the device protocol ----------------------------------------------------------------------------------------

    def load_sequence(self, source: bytes | Path) -> XrtSequence:
        """Loads an instruction stream of the artifact. Raises DeviceError when it is none of this overlay's."""
        if isinstance(source, bytes):
            raise DeviceError(f"{self.path.name}: instructions are loaded from the artifact, by path")
        tests = [self.entry.test.sequence] if self.entry.test is not None else []
        for entry in (*self.entry.sequences, *tests):
            if self.device.artifact / entry.file.path == source:
                return self._load(entry, source)
        raise DeviceError(f"{source}: no sequence of overlay {self.entry.name}")

    def _load(self, entry: SequenceEntry, path: Path) -> XrtSequence:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DeviceError(f"{path}: {error.strerror}") from error
        if not data or len(data) % 4:
            raise DeviceError(f"{path}: {len(data)} bytes are no instructions")
        if len(entry.arguments) > self._most:
            raise DeviceError(
                f"{path.name} takes {len(entry.arguments)} buffers, the kernel of {self.path.name} only {self._most}"
            )
        xrt = self.device.xrt
        bo = xrt.bo(self.device.handle, len(data), xrt.bo.flags.cacheable, self.kernel.group_id(INSTRUCTIONS))
        bo.write(data, 0)
        bo.sync(xrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE)
        sequence = XrtSequence(self, entry.name, bo, len(data) // 4, entry.arguments)
        self._sequences.add(sequence)
        return sequence

    def prepare(
        self, sequence: SequenceOfDevice, buffers: Sequence[Buffer], *, strict: bool = False, alias: bool = True
    ) -> XrtDispatch:
        """A dispatch to be run many times; `strict` and `alias` are the host target's. Raises DeviceError for a wrong
        number of buffers, or one that is too small: the array would write past its end."""
        del strict, alias
        own, loaded = [cast(XrtBuffer, buffer) for buffer in buffers], cast(XrtSequence, sequence)
        where = f"{self.path.name}: sequence {loaded.name}"
        if loaded.overlay is not self:
            raise DeviceError(f"{where} was loaded for {loaded.overlay.path.name}")
        if len(own) != loaded.arguments:
            raise DeviceError(f"{where} takes {loaded.arguments} buffers, {len(own)} were given")
        for number, buffer in enumerate(own):
            self.fit(loaded, number, buffer)
        return XrtDispatch(self, loaded, own)

    def fit(self, sequence: XrtSequence, number: int, buffer: XrtBuffer) -> None:
        """Raises DeviceError for a buffer that is too small to be argument `number`."""
        use = sequence.uses[number]
        needed = max((extent[1] for extent in (use.read, use.written) if extent is not None), default=0)
        if buffer.nbytes < needed:
            where = f"{self.path.name}: sequence {sequence.name}"
            raise DeviceError(f"{where}: argument {number} needs {needed} bytes, the buffer has {buffer.nbytes}")

    def dispatch(
        self, sequence: SequenceOfDevice, buffers: Sequence[Buffer], *, strict: bool = False, alias: bool = True
    ) -> None:
        """Runs a sequence once; see `prepare`."""
        self.prepare(sequence, buffers, strict=strict, alias=alias).run()

    def run_all(self, dispatches: Iterable[DispatchOfDevice]) -> None:
        """Runs dispatches of this overlay one after the other: as runlists where XRT has them, else in a loop. Raises
        DeviceError at the first that fails."""
        listed = [cast(XrtDispatch, dispatch) for dispatch in dispatches]
        runlist = getattr(self.device.xrt, "runlist", None)
        for first in range(0, len(listed), LONGEST_RUNLIST):
            part = listed[first : first + LONGEST_RUNLIST]
            if runlist is None or len(part) < 2:
                for dispatch in part:
                    self.execute(dispatch)
            else:
                self._run_list(runlist, part)

    def _run_list(self, runlist: Any, listed: Sequence[XrtDispatch]) -> None:
        runs = [self._run_of(dispatch, fresh=True) for dispatch in listed]
        for dispatch in listed:
            self._before(dispatch)
        together = runlist(self._context)
        for run in runs:
            together.add(run)
        start = time.perf_counter()
        error: str | None = None
        try:
            together.execute()
            _wait_for_list(together, WATCHDOG_MS * len(listed))
        except RuntimeError as caught:
            error = str(caught)
        self._count(len(listed), start)
        completed = self.device.xrt.ert_cmd_state.ERT_CMD_STATE_COMPLETED
        for number, (run, dispatch) in enumerate(zip(runs, listed, strict=True)):
            state = run.state()
            if state != completed:
                note = f"run {number} of a list of {len(runs)}" + (f"; {error}" if error else "")
                self._fail(dispatch, state, start, note)
            self._after(dispatch)

    def execute(self, dispatch: XrtDispatch) -> None:
        """Runs one dispatch and looks at its final state."""
        run = self._run_of(dispatch)
        self._before(dispatch)
        start = time.perf_counter()
        run.start()
        state = run.wait(WATCHDOG_MS)
        self._count(1, start)
        if state != self.device.xrt.ert_cmd_state.ERT_CMD_STATE_COMPLETED:
            self._fail(dispatch, state, start, "")
        self._after(dispatch)

    def _run_of(self, dispatch: XrtDispatch, *, fresh: bool = False) -> Any:
        """XRT's run of a dispatch, its arguments set; a sequence has one that is used again, lists have their own."""
        sequence = dispatch.sequence
        run = None if fresh else sequence.run
        if run is None:
            run = self.device.xrt.run(self.kernel)
            run.set_arg(0, OPCODE)
            run.set_arg(INSTRUCTIONS, sequence.bo)
            run.set_arg(WORDS, sequence.words)
            if not fresh:
                sequence.run = run
        for number, buffer in enumerate(dispatch.buffers):
            run.set_arg(DATA + number, buffer.bo)
        return run

    def _before(self, dispatch: XrtDispatch) -> None:
        for buffer, use in zip(dispatch.buffers, dispatch.sequence.uses, strict=True):
            buffer.before(use)

    def _after(self, dispatch: XrtDispatch) -> None:
        for buffer, use in zip(dispatch.buffers, dispatch.sequence.uses, strict=True):
            buffer.after(use)

    def _count(self, dispatches: int, start: float) -> None:
        self._dispatches += dispatches
        self._seconds += time.perf_counter() - start

    def _fail(self, dispatch: XrtDispatch, state: Any, start: float, note: str) -> None:
        """Raises DeviceError for a dispatch that did not end well, after the context was replaced."""
        spent = time.perf_counter() - start
        name = str(getattr(state, "name", state)).removeprefix("ERT_CMD_STATE_")
        where = f"{self.path.name}: sequence {dispatch.sequence.name}"
        if name in ("TIMEOUT", "NEW", "QUEUED", "SUBMITTED", "RUNNING"):
            what = f"did not end within {WATCHDOG_MS} ms (state {name}); the array waits for data or a lock"
            hint = "aiebuild emulate, or --target host, says who waits for what"
        else:
            what = f"ended with state {name} after {spent * 1000:.0f} ms"
            hint = "dmesg | grep amdxdna may say more"
        message = f"{where} {what}{f' ({note})' if note else ''}"
        try:
            self._recover()
        except DeviceError as error:
            raise DeviceError(f"{message}; {error.message}", hint=error.hint) from None
        raise DeviceError(message, hint=hint)

    def self_test(self) -> None:
        """Runs the dispatch whose results are known. Raises DeviceError when they are others."""
        test = self.entry.test
        if test is None:
            raise DeviceError(f"{self.path.name}: has no known results to try it with", hint="aiebuild compile --force")
        data = np.fromfile(self.device.artifact / test.file.path, np.uint8)
        sequence = self.load_sequence(self.device.artifact / test.sequence.file.path)
        buffers = [self.device.buffer(use.bytes) for use in sequence.uses]
        for part in test.parts:
            place = buffers[part.argument].array
            place[part.at : part.at + part.bytes] = data[part.offset : part.offset + part.bytes]
        self.dispatch(sequence, buffers)
        for region in test.regions:
            got = region_of(buffers[region.argument].array, region)
            wrong = mismatch(got, data[region.offset : region.offset + got.size], region.dtype)
            if wrong is not None:
                raise DeviceError(
                    f"{self.path.name}: the self-test failed: {wrong} (sequence {sequence.name})",
                    hint="--target host runs the same design on this CPU",
                )

    def merge(self, reports: Reports, words: NDArray[np.int32]) -> None:
        """Nothing: an artifact of the NPU has no library for the processor."""
        del reports, words

    def counters(self) -> Counters:
        """What was done since the last `clear_counters`; the array itself counts nothing."""
        return Counters(self._dispatches, self._seconds, 0, 0, 0, 0, 0, 0, ())

    def clear_counters(self) -> None:
        """Starts counting anew."""
        self._dispatches, self._seconds = 0, 0.0

    def reset(self) -> None:
        """Puts the overlay back into its first state, with a new context."""
        self._recover()

    def close(self) -> None:
        """Gives the hardware context back."""
        for sequence in self._sequences:
            sequence.run = None
        self.kernel = None
        self._context = None

    @property
    def connected(self) -> bool:
        """Whether it holds a hardware context."""
        return self._context is not None


class XrtDevice:
    """The NPU, running the overlays of one artifact. `index`: which NPU."""

    def __init__(self, artifact: Path, manifest: Manifest, index: int = 0) -> None:
        self.artifact = artifact
        self.manifest = manifest
        self.xrt = load_pyxrt()
        self.handle = _open(self.xrt, index)
        self._model = _name(self.handle)
        self.kind = npu_kind(self._model).device
        if self.kind != manifest.device:
            raise DeviceError(f"{artifact} is built for {manifest.device}; the NPU here, {self._model}, is {self.kind}")
        self.most_contexts = load_target(self.kind).hardware_contexts
        self._overlays: list[XrtOverlay] = []

    @property
    def name(self) -> str:
        """The device as reports name it."""
        return f"npu ({self._model})"

    @property
    def contexts(self) -> int:
        """Hardware contexts held."""
        return sum(overlay.connected for overlay in self._overlays)

    def open(self, path: Path) -> XrtOverlay:
        """Opens an overlay of the artifact and tries it with known values. Raises DeviceError."""
        for entry in self.manifest.overlays:
            if self.artifact / entry.library.path == path:
                break
        else:
            raise DeviceError(f"{path}: no overlay of {self.artifact}")
        try:
            overlay = XrtOverlay(self, path, entry)
        except RuntimeError as error:
            raise DeviceError(f"{path}: XRT does not take it: {error}") from None
        self._overlays.append(overlay)
        overlay.self_test()
        return overlay

    def buffer(self, nbytes: int) -> XrtBuffer:
        """Memory of `nbytes` zeros. An overlay must be open: where buffers lie is the kernel's to say."""
        overlay = next((overlay for overlay in self._overlays if overlay.connected), None)
        if overlay is None:
            raise DeviceError("no buffer can be allocated before an overlay is open")
        if nbytes <= 0:
            raise ValueError(f"a buffer of {nbytes} bytes")
        flags = self.xrt.bo.flags.host_only
        try:
            bo = self.xrt.bo(self.handle, nbytes, flags, overlay.kernel.group_id(DATA))
        except (RuntimeError, MemoryError) as error:
            raise DeviceError(
                f"no buffer of {nbytes} bytes: {error}", hint="ulimit -l unlimited (buffers are locked in memory)"
            ) from None
        array = np.frombuffer(bo.map(), np.uint8)[:nbytes]
        array[:] = 0
        made = XrtBuffer(self.xrt, bo, array)
        made.to_device()
        return made

    def close(self) -> None:
        """Closes the device and its overlays."""
        for overlay in self._overlays:
            overlay.close()
        self._overlays.clear()

    def __enter__(self) -> XrtDevice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _wait_for_list(runlist: Any, milliseconds: int) -> None:
    """Wait for a list of runs. A pyxrt built without durations cannot be given a limit; the driver's own then holds."""
    try:
        runlist.wait(timedelta(milliseconds=milliseconds))
    except TypeError:
        runlist.wait()
