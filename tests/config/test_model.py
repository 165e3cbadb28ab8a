from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiebuild.config.model import load_model_config, model_names
from aiebuild.errors import UsageError
from aiebuild.resources import configs_dir

# openai/whisper's dimensions: n_mels, state, heads, encoder layers, decoder layers, vocabulary
PUBLISHED = {
    "tiny": (80, 384, 6, 4, 4, 51865),
    "tiny.en": (80, 384, 6, 4, 4, 51864),
    "base": (80, 512, 8, 6, 6, 51865),
    "base.en": (80, 512, 8, 6, 6, 51864),
    "small": (80, 768, 12, 12, 12, 51865),
    "small.en": (80, 768, 12, 12, 12, 51864),
    "medium": (80, 1024, 16, 24, 24, 51865),
    "medium.en": (80, 1024, 16, 24, 24, 51864),
    "large-v3": (128, 1280, 20, 32, 32, 51866),
    "turbo": (128, 1280, 20, 32, 4, 51866),
}


def test_every_published_model_has_a_configuration() -> None:
    assert model_names() == tuple(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_dimensions_are_the_published_ones(name: str) -> None:
    config = load_model_config(name)
    dims = config.dims
    assert PUBLISHED[name] == (
        dims.n_mels,
        dims.n_audio_state,
        dims.n_audio_head,
        dims.n_audio_layer,
        dims.n_text_layer,
        dims.n_vocab,
    )
    assert dims.is_multilingual == (not name.endswith(".en"))
    assert dims.num_languages == (100 if dims.n_vocab == 51866 else 99)
    assert config.alignment_heads
    assert config.hub


@pytest.mark.parametrize("name", ["base", "tiny.en"])
def test_models_with_packages_end_with_them(name: str) -> None:
    config = load_model_config(name)
    assert config.sources[-1] in config.packages


def test_alias() -> None:
    assert load_model_config("large-v3-turbo") == load_model_config("turbo")


def test_unknown_model_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="unknown model `bsae`; did you mean `base`") as caught:
        load_model_config("bsae")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ("n_mels = 80", "n_mels = 64", "`n_mels` must be 80 or 128, is 64"),
        ("n_mels = 80", "n_mel = 80", "unknown key `n_mel`; did you mean `n_mels`? in [dims]"),
        ("n_audio_head = 8", "n_audio_head = 7", "`n_audio_state` must be 64 times `n_audio_head` (7), that is 448"),
        ("n_text_state = 512", "n_text_state = 384", "`n_text_state` must equal `n_audio_state` (512)"),
        ("n_audio_ctx = 1500", "n_audio_ctx = 1501", "`n_audio_ctx` must be 1500"),
        ("n_text_ctx = 448", "n_text_ctx = 500", "`n_text_ctx` must be 1 to 448"),
        ("n_text_layer = 6", "n_text_layer = 0", "`n_text_layer` must be at least 1"),
        ("n_vocab = 51865", "n_vocab = 51864", "named `base`"),
        ("n_vocab = 51865", "n_vocab = 50000", "`n_vocab` must be one of 51864 (.en models)"),
        ("n_vocab = 51865", "n_vocab = true", "`n_vocab` must be an integer, is true"),
        (r"\[\[3, 1\]", "[[6, 1]", "`alignment_heads` names layer 6, head 1"),
        ('format = "ctranslate2"', 'format = "ggml"', "`format` must be one of ctranslate2, safetensors"),
        ("Systran/faster-whisper-base", "faster-whisper-base", "`repo` must be owner/name"),
        ('sha256 = "e0ce', 'sha256 = "E0CE', "`sha256` must be 64 lower-case hexadecimal digits"),
        ("name = ", "nmae = ", "unknown key `nmae`; did you mean `name`?"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, pattern: str, replacement: str, message: str) -> None:
    text = (configs_dir() / "models" / "base.toml").read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path = tmp_path / "base.toml"
    path.write_text(changed)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        load_model_config(path)
    assert "base.toml" in str(caught.value)
    assert "\n" not in str(caught.value)
