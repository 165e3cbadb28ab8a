"""Address patterns in programs, objectfifos and sequences: dimensions, wraps, steps, granularity, lengths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limit_designs import PASS, breaks, core, design, fifo, fits, link, sequence, start, task, use

from aiebuild.check.patterns import contiguous, last_index


def received(dims: str, kind: str) -> str:
    """A core whose DMA writes what it receives by `dims`."""
    return design(fifo("a", "shim", "%core", kind, "1 : i32", from_stream=dims), core("core", use("a", kind=kind)))


def sent(dims: str, kind: str) -> str:
    """A memory tile whose DMA sends by `dims`."""
    return design(
        fifo("in", "shim", "%mem", kind, "1 : i32"),
        fifo("out", "mem", "%shim", kind, "1 : i32", to_stream=dims),
        link("@in", "@out"),
    )


def test_dimensions_of_a_core():
    fits(received("[<size = 2, stride = 8>, <size = 2, stride = 4>, <size = 4, stride = 1>]", "16xi32"))
    four = "[<size = 2, stride = 8>, <size = 2, stride = 4>, <size = 2, stride = 2>, <size = 2, stride = 1>]"
    breaks(received(four, "16xi32"), "bd-dimensions", "4 dimensions, the limit is 3")


def test_dimensions_of_a_memory_tile():
    four = "[<size = 2, stride = 8>, <size = 2, stride = 4>, <size = 2, stride = 2>, <size = 2, stride = 1>]"
    fits(sent(four, "16xi32"))
    five = four.replace("[", "[<size = 1, stride = 16>, ")
    breaks(sent(five, "16xi32"), "bd-dimensions", "5 dimensions, the limit is 4")


def test_wrap_of_a_core():
    fits(received("[<size = 2, stride = 256>, <size = 255, stride = 1>]", "512xi32"))
    breaks(
        received("[<size = 2, stride = 256>, <size = 256, stride = 1>]", "512xi32"),
        "bd-wrap",
        "size 256 words in dimension 1, the limit is 255",
    )


def test_wrap_counts_words():
    fits(received("[<size = 2, stride = 512>, <size = 508, stride = 1>]", "1024xi16"))
    breaks(received("[<size = 2, stride = 512>, <size = 512, stride = 1>]", "1024xi16"), "bd-wrap", "256 words")


def test_sizes_that_mlir_aie_takes():
    fits(sent("[<size = 512, stride = 2>, <size = 2, stride = 1>]", "1024xi32"))
    breaks(sent("[<size = 513, stride = 1>, <size = 1, stride = 1>]", "1024xi32"), "bd-wrap", "at most 512")


def test_step_of_a_core():
    fits(received("[<size = 2, stride = 8192>, <size = 8, stride = 1>]", "8200xi32"))
    breaks(
        received("[<size = 2, stride = 8193>, <size = 8, stride = 1>]", "8204xi32"),
        "bd-step",
        "stride 8,193 words in dimension 0, the limit is 8,192",
    )


def test_step_of_a_memory_tile():
    fits(sent("[<size = 2, stride = 131068>, <size = 2, stride = 1>]", "131070xi32"))


def test_granularity():
    fits(received("[<size = 2, stride = 8>, <size = 4, stride = 1>]", "16xi8"))
    breaks(
        received("[<size = 2, stride = 6>, <size = 4, stride = 1>]", "16xi8"),
        "granularity",
        "a stride in dimension 0 of 6 elements, 6 B, not a multiple of 4 B",
    )
    breaks(received("[<size = 2, stride = 8>, <size = 6, stride = 1>]", "16xi8"), "granularity", "innermost size")
    fits(design(fifo("a", "shim", "%mem", "6xi16")))
    breaks(design(fifo("a", "shim", "%mem", "5xi16")), "granularity", "tile (0,1)", "5 elements, 10 B")


def test_inner_stride():
    fits(received("[<size = 8, stride = 2>]", "16xi32"))
    breaks(received("[<size = 4, stride = 4>]", "16xi8"), "bd-inner-stride", "innermost stride of 4", "8 bits")


def test_stride_zero():
    breaks(received("[<size = 2, stride = 0>, <size = 8, stride = 1>]", "16xi32"), "bd-stride", "stride of 0")


def test_bounds():
    fits(received("[<size = 4, stride = 4>, <size = 4, stride = 1>]", "16xi32"))
    breaks(received("[<size = 4, stride = 5>, <size = 4, stride = 1>]", "16xi32"), "bd-bounds", "element 18 of 16")


def test_length_of_a_memory_tile():
    fits(design(fifo("a", "shim", "%mem", "131071xi32", "1 : i32")))
    breaks(design(fifo("a", "shim", "%mem", "131072xi32", "1 : i32")), "bd-length", "131,072 words", "131,071")


def test_length_of_a_core():
    text = """
    %b = aie.buffer(%core) : memref<{0}xi32>
    %m = aie.mem(%core) {{
      %0 = aie.dma_start(S2MM, 0, ^bd, ^end)
    ^bd:
      aie.dma_bd(%b : memref<{0}xi32> offset = 0 len = {0})
      aie.next_bd ^bd
    ^end:
      aie.end
    }}"""
    fits(design(text.format(16383)))
    breaks(design(text.format(16384)), "bd-length", "16,384 words", "the limit is 16,383")


def test_padding():
    pad = "padDimensions = #aie<bd_pad_layout_array[<const_pad_before = {}, const_pad_after = {}>]>"

    def of(before: int, after: int, kind: str, size: int) -> str:
        return design(
            fifo("in", "shim", "%mem", f"{size}x{kind}"),
            fifo(
                "out",
                "mem",
                "%shim",
                f"{size + before + after}x{kind}",
                to_stream=f"[<size = {size}, stride = 1>]",
                attributes=pad.format(before, after),
            ),
            link("@in", "@out"),
        )

    fits(of(2, 1, "i32", 13))
    fits(of(4, 4, "i8", 8))
    breaks(of(2, 2, "i8", 8), "granularity", "innermost padding of 2 elements")


def test_no_dimensions_at_a_shim():
    breaks(design(fifo("a", "shim", "%mem", to_stream="[<size = 64, stride = 1>]")), "shim-dimensions", "@a")


# -- sequences ------------------------------------------------------------------------------------------------------


def transfer(descriptor: str, extra: str = "") -> str:
    return design(PASS, sequence(task("t", "in", descriptor, extra=extra), start("t")))


def test_inner_run_of_a_shim():
    """1,023 words at most, unless the transfer is contiguous."""
    fits(transfer("offset = 0 len = 8184 sizes = [1, 1, 2, 4092] strides = [0, 0, 8192, 1]"))
    breaks(
        transfer("offset = 0 len = 8192 sizes = [1, 1, 2, 4096] strides = [0, 0, 8192, 1]"),
        "bd-wrap",
        "size 1,024 words in dimension 3, the limit is 1,023",
    )
    fits(transfer("offset = 0 len = 8192 sizes = [1, 1, 2, 4096] strides = [0, 0, 4096, 1]"))
    fits(transfer("offset = 0 len = 1048576"))


def test_second_dimension_of_a_shim():
    fits(transfer("offset = 0 len = 4092 sizes = [1, 1, 1023, 4] strides = [0, 0, 8, 1]"))
    breaks(
        transfer("offset = 0 len = 4096 sizes = [1, 1, 1024, 4] strides = [0, 0, 8, 1]"),
        "bd-wrap",
        "size 1,024 in dimension 2, the limit is 1,023",
    )


def test_third_dimension_of_a_shim_has_no_wrap():
    fits(transfer("offset = 0 len = 16384 sizes = [1, 4096, 1, 4] strides = [0, 8, 0, 1]"))


def test_step_of_a_shim():
    big = "%a: memref<16777216xi8>, %b: memref<1048576xi8>"

    def of(stride: int) -> str:
        descriptor = f"offset = 0 len = 8 sizes = [1, 1, 2, 4] strides = [0, 0, {stride}, 1]"
        text = design(PASS, sequence(task("t", "in", descriptor), start("t"), arguments=big))
        return text.replace("%a : memref<1048576xi8>", "%a : memref<16777216xi8>")

    fits(of(4 * 1048576))
    breaks(of(4 * 1048576 + 4), "bd-step", "stride 1,048,577 words in dimension 2, the limit is 1,048,576")


def test_stride_zero_only_outermost():
    fits(transfer("offset = 0 len = 256 sizes = [4, 1, 1, 256] strides = [0, 0, 0, 1]", "repeat_count = 3 : i32"))
    breaks(
        transfer("offset = 0 len = 512 sizes = [1, 2, 1, 256] strides = [0, 0, 0, 1]"),
        "bd-stride",
        "stride 0 in dimension 1; only the outermost may be 0",
    )


def test_outermost_runs_with_the_task():
    breaks(
        transfer("offset = 0 len = 256 sizes = [4, 1, 1, 256] strides = [0, 0, 0, 1]"),
        "bd-iteration",
        "4 in its outermost dimension and runs 1 times",
    )


@pytest.mark.parametrize("stride", [0, 256])
def test_outermost_size(stride: int):
    text = "offset = 0 len = 256 sizes = [{0}, 1, 1, 256] strides = [{1}, 0, 0, 1]"
    fits(transfer(text.format(64, stride), "repeat_count = 63 : i32"))
    breaks(transfer(text.format(65, stride), "repeat_count = 64 : i32"), "bd-iteration", "65 times", "the limit is 64")


def test_repeat_of_a_task():
    fits(transfer("offset = 0 len = 256", "repeat_count = 255 : i32"))
    breaks(transfer("offset = 0 len = 256", "repeat_count = 256 : i32"), "dma-repeat", "256 times, the limit is 255")


def test_length_is_that_of_the_inner_dimensions():
    breaks(
        transfer("offset = 0 len = 512 sizes = [1, 1, 1, 256] strides = [0, 0, 0, 1]"),
        "bd-length",
        "a length of 512 and 256 elements in its inner three",
    )


def test_granularity_of_a_shim():
    breaks(transfer("offset = 2 len = 256"), "granularity", "an offset of 2 elements")
    breaks(transfer("offset = 0 len = 254"), "granularity", "a transfer of 254 elements")
    breaks(
        transfer("offset = 0 len = 12 sizes = [1, 1, 2, 6] strides = [0, 0, 8, 1]"),
        "granularity",
        "innermost size of 6",
    )
    breaks(
        transfer("offset = 0 len = 8 sizes = [1, 1, 2, 4] strides = [0, 0, 6, 1]"), "granularity", "dimension 2 of 6"
    )


def test_bounds_of_a_shim():
    fits(transfer("offset = 1048320 len = 256"))
    breaks(transfer("offset = 1048324 len = 256"), "bd-bounds", "element 1,048,579 of a buffer of 1,048,576")
    breaks(transfer("offset = 1048320 len = 128 sizes = [1, 1, 2, 64] strides = [0, 0, 256, 1]"), "bd-bounds")


def test_dimensions_of_a_shim():
    breaks(
        transfer("offset = 0 len = 4 sizes = [1, 1, 1, 1, 4] strides = [0, 0, 0, 0, 1]"), "bd-dimensions", "limit is 4"
    )


def memcpy(text: str) -> str:
    line = f"      aiex.npu.dma_memcpy_nd(%a{text}) {{id = 0 : i64, metadata = @in}} : memref<1048576xi8>"
    return design(PASS, sequence(line))


def test_memcpy_patterns():
    fits(memcpy("[0, 0, 0, 0][4, 2, 4, 64][0, 1024, 128, 1]"))
    fits(memcpy("[0, 0, 0, 0][1, 1, 1, 1048576][0, 0, 0, 1]"))
    breaks(memcpy("[0, 0, 0, 2][1, 1, 1, 256][0, 0, 0, 1]"), "granularity", "an offset of 2")
    breaks(memcpy("[0, 0, 0, 0][1, 1, 2, 8192][0, 0, 10000, 1]"), "bd-wrap", "2,048 words")
    breaks(memcpy("[0, 0, 1, 0][1, 1, 4096, 256][0, 0, 256, 1]"), "bd-bounds")
    breaks(memcpy("[0, 0, 0, 0][65, 1, 1, 256][256, 0, 0, 1]"), "bd-iteration", "advances 65 times")


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_row_major_patterns_are_contiguous(sizes: list[int]):
    strides = [1]
    for size in reversed(sizes[1:]):
        strides.insert(0, strides[0] * size)
    assert contiguous(sizes, strides)
    total = 1
    for size in sizes:
        total *= size
    assert last_index(sizes, strides) == total - 1


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), min_size=1, max_size=4))
def test_contiguous_means_each_element_once_in_order(dims: list[tuple[int, int]]):
    sizes, strides = [size for size, _ in dims], [stride for _, stride in dims]
    indices = [0]
    for size, stride in dims:
        indices = [index + step * stride for index in indices for step in range(size)]
    if contiguous(sizes, strides):
        assert indices == list(range(len(indices)))
    elif strides[-1] == 1 or sizes[-1] > 1:
        assert indices != list(range(len(indices))) or sizes[-1] == 1
    assert max(indices) == last_index(sizes, strides)
