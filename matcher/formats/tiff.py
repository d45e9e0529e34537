"""TIFF: tifffile reads the tags, zlib, Pillow's libtiff and its JPEG decoder expand the strips and tiles one by one.

Pillow alone drops what the samples mean (16-bit colors lose their low byte, 16-bit min-is-white stays a negative,
stated depths are ignored), so the samples are put together here, as the tags of TIFF 6.0 say. What they say and this
file does not understand is refused by name. Memory is bounded by the size that the tags state, which the caller has
checked.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image as PillowImage
from tifffile import TiffFile, TiffPage

from matcher.errors import ImageError, ImageTooLargeError, ImageTruncatedError
from matcher.formats.raster import Raster, Samples, as_samples, scaled_to_8_bits, to_pixels
from matcher.formats.refusals import not_understood
from matcher.formats.resolution import INCH, FileResolution
from matcher.samples import Uint8Array

SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# More are never looked at: a print with its thumbnails has two or three.
_MOST_PAGES: Final = 16
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED: Final = 2  # of SubfileType
_THUMBNAIL_LIKENESS: Final = 0.9

_NONE, _CCITT, _LZW, _JPEG, _DEFLATE, _PACKBITS = 1, (2, 3, 4), 5, 7, (8, 32946), 32773
_BY_LIBTIFF: Final = (_LZW, _PACKBITS)
_COMPRESSION_NAMES: Final = {
    6: "old JPEG",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy DNG",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}
_NOT_STATED: Final = -1
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOR_COUNTS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _SEPARATED: 4, _YCBCR: 3}
_PHOTOMETRIC_NAMES: Final = {
    _NOT_STATED: "nothing (the tag is missing)",
    4: "transparency mask",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "color filter array",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
    51177: "depth map",
}
_SAMPLE_FORMATS: Final = {2: "signed", 3: "float", 5: "signed", 6: "float"}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_BITS_A_STEP: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the tags of a page say. color_count: samples a pixel that are color; alpha: place of the one that is
    transparency, None without one. plane_count: 1 where the samples of a pixel lie together."""

    width: int
    height: int
    sample_count: int
    color_count: int
    bit_count: int
    photometric: int
    compression: int
    predictor: int
    plane_count: int
    segment_width: int
    segment_height: int
    is_little_endian: bool
    alpha: int | None
    is_premultiplied: bool

    @property
    def samples_a_plane(self) -> int:
        return self.sample_count // self.plane_count


def decode_tiff(
    tiff_bytes: bytes, *, check_size: Callable[[int, int, int], None]
) -> tuple[Uint8Array, FileResolution | None]:
    """Upright pixels, uint8 gray or BGR, and the resolution that the file states.

    check_size: called with width, height in pixels and bytes a pixel before anything is unpacked. Raises ImageError.
    """
    with TiffFile(io.BytesIO(tiff_bytes)) as file:
        pages = [page for page in _first_pages(file) if isinstance(page, TiffPage)]
        if not pages:
            raise ImageTruncatedError("The TIFF file holds no image. Export it again from its source.")
        page = _only_picture(pages, tiff_bytes, check_size)
        return _upright(_pixels(page, tiff_bytes, check_size), _tag(page, 274, 1)), _resolution(page)


def _first_pages(file: TiffFile) -> Iterator[object]:
    for number in range(_MOST_PAGES):
        try:
            yield file.pages[number]
        except IndexError:
            return


def _only_picture(pages: list[TiffPage], tiff_bytes: bytes, check_size: Callable[[int, int, int], None]) -> TiffPage:
    """The one page that is neither a reduced copy nor a mask."""
    main = [page for page in pages if not _is_marked_lesser(page)] or pages[:1]
    main.sort(key=lambda page: -page.imagewidth * page.imagelength)
    for other in main[1:]:
        if not _is_thumbnail(other, main[0], tiff_bytes, check_size):
            raise not_understood("pages")
    return main[0]


def _is_marked_lesser(page: TiffPage) -> bool:
    return bool(_tag(page, 254, 0) & (_REDUCED | _MASK)) or _tag(page, 255, 0) == _OLD_REDUCED


