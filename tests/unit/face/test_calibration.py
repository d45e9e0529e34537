"""Strangers who resemble each other: every pair of a neighborhood counts once, doubles and the often photographed do
not weigh more, and no neighborhood has more false matches than the score says."""

from __future__ import annotations

import tomllib
from itertools import combinations

import numpy as np
import pytest

from index.arrays import Float32Array, Int64Array
from matcher.face.neighborhoods import neighborhoods
from matcher.face.non_mated import compare_strangers
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import (
    PACK_MARGIN,
    SITE_MARGIN,
    TAIL_COUNT,
    LeastFavorable,
    calibrated,
    few_people_discount,
    lowered,
)


def templates(
    *, people: int, photographs: int, dim: int = 16, spread: float = 0.25, seed: int = 0
) -> tuple[Float32Array, Int64Array]:
    rng = np.random.default_rng(seed)
    centers = np.repeat(rng.normal(size=(people, dim)), photographs, axis=0)
    vectors = centers + spread * rng.normal(size=centers.shape)
    subjects = np.repeat(np.arange(people), photographs)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), subjects.astype(np.int64)


def alike_and_others(*, seed: int) -> tuple[Float32Array, Int64Array, Int64Array]:
    """420 people of three groups that have something in common, one of them more; who those are."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(420, 64))
    groups = rng.integers(0, 3, 420)
    vectors[np.arange(420), groups] += np.array([6.0, 4.0, 4.0])[groups]
    alike = np.flatnonzero(groups == 0)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32), np.arange(420), alike


def test_every_pair_of_strangers_counts_once() -> None:
    vectors, subjects = templates(people=40, photographs=3)
    (group,) = compare_strangers(vectors, subjects, doubles=()).groups
    pairs = [
        float(vectors[one] @ vectors[other])
        for one, other in combinations(range(len(vectors)), 2)
        if subjects[one] != subjects[other]
    ]
    assert np.allclose(np.sort(group.similarities), np.sort(pairs), atol=1e-6)
    assert (group.first != group.second).all()


def test_a_person_photographed_often_does_not_outweigh_the_others() -> None:
    vectors, subjects = templates(people=30, photographs=9)
    compared = compare_strangers(vectors, subjects, photographs_per_person=2, doubles=())
    assert compared.photograph_count == 60
    assert compared.comparison_count == 60 * 58 // 2


def test_one_person_under_two_names_is_left_out_and_named() -> None:
    vectors, subjects = templates(people=60, photographs=3, spread=0.1)
    vectors[3:6] = vectors[0:3]
    compared = compare_strangers(vectors, subjects, named=["one"] * 180)
    assert compared.doubles == ((0, 1),)
    assert [len(group.similarities) for group in compared.groups] == [180 * 177 // 2 - 9] * 2
    assert max(group.similarities.max() for group in compared.groups) < 0.99


def test_scores_say_how_rare_a_similarity_is_among_strangers() -> None:
    vectors, subjects = templates(people=130, photographs=5, spread=0.6)
    compared = compare_strangers(vectors, subjects, doubles=())
    made = calibrated(compared.groups, 'quoted "name"', non_mated_count=compared.comparison_count).calibration
    calibration = Calibration.from_table(tomllib.loads(made.to_toml())["calibration"])
    similarity = compared.groups[0].similarities
    for score in (10, 20, 30):
        reached = -10 * np.log10(np.mean(similarity >= calibration.similarity_for(score)))
        assert score <= reached < score + 2  # never a better score than was measured, and little worse
    assert calibration.measured_score < -10 * np.log10(TAIL_COUNT / len(similarity))
    assert calibration.score(0.9999).extrapolated
    assert calibration.max_score >= 80


def test_too_few_photographs_are_refused() -> None:
    vectors, subjects = templates(people=10, photographs=2)
    with pytest.raises(ValueError, match="more than 300"):
        calibrated(compare_strangers(vectors, subjects).groups, "few", non_mated_count=1)


def test_people_who_have_something_in_common_are_one_neighborhood() -> None:
    vectors, subjects, alike = alike_and_others(seed=0)
    numbers = neighborhoods(vectors, subjects)
    assert numbers.max() == 2
    own = np.bincount(numbers[alike])
    assert own.max() / len(alike) > 0.95
    assert np.bincount(numbers)[own.argmax()] < 1.1 * len(alike)
    assert (neighborhoods(vectors, subjects) == numbers).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_score_holds_among_the_least_favorable_of_people_it_never_saw(seed: int) -> None:
    vectors, subjects, _ = alike_and_others(seed=0)
    found = calibrated(compare_strangers(vectors, subjects, doubles=()).groups, "made up", non_mated_count=1)
    others, _, alike = alike_and_others(seed=seed)
    of_others = (others @ others.T)[np.triu_indices(len(others), 1)]
    of_alike = (others[alike] @ others[alike].T)[np.triu_indices(len(alike), 1)]
    for score in (10, 20, 30):
        similarity = found.calibration.similarity_for(score)
        assert np.mean(of_alike >= similarity) <= 1.25 * 10 ** (-score / 10)
    # The mean of all strangers would have been kinder than that.
    at_20 = float(np.quantile(of_others, 1 - 1e-2))
    assert np.mean(of_alike >= at_20) > 3e-2


def test_a_group_that_somebody_wrote_down_counts_though_no_neighborhood_shows_it() -> None:
    vectors, subjects = templates(people=130, photographs=1, dim=64)
    alike = vectors[:60] + 0.4 * np.eye(1, 64, dtype=np.float32)
    vectors[:60] = alike / np.linalg.norm(alike, axis=1, keepdims=True)
    named = ["alike"] * 60 + ["others"] * 60 + [""] * 10
    compared = compare_strangers(vectors, subjects, named=named, doubles=())
    assert {group.name: len(group.similarities) for group in compared.groups} == {
        "neighborhood 1": 130 * 129 // 2,
        "alike": 1770,
        "others": 1770,
    }
    found = calibrated(compared.groups, "made up", non_mated_count=1)
    assert found.group == "alike"
    similarity = found.calibration.similarity_for(20)
    assert similarity >= found.by_group["alike"].similarity_for(20) - 1e-9
    assert found.by_group["others"].score(similarity).value > 22


def test_a_lowered_calibration_gives_the_same_score_less_the_discount() -> None:
    vectors, subjects = templates(people=130, photographs=5, spread=0.6)
    own = calibrated(compare_strangers(vectors, subjects, doubles=()).groups, "made up", non_mated_count=1).calibration
    for discount in (0.0, 7.0, 16.0, own.measured_score + 9.0):
        less = lowered(own, discount)
        similarities = [own.similarity_for(score) for score in (discount + 1.0, discount + 12.0, discount + 40.0)]
        for similarity in similarities:
            assert less.score(similarity).value == pytest.approx(own.score(similarity).value - discount, abs=0.2)
        assert less.measured_score <= max(own.measured_score - discount, 2.0)
        assert less.score(similarities[-1]).extrapolated


def test_few_people_drawn_from_everywhere_are_not_kinder_than_what_they_did_not_show() -> None:
    """A few people of each group hardly meet anybody alike."""
    vectors, subjects, _ = alike_and_others(seed=0)
    few = np.random.default_rng(1).permutation(420)[:40]
    others, other_subjects, alike = alike_and_others(seed=5)
    own = compare_strangers(vectors[few], subjects[few], doubles=()).groups
    of_alike = (others[alike] @ others[alike].T)[np.triu_indices(len(alike), 1)]

    def ratio(score: float, found: LeastFavorable) -> float:
        return float(np.mean(of_alike >= found.calibration.similarity_for(score)) / 10 ** (-score / 10))

    assert ratio(20, calibrated(own, "few", non_mated_count=1)) > 1.25
    assert ratio(20, calibrated(own, "few", non_mated_count=1, discount=few_people_discount(40))) <= 1.25
    pack = calibrated(compare_strangers(others, other_subjects, doubles=()).groups, "pack", non_mated_count=1)
    floored = calibrated(own, "few", non_mated_count=1, known={"as shipped": pack.calibration})
    assert ratio(20, floored) <= 1.25
    for score in range(2, 100, 3):
        assert floored.calibration.similarity_for(score) >= pack.calibration.similarity_for(score) - 1e-9


def drawn_people(people: int, seed: int) -> tuple[Float32Array, Int64Array]:
    """Two photographs each of people whose templates have few directions, some of them near each other."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(people, 24)) * np.linspace(1.6, 0.4, 24)
    kin = rng.random(people) < 0.15
    centers[kin] = 0.6 * centers[rng.integers(0, people, kin.sum())] + 0.8 * centers[kin]
    vectors = np.repeat(centers, 2, axis=0) + 0.2 * rng.normal(size=(2 * people, 24))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32), np.repeat(np.arange(people), 2).astype(np.int64)


