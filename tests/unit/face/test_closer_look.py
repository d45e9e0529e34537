"""Faces too small or too large for the first look: another one puts them right."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from matcher.face.candidates import FaceCandidates
from matcher.face.detect import FaceFinder
from matcher.face.turns import turned
from matcher.samples import Uint8Array

WHITE, GRAY = 255, 150
SIDE_PX = 40


class BlobNetwork:
    """Sees each bright square as a face; one of few pixels most of its side too far right, and less surely. Gray ones
    it sees only where they are small."""

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        _, _, blobs, _ = cv2.connectedComponentsWithStats((canvas[:, :, 0] > 100).astype(np.uint8))
        boxes, scores = [], []
        for left, top, width, height, _ in blobs[1:].tolist():
            is_small = width < SIDE_PX // 2
            if not is_small and canvas[top + height // 2, left + width // 2, 0] < WHITE - 50:
                continue
            shift = 0.7 * width if is_small else 0.0
            boxes.append([left + shift, top, left + width + shift, top + height])
            scores.append(0.7 if is_small else 0.95)
        box_array = np.array(boxes, np.float32).reshape(-1, 4)
        points = np.repeat(box_array[:, None, :2], 5, axis=1)
        return FaceCandidates(box_array, np.array(scores, np.float32), points)


def picture(*squares: tuple[int, int, int]) -> Uint8Array:
    """2,560 x 1,920 px with squares of SIDE_PX (left, top, level)."""
    pixels = np.zeros((1920, 2560, 3), np.uint8)
    for left, top, level in squares:
        pixels[top : top + SIDE_PX, left : left + SIDE_PX] = level
    return pixels


def test_a_face_seen_beside_its_place_does_not_count_twice() -> None:
    finder = FaceFinder(BlobNetwork(), overlap=0.3, score_floor=0.6)
    (face,) = finder.find(picture((1200, 800, WHITE)))
    np.testing.assert_allclose(face.box_px, [1200, 800, 1240, 840], atol=3)


def test_a_face_that_only_the_first_look_shows_stays() -> None:
    finder = FaceFinder(BlobNetwork(), overlap=0.3, score_floor=0.6)
    found = finder.find(picture((1200, 800, WHITE), (2000, 300, GRAY)))
    assert sorted(round(face.detection_score, 2) for face in found) == [0.7, 0.95]


def test_neighbors_that_touch_a_little_both_stay() -> None:
    finder = FaceFinder(BlobNetwork(), overlap=0.3, score_floor=0.6)
    assert len(finder.find(picture((1200, 800, WHITE), (1200 + SIDE_PX + 8, 800, WHITE)))) == 2


class PartNetwork:
    """Sees a bright square as a face: of a large one a part only, the smaller the larger it is."""

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        rows, columns = np.nonzero(canvas[:, :, 0] > 100)
        side = float(np.ptp(columns) + 1)
        half = side / 2 * (1.0 if side <= 160 else 0.8 if side <= 400 else 0.4)
        center = np.array([columns.mean(), rows.mean()], np.float32)
        box = np.concatenate([center - half, center + half])[None].astype(np.float32)
        return FaceCandidates(box, np.array([0.99], np.float32), np.tile(center, (1, 5, 1)))


def test_a_face_that_fills_a_large_picture_is_looked_at_until_it_is_small_enough() -> None:
    pixels = np.zeros((600, 600, 3), np.uint8)
    pixels[20:580, 20:580] = WHITE
    (face,) = FaceFinder(PartNetwork(), overlap=0.3, score_floor=0.6).find(pixels)
    np.testing.assert_allclose(face.box_px, [20, 20, 580, 580], atol=6)


class UprightNetwork:
    """Sees a square of 16 px or more as a face, surely where its upper half is the bright one. Its points are those
    of an upright face, whichever way it lies."""

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        _, _, blobs, _ = cv2.connectedComponentsWithStats((canvas[:, :, 0] > 100).astype(np.uint8))
        boxes, scores = [], []
        for left, top, width, height, _ in blobs[1:].tolist():
            if min(width, height) >= 16:
                boxes.append([left, top, left + width, top + height])
                halves = np.split(canvas[top : top + height // 2 * 2, left : left + width, 0], 2)
                scores.append(0.95 if halves[0].mean() > halves[1].mean() + 50 else 0.8)
        box_array = np.array(boxes, np.float32).reshape(-1, 4)
        points = np.repeat(box_array[:, None, :2], 5, axis=1)
        return FaceCandidates(box_array, np.array(scores, np.float32), points)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_small_face_of_a_turned_picture_is_found_upright(quarters: int) -> None:
    upright = picture((1200, 800, WHITE))
    upright[800 + SIDE_PX // 2 : 800 + SIDE_PX, 1200 : 1200 + SIDE_PX] = GRAY
    finder = FaceFinder(UprightNetwork(), overlap=0.3, score_floor=0.6, sure_score=0.9)
    pixels = turned(upright, quarters)
    (face,) = finder.find(pixels)
    assert face.detection_score == pytest.approx(0.95)
    rows, columns = np.nonzero(pixels[:, :, 0])
    expected = [columns.min(), rows.min(), columns.max(), rows.max()]
    np.testing.assert_allclose(face.box_px, expected, atol=3)
    # The first point is the upper left corner of the face, wherever that lies in the picture.
    mark = np.zeros_like(upright)
    mark[800, 1200] = WHITE
    (row,), (column,) = np.nonzero(turned(mark, quarters)[:, :, 0])
    np.testing.assert_allclose(face.landmarks_px[0], [column, row], atol=3)
