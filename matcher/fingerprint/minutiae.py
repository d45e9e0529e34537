"""Image to minutiae and quality: the stages in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from matcher.errors import ImageTooLargeError, NoFingerprintError
from matcher.fingerprint.image.foreground import (
    Foreground,
    Window,
    background_level,
    cut,
    find_foreground,
    window_of,
)
from matcher.fingerprint.image.polarity import (
    Polarity,
    middle_of,
    negative_is_better,
    negative_may_be_better,
    polarity_of,
)
from matcher.fingerprint.image.quality import assess_quality, require_fingerprint
from matcher.fingerprint.image.resolution import gray_at_500_ppi
from matcher.fingerprint.image.ridge_cells import measure_cells
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.network.maps import minutiae_of, run_leader
from matcher.packs.session import ModelSession
from matcher.samples import Image, Quality, Uint8Array

MOST_RIDGE_PIXEL_COUNT: Final = 1_050_000
"""At 500 ppi, 27 square centimeters of ridges: more than the largest rolled print, and about 1 GB of memory."""


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintExtraction:
    """What one print gave, all at 500 ppi.

    foreground: where ridges are, how they run. is_negative: the image had light ridges and was inverted.
    """

    minutiae: MinutiaSet
    quality: Quality
    foreground: Foreground
    is_negative: bool


class FingerprintExtractor:
    """Finds minutiae with a LEADER graph. Thread safe, as the session is.

    session: either variant of the graph (leader_build.GraphVariant).
    """

    def __init__(self, session: ModelSession) -> None:
        self._session = session

    def extract(self, image: Image) -> FingerprintExtraction:
        """Raises ResolutionError, ImageTooSmallError, ImageTooLargeError, NoFingerprintError, QualityError (the ppi
        cannot be right), SessionError."""
        pixels = gray_at_500_ppi(image)
        foreground = find_foreground(pixels)
        if not foreground.mask.any():
            raise NoFingerprintError("the image is blank; place one finger on the sensor and capture it again")
        minutiae, dark, is_negative = self._either_polarity(pixels, foreground)
        cells = measure_cells(dark, foreground)
        require_fingerprint(minutiae, cells, foreground)
        return FingerprintExtraction(minutiae, assess_quality(minutiae, cells, foreground), foreground, is_negative)

    def _either_polarity(self, pixels: Uint8Array, foreground: Foreground) -> tuple[MinutiaSet, Uint8Array, bool]:
        """Minutiae, the image with dark ridges, and whether that is the negative of pixels."""
        polarity = polarity_of(pixels, foreground)
        whole = window_of(foreground, pixels.shape[1], pixels.shape[0])
        minutiae = self._minutiae(pixels, whole)
        if polarity is Polarity.DARK_RIDGES:
            return minutiae, pixels, False
        negative = np.asarray(255 - pixels, dtype=np.uint8)
        if polarity is Polarity.UNCLEAR and not self._may_be_negative(minutiae, negative, middle_of(foreground)):
            return minutiae, pixels, False
        of_negative = self._minutiae(negative, whole)
        if negative_is_better(polarity, minutiae, of_negative):
            return of_negative, negative, True
        return minutiae, pixels, False

    def _may_be_negative(self, minutiae: MinutiaSet, negative: Uint8Array, middle: Window) -> bool:
        return negative_may_be_better(minutiae, self._minutiae(negative, middle), middle)

    def _minutiae(self, pixels: Uint8Array, window: Window) -> MinutiaSet:
        height, width = pixels.shape
        if window.width_px * window.height_px > MOST_RIDGE_PIXEL_COUNT:
            raise ImageTooLargeError("the ridges cover more than one finger at the stated ppi; cut out one print")
        peaks = run_leader(self._session, cut(pixels, window, background_level(pixels)))
        return minutiae_of(peaks, window, width, height)
