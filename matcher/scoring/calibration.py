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


def threshold_score(target_fpir: float, reference_count: int) -> float:
    """The score that a search needs so that a probe without a mate brings a candidate with rate target_fpir.

    -10*log10 of 1 - (1 - FPIR)^(1/N), which holds where the N comparisons are independent. target_fpir in (0, 1);
    reference_count >= 0, where 0 counts as 1. Raises ValueError.
    """
    if not 0 < target_fpir < 1:
        raise ValueError("target_fpir must lie between 0 and 1")
    if reference_count < 0:
        raise ValueError("reference_count must not be negative")
    # log1p and expm1 keep the digits that 1 - (1 - FPIR)^(1/N) loses for large N.
    false_match_rate = -math.expm1(math.log1p(-target_fpir) / max(reference_count, 1))
    return -10.0 * math.log10(false_match_rate)


def largest_gallery(target_fpir: float, max_score: float) -> int:
    """How many references a search may have for its threshold to lie within a range of scores: the inverse of
    threshold_score. target_fpir in (0, 1); max_score above 0."""
    return int(math.log1p(-target_fpir) / math.log1p(-(10.0 ** (-max_score / 10.0))) + 1e-9)


def expected_false_candidate_count(threshold_score: float, reference_count: int) -> float:
    """How many of reference_count strangers are expected at or above a score: N * FMR."""
    return float(reference_count * 10.0 ** (-threshold_score / 10.0))


def fuse_scores(scores: Sequence[Score]) -> Score:
    """One score for several samples of one subject: Fisher's method (Statistical Methods for Research Workers, 1925).

    A score s says that a stranger reaches it with probability p = 10^(-s/10). If the samples (different fingers, a
    finger and a face) are independent, the product of n such p is as small or smaller for a stranger with
    probability P * sum over k < n of (-ln P)^k / k!, and that is the fused FMR. It never exceeds the plain sum of
    scores, and a sample that does not agree lowers it, so adding samples cannot make a match out of noise. A capped
    sample counts with the end of its range, and the result stays marked: it is a lower bound. Raises ValueError for
    an empty sequence.
    """
    if not scores:
        raise ValueError("there is no score to fuse")
    if len(scores) == 1:
        return scores[0]
    surprise = sum(max(score.value, 0.0) for score in scores) * math.log(10.0) / 10.0
    term = tail = 1.0
    for step in range(1, len(scores)):
        term *= surprise / step
        tail += term
    fused = (surprise - math.log(tail)) * 10.0 / math.log(10.0)
    return Score(max(fused, 0.0), capped=any(score.capped for score in scores))


def _is_rising(values: Sequence[float]) -> bool:
    return all(earlier < later for earlier, later in pairwise(values))


def _interpolated(value: float, known: Sequence[float], wanted: Sequence[float]) -> float:
    if value >= known[-1]:
        return wanted[-1]
    row = max(bisect_right(known, value) - 1, 0)
    share = (value - known[row]) / (known[row + 1] - known[row])
    return wanted[row] + max(share, 0.0) * (wanted[row + 1] - wanted[row])
