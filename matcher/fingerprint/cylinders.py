"""Minutia cylinders: what lies around each minutia, seen in its own direction.

After R. Cappelli, M. Ferrara, D. Maltoni, "Minutia Cylinder-Code: a new representation and matching technique for
fingerprint recognition", IEEE PAMI 32(12), 2010. A cylinder is a disc of cells around the minutia, turned into its
direction, times sections of direction difference; each neighbor spreads a Gaussian over the cells near it. Two
things differ: a neighbor counts as much as its quality, since many weak minutiae help only while their weight is
honest, and values stay real numbers, because descriptors.py projects them.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from index.records import Float32Array
from matcher.fingerprint.kernel import kernel
from matcher.fingerprint.minutia_set import MinutiaSet

RADIUS_PX: Final = 75.0
SIDE_CELLS: Final = 10
SECTION_COUNT: Final = 6
SPATIAL_SIGMA_PX: Final = 9.0
DIRECTION_SIGMA_RAD: Final = 2.0 * math.pi / 9.0
_REACH_SIGMAS: Final = 3.0
# Chosen on the six development sets, see docs/fingerprints.md; the figures are flat around them.


def _cell_centers() -> Float32Array:
    """float32 (cells, 2): offsets in px, along and across the minutia's direction, inside the disc."""
    steps = (np.arange(SIDE_CELLS) - (SIDE_CELLS - 1) / 2.0) * (2.0 * RADIUS_PX / SIDE_CELLS)
    along, across = np.meshgrid(steps, steps, indexing="ij")
    inside = along**2 + across**2 <= RADIUS_PX**2
    return np.stack((along[inside], across[inside]), axis=1).astype(np.float32)


def cylinder_length() -> int:
    """Numbers in one cylinder."""
    return len(_cell_centers()) * SECTION_COUNT


def cylinders(minutiae: MinutiaSet) -> Float32Array:
    """float32 (n, cylinder_length()), >= 0: the square root of each cell, which evens out dense and sparse places."""
    values = _spread(
        minutiae.x_px.astype(np.float64),
        -minutiae.y_px.astype(np.float64),
        minutiae.direction_rad.astype(np.float64),
        minutiae.quality.astype(np.float64),
        _cell_centers().astype(np.float64),
        SECTION_COUNT,
        SPATIAL_SIGMA_PX,
        DIRECTION_SIGMA_RAD,
        RADIUS_PX + _REACH_SIGMAS * SPATIAL_SIGMA_PX,
    )
    return np.asarray(np.sqrt(values), dtype=np.float32)


@kernel
def _spread(x, y, direction, weight, cells, section_count, sigma, direction_sigma, reach):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Sum of the neighbors' Gaussians, float64 (n, cells * section_count). y upwards."""
    count, cell_count = len(x), len(cells)
    sections = 2.0 * math.pi / section_count
    values = np.zeros((count, cell_count * section_count))
    shares = np.empty(section_count)
    near = (3.0 * sigma) ** 2
    for center in range(count):
        cosine, sine = math.cos(direction[center]), math.sin(direction[center])
        for other in range(count):
            dx, dy = x[other] - x[center], y[other] - y[center]
            if other == center or dx * dx + dy * dy > reach * reach:
                continue
            along, across = cosine * dx + sine * dy, cosine * dy - sine * dx
            turned = direction[center] - direction[other]
            for section in range(section_count):
                away = (section + 0.5) * sections - math.pi - turned
                away -= 2.0 * math.pi * math.floor((away + math.pi) / (2.0 * math.pi))
                upper = math.erf((away + sections / 2.0) / (direction_sigma * math.sqrt(2.0)))
                lower = math.erf((away - sections / 2.0) / (direction_sigma * math.sqrt(2.0)))
                shares[section] = weight[other] * 0.5 * (upper - lower)
            for cell in range(cell_count):
                far = (cells[cell, 0] - along) ** 2 + (cells[cell, 1] - across) ** 2
                if far < near:
                    height = math.exp(-far / (2.0 * sigma * sigma))
                    for section in range(section_count):
                        values[center, cell * section_count + section] += height * shares[section]
    return values
