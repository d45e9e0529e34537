"""Samples as a file stores them, with what the file says they mean, to 8-bit pixels.

Every reader ends here, so that depth, polarity and transparency are decided in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.formats.refusals import not_understood
from matcher.samples import Uint8Array

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

# Depths of sensors. A file of 16-bit samples that states no other depth is taken to be of the first of these that holds
# its largest sample: read as 16 bits it would have nothing brighter than a quarter, and from 10 and 12 bits nothing
# brighter than a sixteenth.
_SENSOR_BIT_COUNTS: Final = (8, 10, 12, 14)
# Pictures scaled up from 8 bits are multiples of one of these, dark ones too; they are no sensor's raw values.
_SCALED_FROM_8_BITS: Final = (257, 256)
# So that mixing with the paper takes little memory beside the picture.
_ROWS_A_STEP: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """One picture, upright or not.

    samples: uint8 or uint16, (height, width) gray or (height, width, 3) red, green, blue, as stored.
    bit_count: of one stored sample, 1 to 16; a sample of fewer than 8 bits has a byte of its own here.
    largest: the sample that means white (black, where is_min_white), None where the file does not say.
    is_min_white: 0 is white.
    alpha: like samples, (height, width), None where there is no transparency. is_premultiplied: colors have been
    multiplied by it.
    """

    samples: Samples
    bit_count: int = 8
    largest: int | None = None
    is_min_white: bool = False
    alpha: Samples | None = None
    is_premultiplied: bool = False


def to_pixels(raster: Raster) -> Uint8Array:
    """uint8 (height, width) gray or (height, width, 3) BGR, transparency laid on white.

    Alpha that is 0 everywhere, as some scanners leave it, is no transparency. Raises ImageKindError where the samples
    contradict the depth stated, and where nothing can be seen.
    """
    largest = _largest(raster)
    pixels = scaled_to_8_bits(raster.samples, largest)
    if raster.is_min_white:
        np.subtract(255, pixels, out=pixels)
    if raster.alpha is not None:
        pixels = _on_paper(pixels, raster, largest)
    return pixels if pixels.ndim == 2 else pixels[:, :, ::-1]


def _largest(raster: Raster) -> int:
    """The sample that means white."""
    highest = int(raster.samples.max(initial=0))
    full: int = (1 << raster.bit_count) - 1
    if raster.largest is not None and raster.largest < full:
        if highest > raster.largest:
            raise not_understood("bits_contradict", bits=raster.largest.bit_length())
        return raster.largest
    if raster.largest is not None or highest >> _SENSOR_BIT_COUNTS[-1] or raster.bit_count <= _SENSOR_BIT_COUNTS[-1]:
        return full
    if any(not (raster.samples % step).any() for step in _SCALED_FROM_8_BITS):
        return full
    return next((1 << bits) - 1 for bits in _SENSOR_BIT_COUNTS if highest >> bits == 0)


def as_samples(numbers: npt.NDArray[np.integer], *, bit_count: int) -> Samples:
    """The numbers in the smallest type of Raster.samples that holds so many bits."""
    return numbers.astype(np.uint8) if bit_count <= 8 else numbers.astype(np.uint16)


def scaled_to_8_bits(samples: Samples, largest: int) -> Uint8Array:
    """By value, not by the range that happens to occur; rounded to the nearest. largest: what becomes 255."""
    if largest == 255 and samples.dtype == np.uint8:
        return np.array(samples, dtype=np.uint8)
    table: Uint8Array
    levels = np.arange(np.iinfo(samples.dtype).max + 1, dtype=np.float64)
    table = np.rint(np.minimum(levels * 255.0 / largest, 255.0)).astype(np.uint8)
    scaled: Uint8Array = np.take(table, samples)
    return scaled


def _on_paper(pixels: Uint8Array, raster: Raster, largest: int) -> Uint8Array:
    assert raster.alpha is not None
    if not raster.alpha.any():
        if not np.ptp(pixels):
            raise not_understood("transparent")
        return pixels
    # Of as many bits as the colors where these have fewer than is stored; else of all that is stored.
    is_shallow = int(raster.alpha.max()) <= largest
    opacity = scaled_to_8_bits(raster.alpha, largest if is_shallow else (1 << raster.bit_count) - 1)
    if bool((opacity == 255).all()):
        return pixels
    for start in range(0, pixels.shape[0], _ROWS_A_STEP):
        rows = slice(start, start + _ROWS_A_STEP)
        pixels[rows] = _laid_on_white(pixels[rows], opacity[rows], is_premultiplied=raster.is_premultiplied)
    return pixels


def _laid_on_white(pixels: Uint8Array, opacity: Uint8Array, *, is_premultiplied: bool) -> Uint8Array:
    cover = (opacity if pixels.ndim == 2 else opacity[:, :, np.newaxis]).astype(np.uint16)
    paper = 255 - cover
    laid: npt.NDArray[np.uint16] = pixels + paper if is_premultiplied else (pixels * cover + paper * 255 + 127) // 255
    return np.minimum(laid, 255).astype(np.uint8)
