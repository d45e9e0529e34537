"""Bytes to Image: one upright uint8 picture, or a named error.

A file type has a reader in matcher.formats. The server calls this in other processes (decoders.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from matcher.errors import (
    ImageEmptyError,
    ImageError,
    ImageFormatError,
    ImageTooLargeError,
    ImageTooSmallError,
    ImageTruncatedError,
    ResolutionError,
)
from matcher.formats import pnm, tiff, wsq
from matcher.formats.pillow import decode_with_pillow
from matcher.formats.refusals import not_understood
from matcher.formats.resolution import FileResolution
from matcher.samples import Image, Uint8Array
from matcher.texts.catalog import told

# What people send instead, and what is therefore called by its name.
_NAMED: Final = {b"GIF8": "GIF", b"%PDF": "PDF", b"8BPS": "Photoshop", b"\xff\xf7\xff": "JPEG-LS", b"PK\3\4": "ZIP"}


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """max_bytes: encoded size. max_pixels: width × height. max_sample_bytes: of the samples as stored, before they are
    brought to 8 bits. min_side_px: shortest usable side. max_request_pixels: of all pictures of one request; 20 of a
    phone have 240 million."""

    max_bytes: int = 24 * 1024 * 1024
    max_pixels: int = 66_000_000  # phones of 64 megapixels have up to 9248 x 6936
    max_sample_bytes: int = 4 * 66_000_000  # of those, 8 bits in color with transparency
    min_side_px: int = 32
    max_request_pixels: int = 300_000_000


def decode_image(
    image_bytes: bytes,
    *,
    ppi: float | None = None,
    limits: ImageLimits | None = None,
    decompress_wsq: wsq.Decompress | None = None,
) -> Image:
    """Decode JPEG, PNG, BMP, TIFF, WebP, JPEG 2000, WSQ or PBM/PGM/PPM, up to 16 bits, gray, color or CMYK.

    Samples are scaled by the depth that the file states, inverted where 0 is white, and turned by its orientation;
    transparency is laid on white. What a file does otherwise is refused by name. ppi: overrides what the file says,
    also where that is unusable; without it such a resolution is no error here, and told by Image.ppi_fault.
    decompress_wsq: see wsq.decode_wsq. Raises an ImageError or ResolutionError that says what to do. Thread safe.
    """
    bounds = limits or ImageLimits()
    if not image_bytes:
        raise ImageEmptyError(told("image.empty"))
    if len(image_bytes) > bounds.max_bytes:
        raise ImageTooLargeError(told("image.many_bytes", bytes=len(image_bytes), most=bounds.max_bytes))
    if ppi is not None and not (np.isfinite(ppi) and ppi > 0):
        raise ResolutionError(told("ppi.not_positive"))
    pixels, resolution = _decode(image_bytes, bounds, decompress_wsq)
    _check_size(pixels.shape[1], pixels.shape[0], bounds)
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    file_ppi, fault = _usable_ppi(resolution)
    return Image(
        pixels=pixels,
        ppi=ppi if ppi is not None else file_ppi,
        sha256=hashlib.sha256(image_bytes).hexdigest(),
        ppi_fault="" if ppi is not None else fault,
    )


def _decode(
    image_bytes: bytes, bounds: ImageLimits, decompress_wsq: wsq.Decompress | None
) -> tuple[Uint8Array, FileResolution | None]:
    """Upright pixels and what the file says of its resolution. Raises ImageError."""
    for signature, name in _NAMED.items():
        if image_bytes.startswith(signature):
            raise not_understood("file_type", name=name)
    try:
        return _read(image_bytes, bounds, decompress_wsq)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageFormatError(told("image.format")) from error
    except PillowImage.DecompressionBombError as error:
        raise ImageTooLargeError(told("image.too_many_pixels", most=bounds.max_pixels)) from error
    except MemoryError as error:
        raise ImageTooLargeError(told("image.memory")) from error
    except Exception as error:  # the readers raise many types on damaged files (OSError, SyntaxError, struct...)
        raise ImageTruncatedError(told("image.damaged")) from error


def _read(
    image_bytes: bytes, bounds: ImageLimits, decompress_wsq: wsq.Decompress | None
) -> tuple[Uint8Array, FileResolution | None]:
    def check_size(width_px: int, height_px: int, sample_bytes: int) -> None:
        _check_size(width_px, height_px, bounds)
        if width_px * height_px * sample_bytes > bounds.max_sample_bytes:
            raise ImageTooLargeError(
                told(
                    "image.many_sample_bytes",
                    width=width_px,
                    height=height_px,
                    bytes=sample_bytes,
                    most=bounds.max_sample_bytes,
                )
            )

    if image_bytes.startswith(wsq.SIGNATURE):
        pixels, wsq_ppi = wsq.decode_wsq(image_bytes, max_pixels=bounds.max_pixels, decompress=decompress_wsq)
        return pixels, None if wsq_ppi is None else FileResolution(wsq_ppi, wsq_ppi)
    if image_bytes.startswith(tiff.SIGNATURES):
        return tiff.decode_tiff(image_bytes, check_size=check_size)
    if pnm.is_pnm(image_bytes):
        return pnm.decode_pnm(image_bytes, check_size=check_size), None
    return decode_with_pillow(image_bytes, check_size=check_size)


def _check_size(width_px: int, height_px: int, bounds: ImageLimits) -> None:
    if width_px * height_px > bounds.max_pixels:
        raise ImageTooLargeError(told("image.many_pixels", width=width_px, height=height_px, most=bounds.max_pixels))
    if min(width_px, height_px) < bounds.min_side_px:
        raise ImageTooSmallError(told("image.few_pixels", width=width_px, height=height_px, least=bounds.min_side_px))


def _usable_ppi(resolution: FileResolution | None) -> tuple[float | None, str]:
    """The ppi of a file, or why it is of no use to a print."""
    if resolution is None:
        return None, ""
    if not resolution.is_telling:
        return None, ""
    if not resolution.is_square:
        sides = {"across": f"{resolution.across_ppi:.0f}", "down": f"{resolution.down_ppi:.0f}"}
        return None, told("ppi.not_square", **sides)
    return resolution.ppi, ""
