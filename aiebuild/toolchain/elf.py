"""Reading ELF files: as much as is needed to weigh a core's program and to add up the stack its calls take.

Little-endian, 32 or 64 bits, objects and linked programs. Structures are those of the System V ABI ("gABI"), chapter 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from aiebuild.errors import BuildError

EM_AIE = 264
"""`e_machine` of AI Engine programs, as Peano writes it (LLVM's BinaryFormat/ELF.h)."""

_ALLOC, _EXEC = 2, 4
_SYMTAB, _RELA, _NOBITS, _REL = 2, 4, 8, 9
_FUNC, _SECTION = 2, 3


class ElfError(BuildError):
    """A file that is no ELF file, or is cut short."""


@dataclass(frozen=True)
class Section:
    """A section. `data` is empty where it takes no room in the file; `link`, `info`: as in its header."""

    name: str
    kind: int
    flags: int
    address: int
    size: int
    link: int
    info: int
    entry: int
    data: bytes

    @property
    def is_code(self) -> bool:
        """Whether it is loaded and executed."""
        return bool(self.flags & _ALLOC) and bool(self.flags & _EXEC)


@dataclass(frozen=True)
class Symbol:
    """A symbol. `section`: index of its section, 0 when undefined."""

    name: str
    value: int
    size: int
    kind: int
    section: int

    @property
    def is_function(self) -> bool:
        """Whether it is typed as a function."""
        return self.kind == _FUNC

    @property
    def is_section(self) -> bool:
        """Whether it stands for a section's start."""
        return self.kind == _SECTION


@dataclass(frozen=True)
class Relocation:
    """A place in a section that refers to a symbol."""

    offset: int
    symbol: Symbol
    addend: int


class Elf:
    """One ELF file. Raises ElfError, naming the file, when it is none or ends early."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        if data[:4] != b"\x7fELF" or len(data) < 20:
            raise ElfError(f"{name}: is no ELF file")
        if data[4] not in (1, 2) or data[5] != 1:
            raise ElfError(f"{name}: class {data[4]}, byte order {data[5]}: not read")
        self._data = data
        self.wide = data[4] == 2
        self.machine = struct.unpack_from("<H", data, 18)[0]

    @property
    def pointer(self) -> int:
        """Bytes of an address."""
        return 8 if self.wide else 4

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections, by index."""
        header = "<16xHHIQQQIHHHHHH" if self.wide else "<16xHHIIIIIHHHHHH"
        fields = self._unpack(header, 0)
        start, size, count, names = fields[5], fields[10], fields[11], fields[12]
        layout = "<IIQQQQIIQQ" if self.wide else "<10I"
        raw = [self._unpack(layout, start + index * size) for index in range(count)]
        if not raw:
            return ()
        table = self._bytes(raw[names][4], raw[names][5])
        found: list[Section] = []
        for name, kind, flags, address, offset, length, link, info, _, entry in raw:
            data = b"" if kind in (0, _NOBITS) else self._bytes(offset, length)
            found.append(Section(_text(table, name), kind, flags, address, length, link, info, entry, data))
        return tuple(found)

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbol table, by index."""
        table = next((section for section in self.sections if section.kind == _SYMTAB), None)
        if table is None:
            return ()
        names = self.sections[table.link].data
        layout = "<IBBHQQ" if self.wide else "<IIIBBH"
        found: list[Symbol] = []
        for values in struct.iter_unpack(layout, table.data):
            if self.wide:
                name, info, _, section, value, size = values
            else:
                name, value, size, info, _, section = values
            found.append(Symbol(_text(names, name), value, size, info & 15, section))
        return tuple(found)

    def relocations(self, section: int) -> Iterator[Relocation]:
        """What refers to symbols in the section of an index."""
        for table in self.sections:
            if table.kind not in (_RELA, _REL) or table.info != section:
                continue
            explicit = table.kind == _RELA
            layout = ("<QQ" if self.wide else "<II") + (("q" if self.wide else "i") if explicit else "")
            for values in struct.iter_unpack(layout, table.data):
                symbol = cast("int", values[1]) >> (32 if self.wide else 8)
                yield Relocation(values[0], self.symbols[symbol], values[2] if explicit else 0)

    @property
    def code_bytes(self) -> int:
        """Bytes of all loaded code: what it takes of a core's program memory."""
        return sum(section.size for section in self.sections if section.is_code)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack(layout, self._bytes(offset, struct.calcsize(layout)))

    def _bytes(self, offset: int, size: int) -> bytes:
        part = self._data[offset : offset + size]
        if len(part) != size:
            raise ElfError(f"{self.name}: is cut short: {size} bytes at {offset}, the file has {len(self._data)}")
        return part


def _text(table: bytes, offset: int) -> str:
    return table[offset : table.find(b"\0", offset)].decode(errors="replace")
