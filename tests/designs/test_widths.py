"""The overlays know no model: those compiled for base run the widths of small and turbo, with random weights.

One encoder layer and one decoder layer of the width, from log-mel to logits, against the float32 reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild import host
from aiebuild.config.model import ModelDims
from aiebuild.designs import decoder, decoder_weights, encoder, encoder_weights
from aiebuild.dialect import parse_module
from aiebuild.render import render
from aiebuild.runtime.host import HostBuffer, HostDevice
from aiebuild.weights import pack
from aiebuild.weights.tensors import expected_shapes
from aiebuild.whisper.reference import ReferenceModel

Floats = NDArray[np.float32]


def random_weights(dims: ModelDims) -> dict[str, Floats]:
    random = np.random.default_rng(1)
    weights: dict[str, Floats] = {}
    for name, shape in expected_shapes(dims).items():
        if "ln" in name and name.endswith("weight"):
            values = random.uniform(0.5, 1.5, shape)
        elif name.endswith("bias") or "positional" in name:
            values = random.normal(size=shape) * 0.1
        elif "embedding" in name:
            values = random.normal(size=shape) * 0.05
        else:
            values = random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        weights[name] = values.astype(np.float32)
    return weights


def sqnr(got: Floats, expected: Floats) -> float:
    return float(10 * np.log10((expected**2).sum() / ((got - expected) ** 2).sum()))


class Wide:
    """A model of these dimensions on the overlays of another."""

    def __init__(self, dims: ModelDims, weights: dict[str, Floats], overlays: Path, device: HostDevice) -> None:
        self.dims, self.weights = dims, weights
        self.encoder_plan = encoder.plan_encoder(encoder.EncoderShape.of(dims))
        self.plan = decoder.plan_decoder(decoder.DecoderShape.of(dims))
        self.encoder = device.open(overlays / "encoder.so")
        self.decoder = device.open(overlays / "decoder.so")
        values = encoder.encoder_parameters() | {"sequence": encoder.encoder_sequence(self.encoder_plan)}
        self.encode_sequence = self.encoder.load_sequence(self._encode("encoder.mlir.j2", values, "encode"))
        self.sequences = {
            rows: self.decoder.load_sequence(
                self._encode(
                    "decoder.mlir.j2",
                    decoder.decoder_parameters() | {"sequence": decoder.decoder_sequence(self.plan, rows, 64)},
                    f"decode_{rows}_64",
                )
            )
            for rows in decoder.ROWS
        }
        self.activations = HostBuffer.allocate(self.encoder_plan.arena_bytes)
        self.keys = HostBuffer.allocate(self.encoder_plan.keys_bytes)
        self.arena = HostBuffer.allocate(self.plan.arena_bytes)
        self.log = HostBuffer.allocate(self.plan.log_bytes)
        self.text_weights = HostBuffer.allocate(self.plan.weight_bytes)
        self.text_weights.array[:] = decoder_weights.pack_decoder(weights, self.plan)

    @staticmethod
    def _encode(template: str, values: Mapping[str, object], name: str) -> bytes:
        return host.encode_sequence(parse_module(render(template, **values), template), name)

    def encode(self, mel: Floats) -> Floats:
        """`mel` [3000, n_mels] on the final scale; the encoder's output [1500, n] as its readers see it."""
        plan, size = self.encoder_plan, encoder.OBJECT
        window, packed = HostBuffer.allocate(plan.input_bytes), HostBuffer.allocate(plan.weight_bytes)
        packed.array[:] = encoder_weights.pack_encoder(self.weights, plan)
        window.array[:size] = np.frombuffer(encoder.normalise_command(plan.shape, -32768, 3000), np.uint8)
        q11 = np.rint((mel * 4 - 4) * 2048).astype(np.int16)
        window.array[size : size + q11.nbytes] = q11.view(np.uint8).reshape(-1)
        self.encoder.dispatch(self.encode_sequence, [packed, self.activations, window, self.keys], strict=True)
        area = plan.areas["xn"]
        tiles = self.activations.array[area.offset :][: encoder.ROW_TILES * area.stride * size]
        values = pack.unpack_rows_int8(tiles.reshape(encoder.ROW_TILES, area.stride, size)[:, : plan.shape.k_steps])
        readers = [
            self.weights[f"decoder.blocks.{layer}.cross_attn.{name}.weight"]
            for name in ("key", "value")
            for layer in range(self.dims.n_text_layer)
        ]
        factor = encoder_weights.smoothing(self.weights["encoder.ln_post.weight"], np.concatenate(readers))
        return values[:1500] * factor + self.weights["encoder.ln_post.bias"]

    def decode(self, tokens: list[int], position: int) -> Floats:
        plan, arena, rows = self.plan, self.arena.array, len(tokens)
        command = decoder.self_command(plan.shape, rows, position, 64)
        arena[: len(command)] = np.frombuffer(command, np.uint8)
        for i, token in enumerate(tokens):
            row = self.weights["decoder.token_embedding.weight"][token]
            row = row + self.weights["decoder.positional_embedding"][position + i]
            at = plan.areas["x"] + i * plan.row_bytes("x", rows)
            arena[at : at + row.nbytes] = row.view(np.uint8)
        log_at = self.log.part(position * plan.log_row, plan.log_at_bytes)
        self.decoder.dispatch(
            self.sequences[rows], [self.text_weights, self.arena, self.keys, self.log, log_at], strict=True
        )
        places = [plan.areas["logits"] + i * plan.row_bytes("logits", rows) for i in range(rows)]
        return np.stack([arena[at : at + 4 * self.dims.n_vocab].view(np.float32) for at in places])


@pytest.mark.parametrize(("state", "mels", "vocabulary"), [(768, 80, 51864), (1280, 128, 51866)])
def test_a_window_and_some_tokens(base_artifact: Path, state: int, mels: int, vocabulary: int) -> None:
    dims = ModelDims(mels, 1500, state, state // 64, 1, vocabulary, 448, state, state // 64, 1)
    weights = random_weights(dims)
    mel = np.random.default_rng(2).uniform(-1, 1.5, (3000, mels)).astype(np.float32)
    reference = ReferenceModel(weights, dims)
    features = reference.encode_mel(np.ascontiguousarray(mel.T))
    reference.set_audio_features(features)
    with HostDevice(2) as device:
        wide = Wide(dims, weights, base_artifact / "overlays", device)
        assert sqnr(wide.encode(mel), features) > 30  # measured: 36
        prompt = [5, 77, 1000, 43]
        expected = reference.decode_start(prompt, range(4))
        assert sqnr(wide.decode(prompt, 0), expected) > 30  # measured: 36
        for position, token in enumerate(prompt):
            assert sqnr(wide.decode([token], position)[0], expected[position]) > 30
        assert sqnr(wide.decode([99], 4)[0], reference.decode_step(99)) > 30
