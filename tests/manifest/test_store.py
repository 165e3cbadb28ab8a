"""The manifest: written, read, and held against the files it names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from aiebuild.errors import BuildError, UsageError
from aiebuild.manifest.cpu import difference, parse_cpuinfo
from aiebuild.manifest.store import MANIFEST, entry_of, from_json, load, read, to_json, verify
from aiebuild.manifest.types import (
    FORMAT_VERSION,
    Buffer,
    InstructionSet,
    Layout,
    Manifest,
    OverlayEntry,
    SequenceEntry,
    Tool,
)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A small whole artifact."""
    (tmp_path / "overlays").mkdir()
    library = tmp_path / "overlays" / "a.so"
    library.write_bytes(b"library")
    sequence = tmp_path / "s.seq"
    sequence.write_bytes(b"sequence")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(bytes(64))
    manifest = Manifest(
        format=FORMAT_VERSION,
        name="base",
        device="npu1",
        target="host",
        aiebuild="0.1.0",
        profile="host",
        instruction_set=InstructionSet("x86_64", ("avx2",)),
        tools=(Tool("c++", "/usr/bin/g++", "gcc 12", "0" * 64),),
        inputs={"kernels_src/a.cc": "1" * 64},
        overlays=(
            OverlayEntry(
                "a", entry_of(library, "overlays/a.so"), None, (SequenceEntry("s", entry_of(sequence, "s.seq")),)
            ),
        ),
        packs=(entry_of(weights, "weights.bin"),),
        files=(),
        buffers=(Buffer("w", 64, 0, "weights.bin", None, Layout("blocks", "int8", (8, 8), (4, 8)), 0.5),),
        metadata={"n": 1, "nothing": None, "list": [1, 2]},
    )
    (tmp_path / MANIFEST).write_text(to_json(manifest))
    return tmp_path


def test_round_trip(artifact: Path) -> None:
    manifest = load(artifact)
    assert from_json(to_json(manifest), artifact) == manifest
    assert manifest.artifact == "base-npu1-host"
    assert manifest.overlay("a").sequence("s").file.path == "s.seq"
    assert manifest.buffer("w").layout == Layout("blocks", "int8", (8, 8), (4, 8))
    assert manifest.metadata["nothing"] is None


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("overlays/a.so", b"lib", "overlays/a.so: is 3 bytes, the manifest says 7"),
        ("overlays/a.so", b"Library", "overlays/a.so: is not the file that was built"),
        ("s.seq", None, "s.seq: cannot be read: No such file"),
        (MANIFEST, b'{"format": 1, "na', "manifest.json: is no manifest or is cut short"),
        (MANIFEST, b"[]", "is no aiebuild manifest"),
        (MANIFEST, b'{"format": 99}', "has format 99, this version reads 2"),
        (MANIFEST, b'{"format": 2}', "is no valid manifest"),
    ],
)
def test_broken_artifacts_name_the_file(artifact: Path, name: str, data: bytes | None, message: str) -> None:
    path = artifact / name
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BuildError) as caught:
        load(artifact)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 1


def test_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no artifact here"):
        load(tmp_path / "none")


def test_a_manifest_cannot_name_files_outside(artifact: Path) -> None:
    manifest = read(artifact)
    entry = dataclasses.replace(manifest.packs[0], path="../weights.bin")
    with pytest.raises(BuildError, match="outside the artifact"):
        verify(artifact, dataclasses.replace(manifest, packs=(entry,)))


def test_instruction_sets() -> None:
    zen4 = parse_cpuinfo("processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512f ibpb\n", "x86_64")
    assert zen4 == InstructionSet("x86_64", ("avx2", "avx512f", "sse2"))
    zen3 = InstructionSet("x86_64", ("avx2", "sse2"))
    assert difference(zen4, zen4) is None
    assert difference(zen4, zen3) == "built for a CPU with avx512f, which this one lacks"
    assert difference(zen3, zen4) == "built for a CPU without avx512f, which this one has"
    assert difference(zen3, InstructionSet("aarch64", ())) == "built for x86_64, this is aarch64"
