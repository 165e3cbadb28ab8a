"""Weights: fetched, verified, opened under openai/whisper's tensor names; packed for the designs."""

from aiebuild.weights.load import WeightFiles, load_weights
from aiebuild.weights.sources import fetch_weights
from aiebuild.weights.tensors import WhisperWeights, expected_shapes

__all__ = ["WeightFiles", "WhisperWeights", "expected_shapes", "fetch_weights", "load_weights"]
