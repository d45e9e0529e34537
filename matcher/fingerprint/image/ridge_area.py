"""The print inside what surrounds it: where cells show ridges, how many prints that makes, the mask cut down to them.

A frame, a scanner's black lid or a page of text is strong in the band of ridges too, and lies around the print, so the
mask of energy alone swallows both. Text, lines and edges do not make a periodic profile over a whole neighborhood of
cells; ridges do, also where half of them are blotched. So the print is the hull of the cells around which most show
ridges, and what lies beyond it was never a print.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.image.foreground import (
    BLOCK_PX,
    Foreground,
    find_foreground,
    masked_by_energy,
    strong_blocks,
)
from matcher.fingerprint.image.resolution import MOST_PIXEL_COUNT
from matcher.fingerprint.image.ridge_cells import CELL_BLOCKS, LONGEST_PERIOD_PX, RidgeCells, measure_cells
from matcher.samples import Uint8Array

_CELL_MM2: Final = (CELL_BLOCKS * BLOCK_PX * 25.4 / 500) ** 2

# A cell shows ridges where this much of its gray is one wave of a possible period. Chosen between the cells of prints,
# also blotched and dry ones, and those of text, faces and cloth.
_LEAST_WAVE_SHARE: Final = 0.22  # clarity times frequency share
_WAVE_PERIOD_PX: Final = (4.6, 17.0)
_NEIGHBORHOOD_CELLS: Final = 5
_LEAST_NEIGHBOR_SHARE: Final = 0.5
_LEAST_PART_CELLS: Final = 6
_LEAST_PART_SHARE: Final = 0.15  # of the largest part

# --- The distance of ridges.
_CLEAR_CLARITY: Final = 0.45
_CLEAR_FREQUENCY_SHARE: Final = 0.5
_TELLING_CLEAR_SHARE: Final = 0.2
_FINE_PERIOD_PX: Final = 7.4
_FINER_SCALE: Final = 2

# --- When a print is looked for inside its surroundings. Of the 480 prints of the six sets one in fifty has more than a
# quarter of its mask away from the ridges, and none has ridges weaker than half of the strongest.
_AWAY_BLOCKS: Final = 4
_MOST_AWAY_SHARE: Final = 0.25
_LEAST_RIDGE_STRENGTH: Final = 0.5
_KNOWN_RIDGES_MM2: Final = 30.0  # with less, what is away may be the print itself
_HULL_MARGIN_BLOCKS: Final = 2

# --- Faint prints. Of the 480 prints the faintest has 7.5 gray levels in its 150 strongest blocks (25 square
# millimeters); below 3 the mask takes a block for flat.
_STRONG_BLOCKS: Final = 150
_FAINT_ENERGY: Final = 6.0
_USUAL_ENERGY: Final = 20.0
_MOST_GAIN: Final = 20.0

# --- Several fingers. A flat finger is up to 19 mm wide and 25 mm long on the six sets, and two that touch are 23 mm.
_LEAST_FINGER_MM2: Final = 25.0
_LEAST_FINGER_SHARE: Final = 0.25  # of the larger one
_SEAM_TURN_RAD: Final = np.radians(40.0)
_SEAM_BLOCKS: Final = 3
_TWO_FINGERS_MM: Final = (21.5, 28.0)  # across, along
_LEAST_KEPT_SHARE: Final = 0.7  # of the cells, in the parts that a cut leaves; poor prints fall to crumbs instead
_NEIGHBOR_WIDTH_MM: Final = 9.0  # of the piece of the next print that the cell of a card shows


@dataclass(frozen=True, slots=True, eq=False)
class RidgeArea:
    """Where ridges are plain, on a grid of 16 px: cell (r, c) stands for the pixels around 16 r, 16 c.

    cells: uint8 (rows, columns), 1 where ridges are plain. area_mm2: what they cover.
    """

    cells: Uint8Array
    area_mm2: float


@dataclass(frozen=True, slots=True, eq=False)
class FoundPrint:
    """foreground, cells, area: of the print alone. pixels: uint8 (height, width), with more contrast where the print is
    faint, gain times as much. is_cut_out: something around the print was left out. period_px: median distance of the
    ridges, 0.0 where too few are clear to tell."""

    pixels: Uint8Array
    foreground: Foreground
    cells: RidgeCells
    area: RidgeArea
    gain: float = 1.0
    is_cut_out: bool = False
    period_px: float = 0.0


def find_print(pixels: Uint8Array, within: npt.NDArray[np.bool_] | None = None) -> FoundPrint:
    """pixels: uint8 (height, width) at 500 ppi. within: bool, foreground blocks that may be looked at."""
    foreground = find_foreground(pixels)
    gain = _gain(foreground.energy)
    if gain > 1.0:
        pixels = _stretched(pixels, gain)
        foreground = find_foreground(pixels)
    allowed = np.ones(foreground.mask.shape, dtype=np.bool_) if within is None else within
    if within is not None:
        foreground = replace(foreground, mask=foreground.mask & within)
    found = _measured(pixels, foreground)
    alone = _without_neighbors(found.area) if within is None else found.area
    if alone is not found.area or _is_surrounded(found):
        found = _cut_out(replace(found, area=alone), allowed)
    return replace(found, gain=gain, period_px=_period(found))


def _cut_out(whole: FoundPrint, allowed: npt.NDArray[np.bool_]) -> FoundPrint:
    """The print alone, where its ridges can be told from what surrounds it."""
    found, foreground = whole, whole.foreground
    if found.area.area_mm2 < _KNOWN_RIDGES_MM2:
        # Strong surroundings hide weak ridges from the mask: look wherever there is anything.
        everywhere = _measured(whole.pixels, replace(foreground, mask=strong_blocks(foreground) & allowed))
        found = _better(found, replace(everywhere, area=_without_neighbors(everywhere.area)))
    if not found.area.cells.any():
        return whole
    is_known = found.area.area_mm2 >= _KNOWN_RIDGES_MM2
    near = hull_of(found.area, foreground.mask.shape, _HULL_MARGIN_BLOCKS) & allowed if is_known else allowed
    plain = np.repeat(np.repeat(found.area.cells, CELL_BLOCKS, axis=0), CELL_BLOCKS, axis=1) > 0
    ridge_energy = float(np.median(foreground.energy[plain[: near.shape[0], : near.shape[1]]]))
    alone = _measured(whole.pixels, replace(foreground, mask=masked_by_energy(foreground.energy, ridge_energy, near)))
    return replace(alone, is_cut_out=True) if is_known else _better(whole, alone)


def shows_ridges(cells: RidgeCells) -> npt.NDArray[np.bool_]:
    """bool (n,): the cell's gray is mostly one wave of a possible ridge period."""
    shortest, longest = _WAVE_PERIOD_PX
    period = (cells.period_px >= shortest) & (cells.period_px <= longest)
    return np.asarray(period & (cells.clarity * cells.frequency_share > _LEAST_WAVE_SHARE), dtype=np.bool_)


