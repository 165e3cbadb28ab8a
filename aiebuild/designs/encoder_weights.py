"""Packing the encoder's weights and commands into the file that its sequence streams from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import e, log2

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs.cross_keys import turned
from aiebuild.designs.encoder_commands import GELU, KEYS_OUT, MASK, RESIDUAL, VALUES_OUT, Command, norm_command
from aiebuild.designs.encoder_plan import POSITIONS, ROUNDS, ROW_TILES, EncoderPlan
from aiebuild.weights.pack import Floats, from_bf16, pack_bf16, pack_int8, pack_rows_bf16, to_bf16
from aiebuild.weights.rounding import Statistics


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
    names = [f"layer{i}.norm{j}" for i in range(s.layers) for j in (1, 2)] + ["norm"]
    for name in names:
        g = gamma[name].astype(np.float32)
        out[name + ".command"] = norm_command(s.state, s.norm_groups, rounds // s.norm_groups, to_bf16(g).tobytes())
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


def smoothing(activation: Floats, readers: Floats, alpha: float = 0.75) -> Floats:
    """Factor per channel that a layer norm's output is divided by and its readers' weights [out, in] multiplied by.

    SmoothQuant (Xiao et al. 2023, equation 4) with `alpha`. `activation`: largest magnitudes of a sample, or |gamma|
    where there is none: Whisper's outlier channels have outlying gammas.
    """
    reader = np.maximum(np.abs(readers).max(axis=0), 1e-6)
    factor = (np.abs(activation) + 1e-3) ** alpha / reader ** (1 - alpha)
    return (factor / np.exp(np.log(factor).mean())).astype(np.float32)


@dataclass(frozen=True)
class Smoothed:
    """A layer norm and its readers: gamma over the factors as bf16 holds it, and what the weights take over, [k].

    `statistics`: of what the readers then see, if known.
    """

    gamma: Floats
    factor: Floats
    statistics: Statistics | None

    @staticmethod
    def of(gamma: Floats, readers: Floats, statistics: Statistics | None) -> Smoothed:
        """`readers`: their weights [out, in]; `statistics`: of the layer norm's output without beta."""
        factor = smoothing(gamma if statistics is None else statistics.largest, readers)
        sent = from_bf16(to_bf16(gamma / factor))
        # what rounding gamma loses goes into the weights
        factor = np.where(sent == 0, factor, gamma / np.where(sent == 0, 1, sent)).astype(np.float32)
        return Smoothed(sent, factor, None if statistics is None else statistics.divided(factor))

    def pack(self, w: Floats, bias: Floats, column_tiles: int) -> NDArray[np.uint8]:
        """Weights [out, in] of a reader, `w` before smoothing."""
        moments = None if self.statistics is None else self.statistics.moments
        return pack_int8((w * self.factor).T, bias, column_tiles, moments)


FINAL_NORM = "encoder.ln_post"


def final_norm(weights: Mapping[str, Floats], text_layers: int, known: Mapping[str, Statistics] | None) -> Smoothed:
    """The final layer norm, which the keys and values of all the decoder's layers read."""
    return Smoothed.of(
        weights[FINAL_NORM + ".weight"],
        _final_readers(weights, text_layers),
        None if known is None else known[FINAL_NORM],
    )


def _final_readers(weights: Mapping[str, Floats], text_layers: int) -> Floats:
    """Keys' and values' weights [out, in], turned (`cross_keys`)."""
    return turned(np.concatenate([
        weights[f"decoder.blocks.{i}.cross_attn.{name}.weight"] for name in ("key", "value") for i in range(text_layers)
    ]), axis=0)  # fmt: skip


def pack_encoder(
    weights: Mapping[str, Floats], plan: EncoderPlan, known: Mapping[str, Statistics] | None = None
) -> NDArray[np.uint8]:
    """The packed weights of the encoder, `plan.weight_bytes` bytes.

    `known`: statistics of the outputs of every layer norm, less beta, by its name (`aiebuild.calibration`).

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
        smoothed = Smoothed.of(weights[source + ".weight"], w, None if known is None else known[source])
        gamma[norm] = smoothed.gamma
        beta = np.asarray(w @ weights[source + ".bias"], np.float32)
        put(name, smoothed.pack(w, bias + beta, column_tiles))

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
    both = _final_readers(weights, s.text_layers)
    last = final_norm(weights, s.text_layers, known)
    gamma["norm"] = last.gamma
    bias = both @ weights[FINAL_NORM + ".bias"]
    n = s.text_layers * s.state
    added = [weights[f"decoder.blocks.{i}.cross_attn.value.bias"] for i in range(s.text_layers)]
    bias[n:] += turned(np.concatenate(added))
    heads = s.text_layers * s.heads
    put("keys", last.pack(both[:n], bias[:n], heads))
    put("values", last.pack(both[n:], bias[n:], heads))
    for name, command in commands(plan, gamma).items():
        put(name, command)
    return out
