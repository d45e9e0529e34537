"""Points found again on an upright canvas: carried back to the picture, or left as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.face.align import TEMPLATE_PX, similarity_transform
from matcher.face.candidates import FaceCandidates
from matcher.face.second_look import SecondLook

SIDE_PX = 160
PIXELS = np.zeros((300, 400, 3), np.uint8)


class _Network:
    """Sees faces at given points of the canvas, whatever it shows."""

    def __init__(self, *faces: np.ndarray) -> None:
        self._faces = faces
        self.canvases: list[np.ndarray] = []

    def find(self, canvas: np.ndarray) -> FaceCandidates:
        self.canvases.append(canvas)
        count = len(self._faces)
        scores = np.linspace(0.9, 0.8, count).astype(np.float32)
        return FaceCandidates(np.zeros((count, 4), np.float32), scores, np.array(self._faces).reshape(-1, 5, 2))


def found(points_px: np.ndarray) -> FaceCandidates:
    return FaceCandidates(np.zeros((1, 4), np.float32), np.ones(1, np.float32), points_px[None].astype(np.float32))


def wanted_px() -> np.ndarray:
    """Where the aligned points lie on the canvas: 50 px between the eyes."""
    return (TEMPLATE_PX - 56) * np.float32(50 / 35.2377) + SIDE_PX / 2


@given(st.floats(-180, 180), st.floats(0.3, 5), st.floats(20, 300), st.floats(20, 300), st.integers(0, 2**31 - 1))
def test_what_is_seen_on_the_canvas_is_carried_back(turn_deg, scale, x_px, y_px, seed):
    angle = np.deg2rad(turn_deg)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rough = TEMPLATE_PX @ linear.T + [x_px, y_px]
    off = np.random.default_rng(seed).normal(0, 2, (5, 2))
    network = _Network((wanted_px() + off).astype(np.float32))
    points = SecondLook(network, side_px=SIDE_PX).refine(PIXELS, found(rough))
    there = similarity_transform(rough.astype(np.float32), wanted_px())
    again = 2 * points[0] - rough  # the mean of both looks counts
    seen = again @ there[:, :2].T + there[:, 2]
    np.testing.assert_allclose(seen, wanted_px() + off, atol=0.02)
    assert network.canvases[0].shape == (SIDE_PX, SIDE_PX, 3)


@pytest.mark.parametrize("seen", [(), (wanted_px() + np.float32(40),)])
def test_where_nothing_or_another_face_is_seen_the_first_points_stay(seen):
    rough = TEMPLATE_PX * 2 + 30
    points = SecondLook(_Network(*seen), side_px=SIDE_PX).refine(PIXELS, found(rough))
    np.testing.assert_array_equal(points[0], rough)


def test_the_surest_of_those_in_place_counts():
    rough = TEMPLATE_PX * 2 + 30
    network = _Network(wanted_px() + np.float32(40), wanted_px() + np.float32(1), wanted_px() - np.float32(2))
    points = SecondLook(network, side_px=SIDE_PX).refine(PIXELS, found(rough))
    np.testing.assert_allclose(points[0], rough + 2 * 35.2377 / 50 / 2, atol=0.01)


def test_points_that_coincide_are_no_error():
    same = np.full((5, 2), 50, np.float32)
    points = SecondLook(_Network(wanted_px()), side_px=SIDE_PX).refine(PIXELS, found(same))
    assert np.isfinite(points).all()


def test_no_face_has_no_points():
    empty = FaceCandidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
    assert SecondLook(_Network(), side_px=SIDE_PX).refine(PIXELS, empty).shape == (0, 5, 2)
