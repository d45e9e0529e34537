"""Alignment and suppression against plain statements of what they must do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.face.align import TEMPLATE_PX, align_face, similarity_transform
from matcher.face.candidates import FaceCandidates, joined, suppress_overlaps
from tests.unit.face.tiny_models import picture

ANGLES = st.floats(-180, 180)
SHIFTS = st.floats(-500, 500)


@given(angle_deg=ANGLES, scale=st.floats(0.05, 20), x_px=SHIFTS, y_px=SHIFTS)
def test_a_turned_scaled_and_moved_face_comes_back_exactly(
    angle_deg: float, scale: float, x_px: float, y_px: float
) -> None:
    turn = np.radians(angle_deg)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (TEMPLATE_PX @ matrix.T + [x_px, y_px]).astype(np.float64)
    found = similarity_transform(points)
    np.testing.assert_allclose(points @ found[:, :2].T + found[:, 2], TEMPLATE_PX, atol=2e-3)


@given(noise=st.lists(st.floats(-30, 30), min_size=10, max_size=10))
def test_the_transform_never_mirrors_and_no_other_similarity_is_nearer(noise: list[float]) -> None:
    points = TEMPLATE_PX + np.array(noise).reshape(5, 2)
    found = similarity_transform(points)
    assert np.linalg.det(found[:, :2]) > 0

    def distance(matrix: np.ndarray) -> float:
        return float(np.sum((points @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE_PX) ** 2))

    for change in (0.01, -0.01):
        for row, column in ((0, 2), (1, 2)):
            moved = found.copy()
            moved[row, column] += change
            assert distance(moved) >= distance(found) - 1e-6
        turned = found.copy()
        turned[:, :2] = turned[:, :2] @ np.array([[1, -change], [change, 1]])
        assert distance(turned) >= distance(found) - 1e-6


def test_points_of_no_extent_do_not_divide_by_zero() -> None:
    assert np.isfinite(similarity_transform(np.zeros((5, 2), np.float32))).all()


def test_an_aligned_face_has_its_points_on_the_template() -> None:
    image = picture(height=300, width=400)
    points = (TEMPLATE_PX * 1.5 + [120, 60]).astype(np.float32)
    for x_px, y_px in points.round().astype(int):
        image.pixels[y_px - 2 : y_px + 3, x_px - 2 : x_px + 3] = 255
    crop = align_face(image.pixels, points)
    assert crop.shape == (112, 112, 3)
    for x_px, y_px in TEMPLATE_PX.round().astype(int):
        assert crop[y_px, x_px, 0] > 200
    assert crop.mean() < 10


def candidates(boxes: list[tuple[float, float, float]], scores: list[float]) -> FaceCandidates:
    array = np.array([[x, y, x + side, y + side] for x, y, side in boxes], np.float32).reshape(-1, 4)
    return FaceCandidates(array, np.array(scores, np.float32), np.zeros((len(boxes), 5, 2), np.float32))


def overlap_of(one: np.ndarray, other: np.ndarray) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    areas = [float(np.prod(box[2:] - box[:2])) for box in (one, other)]
    return shared / (sum(areas) - shared)


BOXES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 60)), max_size=25)


@given(boxes=BOXES, seed=st.integers(0, 99), overlap=st.sampled_from([0.1, 0.3, 0.5]))
def test_suppression_keeps_the_best_of_what_overlaps(
    boxes: list[tuple[float, float, float]], seed: int, overlap: float
) -> None:
    scores = np.random.default_rng(seed).permutation(len(boxes)) / 100
    given_all = candidates(boxes, scores.tolist())
    kept = suppress_overlaps(given_all, overlap)
    assert list(kept.scores) == sorted(kept.scores, reverse=True)
    for row in range(len(given_all)):
        better = [
            overlap_of(kept.boxes_px[at], given_all.boxes_px[row]) > overlap
            for at in range(len(kept))
            if kept.scores[at] > given_all.scores[row]
        ]
        assert (given_all.scores[row] in kept.scores) == (not any(better))


def test_moving_and_joining_keep_pixels_of_the_picture() -> None:
    moved = candidates([(10, 20, 30)], [0.9]).moved(scale=0.5, x_px=-7, y_px=3)
    np.testing.assert_array_equal(moved.boxes_px, [[13, 43, 73, 103]])
    np.testing.assert_array_equal(moved.landmarks_px[0], np.tile([-7, 3], (5, 1)))
    assert len(joined([moved, candidates([], []), moved])) == 2
    assert joined([candidates([], [])]).boxes_px.shape == (0, 4)


def test_nothing_found_stays_nothing() -> None:
    with np.errstate(all="raise"):
        assert len(suppress_overlaps(candidates([], []), 0.3)) == 0
    assert pytest.approx(0) == candidates([], []).scores.sum()
