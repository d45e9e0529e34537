"""Whether scores keep what they state: how often strangers reach them, against the false match rate they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import wilson_interval

SCORES = (20, 30, 40, 50)
ALLOWED_RATIO = 1.25
"""Of measured to stated false matches, for what cannot be told from a kept promise."""
EXPECTED_ENOUGH = 10.0
"""With so many false matches expected the ratio itself is judged, with fewer the lower end of its interval."""
ROUNDS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """Non-mated comparisons. score: float64 (n,); fingers: int64 (n, 2), numbers of the two fingers or persons."""

    score: NDArray[np.float64]
    fingers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)

    def only(self, chosen: NDArray[np.bool_]) -> "Strangers":
        """chosen: bool (n,)."""
        return Strangers(self.score[chosen], self.fingers[chosen])


@dataclass(frozen=True, slots=True)
class Kept:
    """One score of one group. false_matches: comparisons that reach it; expected: as many as it states; ratio and its
    95 % interval, drawing fingers or persons; holds: not kinder than measured, see holds()."""

    score: float
    comparisons: int
    false_matches: int
    expected: float
    ratio: float
    interval: tuple[float, float]
    holds: bool


def kept(strangers: Strangers, *, scores: Sequence[float] = SCORES, seed: int = 0) -> tuple[Kept, ...]:
    """Every score that one comparison or more in a thousand sets like this one could reach, none of an empty set."""
    if not len(strangers):
        return ()
    rng = np.random.default_rng(seed)
    names, numbers = np.unique(strangers.fingers, return_inverse=True)
    pairs = numbers.reshape(-1, 2)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=ROUNDS).astype(np.float64)
    together = _by_pair(pairs, len(names), np.ones(len(pairs), bool))
    found = []
    for score in scores:
        stated = 10.0 ** (-score / 10.0)
        reached = strangers.score >= score
        ratio = float(reached.mean()) / stated
        low, high = wilson_interval(int(reached.sum()), len(reached))
        rounds = (
            _drawn(draws, _by_pair(pairs, len(names), reached)) / np.maximum(_drawn(draws, together), 1e-9) / stated
        )
        interval = (
            float(min(np.percentile(rounds, 2.5), low / stated)),
            float(max(np.percentile(rounds, 97.5), high / stated)),
        )
        expected = len(reached) * stated
        found.append(
            Kept(score, len(reached), int(reached.sum()), expected, ratio, interval, holds(expected, ratio, interval))
        )
    return tuple(found)


def holds(expected: float, ratio: float, interval: tuple[float, float]) -> bool:
    """The rule: where EXPECTED_ENOUGH false matches are expected the ratio, else the lower end of its interval, is at
    most ALLOWED_RATIO."""
    return (ratio if expected >= EXPECTED_ENOUGH else interval[0]) <= ALLOWED_RATIO


def lines_of(group: str, found: Sequence[Kept]) -> list[str]:
    """One line a score, for people."""
    return [
        f"{group:30s} {one.comparisons:9,d} pairs  score {one.score:3.0f}: {one.false_matches:6d} of "
        f"{one.expected:9.1f} stated  ratio {one.ratio:5.2f} ({one.interval[0]:.2f}–{one.interval[1]:.2f})"
        f"{'' if one.holds else '  BROKEN'}"
        for one in found
    ]


def broken(groups: Mapping[str, Sequence[Kept]]) -> list[str]:
    """Name and score of what does not hold."""
    return [f"{group} at {one.score:g}" for group, found in groups.items() for one in found if not one.holds]


def _by_pair(pairs: NDArray[np.int64], count: int, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """float64 (count, count): comparisons of each pair of fingers."""
    cells = pairs[chosen, 0] * count + pairs[chosen, 1]
    return np.bincount(cells, minlength=count * count).reshape(count, count).astype(np.float64)


def _drawn(draws: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (rounds,): the table's sum with every finger as often as it was drawn."""
    return np.asarray(np.einsum("ri,ij,rj->r", draws, table, draws, optimize=True))
