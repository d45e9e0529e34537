"""Less of a print than was captured: pieces of the image, and neighboring minutiae of a template."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import ImageFile
from benchmarks.product_files import read_image
from matcher.fingerprint.comparison.descriptors import described_count
from matcher.fingerprint.image.foreground import find_foreground
from matcher.fingerprint.image.resolution import gray_at_500_ppi
from matcher.fingerprint.minutia_set import MinutiaSet

PIECE_SIDES_PX = (80, 95, 115, 135, 160, 190, 230)
"""At 500 ppi: 4 to 12 mm."""
NEIGHBOR_COUNTS = (4, 6, 8, 12, 16, 24)
_MARGIN_PX = 60


def write_piece(source: Path, ppi: float | None, side_px: int, target: Path, rng: np.random.Generator) -> None:
    """A square of side_px at a random place of the ridges, upright or turned, bare or on white; a PNG at 500 ppi."""
    pixels = gray_at_500_ppi(read_image(source, ppi=ppi))
    x, y = _place(pixels, side_px, rng)
    angle = float(rng.uniform(0.0, 360.0)) if rng.random() < 0.5 else 0.0
    move = cv2.getRotationMatrix2D((x, y), angle, 1.0)
    move[:, 2] += side_px / 2 - np.array([x, y])
    piece = cv2.warpAffine(pixels, move, (side_px, side_px), flags=cv2.INTER_CUBIC, borderValue=255)
    if rng.random() < 0.5:
        piece = np.pad(piece, _MARGIN_PX, constant_values=255)
    cv2.imwrite(str(target), piece)


def write_turned(source: Path, ppi: float | None, target: Path, rng: np.random.Generator) -> None:
    """The whole print, turned by any angle, on white; a PNG at 500 ppi."""
    pixels = gray_at_500_ppi(read_image(source, ppi=ppi))
    height, width = pixels.shape
    side = int(np.hypot(height, width)) + 1
    move = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(0.0, 360.0)), 1.0)
    move[:, 2] += [(side - width) / 2, (side - height) / 2]
    cv2.imwrite(str(target), cv2.warpAffine(pixels, move, (side, side), flags=cv2.INTER_CUBIC, borderValue=255))


def neighboring(minutiae: MinutiaSet, count: int, rng: np.random.Generator) -> MinutiaSet | None:
    """The count described minutiae nearest to a random one; None where there are not so many."""
    described = described_count(minutiae)
    if described < count:
        return None
    center = int(rng.integers(described))
    x, y = minutiae.x_px[:described], minutiae.y_px[:described]
    chosen = np.argsort(np.hypot(x - x[center], y - y[center]), kind="stable")[:count]
    return MinutiaSet.best_of(
        x_px=x[chosen],
        y_px=y[chosen],
        direction_rad=minutiae.direction_rad[chosen],
        kind=minutiae.kind[chosen],
        quality=minutiae.quality[chosen],
        width_px=minutiae.width_px,
        height_px=minutiae.height_px,
    )


def mirrored(minutiae: MinutiaSet) -> MinutiaSet:
    """As in a mirror: another finger, as far as comparison can tell, with the statistics of a real one."""
    return MinutiaSet.best_of(
        x_px=(minutiae.width_px - 1) - minutiae.x_px,
        y_px=minutiae.y_px,
        direction_rad=(np.pi - minutiae.direction_rad) % (2 * np.pi),
        kind=minutiae.kind,
        quality=minutiae.quality,
        width_px=minutiae.width_px,
        height_px=minutiae.height_px,
    )


def _place(pixels: NDArray[np.uint8], side_px: int, rng: np.random.Generator) -> tuple[float, float]:
    """A point of the ridges, where there is one with ridges all around it."""
    height, width = pixels.shape
    mask = np.asarray(find_foreground(pixels).mask, np.uint8)
    mask = np.pad(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), 1)
    reach = max(3, round(0.35 * side_px))
    inside = cv2.erode(mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))[1:-1, 1:-1]
    rows, columns = np.nonzero(inside if inside.any() else mask[1:-1, 1:-1])
    at = int(rng.integers(len(rows)))
    return float(columns[at]), float(rows[at])


def made_of(source: ImageFile, number: int, folder: Path) -> list[tuple[int, ImageFile]]:
    """A turned print, side 0, and a piece of every side in px: the same in every run."""
    rng = np.random.default_rng(number)
    made = []
    for side_px in (0, *PIECE_SIDES_PX):
        path = folder / f"{number}-{side_px or 'turned'}.png"
        if side_px:
            write_piece(source.path, source.ppi, side_px, path, rng)
        else:
            write_turned(source.path, source.ppi, path, rng)
        made.append((side_px, ImageFile(path, path.name, source.identity, 500.0)))
    return made
