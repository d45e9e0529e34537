"""The part of an image that an examiner marked: a polygon, beyond which nothing is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from matcher.errors import RegionError
from matcher.fingerprint.image.foreground import BLOCK_PX
from matcher.samples import PointPx, Uint8Array
from matcher.texts.catalog import told

MOST_POINTS: Final = 1000
LEAST_AREA_PX: Final = 64 * 64
"""At 500 ppi, 10 square millimeters; below it no mark holds enough minutiae."""
_FEATHER_PX: Final = 12.0
_LEAST_BLOCK_SHARE: Final = 0.5


def check_region(region_px: Sequence[PointPx], width_px: int, height_px: int) -> None:
    """Raises RegionError: fewer than 3 points, too many, or a point outside the image."""
    if len(region_px) < 3:
        raise RegionError(told("print.region_points"))
    if len(region_px) > MOST_POINTS:
        raise RegionError(told("print.region_many", most=MOST_POINTS))
    points = np.asarray(region_px, dtype=np.float64)
    # Edges of the outermost pixels count as inside. Written so that NaN does not pass.
    inside = (points >= -0.5) & (points <= np.array([width_px, height_px]))
    if not inside.all():
        raise RegionError(told("print.region_outside", width=width_px, height=height_px))


def region_mask(region_px: Sequence[PointPx], image_size: tuple[int, int], shape: tuple[int, ...]) -> Uint8Array:
    """uint8 of that shape, 1 inside the polygon. image_size: width and height of the image whose pixels the region
    counts; shape: height and width of the same image at 500 ppi. Raises RegionError, also where it is too small."""
    check_region(region_px, *image_size)
    scale = np.array([shape[1] / image_size[0], shape[0] / image_size[1]])
    points = (np.asarray(region_px, dtype=np.float64) + 0.5) * scale - 0.5
    mask = np.zeros(shape[:2], dtype=np.uint8)
    fraction_bits = 4
    cv2.fillPoly(mask, [np.rint(points * 2**fraction_bits).astype(np.int32)], 1, shift=fraction_bits)
    if int(mask.sum()) < LEAST_AREA_PX:
        raise RegionError(told("print.region_small", mm2=f"{LEAST_AREA_PX * (25.4 / 500) ** 2:.0f}"))
    return mask


def blocks_of(mask: Uint8Array) -> npt.NDArray[np.bool_]:
    """bool, foreground blocks of which at least half lies inside."""
    height, width = mask.shape
    padded = cv2.copyMakeBorder(mask, 0, -height % BLOCK_PX, 0, -width % BLOCK_PX, cv2.BORDER_CONSTANT, value=0)
    shares = padded.reshape(padded.shape[0] // BLOCK_PX, BLOCK_PX, padded.shape[1] // BLOCK_PX, BLOCK_PX).mean(
        axis=(1, 3)
    )
    return np.asarray(shares >= _LEAST_BLOCK_SHARE, dtype=np.bool_)


def without_the_rest(pixels: Uint8Array, mask: Uint8Array) -> Uint8Array:
    """The pixels inside the mask; outside, the gray of the nearest ones inside runs out into their middle gray, so that
    the polygon's own outline is no line that could be taken for a ridge."""
    inside = mask.astype(np.float32)
    gray = pixels.astype(np.float32) * inside
    weight = cv2.GaussianBlur(inside, (0, 0), _FEATHER_PX)
    near = cv2.GaussianBlur(gray, (0, 0), _FEATHER_PX) + 1e-3 * float(pixels[mask > 0].mean())
    filled = near / (weight + 1e-3)
    return np.where(mask > 0, pixels, np.clip(np.rint(filled), 0, 255)).astype(np.uint8)
