"""Small ELF files, as an aie2 back end would write them: objects with frames and calls, linked programs of a size."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiebuild.toolchain.elf import EM_AIE


@dataclass(frozen=True)
class Function:
    """A function to put in an object: bytes of code and frame (None: not measured), and what it calls."""

    name: str
    code: int = 32
    frame: int | None = 64
    calls: Sequence[str] = ()


def _header(sections: int, offset: int, kind: int) -> bytes:
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIIIIIHHHHHH", kind, EM_AIE, 1, 0, 0, offset, 0, 52, 0, 0, 40, sections, sections - 1)


def _file(kind: int, sections: list[tuple[str, list[int], bytes]]) -> bytes:
    """Sections as (name, [type, flags, address, link, info, entry size], bytes); the name table comes last."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _, _ in sections) + b".shstrtab\0"
    listed = [*sections, (".shstrtab", [3, 0, 0, 0, 0, 0], names)]
    body, headers = b"", bytes(40)
    for name, (type_, flags, address, link, info, entry), data in listed:
        place = 52 + len(body)
        at = names.index(b"\0" + name.encode() + b"\0") + 1
        headers += struct.pack("<10I", at, type_, flags, address, place, len(data), link, info, 4, entry)
        body += data
    return _header(len(listed) + 1, 52 + len(body), kind) + body + headers


def uleb128(value: int) -> bytes:
    out = b""
    while True:
        byte, value = value & 0x7F, value >> 7
        out += bytes([byte | (0x80 if value else 0)])
        if not value:
            return out


def make_object(functions: Sequence[Function]) -> bytes:
    """An object: a section a function, relocations for the calls, `.stack_sizes`."""
    names = [f.name for f in functions]
    called = sorted({name for f in functions for name in f.calls if name not in names})
    symbols, strings = bytes(16), b"\0"
    for name in (*names, *called):
        index = names.index(name) if name in names else None
        defined = index is not None
        info = 0x12 if defined else 0x10
        size = functions[index].code if index is not None else 0
        symbols += struct.pack("<IIIBBH", len(strings), 0, size, info, 0, index + 1 if index is not None else 0)
        strings += name.encode() + b"\0"
    number = {name: position + 1 for position, name in enumerate([*names, *called])}
    sections: list[tuple[str, list[int], bytes]] = [
        (f".text.{f.name}", [1, 6, 0, 0, 0, 0], bytes(f.code)) for f in functions
    ]
    table = len(sections) + 1
    sections += [(".symtab", [2, 0, 0, table + 1, 1, 16], symbols), (".strtab", [3, 0, 0, 0, 0, 0], strings)]
    sizes, places = b"", b""
    for f in functions:
        if f.frame is not None:
            places += struct.pack("<IIi", len(sizes), number[f.name] << 8 | 1, 0)
            sizes += bytes(4) + uleb128(f.frame)
    sections.append((".stack_sizes", [1, 0, 0, 0, 0, 0], sizes))
    sections.append((".rela.stack_sizes", [4, 0, 0, table, len(sections), 12], places))
    for index, f in enumerate(functions):
        if f.calls:
            calls = b"".join(struct.pack("<IIi", 4 * k, number[name] << 8 | 1, 0) for k, name in enumerate(f.calls))
            sections.append((f".rela.text.{f.name}", [4, 0, 0, table, index + 1, 12], calls))
    return _file(1, sections)


def make_program(code: int, data: Mapping[str, int] | None = None) -> bytes:
    """A linked program: `.text` of `code` bytes at 0, data sections after 0x70000."""
    sections: list[tuple[str, list[int], bytes]] = [(".text", [1, 6, 0, 0, 0, 0], bytes(code))]
    sections += [(name, [1, 3, 0x70000, 0, 0, 0], bytes(size)) for name, size in (data or {}).items()]
    return _file(2, sections)
