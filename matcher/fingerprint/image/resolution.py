"""Any image to gray at 500 ppi, the resolution that the network and all distances are made for."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from matcher.errors import ImageTooLargeError, ImageTooSmallError, ResolutionError
from matcher.samples import Image, Uint8Array
from matcher.texts.catalog import told

WORKING_PPI: Final = 500
LEAST_PPI: Final = 250
MOST_PPI: Final = 1200
LEAST_SIDE_PX: Final = 64
"""At 500 ppi, 3.3 mm; below it no print holds enough minutiae."""
MOST_PIXEL_COUNT: Final = 4_000_000
"""At 500 ppi, a square of 100 mm: a sheet with one print somewhere on it is fine."""

# Shrinking by more than this needs averaging, or ridges alias.
_AVERAGING_SCALE = 0.8


def gray_at_500_ppi(image: Image) -> Uint8Array:
    """uint8 (height, width) at 500 ppi; the caller's pixels themselves where nothing has to change.

    Raises ResolutionError without a ppi or with one outside 250 to 1200, ImageTooSmallError, ImageTooLargeError.
    """
    scale = WORKING_PPI / _required_ppi(image)
    height, width = (max(1, round(side * scale)) for side in image.pixels.shape[:2])
    if min(height, width) < LEAST_SIDE_PX:
        least_mm = LEAST_SIDE_PX / WORKING_PPI * 25.4
        raise ImageTooSmallError(told("print.small", mm=f"{least_mm:.1f}"))
    if height * width > MOST_PIXEL_COUNT:
        raise ImageTooLargeError(told("print.large"))
    gray = image.pixels if image.pixels.ndim == 2 else cv2.cvtColor(image.pixels, cv2.COLOR_BGR2GRAY)
    if (height, width) == gray.shape:
        return np.asarray(gray, dtype=np.uint8)
    method = cv2.INTER_AREA if scale < _AVERAGING_SCALE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, (width, height), interpolation=method), dtype=np.uint8)


def _required_ppi(image: Image) -> float:
    if image.ppi is None:
        raise ResolutionError(told("ppi.missing_500"))
    if not (math.isfinite(image.ppi) and LEAST_PPI <= image.ppi <= MOST_PPI):
        raise ResolutionError(told("ppi.range", least=LEAST_PPI, most=MOST_PPI, ppi=f"{image.ppi:g}"))
    return image.ppi
