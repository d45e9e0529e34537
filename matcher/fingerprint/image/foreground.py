"""Where the ridges are: a mask, the ridge orientation, and the window worth looking at.

Ridges are strong in the band of 5 to 16 pixels a period, also where dryness or scratches leave them no common
direction, so local energy in that band makes the mask. Direction and how far gradients agree on it (coherence) come
from the smoothed structure tensor (Bazen and Gerez, "Systematic methods for the computation of the directional fields
and singular points of fingerprints", PAMI 2002); whether the area is a print at all is decided from these later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.samples import Uint8Array

T = TypeVar("T", bound=np.generic)

BLOCK_PX: Final = 8
"""One mask cell; about one ridge period at 500 ppi."""

# Chosen by looking at masks of every sensor at hand. The floors only have to keep flat background out.
_SMOOTHING_BLOCKS = 1.5
_BAND_FINE_PX, _BAND_COARSE_PX = 0.8, 3.5  # sigmas at half resolution
_LEAST_ENERGY_SHARE = 0.3  # of the 95th percentile of the image
_LEAST_ENERGY = 3.0  # gray levels
_CLOSING_BLOCKS = 5
_OPENING_BLOCKS = 5
_LEAST_PART_SHARE = 0.05  # of the largest part
_FRAME_PX = 3

_STRIDE_PX = 32
"""The network halves the image five times."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle in pixels, sides multiples of 32. It may reach beyond the image, where background is put."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """Ridge area of an image at 500 ppi, on a grid of 8 px; cell (r, c) covers pixels 8r..8r+7, 8c..8c+7.

    mask: bool (rows, columns), True where ridges are.
    orientation_rad: float32 (rows, columns) in [0, pi), ridge direction counter-clockwise from x, y up.
    coherence: float32 (rows, columns) in [0, 1], 1 where all gradients agree.
    energy: float32 (rows, columns), root mean square gray level in the band of ridges.
    All read-only.
    """

    mask: npt.NDArray[np.bool_]
    orientation_rad: Float32Array
    coherence: Float32Array
    energy: Float32Array

    @property
    def area_mm2(self) -> float:
        """Area of the mask; a cell is 0.165 square millimeters."""
        return float(self.mask.sum()) * (BLOCK_PX * 25.4 / 500) ** 2


def find_foreground(pixels: Uint8Array) -> Foreground:
    """pixels: uint8 (height, width) at 500 ppi. The mask is empty where nothing looks like ridges."""
    xx, yy, xy, energy = _structure(pixels)
    coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1.0)
    # The gradient stands across the ridge, and the image's y points down.
    orientation = np.mod(np.pi / 2 - 0.5 * np.arctan2(2 * xy, xx - yy), np.pi)
    mask = masked_by_energy(energy, float(np.percentile(energy, 95)))
    # np.mod of a tiny negative float32 may round up to pi itself.
    orientation = np.where(orientation >= np.float32(np.pi), np.float32(0), orientation)
    return Foreground(
        mask=mask,
        orientation_rad=_frozen(orientation.astype(np.float32)),
        coherence=_frozen(coherence.astype(np.float32)),
        energy=_frozen(energy.astype(np.float32)),
    )


def masked_by_energy(
    energy: Float32Array, strongest: float, within: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.bool_]:
    """bool: blocks with a good share of the strongest energy, as whole areas. within: what may be looked at."""
    strong = energy > max(_LEAST_ENERGY, _LEAST_ENERGY_SHARE * strongest)
    return _frozen(_clean((strong if within is None else strong & within).astype(np.uint8)))


def strong_blocks(foreground: Foreground) -> npt.NDArray[np.bool_]:
    """bool: every block that is not flat."""
    return _frozen(np.asarray(foreground.energy > _LEAST_ENERGY, dtype=np.bool_))


def window_of(foreground: Foreground, width_px: int, height_px: int) -> Window:
    """The smallest window that holds the mask, or the whole image where the mask is empty.

    Multiples of 32 leave a margin of 8 px on average; a wider one changed no error rate of the six sets.
    """
    rows, columns = np.flatnonzero(foreground.mask.any(axis=1)), np.flatnonzero(foreground.mask.any(axis=0))
    if not rows.size:
        return whole_window(width_px, height_px)
    top, height = _span(int(rows[0]), int(rows[-1]) + 1, height_px)
    left, width = _span(int(columns[0]), int(columns[-1]) + 1, width_px)
    return Window(left, top, width, height)


