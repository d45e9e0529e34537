"""Measure a face pack's scores on strangers: every non-mated comparison of a set of labeled templates.

Tens of millions of comparisons fit into matrix products and one histogram. The same person under two names is common
in real collections and would make the rarest scores look common, so pairs of people any of whose photographs agree
better than all but one mated comparison in twenty are left out and named to whoever runs this. What is missed of them
makes scores lower, never higher.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array

# Where fewer comparisons than these are left above a similarity, the false match rate is not known well enough.
TAIL_COUNT = 30
FEWEST_COMPARISONS = 10 * TAIL_COUNT
SCORE_STEP = 2.0
BIN_COUNT = 40_000
BLOCK_ROWS = 512
# A person photographed often must not outweigh the others.
PHOTOGRAPHS_PER_PERSON = 5
DOUBLES_QUANTILE = 0.95
# Fewer mated comparisons than these do not show where that quantile lies.
FEWEST_MATED = 100


@dataclass(frozen=True, slots=True, eq=False)
class NonMatedMeasurement:
    """histogram: int64 (BIN_COUNT,) of similarities from -1 to 1. person_count, photograph_count: compared.
    doubles: pairs of subject numbers left out because they look like one person."""

    histogram: Int64Array
    person_count: int
    photograph_count: int
    doubles: tuple[tuple[int, int], ...]

    @property
    def comparison_count(self) -> int:
        """Non-mated comparisons in the histogram."""
        return int(self.histogram.sum())


def measure_non_mated(
    vectors: Float32Array,
    subjects: Int64Array,
    *,
    photographs_per_person: int = PHOTOGRAPHS_PER_PERSON,
    doubles: Sequence[tuple[int, int]] | None = None,
) -> NonMatedMeasurement:
    """Compare every photograph with every one of other subjects.

    vectors: float32 (n, dim), unit rows; subjects: int64 (n,). doubles: pairs of subjects known to be one person;
    None looks for them where there are mated comparisons enough.
    """
    kept = _first_of_each(subjects, photographs_per_person)
    vectors, subjects = vectors[kept], subjects[kept]
    left_out = find_doubles(vectors, subjects) if doubles is None else tuple(doubles)
    histogram = np.zeros(BIN_COUNT, np.int64)
    for rows, similarity in _upper_blocks(vectors):
        stranger = subjects[rows][:, None] != subjects[None, rows.start :]
        histogram += _binned(similarity[stranger & _is_above_diagonal(similarity)])
    for first, second in left_out:
        histogram -= _binned((vectors[subjects == first] @ vectors[subjects == second].T).ravel())
    return NonMatedMeasurement(histogram, len(np.unique(subjects)), len(subjects), left_out)


def find_doubles(vectors: Float32Array, subjects: Int64Array) -> tuple[tuple[int, int], ...]:
    """Pairs of subject numbers that look like one person; empty where there are too few mated comparisons to tell."""
    mated = _mated_similarities(vectors, subjects)
    if len(mated) < FEWEST_MATED:
        return ()
    limit = float(np.quantile(mated, DOUBLES_QUANTILE))
    found: set[tuple[int, int]] = set()
    for rows, similarity in _upper_blocks(vectors):
        for row, column in np.argwhere((similarity > limit) & _is_above_diagonal(similarity)).tolist():
            first, second = int(subjects[rows.start + row]), int(subjects[rows.start + column])
            if first != second:
                found.add((min(first, second), max(first, second)))
    return tuple(sorted(found))


def false_match_rates(measurement: NonMatedMeasurement) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Similarities (lower bin edges, rising) and the share of non-mated comparisons at or above each."""
    reached = np.cumsum(measurement.histogram[::-1])[::-1]
    edges = np.linspace(-1.0, 1.0, BIN_COUNT, endpoint=False, dtype=np.float64)
    return edges, reached / max(measurement.comparison_count, 1)


