"""The cells: format × depth × photometric meaning × planes × alpha × compression × byte order × orientation.

Every cell knows its true picture, or that it has to be refused by name.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as PillowImage

from benchmarks.picture_formats.other_files import (
    bmp_file_of_32_bits,
    exif_orientation,
    jpeg2000_file,
    netpbm_file,
    png_file,
)
from benchmarks.picture_formats.tiff_files import SHORT, TiffPicture, tiff_file

WIDTH_PX, HEIGHT_PX = 53, 37
# What PNG and TIFF call the place of the first stored row and column, undone by Pillow's transpositions.
_STORED_AS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
_LOSSY = 14


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One file. true_pixels: uint8 (height, width) gray or (height, width, 3) BGR, None where it is to be refused by
    name. tolerance: largest mean difference in gray levels; 0 wants every pixel equal."""

    file_format: str
    depth: str
    colors: str
    content: bytes = field(repr=False)
    true_pixels: np.ndarray | None = field(repr=False)
    planes: str = "together"
    alpha: str = "none"
    compression: str = "none"
    byte_order: str = "-"
    orientation: int = 1
    tolerance: float = 0.0

    @property
    def name(self) -> str:
        return " ".join(
            (
                self.file_format,
                self.depth,
                self.colors,
                f"planes={self.planes} alpha={self.alpha} compression={self.compression}",
                f"order={self.byte_order} orientation={self.orientation}",
            )
        )


def picture(channel_count: int) -> np.ndarray:
    """uint8 (height, width, channels), over the full range, that looks like no turned or mirrored copy of itself."""
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    gray = 255 * (columns / (WIDTH_PX - 1)) * (0.4 + 0.6 * rows / (HEIGHT_PX - 1))
    gray[4:12, 6:20] = 255
    gray[20:30, 30:36] = 0
    waves = [gray, 255 - gray[:, ::-1] * 0.8, 255 * (rows / (HEIGHT_PX - 1)) * np.abs(np.cos(columns / 9))]
    return np.rint(np.dstack(waves[:channel_count])).astype(np.uint8)


def all_cells(*, every_orientation: bool, tiff_step: int = 1) -> Iterator[Cell]:
    """every_orientation: crossed with all the rest; otherwise the cells take turns with them. tiff_step: of the
    thousands of TIFF files only one of so many; a prime meets every value of every property."""
    turns = itertools.cycle(range(1, 9))
    orientations = tuple(range(1, 9)) if every_orientation else (0,)
    yield from _tiff_cells(orientations, turns, tiff_step)
    for make in (_tiff_refusals, _png_cells, _netpbm_cells, _jpeg_cells, _other_cells):
        yield from make(orientations, turns)


Turns = Iterator[int]
Orientations = tuple[int, ...]


def _oriented(orientations: Orientations, turns: Turns) -> list[int]:
    return [orientation or next(turns) for orientation in orientations]


def _stored(samples: np.ndarray, orientation: int) -> np.ndarray:
    """The samples (height, width, channels) as a file of this orientation holds them."""
    if orientation == 1:
        return samples
    transposition = PillowImage.Transpose(_STORED_AS[orientation])
    planes = [np.asarray(PillowImage.fromarray(plane).transpose(transposition)) for plane in np.moveaxis(samples, 2, 0)]
    return np.stack(planes, axis=2)


def _levels(pixels: np.ndarray, bit_count: int) -> np.ndarray:
    return np.rint(pixels.astype(np.float64) * ((1 << bit_count) - 1) / 255).astype(np.int64)


def _seen(pixels: np.ndarray, bit_count: int) -> np.ndarray:
    """What is left of 8 bits after that many, as BGR or gray."""
    largest = (1 << bit_count) - 1
    left = np.rint(_levels(pixels, bit_count) * 255.0 / largest).astype(np.uint8)
    return left[:, :, 0] if left.shape[2] == 1 else left[:, :, ::-1]


# --- depth: name, bits stored, bits used, tags that say so
_TIFF_DEPTHS = (
    *((str(bits), bits, bits, ()) for bits in (1, 2, 4, 8, 10, 12, 14, 16)),
    ("10 in 16", 16, 10, ()),
    ("12 in 16", 16, 12, ()),
    ("14 in 16", 16, 14, ()),
    ("12 in 16, stated", 16, 12, ((281, SHORT, [4095]),)),
    ("10 in 16, stated", 16, 10, ((341, SHORT, [1023]),)),
    ("4 in 8, stated", 8, 4, ((281, SHORT, [15]),)),
)
_TIFF_COLORS = {"black is 0": (1, 1), "white is 0": (0, 1), "RGB": (2, 3), "palette": (3, 1), "CMYK": (5, 4)}
_ALPHAS = {"none": (), "straight": (2,), "premultiplied": (1,), "0 everywhere": (2,), "unspecified": (0,)}
_COMPRESSIONS = {"none": 1, "LZW": 5, "deflate": 8, "PackBits": 32773}


