"""Strips and tiles of a TIFF page to samples, one by one."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image as PillowImage
from tifffile import TiffPage

from matcher.errors import ImageTooLargeError, ImageTruncatedError
from matcher.formats.raster import Samples, as_samples
from matcher.formats.refusals import not_understood
from matcher.formats.tiff_layout import BY_LIBTIFF, DEFLATE, FAX, JPEG, SEPARATED, YCBCR, Layout, tag
from matcher.texts.catalog import told

_BITS_A_STEP: Final = 1 << 22


class Expander:
    """Strips or tiles of one page to samples."""

    def __init__(self, page: TiffPage, layout: Layout) -> None:
        self._layout = layout
        self._reversed = tag(page, 266, 1) == 2
        self._tables = bytes(page.jpegtables or b"")
        self._fax_options = {code: tag(page, code, 0) for code in (292, 293)}

    def __call__(self, segment: bytes, row_count: int) -> Samples:
        """(row_count, segment width, samples a plane). Raises ImageTruncatedError."""
        layout = self._layout
        if layout.compression == JPEG:
            return self._from_jpeg(segment, row_count)
        if self._reversed:
            segment = _REVERSED[np.frombuffer(segment, np.uint8)].tobytes()
        if layout.compression in FAX:
            return self._from_fax(segment, row_count)
        row_bytes = (layout.segment_width * layout.samples_a_plane * layout.bit_count + 7) // 8
        expanded = self._bytes(segment, row_bytes, row_count)
        samples = _unpacked(expanded, layout, row_bytes, row_count)
        samples = samples.reshape(row_count, layout.segment_width, layout.samples_a_plane)
        if layout.predictor == 2:
            samples = np.add.accumulate(samples, axis=1, dtype=samples.dtype)
        return samples

    def _bytes(self, segment: bytes, row_bytes: int, row_count: int) -> bytes:
        compression, needed = self._layout.compression, row_bytes * row_count
        if compression in DEFLATE:
            try:
                segment = zlib.decompressobj().decompress(segment, needed)
            except zlib.error as error:
                raise ImageTruncatedError(told("image.tiff_strip_damaged")) from error
        elif compression in BY_LIBTIFF:
            # As a gray picture of one strip whose rows are the bytes wanted.
            strip = _one_strip(segment, row_bytes, row_count, bit_count=8, compression=compression, options={})
            segment = np.asarray(_opened(strip, row_bytes * row_count)).tobytes()
        if len(segment) < needed:
            raise ImageTruncatedError(told("image.tiff_strip_short"))
        return segment[:needed]

    def _from_fax(self, segment: bytes, row_count: int) -> Samples:
        layout = self._layout
        if layout.bit_count != 1 or layout.sample_count != 1:
            raise not_understood("layout", name="fax compression of more than one bit")
        strip = _one_strip(
            segment,
            layout.segment_width,
            row_count,
            bit_count=1,
            compression=layout.compression,
            options=self._fax_options,
        )
        bits = np.asarray(_opened(strip, layout.segment_width * row_count).convert("L"))
        return (bits > 0).astype(np.uint8).reshape(row_count, layout.segment_width, 1)

    def _from_jpeg(self, segment: bytes, row_count: int) -> Samples:
        layout = self._layout
        if layout.bit_count != 8 or layout.photometric == SEPARATED or layout.sample_count != layout.color_count:
            raise not_understood("layout", name="JPEG of other than gray or color")
        # An Adobe marker tells the decoder whether three components are RGB (0) or YCbCr (1).
        adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([layout.photometric == YCBCR])
        tables = self._tables[2:-2] if self._tables else b""
        picture = PillowImage.open(io.BytesIO(segment[:2] + adobe + tables + segment[2:]), formats=("JPEG",))
        if picture.size != (layout.segment_width, row_count):
            raise ImageTruncatedError(told("image.tiff_strip_size"))
        picture.load()
        samples = np.array(picture, dtype=np.uint8)
        return samples.reshape(row_count, layout.segment_width, layout.samples_a_plane)


_REVERSED: Final = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)).reshape(256, 8)[:, ::-1], axis=1).ravel()


def _unpacked(expanded: bytes, layout: Layout, row_bytes: int, row_count: int) -> Samples:
    """(row_count, samples a row)."""
    count = layout.segment_width * layout.samples_a_plane
    if layout.bit_count == 8:
        return np.frombuffer(bytearray(expanded), np.uint8).reshape(row_count, count)
    if layout.bit_count == 16:
        stored = np.frombuffer(expanded, "<u2" if layout.is_little_endian else ">u2")
        return stored.astype(np.uint16).reshape(row_count, count)
    # Packed from the highest bit on, each row from a byte of its own, in both byte orders (TIFF 6.0, BitsPerSample).
    rows = np.frombuffer(expanded, np.uint8).reshape(row_count, row_bytes)
    dtype = np.uint8 if layout.bit_count < 8 else np.uint16
    samples = np.empty((row_count, count), dtype)
    weights = as_samples(1 << np.arange(layout.bit_count - 1, -1, -1), bit_count=layout.bit_count)
    step = max(1, _BITS_A_STEP // (row_bytes * 8))
    for top in range(0, row_count, step):
        bits = np.unpackbits(rows[top : top + step], axis=1)[:, : count * layout.bit_count]
        samples[top : top + step] = np.matmul(bits.reshape(-1, count, layout.bit_count), weights)
    return samples


def _one_strip(
    strip: bytes, width: int, height: int, *, bit_count: int, compression: int, options: dict[int, int]
) -> bytes:
    """A little-endian TIFF file of one gray strip."""
    tags = {
        256: width,
        257: height,
        258: bit_count,
        259: compression,
        262: 1,
        273: 8,
        277: 1,
        278: height,
        279: len(strip),
        **{code: value for code, value in options.items() if value},
    }
    padded = strip + b"\0" * (len(strip) % 2)
    entries = b"".join(struct.pack("<HHII", code, 4, 1, tags[code]) for code in sorted(tags))
    return struct.pack("<2sHI", b"II", 42, 8 + len(padded)) + padded + struct.pack("<H", len(tags)) + entries + bytes(4)


def _opened(tiff_bytes: bytes, pixel_count: int) -> PillowImage.Image:
    if pixel_count > (PillowImage.MAX_IMAGE_PIXELS or pixel_count):
        raise ImageTooLargeError(told("image.tiff_strip_large"))
    picture = PillowImage.open(io.BytesIO(tiff_bytes), formats=("TIFF",))
    picture.load()
    return picture
