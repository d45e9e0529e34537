"""Similarity of evidence: as rare among strangers whatever there was to compare, and never lost at an end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.arrays import Float32Array
from matcher.fingerprint.comparison.evidence import COVERAGE, EVIDENCE_COUNT, LIKENESS, SUPPORT, TOTAL
from matcher.fingerprint.comparison.similarity import (
    SOFT_FROM,
    STRANGERS,
    log_odds,
    similarity_at,
    similarity_of_evidence,
    stranger_score,
)

SHARES = st.floats(0.001, 0.999)
COUNTS = st.integers(3, 160)


def evidence(support: float, coverage: float, likeness: float, total: float) -> Float32Array:
    found = np.zeros((1, EVIDENCE_COUNT), dtype=np.float32)
    found[0, [SUPPORT, COVERAGE, LIKENESS, TOTAL]] = support, coverage, likeness, total
    return found


def similarity(support: float, coverage: float, likeness: float, total: float, count: int) -> float:
    return float(similarity_of_evidence(evidence(support, coverage, likeness, total), [count])[0])


@given(SHARES, SHARES, SHARES, st.floats(0.0, 100.0), COUNTS)
def test_each_number_speaks_for_the_finger(
    support: float, coverage: float, likeness: float, total: float, count: int
) -> None:
    here = similarity(support, coverage, likeness, total, count)
    assert 0.0 <= here <= 1.0
    assert here <= similarity(min(1.0, support * 1.2), coverage, likeness, total, count)
    assert here <= similarity(support, min(1.0, coverage * 1.2), likeness, total, count)
    assert here <= similarity(support, coverage, min(1.0, likeness * 1.2), total, count)
    assert here <= similarity(support, coverage, likeness, total + 1.0, count)


@given(st.integers(3, 39))
def test_the_same_evidence_says_less_where_less_could_be_seen(count: int) -> None:
    assert similarity(0.05, 0.6, 0.6, 3.0, count) < similarity(0.05, 0.6, 0.6, 3.0, count + 1)


def test_where_nothing_was_found_nothing_is_similar() -> None:
    assert similarity(0.0, 0.9, 0.9, 30.0, 40) == 0.0


@pytest.mark.parametrize("row", range(len(STRANGERS)))
def test_the_table_says_which_log_odds_one_stranger_in_a_hundred_and_in_a_thousand_reaches(row: int) -> None:
    count, place, fall = STRANGERS[row].tolist()
    assert stranger_score(np.array([place, place + fall]), np.array([count, count])) == pytest.approx([20.0, 30.0])


def test_the_rows_are_in_order() -> None:
    assert (np.diff(STRANGERS[:, 0]) > 0).all()
    # Up to 40 minutiae, fewer of them never ask for less.
    few = STRANGERS[STRANGERS[:, 0] <= 40]
    assert (np.diff(few[:, 1]) < 0).all()
    assert (np.diff(STRANGERS[:, 2]) <= 0).all()


def test_similarity_is_linear_in_the_score_and_goes_on_rising_beyond() -> None:
    scores = np.arange(-50.0, SOFT_FROM + 1.0, 10.0)
    assert np.diff(similarity_at(scores)) == pytest.approx(10.0 / 400.0)
    beyond = similarity_at([160.0, 161.0, 300.0, 600.0, 1000.0]).astype(np.float32)
    assert (np.diff(beyond) > 0).all()
    assert beyond[-1] < 1.0


def test_many_coinciding_minutiae_count_only_beyond_what_strangers_show() -> None:
    counts = np.array([40.0, 40.0, 40.0])
    found = np.repeat(evidence(0.05, 0.6, 0.6, 0.0), 3, axis=0).astype(np.float64)
    found[:, TOTAL] = 0.0, 9.0, 19.3
    assert log_odds(found, counts) - log_odds(found, counts)[0] == pytest.approx([0.0, 0.0, 10.0], abs=1e-5)