def _tiff_cells(orientations: Orientations, turns: Turns, step: int) -> Iterator[Cell]:
    kinds = itertools.product(_TIFF_DEPTHS, _TIFF_COLORS, (False, True), _ALPHAS, _COMPRESSIONS, ("II", "MM"))
    layouts = itertools.cycle([(None, 1), ((16, 16), 1), (None, 2)])
    for depth, colors, is_planar, alpha, compression, byte_order in itertools.islice(kinds, 0, None, step):
        name, stored_bits, used_bits, tags = depth
        is_possible = _TIFF_COLORS[colors][1] > 1 or alpha != "none" or not is_planar
        if (colors == "palette" and (stored_bits > 8 or tags)) or not is_possible:
            continue
        tile_px, fill_order = next(layouts)
        for orientation in _oriented(orientations, turns):
            samples, true_pixels, more_tags = _tiff_samples(colors, used_bits, stored_bits, alpha, orientation)
            content = tiff_file(
                TiffPicture(
                    samples=samples,
                    bit_count=stored_bits,
                    photometric=_TIFF_COLORS[colors][0],
                    byte_order=byte_order,
                    compression=_COMPRESSIONS[compression],
                    predictor=2 if compression in ("LZW", "deflate") and stored_bits in (8, 16) else 1,
                    is_planar=is_planar,
                    fill_order=fill_order,
                    tile_px=tile_px,
                    extra_samples=_ALPHAS[alpha],
                    tags=(*tags, *more_tags, (274, SHORT, [orientation])),
                )
            )
            yield Cell(
                "TIFF",
                name,
                colors,
                content,
                true_pixels,
                planes="apart" if is_planar else "together",
                alpha=alpha,
                compression=compression,
                byte_order=byte_order,
                orientation=orientation,
                tolerance=1.0,
            )


