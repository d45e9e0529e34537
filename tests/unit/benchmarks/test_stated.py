"""Stated against measured: what strangers and mates are grouped by, pieces of prints, and scores in scores.csv."""

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks.error_rates.stated import Compared, _groups, _mates
from benchmarks.pieces import mirrored, neighboring, write_piece
from benchmarks.scores import ScoreTable, write_scores
from matcher.fingerprint.comparison.compare import compare, prepare
from matcher.scoring.calibration import Calibration, Tail
from tests.unit.fingerprint.compared_prints import made_up, template_of


def compared() -> Compared:
    """Two strangers within set a, one across, and one mated pair; fingers are even numbers, mirror images odd."""
    return Compared(
        score=np.array([5.0, 25.0, 12.0, 88.0]),
        fingers=np.array([[0, 2], [0, 3], [0, 4], [0, 0]]),
        is_mated=np.array([False, False, False, True]),
        smaller=np.array([4, 20, 20, 30]),
        overlap_mm2=np.array([5.0, np.nan, 60.0, 120.0]),
        quality=np.array([[80, 20], [80, 60], [80, 60], [80, 80]]),
        kind=np.array(["4 neighbors", "whole", "whole", "whole"]),
        folders=np.array([["a", "a"], ["a", "a"], ["a", "b"], ["a", "a"]]),
    )


def test_strangers_are_grouped_by_what_there_was_to_see() -> None:
    groups = {name: sorted(group.score.tolist()) for name, group in _groups(compared()).items()}
    assert groups == {
        "all": [5.0, 12.0, 25.0],
        "set a": [5.0, 12.0, 25.0],
        "set b": [12.0],
        "whole": [12.0, 25.0],
        "4 neighbors": [5.0],
        "minutiae 3 to 5": [5.0],
        "minutiae 18 to 24": [12.0, 25.0],
        "overlap mm² 0 to 9": [5.0],
        "overlap mm² 50 to 99": [12.0],
        "quality 0 to 29": [5.0],
        "quality 50 to 69": [12.0, 25.0],
    }


def test_mates_are_told_by_what_they_reach() -> None:
    found = _mates(compared())
    assert set(found) == {"whole", "minutiae 25 to 39"}
    assert found["whole"]["median"] == 88.0
    assert (found["whole"]["reach_70"], found["whole"]["reach_90"]) == (1.0, 0.0)


def test_neighbors_are_the_nearest_minutiae_of_the_print() -> None:
    whole = made_up(1, 40)
    near = neighboring(whole, 8, np.random.default_rng(0))
    assert near is not None
    assert len(near) == 8
    assert {*near.x_px.tolist()} <= {*whole.x_px.tolist()}
    assert np.ptp(near.x_px) < 0.7 * np.ptp(whole.x_px)
    assert neighboring(made_up(1, 6), 8, np.random.default_rng(0)) is None


def test_a_mirror_image_is_another_finger_and_twice_mirrored_the_same() -> None:
    whole = made_up(1, 40)
    own = prepare(template_of(whole))
    assert compare(own, prepare(template_of(mirrored(whole)))) < compare(own, own) - 0.3
    back = mirrored(mirrored(whole))
    assert back.x_px == pytest.approx(whole.x_px, abs=0.1)
    assert compare(own, prepare(template_of(back))) > 0.9 * compare(own, own)


def test_a_piece_is_a_square_of_the_ridges(tmp_path: Path) -> None:
    import cv2

    ridges = 128 + 100 * np.sin(2 * np.pi * np.arange(300) / 9)
    image = np.full((400, 400), 255, np.uint8)
    image[50:350, 50:350] = np.tile(ridges, (300, 1)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "print.png"), image)
    sizes = set()
    for seed in range(4):
        write_piece(tmp_path / "print.png", 500.0, 115, tmp_path / "piece.png", np.random.default_rng(seed))
        piece = cv2.imread(str(tmp_path / "piece.png"), cv2.IMREAD_GRAYSCALE)
        sizes.add(piece.shape)
        assert piece.std() > 20
    assert sizes <= {(115, 115), (235, 235)}


def test_scores_stand_beside_similarities(tmp_path: Path) -> None:
    calibration = Calibration((0.0, 0.5), (0.0, 40.0), 40.0, 1000, "made up", Tail(0.1, 0.0, 90.0))
    pairs, identity = np.array([[0, 1], [1, 2]]), np.array([0, 0])
    table = ScoreTable(
        2, np.array([0.25, 0.6]), identity, pairs, np.array([-np.inf]), np.array([[0, 1]]), np.array([[0, 2]])
    )
    for given, expected in (
        (calibration, [("20.00", "0"), ("44.34", "1"), ("0.00", "0")]),
        (None, [("", "")] * 3),
    ):
        write_scores(tmp_path / "scores.csv", [("set", ["a", "b", "c"], table)], given)
        with (tmp_path / "scores.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(row["score"], row["extrapolated"]) for row in rows] == expected
