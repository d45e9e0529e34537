"""Several face references of one subject to one similarity, worth what that of a single comparison is worth.

A probe meets each reference of the subject and their fused template (the mean of their vectors, made unit length); the
best of these comparisons counts. The more there are, the better a stranger's best becomes, so the similarity is
lowered until its score is less by 10*log10 of their number: the false match rate of the best of n comparisons is at
most n times that of one (Bonferroni). A subject's score then means the same however many photographs are enrolled;
docs/faces.md says how far measurement agrees.

The same photograph enrolled again is no further comparison: of vectors that are one (`distinct_rows`) the first counts.

References that show two people, enrolled by mistake, hide neither: what the mate's own reference reaches is lowered as
any, never averaged away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from matcher.scoring.calibration import Calibration

Float64Array = npt.NDArray[np.float64]

# References whose mean vector is shorter do not agree, and are not fused: on lfw_dev 1 to 3 % of the people. Error
# rates are the same from 0 to here and grow above; the higher, the fewer references a search fetches (highest_unseen).
AGREEMENT_FLOOR = 0.75
# Cosine from which two vectors are of one photograph. The same bytes give the same vector but for what another
# processor rounds otherwise (1e-6); whatever else is so near gives a stranger no further chance.
SAME_PHOTOGRAPH = 0.9999
# Above, only equal vectors are looked for: comparing each with each would take too much memory.
_MOST_COMPARED = 512


def fused_similarities(
    best: Float32Array,
    mean: Float32Array | Float64Array,
    mean_length: Float64Array,
    reference_count: Int64Array,
    calibration: Calibration,
    *,
    mean_lowering: Float64Array | float = 0.0,
) -> Float64Array:
    """Similarity of a probe to each subject, float64, of the shape that the arguments broadcast to.

    best, mean: over the similarities of the probe to the subject's references. mean_length: of the mean of their unit
    vectors, 0 to 1. mean_lowering: what comes off the similarity with the fused template (SharedCondition); best is
    lowered already. A subject with one reference has its similarity unchanged.
    """
    agree = mean_length >= AGREEMENT_FLOOR
    with_mean = np.clip(mean / np.where(agree, mean_length, 1.0), -1.0, 1.0) - mean_lowering
    highest = np.where(agree, np.maximum(best, with_mean), best)
    comparison_count = np.where(reference_count > 1, reference_count + 1, 1)
    lowered = lowered_similarities(highest, comparison_count, calibration)
    return np.where(reference_count > 1, lowered, np.asarray(best, np.float64))


def distinct_rows(vectors: Float32Array | Float64Array) -> list[int]:
    """Rows of one subject that are no repetition of an earlier one, ascending. vectors: (n, dim), unit length."""
    seen: dict[bytes, int] = {}
    for row, vector in enumerate(vectors):
        seen.setdefault(vector.tobytes(), row)
    rows = list(seen.values())
    if not 1 < len(rows) <= _MOST_COMPARED:
        return rows
    alike = vectors[rows] @ vectors[rows].T >= SAME_PHOTOGRAPH
    kept: list[int] = []
    for place in range(len(rows)):
        if not alike[place, kept].any():
            kept.append(place)
    return [rows[place] for place in kept]


def highest_unseen(similarity: float, calibration: Calibration) -> float:
    """What no subject exceeds whose references all have at most this similarity.

    The mean of similarities is at most their best, dividing it by a length of at least AGREEMENT_FLOOR adds no more
    than that share, and no fewer than three comparisons lower it. A subject with one reference keeps its similarity.
    """
    fused = min(similarity / AGREEMENT_FLOOR, 1.0) if similarity > 0 else similarity
    return max(similarity, float(lowered_similarities(np.float64(fused), np.int64(3), calibration)))


def lowered_similarities(
    similarity: npt.ArrayLike, comparison_count: npt.ArrayLike, calibration: Calibration
) -> Float64Array:
    """The similarities whose scores are less by 10*log10 of the number of comparisons; rises with the similarity.

    Scores go on beyond both ends here (Calibration.scores_of), so that what is held at an end keeps its order.
    """
    return calibration.similarities_of(calibration.scores_of(similarity) - 10.0 * np.log10(comparison_count))