def calibration_rows(measurement: NonMatedMeasurement) -> list[tuple[float, float]]:
    """(similarity, score) for a manifest's [calibration], both strictly rising, from 0 to the end of the range.

    Raises ValueError where there are too few comparisons to say anything.
    """
    count = measurement.comparison_count
    if count <= FEWEST_COMPARISONS:
        raise ValueError(f"a calibration needs more than {FEWEST_COMPARISONS} non-mated comparisons, not {count}")
    edges, rates = false_match_rates(measurement)
    end = -10.0 * float(np.log10(TAIL_COUNT / count))
    rows = [(round(float(edges[np.flatnonzero(measurement.histogram)[0]]), 5), 0.0)]
    for score in [*np.arange(SCORE_STEP, end - SCORE_STEP / 2, SCORE_STEP).tolist(), end]:
        # The first edge that no more than the allowed share reaches: never a better score than was measured.
        at = int(np.flatnonzero(rates <= 10.0 ** (-score / 10.0) * (1 + 1e-9))[0])
        similarity = float(edges[at])
        if similarity > rows[-1][0]:
            rows.append((round(similarity, 5), round(score, 2)))
    return rows


def people_needed(score: float) -> int:
    """About how many people, one photograph each, a calibration takes whose range ends at that score."""
    return round(float(np.sqrt(2 * TAIL_COUNT * 10.0 ** (score / 10.0))))


def calibration_toml(measurement: NonMatedMeasurement, data_description: str) -> str:
    """The [calibration] table of a manifest or of a site. Raises ValueError as calibration_rows does."""
    rows = calibration_rows(measurement)
    table = ",\n".join(f"    [{similarity:g}, {score:g}]" for similarity, score in rows)
    escaped = data_description.replace("\\", "/").replace('"', "'")
    return (
        f"[calibration]\nnon_mated_count = {measurement.comparison_count}\nmeasured_score = {rows[-1][1]:g}\n"
        f'data_description = "{escaped}"\ntable = [\n{table},\n]\n'
    )


def group_rates(
    vectors: Float32Array,
    subjects: Int64Array,
    groups: Sequence[str],
    similarity: float,
    *,
    doubles: Sequence[tuple[int, int]] = (),
) -> dict[str, tuple[int, float]]:
    """Per group: non-mated comparisons between its people, and the share of them at or above similarity.

    groups: one name a row of vectors, "" where it is not known. doubles: pairs of subjects known to be one person.
    Strangers of one group resemble each other more than strangers at large, so these rates say what a threshold means
    where probes and gallery come from one group.
    """
    names = np.asarray(groups)
    rates: dict[str, tuple[int, float]] = {}
    for name in sorted(set(groups) - {""}):
        chosen = np.flatnonzero(names == name)
        measured = measure_non_mated(vectors[chosen], subjects[chosen], doubles=doubles)
        edges, shares = false_match_rates(measured)
        if measured.comparison_count:
            rates[name] = (measured.comparison_count, float(shares[np.searchsorted(edges, similarity)]))
    return rates


def _first_of_each(subjects: Int64Array, most: int) -> Int64Array:
    seen: dict[int, int] = {}
    kept = []
    for row, subject in enumerate(subjects.tolist()):
        seen[subject] = seen.get(subject, 0) + 1
        if seen[subject] <= most:
            kept.append(row)
    return np.array(kept, np.int64)


def _mated_similarities(vectors: Float32Array, subjects: Int64Array) -> Float32Array:
    found = []
    for subject in np.unique(subjects):
        own = vectors[subjects == subject]
        found.append((own @ own.T)[np.triu_indices(len(own), 1)])
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _upper_blocks(vectors: Float32Array) -> Iterator[tuple[slice, Float32Array]]:
    """Row blocks with the similarities to every row from the block's first on."""
    for start in range(0, len(vectors), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(vectors)))
        yield rows, vectors[rows] @ vectors[start:].T


def _is_above_diagonal(similarity: Float32Array) -> npt.NDArray[np.bool_]:
    """True where the column's photograph comes after the row's, so that each pair counts once."""
    return np.arange(similarity.shape[1])[None] > np.arange(similarity.shape[0])[:, None]


def _binned(similarity: Float32Array) -> Int64Array:
    at = np.clip(((similarity.astype(np.float64) + 1.0) * (BIN_COUNT / 2)).astype(np.int64), 0, BIN_COUNT - 1)
    return np.bincount(at, minlength=BIN_COUNT)
