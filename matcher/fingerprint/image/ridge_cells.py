"""Ridge clarity, cell by cell: what the quality score is made of.

Each cell is sampled in a window turned so that its ridges stand upright; the mean over the ridge direction is a
profile of ridges and valleys. From it come the features that ISO/IEC 29794-4 names: orientation certainty, local
clarity, ridge-valley uniformity and ridge frequency (there after Lim, Jiang and Yau, "Fingerprint quality and validity
analysis", ICIP 2002). This is no implementation of that standard's reference algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from matcher.fingerprint.image.foreground import BLOCK_PX, Foreground
from matcher.samples import Uint8Array

CELL_BLOCKS: Final = 2
"""Foreground blocks from one cell to the next, each way."""
_ACROSS: Final = 32  # samples across the ridges, a pixel apart: three ridges
_ALONG: Final = 8  # samples along the ridge, two pixels apart
_MOST_CELLS: Final = 2000
_SPECTRUM: Final = 128
_FIRST_BIN: Final = 5
_LAST_BIN: Final = 42
LONGEST_PERIOD_PX: Final = _SPECTRUM / _FIRST_BIN


@dataclass(frozen=True, slots=True, eq=False)
class RidgeCells:
    """Features of every second foreground block in each direction, float32 (n,) each.

    certainty: orientation coherence, 0-1.
    clarity: share of the gray variance that the ridge profile explains, 0-1; noise and breaks lower it.
    grain: share of the gray variance that changes within two pixels along the ridges; speckle and breaks raise it.
    frequency_share: share of the profile's power in its strongest frequency, 0-1.
    period_px: ridge period at that frequency, 3 to 26 pixels at 500 ppi; LONGEST_PERIOD_PX where the profile has no
        period but shading.
    dark_share: share of the profile below the middle between its extremes, 0-1; thin ridges lower it.
    ink_share: share of the pixels darker than the middle gray of the whole print, 0-1; closed valleys raise it.
    contrast: gray levels between the profile's extremes.
    row, column: int64 (n,), the foreground block of each. share: of the cells that were measured, above 0 to 1; a
        large print is sampled.
    """

    row: Int64Array
    column: Int64Array
    share: float
    certainty: Float32Array
    clarity: Float32Array
    grain: Float32Array
    frequency_share: Float32Array
    period_px: Float32Array
    dark_share: Float32Array
    ink_share: Float32Array
    contrast: Float32Array

    def __len__(self) -> int:
        return int(self.clarity.shape[0])


def measure_cells(pixels: Uint8Array, foreground: Foreground) -> RidgeCells:
    """pixels: uint8 (height, width) at 500 ppi, dark ridges; foreground: of the same image."""
    rows, columns, share = _chosen_cells(foreground.mask)
    patches = _turned(pixels, rows, columns, foreground.orientation_rad[rows, columns])
    profile = patches.mean(axis=1)
    slope = np.linspace(-1, 1, _ACROSS, dtype=np.float32)
    # Uneven pressure tilts the profile; that is no ridge.
    profile = profile - profile.mean(axis=1, keepdims=True)
    profile = profile - slope * (profile @ slope / (slope @ slope))[:, None]
    # One gray level squared keeps flat cells from dividing by nothing.
    total = patches.var(axis=(1, 2)) + 1.0
    steps = np.square(np.diff(patches, axis=1)).mean(axis=(1, 2)) / 2
    frequency_share, period_px = _strongest_frequency(profile)
    low, high = profile.min(axis=1), profile.max(axis=1)
    return RidgeCells(
        row=rows.astype(np.int64),
        column=columns.astype(np.int64),
        share=share,
        certainty=foreground.coherence[rows, columns],
        clarity=(profile.var(axis=1) / total).astype(np.float32),
        grain=(steps / total).astype(np.float32),
        frequency_share=frequency_share,
        period_px=period_px,
        dark_share=(profile < ((low + high) / 2)[:, None]).mean(axis=1, dtype=np.float32),
        ink_share=(patches < _middle_gray(patches)).mean(axis=(1, 2), dtype=np.float32),
        contrast=(high - low).astype(np.float32),
    )


def _chosen_cells(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], float]:
    rows, columns = np.nonzero(mask[::CELL_BLOCKS, ::CELL_BLOCKS])
    step = -(-len(rows) // _MOST_CELLS) if len(rows) else 1
    return rows[::step] * CELL_BLOCKS, columns[::step] * CELL_BLOCKS, 1.0 / step


def _turned(
    pixels: Uint8Array, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], orientation_rad: Float32Array
) -> Float32Array:
    """Windows around the cells, float32 (n, along, across), ridges upright."""
    across = np.arange(_ACROSS, dtype=np.float32) - (_ACROSS - 1) / 2
    along = 2 * (np.arange(_ALONG, dtype=np.float32) - (_ALONG - 1) / 2)
    cosine, sine = np.cos(orientation_rad)[:, None, None], np.sin(orientation_rad)[:, None, None]
    center_x = (columns * BLOCK_PX + (BLOCK_PX - 1) / 2).astype(np.float32)[:, None, None]
    center_y = (rows * BLOCK_PX + (BLOCK_PX - 1) / 2).astype(np.float32)[:, None, None]
    # The ridge runs along (cos, -sin) in the image, whose y points down; across it is (sin, cos).
    x = center_x + along[:, None] * cosine + across * sine
    y = center_y - along[:, None] * sine + across * cosine
    if not len(rows):
        return np.empty((0, _ALONG, _ACROSS), dtype=np.float32)
    flat = (len(rows) * _ALONG, _ACROSS)
    # cv2.remap takes at most 32,767 rows; _MOST_CELLS cells have 16,000.
    sampled = cv2.remap(pixels, x.reshape(flat), y.reshape(flat), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(len(rows), _ALONG, _ACROSS).astype(np.float32)


def _middle_gray(patches: Float32Array) -> float:
    """Half way between the darkest and the lightest pixels, a few outliers aside."""
    if not patches.size:
        return 0.0
    dark, light = np.percentile(patches[:, ::2, ::2], [3, 97])
    return float(dark + light) / 2


def _strongest_frequency(profile: Float32Array) -> tuple[Float32Array, Float32Array]:
    window = np.hanning(_ACROSS).astype(np.float32)
    power = np.abs(np.fft.rfft(profile * window, _SPECTRUM, axis=1)) ** 2
    strongest = _FIRST_BIN + power[:, _FIRST_BIN : _LAST_BIN + 1].argmax(axis=1)
    # Zero padding and the window spread one frequency over 8 bins either way.
    lobe = np.clip(strongest[:, None] + np.arange(-6, 7), 0, power.shape[1] - 1)
    share = np.take_along_axis(power, lobe, axis=1).sum(axis=1) / (power.sum(axis=1) + 1e-6)
    return np.minimum(share, 1).astype(np.float32), (_SPECTRUM / _between_bins(power, strongest)).astype(np.float32)


def _between_bins(power: Float32Array, strongest: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """The frequency's place between the bins, by a parabola; the first bin stays, for it stands for shading."""
    rows = np.arange(len(strongest))
    before, at, after = (power[rows, strongest + step].astype(np.float64) for step in (-1, 0, 1))
    curvature = before - 2 * at + after
    offset = 0.5 * (before - after) / np.where(curvature < 0, curvature, -np.inf)
    moved = np.where(strongest > _FIRST_BIN, np.clip(offset, -0.5, 0.5), 0.0)
    return np.asarray(strongest + moved, dtype=np.float64)
