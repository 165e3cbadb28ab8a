"""Dispatches of the decoder overlay: how many rows (tokens) of how many windows, in blocks, and which a run needs.

A dispatch takes `rows` new tokens of each of `windows` windows through all layers and, at the end, to the logits or
to what sampling needs of them. Its rows are numbered token by token, the windows within: row i * windows + w.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.designs.decoder_shape import ENTRIES, MOST_ROWS, DecoderShape, Rows
from aiebuild.designs.grid import ROWS


@dataclass(frozen=True)
class Dispatch:
    """The kind of a dispatch: `rows` new tokens of each of `windows` windows, of which rows see up to `bucket` entries.

    `logits`: "best" for what sampling needs, "all" for all of them; of the rows of the blocks `asked` for.
    """

    windows: int
    rows: int
    bucket: int
    logits: str = "best"

    @property
    def name(self) -> str:
        """Name of its sequence."""
        return f"decode_{self.windows}x{self.rows}_{self.bucket}" + ("_all" if self.logits == "all" else "")

    @property
    def total(self) -> int:
        """Rows."""
        return self.windows * self.rows

    def block(self, shape: DecoderShape) -> Rows:
        """How the rows of a block lie on the cores."""
        return Rows.of(shape, min(self.total, ROWS * shape.core_rows))

    def blocks(self, shape: DecoderShape) -> int:
        """Blocks of rows, each of which streams the weights."""
        return self.total // self.block(shape).total

    def asked(self, shape: DecoderShape) -> range:
        """Blocks whose rows' logits are given out: all of a step's, the last one of a prompt's."""
        blocks = self.blocks(shape)
        return range(0 if self.rows in (1, MOST_ROWS) else blocks - 1, blocks)


@dataclass(frozen=True)
class Attending:
    """Rows of one window in a block that an attention operation works on: at most `MOST_ROWS`."""

    window: int
    first: int
    """Number of the first of them among the window's new rows."""
    rows: int


def attending(shape: DecoderShape, dispatch: Dispatch) -> list[list[Attending]]:
    """The attention operations of each block, in order."""
    block = dispatch.block(shape).total
    out: list[list[Attending]] = []
    for start in range(0, dispatch.total, block):
        windows = range(start % dispatch.windows, min(start % dispatch.windows + block, dispatch.windows))
        rows = max(1, block // dispatch.windows)
        at_once = min(rows, MOST_ROWS)
        first = start // dispatch.windows
        out.append([
            Attending(window, first + i, at_once) for window in windows for i in range(0, rows, at_once)
        ])  # fmt: skip
    return out


BUCKETS = (64, 128, 256, 448)
"""Entries seen, where a window has one sequence."""
BRANCH_BUCKETS = (64, 128, 256, 512, ENTRIES)
"""Entries seen, where it has several."""
PREFILLS = (4, 8, 32, 128, 256)
"""New tokens of a window that a prompt's dispatch takes."""


def dispatches(windows: int) -> list[Dispatch]:
    """The dispatches that runs of up to `windows` windows at a time need; a power of two."""
    out = [Dispatch(windows, 1, bucket) for bucket in BUCKETS]
    if windows * MOST_ROWS <= 32:
        out += [Dispatch(windows, MOST_ROWS, bucket) for bucket in BRANCH_BUCKETS]
    if windows > 1:
        return [*out, Dispatch(windows, PREFILLS[0], BUCKETS[0])]
    known = {(d.rows, d.bucket) for d in out}
    prompts = [(rows, max(rows, BUCKETS[0])) for rows in PREFILLS]
    out += [Dispatch(1, rows, bucket) for rows, bucket in prompts if (rows, bucket) not in known]
    # all logits are for languages and samples
    logits = [(PREFILLS[0], BUCKETS[0]), (1, BUCKETS[-1]), (MOST_ROWS, BUCKETS[2]), (MOST_ROWS, ENTRIES)]
    return [*out, *(Dispatch(1, rows, bucket, "all") for rows, bucket in logits)]
