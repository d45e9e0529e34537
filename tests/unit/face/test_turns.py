"""Turned pictures: coordinates come back, and only a surer turned face wins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.face.candidates import FaceCandidates
from matcher.face.detect import FaceFinder
from matcher.face.turns import turned, turned_back
from matcher.samples import Uint8Array


@given(
    quarters=st.integers(0, 3),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_pixel_comes_back_to_where_it_was(quarters: int, height: int, width: int, place: tuple[float, float]) -> None:
    x_px, y_px = int(place[0] * (width - 1)), int(place[1] * (height - 1))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y_px, x_px] = 255
    rows, columns = np.nonzero(turned(pixels, quarters)[:, :, 0])
    point = np.array([columns[0], rows[0]], np.float32)
    found = FaceCandidates(np.tile(point, 2)[None], np.ones(1, np.float32), np.tile(point, (1, 5, 1)))
    back = turned_back(found, quarters, height_px=height, width_px=width)
    np.testing.assert_array_equal(back.landmarks_px[0], np.tile([x_px, y_px], (5, 1)))
    np.testing.assert_array_equal(back.boxes_px[0], [x_px, y_px, x_px, y_px])


class MarkNetwork:
    """Sees the bright mark, with a score that depends on the side of the canvas it lies at: upright is at the top."""

    def __init__(self, upright: float, upside_down: float) -> None:
        self._scores = (upright, upside_down)

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        rows, columns = np.nonzero(canvas[:, :, 0] > 128)
        nothing = FaceCandidates(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
        if not len(rows) or canvas.shape[0] > 224:  # what has a border around it is no concern here
            return nothing
        score = self._scores[0] if rows[0] < 32 else self._scores[1] if rows[0] > 150 else 0.0
        if score < 0.6:
            return nothing
        center = np.array([columns.mean(), rows.mean()], np.float32)
        box = np.concatenate([center - 20, center + 20])[None]
        return FaceCandidates(box, np.array([score], np.float32), np.tile(center, (1, 5, 1)))


def marked(quarters: int) -> Uint8Array:
    """A mark near the top of a 224 px picture, turned."""
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[10:20, 100:110] = 255
    return turned(pixels, quarters)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_picture_gives_its_face_in_its_own_pixels(quarters: int) -> None:
    finder = FaceFinder(MarkNetwork(0.95, 0.8), overlap=0.3, score_floor=0.6, sure_score=0.9)
    (face,) = finder.find(marked(quarters))
    rows, columns = np.nonzero(marked(quarters)[:, :, 0])
    np.testing.assert_allclose(face.landmarks_px[0], [columns.mean(), rows.mean()], atol=0.01)
    assert face.detection_score == pytest.approx(0.95)


def test_where_it_is_not_known_how_sure_is_sure_a_found_face_stays() -> None:
    finder = FaceFinder(MarkNetwork(0.95, 0.8), overlap=0.3, score_floor=0.6)
    assert finder.find(marked(2))[0].detection_score == pytest.approx(0.8)
    assert finder.find(marked(1))[0].detection_score == pytest.approx(0.95)


def test_a_little_more_score_does_not_turn_a_picture() -> None:
    finder = FaceFinder(MarkNetwork(0.85, 0.84), overlap=0.3, score_floor=0.6, sure_score=0.9)
    assert finder.find(marked(2))[0].detection_score == pytest.approx(0.84)


def test_a_weak_answer_in_a_turned_picture_makes_no_face_out_of_nothing() -> None:
    finder = FaceFinder(MarkNetwork(0.65, 0.0), overlap=0.3, score_floor=0.6, sure_score=0.9)
    assert finder.find(marked(1)) == ()
    assert len(finder.find(marked(0))) == 1
