"""`fake_pyxrt`: XRT's Python module as far as aiebuild uses it. It holds a program to XRT's documented rules, and
executes through the host target.

A buffer's memory is there twice, as the program sees it and as the array does; only `sync` copies, and the array's side
begins as garbage, so what is not synced is not there. Overlays are those of a host artifact (`libraries`, by the name
in the fake xclbin), instruction streams are found by their SHA-256 in a folder (`store`), where `fake_aiecc` puts the
sequences they were made from.
"""

from __future__ import annotations

import enum
import json
import weakref
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from aiebuild.errors import DeviceError
from aiebuild.runtime.host import HostBuffer, HostDevice, HostOverlay


class RuleBroken(AssertionError):
    """A program did what XRT forbids, or does not check."""


@dataclass
class World:
    """The machine the fake pretends to be. `ends`: how the next runs end ("COMPLETED" is understood)."""

    libraries: dict[str, Path] = field(default_factory=dict[str, Path])
    store: Path = Path()
    name: str = "RyzenAI-npu1"
    most_contexts: int = 6
    arguments: int = 8
    foreign_contexts: int = 0
    zeros: bool = False
    durations: bool = True
    no_device: str = ""
    ends: list[str] = field(default_factory=list[str])
    contexts: weakref.WeakSet[hw_context] = field(default_factory=weakref.WeakSet)
    host: HostDevice | None = None
    opened: dict[str, HostOverlay] = field(default_factory=dict[str, HostOverlay])
    runs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    bytes_synced: int = 0


world = World()


def begin(**settings: Any) -> World:
    """A new machine."""
    global world
    end()
    world = World(**settings)
    return world


def end() -> None:
    """Frees what the host target holds."""
    if world.host is not None:
        world.host.close()
        world.host = None
        world.opened.clear()


class ert_cmd_state(enum.Enum):
    ERT_CMD_STATE_NEW = 1
    ERT_CMD_STATE_QUEUED = 2
    ERT_CMD_STATE_COMPLETED = 4
    ERT_CMD_STATE_ERROR = 5
    ERT_CMD_STATE_ABORT = 6
    ERT_CMD_STATE_SUBMITTED = 7
    ERT_CMD_STATE_TIMEOUT = 8
    ERT_CMD_STATE_NORESPONSE = 9


class xclBOSyncDirection(enum.Enum):
    XCL_BO_SYNC_BO_TO_DEVICE = 0
    XCL_BO_SYNC_BO_FROM_DEVICE = 1


class xrt_info_device(enum.Enum):
    name = 5
    bdf = 0


class uuid:
    def __init__(self, text: str) -> None:
        self._text = text

    def to_string(self) -> str:
        return self._text


class xclbin:
    """Raises RuntimeError for a file that is none."""

    class xclbinkernel:
        def get_name(self) -> str:
            return "MLIR_AIE:MLIRAIE"

        def get_num_args(self) -> int:
            return world.arguments

    def __init__(self, path: str) -> None:
        data = Path(path).read_bytes()
        if data[:8] != b"xclbin2\0":
            raise RuntimeError(f"Invalid xclbin: {path}")
        self.overlay: str = json.loads(data[512:])["overlay"]
        self._uuid = uuid(sha256(data).hexdigest())
        self._uuid.overlay = self.overlay  # type: ignore[attr-defined]

    def get_uuid(self) -> uuid:
        return self._uuid

    def get_kernels(self) -> list[Any]:
        return [xclbin.xclbinkernel()]


class device:
    def __init__(self, index: int = 0) -> None:
        if world.no_device:
            raise RuntimeError(world.no_device)
        if index != 0:
            raise RuntimeError(f"Could not open device with index '{index}'")
        self.registered: set[str] = set()

    def get_info(self, key: xrt_info_device) -> str:
        return world.name if key is xrt_info_device.name else "0000:c5:00.1"

    def register_xclbin(self, binary: xclbin) -> uuid:
        self.registered.add(binary.get_uuid().to_string())
        return binary.get_uuid()


class hw_context:
    def __init__(self, where: device, which: uuid) -> None:
        if which.to_string() not in where.registered:
            raise RuleBroken("hw_context of an xclbin that was not registered")
        if len(world.contexts) + world.foreign_contexts >= world.most_contexts:
            raise RuntimeError("DRM_IOCTL_AMDXDNA_CREATE_HWCTX IOCTL failed (err=-28): No space left on device")
        self.overlay: str = which.overlay  # type: ignore[attr-defined]
        self.dead = False
        world.contexts.add(self)
        # each context begins with the overlay in its first state
        if world.host is None:
            world.host = HostDevice(1)
        if self.overlay in world.opened:
            world.opened[self.overlay].reset()
        else:
            world.opened[self.overlay] = world.host.open(world.libraries[self.overlay])


INSTRUCTION_GROUP, DATA_GROUP = 65537, 131071


class kernel:
    def __init__(self, context: hw_context, name: str) -> None:
        if name != "MLIR_AIE":
            raise RuntimeError(f"No such kernel '{name}'")
        self.context = context

    def group_id(self, argument: int) -> int:
        if argument == 1:
            return INSTRUCTION_GROUP
        if not 3 <= argument < world.arguments:
            raise RuleBroken(f"group_id({argument}) of a kernel with {world.arguments} arguments")
        return DATA_GROUP


