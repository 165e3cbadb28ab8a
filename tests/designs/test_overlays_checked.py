"""Whisper's overlays in the checking mode: nothing is found, and every byte is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.designs import bench
from aiebuild.designs.encoder import KERNELS, OBJECT, encoder_parameters, encoder_sequence
from aiebuild.designs.encoder_commands import normalise_command
from aiebuild.designs.encoder_plan import EncoderShape, plan_encoder
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.mel_tables import pack_constants
from aiebuild.designs.spec import KernelSpec, OverlaySpec, SequenceSpec
from aiebuild.dialect import parse_module
from aiebuild.emulation.design import read_design
from aiebuild.emulation.findings import StackUse, read_findings, read_stacks
from aiebuild.emulation.library import build_library, kernels_of, lower
from aiebuild.emulation.run import SPILLS
from aiebuild.host import encode_sequence
from aiebuild.host.checked import Checks
from aiebuild.render.environment import render_template
from aiebuild.runtime.host import HostBuffer, HostDevice

Bytes = NDArray[np.uint8]
SOURCES = Path(__file__).resolve().parents[2] / "kernels_src"


def run(spec: OverlaySpec, sequence: int, arguments: list[Bytes], sanitize: bool) -> tuple[list[Bytes], list[StackUse]]:
    """The arguments after a sequence of an overlay, in either mode, and the cores' stacks. Nothing may be found."""
    design = read_design(render_template(spec.template, spec.parameters).text)
    defines = [f"{name}={value}" for kernel in spec.kernels for name, value in kernel.defines]
    kernels = kernels_of([SOURCES / kernel.source for kernel in spec.kernels], defines)
    library = build_library(design, lower(design, Checks.ALL if sanitize else Checks.NONE), kernels)
    chosen = spec.sequences[sequence]
    program = parse_module(render_template(chosen.template, chosen.parameters).text, chosen.name)
    buffers = [HostBuffer.allocate(data.size) for data in arguments]
    for buffer, data in zip(buffers, arguments, strict=True):
        buffer.array[:] = data
    stacks: list[StackUse] = []
    with HostDevice(1) as device:
        overlay = device.open(library.path, checking=(10**8, SPILLS) if sanitize else None)
        loaded = overlay.load_sequence(encode_sequence(program, chosen.symbol or chosen.name))
        overlay.dispatch(loaded, buffers, strict=True)
        if sanitize:
            assert [str(finding) for finding in read_findings(overlay.findings(), spec.name)] == []
            stacks = list(read_stacks(overlay.stacks()))
    return [buffer.array.copy() for buffer in buffers], stacks


def same(spec: OverlaySpec, sequence: int, arguments: list[Bytes]) -> None:
    fast, _ = run(spec, sequence, arguments, False)
    checked, stacks = run(spec, sequence, arguments, True)
    for a, b in zip(fast, checked, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(fast, arguments, strict=True))
    assert len(stacks) == 16
    assert all(0 < stack.taken <= stack.size + SPILLS for stack in stacks)


@pytest.mark.slow
def test_mel() -> None:
    plan = mel_overlay(80)
    spec = plan.overlay()
    rounds = min(plan.rounds)
    sizes = plan.arguments(rounds)
    samples = np.random.default_rng(0).integers(-3000, 3000, sizes[0] // 2, np.int16).view(np.uint8)
    constants = np.frombuffer(bytes(pack_constants(80)), np.uint8)
    names = [sequence.name for sequence in spec.sequences]
    rest = [np.zeros(size, np.uint8) for size in sizes[2:]]
    same(spec, names.index(plan.sequence_name(rounds)), [samples, constants, *rest])


@pytest.mark.slow
def test_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = EncoderShape(n_mels=80, state=128, heads=2, layers=1, text_layers=2)
    monkeypatch.setattr(bench, "SHAPE", shape)
    plan = plan_encoder(shape)
    parameters = encoder_parameters()
    sequence = SequenceSpec("encode", "encoder.mlir.j2", {**parameters, "sequence": encoder_sequence(plan)})
    kernels = tuple(KernelSpec(source) for source in KERNELS)
    spec = OverlaySpec("encoder", "encoder.mlir.j2", {**parameters, "sequence": None}, kernels, (sequence,))
    (weights,) = bench.pack_bench((), {}).chunks
    sizes = (plan.weight_bytes, plan.arena_bytes, plan.input_bytes, plan.keys_bytes)
    mel = np.random.default_rng(1).integers(-(4 << 11), 3 << 11, (3000, 80), np.int16)
    source = np.zeros(sizes[2], np.uint8)
    command = np.frombuffer(normalise_command(shape, -(8 << 11), 3000), np.uint8)
    source[: command.size] = command
    source[OBJECT : OBJECT + mel.nbytes] = mel.view(np.uint8).reshape(-1)
    data = np.frombuffer(bytes(weights), np.uint8)
    arguments = [data, np.zeros(sizes[1], np.uint8), source, np.zeros(sizes[3], np.uint8)]
    same(spec, 0, arguments)
