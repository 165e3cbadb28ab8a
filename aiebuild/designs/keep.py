"""What memory tiles keep and send again: parts of their memory, with the locks and descriptors that a sequence uses.

A transfer of a channel that goes through @keep is cut into chunks, one for each of its `Parts` that it takes. Filling a
part takes its lock `free` down by all the passes and `full` up by as many as will be sent; each sending takes one from
`full` and gives one (all, where it is sent once) back to `free`, so that a part is filled anew as soon as it was sent
for the last time, while others are still being sent. What is larger than all the parts is read from DDR for each pass,
and goes through them chunk by chunk.

Where the parts lie is each transfer's to say: what one operation gives to activations is weights' in the next one.
Locks keep the uses of a part in order, where they are of the same channel; of two that overlap otherwise, the second is
not queued before the first is known to be over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TOKENS = 26
"""Packets that carry a memory tile's tokens: the number that mlir-aie gives its controller where none is written."""
MOST_RUNS = 256
"""Runs of a task: its repeat count has eight bits."""


@dataclass(frozen=True)
class Ends:
    """Channels whose transfers go through @keep: those of `prefix` ("B": "B0_in", "B1_in", ...).

    `columns`: where the memory tile of each of them is. `channel`: number of the S2MM and of the MM2S channel there,
    even. `quota`: descriptors that transfers which are under way may take of a memory tile's.
    """

    prefix: str
    columns: tuple[int, ...]
    channel: int
    quota: int


@dataclass(frozen=True)
class Parts:
    """Parts of @keep that transfers take by turns: of `sizes` bytes, one after the other from byte `offset` on.

    `first`: the number of the first one's pair of locks. What takes all of them begins with the first one.
    """

    offset: int
    sizes: tuple[int, ...]
    first: int

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(self.sizes)

    def place(self, part: int) -> int:
        """The first byte of a part."""
        return self.offset + sum(self.sizes[:part])

    def holds(self, size: int) -> bool:
        """Whether `size` bytes can be sent several times."""
        return size <= self.bytes


