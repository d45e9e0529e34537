"""Tails: never kinder than the strangers that they were fitted to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matcher.scoring.tail_fit import FEWEST_PEAKS, fitted_tail


def excesses(shape: float, count: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Drawn from a generalized Pareto distribution of scale 1."""
    left = 1.0 - np.random.default_rng(seed).random(count)
    return -np.log(left) if shape == 0 else (left**-shape - 1.0) / shape


@pytest.mark.parametrize(("shape", "count"), [(-0.3, 60), (0.0, 60), (-0.3, 1000), (0.0, 1000), (0.2, 1000)])
def test_a_tail_hardly_ever_flatters(shape: float, count: int) -> None:
    """At a thousandth of the peaks the tail is below the truth in few fits of many."""
    truth = -math.log(1e-3) if shape == 0 else (1e-3**-shape - 1.0) / shape
    kind = 0
    for seed in range(200):
        tail = fitted_tail(0.4 + 0.1 * excesses(shape, count, seed), 0.4, end_score=90.0)
        excess = 0.1 * truth / tail.scale
        nats = excess if tail.shape == 0 else math.log1p(tail.shape * excess) / tail.shape
        kind += nats > -math.log(1e-3) + math.log(1.25)
    assert kind <= (0 if shape < 0 else 50)


def test_a_tail_is_close_to_what_it_was_drawn_from() -> None:
    tail = fitted_tail(0.1 * excesses(0.0, 100_000, 1), 0.0, end_score=90.0)
    assert tail.scale == pytest.approx(0.1, rel=0.03)
    assert tail.shape == pytest.approx(0.0, abs=0.02)
    assert tail.end_score == 90.0


def test_what_meets_again_and_again_counts_less() -> None:
    drawn = excesses(0.0, 1000, 2)
    assert (
        fitted_tail(drawn, 0.0, end_score=90.0, independent_count=40).scale
        > 1.1 * fitted_tail(drawn, 0.0, end_score=90.0).scale
    )


def test_too_few_peaks_say_nothing() -> None:
    with pytest.raises(ValueError, match=f"at least {FEWEST_PEAKS}"):
        fitted_tail(np.arange(FEWEST_PEAKS), 0.5, end_score=90.0)
