"""Similarity to score: -10*log10(FMR), measured on non-mated comparisons, with the range in which it holds.

A score of 30 is a false match rate of 1e-3, 40 of 1e-4, for every pack and modality, so scores of a face and of a
finger can be set side by side. The table of a pack ends where too few non-mated comparisons were measured to say
more; a similarity beyond it gets the last score and is marked as capped: at least that rare, how much rarer is not
known.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matcher.errors import PackError
from matcher.results import Score

_KEYS = frozenset({"table", "max_score", "non_mated_count", "data_description"})


@dataclass(frozen=True, slots=True)
class Calibration:
    """Piecewise linear map of one pack. Thread safe.

    similarities, scores: breakpoints, both strictly rising, at least two; scores start at 0 or above.
    max_score: end of the range that the measurement supports; scores are capped there.
    non_mated_count: comparisons the table was measured on. data_description: which prints or faces those were.
    Raises ValueError where the breakpoints break this.
    """

    similarities: tuple[float, ...]
    scores: tuple[float, ...]
    max_score: float
    non_mated_count: int
    data_description: str

    def __post_init__(self) -> None:
        if len(self.similarities) != len(self.scores) or len(self.scores) < 2:
            raise ValueError("a calibration needs at least two rows of similarity and score")
        values = (*self.similarities, *self.scores, self.max_score)
        if not all(math.isfinite(value) for value in values):
            raise ValueError("the rows of a calibration must be finite numbers")
        if not _is_rising(self.similarities) or not _is_rising(self.scores):
            raise ValueError("similarity and score must rise strictly from row to row")
        if self.scores[0] < 0 or not 0 < self.max_score <= self.scores[-1]:
            raise ValueError("scores start at 0 or above, and max_score lies within the table")
        if self.non_mated_count < 1:
            raise ValueError("non_mated_count must be at least 1")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Calibration:
        """The [calibration] table of a pack's manifest. Raises PackError saying which key is wrong."""
        unknown = set(table) ^ _KEYS
        if unknown:
            raise PackError(f"[calibration] of a manifest has unknown or missing keys: {', '.join(sorted(unknown))}")
        try:
            rows = [(float(similarity), float(score)) for similarity, score in table["table"]]
            return cls(
                similarities=tuple(similarity for similarity, _ in rows),
                scores=tuple(score for _, score in rows),
                max_score=float(table["max_score"]),
                non_mated_count=int(table["non_mated_count"]),
                data_description=str(table["data_description"]),
            )
        except (TypeError, ValueError) as error:
            raise PackError(f"[calibration] of a manifest is wrong: {error}") from error

    def score(self, similarity: float) -> Score:
        """The score of a similarity: 0 below the table, capped at max_score beyond its range.

        Rises with the similarity. Raises ValueError for NaN.
        """
        if math.isnan(similarity):
            raise ValueError("a similarity is a number, not NaN")
        if similarity < self.similarities[0]:
            return Score(0.0)
        value = _interpolated(similarity, self.similarities, self.scores)
        if similarity > self.similarities[-1] or value > self.max_score:
            return Score(self.max_score, capped=True)
        return Score(value)

    def similarity_for(self, score: float) -> float:
        """The similarity at which this score is reached. Raises ValueError outside 0 to max_score."""
        if not 0 <= score <= self.max_score:
            raise ValueError(f"scores of this pack are known from 0 to {self.max_score:g}")
        return _interpolated(max(score, self.scores[0]), self.scores, self.similarities)


def _is_rising(values: Sequence[float]) -> bool:
    return all(earlier < later for earlier, later in pairwise(values))


def _interpolated(value: float, known: Sequence[float], wanted: Sequence[float]) -> float:
    if value >= known[-1]:
        return wanted[-1]
    row = max(bisect_right(known, value) - 1, 0)
    share = (value - known[row]) / (known[row + 1] - known[row])
    return wanted[row] + max(share, 0.0) * (wanted[row + 1] - wanted[row])
