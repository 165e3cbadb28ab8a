"""The mel overlay as it is built, on the host device: equal to the reference, and to openai/whisper's log-mel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mel_audio import clip, final_scale, padded
from numpy.typing import NDArray

from aiebuild.build.driver import build
from aiebuild.build.execute import Silent
from aiebuild.build.fresh import Request
from aiebuild.designs.mel import MelOverlay, mel_overlay
from aiebuild.designs.mel_reference import TOLERANCE_Q11, log_mel_q11
from aiebuild.designs.spec import Design
from aiebuild.manifest.store import load
from aiebuild.runtime.host import HostBuffer, HostDevice
from aiebuild.whisper.reference_mel import log_mel_spectrogram

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Built:
    """An artifact with the mel overlay alone."""

    plan: MelOverlay
    path: Path

    def run(
        self, samples: NDArray[np.int16], frames: int, *, threads: int = 2, alias: bool = True
    ) -> tuple[NDArray[np.int16], int]:
        """Log-mel in Q11 of at least `frames` frames, in as many dispatches as that takes, and the largest value."""
        manifest = load(self.path)
        overlay = manifest.overlay("mel")
        packed = manifest.buffer("mel.constants")
        constants = HostBuffer.allocate(packed.bytes)
        assert packed.file
        constants.array[:] = np.fromfile(self.path / packed.file, np.uint8, packed.bytes, offset=packed.offset)
        dispatches = self.plan.dispatches(frames)
        total = sum(rounds for _, rounds in dispatches)
        needed = self.plan.arguments(total)
        whole = HostBuffer.allocate(needed[0])
        whole.array[:] = padded(samples, total * self.plan.round_frames).view(np.uint8)
        mel = HostBuffer.allocate(needed[2])
        row = 2 * self.plan.n_mels
        largest = -32768
        with HostDevice(threads) as device:
            opened = device.open(self.path / overlay.library.path)
            for first, rounds in dispatches:
                sizes = self.plan.arguments(rounds)
                peaks = HostBuffer.allocate(sizes[3])
                sequence = opened.load_sequence(self.path / overlay.sequence(self.plan.sequence_name(rounds)).file.path)
                buffers = [
                    whole.part(first * 320, sizes[0]),
                    constants,
                    mel.part(first * row, sizes[2]),
                    peaks,
                ]
                opened.dispatch(sequence, buffers, strict=True, alias=alias)
                largest = max(largest, self.plan.peak(peaks.array.view(np.int16)))
            return mel.array.view(np.int16).reshape(-1, self.plan.n_mels).copy(), largest


@pytest.fixture(scope="module", params=[80, 128])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    plan = mel_overlay(request.param)
    # one folder: the engine is compiled once for both
    folder = tmp_path_factory.getbasetemp() / "mel-artifacts"
    name = f"mel{request.param}"
    design = Design(name, "npu1", (plan.overlay(),), (plan.pack(),))
    return Built(plan, build(folder, Request(f"{name}-npu1-host"), lambda: design, Silent()).path)


def test_speech_against_the_reference_and_whisper(built: Built) -> None:
    samples = np.tile(clip(), 4)[: 40 * 16000]
    frames = 4000
    assert len(built.plan.dispatches(frames)) == 3
    got, largest = built.run(samples, frames)
    assert largest == got.max()
    want = log_mel_q11(padded(samples, got.shape[0]), got.shape[0], built.plan.n_mels)
    assert np.abs(got.astype(int) - want).max() <= TOLERANCE_Q11
    whisper = log_mel_spectrogram(samples, built.plan.n_mels, (got.shape[0] - frames) * 160).T
    final = final_scale(got)[: whisper.shape[0]]
    assert np.abs(final - whisper).max() <= 0.02
    assert np.corrcoef(final.ravel(), whisper.ravel())[0, 1] >= 0.9999


def test_threads_and_copies_change_nothing(built: Built) -> None:
    got, largest = built.run(clip(), 512)
    for threads, alias in [(1, True), (2, False)]:
        again, again_largest = built.run(clip(), 512, threads=threads, alias=alias)
        np.testing.assert_array_equal(again, got)
        assert again_largest == largest
