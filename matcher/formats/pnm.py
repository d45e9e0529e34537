"""PBM, PGM and PPM (Netpbm), plain and raw: any maxval up to 65535, each scaled by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np

from matcher.errors import ImageTruncatedError
from matcher.formats.raster import Raster, Samples, as_samples, to_pixels
from matcher.formats.refusals import not_understood
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

_SPACE: Final = rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])"
_HEADER: Final = re.compile(rb"P([1-6])" + _SPACE + rb"+(\d{1,9})" + _SPACE + rb"+(\d{1,9})")
_MAXVAL: Final = re.compile(_SPACE + rb"+(\d{1,9})")
_OTHERS: Final = {b"P7": "PAM", b"Pf": "PFM", b"PF": "PFM"}
SIGNATURES: Final = (*(b"P%d" % kind for kind in range(1, 7)), *_OTHERS)


def is_pnm(image_bytes: bytes) -> bool:
    """Whether the bytes start as a file of this family, those refused by name among them."""
    return image_bytes[:2] in SIGNATURES and image_bytes[2:3] in (b" ", b"\t", b"\r", b"\n", b"#")


def decode_pnm(pnm_bytes: bytes, *, check_size: Callable[[int, int, int], None]) -> Uint8Array:
    """uint8 gray or BGR pixels. check_size: as for decode_tiff. Raises ImageError."""
    if pnm_bytes[:2] in _OTHERS:
        raise not_understood("file_type", name=_OTHERS[pnm_bytes[:2]])
    header = _HEADER.match(pnm_bytes)
    if header is None:
        raise _damaged()
    kind, width, height = (int(number) for number in header.groups())
    is_plain, is_bitmap, count = kind <= 3, kind in (1, 4), 3 if kind in (3, 6) else 1
    maxval, end = 1, header.end()
    if not is_bitmap:
        stated = _MAXVAL.match(pnm_bytes, end)
        if stated is None or not 1 <= int(stated[1]) <= 65_535:
            raise _damaged()
        maxval, end = int(stated[1]), stated.end()
    check_size(width, height, count * (1 if maxval < 256 else 2))
    body = pnm_bytes[end if is_plain else end + 1 :]
    if is_bitmap:
        samples = _bits(body, width, height, is_plain=is_plain)
    elif is_plain:
        samples = _numbers(body, width * height * count, maxval)
    else:
        samples = _raw(body, width * height * count, maxval)
    shape = (height, width) if count == 1 else (height, width, 3)
    # 65535 is what writers put who do not know better; a depth that is stated otherwise is meant.
    bit_count = 16 if maxval == 65_535 else max(8, maxval.bit_length())
    largest = None if maxval in (255, 65_535) else maxval
    return to_pixels(Raster(samples.reshape(shape), bit_count, largest, is_min_white=is_bitmap))


def _raw(body: bytes, count: int, maxval: int) -> Samples:
    dtype = np.dtype(np.uint8) if maxval < 256 else np.dtype(">u2")
    if len(body) < count * dtype.itemsize:
        raise _damaged()
    return as_samples(np.frombuffer(body, dtype, count), bit_count=maxval.bit_length())


def _numbers(body: bytes, count: int, maxval: int) -> Samples:
    text = re.sub(rb"#[^\r\n]*", b"", body)
    if re.fullmatch(rb"[\s\d]*", text) is None:
        raise _damaged()
    numbers = np.fromstring(text.decode("ascii"), dtype=np.int64, sep=" ")
    if len(numbers) < count or int(numbers[:count].max(initial=0)) > maxval:
        raise _damaged()
    return as_samples(numbers[:count], bit_count=maxval.bit_length())


def _bits(body: bytes, width: int, height: int, *, is_plain: bool) -> Samples:
    if is_plain:
        digits = np.frombuffer(re.sub(rb"#[^\r\n]*|\s", b"", body), np.uint8) - ord("0")
        if len(digits) < width * height or int(digits[: width * height].max(initial=0)) > 1:
            raise _damaged()
        return digits[: width * height].astype(np.uint8)
    row_bytes = (width + 7) // 8
    rows = _raw(body, row_bytes * height, 255).reshape(height, row_bytes).astype(np.uint8)
    return np.unpackbits(rows, axis=1)[:, :width].ravel()


def _damaged() -> ImageTruncatedError:
    return ImageTruncatedError(told("image.pnm_damaged"))
