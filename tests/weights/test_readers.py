"""The readers of weight files: the same tensors from both formats, one clear line for every broken file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ct2_writer import SMALL, ct2_variables, random_tensors, write_ct2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from aiebuild.config.model import ModelConfig
from aiebuild.errors import AiebuildError, BuildError, UsageError
from aiebuild.weights import WeightFiles, WhisperWeights, expected_shapes, load_weights
from aiebuild.weights.ct2 import Ct2File, read_ct2
from aiebuild.weights.hf_safetensors import canonical_name
from aiebuild.weights.tensors import StoredTensor, check_shapes

CONFIG = ModelConfig("small-test.en", SMALL, ())

HF_PARTS = {
    "attn.query": "self_attn.q_proj",
    "attn.key": "self_attn.k_proj",
    "attn.value": "self_attn.v_proj",
    "attn.out": "self_attn.out_proj",
    "attn_ln": "self_attn_layer_norm",
    "cross_attn.query": "encoder_attn.q_proj",
    "cross_attn.key": "encoder_attn.k_proj",
    "cross_attn.value": "encoder_attn.v_proj",
    "cross_attn.out": "encoder_attn.out_proj",
    "cross_attn_ln": "encoder_attn_layer_norm",
    "mlp.0": "fc1",
    "mlp.2": "fc2",
    "mlp_ln": "final_layer_norm",
}
HF_TOP = {
    "encoder.conv1": "encoder.conv1",
    "encoder.conv2": "encoder.conv2",
    "encoder.ln_post": "encoder.layer_norm",
    "decoder.ln": "decoder.layer_norm",
    "decoder.token_embedding": "decoder.embed_tokens",
}


def hf_name(name: str) -> str:
    if name.endswith("positional_embedding"):
        return f"model.{name.split('.')[0]}.embed_positions.weight"
    module, kind = name.rsplit(".", 1)
    if ".blocks." in module:
        side, _, layer, part = module.split(".", 3)
        return f"model.{side}.layers.{layer}.{HF_PARTS[part]}.{kind}"
    return f"model.{HF_TOP[module]}.{kind}"


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return random_tensors(SMALL)


@pytest.fixture(scope="module")
def ct2_file(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray]) -> Path:
    path = tmp_path_factory.mktemp("ct2") / "model.bin"
    aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    path.write_bytes(write_ct2(ct2_variables(tensors, SMALL), aliases))
    return path


@pytest.fixture(scope="module")
def safetensors_file(tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray]) -> Path:
    path = tmp_path_factory.mktemp("st") / "model.safetensors"
    named = {hf_name(name): tensor for name, tensor in tensors.items()}
    save_file({**named, "proj_out.weight": tensors["decoder.token_embedding.weight"]}, path)
    return path


def files(path: Path) -> WeightFiles:
    kind = "safetensors" if path.suffix == ".safetensors" else "ctranslate2"
    return WeightFiles("small-test.en", kind, path, path, {}, "test")


@pytest.mark.parametrize("kind", ["ct2_file", "safetensors_file"])
def test_both_formats_give_the_canonical_tensors(
    kind: str, request: pytest.FixtureRequest, tensors: dict[str, np.ndarray]
) -> None:
    weights = load_weights(files(request.getfixturevalue(kind)), CONFIG)
    assert set(weights) == set(expected_shapes(SMALL))
    for name, tensor in tensors.items():
        assert weights[name].dtype == np.float32
        assert weights.shape(name) == tensor.shape
        np.testing.assert_array_equal(weights[name], tensor.astype(np.float32), err_msg=name)
        np.testing.assert_array_equal(weights.stored(name), tensor)


def test_every_canonical_name_survives_the_hub_names() -> None:
    for name in expected_shapes(SMALL):
        assert canonical_name(hf_name(name)) == name
    assert canonical_name("model.encoder.layers.0.unknown.weight") is None
    assert canonical_name("model.vision.weight") is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fraction=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize("kind", ["ct2_file", "safetensors_file"])
def test_a_truncated_file_is_one_clear_line(
    fraction: float, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    whole: Path = request.getfixturevalue(kind)
    data = whole.read_bytes()
    cut = tmp_path / whole.name
    cut.write_bytes(data[: int(len(data) * fraction)])
    with pytest.raises(BuildError) as caught:
        load_weights(files(cut), CONFIG)
    assert str(cut) in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_corrupt_head_is_an_error_of_ours_or_still_the_same_shapes(
    position: int, value: int, ct2_file: Path, tmp_path: Path
) -> None:
    data = bytearray(ct2_file.read_bytes())
    data[position] = value
    broken = tmp_path / "model.bin"
    broken.write_bytes(data)
    try:
        load_weights(files(broken), CONFIG)
    except AiebuildError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["model.bin", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip file, perhaps", b"x" * 1000])
def test_not_weights_at_all(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BuildError, match=str(path)):
        load_weights(files(path), CONFIG)


@pytest.mark.parametrize("name", ["model.bin", "model.safetensors"])
def test_a_missing_file_is_a_usage_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_weights(files(tmp_path / name), CONFIG)


def test_another_kind_of_model(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(write_ct2({}).replace(b"WhisperSpec", b"WhisparSpec"))
    with pytest.raises(BuildError, match="is a CTranslate2 WhisparSpec, not a Whisper model"):
        Ct2File(path)


def test_quantised_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(write_ct2({"encoder/conv1/weight": np.zeros((2, 3), np.int8)}))
    with pytest.raises(BuildError, match="int8; float16 and float32 are supported"):
        Ct2File(path).read("encoder/conv1/weight")


def test_a_key_with_bias_is_refused(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    variables = ct2_variables(tensors, SMALL)
    bias = variables["encoder/layer_0/self_attention/linear_0/bias"].copy()
    bias[64] = 1
    variables["encoder/layer_0/self_attention/linear_0/bias"] = bias
    path = tmp_path / "model.bin"
    path.write_bytes(write_ct2(variables))
    with pytest.raises(BuildError, match=r"encoder\.blocks\.0\.attn\.key\.bias is not zero"):
        read_ct2(path)


def test_another_model_is_named_by_its_first_wrong_tensor(tiny_en_files: WeightFiles, base_config: ModelConfig) -> None:
    with pytest.raises(BuildError, match=r"encoder\.conv1\.weight has shape \[384, 80, 3\], base has \[512, 80, 3\]"):
        load_weights(tiny_en_files, base_config)


def test_missing_and_foreign_tensors_are_named() -> None:
    tensors = {
        name: StoredTensor(shape, lambda: np.zeros(1, np.float32)) for name, shape in expected_shapes(SMALL).items()
    }
    missing = {name: tensor for name, tensor in tensors.items() if "blocks.1" not in name}
    with pytest.raises(BuildError, match=r"no tensor encoder\.blocks\.1\.attn_ln\.weight"):
        check_shapes(missing, SMALL, "small-test.en", Path("model.bin"))
    extra = {**tensors, "encoder.blocks.2.attn_ln.weight": tensors["encoder.ln_post.weight"]}
    with pytest.raises(BuildError, match=r"encoder\.blocks\.2\.attn_ln\.weight is no part"):
        check_shapes(extra, SMALL, "small-test.en", Path("model.bin"))


@pytest.mark.weights
def test_real_weights(base_weights: WhisperWeights, tiny_en_weights: WhisperWeights) -> None:
    assert len(base_weights) == len(expected_shapes(base_weights.dims))
    assert sum(int(np.prod(base_weights.shape(name))) for name in base_weights) == 72_593_920
    # the encoder's positions are sinusoids: known without the file
    for weights in (base_weights, tiny_en_weights):
        positions = weights["encoder.positional_embedding"]
        assert np.abs(positions[0, : positions.shape[1] // 2]).max() == 0
        np.testing.assert_allclose(positions[1, 0], np.sin(1), atol=1e-3)
