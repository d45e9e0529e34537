"""The descriptor basis: a linear discriminant of cylinders, the same minutia in two prints against all minutiae.

Which minutiae are the same is found by the comparison itself, first with principal components, then with the basis it
gave, until it settles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from index.records import FingerPosition, Modality, Template
from matcher.fingerprint.comparison.cylinders import cylinders
from matcher.fingerprint.comparison.descriptors import DIM, codes_of, described_count
from matcher.fingerprint.comparison.evidence import EVIDENCE_COUNT, evidence
from matcher.fingerprint.comparison.local_similarity import NUMBERS
from matcher.fingerprint.comparison.prepared import PreparedFingerprint, prepare
from training.fingerprints.prints import PrintSet

ROUND_COUNT = 3
# Pairs of prints whose coinciding minutiae are believed: so many of them, and so much support.
LEAST_COUNT, LEAST_SUPPORT = 6, 0.035
RIDGE = 0.1
"""Share of the mean within-class variance that is added to every direction."""
GENERATED_SHARE = 0.3

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Basis:
    mean: NDArray[np.float32]
    projection: NDArray[np.float32]


@dataclass(frozen=True)
class Scatter:
    """mean (d,) and total (d, d) of all cylinders; within (d, d) of the same minutia; pair_count behind it."""

    mean: NDArray[np.float64]
    total: Matrix
    within: Matrix
    cylinder_count: int
    pair_count: int


def all_cylinders(prints: PrintSet) -> list[NDArray[np.float32]]:
    return [cylinders(minutiae, described_count(minutiae)) for minutiae in prints.minutiae]


def prepared_with(prints: PrintSet, made: Sequence[NDArray[np.float32]], basis: Basis) -> list[PreparedFingerprint]:
    """What prepare gives when descriptors.py has this basis."""
    prepared = []
    for minutiae, rows in zip(prints.minutiae, made, strict=True):
        codes = codes_of((rows - basis.mean) @ basis.projection).astype(np.float32)
        vectors = codes / np.sqrt(np.sum(codes * codes, axis=1, keepdims=True))
        template = Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, "fit@0", vectors, minutiae.to_bytes())
        prepared.append(prepare(template))
    return prepared


def compared(first: PreparedFingerprint, second: PreparedFingerprint) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Evidence and coinciding pairs, numbers of first in column 0."""
    a, b = (first, second) if first.order_key <= second.order_key else (second, first)
    found = np.zeros(EVIDENCE_COUNT, dtype=np.float32)
    pairs = evidence(a.codes, b.codes, a.geometry, b.geometry, a.outline, b.outline, NUMBERS, found)
    return found, pairs if a is first else pairs[:, ::-1]


def scatter_of(prints: PrintSet, made: Sequence[NDArray[np.float32]], basis: Basis) -> Scatter:
    """What the discriminant needs of one set, the same minutiae found with this basis."""
    prepared = prepared_with(prints, made, basis)
    differences = []
    for first, second in prints.mated_pairs():
        found, pairs = compared(prepared[first], prepared[second])
        if len(pairs) >= LEAST_COUNT and found[0] > LEAST_SUPPORT:
            differences.append(made[first][pairs[:, 0]] - made[second][pairs[:, 1]])
    apart = np.concatenate(differences).astype(np.float64)
    rows = np.concatenate(made).astype(np.float64)
    return Scatter(rows.mean(axis=0), np.cov(rows.T), apart.T @ apart / (2 * len(apart)), len(rows), len(apart))


def discriminant(real: Sequence[Scatter], generated: Scatter | None) -> Basis:
    """The DIM directions with the largest ratio of total to within-class variance."""
    sources = list(real)
    mean, total, within = _pooled(sources) if sources else (0.0, 0.0, 0.0)
    if generated is not None:
        share = GENERATED_SHARE if sources else 1.0
        mean = (1 - share) * mean + share * generated.mean
        total = (1 - share) * total + share * generated.total
        within = (1 - share) * within + share * generated.within
    within = np.asarray(within)
    count = len(within)
    regular = within + RIDGE * np.trace(within) / count * np.eye(count)
    _, vectors = scipy.linalg.eigh(np.asarray(total), regular, subset_by_index=[count - DIM, count - 1])
    projection = vectors[:, ::-1] / np.abs(vectors).max()
    # Rounded as the file keeps it, so that what is measured is what is shipped.
    return Basis(np.asarray(mean, dtype=np.float32), projection.astype(np.float16).astype(np.float32))


def fitted_scatters(sets: Sequence[PrintSet]) -> tuple[dict[str, list[NDArray[np.float32]]], dict[str, Scatter]]:
    """Cylinders and scatter of every set, each set's own minutiae found without the others."""
    made = {prints.name: all_cylinders(prints) for prints in sets}
    return made, {prints.name: _settled(prints, made[prints.name]) for prints in sets}


def save(basis: Basis, path: object) -> None:
    np.savez_compressed(path, mean=basis.mean, projection=basis.projection.astype(np.float16))  # type: ignore[arg-type]


def _settled(prints: PrintSet, made: Sequence[NDArray[np.float32]]) -> Scatter:
    rows = np.concatenate(made)
    _, vectors = np.linalg.eigh(np.cov(rows.T))
    basis = Basis(rows.mean(axis=0), vectors[:, ::-1][:, :DIM].astype(np.float32))
    for _ in range(ROUND_COUNT):
        scatter = scatter_of(prints, made, basis)
        basis = discriminant([scatter], None)
    return scatter


def _pooled(sources: Sequence[Scatter]) -> tuple[Matrix, Matrix, Matrix]:
    rows = np.array([scatter.cylinder_count for scatter in sources], dtype=np.float64)
    pairs = np.array([scatter.pair_count for scatter in sources], dtype=np.float64)
    rows, pairs = rows / rows.sum(), pairs / pairs.sum()
    mean = sum(share * scatter.mean for share, scatter in zip(rows, sources, strict=True))
    total = sum(
        share * (scatter.total + np.outer(scatter.mean - mean, scatter.mean - mean))
        for share, scatter in zip(rows, sources, strict=True)
    )
    within = sum(share * scatter.within for share, scatter in zip(pairs, sources, strict=True))
    return np.asarray(mean), np.asarray(total), np.asarray(within)


def names(sets: Mapping[str, Scatter], *, without: str = "") -> list[Scatter]:
    return [scatter for name, scatter in sets.items() if name != without]
