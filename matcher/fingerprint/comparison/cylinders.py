"""Minutia cylinders: what lies around each minutia, seen in its own direction.

After R. Cappelli, M. Ferrara, D. Maltoni, "Minutia Cylinder-Code: a new representation and matching technique for
fingerprint recognition", IEEE PAMI 32(12), 2010. A cylinder is a disc of cells around the minutia, turned into its
direction, times sections of direction difference; each neighbor spreads a Gaussian over the cells near it. Two
things differ: a neighbor counts as much as its quality, since many weak minutiae help only while their weight is
honest, and values stay real numbers, because descriptors.py projects them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.vector.kernels.arrays import empty, zeros
from matcher.fingerprint.comparison.kernel import kernel, kernel_part
from matcher.fingerprint.minutia_set import MinutiaSet

# Chosen on the six development sets, where the error rates are flat around them (docs/fingerprints.md).
RADIUS_PX: Final = 70.0
SIDE_CELLS: Final = 10
SECTION_COUNT: Final = 6
SPATIAL_SIGMA_PX: Final = 7.5
DIRECTION_SIGMA_RAD: Final = 0.85

_REACH_PX: Final = 3.0 * SPATIAL_SIGMA_PX
_SQUARED_REACH_PX: Final = (RADIUS_PX + _REACH_PX) ** 2
_CELL_PX: Final = 2.0 * RADIUS_PX / SIDE_CELLS
_FIRST_CELL_PX: Final = -0.5 * (SIDE_CELLS - 1) * _CELL_PX
_TURN_STEPS: Final = 256
_OUTSIDE: Final = -1


def cylinder_length() -> int:
    """Numbers in one cylinder."""
    return int(_cell_numbers().max() + 1) * SECTION_COUNT


def cylinders(minutiae: MinutiaSet, count: int) -> Float32Array:
    """float32 (count, cylinder_length()), >= 0, of the first count minutiae among themselves.

    The square root of each cell's sum, which evens out crowded and empty places.
    """
    sums = _spread(
        minutiae.x_px[:count].astype(np.float64),
        -minutiae.y_px[:count].astype(np.float64),
        minutiae.direction_rad[:count].astype(np.float64),
        minutiae.quality[:count].astype(np.float64),
        _cell_numbers(),
        _section_shares(),
        cylinder_length(),
    )
    return np.asarray(np.sqrt(sums), dtype=np.float32)


@lru_cache(maxsize=1)
def _cell_numbers() -> Int64Array:
    """int64 (SIDE_CELLS, SIDE_CELLS): number of the cell along and across the direction, _OUTSIDE the disc."""
    offsets = _FIRST_CELL_PX + np.arange(SIDE_CELLS) * _CELL_PX
    inside = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= RADIUS_PX**2
    numbers = np.full(inside.shape, _OUTSIDE, dtype=np.int64)
    numbers[inside] = np.arange(int(inside.sum()))
    return numbers


@lru_cache(maxsize=1)
def _section_shares() -> Float32Array:
    """float32 (_TURN_STEPS, SECTION_COUNT): how a neighbor turned by a step counts in each section.

    The integral of the direction Gaussian over the section, as in the paper.
    """
    width = 2.0 * math.pi / SECTION_COUNT
    shares = np.empty((_TURN_STEPS, SECTION_COUNT), dtype=np.float32)
    scale = DIRECTION_SIGMA_RAD * math.sqrt(2.0)
    for step in range(_TURN_STEPS):
        for section in range(SECTION_COUNT):
            away = (section + 0.5) * width - math.pi - 2.0 * math.pi * step / _TURN_STEPS
            away -= 2.0 * math.pi * math.floor((away + math.pi) / (2.0 * math.pi))
            upper, lower = math.erf((away + width / 2.0) / scale), math.erf((away - width / 2.0) / scale)
            shares[step, section] = 0.5 * (upper - lower)
    return shares


@kernel
def _spread(x, y, direction, weight, numbers, shares, length):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """float32 (n, length): sums of the neighbors' Gaussians. y upwards."""
    count, side, sections = len(x), numbers.shape[0], shares.shape[1]
    sums = zeros((count, length), np.float32)
    along_height, across_height = empty(side, np.float32), empty(side, np.float32)
    steepness = 0.5 / (SPATIAL_SIGMA_PX * SPATIAL_SIGMA_PX)
    for center in range(count):
        cosine, sine = math.cos(direction[center]), math.sin(direction[center])
        cylinder = sums[center]
        for other in range(count):
            dx, dy = x[other] - x[center], y[other] - y[center]
            if other == center or dx * dx + dy * dy > _SQUARED_REACH_PX:
                continue
            along, across = cosine * dx + sine * dy - _FIRST_CELL_PX, cosine * dy - sine * dx - _FIRST_CELL_PX
            turn = (direction[center] - direction[other]) / (2.0 * math.pi)
            share = shares[int((turn + 2.0) * _TURN_STEPS + 0.5) % _TURN_STEPS]
            first_a, last_a = _cells_near(along)
            first_b, last_b = _cells_near(across)
            for a in range(first_a, last_a):
                away = along - a * _CELL_PX
                along_height[a] = weight[other] * math.exp(-steepness * (away * away))
            for b in range(first_b, last_b):
                away = across - b * _CELL_PX
                across_height[b] = math.exp(-steepness * (away * away))
            for a in range(first_a, last_a):
                for b in range(first_b, last_b):
                    if numbers[a, b] != _OUTSIDE:
                        height = along_height[a] * across_height[b]
                        first = numbers[a, b] * sections
                        for section in range(sections):
                            cylinder[first + section] += height * share[section]
    return sums


@kernel_part
def _cells_near(offset):  # type: ignore[no-untyped-def]
    """First and one past the last cell within reach of an offset from the first cell's center."""
    first = max(0, math.ceil((offset - _REACH_PX) / _CELL_PX))
    return first, min(SIDE_CELLS, math.floor((offset + _REACH_PX) / _CELL_PX) + 1)