def _tiff_samples(
    colors: str, used_bits: int, stored_bits: int, alpha: str, orientation: int
) -> tuple[np.ndarray, np.ndarray | None, tuple[tuple[int, int, list[int]], ...]]:
    """Samples as stored, the true picture, and the tags that the colors need."""
    largest = (1 << used_bits) - 1
    pixels = picture(3 if colors in ("RGB", "CMYK") else 1)
    tags: tuple[tuple[int, int, list[int]], ...] = ()
    true_pixels: np.ndarray | None = _seen(pixels, used_bits)
    levels = _levels(pixels, used_bits)
    if colors == "palette":
        reds = np.rint(np.linspace(0, 65_535, largest + 1)).astype(int)
        table = np.stack([reds, reds[::-1], reds // 2])
        tags = ((320, SHORT, table.ravel().tolist()),)
        true_pixels = np.rint(table[::-1, levels[:, :, 0]] / 257).astype(np.uint8).transpose(1, 2, 0)
    if colors == "CMYK":
        levels = np.dstack([largest - levels, np.zeros((HEIGHT_PX, WIDTH_PX), np.int64)])
    opacity, is_seen = _opacity(alpha)
    if is_seen:
        share = opacity if true_pixels.ndim == 2 else opacity[:, :, np.newaxis]
        true_pixels = np.rint(true_pixels * share + 255 * (1 - share)).astype(np.uint8)
    if alpha == "premultiplied" and colors != "CMYK":
        levels = np.rint(levels * opacity[:, :, np.newaxis]).astype(np.int64)
    if alpha == "premultiplied" and colors not in ("black is 0", "RGB"):
        true_pixels = None
    if colors == "white is 0":
        levels = largest - levels
    if alpha != "none":
        # Transparency has the full range of what is stored.
        levels = np.dstack([levels, np.rint(opacity * ((1 << stored_bits) - 1)).astype(np.int64)])
    return _stored(levels.astype(np.int32), orientation), true_pixels, tags


def _opacity(alpha: str) -> tuple[np.ndarray, bool]:
    """0 or 1 (height, width), and whether it is to be applied."""
    opacity = np.zeros((HEIGHT_PX, WIDTH_PX))
    if alpha in ("straight", "premultiplied"):
        opacity[:, : 2 * WIDTH_PX // 3] = 1.0
    return opacity, alpha in ("straight", "premultiplied")


def _tiff_refusals(orientations: Orientations, turns: Turns) -> Iterator[Cell]:
    """What TIFF can hold and we do not understand."""
    levels = _levels(picture(3), 8)
    gray = levels[:, :, :1]
    kinds: list[tuple[str, str, TiffPicture]] = [
        ("24", "black is 0", TiffPicture(gray, 24, 1)),
        ("32", "black is 0", TiffPicture(gray, 32, 1)),
        ("32", "float", TiffPicture(gray, 32, 1, tags=((339, SHORT, [3]),))),
        ("16", "signed", TiffPicture(gray, 16, 1, tags=((339, SHORT, [2]),))),
        ("8", "CIE L*a*b*", TiffPicture(levels, 8, 8)),
        ("8", "YCbCr", TiffPicture(levels, 8, 6)),
        ("8", "color filter array", TiffPicture(gray, 8, 32803)),
        ("8", "transparency mask", TiffPicture(gray, 8, 4)),
        ("8", "five inks", TiffPicture(np.dstack([levels, gray, gray]), 8, 5, tags=((332, SHORT, [2]),))),
        ("8", "RGB of 2 samples", TiffPicture(levels[:, :, :2], 8, 2)),
        ("8", "white is 0, premultiplied", TiffPicture(np.dstack([gray, gray]), 8, 0, extra_samples=(1,))),
        ("12, stated 10", "black is 0", TiffPicture(_levels(picture(1), 12), 16, 1, tags=((281, SHORT, [1023]),))),
    ]
    kinds += [("8", f"compression {code}", TiffPicture(gray, 8, 1, compression=code)) for code in (6, 34712, 50000)]
    for depth, colors, tiff_picture in kinds:
        yield Cell("TIFF", depth, colors, tiff_file(tiff_picture), None, byte_order="II")
    other = TiffPicture(levels[::-1, ::-1, 1:2], 8, 1)
    yield Cell("TIFF", "8", "two pages", tiff_file(TiffPicture(gray, 8, 1), other), None, byte_order="II")
    copy = np.asarray(PillowImage.fromarray(picture(1)[:, :, 0]).resize((WIDTH_PX // 2, HEIGHT_PX // 2)))[:, :, None]
    for name, tags in (("thumbnail page", ()), ("marked thumbnail page", ((254, LONG_TYPE, [1]),))):
        content = tiff_file(TiffPicture(gray, 8, 1), TiffPicture(copy, 8, 1, tags=tags))
        yield Cell("TIFF", "8", name, content, _seen(picture(1), 8), byte_order="II")
    for compression in ("group3", "group4", "tiff_ccitt"):
        bits = picture(1)[:, :, 0] > 127
        content = _saved(PillowImage.fromarray(bits), "TIFF", compression=compression)
        yield Cell("TIFF", "1", "fax", content, bits.astype(np.uint8) * 255, compression=compression, byte_order="II")
    for mode, channel_count in (("L", 1), ("RGB", 3)):
        content = _saved(_smooth(channel_count), "TIFF", compression="jpeg", quality=95)
        yield Cell("TIFF", "8", mode, content, _pixels_of(_smooth(channel_count)), compression="JPEG", tolerance=_LOSSY)


LONG_TYPE = 4
_PNG_DEPTHS = (
    *((str(bits), bits, bits, None) for bits in (1, 2, 4, 8, 16)),
    ("10 in 16", 16, 10, None),
    ("12 in 16", 16, 12, None),
    ("12 in 16, stated", 16, 12, 12),
    ("dark 12 in 16, stated", 16, 12, 12),
    ("12 scaled to 16, stated", 16, 16, 12),
)
_PNG_COLORS = {"gray": (0, 1), "RGB": (2, 3), "palette": (3, 1)}


def _png_cells(orientations: Orientations, turns: Turns) -> Iterator[Cell]:
    alphas = ("none", "straight", "0 everywhere", "one color")
    for depth, colors, alpha, interlaced in itertools.product(_PNG_DEPTHS, _PNG_COLORS, alphas, (False, True)):
        if _is_possible_png(depth, colors, alpha):
            for orientation in _oriented(orientations, turns):
                yield _png_cell(depth, colors, alpha, orientation, interlaced=interlaced)
    yield Cell("PNG", "8", "nothing to see", _nothing_to_see(), None, alpha="0 everywhere")
    frames = [_smooth(1), _smooth(1).rotate(180)]
    yield Cell("PNG", "8", "animated", _saved(frames[0], "PNG", save_all=True, append_images=frames[1:]), None)


PngDepth = tuple[str, int, int, int | None]


def _is_possible_png(depth: PngDepth, colors: str, alpha: str) -> bool:
    _, bits, used_bits, _ = depth
    if (colors == "RGB" and bits < 8) or (colors == "palette" and bits > 8):
        return False
    if alpha in ("straight", "0 everywhere"):
        return bits >= 8 and colors != "palette"
    return alpha == "none" or (colors == "gray" and used_bits == bits)


def _png_cell(depth: PngDepth, colors: str, alpha: str, orientation: int, *, interlaced: bool) -> Cell:
    name, bits, used_bits, stated = depth
    color_type, channel_count = _PNG_COLORS[colors]
    has_alpha = alpha in ("straight", "0 everywhere")
    pixels = picture(channel_count) // (5 if name.startswith("dark") else 1)
    levels, true_pixels = _levels(pixels, used_bits), _seen(pixels, used_bits)
    chunks: list[tuple[bytes, bytes]] = []
    if stated:
        chunks.append((b"sBIT", bytes([stated] * (channel_count + has_alpha))))
    if colors == "palette":
        table = np.random.default_rng(bits).integers(0, 256, (1 << bits, 3)).astype(np.uint8)
        chunks.append((b"PLTE", table.tobytes()))
        true_pixels = table[levels[:, :, 0]][:, :, ::-1]
    if alpha == "one color":
        hidden = int(levels[25, 33, 0])
        chunks.append((b"tRNS", struct.pack(">H", hidden)))
        true_pixels = np.where(levels[:, :, 0] == hidden, 255, true_pixels).astype(np.uint8)
    elif has_alpha:
        opacity, is_seen = _opacity(alpha)
        true_pixels = true_pixels.copy()
        true_pixels[(opacity == 0) & is_seen] = 255
        levels = np.dstack([levels, np.rint(opacity * ((1 << bits) - 1)).astype(np.int64)])
    content = png_file(
        _stored(levels.astype(np.int32), orientation),
        bit_count=bits,
        color_type=color_type + (4 if has_alpha else 0),
        interlaced=interlaced,
        chunks=(*chunks, (b"eXIf", exif_orientation(orientation))),
    )
    return Cell(
        "PNG",
        name,
        colors,
        content,
        true_pixels,
        alpha=alpha,
        compression="interlaced" if interlaced else "deflate",
        orientation=orientation,
        tolerance=1.0 if bits == 16 and used_bits < 16 else 0.0,
    )


def _nothing_to_see() -> bytes:
    return png_file(np.zeros((HEIGHT_PX, WIDTH_PX, 4), np.int64), bit_count=8, color_type=6)


def _netpbm_cells(orientations: Orientations, turns: Turns) -> Iterator[Cell]:
    for maxval, channel_count, is_plain in itertools.product(
        (1, 15, 200, 255, 1000, 1023, 4095, 16_383, 65_535), (1, 3), (False, True)
    ):
        pixels = picture(channel_count)
        if maxval == 1:
            if channel_count == 1:
                bits = (pixels < 128).astype(np.int64)
                content = netpbm_file(bits, maxval=1, is_plain=is_plain)
                yield Cell("PBM", "1", "black is 1", content, ((1 - bits) * 255).astype(np.uint8)[:, :, 0])
            continue
        levels = np.rint(pixels.astype(np.float64) * maxval / 255).astype(np.int64)
        left = np.rint(levels * 255.0 / maxval).astype(np.uint8)
        true_pixels = left[:, :, 0] if channel_count == 1 else left[:, :, ::-1]
        content = netpbm_file(levels, maxval=maxval, is_plain=is_plain)
        form = "plain" if is_plain else "raw"
        name = "PGM" if channel_count == 1 else "PPM"
        yield Cell(name, f"to {maxval}", form, content, true_pixels, byte_order="MM" if maxval > 255 else "-")
    for bits in (10, 12):
        content = netpbm_file(_levels(picture(1), bits), maxval=65_535, is_plain=False)
        yield Cell("PGM", f"{bits} in 16", "raw", content, _seen(picture(1), bits), byte_order="MM")
    pam = b"P7\nWIDTH 53\nHEIGHT 37\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n" + picture(1).tobytes()
    yield Cell("PAM", "8", "gray", pam, None)
    yield Cell("PFM", "32", "float", b"Pf\n53 37\n-1.0\n" + picture(1).astype("<f4").tobytes(), None)


def _jpeg_cells(orientations: Orientations, turns: Turns) -> Iterator[Cell]:
    forms = itertools.product((1, 3), ("4:4:4", "4:2:0"), (False, True))
    for channel_count, subsampling, progressive in forms:
        for orientation in _oriented(orientations, turns):
            smooth = _smooth(channel_count)
            exif = PillowImage.Exif()
            exif[0x0112] = orientation
            stored = _stored(np.atleast_3d(np.asarray(smooth)), orientation)
            content = _saved(
                PillowImage.fromarray(stored[:, :, 0] if channel_count == 1 else stored),
                "JPEG",
                quality=95,
                subsampling=subsampling,
                progressive=progressive,
                exif=exif,
            )
            yield Cell(
                "JPEG",
                "8",
                "gray" if channel_count == 1 else f"YCbCr {subsampling}",
                content,
                _pixels_of(smooth),
                compression="progressive" if progressive else "baseline",
                orientation=orientation,
                tolerance=_LOSSY,
            )
    inks = _smooth(3).convert("CMYK")
    yield Cell("JPEG", "8", "CMYK", _saved(inks, "JPEG", quality=95), _pixels_of(inks.convert("RGB")), tolerance=_LOSSY)
    plain = _saved(_smooth(1), "JPEG", quality=95)
    frame = plain.index(b"\xff\xc0")
    for name, marker, bits in (("12 bits", 0xC1, 12), ("lossless", 0xC3, 8), ("arithmetic", 0xC9, 8)):
        changed = bytearray(plain)
        changed[frame + 1], changed[frame + 4] = marker, bits
        yield Cell("JPEG", str(bits), name, bytes(changed), None)


def _other_cells(orientations: Orientations, turns: Turns) -> Iterator[Cell]:
    colors, gray = picture(3), picture(1)
    for mode in ("1", "L", "P", "RGB"):
        shown = PillowImage.fromarray(colors).convert(mode)
        content = _saved(shown, "BMP")
        yield Cell("BMP", "1" if mode == "1" else "8", mode, content, _pixels_of(shown))
    for alpha, name in ((0, "0 everywhere"), (255, "none")):
        yield Cell("BMP", "8", "RGB", bmp_file_of_32_bits(colors, alpha), colors[:, :, ::-1], alpha=name)
    for alpha in ("none", "straight", "0 everywhere"):
        for orientation in _oriented(orientations, turns):
            yield _webp_cell(colors, alpha, orientation)
    for bits in (9, 10, 12, 14, 16):
        levels = _levels(gray, bits)[:, :, 0]
        yield Cell("JPEG 2000", str(bits), "gray", jpeg2000_file(levels, bits), _seen(gray, bits))
    for bits in (10, 12):
        content = jpeg2000_file(_levels(gray, bits)[:, :, 0], 16)
        yield Cell("JPEG 2000", f"{bits} in 16", "gray", content, _seen(gray, bits))
    for mode, shown in (("gray", PillowImage.fromarray(gray[:, :, 0])), ("RGB", PillowImage.fromarray(colors))):
        yield Cell("JPEG 2000", "8", mode, _saved(shown, "JPEG2000"), _pixels_of(shown))
    hidden = PillowImage.fromarray(np.dstack([colors, np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)]))
    yield Cell("JPEG 2000", "8", "RGB", _saved(hidden, "JPEG2000"), colors[:, :, ::-1], alpha="0 everywhere")
    yield Cell("GIF", "8", "palette", _saved(PillowImage.fromarray(gray[:, :, 0]), "GIF"), None)


def _webp_cell(colors: np.ndarray, alpha: str, orientation: int) -> Cell:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    true_pixels, samples = colors[:, :, ::-1].copy(), colors
    if alpha != "none":
        opacity, is_seen = _opacity(alpha)
        samples = np.dstack([colors, (opacity * 255).astype(np.uint8)])
        if is_seen:
            true_pixels[opacity == 0] = 255
    stored = PillowImage.fromarray(_stored(samples, orientation))
    content = _saved(stored, "WEBP", lossless=True, exact=True, exif=exif)
    return Cell("WebP", "8", "RGB", content, true_pixels, alpha=alpha, orientation=orientation)


def _smooth(channel_count: int) -> PillowImage.Image:
    """A picture that lossy formats keep, unlike each of its turns."""
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    planes = [4 * columns + rows, 255 - 3 * columns, 2 * columns + 3 * rows][:channel_count]
    pixels = np.clip(np.dstack(planes), 0, 255).astype(np.uint8)
    return PillowImage.fromarray(pixels[:, :, 0] if channel_count == 1 else pixels)


def _pixels_of(shown: PillowImage.Image) -> np.ndarray:
    if shown.mode in ("1", "L"):
        return np.asarray(shown.convert("L"))
    return np.asarray(shown.convert("RGB"))[:, :, ::-1]


def _saved(shown: PillowImage.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    shown.save(buffer, file_format, **options)
    return buffer.getvalue()
