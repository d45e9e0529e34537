"""Strangers among fingers: each pair of prints of two fingers once, a finger under two names left out."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.fingerprint.calibration import PRINTS_PER_FINGER, compare_strangers
from matcher.fingerprint.comparison.compare import compare, prepare
from matcher.scoring.calibration import Calibration, Tail
from matcher.scoring.least_favorable import calibrated
from tests.unit.fingerprint.compared_prints import made_up, moved, template_of

FINGERS = 30


@pytest.fixture(scope="module")
def prints() -> tuple[list[object], list[int]]:
    """Two prints of each of 30 fingers, the second turned and moved; their fingers."""
    templates, fingers = [], []
    for finger in range(FINGERS):
        first = made_up(finger)
        templates += [template_of(first), template_of(moved(first, 0.1, (10.0, -5.0)))]
        fingers += [finger, finger]
    return templates, fingers


def test_every_pair_of_prints_of_two_fingers_counts_once(prints) -> None:  # type: ignore[no-untyped-def]
    templates, fingers = prints
    seen = []
    compared = compare_strangers(templates, fingers, following=lambda rows: (seen.append(row) or row for row in rows))
    (group,) = compared.groups
    assert compared.comparison_count == 60 * 59 // 2 - FINGERS == len(group.similarities)
    assert (group.first != group.second).all()
    assert seen == list(range(60))
    at = np.flatnonzero((group.first == 3) & (group.second == 7))
    expected = [compare(prepare(one), prepare(two)) for one in templates[6:8] for two in templates[14:16]]
    assert np.allclose(np.sort(group.similarities[at]), np.sort(expected), atol=1e-6)


def test_one_finger_under_two_names_is_left_out_and_named() -> None:
    templates, fingers = [], []
    for finger in range(12):
        first = made_up(finger % 11)  # the last is the first again
        for turn in (0.0, 0.05, 0.1, 0.15, 0.2):
            templates.append(template_of(moved(first, turn, (turn, 0.0))))
            fingers.append(finger)
    compared = compare_strangers(templates, fingers)
    assert compared.doubles == ((0, 11),)
    group = compared.groups[0]
    assert not ((group.first == 0) & (group.second == 11)).any()


def test_a_group_is_compared_within_itself_and_a_finger_does_not_outweigh_the_others(prints) -> None:  # type: ignore[no-untyped-def]
    templates, fingers = prints
    named = ["dry" if finger < 15 else "" for finger in fingers]
    compared = compare_strangers(templates, fingers, named=named)
    assert [group.name for group in compared.groups] == ["all", "dry"]
    assert len(compared.groups[1].similarities) == 30 * 29 // 2 - 15
    often = compare_strangers([*templates, *templates[:1] * 9], [*fingers, *[0] * 9])
    assert often.print_count == 60 + PRINTS_PER_FINGER - 2


def test_the_calibration_of_a_site_is_no_kinder_than_a_known_one(prints) -> None:  # type: ignore[no-untyped-def]
    templates, fingers = prints
    compared = compare_strangers(templates, fingers)
    strict = Calibration((0.0, 0.5, 0.9), (0.0, 10.0, 30.0), 30.0, 1000, "strict", Tail(0.02, 0.0, 110.0))
    found = calibrated(compared.groups, "made up", non_mated_count=1, known={"as shipped": strict})
    assert found.group == "as shipped"
    for score in (5.0, 20.0, 30.0, 40.0, 90.0):
        assert found.calibration.similarity_for(score) >= strict.similarity_for(score) - 1e-9


def test_the_calibration_of_fingers_is_no_kinder_than_what_was_measured(prints) -> None:  # type: ignore[no-untyped-def]
    templates, fingers = prints
    compared = compare_strangers(templates, fingers)
    found = calibrated(compared.groups, "made up", non_mated_count=compared.comparison_count).calibration
    for score in (10, 15):
        reached = float(np.mean(compared.groups[0].similarities >= found.similarity_for(score)))
        assert reached <= 10 ** (-score / 10)
    assert found.tail is not None
