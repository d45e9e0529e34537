"""How usable a face is, 0-100, and what to do about it."""

from __future__ import annotations

import numpy as np

from matcher.samples import FaceDetection, Quality, Uint8Array


def eye_distance_px(face: FaceDetection) -> float:
    """Pixels between the two eyes."""
    return float(np.linalg.norm(face.landmarks_px[1] - face.landmarks_px[0]))


def face_quality(face: FaceDetection, crop: Uint8Array, *, face_count: int) -> Quality:
    """Placeholder until the components are measured: size only."""
    score = int(np.clip(eye_distance_px(face) / 60.0 * 100.0, 0, 100))
    return Quality(score, ("too_small",) if score < 50 else ())
