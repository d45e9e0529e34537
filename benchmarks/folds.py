"""Share of right decisions over folds, the figure in which results on LFW are published."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import wilson_interval


def fold_accuracy(
    mated: NDArray[np.float64], non_mated: NDArray[np.float64], *, folds: int = 10, seed: int = 0
) -> dict[str, object]:
    """The threshold that is best on nine folds decides the tenth, for all mated and as many drawn non-mated pairs.

    Similarities (n,) and (m,); -inf never matches. Pairs of one person fall into several folds, as they are many.
    Returns value, right, pairs and the 95 % interval as if pairs were independent, which flatters it.
    """
    rng = np.random.default_rng(seed)
    if len(non_mated) > len(mated):
        non_mated = rng.choice(non_mated, len(mated), replace=False)
    scores = np.concatenate([mated, non_mated])
    is_mated = np.concatenate([np.ones(len(mated), bool), np.zeros(len(non_mated), bool)])
    fold = rng.integers(0, folds, len(scores))
    right = 0
    for number in range(folds):
        learned = fold != number
        threshold = _best_threshold(scores[learned], is_mated[learned])
        right += int(((scores[~learned] >= threshold) == is_mated[~learned]).sum())
    return {
        "value": right / len(scores),
        "right": right,
        "pairs": len(scores),
        "interval": wilson_interval(right, len(scores)),
    }


def _best_threshold(scores: NDArray[np.float64], is_mated: NDArray[np.bool_]) -> float:
    order = np.argsort(scores)
    gained = np.cumsum(np.where(is_mated[order], -1, 1))
    # Right decisions with the threshold just above the n-th lowest score, beyond those with one below all.
    best = int(np.argmax(gained))
    if gained[best] <= 0:
        return float(scores[order[0]])
    if best + 1 == len(scores):
        return float("inf")
    below, above = float(scores[order[best]]), float(scores[order[best + 1]])
    return (below + above) / 2 if np.isfinite(below) else above
