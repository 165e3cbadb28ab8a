"""What the kernels of the encoder and decoder overlays compute, in NumPy, one function a kernel family; for tests and
`aiebuild check` only.

The references take the numbers a kernel reads (int8, bf16 or float32 values, no layouts) and compute in float64 what it
ought to give; `Expected` holds that and how far a kernel may be off, with the reason beside each figure. Units: a bf16
number has 8 significant bits, so rounding to it moves a value by at most `BF16` of itself, to float32 by `FLOAT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiebuild.weights.pack import from_bf16, to_bf16

Numbers = NDArray[Any]
Doubles = NDArray[np.float64]

BF16 = 2.0**-8
FLOAT = 2.0**-24
EXPONENTIAL = 0.008
"""Relative error of a probability: exponent in Q8 (ln 2 / 512), quadratic in whole 128ths (0.65 %)."""
POWER_OF_TWO = 1.2e-5
"""Relative error of the decoder's: a polynomial, and products of the two bf16 parts of their factors."""

GELU_RELATIVE = 0.02
GELU_ABSOLUTE = 2.0e-3
"""Errors of the encoder's GELU over all bf16 numbers: its intermediate values are bf16, and below about -3, where the
result fades, an error of the exponent is one of the same size in the result."""
GELU_SLOPE = 1.13
"""Largest slope of GELU: by how much an error of its argument grows."""
LAYER_NORM_EPS = 1.0e-5


@dataclass(frozen=True)
class Expected:
    """What a kernel should give, and the absolute error that is allowed it; two arrays of one shape."""

    value: Doubles
    tolerance: Doubles

    def excess(self, got: Numbers) -> float:
        """The largest error as a part of what is allowed: above 1 is wrong; infinite for NaN."""
        error = np.abs(got.astype(np.float64) - self.value) / (self.tolerance + 1e-30)
        return float(np.where(np.isnan(error), np.inf, error).max(initial=0.0))

    def mismatch(self, got: Numbers) -> str | None:
        """None, or a line with the worst place: index, expected and actual value, and the largest error."""
        if got.shape != self.value.shape:
            return f"shape {got.shape}, expected {self.value.shape}"
        if self.excess(got) <= 1:
            return None
        error = np.abs(got.astype(np.float64) - self.value)
        over = np.where(np.isnan(error), np.inf, error / (self.tolerance + 1e-30))
        place = np.unravel_index(int(over.argmax()), over.shape)
        index = tuple(int(i) for i in place)
        return (
            f"at {index}: expected {self.value[place]:.7g} within {self.tolerance[place]:.2g}, got {got[place]:.7g}; "
            f"{int((over > 1).sum())} of {over.size} are off, the largest error is {np.nanmax(error):.3g}"
        )


def bf16(x: Numbers) -> NDArray[np.float32]:
    """`x` rounded to bf16, nearest even, as float32."""
    return from_bf16(to_bf16(np.asarray(x, np.float32)))


def stored(value: Doubles, tolerance: Doubles) -> Expected:
    """`value`, rounded to bf16 at the end."""
    return Expected(value, tolerance + BF16 * (np.abs(value) + tolerance))


# --- element-wise ---------------------------------------------------------------------------------------------------


def exp2_q8(t: NDArray[np.int16]) -> NDArray[np.float32]:
    """2^(t / 256) for t <= 127 * 256 as `exp2.h` computes it: exponent from t's whole part, mantissa
    1 + f - 0.34375 f (1 - f) in units of 1/128, rounded to nearest even once."""
    t = np.maximum(t.astype(np.int64), -127 * 256)
    f = t & 255
    bits = _half_even((t + 127 * 256) * 8192 - 11 * f * (256 - f), 14)
    return from_bf16(bits.astype(np.uint16))


