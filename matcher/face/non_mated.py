"""Measure a face pack's scores on strangers who resemble each other: every non-mated comparison within a neighborhood.

Strangers drawn from everywhere are too kind: in a gallery of one country, sex or age they resemble each other far more.
So the scores are those of the least favorable neighborhood (matcher/scoring/least_favorable.py), found in the templates
themselves (neighborhoods.py), and of groups that somebody has written down.

The same person under two names is common in real collections and would make the rarest scores look common, so pairs of
people any of whose photographs agree better than all but one mated comparison in twenty are left out and named to
whoever runs this. What is missed of them makes scores lower, never higher.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from matcher.face.neighborhoods import neighborhoods
from matcher.strangers import StrangerGroup

BLOCK_ROWS: Final = 512
# A person photographed often must not outweigh the others.
PHOTOGRAPHS_PER_PERSON: Final = 5
DOUBLES_QUANTILE: Final = 0.95
# Fewer mated comparisons than these do not show where that quantile lies.
FEWEST_MATED: Final = 100
# A neighborhood of fewer people says more about them than about strangers.
FEWEST_PEOPLE: Final = 20
# Comparisons grow with the square; of larger neighborhoods people are drawn.
MOST_PHOTOGRAPHS: Final = 3000

Doubles = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class FaceStrangers:
    """neighborhoods, named: groups with their comparisons between strangers; they overlap. person_count,
    photograph_count: compared. doubles: pairs of subject numbers left out because they look like one person."""

    neighborhoods: tuple[StrangerGroup, ...]
    named: tuple[StrangerGroup, ...]
    person_count: int
    photograph_count: int
    doubles: tuple[tuple[int, int], ...]

    @property
    def groups(self) -> tuple[StrangerGroup, ...]:
        """All in which a score has to hold."""
        return self.neighborhoods + self.named

    @property
    def comparison_count(self) -> int:
        """Non-mated comparisons within neighborhoods."""
        return sum(len(group.similarities) for group in self.neighborhoods)


def compare_strangers(
    vectors: Float32Array,
    subjects: Int64Array,
    *,
    named: Sequence[str] = (),
    doubles: Doubles | None = None,
    photographs_per_person: int = PHOTOGRAPHS_PER_PERSON,
) -> FaceStrangers:
    """Compare every photograph with those of other subjects of its neighborhood, and of its named group.

    vectors: float32 (n, dim), unit rows; subjects: int64 (n,). named: a group a row, "" where it is not known; none at
    all where nobody wrote any down. doubles: pairs of subjects known to be one person; None looks for them where there
    are mated comparisons enough.
    """
    kept = _first_of_each(subjects, photographs_per_person)
    vectors, subjects = vectors[kept], subjects[kept]
    left_out = find_doubles(vectors, subjects) if doubles is None else tuple(doubles)
    found, written = [], []
    numbers = neighborhoods(vectors, subjects) if len(subjects) else subjects
    for number in range(int(numbers.max(initial=-1)) + 1):
        rows = np.flatnonzero(numbers == number)
        # The only neighborhood there is, is everybody, however few.
        if numbers.max() == 0 or len(np.unique(subjects[rows])) >= FEWEST_PEOPLE:
            found.append(_group(f"neighborhood {number + 1}", vectors[rows], subjects[rows], left_out))
    names = np.asarray(named, dtype=str)[kept] if len(named) else np.zeros(0, dtype=str)
    for name in sorted(set(names.tolist()) - {""}):
        rows = np.flatnonzero(names == name)
        written.append(_group(name, vectors[rows], subjects[rows], left_out))
    return FaceStrangers(tuple(found), tuple(written), len(np.unique(subjects)), len(subjects), left_out)


def find_doubles(vectors: Float32Array, subjects: Int64Array) -> tuple[tuple[int, int], ...]:
    """Pairs of subject numbers that look like one person; empty where there are too few mated comparisons to tell."""
    mated = mated_similarities(vectors, subjects)
    if len(mated) < FEWEST_MATED:
        return ()
    return alike_subjects(vectors, subjects, float(np.quantile(mated, DOUBLES_QUANTILE)))


def alike_subjects(vectors: Float32Array, subjects: Int64Array, similarity: float) -> tuple[tuple[int, int], ...]:
    """Pairs of subject numbers any of whose photographs agree better than this."""
    found: set[tuple[int, int]] = set()
    for rows, block in _upper_blocks(vectors):
        for row, column in np.argwhere((block > similarity) & _is_above_diagonal(block)).tolist():
            first, second = int(subjects[rows.start + row]), int(subjects[rows.start + column])
            if first != second:
                found.add((min(first, second), max(first, second)))
    return tuple(sorted(found))


def mated_similarities(vectors: Float32Array, subjects: Int64Array) -> Float32Array:
    """Similarities of all pairs of photographs of one subject, float32 (m,)."""
    found = []
    for subject in np.unique(subjects):
        own = vectors[subjects == subject]
        found.append((own @ own.T)[np.triu_indices(len(own), 1)])
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _group(name: str, vectors: Float32Array, subjects: Int64Array, doubles: Doubles) -> StrangerGroup:
    if len(subjects) > MOST_PHOTOGRAPHS:
        people = np.random.default_rng(0).permutation(np.unique(subjects))
        wanted = people[: max(2, len(people) * MOST_PHOTOGRAPHS // len(subjects))]
        rows = np.flatnonzero(np.isin(subjects, wanted))
        vectors, subjects = vectors[rows], subjects[rows]
    partners: dict[int, list[int]] = {}
    for one, other in doubles:
        partners.setdefault(one, []).append(other)
        partners.setdefault(other, []).append(one)
    similarities, first, second = [], [], []
    for row in range(len(subjects) - 1):
        others = subjects[row + 1 :]
        known = [int(subjects[row]), *partners.get(int(subjects[row]), ())]
        strangers = row + 1 + np.flatnonzero(~np.isin(others, known))
        similarities.append(vectors[strangers] @ vectors[row])
        second.append(subjects[strangers])
        first.append(np.full(len(strangers), subjects[row]))
    if not similarities:
        return StrangerGroup(name, np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    return StrangerGroup(name, np.concatenate(similarities), np.concatenate(first), np.concatenate(second))


def _first_of_each(subjects: Int64Array, most: int) -> Int64Array:
    seen: dict[int, int] = {}
    kept = []
    for row, subject in enumerate(subjects.tolist()):
        seen[subject] = seen.get(subject, 0) + 1
        if seen[subject] <= most:
            kept.append(row)
    return np.array(kept, np.int64)


def _upper_blocks(vectors: Float32Array) -> Iterator[tuple[slice, Float32Array]]:
    """Row blocks with the similarities to every row from the block's first on."""
    for start in range(0, len(vectors), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(vectors)))
        yield rows, vectors[rows] @ vectors[start:].T


def _is_above_diagonal(similarity: Float32Array) -> npt.NDArray[np.bool_]:
    """True where the column's photograph comes after the row's, so that each pair counts once."""
    return np.arange(similarity.shape[1])[None] > np.arange(similarity.shape[0])[:, None]
