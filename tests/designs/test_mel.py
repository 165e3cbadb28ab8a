"""Mel overlay: its tables, its arithmetic against openai/whisper's log-mel, and where its transfers go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mel_audio import clip, final_scale, padded
from numpy.typing import NDArray

from aiebuild.check import check_module
from aiebuild.designs import mel_tables as tables
from aiebuild.designs.mel import CONSTANTS, MEL, PEAKS, SAMPLES, mel_overlay, pack
from aiebuild.designs.mel_reference import FLOOR_Q11, log10_q11, log_mel_q11, round_shift
from aiebuild.dialect import parse_module
from aiebuild.render.environment import render_template
from aiebuild.target import load_target
from aiebuild.weights.pack import from_bf16, to_bf16
from aiebuild.whisper.reference_mel import log_mel_spectrogram, mel_filters


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_are_whispers(n_mels: int) -> None:
    want = mel_filters(n_mels)
    assert not want[:, 0].any()  # bin 0 is left out
    np.testing.assert_allclose(tables.mel_filters(n_mels), want[:, 1:], atol=1e-8)


@given(st.integers(-32640, 32639))
def test_planes(value: int) -> None:
    high, low = tables.planes(np.array([value], np.int32))
    assert int(high[0]) * 256 + int(low[0]) == value


def test_sums_of_a_plane_fit_32_bits() -> None:
    for table in tables.coefficients():
        for plane in tables.planes(table):
            assert np.abs(plane.astype(np.int64)).sum(axis=0).max() * 32768 < 2**31


def test_packed_coefficients() -> None:
    packed = tables.pack_coefficients()
    assert packed.nbytes == tables.CHUNKS * tables.CONSTANT_OBJECT
    for part, table in enumerate(tables.coefficients()):
        for n, k in [(0, 0), (3, 7), (199, 199), (101, 64), (17, 130)]:
            high, low = (int(packed[k // 8, part, n // 4, plane, n % 4, k % 8]) for plane in (0, 1))
            assert high * 256 + low == table[n, k]


@pytest.mark.parametrize("n_mels", [80, 128])
def test_packed_filters(n_mels: int) -> None:
    data = tables.pack_filters(n_mels)
    assert len(data) == tables.CONSTANT_OBJECT
    ranges = np.frombuffer(data, np.int32, 64).reshape(32, 2)
    blocks = np.frombuffer(data, np.uint16, offset=256).reshape(-1, 8, 4)
    weights = np.zeros((n_mels, tables.POINTS), np.uint16)
    at = 0
    for block, (first, count) in enumerate(ranges[: n_mels // 4]):
        for chunk in range(first, first + count):
            weights[block * 4 : block * 4 + 4, chunk * 8 : chunk * 8 + 8] = blocks[at].T
            at += 1
    np.testing.assert_array_equal(weights, tables.filter_weights(n_mels))


@pytest.mark.parametrize("n_mels", [0, 81, 144])
def test_other_numbers_of_mels_are_refused(n_mels: int) -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        mel_overlay(n_mels)


@given(st.integers(-(2**40), 2**40), st.integers(0, 12))
def test_round_shift(value: int, shift: int) -> None:
    assert int(round_shift(np.array([value]), shift)[0]) == round(value / 2**shift)


def test_logarithm() -> None:
    bits = np.arange(0x80, 0x7F80, dtype=np.uint16)
    x = from_bf16(bits)
    got = log10_q11(x)
    want = np.clip(np.log10(x.astype(np.float64)) * 2048, -32768, 32767)
    assert np.abs(got - want).max() < 2.5
    assert np.abs(got - want)[got > FLOOR_Q11].max() < 2  # 0.001 of a decade
    np.testing.assert_array_equal(to_bf16(x), bits)


@pytest.mark.parametrize("n_mels", [80, 128])
@pytest.mark.parametrize("gain", [3.0, 1.0, 0.1, 0.003])
def test_arithmetic_against_whisper(n_mels: int, gain: float) -> None:
    """Measured: 0.0074 at most, from coefficients' rounding in quiet frames of a loud file."""
    samples = np.clip(np.rint(clip() * gain), -32768, 32767).astype(np.int16)
    want = log_mel_spectrogram(samples, n_mels).T
    frames = want.shape[0]
    got = final_scale(log_mel_q11(padded(samples, frames), frames, n_mels))
    assert np.abs(got - want).max() <= 0.01
    assert np.corrcoef(got.ravel(), want.ravel())[0, 1] >= 0.9999


