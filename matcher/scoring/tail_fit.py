"""Fits the tail of a calibration to the highest similarities of strangers: peaks over a threshold."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.scoring.calibration import Tail

FEWEST_PEAKS: Final = 30
"""With fewer similarities above the threshold nothing can be said of how they fall off."""
_ONE_SIDED_95: Final = 1.645


def fitted_tail(
    similarities: npt.ArrayLike, threshold: float, *, end_score: float, independent_count: int | None = None
) -> Tail:
    """The generalized Pareto distribution of what exceeds the threshold, by probability-weighted moments (J. R. M.
    Hosking, J. R. Wallis, Technometrics 29, 1987), leaning to the cautious side twice.

    A shape below 0 becomes 0, and the scale is raised to the upper end of its one-sided 95 % interval.
    similarities: of strangers, (n,); those at or below the threshold are left out. independent_count: how many of the
    exceeding ones count as independent, fewer than there are where the same prints or people meet again and again.
    Raises ValueError where fewer than FEWEST_PEAKS exceed the threshold.
    """
    given = np.asarray(similarities, np.float64)
    excess = np.sort(given[given > threshold]) - threshold
    count = len(excess)
    if count < FEWEST_PEAKS:
        raise ValueError(f"a tail is fitted to at least {FEWEST_PEAKS} similarities above its threshold, not {count}")
    mean = float(excess.mean())
    # Plotting positions as the paper proposes them.
    place = (np.arange(1, count + 1) - 0.35) / count
    weighted = float((excess * (1.0 - place)).mean())
    shape = max(0.0, 2.0 - mean / (mean - 2.0 * weighted)) if mean > 2.0 * weighted else 0.0
    # A heavier tail than this has no mean, and no score worth its name.
    shape = min(shape, 0.5)
    scale = mean * (1.0 - shape)
    return Tail(scale * (1.0 + _ONE_SIDED_95 / math.sqrt(min(independent_count or count, count))), shape, end_score)