def _is_thumbnail(
    small: TiffPage, large: TiffPage, tiff_bytes: bytes, check_size: Callable[[int, int, int], None]
) -> bool:
    """Whether an unmarked page is a reduced copy: half as wide at most, of the same shape, and showing the same."""
    if 2 * small.imagewidth > large.imagewidth or 2 * small.imagelength > large.imagelength:
        return False
    if min(small.imagewidth, small.imagelength) < 2:
        return False
    scale = small.imagewidth / large.imagewidth
    if abs(large.imagelength * scale - small.imagelength) > 2.0:
        return False
    try:
        whole = _gray(_pixels(large, tiff_bytes, check_size))
        copy = _gray(_pixels(small, tiff_bytes, lambda *_: None))  # of a quarter of that size at most
    except ImageError:
        return False
    reduced = cv2.resize(whole, (copy.shape[1], copy.shape[0]), interpolation=cv2.INTER_AREA).astype(np.float64)
    one, other = reduced - reduced.mean(), copy - copy.astype(np.float64).mean()
    length = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return length > 0 and float((one * other).sum()) / length >= _THUMBNAIL_LIKENESS


def _gray(pixels: Uint8Array) -> Uint8Array:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def _pixels(page: TiffPage, tiff_bytes: bytes, check_size: Callable[[int, int, int], None]) -> Uint8Array:
    layout = _layout(page)
    check_size(layout.width, layout.height, layout.sample_count * (1 if layout.bit_count <= 8 else 2))
    samples = _samples(page, layout, tiff_bytes)
    colors = samples[:, :, : layout.color_count]
    alpha = None if layout.alpha is None else samples[:, :, layout.alpha]
    if layout.photometric == _PALETTE:
        return to_pixels(Raster(_from_palette(page, colors[:, :, 0]), alpha=_opacity(alpha, layout)))
    largest = _stated_largest(page, layout)
    if layout.photometric == _SEPARATED:
        inks = to_pixels(Raster(colors.reshape(layout.height, -1), layout.bit_count, largest))
        return to_pixels(Raster(_without_inks(inks.reshape(colors.shape)), alpha=_opacity(alpha, layout)))
    return to_pixels(
        Raster(
            samples=colors[:, :, 0] if layout.color_count == 1 else colors,
            bit_count=layout.bit_count,
            largest=largest,
            is_min_white=layout.photometric == _WHITE_IS_ZERO,
            alpha=alpha,
            is_premultiplied=layout.is_premultiplied,
        )
    )


def _opacity(alpha: Samples | None, layout: _Layout) -> Uint8Array | None:
    return None if alpha is None else scaled_to_8_bits(alpha, (1 << layout.bit_count) - 1)


