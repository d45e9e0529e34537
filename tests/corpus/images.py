"""Changes to images that give the same bytes everywhere: Pillow's scalar arithmetic and integers, no vector code."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.uint8]
Change = Callable[[Image.Image], Image.Image]


def png(image: Image.Image) -> bytes:
    """Lossless, so that what is recorded does not depend on a JPEG decoder."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _border(image: Image.Image) -> int | tuple[int, ...]:
    return 255 if image.mode == "L" else (127,) * len(image.getbands())


def turned(degrees: float) -> Change:
    """Counterclockwise around the middle, the canvas kept."""
    return lambda image: image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=_border(image))


def shifted(x_px: int, y_px: int) -> Change:
    """The content moved right and down."""
    matrix = (1, 0, -x_px, 0, 1, -y_px)
    return lambda image: image.transform(image.size, Image.Transform.AFFINE, matrix, fillcolor=_border(image))


def scaled(factor: float) -> Change:
    """Resampled to this share of its size."""
    return lambda image: image.resize(
        (round(image.width * factor), round(image.height * factor)), Image.Resampling.BILINEAR
    )


def part(left: float, top: float, right: float, bottom: float) -> Change:
    """Only this part, in shares of width and height."""
    return lambda image: image.crop(
        (round(left * image.width), round(top * image.height), round(right * image.width), round(bottom * image.height))
    )


def lit(gain: float, offset: float = 0.0) -> Change:
    """Other brightness and contrast; a negative gain exchanges light and dark."""
    table = [min(255, max(0, round(gain * level + offset))) for level in range(256)]
    return lambda image: image.point(table * len(image.getbands()))


def noisy(strength: int, seed: int) -> Change:
    """Adds -strength to strength, evenly, from the raw stream of a bit generator that numpy keeps the same for ever."""

    def change(image: Image.Image) -> Image.Image:
        pixels = np.asarray(image).astype(np.int32)
        bits = np.random.PCG64(seed).random_raw(pixels.size)
        added = (bits >> np.uint64(40)).astype(np.int32) % (2 * strength + 1) - strength
        return Image.fromarray(np.clip(pixels + added.reshape(pixels.shape), 0, 255).astype(np.uint8))

    return change


def blurred(radius_px: float) -> Change:
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius_px))


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def grayed(image: Image.Image) -> Image.Image:
    return image.convert("L")


def covered(left: float, top: float, right: float, bottom: float) -> Change:
    """A flat bar over this part, in shares of width and height."""

    def change(image: Image.Image) -> Image.Image:
        changed = image.copy()
        box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
        changed.paste(_border(image), tuple(round(side) for side in box))
        return changed

    return change


def changed(image: Image.Image, *changes: Change) -> Image.Image:
    for change in changes:
        image = change(image)
    return image