def _half_even(x: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    quotient, rest, half = x >> shift, x & ((1 << shift) - 1), 1 << (shift - 1)
    return quotient + ((rest > half) | ((rest == half) & (quotient & 1 == 1)))


def gelu(x: Numbers) -> Doubles:
    """GELU's tanh form x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016, section 2)."""
    x = np.asarray(x, np.float64)
    z = 2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return x / (1 + np.exp(np.clip(-z, -500, 500)))


def gelu_of(x: Expected, relative: float = GELU_RELATIVE, absolute: float = GELU_ABSOLUTE) -> Expected:
    """GELU of what is known within a tolerance. The decoder's is in float32 and passes smaller errors of its own."""
    value = gelu(x.value)
    return Expected(value, GELU_SLOPE * x.tolerance + relative * np.abs(value) + absolute)


def normalise(log_mel: NDArray[np.int16], floor: int, valid: int) -> Expected:
    """Whisper's (max(x, floor) + 4) / 4 of raw log-mel x in Q11, flat; zero from element `valid` on. Exact in bf16."""
    value = np.maximum(log_mel.astype(np.float64), floor) / 2048 / 4 + 1
    value[valid:] = 0
    return Expected(np.asarray(bf16(value), np.float64), np.zeros(value.shape))


# --- encoder's products -----------------------------------------------------------------------------------------------


def gemm_int8(a: NDArray[np.int8], rows: Numbers, b: NDArray[np.int8], columns: Numbers, bias: Numbers) -> Expected:
    """(a @ b) * rows[:, None] * columns + bias in bf16; a [m, k], rows float32 [m], b [k, n], the rest bf16 [n].

    Sums of int8 products are exact in int32. The sum, the row's scale and the two scales' product are rounded to bf16
    before they are multiplied, and the result is.
    """
    product = (a.astype(np.float64) @ b.astype(np.float64)) * rows[:, None].astype(np.float64) * columns
    return stored(product + bias, 3.1 * BF16 * np.abs(product) + 8 * FLOAT * np.abs(bias))


def gemm_bf16(a: Numbers, b: Numbers, bias: Numbers) -> Expected:
    """a @ b + bias in bf16; a [m, k], b [k, n] and bias [n] bf16. Sums are float32 in an order the array decides."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    size = np.abs(a) @ np.abs(b) + np.abs(bias)
    return stored(a @ b + bias, (a.shape[1] + 8) * FLOAT * size)


def with_gelu(y: Expected) -> Expected:
    """The epilogue's GELU of a product that is rounded to bf16 before and after."""
    return gelu_of(y)


def with_residual(y: Expected, residual: Numbers) -> Expected:
    """The epilogue's sum with a bf16 tile, rounded to bf16."""
    return stored(y.value + residual, y.tolerance + 4 * FLOAT * np.abs(residual))


def with_row_mask(y: Expected, keep: NDArray[np.bool_]) -> Expected:
    """The epilogue's row mask: rows that are not kept are zero."""
    return Expected(np.where(keep[:, None], y.value, 0), np.where(keep[:, None], y.tolerance, 0))


def four_bit_values(y: Expected, got: Numbers, scales: Numbers) -> tuple[Expected, Doubles]:
    """What rounding added to the decoder's values: `got` [64, 64] for y, with `scales` [64]; in steps of two scales. At
    most half a step, where half of it was taken off the next position's of the same 16.

    y / step is in Q10, its product with a reciprocal in bf16.
    """
    step = 2 * np.asarray(scales, np.float64)[:, None]
    added, doubt = (got - y.value) / step, y.tolerance / step + 2.0**-9 + 1.1 * BF16 * np.abs(y.value) / step
    for position in range(1, len(added)):
        if position % 16:
            added[position] += added[position - 1] / 2
            doubt[position] += doubt[position - 1] / 2
    return Expected(np.zeros(added.shape), 0.5 + doubt), added


def four_bit_keys(y: Expected, got: Numbers, scales: Numbers) -> tuple[Expected, Doubles]:
    """The same of its keys: at most half a step, beyond the seven and a half that a difference to the last key of the
    same 16 can have. The difference and a reciprocal are in bf16."""
    step = 2 * np.asarray(scales, np.float64)[:, None]
    before = np.where(np.arange(len(got))[:, None] % 16, np.roll(got, 1, axis=0), 0)
    difference = (y.value - before) / step
    added = (got - before) / step - np.clip(difference, -7.5, 7.5)
    return Expected(np.zeros(added.shape), 0.5 + y.tolerance / step + 2.0**-9 + 1.1 * BF16 * np.abs(difference)), added


def as_int8(y: Expected) -> Expected:
    """Rows as int8 with a scale each, which is a 127th of the largest magnitude, rounded up to a bf16."""
    largest = (np.abs(y.value) + y.tolerance).max(axis=1, keepdims=True)
    return Expected(y.value, y.tolerance + 0.51 * (1 + BF16) * largest / 127)


# --- layer norm -------------------------------------------------------------------------------------------------------


def layer_norm(x: Numbers, gamma: Numbers) -> Doubles:
    """gamma (x - mean) / sqrt(variance + 1e-5) over the last axis; population variance, beta left out (the next
    product's bias has it)."""
    x = np.asarray(x, np.float64)
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + LAYER_NORM_EPS) * gamma


