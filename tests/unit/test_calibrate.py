"""Scores: rising, told apart where measurement ends, thresholds and fusion as probability theory has them."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import PackError
from matcher.packs.store import PackStore
from matcher.results import Score
from matcher.scoring.calibration import Calibration
from matcher.scoring.scores import (
    expected_false_candidate_count,
    fuse_scores,
    largest_gallery,
    threshold_score,
)

TABLE: dict[str, Any] = {
    "table": [[0.1, 0.0], [0.2, 10.0], [0.25, 30.0], [0.5, 42.0]],
    "measured_score": 40.0,
    "non_mated_count": 100_000,
    "data_description": "made up",
}
CALIBRATION = Calibration.from_table(TABLE)
WITH_TAIL = Calibration.from_table({**TABLE, "tail": {"scale": 0.05, "shape": 0.0, "end_score": 90.0}})
ANY_CALIBRATION = st.sampled_from(
    [
        CALIBRATION,
        WITH_TAIL,
        Calibration.from_table({**TABLE, "tail": {"scale": 0.05, "shape": 0.2, "end_score": 80.0}}),
    ]
)
SCORES = st.floats(0.0, 60.0)


def test_scores_are_read_between_the_rows() -> None:
    assert CALIBRATION.score(0.15) == Score(pytest.approx(5.0))
    assert CALIBRATION.score(0.2) == Score(pytest.approx(10.0))
    assert CALIBRATION.score(-1.0) == Score(0.0)


def test_without_a_tail_the_score_ends_with_what_was_measured_and_says_so() -> None:
    assert CALIBRATION.score(0.5) == Score(40.0, extrapolated=True)
    assert CALIBRATION.score(0.99) == Score(40.0, extrapolated=True)
    assert not CALIBRATION.score(0.4).extrapolated


def test_a_tail_carries_the_score_on_and_says_so() -> None:
    """Ten to the fourth is reached at 0.45; from the last row on, a factor of e in 0.05 of similarity."""
    assert not WITH_TAIL.score(0.45).extrapolated
    assert WITH_TAIL.score(0.5) == Score(pytest.approx(42.0), extrapolated=True)
    assert WITH_TAIL.score(0.55) == Score(pytest.approx(42.0 + 10.0 / math.log(10.0)), extrapolated=True)
    assert WITH_TAIL.score(0.75).value == pytest.approx(42.0 + 50.0 / math.log(10.0))
    assert WITH_TAIL.score(2.0) == Score(90.0, extrapolated=True)
    heavy = Calibration.from_table({**TABLE, "tail": {"scale": 0.05, "shape": 0.2, "end_score": 90.0}})
    assert 42.0 < heavy.score(0.75).value < WITH_TAIL.score(0.75).value


@given(ANY_CALIBRATION, st.floats(-1.0, 2.0), st.floats(-1.0, 2.0))
def test_a_higher_similarity_never_has_a_lower_score(calibration: Calibration, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert calibration.score(low).value <= calibration.score(high).value
    assert 0.0 <= calibration.score(low).value <= calibration.max_score


@given(ANY_CALIBRATION, st.floats(0.0, 1.0))
def test_the_similarity_of_a_score_has_that_score(calibration: Calibration, share: float) -> None:
    score = share * calibration.max_score
    assert calibration.score(calibration.similarity_for(score)).value == pytest.approx(score, abs=1e-6)


@given(ANY_CALIBRATION, st.lists(st.floats(0.1, 1.5), min_size=1, max_size=5))
def test_many_at_once_get_what_each_gets(calibration: Calibration, similarities: list[float]) -> None:
    scores = calibration.scores_of(similarities)
    for similarity, score in zip(similarities, scores.tolist(), strict=True):
        assert calibration.score(similarity).value == pytest.approx(min(score, calibration.max_score))
    assert calibration.similarities_of(scores) == pytest.approx(similarities)


@given(ANY_CALIBRATION)
def test_a_manifest_keeps_a_calibration(calibration: Calibration) -> None:
    assert Calibration.from_table(tomllib.loads(calibration.to_toml())["calibration"]) == calibration


def test_a_calibration_that_a_site_made_before_tails_is_still_read() -> None:
    old = {name: value for name, value in TABLE.items() if name != "measured_score"}
    assert Calibration.from_table({**old, "max_score": 40.0}) == CALIBRATION


@pytest.mark.parametrize("score", [-0.1, 40.1, math.nan])
def test_no_similarity_is_made_up_for_a_score_outside_the_range(score: float) -> None:
    with pytest.raises(ValueError, match="0 to 40"):
        CALIBRATION.similarity_for(score)


def test_a_similarity_that_is_no_number_has_no_score() -> None:
    with pytest.raises(ValueError, match="NaN"):
        CALIBRATION.score(math.nan)


@pytest.mark.parametrize(
    "change",
    [
        {"table": [[0.1, 0.0]]},
        {"table": [[0.1, 0.0], [0.1, 10.0]]},
        {"table": [[0.1, 0.0], [0.2, 0.0]]},
        {"table": [[0.1, 0.0], [0.2, math.inf]]},
        {"table": [[0.1, 0.0, 1.0], [0.2, 10.0, 1.0]]},
        {"table": "rows"},
        {"measured_score": 43.0},
        {"measured_score": 0.0},
        {"non_mated_count": 0},
        {"unknown": 1},
        {"tail": 1},
        {"tail": {"scale": 0.05, "shape": 0.0}},
        {"tail": {"scale": 0.0, "shape": 0.0, "end_score": 90.0}},
        {"tail": {"scale": 0.05, "shape": -0.1, "end_score": 90.0}},
        {"tail": {"scale": 0.05, "shape": 0.0, "end_score": 42.0}},
    ],
)
def test_a_wrong_table_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(PackError, match="calibration"):
        Calibration.from_table({**TABLE, **change})


def test_the_shipped_table_of_the_leader_pack_covers_what_it_says(tmp_path: Path) -> None:
    table = PackStore(tmp_path).get("leader").calibration
    assert table is not None
    calibration = Calibration.from_table(table)
    assert calibration.non_mated_count >= 100_000
    assert calibration.measured_score >= 30.0
    assert calibration.score(calibration.similarity_for(30.0)).value == pytest.approx(30.0)


@given(st.floats(1e-6, 0.9), st.integers(1, 10**7))
def test_the_threshold_of_a_search_gives_the_rate_it_was_asked_for(fpir: float, count: int) -> None:
    false_match_rate = 10.0 ** (-threshold_score(fpir, count) / 10.0)
    assert -math.expm1(count * math.log1p(-false_match_rate)) == pytest.approx(fpir, rel=1e-6)


def test_thresholds_known_by_hand() -> None:
    assert threshold_score(0.01, 1) == pytest.approx(20.0)
    assert threshold_score(0.01, 100_000) == pytest.approx(69.98, abs=0.01)
    assert threshold_score(0.01, 0) == threshold_score(0.01, 1)
    assert expected_false_candidate_count(40.0, 100_000) == pytest.approx(10.0)


@pytest.mark.parametrize(("fpir", "count"), [(0.0, 10), (1.0, 10), (-0.1, 10), (math.nan, 10), (0.1, -1)])
def test_impossible_thresholds_are_refused(fpir: float, count: int) -> None:
    with pytest.raises(ValueError, match="must"):
        threshold_score(fpir, count)


def test_one_sample_keeps_its_score() -> None:
    assert fuse_scores([Score(33.0)]) == Score(33.0)
    assert fuse_scores([Score(33.0, extrapolated=True)]) == Score(33.0, extrapolated=True)


@given(st.lists(SCORES, min_size=2, max_size=10))
def test_fused_scores_lie_below_the_sum_and_do_not_depend_on_order(values: list[float]) -> None:
    fused = fuse_scores([Score(value) for value in values])
    assert 0.0 <= fused.value <= sum(values) + 1e-9
    assert fused.value == pytest.approx(fuse_scores([Score(value) for value in reversed(values)]).value)


@given(st.lists(SCORES, min_size=1, max_size=9), SCORES)
def test_a_better_sample_never_lowers_the_fused_score(values: list[float], more: float) -> None:
    lower = fuse_scores([Score(value) for value in [*values, more]])
    higher = fuse_scores([Score(value) for value in [*values, more + 5.0]])
    assert higher.value >= lower.value


def test_a_sample_that_does_not_agree_lowers_the_fused_score() -> None:
    assert fuse_scores([Score(40.0), Score(0.0)]).value < 40.0
    assert fuse_scores([Score(40.0), Score(40.0)]).value > 55.0


def test_an_extrapolated_sample_leaves_its_mark() -> None:
    assert fuse_scores([Score(40.0, extrapolated=True), Score(20.0)]).extrapolated
    assert not fuse_scores([Score(40.0), Score(20.0)]).extrapolated
    with pytest.raises(ValueError, match="no score"):
        fuse_scores([])


@pytest.mark.parametrize("count", [2, 5, 10])
def test_strangers_reach_a_fused_score_no_more_often_than_it_says(count: int) -> None:
    """Scores of independent strangers are -10 log10 of uniform numbers; the fused ones must be no higher."""
    uniform = np.random.default_rng(0).random((40_000, count))
    fused = np.array([fuse_scores([Score(value) for value in row]).value for row in -10.0 * np.log10(uniform)])
    for score in (5.0, 10.0, 20.0):
        expected = 10.0 ** (-score / 10.0)
        assert (fused >= score).mean() <= expected + 4.0 * math.sqrt(expected / len(fused))


@given(st.floats(1e-4, 0.5), st.floats(20.0, 70.0))
def test_the_largest_gallery_is_the_last_whose_threshold_lies_within_the_range(fpir: float, max_score: float) -> None:
    count = largest_gallery(fpir, max_score)
    assert count == 0 or threshold_score(fpir, count) <= max_score + 1e-6
    assert threshold_score(fpir, count + 1) > max_score - 1e-6
