"""Packing the decoder's weights and commands into the file that its sequences stream from."""

from __future__ import annotations

from collections.abc import Mapping
from math import e, log2

import numpy as np
from numpy.typing import NDArray

from aiebuild.designs import four_bit
from aiebuild.designs.cross_keys import turned
from aiebuild.designs.decoder_commands import ALL_LIVE, AS_BEFORE, cross_command, linear_command, report_command
from aiebuild.designs.decoder_plan import DecoderPlan
from aiebuild.designs.decoder_products import Linear, layer_products, logits_product, stored_tiles, variants
from aiebuild.designs.decoder_shape import COLUMN, SLICE, DecoderShape, all_rows
from aiebuild.designs.encoder_weights import smoothing
from aiebuild.designs.grid import NPU1, ROWS
from aiebuild.weights.pack import Floats, from_bf16, to_bf16
from aiebuild.weights.rounding import Statistics, round_with_feedback

SMOOTHING = 0.35
"""Exponent of the smoothing: activations have 16 bits, so it serves the weights. Mean KL divergence of next tokens from
float32's on the sample at 0.25, 0.35 and 0.5: tiny.en 0.00078, 0.00075, 0.00077; base 0.00123 and 0.00092 at the first
two. Without smoothing and with a scale a column instead of a slice: 0.0012 and 0.0014."""


DAMPING = 1.0
"""Of rounding with feedback: a text has fewer tokens than the inputs have channels. Mean KL divergence of tiny.en,
simulated with these weights alone rounded, on speech that is not reported on: to the nearest 0.000177; with feedback
0.000171, 0.000138 and 0.000139 at 0.01, 0.1 and 1. On the speech that is: 0.000164; 0.000233, 0.000159,
0.000142."""


def pack_linear(
    w: Floats,
    linear: Linear,
    tiles: int,
    columns: int = NPU1.columns,
    moments: Floats | None = None,
    bias: Floats | None = None,
) -> NDArray[np.uint8]:
    """`w` [k, n] as [column of cores, `columns`][tile][object][16896] slices of int8 or four bits; padding is zero.

    A slice has its own scale for each column, in bf16: for 128 weights, not for all of a column's; `four_bit` for those
    of four bits. `moments` [k, k] of the inputs: rounded with feedback. `bias` [n] comes with int8 weights: its bf16
    with a column's first 128, what that leaves of it, in bf16 too, with the second.
    """
    k_tiles, n = linear.k_tiles, tiles * columns * COLUMN
    padded = np.zeros((w.shape[0], n), np.float32)
    padded[:, : w.shape[1]] = w
    if linear.bits == 4:
        return four_bit.pack(four_bit.quantise(padded, moments, DAMPING), tiles, columns)
    q, scale = quantise_slices(padded, moments)
    # k: tile, block, row; n: tile, column of cores, row of cores, block, column
    blocks = q.reshape(k_tiles, 16, 8, tiles, columns, ROWS, 4, 8).transpose(4, 3, 0, 5, 1, 6, 2, 7)
    out = np.zeros((columns, tiles, k_tiles, ROWS, SLICE), np.uint8)
    out[..., :4096] = np.ascontiguousarray(blocks).view(np.uint8).reshape(columns, tiles, k_tiles, ROWS, 4096)
    out[..., 4096:4160] = _of_columns(scale, tiles, columns)
    if bias is not None:
        if k_tiles < 2:
            raise ValueError(f"{linear.name}: a bias needs two k tiles, of {linear.k} there is one")
        whole = np.zeros((k_tiles, n), np.float32)
        whole[0, : bias.size] = from_bf16(to_bf16(bias))
        whole[1, : bias.size] = bias - whole[0, : bias.size]
        out[..., 4160:] = _of_columns(whole, tiles, columns)
    return out.reshape(-1)


def _of_columns(values: Floats, tiles: int, columns: int) -> NDArray[np.uint8]:
    """A number for each column and 128 of k [k / 128, n] as bf16 of the slices [columns, tiles, k / 128, 4, 64]."""
    each = to_bf16(values).reshape(-1, tiles, columns, ROWS, 32).transpose(2, 1, 0, 3, 4)
    return np.ascontiguousarray(each).view(np.uint8)


def quantise_slices(w: Floats, moments: Floats | None = None) -> tuple[NDArray[np.int8], Floats]:
    """int8 weights [k, n] and a scale for each 128 of a column, [k / 128, n]: w ~ q * scale, |q| <= 127. Scales are
    bf16 numbers, none below the one that the largest weight needs."""
    slices = w.reshape(-1, 128, w.shape[1])
    needed = np.maximum(np.abs(slices).max(axis=1), 1e-12).astype(np.float32) / np.float32(127)
    scale = ((needed.view(np.uint32) + np.uint32(0xFFFF)) & np.uint32(0xFFFF0000)).view(np.float32)
    if moments is not None:
        return round_with_feedback(w, scale, moments, damping=DAMPING), scale
    q = np.clip(np.rint(slices / scale[:, None]), -127, 127).astype(np.int8)
    return q.reshape(w.shape), scale


