"""Minutiae that another maker found: whether they can be compared at all, and how well a print of them will match.

There is no image to judge. What is left is how many minutiae lie at places of their own, how sure their maker was of
them, and over how much skin they are spread.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from matcher.errors import TemplateFormatError
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import IMPORTED_REASON, Quality
from matcher.texts.catalog import told
from matcher.texts.fingerprint_quality import FEW_MINUTIAE

# Two minutiae cannot lie closer: a ridge is 9 px wide at 500 ppi, and makers place them to a pixel or two.
NEAREST_PX: Final = 3.0
# With fewer, not even the same minutiae are recognized; three or four agree by chance.
LEAST_COUNT: Final = 5
# Of subsets of our own minutiae of nine prints, compared with the whole print, this many reach score 40 four times in
# five, 8 two times in five, and 17 always.
LEAST_FOR_SEARCH: Final = 12
# As in quality.py: sum of squared qualities of a usual print; range of the mean quality.
_USUAL_STRENGTH: Final = 20.0
_SURENESS_RANGE: Final = (0.3, 0.9)
_FULL_SPREAD_MM2: Final = 60.0  # area of the convex hull; good prints have 100 and more
_MM_A_PX: Final = 25.4 / 500


def comparable_minutiae(minutiae: MinutiaSet) -> MinutiaSet:
    """The minutiae without repetitions at one place, of which the surest stays.

    Raises TemplateFormatError where too few are left to be compared with anything.
    """
    kept: list[int] = []
    places = np.stack([minutiae.x_px, minutiae.y_px], axis=1).astype(np.float64)
    for row, place in enumerate(places):
        if not kept or float(np.linalg.norm(places[kept] - place, axis=1).min()) >= NEAREST_PX:
            kept.append(row)
    if not len(minutiae):
        raise TemplateFormatError(told("record.none"))
    if len(kept) < LEAST_COUNT:
        raise TemplateFormatError(told("record.few", count=len(minutiae), places=len(kept), least=LEAST_COUNT))
    if len(kept) == len(minutiae):
        return minutiae
    return minutiae.only(np.array(kept, dtype=np.intp))


def imported_quality(minutiae: MinutiaSet) -> Quality:
    """0-100 for minutiae at places of their own. The reasons say that there was no image, and where they are few."""
    amount = 1.0 - float(np.exp(-float(np.square(minutiae.quality).sum()) / _USUAL_STRENGTH))
    low, high = _SURENESS_RANGE
    sureness = float(np.clip((float(minutiae.quality.mean()) - low) / (high - low), 0.0, 1.0))
    spread = min(1.0, _hull_mm2(minutiae) / _FULL_SPREAD_MM2)
    score = round(100.0 * amount * sureness**0.25 * spread**0.5)
    few = (FEW_MINUTIAE,) if len(minutiae) < LEAST_FOR_SEARCH else ()
    return Quality(score, (*few, IMPORTED_REASON))


def _hull_mm2(minutiae: MinutiaSet) -> float:
    points = np.stack([minutiae.x_px, minutiae.y_px], axis=1).astype(np.float32)
    return float(cv2.contourArea(cv2.convexHull(points))) * _MM_A_PX**2
