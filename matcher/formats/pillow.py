"""JPEG, PNG, BMP, WebP and JPEG 2000 through Pillow, with what Pillow does not tell read from the file itself."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from PIL import (
    BmpImagePlugin,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as PillowImage

from matcher.errors import ImageTruncatedError
from matcher.formats.raster import Raster, Samples, to_pixels
from matcher.formats.refusals import not_understood
from matcher.formats.resolution import INCH, FileResolution
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

# Only these plugins may see the bytes: Pillow's list of formats is long, and some of it is old code.
FORMATS: Final = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    Jpeg2KImagePlugin.Jpeg2KImageFile.format,
)
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GRAY_ALPHA: Final = 4
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x0112, 0x011A, 0x011B, 0x0128
# Start-of-frame markers of ISO/IEC 10918-1 table B.1; 0xC4, 0xC8 and 0xCC are no frames.
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PROCESSES: Final = {0xC3: "lossless", 0xC7: "lossless", 0xCB: "lossless", 0xCF: "lossless"}
# A progressive JPEG of a camera has 10 scans, of a tool for small files up to about 20. Each scan passes over the whole
# picture, so that a file of few bytes and thousands of scans would keep a decoder busy for minutes.
_USUAL_SCAN_COUNT: Final = 32
_SCANNED_PIXELS: Final = 1_500_000_000
_J2K_CODESTREAM: Final = b"\xff\x4f\xff\x51"
# 14 of 16 bits leave this of 8.
_LOW_BITS_LEVEL: Final = 63


def decode_with_pillow(
    image_bytes: bytes, *, check_size: Callable[[int, int, int], None]
) -> tuple[Uint8Array, FileResolution | None]:
    """Upright pixels, uint8 gray or BGR, and the resolution that the file states.

    check_size: as for decode_tiff. Raises ImageError, and what Pillow raises on damaged files.
    """
    check_jpeg(image_bytes)
    with PillowImage.open(io.BytesIO(image_bytes), formats=FORMATS) as picture:
        # From the header, before any pixel is unpacked.
        check_size(picture.width, picture.height, len(picture.getbands()) * (2 if picture.mode.startswith("I") else 1))
        if picture.format != "MPO" and getattr(picture, "is_animated", False):
            # MPO is what several phones write under the name of JPEG; its first picture is the photograph.
            raise not_understood("pages")
        picture.load()
        resolution = _resolution(picture)
        turned = picture.getexif().get(_ORIENTATION, 1) != 1
        raster = _deep_png(image_bytes, picture, check_size) or _raster(picture, image_bytes)
        pixels = to_pixels(raster)
        return (_turned(pixels, picture) if turned else pixels), resolution


def check_jpeg(image_bytes: bytes) -> None:
    """Raises ImageKindError for a JPEG that Pillow would call no image at all, or that would take minutes."""
    if not image_bytes.startswith(b"\xff\xd8\xff"):
        return
    position = 2
    while position + 10 <= len(image_bytes) and image_bytes[position] == 0xFF:
        marker = image_bytes[position + 1]
        if marker in _JPEG_FRAMES:
            bits, height, width = struct.unpack_from(">BHH", image_bytes, position + 4)
            _check_jpeg_frame(marker, bits, width * height, image_bytes.count(b"\xff\xda", position))
            return
        # Fill bytes and markers without a length.
        position += (
            1 if marker == 0xFF else 2 if marker in (0x01, *range(0xD0, 0xD9)) else 2 + _length(image_bytes, position)
        )


def _length(image_bytes: bytes, position: int) -> int:
    return max(2, int.from_bytes(image_bytes[position + 2 : position + 4]))


def _check_jpeg_frame(marker: int, bits: int, pixel_count: int, scan_count: int) -> None:
    if marker in _JPEG_PROCESSES:
        raise not_understood("jpeg_process", name=_JPEG_PROCESSES[marker])
    if marker not in (0xC0, 0xC1, 0xC2):
        raise not_understood("jpeg_process", name="arithmetic coding" if marker > 0xC8 else "hierarchical")
    if bits != 8:
        raise not_understood("bits", bits=bits)
    if scan_count > _USUAL_SCAN_COUNT and scan_count * pixel_count > _SCANNED_PIXELS:
        raise not_understood("jpeg_scans", count=scan_count)


def _raster(picture: PillowImage.Image, image_bytes: bytes) -> Raster:
    mode = picture.mode
    if mode == "F":
        raise not_understood("float")
    if mode.startswith("I"):
        return _deep_gray(picture, image_bytes)
    if mode in ("1", "L") and "transparency" not in picture.info:
        return Raster(np.asarray(picture.convert("L"), dtype=np.uint8))
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        is_gray = mode in ("1", "L", "LA", "La")
        bands = np.asarray(picture.convert("RGBA"), dtype=np.uint8)
        return Raster(bands[:, :, 0] if is_gray else bands[:, :, :3], alpha=bands[:, :, 3])
    colors = np.asarray(picture.convert("RGB"), dtype=np.uint8)
    if picture.format == "JPEG2000" and _j2k_bits(image_bytes) > 8 and 0 < int(colors.max()) <= _LOW_BITS_LEVEL:
        raise not_understood("low_bits")
    return Raster(colors)


def _deep_gray(picture: PillowImage.Image, image_bytes: bytes) -> Raster:
    samples = np.asarray(picture)
    if samples.min(initial=0) < 0 or samples.max(initial=0) > 65_535:
        raise not_understood("bits", bits=32)
    deep = samples.astype(np.uint16)
    largest = None
    if picture.format == "JPEG2000":
        # Pillow shifts samples of fewer bits up to 16.
        bits = min(16, _j2k_bits(image_bytes))
        largest, deep = ((1 << bits) - 1 if bits < 16 else None), np.right_shift(deep, 16 - bits).astype(np.uint16)
    hidden = picture.info.get("transparency")
    alpha = None if not isinstance(hidden, int) else np.where(deep == hidden, 0, 65_535).astype(np.uint16)
    return Raster(deep, 16, largest or _png_largest(image_bytes, deep), alpha=alpha)


def _j2k_bits(image_bytes: bytes) -> int:
    """Bits a sample of the first component (SIZ, ISO/IEC 15444-1 A.5.1); 8 where there is no codestream."""
    start = image_bytes.find(_J2K_CODESTREAM)
    return 8 if start < 0 or start + 43 > len(image_bytes) else (image_bytes[start + 42] & 0x7F) + 1


def _deep_png(
    image_bytes: bytes, picture: PillowImage.Image, check_size: Callable[[int, int, int], None]
) -> Raster | None:
    """A PNG of 16 bits in color or with alpha, of which Pillow keeps the high bytes only; None for any other file."""
    if not image_bytes.startswith(_PNG_SIGNATURE) or image_bytes[24] != 16 or image_bytes[25] == 0:
        return None
    check_size(picture.width, picture.height, 8)
    stored = np.asarray(cv2.imdecode(np.frombuffer(image_bytes, np.uint8), cv2.IMREAD_UNCHANGED))
    if stored.dtype != np.uint16 or stored.shape[:2] != (picture.height, picture.width):
        raise ImageTruncatedError(told("image.png_damaged"))
    stored = stored.astype(np.uint16, copy=False)
    samples: Samples = stored[:, :, 0] if image_bytes[25] == _GRAY_ALPHA else stored[:, :, 2::-1]
    alpha: Samples | None = stored[:, :, 3] if stored.shape[2] == 4 else None
    return Raster(samples, 16, _png_largest(image_bytes, samples), alpha=alpha)


def _png_largest(image_bytes: bytes, samples: Samples) -> int | None:
    """What the chunk sBIT says of 16-bit samples. A writer that follows the PNG specification has scaled them up to
    16 bits all the same; many have not, and then no sample is above the depth that they state."""
    bits = _significant_bits(image_bytes)
    if bits is None or not 8 <= bits < 16 or int(samples.max(initial=0)) >> bits:
        return None
    # Scaled up, the low bits repeat the high ones or are 0.
    low = samples & np.uint16((1 << (16 - bits)) - 1)
    if not low.any():
        return None
    return (1 << bits) - 1


def _significant_bits(image_bytes: bytes) -> int | None:
    position = len(_PNG_SIGNATURE)
    while position + 8 <= len(image_bytes):
        length, name = struct.unpack_from(">I4s", image_bytes, position)
        if name == b"sBIT" and 1 <= length <= 4:
            return max(image_bytes[position + 8 : position + 8 + min(length, 3)], default=0)
        if name == b"IDAT":
            return None
        position += 12 + length
    return None


def _turned(pixels: Uint8Array, picture: PillowImage.Image) -> Uint8Array:
    """By the EXIF orientation of the picture."""
    stored = PillowImage.fromarray(np.ascontiguousarray(pixels))
    stored.getexif()[_ORIENTATION] = picture.getexif()[_ORIENTATION]
    return np.asarray(ImageOps.exif_transpose(stored), dtype=np.uint8)


def _resolution(picture: PillowImage.Image) -> FileResolution | None:
    """What the format itself states; of EXIF what it states, with inches where it names no unit."""
    stated = picture.info.get("dpi")
    exif = picture.getexif()
    if picture.format in ("JPEG", "MPO") and picture.info.get("jfif_unit", 0) not in (1, 2):
        # Pillow answers 72 where EXIF names no unit.
        stated = None
    if stated is None and _X_RESOLUTION in exif and _Y_RESOLUTION in exif:
        sides = (_number(exif[_X_RESOLUTION]), _number(exif[_Y_RESOLUTION]))
        unit = exif.get(_RESOLUTION_UNIT, INCH)
        return FileResolution.of_exif(*sides, unit if isinstance(unit, int) else INCH)
    if not isinstance(stated, tuple) or len(stated) != 2:
        return None
    return FileResolution(_number(stated[0]), _number(stated[1]))


def _number(stated: object) -> float:
    """0 for what is not a number."""
    try:
        return float(stated)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
