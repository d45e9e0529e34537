"""What the tags of a TIFF page say of its samples, or a refusal by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from tifffile import TiffPage

from matcher.formats.refusals import not_understood

NO_COMPRESSION, FAX, LZW, JPEG, DEFLATE, PACKBITS = 1, (2, 3, 4), 5, 7, (8, 32946), 32773
BY_LIBTIFF: Final = (LZW, PACKBITS)
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
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6
COLOR_COUNTS: Final = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, SEPARATED: 4, YCBCR: 3}
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


@dataclass(frozen=True, slots=True)
class Layout:
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


def layout_of(page: TiffPage) -> Layout:
    """Raises ImageKindError for what is not understood."""
    photometric, compression = tag(page, 262, _NOT_STATED), int(page.compression)
    sample_count = page.samplesperpixel
    if photometric not in COLOR_COUNTS:
        raise not_understood("photometric", name=_PHOTOMETRIC_NAMES.get(photometric, photometric))
    if photometric == YCBCR and compression != JPEG:
        raise not_understood("photometric", name="YCbCr")
    color_count = COLOR_COUNTS[photometric]
    if photometric == SEPARATED and (tag(page, 332, 1) != 1 or sample_count < 4):
        raise not_understood("photometric", name="inks other than CMYK")
    if sample_count < color_count:
        raise not_understood("planes", count=sample_count)
    _check_sample_format(page)
    if compression not in (NO_COMPRESSION, *FAX, *DEFLATE, JPEG, *BY_LIBTIFF):
        raise not_understood("compression", name=_COMPRESSION_NAMES.get(compression, compression))
    extra = [int(one) for one in page.extrasamples]
    found = next((place for place, kind in enumerate(extra) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    is_premultiplied = found is not None and extra[found] == _ASSOCIATED
    if is_premultiplied and photometric not in (BLACK_IS_ZERO, RGB):
        raise not_understood("layout", name="premultiplied transparency of other than gray or RGB")
    predictor = tag(page, 317, 1)
    bit_count = _bit_count(page)
    if predictor not in (1, 2) or (predictor == 2 and bit_count not in (8, 16)):
        raise not_understood("layout", name=f"predictor {predictor}")
    if int(page.planarconfig or 1) == 2 and sample_count > 1 and compression in (JPEG, *FAX):
        raise not_understood("layout", name="separate planes with JPEG")
    return Layout(
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
    formats = tag_values(page, 339) or [1]
    if any(one != formats[0] for one in formats) or formats[0] not in (1, 4):
        raise not_understood(_SAMPLE_FORMATS.get(formats[0], "signed"))


def _bit_count(page: TiffPage) -> int:
    counts = tag_values(page, 258) or [1]
    if any(one != counts[0] for one in counts):
        raise not_understood("bits", bits=", ".join(str(one) for one in counts))
    if not 1 <= counts[0] <= 16:
        raise not_understood("bits", bits=counts[0])
    return counts[0]


def stated_largest(page: TiffPage, layout: Layout) -> int | None:
    """From SMaxSampleValue or MaxSampleValue. Writers put there what the depth allows or what happens to occur; both
    tell the number of bits that are used."""
    for code in (341, 281):
        stated = tag_values(page, code)
        if stated and 0 < max(stated) < 1 << layout.bit_count:
            return int((1 << max(stated).bit_length()) - 1)
    return None


def tag_values(page: TiffPage, code: int) -> list[int]:
    """The whole numbers of a tag, empty where it is absent or holds none."""
    tag = page.tags.get(code)
    given = () if tag is None else tag.value
    listed = list(given) if isinstance(given, (tuple, list, np.ndarray)) else [given]
    return [int(one) for one in listed if isinstance(one, (int, np.integer))]


def tag(page: TiffPage, code: int, default: int) -> int:
    numbers = tag_values(page, code)
    return numbers[0] if numbers else default
