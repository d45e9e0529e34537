"""Are ridges dark, as the network wants them, or light?

Skin that does not touch looks like the valleys, so the background of a print has the valleys' gray level. Where no
background is in sight, the network itself is asked: it sees a print and its negative nearly equally well (95 to 99 %
of strong minutiae agree), but the right one a little better. For the same reason a wrong answer costs little.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from matcher.fingerprint.foreground import BLOCK_PX, Foreground
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import Uint8Array

# The cue is the background's place between the dark (-0.5) and the light (+0.5) tenth of the ridge area. On the six
# public sets at hand it is above -0.2 for every print.
_LIGHT_RIDGES_BELOW = -0.25
_GAP_BLOCKS = 2
_LEAST_SAMPLE_COUNT = 64
_SAMPLING_PX = BLOCK_PX // 2
# Strongest minutiae only; the weak ones come and go with any change of the image.
_COMPARED_COUNT = 25
# How much stronger the negative's must be. On the public sets a print's own lose to its negative's by 0.015 at most.


class Polarity(Enum):
    """UNCLEAR: there is no background to tell by."""

    DARK_RIDGES = "dark ridges"
    LIGHT_RIDGES = "light ridges"
    UNCLEAR = "unclear"


# How much stronger the negative's minutiae must be to be taken. On the public sets a print's own lose to its
# negative's by 0.015 at most.
_LEAST_GAIN = {Polarity.DARK_RIDGES: 1.0, Polarity.LIGHT_RIDGES: 0.0, Polarity.UNCLEAR: 0.02}


def polarity_of(pixels: Uint8Array, foreground: Foreground) -> Polarity:
    """What the background says. pixels: uint8 (height, width) at 500 ppi; foreground: of the same image."""
    side = 2 * _GAP_BLOCKS + 1
    near = cv2.dilate(foreground.mask.astype(np.uint8), np.ones((side, side), dtype=np.uint8))
    ridges, background = _samples(pixels, foreground.mask), _samples(pixels, near == 0)
    if min(ridges.size, background.size) < _LEAST_SAMPLE_COUNT:
        return Polarity.UNCLEAR
    dark, light = np.percentile(ridges, [10, 90])
    cue = (float(np.median(background)) - (dark + light) / 2) / max(light - dark, 1.0)
    return Polarity.LIGHT_RIDGES if cue < _LIGHT_RIDGES_BELOW else Polarity.DARK_RIDGES


def negative_is_better(polarity: Polarity, minutiae: MinutiaSet, of_negative: MinutiaSet) -> bool:
    """Whether the negative's minutiae are stronger, without a background by more than chance."""
    return _strength(of_negative) >= _strength(minutiae) + _LEAST_GAIN[polarity]


def _strength(minutiae: MinutiaSet) -> float:
    strongest = minutiae.quality[:_COMPARED_COUNT]
    return float(strongest.sum()) / _COMPARED_COUNT


def _samples(pixels: Uint8Array, mask: npt.NDArray[np.bool_]) -> Uint8Array:
    """Every fourth pixel of every fourth row under the mask."""
    offset = _SAMPLING_PX // 2
    sampled = pixels[offset::_SAMPLING_PX, offset::_SAMPLING_PX]
    per_block = BLOCK_PX // _SAMPLING_PX
    under = np.repeat(np.repeat(mask, per_block, axis=0), per_block, axis=1)[: sampled.shape[0], : sampled.shape[1]]
    return np.asarray(sampled[under], dtype=np.uint8)
