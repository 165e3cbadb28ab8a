"""The Python API and the command: arguments, choices, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aiebuild
from aiebuild.cli import run_command
from aiebuild.dialect import DesignError
from aiebuild.emulation.objects import ObjectCache, read_depfile
from aiebuild.errors import UsageError
from aiebuild.toolchain.process import ToolError

CORPUS = Path(__file__).parent.parent / "designs"
ADD_ONE, KERNEL = CORPUS / "add_one.mlir", CORPUS / "add_constant.cc"
OVERLAY, OVERLAY_KERNEL = CORPUS / "small_overlay.mlir", CORPUS / "small.cc"


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of `aiebuild emulate`."""
    code = run_command(["emulate", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


# The example: this is all it takes to test a design of one's own.
def test_add_one_adds_one() -> None:
    x = np.arange(1024, dtype=np.int32)
    result = aiebuild.emulate(ADD_ONE, kernels=[KERNEL], args=[x])
    np.testing.assert_array_equal(result.outputs[0], x + 1)


def test_the_package_is_imported_without_its_api() -> None:
    code = "import sys, aiebuild; sys.exit('numpy' in sys.modules or 'xdsl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError):
        _ = aiebuild.emulat  # type: ignore[attr-defined]


def test_text_in_place_of_a_file() -> None:
    text = (CORPUS / "passthrough.mlir").read_text().replace("npu1_1col", "NPUDEVICE")
    result = aiebuild.emulate(text, device="npu1_2col")
    assert result.device == "npu1_2col"
    np.testing.assert_array_equal(*result.arguments)


def test_without_arguments_a_seeded_pattern() -> None:
    first, again, other = (aiebuild.emulate(CORPUS / "passthrough.mlir", seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.outputs[0], again.outputs[0])
    assert (first.outputs[0] != other.outputs[0]).any()


def test_what_is_given_sets_shape_and_type() -> None:
    x = np.arange(4096, dtype=np.uint8).reshape(64, 64)
    result = aiebuild.emulate(CORPUS / "passthrough.mlir", args=[x, aiebuild.Pattern((32, 32), "f32")])
    assert result.arguments[0].dtype == np.uint8
    assert result.outputs[0].dtype == np.float32
    np.testing.assert_array_equal(result.outputs[0], x.reshape(-1).view(np.float32).reshape(32, 32))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([np.zeros(1024)], r"argument 0 \(%a\): 1024 float64 \(8,192 B\) given, the sequence takes memref<1024xi32>"),
        ([np.zeros(1000, np.int32)], "1000 int32"),
        ([np.zeros(512, np.int64)], "512 int64"),
        ([["x"] * 1024], "cannot be made memref<1024xi32>"),
        ([2**40], "cannot be made"),
        ([None, None, None], "3 arguments given, @sequence takes 2"),
    ],
)
def test_arguments_that_do_not_fit(args: list[object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        aiebuild.emulate(CORPUS / "passthrough.mlir", args=args)  # type: ignore[arg-type]


def test_kernels_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match=r"add_one\.mlir:19: @add_constant is called, no kernel") as missing:
        aiebuild.emulate(ADD_ONE)
    assert missing.value.hint is not None
    assert "add_constant.o" in missing.value.hint
    with pytest.raises(UsageError, match="no such kernel source"):
        aiebuild.emulate(ADD_ONE, [tmp_path / "none.cc"])
    with pytest.raises(UsageError, match="no such folder"):
        aiebuild.emulate(ADD_ONE, [KERNEL], include=[tmp_path / "none"])
    wrong = tmp_path / "wrong.cc"
    wrong.write_text('extern "C" void add_constant() { nonsense; }')
    with pytest.raises(ToolError) as failed:
        aiebuild.emulate(ADD_ONE, [wrong])
    assert failed.value.detail is not None
    assert "nonsense" in failed.value.detail
    twice = tmp_path / "twice.cc"
    twice.write_text(KERNEL.read_text())
    with pytest.raises(DesignError, match="@add_constant is defined by several"):
        aiebuild.emulate(ADD_ONE, [KERNEL, twice])


def test_defines_and_headers_are_part_of_an_object(tmp_path: Path) -> None:
    kernel, header = tmp_path / "k.cc", tmp_path / "headers" / "step.h"
    header.parent.mkdir()
    header.write_text("#define STEP 5\n")
    kernel.write_text(
        '#include <step.h>\n#include <stdint.h>\nextern "C" void add_constant(int32_t *a, int32_t *b, int32_t)\n'
        "{ for (int i = 0; i < 64; ++i) b[i] = a[i] + STEP * TIMES; }\n"
    )

    def added(times: int) -> int:
        x = np.zeros(1024, np.int32)
        result = aiebuild.emulate(ADD_ONE, [kernel], [x], defines=[f"TIMES={times}"], include=[header.parent])
        return int(result.outputs[0][0])

    assert added(1) == 5
    assert added(2) == 10
    header.write_text("#define STEP 7\n")
    assert added(1) == 7


COUNTING = """#include <stdint.h>
extern "C" void add_constant(int32_t *a, int32_t *b, int32_t)
{ static int calls; ++calls; for (int i = 0; i < 64; ++i) b[i] = calls; }
extern "C" void begin(int32_t *, int32_t *, int32_t *) {}
extern "C" void product(int32_t *, int32_t *, int32_t *) {}
extern "C" void finish(int32_t *, int32_t *, int32_t, int32_t) {}
"""


def test_static_data_starts_anew_with_every_run(tmp_path: Path) -> None:
    kernel = tmp_path / "counting.cc"
    kernel.write_text(COUNTING)
    for _ in range(2):
        result = aiebuild.emulate(ADD_ONE, [kernel])
        np.testing.assert_array_equal(result.outputs[0], np.repeat(np.arange(1, 17), 64))


def test_static_data_of_several_cores_is_refused(tmp_path: Path) -> None:
    kernel = tmp_path / "counting.cc"
    kernel.write_text(COUNTING)
    with pytest.raises(DesignError, match=r"small_overlay\.mlir:\d+: a second core calls .* \(`.*calls`\)"):
        aiebuild.emulate(OVERLAY, [kernel])


def locks(old: str, new: str) -> str:
    """The design of locks, changed."""
    text = (CORPUS / "locks.mlir").read_text()
    assert old in text
    return text.replace(old, new, 1)


def test_a_deadlock_of_locks_is_diagnosed() -> None:
    text = locks("%out_free = aie.lock(%core, 2) {init = 1 : i32", "%out_free = aie.lock(%core, 2) {init = 0 : i32")
    with pytest.raises(aiebuild.EmulationError, match=r"deadlock: <design>:73: .* a token of S2MM 0") as failed:
        aiebuild.emulate(text)
    assert failed.value.detail is not None
    assert "core(0,2) waits in <design>:27 for @out_free to be at least 1, it is 0" in failed.value.detail
    assert "S2MM 0 of tile (0,2) waits in <design>:52 for @in_free to be at least 1, it is 0" in failed.value.detail


def test_a_lock_beyond_its_range_is_an_error() -> None:
    text = locks("aie.use_lock(%out_full, Release, %one)", "aie.use_lock(%in_free, Release, %many)")
    text = text.replace("%c12 =", "%many = arith.constant 63 : i32\n      %c12 =", 1)
    with pytest.raises(aiebuild.EmulationError, match=r"@in_free would become 6., a lock holds 0 to 63"):
        aiebuild.emulate(text, check=False)


def test_what_is_compiled_is_found_again(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path / "cache")
    source = tmp_path / "s.cc"
    source.write_text("int f() { return 1; }\n")

    def command(out: Path, depfile: Path) -> list[str]:
        return [cache.compiler.path, "-MMD", "-MF", str(depfile), "-c", str(source), "-o", str(out)]

    first = cache.object(source, command)
    made = first.stat().st_ino
    assert cache.object(source, command).stat().st_ino == made
    source.write_text("int f() { return 2; }\n")
    assert cache.object(source, command) != first


def test_depfiles(tmp_path: Path) -> None:
    depfile = tmp_path / "d"
    depfile.write_text("out.o: a.cc \\\n b\\ c.h \\\n d$$.h\n")
    assert read_depfile(depfile) == [Path("a.cc"), Path("b c.h"), Path("d$.h")]


def test_a_deadlock_is_diagnosed() -> None:
    a = np.zeros((8, 64), np.int32)
    a[0::4, :2] = (3, 1)  # a product more than there is data for
    with pytest.raises(aiebuild.EmulationError, match="deadlock") as failed:
        aiebuild.emulate(OVERLAY, [OVERLAY_KERNEL], [a])
    assert failed.value.exit_code == 1
    assert failed.value.detail is not None
    assert "core(0,2) waits in small_overlay.mlir:55 to acquire @A0(Consume, 1)" in failed.value.detail


def test_a_broken_limit_is_an_error_unless_told_otherwise() -> None:
    text = (CORPUS / "passthrough.mlir").read_text()
    large = text.replace("2 : i32", "3 : i32").replace("256xi32", "65536xi32").replace("1024", "65536")
    with pytest.raises(DesignError, match="memory"):
        aiebuild.emulate(large)
    result = aiebuild.emulate(large, check=False)
    np.testing.assert_array_equal(*result.arguments)


# -- the command ------------------------------------------------------------------------------------------


def test_command_with_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.arange(1024, dtype=np.int32)
    np.save(tmp_path / "x.npy", x)
    out = tmp_path / "y.npy"
    argv = (ADD_ONE, "--kernel", KERNEL, "--arg", tmp_path / "x.npy", "--arg", "1024:i32", "--out", out)
    code, stdout, stderr = run(capsys, *argv, "--threads", 1)
    assert (code, stdout) == (0, "")
    assert "@sequence for npu1_1col" in stderr
    np.testing.assert_array_equal(np.load(out), x + 1)


def test_command_without_files_sums_up(capsys: pytest.CaptureFixture[str]) -> None:
    code, stdout, _ = run(capsys, CORPUS / "passthrough.mlir")
    assert code == 0
    read, wrote = stdout.splitlines()
    assert read.startswith("%a memref<1024xi32> not written sha256 ")
    assert wrote.replace("%b", "%a").replace(" written", " not written") == read


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["none.mlir"], 2, "error: none.mlir: no such file"),
        ([CORPUS / "passthrough.mlir", "--arg", "none.npy"], 2, "error: none.npy: no such file"),
        ([CORPUS / "passthrough.mlir", "--arg", KERNEL], 2, "no array of numbers as NumPy saves it"),
        ([CORPUS / "passthrough.mlir", "--arg", "16:i31"], 2, "unknown type `i31`"),
        ([CORPUS / "passthrough.mlir", "--out", "a.npy", "--out", "b.npy"], 2, "2 --out given, @sequence writes 1"),
        ([CORPUS / "passthrough.mlir", "--out", "none/a.npy"], 2, "none: no such folder"),
        ([CORPUS / "passthrough.mlir", "--device", "npu1"], 2, "the design is for npu1_1col, not npu1"),
        ([CORPUS / "passthrough.mlir", "--device", "npu9"], 2, "unknown device `npu9`"),
        ([CORPUS / "passthrough.mlir", "--sequence", "x"], 2, "no runtime sequences @x"),
        ([CORPUS / "iterations.mlir"], 1, "iterations.mlir:7: objectfifo @out with iter_count is not modelled"),
        ([KERNEL], 1, "add_constant.cc:1"),
    ],
)
def test_command_errors(argv: list[object], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, *argv)
    assert result[0] == code
    assert result[1] == ""
    assert message in result[2]
    assert "Traceback" not in result[2]


