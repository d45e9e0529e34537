"""What pressure, moisture and damage do to a print between the finger and the sensor."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.noise import smooth_noise

# Worn patches: the distance over which they vary, the level of unit noise above which skin is worn, and what a level 1
# above that does to roughness and depth of the ridges.
WORN_PX, WORN_FROM, WORN_ROUGHNESS, WORN_DEPTH = 45.0, 0.4, 0.4, 0.6


def contact_area(
    rng: np.random.Generator,
    source_x: NDArray[np.float32],
    source_y: NDArray[np.float32],
    master_shape: tuple[int, int],
    *,
    share: float,
) -> NDArray[np.float32]:
    """1 where the finger touches, 0 elsewhere, soft and irregular at the edge: float32, the shape of source_x.

    source_x, source_y: each pixel's position on the master print. share: of the master's half axes.
    """
    height_px, width_px = master_shape
    center_x = width_px / 2 + rng.normal(0, 10)
    # Fingers are put down flat or on the tip, so the area moves up and down more than sideways.
    center_y = height_px * 0.49 + rng.normal(0, 22)
    radius = np.hypot((source_x - center_x) / (width_px / 2 * share), (source_y - center_y) / (height_px / 2 * share))
    radius += 0.035 * smooth_noise(rng, source_x.shape, scale_px=40)
    radius += 0.02 * smooth_noise(rng, source_x.shape, scale_px=7)
    return np.clip((0.99 - radius) / 0.05, 0, 1).astype(np.float32)


def thicken(
    rng: np.random.Generator, ridges: NDArray[np.float32], *, pressure: float, wear: float
) -> NDArray[np.float32]:
    """Ink of ridges in [-1, 1]: float32 in [0, 1], same shape; pressure -1 thins the ridges, 1 floods the valleys.

    Moisture varies over the finger, so the level at which a ridge leaves ink varies with it. wear: 1 is usual; in worn
    patches ridges are low and rough, and what is found there is weak or false.
    """
    moisture = pressure * 0.45 + 0.16 * smooth_noise(rng, ridges.shape, scale_px=60)
    worn = wear * np.clip(smooth_noise(rng, ridges.shape, scale_px=WORN_PX) - WORN_FROM, 0, 1.5)
    # Ridge tops are uneven at the scale of pores: fine noise roughens the edges and opens small gaps.
    roughness = (0.22 + WORN_ROUGHNESS * worn) * smooth_noise(rng, ridges.shape, scale_px=3.5)
    soft = cv2.GaussianBlur(ridges, (0, 0), 1.0) * (1 - WORN_DEPTH * np.clip(worn, 0, 1))
    return np.asarray(1 / (1 + np.exp(-4.2 * (soft + moisture + roughness))), np.float32)


def scratch(rng: np.random.Generator, ink: NDArray[np.float32], *, mean_count: float) -> NDArray[np.float32]:
    """Removes ink along creases and scratches: straight or slightly bent white lines of 1 to 4 pixels."""
    height_px, width_px = ink.shape
    kept = np.ones_like(ink)
    for _ in range(int(rng.poisson(mean_count))):
        start = rng.uniform((0.15 * width_px, 0.15 * height_px), (0.85 * width_px, 0.85 * height_px))
        angle, length = rng.uniform(0, np.pi), rng.uniform(30, 140)
        along = np.linspace(0, 1, 12)[:, None]
        direction = np.array([np.cos(angle), np.sin(angle)])
        normal = np.array([-direction[1], direction[0]])
        bend = rng.normal(0, 0.05) * length * 4 * along * (1 - along)
        points = np.round((start + along * length * direction + bend * normal) * 8).astype(np.int32)
        cv2.polylines(kept, [points], False, 0.0, int(rng.integers(1, 4)), cv2.LINE_AA, 3)
    return ink * cv2.GaussianBlur(kept, (0, 0), 0.8)


def speckle(
    rng: np.random.Generator, ink: NDArray[np.float32], *, amount: float, pressure: float
) -> NDArray[np.float32]:
    """Small bright and dark blots, more bright ones on dry fingers; float32 in [0, 1]."""
    if amount <= 0:
        return ink
    grain = smooth_noise(rng, ink.shape, scale_px=2.2)
    # Noise comes in patches: where the skin is worn or the plate is dirty.
    patch = np.clip(0.5 + 0.5 * smooth_noise(rng, ink.shape, scale_px=50), 0, 1.6) * amount
    dryness = 0.5 - 0.5 * pressure
    bright = np.clip(grain * patch - (2.0 - 0.9 * dryness), 0, 1)
    dark = np.clip(-grain * patch - (2.3 + 0.5 * dryness), 0, 1) * (ink > 0.05)
    return np.clip(ink * (1 - bright) + 0.8 * dark, 0, 1).astype(np.float32)
