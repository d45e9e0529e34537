"""Measure a fingerprint pack's scores on strangers: every comparison of prints of two fingers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.records import Template
from matcher.fingerprint.comparison.compare import compare_many, prepare
from matcher.strangers import StrangerGroup

PRINTS_PER_FINGER: Final = 5
# Comparisons grow with the square; of larger collections fingers are drawn. About two minutes of processor time.
MOST_PRINTS: Final = 2000
FEWEST_MATED: Final = 100

Following = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True, slots=True)
class FingerStrangers:
    """groups: everybody, and each named group, with its comparisons between strangers. finger_count, print_count:
    compared. doubles: pairs of finger numbers left out because they look like one finger."""

    groups: tuple[StrangerGroup, ...]
    finger_count: int
    print_count: int
    doubles: tuple[tuple[int, int], ...]

    @property
    def comparison_count(self) -> int:
        """Non-mated comparisons, each once."""
        return len(self.groups[0].similarities)


def compare_strangers(
    templates: Sequence[Template],
    fingers: Sequence[int],
    *,
    named: Sequence[str] = (),
    following: Following = lambda numbers: numbers,
) -> FingerStrangers:
    """Compare every print with those of other fingers.

    templates: of one pack; fingers: the number of the finger of each. named: a group a template (sensor, station,
    rolled or flat), "" where it is not known; none at all where nobody wrote any down. following: wraps the numbers of
    the prints as they are compared, to show progress. Two fingers any of whose prints agree better than half of the
    mated comparisons do are taken for one under two names. Raises PackMismatchError.
    """
    kept = _kept(fingers)
    prepared = [prepare(templates[row]) for row in kept]
    numbers = np.array([fingers[row] for row in kept], np.int64)
    rows: list[Float32Array] = [np.zeros(0, np.float32) for _ in kept]
    for row in following(range(len(kept))):
        rows[row] = compare_many(prepared[row], prepared[row + 1 :])
    similarities = np.concatenate(rows) if rows else np.zeros(0, np.float32)
    places = np.triu_indices(len(kept), 1)
    first, second = numbers[places[0]], numbers[places[1]]
    doubles = _doubles(similarities, first, second)
    known = {*doubles, *((two, one) for one, two in doubles)}
    stranger = first != second
    for one, two in known:
        stranger &= ~((first == one) & (second == two))
    names = np.asarray(named, dtype=str)[kept] if len(named) else np.full(len(kept), "")
    groups = [StrangerGroup("all", similarities[stranger], first[stranger], second[stranger])]
    for name in sorted(set(names.tolist()) - {""}):
        own = stranger & (names[places[0]] == name) & (names[places[1]] == name)
        groups.append(StrangerGroup(name, similarities[own], first[own], second[own]))
    return FingerStrangers(tuple(groups), len(np.unique(numbers)), len(kept), doubles)


def _kept(fingers: Sequence[int]) -> Int64Array:
    """Rows of the first prints of each finger, of as many fingers as MOST_PRINTS allows."""
    seen: dict[int, list[int]] = {}
    for row, finger in enumerate(fingers):
        if len(own := seen.setdefault(finger, [])) < PRINTS_PER_FINGER:
            own.append(row)
    order = np.random.default_rng(0).permutation(np.array(list(seen), np.int64))
    kept: list[int] = []
    for finger in order.tolist():
        if len(kept) + len(seen[finger]) > MOST_PRINTS:
            break
        kept += seen[finger]
    return np.array(sorted(kept), np.int64)


def _doubles(similarities: Float32Array, first: Int64Array, second: Int64Array) -> tuple[tuple[int, int], ...]:
    mated = similarities[first == second]
    if len(mated) < FEWEST_MATED:
        return ()
    alike = np.flatnonzero((first != second) & (similarities > np.median(mated)))
    pairs = zip(first[alike].tolist(), second[alike].tolist(), strict=True)
    return tuple(sorted({(min(pair), max(pair)) for pair in pairs}))
