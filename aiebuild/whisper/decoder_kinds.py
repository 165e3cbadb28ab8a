"""The dispatches that a decoder's artifact has, and where their inputs and outputs lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.runtime.device import Buffer, Dispatch, Merge


@dataclass
class Areas:
    """Where a dispatch's inputs and outputs lie in an arena."""

    arena: Buffer
    part: Buffer
    memory: memoryview
    """The arena's bytes."""
    x: NDArray[np.float32]
    """[rows, the model's width]"""
    commands: list[int]
    """For each task of self-attention, the byte that its object begins at."""
    sampling: NDArray[np.uint8]
    """[blocks that give out candidates, chunks of the vocabulary, bytes of an object]"""
    logits: NDArray[np.uint8]
    """[rows that give them out, bytes of a row]"""
    best: NDArray[np.uint8]
    """Reports, and what follows."""
    merge: Merge | None = None
    """Of the reports in `best`."""
    dispatch: Dispatch | None = None
    bound: tuple[Buffer, Buffer, int] | None = None
    """The keys, the log and the first window of `dispatch`."""


@dataclass
class Kind:
    """A dispatch that the artifact has a sequence for."""

    sequence: str
    windows: int
    rows: int
    bucket: int
    logits: str
    block_macs: list[int]
    arguments: list[int]
    areas: dict[str, int]
    strides: dict[str, int]
    block_rows: int
    core_rows: int
    slices: int
    asked: int
    attending: list[tuple[int, int, int]]
    self_command: bytes
    """The header of self-attention's commands; the masks of a task's rows follow it."""
    mask_bytes: int
    """Of a row."""
    logits_chunks: tuple[int, int]
    """Chunks of the vocabulary, tokens of each."""
    loaded: Any = None
    areas_in: Areas | None = None
    suppressed: NDArray[np.uint8] | None = None

    @cached_property
    def total(self) -> int:
        """Rows of the dispatch."""
        return self.windows * self.rows

    @cached_property
    def first_asked(self) -> int:
        """The first row whose logits it gives out; those of all after it too."""
        return self.total - self.asked * self.block_rows

    @cached_property
    def alone(self) -> bool:
        """Whether all rows are one block, so that commands say which of them live."""
        return self.total <= self.block_rows and (self.windows == 1 or len(self.attending) == self.windows)

    def areas_of(self, buffer: Buffer, size: int, width: int) -> Areas:
        """Where everything lies in an arena; `size`: bytes of an object, `width`: the model's."""
        if self.areas_in is None or self.areas_in.arena is not buffer:
            arena = buffer.array

            def area(name: str, nbytes: int) -> NDArray[np.uint8]:
                return arena[self.areas[name] :][:nbytes] if name in self.areas else arena[:0]

            chunks = self.logits_chunks[0]
            outputs, stride = self.asked * self.block_rows, self.strides.get("logits", 0)
            self.areas_in = Areas(
                buffer,
                buffer.part(0, self.arguments[1]),
                arena.data,
                area("x", self.total * self.strides["x"]).view(np.float32).reshape(self.total, -1)[:, :width],
                [self.areas["commands"] + task * size for task in range(len(self.attending))],
                area("sampling", self.asked * chunks * size).reshape(-1, chunks, size),
                area("logits", outputs * stride).reshape(outputs, -1),
                area("best", arena.size),
            )
        return self.areas_in

    def macs(self, live: int) -> float:
        """The model's multiply-accumulates for the rows that somebody wants, a bit for each."""
        block, done = (1 << self.block_rows) - 1, 0
        for macs in self.block_macs:
            done += macs * (live & block).bit_count()
            live >>= self.block_rows
        return done / self.block_rows

    @staticmethod
    def of(facts: dict[str, Any], mask_word: int) -> Kind:
        """From the manifest; `mask_word` of a command has the bytes of a mask."""
        block = facts["block"]
        command = np.array(facts["self_command"], np.int32)
        return Kind(
            facts["sequence"], facts["windows"], facts["rows"], facts["bucket"], facts["logits"], facts["block_macs"],
            facts["arguments"], facts["areas"], facts["strides"], block["count"] * block["slices"], block["count"],
            block["slices"], facts["asked"], [(w, f, n) for w, f, n in facts["attending"]],
            command.tobytes(), int(command[mask_word]), tuple(facts["logits_chunks"]),
        )  # fmt: skip
