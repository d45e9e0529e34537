"""Scores of several samples to one: what a stranger reaches with fingers and faces together.

Fisher's method (Statistical Methods for Research Workers, 1925) takes the samples for independent. Two fingers of one
bad capture are not: what makes one of them resemble a stranger, little to see of either, makes the other do so too. But
given the capture they are, nearly: so where every score holds in the least favorable capture by itself, as calibration
sees to, the method holds in each capture and over all of them. What calibration leaves open, strangers who reach a
score 1.25 times as often as stated, would grow with the power of the number of samples, and is taken off each of them.
`python -m benchmarks fusion` measures it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]

CAPTURE_DISCOUNT: Final = 1.0
"""By this each of several scores is lowered: 10*log10 of 1.25, and a little more."""
_NATS: Final = math.log(10.0) / 10.0


def fused_values(scores: npt.ArrayLike, *, discount: float = CAPTURE_DISCOUNT) -> Float64Array:
    """float64 (n,): one score of each row of scores (n, samples). A single sample keeps its score.

    A score s says that a stranger reaches it with probability p = 10^(-s/10). The product of k independent p is as
    small or smaller for a stranger with probability P * sum over i < k of (-ln P)^i / i!, and that is the fused false
    match rate. It never exceeds the sum of scores, and a sample that does not agree lowers it, so adding samples cannot
    make a match out of noise. discount: see CAPTURE_DISCOUNT; 0 is Fisher's method as it stands. Raises ValueError
    without a sample.
    """
    given = np.maximum(np.atleast_2d(np.asarray(scores, np.float64)), 0.0)
    count = given.shape[1]
    if count == 0:
        raise ValueError("there is no score to fuse")
    if count == 1:
        return given[:, 0]
    surprise = np.maximum(given - discount, 0.0).sum(axis=1) * _NATS
    term, tail = np.ones_like(surprise), np.ones_like(surprise)
    for step in range(1, count):
        term = term * surprise / step
        tail += term
    return np.asarray(np.maximum(surprise - np.log(tail), 0.0) / _NATS, np.float64)


def fused_of_some(scores: npt.ArrayLike, *, discount: float = CAPTURE_DISCOUNT) -> Float64Array:
    """float64 (n,): fused_values of what there is of each row of scores (n, samples), NaN where a sample has nothing to
    compare with; 0 of a row of nothing else."""
    given = np.asarray(scores, np.float64)
    is_there = ~np.isnan(given)
    counts = is_there.sum(axis=1)
    fused = np.zeros(len(given))
    for count in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == count)
        fused[rows] = fused_values(given[rows][is_there[rows]].reshape(-1, count), discount=discount)
    return fused
