"""Quality of a print, 0-100, with reasons. Provisional weights; see ridge_cells.py for the features."""

from __future__ import annotations

import numpy as np

from matcher.errors import NoFingerprintError
from matcher.fingerprint.foreground import Foreground
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.ridge_cells import RidgeCells
from matcher.samples import Quality


def require_fingerprint(minutiae: MinutiaSet, cells: RidgeCells) -> None:
    """Raises NoFingerprintError where there is no ridge pattern."""
    if len(minutiae) < 4 or len(cells) < 20:
        raise NoFingerprintError("no ridge pattern was found; check that the image is a fingerprint, or capture again")


def assess_quality(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> Quality:
    """Higher is better."""
    strength = float(np.square(minutiae.quality).sum())
    return Quality(round(100 * (1 - np.exp(-strength / 20))), ())