def log_columns(s: DecoderShape) -> NDArray[np.int64]:
    """Of each packed column of the q, k, v product its number among q, k and v one after the other; -1 where there is
    none: a head's keys and values lie side by side (`DecoderShape.log_place`)."""
    out = np.full(layer_products(s, 0)["qkv"].columns, -1, np.int64)
    queries = s.log_tiles * s.tile
    out[queries : queries + s.state] = np.arange(s.state)
    for head in range(s.heads):
        tile, column = s.log_place(head)
        at = tile * s.tile + column * COLUMN
        for which in (1, 2):
            first = which * s.state + head * 64
            out[at + (which - 1) * 64 : at + which * 64] = np.arange(first, first + 64)
    return out


def pack_decoder(
    weights: Mapping[str, Floats], plan: DecoderPlan, known: Mapping[str, Statistics] | None = None
) -> NDArray[np.uint8]:
    """The packed weights of the decoder, `plan.weight_bytes` bytes.

    `known`: statistics of what the products read, by name (`aiebuild.calibration`).

    Layer norm's beta goes into the bias that follows; gamma over the smoothing factors is sent as bf16, and what
    that rounds off goes into the weights; the attention's 1/8 and log2 e go into the queries.
    """
    s = plan.shape
    out = np.zeros(plan.weight_bytes, np.uint8)

    def put(name: str, data: NDArray[np.uint8] | bytes) -> None:
        flat = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data.reshape(-1)
        at = plan.weight_offsets[name]
        out[at : at + flat.size] = flat

    def put_linear(
        linear: Linear, w: Floats, bias: Floats | None, norm: str | None, reads: str = "", live: int = AS_BEFORE,
        turn: bool = False,
    ) -> None:  # fmt: skip
        """`reads`: what the product reads where there is no layer norm, as `known` calls it. `turn`: its channels come
        turned (`cross_keys`)."""
        gamma: Floats | None = None
        seen = None if known is None else known[norm or reads]
        if norm is not None:
            exact, beta = weights[norm + ".weight"], weights[norm + ".bias"]
            gamma = from_bf16(to_bf16(exact / smoothing(exact, w, SMOOTHING)))
            bias = w @ beta if bias is None else bias + w @ beta
            factor = np.where(gamma == 0, 0, exact / np.where(gamma == 0, 1, gamma)).astype(np.float32)
            w = w * factor
            seen = None if seen is None else seen.divided(np.where(factor == 0, 1, factor).astype(np.float32))
        moments = None if seen is None else seen.moments
        if turn:
            w, moments = turned(w), None if moments is None else turned(turned(moments), axis=0)
        tiles = stored_tiles(s, linear)
        added = None if bias is None else bias.astype(np.float32)
        put(linear.name, pack_linear(np.ascontiguousarray(w.T), linear, tiles, s.grid.columns, moments, added))
        if added is not None and linear.bits == 4:
            put(linear.name + ".bias", added.view(np.uint8))
        for variant in variants(s, linear):
            put(variant.name(linear), linear_command(s, linear, variant, gamma, live))

    scale = np.float32(0.125 * log2(e))
    zeros = np.zeros(s.state, np.float32)
    columns = log_columns(s)
    for layer in range(s.layers):
        b = f"decoder.blocks.{layer}."
        p = layer_products(s, layer)
        w = np.concatenate([
            weights[b + "attn.query.weight"] * scale, weights[b + "attn.key.weight"], weights[b + "attn.value.weight"]
        ])  # fmt: skip
        bias = np.concatenate([weights[b + "attn.query.bias"] * scale, zeros, weights[b + "attn.value.bias"]])
        w, bias = (np.where((columns >= 0).reshape(-1, *[1] * (x.ndim - 1)), x[columns], 0) for x in (w, bias))
        put_linear(p["qkv"], w, bias, b + "attn_ln", live=AS_BEFORE if layer else ALL_LIVE)
        put_linear(p["out"], weights[b + "attn.out.weight"], weights[b + "attn.out.bias"], None, b + "attn.context")
        put_linear(
            p["cross_query"], turned(weights[b + "cross_attn.query.weight"] * scale, axis=0),
            turned(weights[b + "cross_attn.query.bias"] * scale),
            b + "cross_attn_ln",
        )  # fmt: skip
        put_linear(
            p["cross_out"], weights[b + "cross_attn.out.weight"], weights[b + "cross_attn.out.bias"], None,
            b + "cross_attn.context", turn=True,
        )  # fmt: skip
        put_linear(p["fc1"], weights[b + "mlp.0.weight"], weights[b + "mlp.0.bias"], b + "mlp_ln")
        put_linear(p["fc2"], weights[b + "mlp.2.weight"], weights[b + "mlp.2.bias"], None, b + "mlp.1")
    put_linear(logits_product(s), weights["decoder.token_embedding.weight"], None, "decoder.ln")
    for count in (1, 2, 4, 8):
        put(f"cross.command{count}", cross_command(s, count, live=AS_BEFORE))
    for rows in all_rows(s):
        put(f"report.command.{rows.key}", report_command(rows))
    return out
