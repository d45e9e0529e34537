"""Figures of a set of unit vectors with subject labels: accuracy in 10 folds, EER, FNMR at an FMR, rank 1."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction with its counts and 95 % Wilson interval."""

    value: float
    count: int
    of: int
    low: float
    high: float


def rate(count: int, of: int) -> Rate:
    """Wilson (1927) score interval."""
    z = 1.959964
    p = count / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return Rate(p, count, of, max(0.0, middle - half), min(1.0, middle + half))


def mated_scores(vectors: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """Similarities of all mated pairs."""
    scores = []
    for subject in np.unique(subjects):
        own = vectors[subjects == subject]
        upper = np.triu_indices(len(own), 1)
        scores.append((own @ own.T)[upper])
    return np.concatenate(scores)


def all_non_mated_scores(vectors: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """Similarities of all non-mated pairs, sorted downwards."""
    codes = np.unique(subjects, return_inverse=True)[1]
    similarity = vectors @ vectors.T
    keep = np.triu(codes[:, None] != codes[None, :], 1)
    return -np.sort(-similarity[keep])


def fold_accuracy(mated: np.ndarray, non_mated: np.ndarray, rng: np.random.Generator, folds: int = 10) -> Rate:
    """Accuracy with the threshold of nine folds applied to the tenth."""
    scores = np.concatenate([mated, non_mated])
    labels = np.concatenate([np.ones(len(mated), bool), np.zeros(len(non_mated), bool)])
    fold = rng.integers(0, folds, len(scores))
    right = 0
    for number in range(folds):
        order = np.argsort(scores[fold != number])
        learn = labels[fold != number][order]
        correct = np.concatenate([[learn.sum()], learn.sum() + np.cumsum(np.where(learn, -1, 1))])
        at = int(np.argmax(correct))
        values = scores[fold != number][order]
        threshold = values[min(at, len(values) - 1)]
        right += int(((scores[fold == number] >= threshold) == labels[fold == number]).sum())
    return rate(right, len(scores))


def rank_one(vectors: np.ndarray, subjects: np.ndarray) -> Rate:
    """First image of each subject (all subjects) as reference; further images of each as probes."""
    first = np.unique(subjects, return_index=True)[1]
    probes = np.setdiff1d(np.arange(len(subjects)), first)
    best = (vectors[probes] @ vectors[first].T).argmax(1)
    right = int((subjects[first][best] == subjects[probes]).sum())
    return rate(right, len(probes))


def figures(vectors: np.ndarray, subjects: np.ndarray, *, seed: int = 0) -> dict[str, object]:
    """All figures. FNMR is at the threshold that FMR 1e-3 of ALL non-mated pairs gives."""
    rng = np.random.default_rng(seed)
    mated = mated_scores(vectors, subjects)
    non_mated = all_non_mated_scores(vectors, subjects)
    sampled = rng.choice(non_mated, len(mated), replace=False)
    thresholds = {fmr: float(non_mated[int(fmr * len(non_mated))]) for fmr in (1e-2, 1e-3, 1e-4)}
    result: dict[str, object] = {
        "subjects": len(np.unique(subjects)),
        "images": len(subjects),
        "mated": len(mated),
        "non_mated": len(non_mated),
        "accuracy_10_fold": asdict(fold_accuracy(mated, sampled, rng)),
        "rank_1": asdict(rank_one(vectors, subjects)),
    }
    for fmr, threshold in thresholds.items():
        result[f"fnmr_at_fmr_{fmr:.0e}"] = {
            "threshold": threshold,
            **asdict(rate(int((mated < threshold).sum()), len(mated))),
        }
    return result
