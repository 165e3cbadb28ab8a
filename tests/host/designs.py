"""Texts of small designs for the tests of the host engine."""

from __future__ import annotations

from collections.abc import Sequence

FOREVER = """%c0 = arith.constant 0 : index
%c1 = arith.constant 1 : index
%forever = arith.constant 9223372036854775807 : index"""


def module(*parts: str) -> str:
    """A device around `parts`, with tiles %t<column>_<row> of two columns."""
    body = "\n".join(parts)
    tiles = "\n".join(f"%t{c}_{r} = aie.tile({c}, {r})" for c in range(2) for r in range(6))
    return f"module {{\naie.device(npu1) {{\n{tiles}\n{body}\n}}\n}}\n"


def fifo(name: str, producer: str, consumers: str, kind: str, depth: object = 2, attributes: str = "") -> str:
    """An objectfifo."""
    written = f"{depth} : i32" if isinstance(depth, int) else str(depth)
    return (
        f"aie.objectfifo @{name}({producer}, {{{consumers}}}, {written}) {attributes} : !aie.objectfifo<memref<{kind}>>"
    )


def link(inputs: Sequence[str], outputs: Sequence[str], src: Sequence[int] = (), dst: Sequence[int] = ()) -> str:
    """A link."""
    names = [", ".join(f"@{n}" for n in side) for side in (inputs, outputs)]
    return f"aie.objectfifo.link [{names[0]}] -> [{names[1]}]({list(src)} {list(dst)})"


def acquire(value: str, name: str, port: str, kind: str, count: int = 1) -> str:
    """An acquire and the accesses to its objects: %<value>0, %<value>1, ..."""
    view = f"!aie.objectfifosubview<memref<{kind}>>"
    lines = [f"%{value}_s = aie.objectfifo.acquire @{name}({port}, {count}) : {view}"]
    lines += [
        f"%{value}{k} = aie.objectfifo.subview.access %{value}_s[{k}] : {view} -> memref<{kind}>" for k in range(count)
    ]
    return "\n".join(lines)


def release(name: str, port: str, count: int = 1) -> str:
    """A release."""
    return f"aie.objectfifo.release @{name}({port}, {count})"


def core(tile: str, body: str) -> str:
    """A core that repeats `body` for ever."""
    name = tile.removeprefix("%t")
    loop = f"scf.for %i = %c0 to %forever step %c1 {{\n{body}\n}}"
    return f"%core{name} = aie.core({tile}) {{\n{FOREVER}\n{loop}\naie.end\n}}"


def map_core(tile: str, source: str, sink: str, kind: str, kernel: str = "add3") -> str:
    """A core that calls kernel(in, out) on every object."""
    body = "\n".join(
        (
            acquire("a", source, "Consume", kind),
            acquire("b", sink, "Produce", kind),
            f"func.call @{kernel}(%a0, %b0) : (memref<{kind}>, memref<{kind}>) -> ()",
            release(source, "Consume"),
            release(sink, "Produce"),
        )
    )
    return core(tile, body)


def kernel(name: str, *kinds: str) -> str:
    """A kernel's declaration."""
    types = ", ".join(kind if kind.startswith("i") else f"memref<{kind}>" for kind in kinds)
    return f'func.func private @{name}({types}) attributes {{link_with = "k.o"}}'


def task(
    name: str,
    symbol: str,
    arg: str,
    kind: str,
    *,
    offset: int = 0,
    length: int | None = None,
    sizes: Sequence[int] = (),
    strides: Sequence[int] = (),
    token: bool = False,
    repeat: int = 0,
    start: bool = True,
) -> str:
    """A task with one descriptor, started."""
    count = length if length is not None else 1
    if length is None:
        for size in sizes[-3:]:
            count *= size
    dims = f" sizes = {list(sizes)} strides = {list(strides)}" if sizes else ""
    flags = f"{{issue_token = {'true' if token else 'false'}, repeat_count = {repeat} : i32}}"
    text = f"""%{name} = aiex.dma_configure_task_for @{symbol} {{
aie.dma_bd(%{arg} : memref<{kind}> offset = {offset} len = {count}{dims})
aie.end
}} {flags}"""
    return text + (f"\naiex.dma_start_task(%{name})" if start else "")


def wait(name: str) -> str:
    """Awaits a task."""
    return f"aiex.dma_await_task(%{name})"


def sequence(name: str, args: str, *ops: str) -> str:
    """A runtime sequence; `args` is `a: 64xi8, b: 64xi8`."""
    typed = ", ".join(f"%{one.split(':')[0].strip()} : memref<{one.split(':')[1].strip()}>" for one in args.split(","))
    return f"aie.runtime_sequence @{name}({typed}) {{\n" + "\n".join(ops) + "\n}"


def stream(x: int, y: int, *, size: int | None = None, name: str = "go") -> str:
    """A sequence that sends x bytes through @in and takes y from @out; its arguments have as many, or `size`."""
    a, b = f"{size or x}xi8", f"{size or y}xi8"
    ops = (task("x", "in", "a", a, length=x), task("y", "out", "b", b, length=y, token=True), wait("y"))
    return sequence(name, f"a: {a}, b: {b}", *ops)


def through_memory_tile(*sequences: str) -> str:
    """A design that adds 3: @in to a memory tile, on to a core in objects of 64 bytes, @out."""
    kind = "64xi8"
    parts = [kernel("add3", kind, kind), fifo("in", "%t0_0", "%t0_1", kind), fifo("in2", "%t0_1", "%t0_2", kind)]
    parts += [link(["in"], ["in2"]), fifo("out", "%t0_2", "%t0_0", kind), map_core("%t0_2", "in2", "out", kind)]
    return module(*parts, *sequences)
