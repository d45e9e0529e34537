"""The ridge pattern: grown from random seeds by Gabor filters tuned to local orientation and period.

Filters have an isotropic Gaussian envelope, so each is a pair of separable ones: 15 + 15 taps instead of 225.
Growth runs at 250 ppi, where a ridge period is still four pixels, and the result is enlarged.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.dislocations import Complex64Array, insert_pairs

ORIENTATION_BINS = 32
PERIOD_BINS = 5
Bank = list[tuple[float, float, NDArray[np.int64]]]
# The envelope lets three ridge peaks through (SFinGe's choice): exp(-(1.5 period)^2 / (2 sigma^2)) = 1e-3.
SIGMA_PERIODS = 1.5 / np.sqrt(2 * np.log(1000.0))
ITERATIONS = 28  # enough for fronts from the sparsest seeds to meet and for defects to settle
GAIN = 2.4
SETTLING = 2  # iterations after pairs were inserted: seams heal, while pairs have no time to meet and vanish


def grow_ridges(
    orientation: NDArray[np.float32],
    period_px: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    seed_spacing_px: float,
) -> NDArray[np.float32]:
    """Ridge pattern in [-1, 1], ridges positive, float32 (height, width) at 500 ppi.

    orientation: radians in [0, pi), y up. period_px: ridge period at 500 ppi. Both float32 (height, width).
    seed_spacing_px: mean distance of the points where growth begins; the closer, the more minutiae.
    """
    height_px, width_px = orientation.shape
    half = (width_px // 2, height_px // 2)
    doubled = cv2.resize(np.exp(2j * orientation).view(np.float32).reshape(height_px, width_px, 2), half)
    half_orientation = np.mod(np.arctan2(doubled[..., 1], doubled[..., 0]) / 2, np.pi)
    half_period = cv2.resize(period_px, half, interpolation=cv2.INTER_AREA) / 2
    bank = _filter_bank(half_orientation, half_period)
    field = _seeds(half, rng, spacing_px=seed_spacing_px / 2)
    for _ in range(ITERATIONS):
        field = _filtered(field, bank)
    wave = insert_pairs(_wave(field, bank), half_orientation, rng, pixels_per_mm=250 / 25.4)
    field = np.clip(GAIN * wave.real, -1, 1)
    for _ in range(SETTLING):
        field = _filtered(field, bank)
    return np.clip(cv2.resize(field, (width_px, height_px), interpolation=cv2.INTER_CUBIC), -1, 1)


def _seeds(size: tuple[int, int], rng: np.random.Generator, *, spacing_px: float) -> NDArray[np.float32]:
    """One at a random place of each cell of a grid, so that growth reaches every place."""
    width_px, height_px = size
    field = np.zeros((height_px, width_px), np.float32)
    columns, rows = max(1, round(width_px / spacing_px)), max(1, round(height_px / spacing_px))
    x = (np.arange(columns) + rng.random((rows, columns))) * width_px / columns
    y = (np.arange(rows)[:, None] + rng.random((rows, columns))) * height_px / rows
    field[y.astype(np.int64), x.astype(np.int64)] = 1.0
    return field


def _filter_bank(orientation: NDArray[np.float32], period_px: NDArray[np.float32]) -> Bank:
    """One (orientation, period, flat pixel indices) a filter that some pixel uses."""
    orientation_bin = np.round(orientation / np.pi * ORIENTATION_BINS).astype(np.int64) % ORIENTATION_BINS
    low, high = float(period_px.min()), float(period_px.max()) + 1e-6
    period_bin = ((period_px - low) / (high - low) * PERIOD_BINS).astype(np.int64)
    combined = (orientation_bin * PERIOD_BINS + period_bin).ravel()
    order = np.argsort(combined, kind="stable")
    keys, starts = np.unique(combined[order], return_index=True)
    bank = []
    for key, indices in zip(keys, np.split(order, starts[1:]), strict=True):
        angle = (key // PERIOD_BINS) * np.pi / ORIENTATION_BINS
        period = low + (key % PERIOD_BINS + 0.5) * (high - low) / PERIOD_BINS
        bank.append((float(angle), float(period), indices))
    return bank


def _filtered(field: NDArray[np.float32], bank: Bank) -> NDArray[np.float32]:
    # Clipping makes the pattern settle near two levels: it is the growth's only nonlinearity.
    return np.clip(GAIN * _responses(field, bank), -1, 1)


def _wave(field: NDArray[np.float32], bank: Bank) -> Complex64Array:
    """The pattern as a wave across its ridges: even plus i times odd part, complex64 (height, width)."""
    return (_responses(field, bank) + 1j * _responses(field, bank, odd=True)).astype(np.complex64)


def _responses(field: NDArray[np.float32], bank: Bank, *, odd: bool = False) -> NDArray[np.float32]:
    """Response of each pixel's own filter, float32 (height, width); odd: a quarter of a period ahead."""
    found = np.zeros(field.size, np.float32)
    means: dict[float, NDArray[np.float32]] = {}
    for angle, period, indices in bank:
        if not odd and period not in means:
            _, envelope = _envelope(period)
            means[period] = cv2.sepFilter2D(field, cv2.CV_32F, envelope, envelope).ravel()
        found[indices] = _odd(field, angle, period, indices) if odd else _even(field, angle, period, indices)
        if not odd:
            found[indices] -= _mean_gain(angle, period) * means[period][indices]
    return 2 * found.reshape(field.shape)