def is_clear(cells: RidgeCells) -> npt.NDArray[np.bool_]:
    """bool (n,): the cell's ridges are clear enough to judge by."""
    clear = (cells.clarity > _CLEAR_CLARITY) & (cells.frequency_share > _CLEAR_FREQUENCY_SHARE)
    return np.asarray(clear & (cells.period_px < LONGEST_PERIOD_PX), dtype=np.bool_)


def ridge_area_of(cells: RidgeCells, shape: tuple[int, ...]) -> RidgeArea:
    """shape: of the foreground's mask."""
    plain = _large_parts(_dense(cells, shows_ridges(cells), shape))
    return RidgeArea(plain, float(plain.sum()) * _CELL_MM2 / cells.share)


def hull_of(area: RidgeArea, shape: tuple[int, ...], margin_blocks: int) -> npt.NDArray[np.bool_]:
    """bool, foreground blocks inside the convex hull of the plain ridges, grown by a margin."""
    hull = np.zeros(shape, dtype=np.uint8)
    points = cv2.findNonZero(area.cells)
    if points is not None:
        cv2.fillConvexPoly(hull, cv2.convexHull(points) * CELL_BLOCKS, 1)
        side = 2 * margin_blocks + 3
        hull = np.asarray(cv2.dilate(hull, np.ones((side, side), dtype=np.uint8)), dtype=np.uint8)
    return np.asarray(hull > 0, dtype=np.bool_)


