"""The decoder overlay in the checking mode, with real weights: nothing is found, and what is decoded is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

ALLOWED = Allowed((0, 50257), (50363, 51864))
SOURCES = Path(__file__).resolve().parents[2] / "kernels_src"


def decoded(artifact: Path, samples: NDArray[np.int16]) -> list[NDArray[Any]]:
    """Logits of a prompt and two steps; what the array's sampling leaves of a prompt and of two rows after it."""
    with DeviceModel.open(artifact, threads=1) as model:
        model.encode(model.prepare(samples), 0, 3000)
        out: list[NDArray[Any]] = [model.start_logits([[50257, 50362, 843, 523]]).copy()]
        out += [model.step_logits([[0]], [[token]]).copy() for token in (616, 5891)]
        candidates, silence = model.start([[50257, 50362]], [0], [ALLOWED])
        out += [
            candidates.text_tokens.copy(),
            candidates.text_logits.copy(),
            candidates.time_total.copy(),
            silence.copy(),
        ]
        candidates = model.step([[0, 0]], [[843, 616]], [[ALLOWED, ALLOWED]])
        out += [candidates.text_tokens.copy(), candidates.text_logits.copy(), candidates.text_total.copy()]
    return out


def test_decoder(tiny_en_artifact: Path, jfk_samples: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch) -> None:
    fast = decoded(tiny_en_artifact, jfk_samples)
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
    checked = decoded(tiny_en_artifact, jfk_samples)
    for a, b in zip(fast, checked, strict=True):
        np.testing.assert_array_equal(a, b)
    (overlay,) = opened
    assert [str(finding) for finding in read_findings(overlay.findings(), "decoder")] == []
