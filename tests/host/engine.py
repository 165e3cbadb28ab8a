"""Building small designs for the tests of the host engine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from aiebuild.dialect import parse_module
from aiebuild.host import (
    ENGINE_SOURCES,
    encode_sequence,
    kernel_command,
    link_command,
    lower_overlay,
    overlay_command,
)
from aiebuild.runtime.host import HostDevice, HostOverlay

COMPILER = "g++"

_KEPT: list[TemporaryDirectory[str]] = []
"""Folders of this test run, removed at its end."""


def run(command: Sequence[str]) -> None:
    """Runs a compiler; its messages are the failure's."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(" ".join(command) + "\n" + done.stderr)


@lru_cache
def engine_objects(count: bool = False) -> tuple[Path, ...]:
    """The engine's objects, compiled once per test run."""
    _KEPT.append(TemporaryDirectory(prefix="aiebuild-engine-"))
    folder = Path(_KEPT[-1].name)
    objects = tuple(folder / f"{source.stem}.o" for source in ENGINE_SOURCES)
    for source, out in zip(ENGINE_SOURCES, objects, strict=True):
        run(overlay_command(COMPILER, source, out, count=count))
    return objects


def build_library(text: str, kernels: str, folder: Path, name: str = "design", *, count: bool = False) -> Path:
    """Lowers a design, compiles it with its kernels (C++ text) and links the overlay library."""
    source, kernel = folder / f"{name}.cc", folder / f"{name}_kernels.cc"
    source.write_text(lower_overlay(parse_module(text, f"{name}.mlir"), name))
    kernel.write_text(kernels)
    objects = [folder / f"{name}.o", folder / f"{name}_kernels.o"]
    library = folder / f"{name}.so"
    run(overlay_command(COMPILER, source, objects[0], count=count))
    run(kernel_command(COMPILER, kernel, objects[1], count=count))
    run(link_command(COMPILER, [*objects, *engine_objects(count)], library))
    return library


def sequence_bytes(text: str, name: str | None = None, file: str = "design.mlir") -> bytes:
    """The encoded runtime sequence of a design's text."""
    return encode_sequence(parse_module(text, file), name)


def open_design(text: str, kernels: str, folder: Path, *, threads: int = 1) -> HostOverlay:
    """Builds and opens a design."""
    return HostDevice(threads).open(build_library(text, kernels, folder))
