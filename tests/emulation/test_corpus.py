"""Every small design of the corpus, run and compared with NumPy, or refused with the operation and its line.

Results are integers and have to be equal bit by bit: with one thread and two, in place and copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import aiebuild
from aiebuild.dialect import DesignError

CORPUS = Path(__file__).parent.parent / "designs"
Arrays = Sequence[NDArray[np.generic]]


def words(n: int, seed: int = 1) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(-(2**31), 2**31, n, np.int32)


def octets(*shape: int) -> NDArray[np.int8]:
    return np.random.default_rng(2).integers(-128, 128, shape, np.int8)


def halves(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`distribute_join`: 10 is added to the first half of each 64, 20 to the second."""
    return (x.reshape(-1, 2, 32) + np.array([10, 20], np.int32)[:, None]).reshape(-1)


def dimensions(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`dimensions`: sent column by column; received [2, 16, 4] in steps of 4, 8 and 1."""
    sent = x.reshape(-1, 8, 16).transpose(0, 2, 1).reshape(-1, 2, 16, 4)
    return sent.transpose(0, 2, 1, 3).reshape(-1)


def blocks(x: NDArray[np.int8]) -> NDArray[np.int8]:
    """`memcpy_4d`: 2 groups of 32 rows, of each the 4 columns of 16 bytes."""
    return x.reshape(2, 32, 4, 16).transpose(0, 2, 1, 3).reshape(-1)


def doubled(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`branches`: doubled until 1,000 or more; 0 for what is below 1."""
    out = np.maximum(x, 0)
    while (low := (out > 0) & (out < 1000)).any():
        out[low] *= 2
    return out


def packets(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`packets`: pieces 0 and 3 go to the core that adds 1, pieces 1 and 2 to the one that adds 2."""
    pieces = x.reshape(4, 16)
    return np.concatenate([pieces[[0, 3]] + np.int32(1), pieces[[1, 2]] + np.int32(2)]).reshape(-1)


def frames(x: NDArray[np.int8]) -> NDArray[np.int8]:
    """`padding`: 4 rows of 8 get two rows before them, one after, and 4 columns on either side, of zeros."""
    return np.pad(x.reshape(2, 4, 8), ((0, 0), (2, 1), (4, 4))).reshape(-1)


def twice_padded(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`repeat_pad`: objects of 13 words become 16, and are sent twice."""
    return np.pad(x.reshape(3, 13), ((0, 0), (2, 1))).repeat(2, axis=0).reshape(-1)


def control_packets(values: Sequence[int]) -> NDArray[np.int32]:
    """`%a` of `control_packets`: words to write from byte 1024 on, then reads as packet 2 of three and of one word."""

    def header(address: int, operation: int, words: int, identifier: int = 0) -> int:
        word = identifier << 24 | operation << 22 | (words - 1) << 20 | address
        return word | (word.bit_count() % 2 == 0) << 31

    packets = [header(1024, 0, 4), *values, header(1028, 1, 3, 2), header(1024, 1, 1, 2)]
    return np.array(packets, np.uint32).view(np.int32)


def mixed(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`mixed`: halves of each 32 words, the first ones with the table of the core that adds it."""
    low, high = x.reshape(2, 2, 16).transpose(1, 0, 2)
    table = np.stack([np.full(16, 100, np.int32), np.arange(16, dtype=np.int32)])
    return np.concatenate([low + table, high]).reshape(-1)


def kept(x: NDArray[np.int32]) -> NDArray[np.int32]:
    """`kept`: the first half three times, the second once with its words in pairs dealt into two."""
    half = x[32:].reshape(2, 4, 2, 2).transpose(0, 2, 1, 3).reshape(-1)
    return np.concatenate([np.tile(x[:32], 3), half]) + np.int32(5)


def turned(x: NDArray[np.int32], n: NDArray[np.int64]) -> NDArray[np.int32]:
    """`numbers`: transposed, columns moved by three; n times, the rest is left as it was."""
    one = np.roll(x.reshape(4, 4).T, 3, axis=1).reshape(-1)
    return np.concatenate([np.tile(one, int(n)), np.full(64 - 16 * int(n), -1, np.int32)])


def queue(x: NDArray[np.int8]) -> NDArray[np.int8]:
    """`task_queue`: the last quarter, the first three times, the second with its words dealt into two, the third."""
    first, second, third, last = x.reshape(4, 128)
    dealt = second.reshape(16, 2, 4).transpose(1, 0, 2).reshape(-1)
    return np.concatenate([last, first, first, first, dealt, third])


def two_operations(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int32]:
    """`small_overlay`: two products are summed, then an operation without any; 16 * row + column is added."""
    out = np.empty((2, 2, 2, 64), np.int32)  # operation, column, row
    products = a.reshape(2, 4, 64)[:, 1:3]
    place = np.arange(2)[:, None] + 16 * np.arange(2)[None, :]
    out[0] = np.einsum("rki,cki->cri", products, b.reshape(2, 2, 64)) + place[..., None]
    out[1] = np.broadcast_to(place[..., None], (2, 2, 64))
    return out.reshape(-1)


def overlay_headers() -> NDArray[np.int32]:
    """`%a` of `small_overlay`: for each row a header (2 products, 1 output), 2 objects, a header (0 and 1)."""
    a = np.random.default_rng(3).integers(-1000, 1000, (2, 4, 64), np.int32)
    a[:, 0, :2] = (2, 1)
    a[:, 3, :2] = (0, 1)
    return a.reshape(-1)


SMALL = np.random.default_rng(4).integers(-1000, 1000, 256, np.int32)
RUNS: dict[str, tuple[list[str], Arrays, Callable[..., NDArray[np.generic]], int]] = {
    # name: kernels, inputs, expectation, elements of the output
    "add_one": (["add_constant.cc"], [words(1024)], lambda x: x + 1, 1024),
    "branches": ([], [np.arange(-8, 56, dtype=np.int32) * 25], doubled, 64),
    "broadcast": ([], [words(128).view(np.int16)], lambda x: (x + np.arange(4, dtype="i2")[:, None]).reshape(-1), 1024),
    "cascade": (["cascade.cc"], [words(128), words(128, 2)], lambda a, b: a + b + a * b, 128),
    "configurations": ([], [words(32)], lambda x: np.concatenate([x[:16] + np.int32(7), x[16:] * np.int32(2)]), 32),
    "control_packets": ([], [control_packets([5, 6, 7, 8])], lambda x: np.array([6, 7, 8, 5], np.int32), 4),
    "dimensions": ([], [words(256)], dimensions, 256),
    "distribute_join": ([], [words(256)], halves, 256),
    "kept": ([], [words(64)], kept, 128),
    "locks": ([], [words(64)], lambda x: x + np.int32(12), 64),
    "memcpy_4d": ([], [octets(64, 64)], blocks, 4096),
    "mixed": ([], [words(64)], mixed, 64),
    "neighbours": ([], [words(128)], lambda x: (x + x) * (x + x), 128),
    "numbers": ([], [words(16), np.array(3)], turned, 64),
    "packets": ([], [words(64)], packets, 64),
    "padding": ([], [octets(64)], frames, 224),
    "parts": ([], [words(64)], lambda x: x.reshape(-1, 2, 4)[:, ::-1].reshape(-1), 64),
    "passthrough": ([], [words(1024)], lambda x: x, 1024),
    "registers": ([], [], lambda: np.array([1, 3, 5, 7, 2, 40, 0xAB, 8], np.int32) + np.int32(100), 8),
    "repeat_pad": ([], [words(39)], twice_padded, 96),
    "resets": ([], [], lambda: np.repeat(np.array([5, 6, 7], np.int32), 8), 24),
    "runtime_parameter": ([], [words(16)], lambda x: x * np.int32(7), 16),
    "small_overlay": (["small.cc"], [overlay_headers(), SMALL], two_operations, 512),
    "task_queue": ([], [octets(512)], queue, 768),
    "tile_task": ([], [words(64)], lambda x: np.roll(x, 32), 64),
}
TILES = (
    "cascade",
    "configurations",
    "control_packets",
    "locks",
    "mixed",
    "packets",
    "padding",
    "registers",
    "repeat_pad",
    "resets",
    "tile_task",
)
"""Those in locks and circuits, whose engine has one thread."""
REFUSED = {
    "iterations": r"iterations\.mlir:7: objectfifo @out with iter_count is not modelled",
}


def test_the_corpus_is_whole() -> None:
    assert {path.stem for path in CORPUS.glob("*.mlir")} == RUNS.keys() | REFUSED.keys()


@pytest.mark.parametrize("alias", [True, False], ids=["in place", "copied"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", RUNS)
def test_a_design_does_what_numpy_does(name: str, threads: int, alias: bool) -> None:
    kernels, inputs, expect, size = RUNS[name]
    expected = expect(*inputs)
    output = np.full(size, -1, expected.dtype)
    before = [array.copy() for array in inputs]
    result = aiebuild.emulate(
        CORPUS / f"{name}.mlir",
        [CORPUS / kernel for kernel in kernels],
        [*inputs, output],
        threads=threads,
        alias=alias,
    )
    assert result.written == (len(inputs),)
    np.testing.assert_array_equal(result.outputs[0], expected, strict=True)
    for given, kept, after in zip(inputs, before, result.arguments, strict=False):
        np.testing.assert_array_equal(given, kept)
        np.testing.assert_array_equal(after, kept)
    assert result.threads == (1 if name in TILES else threads)
    assert result.counters.leftover == 0
    assert alias or result.counters.aliased == 0


@pytest.mark.parametrize("name", REFUSED)
def test_a_design_beyond_the_subset_is_refused(name: str) -> None:
    with pytest.raises(DesignError, match=REFUSED[name]):
        aiebuild.emulate(CORPUS / f"{name}.mlir")
