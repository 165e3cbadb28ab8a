"""Imports point one way: the table below is the design's, and every import in the package is held against it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "aiebuild"

LEAVES = {"errors", "resources"}
BASE = {"config", "dialect", "target"}
PARTS = {"render", "check", "toolchain", "host", "weights"}

# package -> the packages it may import, besides itself and the leaves
ALLOWED: dict[str, set[str]] = {
    "": {"emulation"},  # aiebuild/__init__.py
    "errors": set(),
    "resources": set(),
    "config": set(),
    "target": {"config"},
    "dialect": {"target", "config"},
    "manifest": {"config"},
    "render": BASE,
    "check": BASE,
    "toolchain": BASE,
    "host": BASE,
    "weights": BASE | {"toolchain"},  # pip, to download wheels
    "timing": BASE
    | {"host", "toolchain", "render", "weights", "manifest", "designs", "runtime", "emulation", "whisper"},
    "designs": BASE | {"weights", "manifest"},
    "build": BASE | PARTS | {"designs", "manifest"},
    "runtime": {"manifest", "config", "target"},
    "emulation": BASE | {"check", "toolchain", "host", "runtime", "manifest"},
    "whisper": {"runtime", "manifest", "config", "weights"},
    "calibration": BASE | {"weights", "designs", "manifest", "whisper"},
    "report": BASE | PARTS | {"designs", "manifest", "build", "runtime", "whisper", "timing", "emulation"},
    "cli": BASE | PARTS | {"designs", "manifest", "build", "runtime", "whisper", "timing", "emulation", "report"},
    "__main__": {"cli"},
}
MAY_PRINT = {"cli", "report", "__main__"}
MAY_RUN_TOOLS = {"toolchain/process.py"}
MAY_IMPORT_XRT = {"runtime/xrt.py"}
# what would do the model's arithmetic behind the designs' back
BANNED = {"torch", "tensorflow", "jax", "scipy", "onnxruntime", "ctranslate2", "faster_whisper", "whisper", "numba"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    name = parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module imported anywhere in a file, lazily too, as (line, absolute dotted name)."""
    package = ("aiebuild", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join((*package[: len(package) - node.level + 1], *([node.module] if node.module else [])))
            if base == "aiebuild":
                for alias in node.names:
                    yield node.lineno, f"aiebuild.{alias.name}"
            else:
                yield node.lineno, base


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_direction(path: Path) -> None:
    layer = layer_of(path)
    assert layer in ALLOWED, f"package `{layer}` is not in the table of layers"
    wrong: list[str] = []
    for line, name in imports(path):
        head, _, rest = name.partition(".")
        if head != "aiebuild" or not rest or rest == "__version__":
            continue
        target = rest.partition(".")[0]
        if target != layer and target not in LEAVES and target not in ALLOWED[layer]:
            wrong.append(f"{path.relative_to(PACKAGE)}:{line}: {layer} must not import {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_special_rights(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    wrong: list[str] = []
    for line, module in imports(path):
        head = module.partition(".")[0]
        if head in BANNED:
            wrong.append(f"{name}:{line}: {head} is banned")
        if head == "subprocess" and name not in MAY_RUN_TOOLS:
            wrong.append(f"{name}:{line}: only {', '.join(MAY_RUN_TOOLS)} runs external tools")
        if head == "pyxrt" and name not in MAY_IMPORT_XRT:
            wrong.append(f"{name}:{line}: only {', '.join(MAY_IMPORT_XRT)} imports pyxrt")
    for line, function in calls(path):
        if function == "print" and layer_of(path) not in MAY_PRINT:
            wrong.append(f"{name}:{line}: only {', '.join(sorted(MAY_PRINT))} print")
        if function in {"os.system", "os.popen", "os.execv", "os.execvp", "os.posix_spawn"}:
            wrong.append(f"{name}:{line}: {function} is banned; use toolchain/process.py")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_cycle() -> None:
    done: set[str] = set()
    remaining = dict(ALLOWED)
    while remaining:
        ready = [name for name, needs in remaining.items() if needs - {name} <= done | LEAVES]
        assert ready, f"cycle among {sorted(remaining)}"
        for name in ready:
            done.add(name)
            del remaining[name]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def test_modules_import_in_no_circle() -> None:
    """Of imports at the top of modules, within packages too; a package's own `__init__` is not counted as imported."""
    known = {module_name(path) for path in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        needs = graph.setdefault(module_name(path), set())
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                needs |= {name if name in known else node.module for name in inner}
            elif isinstance(node, ast.Import):
                needs |= {alias.name for alias in node.names}
    assert sum(len(needs & known) for needs in graph.values()) > len(known)
    TopologicalSorter({name: needs & known for name, needs in graph.items()}).prepare()
