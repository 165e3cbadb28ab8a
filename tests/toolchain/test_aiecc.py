"""The models' designs through the real compiler, wherever it is found (`AIEBUILD_AIECC`, `MLIR_AIE_INSTALL_DIR`, PATH).

aiecc verifies, places and routes each rendered module, assigns its buffers and descriptors and writes its instructions;
those, decoded, must be the transfers that the host target makes of the same module: channels, address patterns,
lengths, repeats, tokens, order, waits. `AIEBUILD_AIECC_MODELS` names the models ("tiny.en,base" if not set; "all").
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from aiebuild.config.model import load_model_config, model_names
from aiebuild.designs.decoder_dispatches import dispatches
from aiebuild.designs.grid import grid_of
from aiebuild.designs.ledger import instructions
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.spec import OverlaySpec, plain
from aiebuild.designs.whisper import decoder_overlay, encoder_overlay
from aiebuild.dialect import parse_module
from aiebuild.errors import MissingError
from aiebuild.host.insts import decode_insts
from aiebuild.host.sequence import read_sequence
from aiebuild.host.transfers import difference, transfers
from aiebuild.render import render_template
from aiebuild.toolchain.aie import AieCompiler, compile_without_cores, find_aie_compiler

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "insts"

CHOSEN = os.environ.get("AIEBUILD_AIECC_MODELS", "tiny.en,base")
MODELS = model_names() if CHOSEN == "all" else tuple(CHOSEN.split(","))
WINDOWS = (1, 8)
DECODES = [dispatch.name for windows in WINDOWS for dispatch in dispatches(windows)]
MELS = sorted({load_model_config(name).dims.n_mels for name in MODELS})
ROUNDS = {n: [sequence.name for sequence in mel_overlay(n).overlay().sequences] for n in MELS}


@pytest.fixture(scope="module")
def compiler() -> AieCompiler:
    try:
        found = find_aie_compiler()
    except MissingError:
        if os.environ.get("AIEBUILD_AIECC"):
            raise
        pytest.skip("no aiecc found: the designs are not held against the real compiler")
    assert found.macros is not None, f"{found.summary}: no templates for it"
    return found


@cache
def overlay(kind: str, model: str, device: str = "npu1") -> OverlaySpec:
    dims, grid = load_model_config(model).dims, grid_of(device)
    if kind == "mel":
        return mel_overlay(dims.n_mels, device).overlay()
    return encoder_overlay(dims, grid) if kind == "encoder" else decoder_overlay(dims, WINDOWS, grid)


def rendered(compiler: AieCompiler, spec: OverlaySpec, sequence: str | None) -> str:
    """The module of an overlay, or of one of its sequences, as text."""
    assert compiler.macros is not None
    template, parameters = spec.template, spec.parameters
    if sequence is not None:
        found = next(entry for entry in spec.sequences if entry.name == sequence)
        template, parameters = found.template, found.parameters
    return render_template(template, plain(parameters), profile=compiler.macros).text


COMPARED: dict[tuple[str, str], bytes] = {}
"""Instruction streams found right, by module and device: English-only models' modules are those of the others."""


def same_transfers(compiler: AieCompiler, text: str, folder: Path, device: str = "npu1") -> bytes:
    """Compiles a module with a sequence and compares; the instruction stream."""
    if (text, device) in COMPARED:
        return COMPARED[text, device]
    insts = compile_without_cores(compiler, text, folder, sequence=True).insts
    assert insts is not None
    stream = decode_insts(insts)
    assert stream.header.device == device
    ours = read_sequence(parse_module(text, "design.mlir"))
    assert difference(transfers(ours), transfers(stream.program)) is None
    COMPARED[text, device] = insts
    return insts


def test_the_golden_stream_is_what_the_compiler_writes(compiler: AieCompiler, tmp_path: Path) -> None:
    text = (GOLDEN / "patterns.mlir").read_text(encoding="utf-8")
    assert same_transfers(compiler, text, tmp_path) == (GOLDEN / "patterns.bin").read_bytes()


@pytest.mark.parametrize("n_mels", MELS)
def test_mel_overlay(compiler: AieCompiler, n_mels: int, tmp_path: Path) -> None:
    compile_without_cores(compiler, rendered(compiler, mel_overlay(n_mels).overlay(), None), tmp_path, sequence=False)


@pytest.mark.parametrize(("n_mels", "name"), [(n, name) for n in MELS for name in ROUNDS[n]])
def test_mel_sequences(compiler: AieCompiler, n_mels: int, name: str, tmp_path: Path) -> None:
    same_transfers(compiler, rendered(compiler, mel_overlay(n_mels).overlay(), name), tmp_path)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_overlays_without_a_sequence(compiler: AieCompiler, kind: str, tmp_path: Path) -> None:
    compile_without_cores(compiler, rendered(compiler, overlay(kind, "tiny.en"), None), tmp_path, sequence=False)


@pytest.mark.parametrize("model", MODELS)
def test_encoder_sequences(compiler: AieCompiler, model: str, tmp_path: Path) -> None:
    same_transfers(compiler, rendered(compiler, overlay("encoder", model), "encode"), tmp_path)


@pytest.mark.parametrize(("model", "name"), [(model, name) for model in MODELS for name in DECODES])
def test_decoder_sequences(compiler: AieCompiler, model: str, name: str, tmp_path: Path) -> None:
    same_transfers(compiler, rendered(compiler, overlay("decoder", model), name), tmp_path)


@pytest.mark.parametrize(
    ("windows", "name"), [(2, "decode_2x8_512"), (4, "decode_4x1_64"), (16, "decode_16x4_64"), (32, "decode_32x1_128")]
)
def test_sequences_of_batches(compiler: AieCompiler, windows: int, name: str, tmp_path: Path) -> None:
    spec = decoder_overlay(load_model_config("base").dims, (windows,), grid_of("npu1"))
    written = same_transfers(compiler, rendered(compiler, spec, name), tmp_path)
    sequence = next(entry.parameters["sequence"] for entry in spec.sequences if entry.name == name)
    assert len(written) == instructions(sequence).bytes


@pytest.mark.parametrize("kind", ["mel", "encoder", "decoder"])
def test_overlays_of_npu2(compiler: AieCompiler, kind: str, tmp_path: Path) -> None:
    text = rendered(compiler, overlay(kind, MODELS[-1], "npu2"), None)
    assert "aie.device(npu2)" in text
    compile_without_cores(compiler, text, tmp_path, sequence=False)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("mel", "mel_3072"), ("encoder", "encode"), ("decoder", "decode_1x1_64"), ("decoder", "decode_8x4_64")],
)
def test_sequences_of_npu2(compiler: AieCompiler, kind: str, name: str, tmp_path: Path) -> None:
    same_transfers(compiler, rendered(compiler, overlay(kind, MODELS[-1], "npu2"), name), tmp_path, device="npu2")
