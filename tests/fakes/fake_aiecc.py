"""`fake_aiecc`: knows the options of its generation only; writes what the real one would, as far as that can be read.

Instruction streams are real (the design is read by this project's parser). An xclbin has the real one's head, and names
the overlay; cores become programs of a given size. With `FAKE_AIECC_STORE` the sequences of ours that belong to an
instruction stream are kept there by its SHA-256, for `fake_pyxrt` to execute.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
from hashlib import sha256
from pathlib import Path

from aiebuild.dialect import parse_module
from aiebuild.host import encode_sequence
from aiebuild.host.sequence import read_sequence
from tests.fakes.behaviour import fail, faults_of, record
from tests.fakes.elf import make_program
from tests.fakes.insts import encode_insts
from tests.fakes.tools import OPTIONS, SPELLINGS, help_text

_LENGTH = 304  # of axlf's header: m_length


def main(program: str, arguments: list[str]) -> int:
    faults = faults_of(program)
    if faults.generation not in OPTIONS:
        print("OVERVIEW: something else\n\nOPTIONS:\n\n  --make-it-so   - Does it")
        return 0
    if arguments == ["--help"]:
        print(help_text(faults.generation))
        return 0
    if arguments == ["--aie-version"]:
        print("aiecc\n  git SHA:  3ca0193ce")
        return 0
    record(program, arguments)
    options = dict(word[2:].partition("=")[::2] for word in arguments if word.startswith("--"))
    unknown = [name for name in options if name not in OPTIONS[faults.generation]]
    if unknown:
        sys.stderr.write(f"aiecc: Unknown command line argument '--{unknown[0]}'.\n")
        return 1
    fail(faults.fault, program)
    design = Path(arguments[-1])
    text = design.read_text()
    if (problem := _spelled(text, SPELLINGS[faults.generation])) is not None:
        sys.stderr.write(f"{design}:1:1: error: {problem}\n")
        return 1
    if faults.fault == "nothing":
        return 0
    if "npu-insts-name" in options and ("get-npu-insts" in options or "aie-generate-npu-insts" in options):
        _instructions(text, Path(options["npu-insts-name"]), faults.fault == "truncated")
    if "get-xclbin" in options or "aie-generate-xclbin" in options:
        if "no-link" in options or not Path(options["peano"]).is_dir():
            sys.stderr.write("aiecc: error: no Peano\n")
            return 1
        return _overlay(text, design.parent, options, faults.program, faults.fault == "truncated")
    return 0


def _spelled(text: str, spelling: str) -> str | None:
    """What a compiler of a spelling says of another one's."""
    if ("objectfifosubview" in text) != (spelling != "c3") and "objectfifo.acquire" in text:
        return "'aie.objectfifo.acquire' op has another result"
    if ("[<size" in text) != (spelling == "b") and "aie.dma_bd" in text:
        return "expected ')' in aie.dma_bd"
    return None


def _ours(text: str) -> str:
    """A module in the spelling this project's parser reads."""
    text = re.sub(
        r"( *)(%\w+) = (aie\.objectfifo\.acquire @\w+\(\w+, 1\)) : (memref<[^>]*>)",
        r"\1\2_view = \3 : !aie.objectfifosubview<\4>\n"
        r"\1\2 = aie.objectfifo.subview.access \2_view[0] : !aie.objectfifosubview<\4> -> \4",
        text,
    )

    def bd(match: re.Match[str]) -> str:
        pairs = re.findall(r"<size = (\d+), stride = (\d+)>", match[4])
        sizes, strides = (", ".join(values) for values in zip(*pairs, strict=True))
        return f"{match[1]} offset = {match[2]} len = {match[3]} sizes = [{sizes}] strides = [{strides}])"

    return re.sub(r"(aie\.dma_bd\(%\w+ : memref<[^>]*>), (\d+), (\d+), \[(.*)\]\)", bd, text)


def _instructions(text: str, out: Path, truncated: bool) -> None:
    module = parse_module(_ours(text), "design.mlir")
    device = "npu2" if "aie.device(npu2" in text else "npu1"
    data = encode_insts(read_sequence(module), device)
    if (store := os.environ.get("FAKE_AIECC_STORE")) is not None:
        name = re.findall(r"aie\.runtime_sequence @(\w+)", text)[0]
        folder = Path(store)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{sha256(data).hexdigest()}.seq").write_bytes(encode_sequence(module, name))
    out.write_bytes(data[:-8] if truncated else data)


def _overlay(text: str, folder: Path, options: dict[str, str], program: int, truncated: bool) -> int:
    for name in sorted(set(re.findall(r'link_with = "([^"]+)"', text))):
        if not (folder / name).is_file() or (folder / name).read_bytes()[:4] != b"\x7fELF":
            sys.stderr.write(f"ld.lld: error: cannot open {name}: No such file or directory\n")
            return 1
    device = re.findall(r"aie\.device\(\w+\) @(\w+)", text)[0]
    work = Path(options["tmpdir"])
    work.mkdir(parents=True, exist_ok=True)
    for _, column, row in set(re.findall(r"(%\w+) = aie\.tile\((\d+), ([2-9])\)", text)):
        (work / f"elfs_{device}_core_{column}_{row}.elf").write_bytes(make_program(program, {".data": 64}))
    payload = json.dumps({"overlay": device, "digest": sha256(text.encode()).hexdigest()}).encode()
    head = bytearray(b"xclbin2\0" + bytes(504))
    struct.pack_into("<Q", head, _LENGTH, len(head) + len(payload))
    data = bytes(head) + payload
    Path(options["xclbin-name"]).write_bytes(data[: len(data) // 2] if truncated else data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
