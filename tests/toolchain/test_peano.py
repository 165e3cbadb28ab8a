"""Finding Peano and XRT, on fakes that answer as they do; command lines of every generation; ELF files and stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiebuild.cli import run_command
from aiebuild.config.aiecc import aiecc_generations
from aiebuild.config.npu import npu_kind, peano_profile
from aiebuild.config.toolchain import host_toolchain
from aiebuild.errors import BuildError, DeviceError, MissingError
from aiebuild.toolchain import aie, peano, xrt
from aiebuild.toolchain.aie import find_aie_compiler
from aiebuild.toolchain.elf import Elf, ElfError
from aiebuild.toolchain.peano import NpuToolchain, find_peano, npu_toolchain
from aiebuild.toolchain.stack import CallGraph
from aiebuild.toolchain.survey import survey
from tests.fakes.elf import Function, make_object, make_program
from tests.fakes.golden import same_as_golden
from tests.fakes.tools import Faults, install_mlir_aie, install_peano, install_xrt_smi

GENERATIONS = [generation.name for generation in aiecc_generations()]
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No tools but the tests' own."""
    for name in (*aie.VARIABLES, peano.VARIABLE, "XILINX_XRT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(aie, "find_spec", lambda name: None)
    monkeypatch.setattr(peano, "packages_folder", lambda: tmp_path / "no-site")
    monkeypatch.setenv("PATH", "/bin")


def toolchain(root: Path, generation: str = "C3", **faults: object) -> NpuToolchain:
    chosen = Faults(generation=generation, **faults)  # type: ignore[arg-type]
    compiler = find_aie_compiler(install_mlir_aie(root / "mlir_aie", chosen))
    found = find_peano(peano_profile(), install_peano(root / "llvm-aie", chosen))
    return npu_toolchain(peano_profile(), compiler, found)


def test_peano_is_identified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = peano_profile()
    with pytest.raises(
        MissingError, match=r"^no Peano \(llvm-aie\) found; needed: clang 19 or newer with aie2 or aie2p$"
    ):
        find_peano(profile)
    package = install_peano(tmp_path / "no-site" / "llvm-aie")
    assert find_peano(profile).root == str(package)
    named = install_peano(tmp_path / "named", Faults(version="21.0.0git"))
    monkeypatch.setenv(peano.VARIABLE, str(named))
    found = find_peano(profile)
    assert (found.root, found.version, found.revision) == (str(named), "21.0.0git", "02be6fd8c0ffee00aa")
    assert found.summary == f"clang 21.0.0git, revision 02be6fd8c, for aie2, aie2p ({named})"
    assert len(found.sha256) == 64
    # one that is named must do: the package's is not taken in its place
    monkeypatch.setenv(peano.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(MissingError, match=r"^\$PEANO_INSTALL_DIR: .*nowhere: no bin/clang\+\+ there; needed"):
        find_peano(profile)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (Faults(version="18.1.0"), "is clang 18.1.0, needs 19 or newer"),
        (Faults(targets=("x86-64",)), "clang 22.0.0 has no target aie2 or aie2p"),
        (Faults(version="of nobody"), "does not say its version but `clang version of nobody"),
    ],
)
def test_other_compilers_are_refused(faults: Faults, expected: str, tmp_path: Path) -> None:
    with pytest.raises(MissingError) as caught:
        find_peano(peano_profile(), install_peano(tmp_path, faults))
    assert expected in str(caught.value)
    assert caught.value.exit_code == 3


def test_an_array_peano_does_not_know(tmp_path: Path) -> None:
    chain = toolchain(tmp_path, targets=("aie2",))
    assert chain.target("npu1") == "aie2-none-unknown-elf"
    with pytest.raises(MissingError, match="has no target aie2p, needed for npu2"):
        chain.target("npu2")


