"""What is to be built, as a value: overlays with their kernels and sequences, packed weights, buffers.

A planner in this package returns a `Design`; `aiebuild.build` turns it into steps without knowing what it computes.
Parameters are plain JSON values (numbers, strings, booleans, None, lists, string-keyed mappings) or frozen dataclasses
of those: they travel to the render steps in files, and a template sees each under its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from aiebuild.manifest.types import Buffer

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class KernelSpec:
    """One kernel source compiled to one object.

    `source`: path below `kernels_src/`. `defines`: macro names and values (`-DNAME=VALUE`).
    """

    source: str
    defines: tuple[tuple[str, str], ...] = ()

    @property
    def object_name(self) -> str:
        """File name of the object, different for different defines."""
        stem = Path(self.source).with_suffix("").as_posix().replace("/", "-")
        return f"{stem}-{digest_of([list(pair) for pair in self.defines])[:8]}.o" if self.defines else f"{stem}.o"


@dataclass(frozen=True)
class SequenceSpec:
    """One runtime sequence of an overlay, rendered from its own template, which repeats the device and its fifos."""

    name: str
    template: str
    parameters: Parameters = field(default_factory=dict[str, Any])
    symbol: str | None = None
    """Name of the `aie.runtime_sequence` in the rendered module; None: the same as `name`."""


@dataclass(frozen=True)
class OverlaySpec:
    """One overlay: a device with core bodies, the kernels linked into it, and the sequences that run on it.

    `template`: path below `templates/`. `sequences` do not take part in building the overlay itself, so that models
    with the same template and parameters share it.
    """

    name: str
    template: str
    parameters: Parameters
    kernels: tuple[KernelSpec, ...]
    sequences: tuple[SequenceSpec, ...] = ()

    @property
    def key(self) -> str:
        """Digest (8 hex digits) of what makes this overlay different from others of its name, file contents aside."""
        kernels = [[kernel.source, *map(list, kernel.defines)] for kernel in self.kernels]
        return digest_of([self.template, plain(self.parameters), kernels])[:8]


@dataclass(frozen=True)
class PackSpec:
    """One packed file, written by a Python function.

    `function`: `package.module:name`, called as `function(inputs, parameters) -> Packed` (`aiebuild.manifest.types`)
    with `inputs` as a tuple of paths and `parameters` as a mapping. `name`: the packed file is `<name>.bin`.
    `packages`: sub-packages and modules of `aiebuild` whose sources the function depends on.
    """

    name: str
    function: str
    inputs: tuple[Path, ...]
    parameters: Parameters = field(default_factory=dict[str, Any])
    packages: tuple[str, ...] = ("weights", "designs", "config")


@dataclass(frozen=True)
class FileSpec:
    """A file copied into the artifact as it is (a tokenizer, for one). `name`: its file name there."""

    name: str
    source: Path


@dataclass(frozen=True)
class KnownDispatch:
    """A small dispatch of an overlay whose results are known: what the NPU is tried with when the overlay is loaded.

    `sequence`: with its own sizes. `function`: a pack function (see PackSpec) without inputs, whose buffers, named
    `argument <number>` or `argument <number> at <byte>`, are what the arguments hold; all else is zero.
    `results`: (argument, first byte, runs, bytes of a run, stride, dtype); the host target says what is in them.
    """

    overlay: str
    sequence: SequenceSpec
    function: str
    parameters: Parameters
    results: tuple[tuple[int, int, int, int, int, str], ...]
    packages: tuple[str, ...] = ("weights", "designs", "config")


@dataclass(frozen=True)
class Design:
    """Everything one artifact consists of.

    `name`: what is built ("base"). `device`: the array it is built for ("npu1"). `buffers`: buffers known when planning
    (activations, caches, inputs, outputs); packed buffers come from the `packs`. `metadata`: what the run needs besides
    (dimensions, the chain of sequences), handed through the manifest as it is.
    """

    name: str
    device: str
    overlays: tuple[OverlaySpec, ...]
    packs: tuple[PackSpec, ...] = ()
    files: tuple[FileSpec, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    metadata: Parameters = field(default_factory=dict[str, Any])
    tests: tuple[KnownDispatch, ...] = ()


class Written(Mapping[str, Any]):
    """Parameters that are JSON text already (`canonical`); read when something asks for a value."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _values(self) -> dict[str, Any]:
        return json.loads(self.text)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def plain(value: object) -> Any:
    """`value` as JSON values only: dataclasses become mappings, tuples lists. Raises TypeError for anything else."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in cast("Sequence[object]", value)]
    raise TypeError(f"a parameter must be made of JSON values, not {type(value).__name__}: {value!r}")


def canonical(value: object) -> str:
    """`value` as JSON text: sorted keys, no spaces; the same value gives the same text."""
    if isinstance(value, Written):
        return value.text
    return json.dumps(value, default=plain, sort_keys=True, separators=(",", ":"))


def digest_of(value: object) -> str:
    """SHA-256 (hex) of a JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
