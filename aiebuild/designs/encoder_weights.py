"""Packing the encoder's weights and commands into the file that its sequence streams from."""

from __future__ import annotations

from collections.abc import Mapping
from math import e, log2

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.encoder import (
    GELU,
    KEYS_OUT,
    MASK,
    POSITIONS,
    RESIDUAL,
    ROUNDS,
    ROW_TILES,
    VALUES_OUT,
    Command,
    EncoderPlan,
)
from aiebuild.weights.pack import Floats, pack_bf16, pack_int8, pack_rows_bf16, to_bf16


def commands(plan: EncoderPlan, gamma: Mapping[str, Floats]) -> dict[str, bytes]:
    """Every command object by weight name; `gamma` has each layer norm's, which travels with its command."""
    s = plan.shape
    tiles = s.padded(s.channel_tiles)
    rounds, columns = ROUNDS, s.grid.columns

    def gemm(kind: str, column_tiles: int, products: int, epilogue: int = 0, **more: int) -> bytes:
        side = columns if epilogue & RESIDUAL else 0
        return Command(
            kind, tiles=column_tiles // columns * rounds, products=products, epilogue=epilogue, side=side, **more
        ).object()

    out: dict[str, bytes] = {}
    for tap in range(3):
        out[f"conv1.{tap}.command"] = gemm(
            "gemm_bf16_rows", tiles, s.mel_steps, GELU | MASK, row_low=1 if tap == 0 else 0
        )
    out["conv2.command"] = gemm("gemm_bf16", tiles, 3 * tiles, GELU | RESIDUAL | MASK)
    outputs = -(-s.k_steps // 4)
    names = [f"layer{i}.norm{j}" for i in range(s.layers) for j in (1, 2)] + ["norm"]
    for name in names:
        g = gamma[name].astype(np.float32)
        out[name + ".command"] = Command(
            "layer_norm", tiles=rounds // s.norm_groups, statistics=s.norm_groups * s.channel_tiles, outputs=outputs,
            side=s.norm_groups * 8, channels=s.state,
        ).object(to_bf16(g).tobytes())  # fmt: skip
    for layer in range(s.layers):
        p = f"layer{layer}."
        out[p + "qkv.command"] = gemm(
            "gemm_int8", s.padded(3 * s.heads), s.k_steps, transposed_until=s.heads, natural_until=2 * s.heads
        )
        out[p + "attention.command"] = Command(
            "attention", tiles=-(-s.heads // columns) * rounds, side=columns, stream=-(-POSITIONS // 32)
        ).object()
        out[p + "out.command"] = gemm("gemm_bf16", tiles, s.channel_tiles, RESIDUAL)
        out[p + "fc1.command"] = gemm("gemm_int8", s.padded(4 * s.channel_tiles), s.k_steps, GELU)
        out[p + "fc2.command"] = gemm("gemm_bf16", tiles, 4 * s.channel_tiles, RESIDUAL)
    heads = s.text_layers * s.heads
    out["keys.command"] = gemm("gemm_int8", heads, s.k_steps, KEYS_OUT)
    out["values.command"] = gemm("gemm_int8", heads, s.k_steps, VALUES_OUT)
    return out


def smoothing(gamma: Floats, readers: Floats, alpha: float = 0.75) -> Floats:
    """Factor per channel that a layer norm's output is divided by and its readers' weights [out, in] multiplied by.

    SmoothQuant (Xiao et al. 2023, equation 4) with `alpha`, and |gamma| in place of measured activation maxima:
    Whisper's outlier channels have outlying gammas, so no calibration audio is needed.
    """
    activation = np.abs(gamma) + 1e-3
    reader = np.maximum(np.abs(readers).max(axis=0), 1e-6)
    factor = activation**alpha / reader ** (1 - alpha)
    return (factor / np.exp(np.log(factor).mean())).astype(np.float32)


def pack_encoder(weights: Mapping[str, Floats], plan: EncoderPlan) -> NDArray[np.uint8]:
    """The packed weights of the encoder, `plan.weight_bytes` bytes.

    Layer norm's beta goes into the bias of the product that follows; the attention's 1/8 and log2 e into the queries.
    """
    s = plan.shape
    tiles = s.padded(s.channel_tiles)
    out = np.zeros(plan.weight_bytes, np.uint8)

    def put(name: str, data: NDArray[np.uint8] | bytes) -> None:
        flat = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data.reshape(-1)
        at = plan.weight_offsets[name]
        out[at : at + flat.size] = flat

    gamma: dict[str, Floats] = {}

    def read_norm(norm: str, source: str, name: str, w: Floats, bias: Floats, column_tiles: int) -> None:
        """Pack `w` [out, in], which reads layer norm `source`; its gamma goes with the norm's command."""
        factor = smoothing(weights[source + ".weight"], w)
        gamma[norm] = weights[source + ".weight"] / factor
        beta = np.asarray(w @ weights[source + ".bias"], np.float32)
        put(name, pack_int8((w * factor).T, bias + beta, column_tiles))

    conv1 = weights["encoder.conv1.weight"].transpose(2, 1, 0).reshape(3 * s.n_mels, s.state)
    put("conv1", pack_bf16(conv1, weights["encoder.conv1.bias"], s.mel_steps, tiles))
    conv2 = np.zeros((3, tiles * 64, s.state), np.float32)
    conv2[:, : s.state] = weights["encoder.conv2.weight"].transpose(2, 1, 0)
    put("conv2", pack_bf16(conv2.reshape(-1, s.state), weights["encoder.conv2.bias"], 3 * tiles, tiles))
    put("positions", pack_rows_bf16(weights["encoder.positional_embedding"], ROW_TILES, tiles))
    for layer in range(s.layers):
        p, block = f"layer{layer}.", f"encoder.blocks.{layer}."
        scale = 0.125 * log2(e)
        w = np.concatenate([
            weights[block + "attn.query.weight"] * scale, weights[block + "attn.key.weight"],
            weights[block + "attn.value.weight"],
        ])  # fmt: skip
        bias = np.concatenate([
            weights[block + "attn.query.bias"] * scale, np.zeros(s.state, np.float32),
            weights[block + "attn.value.bias"],
        ])  # fmt: skip
        read_norm(p + "norm1", block + "attn_ln", p + "qkv", w, bias, s.padded(3 * s.heads))
        put(p + "out", pack_bf16(weights[block + "attn.out.weight"].T, weights[block + "attn.out.bias"],
                                 s.channel_tiles, tiles))  # fmt: skip
        read_norm(p + "norm2", block + "mlp_ln", p + "fc1", weights[block + "mlp.0.weight"],
                  weights[block + "mlp.0.bias"], s.padded(4 * s.channel_tiles))  # fmt: skip
        put(p + "fc2", pack_bf16(weights[block + "mlp.2.weight"].T, weights[block + "mlp.2.bias"],
                                 4 * s.channel_tiles, tiles))  # fmt: skip
    keys = [weights[f"decoder.blocks.{i}.cross_attn.key.weight"] for i in range(s.text_layers)]
    values = [weights[f"decoder.blocks.{i}.cross_attn.value.weight"] for i in range(s.text_layers)]
    both = np.concatenate(keys + values)
    factor = smoothing(weights["encoder.ln_post.weight"], both)
    gamma["norm"] = weights["encoder.ln_post.weight"] / factor
    bias = both @ weights["encoder.ln_post.bias"]
    n = s.text_layers * s.state
    bias[n:] += np.concatenate([weights[f"decoder.blocks.{i}.cross_attn.value.bias"] for i in range(s.text_layers)])
    heads = s.text_layers * s.heads
    put("keys", pack_int8((both[:n] * factor).T, bias[:n], heads))
    put("values", pack_int8((both[n:] * factor).T, bias[n:], heads))
    for name, command in commands(plan, gamma).items():
        put(name, command)
    return out