def test_mlir_aie_without_headers_or_spelling(tmp_path: Path) -> None:
    root = install_mlir_aie(tmp_path / "mlir_aie")
    found = find_peano(peano_profile(), install_peano(tmp_path / "llvm-aie"))
    (root / "include" / "aie_api" / "aie.hpp").unlink()
    with pytest.raises(MissingError, match=r"no aie_api/aie\.hpp there"):
        npu_toolchain(peano_profile(), find_aie_compiler(root), found)
    (root / "bin" / "aie-opt").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(MissingError, match="its spelling is none of the templates'"):
        npu_toolchain(peano_profile(), find_aie_compiler(root), found)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_commands_of_every_generation(generation: str, tmp_path: Path) -> None:
    chain = toolchain(tmp_path, generation)
    commands = [
        peano.kernel_command(chain, "npu1", "k.cc", "kernels_src", ("ROWS=4",), "k.o", "k.o.d"),
        peano.kernel_command(chain, "npu2", "k.cc", "kernels_src", (), "k.o", "k.o.d"),
        peano.overlay_command(chain, "mel.mlir", "mel.xclbin", "mel.prj"),
        peano.sequence_command(chain, "mel.mlir", "mel.insts.bin", "mel.prj"),
    ]
    text = "".join(" ".join(words) + "\n" for words in commands).replace(str(tmp_path), "/tools")
    same_as_golden(f"commands/{generation.lower()}.txt", f"# spelling {chain.macros}\n{text}")


# --- XRT --------------------------------------------------------------------------------------------------------------


def test_xrt_smi_of_three_generations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert xrt.find_xrt_smi() is None
    expected = {
        "2.18": ("2.18.0", "NPU Phoenix (0000:c5:00.1)", "npu1", None),
        "2.21": ("2.21.75", "RyzenAI-npu4 (0000:66:00.1)", "npu2", "1.1.2.64"),
        "hawk": ("2.20.0", "RyzenAI-npu1 (0000:c6:00.1)", "npu1", "1.5.5.391"),
    }
    for kind, (version, name, device, firmware) in expected.items():
        root = install_xrt_smi(tmp_path / kind, kind)
        monkeypatch.setenv("XILINX_XRT", str(root))
        tool = xrt.find_xrt_smi()
        assert tool == str(root / "bin" / "xrt-smi")
        report = xrt.examine_xrt(tool)
        npu = xrt.npu_of(report)
        assert (report.version("Version"), npu.name, npu.device) == (version, name, device)
        assert report.version("NPU Firmware Version") == firmware


def test_unknown_and_absent_npus(tmp_path: Path) -> None:
    said = xrt.examine_xrt(str(install_xrt_smi(tmp_path / "new", "unknown") / "bin" / "xrt-smi"))
    npu = xrt.npu_of(said)
    assert npu.device is None
    assert npu.problem is not None
    assert npu.problem.startswith("the NPU `RyzenAI-npu9` is of no known kind; known: RyzenAI-npu1 (npu1)")
    none = xrt.examine_xrt(str(install_xrt_smi(tmp_path / "none", "none") / "bin" / "xrt-smi"))
    assert xrt.npu_of(none).problem == "XRT sees no NPU"
    with pytest.raises(DeviceError, match="no known kind"):
        npu_kind("Radeon")


def test_compiling_for_the_npu_that_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def planned(*options: str) -> tuple[str, str]:
        run_command(["compile", "--model", "tiny.en", "--dry-run", "--offline", *options])
        said = capsys.readouterr()
        return said.out, said.err

    monkeypatch.setenv("XILINX_XRT", str(tmp_path / "nothing"))
    assert "built for npu1, the default: no xrt-smi is here (--device)" in planned("--target", "npu")[1]
    monkeypatch.setenv("XILINX_XRT", str(install_xrt_smi(tmp_path / "strix", "2.21")))
    assert planned("--target", "npu")[1].startswith("built for npu2: the NPU here is RyzenAI-npu4 (0000:66:00.1)")
    assert "built for" not in planned("--target", "host")[1]
    assert "built for" not in planned("--target", "npu", "--device", "npu1")[1]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("broken", "examine ended with exit code 1: ERROR: no such device"), ("mute", "neither versions nor devices")],
)
def test_a_broken_xrt_smi(kind: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=expected):
        xrt.examine_xrt(str(install_xrt_smi(tmp_path, kind) / "bin" / "xrt-smi"))


