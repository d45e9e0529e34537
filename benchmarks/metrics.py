"""Error rates of comparisons and searches as functions of similarities; nothing here knows an engine or a file.

Terms of ISO/IEC 19795-1: a comparison at or above the threshold is a match. A sample that could not be enrolled has
similarity -inf in all its comparisons: never a match, so it raises FNMR and never FMR.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64Array = NDArray[np.float64]
FMR_POINTS = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
CONFIDENCE_Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True, eq=False)
class ErrorCurve:
    """FMR and FNMR at every threshold that matters, float64 (n,), thresholds descending from +inf.

    fmr rises from 0, fnmr falls from 1. Thresholds are the distinct finite similarities, largest first.
    """

    thresholds: Float64Array
    fmr: Float64Array
    fnmr: Float64Array


def error_curve(
    mated: ArrayLike,
    non_mated: ArrayLike,
    *,
    mated_weights: ArrayLike | None = None,
    non_mated_weights: ArrayLike | None = None,
) -> ErrorCurve:
    """Curve of similarities (n,) and (m,); weights, >= 0, count a comparison several times (bootstrap).

    Raises ValueError when either side is empty or contains NaN.
    """
    mated_values, mated_mass = _weighed(mated, mated_weights)
    other_values, other_mass = _weighed(non_mated, non_mated_weights)
    finite = np.concatenate([mated_values[np.isfinite(mated_values)], other_values[np.isfinite(other_values)]])
    thresholds = np.concatenate([[np.inf], np.unique(finite)[::-1]])
    return ErrorCurve(
        thresholds,
        share_at_or_above(other_values, thresholds, weights=other_mass),
        share_below(mated_values, thresholds, weights=mated_mass),
    )


def equal_error_rate(curve: ErrorCurve) -> float:
    """Where FMR equals FNMR, by linear interpolation between the two thresholds on either side."""
    difference = curve.fnmr - curve.fmr
    crossed = np.flatnonzero(difference <= 0)
    if not len(crossed):
        # Failures to enroll keep the curves apart at every threshold: the midpoint of their nearest approach.
        return float((curve.fnmr[-1] + curve.fmr[-1]) / 2)
    after = int(crossed[0])
    if difference[after] == 0:
        return float(curve.fnmr[after])
    before = after - 1  # exists: difference is 1 at threshold +inf
    share = difference[before] / (difference[before] - difference[after])
    return float(curve.fnmr[before] + share * (curve.fnmr[after] - curve.fnmr[before]))


def fnmr_at_fmr(curve: ErrorCurve, fmr: float) -> float:
    """FNMR at the lowest threshold whose FMR is at most fmr. No interpolation: 1e-4 of 2,880 pairs allows none."""
    allowed = np.flatnonzero(curve.fmr <= fmr * (1 + 1e-12))
    return float(curve.fnmr[allowed[-1]])


def threshold_at_fmr(curve: ErrorCurve, fmr: float) -> float:
    """The lowest similarity whose FMR is at most fmr; +inf if no comparison may match."""
    return float(curve.thresholds[np.flatnonzero(curve.fmr <= fmr * (1 + 1e-12))[-1]])


def wilson_interval(count: float, total: float) -> tuple[float, float]:
    """95 % interval of a proportion (E. B. Wilson, 1927); (0, 1) when total is 0."""
    if total <= 0:
        return 0.0, 1.0
    rate = count / total
    z2 = CONFIDENCE_Z**2
    center = (rate + z2 / (2 * total)) / (1 + z2 / total)
    half = CONFIDENCE_Z / (1 + z2 / total) * np.sqrt(rate * (1 - rate) / total + z2 / (4 * total**2))
    return float(max(0.0, center - half)), float(min(1.0, center + half))


def cumulative_match(ranks: ArrayLike, points: Sequence[int]) -> dict[str, float]:
    """Share of probes whose mate is at or above each rank. ranks: from 1, +inf or 0 where the mate was not found."""
    values = np.asarray(ranks, np.float64)
    if not values.size:
        raise ValueError("no probes")
    found = np.isfinite(values) & (values >= 1)
    return {str(point): float(np.mean(found & (values <= point))) for point in points}


def fnir_at_fpir(mated_best: ArrayLike, non_mated_best: ArrayLike, fpir: float) -> float:
    """Share of searches that miss the mate at the threshold where at most fpir of searches name a stranger.

    mated_best (n,): similarity of each probe to its mate, -inf where the mate was not among the candidates.
    non_mated_best (m,): best similarity of each search in a gallery without its mate.
    """
    return fnmr_at_fmr(error_curve(mated_best, non_mated_best), fpir)


def _weighed(values: ArrayLike, weights: ArrayLike | None) -> tuple[Float64Array, Float64Array]:
    array = np.asarray(values, np.float64).ravel()
    mass = np.ones(array.size) if weights is None else np.asarray(weights, np.float64).ravel()
    if not array.size or mass.sum() <= 0:
        raise ValueError("error rates need at least one mated and one non-mated comparison")
    if np.isnan(array).any():
        raise ValueError("similarities contain NaN")
    if mass.shape != array.shape or (mass < 0).any():
        raise ValueError("weights must be one value >= 0 a comparison")
    return array, mass


def share_at_or_above(values: Float64Array, thresholds: Float64Array, *, weights: Float64Array) -> Float64Array:
    """Weighted share of values (n,) that reach each threshold (t,): float64 (t,)."""
    below, total = _mass_below(values, thresholds, weights)
    return np.asarray((total - below) / total, np.float64)


def share_below(values: Float64Array, thresholds: Float64Array, *, weights: Float64Array) -> Float64Array:
    """Weighted share of values (n,) under each threshold (t,): float64 (t,)."""
    below, total = _mass_below(values, thresholds, weights)
    return np.asarray(below / total, np.float64)


def _mass_below(values: Float64Array, thresholds: Float64Array, weights: Float64Array) -> tuple[Float64Array, float]:
    order = np.argsort(values, kind="stable")
    cumulative = np.concatenate([[0.0], np.cumsum(weights[order])])
    return cumulative[np.searchsorted(values[order], thresholds, side="left")], float(cumulative[-1])
