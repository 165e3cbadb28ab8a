"""The decoder on a device: token sequences of several windows, of which every dispatch takes some tokens further.

A dispatch appends rows to the log of keys and values; which of a window's entries a row sees is a mask, so that rows
branch by having their parent's. What the host CPU does is looking up token embeddings, writing masks and tables, and
bringing the cores' findings about the vocabulary together.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.runtime.device import Buffer, Device, Dispatch, Merged, Overlay
from aiebuild.whisper.decoder_kinds import Areas, Kind
from aiebuild.whisper.findings import Findings, candidates
from aiebuild.whisper.speech import Allowed, Candidates

RAW_ROW = 1 << 30
"""In the first word of a row's table: suppressed tokens count (`decoder::raw_row` in `kernels_src/decoder.h`)."""


_APPENDS = 4
"""The argument that entries are appended to: the log from there on."""

NO_SPEECH_FROM_END = 1503
"""<|nospeech|> stands before <|notimestamps|> and 1,501 timestamps, which end the vocabulary."""


class Row(NamedTuple):
    """One new token. `seen`: a bit for each entry that it sees beside its own; None for a row that nobody looks at."""

    token: int
    position: int
    seen: int | None


class Work(NamedTuple):
    """A dispatch's rows. `live`: a bit for each that somebody looks at. `wanted`: those whose candidates or logits are,
    counted from the first that gives them out."""

    kind: Kind
    rows: list[Row]
    live: int
    wanted: list[int]


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
        kinds = (Kind.of(kind, facts["mask_word"]) for kind in facts["dispatches"])
        self._kinds = sorted(kinds, key=lambda kind: kind.bucket)
        self.max_windows = max(kind.windows for kind in self._kinds)
        self.max_rows: int = facts["most_rows"]
        self._steps: dict[tuple[int, str], list[Kind]] = {}
        for kind in self._kinds:
            if kind.rows in (1, self.max_rows):
                self._steps.setdefault((kind.windows, kind.logits), []).append(kind)
        for steps in self._steps.values():
            steps.sort(key=lambda kind: (kind.rows, kind.bucket))
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
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        """See `SpeechModel.start`; the windows are those from slot `window` on."""
        # the start of transcript is looked at without masks: where it is the last token too, by a row of its own
        probes = [at == len(prompt) - 1 for prompt, at in zip(prompts, sot, strict=True)]
        work = self._begin(prompts, probes, window, "best")
        kind, count = work.kind, work.kind.rows
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
        known, own = looked >= 0, len(prompts)
        wanted = [*work.wanted, *(looked[known] - kind.first_asked).tolist()]
        found = candidates(self._merged(work._replace(wanted=wanted), tables))
        speech = np.full(own, np.nan, np.float32)
        speech[known] = _shares(found[own:])
        return found[:own], speech

    def _start_apart(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed], window: int
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        """A start where the starts of transcripts are in no block of rows that gives out candidates: they are looked at
        in a dispatch before."""
        n_vocab, unasked = self._dims.n_vocab, [-1] * len(prompts)
        no_speech = n_vocab - NO_SPEECH_FROM_END
        raw = Allowed((0, n_vocab), (no_speech, no_speech + 1), raw=True)
        starts = [prompt[: at + 1] if at >= 0 else prompt for prompt, at in zip(prompts, sot, strict=True)]
        found, _ = self.start(starts, unasked, [raw] * len(prompts), window)
        speech = np.where(np.array(sot) >= 0, _shares(found), np.nan)
        return self.start(prompts, unasked, allowed, window)[0], speech.astype(np.float32)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        """See `SpeechModel.step`."""
        work = self._next(parents, tokens, "best")
        kind = work.kind
        tables = [_NOTHING] * kind.total
        for w, each in enumerate(allowed):
            for i, what in enumerate(each):
                tables[i * kind.windows + w] = what
        return candidates(self._merged(work, tables))

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        """See `SpeechModel.start_logits`. After several windows' there are no steps: they take turns."""
        if len(prompts) > 1:
            return np.concatenate([self.start_logits([p], window + w) for w, p in enumerate(prompts)])
        return self._all_logits(self._begin(prompts, [False], window, "all"))

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See `SpeechModel.step_logits`."""
        return self._all_logits(self._next(parents, tokens, "all"))

    def _begin(self, prompts: Sequence[Sequence[int]], probes: Sequence[bool], window: int, logits: str) -> Work:
        """The dispatch that ends the prompts; what is too long for it is dispatched before."""
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
        work = self._prompt_rows(kind, prompts, done, kind.rows, probes)
        self._places = [[len(prompt)] for prompt in prompts]
        return work

    def _prefill(self, kind: Kind, prompts: Sequence[Sequence[int]], done: list[int], left: int) -> None:
        """Part of prompts that end, all of them, `left` rows from here."""
        work = self._prompt_rows(kind, prompts, done, left, [False] * len(prompts))
        self._dispatch(work, [_NOTHING] * kind.total)
        self._entries += kind.rows

    def _prompt_rows(
        self, kind: Kind, prompts: Sequence[Sequence[int]], done: list[int], left: int, probes: Sequence[bool]
    ) -> Work:
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
        last = [kind.total - kind.windows + w - kind.first_asked for w in range(len(prompts))]
        return Work(kind, rows, sum(1 << number for number, row in enumerate(rows) if row.seen is not None), last)

    def _step_kind(self, most: int, logits: str) -> Kind:
        """The smallest dispatch for a step of `most` rows of a window."""
        kinds = self._steps.get((self._windows, logits), [])
        # close to the end of the log there is no room for rows that nobody looks at, but their entries are free
        for dead in (True, False):
            for kind in kinds:
                if 0 < most <= kind.rows and self._entries + (kind.rows if dead else most) <= kind.bucket:
                    return kind
        raise ValueError(f"{most} rows of a window after {self._entries} entries")

    def _next(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], logits: str) -> Work:
        if len(tokens) != len(self._seen):
            raise ValueError(f"rows of {len(tokens)} windows; {len(self._seen)} were started")
        most = 0
        for each in tokens:
            most = max(most, len(each))
        kind = self._step_kind(most, logits)
        windows, first = kind.windows, kind.first_asked
        rows = [_DEAD] * kind.total
        live = 0
        wanted: list[int] = []
        seen: list[list[int]] = []
        places: list[list[int]] = []
        for w, (each, which) in enumerate(zip(tokens, parents, strict=True)):
            new_seen: list[int] = []
            new_places: list[int] = []
            for i, (token, parent) in enumerate(zip(each, which, strict=True)):
                place, mask = self._places[w][parent], self._seen[w][parent]
                if place >= self._dims.n_text_ctx:
                    raise ValueError(f"a token after {place}; the decoder holds {self._dims.n_text_ctx}")
                row = i * windows + w
                rows[row] = Row(token, place, mask)
                live |= 1 << row
                wanted.append(row - first)
                new_seen.append(mask | 1 << (self._entries + i))
                new_places.append(place + 1)
            seen.append(new_seen)
            places.append(new_places)
        self._seen, self._places = seen, places
        return Work(kind, rows, live, wanted)

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

    def _dispatch(self, work: Work, tables: list[Allowed]) -> Areas:
        """Takes the rows further."""
        kind, rows, live, _ = work
        arena, log = self._buffers(kind)
        areas = kind.areas_of(arena, self._facts["object"], self._dims.n_text_state)
        self._fill_rows(areas, rows)
        before, said = self._said or (None, [])
        again = before is areas
        self._fill_commands(work, areas, again)
        if kind.logits == "best" and not (again and said == tables):
            self._fill_tables(kind, areas, tables, again)
        self._said = areas, tables
        self._run(self._prepared(kind, areas, log), kind.macs(live))
        return areas

    def _prepared(self, kind: Kind, areas: Areas, log: Buffer) -> Dispatch:
        """The dispatch with its buffers: from one to the next only where it appends to the log moves."""
        arguments = kind.arguments
        at = self._entries * self._facts["log_entry"]
        bound = self._keys, log, self._first_window
        if areas.dispatch is not None and areas.bound == bound:
            areas.dispatch.replace(_APPENDS, log.part(at, arguments[_APPENDS]))
            return areas.dispatch
        size: int = self._facts["window_keys"]
        if self._keys.nbytes < (self._first_window + kind.windows) * size:
            self.keys(self._first_window + kind.windows - 1)
        if kind.loaded is None:
            kind.loaded = self._load(kind.sequence)
        areas.bound = self._keys, log, self._first_window
        areas.dispatch = self._overlay.prepare(
            kind.loaded,
            [
                self._weights,
                areas.part,
                self._keys.part(self._first_window * size, arguments[2]),
                log.part(0, arguments[3]),
                log.part(at, arguments[_APPENDS]),
            ],
        )
        return areas.dispatch

    def _fill_rows(self, areas: Areas, rows: list[Row]) -> None:
        if len(rows) == 1:  # the same rows without copies of them
            token, position, _ = rows[0]
            tokens, positions = self._tokens[token : token + 1], self._positions[position : position + 1]
        else:
            tokens = self._tokens[[row.token for row in rows]]
            positions = self._positions[[row.position for row in rows]]
        np.add(tokens, positions, areas.x)

    def _fill_commands(self, work: Work, areas: Areas, again: bool) -> None:
        """Self-attention's commands; `again`: their headers are those of the dispatch before, but for who lives."""
        kind, rows, live, _ = work
        memory, header, size = areas.memory, kind.self_command, kind.mask_bytes
        alive = live.to_bytes(4, "little") if kind.alone else b""
        most = (1 << kind.bucket) - 1
        for task, (at, (window, first, count)) in enumerate(zip(areas.commands, kind.attending, strict=True)):
            if not again:
                memory[at : at + len(header)] = header
                if alive:
                    word = at + 4 * self._facts["group_word"]
                    memory[word : word + 4] = task.to_bytes(4, "little")
            if alive:
                word = at + 4 * self._facts["live_word"]
                memory[word : word + 4] = alive
            at += len(header)
            for i in range(first, first + count):
                mask = (rows[i * kind.windows + window].seen or 0) | 1 << (self._entries + i)
                memory[at : at + size] = (mask & most).to_bytes(size, "little")
                at += size

    def _fill_tables(self, kind: Kind, areas: Areas, tables: list[Allowed], again: bool) -> None:
        """What rows may take; `again`: the suppressed tokens are in place."""
        facts = self._facts
        place, objects = facts["suppressed_place"], areas.sampling
        if not again:
            bits = self._suppressed_bits(kind)
            objects[:, :, place : place + bits.shape[1]] = bits
        words = b"".join(_table(allowed, facts["table_words"]) for allowed in tables[kind.first_asked :])
        of_blocks = np.frombuffer(words, np.uint8).reshape(kind.asked, 1, -1)
        objects[:, :, : of_blocks.shape[2]] = of_blocks

    def _finish(self, work: Work) -> None:
        """The entries of rows that live stay; what others wrote is written over."""
        self._entries += (work.live.bit_length() - 1) // work.kind.windows + 1

    def _merged(self, work: Work, tables: list[Allowed]) -> Merged:
        """What a dispatch finds for the rows that are wanted."""
        areas = self._dispatch(work, tables)
        self._finish(work)
        if areas.merge is None:
            kind = work.kind
            findings = Findings.of(self._facts, kind.asked, kind.core_rows, kind.slices)
            areas.merge = findings.merge(self._overlay, areas.best)
        return areas.merge(work.wanted)

    def _all_logits(self, work: Work) -> NDArray[np.float32]:
        areas = self._dispatch(work, [])
        self._finish(work)
        return areas.logits.view(np.float32)[work.wanted, : self._dims.n_vocab]


def _table(allowed: Allowed, words: int) -> bytes:
    """A row's table for the cores: its ranges, then what is left out of them, -1 where there is no more."""
    start, stop = allowed.text
    if allowed.raw:
        start |= RAW_ROW
    none = [-1] * (words - 4 - len(allowed.banned))
    return struct.pack(f"<{words}i", start, stop, *allowed.times, *allowed.banned, *none)


def _shares(found: Sequence[Candidates]) -> NDArray[np.float32]:
    """The probability of each row's first timestamp among all text."""
    logits = np.array([(one.times.logits[0], one.text.total) for one in found], np.float32).reshape(-1, 2)
    with np.errstate(invalid="ignore"):
        return np.exp(logits[:, 0] - logits[:, 1])
