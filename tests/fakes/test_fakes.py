"""The fakes are held against what is known of the real tools: instruction streams against one that aiecc wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiebuild.config.aiecc import aiecc_generations
from aiebuild.dialect import parse_module
from aiebuild.host.insts import decode_insts
from aiebuild.host.sequence import read_sequence
from aiebuild.host.transfers import difference, transfers
from aiebuild.toolchain.aie import options_of
from tests.fakes.insts import encode_insts
from tests.fakes.tools import OPTIONS, help_text

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "insts"


def test_streams_of_the_fake_are_aieccs() -> None:
    program = read_sequence(parse_module((GOLDEN / "patterns.mlir").read_text(), "patterns.mlir"))
    ours = decode_insts(encode_insts(program))
    theirs = decode_insts((GOLDEN / "patterns.bin").read_bytes())
    assert ours.header == theirs.header
    assert difference(transfers(ours.program), transfers(theirs.program)) is None


@pytest.mark.parametrize("name", OPTIONS)
def test_every_command_line_uses_only_options_there_are(name: str) -> None:
    generation = next(entry for entry in aiecc_generations() if entry.name == name)
    assert generation.describes(help_text(name), options_of(help_text(name)))
    for words in (generation.without_cores, generation.instructions, generation.overlay):
        used = {word.partition("=")[0].removeprefix("--") for word in words}
        assert used <= set(OPTIONS[name]), used - set(OPTIONS[name])
