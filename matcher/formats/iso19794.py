"""Fingerprint minutiae records of ISO/IEC 19794-2:2005, out and in, and of ANSI INCITS 378-2004, in.

Record: header of 24 bytes, then the finger views. View: 4 bytes (finger position, view number and impression type,
quality, minutia count), 6 bytes per minutia (kind and x, y, angle in 360/256 degrees, quality), extended data with its
length in 2 bytes. Integers are big-endian, resolutions are in pixels per cm. Directions mean there what they mean in
MinutiaSet. Extended data (ridge counts, cores and deltas) are passed over on the way in and not written.

The older American record has the same name and version. It differs in its header (a length of 2 bytes, or of 6 that
begin with two zeros, and 4 bytes of the maker's product) and in its angles, which are in steps of 2 degrees.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.records import FingerPosition
from matcher.errors import TemplateFormatError
from matcher.fingerprint.minutia_set import MAX_SIDE_PX, MinutiaSet
from matcher.texts.catalog import told

FORMAT_ID: Final = b"FMR\0"
VERSION: Final = b" 20\0"
_HEADER: Final = struct.Struct(">4s4sIHHHHHBB")
# After name and version: length as 2 bytes, or 2 zeros and 4 bytes; then maker and product, capture device, and the
# rest as above.
_ANSI_TAIL: Final = struct.Struct(">IHHHHHBB")
_ANSI_SHORT_START, _ANSI_LONG_START = 10, 14
_ANSI_UNKNOWN_QUALITIES: Final = (254, 255)
_VIEW: Final = struct.Struct(">BBBB")
_MINUTIA: Final = np.dtype([("kind_x", ">u2"), ("y", ">u2"), ("angle", "u1"), ("quality", "u1")])
_PER_CM_500_PPI: Final = 197
_LEAST_PER_CM, _MOST_PER_CM = 98, 473  # 250 to 1200 ppi
_ISO_STEPS_A_TURN, _ANSI_STEPS_A_TURN = 256, 180
_UNSTATED_QUALITY: Final = 0.9  # what LEADER gives a plain minutia; makers that state none write only sure ones


@dataclass(frozen=True, slots=True, eq=False)
class FingerView:
    """One print of a record. quality: 0-100 as its maker stated it. impression_type: code of the standard, 0-15."""

    finger: FingerPosition
    view_number: int
    impression_type: int
    quality: int
    minutiae: MinutiaSet


def to_iso19794_2(
    minutiae: MinutiaSet,
    *,
    finger: FingerPosition = FingerPosition.UNKNOWN,
    quality: int = 0,
    impression_type: int = 0,
) -> bytes:
    """A record with one view at 500 ppi. Positions are rounded to whole pixels, directions to 1.4 degrees.

    quality: 0-100. impression_type: 0 live-scan plain, 1 live-scan rolled, 2 nonlive plain, 3 nonlive rolled,
    8 swipe. Raises ValueError.
    """
    if not 0 <= quality <= 100 or not 0 <= impression_type <= 15:
        raise ValueError("quality lies in 0-100 and impression_type in 0-15")
    rows = np.empty(len(minutiae), dtype=_MINUTIA)
    rows["kind_x"] = (minutiae.kind.astype(np.int64) << 14) | np.rint(minutiae.x_px).astype(np.int64)
    rows["y"] = np.rint(minutiae.y_px).astype(np.int64)
    rows["angle"] = np.rint(minutiae.direction_rad.astype(np.float64) * (128.0 / math.pi)).astype(np.int64) % 256
    rows["quality"] = np.maximum(np.rint(minutiae.quality * 100.0), 1).astype(np.int64)
    body = _VIEW.pack(int(finger), impression_type, quality, len(minutiae)) + rows.tobytes() + b"\0\0"
    resolution = _PER_CM_500_PPI
    header = _HEADER.pack(
        FORMAT_ID,
        VERSION,
        _HEADER.size + len(body),
        0,
        minutiae.width_px,
        minutiae.height_px,
        resolution,
        resolution,
        1,
        0,
    )
    return header + body


@dataclass(frozen=True, slots=True)
class _Header:
    """start: of the first view. steps_a_turn: what the angles of minutiae count, 256 or 180."""

    start: int
    width: int
    height: int
    per_cm_x: int
    per_cm_y: int
    view_count: int
    steps_a_turn: int

    @property
    def is_ansi(self) -> bool:
        return self.steps_a_turn == _ANSI_STEPS_A_TURN


def from_iso19794_2(record: bytes) -> MinutiaSet:
    """The minutiae of a record that holds one view, at 500 ppi. Raises TemplateFormatError."""
    return single_view(record).minutiae


def single_view(record: bytes) -> FingerView:
    """The one view of a record. Raises TemplateFormatError, also where there are several."""
    views = read_iso19794_2(record)
    if len(views) != 1:
        raise TemplateFormatError(told("record.several", count=len(views)))
    return views[0]


def read_iso19794_2(record: bytes) -> tuple[FingerView, ...]:
    """Every view of a record of either standard. A minutia without stated quality gets 0.9. Raises
    TemplateFormatError."""
    header = _read_header(record)
    if header.per_cm_x != header.per_cm_y or not _LEAST_PER_CM <= header.per_cm_x <= _MOST_PER_CM:
        raise TemplateFormatError(told("record.resolution"))
    scale = 1.0 if header.per_cm_x == _PER_CM_500_PPI else 500.0 / (header.per_cm_x * 2.54)
    # So large that the last pixel keeps its place.
    width_px, height_px = (math.ceil((side - 1) * scale) + 1 for side in (header.width, header.height))
    if not (1 <= width_px <= MAX_SIDE_PX and 1 <= height_px <= MAX_SIDE_PX):
        raise TemplateFormatError(told("record.size", most=MAX_SIDE_PX))
    views = []
    offset = header.start
    for _ in range(header.view_count):
        view, offset = _read_view(record, offset, header, scale, (width_px, height_px))
        views.append(view)
    if offset != len(record):
        raise TemplateFormatError(told("record.longer"))
    return tuple(views)


def _read_header(record: bytes) -> _Header:
    if len(record) < _HEADER.size:
        raise TemplateFormatError(told("record.shorter"))
    if record[:4] != FORMAT_ID:
        raise TemplateFormatError(told("record.no_record"))
    if record[4:8] != VERSION:
        version = record[4:8].rstrip(b"\0").decode("ascii", "replace").strip()
        raise TemplateFormatError(told("record.version", version=version))
    length = int.from_bytes(record[8:12])
    short_length, long_length = int.from_bytes(record[8:10]), int.from_bytes(record[10:14])
    if length == len(record):
        _, width, height, per_cm_x, per_cm_y, view_count, _ = struct.unpack_from(">HHHHHBB", record, 12)
        return _Header(_HEADER.size, width, height, per_cm_x, per_cm_y, view_count, _ISO_STEPS_A_TURN)
    for stated, start in ((short_length, _ANSI_SHORT_START), (0 if short_length else long_length, _ANSI_LONG_START)):
        if stated == len(record) and start + _ANSI_TAIL.size <= len(record):
            _, _, width, height, per_cm_x, per_cm_y, view_count, _ = _ANSI_TAIL.unpack_from(record, start)
            return _Header(start + _ANSI_TAIL.size, width, height, per_cm_x, per_cm_y, view_count, _ANSI_STEPS_A_TURN)
    # One of ANSI INCITS 378 says it in its first two bytes, where one of ISO/IEC 19794-2 has zeros.
    raise TemplateFormatError(told("record.length", stated=short_length or length, count=len(record)))


def _read_view(
    record: bytes, offset: int, header: _Header, scale: float, size_px: tuple[int, int]
) -> tuple[FingerView, int]:
    """The view that starts at offset and where the next one starts."""
    start = offset + _VIEW.size
    if start > len(record):
        raise TemplateFormatError(told("record.ends_header"))
    finger, numbers, quality, count = _VIEW.unpack_from(record, offset)
    end = start + count * _MINUTIA.itemsize
    if end + 2 > len(record):
        raise TemplateFormatError(told("record.ends_minutiae"))
    next_offset = end + 2 + int.from_bytes(record[end : end + 2], "big")
    if next_offset > len(record):
        raise TemplateFormatError(told("record.ends_extended"))
    if header.is_ansi and quality in _ANSI_UNKNOWN_QUALITIES:
        quality = 0
    if finger > max(FingerPosition) or quality > 100:
        raise TemplateFormatError(told("record.values", finger=finger, quality=quality))
    rows = np.frombuffer(record, dtype=_MINUTIA, count=count, offset=start)
    minutiae = _minutiae(rows, header, scale, size_px)
    return FingerView(FingerPosition(finger), numbers >> 4, numbers & 15, quality, minutiae), next_offset


def _minutiae(
    rows: np.ndarray[tuple[int], np.dtype[np.void]],
    header: _Header,
    scale: float,
    size_px: tuple[int, int],
) -> MinutiaSet:
    x, y = (rows["kind_x"] & 0x3FFF).astype(np.float64), (rows["y"] & 0x3FFF).astype(np.float64)
    kind, quality = (rows["kind_x"] >> 14).astype(np.uint8), rows["quality"].astype(np.float64) / 100.0
    if bool((x >= header.width).any() or (y >= header.height).any()):
        raise TemplateFormatError(told("record.outside"))
    if bool((rows["angle"] >= header.steps_a_turn).any()):
        raise TemplateFormatError(told("record.direction"))
    if bool((kind > 2).any() or (quality > 1.0).any()):
        raise TemplateFormatError(told("record.kind"))
    return MinutiaSet.best_of(
        x_px=x * scale,
        y_px=y * scale,
        direction_rad=rows["angle"].astype(np.float64) * (2.0 * math.pi / header.steps_a_turn),
        kind=kind,
        quality=np.where(quality == 0.0, _UNSTATED_QUALITY, quality),
        width_px=size_px[0],
        height_px=size_px[1],
    )
