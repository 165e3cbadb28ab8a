"""Text of small designs for the checks: a device around what a test gives."""

from __future__ import annotations

from collections.abc import Iterable

from aiebuild.check import Violation, check_module
from aiebuild.dialect import parse_module
from aiebuild.target import load_target

TILES = """
    %shim = aie.tile(0, 0)
    %shim1 = aie.tile(1, 0)
    %mem = aie.tile(0, 1)
    %mem1 = aie.tile(1, 1)
    %core = aie.tile(0, 2)
    %north = aie.tile(0, 3)
    %east = aie.tile(1, 2)
    %far = aie.tile(3, 5)
"""


def design(*parts: str, device: str = "npu1") -> str:
    """A module with the usual tiles and `parts` in its device."""
    body = "\n".join(parts)
    return f"module {{\n  aie.device({device}) {{{TILES}{body}\n  }}\n}}\n"


def fifo(name: str, producer: str, consumers: str, kind: str = "64xi32", depth: str = "2 : i32", **extra: str) -> str:
    """An objectfifo; `extra`: to_stream, from_stream, attributes."""
    to_stream = f" dimensionsToStream {extra['to_stream']}" if "to_stream" in extra else ""
    from_stream = f" dimensionsFromStream {extra['from_stream']}" if "from_stream" in extra else ""
    attributes = f" {{{extra['attributes']}}}" if "attributes" in extra else ""
    return (
        f"    aie.objectfifo @{name}(%{producer}{to_stream}, {{{consumers}{from_stream}}}, {depth}){attributes}"
        f" : !aie.objectfifo<memref<{kind}>>"
    )


def link(ins: str, outs: str, sources: str = "", destinations: str = "") -> str:
    return f"    aie.objectfifo.link [{ins}] -> [{outs}] ([{sources}] [{destinations}])"


def acquire(name: str, port: str = "Consume", count: int = 1, kind: str = "64xi32") -> str:
    view = f"!aie.objectfifosubview<memref<{kind}>>"
    return f"        %{name}_{count}_{port} = aie.objectfifo.acquire @{name}({port}, {count}) : {view}"


def release(name: str, port: str = "Consume", count: int = 1) -> str:
    return f"        aie.objectfifo.release @{name}({port}, {count})"


def use(name: str, port: str = "Consume", count: int = 1, kind: str = "64xi32") -> list[str]:
    """Acquire and release the same number."""
    return [acquire(name, port, count, kind), release(name, port, count)]


def core(tile: str, *body: str | Iterable[str], stack: int = 1024, passes: str = "4294967295") -> str:
    """A core whose loop has `body`; `passes` is its trip count, or `%n` for one known only at run time."""
    lines = [line for part in body for line in ([part] if isinstance(part, str) else part)]
    text = "\n".join(lines)
    bound = passes if passes.startswith("%") else "%forever"
    forever = "" if passes.startswith("%") else f"      %forever = arith.constant {passes} : index\n"
    return (
        f"    %body_{tile} = aie.core(%{tile}) {{\n"
        "      %c0 = arith.constant 0 : index\n      %c1 = arith.constant 1 : index\n"
        f"{forever}      scf.for %pass = %c0 to {bound} step %c1 {{\n{text}\n      }}\n      aie.end\n"
        f"    }} {{stack_size = {stack} : i32}}"
    )


def sequence(*body: str, arguments: str = "%a: memref<1048576xi8>, %b: memref<1048576xi8>") -> str:
    text = "\n".join(body)
    return f"    aie.runtime_sequence @run({arguments}) {{\n{text}\n    }}"


def task(name: str, channel: str, descriptor: str = "offset = 0 len = 256", *, token: bool = False, extra: str = ""):
    """A configured task."""
    entries = [*(["issue_token = true"] if token else []), *([extra] if extra else [])]
    attributes = f" {{{', '.join(entries)}}}" if entries else ""
    return (
        f"      %{name} = aiex.dma_configure_task_for @{channel} {{\n"
        f"        aie.dma_bd(%a : memref<1048576xi8> {descriptor})\n        aie.end\n      }}{attributes}"
    )


def start(*names: str) -> str:
    return "\n".join(f"      aiex.dma_start_task(%{name})" for name in names)


def wait(*names: str) -> str:
    return "\n".join(f"      aiex.dma_await_task(%{name})" for name in names)


def free(*names: str) -> str:
    return "\n".join(f"      aiex.dma_free_task(%{name})" for name in names)


PASS = "\n".join(
    [
        fifo("in", "shim", "%mem", "256xi8"),
        fifo("out", "mem", "%shim", "256xi8"),
        link("@in", "@out"),
    ]
)
"""Host -> memory tile -> host."""


def check(text: str, target: str = "npu1") -> list[Violation]:
    return check_module(parse_module(text, "design.mlir"), load_target(target))


def rules(text: str, target: str = "npu1") -> list[str]:
    return [violation.rule for violation in check(text, target)]


def fits(text: str, target: str = "npu1") -> None:
    """Assert that nothing is found."""
    assert check(text, target) == []


def breaks(text: str, rule: str, *fragments: str, target: str = "npu1") -> Violation:
    """Assert that `rule` is broken, that nothing else is, and that the message has `fragments`; yields the first."""
    found = check(text, target)
    assert {violation.rule for violation in found} == {rule}, [str(violation) for violation in found]
    for fragment in fragments:
        assert any(fragment in str(violation) for violation in found), [str(violation) for violation in found]
    return found[0]
