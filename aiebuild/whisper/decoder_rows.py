"""The decoder on a device: token sequences of several windows, of which every dispatch takes some tokens further.

A dispatch appends rows to the log of keys and values; which of a window's entries a row sees is a mask, so that rows
branch by having their parent's. What the host CPU does is looking up token embeddings, writing masks and tables, and
bringing the cores' findings about the vocabulary together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.runtime.device import Buffer, Device, Dispatch, Overlay
from aiebuild.whisper.findings import Findings
from aiebuild.whisper.speech import Allowed, Candidates

RAW_ROW = 1 << 30
"""In the first word of a row's table: suppressed tokens count (`decoder::raw_row` in `kernels_src/decoder.h`)."""


NO_SPEECH_FROM_END = 1503
"""<|nospeech|> stands before <|notimestamps|> and 1,501 timestamps, which end the vocabulary."""


@dataclass(frozen=True)
class Areas:
    """Where a dispatch's inputs and outputs lie in an arena."""

    arena: Buffer
    part: Buffer
    x: NDArray[np.float32]
    """[rows, at least the model's width]"""
    commands: NDArray[np.uint8]
    """[tasks of self-attention, bytes of an object]"""
    sampling: NDArray[np.uint8]
    """[blocks that give out candidates, chunks of the vocabulary, bytes of an object]"""


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
    self_command: NDArray[np.uint8]
    logits_chunks: tuple[int, int]
    """Chunks of the vocabulary, tokens of each."""
    loaded: Any = None
    areas_in: Areas | None = None
    suppressed: NDArray[np.uint8] | None = None
    findings: Findings | None = None

    @property
    def total(self) -> int:
        """Rows of the dispatch."""
        return self.windows * self.rows

    @property
    def first_asked(self) -> int:
        """The first row whose logits it gives out; those of all after it too."""
        return self.total - self.asked * self.block_rows

    def areas_of(self, buffer: Buffer, size: int) -> Areas:
        """Where everything lies in an arena; `size`: bytes of an object."""
        if self.areas_in is None or self.areas_in.arena is not buffer:
            arena = buffer.array

            def area(name: str, nbytes: int) -> NDArray[np.uint8]:
                return arena[self.areas[name] :][:nbytes] if name in self.areas else arena[:0]

            chunks = self.logits_chunks[0]
            self.areas_in = Areas(
                buffer,
                buffer.part(0, self.arguments[1]),
                area("x", self.total * self.strides["x"]).view(np.float32).reshape(self.total, -1),
                area("commands", len(self.attending) * size).reshape(-1, size),
                area("sampling", self.asked * chunks * size).reshape(-1, chunks, size),
            )
        return self.areas_in

    def macs(self, wanted: Sequence[bool]) -> float:
        """The model's multiply-accumulates for the rows that somebody wants."""
        size = self.block_rows
        blocks = (sum(wanted[first : first + size]) for first in range(0, self.total, size))
        return sum(macs * rows / size for macs, rows in zip(self.block_macs, blocks, strict=True))

    @staticmethod
    def of(facts: dict[str, Any]) -> Kind:
        """From the manifest."""
        block = facts["block"]
        return Kind(
            facts["sequence"], facts["windows"], facts["rows"], facts["bucket"], facts["logits"], facts["block_macs"],
            facts["arguments"], facts["areas"], facts["strides"], block["count"] * block["slices"], block["count"],
            block["slices"], facts["asked"], [(w, f, n) for w, f, n in facts["attending"]],
            np.array(facts["self_command"], np.int32).view(np.uint8), tuple(facts["logits_chunks"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One new token. `seen`: a bit for each entry that it sees beside its own; None for a row that nobody looks at."""

    token: int
    position: int
    seen: int | None


_DEAD = Row(0, 0, None)
_NOTHING = Allowed((0, 0), (0, 0))


class DeviceDecoder:
    """Rows of the decoder on a device; see `SpeechModel` for what a start and a step are."""

    def __init__(
        self,
        facts: dict[str, Any],
        dims: ModelDims,
        device: Device,
        overlay: Overlay,
        load: Callable[[str], Any],
        run: Callable[[Dispatch, float], None],
        weights: Buffer,
        embedding: tuple[NDArray[Any], NDArray[np.float32]],
    ) -> None:
        self._facts = facts
        self._dims = dims
        self._device = device
        self._overlay = overlay
        self._load = load
        self._run = run
        self._weights = weights
        self._tokens, self._positions = embedding
        self._kinds = sorted((Kind.of(kind) for kind in facts["dispatches"]), key=lambda kind: kind.bucket)
        self.max_windows = max(kind.windows for kind in self._kinds)
        self.max_rows: int = facts["most_rows"]
        self._steps: dict[tuple[int, str], list[Kind]] = {}
        for kind in self._kinds:
            if kind.rows in (1, self.max_rows):
                self._steps.setdefault((kind.windows, kind.logits), []).append(kind)
        self._keys: Buffer = device.buffer(facts["window_keys"])
        self._arena: Buffer | None = None
        self._log: Buffer | None = None
        self._suppressed = np.zeros(dims.n_vocab, np.bool_)
        self._windows = 1
        self._first_window = 0
        self._entries = 0
        self._seen: list[list[int]] = []
        self._places: list[list[int]] = []
        self._said: tuple[Areas, list[Allowed]] | None = None
        """The dispatch before's areas in the arena and its rows' tables: what it wrote there stands there yet."""

    def keys(self, window: int) -> Buffer:
        """Where the encoder leaves the keys and values of a window."""
        if not 0 <= window < self.max_windows:
            raise ValueError(f"window {window}; the artifact holds {self.max_windows}")
        size: int = self._facts["window_keys"]
        if (window + 1) * size > self._keys.nbytes:
            more = self._device.buffer(self.max_windows * size)
            more.array[: self._keys.nbytes] = self._keys.array
            self._keys = more
        return self._keys.part(window * size, size)

    def forget(self) -> None:
        """No rows are left; a start comes next."""
        self._seen, self._places = [], []

    def suppress(self, tokens: Sequence[int]) -> None:
        """Tokens that rows do not take, unless they are raw."""
        self._suppressed[:] = False
        self._suppressed[list(tokens)] = True
        self._said = None
        for kind in self._kinds:
            kind.suppressed = None

    def _suppressed_bits(self, kind: Kind) -> NDArray[np.uint8]:
        """A bit for each token that rows do not take, chunk by chunk of the vocabulary."""
        if kind.suppressed is None:
            chunks, tokens = kind.logits_chunks
            bits = np.zeros(chunks * tokens, np.bool_)
            bits[: self._suppressed.size] = self._suppressed
            kind.suppressed = np.packbits(bits.reshape(chunks, tokens), axis=1, bitorder="little")
        return kind.suppressed

    # --- starts and steps --------------------------------------------------------------------------------------------

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed], window: int = 0
    ) -> tuple[Candidates, NDArray[np.float32]]:
        """See `SpeechModel.start`; the windows are those from slot `window` on."""
        # the start of transcript is looked at without masks: where it is the last token too, by a row of its own
        probes = [at == len(prompt) - 1 for prompt, at in zip(prompts, sot, strict=True)]
        kind, rows = self._begin(prompts, probes, window, "best")
        count = kind.rows
        tables = [_NOTHING] * kind.total
        no_speech = self._dims.n_vocab - NO_SPEECH_FROM_END
        looked = np.full(len(prompts), -1)
        for w, prompt in enumerate(prompts):
            tables[(count - 1) * kind.windows + w] = allowed[w]
            if sot[w] < 0:
                continue
            row = count - 2 if probes[w] else count - len(prompt) + sot[w]
            if row * kind.windows + w < kind.first_asked:
                return self._start_apart(prompts, sot, allowed, window)
            looked[w] = row * kind.windows + w
            tables[looked[w]] = Allowed((0, self._dims.n_vocab), (no_speech, no_speech + 1), raw=True)
        found = self._candidates(kind, rows, tables)
        first = kind.first_asked
        last = [(count - 1) * kind.windows + w - first for w in range(len(prompts))]
        speech = np.full(len(prompts), np.nan, np.float32)
        known = looked >= 0
        at = looked[known] - first
        with np.errstate(invalid="ignore"):
            speech[known] = np.exp(found.time_logits[at, 0] - found.text_total[at])
        return _taken(found, last), speech

    def _start_apart(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed], window: int
    ) -> tuple[Candidates, NDArray[np.float32]]:
        """A start where the starts of transcripts are in no block of rows that gives out candidates: they are looked at
        in a dispatch before."""
        n_vocab, unasked = self._dims.n_vocab, [-1] * len(prompts)
        no_speech = n_vocab - NO_SPEECH_FROM_END
        raw = Allowed((0, n_vocab), (no_speech, no_speech + 1), raw=True)
        starts = [prompt[: at + 1] if at >= 0 else prompt for prompt, at in zip(prompts, sot, strict=True)]
        found, _ = self.start(starts, unasked, [raw] * len(prompts), window)
        speech = np.where(np.array(sot) >= 0, np.exp(found.time_logits[:, 0] - found.text_total), np.nan)
        return self.start(prompts, unasked, allowed, window)[0], speech.astype(np.float32)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> Candidates:
        """See `SpeechModel.step`."""
        kind, rows, live = self._next(parents, tokens, "best")
        tables = [_NOTHING] * kind.total
        for w, each in enumerate(allowed):
            for i, what in enumerate(each):
                tables[i * kind.windows + w] = what
        return _taken(self._candidates(kind, rows, tables), [row - kind.first_asked for row in live])

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        """See `SpeechModel.start_logits`. After several windows' there are no steps: they take turns."""
        if len(prompts) > 1:
            return np.concatenate([self.start_logits([p], window + w) for w, p in enumerate(prompts)])
        kind, rows = self._begin(prompts, [False], window, "all")
        return self._all_logits(kind, rows, [kind.rows - 1])

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See `SpeechModel.step_logits`."""
        kind, rows, live = self._next(parents, tokens, "all")
        return self._all_logits(kind, rows, live)

    def _begin(
        self, prompts: Sequence[Sequence[int]], probes: Sequence[bool], window: int, logits: str
    ) -> tuple[Kind, list[Row]]:
        """The dispatch that ends the prompts, and its rows; what is too long for it is dispatched before."""
        longest = max(map(len, prompts))
        if min(map(len, prompts)) < 1 or longest > self._dims.n_text_ctx:
            raise ValueError(f"prompts of {list(map(len, prompts))} tokens; the decoder holds {self._dims.n_text_ctx}")
        self._windows = next((n for n in sorted({k.windows for k in self._kinds}) if n >= len(prompts)), 0)
        if not self._windows or window + len(prompts) > self.max_windows or (window and self._windows > 1):
            raise ValueError(f"{len(prompts)} windows from {window} on; the artifact holds {self.max_windows}")
        self._first_window = window
        self._entries = 0
        self._seen = [[0] for _ in prompts]
        done = [0] * len(prompts)
        left = longest + any(probes)
        ends = [k for k in self._kinds if (k.windows, k.logits) == (self._windows, logits)]
        while True:
            kind = next(
                (
                    k
                    for k in sorted(ends, key=lambda k: k.rows)
                    if k.rows >= left and k.bucket >= self._entries + k.rows
                ),
                None,
            )
            if kind is not None:
                break
            middle = [k for k in self._kinds if (k.windows, k.logits) == (self._windows, "best")]
            room = [k for k in middle if k.bucket >= self._entries + k.rows and k.rows < left]
            part = max(room, key=lambda k: (k.rows, -k.bucket))
            self._prefill(part, prompts, done, left)
            left -= part.rows
        rows = self._prompt_rows(kind, prompts, done, kind.rows, probes)
        self._places = [[len(prompt)] for prompt in prompts]
        return kind, rows

    def _prefill(self, kind: Kind, prompts: Sequence[Sequence[int]], done: list[int], left: int) -> None:
        """Part of prompts that end, all of them, `left` rows from here."""
        rows = self._prompt_rows(kind, prompts, done, left, [False] * len(prompts))
        self._dispatch(kind, rows, [_NOTHING] * kind.total)
        self._entries += kind.rows

    def _prompt_rows(
        self, kind: Kind, prompts: Sequence[Sequence[int]], done: list[int], left: int, probes: Sequence[bool]
    ) -> list[Row]:
        rows = [_DEAD] * kind.total
        for w, prompt in enumerate(prompts):
            seen = self._seen[w][0]
            probe = probes[w]
            for i in range(kind.rows):
                # prompts end together, a probe of the last token stands before it
                index = len(prompt) - (left - i)
                if probe and index == len(prompt) - 2:
                    rows[i * kind.windows + w] = Row(prompt[-1], len(prompt) - 1, seen)
                    continue
                if probe and index < len(prompt) - 2:
                    index += 1
                if index < done[w]:
                    continue
                rows[i * kind.windows + w] = Row(prompt[index], index, seen)
                seen |= 1 << (self._entries + i)
                done[w] = index + 1
            self._seen[w][0] = seen
        return rows

    def _next(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], logits: str
    ) -> tuple[Kind, list[Row], list[int]]:
        if len(tokens) != len(self._seen):
            raise ValueError(f"rows of {len(tokens)} windows; {len(self._seen)} were started")
        most = max(map(len, tokens), default=0)
        kinds = self._steps.get((self._windows, logits), [])
        fitting = [k for k in kinds if k.rows >= most and k.bucket >= self._entries + k.rows]
        # close to the end of the log there is no room for rows that nobody looks at, but their entries are free
        fitting = fitting or [k for k in kinds if k.rows >= most and k.bucket >= self._entries + most]
        if not fitting or not most:
            raise ValueError(f"{most} rows of a window after {self._entries} entries")
        kind = min(fitting, key=lambda k: (k.rows, k.bucket))
        rows = [_DEAD] * kind.total
        live: list[int] = []
        seen: list[list[int]] = []
        places: list[list[int]] = []
        for w, (each, which) in enumerate(zip(tokens, parents, strict=True)):
            seen.append([])
            places.append([])
            for i, (token, parent) in enumerate(zip(each, which, strict=True)):
                place = self._places[w][parent]
                if place >= self._dims.n_text_ctx:
                    raise ValueError(f"a token after {place}; the decoder holds {self._dims.n_text_ctx}")
                mask = self._seen[w][parent]
                rows[i * kind.windows + w] = Row(token, place, mask)
                live.append(i * kind.windows + w)
                seen[w].append(mask | 1 << (self._entries + i))
                places[w].append(place + 1)
        self._seen, self._places = seen, places
        return kind, rows, live

    # --- dispatches --------------------------------------------------------------------------------------------------

    def _buffers(self, kind: Kind) -> tuple[Buffer, Buffer]:
        """The arena and the log, large enough for a dispatch."""
        _, arena, _, log, _ = kind.arguments
        if self._arena is None or self._arena.nbytes < arena:
            self._arena = self._device.buffer(max(k.arguments[1] for k in self._kinds if k.windows <= kind.windows))
        if self._log is None or self._log.nbytes < log:
            if self._entries:
                raise ValueError("a log cannot grow while it is in use")
            self._log = self._device.buffer(log)
        return self._arena, self._log

    def _dispatch(self, kind: Kind, rows: list[Row], tables: list[Allowed]) -> NDArray[np.uint8]:
        facts = self._facts
        arena, log = self._buffers(kind)
        areas = kind.areas_of(arena, facts["object"])
        if kind.loaded is None:
            kind.loaded = self._load(kind.sequence)
        self._fill_rows(areas, rows)
        before, said = self._said or (None, [])
        again = before is areas
        self._fill_commands(kind, areas, rows, again)
        if kind.logits == "best" and not (again and said == tables):
            self._fill_tables(kind, areas, tables, again)
        self._said = areas, tables
        arguments = kind.arguments
        at = self._entries * kind.windows * facts["log_row"]
        size: int = facts["window_keys"]
        if self._keys.nbytes < (self._first_window + kind.windows) * size:
            self.keys(self._first_window + kind.windows - 1)
        dispatch = self._overlay.prepare(
            kind.loaded,
            [
                self._weights,
                areas.part,
                self._keys.part(self._first_window * size, arguments[2]),
                log.part(0, arguments[3]),
                log.part(at, arguments[4]),
            ],
        )
        self._run(dispatch, kind.macs([row.seen is not None for row in rows]))
        return arena.array

    def _fill_rows(self, areas: Areas, rows: list[Row]) -> None:
        tokens = self._tokens[[row.token for row in rows]]
        np.add(tokens, self._positions[[row.position for row in rows]], areas.x[:, : tokens.shape[1]])

    def _fill_commands(self, kind: Kind, areas: Areas, rows: list[Row], again: bool) -> None:
        """Self-attention's commands; `again`: their headers are those of the dispatch before, but for who lives."""
        header, commands = kind.self_command, areas.commands
        if not again:
            commands[:, : header.size] = header
        if kind.total <= kind.block_rows and (kind.windows == 1 or len(kind.attending) == kind.windows):
            live = sum(1 << i for i, row in enumerate(rows) if row.seen is not None)
            words = commands[:, : header.size].view(np.uint32)
            words[:, self._facts["live_word"]] = live
            if not again:
                words[:, self._facts["group_word"]] = range(len(kind.attending))
        size = int(header.view(np.uint32)[self._facts["mask_word"]])
        most = (1 << kind.bucket) - 1
        masks: list[bytes] = []
        for window, first, count in kind.attending:
            for i in range(first, first + count):
                mask = (rows[i * kind.windows + window].seen or 0) | 1 << (self._entries + i)
                masks.append((mask & most).to_bytes(size, "little"))
        bits = np.frombuffer(b"".join(masks), np.uint8).reshape(len(kind.attending), -1)
        commands[:, header.size : header.size + bits.shape[1]] = bits

    def _fill_tables(self, kind: Kind, areas: Areas, tables: list[Allowed], again: bool) -> None:
        """What rows may take; `again`: the suppressed tokens are in place."""
        facts = self._facts
        place, objects = facts["suppressed_place"], areas.sampling
        if not again:
            bits = self._suppressed_bits(kind)
            objects[:, :, place : place + bits.shape[1]] = bits
        words = np.full((kind.asked * kind.block_rows, facts["table_words"]), -1, np.int32)
        for row, allowed in enumerate(tables[kind.first_asked :]):
            words[row, :4] = (*allowed.text, *allowed.times)
            if allowed.raw:
                words[row, 0] |= RAW_ROW
            if allowed.banned:
                words[row, 4 : 4 + len(allowed.banned)] = allowed.banned
        tables_of_blocks = words.view(np.uint8).reshape(kind.asked, 1, -1)
        objects[:, :, : tables_of_blocks.shape[2]] = tables_of_blocks

    def _finish(self, kind: Kind, rows: list[Row]) -> None:
        """The entries of rows that live stay; what others wrote is written over."""
        self._entries += max(i for i, row in enumerate(rows) if row.seen is not None) // kind.windows + 1

    def _candidates(self, kind: Kind, rows: list[Row], tables: list[Allowed]) -> Candidates:
        arena = self._dispatch(kind, rows, tables)
        self._finish(kind, rows)
        if kind.findings is None:
            kind.findings = Findings.of(self._facts, kind.asked, kind.core_rows, kind.slices)
        return kind.findings.candidates(arena[kind.areas["best"] :])

    def _all_logits(self, kind: Kind, rows: list[Row], wanted: list[int]) -> NDArray[np.float32]:
        arena = self._dispatch(kind, rows, [])
        self._finish(kind, rows)
        stride = kind.strides["logits"]
        count = kind.asked * kind.block_rows
        logits = arena[kind.areas["logits"] :][: count * stride].view(np.float32).reshape(count, -1)
        return logits[[row - kind.first_asked for row in wanted], : self._dims.n_vocab]


def _taken(found: Candidates, rows: list[int]) -> Candidates:
    if rows == list(range(len(found.text_total))):
        return found
    return Candidates(
        found.text_tokens[rows], found.text_logits[rows], found.text_total[rows],
        found.time_tokens[rows], found.time_logits[rows], found.time_total[rows],
    )  # fmt: skip
