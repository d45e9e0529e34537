"""One bad capture: the same fault in every print that it took."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import ImageFile

UInt8Array = NDArray[np.uint8]

Fault = Callable[[UInt8Array, float, np.random.Generator], UInt8Array]


def blurred(pixels: UInt8Array, ppi: float, _: np.random.Generator) -> UInt8Array:
    """A moving finger or a smeared glass: a Gaussian of 0.11 mm."""
    sigma = 0.11 / 25.4 * ppi
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def dry(pixels: UInt8Array, ppi: float, rng: np.random.Generator) -> UInt8Array:
    """Ridges thinned and broken: bright spots of about a ridge's width over four tenths of the print, and noise."""
    scale = ppi / 500.0
    spots = cv2.GaussianBlur(rng.normal(size=pixels.shape).astype(np.float32), (0, 0), 2.0 * scale)
    worn = np.where(spots > np.quantile(spots, 0.6), 255.0, pixels.astype(np.float32))
    return np.clip(worn + rng.normal(0.0, 12.0, pixels.shape), 0, 255).astype(np.uint8)


def small(side_mm: float) -> Fault:
    """A square piece of the print around the middle of its ridges, moved a little."""

    def cut(pixels: UInt8Array, ppi: float, rng: np.random.Generator) -> UInt8Array:
        detail = cv2.GaussianBlur(np.abs(cv2.Laplacian(pixels.astype(np.float32), cv2.CV_32F)), (0, 0), 8.0)
        strong = np.argwhere(detail > np.quantile(detail, 0.7))
        side = round(side_mm / 25.4 * ppi)
        middle = strong.mean(axis=0) + rng.uniform(-0.2, 0.2, 2) * side
        y, x = np.clip(np.round(middle - side / 2).astype(int), 0, np.maximum(np.array(pixels.shape) - side, 0))
        return np.ascontiguousarray(pixels[y : y + side, x : x + side])

    return cut


FAULTS: Mapping[str, Fault] = {
    "blurred": blurred,
    "dry": dry,
    "8 mm": small(8.0),
    "5.5 mm": small(5.5),
}


def spoiled(files: Sequence[ImageFile], fault: str, folder: Path) -> list[ImageFile]:
    """The same prints after the fault, as PNG files in folder; the same input gives the same pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for row, file in enumerate(files):
        pixels = cv2.imread(str(file.path), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise ValueError(f"{file.name} cannot be read")
        assert file.ppi is not None
        path = folder / f"{row}.png"
        wanted = FAULTS[fault](np.asarray(pixels, np.uint8), file.ppi, np.random.default_rng(row))
        cv2.imwrite(str(path), wanted)
        made.append(replace(file, path=path))
    return made
