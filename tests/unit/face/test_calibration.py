"""Calibration against counting every pair by hand."""

from __future__ import annotations

import tomllib
from itertools import combinations

import numpy as np
import pytest

from index.arrays import Float32Array, Int64Array
from matcher.face.non_mated import (
    TAIL_COUNT,
    calibration_rows,
    calibration_toml,
    false_match_rates,
    group_rates,
    measure_non_mated,
)
from matcher.scoring.calibration import Calibration


def templates(
    *, people: int, photographs: int, dim: int = 16, spread: float = 0.25, seed: int = 0
) -> tuple[Float32Array, Int64Array]:
    rng = np.random.default_rng(seed)
    centers = np.repeat(rng.normal(size=(people, dim)), photographs, axis=0)
    vectors = centers + spread * rng.normal(size=centers.shape)
    subjects = np.repeat(np.arange(people), photographs)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), subjects.astype(np.int64)


def test_every_pair_of_strangers_counts_once() -> None:
    vectors, subjects = templates(people=40, photographs=3)
    measured = measure_non_mated(vectors, subjects, doubles=())
    pairs = [
        float(vectors[one] @ vectors[other])
        for one, other in combinations(range(len(vectors)), 2)
        if subjects[one] != subjects[other]
    ]
    assert measured.comparison_count == len(pairs)
    edges, rates = false_match_rates(measured)
    for similarity in (-0.3, 0.0, 0.2, 0.5):
        counted = np.mean(np.array(pairs) >= similarity)
        assert rates[np.searchsorted(edges, similarity)] == pytest.approx(counted, abs=2 / len(pairs))


def test_a_person_photographed_often_does_not_outweigh_the_others() -> None:
    vectors, subjects = templates(people=30, photographs=9)
    measured = measure_non_mated(vectors, subjects, photographs_per_person=2, doubles=())
    assert measured.photograph_count == 60
    assert measured.comparison_count == 60 * 58 // 2


def test_one_person_under_two_names_is_left_out_and_named() -> None:
    vectors, subjects = templates(people=60, photographs=3, spread=0.1)
    vectors[3:6] = vectors[0:3]
    measured = measure_non_mated(vectors, subjects)
    assert measured.doubles == ((0, 1),)
    assert measured.comparison_count == 180 * 177 // 2 - 9
    edges, rates = false_match_rates(measured)
    assert rates[np.searchsorted(edges, 0.99)] == 0


def test_scores_say_how_rare_a_similarity_is_among_strangers() -> None:
    vectors, subjects = templates(people=700, photographs=1)
    measured = measure_non_mated(vectors, subjects, doubles=())
    calibration = Calibration.from_table(tomllib.loads(calibration_toml(measured, 'quoted "name"'))["calibration"])
    similarity = (vectors @ vectors.T)[np.triu_indices(700, 1)]
    for score in (10, 20, 30):
        reached = np.mean(similarity >= calibration.similarity_for(score))
        assert -10 * np.log10(reached) == pytest.approx(score, abs=0.3)
        assert reached <= 10 ** (-score / 10) * 1.001  # never a better score than was measured
    assert calibration.max_score == pytest.approx(-10 * np.log10(TAIL_COUNT / len(similarity)), abs=0.01)
    assert calibration.score(0.9999).extrapolated


def test_too_few_photographs_are_refused() -> None:
    vectors, subjects = templates(people=10, photographs=2)
    with pytest.raises(ValueError, match="more than 300"):
        calibration_rows(measure_non_mated(vectors, subjects))


def test_a_group_of_similar_people_shows_its_higher_rate() -> None:
    vectors, subjects = templates(people=200, photographs=1)
    alike = vectors[:100] + 0.6 * np.eye(1, 16, dtype=np.float32)
    vectors[:100] = alike / np.linalg.norm(alike, axis=1, keepdims=True)
    groups = ["alike"] * 100 + ["others"] * 90 + [""] * 10
    rates = group_rates(vectors, subjects, groups, 0.4)
    assert {name: count for name, (count, _) in rates.items()} == {"alike": 4950, "others": 4005}
    assert rates["alike"][1] > 2 * rates["others"][1]


def test_one_person_under_two_names_is_left_out_of_a_group_too() -> None:
    vectors, subjects = templates(people=60, photographs=3, spread=0.1)
    vectors[3:6] = vectors[0:3]
    measured = measure_non_mated(vectors, subjects)
    rates = group_rates(vectors, subjects, ["one"] * 180, 0.99, doubles=measured.doubles)
    assert rates == {"one": (measured.comparison_count, 0.0)}
