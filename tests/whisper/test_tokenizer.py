from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiebuild.config.model import ModelConfig
from aiebuild.errors import BuildError, UsageError
from aiebuild.weights import WeightFiles
from aiebuild.whisper.languages import LANGUAGES, language_code
from aiebuild.whisper.tokenizer import WhisperTokenizer

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def english(tiny_en_files: WeightFiles, tiny_en_config: ModelConfig) -> WhisperTokenizer:
    return WhisperTokenizer(tiny_en_files.tokenizer_path, tiny_en_config.dims)


@pytest.fixture(scope="module")
def multilingual(base_files: WeightFiles, base_config: ModelConfig) -> WhisperTokenizer:
    return WhisperTokenizer(base_files.tokenizer_path, base_config.dims)


def test_special_tokens(english: WhisperTokenizer, multilingual: WhisperTokenizer) -> None:
    assert (multilingual.eot, multilingual.sot, multilingual.timestamp_begin) == (50257, 50258, 50364)
    assert (english.eot, english.sot, english.timestamp_begin) == (50256, 50257, 50363)
    assert multilingual.no_speech == 50362
    assert english.no_speech == 50361


def test_start_of_transcript(english: WhisperTokenizer, multilingual: WhisperTokenizer) -> None:
    assert multilingual.sot_sequence("en", "transcribe") == (50258, 50259, 50359)
    assert multilingual.sot_sequence("German", "translate") == (50258, 50261, 50358)
    assert multilingual.sot_sequence(None, "transcribe") == (50258, 50259, 50359)
    assert english.sot_sequence("English", "transcribe") == (50257,)


def test_what_the_model_lacks_is_a_usage_error(english: WhisperTokenizer, multilingual: WhisperTokenizer) -> None:
    with pytest.raises(UsageError, match="does not know language `de`"):
        english.sot_sequence("de", "transcribe")
    with pytest.raises(UsageError, match="does not know translation"):
        english.sot_sequence("en", "translate")
    with pytest.raises(UsageError, match="does not know the language `yue`"):
        multilingual.sot_sequence("yue", "transcribe")
    with pytest.raises(UsageError, match="unknown task `sing`"):
        multilingual.sot_sequence("en", "sing")


def test_languages(multilingual: WhisperTokenizer, english: WhisperTokenizer) -> None:
    assert len(multilingual.language_tokens) == 99
    assert list(multilingual.language_tokens.values()) == list(range(50259, 50358))
    assert english.language_tokens == {}
    assert len(LANGUAGES) == 100
    assert language_code("Flemish") == "nl"
    with pytest.raises(UsageError, match="unknown language `englsh`; did you mean `english`"):
        language_code("englsh")


@pytest.mark.parametrize("name", ["tiny_en", "base"])
def test_suppressed_tokens_are_those_of_the_converted_model(name: str, request: pytest.FixtureRequest) -> None:
    files: WeightFiles = request.getfixturevalue(f"{name}_files")
    config = json.loads((files.folder / "config.json").read_text())
    if "suppress_ids" not in config:
        pytest.skip("the weights in the cache are not CTranslate2's")
    tokenizer: WhisperTokenizer = request.getfixturevalue("english" if name == "tiny_en" else "multilingual")
    assert sorted({*tokenizer.non_speech_tokens, *tokenizer.special_tokens}) == sorted(config["suppress_ids"])
    assert list(tokenizer.blank_tokens) == config["suppress_ids_begin"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_text_survives(text: str, english: WhisperTokenizer, multilingual: WhisperTokenizer) -> None:
    for tokenizer in (english, multilingual):
        tokens = tokenizer.encode(text)
        assert all(token < tokenizer.eot for token in tokens)
        assert tokenizer.decode(tokens) == text


def test_a_prompt_that_spells_a_special_token_is_text(multilingual: WhisperTokenizer) -> None:
    tokens = multilingual.encode("<|endoftext|>")
    assert multilingual.eot not in tokens
    assert multilingual.decode(tokens) == "<|endoftext|>"


def test_timestamps_and_broken_characters(multilingual: WhisperTokenizer) -> None:
    smile = multilingual.encode("😀")
    begin = multilingual.timestamp_begin
    assert multilingual.decode([begin, *smile, begin + 50]) == "😀"
    assert set(multilingual.decode(smile[:1])) == {"�"}
    assert multilingual.text_tokens([begin, *smile, multilingual.eot, begin + 50]) == smile


def test_another_models_tokenizer(base_files: WeightFiles, tiny_en_config: ModelConfig) -> None:
    with pytest.raises(BuildError, match="has 51865 tokens with timestamps, the model has 51864"):
        WhisperTokenizer(base_files.tokenizer_path, tiny_en_config.dims)


def test_broken_tokenizers(tmp_path: Path, base_config: ModelConfig) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(UsageError, match="no such file"):
        WhisperTokenizer(path, base_config.dims)
    path.write_text("{")
    with pytest.raises(BuildError, match="not a tokenizer"):
        WhisperTokenizer(path, base_config.dims)
    path.write_text('{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}')
    with pytest.raises(BuildError, match=r"has no token <\|endoftext\|>"):
        WhisperTokenizer(path, base_config.dims)
