"""Arithmetic of scores: thresholds for a gallery, expected strangers, several samples to one score."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matcher.results import Score
from matcher.scoring.sample_fusion import fused_values


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
    """One score for several samples of one subject (different fingers, a finger and a face), see fused_values.

    Extrapolated where a sample is. Raises ValueError for an empty sequence.
    """
    if not scores:
        raise ValueError("there is no score to fuse")
    if len(scores) == 1:
        return scores[0]
    fused = float(fused_values([[score.value for score in scores]])[0])
    return Score(fused, extrapolated=any(score.extrapolated for score in scores))
