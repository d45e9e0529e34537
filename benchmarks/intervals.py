"""95 % intervals of error rates; comparisons of one finger or person are not independent, so whole ones are drawn."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import (
    FMR_POINTS,
    ErrorCurve,
    equal_error_rate,
    error_curve,
    fnmr_at_fmr,
    share_at_or_above,
    share_below,
    threshold_at_fmr,
    wilson_interval,
)
from benchmarks.scores import ScoreTable

ROUNDS = 400
# Above this many non-mated pairs a round would cost seconds and FMR hardly moves: it is then held fixed, and read at
# this many thresholds.
FULL_ROUND_LIMIT = 60_000
GRID_POINTS = 4_000

Interval = tuple[float, float]


def rates(curve: ErrorCurve) -> dict[str, float]:
    """ "eer" and FNMR at each of FMR_POINTS, by name."""
    return {"eer": equal_error_rate(curve)} | {name: fnmr_at_fmr(curve, fmr) for name, fmr in FMR_POINTS.items()}


def error_rate_intervals(table: ScoreTable, *, seed: int = 0) -> dict[str, Interval]:
    """95 % interval of each of rates(): bootstrap over fingers or persons, never narrower than Wilson's.

    The bootstrap (percentiles 2.5 and 97.5) draws whole fingers or persons with replacement. It is blind where no
    error was seen at all, so each interval is widened to Wilson's for the same number of mated comparisons.
    """
    rng = np.random.default_rng(seed)
    grid = _grid(table) if len(table.non_mated) > FULL_ROUND_LIMIT else None
    rounds = [found for _ in range(ROUNDS) if (found := _one_round(table, rng, grid)) is not None]
    return {
        name: _widened([found[name] for found in rounds], rate, len(table.mated))
        for name, rate in rates(error_curve(table.mated, table.non_mated)).items()
    }


def mean_intervals(tables: Mapping[str, ScoreTable], *, seed: int = 0) -> dict[str, Interval]:
    """95 % interval of the mean over data sets of each of rates(), drawing within every set; bootstrap alone."""
    rng = np.random.default_rng(seed)
    rounds = []
    grids = {name: _grid(t) if len(t.non_mated) > FULL_ROUND_LIMIT else None for name, t in tables.items()}
    for _ in range(ROUNDS):
        found = [_one_round(table, rng, grids[name]) for name, table in tables.items()]
        present = [one for one in found if one is not None]
        if present:
            rounds.append({name: float(np.mean([one[name] for one in present])) for name in present[0]})
    return {
        name: (
            float(np.percentile([one[name] for one in rounds], 2.5)),
            float(np.percentile([one[name] for one in rounds], 97.5)),
        )
        for name in rounds[0]
    }


def _one_round(table: ScoreTable, rng: np.random.Generator, grid: ErrorCurve | None) -> dict[str, float] | None:
    drawn = np.bincount(rng.integers(0, table.identity_count, table.identity_count), minlength=table.identity_count)
    mated_weights = drawn[table.mated_identity].astype(np.float64)
    if mated_weights.sum() <= 0:
        return None
    if grid is not None:
        fnmr = share_below(table.mated, grid.thresholds, weights=mated_weights)
        return rates(ErrorCurve(grid.thresholds, grid.fmr, fnmr))
    pairs = table.non_mated_identities
    non_mated_weights = (drawn[pairs[:, 0]] * drawn[pairs[:, 1]]).astype(np.float64)
    if non_mated_weights.sum() <= 0:
        return None
    return rates(
        error_curve(table.mated, table.non_mated, mated_weights=mated_weights, non_mated_weights=non_mated_weights)
    )


def _grid(table: ScoreTable) -> ErrorCurve:
    """The whole set's FMR at a bounded number of thresholds, the exact ones of FMR_POINTS among them."""
    curve = error_curve(table.mated, table.non_mated)
    exact = [threshold_at_fmr(curve, fmr) for fmr in FMR_POINTS.values()]
    rows = np.unique(np.linspace(0, len(curve.thresholds) - 1, GRID_POINTS).astype(np.int64))
    thresholds: NDArray[np.float64] = np.unique(np.concatenate([curve.thresholds[rows], exact]))[::-1]
    fmr = share_at_or_above(table.non_mated, thresholds, weights=np.ones(len(table.non_mated)))
    return ErrorCurve(thresholds, fmr, np.zeros_like(fmr))


def _widened(found: list[float], rate: float, mated_count: int) -> Interval:
    low, high = wilson_interval(rate * mated_count, mated_count)
    if not found:
        return low, high
    return min(low, float(np.percentile(found, 2.5))), max(high, float(np.percentile(found, 97.5)))
