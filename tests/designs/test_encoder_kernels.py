"""The encoder overlay's kernels against their NumPy references, over random shapes, edge values and odd tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiebuild.designs import encoder, reference
from aiebuild.designs import encoder_trials as trials
from aiebuild.designs.encoder import OBJECT
from aiebuild.designs.encoder_commands import Command
from aiebuild.designs.encoder_trials import FOUR_BIT_LAYOUTS, LAYOUTS, EncoderCore, Epilogue, pack_layout, unpack_layout
from aiebuild.designs.grid import NPU1
from aiebuild.designs.trial import Kernels, Trial, objects_of
from aiebuild.errors import BuildError
from aiebuild.host.flags import UNLIMITED
from aiebuild.report.kernels import kernel_library
from aiebuild.weights.pack import from_bf16, pack_bf16, pack_rows_bf16, unpack_rows_bf16, unpack_rows_int8

RANDOM = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
PLACES = st.integers(0, NPU1.columns - 1)


@pytest.fixture(scope="module")
def unlimited_kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    """As models' libraries have them."""
    folder = tmp_path_factory.mktemp("unlimited")
    return Kernels(kernel_library("unlimited", encoder.KERNELS, folder, more=[UNLIMITED]))


def agrees(trial: Trial) -> None:
    assert trial.mismatch is None, trial.mismatch


@st.composite
def epilogues(draw: st.DrawFn, *, layouts: tuple[str, ...] = LAYOUTS, residual: bool = True) -> Epilogue:
    low = draw(st.integers(0, 200))
    return Epilogue(
        gelu=draw(st.booleans()),
        residual=residual and draw(st.booleans()),
        rows=draw(st.sampled_from([None, (low, low + draw(st.integers(0, 200)))])),
        layout=draw(st.sampled_from(layouts)),
        tile=draw(st.integers(0, 2)),
        row_rounds=draw(st.integers(1, 3)),
        row=draw(PLACES),
        column=draw(PLACES),
    )


@RANDOM
@given(seed=SEEDS, steps=st.integers(1, 10), epilogue=epilogues())
def test_gemm_int8(encoder_kernels: Kernels, seed: int, steps: int, epilogue: Epilogue) -> None:
    agrees(trials.gemm_int8(encoder_kernels, np.random.default_rng(seed), steps=steps, epilogue=epilogue))


@RANDOM
@given(seed=SEEDS, steps=st.integers(1, 10), epilogue=epilogues(layouts=tuple(FOUR_BIT_LAYOUTS), residual=False))
def test_keys_and_values_for_the_decoder(encoder_kernels: Kernels, seed: int, steps: int, epilogue: Epilogue) -> None:
    agrees(trials.gemm_int8(encoder_kernels, np.random.default_rng(seed), steps=steps, epilogue=epilogue))


@RANDOM
@given(seed=SEEDS, steps=st.integers(1, 10), epilogue=epilogues(), fill=st.sampled_from(["random", "zero", "largest"]))
def test_memory_that_a_core_has_not_changes_no_bit(
    encoder_kernels: Kernels, unlimited_kernels: Kernels, seed: int, steps: int, epilogue: Epilogue, fill: str
) -> None:
    ours, theirs = (
        trials.gemm_int8(kernels, np.random.default_rng(seed), steps=steps, epilogue=epilogue, fill=fill).got
        for kernels in (unlimited_kernels, encoder_kernels)
    )
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("fill", ["zero", "largest"])
def test_gemm_int8_at_the_edges(encoder_kernels: Kernels, fill: str) -> None:
    # 10 steps: the sums of the widest model's 1,280 channels
    agrees(trials.gemm_int8(encoder_kernels, np.random.default_rng(0), steps=10, fill=fill))


@RANDOM
@given(seed=SEEDS, steps=st.integers(1, 12), by_rows=st.booleans(), size=st.sampled_from([0.01, 1, 30]), e=epilogues())
def test_gemm_bf16(encoder_kernels: Kernels, seed: int, steps: int, by_rows: bool, size: float, e: Epilogue) -> None:
    rng = np.random.default_rng(seed)
    agrees(trials.gemm_bf16(encoder_kernels, rng, steps=steps, by_rows=by_rows, size=size, epilogue=e))


def test_rows_of_the_window_only(encoder_kernels: Kernels) -> None:
    # the last of a window's 24 row tiles: 1,500 positions end at its row 28
    epilogue = Epilogue(rows=(0, 1500), tile=5, row_rounds=6, row=3)
    trial = trials.gemm_bf16(encoder_kernels, np.random.default_rng(1), epilogue=epilogue)
    agrees(trial)
    assert trial.got[:28].any() and not trial.got[28:].any()


def test_gelu_of_every_number(encoder_kernels: Kernels) -> None:
    """All bf16 numbers up to 2^80 in magnitude but denormal ones, as biases of a product of zeros."""
    bits = np.arange(65536, dtype=np.uint16)
    x = from_bf16(bits)
    x = x[(np.abs(x) <= 2.0**80) & ((np.abs(x) >= 2.0**-126) | (bits == 0))]
    x = np.concatenate([x, np.zeros(-x.size % 64, np.float32)]).reshape(-1, 64)
    zero = objects_of(pack_rows_bf16(np.zeros((64, 64), np.float32), 1, 1), OBJECT)
    command = Epilogue(gelu=True).command("gemm_bf16", 1).object()
    core = EncoderCore(encoder_kernels)
    got = np.empty_like(x)
    for i, bias in enumerate(x):
        weights = objects_of(pack_bf16(np.zeros((64, 64), np.float32), bias, 1, 1), OBJECT)
        (out,) = core.run(command, iter(zero), iter(weights))
        got[i] = unpack_layout(out, "natural")[0]
    exact = reference.Expected(x.astype(np.float64), np.zeros(x.shape))
    message = reference.gelu_of(exact).mismatch(got)
    assert message is None, message
    assert (got[x > 10] == x[x > 10]).all(), "large numbers pass unchanged"
    assert (np.abs(got[x < -10]) < 1e-4).all(), "and negative ones vanish"


