"""The design of a Whisper model: three overlays, their sequences, packed weights, and what a run needs to know."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiebuild.config.model import ModelConfig, ModelDims, WeightFormat
from aiebuild.designs import (
    decoder,
    decoder_commands,
    decoder_plan,
    decoder_sequences,
    decoder_shape,
    encoder,
    encoder_commands,
    encoder_plan,
)
from aiebuild.designs.decoder import decoder_parameters
from aiebuild.designs.decoder_dispatches import attending, dispatches
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_products import Split, logits_product
from aiebuild.designs.decoder_shape import DecoderShape
from aiebuild.designs.grid import NPU1, Grid, grid_of
from aiebuild.designs.ledger import instruction_facts, lifetimes
from aiebuild.designs.mel import MelOverlay, mel_overlay
from aiebuild.designs.operations import Operation
from aiebuild.designs.pool import Pool
from aiebuild.designs.selftest import self_tests
from aiebuild.designs.spec import Design, FileSpec, KernelSpec, OverlaySpec, PackSpec, SequenceSpec
from aiebuild.manifest.types import Buffer, Layout, Packed
from aiebuild.resources import resource_root
from aiebuild.weights.load import WeightFiles, read_weights
from aiebuild.weights.tensors import WhisperWeights

HEADER_WORDS = 64
CALIBRATED = (
    "weights", "designs", "config", "calibration", "whisper/audio.py", "whisper/candidates.py", "whisper/constants.py",
    "whisper/reference.py", "whisper/reference_mel.py", "whisper/speech.py", "whisper/tokenizer.py",
)  # fmt: skip
"""Sources that packing by a heard sample depends on."""


def whisper_design(
    config: ModelConfig,
    files: WeightFiles,
    device: str = "npu1",
    windows: Sequence[int] = (1,),
    decoder_weights: str = "int8",
) -> Design:
    """The design of a model whose weight files are at hand; `windows`: numbers of windows that are decoded together.
    `decoder_weights`: one of `decoder_shape.WEIGHT_TYPES`."""
    dims = config.dims
    grid = grid_of(device)
    mel = mel_overlay(dims.n_mels, device)
    packing = {"dims": asdict(dims), "format": files.format, "device": device}
    inputs = (files.model_path,)
    samples = resource_root() / "samples"
    heard = (*inputs, samples / "jfk.wav")
    said = (*heard, samples / "jfk.txt", files.tokenizer_path)
    overlays = (mel.overlay(), encoder_overlay(dims, grid), decoder_overlay(dims, windows, grid, decoder_weights))
    facts = {**run_facts(dims, mel, windows, decoder_weights), "instructions": instruction_facts(overlays)}
    return Design(
        name=config.name if decoder_weights == "int8" else f"{config.name}-{decoder_weights}",
        device=device,
        overlays=overlays,
        packs=(
            mel.pack(),
            PackSpec("encoder", "aiebuild.calibration.pack:pack_encoder", heard, packing, CALIBRATED),
            PackSpec(
                "decoder",
                "aiebuild.calibration.pack:pack_decoder",
                said,
                {**packing, "weights": decoder_weights},
                CALIBRATED,
            ),
            PackSpec("embedding", "aiebuild.designs.whisper:pack_embedding", inputs, packing),
        ),
        files=(FileSpec("tokenizer.json", files.tokenizer_path),),
        buffers=(),
        metadata={"dims": asdict(dims), "decoder_weights": decoder_weights, **facts},
        tests=self_tests(mel),
    )


def encoder_overlay(dims: ModelDims, grid: Grid = NPU1) -> OverlaySpec:
    """The encoder overlay with the sequence of a model."""
    parameters = encoder.encoder_parameters(grid)
    plan = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims, grid))
    sequence = SequenceSpec("encode", "encoder.mlir.j2", {**parameters, "sequence": encoder.encoder_sequence(plan)})
    kernels = tuple(KernelSpec(source, grid.defines) for source in encoder.KERNELS)
    return OverlaySpec("encoder", "encoder.mlir.j2", {**parameters, "sequence": None}, kernels, (sequence,))


def decoder_overlay(
    dims: ModelDims, windows: Sequence[int] = (1,), grid: Grid = NPU1, weights: str = "int8"
) -> OverlaySpec:
    """The decoder overlay with a model's sequences, for batches of each of the numbers of `windows`. The overlay is the
    same for all types of `weights`."""
    parameters = decoder_parameters(grid)
    plan = plan_decoder(DecoderShape.of(dims, grid, weights))
    sequences = [
        SequenceSpec(
            dispatch.name, "decoder.mlir.j2",
            {**parameters, "sequence": decoder_sequences.decoder_sequence(plan, dispatch)},
        )
        for count in windows
        for dispatch in dispatches(count)
    ]  # fmt: skip
    kernels = tuple(KernelSpec(source, grid.defines) for source in decoder.KERNELS)
    return OverlaySpec("decoder", "decoder.mlir.j2", {**parameters, "sequence": None}, kernels, tuple(sequences))


def run_facts(dims: ModelDims, mel: MelOverlay, windows: Sequence[int], weights: str = "int8") -> dict[str, Any]:
    """What the run needs of the plans: sizes and places in bytes, command headers with the words a run fills in."""
    grid = grid_of(mel.device)
    ep = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims, grid))
    operations = encoder.Encoder(ep).operations()
    return {
        "mel": {**mel.metadata(), "macs": {str(rounds): mel.macs(rounds) for rounds in mel.rounds}},
        "encoder": {
            "sequence": "encode",
            "object": encoder.OBJECT,
            "arena_bytes": ep.arena_bytes,
            "input_bytes": ep.input_bytes,
            "keys_bytes": ep.keys_bytes,
            "command": _words(encoder_commands.normalise_command(ep.shape, 0, 0)),
            "floor_word": 15,
            "elements_word": 16,
            "macs": _macs(operations),
            "activations": _activations(operations, encoder_plan.ARENA, ep.pool),
            "output": {
                "offset": ep.areas["xn"].offset,
                "stride": ep.areas["xn"].stride,
                "row_tiles": encoder_plan.ROW_TILES,
                "k_tiles": ep.shape.k_steps,
            },
        },
        "decoder": decoder_facts(dims, windows, grid, weights),
    }


def decoder_facts(dims: ModelDims, windows: Sequence[int], grid: Grid = NPU1, weights: str = "int8") -> dict[str, Any]:
    """What the run needs to fill in a decoder dispatch and to read what it leaves."""
    plan = plan_decoder(DecoderShape.of(dims, grid, weights))
    facts: list[dict[str, Any]] = []
    for dispatch in (dispatch for count in windows for dispatch in dispatches(count)):
        builder = decoder_sequences.Decoder(plan, dispatch)
        operations = builder.operations()
        block = dispatch.block(plan.shape)
        groups = [group for groups in attending(plan.shape, dispatch) for group in groups]
        logits = Split.of(logits_product(plan.shape), block)
        facts.append({
            "sequence": dispatch.name,
            **asdict(dispatch),
            "block_macs": builder.block_macs(operations),
            "activations": _activations(operations, decoder_plan.ARENA, builder.arena.pool),
            "arguments": list(decoder_sequences.argument_bytes(plan, dispatch)),
            "areas": dict(builder.arena.areas),
            "strides": dict(builder.arena.strides),
            "block": asdict(block),
            "asked": len(dispatch.asked(plan.shape)),
            "attending": [[group.window, group.first, group.rows] for group in groups],
            "self_command": _words(decoder_commands.self_command(
                plan.shape, groups[0].rows, dispatch.bucket, windows=dispatch.windows
            )),
            "logits_chunks": [logits.chunks, logits.chunk_tiles * plan.shape.tile],
        })  # fmt: skip
    return {
        "columns": grid.columns,
        "rows": grid.rows,
        "window_keys": plan.shape.window_keys,
        "log_entry": decoder_shape.LOG_HEAD,
        "object": decoder_shape.A_OBJECT,
        "table_words": decoder_shape.TABLE_WORDS,
        "suppressed_place": decoder_shape.SUPPRESSED_PLACE,
        "best": decoder_shape.BEST,
        "best_words": decoder_shape.BEST_WORDS,
        "best_object": decoder_shape.C_OBJECT,
        "best_rows": decoder_shape.BEST_ROWS,
        "most_rows": decoder_shape.MOST_ROWS,
        "suppressed": decoder_shape.SUPPRESSED,
        "live_word": decoder_commands.LIVE,
        "mask_word": decoder_commands.MASK_BYTES,
        "group_word": decoder_commands.GROUP,
        "dispatches": facts,
    }


def _words(command: bytes) -> list[int]:
    return list(struct.unpack(f"<{HEADER_WORDS}i", command[: 4 * HEADER_WORDS]))


def _activations(operations: Sequence[Operation], argument: int, pool: Pool) -> dict[str, Any]:
    return {
        "bytes": pool.bytes,
        "apart": pool.apart,
        "areas": [asdict(life) for life in lifetimes(operations, argument, pool)],
    }


def _macs(operations: Sequence[Operation]) -> int:
    return sum(operation.macs for operation in operations)


# --- pack functions, called by the build ----------------------------------------------------------------------------


def open_weights(inputs: Sequence[object], parameters: Mapping[str, Any]) -> WhisperWeights:
    path = cast(Path, inputs[0])
    return read_weights(path, cast(WeightFormat, parameters["format"]), ModelDims(**parameters["dims"]))


def packed_bytes(name: str, data: np.ndarray[Any, np.dtype[np.uint8]]) -> Packed:
    return Packed((data,), (Buffer(name, data.size, layout=Layout("row_major", "bytes", (data.size,))),))


def pack_embedding(inputs: Sequence[object], parameters: Mapping[str, Any]) -> Packed:
    """The token look-up, which the host CPU does: `embedding.tokens` and `embedding.positions`, as stored."""
    weights = open_weights(inputs, parameters)
    chunks: list[bytes] = []
    buffers: list[Buffer] = []
    at = 0
    for name, tensor in (
        ("embedding.tokens", "decoder.token_embedding.weight"),
        ("embedding.positions", "decoder.positional_embedding"),
    ):
        stored = weights.stored(tensor)
        data = stored.tobytes()
        kind = "f16" if stored.dtype == np.float16 else "f32"
        buffers.append(Buffer(name, len(data), at, layout=Layout("row_major", kind, tuple(stored.shape))))
        data += b"\0" * (-len(data) % 4096)
        chunks.append(data)
        at += len(data)
    return Packed(tuple(chunks), tuple(buffers))