def test_silence_is_the_floor() -> None:
    assert (log_mel_q11(np.zeros(400 + 3 * 160, np.int16), 4, 80) == FLOOR_Q11).all()


def test_pack() -> None:
    packed = pack((), {"n_mels": 80})
    assert packed.buffers[0].bytes == len(packed.chunks[0]) == mel_overlay(80).arguments(1)[CONSTANTS]


@settings(max_examples=50)
@given(st.integers(1, 20000))
def test_dispatches_cover_the_frames(frames: int) -> None:
    overlay = mel_overlay(80)
    expected = 0
    for first, rounds in overlay.dispatches(frames):
        assert first == expected
        expected += rounds * overlay.round_frames
    assert frames <= expected < frames + overlay.round_frames


def _bytes_of(transfer: dict[str, Any]) -> NDArray[np.int64]:
    """Every byte offset a task touches, in stream order."""
    grids = np.meshgrid(*(np.arange(n) for n in transfer["sizes"]), indexing="ij")
    return transfer["offset"] + sum(g * s for g, s in zip(grids, transfer["strides"], strict=True)).ravel()


@pytest.mark.parametrize(("columns", "rows", "rounds"), [(4, 4, 6), (4, 4, 1), (2, 4, 2), (1, 2, 3)])
def test_frames_meet_their_rows(columns: int, rows: int, rounds: int) -> None:
    """Object j of core (c, r) in round t holds the samples of the frames whose rows its result is written to."""
    overlay = mel_overlay(80, columns=columns, rows=rows)
    sizes = overlay.arguments(rounds)
    sequence = overlay._sequence(rounds)
    tasks = [step["task"] for step in sequence["steps"] if step["kind"] == "start"]
    written = np.zeros(sizes[MEL], np.uint8)
    peaks = np.zeros(sizes[PEAKS], np.uint8)
    for c in range(columns):
        read = np.concatenate([_bytes_of(t) for t in tasks if t["channel"] == f"A{c}_in"])
        read = read.reshape(rounds, 4, rows, 8 * 160 + 240, 2)
        out = [t for t in tasks if t["channel"] == f"C{c}_out"]
        assert [t["argument"] for t in out] == [f"%arg{MEL}", f"%arg{PEAKS}"] * rounds
        rows_of = np.stack([_bytes_of(t) for t in out[::2]]).reshape(rounds, 4, rows, 8, 80 * 2)
        for i in range(8):
            np.testing.assert_array_equal(read[:, :, :, 160 * i, 0] // 320, rows_of[:, :, :, i, 0] // 160)
        written[rows_of.ravel()] += 1
        for t in out[1::2]:
            peaks[_bytes_of(t)] += 1
        constants = np.concatenate([_bytes_of(t) for t in tasks if t["channel"] == f"B{c}_in"])
        np.testing.assert_array_equal(constants, np.tile(np.arange(sizes[CONSTANTS]), rounds))
        assert read.max() < sizes[SAMPLES]
    assert (written == 1).all()
    assert (peaks == 1).all()


@pytest.mark.parametrize("n_mels", [80, 128])
def test_design_fits_the_array(n_mels: int) -> None:
    overlay = mel_overlay(n_mels).overlay()
    for name, template, parameters in [
        (overlay.name, overlay.template, overlay.parameters),
        *((s.name, s.template, s.parameters) for s in overlay.sequences),
    ]:
        module = parse_module(render_template(template, parameters).text, f"{name}.mlir")
        module.verify()
        assert check_module(module, load_target("npu1")) == []
