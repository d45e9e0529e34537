"""Five points to an upright 112 px crop."""

from __future__ import annotations

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.samples import Uint8Array

CROP_PX = 112
# Where left eye, right eye, nose and mouth corners lie in a 112 px crop: the five points that ArcFace and its
# successors were trained with (Deng et al., CVPR 2019).
TEMPLATE_PX: Float32Array = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


def similarity_transform(source_px: Float32Array, target_px: Float32Array = TEMPLATE_PX) -> Float32Array:
    """Rotation, scale and shift that brings source nearest to target in the least squares; never a reflection.

    source_px, target_px: float32 (n, 2). Returns float64 (2, 3). In two dimensions the solution is closed (Umeyama
    1991 without the reflection case).
    """
    source_mean, target_mean = source_px.mean(axis=0, dtype=np.float64), target_px.mean(axis=0, dtype=np.float64)
    source, target = source_px - source_mean, target_px - target_mean
    spread = max(float(np.sum(source**2)), 1e-9)
    cosine = float(np.sum(source * target)) / spread
    sine = float(np.sum(source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0])) / spread
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([linear, (target_mean - linear @ source_mean)[:, None]])


def align_face(pixels: Uint8Array, landmarks_px: Float32Array, *, side_px: int = CROP_PX) -> Uint8Array:
    """The aligned face: uint8 (side_px, side_px, 3) BGR, bilinear, black outside the picture.

    pixels: uint8 (height, width, 3) BGR; landmarks_px: float32 (5, 2).
    """
    matrix = similarity_transform(landmarks_px, TEMPLATE_PX * np.float32(side_px / CROP_PX))
    crop = cv2.warpAffine(pixels, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(crop, np.uint8)
