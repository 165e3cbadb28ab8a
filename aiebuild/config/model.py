"""Models: `configs/models/<name>.toml` -> `ModelConfig` (dimensions, alignment heads, where the weights come from).

Dimensions carry the names of openai/whisper's `ModelDimensions`. Weight sources are in two lists, tried in order:
repositories on the Hugging Face hub, then Python packages that carry the same bytes as data files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aiebuild.config.reader import did_you_mean, read_toml
from aiebuild.errors import UsageError
from aiebuild.resources import configs_dir

WeightFormat = Literal["ctranslate2", "safetensors"]

MODEL_FILE: dict[WeightFormat, str] = {"ctranslate2": "model.bin", "safetensors": "model.safetensors"}
"""The name of the file that holds the tensors, by format."""

HEAD_SIZE = 64
"""Every published Whisper model has attention heads of 64 channels; the attention designs rely on it."""

_VOCABULARIES = {51864: ".en models", 51865: "multilingual models", 51866: "large-v3 and turbo"}
MODEL_ALIASES = {"large": "large-v3", "large-v3-turbo": "turbo"}
"""Other names of models."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelDims:
    """Dimensions of a model, named as in openai/whisper's `ModelDimensions`.

    Raises ValueError for dimensions no Whisper model can have.
    """

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def __post_init__(self) -> None:
        if self.n_mels not in (80, 128):
            raise ValueError(f"`n_mels` must be 80 or 128, is {self.n_mels}")
        if self.n_audio_ctx != 1500:
            raise ValueError(f"`n_audio_ctx` must be 1500 (30 s of 20 ms), is {self.n_audio_ctx}")
        if not 1 <= self.n_text_ctx <= 448:
            raise ValueError(f"`n_text_ctx` must be 1 to 448, is {self.n_text_ctx}")
        if self.n_vocab not in _VOCABULARIES:
            known = ", ".join(f"{size} ({what})" for size, what in _VOCABULARIES.items())
            raise ValueError(f"`n_vocab` must be one of {known}, is {self.n_vocab}")
        if self.n_audio_state != self.n_text_state:
            raise ValueError(
                f"`n_text_state` must equal `n_audio_state` ({self.n_audio_state}): cross-attention reads the "
                f"encoder's output, is {self.n_text_state}"
            )
        for part in ("audio", "text"):
            state: int = getattr(self, f"n_{part}_state")
            head: int = getattr(self, f"n_{part}_head")
            layer: int = getattr(self, f"n_{part}_layer")
            if head < 1 or state != head * HEAD_SIZE:
                raise ValueError(
                    f"`n_{part}_state` must be {HEAD_SIZE} times `n_{part}_head` ({head}), that is {HEAD_SIZE * head}, "
                    f"is {state}"
                )
            if layer < 1:
                raise ValueError(f"`n_{part}_layer` must be at least 1, is {layer}")

    @property
    def is_multilingual(self) -> bool:
        """Whether the vocabulary has language tokens in use (openai/whisper: n_vocab >= 51865)."""
        return self.n_vocab >= 51865

    @property
    def num_languages(self) -> int:
        """Number of language tokens in the vocabulary: 99, or 100 for large-v3 and turbo."""
        return self.n_vocab - 51765 - int(self.is_multilingual)


@dataclass(frozen=True)
class HubSource:
    """A repository on the Hugging Face hub.

    `files` are fetched together; `sha256` gives the hashes known beforehand, by file name; others are recorded at
    first use.
    """

    repo: str
    format: WeightFormat
    files: tuple[str, ...]
    revision: str = "main"
    sha256: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.repo.count("/") != 1:
            raise ValueError(f"`repo` must be owner/name, is `{self.repo}`")
        for wanted in (MODEL_FILE[self.format], "tokenizer.json"):
            if wanted not in self.files:
                raise ValueError(f"`files` must name {wanted}")
        for name, digest in (self.sha256 or {}).items():
            if name not in self.files:
                raise ValueError(f"`sha256` names {name}, which is not in `files`")
            _check_sha256(f"sha256.{name}", digest)

    @property
    def label(self) -> str:
        """How messages name this source."""
        return f"hub {self.repo}"

    @property
    def folder(self) -> str:
        """The cache folder of this source, under the model's."""
        return "hub--" + self.repo.replace("/", "--")


@dataclass(frozen=True)
class Wheel:
    """A wheel file on the package index: distribution name, exact version, SHA-256 of the file."""

    package: str
    version: str
    sha256: str

    def __post_init__(self) -> None:
        _check_sha256("sha256", self.sha256)


