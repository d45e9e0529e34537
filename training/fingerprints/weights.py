"""Weights of the fused similarity by logistic regression, and error rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.fingerprint.comparison.similarity import NOTHING

PENALTY = 1e-4
STEP_COUNT = 30
HARD_SHARE = 0.1
"""Of the strangers that a first fit finds most like mates: the fit that counts is to them, and to the mates above the
lowest of them, since no threshold lies elsewhere."""
TOTAL, TOTAL_WEIGHT = 3, 1.0
"""Likeness in sum beyond what strangers show: no stranger tells its weight, so it is set. It takes mates farther."""

Values = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """Of similarity.terms, one each, and the constant. Log odds at equal numbers of both kinds."""

    values: tuple[float, ...]
    bias: float

    def log_odds(self, terms: Values) -> Values:
        return np.where(_is_found(terms), terms @ np.array(self.values) + self.bias, NOTHING)


def fit(terms: Values, is_mated: Labels) -> Weights:
    """Newton's method, twice (HARD_SHARE); mated and non-mated pairs weigh the same in sum. terms: of similarity.terms,
    (n, k)."""
    usable = _is_found(terms)
    first = _fitted(terms[usable], is_mated[usable]).log_odds(terms)
    lowest = np.quantile(first[usable & ~is_mated], 1.0 - HARD_SHARE)
    hard = usable & (first >= lowest)
    return _fitted(terms[hard], is_mated[hard])


def error_rates(mated: Values, non_mated: Values) -> tuple[float, float]:
    """Equal error rate and FNMR at FMR 1e-3, in percent."""
    thresholds = np.unique(np.concatenate((mated, non_mated)))
    fnmr = np.searchsorted(np.sort(mated), thresholds, side="left") / len(mated)
    fmr = 1.0 - np.searchsorted(np.sort(non_mated), thresholds, side="left") / len(non_mated)
    crossing = int(np.argmax(fnmr >= fmr))
    around = [(fnmr[place] + fmr[place]) / 2 for place in (crossing - 1, crossing) if place >= 0]
    allowed = fmr <= 1e-3
    return 100.0 * float(min(around)), 100.0 * float(fnmr[allowed][0]) if allowed.any() else 100.0


def _is_found(terms: Values) -> Labels:
    """Where anything coincides: likeness, the third term, is above 0."""
    return np.asarray(terms[:, 2] > 0.0)


def _fitted(terms: Values, is_mated: Labels) -> Weights:
    told = np.delete(terms, TOTAL, axis=1)
    center, spread = told.mean(axis=0), told.std(axis=0) + 1e-9
    rows = np.column_stack(((told - center) / spread, np.ones(len(told))))
    share = np.where(is_mated, 0.5 / is_mated.sum(), 0.5 / (~is_mated).sum())
    penalty = PENALTY * np.diag([1.0] * told.shape[1] + [0.0])
    solution = np.zeros(rows.shape[1])
    for _ in range(STEP_COUNT):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ solution, -30.0, 30.0)))
        slope = rows.T @ (share * (chance - is_mated)) + penalty @ solution
        curve = (rows * (share * chance * (1.0 - chance))[:, None]).T @ rows + penalty + 1e-9 * np.eye(len(solution))
        solution -= np.linalg.solve(curve, slope)
    weights = solution[:-1] / spread
    every = np.insert(weights, TOTAL, TOTAL_WEIGHT)
    return Weights(tuple(float(weight) for weight in every), bias=float(solution[-1] - weights @ center))
