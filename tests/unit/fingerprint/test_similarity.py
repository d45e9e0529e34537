"""Similarity of evidence: as rare among strangers whatever there was to compare, and never lost at an end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.arrays import Float32Array
from matcher.fingerprint.comparison.evidence import (
    APART,
    APART_STIFF,
    COVERAGE,
    EVIDENCE_COUNT,
    LIKENESS,
    SUPPORT,
    TOTAL,
)
from matcher.fingerprint.comparison.similarity import (
    NOTHING,
    SOFT_FROM,
    STRANGERS,
    log_odds,
    similarity_at,
    similarity_of_evidence,
    stranger_score,
    terms,
)

SHARES = st.floats(0.001, 0.999)
COUNTS = st.integers(3, 160)
PAIRS = st.integers(3, 60)
SQUARED_PX = st.floats(0.0, 140.0)


def evidence(
    support: float,
    coverage: float,
    mean: float,
    pairs: int,
    apart: float = 30.0,
    stiff: float = 60.0,
) -> Float32Array:
    """mean: likeness of the coinciding pairs."""
    found = np.zeros((1, EVIDENCE_COUNT), dtype=np.float32)
    total = mean * pairs
    found[0, [SUPPORT, COVERAGE, LIKENESS, TOTAL]] = support, coverage, total / (pairs + 1), total
    found[0, [APART, APART_STIFF]] = apart, stiff
    return found


def similarity(found: Float32Array, count: int) -> float:
    return float(similarity_of_evidence(found, [count])[0])


@given(SHARES, SHARES, SHARES, PAIRS, SQUARED_PX, COUNTS)
def test_each_number_speaks_for_the_finger(
    support: float, coverage: float, mean: float, pairs: int, apart: float, count: int
) -> None:
    stiff = apart + 10.0
    here = similarity(evidence(support, coverage, mean, pairs, apart, stiff), count)
    assert 0.0 <= here <= 1.0
    for better in (
        evidence(min(1.0, support * 1.2), coverage, mean, pairs, apart, stiff),
        evidence(support, min(1.0, coverage * 1.2), mean, pairs, apart, stiff),
        evidence(support, coverage, min(1.0, mean * 1.2), pairs, apart, stiff),
        evidence(support, coverage, mean, pairs + 1, apart, stiff),
        evidence(support, coverage, mean, pairs, apart * 0.8, stiff),
        # Of what lies apart, the more a smooth stretching of the skin explains the better.
        evidence(support, coverage, mean, pairs, apart, stiff * 1.2),
    ):
        assert here <= similarity(better, count) + 1e-6


def test_the_same_evidence_says_less_where_less_could_be_seen() -> None:
    found = evidence(0.05, 0.6, 0.6, 5)
    assert similarity(found, 4) < similarity(found, 10) < similarity(found, 30)


def test_where_nothing_was_found_nothing_is_similar() -> None:
    assert similarity(evidence(0.0, 0.9, 0.9, 30), 40) == 0.0


def test_support_without_one_coinciding_minutia_is_hardly_anything() -> None:
    alone = np.zeros((1, EVIDENCE_COUNT), dtype=np.float32)
    alone[0, SUPPORT] = 0.2
    assert log_odds(alone.astype(np.float64), np.array([40.0])) == NOTHING
    assert similarity(alone, 40) == 0.0


@pytest.mark.parametrize("row", range(len(STRANGERS)))
def test_the_table_says_which_log_odds_one_stranger_in_a_hundred_and_in_a_thousand_reaches(row: int) -> None:
    count, place, fall = STRANGERS[row].tolist()
    assert stranger_score(np.array([place, place + fall]), np.array([count, count])) == pytest.approx([20.0, 30.0])


def test_the_rows_are_in_order() -> None:
    assert (np.diff(STRANGERS[:, 0]) > 0).all()
    # Up to 40 minutiae, fewer of them never ask for less.
    few = STRANGERS[STRANGERS[:, 0] <= 40]
    assert (np.diff(few[:, 1]) <= 0).all()
    assert (np.diff(STRANGERS[:, 2]) <= 0).all()


def test_similarity_is_linear_in_the_score_and_goes_on_rising_beyond() -> None:
    scores = np.arange(-50.0, SOFT_FROM + 1.0, 10.0)
    assert np.diff(similarity_at(scores)) == pytest.approx(10.0 / 400.0)
    beyond = similarity_at([160.0, 161.0, 300.0, 600.0, 1000.0]).astype(np.float32)
    assert (np.diff(beyond) > 0).all()
    assert beyond[-1] < 1.0


def test_likeness_in_sum_takes_mates_farther_only_beyond_what_strangers_show() -> None:
    counts = np.array([40.0, 40.0, 40.0])
    found = np.repeat(evidence(0.05, 0.6, 0.6, 10), 3, axis=0).astype(np.float64)
    found[:, TOTAL] = 2.0, 9.3, 19.3
    beyond = terms(found, counts)[:, 3]
    assert beyond == pytest.approx([0.0, 0.0, 10.0], abs=1e-5)
