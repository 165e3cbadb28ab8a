"""What a long file leaves behind: read back as written, in memory or not; no room is an error in a line."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from aiebuild.errors import BuildError
from aiebuild.whisper import samples as module
from aiebuild.whisper.audio import load_audio, record
from aiebuild.whisper.pauses import cut_at_pauses, levels
from aiebuild.whisper.samples import Recording, Spool, read_samples


@pytest.mark.parametrize("limit", [1 << 20, 100])
def test_rows_come_back(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", limit)
    rows = np.random.default_rng(0).integers(-32768, 32768, (57, 5)).astype(np.int16)
    spool = Spool(5)
    for first, last in ((0, 1), (1, 1), (1, 40), (40, 57)):
        spool.append(rows[first:last])
        np.testing.assert_array_equal(spool.read(first, last), rows[first:last])
    assert spool.rows == 57
    np.testing.assert_array_equal(spool.read(3, 50), rows[3:50])
    np.testing.assert_array_equal(spool.read(50, 99), rows[50:])
    assert spool.read(57, 60).shape == (0, 5)


def test_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def seek(self, *_: int) -> None: ...

        def close(self) -> None: ...

        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "SpooledTemporaryFile", lambda max_size: Full())
    with pytest.raises(BuildError, match="no room for what a long file leaves behind: No space left on device") as info:
        Recording().append(np.zeros(4, np.int16))
    assert info.value.hint is not None and "TMPDIR" in info.value.hint


SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "jfk.wav"


def test_a_file_in_pieces_is_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 1000)
    warnings: list[str] = []
    whole, pieces = load_audio(SAMPLE).samples, record(SAMPLE, warnings.append)
    assert not warnings and pieces.size == whole.size
    np.testing.assert_array_equal(read_samples(pieces, 100, 5000), whole[100:5000])
    np.testing.assert_array_equal(levels(pieces), levels(whole))
    assert cut_at_pauses(pieces) == cut_at_pauses(whole)
