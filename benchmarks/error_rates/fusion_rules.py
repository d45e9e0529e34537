"""Ways to make one similarity out of those to several references of one person, and their errors in one gallery."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.calibration import Calibration
from matcher.scoring.reference_fusion import fused_similarities, lowered_similarities

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

PROBE_BLOCK = 500
# A person photographed often must not outweigh the others.
PROBES_PER_PERSON = 5


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """best, mean (p, s): over the similarities of p probes to the references of s people. length (s,): of the mean of
    their vectors. count (s,): references."""

    best: Float32Array
    mean: Float64Array
    length: Float64Array
    count: Int64Array


Rule = Callable[[Compared], NDArray[np.floating]]


def rules(calibration: Calibration) -> dict[str, Rule]:
    """The product's own, and what it was measured against."""
    return {
        "best": lambda one: one.best,
        "best, lowered": lambda one: lowered_similarities(one.best, one.count, calibration),
        "mean of similarities": lambda one: one.mean,
        "half best, half mean": lambda one: (one.best + one.mean) / 2,
        "fused template": lambda one: one.mean / one.length,
        "product": lambda one: fused_similarities(one.best, one.mean, one.length, one.count, calibration),
    }


def same_people(vectors: Float32Array, subjects: Int64Array, *, mated_share: float) -> NDArray[np.bool_]:
    """bool (s, s): pairs of people any of whose photographs agree better than mated_share of the mated pairs do."""
    rows_of = [np.flatnonzero(subjects == person) for person in range(int(subjects.max()) + 1)]
    mated = [
        (vectors[rows] @ vectors[rows].T)[np.triu_indices(len(rows), 1)]
        for rows in (own[:PROBES_PER_PERSON] for own in rows_of)
    ]
    limit = np.quantile(np.concatenate(mated), mated_share)
    found = np.zeros((len(rows_of),) * 2, np.bool_)
    for start in range(0, len(vectors), PROBE_BLOCK):
        row, column = np.nonzero(vectors[start : start + PROBE_BLOCK] @ vectors.T > limit)
        found[subjects[start + row], subjects[column]] = True
    np.fill_diagonal(found, False)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Who is enrolled with which photographs. references, probes: rows of the photographs, references ordered by
    person. starts (s,): of each person's references. counts (s,). people (p,): of each probe."""

    references: Int64Array
    starts: Int64Array
    counts: Int64Array
    probes: Int64Array
    people: Int64Array


def split(subjects: Int64Array, reference_count: int, seed: int) -> Split:
    """Everybody is enrolled, with reference_count photographs if one is left to search with, with fewer otherwise.

    subjects (n,): person 0.. of each photograph. seed: which photographs; 0 takes them in order.
    """
    rng = np.random.default_rng(seed)
    references, counts, probes, people = [], [], [], []
    for person in range(int(subjects.max()) + 1):
        rows = np.flatnonzero(subjects == person)
        rows = rng.permutation(rows) if seed else rows
        enrolled = max(1, min(reference_count, len(rows) - 1))
        references.append(rows[:enrolled])
        counts.append(enrolled)
        probes.append(rows[enrolled : enrolled + PROBES_PER_PERSON])
        people += [person] * len(probes[-1])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return Split(np.concatenate(references), starts, np.array(counts), np.concatenate(probes), np.array(people))


@dataclass(frozen=True, slots=True, eq=False)
class RuleOutcome:
    """Of one rule. mated, strangers (p,): similarity of each probe to its person, and the best of the others.
    is_first (p,): no other reaches the mate's. matches (m, 3): score threshold, person of the probe and person
    enrolled, of each false match with somebody who has all references asked for."""

    mated: Float64Array
    strangers: Float64Array
    is_first: NDArray[np.bool_]
    matches: Int64Array


def compare(
    vectors: Float32Array,
    given: Split,
    compared_rules: Mapping[str, Rule],
    *,
    thresholds: Mapping[int, float],
    doubles: NDArray[np.bool_],
) -> dict[str, RuleOutcome]:
    """Every probe with everybody. thresholds: similarity by score. doubles (s, s): people that are one, left out."""
    references = vectors[given.references]
    length = np.linalg.norm(np.add.reduceat(references.astype(np.float64), given.starts), axis=1) / given.counts
    is_full = given.counts == given.counts.max()
    parts: dict[str, list[RuleOutcome]] = {name: [] for name in compared_rules}
    for start in range(0, len(given.probes), PROBE_BLOCK):
        people = given.people[start : start + PROBE_BLOCK]
        similarities = vectors[given.probes[start : start + PROBE_BLOCK]] @ references.T
        sums = np.add.reduceat(similarities.astype(np.float64), given.starts, axis=1)
        compared = Compared(
            np.maximum.reduceat(similarities, given.starts, axis=1), sums / given.counts, length, given.counts
        )
        row = np.arange(len(people))
        left_out = doubles[people]
        left_out[row, people] = True
        for name, rule in compared_rules.items():
            found = rule(compared).astype(np.float64)
            mated = found[row, people]
            found[left_out] = -np.inf
            matches = [
                np.column_stack([np.full(len(probe), score), people[probe], person])
                for score, threshold in thresholds.items()
                for probe, person in [np.nonzero((found >= threshold) & is_full)]
            ]
            is_first = (found < mated[:, None]).all(axis=1)
            parts[name].append(RuleOutcome(mated, found.max(axis=1), is_first, np.concatenate(matches)))
    return {name: joined(outcomes) for name, outcomes in parts.items()}


def joined(outcomes: Sequence[RuleOutcome]) -> RuleOutcome:
    """Of several blocks or splits, as one."""
    return RuleOutcome(
        np.concatenate([one.mated for one in outcomes]),
        np.concatenate([one.strangers for one in outcomes]),
        np.concatenate([one.is_first for one in outcomes]),
        np.concatenate([one.matches for one in outcomes]),
    )
