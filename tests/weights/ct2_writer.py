"""A CTranslate2 file made in memory, for tests of its reader."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from aiebuild.config.model import ModelDims
from aiebuild.weights.tensors import expected_shapes

TYPES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

SMALL = ModelDims(
    n_mels=80,
    n_audio_ctx=1500,
    n_audio_state=64,
    n_audio_head=1,
    n_audio_layer=2,
    n_vocab=51864,
    n_text_ctx=16,
    n_text_state=64,
    n_text_head=1,
    n_text_layer=1,
)
"""The smallest model the dimension checks allow."""


def text(name: str) -> bytes:
    raw = name.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def write_ct2(variables: Mapping[str, np.ndarray], aliases: Mapping[str, str] | None = None) -> bytes:
    out = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, array in variables.items():
        data = array.tobytes()
        out += text(name) + struct.pack("<B", array.ndim) + struct.pack(f"<{array.ndim}I", *array.shape)
        out += struct.pack("<BI", TYPES[str(array.dtype)], len(data)) + data
    out += struct.pack("<I", len(aliases or {}))
    for alias, target in (aliases or {}).items():
        out += text(alias) + text(target)
    return out


def random_tensors(dims: ModelDims, seed: int = 0) -> dict[str, np.ndarray]:
    """Random float16 tensors of every canonical name."""
    rng = np.random.default_rng(seed)
    return {
        name: (0.1 * rng.standard_normal(shape, np.float32)).astype(np.float16)
        for name, shape in expected_shapes(dims).items()
    }


def ct2_variables(tensors: Mapping[str, np.ndarray], dims: ModelDims) -> dict[str, np.ndarray]:
    """Canonical tensors as CTranslate2 stores them: fused, with zero key biases."""
    out: dict[str, np.ndarray] = {"decoder/alibi": np.array(0, np.int8)}

    def norm(target: str, source: str) -> None:
        out[f"{target}/gamma"] = tensors[f"{source}.weight"]
        out[f"{target}/beta"] = tensors[f"{source}.bias"]

    def linear(target: str, sources: list[str]) -> None:
        out[f"{target}/weight"] = np.concatenate([tensors[f"{s}.weight"] for s in sources])
        zero = np.zeros(dims.n_audio_state, np.float16)
        out[f"{target}/bias"] = np.concatenate([tensors.get(f"{s}.bias", zero) for s in sources])

    linear("encoder/conv1", ["encoder.conv1"])
    linear("encoder/conv2", ["encoder.conv2"])
    out["encoder/position_encodings/encodings"] = tensors["encoder.positional_embedding"]
    out["decoder/position_encodings/encodings"] = tensors["decoder.positional_embedding"]
    out["decoder/embeddings/weight"] = tensors["decoder.token_embedding.weight"]
    norm("encoder/layer_norm", "encoder.ln_post")
    norm("decoder/layer_norm", "decoder.ln")
    for side, layers in (("encoder", dims.n_audio_layer), ("decoder", dims.n_text_layer)):
        for layer in range(layers):
            t, s = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            norm(f"{t}/self_attention/layer_norm", f"{s}.attn_ln")
            linear(f"{t}/self_attention/linear_0", [f"{s}.attn.{p}" for p in ("query", "key", "value")])
            linear(f"{t}/self_attention/linear_1", [f"{s}.attn.out"])
            if side == "decoder":
                norm(f"{t}/attention/layer_norm", f"{s}.cross_attn_ln")
                linear(f"{t}/attention/linear_0", [f"{s}.cross_attn.query"])
                linear(f"{t}/attention/linear_1", [f"{s}.cross_attn.key", f"{s}.cross_attn.value"])
                linear(f"{t}/attention/linear_2", [f"{s}.cross_attn.out"])
            norm(f"{t}/ffn/layer_norm", f"{s}.mlp_ln")
            linear(f"{t}/ffn/linear_0", [f"{s}.mlp.0"])
            linear(f"{t}/ffn/linear_1", [f"{s}.mlp.2"])
    return out