def whole_window(width_px: int, height_px: int) -> Window:
    """The whole image, centered in the next multiples of 32."""
    width, height = (-(-side // _STRIDE_PX) * _STRIDE_PX for side in (width_px, height_px))
    return Window(-((width - width_px) // 2), -((height - height_px) // 2), width, height)


def cut(pixels: Uint8Array, window: Window, background: int) -> Uint8Array:
    """The window of an image (height, width), filled up with the background gray level where it reaches beyond."""
    height, width = pixels.shape
    top, left = max(window.top_px, 0), max(window.left_px, 0)
    bottom, right = min(window.top_px + window.height_px, height), min(window.left_px + window.width_px, width)
    filled = np.full((window.height_px, window.width_px), background, dtype=np.uint8)
    filled[top - window.top_px : bottom - window.top_px, left - window.left_px : right - window.left_px] = pixels[
        top:bottom, left:right
    ]
    return filled


def background_level(pixels: Uint8Array) -> int:
    """Median gray level of the image's outermost rows and columns."""
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))


def _span(first_block: int, end_block: int, side_px: int) -> tuple[int, int]:
    """Start and length of a window side: a multiple of 32, inside the image where the image is long enough."""
    wanted_start, wanted_end = first_block * BLOCK_PX, min(side_px, end_block * BLOCK_PX)
    length = -(-(wanted_end - wanted_start) // _STRIDE_PX) * _STRIDE_PX
    start = (wanted_start + wanted_end - length) // 2
    if length > side_px:
        return -((length - side_px) // 2), length
    return min(max(start, 0), side_px - length), length


def _structure(pixels: Uint8Array) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """Smoothed squares and product of the gradients, and energy in the band of ridges, one value a cell.

    Half resolution shows ridges well enough.
    """
    height, width = pixels.shape
    # Some sensors draw a frame line along the border, stronger than any ridge.
    inner = pixels[_FRAME_PX:-_FRAME_PX, _FRAME_PX:-_FRAME_PX]
    bottom, right = _FRAME_PX + -height % BLOCK_PX, _FRAME_PX + -width % BLOCK_PX
    padded = cv2.copyMakeBorder(inner, _FRAME_PX, bottom, _FRAME_PX, right, cv2.BORDER_REPLICATE)
    half = cv2.resize(padded, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    fine = cv2.GaussianBlur(half.astype(np.float32), (0, 0), _BAND_FINE_PX)
    band = fine - cv2.GaussianBlur(fine, (0, 0), _BAND_COARSE_PX)
    dx = cv2.Sobel(fine, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(fine, cv2.CV_32F, 0, 1, scale=1 / 8)
    size = (padded.shape[1] // BLOCK_PX, padded.shape[0] // BLOCK_PX)

    def averaged(product: npt.NDArray[np.float32]) -> Float32Array:
        cells = cv2.resize(product, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(cells, (0, 0), _SMOOTHING_BLOCKS), dtype=np.float32)

    return averaged(dx * dx), averaged(dy * dy), averaged(dx * dy), np.sqrt(averaged(band * band))


def _clean(mask: Uint8Array) -> npt.NDArray[np.bool_]:
    """Close gaps, drop thin parts, fill holes, keep the large parts."""
    # Closing would nibble at ridges that run out of the image, so their margin is repeated; opening must not have
    # it, or a thin strip along the border would pass for a print.
    pad = _CLOSING_BLOCKS
    padded = cv2.copyMakeBorder(mask, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disk(_CLOSING_BLOCKS))[pad:-pad, pad:-pad]
    opened = cv2.morphologyEx(
        closed, cv2.MORPH_OPEN, _disk(_OPENING_BLOCKS), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    cleaned = _large_parts(np.asarray(opened, dtype=np.uint8))
    outside = cv2.copyMakeBorder(cleaned, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), 2)
    return np.asarray(outside[1:-1, 1:-1] != 2, dtype=np.bool_)


def _large_parts(mask: Uint8Array) -> Uint8Array:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # the background
    return np.asarray((areas >= max(1.0, _LEAST_PART_SHARE * areas.max()))[labels], dtype=np.uint8)


def _disk(diameter: int) -> Uint8Array:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)), dtype=np.uint8)


def _frozen(cells: npt.NDArray[T]) -> npt.NDArray[T]:
    cells.setflags(write=False)
    return cells
