"""Error rates against hand-made cases and against a plain count over all thresholds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.intervals import error_rate_intervals
from benchmarks.metrics import (
    cumulative_match,
    equal_error_rate,
    error_curve,
    fnir_at_fpir,
    fnmr_at_fmr,
    threshold_at_fmr,
    wilson_interval,
)
from benchmarks.scores import ScoreTable

similarities = st.lists(st.one_of(st.integers(-5, 5).map(float), st.just(-math.inf)), min_size=1, max_size=30)


def counted_fnmr(mated: list[float], non_mated: list[float], fmr: float) -> float:
    """The definition itself: the best of all thresholds that keep FMR."""
    thresholds = [value for value in {*mated, *non_mated} if math.isfinite(value)] + [math.inf]
    allowed = [t for t in thresholds if sum(value >= t for value in non_mated) / len(non_mated) <= fmr]
    return min(sum(value < t for value in mated) / len(mated) for t in allowed)


@given(similarities, similarities, st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_fnmr_at_fmr_is_the_best_threshold_that_keeps_the_rate(mated, non_mated, fmr):
    assert fnmr_at_fmr(error_curve(mated, non_mated), fmr) == pytest.approx(counted_fnmr(mated, non_mated, fmr))


@given(similarities, similarities)
def test_equal_error_rate_lies_between_the_rates_around_the_crossing(mated, non_mated):
    curve = error_curve(mated, non_mated)
    rate = equal_error_rate(curve)
    assert np.maximum(curve.fmr, curve.fnmr).min() + 1e-12 >= rate >= np.minimum(curve.fmr, curve.fnmr).max() - 1e-12


@given(similarities, similarities)
def test_weights_count_a_comparison_several_times(mated, non_mated):
    doubled = error_curve(mated * 2, non_mated * 3)
    weighted = error_curve(mated, non_mated, mated_weights=[2.0] * len(mated), non_mated_weights=[3.0] * len(non_mated))
    assert np.allclose(doubled.fmr, weighted.fmr)
    assert np.allclose(doubled.fnmr, weighted.fnmr)


def test_separated_similarities_have_no_errors():
    curve = error_curve([5.0, 6.0], [1.0, 2.0])
    assert equal_error_rate(curve) == 0.0
    assert fnmr_at_fmr(curve, 1e-4) == 0.0
    assert threshold_at_fmr(curve, 0.0) == 5.0


def test_equal_error_rate_by_hand():
    # One of four mated pairs lies below one of four non-mated pairs: 25 % on both sides.
    assert equal_error_rate(error_curve([1.5, 4, 5, 6], [0, 0.5, 1, 2])) == pytest.approx(0.25)
    # Equal distributions cannot be told apart.
    assert equal_error_rate(error_curve([1, 2, 3, 4], [1, 2, 3, 4])) == pytest.approx(0.5)


def test_equal_error_rate_is_interpolated():
    # FNMR and FMR: (1/3, 0) at 3 and (1/3, 1/2) at 2; they cross where FMR reaches 1/3.
    assert equal_error_rate(error_curve([1, 3, 4], [0, 2])) == pytest.approx(1 / 3)


def test_failures_to_enroll_never_match():
    curve = error_curve([-math.inf, 5.0], [-math.inf, 1.0])
    assert fnmr_at_fmr(curve, 1.0) == 0.5
    assert curve.fmr.max() == 0.5
    # Nothing can be enrolled: no threshold helps.
    assert equal_error_rate(error_curve([-math.inf], [-math.inf])) == pytest.approx(0.5)


@pytest.mark.parametrize(("mated", "non_mated"), [([], [1.0]), ([1.0], []), ([math.nan], [1.0])])
def test_unusable_similarities_are_refused(mated, non_mated):
    with pytest.raises(ValueError, match=r"NaN|at least one"):
        error_curve(mated, non_mated)


def test_wilson_interval_of_published_example():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_ranks_count_only_mates_that_were_found():
    assert cumulative_match([1, 3, math.inf, 0], (1, 5)) == {"1": 0.25, "5": 0.5}


def test_fnir_counts_mates_below_the_strangers_threshold():
    assert fnir_at_fpir([9, 3, -math.inf, 7], [1, 2, 4, 5], 0.25) == pytest.approx(0.5)
    assert fnir_at_fpir([9, 3, -math.inf, 7], [1, 2, 4, 5], 0.5) == pytest.approx(0.25)
    assert fnir_at_fpir([9, 3, -math.inf, 7], [1, 2, 4, 5], 1.0) == pytest.approx(0.25)


def scored(rng: np.random.Generator, *, fingers: int, shift: float) -> ScoreTable:
    first, second = np.triu_indices(fingers, 1)
    pairs = np.stack([first, second], axis=1)
    return ScoreTable(
        fingers,
        rng.normal(shift, 1, fingers * 4),
        np.repeat(np.arange(fingers), 4),
        np.zeros((fingers * 4, 2), np.int64),
        rng.normal(0, 1, len(pairs)),
        pairs,
        pairs,
    )


def test_intervals_hold_the_rate_and_narrow_with_more_fingers():
    widths = []
    for fingers in (8, 120):
        table = scored(np.random.default_rng(3), fingers=fingers, shift=2.0)
        low, high = error_rate_intervals(table)["eer"]
        assert low <= equal_error_rate(error_curve(table.mated, table.non_mated)) <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_interval_without_an_error_is_not_empty():
    low, high = error_rate_intervals(scored(np.random.default_rng(0), fingers=6, shift=40.0))["eer"]
    assert low == 0.0
    assert high == pytest.approx(wilson_interval(0, 24)[1])


def test_intervals_of_large_sets_agree_with_those_of_full_rounds(monkeypatch):
    table = scored(np.random.default_rng(5), fingers=60, shift=1.5)
    full = error_rate_intervals(table)
    monkeypatch.setattr("benchmarks.intervals.FULL_ROUND_LIMIT", 0)
    fixed = error_rate_intervals(table)
    assert fixed["eer"] == pytest.approx(full["eer"], abs=0.02)
