"""Similarity to score: -10*log10(FMR), measured on non-mated comparisons and carried on by a fitted tail.

A score of 30 is a false match rate of 1e-3, 40 of 1e-4, for every pack and modality, so scores of a face and of a
finger can be set side by side. The table of a pack is what was measured, and ends where too few non-mated comparisons
remain to say more. Beyond it a tail goes on, fitted to the highest of them; such scores are marked as extrapolated.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.errors import PackError
from matcher.results import Score
from matcher.scoring.shared_condition import SharedCondition
from matcher.texts.catalog import told

Float64Array = npt.NDArray[np.float64]

_DECIBELS: Final = 10.0 / math.log(10.0)
"""Score of one nat, a factor of e in the false match rate."""
_KEYS = frozenset({"table", "measured_score", "non_mated_count", "data_description"})
_TAIL_KEYS = frozenset({"scale", "shape", "end_score"})
# A calibration that a site made before tails were fitted.
_OLD_NAMES = {"max_score": "measured_score"}


@dataclass(frozen=True, slots=True)
class Tail:
    """How the highest similarities of strangers fall off, beyond the last row of a calibration's table: a generalized
    Pareto distribution (J. Pickands, Annals of Statistics 3, 1975).

    A stranger who reaches the last row exceeds it by x with probability (1 + shape x / scale)^(-1 / shape), or
    exp(-x / scale) where shape is 0. scale: in units of similarity, above 0. shape: 0 or above, for a shape below 0
    means that strangers end somewhere, and would flatter. end_score: as far as this is believed; higher similarities
    have that score. Raises ValueError.
    """

    scale: float
    shape: float
    end_score: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.scale, self.shape, self.end_score)):
            raise ValueError("scale, shape and end_score of a tail must be finite numbers")
        if self.scale <= 0 or self.shape < 0:
            raise ValueError("the scale of a tail must lie above 0, its shape at 0 or above")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Similarity to score of one pack: a piecewise linear table and a tail beyond it. Thread safe.

    similarities, scores: breakpoints, both strictly rising, at least two; scores start at 0 or above.
    measured_score: end of what the comparisons show by themselves, within the table; higher scores are extrapolated.
    non_mated_count: comparisons behind it. data_description: which prints or faces those were. tail: None ends the
    scores with measured_score. shared_condition: what comes off the similarity of two faces before it is scored. Raises
    ValueError where the breakpoints break this.
    """

    similarities: tuple[float, ...]
    scores: tuple[float, ...]
    measured_score: float
    non_mated_count: int
    data_description: str
    tail: Tail | None = None
    shared_condition: SharedCondition | None = None

    def __post_init__(self) -> None:
        if len(self.similarities) != len(self.scores) or len(self.scores) < 2:
            raise ValueError("a calibration needs at least two rows of similarity and score")
        values = (*self.similarities, *self.scores, self.measured_score)
        if not all(math.isfinite(value) for value in values):
            raise ValueError("the rows of a calibration must be finite numbers")
        if not _is_rising(self.similarities) or not _is_rising(self.scores):
            raise ValueError("similarity and score must rise strictly from row to row")
        if self.scores[0] < 0 or not 0 < self.measured_score <= self.scores[-1]:
            raise ValueError("scores start at 0 or above, and measured_score lies within the table")
        if self.non_mated_count < 1:
            raise ValueError("non_mated_count must be at least 1")
        if self.tail is not None and self.tail.end_score <= self.scores[-1]:
            raise ValueError("the end_score of the tail must lie beyond the table")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Calibration:
        """The [calibration] table of a pack's manifest or of a site. Raises PackError saying which key is wrong."""
        named = {_OLD_NAMES.get(name, name): value for name, value in table.items()}
        tail = named.pop("tail", None)
        _require_keys(named, _KEYS, "[calibration]")
        try:
            rows = [(float(similarity), float(score)) for similarity, score in named["table"]]
            if tail is not None:
                _require_keys(tail, _TAIL_KEYS, "[calibration.tail]")
                tail = Tail(**{name: float(value) for name, value in tail.items()})
            return cls(
                similarities=tuple(similarity for similarity, _ in rows),
                scores=tuple(score for _, score in rows),
                measured_score=float(named["measured_score"]),
                non_mated_count=int(named["non_mated_count"]),
                data_description=str(named["data_description"]),
                tail=tail,
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise PackError(told("manifest.calibration", reason=error)) from error

    def to_toml(self) -> str:
        """The [calibration] table of a manifest; from_table of what is read back gives this calibration, its numbers
        to six digits."""
        rows = ",\n".join(
            f"    [{similarity:.6g}, {score:.6g}]"
            for similarity, score in zip(self.similarities, self.scores, strict=True)
        )
        described = self.data_description.replace("\\", "/").replace('"', "'")
        text = (
            f"[calibration]\nnon_mated_count = {self.non_mated_count}\nmeasured_score = {self.measured_score:.6g}\n"
            f'data_description = "{described}"\ntable = [\n{rows},\n]\n'
        )
        if self.tail is not None:
            text += (
                f"\n[calibration.tail]\nscale = {self.tail.scale:.6g}\nshape = {self.tail.shape:.6g}\n"
                f"end_score = {self.tail.end_score:.6g}\n"
            )
        return text

    @property
    def max_score(self) -> float:
        """The highest score there is: the end of the tail, or of what was measured."""
        return self.measured_score if self.tail is None else self.tail.end_score

    def score(self, similarity: float) -> Score:
        """The score of a similarity: 0 below the table, extrapolated beyond what was measured, held at max_score.

        Rises with the similarity. Raises ValueError for NaN.
        """
        if math.isnan(similarity):
            raise ValueError("a similarity is a number, not NaN")
        if similarity < self.similarities[0]:
            return Score(0.0)
        value = self._score_of(similarity)
        return Score(min(value, self.max_score), extrapolated=value > self.measured_score)

    def similarity_for(self, score: float) -> float:
        """The similarity at which this score is reached. Raises ValueError outside 0 to max_score."""
        if not 0 <= score <= self.max_score:
            raise ValueError(f"scores of this pack are known from 0 to {self.max_score:g}")
        return float(self.similarities_of(max(score, self.scores[0])))

    def scores_of(self, similarities: npt.ArrayLike) -> Float64Array:
        """float64, of the same shape: what score gives, but strictly rising without end: held nowhere, below the table
        along its first piece, beyond it along the tail or else its last piece. For arithmetic with scores."""
        given = np.asarray(similarities, np.float64)
        known, wanted = np.array(self.similarities), np.array(self.scores)
        inside = _along(given, known, wanted)
        if self.tail is None:
            return inside
        excess = np.maximum(given - known[-1], 0.0) / self.tail.scale
        shape = self.tail.shape
        nats = np.log1p(shape * excess) / shape if shape > 0 else excess
        return np.where(given > known[-1], wanted[-1] + _DECIBELS * nats, inside)

    def values_of(self, similarities: npt.ArrayLike) -> Float64Array:
        """float64, of the same shape: the values of the scores that score gives."""
        given = np.asarray(similarities, np.float64)
        return np.where(given < self.similarities[0], 0.0, np.minimum(self.scores_of(given), self.max_score))

    def similarities_of(self, scores: npt.ArrayLike) -> Float64Array:
        """float64, of the same shape: the inverse of scores_of."""
        given = np.asarray(scores, np.float64)
        known, wanted = np.array(self.scores), np.array(self.similarities)
        inside = _along(given, known, wanted)
        if self.tail is None:
            return inside
        nats = np.maximum(given - known[-1], 0.0) / _DECIBELS
        shape = self.tail.shape
        excess = np.expm1(shape * nats) / shape if shape > 0 else nats
        return np.where(given > known[-1], wanted[-1] + self.tail.scale * excess, inside)

    def _score_of(self, similarity: float) -> float:
        """scores_of a single one, without what an array costs: a search has hundreds."""
        last = self.similarities[-1]
        if self.tail is not None and similarity > last:
            excess, shape = (similarity - last) / self.tail.scale, self.tail.shape
            return self.scores[-1] + _DECIBELS * (math.log1p(shape * excess) / shape if shape > 0 else excess)
        row = min(max(bisect_right(self.similarities, similarity) - 1, 0), len(self.scores) - 2)
        share = (similarity - self.similarities[row]) / (self.similarities[row + 1] - self.similarities[row])
        return self.scores[row] + share * (self.scores[row + 1] - self.scores[row])


def _is_rising(values: Sequence[float]) -> bool:
    return all(earlier < later for earlier, later in pairwise(values))


def _require_keys(table: Mapping[str, Any], keys: frozenset[str], name: str) -> None:
    if wrong := set(table) ^ keys:
        raise PackError(told("manifest.keys", name=name, keys=", ".join(sorted(wrong))))


def _along(given: Float64Array, known: Float64Array, wanted: Float64Array) -> Float64Array:
    """Piecewise linear through (known, wanted), both (n,) and strictly rising, extended by the first and last piece."""
    row = np.clip(np.searchsorted(known, given, side="right") - 1, 0, len(known) - 2)
    slope = (wanted[row + 1] - wanted[row]) / (known[row + 1] - known[row])
    return np.asarray(wanted[row] + (given - known[row]) * slope, np.float64)
