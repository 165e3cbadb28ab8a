"""A design of single operations of the encoder overlay, for measuring them: the sizes are Whisper base's.

The weights are random numbers. The sequence `encode` runs a whole (one-layer) encoder, so that the operations find
activations to work on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aiebuild.designs.encoder import KERNELS, OBJECT, Encoder, encoder_parameters
from aiebuild.designs.encoder_commands import normalise_command
from aiebuild.designs.encoder_keep import keep_of
from aiebuild.designs.encoder_plan import ARENA, EncoderPlan, EncoderShape, plan_encoder
from aiebuild.designs.encoder_weights import pack_encoder
from aiebuild.designs.grid import grid_of
from aiebuild.designs.operations import Operation
from aiebuild.designs.spec import Design, KernelSpec, OverlaySpec, PackSpec, SequenceSpec
from aiebuild.designs.tasks import emit
from aiebuild.manifest.types import Buffer, Layout, Packed
from aiebuild.weights.pack import Floats

NAME = "bench"
SHAPE = EncoderShape(n_mels=80, state=512, heads=8, layers=1, text_layers=4)
"""With four text layers the keys' product is 1536 x 512 x 2048."""

_ROWS = 1536


@dataclass(frozen=True)
class Measure:
    """An operation to be timed: the sequence's name, what it is, the multiply-accumulates that its rate counts."""

    sequence: str
    title: str
    macs: int


def bench_design(device: str = "npu1") -> Design:
    """The design; its metadata names what to time, the arguments' sizes, and the command in front of the log-mel."""
    grid = grid_of(device)
    plan = plan_encoder(replace(SHAPE, grid=grid))
    sizes = (plan.weight_bytes, plan.arena_bytes, plan.input_bytes, plan.keys_bytes)
    parameters = encoder_parameters(grid)
    operations = _operations(plan)

    def sequence(name: str, operations: list[Operation]) -> SequenceSpec:
        steps = emit(name, operations, sizes, keep_of(grid))
        return SequenceSpec(name, "encoder.mlir.j2", {**parameters, "sequence": steps})

    sequences = (
        sequence("encode", Encoder(plan).operations()),
        *(sequence(measure.sequence, [operation]) for measure, operation in operations),
    )
    kernels = tuple(KernelSpec(source, grid.defines) for source in KERNELS)
    overlay = OverlaySpec("encoder", "encoder.mlir.j2", {**parameters, "sequence": None}, kernels, sequences)
    return Design(
        name=NAME,
        device=device,
        overlays=(overlay,),
        packs=(PackSpec("encoder", "aiebuild.designs.bench:pack_bench", (), {"device": device}),),
        metadata={
            "argument_bytes": list(sizes),
            "command": normalise_command(plan.shape, -(8 << 11), 3000)[:256].hex(),
            "mel_offset": OBJECT,
            "measures": [
                {"sequence": measure.sequence, "title": measure.title, "macs": measure.macs}
                for measure, _ in operations
            ],
        },
    )


def _operations(plan: EncoderPlan) -> list[tuple[Measure, Operation]]:
    s, e = plan.shape, Encoder(plan)
    channels, wide, heads = s.channel_tiles, 4 * s.channel_tiles, s.heads
    product = _ROWS * s.state * 4 * s.state
    x = (ARENA, plan.areas["x"].offset, plan.areas["x"].stride)
    operand, hidden = e.rows_operand("xn", s.k_steps), e.rows_output("hidden", wide)
    wide_operand, narrow = e.rows_operand("hidden", wide), e.rows_output("x", channels)
    return [
        (
            Measure("gemm_int8", f"int8 GEMM {_ROWS} x {s.state} x {4 * s.state}", product),
            e.gemm("keys", "keys", operand, s.k_steps, wide, hidden, bf16=False),
        ),
        (
            Measure("gemm_int8_gelu", "the same with GELU", product),
            e.gemm("layer0.fc1", "layer0.fc1", operand, s.k_steps, wide, hidden, bf16=False),
        ),
        (
            Measure("gemm_bf16", f"bf16 GEMM {_ROWS} x {4 * s.state} x {s.state} + residual", product),
            e.gemm("layer0.fc2", "layer0.fc2", wide_operand, wide, channels, narrow, x),
        ),
        (
            Measure("attention", f"attention, {heads} heads, 1500 positions", 2 * 1500 * 1500 * s.state),
            e.attention("layer0.attention"),
        ),
        (Measure("layer_norm", f"layer norm, 1500 x {s.state}", 0), e.layer_norm("layer0.norm1")),
    ]


def pack_bench(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """Random weights of the size of a model's: buffer `encoder.weights`."""
    del inputs
    shape = replace(SHAPE, grid=grid_of(parameters.get("device", "npu1")))
    data = pack_encoder(_random_weights(), plan_encoder(shape))
    return Packed((data,), (Buffer("encoder.weights", data.size, layout=Layout("row_major", "bytes", (data.size,))),))


def _random_weights() -> dict[str, Floats]:
    rng = np.random.default_rng(0)
    state, wide = SHAPE.state, 4 * SHAPE.state
    block = "encoder.blocks.0."
    matrices = {
        "encoder.conv1.weight": (state, SHAPE.n_mels, 3),
        "encoder.conv2.weight": (state, state, 3),
        "encoder.positional_embedding": (1500, state),
        **{f"{block}attn.{name}.weight": (state, state) for name in ("query", "key", "value", "out")},
        f"{block}mlp.0.weight": (wide, state),
        f"{block}mlp.2.weight": (state, wide),
    }
    for layer in range(SHAPE.text_layers):
        for name in ("key", "value"):
            matrices[f"decoder.blocks.{layer}.cross_attn.{name}.weight"] = (state, state)
    vectors = {
        "encoder.conv1.bias": state,
        "encoder.conv2.bias": state,
        **{f"{block}attn.{name}.bias": state for name in ("query", "value", "out")},
        f"{block}mlp.0.bias": wide,
        f"{block}mlp.2.bias": state,
        **{f"decoder.blocks.{layer}.cross_attn.value.bias": state for layer in range(SHAPE.text_layers)},
    }
    weights = {
        name: (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        for name, shape in matrices.items()
    }
    weights |= {name: (0.02 * rng.standard_normal(size)).astype(np.float32) for name, size in vectors.items()}
    for norm in (f"{block}attn_ln", f"{block}mlp_ln", "encoder.ln_post"):
        weights[f"{norm}.weight"] = np.ones(state, np.float32)
        weights[f"{norm}.bias"] = np.zeros(state, np.float32)
    return weights