def layer_norm_int8(x: Numbers, gamma: Numbers, scales: Numbers) -> Expected:
    """The encoder's layer norm as int8 times a scale per row (`scales`, which the kernel chose): x, gamma in bf16.

    Besides half a step of int8, the difference to the mean and its product with gamma are rounded to bf16; the
    variance is a mean of squares less a square of the mean, in float32.
    """
    value = layer_norm(x, gamma)
    x = np.asarray(x, np.float64)
    lost = 64 * FLOAT * np.square(x).mean(axis=-1, keepdims=True) / (x.var(axis=-1, keepdims=True) + LAYER_NORM_EPS)
    mean = 64 * FLOAT * np.abs(x).max(axis=-1, keepdims=True) / np.sqrt(x.var(axis=-1, keepdims=True) + LAYER_NORM_EPS)
    steps = np.asarray(scales, np.float64)[:, None]
    return Expected(value, 0.505 * steps + (2.1 * BF16 + lost) * np.abs(value) + mean * np.abs(gamma))


def quantise_rows(x: Numbers) -> tuple[Doubles, Doubles]:
    """Rows [m, k] to 16 bits in blocks of 128 with a scale each: (x as the product sees it, half a step per value).

    32,512 = 127 * 256 is the largest, so that the high byte after rounding stays an int8.
    """
    x = np.asarray(x, np.float64)
    blocks = x.reshape(x.shape[0], -1, 128)
    step = np.abs(blocks).max(axis=-1, keepdims=True) / 32512
    rounded = np.rint(blocks / np.maximum(step, 1e-300)) * step
    half = np.broadcast_to(0.51 * step, blocks.shape)
    return rounded.reshape(x.shape), half.reshape(x.shape)


# --- decoder's products -----------------------------------------------------------------------------------------------


