"""Progress and errors on standard error: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aiebuild.errors import AiebuildError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def note(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)


def report_error(error: AiebuildError, *, where: str | None = None) -> None:
    """An error as its detail (a failed command and its output), an `error:` line and a `hint:` line."""
    if error.detail:
        note(error.detail)
    note(f"error: {where}: {_one_line(error.message)}" if where else f"error: {_one_line(error.message)}")
    if error.hint:
        note(f"hint: {_one_line(error.hint)}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


class BuildProgress:
    """A build's reporter (`aiebuild.build.execute.Reporter`): opens its bar at the first step."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, done: int, total: int, what: str) -> None:
        if not sys.stderr.isatty():
            note(f"[{done}/{total}] {what}")
            return
        if self._bar is None:
            self._bar = _progress()
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=total)
        assert self._task is not None
        self._bar.update(self._task, completed=done, total=total, description=f"{self.title}: {what}")

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            note(text)


class AudioProgress:
    """Progress through audio, in seconds of it. Plain output gets a line no more often than every five seconds."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: float, total: float) -> None:
        """`done` of `total` seconds of audio are transcribed."""
        if not sys.stderr.isatty():
            if time.monotonic() - self._said >= 5 and done < total:
                self._said = time.monotonic()
                note(f"{self.title}: {done:.0f} of {total:.0f} s")
            return
        if self._bar is None:
            self._bar = _progress(transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=total)
        assert self._task is not None
        self._bar.update(self._task, completed=min(done, total), total=total)


def _progress(*, transient: bool = True) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=transient,
    )


@contextmanager
def timed() -> Generator[list[float]]:
    """Gives a list that holds the seconds spent inside once the block is left."""
    start = time.monotonic()
    spent: list[float] = []
    try:
        yield spent
    finally:
        spent.append(time.monotonic() - start)
