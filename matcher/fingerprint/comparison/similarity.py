"""Evidence to similarity: the same similarity is as rare among strangers whatever the prints had to show.

Two prints of five minutiae resemble each other by chance far more often than two whole ones, so the log odds of the
evidence are measured against what strangers reach who show as many minutiae: the smaller number of the two prints. How
high strangers come was fitted to non-mated pairs within and across sets, of whole and of rolled prints, of pieces and
of neighboring minutiae, and laid above the least favorable set. Weights and rows are those that
training/fingerprints/strangers.py prints.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.comparison.evidence import APART, APART_STIFF, COVERAGE, LIKENESS, SUPPORT, TOTAL

Float64Array = npt.NDArray[np.float64]

# Likeness in sum that strangers hardly ever reach, rising with the number of minutiae; what lies beyond takes mates
# farther from the thresholds.
TOTAL_OFFSET: Final = 4.5
TOTAL_SHARE: Final = 0.12
SUPPORT_OFFSET, APART_OFFSET, STIFF_OFFSET = 0.005, 5.0, 10.0
STIFF_SHARE: Final = 0.7
"""Of the distance without stretching, in logarithms, that the distance with it is set against."""

# Logistic regression of mated against non-mated pairs (training/fingerprints/strangers.py), one for each of terms().
WEIGHTS: Final = np.array([1.72, 11.57, 9.39, 1.00, 1.69, -4.74])
BIAS: Final = -7.31
NOTHING: Final = -60.0
"""Log odds where no minutiae coincide."""

STRANGERS: Final = np.array(
    [
        # minutiae, log odds that one stranger in a hundred reaches, log odds to ten times fewer
        (4.00, 0.94, 2.12),
        (5.00, 0.36, 1.95),
        (6.00, 0.36, 1.83),
        (7.00, 0.30, 1.74),
        (8.00, 0.30, 1.67),
        (9.49, -0.66, 1.59),
        (11.49, -0.79, 1.51),
        (13.96, -0.99, 1.44),
        (17.44, -1.28, 1.37),
        (21.91, -2.05, 1.30),
        (27.84, -2.19, 1.24),
        (35.33, -2.51, 1.18),
        (44.27, -2.51, 1.13),
        (56.12, -2.51, 1.08),
        (75.47, -2.51, 1.04),
        (120.00, -2.51, 1.04),
    ]
)
"""float64 (k, 3), between the rows linear in the logarithm of the number: those of the recipe, for all sets."""

LOWEST, HIGHEST, SOFT_FROM = -100.0, 300.0, 160.0
"""Scores at similarity 0 and 1; from SOFT_FROM on similarity rises ever more slowly, so that mates still differ."""


def similarity_of_evidence(found: Float32Array, minutia_counts: npt.ArrayLike) -> Float32Array:
    """float32 (n,) in [0, 1] from evidence float32 (n, EVIDENCE_COUNT); 0 where nothing was found.

    minutia_counts: (n,), of each pair the smaller number of described minutiae. Linear in the score that strangers give
    it, see stranger_score and similarity_at.
    """
    wide = found.astype(np.float64)
    counts = np.asarray(minutia_counts, np.float64)
    similarity = similarity_at(stranger_score(log_odds(wide, counts), counts))
    return np.where(wide[:, SUPPORT] > 0.0, similarity, 0.0).astype(np.float32)


def log_odds(found: Float64Array, minutia_counts: Float64Array) -> Float64Array:
    """float64 (n,): the evidence, float64 (n, EVIDENCE_COUNT), in one number, whatever there was to compare."""
    return np.where(found[:, TOTAL] > 0.0, terms(found, minutia_counts) @ WEIGHTS + BIAS, NOTHING)


def terms(found: Float64Array, minutia_counts: Float64Array) -> Float64Array:
    """float64 (n, 6), what the log odds are linear in: support, coverage, likeness, likeness in sum beyond what
    strangers show, how many minutiae coincide, and how far apart they lie.

    Minutiae of one finger lie apart because skin is stretched, which is smooth: what a smooth displacement does not
    explain speaks against it, and what it does explain does not. How far they are turned is no evidence: skin that is
    pressed out of shape turns them too, and strangers coincide only where they are turned alike. With it one mate more
    of 1,680 is missed at FMR 1e-3 with one set left out.
    """
    pair_count = found[:, TOTAL] / np.maximum(found[:, LIKENESS], 1e-6) - 1.0
    return np.column_stack(
        (
            np.log(found[:, SUPPORT] + SUPPORT_OFFSET),
            found[:, COVERAGE],
            found[:, LIKENESS],
            np.maximum(found[:, TOTAL] - (TOTAL_OFFSET + TOTAL_SHARE * minutia_counts), 0.0),
            np.log(np.maximum(pair_count, 1.0)),
            np.log(found[:, APART] + APART_OFFSET) - STIFF_SHARE * np.log(found[:, APART_STIFF] + STIFF_OFFSET),
        )
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
