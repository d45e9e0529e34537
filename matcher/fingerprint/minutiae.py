"""Image to minutiae and quality: the stages in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matcher.errors import ImageTooLargeError, NoFingerprintError
from matcher.fingerprint.image.crossing import crossing_share
from matcher.fingerprint.image.foreground import (
    BLOCK_PX,
    Foreground,
    Window,
    background_level,
    cut,
    window_of,
)
from matcher.fingerprint.image.polarity import (
    Polarity,
    middle_of,
    negative_is_better,
    negative_may_be_better,
    polarity_of,
)
from matcher.fingerprint.image.quality import judge, may_be_overprinted, require_one_print
from matcher.fingerprint.image.region import blocks_of, region_mask, without_the_rest
from matcher.fingerprint.image.resolution import gray_at_500_ppi
from matcher.fingerprint.image.ridge_area import find_print
from matcher.fingerprint.image.ridge_cells import measure_cells
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.network.maps import minutiae_of, run_leader
from matcher.packs.session import ModelSession
from matcher.samples import Image, PointPx, Quality, Uint8Array
from matcher.texts.catalog import told

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

    def extract(self, image: Image, *, region_px: Sequence[PointPx] = ()) -> FingerprintExtraction:
        """region_px: polygon around the print, in pixels of the image; what lies outside is not looked at.

        Raises ResolutionError, ImageTooSmallError, ImageTooLargeError, NoFingerprintError, QualityError (the ppi
        cannot be right, or there are several fingers), RegionError, SessionError."""
        pixels = gray_at_500_ppi(image)
        within = None
        if region_px:
            region = region_mask(region_px, (image.pixels.shape[1], image.pixels.shape[0]), pixels.shape)
            pixels, within = without_the_rest(pixels, region), blocks_of(region)
        found = find_print(pixels, within)
        if not found.foreground.mask.any():
            raise NoFingerprintError(told("print.blank"))
        if within is None:
            require_one_print(found)
        # A region has no background to tell by.
        polarity = Polarity.UNCLEAR if within is not None else polarity_of(found.pixels, found.foreground)
        minutiae, dark, is_negative = self._either_polarity(found.pixels, found.foreground, polarity)
        if within is not None or found.is_cut_out:
            minutiae = _inside(minutiae, found.foreground)
        if is_negative:
            found = replace(found, cells=measure_cells(dark, found.foreground))
        crossing = crossing_share(dark, found.foreground) if may_be_overprinted(minutiae) else 0.0
        quality = judge(minutiae, found, crossing=crossing, is_region=within is not None)
        return FingerprintExtraction(minutiae, quality, found.foreground, is_negative)

    def _either_polarity(
        self, pixels: Uint8Array, foreground: Foreground, polarity: Polarity
    ) -> tuple[MinutiaSet, Uint8Array, bool]:
        """Minutiae, the image with dark ridges, and whether that is the negative of pixels."""
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
            raise ImageTooLargeError(told("print.wide"))
        peaks = run_leader(self._session, cut(pixels, window, background_level(pixels)))
        return minutiae_of(peaks, window, width, height)


def _inside(minutiae: MinutiaSet, foreground: Foreground) -> MinutiaSet:
    """Those on the ridge area."""
    rows, columns = (minutiae.y_px / BLOCK_PX).astype(int), (minutiae.x_px / BLOCK_PX).astype(int)
    last_row, last_column = (side - 1 for side in foreground.mask.shape)
    kept = foreground.mask[np.clip(rows, 0, last_row), np.clip(columns, 0, last_column)]
    return minutiae.only(kept)