def finger_count(found: FoundPrint) -> int:
    """How many prints lie apart from each other: parts of plain ridges, side by side also where they touch and only the
    ridges' direction breaks along a seam. Pieces of one finger, which a crease or dryness makes, lie within a finger's
    size."""
    pieces = found.area.cells & ~_seams(found.foreground)[::CELL_BLOCKS, ::CELL_BLOCKS]
    opened = cv2.morphologyEx(pieces, cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))
    least = _LEAST_KEPT_SHARE * float(found.area.cells.sum())
    cut = (_parts(cells) for cells in (pieces, np.asarray(opened, dtype=np.uint8)))
    touching = (_apart(parts, beside_only=True) for parts in cut if parts.areas.sum() >= least)
    return max(_apart(_parts(found.area.cells)), *touching, 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Connected parts of plain ridges that are not small beside the largest, largest first. boxes: int (n, 4), left,
    top, width, height in cells; centers: float (n, 2), x and y; areas: cells."""

    labels: npt.NDArray[np.int32]
    numbers: npt.NDArray[np.intp]
    boxes: npt.NDArray[np.int32]
    centers: npt.NDArray[np.float64]
    areas: npt.NDArray[np.int32]


def _parts(cells: Uint8Array) -> _Parts:
    _, labels, stats, centers = cv2.connectedComponentsWithStats(cells, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int32)
    areas[0] = 0
    large = np.flatnonzero((areas * _CELL_MM2 >= _LEAST_FINGER_MM2) & (areas >= _LEAST_FINGER_SHARE * areas.max()))
    large = large[np.argsort(-areas[large], kind="stable")]
    return _Parts(
        labels=np.asarray(labels, dtype=np.int32),
        numbers=large,
        boxes=np.asarray(stats[large, :4], dtype=np.int32),
        centers=np.asarray(centers[large], dtype=np.float64),
        areas=areas[large],
    )


def _apart(parts: _Parts, *, beside_only: bool = False) -> int:
    """Parts that are too far apart to be one finger; beside_only: side by side, not one above the other."""
    if len(parts.numbers) < 2:
        return len(parts.numbers)
    first, end = parts.boxes[:, :2].min(axis=0), (parts.boxes[:, :2] + parts.boxes[:, 2:]).max(axis=0)
    extent_mm = (end - first) * _CELL_MM2**0.5
    spread = np.ptp(parts.centers, axis=0)
    axis = 0 if spread[0] >= spread[1] else 1
    if axis == 1 and beside_only:
        return 1
    return len(parts.numbers) if extent_mm[axis] >= _TWO_FINGERS_MM[axis] else 1


def _without_neighbors(area: RidgeArea) -> RidgeArea:
    """Without pieces of other prints that the edge of the image cuts: narrow, at the left or right edge, apart."""
    parts = _parts(area.cells)
    if _apart(parts) < 2:
        return area
    width = area.cells.shape[1]
    left, right = parts.boxes[:, 0], parts.boxes[:, 0] + parts.boxes[:, 2]
    cut = (left <= 1) | (right >= width - 1)
    narrow = parts.boxes[:, 2] * _CELL_MM2**0.5 < _NEIGHBOR_WIDTH_MM
    neighbors = parts.numbers[1:][(cut & narrow)[1:]]
    if not neighbors.size:
        return area
    return replace(area, cells=np.asarray(area.cells * ~np.isin(parts.labels, neighbors), dtype=np.uint8))


def _period(found: FoundPrint) -> float:
    """Fine ridges blur, and only the widest of them stay clear: they are measured at twice the size."""
    period_px = _clear_period(found.cells, found.foreground.mask.shape)
    if period_px >= _FINE_PERIOD_PX or found.pixels.size * _FINER_SCALE**2 > MOST_PIXEL_COUNT:
        return period_px
    larger = cv2.resize(found.pixels, None, fx=_FINER_SCALE, fy=_FINER_SCALE, interpolation=cv2.INTER_CUBIC)
    pixels = np.asarray(larger, dtype=np.uint8)
    foreground = find_foreground(pixels)
    finer_px = _clear_period(measure_cells(pixels, foreground), foreground.mask.shape) / _FINER_SCALE
    return finer_px or period_px


def _clear_period(cells: RidgeCells, shape: tuple[int, ...]) -> float:
    """Median period of the clear cells that have most of their neighbors like them, as no line has; 0.0 where they are
    too few."""
    clear = _dense(cells, is_clear(cells), shape)[cells.row // CELL_BLOCKS, cells.column // CELL_BLOCKS] > 0
    if not len(cells) or clear.mean() < _TELLING_CLEAR_SHARE:
        return 0.0
    return float(np.median(cells.period_px[clear]))


def _measured(pixels: Uint8Array, foreground: Foreground) -> FoundPrint:
    cells = measure_cells(pixels, foreground)
    return FoundPrint(pixels, foreground, cells, ridge_area_of(cells, foreground.mask.shape))


def _gain(energy: Float32Array) -> float:
    """By how much to raise the contrast; 1 for every print that is not too faint for the mask."""
    count = min(_STRONG_BLOCKS, energy.size)
    strong = float(np.partition(energy.ravel(), energy.size - count)[energy.size - count])
    return min(_USUAL_ENERGY / max(strong, 1e-3), _MOST_GAIN) if strong < _FAINT_ENERGY else 1.0


def _stretched(pixels: Uint8Array, gain: float) -> Uint8Array:
    """The contrast raised around the middle gray of what is not flat, with as little clipping as there can be."""
    gray = (pixels.astype(np.float32) - float(np.median(pixels))) * gain
    low, high = np.percentile(gray, [1, 99])
    return np.asarray(np.clip(np.rint(gray + 127.5 - (low + high) / 2), 0, 255), dtype=np.uint8)


def _better(first: FoundPrint, second: FoundPrint) -> FoundPrint:
    return second if second.area.area_mm2 > first.area.area_mm2 else first


def _is_surrounded(found: FoundPrint) -> bool:
    """Whether the mask holds much that is not near plain ridges, or something much stronger than they are."""
    mask, energy = found.foreground.mask, found.foreground.energy
    away = mask & ~hull_of(found.area, mask.shape, _AWAY_BLOCKS)
    shown = shows_ridges(found.cells)
    if not shown.any() or float(away.sum()) > _MOST_AWAY_SHARE * float(mask.sum()):
        return True
    strongest = float(np.percentile(energy, 95))
    return float(np.median(energy[found.cells.row, found.cells.column][shown])) < _LEAST_RIDGE_STRENGTH * strongest


def _dense(cells: RidgeCells, flags: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Uint8Array:
    size = tuple(-(-side // CELL_BLOCKS) for side in shape)
    shown, measured = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    at = (cells.row // CELL_BLOCKS, cells.column // CELL_BLOCKS)
    shown[at], measured[at] = flags, 1.0
    most = _around(shown) > _LEAST_NEIGHBOR_SHARE * np.maximum(_around(measured), 1.0)
    return np.asarray(most & (shown > 0), dtype=np.uint8)


def _around(cells: Float32Array) -> Float32Array:
    """Sum over the neighborhood of each cell."""
    size = (_NEIGHBORHOOD_CELLS, _NEIGHBORHOOD_CELLS)
    summed = cv2.boxFilter(cells, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(summed, dtype=np.float32)


def _large_parts(plain: Uint8Array) -> Uint8Array:
    """Parts of plain cells, one missing cell apart at most, that are not small beside the largest."""
    grown = np.asarray(cv2.dilate(plain, np.ones((3, 3), dtype=np.uint8)), dtype=np.uint8)
    _, labels = cv2.connectedComponents(grown, connectivity=8)
    sizes = np.bincount(labels[plain > 0], minlength=1)
    if not sizes.any():
        return np.zeros_like(plain)
    kept = sizes >= max(_LEAST_PART_CELLS, _LEAST_PART_SHARE * float(sizes.max()))
    return np.asarray((plain > 0) & kept[np.minimum(labels, len(kept) - 1)], dtype=np.uint8)


def _seams(foreground: Foreground) -> Uint8Array:
    """1 where the ridge direction breaks within 2.4 mm from left to right or from top to bottom."""
    orientation, step = foreground.orientation_rad, _SEAM_BLOCKS
    broken = np.zeros(orientation.shape, dtype=np.uint8)
    for first, second, middle in (
        (orientation[:, : -2 * step], orientation[:, 2 * step :], (slice(None), slice(step, -step))),
        (orientation[: -2 * step], orientation[2 * step :], (slice(step, -step), slice(None))),
    ):
        turn = np.abs(np.mod(first - second + np.pi / 2, np.pi) - np.pi / 2)
        broken[middle] |= turn > _SEAM_TURN_RAD
    return broken
