"""Rounding weights by what is multiplied with them: each one's error is made up for by those not yet rounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DAMPING = 0.01
"""Part of the mean square that is added to each channel's: what the sample did not show may occur all the same. For
samples of many more positions than channels."""
BLOCK = 64
"""Channels after which the errors reach the rest of the matrix."""


@dataclass(frozen=True)
class Statistics:
    """What a product read while a sample was heard, a value for each of k channels.

    `largest` [k]: largest magnitudes. `moments` [k, k]: means of two channels' products. `positions`: of how many.
    """

    largest: Floats
    moments: Floats
    positions: int

    @staticmethod
    def of(x: Floats) -> Statistics:
        """Of inputs [positions, k]."""
        return Statistics(np.abs(x).max(axis=0), x.T @ x / np.float32(len(x)), len(x))

    def divided(self, factor: Floats) -> Statistics:
        """Of the same inputs divided by a factor for each channel, [k]."""
        return Statistics(self.largest / factor, self.moments / np.outer(factor, factor), self.positions)

    def joined(self, other: Statistics) -> Statistics:
        """Of the positions of both."""
        total = self.positions + other.positions
        share = np.float32(self.positions / total)
        moments = (share * self.moments + (np.float32(1) - share) * other.moments).astype(np.float32)
        return Statistics(np.maximum(self.largest, other.largest), moments, total)


def round_with_feedback(
    w: Floats, scale: Floats, moments: Floats, limit: int = 127, damping: float = DAMPING
) -> NDArray[np.int8]:
    """int8 weights [k, n] for `w` [k, n], |q| <= limit, with a scale for each of `scale`'s groups of a column.

    `scale` [groups, n]: w ~ q * scale of its k / groups rows. `moments` [k, k] of the inputs. Channels are rounded from
    the largest on; the error of each is spread over those that are left so that the products change least (GPTQ,
    Frantar et al. 2022, algorithm 1, with the order of "act-order").
    """
    k = w.shape[0]
    size = k // scale.shape[0]
    power = np.diag(moments)
    order = np.argsort(-power, kind="stable")
    damped: NDArray[np.float64] = moments[np.ix_(order, order)].astype(np.float64)
    damped += np.eye(k) * max(damping * float(power.mean()), 1e-30)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T.astype(np.float32)
    left = w[order].astype(np.float32)
    out = np.empty(w.shape, np.int8)
    for start in range(0, k, BLOCK):
        stop = min(k, start + BLOCK)
        errors = np.empty((stop - start, w.shape[1]), np.float32)
        for i in range(start, stop):
            step = scale[order[i] // size]
            q: NDArray[Any] = np.clip(np.rint(left[i] / step), -limit, limit)
            out[order[i]] = q
            errors[i - start] = error = (left[i] - q * step) / upper[i, i]
            left[i + 1 : stop] -= np.outer(upper[i, i + 1 : stop], error)
        left[stop:] -= upper[start:stop, stop:].T @ errors
    return out
