"""One suite for every device: the host target, and the NPU's runtime on `fake_pyxrt`, which executes through the host
target and holds its user to XRT's rules. What only XRT has, and how it fails, follows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aiebuild.build.driver import build
from aiebuild.build.execute import Silent
from aiebuild.build.fresh import Request
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.selftest import self_tests
from aiebuild.designs.spec import Design
from aiebuild.errors import DeviceError, MissingError
from aiebuild.manifest import store
from aiebuild.resources import artifacts_dir
from aiebuild.runtime import xrt
from aiebuild.runtime.choice import choose_target
from aiebuild.runtime.device import Device, Overlay
from aiebuild.runtime.host import HostDevice
from aiebuild.runtime.pyxrt_finder import find_pyxrt
from aiebuild.runtime.selftest import mismatch
from aiebuild.runtime.xrt import XrtDevice, XrtOverlay
from aiebuild.runtime.xrt_buffer import XrtBuffer
from aiebuild.toolchain import peano
from tests.fakes import fake_pyxrt
from tests.fakes.tools import install_mlir_aie, install_peano

MEL = mel_overlay(80)
SIZES = MEL.arguments(1)


def design() -> Design:
    """The mel overlay alone, with known results."""
    return Design("mel", "npu1", (MEL.overlay(),), (MEL.pack(),), tests=self_tests(MEL)[:1])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `artifacts/mel-npu1-host`, `artifacts/mel-npu1-npu` (fake tools) and the store of sequences."""
    root = tmp_path_factory.mktemp("devices")
    artifacts = root / "artifacts"
    standing = artifacts_dir() / ".build"
    if standing.is_dir():  # what was compiled for other tests is compiled already
        for name in ("kernels", "engine", "overlays", "stamps"):
            if (standing / name).is_dir():
                shutil.copytree(standing / name, artifacts / ".build" / name)
        for name in (".ninja_log", ".ninja_deps"):
            if (standing / name).is_file():
                shutil.copy2(standing / name, artifacts / ".build" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLIR_AIE_INSTALL_DIR", str(install_mlir_aie(root / "mlir_aie")))
        patch.setenv(peano.VARIABLE, str(install_peano(root / "llvm-aie")))
        patch.setenv("FAKE_AIECC_STORE", str(root / "store"))
        patch.delenv("AIEBUILD_AIECC", raising=False)
        build(artifacts, Request("mel-npu1-host"), design, Silent())
        build(artifacts, Request("mel-npu1-npu", target="npu"), design, Silent())
    return root


@pytest.fixture
def world(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_pyxrt.World]:
    """A machine with an npu1 that is the host target in truth."""
    monkeypatch.setitem(sys.modules, "pyxrt", fake_pyxrt)
    library = built / "artifacts" / "mel-npu1-host" / "overlays" / "mel.so"
    yield fake_pyxrt.begin(libraries={"mel": library}, store=built / "store")
    fake_pyxrt.end()


def xrt_device(built: Path) -> XrtDevice:
    artifact = built / "artifacts" / "mel-npu1-npu"
    return XrtDevice(artifact, store.load(artifact))


@pytest.fixture(params=["host", "xrt"])
def opened(
    request: pytest.FixtureRequest, built: Path, world: fake_pyxrt.World
) -> Iterator[tuple[Device, Overlay, Path]]:
    """A device, its mel overlay, and the file of the short sequence."""
    device: Device
    if request.param == "host":
        device, artifact = HostDevice(1), built / "artifacts" / "mel-npu1-host"
    else:
        device, artifact = xrt_device(built), built / "artifacts" / "mel-npu1-npu"
    entry = store.read(artifact).overlay("mel")
    overlay = device.open(artifact / entry.library.path)
    yield device, overlay, artifact / entry.sequence("mel_512").file.path
    device.close()


@pytest.fixture(scope="module")
def known(built: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples, constants and the resulting log-mel, from the artifact's self-test."""
    artifact = built / "artifacts" / "mel-npu1-npu"
    test = store.read(artifact).overlay("mel").test
    assert test is not None
    data = np.fromfile(artifact / test.file.path, np.uint8)
    parts = [data[part.offset : part.offset + part.bytes] for part in test.parts]
    region = test.regions[0]
    return parts[0], parts[1], data[region.offset : region.offset + region.run]


# --- the suite ------------------------------------------------------------------------------------------------------


def test_a_dispatch_and_another_with_other_data(
    opened: tuple[Device, Overlay, Path], known: tuple[np.ndarray, ...]
) -> None:
    device, overlay, path = opened
    sequence = overlay.load_sequence(path)
    assert sequence.arguments == 4
    buffers = [device.buffer(size) for size in SIZES]
    assert [buffer.nbytes for buffer in buffers] == list(SIZES)
    assert not any(buffer.array.any() for buffer in buffers)
    buffers[0].array[:] = known[0]
    buffers[1].array[:] = known[1]
    buffers[1].seal()
    ready = overlay.prepare(sequence, buffers)
    overlay.clear_counters()
    ready.run()
    np.testing.assert_array_equal(buffers[2].array, known[2])
    buffers[0].array[:] = 0
    ready.run()
    silence = buffers[2].array.view(np.int16)
    assert (silence == silence[0]).all()
    overlay.dispatch(sequence, buffers)
    assert overlay.counters().dispatches == 3
    overlay.clear_counters()
    assert overlay.counters().dispatches == 0


def test_parts_of_buffers(opened: tuple[Device, Overlay, Path], known: tuple[np.ndarray, ...]) -> None:
    device, overlay, path = opened
    sequence = overlay.load_sequence(path)
    samples, mel = device.buffer(SIZES[0] + 4096), device.buffer(3 * SIZES[2])
    constants, peaks = device.buffer(SIZES[1]), device.buffer(SIZES[3])
    constants.array[:] = known[1]
    for offset, place in ((64, 0), (4096, SIZES[2])):
        samples.array[:] = 7
        samples.array[offset : offset + SIZES[0]] = known[0]
        part = samples.part(offset, SIZES[0])
        overlay.dispatch(sequence, [part, constants, mel.part(place, SIZES[2]), peaks])
    # a part of a part is a part of the whole
    whole = mel.part(SIZES[2], 2 * SIZES[2])
    overlay.dispatch(sequence, [samples.part(4096, SIZES[0]), constants, whole.part(SIZES[2], SIZES[2]), peaks])
    np.testing.assert_array_equal(mel.array.reshape(3, -1), np.stack([known[2]] * 3))
    with pytest.raises(ValueError, match="part"):
        mel.part(32, 64)
    with pytest.raises(ValueError, match="part"):
        mel.part(mel.nbytes - 64, 128)


def test_a_buffer_in_place_of_another(opened: tuple[Device, Overlay, Path], known: tuple[np.ndarray, ...]) -> None:
    device, overlay, path = opened
    buffers = [device.buffer(size) for size in SIZES]
    buffers[0].array[:], buffers[1].array[:] = known[0], known[1]
    ready = overlay.prepare(overlay.load_sequence(path), buffers)
    ready.run()
    mel = device.buffer(2 * SIZES[2])
    ready.replace(2, mel.part(SIZES[2], SIZES[2]))
    buffers[2].array[:] = 0
    ready.run()
    np.testing.assert_array_equal(mel.array.reshape(2, -1), np.stack([np.zeros_like(known[2]), known[2]]))
    assert not buffers[2].array.any()
    small = device.buffer(64)
    with pytest.raises(DeviceError):
        ready.replace(2, small)
        ready.run()
    assert not small.array.any()


def test_wrong_buffers(opened: tuple[Device, Overlay, Path]) -> None:
    device, overlay, path = opened
    sequence = overlay.load_sequence(path)
    buffers = [device.buffer(size) for size in SIZES]
    with pytest.raises(DeviceError):
        overlay.dispatch(sequence, buffers[:3])
    with pytest.raises(DeviceError):
        overlay.dispatch(sequence, [*buffers, buffers[0]])
    with pytest.raises(DeviceError):
        overlay.dispatch(sequence, [buffers[0], buffers[1], device.buffer(64), buffers[3]])
    with pytest.raises(ValueError, match="a buffer of 0 bytes"):
        device.buffer(0)


def test_a_reset_leaves_sequences_loaded(opened: tuple[Device, Overlay, Path], known: tuple[np.ndarray, ...]) -> None:
    device, overlay, path = opened
    sequence = overlay.load_sequence(path)
    buffers = [device.buffer(size) for size in SIZES]
    buffers[0].array[:], buffers[1].array[:] = known[0], known[1]
    ready = overlay.prepare(sequence, buffers)
    ready.run()
    overlay.reset()
    buffers[2].array[:] = 0
    ready.run()
    np.testing.assert_array_equal(buffers[2].array, known[2])


def test_files_that_are_not_there(opened: tuple[Device, Overlay, Path], tmp_path: Path) -> None:
    device, overlay, _ = opened
    with pytest.raises(DeviceError):
        overlay.load_sequence(tmp_path / "none.seq")
    with pytest.raises(DeviceError):
        device.open(tmp_path / "none.so")


# --- XRT ----------------------------------------------------------------------------------------------------


def open_mel(built: Path, device: XrtDevice) -> XrtOverlay:
    return device.open(built / "artifacts" / "mel-npu1-npu" / "overlays" / "mel.xclbin")


def prepared(built: Path, device: XrtDevice, overlay: XrtOverlay, known: tuple[np.ndarray, ...]) -> list[XrtBuffer]:
    buffers = [device.buffer(size) for size in SIZES]
    buffers[0].array[:], buffers[1].array[:] = known[0], known[1]
    return buffers


def short(built: Path) -> Path:
    return built / "artifacts" / "mel-npu1-npu" / "sequences" / "mel" / "mel_512.insts.bin"


def test_sealed_memory_is_synced_once(built: Path, world: fake_pyxrt.World, known: tuple[np.ndarray, ...]) -> None:
    with xrt_device(built) as device:
        assert device.name == "npu (RyzenAI-npu1)"
        overlay = open_mel(built, device)
        buffers = prepared(built, device, overlay, known)
        sequence = overlay.load_sequence(short(built))
        world.bytes_synced = 0
        overlay.dispatch(sequence, buffers)
        both = world.bytes_synced
        buffers[1].seal()
        world.bytes_synced = 0
        overlay.dispatch(sequence, buffers)
        assert both - world.bytes_synced == -(-SIZES[1] // 64) * 64
        # what the program never looked at is not synced at all, until it looks
        fresh = [buffers[0], buffers[1], device.buffer(SIZES[2]), device.buffer(SIZES[3])]
        buffers[0].seal()
        world.bytes_synced = 0
        overlay.dispatch(sequence, fresh)
        assert world.bytes_synced == 0
        np.testing.assert_array_equal(fresh[2].array, known[2])
        assert world.bytes_synced > 0


@pytest.mark.parametrize("lists", ["with limits", "without limits", "none"])
def test_runlists_and_the_loop_in_their_place(
    lists: str, built: Path, world: fake_pyxrt.World, known: tuple[np.ndarray, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.durations = lists == "with limits"
    if lists == "none":
        monkeypatch.delattr(fake_pyxrt, "runlist")
    with xrt_device(built) as device:
        overlay = open_mel(built, device)
        sequence = overlay.load_sequence(short(built))
        sets = [prepared(built, device, overlay, known) for _ in range(3)]
        before = len(world.runs)
        overlay.run_all(overlay.prepare(sequence, buffers) for buffers in sets)
        assert len(world.runs) - before == 3
        for buffers in sets:
            np.testing.assert_array_equal(buffers[2].array, known[2])
        world.ends[:] = ["COMPLETED", "ERROR"]
        with pytest.raises(DeviceError, match=r"mel\.xclbin: sequence mel_512 ended with state ERROR"):
            overlay.run_all([overlay.prepare(sequence, buffers) for buffers in sets])


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("TIMEOUT", r"mel\.xclbin: sequence mel_512 did not end within 1500 ms \(state TIMEOUT\); the array waits"),
        ("SUBMITTED", r"did not end within 1500 ms \(state SUBMITTED\)"),
        ("ERROR", r"mel\.xclbin: sequence mel_512 ended with state ERROR after \d+ ms"),
        ("NORESPONSE", "ended with state NORESPONSE"),
    ],
)
def test_every_final_state_is_looked_at_and_survived(
    ending: str, expected: str, built: Path, world: fake_pyxrt.World, known: tuple[np.ndarray, ...]
) -> None:
    with xrt_device(built) as device:
        overlay = open_mel(built, device)
        buffers = prepared(built, device, overlay, known)
        ready = overlay.prepare(overlay.load_sequence(short(built)), buffers)
        world.ends.append(ending)
        with pytest.raises(DeviceError, match=expected):
            ready.run()
        assert len(world.contexts) == 1  # the old one was given back
        ready.run()
        np.testing.assert_array_equal(buffers[2].array, known[2])


def test_an_overlay_that_returns_zeros_is_not_trusted(built: Path, world: fake_pyxrt.World) -> None:
    world.zeros = True
    with xrt_device(built) as device, pytest.raises(DeviceError) as caught:
        open_mel(built, device)
    assert str(caught.value) == ("mel.xclbin: the self-test failed: all 40960 values are zero (sequence mel_512)")
    assert caught.value.exit_code == 4


def test_an_overlay_without_known_results_is_refused(built: Path, world: fake_pyxrt.World) -> None:
    with xrt_device(built) as device:
        device.manifest = replace(device.manifest, overlays=(replace(device.manifest.overlays[0], test=None),))
        with pytest.raises(DeviceError, match="has no known results to try it with"):
            open_mel(built, device)


def test_what_counts_as_the_known_result() -> None:
    known = np.random.default_rng(0).standard_normal(4096).astype(np.float32)
    as_bytes = known.view(np.uint8)
    assert mismatch(as_bytes, as_bytes, "f32") is None
    nearly = (known + 0.005 * np.random.default_rng(1).standard_normal(4096)).astype(np.float32)
    assert mismatch(nearly.view(np.uint8), as_bytes, "f32") is None
    shifted = np.roll(known, 1)
    assert "correlation" in str(mismatch(shifted.view(np.uint8), as_bytes, "f32"))
    assert "their size is 2.000" in str(mismatch((2 * known).view(np.uint8), as_bytes, "f32"))
    broken = known.copy()
    broken[3] = np.nan
    assert "not finite" in str(mismatch(broken.view(np.uint8), as_bytes, "f32"))


def test_too_many_contexts(built: Path, world: fake_pyxrt.World) -> None:
    world.foreign_contexts = 6
    with xrt_device(built) as device, pytest.raises(DeviceError) as caught:
        open_mel(built, device)
    assert "no hardware context (0 of 6 are this run's; others may hold the rest)" in str(caught.value)
    assert caught.value.hint == "end other programs that use the NPU, or close overlays"
    world.foreign_contexts = 0
    with xrt_device(built) as device:
        for _ in range(6):
            open_mel(built, device)
        with pytest.raises(DeviceError, match="6 hardware contexts are in use by this run, and npu1 has 6"):
            open_mel(built, device)


def test_more_buffers_than_the_kernel_takes(built: Path, world: fake_pyxrt.World) -> None:
    world.arguments = 6
    with xrt_device(built) as device, pytest.raises(DeviceError, match=r"takes 4 buffers, the kernel of .* only 3"):
        open_mel(built, device)


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        ("Permission denied", "may not be opened by this user", "usermod -aG render"),
        ("No such device with index '0'", "XRT opens no NPU", "aiebuild doctor"),
        ("mmap(addr, len=4096) failed: Resource temporarily unavailable", "cannot be locked", "ulimit -l"),
    ],
)
def test_a_device_that_cannot_be_opened(
    text: str, expected: str, hint: str, built: Path, world: fake_pyxrt.World
) -> None:
    world.no_device = text
    with pytest.raises(DeviceError, match=expected) as caught:
        xrt_device(built)
    assert hint in str(caught.value.hint)
    assert expected in str(xrt.why_not("npu1"))


def test_another_npu(built: Path, world: fake_pyxrt.World) -> None:
    assert xrt.why_not("npu1") is None
    world.name = "RyzenAI-npu4"
    with pytest.raises(DeviceError, match="is built for npu1; the NPU here, RyzenAI-npu4, is npu2"):
        xrt_device(built)
    assert xrt.why_not("npu1") == "the NPU here, RyzenAI-npu4, is npu2; asked for was npu1"
    assert xrt.why_not("npu2") is None
    world.name = "RyzenAI-npu9"
    assert "of no known kind" in str(xrt.why_not())


def test_designs_are_those_of_the_npu_that_is_here(built: Path, world: fake_pyxrt.World) -> None:
    def chosen(asked: str, device: str | None = None) -> tuple[str, str]:
        choice = choose_target(asked, device)
        return choice.target, choice.device

    assert chosen("auto") == chosen("npu") == chosen("auto", "npu1") == ("npu", "npu1")
    world.name = "RyzenAI-npu4"
    assert chosen("auto") == chosen("npu") == chosen("npu", "npu2") == ("npu", "npu2")
    assert choose_target("npu").reason == "asked for; npu2, as the NPU here is RyzenAI-npu4"
    assert choose_target("npu", "npu2").reason == "asked for"
    # asked for one that is not here, or for none: the host has a default
    assert chosen("auto", "npu1") == chosen("host") == chosen("host", "npu1") == ("host", "npu1")
    assert chosen("host", "npu2") == ("host", "npu2")
    world.name = "RyzenAI-npu9"
    assert chosen("auto") == ("host", "npu1")
    with pytest.raises(DeviceError, match="of no known kind"):
        choose_target("npu")


def test_buffers_need_an_overlay(built: Path, world: fake_pyxrt.World) -> None:
    with xrt_device(built) as device, pytest.raises(DeviceError, match="before an overlay is open"):
        device.buffer(64)


# --- pyxrt --------------------------------------------------------------------------------------------------


def test_pyxrt_of_another_python_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pyxrt", raising=False)
    monkeypatch.setenv("XILINX_XRT", str(tmp_path))
    assert find_pyxrt().problem is not None
    (tmp_path / "python").mkdir()
    other = tmp_path / "python" / "pyxrt.cpython-39-x86_64-linux-gnu.so"
    other.touch()
    found = find_pyxrt()
    assert found.folder is None
    assert str(found.problem).startswith(f"{other} is pyxrt for Python 3.9; this is Python 3.")
    assert found.hint == "install aiebuild in an environment of that Python: make PYTHON=python3.9"
    with pytest.raises(MissingError, match="which cannot load it"):
        xrt.load_pyxrt()
    assert "which cannot load it" in str(xrt.why_not())
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    (tmp_path / "python" / f"pyxrt.{tag}-x86_64-linux-gnu.so").touch()
    assert find_pyxrt().folder == str(tmp_path / "python")
    with pytest.raises(MissingError, match="pyxrt cannot be loaded"):
        xrt.load_pyxrt()
    sys.path.remove(str(tmp_path / "python"))
