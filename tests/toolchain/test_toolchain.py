"""Finding the compiler, and running tools."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aiebuild.config.toolchain import host_toolchain
from aiebuild.errors import BuildError, MissingError, UsageError
from aiebuild.toolchain.compiler import examine, find_host_compiler, native_flags
from aiebuild.toolchain.process import ToolError, run, stream
from aiebuild.toolchain.search import Rejected, first_usable
from aiebuild.toolchain.survey import survey


def test_the_compiler_is_identified() -> None:
    compiler = find_host_compiler(host_toolchain())
    assert compiler.family in ("gcc", "clang")
    assert int(compiler.version.split(".")[0]) >= 12
    assert len(compiler.sha256) == 64
    assert compiler.native == native_flags(compiler.path) != ()
    assert compiler.version in compiler.identity


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_old_and_broken_compilers_are_refused(tmp_path: Path) -> None:
    profile = host_toolchain()
    old = script(tmp_path / "old", "echo '#define __GNUC__ 9'; echo '#define __GNUC_MINOR__ 4'")
    assert examine(old, profile) == Rejected(old, "is gcc 9.4.0, needs 12 or newer")
    broken = script(tmp_path / "broken", "exit 1")
    assert examine(broken, profile) == Rejected(broken, "does not compile C++")
    bare = script(tmp_path / "bare", "case \"$*\" in *-dM*) echo '#define __clang_major__ 18';; *) exit 1;; esac")
    assert examine(bare, profile) == Rejected(bare, "has no C++20 standard library")


def test_no_compiler_is_one_line_and_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "g++", "echo '#define __GNUC__ 9'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(MissingError) as caught:
        find_host_compiler(host_toolchain())
    assert str(caught.value) == "no C++20 compiler (g++ >= 12 or clang++ >= 16) found"
    assert caught.value.hint == "sudo apt-get install g++"
    assert caught.value.detail == "g++: is gcc 9.0.0, needs 12 or newer"


def test_cxx_is_obeyed_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(MissingError, match=r"\$CXX is `no-such-compiler`, which cannot be used: not found"):
        find_host_compiler(host_toolchain())


def test_unknown_profile() -> None:
    with pytest.raises(UsageError, match="no toolchain profile `hosst`; did you mean `host`"):
        host_toolchain("hosst")


def test_a_failing_command_is_verbatim() -> None:
    argv = [sys.executable, "-c", "import sys; print('out put'); sys.exit(3)"]
    with pytest.raises(ToolError) as caught:
        run(argv)
    assert "failed with exit code 3" in str(caught.value)
    assert caught.value.detail is not None
    command, _, output = caught.value.detail.partition("\n")
    assert command == f"{sys.executable} -c 'import sys; print('\"'\"'out put'\"'\"'); sys.exit(3)'"
    assert output == "out put"


def test_missing_program_and_timeout() -> None:
    with pytest.raises(MissingError, match="no-such-program: cannot be run"):
        run(["no-such-program"])
    with pytest.raises(BuildError, match="not done after"):
        run([sys.executable, "-c", "import time; time.sleep(9)"], timeout=0.1)


def test_stream_gives_lines_and_the_exit_code() -> None:
    lines: list[str] = []
    argv = [sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr); sys.exit(4)"]
    assert stream(argv, lines.append) == 4
    assert sorted(lines) == ["a", "b"]


def test_the_survey_covers_everything() -> None:
    names = [finding.name for finding in survey(host_toolchain())]
    for name in ("system", "python", "packages", "c++ compiler", "mlir-aie", "peano", "xrt", "npu"):
        assert name in names


def test_the_first_of_several_rejected_is_named_and_all_are_listed() -> None:
    places = [("Python package", Path("a")), ("PATH", Path("b"))]
    with pytest.raises(MissingError) as error:
        first_usable(places, lambda place: Rejected(str(place), "is old"), "no tool found", "needed: a new one")
    assert error.value.message == "Python package: a: is old; needed: a new one"
    assert error.value.detail == "Python package: a: is old\nPATH: b: is old"


def test_a_tool_that_is_named_must_do() -> None:
    places = [("$TOOL", Path("a")), ("PATH", Path("b"))]

    def examine_place(place: Path) -> Path | Rejected:
        return place if place == Path("b") else Rejected(str(place), "is old")

    assert first_usable(places[1:], examine_place, "no tool found", "needed: a new one") == Path("b")
    with pytest.raises(MissingError, match=r"\$TOOL: a: is old; needed: a new one"):
        first_usable(places, examine_place, "no tool found", "needed: a new one")
    with pytest.raises(MissingError, match="no tool found; needed"):
        first_usable([], examine_place, "no tool found", "needed: a new one")