def worst_of_draws(people: int, margin: float, draws: int) -> float:
    """The highest measured to stated false match rate at 10, 15 and 20, of calibrations from so many people."""
    others, subjects = drawn_people(600, seed=999)
    different = subjects[:, None] < subjects[None]
    of_others = (others @ others.T)[different]
    worst = 0.0
    for seed in range(draws):
        own = compare_strangers(*drawn_people(people, seed), doubles=()).groups
        found = calibrated(own, "drawn", non_mated_count=1, margin=margin).calibration
        for score in (10, 15, 20):
            worst = max(worst, float(np.mean(of_others >= found.similarity_for(score))) * 10 ** (score / 10))
    return worst


@pytest.mark.parametrize(("people", "draws"), [(20, 30), (40, 30), (80, 15), (200, 5), (500, 2)])
def test_no_draw_of_a_few_people_is_kinder_than_what_the_others_show(people: int, draws: int) -> None:
    assert worst_of_draws(people, SITE_MARGIN, draws) <= 1.25


def test_the_margin_of_a_pack_would_be_too_kind_for_twenty_people() -> None:
    assert worst_of_draws(20, PACK_MARGIN, 30) > 1.25


@pytest.mark.parametrize(
    ("people", "discount"), [(1, 16.0), (20, 16.0), (500, 16.0), (1000, 8.7), (2300, 0.0), (10_000, 0.0)]
)
def test_the_more_people_there_are_the_less_is_taken_off(people: int, discount: float) -> None:
    assert few_people_discount(people) == pytest.approx(discount, abs=0.1)
