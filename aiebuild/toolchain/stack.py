"""The stack that calls take: frames from `.stack_sizes` (`-fstack-size-section`), calls from relocations.

Every reference from a function's code to another function counts as a call, so the sum is an upper bound for direct
calls; a call through a pointer in data is not seen. Objects are compiled with one section a function.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aiebuild.errors import BuildError
from aiebuild.toolchain.elf import Elf, Relocation


@dataclass(frozen=True)
class Depth:
    """What a call takes: `bytes` of all frames on the deepest path, `path` the functions on it.

    `unmeasured`: functions reached whose frame is not known (of libraries), counted as nothing.
    """

    bytes: int
    path: tuple[str, ...]
    unmeasured: tuple[str, ...]


@dataclass
class CallGraph:
    """Frames and calls of some objects, by the functions' (mangled) names."""

    frames: dict[str, int] = field(default_factory=dict[str, int])
    calls: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])

    def add(self, elf: Elf) -> None:
        """Take in an object. Raises ElfError when its `.stack_sizes` is damaged."""
        for index, section in enumerate(elf.sections):
            if section.name == ".stack_sizes":
                self._frames(elf, index)
            elif section.is_code:
                self._calls(elf, index)

    def depth(self, root: str) -> Depth:
        """What a call of `root` takes. Raises BuildError when functions call each other in a circle."""
        return self._depth(root, ())

    def deepest(self, roots: Iterable[str]) -> Depth:
        """The one of `roots` that takes most; `unmeasured` of all."""
        depths = [self.depth(root) for root in roots]
        most = max(depths, key=lambda depth: depth.bytes, default=Depth(0, (), ()))
        unmeasured = sorted({name for depth in depths for name in depth.unmeasured})
        return Depth(most.bytes, most.path, tuple(unmeasured))

    def _depth(self, name: str, above: tuple[str, ...]) -> Depth:
        if name in above:
            circle = " -> ".join([*above[above.index(name) :], name])
            raise BuildError(f"the stack cannot be bounded: {circle}", hint="kernels must not recurse")
        below = self.deepest_of(self.calls.get(name, set()), (*above, name))
        own = self.frames.get(name)
        missing = below.unmeasured if own is not None else tuple(sorted({*below.unmeasured, name}))
        return Depth((own or 0) + below.bytes, (name, *below.path), missing)

    def deepest_of(self, names: Iterable[str], above: tuple[str, ...]) -> Depth:
        """The deepest of some calls made below `above`."""
        depths = [self._depth(name, above) for name in sorted(names)]
        most = max(depths, key=lambda depth: depth.bytes, default=Depth(0, (), ()))
        return Depth(most.bytes, most.path, tuple(sorted({name for depth in depths for name in depth.unmeasured})))

    def _frames(self, elf: Elf, index: int) -> None:
        data = elf.sections[index].data
        targets = {entry.offset: entry for entry in elf.relocations(index)}
        at = 0
        while at < len(data):
            if at + elf.pointer >= len(data):
                raise BuildError(f"{elf.name}: .stack_sizes is cut short")
            entry = targets.get(at)
            address = int.from_bytes(data[at : at + elf.pointer], "little")
            size, at = _uleb128(data, at + elf.pointer)
            name = _named(elf, entry) if entry is not None else _at(elf, address)
            if name is not None:
                self.frames[name] = max(size, self.frames.get(name, 0))

    def _calls(self, elf: Elf, index: int) -> None:
        functions = [symbol for symbol in elf.symbols if symbol.is_function and symbol.section == index]
        for entry in elf.relocations(index):
            caller = next((f for f in functions if f.value <= entry.offset < f.value + f.size), None)
            callee = _named(elf, entry)
            if caller is None or callee is None:
                continue
            name = caller.name
            if callee != name or entry.symbol.is_function:
                self.calls.setdefault(name, set()).add(callee)


def _named(elf: Elf, entry: Relocation) -> str | None:
    """The function a relocation refers to; None when it refers to something else."""
    symbol = entry.symbol
    if symbol.is_function:
        return symbol.name
    if symbol.section == 0:
        return symbol.name or None
    if symbol.section >= len(elf.sections) or not elf.sections[symbol.section].is_code:
        return None
    # a label or the section itself: the function that begins there, or that the place is in
    place = symbol.value + entry.addend
    inside = [other for other in elf.symbols if other.is_function and other.section == symbol.section]
    if len(inside) == 1:
        return inside[0].name  # whatever the addend: it may count from the end of the instruction
    return next((f.name for f in inside if f.value <= place < f.value + max(f.size, 1)), None)


def _at(elf: Elf, address: int) -> str | None:
    """The function at an address of a linked program."""
    return next((s.name for s in elf.symbols if s.is_function and s.value == address and s.section), None)


def _uleb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
    raise BuildError(".stack_sizes is cut short")