class bo:
    """A buffer object, or a part of one: `bo(parent, size, offset)`."""

    class flags(enum.Enum):
        normal = 0
        cacheable = 1 << 24
        host_only = 1 << 29

    def __init__(self, first: device | bo, size: int, flags: Any, group: int | None = None) -> None:
        self.seen: np.ndarray[Any, Any]
        self.own: HostBuffer
        if isinstance(first, bo):
            offset = int(flags)
            if first.parent is not None:
                raise RuleBroken("a sub-buffer of a sub-buffer")
            if offset % 64 or offset + size > first.size():
                raise RuleBroken(f"a sub-buffer of {size} bytes at {offset} of a buffer of {first.size()}")
            self.parent: bo | None = first
            self.kind, self.group = first.kind, first.group
            self.seen = first.seen[offset : offset + size]
            self.own = first.own.part(offset, size)
            return
        self.parent = None
        self.kind: bo.flags = flags
        self.group = group
        self.seen = np.zeros(size, np.uint8)
        self.own = HostBuffer.allocate(size)
        self.own.array[:] = 0xA5
        self.touched = self.synced = False

    def root(self) -> bo:
        return self.parent or self

    def size(self) -> int:
        return self.seen.size

    def map(self) -> memoryview:
        self.root().touched = True
        return memoryview(self.seen)  # type: ignore[arg-type]

    def write(self, data: Any, seek: int) -> None:
        values = np.frombuffer(data, np.uint8)
        self.seen[seek : seek + values.size] = values
        self.root().touched = True

    def sync(self, direction: xclBOSyncDirection, size: int | None = None, offset: int = 0) -> None:
        last = self.size() if size is None else offset + size
        if offset < 0 or last > self.size():
            raise RuntimeError("Invalid offset and size when syncing")
        a, b = self.seen[offset:last], self.own.array[offset:last]
        world.bytes_synced += a.size
        if direction is xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE:
            b[:] = a
            self.root().synced = True
        else:
            a[:] = b


class run:
    def __init__(self, of: kernel) -> None:
        self._kernel = of
        self._arguments: dict[int, Any] = {}
        self._state = ert_cmd_state.ERT_CMD_STATE_NEW

    def set_arg(self, index: int, value: Any) -> None:
        if not 0 <= index < world.arguments:
            raise RuleBroken(f"argument {index} of a kernel that takes {world.arguments}: XRT crashes")
        if isinstance(value, bo) != (index == 1 or index >= 3):
            raise RuleBroken(f"argument {index} is a {type(value).__name__}")
        self._arguments[index] = value

    def start(self) -> None:
        if self._kernel.context.dead:
            self._state = ert_cmd_state.ERT_CMD_STATE_ABORT
            return
        self._state = ert_cmd_state.ERT_CMD_STATE_SUBMITTED

    def state(self) -> ert_cmd_state:
        return self._state

    def wait(self, milliseconds: int) -> ert_cmd_state:
        if not 0 < milliseconds < 2000:
            raise RuleBroken(f"wait({milliseconds}): the driver resets the array after 2000 ms, 0 waits for ever")
        return self.finish()

    def finish(self) -> ert_cmd_state:
        if self._state is not ert_cmd_state.ERT_CMD_STATE_SUBMITTED:
            return self._state
        ending = world.ends.pop(0) if world.ends else "COMPLETED"
        if ending == "COMPLETED":
            ending = self._execute()
        if ending != "COMPLETED":
            self._kernel.context.dead = True
        self._state = ert_cmd_state[f"ERT_CMD_STATE_{ending}"]
        return self._state

    def _execute(self) -> str:
        if self._arguments.get(0) != 3:
            raise RuleBroken(f"opcode {self._arguments.get(0)}, instructions are run by 3")
        code = self._arguments[1]
        if code.kind is not bo.flags.cacheable or code.group != INSTRUCTION_GROUP:
            raise RuleBroken("instructions belong into a cacheable buffer of group_id(1)")
        if self._arguments[2] * 4 != code.size():
            raise RuleBroken(f"{self._arguments[2]} words of instructions in {code.size()} bytes")
        data = [self._arguments[index] for index in sorted(self._arguments) if index >= 3]
        if sorted(self._arguments) != list(range(3 + len(data))):
            raise RuleBroken(f"arguments {sorted(self._arguments)}: one is missing")
        for number, entry in enumerate((code, *data)):
            if number and (entry.kind is not bo.flags.host_only or entry.group != DATA_GROUP):
                raise RuleBroken(f"data buffer {number - 1} is no host-only buffer of group_id({2 + number})")
            if entry.root().touched and not entry.root().synced:
                raise RuleBroken(f"buffer {number} was written and never synced")
        name = sha256(code.own.array.tobytes()).hexdigest()
        path = world.store / f"{name}.seq"
        if not path.is_file():
            raise RuleBroken("instructions that no sequence is known for: not synced, or damaged")
        overlay = world.opened[self._kernel.context.overlay]
        world.runs.append((self._kernel.context.overlay, name))
        if world.zeros:
            return "COMPLETED"
        try:
            overlay.dispatch(overlay.load_sequence(path), [entry.own for entry in data], strict=True)
        except DeviceError:
            return "TIMEOUT"
        return "COMPLETED"


class runlist:
    def __init__(self, context: hw_context) -> None:
        self._context = context
        self._runs: list[run] = []

    def add(self, entry: run) -> None:
        if entry._kernel.context is not self._context:
            raise RuleBroken("a run of another context in a runlist")
        self._runs.append(entry)

    def execute(self) -> None:
        for entry in self._runs:
            entry.start()

    def wait(self, *limit: timedelta) -> None:
        if any(not world.durations or not isinstance(value, timedelta) for value in limit):
            raise TypeError("wait(): incompatible function arguments")
        for entry in self._runs:
            if entry.finish() is not ert_cmd_state.ERT_CMD_STATE_COMPLETED:
                raise RuntimeError("runlist failed execution")