@dataclass(frozen=True)
class Keep:
    """@keep on each memory tile: `bytes`, with `pairs` of locks, for numbers of sendings that divide `passes`.

    `first_lock`: the lowest of the locks. Cuts are at multiples of `unit` bytes. `heads`: descriptors that can head a
    chain: compilers before August 2026 queue only numbers below 16. `others`: those that cannot. Even channels have the
    descriptors below 24, of which objectfifos take the lowest.
    """

    bytes: int
    pairs: int
    passes: int
    unit: int
    ends: tuple[Ends, ...]
    heads: range
    others: range
    first_lock: int = 48

    @property
    def type(self) -> str:
        """The buffer's type."""
        return f"memref<{self.bytes}xi8>"

    def locks(self, pair: int) -> tuple[int, int]:
        """Numbers of the locks of a pair: free, full."""
        return self.first_lock + 2 * pair, self.first_lock + 2 * pair + 1

    def template(self) -> dict[str, Any]:
        """What the templates need of it."""
        parts = [{"number": k, "free": self.locks(k)[0], "full": self.locks(k)[1]} for k in range(self.pairs)]
        return {
            "type": self.type, "parts": parts, "passes": self.passes, "tokens": TOKENS,
            "channels": {ends.prefix: ends.channel for ends in self.ends},
        }  # fmt: skip

    def of(self, channel: str) -> Ends | None:
        """The ends that transfers of a channel go through."""
        return next((ends for ends in self.ends if channel.startswith(ends.prefix)), None)

    def turns(self, wanted: int) -> list[int]:
        """`wanted` sendings as few numbers that a transfer can be sent."""
        found: list[int] = []
        while (left := wanted - sum(found)) > 0:
            found.append(next(n for n in range(min(left, self.passes), 0, -1) if self.passes % n == 0))
        return found

    def cut(self, size: int, passes: int, parts: Parts, each: int = 0) -> Cut:
        """How `size` bytes that are sent `passes` times go through `parts`; `each`: so many bytes at a time, where it
        is not all of them, and then the next ones.

        Raises ValueError where they cannot be cut at multiples of `unit`, where passes do not divide those of a part,
        where they are more than the parts hold and yet sent several times, and where that takes too many runs.
        """
        if size % self.unit or self.passes % passes:
            raise ValueError(f"{size} bytes in units of {self.unit}, {passes} of {self.passes} passes")
        if each:
            if size % each or each > min(parts.sizes):
                raise ValueError(f"{each} of {size} bytes at a time through parts of {parts.sizes}")
            return _runs(each, size // each, parts, passes, by_chunk=True)
        units, count = size // self.unit, len(parts.sizes)
        if size <= min(parts.sizes):
            return Cut((size,), passes, 1)
        if parts.holds(size):  # the first part as full as it gets, the rest evenly over the others
            head = min(parts.sizes[0] // self.unit, units - count + 1)
            share, more = divmod(units - head, count - 1)
            tail = tuple((share + (k < more)) * self.unit for k in range(count - 1))
            if share > 0 and all(chunk <= room for chunk, room in zip(tail, parts.sizes[1:], strict=True)):
                return Cut((head * self.unit, *tail), passes, 1)
        if passes > 1:
            raise ValueError(f"{size} bytes are to be sent {passes} times through parts of {parts.sizes}")
        most = min(parts.sizes) // self.unit
        chunks = next(n for n in range(-(-units // most), units + 1) if units % n == 0)
        return _runs(size // chunks, chunks, parts, 1)


@dataclass(frozen=True)
class Cut:
    """Chunks of a chain of descriptors, each in another part. The chain that fills them runs `fills` times.

    The one that sends them runs `passes` times as often, or, `by_chunk`, has every chunk `passes` times.
    """

    chunks: tuple[int, ...]
    passes: int
    fills: int
    by_chunk: bool = False

    @property
    def sent(self) -> tuple[int, ...]:
        """The chunks that the sending chain's descriptors send, by number."""
        return tuple(k for k in range(len(self.chunks)) for _ in range(self.passes if self.by_chunk else 1))

    @property
    def sends(self) -> int:
        """Runs of the chain that sends."""
        return self.fills * (1 if self.by_chunk else self.passes)

    @property
    def descriptors(self) -> int:
        """Of both chains."""
        return len(self.chunks) + len(self.sent)


def _runs(chunk: int, count: int, parts: Parts, passes: int, *, by_chunk: bool = False) -> Cut:
    """`count` equal chunks, as long a chain as they and the parts allow."""
    chain = max(n for n in range(1, len(parts.sizes) + 1) if count % n == 0)
    cut = Cut((chunk,) * chain, passes, count // chain, by_chunk)
    if cut.sends > MOST_RUNS:
        raise ValueError(f"{count} chunks of {chunk} bytes take {cut.sends} runs, at most {MOST_RUNS}")
    return cut


@dataclass(frozen=True)
class Chain:
    """The tasks that go with a transfer: descriptors of the one that fills, and of the one that sends. `places`: the
    first byte of each chunk and its pair of locks."""

    ends: Ends
    cut: Cut
    places: tuple[tuple[int, int], ...]
    filling: tuple[int, ...]
    sending: tuple[int, ...]

    def meets(self, other: Chain) -> bool:
        """Whether they share memory in a way that the locks do not keep in order."""
        return any(
            at < place + size and place < at + length and (pair != theirs or self.ends != other.ends)
            for (at, pair), length in zip(self.places, self.cut.chunks, strict=True)
            for (place, theirs), size in zip(other.places, other.cut.chunks, strict=True)
        )


@dataclass
class Tile:
    """A memory tile while a sequence is emitted: the parts that are next, and the chains in use."""

    keep: Keep
    next: dict[Parts, int] = field(default_factory=dict["Parts", int])
    chains: list[Chain] = field(default_factory=list["Chain"])

    def plan(self, ends: Ends, cut: Cut, parts: Parts) -> Chain | None:
        """Parts and descriptors for a transfer; None when too few descriptors are free."""
        if cut.descriptors + sum(other.cut.descriptors for other in self.chains if other.ends == ends) > ends.quota:
            return None
        taken = {number for other in self.chains for number in (*other.filling, *other.sending)}
        found: list[tuple[int, ...]] = []
        for length in (len(cut.chunks), len(cut.sent)):
            chain = _first(self.keep.heads, 1, taken)
            chain += _first((*self.keep.others, *reversed(self.keep.heads)), length - 1, taken | {*chain})
            if len(chain) < length:
                return None
            taken.update(chain)
            found.append(chain)
        turns, count = len(cut.chunks), len(parts.sizes)
        at = 0 if turns == count else self.next.get(parts, 0)
        order = [(at + k) % count for k in range(turns)]
        return Chain(ends, cut, tuple((parts.place(k), parts.first + k) for k in order), *found)

    def free(self, chain: Chain) -> bool:
        """Whether nothing that may be under way shares its memory but through the same locks."""
        return not any(chain.meets(other) for other in self.chains)

    def take(self, chain: Chain, parts: Parts) -> None:
        """Use what was planned."""
        self.chains.append(chain)
        self.next[parts] = (chain.places[-1][1] - parts.first + 1) % len(parts.sizes)

    def give(self, chain: Chain) -> None:
        """Take back a transfer's descriptors and memory."""
        self.chains.remove(chain)

    def descriptors(self, chain: Chain, tile: str, *, sending: bool) -> list[dict[str, Any]]:
        """The template's values for the descriptors of a chain; `tile`: what its names end in."""
        keep, cut = self.keep, chain.cut
        result: list[dict[str, Any]] = []
        for k, chunk in enumerate(cut.sent if sending else range(len(cut.chunks))):
            offset, pair = chain.places[chunk]
            free, full = f"%free_{tile}_{pair}", f"%full_{tile}_{pair}"
            acquire = (full, 1) if sending else (free, keep.passes)
            release = (free, keep.passes // cut.passes) if sending else (full, cut.passes)
            result.append({
                "number": (chain.sending if sending else chain.filling)[k],
                "buffer": f"%keep_{tile}", "type": keep.type, "offset": offset, "length": cut.chunks[chunk],
                "acquire": {"lock": acquire[0], "count": acquire[1], "value": f"%take{k}"},
                "release": {"lock": release[0], "count": release[1], "value": f"%give{k}"},
            })  # fmt: skip
        return result


def _first(order: Iterable[int], count: int, taken: set[int]) -> tuple[int, ...]:
    return tuple(number for number in order if number not in taken)[:count]
