"""The text of a configuration of the array: buffers, locks, descriptors and channels as lines of C++.

Addresses and numbers are found when all of them are known, so lines refer to buffers as `b3`, to locks as `l3`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiebuild.host.memory import Memory, Numbers, Request, lock_numbers
from aiebuild.host.paths import Coordinates


@dataclass(frozen=True)
class TableBuffer:
    """A buffer of a tile: C++ element type, first elements (None: as it is found); whether it is an objectfifo's."""

    tile: Coordinates
    kind: str
    size: int
    values: Sequence[int | float] | None
    symbol: str | None
    object: bool = False


@dataclass
class Tables:
    """What a configuration puts into the array's tables. `sanitize`: for the checking mode."""

    sanitize: bool = False
    memory: Memory = field(default_factory=Memory)
    buffers: list[TableBuffer] = field(default_factory=list[TableBuffer])
    locks: list[tuple[Coordinates, int | None, str, int]] = field(
        default_factory=list[tuple[Coordinates, int | None, str, int]]
    )
    lines: list[str] = field(default_factory=list[str])
    descriptors: int = 0
    named: list[tuple[Coordinates, int, int | None, int]] = field(
        default_factory=list[tuple[Coordinates, int, int | None, int]]
    )
    """(tile, channel, number or None, place in the table) of descriptors that registers can name."""

    def buffer(
        self,
        tile: Coordinates,
        kind: str,
        size: int,
        values: Sequence[int | float] | None = None,
        symbol: str | None = None,
        address: int | None = None,
        fifo: bool = False,
    ) -> int:
        """A buffer of `size` bytes; its place among them."""
        k = len(self.buffers)
        self.buffers.append(TableBuffer(tile, kind, size, values, symbol, fifo))
        self.memory.requests.append(Request(k, tile, size, address))
        return k

    def lock(self, tile: Coordinates, name: str | None, init: int, number: int | None = None) -> str:
        """A lock; what it is called in lines."""
        k = len(self.locks)
        text = name or f"lock {k if number is None else number} of tile ({tile[0]},{tile[1]})"
        self.locks.append((tile, number, text, init))
        return f"l{k}"

    def descriptor(self, **fields: str) -> int:
        """Appends a descriptor; its place in the table."""
        text = ", ".join(f".{name} = {value}" for name, value in fields.items())
        self.lines.append(f"a.bd({{{text}}});")
        self.descriptors += 1
        return self.descriptors - 1

    def configuration(self) -> list[str]:
        """The lines that put this configuration into an array `a`, ahead of those appended here."""
        lines: list[str] = []
        places = self.memory.place()
        for k, buffer in enumerate(self.buffers):
            column, row = buffer.tile
            lines.append(f"[[maybe_unused]] u8* b{k} = a.place({column}, {row}, {places[k]}, {buffer.size});")
            if self.sanitize and not buffer.object:
                name = json.dumps(buffer.symbol or f"buffer {k} of tile ({column},{row})")
                where = f"aieb::check::Kind::kBuffer, {column}, {row}, b{k}, {buffer.size}"
                known = "false" if buffer.values is None else "true"
                lines.append(f"[[maybe_unused]] auto* r{k} = aieb::check::add_region({name}, {where}, {known});")
            if buffer.values is not None:
                values = ", ".join(str(value) for value in buffer.values)
                lines.append(f"static const {buffer.kind} i{k}[] = {{{values}}};")
                lines.append(f"std::memcpy(b{k}, i{k}, sizeof i{k});")
            if buffer.symbol is not None:
                lines.append(f"a.buffers[{json.dumps(buffer.symbol)}] = {{b{k}, {buffer.size}}};")
        numbers = lock_numbers([(tile, number) for tile, number, _, _ in self.locks])
        for k, ((column, row), _, name, init) in enumerate(self.locks):
            lines.append(f"Lock* l{k} = a.lock({json.dumps(name)}, {init});")
            lines.append(f"a.tile({column}, {row}).locks[{numbers[k]}] = l{k};")
        return [*lines, *self.lines, *self._numbered()]

    def _numbered(self) -> list[str]:
        lines: list[str] = []
        for tile in dict.fromkeys(tile for tile, _, _, _ in self.named):
            own = [entry[1:] for entry in self.named if entry[0] == tile]
            numbers = Numbers(tile, {number for _, number, _ in own if number is not None})
            for channel, number, place in own:
                number = numbers.next(channel) if number is None else number
                lines.append(f"a.tile({tile[0]}, {tile[1]}).bds[{number}] = {place};")
        return lines


def channel_text(tile: Coordinates, out: bool, index: int) -> str:
    """What a DMA channel of a tile is called in lines; `out`: MM2S."""
    return f"a.channel({tile[0]}, {tile[1]}, {'true' if out else 'false'}, {index})"
