"""Ridges that begin and end both ways: pairs of minutiae of opposite direction, put into a grown pattern.

Growth makes only the minutiae that its maps demand: where ridges fan out, each new one points the way they spread, so
that neighbors agree and strangers of one class resemble each other. In skin most minutiae answer no such demand and
point either way. A pattern is the cosine of a phase, and a minutia is a point around which that phase winds by a full
turn (K. Larkin, P. Fletcher: "A coherent framework for fingerprint analysis: are fingerprints holograms?", Optics
Express 15, 2007). A turn to the left and one to the right, some periods apart, add one piece of a ridge between them
and leave the pattern beyond as it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Complex64Array = NDArray[np.complex64]

# Where the amplitude falls below this share of its median, a minutia is near already.
QUIET_SHARE = 0.75
ATTEMPTS = 6  # places looked at for each pair wanted
REACH = 2.6  # in multiples of half a pair's length: as far the pair counts in full, and it fades over as much again


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """pairs_per_mm2: of the whole print. length_px: range of the distance within a pair, at 500 ppi. spacing_px: least
    distance of its ends to those of other pairs."""

    pairs_per_mm2: float
    length_px: tuple[float, float]
    spacing_px: float


USUAL = PairStatistics(pairs_per_mm2=0.028, length_px=(22.0, 100.0), spacing_px=15.0)


def insert_pairs(
    wave: Complex64Array,
    orientation: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    pixels_per_mm: float,
    statistics: PairStatistics = USUAL,
) -> Complex64Array:
    """The wave with pairs of opposite minutiae added: complex64 (height, width), a new array.

    wave: even plus i times odd part of the pattern along the orientation's normal; its sign convention may jump where
    orientation, radians in [0, pi), wraps. pixels_per_mm: resolution of both.
    """
    scale = pixels_per_mm * 25.4 / 500
    height_px, width_px = wave.shape
    wanted = int(rng.poisson(statistics.pairs_per_mm2 * wave.size / pixels_per_mm**2))
    amplitude = np.abs(wave)
    quiet = QUIET_SHARE * float(np.median(amplitude))
    changed, ends = wave.copy(), np.zeros((0, 2))
    for _ in range(ATTEMPTS * wanted):
        if len(ends) >= 2 * wanted:
            break
        length = scale * rng.uniform(*statistics.length_px)
        turn = rng.uniform(0, 2 * np.pi)
        first = rng.uniform((0, 0), (width_px - 1, height_px - 1))
        pair = np.stack([first, first + length * np.array([np.cos(turn), np.sin(turn)])])
        columns, rows = np.round(pair).astype(np.int64).T
        if columns.min() < 0 or rows.min() < 0 or columns.max() >= width_px or rows.max() >= height_px:
            continue
        distance = np.hypot(*(pair[:, None] - ends[None]).transpose(2, 0, 1))
        if amplitude[rows, columns].min() < quiet or distance.min(initial=np.inf) < scale * statistics.spacing_px:
            continue
        _wind(changed, orientation, pair)
        ends = np.concatenate([ends, pair])
    return changed


def _wind(wave: Complex64Array, orientation: NDArray[np.float32], pair: NDArray[np.float64]) -> None:
    """Add to the phase, in place, the angle under which the pair is seen: a full turn between its ends, none beyond."""
    middle, reach = pair.mean(axis=0), REACH * float(np.hypot(*(pair[1] - pair[0]))) / 2 + 6
    left, top = np.maximum(np.floor(middle - 2 * reach).astype(np.int64), 0)
    right, bottom = np.ceil(middle + 2 * reach).astype(np.int64) + 1
    part = wave[top:bottom, left:right]
    y, x = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]]
    place = x + 1j * y
    first, second = pair @ np.array([1, 1j])
    seen = np.angle((place - first) * np.conj(place - second))
    # The window lets the far field fade, which is small and smooth there.
    fade = np.clip(2 - np.abs(place - middle @ np.array([1, 1j])) / reach, 0, 1)
    turned = np.exp(1j * fade * seen)
    # The wave is known up to reversal; within the window it runs the way it does at the middle.
    column, row = np.clip(np.round(middle).astype(np.int64), 0, np.array(wave.shape[::-1]) - 1)
    against = np.cos(orientation[top:bottom, left:right] - orientation[row, column]) < 0
    part *= np.where(against, np.conj(turned), turned).astype(np.complex64)
