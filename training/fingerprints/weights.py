"""Weights of the fused similarity by logistic regression, and error rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.fingerprint.comparison.evidence import COVERAGE, LIKENESS, SUPPORT
from matcher.fingerprint.comparison.similarity import SUPPORT_OFFSET

PENALTY = 1e-3
STEP_COUNT = 50

Values = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """Of log(support + offset), coverage, likeness; and the constant. Log odds at equal numbers of both kinds."""

    support: float
    coverage: float
    likeness: float
    bias: float

    def log_odds(self, found: Values) -> Values:
        return _terms(found) @ np.array([self.support, self.coverage, self.likeness]) + self.bias


def fit(found: Values, is_mated: Labels) -> Weights:
    """Newton's method; mated and non-mated pairs weigh the same in sum. found (n, EVIDENCE_COUNT)."""
    terms = _terms(found)
    center, spread = terms.mean(axis=0), terms.std(axis=0)
    rows = np.column_stack(((terms - center) / spread, np.ones(len(terms))))
    share = np.where(is_mated, 0.5 / is_mated.sum(), 0.5 / (~is_mated).sum())
    penalty = PENALTY * np.diag([1.0, 1.0, 1.0, 0.0])
    solution = np.zeros(4)
    for _ in range(STEP_COUNT):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ solution, -30.0, 30.0)))
        slope = rows.T @ (share * (chance - is_mated)) + penalty @ solution
        curve = (rows * (share * chance * (1.0 - chance))[:, None]).T @ rows + penalty + 1e-9 * np.eye(4)
        solution -= np.linalg.solve(curve, slope)
    weights = solution[:3] / spread
    return Weights(*(float(weight) for weight in weights), bias=float(solution[3] - weights @ center))


def error_rates(mated: Values, non_mated: Values) -> tuple[float, float]:
    """Equal error rate and FNMR at FMR 1e-3, in percent."""
    thresholds = np.unique(np.concatenate((mated, non_mated)))
    fnmr = np.searchsorted(np.sort(mated), thresholds, side="left") / len(mated)
    fmr = 1.0 - np.searchsorted(np.sort(non_mated), thresholds, side="left") / len(non_mated)
    crossing = int(np.argmax(fnmr >= fmr))
    around = [(fnmr[place] + fmr[place]) / 2 for place in (crossing - 1, crossing) if place >= 0]
    allowed = fmr <= 1e-3
    return 100.0 * float(min(around)), 100.0 * float(fnmr[allowed][0]) if allowed.any() else 100.0


def _terms(found: Values) -> Values:
    return np.column_stack((np.log(found[:, SUPPORT] + SUPPORT_OFFSET), found[:, COVERAGE], found[:, LIKENESS]))
