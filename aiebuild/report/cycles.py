"""Modelled cycles of the self-tests' dispatches: small, the same for every model, through all kernels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.selftest import argument_bytes, self_tests
from aiebuild.designs.spec import Design, KnownDispatch, OverlaySpec, plain
from aiebuild.dialect import parse_module
from aiebuild.host import encode_sequence
from aiebuild.manifest.types import Packed
from aiebuild.render.environment import render_template
from aiebuild.timing.costs import Machine
from aiebuild.timing.model import RecordingDevice, TracedDesign
from aiebuild.timing.simulate import simulate


def modelled_cycles(overlays: tuple[OverlaySpec, ...]) -> dict[str, int]:
    """Cycles of each overlay's self-test on the default machine (npu1 at 1.0 GHz, 15 GB/s); takes a minute.

    The mel overlay among `overlays` is that of 80 bands.
    """
    tests = {test.overlay: test for test in self_tests(mel_overlay(80))}
    specs = tuple(
        replace(overlay, sequences=(tests[overlay.name].sequence,)) for overlay in overlays if overlay.name in tests
    )
    design = Design("cycles", "npu1", specs)
    machine = Machine()
    found: dict[str, int] = {}
    device = RecordingDevice(TracedDesign(design))
    with device, TemporaryDirectory(prefix="aiebuild-cycles-") as folder:
        for overlay in specs:
            _dispatch(device, overlay, tests[overlay.name], Path(folder))
        for dispatch in device.dispatches:
            run = simulate(dispatch.paths, dispatch.program, dispatch.trace, machine)
            found[f"{dispatch.overlay}/{dispatch.sequence}"] = round(run.cycles)
    return found


def _dispatch(device: RecordingDevice, overlay: OverlaySpec, test: KnownDispatch, folder: Path) -> None:
    """Run a self-test on the recording host."""
    spec = test.sequence
    text = render_template(spec.template, plain(spec.parameters), profile="c2").text
    path = folder / f"{spec.name}.seq"
    path.write_bytes(encode_sequence(parse_module(text, spec.template), spec.symbol or spec.name))
    opened = device.open(Path(f"{overlay.name}.so"))
    buffers = [device.buffer(size) for size in argument_bytes(spec)]
    packed = _arguments(test)
    data = np.concatenate([np.frombuffer(chunk, np.uint8) for chunk in packed.chunks])
    for entry in packed.buffers:
        words = entry.name.split()
        at = int(words[3]) if len(words) > 2 else 0
        buffers[int(words[1])].array[at : at + entry.bytes] = data[entry.offset : entry.offset + entry.bytes]
    opened.prepare(opened.load_sequence(path), list(buffers)).run()


def _arguments(test: KnownDispatch) -> Packed:
    from importlib import import_module

    module, _, name = test.function.partition(":")
    return getattr(import_module(module), name)((), test.parameters)
