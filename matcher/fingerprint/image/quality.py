"""Quality of a print, 0-100, with reasons an officer can act on.

The score says how well a print can be expected to match. It is the weighted geometric mean of three parts, each 0-1:
how many minutiae there are, how sure the network is of them, and how clear the ridges are (features of ISO/IEC
29794-4, see ridge_cells.py). It is not NFIQ 2 and its values do not compare with those of NFIQ 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.errors import NoFingerprintError, QualityError
from matcher.fingerprint.image.foreground import BLOCK_PX, Foreground
from matcher.fingerprint.image.ridge_area import FoundPrint, finger_count, is_clear, shows_ridges
from matcher.fingerprint.image.ridge_cells import CELL_BLOCKS, RidgeCells
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import Quality
from matcher.texts.catalog import told
from matcher.texts.fingerprint_quality import (
    FEW_RIDGES,
    LOW_CONTRAST,
    OVERPRINTED,
    PARTIAL,
    SEVERAL_FINGERS,
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
# What has less is a print still where some part of it is plain to see: no text, face or weave had any such part.
_SOME_RIDGES_MM2: Final = 5.0
_SOME_STRENGTH: Final = 1.0  # sum of squared qualities of the minutiae there
_SOME_DENSITY: Final = 6.0  # the same a square centimeter; filtered noise has 4.3 at most
_SOME_PRODUCT: Final = 0.35
_FEW_RIDGES_MOST_SCORE: Final = 20

# Ridges lie 0.46 mm apart on average, 9 px at 500 ppi; the medians of the 480 prints are 6.4 to 11.6 px, children have
# 0.35 mm and more. Beyond the usual range a print gets a reason, beyond the credible one it is doubtful as well, beyond
# the possible one it is refused.
_USUAL_PERIOD_PX: Final = (6.6, 11.4)
_CREDIBLE_PERIOD_PX: Final = (6.2, 12.4)
_POSSIBLE_PERIOD_PX: Final = (5.5, 15.0)
# Two prints upon each other. Of 120 plain prints three had more squares than the usual share in which patterns cross,
# one had more than the most; beyond the first a print gets the reason, beyond the second it is doubtful as well. The
# network was less sure than this of every overprint.
_USUAL_CROSSING: Final = 0.06
_MOST_CROSSING: Final = 0.1
_SURE_OF_ONE: Final = 0.8
_OVERPRINTED_MOST_SCORE: Final = 30

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
    clear ridges; minutia_density: strong minutiae a square centimeter."""

    fitting_share: float
    clear_share: float
    minutia_density: float


def require_one_print(found: FoundPrint) -> None:
    """Raises QualityError where ridges cannot be that far apart, for then the stated ppi is wrong and so would be every
    distance in the template; and where several prints lie apart, for one template would match several people."""
    period_px = found.period_px
    shortest, longest = _POSSIBLE_PERIOD_PX
    if period_px and not shortest <= period_px <= longest:
        raise _wrong_ppi(period_px)
    count = finger_count(found)
    if count > 1 and period_px > _CREDIBLE_PERIOD_PX[1]:
        raise _wrong_ppi(period_px)  # one finger, enlarged
    if count > 1:
        raise QualityError(
            told("print.several", count=count),
            score=0,
            reasons=(SEVERAL_FINGERS,),
        )


def judge(minutiae: MinutiaSet, found: FoundPrint, *, crossing: float = 0.0, is_region: bool = False) -> Quality:
    """Quality of what was found. is_region: somebody marked the print, so little has to speak for it.

    crossing: share of the print in which two patterns cross. Raises NoFingerprintError where there is no ridge pattern.
    """
    look = _look_at(minutiae, found.cells, found.foreground)
    is_full = _is_full_pattern(minutiae, look)
    if not is_full and not _has_some_ridges(minutiae, found, is_region=is_region):
        raise NoFingerprintError(told("print.none"))
    quality = _assessed(minutiae, found)
    if not is_full:
        return _lowered(quality, _FEW_RIDGES_MOST_SCORE, FEW_RIDGES)
    # Broken ridges leave the spectrum of anything, also of two prints.
    if TOO_DRY in quality.reasons:
        return quality
    if crossing > _MOST_CROSSING:
        return _lowered(quality, _OVERPRINTED_MOST_SCORE, OVERPRINTED)
    return replace(quality, reasons=(*quality.reasons, OVERPRINTED)) if crossing > _USUAL_CROSSING else quality


def may_be_overprinted(minutiae: MinutiaSet) -> bool:
    """Whether the network is less than sure of the print, as it is of every overprint: others need no second look."""
    return _mean(minutiae.quality) < _SURE_OF_ONE


