"""A compiled model's dispatches, recorded while it runs on the host: a device whose overlays note what their cores
do."""

from __future__ import annotations

from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiebuild.config.toolchain import host_toolchain
from aiebuild.designs.spec import Design, OverlaySpec
from aiebuild.dialect import parse_module
from aiebuild.dialect.structure import DeviceOp
from aiebuild.host import read_sequence
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.host.paths import Paths
from aiebuild.host.sequence import SequenceProgram
from aiebuild.render.environment import render_template
from aiebuild.resources import resource_root
from aiebuild.runtime.device import Buffer, Sequence
from aiebuild.runtime.host import HostDevice, HostOverlay, HostSequence, PreparedDispatch
from aiebuild.timing.record import take_trace, traced_library
from aiebuild.timing.trace import Trace


@dataclass(frozen=True)
class Dispatch:
    """One recorded dispatch. `operations`: the design's comments in the sequence, by line: what each part is for."""

    overlay: str
    sequence: str
    device: DeviceOp
    paths: Paths
    program: SequenceProgram
    trace: Trace
    operations: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Sequence:
    program: SequenceProgram
    operations: tuple[tuple[int, str], ...]


class TracedDesign:
    """The overlays of a design, built for recording, and their sequences, by name.

    `defines`: further macros of the kernels (`costs.AIE2P` counts the slots of an AIE2P core).
    """

    def __init__(self, design: Design, defines: tuple[str, ...] = ()) -> None:
        self.defines = defines
        self.overlays = {overlay.name: overlay for overlay in design.overlays}
        self._devices: dict[str, DeviceOp] = {}
        self._paths: dict[str, Paths] = {}
        self._sequences: dict[tuple[str, str], _Sequence] = {}

    def parse(self, name: str) -> DeviceOp:
        """An overlay's device."""
        overlay = self.overlays[name]
        return device_of(parse_module(self._text(overlay.template, overlay.parameters), overlay.template))

    def library(self, name: str) -> Path:
        """The recording library of an overlay."""
        overlay = self.overlays[name]
        module = parse_module(self._text(overlay.template, overlay.parameters), overlay.template)
        device = device_of(module)
        self._devices[name], self._paths[name] = device, find_paths(device)
        defines = {f"{key}={value}" for kernel in overlay.kernels for key, value in kernel.defines}
        root = resource_root() / "kernels_src"
        return traced_library(
            module, name, [root / kernel.source for kernel in overlay.kernels], [*sorted(defines), *self.defines]
        )

    def device(self, name: str) -> DeviceOp:
        """An overlay's device; after `library`."""
        return self._devices[name]

    def paths(self, name: str) -> Paths:
        """An overlay's paths; after `library`."""
        return self._paths[name]

    def sequence(self, overlay: str, name: str) -> _Sequence:
        """A sequence of an overlay as instructions."""
        key = (overlay, name)
        if key not in self._sequences:
            spec = next(s for s in self.overlays[overlay].sequences if s.name == name)
            text = self._text(spec.template, spec.parameters)
            program = read_sequence(parse_module(text, spec.template), spec.symbol or spec.name)
            self._sequences[key] = _Sequence(program, operations_of(text))
        return self._sequences[key]

    def _text(self, template: str, parameters: Any) -> str:
        return render_template(template, dict(parameters), profile=host_toolchain().macros).text


def operations_of(text: str) -> tuple[tuple[int, str], ...]:
    """Lines and words of the comments in a runtime sequence: where each operation begins."""
    found: list[tuple[int, str]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        inside = inside or "runtime_sequence" in line
        if inside and line.strip().startswith("//"):
            found.append((number, line.strip().lstrip("/").strip()))
    return tuple(found)


class _RecordingOverlay(HostOverlay):
    name = ""
    owner: RecordingDevice | None = None

    def load_sequence(self, source: bytes | Path) -> HostSequence:
        sequence = super().load_sequence(source)
        if isinstance(source, Path):
            assert self.owner is not None
            self.owner.names[id(sequence)] = (sequence, source.stem)
        return sequence

    def prepare(
        self, sequence: Sequence, buffers: ListOf[Buffer], *, strict: bool = False, alias: bool = True
    ) -> PreparedDispatch:
        return _RecordingDispatch(self, sequence, super().prepare(sequence, buffers, strict=strict, alias=alias))


class _RecordingDispatch(PreparedDispatch):
    def __init__(self, overlay: _RecordingOverlay, sequence: Sequence, inner: PreparedDispatch) -> None:
        self._recording, self._sequence, self._inner = overlay, sequence, inner

    def replace(self, number: int, buffer: Buffer) -> None:
        self._inner.replace(number, buffer)

    def run(self) -> None:
        device = self._recording.owner
        assert device is not None
        self._inner.run()
        device.record(self._recording, device.names[id(self._sequence)][1])


class RecordingDevice(HostDevice):
    """The host as a device, one thread, with recording libraries in place of an artifact's; `dispatches` fills up."""

    def __init__(self, design: TracedDesign, keep: bool = True) -> None:
        super().__init__(1)
        self.design = design
        self.keep = keep
        self.dispatches: list[Dispatch] = []
        self.names: dict[int, tuple[HostSequence, str]] = {}

    def open(self, path: Path, *, checking: tuple[int, int] | None = None) -> HostOverlay:
        """Opens the recording library of the overlay that `path` is of."""
        name = path.name.partition(".")[0]
        overlay = super().open(self.design.library(name), checking=checking)
        overlay.__class__ = _RecordingOverlay
        recording = cast(_RecordingOverlay, overlay)
        recording.name, recording.owner = name, self
        return recording

    def record(self, overlay: _RecordingOverlay, sequence: str) -> None:
        """Take down what the overlay's cores did in the dispatch that has just ended."""
        trace = take_trace(overlay)
        if self.keep:
            known = self.design.sequence(overlay.name, sequence)
            device, paths = self.design.device(overlay.name), self.design.paths(overlay.name)
            self.dispatches.append(
                Dispatch(overlay.name, sequence, device, paths, known.program, trace, known.operations)
            )


__all__ = ["Dispatch", "OverlaySpec", "RecordingDevice", "TracedDesign", "operations_of"]
