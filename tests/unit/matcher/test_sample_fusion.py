"""Several samples to one score: Fisher's method given the capture, so that a bad one does not make a match."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.scoring.sample_fusion import CAPTURE_DISCOUNT, fused_values

SCORES = st.lists(st.floats(0.0, 90.0), min_size=1, max_size=11)


def test_one_sample_keeps_its_score() -> None:
    assert fused_values([[37.5], [0.0]]).tolist() == [37.5, 0.0]


@given(SCORES)
def test_the_order_of_samples_does_not_matter_and_the_sum_is_never_exceeded(scores: list[float]) -> None:
    fused = fused_values([scores])[0]
    assert fused == pytest.approx(fused_values([scores[::-1]])[0])
    assert 0.0 <= fused <= sum(scores) + 1e-9


@given(SCORES, st.floats(0.0, 30.0))
def test_a_higher_score_of_a_sample_never_lowers_the_whole(scores: list[float], more: float) -> None:
    better = [scores[0] + more, *scores[1:]]
    assert fused_values([better])[0] >= fused_values([scores])[0] - 1e-9


@pytest.mark.parametrize("count", [2, 4, 10])
def test_strangers_of_independent_samples_reach_a_score_no_more_often_than_it_says(count: int) -> None:
    scores = -10.0 * np.log10(np.random.default_rng(count).random((400_000, count)))
    plain, product = fused_values(scores, discount=0.0), fused_values(scores)
    for score in (10, 20, 30):
        assert np.mean(plain >= score) == pytest.approx(10 ** (-score / 10), rel=0.25)
        assert np.mean(product >= score) < np.mean(plain >= score)


@pytest.mark.parametrize("count", [2, 4, 10])
def test_what_calibration_leaves_open_does_not_grow_with_the_samples_of_one_capture(count: int) -> None:
    assert 10 * np.log10(1.25) <= CAPTURE_DISCOUNT
    chance = np.random.default_rng(count).random((1_000_000, count)) / 1.25
    scores = -10.0 * np.log10(chance)
    assert np.mean(fused_values(scores, discount=0.0) >= 30) > 1.4e-3
    assert np.mean(fused_values(scores) >= 30) <= 1.25e-3


def test_nothing_cannot_be_fused() -> None:
    with pytest.raises(ValueError, match="no score"):
        fused_values(np.zeros((3, 0)))
