"""Where the faces of a picture are: which canvases are searched, and in which order.

1. The whole picture, shrunk to a long side of 640 px where it is longer, never enlarged. A 250 px photograph is
   searched on a 256 px canvas, at a twelfth of the cost of a fixed 640 px canvas.
2. Nothing found: the same smaller, with a black border around it. A face that fills the picture, as on a tight
   scan of an ID card or a 92 x 112 research picture, becomes one that the network knows.
   Likewise for faces that are large on the first canvas.
3. Nothing found, or nothing that the network is sure of: the picture on its sides and upside down. Phones and
   messengers drop the EXIF orientation, and an upside-down face is often found, less surely and with wrong points.
4. Nothing found, or only faces so small that others may have been missed: finer scales in overlapping tiles, twice
   as fine each step, down to the pixels of the picture, at most TILE_LIMIT tiles in all. Where the network is not sure
   of any face, the surest is looked at turned, and where that is surer the turned picture is searched in the same
   way. That bounds the time: on one core and a picture of 12 megapixels to about 0.4 seconds with YuNet and 0.7 with
   the built-in detector, twice that where the picture lies turned.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.candidates import DetectorNetwork, FaceCandidates, joined, suppress_overlaps
from matcher.face.refine import PointRefiner
from matcher.face.turns import turned, turned_back
from matcher.samples import FaceDetection, Uint8Array

LONG_SIDE_PX = 640
MULTIPLE_PX = 32
# Long side that the picture is shrunk to for the second search, on a canvas of twice that; and the least canvas.
BORDERED_SIDES_PX = (224, 112)
# A face larger than this on the first canvas is looked at again, shrunk to WANTED_FACE_PX: networks this small are
# unsure of large faces, and put their points less well.
LARGE_FACE_PX = 160
WANTED_FACE_PX = 100
LARGE_FACE_LOOKS = 3
# Below this box side on the first canvas, its neighbors may have been too small to see.
SMALL_FACE_PX = 20
# A turned picture wins only with this much more score, and where nothing upright was found, this much above the floor.
TURN_MARGIN = 0.02
TURN_FLOOR_MARGIN = 0.1
TILE_OVERLAP_PX = 128
TILE_LIMIT = 24
# Share of the smaller box in the other from which a closer look shows the same face, not its neighbor.
TOUCH = 0.1


class FaceFinder:
    """Faces of a picture, largest first. Thread-safe.

    canvas_px: 0 where the network takes any canvas, else the fixed side of its square canvas. score_floor: of the
    network. sure_score: from which an upright face is never mistaken for a turned one; 0 where that is not known.
    """

    def __init__(
        self,
        network: DetectorNetwork,
        *,
        overlap: float,
        score_floor: float,
        sure_score: float = 0.0,
        canvas_px: int = 0,
        refiner: PointRefiner | None = None,
    ) -> None:
        self._network = network
        self._overlap = overlap
        self._score_floor = score_floor
        self._sure_score = sure_score
        self._canvas_px = canvas_px
        self._refiner = refiner

    def find(self, pixels: Uint8Array) -> tuple[FaceDetection, ...]:
        """Faces of a BGR picture uint8 (height, width, 3). Raises SessionError."""
        quarters, found = self._search(pixels)
        if self._refiner is not None:
            points = self._refiner.refine(turned(pixels, quarters), found)
            found = FaceCandidates(found.boxes_px, found.scores, points)
        found = turned_back(found, quarters, height_px=pixels.shape[0], width_px=pixels.shape[1])
        areas = np.prod(found.boxes_px[:, 2:] - found.boxes_px[:, :2], axis=1)
        return tuple(
            FaceDetection(found.boxes_px[row], found.landmarks_px[row], float(found.scores[row]))
            for row in np.argsort(-areas, kind="stable").tolist()
        )

    def _search(self, pixels: Uint8Array) -> tuple[int, FaceCandidates]:
        """Counterclockwise quarter turns of the picture in which faces were found, and the faces in its pixels."""
        view = _resized(pixels, min(1.0, LONG_SIDE_PX / max(pixels.shape[:2])))
        scale = view.shape[1] / pixels.shape[1]
        found = self._look(view)
        for side_px in BORDERED_SIDES_PX:
            if len(found) == 0:
                found = self._look_with_border(view, side_px)
        largest_px = float(_sides_px(found).max(initial=0.0))
        found = self._with_large_faces_again(view, found)
        if _surest(found) < max(self._sure_score, self._score_floor):
            quarters, other = self._look_at_turns(view, found)
            if quarters:
                return quarters, other.moved(scale=scale)
        found = found.moved(scale=scale)
        if scale < 1.0 and largest_px < SMALL_FACE_PX:
            found = self._with_closer_looks(pixels, scale, found)
            quarters = self._turns_of_surest(pixels, found) if _surest(found) < self._sure_score else 0
            if quarters:
                other = self._look(turned(view, quarters)).moved(scale=scale)
                other = self._with_closer_looks(turned(pixels, quarters), scale, other)
                return (quarters, other) if len(other) else (0, found)
        return 0, found

    def _with_large_faces_again(self, view: Uint8Array, found: FaceCandidates) -> FaceCandidates:
        """Large faces seen again where they are small enough. Of one that fills the canvas a network may see a part
        only, so what was found says how small, until it is small."""
        shrunk = 1.0
        for _ in range(LARGE_FACE_LOOKS):
            largest_px = float(_sides_px(found).max(initial=0.0))
            if largest_px * shrunk <= LARGE_FACE_PX:
                break
            shrunk = WANTED_FACE_PX / largest_px
            again = self._look_with_border(view, round(max(view.shape[:2]) * shrunk))
            found = self._merged([_outside(found, again), again])
        return found

    def _look_at_turns(self, view: Uint8Array, upright: FaceCandidates) -> tuple[int, FaceCandidates]:
        """The quarter turns that the network is surer of than of the upright picture, and what it shows; else 0.

        The turns are compared at half the scale where the faces allow it, at a quarter of the cost.
        """
        is_large = bool(len(upright)) and _sides_px(upright).max() >= 4 * SMALL_FACE_PX
        small = _resized(view, 0.5) if is_large else view
        scores = [_surest(self._look(turned(small, quarters))) for quarters in (1, 2, 3)]
        before = _surest(self._look(small)) if is_large else _surest(upright)
        needed = before + TURN_MARGIN if len(upright) else self._score_floor + TURN_FLOOR_MARGIN
        quarters = int(np.argmax(scores)) + 1
        if scores[quarters - 1] <= needed:
            return 0, upright
        found = self._look(turned(view, quarters))
        return (quarters, found) if len(found) else (0, upright)

    def _with_closer_looks(self, pixels: Uint8Array, scale: float, found: FaceCandidates) -> FaceCandidates:
        for closer in self._look_closer(pixels, scale):
            found = self._merged([_not_outdone(found, closer), closer])
        return found

    def _turns_of_surest(self, pixels: Uint8Array, found: FaceCandidates) -> int:
        """Quarter turns in which the surroundings of the surest face show one more surely; 0 for none. A closer look
        finds faces on their side and upside down too, with wrong points."""
        if len(found) == 0:
            return 0
        left, top, right, bottom = found.boxes_px[np.argmax(found.scores)].astype(int).tolist()
        side = max(right - left, bottom - top, 1)
        around = pixels[max(0, top - side) : bottom + side, max(0, left - side) : right + side]
        view = _resized(np.ascontiguousarray(around), min(1.0, WANTED_FACE_PX / side))
        return self._look_at_turns(view, self._look(view))[0]

    def _look(self, view: Uint8Array) -> FaceCandidates:
        return self._merged([self._network.find(self._canvas(view))])

    def _look_with_border(self, pixels: Uint8Array, side_px: int) -> FaceCandidates:
        scale = side_px / max(pixels.shape[:2])
        view = _resized(pixels, scale)
        border = side_px // 2
        canvas = cv2.copyMakeBorder(view, border, border, border, border, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        found = self._merged([self._network.find(self._canvas(np.asarray(canvas, np.uint8)))])
        return found.moved(scale=scale, x_px=-border / scale, y_px=-border / scale)

    def _look_closer(self, pixels: Uint8Array, scale: float) -> Iterator[FaceCandidates]:
        """What each finer scale shows, in pixels of the picture."""
        left = TILE_LIMIT
        while scale < 1.0 and left > 0:
            scale = min(1.0, scale * 2)
            view = _resized(pixels, scale)
            step = LONG_SIDE_PX - TILE_OVERLAP_PX
            tops = range(0, max(1, view.shape[0] - TILE_OVERLAP_PX), step)
            starts = range(0, max(1, view.shape[1] - TILE_OVERLAP_PX), step)
            corners = [(top, start) for top in tops for start in starts][:left]
            left -= len(corners)
            parts = []
            for top, start in corners:
                tile = np.ascontiguousarray(view[top : top + LONG_SIDE_PX, start : start + LONG_SIDE_PX])
                found = self._network.find(self._canvas(tile))
                parts.append(found.moved(scale=scale, x_px=start / scale, y_px=top / scale))
            yield self._merged(parts)

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


def _outside(found: FaceCandidates, faces: FaceCandidates) -> FaceCandidates:
    """Those of found whose center lies in no box of faces: within a large face the network sees smaller ones."""
    centers = (found.boxes_px[:, None, :2] + found.boxes_px[:, None, 2:]) / 2
    inside = np.all((centers > faces.boxes_px[:, :2]) & (centers < faces.boxes_px[:, 2:]), axis=2)
    return found.at(np.flatnonzero(~inside.any(axis=1)))


def _not_outdone(found: FaceCandidates, closer: FaceCandidates) -> FaceCandidates:
    """Those of found that no surer face of a closer look touches: a face of few pixels is seen beside its place."""
    low = np.maximum(found.boxes_px[:, None, :2], closer.boxes_px[:, :2])
    high = np.minimum(found.boxes_px[:, None, 2:], closer.boxes_px[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(each.boxes_px[:, 2:] - each.boxes_px[:, :2], axis=1) for each in (found, closer)]
    touches = shared > TOUCH * np.minimum(areas[0][:, None], areas[1])
    return found.at(np.flatnonzero(~(touches & (closer.scores > found.scores[:, None])).any(axis=1)))


def _surest(found: FaceCandidates) -> float:
    return float(found.scores.max(initial=0.0))


def _sides_px(found: FaceCandidates) -> Float32Array:
    sides: Float32Array = np.max(found.boxes_px[:, 2:] - found.boxes_px[:, :2], axis=1, initial=0.0)
    return sides


def _resized(pixels: Uint8Array, scale: float) -> Uint8Array:
    if scale == 1.0:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    view = cv2.resize(pixels, size, interpolation=method)
    return np.asarray(view, np.uint8)
