"""The overlays know no model: those compiled for base run the widths of small and turbo, with random weights, and those
of npu2 for tiny.en the width of base.

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
from aiebuild.designs import decoder_weights, encoder, encoder_commands, encoder_plan, encoder_weights
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_dispatches import dispatches
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import decoder_sequence
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import Grid, grid_of
from aiebuild.designs.whisper import decoder_facts
from aiebuild.dialect import parse_module
from aiebuild.render import render
from aiebuild.runtime.host import HostBuffer, HostDevice
from aiebuild.weights import pack
from aiebuild.weights.tensors import expected_shapes
from aiebuild.whisper.decoder_rows import DeviceDecoder
from aiebuild.whisper.reference import ReferenceModel
from aiebuild.whisper.speech import Allowed

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


WINDOWS = (1, 2, 8)


class Wide:
    """A model of these dimensions on the overlays of another, on the array `grid`."""

    def __init__(
        self, dims: ModelDims, weights: dict[str, Floats], overlays: Path, device: HostDevice, grid: Grid
    ) -> None:
        self.dims, self.weights = dims, weights
        self.encoder_plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims, grid))
        self.encoder = device.open(overlays / "encoder.so")
        values = encoder.encoder_parameters(grid) | {"sequence": encoder.encoder_sequence(self.encoder_plan)}
        self.encode_sequence = self.encoder.load_sequence(self._encode("encoder.mlir.j2", values, "encode"))
        self.activations = HostBuffer.allocate(self.encoder_plan.arena_bytes)
        plan = plan_decoder(DecoderShape.of(dims, grid))
        known = {d.name: d for count in WINDOWS for d in dispatches(count)}
        overlay = device.open(overlays / "decoder.so")

        def load(name: str) -> object:
            values = decoder_parameters(grid) | {"sequence": decoder_sequence(plan, known[name])}
            return overlay.load_sequence(self._encode("decoder.mlir.j2", values, name))

        packed = HostBuffer.allocate(plan.weight_bytes)
        packed.array[:] = decoder_weights.pack_decoder(weights, plan)
        embedding = weights["decoder.token_embedding.weight"], weights["decoder.positional_embedding"]
        self.decoder = DeviceDecoder(
            decoder_facts(dims, WINDOWS, grid), dims, device, overlay, load, lambda dispatch, _: dispatch.run(),
            packed, embedding,
        )  # fmt: skip

    @staticmethod
    def _encode(template: str, values: Mapping[str, object], name: str) -> bytes:
        return host.encode_sequence(parse_module(render(template, **values), template), name)

    def encode(self, mel: Floats) -> Floats:
        """`mel` [3000, n_mels] on the final scale; the encoder's output [1500, n] as its readers see it."""
        plan, size = self.encoder_plan, encoder.OBJECT
        window, packed = HostBuffer.allocate(plan.input_bytes), HostBuffer.allocate(plan.weight_bytes)
        packed.array[:] = encoder_weights.pack_encoder(self.weights, plan)
        window.array[:size] = np.frombuffer(encoder_commands.normalise_command(plan.shape, -32768, 3000), np.uint8)
        q11 = np.rint((mel * 4 - 4) * 2048).astype(np.int16)
        window.array[size : size + q11.nbytes] = q11.view(np.uint8).reshape(-1)
        self.encoder.dispatch(
            self.encode_sequence, [packed, self.activations, window, self.decoder.keys(0)], strict=True
        )
        area = plan.areas["xn"]
        tiles = self.activations.array[area.offset :][: encoder_plan.ROW_TILES * area.stride * size]
        values = pack.unpack_rows_int8(
            tiles.reshape(encoder_plan.ROW_TILES, area.stride, size)[:, : plan.shape.k_steps]
        )
        factor = encoder_weights.final_norm(self.weights, self.dims.n_text_layer, None).factor
        return values[:1500] * factor + self.weights["encoder.ln_post.bias"]


