"""Quality of a print, 0-100, with reasons an officer can act on.

The score says how well a print can be expected to match. It is the weighted geometric mean of three parts, each 0-1:
how many minutiae there are, how sure the network is of them, and how clear the ridges are (features of ISO/IEC
29794-4, see ridge_cells.py). It is not NFIQ 2 and its values do not compare with those of NFIQ 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.errors import NoFingerprintError, QualityError
from matcher.fingerprint.image.foreground import Foreground
from matcher.fingerprint.image.ridge_cells import LONGEST_PERIOD_PX, RidgeCells
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import Quality
from matcher.texts.fingerprint_quality import (
    LOW_CONTRAST,
    PARTIAL,
    SMALL_AREA,
    SMUDGED,
    TOO_DRY,
    TOO_WET,
    WRONG_PPI,
)

# --- What is a fingerprint at all. Of 86 prints, the worst of the six public sets among them, the least had 2.5 strong
# minutiae a square centimeter and 41 % of cells with a finger's ridge period; of 100 photographs of faces the most had
# 3.4 and 20 %, and filtered noise 0.9 and 68 %.
_LEAST_MINUTIA_COUNT: Final = 4
_LEAST_MINUTIA_DENSITY: Final = 1.5  # sum of squared qualities a square centimeter
_LEAST_FITTING_SHARE: Final = 0.22
_LEAST_PRODUCT: Final = 1.0  # of the two; a print may be poor in one of them
_CLEAR_CLARITY, _CLEAR_FREQUENCY_SHARE = 0.45, 0.5

# Ridges of adults and children lie 0.3 to 0.65 mm apart, 6 to 13 px at 500 ppi. Beyond the possible range a print is
# refused, beyond the usual one it gets a reason.
_POSSIBLE_PERIOD_PX: Final = (5.5, 15.0)
_USUAL_PERIOD_PX: Final = (6.2, 13.2)
# Below this share of clear cells the period of the clear ones says nothing.
_TELLING_CLEAR_SHARE: Final = 0.2

# --- The score. Weights were set by hand; the error-versus-discard plot shows what they are worth.
_USUAL_STRENGTH: Final = 20.0  # sum of squared minutia qualities; a good print has 35
_SURENESS_RANGE: Final = (0.3, 0.9)  # mean minutia quality
_CLARITY_RANGE: Final = (0.2, 0.6)  # mean of clarity times frequency share
_WEIGHTS: Final = (0.4, 0.4, 0.2)

# --- Reasons.
_SMALL_AREA_MM2: Final = 100.0
_CUT_SHARE: Final = 0.4  # of the outline of the ridge area that lies on the image border
_FULL_AREA_MM2: Final = 200.0  # a print this large may be cut without harm
_LOW_CONTRAST: Final = 25.0  # gray levels
_DRY_DARK_SHARE: Final = 0.30
_WET_DARK_SHARE: Final = 0.62
_WET_INK_SHARE: Final = 0.58
_WET_CLEAR_SHARE: Final = 0.6  # ink alone is no harm where ridges stay clear, as thermal sensors show
_DRY_GRAIN: Final = 0.32
_SMUDGED_CLEAR_SHARE: Final = 0.5
_SMOOTH_GRAIN: Final = 0.14  # a smear leaves less
_GOOD_SCORE: Final = 80  # a print this good needs no advice about the skin


@dataclass(frozen=True, slots=True)
class _Look:
    """Summary of a print. fitting_share: 0-1, of cells with a finger's ridge period; clear_share: 0-1, of cells with
    clear ridges; period_px: median of the clear cells; minutia_density: strong minutiae a square centimeter."""

    fitting_share: float
    clear_share: float
    period_px: float
    minutia_density: float


def require_fingerprint(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> None:
    """Raises NoFingerprintError where there is no ridge pattern, and QualityError where there is a clear one whose
    ridges cannot be that far apart: then the stated ppi is wrong, and so would be every distance in the template."""
    look = _look_at(minutiae, cells, foreground)
    if (
        look.clear_share >= _TELLING_CLEAR_SHARE
        and not _POSSIBLE_PERIOD_PX[0] <= look.period_px <= _POSSIBLE_PERIOD_PX[1]
    ):
        raise QualityError(
            f"ridges lie {look.period_px * 25.4 / 500:.2f} mm apart at the stated ppi, which no finger has; "
            "check the ppi of the image",
            score=0,
            reasons=(WRONG_PPI,),
        )
    if (
        len(minutiae) < _LEAST_MINUTIA_COUNT
        or look.minutia_density < _LEAST_MINUTIA_DENSITY
        or look.fitting_share < _LEAST_FITTING_SHARE
        or look.minutia_density * look.fitting_share < _LEAST_PRODUCT
    ):
        raise NoFingerprintError(
            "no ridge pattern was found; check that the image is a fingerprint and its ppi right, or capture again"
        )


def assess_quality(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> Quality:
    """Score and reasons, worst first. The reasons explain a score; a good score may still have one."""
    amount = 1.0 - float(np.exp(-_strength(minutiae) / _USUAL_STRENGTH))
    sureness = _within(_mean(minutiae.quality), _SURENESS_RANGE)
    clarity = _within(_mean(cells.clarity * cells.frequency_share), _CLARITY_RANGE)
    parts = np.maximum([amount, sureness, clarity], 1e-3)
    score = int(np.clip(round(100.0 * float(np.exp(np.dot(_WEIGHTS, np.log(parts))))), 0, 100))
    found = _capture_faults(minutiae, cells, foreground)
    if score < _GOOD_SCORE:
        found |= _skin_faults(minutiae, cells, foreground)
    return Quality(score, tuple(sorted((code for code in found if found[code] > 0), key=lambda code: -found[code])))


def _look_at(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> _Look:
    clear = (cells.clarity > _CLEAR_CLARITY) & (cells.frequency_share > _CLEAR_FREQUENCY_SHARE)
    clear &= cells.period_px < LONGEST_PERIOD_PX
    fitting = (cells.period_px >= _POSSIBLE_PERIOD_PX[0]) & (cells.period_px <= _POSSIBLE_PERIOD_PX[1])
    return _Look(
        fitting_share=_share(fitting),
        clear_share=_share(clear),
        period_px=float(np.median(cells.period_px[clear])) if clear.any() else 0.0,
        minutia_density=_strength(minutiae) / max(foreground.area_mm2 / 100, 1e-6),
    )


def _skin_faults(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> dict[str, float]:
    """By how much each measure is beyond its limit, as a share of the limit; at most 0 where it is not."""
    clear_share = _look_at(minutiae, cells, foreground).clear_share
    dark_share, ink_share, grain = (_mean(cells.dark_share), _mean(cells.ink_share), _mean(cells.grain))
    closed = ink_share / _WET_INK_SHARE - 1 if clear_share < _WET_CLEAR_SHARE else 0.0
    return {
        TOO_DRY: max(1 - dark_share / _DRY_DARK_SHARE, grain / _DRY_GRAIN - 1),
        TOO_WET: max(dark_share / _WET_DARK_SHARE - 1, closed),
        SMUDGED: 1 - clear_share / _SMUDGED_CLEAR_SHARE if grain < _SMOOTH_GRAIN else 0.0,
    }


def _capture_faults(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> dict[str, float]:
    """As _skin_faults."""
    look = _look_at(minutiae, cells, foreground)
    shortest, longest = _USUAL_PERIOD_PX
    area_mm2 = foreground.area_mm2
    return {
        LOW_CONTRAST: 1 - (float(np.median(cells.contrast)) if len(cells) else 0.0) / _LOW_CONTRAST,
        WRONG_PPI: max(shortest / look.period_px, look.period_px / longest) - 1
        if look.clear_share >= _TELLING_CLEAR_SHARE
        else 0.0,
        SMALL_AREA: 1 - area_mm2 / _SMALL_AREA_MM2,
        PARTIAL: _cut_share(foreground.mask) / _CUT_SHARE - 1 if area_mm2 < _FULL_AREA_MM2 else 0.0,
    }


def _cut_share(mask: npt.NDArray[np.bool_]) -> float:
    """Share of the outline of the ridge area that lies on the image border."""
    border = float(mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum())
    inner = float((mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum())
    return border / max(border + inner, 1.0)


def _strength(minutiae: MinutiaSet) -> float:
    return float(np.square(minutiae.quality).sum())


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if flags.size else 0.0


def _mean(measures: Float32Array) -> float:
    return float(measures.mean()) if measures.size else 0.0


def _within(measure: float, limits: tuple[float, float]) -> float:
    return float(np.clip((measure - limits[0]) / (limits[1] - limits[0]), 0.0, 1.0))
