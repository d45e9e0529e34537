"""Generated captures as many sensors might give them: uint8 (height, width) at about 500 ppi."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.generated_prints import CaptureConditions, impression, master_print

Uint8Array = npt.NDArray[np.uint8]
SIZE_PX = (352, 416)  # width, height
CROP_PX = 224
_FIRST_SEED = 9100


def crops(finger: int, count: int) -> list[Uint8Array]:
    """Squares of CROP_PX from `count` captures of one generated finger."""
    master, random = master_print(_FIRST_SEED + finger), np.random.default_rng(finger)
    found = []
    for number in range(count):
        conditions = CaptureConditions(
            pressure=random.uniform(-0.8, 0.8),
            noise=random.uniform(0.3, 2.6),
            scratch_count=float(random.choice([0, 2, 4, 6])),
            contact=random.uniform(0.5, 0.95),
        )
        width, height = SIZE_PX
        captured = impression(master, number + 1, conditions=conditions, width_px=width, height_px=height)
        pixels = _as_another_sensor(captured.astype(np.float32), random)
        top, left = (2 * int(random.integers(0, (side - CROP_PX) // 2)) for side in (height, width))
        found.append(pixels[top : top + CROP_PX, left : left + CROP_PX])
    return found


def _as_another_sensor(pixels: npt.NDArray[np.float32], random: np.random.Generator) -> Uint8Array:
    """Turned and scaled, another gamma, blur, uneven light, contrast and noise."""
    width, height = SIZE_PX
    if random.random() < 0.5:
        angle = random.uniform(-180, 180) if random.random() < 0.5 else random.uniform(-20, 20)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, random.uniform(0.85, 1.18))
        pixels = cv2.warpAffine(pixels, turn, SIZE_PX, borderValue=float(np.median(pixels[0])))
    pixels = 255 * np.clip(pixels / 255, 0, 1) ** random.uniform(0.6, 1.7)
    if random.random() < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.4, 1.4))
    if random.random() < 0.3:
        rows, columns = np.mgrid[0:height, 0:width]
        slope_x, slope_y, phase = random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(0, 6)
        pixels = pixels * (0.75 + 0.25 * np.sin((columns * slope_x + rows * slope_y) / 120 + phase))
    dark = random.uniform(0, 110)
    light = min(255.0, dark + random.uniform(60, max(65.0, 255 - dark)))
    pixels = dark + (light - dark) * pixels / 255 + random.normal(0, random.uniform(0, 4), pixels.shape)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
