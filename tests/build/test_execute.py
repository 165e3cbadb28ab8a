"""Running plans: what runs, why, and what a failure says. Real compilers, small sources, hand-made plans."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aiebuild.build.execute import Silent, run_plan, write_files
from aiebuild.build.plan import Plan, PlannedFile, Step
from aiebuild.errors import AiebuildError, BuildError

TOOL = (sys.executable, "-m", "aiebuild.build.step", "tool")


def compiling(source: str, *flags: str) -> Step:
    out = Path(source).with_suffix(".o").name
    argv = (*TOOL, "--out", out, "--depfile", f"{out}.d", "--stamps", "src=src", "--")
    compiler = ("g++", *flags, "-MMD", "-MF", f"{out}.d", "-c", source, "-o", out)
    return Step("object", f"compile {source}", (f"stamps/{source}",), (out,), (*argv, *compiler), f"{out}.d")


class Bench:
    """A build folder with two sources, a header of one of them, and stamps as the planner would write them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "src").mkdir()
        self.write("a.cc", '#include "a.h"\nint a() { return A; }\n')
        self.write("b.cc", "int b() { return 2; }\n")
        self.write("a.h", "#define A 1\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / "src" / name).write_text(text)

    def run(self, *flags: str, explain: bool = False) -> Silent:
        link = (*TOOL, "--out", "ab.so", "--", "g++", "-shared", "-Wl,--build-id=none", "a.o", "b.o", "-o", "ab.so")
        sources = sorted((self.folder / "src").iterdir())
        plan = Plan(
            "ab",
            (
                compiling("src/a.cc", "-fPIC", *flags),
                compiling("src/b.cc", "-fPIC"),
                Step("overlay", "link ab", ("a.o", "b.o"), ("ab.so",), link),
            ),
            tuple(PlannedFile(f"stamps/src/{path.name}", path.read_text()) for path in sources),
            {},
        )
        write_files(plan, self.folder)
        reporter = Silent()
        run_plan(plan, self.folder, reporter, jobs=2, explain=explain)
        return reporter


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_what_depends_on_a_change_runs(bench: Bench) -> None:
    assert sorted(bench.run().steps) == ["compile src/a.cc", "compile src/b.cc", "link ab"]
    assert bench.run().steps == []
    bench.write("b.cc", "int b() { return 3; }\n")
    assert bench.run().steps == ["compile src/b.cc", "link ab"]
    bench.write("a.h", "#define A 2\n")
    assert bench.run().steps == ["compile src/a.cc", "link ab"]


def test_the_same_bytes_stop_there(bench: Bench) -> None:
    bench.run()
    for name in ("a.cc", "a.h", "b.cc"):
        (bench.folder / "src" / name).touch()
    assert bench.run().steps == []
    bench.write("b.cc", "// a comment\nint b() { return 2; }\n")
    assert bench.run().steps == ["compile src/b.cc"]
    assert bench.run().steps == []


def test_reasons(bench: Bench) -> None:
    assert "compile src/a.cc: not made yet" in bench.run(explain=True).notes
    bench.write("a.h", "#define A 2\n")
    assert bench.run(explain=True).notes == ["compile src/a.cc: src/a.h changed", "link ab: a.o made anew"]
    assert bench.run("-O1", explain=True).notes[0] == "compile src/a.cc: its command line changed"


def test_a_failing_tool(bench: Bench) -> None:
    bench.run()
    before = (bench.folder / "ab.so").read_bytes()
    bench.write("a.h", "#define A nothing\n")
    with pytest.raises(AiebuildError) as caught:
        bench.run()
    assert str(caught.value) == "g++ failed with exit code 1"
    assert caught.value.exit_code == 1
    assert caught.value.detail is not None
    assert caught.value.detail.startswith("g++ -fPIC -MMD")
    assert "was not declared" in caught.value.detail
    assert (bench.folder / "ab.so").read_bytes() == before
    assert not list(bench.folder.glob(".a.o*"))


def test_a_step_that_breaks_shows_its_command(tmp_path: Path) -> None:
    plan = Plan("x", (Step("pack", "pack x", (), ("x.bin",), (sys.executable, "-c", "raise KeyError('w')")),), (), {})
    write_files(plan, tmp_path)
    with pytest.raises(BuildError, match="pack x: failed") as caught:
        run_plan(plan, tmp_path, Silent(), jobs=1, explain=False)
    assert caught.value.detail is not None
    assert caught.value.detail.splitlines()[0].startswith(sys.executable)
    assert "KeyError: 'w'" in caught.value.detail


def test_strange_names(tmp_path: Path) -> None:
    folder = tmp_path / "a b$c"
    folder.mkdir()
    argv = (sys.executable, "-c", "open('o $x:y', 'w').write('$ \"quoted\"')")
    plan = Plan("x", (Step("pack", "write it", (), ("o $x:y",), argv),), (), {})
    write_files(plan, folder)
    assert run_plan(plan, folder, Silent(), jobs=1, explain=False) == 1
    assert (folder / "o $x:y").read_text() == '$ "quoted"'