@RANDOM
@given(
    seed=SEEDS,
    keys=st.one_of(st.integers(1, 130), st.sampled_from([1500])),
    column=PLACES,
    size=st.sampled_from([0.1, 2, 8]),
    drift=st.sampled_from([0, 30, -30, 200]),
)
def test_attention(encoder_kernels: Kernels, seed: int, keys: int, column: int, size: float, drift: float) -> None:
    rng = np.random.default_rng(seed)
    agrees(trials.attention(encoder_kernels, rng, keys=keys, column=column, size=size, drift=drift))


@pytest.mark.parametrize("level", [120, -250, 1000, -6000])
def test_attention_where_all_scores_are_large(encoder_kernels: Kernels, level: float) -> None:
    # the first keys' maxima are found in steps of 2^127, up for some queries and down for others
    for keys in (20, 100):
        agrees(trials.attention(encoder_kernels, np.random.default_rng(keys), keys=keys, level=level, drift=40))


def test_attention_to_one_key_is_its_value(encoder_kernels: Kernels) -> None:
    trial = trials.attention(encoder_kernels, np.random.default_rng(3), keys=1)
    agrees(trial)
    assert np.ptp(trial.got, axis=0).max() == 0


@RANDOM
@given(seed=SEEDS, channel_tiles=st.sampled_from([2, 4, 6, 8, 12, 16, 20]), column=PLACES)
def test_layer_norm(encoder_kernels: Kernels, seed: int, channel_tiles: int, column: int) -> None:
    rng = np.random.default_rng(seed)
    trial = trials.layer_norm(encoder_kernels, rng, channel_tiles=channel_tiles, column=column)
    agrees(trial)


def test_layer_norm_uses_the_range(encoder_kernels: Kernels) -> None:
    # the scale comes from a bound of a row's largest value, found in one pass: it must not be loose
    for seed in range(8):
        trial = trials.layer_norm(encoder_kernels, np.random.default_rng(seed))
        steps = np.abs(np.diff(np.unique(trial.got[0]))).min()
        assert np.abs(trial.got[0]).max() / steps > 100


def test_layer_norm_at_the_edges(encoder_kernels: Kernels) -> None:
    rng = np.random.default_rng(5)
    rows = trials.random_rows(rng, 64, 512)
    rows[0] = 0  # no variance at all
    rows[1] = 3  # nor here
    rows[2, 1:] = 0  # one channel is all there is
    rows[2, 0] = 30000
    rows[3] *= 1e-4
    rows[4, ::2], rows[4, 1::2] = 200, -200  # the largest value in all channels
    rows[5, 448:] += 100  # the mean moves in the last tile
    trial = trials.layer_norm(encoder_kernels, rng, column=0, rows=rows)
    # a row of equal values has no direction: what is left of it is rounding of the mean
    keep = [r for r in range(16) if r != 1]
    part = reference.Expected(trial.expected.value[keep], trial.expected.tolerance[keep])
    assert part.mismatch(trial.got[keep]) is None, part.mismatch(trial.got[keep])
    assert not trial.got[0].any()


@RANDOM
@given(seed=SEEDS, blocks=st.integers(0, 4 * OBJECT // 32), floor=st.integers(-32768, 32767), column=PLACES, row=PLACES)
def test_normalise(encoder_kernels: Kernels, seed: int, blocks: int, floor: int, column: int, row: int) -> None:
    rng = np.random.default_rng(seed)
    agrees(trials.normalise(encoder_kernels, rng, valid=16 * blocks, floor=floor, column=column, row=row))


def test_layouts_come_back() -> None:
    x = reference.bf16(np.random.default_rng(0).standard_normal((64, 64), np.float32))
    for layout in LAYOUTS:
        np.testing.assert_array_equal(unpack_layout(pack_layout(x, layout), layout), x)
    np.testing.assert_array_equal(unpack_rows_bf16(pack_layout(x, "natural").reshape(1, 1, OBJECT)), x)
    q = np.random.default_rng(1).integers(-128, 128, (64, 384)).astype(np.int8)
    scales = np.arange(1, 65, dtype=np.float32)
    tiles = trials.pack_rows_int8(q, scales)[None]
    np.testing.assert_array_equal(unpack_rows_int8(tiles), q * scales[:, None])


def test_a_kernel_that_writes_into_its_input_is_found(encoder_kernels: Kernels) -> None:
    command = Command("normalise", tiles=1, side=NPU1.columns, elements=OBJECT).object()
    objects = objects_of(command, OBJECT)
    with pytest.raises(BuildError, match="encoder_finish writes into its input object"):
        # a core may not take its output for an input
        params = objects_of(Command("attention", tiles=1).object()[:256], 256)[0]
        zeros = objects_of(np.zeros(16384, np.uint8), 16384)[0]
        ones = objects_of(np.ones(320, np.float32), 1280)[0]
        zeros.view(np.float32)[:] = 5
        encoder_kernels.call("encoder_finish", objects[0], zeros, ones, params, 0, 0, 0, inputs=(objects[0],))
