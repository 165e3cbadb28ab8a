"""Modelled runs as a timeline for Perfetto (Trace Event Format, JSON): a track for each core, each DMA channel, the
control processor and DDR. Times are microseconds of virtual time.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aiebuild.errors import MissingError
from aiebuild.timing.program import INSIDE
from aiebuild.timing.simulate import REASONS, Run, Span

GAP = 64.0
"""Cycles between two objects of a channel that are shown as one transfer."""
_STEPS = ("parameter", "queue a task", "token", "task of a memory tile")


def write_timeline(path: Path, runs: Sequence[tuple[str, Run]]) -> None:
    """Write modelled runs (kept with their spans), one process each; compressed where the name ends in `.gz`.

    Raises MissingError when the file cannot be written.
    """
    text = json.dumps({"traceEvents": list(events(runs)), "otherData": {"modelled": "true"}}, separators=(",", ":"))
    try:
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(text.encode(), 6))
        else:
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{path}: cannot be written: {error.strerror}") from None


def events(runs: Sequence[tuple[str, Run]]) -> Iterator[dict[str, Any]]:
    """Trace events of all runs."""
    for process, (name, run) in enumerate(runs, 1):
        yield _named("process_name", process, 0, f"{name} (modelled)")
        tracks = _tracks(run)
        for actor, (track, label) in tracks.items():
            yield _named("thread_name", process, track, label)
            yield {"ph": "M", "name": "thread_sort_index", "pid": process, "tid": track, "args": {"sort_index": track}}
            del actor
        scale = 1e6 * run.machine.seconds(1)
        for span in merged(run):
            yield {
                "ph": "X", "name": _title(run, span), "pid": process, "tid": tracks[span.actor][0],
                "ts": round(span.begin * scale, 4), "dur": round((span.end - span.begin) * scale, 4),
            }  # fmt: skip
        ddr = len(tracks) + 1
        yield _named("thread_name", process, ddr, "DDR, GB/s over 20 us")
        yield from _ddr(run, process, scale)


def _ddr(run: Run, process: int, scale: float) -> Iterator[dict[str, Any]]:
    """Bytes that the shims' channels move, as a rate."""
    width = 20.0 / scale
    bins: dict[int, float] = {}
    first = len(run.cores)
    for span in run.spans:
        k = span.actor - first
        if k >= 0 and run.movers[k].kind != INSIDE:
            at = int(span.begin // width)
            bins[at] = bins.get(at, 0.0) + run.movers[k].bytes
    for at in range(max(bins, default=-1) + 1):
        rate = bins.get(at, 0.0) / (width * scale * 1e-6) * 1e-9
        yield {
            "ph": "C", "name": "DDR, GB/s", "pid": process, "ts": round(at * width * scale, 3), "args": {"GB/s": rate}
        }  # fmt: skip


def _tracks(run: Run) -> dict[int, tuple[int, str]]:
    tracks = {-1: (1, "control processor")}
    for k, core in enumerate(run.cores):
        tracks[k] = (2 + k, f"core {core.tile[0]},{core.tile[1]}")
    for k, mover in enumerate(run.movers):
        tracks[len(run.cores) + k] = (2 + len(run.cores) + k, mover.label)
    return tracks


def _title(run: Run, span: Span) -> str:
    if span.actor < 0:
        return _STEPS[span.tag]
    if span.actor >= len(run.cores):
        return "transfer"
    return run.kernels[span.tag - 1].name if span.tag > 0 else f"waits: {REASONS[-1 - span.tag]}"


def merged(run: Run) -> Iterator[Span]:
    """Spans in which a channel's objects that follow each other closely are one."""
    open_: dict[int, Span] = {}
    first = len(run.cores)
    for span in run.spans:
        if span.actor < first:
            yield span
            continue
        last = open_.get(span.actor)
        if last is not None and span.begin - last.end <= GAP:
            open_[span.actor] = Span(span.actor, span.tag, last.begin, span.end)
            continue
        if last is not None:
            yield last
        open_[span.actor] = span
    yield from open_.values()


def _named(what: str, process: int, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": track, "args": {"name": name}}