def _layout(page: TiffPage) -> _Layout:
    """Raises ImageKindError for what is not understood."""
    photometric, compression = _tag(page, 262, _NOT_STATED), int(page.compression)
    sample_count = page.samplesperpixel
    if photometric not in _COLOR_COUNTS:
        raise not_understood("photometric", name=_PHOTOMETRIC_NAMES.get(photometric, photometric))
    if photometric == _YCBCR and compression != _JPEG:
        raise not_understood("photometric", name="YCbCr")
    color_count = _COLOR_COUNTS[photometric]
    if photometric == _SEPARATED and (_tag(page, 332, 1) != 1 or sample_count < 4):
        raise not_understood("photometric", name="inks other than CMYK")
    if sample_count < color_count:
        raise not_understood("planes", count=sample_count)
    _check_sample_format(page)
    if compression not in (_NONE, *_CCITT, *_DEFLATE, _JPEG, *_BY_LIBTIFF):
        raise not_understood("compression", name=_COMPRESSION_NAMES.get(compression, compression))
    extra = [int(one) for one in page.extrasamples]
    found = next((place for place, kind in enumerate(extra) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    is_premultiplied = found is not None and extra[found] == _ASSOCIATED
    if is_premultiplied and photometric not in (_BLACK_IS_ZERO, _RGB):
        raise not_understood("layout", name="premultiplied transparency of other than gray or RGB")
    predictor = _tag(page, 317, 1)
    bit_count = _bit_count(page)
    if predictor not in (1, 2) or (predictor == 2 and bit_count not in (8, 16)):
        raise not_understood("layout", name=f"predictor {predictor}")
    if int(page.planarconfig or 1) == 2 and sample_count > 1 and compression in (_JPEG, *_CCITT):
        raise not_understood("layout", name="separate planes with JPEG")
    return _Layout(
        width=page.imagewidth,
        height=page.imagelength,
        sample_count=sample_count,
        color_count=color_count,
        bit_count=bit_count,
        photometric=photometric,
        compression=compression,
        predictor=predictor,
        plane_count=sample_count if int(page.planarconfig or 1) == 2 else 1,
        segment_width=page.tilewidth if page.is_tiled else page.imagewidth,
        segment_height=page.tilelength if page.is_tiled else min(page.rowsperstrip or 1 << 31, page.imagelength),
        is_little_endian=page.parent.byteorder == "<",
        alpha=None if found is None else color_count + found,
        is_premultiplied=is_premultiplied,
    )


def _check_sample_format(page: TiffPage) -> None:
    formats = _values(page, 339) or [1]
    if any(one != formats[0] for one in formats) or formats[0] not in (1, 4):
        raise not_understood(_SAMPLE_FORMATS.get(formats[0], "signed"))


def _bit_count(page: TiffPage) -> int:
    counts = _values(page, 258) or [1]
    if any(one != counts[0] for one in counts):
        raise not_understood("bits", bits=", ".join(str(one) for one in counts))
    if not 1 <= counts[0] <= 16:
        raise not_understood("bits", bits=counts[0])
    return counts[0]


def _stated_largest(page: TiffPage, layout: _Layout) -> int | None:
    """From SMaxSampleValue or MaxSampleValue. Writers put there what the depth allows or what happens to occur; both
    tell the number of bits that are used."""
    for code in (341, 281):
        stated = _values(page, code)
        if stated and 0 < max(stated) < 1 << layout.bit_count:
            return int((1 << max(stated).bit_length()) - 1)
    return None


def _samples(page: TiffPage, layout: _Layout, tiff_bytes: bytes) -> Samples:
    """(height, width, samples a pixel), uint8 for up to 8 bits, else uint16."""
    across = -(-layout.width // layout.segment_width)
    down = -(-layout.height // layout.segment_height)
    if len(page.dataoffsets) < across * down * layout.plane_count:
        raise ImageTruncatedError("The TIFF file lists fewer strips than its size needs. Export it again.")
    dtype = np.uint8 if layout.bit_count <= 8 else np.uint16
    samples = np.empty((layout.height, layout.width, layout.sample_count), dtype)
    expand = _Expander(page, layout)
    for number in range(across * down * layout.plane_count):
        plane, place = divmod(number, across * down)
        top, left = (place // across) * layout.segment_height, (place % across) * layout.segment_width
        row_count = layout.segment_height if page.is_tiled else min(layout.segment_height, layout.height - top)
        start = page.dataoffsets[number]
        segment = expand(tiff_bytes[start : start + page.databytecounts[number]], row_count)
        height, width = min(row_count, layout.height - top), min(layout.segment_width, layout.width - left)
        first = plane * layout.samples_a_plane
        target = samples[top : top + height, left : left + width, first : first + layout.samples_a_plane]
        target[...] = segment[:height, :width]
    return samples


class _Expander:
    """Strips or tiles of one page to samples."""

    def __init__(self, page: TiffPage, layout: _Layout) -> None:
        self._layout = layout
        self._reversed = _tag(page, 266, 1) == 2
        self._tables = bytes(page.jpegtables or b"")
        self._fax_options = {code: _tag(page, code, 0) for code in (292, 293)}

    def __call__(self, segment: bytes, row_count: int) -> Samples:
        """(row_count, segment width, samples a plane). Raises ImageTruncatedError."""
        layout = self._layout
        if layout.compression == _JPEG:
            return self._from_jpeg(segment, row_count)
        if self._reversed:
            segment = _REVERSED[np.frombuffer(segment, np.uint8)].tobytes()
        if layout.compression in _CCITT:
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
        if compression in _DEFLATE:
            try:
                segment = zlib.decompressobj().decompress(segment, needed)
            except zlib.error as error:
                raise ImageTruncatedError("A strip of the TIFF file is damaged. Export it again.") from error
        elif compression in _BY_LIBTIFF:
            # As a gray picture of one strip whose rows are the bytes wanted.
            strip = _one_strip(segment, row_bytes, row_count, bit_count=8, compression=compression, options={})
            segment = np.asarray(_opened(strip, row_bytes * row_count)).tobytes()
        if len(segment) < needed:
            raise ImageTruncatedError("A strip of the TIFF file ends too early. Export it again from its source.")
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
        if layout.bit_count != 8 or layout.photometric == _SEPARATED or layout.sample_count != layout.color_count:
            raise not_understood("layout", name="JPEG of other than gray or color")
        # An Adobe marker tells the decoder whether three components are RGB (0) or YCbCr (1).
        adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([layout.photometric == _YCBCR])
        tables = self._tables[2:-2] if self._tables else b""
        picture = PillowImage.open(io.BytesIO(segment[:2] + adobe + tables + segment[2:]), formats=("JPEG",))
        if picture.size != (layout.segment_width, row_count):
            raise ImageTruncatedError("A strip of the TIFF file has another size than stated: it is damaged.")
        picture.load()
        samples = np.array(picture, dtype=np.uint8)
        return samples.reshape(row_count, layout.segment_width, layout.samples_a_plane)


_REVERSED: Final = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)).reshape(256, 8)[:, ::-1], axis=1).ravel()


def _unpacked(expanded: bytes, layout: _Layout, row_bytes: int, row_count: int) -> Samples:
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
        raise ImageTooLargeError("A strip of the TIFF file is too large; save the image in smaller strips or as PNG.")
    picture = PillowImage.open(io.BytesIO(tiff_bytes), formats=("TIFF",))
    picture.load()
    return picture


def _from_palette(page: TiffPage, indexes: Samples) -> Samples:
    """(height, width, 3)."""
    table = np.asarray(page.colormap, dtype=np.uint16)
    if table.ndim != 2 or table.shape[0] != 3 or int(indexes.max(initial=0)) >= table.shape[1]:
        raise ImageTruncatedError("The color table of the TIFF file does not fit its samples. Export it again.")
    # Entries have 16 bits; some writers fill them with 8.
    scaled = table if int(table.max(initial=0)) < 256 else (table + np.uint32(128)) // 257
    colors: Uint8Array = scaled.astype(np.uint8).T
    return colors[indexes]


def _without_inks(inks: Uint8Array) -> Uint8Array:
    """Cyan, magenta, yellow, black to red, green, blue, as Pillow does it: without a color profile."""
    light = 255 - inks.astype(np.uint16)
    return ((light[:, :, :3] * light[:, :, 3:] + 127) // 255).astype(np.uint8)


def _upright(pixels: Uint8Array, orientation: int) -> Uint8Array:
    """TIFF 6.0, Orientation: where row 0 and column 0 of the stored picture are when it is looked at."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _resolution(page: TiffPage) -> FileResolution | None:
    across, down = (_ratio(page, code) for code in (282, 283))
    if across is None or down is None:
        return None
    return FileResolution.of_exif(across, down, _tag(page, 296, INCH))


def _ratio(page: TiffPage, code: int) -> float | None:
    values = _values(page, code)
    if len(values) != 2 or not values[1]:
        return None
    return values[0] / values[1]


def _values(page: TiffPage, code: int) -> list[int]:
    """The numbers of a tag, empty where it is absent or holds none."""
    tag = page.tags.get(code)
    given = () if tag is None else tag.value
    listed = list(given) if isinstance(given, (tuple, list, np.ndarray)) else [given]
    return [int(one) for one in listed if isinstance(one, (int, np.integer))]


def _tag(page: TiffPage, code: int, default: int) -> int:
    values = _values(page, code)
    return values[0] if values else default
