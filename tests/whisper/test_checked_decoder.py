"""The decoder overlay in the checking mode, with real weights: nothing is found, and the logits are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aiebuild.designs.whisper import decoder_overlay
from aiebuild.emulation.design import read_design
from aiebuild.emulation.findings import read_findings
from aiebuild.emulation.library import build_library, kernels_of, lower
from aiebuild.emulation.run import SPILLS
from aiebuild.host.checked import Checks
from aiebuild.manifest import store
from aiebuild.render.environment import render_template
from aiebuild.runtime.host import HostDevice, HostOverlay
from aiebuild.whisper.model import DeviceModel
from aiebuild.whisper.speech import Allowed

pytestmark = [pytest.mark.weights, pytest.mark.slow]

SOURCES = Path(__file__).resolve().parents[2] / "kernels_src"


def logits(artifact: Path, samples: NDArray[np.int16]) -> list[NDArray[np.float32]]:
    """Of four tokens given and steps of one row and of several."""
    with DeviceModel.open(artifact, threads=1) as model:
        model.encode(model.prepare(samples), 0, 3000)
        anything = Allowed((0, 50362), (50363, 51864))
        model.suppress([11, 13, 50000])
        first, _ = model.start([[50257, 50362, 843, 523]], [0], [anything])
        second = model.step([[0]], [[616]], [[anything]])
        third = model.step([[0, 0, 0]], [[5891, 11, 13]], [[anything] * 3])
        found = (first, second, third, model.step([[0, 2, 1, 0, 1]], [[5, 6, 7, 8, 9]], [[anything] * 5]))
        out = [np.array([(*row.text.logits, row.times.total) for row in rows], np.float32) for rows in found]
        out += [model.start_logits([[50257, 50362, 843, 523]]).copy(), model.step_logits([[0]], [[616]]).copy()]
    return out


def test_decoder(tiny_en_artifact: Path, jfk_samples: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch) -> None:
    fast = logits(tiny_en_artifact, jfk_samples)
    manifest = store.load(tiny_en_artifact)
    with DeviceModel.open(tiny_en_artifact) as model:
        spec = decoder_overlay(model.dims)
    design = read_design(render_template(spec.template, spec.parameters).text)
    library = build_library(design, lower(design, Checks.ALL), kernels_of([SOURCES / k.source for k in spec.kernels]))
    replaced = tiny_en_artifact / manifest.overlay("decoder").library.path
    opened: list[HostOverlay] = []
    plain = HostDevice.open

    def open_checked(self: HostDevice, path: Path, *, checking: tuple[int, int] | None = None) -> HostOverlay:
        if path != replaced:
            return plain(self, path, checking=checking)
        opened.append(plain(self, library.path, checking=(10**8, SPILLS)))
        return opened[-1]

    monkeypatch.setattr(HostDevice, "open", open_checked)
    checked = logits(tiny_en_artifact, jfk_samples)
    for a, b in zip(fast, checked, strict=True):
        np.testing.assert_array_equal(a, b)
    (overlay,) = opened
    assert [str(finding) for finding in read_findings(overlay.findings(), "decoder")] == []
