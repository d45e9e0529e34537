"""TIFF: tifffile reads the tags, zlib, Pillow's libtiff and its JPEG decoder expand the strips and tiles one by one.

Pillow alone drops what the samples mean (16-bit colors lose their low byte, 16-bit min-is-white stays a negative,
stated depths are ignored), so the samples are put together here, as the tags of TIFF 6.0 say. What they say and this
file does not understand is refused by name. Memory is bounded by the size that the tags state, which the caller has
checked.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
from tifffile import TiffFile, TiffPage

from matcher.errors import ImageError, ImageTruncatedError
from matcher.formats.raster import Raster, Samples, scaled_to_8_bits, to_pixels
from matcher.formats.refusals import not_understood
from matcher.formats.resolution import INCH, FileResolution
from matcher.formats.tiff_layout import (
    PALETTE,
    SEPARATED,
    WHITE_IS_ZERO,
    Layout,
    layout_of,
    stated_largest,
    tag,
    tag_values,
)
from matcher.formats.tiff_strips import Expander
from matcher.samples import Uint8Array
from matcher.texts.catalog import told

SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# More are never looked at: a print with its thumbnails has two or three.
_MOST_PAGES: Final = 16
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED: Final = 2  # of SubfileType
_THUMBNAIL_LIKENESS: Final = 0.9


def decode_tiff(
    tiff_bytes: bytes, *, check_size: Callable[[int, int, int], None]
) -> tuple[Uint8Array, FileResolution | None]:
    """Upright pixels, uint8 gray or BGR, and the resolution that the file states.

    check_size: called with width, height in pixels and bytes a pixel before anything is unpacked. Raises ImageError.
    """
    with TiffFile(io.BytesIO(tiff_bytes)) as file:
        pages = [page for page in _first_pages(file) if isinstance(page, TiffPage)]
        if not pages:
            raise ImageTruncatedError(told("image.tiff_no_image"))
        page = _only_picture(pages, tiff_bytes, check_size)
        return _upright(_pixels(page, tiff_bytes, check_size), tag(page, 274, 1)), _resolution(page)


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
    return bool(tag(page, 254, 0) & (_REDUCED | _MASK)) or tag(page, 255, 0) == _OLD_REDUCED


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
    layout = layout_of(page)
    check_size(layout.width, layout.height, layout.sample_count * (1 if layout.bit_count <= 8 else 2))
    samples = _samples(page, layout, tiff_bytes)
    colors = samples[:, :, : layout.color_count]
    alpha = None if layout.alpha is None else samples[:, :, layout.alpha]
    if layout.photometric == PALETTE:
        return to_pixels(Raster(_from_palette(page, colors[:, :, 0]), alpha=_opacity(alpha, layout)))
    largest = stated_largest(page, layout)
    if layout.photometric == SEPARATED:
        inks = to_pixels(Raster(colors.reshape(layout.height, -1), layout.bit_count, largest))
        return to_pixels(Raster(_without_inks(inks.reshape(colors.shape)), alpha=_opacity(alpha, layout)))
    return to_pixels(
        Raster(
            samples=colors[:, :, 0] if layout.color_count == 1 else colors,
            bit_count=layout.bit_count,
            largest=largest,
            is_min_white=layout.photometric == WHITE_IS_ZERO,
            alpha=alpha,
            is_premultiplied=layout.is_premultiplied,
        )
    )


def _opacity(alpha: Samples | None, layout: Layout) -> Uint8Array | None:
    return None if alpha is None else scaled_to_8_bits(alpha, (1 << layout.bit_count) - 1)


def _samples(page: TiffPage, layout: Layout, tiff_bytes: bytes) -> Samples:
    """(height, width, samples a pixel), uint8 for up to 8 bits, else uint16."""
    across = -(-layout.width // layout.segment_width)
    down = -(-layout.height // layout.segment_height)
    if len(page.dataoffsets) < across * down * layout.plane_count:
        raise ImageTruncatedError(told("image.tiff_few_strips"))
    dtype = np.uint8 if layout.bit_count <= 8 else np.uint16
    samples = np.empty((layout.height, layout.width, layout.sample_count), dtype)
    expand = Expander(page, layout)
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


def _from_palette(page: TiffPage, indexes: Samples) -> Samples:
    """(height, width, 3)."""
    table = np.asarray(page.colormap, dtype=np.uint16)
    if table.ndim != 2 or table.shape[0] != 3 or int(indexes.max(initial=0)) >= table.shape[1]:
        raise ImageTruncatedError(told("image.tiff_palette"))
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
    return FileResolution.of_exif(across, down, tag(page, 296, INCH))


def _ratio(page: TiffPage, code: int) -> float | None:
    numbers = tag_values(page, code)
    if len(numbers) != 2 or not numbers[1]:
        return None
    return numbers[0] / numbers[1]
