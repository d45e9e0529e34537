"""Evidence to similarity: the same similarity is as rare among strangers whatever the prints had to show.

Two prints of five minutiae resemble each other by chance far more often than two whole ones, so the log odds of the
evidence are measured against what strangers reach who show as many minutiae: the smaller number of the two prints. How
high strangers come was fitted to non-mated pairs within and across sets, of whole and of rolled prints, of pieces and
of neighboring minutiae, and laid above the least favorable set (training/fingerprints/strangers.py).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.comparison.evidence import COVERAGE, LIKENESS, SUPPORT, TOTAL

Float64Array = npt.NDArray[np.float64]

# Logistic regression of mated against non-mated pairs (training/fingerprints).
SUPPORT_WEIGHT: Final = 4.35
SUPPORT_OFFSET: Final = 0.005
COVERAGE_WEIGHT: Final = 6.68
LIKENESS_WEIGHT: Final = 13.03
BIAS: Final = 5.85
# Likeness in sum that strangers hardly ever reach, rising with the number of minutiae; what lies beyond adds to the log
# odds. It changes no order near the thresholds, and takes mates farther from them.
TOTAL_OFFSET: Final = 4.5
TOTAL_SHARE: Final = 0.12

STRANGERS: Final = np.array(
    [
        # minutiae, log odds that one stranger in a hundred reaches, log odds to ten times fewer
        (3, 6.20, 6.50),
        (4, 4.90, 4.50),
        (5, 4.30, 3.60),
        (6, 3.80, 3.20),
        (7, 3.20, 2.95),
        (8, 2.90, 2.80),
        (10, 2.70, 2.65),
        (12, 2.20, 2.45),
        (14, 1.40, 2.35),
        (17, 0.60, 2.20),
        (20, 0.05, 2.10),
        (25, -0.30, 1.90),
        (32, -0.38, 1.75),
        (40, -0.40, 1.65),
        (50, -0.35, 1.60),
        (64, -0.10, 1.55),
        (90, 0.00, 1.55),
        (160, 0.30, 1.55),
    ]
)
"""float64 (k, 3), between the rows linear in the logarithm of the number. Larger prints of alike strangers reach more
than smaller ones again: from 50 minutiae on the middle column rises."""

LOWEST, HIGHEST, SOFT_FROM = -100.0, 300.0, 160.0
"""Scores at similarity 0 and 1; from SOFT_FROM on similarity rises ever more slowly, so that mates still differ."""


def similarity_of_evidence(found: Float32Array, minutia_counts: npt.ArrayLike) -> Float32Array:
    """float32 (n,) in [0, 1] from evidence float32 (n, EVIDENCE_COUNT); 0 where nothing was found.

    minutia_counts: (n,), of each pair the smaller number of described minutiae. Linear in the score that strangers give
    it, see score_at and similarity_at.
    """
    wide = found.astype(np.float64)
    counts = np.asarray(minutia_counts, np.float64)
    similarity = similarity_at(stranger_score(log_odds(wide, counts), counts))
    return np.where(wide[:, SUPPORT] > 0.0, similarity, 0.0).astype(np.float32)


def log_odds(found: Float64Array, minutia_counts: Float64Array) -> Float64Array:
    """float64 (n,): the evidence, float64 (n, EVIDENCE_COUNT), in one number, whatever there was to compare."""
    return np.asarray(
        SUPPORT_WEIGHT * np.log(found[:, SUPPORT] + SUPPORT_OFFSET)
        + COVERAGE_WEIGHT * found[:, COVERAGE]
        + LIKENESS_WEIGHT * found[:, LIKENESS]
        + BIAS
        + np.maximum(found[:, TOTAL] - (TOTAL_OFFSET + TOTAL_SHARE * minutia_counts), 0.0)
    )


def stranger_score(odds: Float64Array, minutia_counts: Float64Array) -> Float64Array:
    """-10*log10 of the share of strangers who reach these log odds, float64 (n,), without bounds."""
    place = np.log(np.clip(minutia_counts, STRANGERS[0, 0], STRANGERS[-1, 0]))
    known = np.log(STRANGERS[:, 0])
    return np.asarray(
        20.0 + 10.0 * (odds - np.interp(place, known, STRANGERS[:, 1])) / np.interp(place, known, STRANGERS[:, 2])
    )


def similarity_at(score: npt.ArrayLike) -> Float64Array:
    """The similarity of a stranger_score: linear from LOWEST to SOFT_FROM."""
    given = np.maximum(np.asarray(score, np.float64), LOWEST)
    span = HIGHEST - SOFT_FROM
    soft = SOFT_FROM - span * np.expm1(-np.maximum(given - SOFT_FROM, 0.0) / span)
    return (np.where(given > SOFT_FROM, soft, given) - LOWEST) / (HIGHEST - LOWEST)
