"""Bytes to Image: one upright uint8 picture, or a named error.

Pillow reads every format but WSQ, which decodes in a child process (matcher.formats.wsq).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL import Image as PillowImage

from matcher.errors import (
    ImageEmptyError,
    ImageError,
    ImageFormatError,
    ImageTooLargeError,
    ImageTooSmallError,
    ImageTruncatedError,
    ResolutionError,
)
from matcher.formats import wsq
from matcher.samples import Image, Uint8Array

# Only these plugins may see the bytes: Pillow's list of formats is long, and some of it is old code.
FORMATS: Final = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    PpmImagePlugin.PpmImageFile.format,  # research sets (PGM)
    BmpImagePlugin.BmpImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    Jpeg2KImagePlugin.Jpeg2KImageFile.format,
)
# Below this a file states an aspect ratio, not a scanning resolution (TIFF's default is 1 × 1).
_MIN_STATED_PPI: Final = 30.0
_ORIENTATION_TAG: Final = 0x0112


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """max_bytes: encoded size. max_pixels: width × height. min_side_px: shortest usable side."""

    max_bytes: int = 24 * 1024 * 1024
    max_pixels: int = 66_000_000  # phones of 64 megapixels have up to 9248 x 6936
    min_side_px: int = 32


def decode_image(image_bytes: bytes, *, ppi: float | None = None, limits: ImageLimits | None = None) -> Image:
    """Decode JPEG, PNG, BMP, TIFF, WebP, JPEG 2000, WSQ or PGM, 8 or 16 bit, gray, RGB, RGBA or CMYK.

    ppi: overrides what the file says. The EXIF orientation is applied; transparency is laid on white; 16-bit
    samples are scaled to 8. Raises an ImageError or ResolutionError that says what to do. Thread safe.
    """
    bounds = limits or ImageLimits()
    if not image_bytes:
        raise ImageEmptyError("The image is empty (0 bytes). Check that the file was copied completely.")
    if len(image_bytes) > bounds.max_bytes:
        raise ImageTooLargeError(f"The image file has {len(image_bytes)} bytes; send at most {bounds.max_bytes} bytes.")
    if ppi is not None and not (np.isfinite(ppi) and ppi > 0):
        raise ResolutionError("The stated ppi is not a positive number; state the scanner's pixels per inch.")
    if image_bytes.startswith(wsq.SIGNATURE):
        pixels, file_ppi = wsq.decode_wsq(image_bytes, max_pixels=bounds.max_pixels)
    else:
        pixels, file_ppi = _decode_with_pillow(image_bytes, bounds)
    _check_size(pixels.shape[1], pixels.shape[0], bounds)
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return Image(
        pixels=pixels,
        ppi=ppi if ppi is not None else file_ppi,
        sha256=hashlib.sha256(image_bytes).hexdigest(),
    )


def _decode_with_pillow(image_bytes: bytes, bounds: ImageLimits) -> tuple[Uint8Array, float | None]:
    try:
        with PillowImage.open(io.BytesIO(image_bytes), formats=FORMATS) as picture:
            _check_size(picture.width, picture.height, bounds)  # from the header, before any pixel is unpacked
            _check_single_page(picture)
            picture.load()
            file_ppi = _stated_ppi(picture)
            upright = ImageOps.exif_transpose(picture) if picture.getexif().get(_ORIENTATION_TAG, 1) != 1 else picture
            return _to_uint8(upright), file_ppi
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageFormatError(
            "The bytes are not an image that can be read. Send JPEG, PNG, BMP, TIFF, WebP, JPEG 2000 or WSQ; "
            "save HEIC pictures of phones as JPEG."
        ) from error
    except PillowImage.DecompressionBombError as error:
        raise ImageTooLargeError(f"The image has more than {bounds.max_pixels} pixels; send a smaller one.") from error
    except Exception as error:  # Pillow's plugins raise many types on damaged files (OSError, SyntaxError, struct...)
        raise ImageTruncatedError(
            "The image file is damaged or ends too early. Copy or export it again from its source."
        ) from error


def _check_size(width_px: int, height_px: int, bounds: ImageLimits) -> None:
    if width_px * height_px > bounds.max_pixels:
        raise ImageTooLargeError(
            f"The image has {width_px}×{height_px} pixels; send at most {bounds.max_pixels} pixels in all."
        )
    if min(width_px, height_px) < bounds.min_side_px:
        raise ImageTooSmallError(
            f"The image has {width_px}×{height_px} pixels; each side needs at least {bounds.min_side_px} pixels."
        )


def _check_single_page(picture: PillowImage.Image) -> None:
    # MPO is what several phones write under the name of JPEG; its first picture is the photograph.
    if picture.format == "MPO" or not getattr(picture, "is_animated", False):
        return
    raise ImageFormatError("The file holds several pages or frames. Send one image a file.")


def _stated_ppi(picture: PillowImage.Image) -> float | None:
    stated = picture.info.get("dpi")
    if not isinstance(stated, tuple) or len(stated) != 2:
        return None
    horizontal, vertical = float(stated[0]), float(stated[1])
    if not (np.isfinite(horizontal) and np.isfinite(vertical)) or min(horizontal, vertical) < _MIN_STATED_PPI:
        return None
    if abs(horizontal - vertical) > 0.01 * max(horizontal, vertical):
        raise ImageFormatError("The file states different resolutions across and down. Export it with square pixels.")
    return (horizontal + vertical) / 2


def _to_uint8(picture: PillowImage.Image) -> Uint8Array:
    """uint8 (height, width) for gray pictures, (height, width, 3) BGR for the others."""
    mode = picture.mode
    if mode == "F":
        raise ImageFormatError("Floating point images are not supported. Export the image with 8 or 16 bits a sample.")
    if mode.startswith("I"):
        return _scale_to_uint8(np.asarray(picture))
    if mode in ("1", "L"):
        return np.asarray(picture.convert("L"), dtype=np.uint8)
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        paper = PillowImage.new("RGBA", with_alpha.size, "white")
        picture = PillowImage.alpha_composite(paper, with_alpha)
        if mode in ("LA", "La"):
            return np.asarray(picture.convert("L"), dtype=np.uint8)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)[:, :, ::-1]


def _scale_to_uint8(samples: npt.NDArray[np.generic]) -> Uint8Array:
    """16-bit samples to 8 bits, by value and not by the range that happens to occur."""
    if samples.min() < 0 or samples.max() > 65_535:
        raise ImageFormatError("Samples of more than 16 bits are not supported. Export the image with 8 or 16 bits.")
    scaled: Uint8Array = np.rint(samples.astype(np.float32) / 257.0).astype(np.uint8)
    return scaled
