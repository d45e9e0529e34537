"""A second look at each face by the detector itself, upright and at the size at which it puts points best."""

from __future__ import annotations

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.align import CROP_PX, TEMPLATE_PX, similarity_transform
from matcher.face.candidates import DetectorNetwork, FaceCandidates
from matcher.samples import Uint8Array

# Distance between the eyes on the second canvas, as a share of its side.
EYE_DISTANCE_RATIO = 5 / 16
# Points whose middle is farther from where it was than this, as a share of the side, are those of another face.
LARGEST_SHIFT_RATIO = 5 / 32


class SecondLook:
    """Five points found again on a square canvas, a multiple of 32 px wide, on which the first ones lie like those of
    an aligned crop. The mean of both looks counts, whose errors partly cancel. Thread-safe."""

    def __init__(self, network: DetectorNetwork, *, side_px: int) -> None:
        self._network = network
        self._side_px = side_px
        template_px = np.asarray(TEMPLATE_PX, np.float64)
        eyes_px = float(np.linalg.norm(template_px[1] - template_px[0]))
        scale = side_px * EYE_DISTANCE_RATIO / eyes_px
        self._wanted_px = ((template_px - CROP_PX / 2) * scale + side_px / 2).astype(np.float32)

    def refine(self, pixels: Uint8Array, found: FaceCandidates) -> Float32Array:
        """Points float32 (n, 5, 2) px of the faces of a BGR picture; the first ones where nothing is seen there.
        Raises SessionError."""
        points = [self._look(pixels, first) for first in found.landmarks_px]
        return np.array(points, np.float32).reshape(-1, 5, 2)

    def _look(self, pixels: Uint8Array, first_px: Float32Array) -> Float32Array:
        matrix = similarity_transform(first_px, self._wanted_px)
        canvas = cv2.warpAffine(pixels, matrix, (self._side_px, self._side_px), flags=cv2.INTER_LINEAR)
        found = self._network.find(np.asarray(canvas, np.uint8))
        back = np.linalg.pinv(matrix[:, :2])  # of points that coincide there is no inverse, and nothing is found
        shifts = np.linalg.norm(found.landmarks_px.mean(axis=1) - self._wanted_px.mean(axis=0), axis=1)
        near = np.flatnonzero(shifts <= LARGEST_SHIFT_RATIO * self._side_px)
        if len(near) == 0:
            return first_px
        best = found.landmarks_px[near[np.argmax(found.scores[near])]]
        again = (best - matrix[:, 2]) @ back.T
        return np.asarray((first_px + again) / 2, np.float32)
