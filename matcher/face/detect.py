"""Where the faces of a picture are: which canvases are searched, and in which order.

1. The whole picture, shrunk to a long side of 640 px where it is longer, never enlarged. A 250 px photograph is
   searched on a 256 px canvas, at a twelfth of the cost of a fixed 640 px canvas.
2. Nothing found: the same smaller, with a black border around it. A face that fills the picture, as on a tight
   scan of an ID card or a 92 x 112 research picture, becomes one that the network knows.
3. Nothing found, or only faces so small that others may have been missed: finer scales in overlapping tiles, twice
   as fine each step, down to the pixels of the picture, at most TILE_LIMIT tiles in all. That bounds the time:
   about a third of a second on one core whatever the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from matcher.face.candidates import DetectorNetwork, FaceCandidates, joined, suppress_overlaps
from matcher.face.refine import LandmarkRefiner
from matcher.samples import FaceDetection, Uint8Array

LONG_SIDE_PX = 640
MULTIPLE_PX = 32
# Long side that the picture is shrunk to for the second search, on a canvas of twice that; and the least canvas.
BORDERED_SIDES_PX = (224, 112)
# Below this box side on the first canvas, its neighbors may have been too small to see.
SMALL_FACE_PX = 20
TILE_OVERLAP_PX = 128
TILE_LIMIT = 24


class FaceFinder:
    """Faces of a picture, largest first. Thread-safe.

    canvas_px: 0 where the network takes any canvas, else the fixed side of its square canvas.
    """

    def __init__(
        self,
        network: DetectorNetwork,
        *,
        overlap: float,
        canvas_px: int = 0,
        refiner: LandmarkRefiner | None = None,
    ) -> None:
        self._network = network
        self._overlap = overlap
        self._canvas_px = canvas_px
        self._refiner = refiner

    def find(self, pixels: Uint8Array) -> tuple[FaceDetection, ...]:
        """Faces of a BGR picture uint8 (height, width, 3). Raises SessionError."""
        found = self._search(pixels)
        points = found.landmarks_px if self._refiner is None else self._refiner.refine(pixels, found.boxes_px)
        areas = np.prod(found.boxes_px[:, 2:] - found.boxes_px[:, :2], axis=1)
        return tuple(
            FaceDetection(found.boxes_px[row], points[row], float(found.scores[row]))
            for row in np.argsort(-areas, kind="stable").tolist()
        )

    def _search(self, pixels: Uint8Array) -> FaceCandidates:
        long_side = max(pixels.shape[:2])
        scale = min(1.0, LONG_SIDE_PX / long_side)
        found = self._look(pixels, scale)
        if len(found) == 0:
            for side_px in BORDERED_SIDES_PX:
                found = self._look_with_border(pixels, side_px)
                if len(found):
                    return found
        sides = np.max(found.boxes_px[:, 2:] - found.boxes_px[:, :2], axis=1, initial=0.0) * scale
        if scale < 1.0 and sides.max(initial=0.0) < SMALL_FACE_PX:
            found = self._merged([found, *self._look_closer(pixels, scale)])
        return found

    def _look(self, pixels: Uint8Array, scale: float) -> FaceCandidates:
        view = pixels if scale == 1.0 else _resized(pixels, scale)
        return self._merged([self._network.find(self._canvas(view))]).moved(scale=view.shape[1] / pixels.shape[1])

    def _look_with_border(self, pixels: Uint8Array, side_px: int) -> FaceCandidates:
        scale = side_px / max(pixels.shape[:2])
        view = _resized(pixels, scale)
        border = side_px // 2
        canvas = cv2.copyMakeBorder(view, border, border, border, border, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        found = self._merged([self._network.find(self._canvas(np.asarray(canvas, np.uint8)))])
        return found.moved(scale=scale, x_px=-border / scale, y_px=-border / scale)

    def _look_closer(self, pixels: Uint8Array, scale: float) -> Iterator[FaceCandidates]:
        left = TILE_LIMIT
        while scale < 1.0 and left > 0:
            scale = min(1.0, scale * 2)
            view = _resized(pixels, scale)
            step = LONG_SIDE_PX - TILE_OVERLAP_PX
            for top in range(0, max(1, view.shape[0] - TILE_OVERLAP_PX), step):
                for start in range(0, max(1, view.shape[1] - TILE_OVERLAP_PX), step):
                    if left == 0:
                        return
                    left -= 1
                    tile = np.ascontiguousarray(view[top : top + LONG_SIDE_PX, start : start + LONG_SIDE_PX])
                    found = self._network.find(self._canvas(tile))
                    yield found.moved(scale=scale, x_px=start / scale, y_px=top / scale)

    def _canvas(self, view: Uint8Array) -> Uint8Array:
        height, width = view.shape[:2]
        if self._canvas_px:
            bottom, right = self._canvas_px - height, self._canvas_px - width
        else:
            bottom, right = -height % MULTIPLE_PX, -width % MULTIPLE_PX
        canvas = cv2.copyMakeBorder(view, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        return np.asarray(canvas, np.uint8)

    def _merged(self, parts: list[FaceCandidates]) -> FaceCandidates:
        return suppress_overlaps(joined(parts), self._overlap)


def _resized(pixels: Uint8Array, scale: float) -> Uint8Array:
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    view = cv2.resize(pixels, size, interpolation=method)
    return np.asarray(view, np.uint8)