@dataclass(frozen=True)
class PackagePart:
    """A member of a wheel: its path inside it and its SHA-256."""

    package: str
    member: str
    sha256: str

    def __post_init__(self) -> None:
        _check_sha256("sha256", self.sha256)


@dataclass(frozen=True)
class PackageFile:
    """A weight file made by joining wheel members in order, and the SHA-256 of the whole."""

    name: str
    sha256: str
    parts: tuple[PackagePart, ...]

    def __post_init__(self) -> None:
        _check_sha256("sha256", self.sha256)
        if not self.parts:
            raise ValueError("`parts` must name at least one member")


@dataclass(frozen=True)
class PackageSource:
    """Python packages whose wheels carry the weights as data: read as zip files, never installed or imported."""

    format: WeightFormat
    wheels: tuple[Wheel, ...]
    files: tuple[PackageFile, ...]

    def __post_init__(self) -> None:
        if not self.wheels:
            raise ValueError("`wheels` must name at least one wheel")
        packages = {wheel.package for wheel in self.wheels}
        for file in self.files:
            for part in file.parts:
                if part.package not in packages:
                    raise ValueError(f"part of {file.name} is in package `{part.package}`, which is not in `wheels`")
        names = [file.name for file in self.files]
        for wanted in (MODEL_FILE[self.format], "tokenizer.json"):
            if wanted not in names:
                raise ValueError(f"`files` must name {wanted}")

    @property
    def label(self) -> str:
        """How messages name this source."""
        names = [f"{wheel.package} {wheel.version}" for wheel in self.wheels]
        return f"Python package{'s' if len(names) > 1 else ''} {', '.join(names)}"

    @property
    def folder(self) -> str:
        """The cache folder of this source, under the model's."""
        return f"package--{self.wheels[0].package}-{self.wheels[0].version}"


@dataclass(frozen=True)
class ModelConfig:
    """A model: name, dimensions, the cross-attention heads (layer, head) whose weights follow the words, sources."""

    name: str
    dims: ModelDims
    alignment_heads: tuple[tuple[int, int], ...]
    hub: tuple[HubSource, ...] = ()
    packages: tuple[PackageSource, ...] = ()

    def __post_init__(self) -> None:
        for layer, head in self.alignment_heads:
            if not (0 <= layer < self.dims.n_text_layer and 0 <= head < self.dims.n_text_head):
                raise ValueError(
                    f"`alignment_heads` names layer {layer}, head {head}; the decoder has {self.dims.n_text_layer} "
                    f"layers of {self.dims.n_text_head} heads"
                )
        if self.name.endswith(".en") == self.dims.is_multilingual:
            kind = "multilingual" if self.dims.is_multilingual else "an .en model's"
            raise ValueError(f"`dims.n_vocab` {self.dims.n_vocab} is {kind}, the model is named `{self.name}`")

    @property
    def sources(self) -> tuple[HubSource | PackageSource, ...]:
        """All sources in the order they are tried, after the user's path and the cache."""
        return self.hub + self.packages


def model_names() -> tuple[str, ...]:
    """The models there are configurations for, smallest first."""
    sizes = ["tiny", "base", "small", "medium", "large-v3", "turbo"]
    found = [path.stem for path in (configs_dir() / "models").glob("*.toml")]
    return tuple(
        sorted(found, key=lambda n: (sizes.index(n.removesuffix(".en")) if n.removesuffix(".en") in sizes else 99, n))
    )


def load_model_config(name: str | Path) -> ModelConfig:
    """The configuration of the model called `name` (`base`, `tiny.en`, ...), or of the TOML file at that path.

    Raises UsageError for an unknown model, an unknown or missing key, or dimensions that cannot be.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith(".toml"):
        return read_toml(Path(name)).build(ModelConfig)
    known = model_names()
    wanted = MODEL_ALIASES.get(text, text)
    if wanted not in known:
        raise UsageError(f"unknown model `{text}`{did_you_mean(text, known)}", hint=f"models: {', '.join(known)}")
    path = configs_dir() / "models" / f"{wanted}.toml"
    config = read_toml(path).build(ModelConfig)
    if config.name != wanted:
        raise UsageError(f"configs/models/{wanted}.toml: `name` must be `{wanted}`, is `{config.name}`")
    return config


def _check_sha256(key: str, digest: str) -> None:
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"`{key}` must be 64 lower-case hexadecimal digits, is `{digest}`")