def _wrong_ppi(period_px: float) -> QualityError:
    return QualityError(
        told("print.period", mm=f"{period_px * 25.4 / 500:.2f}"),
        score=0,
        reasons=(WRONG_PPI,),
    )


def _is_full_pattern(minutiae: MinutiaSet, look: _Look) -> bool:
    return (
        len(minutiae) >= _LEAST_MINUTIA_COUNT
        and look.minutia_density >= _LEAST_MINUTIA_DENSITY
        and look.fitting_share >= _LEAST_FITTING_SHARE
        and look.minutia_density * look.fitting_share >= _LEAST_PRODUCT
    )


def _has_some_ridges(minutiae: MinutiaSet, found: FoundPrint, *, is_region: bool) -> bool:
    """Whether some part of the print is plain to see, however much of it is not."""
    if len(minutiae) < _LEAST_MINUTIA_COUNT:
        return False
    if is_region:
        return bool(shows_ridges(found.cells).any())
    look = _look_at(minutiae, found.cells, found.foreground)
    if look.minutia_density >= _LEAST_MINUTIA_DENSITY and look.minutia_density * look.fitting_share >= _SOME_PRODUCT:
        return True
    strength = float(np.square(minutiae.quality[_on_plain_ridges(minutiae, found)]).sum())
    area_mm2 = found.area.area_mm2
    return area_mm2 >= _SOME_RIDGES_MM2 and strength >= _SOME_STRENGTH * max(1.0, area_mm2 / 100 * _SOME_DENSITY)


def _on_plain_ridges(minutiae: MinutiaSet, found: FoundPrint) -> npt.NDArray[np.bool_]:
    near = cv2.dilate(found.area.cells, np.ones((3, 3), dtype=np.uint8))
    step = BLOCK_PX * CELL_BLOCKS
    row, column = (np.rint(place / step).astype(int) for place in (minutiae.y_px, minutiae.x_px))
    return np.asarray(near[np.minimum(row, near.shape[0] - 1), np.minimum(column, near.shape[1] - 1)] > 0)


def _lowered(quality: Quality, most: int, reason: str) -> Quality:
    """At most that score, for that reason before all others; stored only where somebody says why."""
    reasons = (reason, *(code for code in quality.reasons if code != reason))
    return Quality(min(quality.score, most), reasons, is_doubtful=True)


def _assessed(minutiae: MinutiaSet, found: FoundPrint) -> Quality:
    """Score and reasons, worst first. The reasons explain a score; a good score may still have one."""
    cells = found.cells
    amount = 1.0 - float(np.exp(-_strength(minutiae) / _USUAL_STRENGTH))
    sureness = _within(_mean(minutiae.quality), _SURENESS_RANGE)
    clarity = _within(_mean(cells.clarity * cells.frequency_share), _CLARITY_RANGE)
    parts = np.maximum([amount, sureness, clarity], 1e-3)
    score = int(np.clip(round(100.0 * float(np.exp(np.dot(_WEIGHTS, np.log(parts))))), 0, 100))
    faults = _capture_faults(minutiae, found)
    if score < _GOOD_SCORE:
        faults |= _skin_faults(minutiae, cells, found.foreground)
    reasons = tuple(sorted((code for code in faults if faults[code] > 0), key=lambda code: -faults[code]))
    period_px = found.period_px
    shortest, longest = _CREDIBLE_PERIOD_PX
    return Quality(score, reasons, is_doubtful=WRONG_PPI in reasons and not shortest <= period_px <= longest)


def _look_at(minutiae: MinutiaSet, cells: RidgeCells, foreground: Foreground) -> _Look:
    clear = is_clear(cells)
    fitting = (cells.period_px >= _POSSIBLE_PERIOD_PX[0]) & (cells.period_px <= _POSSIBLE_PERIOD_PX[1])
    return _Look(
        fitting_share=_share(fitting),
        clear_share=_share(clear),
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


def _capture_faults(minutiae: MinutiaSet, found: FoundPrint) -> dict[str, float]:
    """As _skin_faults."""
    cells, foreground = found.cells, found.foreground
    period_px = found.period_px
    shortest, longest = _USUAL_PERIOD_PX
    area_mm2 = foreground.area_mm2
    contrast = float(np.median(cells.contrast)) / found.gain if len(cells) else 0.0
    return {
        LOW_CONTRAST: 1 - contrast / _LOW_CONTRAST,
        WRONG_PPI: max(shortest / period_px, period_px / longest) - 1 if period_px else 0.0,
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
