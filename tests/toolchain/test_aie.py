"""Finding aiecc and telling its generation, on `fake_aiecc` programs that answer as each generation does."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiebuild.config.aiecc import aiecc_generations
from aiebuild.config.toolchain import host_toolchain
from aiebuild.errors import BuildError, MissingError
from aiebuild.toolchain import aie
from aiebuild.toolchain.aie import AieCompiler, command, compile_without_cores, examine, find_aie_compiler, options_of
from aiebuild.toolchain.process import ToolError
from aiebuild.toolchain.survey import survey

ARGPARSE = "usage: aiecc.py [-h] [--{0}] file\n\noptions:\n  -h, --help  show this help message and exit\n"
LLVM = "OVERVIEW: driver\n\nUSAGE: aiecc [options] <input>\n\nOPTIONS:\n"
OLD = ("aie-generate-xclbin", "aie-generate-npu-insts", "no-compile", "no-xchesscc")
NEW = ("get=<name>", "no-progress", "npu-insts-name=<string>", "xchesscc")

HELP = {
    "A": ARGPARSE + "".join(f"  --{name}  what it does\n" for name in OLD),
    "B": LLVM + "".join(f"  --{name}   - What it does\n" for name in OLD),
    "C1": LLVM + "".join(f"  --{name}   - Outputs (e.g. --get-xclbin)\n" for name in (*NEW, "no-xchesscc")),
    "C2": LLVM + "".join(f"  --{name}   - Not --no-xchesscc, which is gone\n" for name in NEW),
    "C3": LLVM + "".join(f"  --{name}   - What it does\n" for name in (*NEW, "no-measure-stack-size")),
}


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def fake_aiecc(folder: Path, help_text: str, *, run: str = "exit 1", version: str = "git SHA:  3ca0193ce") -> Path:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "help.txt").write_text(help_text)
    cases = f'--help) cat "{folder}/help.txt";; --aie-version) echo "{version}";; *) echo "$@" > argv; {run};;'
    return script(folder / "bin" / "aiecc", f'case "$1" in {cases} esac')


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mlir-aie but the tests' own."""
    for name in aie.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(aie, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.mark.parametrize("name", HELP)
def test_each_generation_is_told_by_its_help(name: str, tmp_path: Path) -> None:
    path = fake_aiecc(tmp_path, HELP[name])
    for place in (path, tmp_path, tmp_path / "bin"):
        found = examine(place)
        assert isinstance(found, AieCompiler)
        assert (found.path, found.generation.name, found.revision) == (str(path), name, "3ca0193ce")
    options = options_of(HELP[name])
    assert [g.name for g in aiecc_generations() if g.describes(HELP[name], options)] == [name]


def test_options_are_those_listed_not_those_mentioned() -> None:
    assert "no-xchesscc" not in options_of(HELP["C2"])
    assert options_of("  -j <uint>   - Threads\n  -h, --help  show\n  --get=<name>  - Get\n") == {"j", "help", "get"}


def test_unknown_generations_are_refused_with_what_was_found(tmp_path: Path) -> None:
    path = fake_aiecc(tmp_path, LLVM + "  --get-it-all   - Everything\n")
    with pytest.raises(MissingError) as caught:
        find_aie_compiler(path)
    text = str(caught.value)
    assert text.startswith(f"given: {path}: of no known generation (revision 3ca0193ce; has --get-it-all)")
    assert "usable generations: A (from 2025-03-20), B (from 2026-02-24), C1" in text
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("echo broken >&2; exit 5", "--help ended with exit code 5: broken"), ("echo hi", "of no known generation")],
)
def test_what_is_no_aiecc_is_refused(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=expected):
        find_aie_compiler(script(tmp_path / "aiecc", text))


