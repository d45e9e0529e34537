"""Smooth random fields."""

import cv2
import numpy as np
from numpy.typing import NDArray


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], *, scale_px: float) -> NDArray[np.float32]:
    """Gaussian noise of unit variance that varies over about scale_px: float32 (height, width)."""
    height_px, width_px = shape
    coarse = (max(2, int(height_px / scale_px) + 3), max(2, int(width_px / scale_px) + 3))
    grid = rng.standard_normal(coarse, dtype=np.float32)
    noise = cv2.resize(grid, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)
