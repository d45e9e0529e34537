"""Fingerprint minutiae records of ISO/IEC 19794-2:2005, out and in.

Record: header of 24 bytes, then the finger views. View: 4 bytes (finger position, view number and impression type,
quality, minutia count), 6 bytes a minutia (kind and x, y, angle in 360/256 degrees, quality), extended data with its
length in 2 bytes. Integers are big-endian, resolutions are in pixels per cm. Directions mean there what they mean in
MinutiaSet. Extended data (ridge counts, cores and deltas) are passed over on the way in and not written.
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

FORMAT_ID: Final = b"FMR\0"
VERSION: Final = b" 20\0"
_HEADER: Final = struct.Struct(">4s4sIHHHHHBB")
_VIEW: Final = struct.Struct(">BBBB")
_MINUTIA: Final = np.dtype([("kind_x", ">u2"), ("y", ">u2"), ("angle", "u1"), ("quality", "u1")])
_PER_CM_500_PPI: Final = 197
_LEAST_PER_CM, _MOST_PER_CM = 98, 473  # 250 to 1200 ppi
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


def from_iso19794_2(record: bytes) -> MinutiaSet:
    """The minutiae of a record that holds one view, at 500 ppi. Raises TemplateFormatError."""
    views = read_iso19794_2(record)
    if len(views) != 1:
        raise TemplateFormatError(f"the record holds {len(views)} prints; send each as a record of its own")
    return views[0].minutiae


def read_iso19794_2(record: bytes) -> tuple[FingerView, ...]:
    """Every view of a record. A minutia without stated quality gets 0.9. Raises TemplateFormatError."""
    if len(record) < _HEADER.size:
        raise TemplateFormatError("the record is shorter than the header of ISO/IEC 19794-2:2005")
    format_id, version, length, _, width, height, per_cm_x, per_cm_y, view_count, _ = _HEADER.unpack_from(record)
    if format_id != FORMAT_ID or version != VERSION:
        raise TemplateFormatError("this is not a minutiae record of ISO/IEC 19794-2:2005 ('FMR', version ' 20')")
    if length != len(record):
        raise TemplateFormatError(f"the record states {length} bytes and has {len(record)}")
    if per_cm_x != per_cm_y or not _LEAST_PER_CM <= per_cm_x <= _MOST_PER_CM:
        raise TemplateFormatError("the record needs one resolution between 98 and 473 pixels per cm (250-1200 ppi)")
    scale = 1.0 if per_cm_x == _PER_CM_500_PPI else 500.0 / (per_cm_x * 2.54)
    # So large that the last pixel keeps its place.
    size_px = tuple(math.ceil((side - 1) * scale) + 1 for side in (width, height))
    if not all(1 <= side <= MAX_SIDE_PX for side in size_px):
        raise TemplateFormatError(f"the image of the record must have sides of 1 to {MAX_SIDE_PX} pixels at 500 ppi")
    views = []
    offset = _HEADER.size
    for _ in range(view_count):
        view, offset = _read_view(record, offset, (width, height), scale, (size_px[0], size_px[1]))
        views.append(view)
    if offset != len(record):
        raise TemplateFormatError("the record is longer than its prints")
    return tuple(views)


def _read_view(
    record: bytes, offset: int, stated_size: tuple[int, int], scale: float, size_px: tuple[int, int]
) -> tuple[FingerView, int]:
    """The view that starts at offset and where the next one starts."""
    start = offset + _VIEW.size
    if start > len(record):
        raise TemplateFormatError("the record ends within the header of a print")
    finger, numbers, quality, count = _VIEW.unpack_from(record, offset)
    end = start + count * _MINUTIA.itemsize
    if end + 2 > len(record):
        raise TemplateFormatError("the record ends within the minutiae of a print")
    next_offset = end + 2 + int.from_bytes(record[end : end + 2], "big")
    if next_offset > len(record):
        raise TemplateFormatError("the record ends within the extended data of a print")
    if finger > max(FingerPosition) or quality > 100:
        raise TemplateFormatError(f"finger position {finger} or quality {quality} is not one of the standard")
    rows = np.frombuffer(record, dtype=_MINUTIA, count=count, offset=start)
    minutiae = _minutiae(rows, stated_size, scale, size_px)
    return FingerView(FingerPosition(finger), numbers >> 4, numbers & 15, quality, minutiae), next_offset


def _minutiae(
    rows: np.ndarray[tuple[int], np.dtype[np.void]],
    stated_size: tuple[int, int],
    scale: float,
    size_px: tuple[int, int],
) -> MinutiaSet:
    x, y = (rows["kind_x"] & 0x3FFF).astype(np.float64), (rows["y"] & 0x3FFF).astype(np.float64)
    kind, quality = (rows["kind_x"] >> 14).astype(np.uint8), rows["quality"].astype(np.float64) / 100.0
    if bool((x >= stated_size[0]).any() or (y >= stated_size[1]).any()):
        raise TemplateFormatError("a minutia lies outside the image that the record states")
    if bool((kind > 2).any() or (quality > 1.0).any()):
        raise TemplateFormatError("a minutia has a kind or a quality that the standard does not know")
    return MinutiaSet.best_of(
        x_px=x * scale,
        y_px=y * scale,
        direction_rad=rows["angle"].astype(np.float64) * (math.pi / 128.0),
        kind=kind,
        quality=np.where(quality == 0.0, _UNSTATED_QUALITY, quality),
        width_px=size_px[0],
        height_px=size_px[1],
    )
