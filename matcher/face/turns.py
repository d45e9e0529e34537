"""Quarter turns of a picture, and coordinates back from them."""

from __future__ import annotations

import numpy as np

from index.arrays import Float32Array
from matcher.face.candidates import FaceCandidates
from matcher.samples import Uint8Array


def turned(pixels: Uint8Array, quarters: int) -> Uint8Array:
    """The picture turned counterclockwise by quarters x 90 degrees."""
    return pixels if quarters == 0 else np.ascontiguousarray(np.rot90(pixels, quarters))


def turned_back(found: FaceCandidates, quarters: int, *, height_px: int, width_px: int) -> FaceCandidates:
    """Candidates of a turned picture in pixels of the unturned one, which is height_px x width_px."""
    if quarters == 0:
        return found
    corners = _points_back(found.boxes_px.reshape(-1, 2, 2), quarters, height_px, width_px)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return FaceCandidates(boxes, found.scores, _points_back(found.landmarks_px, quarters, height_px, width_px))


def _points_back(points_px: Float32Array, quarters: int, height_px: int, width_px: int) -> Float32Array:
    x_px, y_px = points_px[..., 0], points_px[..., 1]
    back = {
        1: (width_px - 1 - y_px, x_px),
        2: (width_px - 1 - x_px, height_px - 1 - y_px),
        3: (y_px, height_px - 1 - x_px),
    }[quarters]
    return np.stack(back, axis=-1).astype(np.float32)
