"""Small dispatches with known results, one for each overlay of a Whisper model: what an NPU must get right before it is
trusted with speech. They take an overlay through all its kernels, on random weights of a model of 256 channels.

Results are the host target's (`aiebuild check` holds that against references); they are compared by correlation and
size (`aiebuild.runtime.selftest`), since bf16 sums may differ in their order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.designs import (
    cross_keys,
    decoder_plan,
    decoder_weights,
    encoder,
    encoder_commands,
    encoder_plan,
    encoder_weights,
)
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_commands import self_command
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_arena, plan_decoder
from aiebuild.designs.decoder_sequences import decoder_sequence
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import Grid, grid_of
from aiebuild.designs.mel import MelOverlay, mel_overlay
from aiebuild.designs.spec import KnownDispatch, SequenceSpec
from aiebuild.manifest.types import Buffer, Packed
from aiebuild.weights.pack import Floats
from aiebuild.weights.tensors import expected_shapes

VOCABULARY = 512
"""Of the dispatches' model only the first part of the vocabulary is used."""

STEP = Dispatch(1, 1, 64, "all")

_PAYLOAD = cross_keys.PART - cross_keys.TILE
"""Bytes of keys or values of 64 positions without their scales."""


def dims_of(grid: Grid) -> ModelDims:
    """The model of the dispatches: a layer of each kind; of the decoder as many as have a head for each column."""
    heads = 4
    return ModelDims(80, 1500, 64 * heads, heads, 1, 51864, 448, 64 * heads, heads, max(1, grid.columns // heads))


def encoder_shape(grid: Grid) -> encoder_plan.EncoderShape:
    """The encoder's dispatch."""
    return encoder_plan.EncoderShape.of(dims_of(grid), grid)


def decoder_shape(grid: Grid) -> DecoderShape:
    """The decoder's dispatch."""
    return replace(DecoderShape.of(dims_of(grid), grid), vocabulary=VOCABULARY)


def self_tests(mel: MelOverlay) -> tuple[KnownDispatch, ...]:
    """The dispatches of a model's three overlays, for the array of its mel overlay."""
    grid = grid_of(mel.device)
    return (_mel(mel), _encoder(grid), _decoder(grid))


def _mel(overlay: MelOverlay) -> KnownDispatch:
    spec = overlay.overlay()
    rounds = min(overlay.rounds)
    name = overlay.sequence_name(rounds)
    sequence = next(entry for entry in spec.sequences if entry.name == name)
    size = overlay.arguments(rounds)[2]
    function = "aiebuild.designs.selftest:mel_arguments"
    parameters = {"n_mels": overlay.n_mels, "device": overlay.device}
    return KnownDispatch("mel", sequence, function, parameters, ((2, 0, 1, size, size, "int16"),))


def _encoder(grid: Grid) -> KnownDispatch:
    plan = encoder_plan.plan_encoder(encoder_shape(grid))
    parameters = {**encoder.encoder_parameters(grid), "sequence": encoder.encoder_sequence(plan)}
    sequence = SequenceSpec("known_encode", "encoder.mlir.j2", parameters, symbol=parameters["sequence"]["name"])
    parts = (
        plan.shape.text_layers * plan.shape.heads * encoder_plan.KV_TILES * encoder_plan.KV_OBJECT // cross_keys.PART
    )
    result = (encoder_plan.KEYS, 0, parts, _PAYLOAD, cross_keys.PART, "int4")
    return KnownDispatch(
        "encoder", sequence, "aiebuild.designs.selftest:encoder_arguments", {"device": grid.device}, (result,)
    )


def _decoder(grid: Grid) -> KnownDispatch:
    plan = plan_decoder(decoder_shape(grid))
    values = decoder_sequence(plan, STEP)
    parameters = {**decoder_parameters(grid), "sequence": values}
    sequence = SequenceSpec("known_decode", "decoder.mlir.j2", parameters, symbol=values["name"])
    size = 4 * VOCABULARY
    result = (decoder_plan.ARENA, plan_arena(plan, STEP).areas["logits"], 1, size, size, "f32")
    return KnownDispatch(
        "decoder", sequence, "aiebuild.designs.selftest:decoder_arguments", {"device": grid.device}, (result,)
    )


def argument_bytes(sequence: SequenceSpec) -> tuple[int, ...]:
    """Bytes of each argument of a sequence, from the types its template is given."""
    types = [str(argument["type"]) for argument in sequence.parameters["sequence"]["arguments"]]
    return tuple(int(re.sub(r"\D.*", "", kind.removeprefix("memref<"))) for kind in types)


# --- what the arguments hold: pack functions -------------------------------------------------------------------------


def _packed(parts: Sequence[tuple[str, NDArray[Any]]]) -> Packed:
    chunks: list[bytes] = []
    buffers: list[Buffer] = []
    at = 0
    for name, values in parts:
        data = np.ascontiguousarray(values).tobytes()
        buffers.append(Buffer(name, len(data), at))
        data += bytes(-len(data) % 64)
        chunks.append(data)
        at += len(data)
    return Packed(tuple(chunks), tuple(buffers))


def mel_arguments(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """A rising tone with noise, and the constants."""
    del inputs
    overlay = mel_overlay(parameters["n_mels"], parameters["device"])
    count = overlay.arguments(min(overlay.rounds))[0] // 2
    t = np.arange(count) / 16000
    tone = 9000 * np.sin(2 * np.pi * (200 + 600 * t) * t) + 300 * np.random.default_rng(0).standard_normal(count)
    constants = np.frombuffer(overlay.constants(), np.uint8)
    return _packed([("argument 0", np.rint(tone).astype(np.int16)), ("argument 1", constants)])


def encoder_arguments(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """Random weights, a command, a random log-mel."""
    del inputs
    grid = grid_of(parameters["device"])
    plan = encoder_plan.plan_encoder(encoder_shape(grid))
    mel = np.random.default_rng(2).uniform(-1, 1.5, (3000, plan.shape.n_mels))
    command = np.frombuffer(encoder_commands.normalise_command(plan.shape, -32768, 3000), np.uint8)
    return _packed(
        [
            (f"argument {encoder_plan.WEIGHTS}", encoder_weights.pack_encoder(_random_weights(grid), plan)),
            (f"argument {encoder_plan.INPUT}", command[: encoder.OBJECT]),
            (f"argument {encoder_plan.INPUT} at {encoder.OBJECT}", np.rint((mel * 4 - 4) * 2048).astype(np.int16)),
        ]
    )


def decoder_arguments(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """Random weights, the command of a first step, a random embedding, random keys and values."""
    del inputs
    grid = grid_of(parameters["device"])
    plan = plan_decoder(decoder_shape(grid))
    random = np.random.default_rng(3)
    x = random.standard_normal(plan.shape.state).astype(np.float32)
    seen = np.zeros((1, STEP.bucket), np.bool_)
    seen[0, 0] = True
    command = np.frombuffer(self_command(plan.shape, 1, STEP.bucket, seen), np.uint8)
    areas = plan_arena(plan, STEP).areas
    keys = random.integers(0, 256, (plan.shape.window_keys // cross_keys.PART, cross_keys.PART)).astype(np.uint8)
    keys[:, _PAYLOAD:] = cross_keys.step_scales(np.array([1.0]))[0]
    return _packed(
        [
            ("argument 0", decoder_weights.pack_decoder(_random_weights(grid), plan)),
            (f"argument 1 at {areas['commands']}", command),
            (f"argument 1 at {areas['x']}", x),
            ("argument 2", keys),
        ]
    )


def _random_weights(grid: Grid) -> dict[str, Floats]:
    random = np.random.default_rng(1)
    weights: dict[str, Floats] = {}
    dims = dims_of(grid)
    shapes = expected_shapes(dims) | {"decoder.token_embedding.weight": (VOCABULARY, dims.n_text_state)}
    for name, shape in shapes.items():
        if "ln" in name and name.endswith("weight"):
            values = random.uniform(0.5, 1.5, shape)
        elif name.endswith("bias") or "positional" in name or "embedding" in name:
            values = random.normal(size=shape) * 0.1
        else:
            values = random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        weights[name] = values.astype(np.float32)
    return weights