def _even(field: NDArray[np.float32], angle: float, period: float, indices: NDArray[np.int64]) -> NDArray[np.float32]:
    """Not yet without the mean."""
    band, flat = _band(field, period, indices)
    even_x, odd_x, even_y, odd_y = _taps(angle, period)
    response = cv2.sepFilter2D(band, cv2.CV_32F, even_x, even_y).ravel()[flat]
    response -= cv2.sepFilter2D(band, cv2.CV_32F, odd_x, odd_y).ravel()[flat]
    return np.asarray(response, np.float32)


def _odd(field: NDArray[np.float32], angle: float, period: float, indices: NDArray[np.int64]) -> NDArray[np.float32]:
    band, flat = _band(field, period, indices)
    even_x, odd_x, even_y, odd_y = _taps(angle, period)
    response = cv2.sepFilter2D(band, cv2.CV_32F, odd_x, even_y).ravel()[flat]
    response += cv2.sepFilter2D(band, cv2.CV_32F, even_x, odd_y).ravel()[flat]
    return np.asarray(-response, np.float32)


def _band(
    field: NDArray[np.float32], period: float, indices: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The rows that the filter's pixels lie in, with their neighborhood, and the pixels in them: no others are worth
    filtering."""
    width_px = field.shape[1]
    radius = _radius(period)
    rows = indices // width_px
    top, bottom = max(0, int(rows.min()) - radius), min(field.shape[0], int(rows.max()) + radius + 1)
    return field[top:bottom], indices - top * width_px


def _radius(period: float) -> int:
    return int(np.ceil(1.5 * period))


def _envelope(period: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets of the taps in pixels, and their Gaussian."""
    taps = np.arange(-_radius(period), _radius(period) + 1, dtype=np.float64)
    envelope = np.exp(-(taps**2) / (2 * (SIGMA_PERIODS * period) ** 2))
    return taps, envelope / envelope.sum()


@lru_cache(maxsize=ORIENTATION_BINS * PERIOD_BINS)
def _taps(angle: float, period: float) -> tuple[NDArray[np.float64], ...]:
    """Even and odd taps in x, then in y."""
    taps, envelope = _envelope(period)
    # The wave runs across the ridge; image rows grow downwards, so its y part changes sign.
    wave_x = 2 * np.pi / period * -np.sin(angle)
    wave_y = 2 * np.pi / period * -np.cos(angle)
    parts = [envelope * wave(rate * taps) for rate in (wave_x, wave_y) for wave in (np.cos, np.sin)]
    return tuple(parts)


def _mean_gain(angle: float, period: float) -> float:
    """What an even filter answers to a flat field."""
    even_x, odd_x, even_y, odd_y = (float(part.sum()) for part in _taps(angle, period))
    return even_x * even_y - odd_x * odd_y