@pytest.mark.parametrize(
    ("device", "state", "mels", "vocabulary"),
    [("npu1", 768, 80, 51864), ("npu1", 1280, 128, 51866), ("npu2", 512, 80, 51864)],
)
def test_a_window_and_some_tokens(
    device: str, state: int, mels: int, vocabulary: int, request: pytest.FixtureRequest
) -> None:
    artifact: Path = request.getfixturevalue("base_artifact" if device == "npu1" else "tiny_en_npu2_artifact")
    dims = ModelDims(mels, 1500, state, state // 64, 1, vocabulary, 448, state, state // 64, 1)
    weights = random_weights(dims)
    mel = np.random.default_rng(2).uniform(-1, 1.5, (3000, mels)).astype(np.float32)
    reference = ReferenceModel(weights, dims)
    features = reference.encode_mel(np.ascontiguousarray(mel.T))
    reference.set_audio_features(features)
    with HostDevice(2) as host_device:
        wide = Wide(dims, weights, artifact / "overlays", host_device, grid_of(device))
        assert sqnr(wide.encode(mel), features) > 30  # measured: 36
        prompt = [5, 77, 1000, 43]
        text = wide.decoder
        assert sqnr(text.start_logits([prompt])[0], reference.decode_start(prompt, [3])[0]) > 30  # measured: 36
        assert sqnr(text.step_logits([[0]], [[99]])[0], reference.decode_step(99)) > 30
        # a prompt over several blocks of rows, and branches
        long = [int(token) for token in np.random.default_rng(3).integers(0, 50000, 45)]
        expected = [reference.decode_start([*long, token], [45])[0] for token in (7, 8, 9)]
        everything = Allowed((0, vocabulary), (0, 0))
        text.start([long], [-1], [everything])
        for got, want in zip(text.step_logits([[0, 0, 0]], [[7, 8, 9]]), expected, strict=True):
            assert sqnr(got, want) > 30
        # eight windows, of which the others hold the same audio; what is not a window's own is not seen
        for window in range(1, 8):
            text.keys(window).array[:] = text.keys(0).array
        looked_at = [-1, 0, 1, 0, -1, 0, 1, 1]  # with eight windows the first tokens are in earlier blocks of rows
        prompts = [[*prompt[: 1 + window % 4]] for window in range(8)]
        _, probabilities = text.start(prompts, looked_at, [everything] * 8)
        for window, at in enumerate(looked_at):
            if at < 0:
                assert np.isnan(probabilities[window])
                continue
            want = reference.decode_start(prompts[window][: at + 1], [at])[0].astype(np.float64)
            share = np.exp(want[vocabulary - 1503] - want.max()) / np.exp(want - want.max()).sum()
            assert probabilities[window] == pytest.approx(share, rel=0.15)
        text.start(prompts, [-1] * 8, [everything] * 8)
        best = text.step([[0]] * 8, [[100 + window] for window in range(8)], [[everything]] * 8)
        for window, start in enumerate(prompts):
            want = reference.decode_start([*start, 100 + window], [len(start)])[0]
            found = best[window].text
            near = np.abs(want[list(found.tokens)] - found.logits).max()
            assert near < 0.15 and found.logits[0] > want.max() - 0.15  # measured: 0.07
            shifted = want.astype(np.float64) - want.max()
            assert found.total == pytest.approx(want.max() + np.log(np.exp(shifted).sum()), abs=0.02)
        # windows that are done are not computed, and change nothing of the others
        text.start(prompts, [-1] * 8, [everything] * 8)
        left = [window for window in range(8) if window % 3 != 1]
        live = [1 if window in left else 0 for window in range(8)]
        some = text.step(
            [[0] * n for n in live], [[100 + w] * n for w, n in enumerate(live)], [[everything] * n for n in live]
        )
        assert [row.text[1:] for row in some] == [best[window].text[1:] for window in left]
        # two windows of eight branches, which are two blocks of rows at 1,280 channels: candidates of both
        starts = [[*prompt, 9], prompt[:2]]
        text.start(starts, [-1] * 2, [everything] * 2)
        branches = [[200 + 20 * window + branch for branch in range(8)] for window in range(2)]
        best = text.step([[0] * 8] * 2, branches, [[everything] * 8] * 2)
        rows = [(start, token) for start, tokens in zip(starts, branches, strict=True) for token in tokens]
        for row, (start, token) in enumerate(rows):
            want = reference.decode_start([*start, token], [len(start)])[0]
            found = best[row].text
            assert np.abs(want[list(found.tokens)] - found.logits).max() < 0.15
            assert found.logits[0] > want.max() - 0.15
