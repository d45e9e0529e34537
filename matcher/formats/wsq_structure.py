"""What can be told of a WSQ file before it is decoded (IAFIS-IC-0110, WSQ Gray-Scale Fingerprint Image Compression).

WSQ has no checksum, and the reference decoder makes a picture of nearly anything: it takes a wrong number of
coefficients and reads past its tables. So the markers, the sizes and contents of every table, and the number of
coefficients that the entropy-coded blocks give are checked here against what the frame needs. What changes a
coefficient's value and nothing else stays unnoticed: it is another picture, and no rule says that it was not meant.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from matcher.formats.wsq_blocks import BAND_COUNT, Code, band_sizes, coefficient_count, damaged, read_codes
from matcher.samples import Uint8Array

SIGNATURE: Final = b"\xff\xa0"
_SOI, _EOI, _SOF, _SOB, _DTT, _DQT, _DHT, _DRT, _COM = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8
_FRAME: Final = struct.Struct(">BBHHBHBHBH")
_QUANTIZATION: Final = struct.Struct(">BH" + "BHBH" * BAND_COUNT)
# Bands of the three blocks; the last four are never coded.
_BLOCK_ENDS: Final = (0, 19, 52, 64)
_LARGEST_EXPONENT: Final = 9  # of 10, in the decimal fractions of the tables
# The encoder widens the bins around zero by 1.2 (bands' Z = 1.2 Q). A file in which nearly all bands keep one ratio
# and a few do not has been changed.
_RATIO_OUTLIERS: Final = 0.001
_MOST_OUTLIERS: Final = 6
# Where in its bin a coefficient lies; 0.44 in every file seen.
_CENTERS: Final = (0.25, 0.75)
# In gray levels; what ringing at clipped pixels adds to the mean is lost.
_MEAN_TOLERANCE, _CLIPPED_TOLERANCE, _REACH_TOLERANCE = 1.0, 20.0, 16.0
_MOST_REACH: Final = 1.7  # times the stated one; a speck may be lost, so there is no least


@dataclass(frozen=True, slots=True)
class WsqFrame:
    """width, height: px. shift: gray level around which the picture was coded, its mean. scale: what the gray levels
    were divided by, the largest distance from the mean over 128. ppi: of the NISTCOM comment, None without one."""

    width: int
    height: int
    shift: float
    scale: float
    ppi: float | None = None

    def fits(self, pixels: Uint8Array) -> bool:
        """Whether decoded pixels have the mean and the reach that the encoder wrote down of the original.

        In 48 files of three encoders the mean differed by 0.22 at most and the reach lay between 0.998 and 1.24 times
        the stated one; in prints coded at a third of the usual rate by 3.6 and up to 1.48 times, all where much was
        clipped to black or white.
        """
        mean, clipped_share = float(pixels.mean()), float(((pixels == 0) | (pixels == 255)).mean())
        reach = max(mean - float(pixels.min()), float(pixels.max()) - mean)
        return (
            abs(mean - self.shift) <= _MEAN_TOLERANCE + _CLIPPED_TOLERANCE * clipped_share
            and reach <= _MOST_REACH * 128.0 * self.scale + _REACH_TOLERANCE
        )


@dataclass(slots=True)
class _Tables:
    """What the segments before a block have said so far."""

    frame: WsqFrame | None = None
    comment: dict[bytes, bytes] = field(default_factory=dict)
    bin_widths: tuple[float, ...] = ()
    has_filters: bool = False
    codes: dict[int, Code] | None = None


def check_wsq(wsq_bytes: bytes) -> WsqFrame:
    """The frame of a file whose parts agree with each other. Raises ImageTruncatedError for any other."""
    if not wsq_bytes.startswith(SIGNATURE):
        raise damaged("start")
    tables = _Tables()
    counts: list[int] = []
    position = len(SIGNATURE)
    while True:
        marker, start, end = _segment(wsq_bytes, position)
        if marker == _EOI:
            break
        body = wsq_bytes[start:end]
        if marker == _SOB:
            data_end = _entropy_end(wsq_bytes, end)
            counts.append(coefficient_count(wsq_bytes[end:data_end], _code_of_block(body, tables)))
            position = data_end
        else:
            _read_table(marker, body, tables)
            position = end
    if tables.frame is None:
        raise damaged("no_frame")
    _check_counts(counts, tables.frame, tables.bin_widths)
    return _with_comment(tables.frame, tables.comment)


def frame_of(wsq_bytes: bytes) -> WsqFrame:
    """The frame header alone, for its size before anything else is looked at. Raises ImageTruncatedError."""
    tables = _Tables()
    position = len(SIGNATURE)
    while tables.frame is None:
        marker, start, end = _segment(wsq_bytes, position)
        if marker in (_EOI, _SOB):
            raise damaged("no_frame")
        if marker == _SOF:
            _read_table(marker, wsq_bytes[start:end], tables)
        position = end
    return tables.frame


def _segment(wsq_bytes: bytes, position: int) -> tuple[int, int, int]:
    """Marker, start and end of what it holds."""
    if position + 2 > len(wsq_bytes):
        raise damaged("file_ends")
    lead, marker = wsq_bytes[position], wsq_bytes[position + 1]
    if lead != 0xFF or not _EOI <= marker <= _COM:
        raise damaged("no_marker")
    if marker == _EOI:
        return marker, position + 2, position + 2
    end = position + 2 + int.from_bytes(wsq_bytes[position + 2 : position + 4])
    if end < position + 4 or end > len(wsq_bytes):
        raise damaged("table_outside")
    return marker, position + 4, end


def _entropy_end(wsq_bytes: bytes, position: int) -> int:
    """Where the next marker is; a byte 0xFF of the data is followed by 0."""
    while True:
        position = wsq_bytes.find(b"\xff", position)
        if position < 0 or position + 1 >= len(wsq_bytes):
            raise damaged("file_ends")
        if wsq_bytes[position + 1] != 0:
            return position
        position += 2


def _read_table(marker: int, body: bytes, tables: _Tables) -> None:
    if marker == _SOF:
        if tables.frame is not None:
            raise damaged("two_frames")
        tables.frame = _read_frame(body)
    elif marker == _DTT:
        _check_filters(body)
        tables.has_filters = True
    elif marker == _DQT:
        tables.bin_widths = _read_bins(body)
    elif marker == _DHT:
        tables.codes = {**(tables.codes or {}), **read_codes(body)}
    elif marker == _COM:
        tables.comment.update(_comment(body))


def _read_frame(body: bytes) -> WsqFrame:
    if len(body) != _FRAME.size:
        raise damaged("frame_length")
    black, white, height, width, shift_exponent, shift, scale_exponent, scale, *_ = _FRAME.unpack(body)
    if black >= white or max(shift_exponent, scale_exponent) > _LARGEST_EXPONENT:
        raise damaged("frame_contradicts")
    frame = WsqFrame(width, height, shift / 10.0**shift_exponent, scale / 10.0**scale_exponent)
    # The scale is the largest distance of a gray level from the mean, over 128.
    if not width * height > 0 or frame.shift > 255 or frame.scale > 2.0:
        raise damaged("gray")
    return frame


def _check_filters(body: bytes) -> None:
    """The halves of two symmetric filters: the low-pass one sums to the square root of 2, the high-pass one to 0."""
    if len(body) < 2:
        raise damaged("filter_cut")
    lengths = body[0], body[1]
    halves = [(length + 1) // 2 for length in lengths]
    if len(body) != 2 + 6 * sum(halves):
        raise damaged("filter_length")
    values = []
    for start in range(2, len(body), 6):
        sign, exponent, digits = struct.unpack_from(">BBI", body, start)
        if sign > 1 or exponent > 12:
            raise damaged("filter_numbers")
        values.append((-1) ** sign * digits / 10.0**exponent)
    sums = [_symmetric_sum(values[: halves[0]], lengths[0]), _symmetric_sum(values[halves[0] :], lengths[1])]
    if not np.allclose(sorted(abs(total) for total in sums), (0.0, 2.0**0.5), atol=1e-4):
        raise damaged("no_wavelet")


def _symmetric_sum(half: list[float], length: int) -> float:
    return 2 * sum(half) - (half[0] if length % 2 else 0.0) if half else 0.0


def _read_bins(body: bytes) -> tuple[float, ...]:
    """Width of the bins of each band; 0 for a band that is not coded."""
    if len(body) != _QUANTIZATION.size:
        raise damaged("quantization_length")
    exponents, digits = _QUANTIZATION.unpack(body)[::2], _QUANTIZATION.unpack(body)[1::2]
    if max(exponents) > _LARGEST_EXPONENT:
        raise damaged("quantization_numbers")
    numbers = [number / 10.0**exponent for number, exponent in zip(digits, exponents, strict=True)]
    center, widths, zero_widths = numbers[0], numbers[1::2], numbers[2::2]
    coded = [(zero / width) for width, zero in zip(widths, zero_widths, strict=True) if width > 0]
    if not _CENTERS[0] <= center <= _CENTERS[1] or any(widths[BAND_COUNT - 4 :]):
        raise damaged("quantization_fits")
    usual = float(np.median(coded)) if coded else 0.0
    strange = sum(abs(ratio - usual) > _RATIO_OUTLIERS * max(usual, 1e-9) for ratio in coded)
    if 0 < strange <= _MOST_OUTLIERS:
        raise damaged("quantization_contradicts")
    return tuple(widths)


def _comment(body: bytes) -> dict[bytes, bytes]:
    """Names and values of a NISTCOM comment; nothing for any other."""
    return dict(pairwise(body.split())) if body.startswith(b"NIST_COM") else {}


def _with_comment(frame: WsqFrame, comment: dict[bytes, bytes]) -> WsqFrame:
    """A NISTCOM comment repeats the size of the picture, and tells its resolution."""
    for key, side_px in ((b"PIX_WIDTH", frame.width), (b"PIX_HEIGHT", frame.height)):
        if comment.get(key, str(side_px).encode()) != str(side_px).encode():
            raise damaged("comment_size")
    stated = comment.get(b"PPI", b"")
    return replace(frame, ppi=float(stated)) if stated.isdigit() and int(stated) > 0 else frame


def _code_of_block(body: bytes, tables: _Tables) -> Code:
    if tables.frame is None or not tables.bin_widths or not tables.has_filters:
        raise damaged("no_table")
    if len(body) != 1 or body[0] not in (tables.codes or {}):
        raise damaged("no_code_table")
    assert tables.codes is not None
    return tables.codes[body[0]]


def _check_counts(counts: list[int], frame: WsqFrame, bin_widths: tuple[float, ...]) -> None:
    sizes = band_sizes(frame.width, frame.height)
    coded = [size if width > 0 else 0 for size, width in zip(sizes, bin_widths, strict=True)]
    needed = [sum(coded[first:last]) for first, last in pairwise(_BLOCK_ENDS)]
    fits = counts == needed if len(counts) == len(needed) else sum(counts) == sum(needed)
    if not fits:
        raise damaged("not_full")