def test_doctor_says_what_is_there_and_what_gets_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xrt, "ACCEL", tmp_path / "accel")
    before = {entry.name: entry for entry in survey(host_toolchain())}
    for name in ("mlir-aie", "peano", "xrt", "driver", "npu"):
        assert not before[name].found
        assert not before[name].needed
    assert before["peano"].get == "aiebuild toolchain install"
    assert "ppa:amd-team/xrt" in str(before["xrt"].get)
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(install_mlir_aie(tmp_path / "mlir_aie")))
    monkeypatch.setenv(peano.VARIABLE, str(install_peano(tmp_path / "llvm-aie")))
    monkeypatch.setenv("XILINX_XRT", str(install_xrt_smi(tmp_path / "xrt", "2.21")))
    after = {entry.name: entry for entry in survey(host_toolchain())}
    assert all(after[name].found for name in ("mlir-aie", "peano", "aie_api", "xrt", "firmware", "npu"))
    assert after["npu"].what == "RyzenAI-npu4 (0000:66:00.1): npu2"
    assert after["firmware"].what == "1.1.2.64"


def test_device_nodes_rights_and_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accel0").touch()
    assert xrt.accel_nodes(tmp_path) == [(tmp_path / "accel0", True)]
    monkeypatch.setattr(xrt.os, "access", lambda path, mode: False)
    assert xrt.accel_nodes(tmp_path) == [(tmp_path / "accel0", False)]
    assert xrt.accel_nodes(tmp_path / "none") == []
    assert xrt.driver_version(tmp_path / "none") is None
    assert xrt.driver_version(tmp_path) == "loaded"
    (tmp_path / "version").write_text("0.6.0\n")
    assert xrt.driver_version(tmp_path) == "0.6.0"
    monkeypatch.setattr(xrt.resource, "getrlimit", lambda what: (8 << 20, 8 << 20))
    assert xrt.memory_lock_limit() == 8 << 20


# --- programs ---------------------------------------------------------------------------------------------------------


def graph(*objects: bytes) -> CallGraph:
    found = CallGraph()
    for number, data in enumerate(objects):
        found.add(Elf(data, f"{number}.o"))
    return found


def test_code_of_a_program() -> None:
    assert Elf(make_program(9000, {".data": 100, ".bss": 4}), "core.elf").code_bytes == 9000


def test_the_stack_is_that_of_the_deepest_calls() -> None:
    one = make_object([Function("entry", frame=100, calls=("inner", "other")), Function("inner", frame=50)])
    two = make_object([Function("other", frame=300, calls=("leaf", "__mulsf3")), Function("leaf", frame=1000)])
    depth = graph(one, two).depth("entry")
    assert depth.bytes == 1400
    assert depth.path == ("entry", "other", "leaf")
    assert depth.unmeasured == ("__mulsf3",)
    assert graph(one, two).deepest(["inner", "leaf"]).bytes == 1000


def test_recursion_has_no_bound() -> None:
    circle = make_object([Function("a", calls=("b",)), Function("b", calls=("a",))])
    with pytest.raises(BuildError, match=r"the stack cannot be bounded: a -> b -> a"):
        graph(circle).depth("a")


@pytest.mark.parametrize("name", ["riscv32.o", "x86_64.o"])
def test_objects_of_a_real_clang(name: str) -> None:
    """`tests/golden/elf/kernel.cc` by clang 22 for two machines, -O2 -ffunction-sections -fstack-size-section."""
    found = graph((GOLDEN / "elf" / name).read_bytes())
    frames = {"riscv32.o": (64, 176, 16), "x86_64.o": (72, 168, 24)}[name]
    assert (found.frames["top"], found.frames["_ZL4leafPi"], found.frames["mid"]) == frames
    depth = found.depth("top")
    assert depth.path == ("top", "_ZL4leafPi", "ext")
    assert depth.bytes == frames[0] + frames[1]
    assert depth.unmeasured == ("ext",)


def test_damaged_files() -> None:
    whole = make_object([Function("entry")])
    with pytest.raises(ElfError, match=r"core\.elf: is no ELF file"):
        Elf(b"xclbin2", "core.elf")
    with pytest.raises(ElfError, match=r"core\.elf: is cut short"):
        _ = Elf(whole[: len(whole) // 2], "core.elf").sections
