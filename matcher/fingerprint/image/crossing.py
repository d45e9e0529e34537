"""Two prints upon each other: squares in which two wave patterns of a ridge's period cross.

One finger's ridges run one way in a square of 3 mm, except around its few singular points. The spectrum of a square
where two prints cross has two separate peaks of like height.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.image.foreground import BLOCK_PX, Foreground
from matcher.samples import Uint8Array

_SIDE_PX: Final = 64
_STEP_PX: Final = 32
_SHRINKING: Final = 2  # half resolution shows ridges well enough, in a quarter of the time
_SIDE: Final = _SIDE_PX // _SHRINKING
_LEAST_MASK_SHARE: Final = 0.8
_PERIOD_PX: Final = (5.0, 15.0)
_SECTORS: Final = 18  # of 10 degrees
_LEAST_TURN: Final = 3  # sectors between the two peaks
_MOST_SQUARES: Final = 150

# Chosen on overprints made of the six sets, against their plain prints and degraded ones.
_LEAST_WAVE_SHARE: Final = 0.6  # of the square's power in the band of ridges: the others are too poor to tell
_LEAST_SECOND: Final = 0.45  # of the first peak
_MOST_VALLEY: Final = 0.35  # of the second peak, between the two on either side
_LEAST_SQUARES: Final = 8


def crossing_share(pixels: Uint8Array, foreground: Foreground) -> float:
    """0-1, of the telling squares of a print: those in which two patterns cross. pixels: uint8 (height, width) at 500
    ppi; foreground: of the same image."""
    squares = _squares(pixels, foreground.mask)
    if not len(squares):
        return 0.0
    squares = (squares - squares.mean(axis=(1, 2), keepdims=True)) * _window()
    power = np.square(np.abs(np.fft.rfft2(squares))).reshape(len(squares), -1).astype(np.float32)
    by_sector = power @ _sectors()
    telling = by_sector.sum(axis=1) > _LEAST_WAVE_SHARE * power.sum(axis=1)
    crossing = telling & (_second_peak(by_sector) > _LEAST_SECOND)
    return float(crossing.sum()) / max(float(telling.sum()), _LEAST_SQUARES)


def _squares(pixels: Uint8Array, mask: npt.NDArray[np.bool_]) -> Float32Array:
    """float32 (n, side, side): those that lie on ridges; of a large print every second or third."""
    blocks = _SIDE_PX // BLOCK_PX
    places = [
        (top, left)
        for top in range(0, pixels.shape[0] - _SIDE_PX + 1, _STEP_PX)
        for left in range(0, pixels.shape[1] - _SIDE_PX + 1, _STEP_PX)
        if mask[top // BLOCK_PX :, left // BLOCK_PX :][:blocks, :blocks].mean() > _LEAST_MASK_SHARE
    ]
    places = places[:: -(-len(places) // _MOST_SQUARES) or 1]
    half = cv2.resize(pixels, None, fx=1 / _SHRINKING, fy=1 / _SHRINKING, interpolation=cv2.INTER_AREA)
    cut = [half[top : top + _SIDE, left : left + _SIDE] for top, left in np.array(places, dtype=int) // _SHRINKING]
    return np.asarray(cut, dtype=np.float32).reshape(-1, _SIDE, _SIDE)


@cache
def _window() -> Float32Array:
    side = np.hanning(_SIDE)
    return np.outer(side, side).astype(np.float32)


@cache
def _sectors() -> Float32Array:
    """float32 (frequencies, sectors): how much a frequency of ridges belongs to each direction."""
    across, along = np.fft.fftfreq(_SIDE, _SHRINKING)[:, None], np.fft.rfftfreq(_SIDE, _SHRINKING)[None, :]
    radius, angle = np.hypot(across, along), np.arctan2(across, along)
    shortest, longest = _PERIOD_PX
    band = ((radius >= 1 / longest) & (radius <= 1 / shortest)).astype(np.float64)
    band[:, 0] *= 0.5  # rfft2 has these twice
    centers = (np.arange(_SECTORS) + 0.5) * np.pi / _SECTORS
    turn = np.abs(np.mod(angle[..., None] - centers + np.pi / 2, np.pi) - np.pi / 2)
    weights = np.clip(1 - turn * _SECTORS / np.pi, 0, 1) * band[..., None]
    return np.asarray(weights.reshape(-1, _SECTORS), dtype=np.float32)


def _second_peak(by_sector: Float32Array) -> Float32Array:
    """float32 (n,): height of the second peak against the first, 0 where there is none that stands alone."""
    rows = np.arange(len(by_sector))[:, None]
    turned = by_sector[rows, (by_sector.argmax(axis=1)[:, None] + np.arange(_SECTORS)) % _SECTORS]
    best = np.zeros(len(by_sector), dtype=np.float32)
    for step in range(_LEAST_TURN, _SECTORS - _LEAST_TURN + 1):
        height = turned[:, step]
        valley = np.maximum(turned[:, 1:step].min(axis=1), turned[:, step + 1 :].min(axis=1))
        is_peak = (height >= turned[:, step - 1]) & (height >= turned[:, (step + 1) % _SECTORS])
        stands = is_peak & (valley < _MOST_VALLEY * height)
        best = np.maximum(best, np.where(stands, height / (turned[:, 0] + 1e-9), 0.0).astype(np.float32))
    return best
