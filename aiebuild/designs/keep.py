"""What memory tiles keep and send again: parts of their memory, with the locks and descriptors that a sequence uses.

A transfer that cores need several times over (`Transfer.passes`) is cut into chunks, one for each part of @keep that it
takes. Filling a part takes its lock `free` down by all the passes and `full` up by as many as will be sent; each
sending takes one from `full` and gives one (all, where it is sent once) back to `free`, so that a part is filled anew
as soon as it was sent for the last time, while others are still being sent. What is larger than all the parts is to be
read from DDR for each pass, and goes through them chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TOKENS = 26
"""Packets that carry a memory tile's tokens: the number that mlir-aie gives its controller where none is written."""
HEADS = range(4, 16)
"""Descriptors that can head a chain: compilers before August 2026 queue only numbers below 16. Those below 4 belong to
the objectfifos of even channels."""
OTHERS = range(23, 3, -1)
"""Descriptors for the rest of a chain, in the order in which they are taken; an even channel has those below 24."""


@dataclass(frozen=True)
class Keep:
    """The parts of @keep on each memory tile: `parts` of `part_bytes`, for up to `passes` sendings.

    `fill_channel` and `send_channel` are even S2MM and MM2S channels, `first_lock` the lowest of two locks a part. Cuts
    are at multiples of `unit` bytes. `prefix`: the channels whose transfers are kept ("B": "B0_in", "B1_in", ...).
    """

    parts: int
    part_bytes: int
    passes: int
    unit: int
    prefix: str = "B"
    fill_channel: int = 0
    send_channel: int = 0
    first_lock: int = 48

    @property
    def type(self) -> str:
        """The buffer's type."""
        return f"memref<{self.parts * self.part_bytes}xi8>"

    def locks(self, part: int) -> tuple[int, int]:
        """Numbers of the locks of a part: free, full."""
        return self.first_lock + 2 * part, self.first_lock + 2 * part + 1

    def template(self) -> dict[str, Any]:
        """What the templates need of it."""
        parts = [{"number": k, "free": self.locks(k)[0], "full": self.locks(k)[1]} for k in range(self.parts)]
        return {
            "type": self.type, "parts": parts, "passes": self.passes,
            "fill_channel": self.fill_channel, "send_channel": self.send_channel, "tokens": TOKENS,
        }  # fmt: skip

    def has(self, channel: str) -> bool:
        """Whether transfers of a channel are kept."""
        return channel.startswith(self.prefix)

    def holds(self, size: int) -> bool:
        """Whether `size` bytes can be sent several times."""
        return -(-size // self.part_bytes) <= self.parts

    def cut(self, size: int, passes: int) -> Cut:
        """How `size` bytes that are sent `passes` times go through the parts.

        Raises ValueError where they cannot be cut at multiples of `unit`, where passes do not divide those of a part,
        and where they are more than the parts hold and yet sent several times.
        """
        if size % self.unit or self.passes % passes:
            raise ValueError(f"{size} bytes in units of {self.unit}, {passes} of {self.passes} passes")
        units, most = size // self.unit, self.part_bytes // self.unit
        count = -(-units // most)
        if self.holds(size):
            share, more = divmod(units, count)
            chunks = tuple((share + (k < more)) * self.unit for k in range(count))
            return Cut(chunks, passes, 1)
        if passes > 1:
            raise ValueError(f"{size} bytes are to be sent {passes} times, {self.parts * self.part_bytes} can be kept")
        count = next(n for n in range(count, units + 1) if units % n == 0)
        chain = max(n for n in range(1, self.parts + 1) if count % n == 0)
        return Cut((size // count,) * chain, 1, count // chain)


@dataclass(frozen=True)
class Cut:
    """Chunks of a chain of descriptors, each in another part. The chain that fills them runs `fills` times, the one
    that sends them `passes` times as often."""

    chunks: tuple[int, ...]
    passes: int
    fills: int


@dataclass(frozen=True)
class Chain:
    """The tasks that go with a transfer: descriptors of the one that fills, and of the one that sends."""

    cut: Cut
    parts: tuple[int, ...]
    filling: tuple[int, ...]
    sending: tuple[int, ...]


@dataclass
class Tile:
    """A memory tile while a sequence is emitted: the part that is next, and the descriptors that are free."""

    keep: Keep
    next: int = 0
    free: set[int] = field(default_factory=lambda: {*HEADS, *OTHERS})

    def take(self, cut: Cut) -> Chain | None:
        """Parts and descriptors for a transfer; None when too few descriptors are free."""
        taken: set[int] = set()
        chains: list[tuple[int, ...]] = []
        for _ in range(2):
            chain = _first(HEADS, 1, self.free - taken)
            chain += _first(OTHERS, len(cut.chunks) - 1, self.free - taken - {*chain})
            if len(chain) < len(cut.chunks):
                return None
            taken.update(chain)
            chains.append(chain)
        self.free -= taken
        parts = tuple((self.next + k) % self.keep.parts for k in range(len(cut.chunks)))
        self.next = (self.next + len(cut.chunks)) % self.keep.parts
        return Chain(cut, parts, *chains)

    def give(self, chain: Chain) -> None:
        """Take back a transfer's descriptors."""
        self.free.update(chain.filling, chain.sending)

    def descriptors(self, chain: Chain, tile: str, *, sending: bool) -> list[dict[str, Any]]:
        """The template's values for the descriptors of a chain; `tile`: what its names end in."""
        keep, cut = self.keep, chain.cut
        result: list[dict[str, Any]] = []
        for k, (part, length) in enumerate(zip(chain.parts, cut.chunks, strict=True)):
            free, full = f"%free_{tile}_{part}", f"%full_{tile}_{part}"
            acquire = (full, 1) if sending else (free, keep.passes)
            release = (free, keep.passes // cut.passes) if sending else (full, cut.passes)
            result.append({
                "number": (chain.sending if sending else chain.filling)[k],
                "buffer": f"%keep_{tile}", "type": keep.type, "offset": part * keep.part_bytes, "length": length,
                "acquire": {"lock": acquire[0], "count": acquire[1], "value": f"%take{k}"},
                "release": {"lock": release[0], "count": release[1], "value": f"%give{k}"},
            })  # fmt: skip
        return result


def _first(order: Iterable[int], count: int, free: set[int]) -> tuple[int, ...]:
    return tuple(number for number in order if number in free)[:count]