def test_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingError, match="no aiecc found"):
        find_aie_compiler()
    on_path = fake_aiecc(tmp_path / "path", HELP["B"])
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    assert find_aie_compiler().path == str(on_path)
    installed = fake_aiecc(tmp_path / "installed", HELP["C2"])
    monkeypatch.setenv("MLIR_AIE_INSTALL_DIR", str(tmp_path / "installed"))
    assert find_aie_compiler().path == str(installed)
    named = fake_aiecc(tmp_path / "named", HELP["C3"])
    monkeypatch.setenv("AIEBUILD_AIECC", str(named))
    assert find_aie_compiler().path == str(named)
    monkeypatch.setenv("AIEBUILD_AIECC", str(tmp_path / "nowhere"))
    with pytest.raises(MissingError, match=r"^\$AIEBUILD_AIECC: .*nowhere: no aiecc there"):
        find_aie_compiler()
    assert find_aie_compiler(on_path).path == str(on_path)


def test_the_spelling_is_what_its_aie_opt_takes(tmp_path: Path) -> None:
    fake_aiecc(tmp_path, HELP["C2"])
    script(tmp_path / "bin" / "aie-opt", 'case "$1" in */macros/c2/probe.mlir) exit 0;; *) exit 1;; esac')
    found = examine(tmp_path)
    assert isinstance(found, AieCompiler)
    assert found.macros == "c2"
    script(tmp_path / "bin" / "aie-opt", "exit 1")
    found = examine(tmp_path)
    assert isinstance(found, AieCompiler)
    assert found.macros is None
    assert "its spelling is none of the templates'" in found.summary


COMMANDS = {
    "B": "--no-compile --no-link --no-compile-host --no-xchesscc --no-xbridge "
    "--tmpdir=design.mlir.prj --aie-generate-npu-insts --npu-insts-name=insts.bin design.mlir",
    "C2": "--get-npu-insts --npu-insts-name=insts.bin --tmpdir=design.mlir.prj --output-dir=. --no-progress "
    "design.mlir",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_of_the_generations(name: str, tmp_path: Path) -> None:
    found = examine(fake_aiecc(tmp_path, HELP[name], run="printf 1234 > insts.bin"))
    assert isinstance(found, AieCompiler)
    assert " ".join(command(found, "design.mlir", "insts.bin")[1:]) == COMMANDS[name]
    made = compile_without_cores(found, "module {}", tmp_path, sequence=True)
    assert made.insts == b"1234"
    assert (tmp_path / "argv").read_text().strip() == COMMANDS[name]
    assert (tmp_path / "design.mlir").read_text() == "module {}"
    assert compile_without_cores(found, "module {}", tmp_path, sequence=False).insts is None
    assert "insts" not in (tmp_path / "argv").read_text()


def test_failures_are_shown_with_command_and_output(tmp_path: Path) -> None:
    found = examine(fake_aiecc(tmp_path, HELP["C2"], run="echo 'design.mlir:1:1: error: no' >&2; exit 1"))
    assert isinstance(found, AieCompiler)
    with pytest.raises(ToolError, match="aiecc failed with exit code 1") as caught:
        compile_without_cores(found, "x", tmp_path, sequence=True)
    assert caught.value.detail is not None
    assert caught.value.detail.startswith(f"{found.path} ")
    assert caught.value.detail.endswith("design.mlir:1:1: error: no")
    silent = examine(fake_aiecc(tmp_path, HELP["C2"], run="exit 0"))
    assert isinstance(silent, AieCompiler)
    with pytest.raises(BuildError, match=r"aiecc wrote no insts\.bin"):
        compile_without_cores(silent, "x", tmp_path, sequence=True)


def test_doctor_says_which_generation_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIEBUILD_AIECC", str(fake_aiecc(tmp_path, HELP["C1"])))
    finding = next(entry for entry in survey(host_toolchain()) if entry.name == "mlir-aie")
    assert finding.found
    assert finding.what.startswith("revision 3ca0193ce, aiecc generation C1, ")
    monkeypatch.setenv("AIEBUILD_AIECC", str(tmp_path / "nothing"))
    finding = next(entry for entry in survey(host_toolchain()) if entry.name == "mlir-aie")
    assert not finding.found
    assert "no aiecc there" in finding.what
