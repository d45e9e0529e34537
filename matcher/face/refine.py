"""A second look at each face that puts the five points where they belong."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.candidates import FaceCandidates
from matcher.packs.session import ModelSession
from matcher.packs.store import RefinerSpec
from matcher.samples import Uint8Array


class PointRefiner(Protocol):
    """Puts the five points of faces where they belong. Thread-safe."""

    def refine(self, pixels: Uint8Array, found: FaceCandidates) -> Float32Array:
        """Points float32 (n, 5, 2) px of the faces found in a BGR picture. Raises SessionError."""
        ...


class LandmarkRefiner:
    """Regression of five points from a small crop around each box. Thread-safe."""

    def __init__(self, session: ModelSession, spec: RefinerSpec) -> None:
        self._session = session
        self._spec = spec

    def refine(self, pixels: Uint8Array, found: FaceCandidates) -> Float32Array:
        """Points float32 (n, 5, 2) px of the faces in a BGR picture, from their boxes. Raises SessionError."""
        boxes_px = found.boxes_px
        if len(boxes_px) == 0:
            return np.zeros((0, 5, 2), np.float32)
        side = self._spec.side_ratio * np.maximum(boxes_px[:, 2] - boxes_px[:, 0], boxes_px[:, 3] - boxes_px[:, 1])
        center = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
        center[:, 1] -= self._spec.shift_up_ratio * (boxes_px[:, 3] - boxes_px[:, 1])
        corner = center - side[:, None] / 2
        crops = [self._crop(pixels, *row) for row in np.column_stack([corner, side]).tolist()]
        blob = cv2.dnn.blobFromImages(crops)  # BGR, 0-255, no mean
        output = self._session.run({self._session.input_names[0]: blob})[0].reshape(-1, 5, 2)
        points: Float32Array = (output * side[:, None, None] + corner[:, None]).astype(np.float32)
        return points

    def _crop(self, pixels: Uint8Array, left_px: float, top_px: float, side_px: float) -> Uint8Array:
        scale = self._spec.input_px / max(side_px, 1e-3)
        matrix = np.array([[scale, 0, -left_px * scale], [0, scale, -top_px * scale]])
        size = (self._spec.input_px, self._spec.input_px)
        crop = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(crop, np.uint8)
