"""Compiled models as they are run: their text, where their arithmetic is done, and that every part of them matters."""

from __future__ import annotations

import ast
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import faster_whisper
import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.build.execute import Silent
from aiebuild.build.models import ModelBuild, compile_model
from aiebuild.config.model import ModelConfig
from aiebuild.config.toolchain import host_toolchain
from aiebuild.designs import encoder, encoder_plan
from aiebuild.designs.decoder_dispatches import Dispatch
from aiebuild.designs.decoder_plan import plan_decoder
from aiebuild.designs.decoder_sequences import Decoder
from aiebuild.designs.decoder_shape import B_OBJECT, SLICE, DecoderShape
from aiebuild.designs.mel import mel_overlay
from aiebuild.manifest import store
from aiebuild.runtime.device import Counters
from aiebuild.toolchain.compiler import find_host_compiler
from aiebuild.weights import WeightFiles
from aiebuild.whisper import model as model_module
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.speech import Allowed
from aiebuild.whisper.tokenizer import WhisperTokenizer
from aiebuild.whisper.transcribe import TranscribeOptions, transcribe

pytestmark = [pytest.mark.weights, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "jfk.wav"
STAGES = ("mel", "encoder", "decoder")


def text_of(artifact: Path, samples: NDArray[np.int16]) -> str:
    with DeviceModel.open(artifact) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        return transcribe(model, tokenizer, samples, TranscribeOptions(language="en", temperatures=(0.0,))).text


@pytest.mark.parametrize("name", ["base", "tiny_en"])
def test_text_is_faster_whispers(name: str, request: pytest.FixtureRequest, jfk_samples: NDArray[np.int16]) -> None:
    files: WeightFiles = request.getfixturevalue(f"{name}_files")
    artifact: Path = request.getfixturevalue(f"{name}_artifact")
    assert files.format == "ctranslate2"
    peer = faster_whisper.WhisperModel(str(files.folder), device="cpu", compute_type="float32", cpu_threads=1)
    segments, info = peer.transcribe(str(SAMPLE), beam_size=1)
    theirs = "".join(segment.text for segment in segments)
    with DeviceModel.open(artifact) as model:
        tokenizer = WhisperTokenizer(artifact / "files" / "tokenizer.json", model.dims)
        ours = transcribe(model, tokenizer, jfk_samples, TranscribeOptions())
    assert ours.text == theirs
    assert ours.language == info.language == "en"
    assert "ask not what your country can do for you" in ours.text


def test_four_bits_with_the_same_overlays(tiny_en_artifact: Path, jfk_samples: NDArray[np.int16]) -> None:
    build = ModelBuild("tiny.en", decoder_weights="int4")
    four = compile_model(build, Silent(), artifacts=tiny_en_artifact.parent).path
    sizes: list[int] = []
    for artifact, weights in ((tiny_en_artifact, "int8"), (four, "int4")):
        manifest = store.load(artifact)
        assert manifest.metadata["decoder_weights"] == weights
        sizes.append(next(b.bytes for b in manifest.buffers if b.name == "decoder.weights"))
    assert sizes[1] < 0.7 * sizes[0]
    for overlay in STAGES:
        assert (four / "overlays" / f"{overlay}.so").read_bytes() == (
            tiny_en_artifact / "overlays" / f"{overlay}.so"
        ).read_bytes()
    assert "ask not what your country can do for you" in text_of(four, jfk_samples)


# --- where the arithmetic is done ---------------------------------------------------------------------------------

ROUTINES = ("gemm", "gemv", "syrk", "axpy")
DOT = """
extern "C" {type} {name}(long n, const {type} *x, long dx, const {type} *y, long dy) {{
    if (n > 8) {{ write(2, "{name}\\n", {length}); _exit(77); }} // NumPy tries BLAS with two numbers when imported
    {type} sum = 0;
    for (long i = 0; i < n; ++i) sum += x[i * dx] * y[i * dy];
    return sum;
}}
"""

# replaces NumPy's products, by every name but the operator; BLAS, which the operator calls, is replaced by the loader
RUN = """
import sys
import numpy as np
from aiebuild.cli import run_command
import aiebuild.whisper.model, aiebuild.whisper.transcribe, aiebuild.whisper.audio, aiebuild.report.run

def refuse(*_, **__):
    raise AssertionError("a product on the host CPU")

for name in ("matmul", "dot", "vdot", "inner", "outer", "tensordot", "einsum", "kron", "convolve", "correlate"):
    setattr(np, name, refuse)
for module in (np.linalg, np.fft):
    for name in module.__all__:
        if callable(getattr(module, name)) and not isinstance(getattr(module, name), type):
            setattr(module, name, refuse)
code = run_command(sys.argv[1:])
print(sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def no_blas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to be loaded first, whose BLAS routines end the process."""
    folder = tmp_path_factory.mktemp("no-blas")
    names = [
        f"{prefix}cblas_{kind}{routine}{suffix}"
        for prefix in ("", "scipy_")
        for suffix in ("", "64_")
        for kind in "sd"
        for routine in ROUTINES
    ]
    lines = [f'extern "C" void {name}() {{ write(2, "{name}\\n", {len(name) + 1}); _exit(77); }}' for name in names]
    for name, kind in ((n.replace("gemm", "dot"), n) for n in names if "gemm" in n):
        number = "float" if "sgemm" in kind else "double"
        lines.append(DOT.format(type=number, name=name, length=len(name) + 1))
    source = folder / "no_blas.cc"
    source.write_text("#include <unistd.h>\n" + "\n".join(lines) + "\n")
    library = folder / "no_blas.so"
    compiler = find_host_compiler(host_toolchain()).path
    subprocess.run([compiler, "-w", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    return library


def python(code: str, *argv: str, preload: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LD_PRELOAD": str(preload), **variables}
    return subprocess.run(
        [sys.executable, "-c", code, *argv], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_trap_for_blas_works(no_blas: Path) -> None:
    done = python("import numpy as np; a = np.ones((8, 8), np.float32); a @ a", preload=no_blas)
    assert done.returncode == 77, done.stderr
    assert "cblas_sgemm" in done.stderr or "cblas_ssyrk" in done.stderr


def test_a_run_makes_no_product_on_the_host_cpu(tiny_en_artifact: Path, no_blas: Path) -> None:
    argv = ["run", str(SAMPLE), "--model", "tiny.en", "--no-build"]
    done = python(RUN, *argv, preload=no_blas, AIEBUILD_ARTIFACTS=str(tiny_en_artifact.parent), AIEBUILD_TRACEBACK="1")
    assert done.returncode == 0, done.stderr
    assert "ask not what your country can do for you" in done.stdout
    loaded: set[str] = set(ast.literal_eval(done.stderr.splitlines()[-1]))
    assert not loaded & {"torch", "scipy", "onnxruntime", "ctranslate2", "tensorflow", "jax", "numba"}
    ours = {name for name in loaded if name.partition(".")[0] == "aiebuild"}
    assert "aiebuild.whisper.model" in ours
    assert not {name for name in ours if "reference" in name or name.startswith("aiebuild.designs")}
    for name in ours:
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.MatMult), f"{path} has a matrix product"
            assert not (isinstance(node, ast.Attribute) and node.attr in {"dot", "einsum"}), f"{path}: {node.attr}"


# --- damage -------------------------------------------------------------------------------------------------------


def copy_of(artifact: Path, to: Path) -> Path:
    shutil.copytree(artifact.resolve(), to)
    return to


@pytest.fixture(scope="module")
def sound_text(tiny_en_artifact: Path, jfk_samples: NDArray[np.int16]) -> str:
    return text_of(tiny_en_artifact, jfk_samples)


@pytest.mark.parametrize("what", ["encoder: layer1.fc1", "encoder: conv1", "decoder: layer0.fc1", "decoder: logits"])
def test_one_damaged_tile_changes_the_text(
    what: str, tiny_en_artifact: Path, tiny_en_config: ModelConfig, tmp_path: Path,
    jfk_samples: NDArray[np.int16], sound_text: str,
) -> None:  # fmt: skip
    stage, name = what.split(": ")
    dims = tiny_en_config.dims
    if stage == "encoder":
        offset = encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims)).weight_offsets[name]
        size = encoder.OBJECT
    else:
        offset = plan_decoder(DecoderShape.of(dims)).weight_offsets[name]
        size = B_OBJECT
    artifact = copy_of(tiny_en_artifact, tmp_path / "artifact")
    path = artifact / "weights" / f"{stage}.bin"
    data = bytearray(path.read_bytes())
    tile = np.frombuffer(data, np.uint8, size, offset)
    if stage == "encoder":
        tile[:] = 0x47  # weights of 71; as bf16, which a tile's scales and biases are, 50,944
    else:
        slices = tile.reshape(4, SLICE)
        slices[:, :4096] = 0x7F
        slices[:, 4096:4160] = np.frombuffer(b"\x80\x3f" * 32, np.uint8)  # the columns' scales, 1 in bf16
    path.write_bytes(data)
    assert text_of(adopt(artifact, path), jfk_samples) != sound_text


def adopt(artifact: Path, path: Path) -> Path:
    """Make a changed file the artifact's own: enter its digest in the manifest."""
    manifest = artifact / "manifest.json"
    values = json.loads(manifest.read_text())
    name, digest, found = str(path.relative_to(artifact)), sha256(path.read_bytes()).hexdigest(), []

    def visit(value: object) -> None:
        if isinstance(value, dict):
            if value.get("path") == name:
                value["sha256"] = digest
                found.append(value)
            for item in value.values():
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(values)
    assert found, f"the manifest does not name {name}"
    manifest.write_text(json.dumps(values))
    return artifact


def file_offset(library: Path, symbol: str) -> int:
    """Where a function's code lies in an ELF file."""
    listed = subprocess.run(["nm", str(library)], capture_output=True, text=True, check=True).stdout
    (address,) = [int(line.split()[0], 16) for line in listed.splitlines() if line.split()[-1] == symbol]
    data = library.read_bytes()
    start, size, count = struct.unpack_from("<Q14xHH", data, 0x20)[0], *struct.unpack_from("<HH", data, 0x36)
    for index in range(count):
        kind, _, offset, virtual, _, length = struct.unpack_from("<IIQQQQ", data, start + index * size)
        if kind == 1 and virtual <= address < virtual + length:
            return offset + address - virtual
    raise AssertionError(f"{symbol} is in no segment")


RETURN = {"x86_64": b"\xc3", "aarch64": b"\xc0\x03\x5f\xd6"}


@pytest.mark.parametrize(
    "what",
    ["mel: mel_filter", "encoder: encoder_gemm_finish", "encoder: encoder_attention_step", "decoder: decoder_side",
     "decoder: decoder_linear_step"],
)  # fmt: skip
def test_one_dead_kernel_changes_the_text(
    what: str, tiny_en_artifact: Path, tmp_path: Path, jfk_samples: NDArray[np.int16], sound_text: str
) -> None:
    stage, kernel = what.split(": ")
    artifact = copy_of(tiny_en_artifact, tmp_path / "artifact")
    library = artifact / "overlays" / f"{stage}.so"
    offset, code = file_offset(library, kernel), RETURN[os.uname().machine]
    data = bytearray(library.read_bytes())
    data[offset : offset + len(code)] = code  # it returns at once
    library.unlink()
    library.write_bytes(data)
    assert text_of(adopt(artifact, library), jfk_samples) != sound_text


def test_a_damaged_library_is_refused(tiny_en_artifact: Path, tmp_path: Path) -> None:
    artifact = copy_of(tiny_en_artifact, tmp_path / "artifact")
    library = artifact / "overlays" / "encoder.so"
    data = bytearray(library.read_bytes())
    data[len(data) // 2] ^= 1
    library.write_bytes(data)
    with pytest.raises(Exception, match="is not the file that was built"):
        store.load(artifact)


# --- dispatches and counted operations ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counting(base_artifact: Path) -> Iterator[DeviceModel]:
    """Base with overlays that count."""
    built = compile_model(ModelBuild("base", counting=True), Silent(), artifacts=base_artifact.parent)
    with DeviceModel.open(built.path, counting=True) as model:
        yield model


def counters(model: DeviceModel, stage: str) -> Counters:
    return model._stages[stage].overlay.counters()


def products_of(model: DeviceModel, stage: str) -> NDArray[np.int64]:
    """mmul multiply-accumulates of each core since the last call."""
    found = counters(model, stage)
    model._stages[stage].overlay.clear_counters()
    return np.array([dict(core.operations)["mmul_macs"] for core in found.cores])


def test_one_dispatch_a_window_and_a_step(
    counting: DeviceModel, base_config: ModelConfig, jfk_samples: NDArray[np.int16]
) -> None:
    before = {stage: counters(counting, stage).dispatches for stage in STAGES}

    def dispatches(stage: str) -> int:
        return counters(counting, stage).dispatches - before[stage]

    audio = counting.prepare(jfk_samples)
    assert dispatches("mel") == 3  # 11 s: 1,102 frames, 512 a dispatch
    for window in range(2):
        counting.encode(audio, 0, 1100)
        assert dispatches("encoder") == window + 1
    everything = Allowed((0, 50364), (50364, 51865))
    counting.start([[50258, 50259, 50359]], [0], [everything])
    assert dispatches("decoder") == 1
    for step in range(5):
        rows = 1 + step % 3  # several rows are one dispatch too
        counting.step([[0] * rows], [[1000 + step] * rows], [[everything] * rows])
        assert dispatches("decoder") == 2 + step
    assert dispatches("mel") == 3


@pytest.mark.parametrize("samples", [0, 1, 399, 176000])
def test_log_mel_in_pieces(
    samples: int, counting: DeviceModel, jfk_samples: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long file's log-mel is made piece by piece: where one ends changes nothing."""
    whole = counting.prepare(jfk_samples[:samples])
    monkeypatch.setattr(model_module, "PREPARED", 512)
    pieces = counting.prepare(jfk_samples[:samples])
    frames = samples // 160 + 3000
    assert whole.content_frames == pieces.content_frames == samples // 160
    assert whole.floor == pieces.floor
    np.testing.assert_array_equal(whole.rows(0, frames), pieces.rows(0, frames))


def test_counted_products_are_the_models(
    counting: DeviceModel, base_config: ModelConfig, jfk_samples: NDArray[np.int16]
) -> None:
    """What the cores multiplied is the model's arithmetic and the padding that the plans know, evenly spread."""
    dims = base_config.dims
    for stage in STAGES:
        counting._stages[stage].overlay.clear_counters()
    audio = counting.prepare(jfk_samples)
    mel = products_of(counting, "mel")
    overlay = mel_overlay(dims.n_mels)
    frames = counters(counting, "mel").dispatches  # cleared
    assert frames == 0
    assert mel.sum() >= 1102 * 200 * 2 * 200 * 2, "Q15 x Q15 is two products of int8 planes"
    assert mel.sum() <= 1.5 * overlay.macs(3) * 2 + 3 * overlay.round_frames * 256 * dims.n_mels * 2

    counting.encode(audio, 0, 1100)
    per_core = products_of(counting, "encoder")
    operations = encoder.Encoder(encoder_plan.plan_encoder(encoder_plan.EncoderShape.of(dims))).operations()
    model, padded = sum(o.macs for o in operations), sum(o.padded_macs for o in operations)
    # where a score exceeds the maximum known so far, its strip of 32 keys is done twice
    assert padded <= per_core.sum() <= 1.0001 * padded and (per_core.sum() - padded) % (32 * 16 * 64) == 0
    assert model <= padded <= 1.10 * model
    assert per_core.size == 16
    assert per_core.max() <= 2 * per_core.min()
    n, layers = dims.n_audio_state, dims.n_audio_layer
    by_hand = 3000 * 3 * dims.n_mels * n + 1500 * 3 * n * n + layers * (12 * 1500 * n * n + 2 * 1500 * 1500 * n)
    by_hand += 2 * dims.n_text_layer * 1500 * n * n  # keys and values of cross-attention
    assert model == by_hand

    everything = Allowed((0, 50364), (50364, 51865))
    counting.start([[50258, 50259, 50359, 50363]], [0], [everything])
    products_of(counting, "decoder")
    counting.step([[0]], [[1000]], [[everything]])
    per_core = products_of(counting, "decoder")
    plan = plan_decoder(DecoderShape.of(dims))
    operations = Decoder(plan, Dispatch(1, 1, 64)).operations()
    fixed = sum(o.padded_macs for o in operations if not o.text.endswith(".self"))
    assert fixed <= per_core.sum() <= sum(o.padded_macs for o in operations)
    assert per_core.max() <= 2 * per_core.min()

    # three rows of eight: expected are those; done are theirs, and one that shares a block with the third
    before = counting.profile().stages[-1].macs
    counting.step([[0, 0, 0]], [[1000, 1001, 1002]], [[everything] * 3])
    per_core = products_of(counting, "decoder")
    several = Decoder(plan, Dispatch(1, 8, 64)).operations()
    assert counting.profile().stages[-1].macs - before == 3 * sum(o.macs for o in several) / 8
    assert per_core.sum() == pytest.approx(sum(o.padded_macs for o in several) / 2, rel=0.05)
    print(
        f"encoder: {model:,} products of the model, {padded / model - 1:.1%} of padding; decoder's step: "
        f"{sum(o.macs for o in operations):,} of the model, {per_core.sum():,} with two bytes a number and four rows"
    )


def test_a_window_is_one_dispatch_on_all_cores(counting: DeviceModel, jfk_samples: NDArray[np.int16]) -> None:
    audio = counting.prepare(jfk_samples)
    counting.encode(audio, 0, 1100)
    counting.start([[50258]], [0], [Allowed((0, 50364), (50364, 51865))])
    profile = counting.profile()
    assert [stage.stage for stage in profile.stages] == list(STAGES)
    assert [stage.cores for stage in profile.stages] == [16, 16, 16]
    assert profile.switches >= 2
