"""Are ridges dark, as the network wants them, or light?

Skin that does not touch looks like the valleys, so the background of a print has the valleys' gray level. It is taken
from near the print, for the light of many sensors falls off toward their corners. Where no background is in sight, the
network itself is asked, first about the middle of the print only: it sees a print and its negative nearly equally well
(95 to 99 % of strong minutiae agree), but is sure of a few more minutiae in the right one. For the same reason a wrong
answer costs little, and in doubt the image stays as it is.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from matcher.fingerprint.image.foreground import BLOCK_PX, Foreground, Window
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import Uint8Array

# The cue is the background's place between the darkest (-0.5) and the lightest (+0.5) of the ridge area, a few outliers
# aside. On the six public sets at hand it is above -0.19 for every print.
_LIGHT_RIDGES_BELOW: Final = -0.2
_OUTLIERS_PERCENT: Final = 2.0
_GAP_BLOCKS: Final = 2
_REACH_BLOCKS: Final = 6
_LEAST_SAMPLE_COUNT: Final = 64
_SAMPLING_PX: Final = BLOCK_PX // 2

MIDDLE_PX: Final = 128
"""Side of the square that is looked at first; the network takes a seventh of the time of a whole print for it."""
_MIDDLE_RIM_PX: Final = 8

# A minutia of quality 0.95 counts two thirds, one of 0.8 a sixth.
_SURENESS_POWER: Final = 8


class Polarity(Enum):
    """UNCLEAR: there is no background to tell by."""

    DARK_RIDGES = "dark ridges"
    LIGHT_RIDGES = "light ridges"
    UNCLEAR = "unclear"


# How many more sure minutiae the negative must have to be taken. On the public sets, whole prints and pieces of them, a
# print's own are fewer than its negative's by 1.04 at most; a fifth is added.
_LEAST_GAIN: Final = {Polarity.LIGHT_RIDGES: 0.0, Polarity.UNCLEAR: 1.25}


def polarity_of(pixels: Uint8Array, foreground: Foreground) -> Polarity:
    """What the background says. pixels: uint8 (height, width) at 500 ppi; foreground: of the same image."""
    near = _grown(foreground.mask, _REACH_BLOCKS) & ~_grown(foreground.mask, _GAP_BLOCKS)
    ridges, background = _samples(pixels, foreground.mask), _samples(pixels, near)
    if min(ridges.size, background.size) < _LEAST_SAMPLE_COUNT:
        return Polarity.UNCLEAR
    dark, light = np.percentile(ridges, [_OUTLIERS_PERCENT, 100 - _OUTLIERS_PERCENT])
    cue = (float(np.median(background)) - (dark + light) / 2) / max(light - dark, 1.0)
    return Polarity.LIGHT_RIDGES if cue < _LIGHT_RIDGES_BELOW else Polarity.DARK_RIDGES


def middle_of(foreground: Foreground) -> Window:
    """The square of MIDDLE_PX around the center of the ridge area."""
    rows, columns = np.nonzero(foreground.mask)
    left, top = (round((float(cells.mean()) + 0.5) * BLOCK_PX) - MIDDLE_PX // 2 for cells in (columns, rows))
    return Window(left, top, MIDDLE_PX, MIDDLE_PX)


def negative_may_be_better(minutiae: MinutiaSet, of_middle_of_negative: MinutiaSet, middle: Window) -> bool:
    """Whether the network is surer of the negative in the middle of the print."""
    return _sure_count(_inside(of_middle_of_negative, middle)) > _sure_count(_inside(minutiae, middle))


def negative_is_better(polarity: Polarity, minutiae: MinutiaSet, of_negative: MinutiaSet) -> bool:
    """Whether the network is surer of the negative, without a background by more than chance."""
    return _sure_count(of_negative.quality) >= _sure_count(minutiae.quality) + _LEAST_GAIN[polarity]


def _sure_count(quality: npt.NDArray[np.float32]) -> float:
    return float(np.power(quality.astype(np.float64), _SURENESS_POWER).sum())


def _inside(minutiae: MinutiaSet, window: Window) -> npt.NDArray[np.float32]:
    """Qualities of the minutiae in the window; near its rim the network saw too little around them."""
    x_px, y_px = minutiae.x_px - window.left_px, minutiae.y_px - window.top_px
    kept = (np.minimum(x_px, y_px) >= _MIDDLE_RIM_PX) & (x_px < window.width_px - _MIDDLE_RIM_PX)
    return np.asarray(minutiae.quality[kept & (y_px < window.height_px - _MIDDLE_RIM_PX)], dtype=np.float32)


def _grown(mask: npt.NDArray[np.bool_], blocks: int) -> npt.NDArray[np.bool_]:
    side = 2 * blocks + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), dtype=np.uint8)) > 0, dtype=np.bool_)


def _samples(pixels: Uint8Array, mask: npt.NDArray[np.bool_]) -> Uint8Array:
    """Every fourth pixel of every fourth row under the mask."""
    offset = _SAMPLING_PX // 2
    sampled = pixels[offset::_SAMPLING_PX, offset::_SAMPLING_PX]
    per_block = BLOCK_PX // _SAMPLING_PX
    under = np.repeat(np.repeat(mask, per_block, axis=0), per_block, axis=1)[: sampled.shape[0], : sampled.shape[1]]
    return np.asarray(sampled[under], dtype=np.uint8)
