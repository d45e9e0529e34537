"""What a detector network returns, and how overlapping answers become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from index.arrays import Float32Array, Int64Array
from matcher.samples import Uint8Array


@dataclass(frozen=True, slots=True, eq=False)
class FaceCandidates:
    """boxes_px: float32 (n, 4) x1 y1 x2 y2; scores: float32 (n,) 0-1; landmarks_px: float32 (n, 5, 2), in the order
    of FaceDetection. Pixels of the canvas that was searched. May overlap."""

    boxes_px: Float32Array
    scores: Float32Array
    landmarks_px: Float32Array

    def __len__(self) -> int:
        return len(self.scores)

    def moved(self, *, scale: float, x_px: float = 0.0, y_px: float = 0.0) -> FaceCandidates:
        """The same in pixels of the picture that the canvas shows scaled by `scale`, its corner at (x_px, y_px)."""
        shift = np.array([x_px, y_px], np.float32)
        return FaceCandidates(
            self.boxes_px / np.float32(scale) + np.tile(shift, 2),
            self.scores,
            self.landmarks_px / np.float32(scale) + shift,
        )

    def at(self, rows: Int64Array) -> FaceCandidates:
        """Only those rows, in that order."""
        return FaceCandidates(self.boxes_px[rows], self.scores[rows], self.landmarks_px[rows])


class DetectorNetwork(Protocol):
    """One detector model behind an interface of one method. Thread-safe."""

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        """canvas: uint8 (height, width, 3) BGR, sides multiples of 32. Raises SessionError."""
        ...


def joined(parts: list[FaceCandidates]) -> FaceCandidates:
    """All candidates of several searches of one picture."""
    return FaceCandidates(
        np.concatenate([part.boxes_px for part in parts]).astype(np.float32).reshape(-1, 4),
        np.concatenate([part.scores for part in parts]).astype(np.float32),
        np.concatenate([part.landmarks_px for part in parts]).astype(np.float32).reshape(-1, 5, 2),
    )


def suppress_overlaps(candidates: FaceCandidates, overlap: float) -> FaceCandidates:
    """Greedy non-maximum suppression: best first, each one removing those whose intersection over union with it
    is above overlap."""
    boxes = candidates.boxes_px
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-candidates.scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        order = rest[shared <= overlap * (areas[best] + areas[rest] - shared)]
    return candidates.at(np.array(kept, np.int64))