def linear(x: Numbers, q: NDArray[np.int8], scales: Numbers, bias: Numbers, error: Numbers | None = None) -> Expected:
    """x @ (q * scales) + bias of float rows x [m, k], weights q [k, n] of eight or four bits with float `scales` for
    each 128 or 32 rows of a column, [k / 128 or k / 32, n]; x in 16 bits, with a scale for each 128 of a row.

    `error`: what x itself may be off, [m, k]. Each block's exact sum is scaled and added in float32.
    """
    x = np.asarray(x, np.float64)
    w = q.astype(np.float64) * np.repeat(scales, q.shape[0] // scales.shape[0], axis=0)
    _, half = quantise_rows(x)
    size = np.abs(x) @ np.abs(w) + np.abs(bias)
    off = half if error is None else half + error
    return Expected(x @ w + bias, off @ np.abs(w) + 32 * FLOAT * size)


# --- attention --------------------------------------------------------------------------------------------------------


def attention(q: Numbers, k: Numbers, v: Numbers, visible: NDArray[np.bool_] | None = None) -> Expected:
    """One head: softmax to base 2 of q @ k.T, times v. q [m, 64], k and v [l, 64] in bf16; `visible` [m, l].

    Scores are float32; probabilities have `EXPONENTIAL`'s error, which counts twice (above and below the line).
    """
    q, k, v = (np.asarray(array, np.float64) for array in (q, k, v))
    scores = q @ k.T
    noise = np.log(2) * 64 * FLOAT * (np.abs(q) @ np.abs(k).T)
    if visible is not None:
        scores = np.where(visible, scores, -np.inf)
        noise = np.where(visible, noise, 0)
    weights = np.exp2(scores - scores.max(axis=1, keepdims=True))
    total = weights.sum(axis=1, keepdims=True)
    size = ((1 + noise / EXPONENTIAL) * weights) @ np.abs(v) / total
    value = weights @ v / total
    spread = size + np.abs(value)
    return Expected(value, EXPONENTIAL * spread + k.shape[0] * FLOAT * spread)


def int8_rows(x: Numbers) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows [m, n] as int8 with a scale each that bf16 holds, at least a 127th of the largest magnitude."""
    x = np.asarray(x, np.float32)
    bits = ((np.abs(x).max(axis=1) / np.float32(127)) + np.float32(1e-20)).view(np.uint32)
    scale = ((bits + np.uint32(0xFFFF)) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.rint(x / scale[:, None]).astype(np.int8), scale


def _doubtful(x: Numbers, scale: Numbers) -> Doubles:
    """A step for each number so close to the middle of two that a reciprocal of 16 bits may round it the other way."""
    part = np.abs(np.asarray(x, np.float64) / scale[:, None]) % 1
    return np.where(np.abs(part - 0.5) < 127 * 2.0**-15, scale[:, None], 0)


def attention_int8(q: Numbers, k: Numbers, v: Numbers, visible: NDArray[np.bool_]) -> Expected:
    """The decoder's self-attention: keys and values as int8 rows."""
    (kq, ks), (vq, vs) = int8_rows(k), int8_rows(v)
    keys, values = kq * ks[:, None].astype(np.float64), vq * vs[:, None].astype(np.float64)
    return attention_of_rows(q, keys, values, visible, 127 * vs, _doubtful(k, ks), _doubtful(v, vs))


def attention_of_rows(
    q: Numbers,
    keys: Doubles,
    values: Doubles,
    visible: NDArray[np.bool_],
    largest: Numbers,
    doubtful_keys: Numbers | float = 0.0,
    doubtful_values: Numbers | float = 0.0,
) -> Expected:
    """The decoder's: q [m, 64] and the probabilities of up to 32 keys at a time in 16 bits, over keys and values
    [l, 64] as integers times a scale, of which `largest` [l] are the largest values; `doubtful` ones may be off by so
    much."""
    q = np.asarray(q, np.float64)
    scores = np.where(visible, q @ keys.T, -np.inf)
    weights = np.exp2(scores - scores.max(axis=1, keepdims=True))
    total = weights.sum(axis=1, keepdims=True)
    value = weights @ values / total
    # q's step, sums in float32, keys that may be rounded otherwise, the exponential's series
    step = 0.51 / 32512 * np.abs(q).max(axis=1, keepdims=True) * np.abs(keys).sum(axis=1)
    sums = 64 * FLOAT * (np.abs(q) @ np.abs(keys).T)
    noise = np.log(2) * (step + sums + np.abs(q) @ np.broadcast_to(doubtful_keys, keys.shape).T) + POWER_OF_TWO
    size = (noise * weights) @ np.abs(values) + np.abs(value) * (noise * weights).sum(axis=1, keepdims=True)
    # half a step of the largest probability times its value's scale, at worst of all keys
    most = np.where(visible, weights * largest, 0).max(axis=1, keepdims=True)
    probability = 0.51 / 32512 * keys.shape[0] * most
    rest = weights @ (doubtful_values + 64 * FLOAT * np.abs(values))
    return Expected(value, (2 * size + probability + rest) / total)


def ordered_floats(keys: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32 numbers from integers of the same order (negative ones have all but the sign's bit turned)."""
    return (keys ^ ((keys >> 31) & 0x7FFFFFFF)).astype(np.int32).view(np.float32)


def candidates(logits: Doubles, tolerance: Doubles, count: int, none: float) -> tuple[Doubles, Doubles]:
    """The log-sum-exp of `logits` and the best `count` of them, `none` where there are fewer; and their tolerances."""
    value, off = np.full(1 + count, none), np.zeros(1 + count)
    if not logits.size:
        return value, off
    top = logits.max()
    value[0] = top + np.log(np.exp(logits - top).sum())
    off[0] = tolerance.max() + POWER_OF_TWO + 2e-6 * (1 + logits.size / 32)
    best = np.argsort(-logits)[:count]
    value[1 : 1 + best.size] = logits[best]
    off[1 : 1 + best.size] = tolerance.max()
    return value, off


def stored_attention(exact: Expected) -> Expected:
    """The encoder's attention, which is rounded to bf16."""
    return stored(exact.value, exact.tolerance)


def merge_attention(sums: Numbers, maxima: Numbers, totals: Numbers) -> Doubles:
    """One head from parts over different keys: sums [parts, m, 64], maxima (to base 2) and totals [parts, m].

    Parts with other maxima are brought to the largest; a part that saw no key has total 0 and drops out.
    """
    maxima = np.asarray(maxima, np.float64)
    weight = np.exp2(np.maximum(maxima - maxima.max(axis=0), -1000))
    total = (weight * totals).sum(axis=0)
    return (np.asarray(sums, np.float64) * weight[..., None]).sum(axis=0) / total[:, None]