def test_kernels_are_compiled_for_the_core_of_the_device(tmp_path: Path) -> None:
    kernel = tmp_path / "core.cc"
    kernel.write_text(
        '#include <aie_api/aie.hpp>\nextern "C" void add_constant(int32_t *in, int32_t *out, int32_t) {\n'
        "    for (int i = 0; i < 64; ++i) out[i] = __AIE_ARCH__;\n}\n"
    )
    text = ADD_ONE.read_text().replace("npu1_1col", "NPUDEVICE")
    for device, core in (("npu1_1col", 20), ("npu2_1col", 21)):
        assert aiebuild.emulate(text, kernels=[kernel], device=device).outputs[0].flat[0] == core


def test_arrays_of_the_other_byte_order_are_numbers_all_the_same() -> None:
    x = np.arange(1024, dtype=">i4")
    result = aiebuild.emulate(ADD_ONE, [KERNEL], [x])
    np.testing.assert_array_equal(result.outputs[0], np.arange(1, 1025))


def test_a_kernel_that_is_no_source_and_a_bad_macro(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, ADD_ONE, "--kernel", ADD_ONE)
    assert (code, err.splitlines()[-2:]) == (
        2,
        [f"error: {ADD_ONE}: no C++ source", "hint: kernels end in .cc, .cpp, .cxx, .c++, .C"],
    )
    code, _, err = run(capsys, ADD_ONE, "--kernel", KERNEL, "-D", "A B=3")
    assert code == 2
    assert "error: -D `A B=3`: no macro" in err


def test_what_no_memory_holds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for pattern in ("99999999999999999999:i32", "1024x1000000x1000000:i32"):
        code, _, err = run(capsys, ADD_ONE, "--kernel", KERNEL, "--arg", pattern)
        assert code == 2
        assert "given, the sequence takes memref<1024xi32>" in err
    huge = tmp_path / "huge.mlir"
    huge.write_text(ADD_ONE.read_text().replace("1024xi32", f"{2**60}xi32"))
    code, _, err = run(capsys, huge, "--kernel", KERNEL)
    assert code == 1
    assert "4,611,686,018,427,387,904 B are more than there is room for" in err
    empty = tmp_path / "empty.mlir"
    empty.write_text(ADD_ONE.read_text().replace("64xi32", "0xi32"))
    code, _, err = run(capsys, empty, "--kernel", KERNEL, "--no-check")
    assert code == 1
    assert "memref<0xi32> has no elements" in err
