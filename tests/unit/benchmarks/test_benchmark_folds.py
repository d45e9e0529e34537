"""Accuracy over folds against a search of every threshold, and the people it is published for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.folds import _best_threshold, fold_accuracy
from benchmarks.held_out import is_held_out

SCORES = st.lists(st.integers(-5, 5), min_size=2, max_size=30)


@given(SCORES, SCORES)
def test_the_learned_threshold_is_as_good_as_any(mated, non_mated):
    scores = np.array([*mated, *non_mated], float) + np.arange(len(mated) + len(non_mated)) * 1e-3
    is_mated = np.arange(len(scores)) < len(mated)
    threshold = _best_threshold(scores, is_mated)

    def right(at):
        return int(((scores >= at) == is_mated).sum())

    assert right(threshold) == max(right(at) for at in (*scores, np.inf))


def test_separate_scores_are_told_apart_and_equal_ones_are_not():
    rng = np.random.default_rng(1)
    apart = fold_accuracy(rng.normal(5, 0.5, 400), rng.normal(0, 0.5, 3000))
    assert (apart["value"], apart["pairs"]) == (1.0, 800)
    same = fold_accuracy(rng.normal(0, 1, 2000), rng.normal(0, 1, 2000))
    assert same["value"] == pytest.approx(0.5, abs=0.05)
    low, high = same["interval"]
    assert low < same["value"] < high


def test_a_pair_without_a_template_is_never_a_match():
    found = fold_accuracy(np.array([-np.inf] * 10 + [1.0] * 30), np.full(40, 0.0))
    assert found["right"] == 70


def test_one_person_in_five_is_held_out():
    held_out = [number for number in range(40) if is_held_out(f"p{number}")]
    assert held_out == [6, 8, 13, 18, 34, 36]
