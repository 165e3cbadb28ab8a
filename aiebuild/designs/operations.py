"""What a runtime sequence does: operations of the cores as rounds of DMA transfers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

from aiebuild.designs.keep import Cut, Keep, Parts


@dataclass(frozen=True)
class Transfer:
    """One task: bytes of a sequence argument in the order of a four-dimensional pattern, outermost dimension first.

    `sizes` and `strides` are in bytes; `sizes[0]` repeats the descriptor (stride 0 sends the same bytes again).
    `static`: reads nothing that a sequence writes, so it may be queued before earlier operations are over; `early`:
    nothing that the operation just before writes, so it may be queued when those before that one are over. `parts`:
    what it goes through in a memory tile's @keep, for channels that have one, and `passes` how often it is sent from
    there to the cores; `each`: so many bytes of it at a time. `then`: what follows in each repetition.
    """

    argument: int
    offset: int
    sizes: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]
    static: bool = False
    early: bool = False
    passes: int = 1
    parts: Parts | None = None
    each: int = 0
    then: Transfer | None = None

    @property
    def chain(self) -> tuple[Transfer, ...]:
        """The descriptors of the task."""
        return (self,) if self.then is None else (self, *self.then.chain)

    @property
    def length(self) -> int:
        """Bytes of one repetition."""
        return prod(self.sizes[1:])

    @property
    def bytes(self) -> int:
        """Bytes of all of it."""
        return sum(one.length * self.sizes[0] for one in self.chain)

    def cut(self, keep: Keep) -> Cut:
        """How it goes through @keep. Raises ValueError where it cannot, or says no parts."""
        if self.parts is None:
            raise ValueError(f"{self.bytes} bytes of argument {self.argument} through no parts of a memory tile")
        return keep.cut(self.bytes, self.passes, self.parts, self.each)

    @property
    def end(self) -> int:
        """One past the last byte touched."""
        return self.offset + sum((n - 1) * s for n, s in zip(self.sizes, self.strides, strict=True)) + 1


@dataclass(frozen=True)
class Round:
    """Transfers that belong together, by channel ("A0_in", "B3_in", "C1_out"), each channel's in stream order.

    The transfers of a round and of those before it can all complete without anything later.
    """

    transfers: dict[str, tuple[Transfer, ...]]


@dataclass(frozen=True)
class Operation:
    """What the cores do for one command. Its outputs are awaited before any later non-static transfer starts."""

    text: str
    rounds: tuple[Round, ...]
    outputs: tuple[str, ...]
    macs: int = 0
    """Multiply-accumulates of the model's arithmetic, padding left out."""
    padded_macs: int = 0
    """Multiply-accumulates that the cores do."""

    @property
    def streamed(self) -> int:
        """Bytes of its longest channel."""
        of: Counter[str] = Counter()
        for part in self.rounds:
            for channel, transfers in part.transfers.items():
                of[channel] += sum(one.bytes for one in transfers)
        return max(of.values(), default=0)

    @property
    def phase(self) -> str:
        """What it is in every layer: "fc1" of "layer3.fc1"."""
        return self.text.rpartition(".")[2]
