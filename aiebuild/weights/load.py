"""Loading weight files into `WhisperWeights`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aiebuild.config.model import ModelConfig, ModelDims, WeightFormat
from aiebuild.weights.ct2 import read_ct2
from aiebuild.weights.hf_safetensors import read_safetensors
from aiebuild.weights.tensors import WhisperWeights, check_shapes


@dataclass(frozen=True)
class WeightFiles:
    """The files of a model on this machine: tensors and tokenizer, their SHA-256, and where they came from.

    `sha256` has the file names as keys; `source` is a label for messages and manifests.
    """

    model: str
    format: WeightFormat
    model_path: Path
    tokenizer_path: Path
    sha256: dict[str, str]
    source: str

    @property
    def folder(self) -> Path:
        """The folder that holds the files."""
        return self.model_path.parent


def read_weights(path: Path, format: WeightFormat, dims: ModelDims, name: str = "model") -> WhisperWeights:
    """Open the tensors of one file, memory-mapped, and check them against `dims`; raises like `load_weights`."""
    reader = read_ct2 if format == "ctranslate2" else read_safetensors
    tensors = reader(path)
    check_shapes(tensors, dims, name, path)
    return WhisperWeights(tensors, dims, path)


def load_weights(files: WeightFiles, config: ModelConfig) -> WhisperWeights:
    """Open the tensors of `files`, memory-mapped, and check them against the model's dimensions.

    Raises UsageError when the file is missing, BuildError when it is truncated, corrupt, or not the model of `config`.
    """
    return read_weights(files.model_path, files.format, config.dims, config.name)
