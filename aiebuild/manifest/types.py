"""What an artifact holds, as values. `manifest.json` is these dataclasses written out (`aiebuild.manifest.store`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT_VERSION = 2


@dataclass(frozen=True)
class Layout:
    """How a tensor lies in its buffer.

    `kind`: `row_major`, or `blocks` (row-major blocks of `block`, each row-major inside). `dtype`: `int8`, `int16`,
    `int32`, `bf16`, `f32` or `bytes`. `shape`: the tensor's, in elements, padding included. `block`: rows and columns.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    block: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Buffer:
    """A named region of memory: a whole arena, or (with `file`) a part of a packed file.

    `bytes` and `offset` in bytes. `file`: path inside the artifact, or None for memory the run allocates (`offset` then
    is within the arena `arena`). `scale`: value of one integer step, where the whole buffer has one.
    """

    name: str
    bytes: int
    offset: int = 0
    file: str | None = None
    arena: str | None = None
    layout: Layout | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Packed:
    """What a pack function returns: the bytes of the packed file (chunks in order) and the buffers within it.

    `chunks`: bytes-like objects (`bytes`, `memoryview`, C-contiguous NumPy arrays), written one after the other.
    `buffers`: with `offset` in the packed file; `file` is filled in by the build. `metadata`: added to the manifest's
    under the pack's name.
    """

    chunks: tuple[Any, ...]
    buffers: tuple[Buffer, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class FileEntry:
    """A file of the artifact: path relative to it, size in bytes, SHA-256 (hex)."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ArgumentUse:
    """What a sequence does with one of its buffers: the bytes it needs, and [first, last) of those it reads and writes,
    None when it does not."""

    bytes: int
    read: tuple[int, int] | None
    written: tuple[int, int] | None


@dataclass(frozen=True)
class SequenceEntry:
    """One encoded instruction sequence. `arguments`: known for the NPU only, where buffers must be made visible."""

    name: str
    file: FileEntry
    arguments: tuple[ArgumentUse, ...] = ()


@dataclass(frozen=True)
class CoreProgram:
    """One core's linked program. `stack_bytes`: of the kernels' deepest calls (`stack_path`), an upper bound for those
    whose frames are known; `unmeasured`: functions reached whose frames are not."""

    column: int
    row: int
    program_bytes: int
    stack_bytes: int
    stack_size: int
    stack_path: tuple[str, ...]
    unmeasured: tuple[str, ...]


@dataclass(frozen=True)
class KnownPart:
    """Bytes of a self-test's file that go into a buffer: `at` there, `offset` in the file."""

    argument: int
    at: int
    offset: int
    bytes: int


@dataclass(frozen=True)
class KnownRegion:
    """A known result: `count` runs of `run` bytes, `stride` apart, from `at` in a buffer; values of type `dtype`
    (int16, bf16, f32), kept one after the other from `offset` in the file."""

    argument: int
    at: int
    count: int
    run: int
    stride: int
    dtype: str
    offset: int


@dataclass(frozen=True)
class SelfTest:
    """A small dispatch with known results, run when an overlay is loaded for the first time."""

    sequence: SequenceEntry
    file: FileEntry
    parts: tuple[KnownPart, ...]
    regions: tuple[KnownRegion, ...]


@dataclass(frozen=True)
class OverlayEntry:
    """One overlay: its library or xclbin, the counting build of it where there is one, its sequences by name.

    `programs` and `test`: of overlays for the NPU.
    """

    name: str
    library: FileEntry
    counting: FileEntry | None
    sequences: tuple[SequenceEntry, ...]
    programs: tuple[CoreProgram, ...] = ()
    test: SelfTest | None = None

    def sequence(self, name: str) -> SequenceEntry:
        """The sequence called `name`; raises KeyError."""
        for entry in self.sequences:
            if entry.name == name:
                return entry
        raise KeyError(name)


@dataclass(frozen=True)
class InstructionSet:
    """The CPU a host artifact runs on: machine ("x86_64") and the SIMD feature flags its compiler may have used."""

    machine: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Tool:
    """A tool that took part: name, path (None for Python packages), version, SHA-256 of its binary or sources."""

    name: str
    path: str | None
    version: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The whole of `manifest.json`.

    `inputs`: SHA-256 of every file read, by path (relative to the resources, or as given). `profile`: toolchain
    profile. `instruction_set`: None for artifacts that do not depend on the host's CPU. `metadata`: the design's, and
    each pack's under its name, for the run.
    """

    format: int
    name: str
    device: str
    target: str
    aiebuild: str
    profile: str
    instruction_set: InstructionSet | None
    tools: tuple[Tool, ...]
    inputs: Mapping[str, str]
    overlays: tuple[OverlayEntry, ...]
    packs: tuple[FileEntry, ...]
    files: tuple[FileEntry, ...]
    buffers: tuple[Buffer, ...]
    metadata: Mapping[str, Any]

    @property
    def artifact(self) -> str:
        """Name of the artifact: `<model>-<device>-<target>`."""
        return f"{self.name}-{self.device}-{self.target}"

    def overlay(self, name: str) -> OverlayEntry:
        """The overlay called `name`; raises KeyError."""
        for entry in self.overlays:
            if entry.name == name:
                return entry
        raise KeyError(name)

    def buffer(self, name: str) -> Buffer:
        """The buffer called `name`; raises KeyError."""
        for entry in self.buffers:
            if entry.name == name:
                return entry
        raise KeyError(name)

    def all_files(self) -> tuple[FileEntry, ...]:
        """Every file of the artifact but the manifest."""
        files: list[FileEntry] = []
        for overlay in self.overlays:
            files += [overlay.library, *([overlay.counting] if overlay.counting else [])]
            files += [sequence.file for sequence in overlay.sequences]
            if overlay.test is not None:
                files += [overlay.test.sequence.file, overlay.test.file]
        return (*files, *self.packs, *self.files)
