"""TIFF files written from samples, kind by kind. Shares no code with the reader that it tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Tag = tuple[int, int, Sequence[int]]  # code, type, values
SHORT, LONG, RATIONAL = 3, 4, 5


@dataclass(frozen=True, slots=True, eq=False)
class TiffPicture:
    """samples: integers (height, width, samples a pixel) as stored. tile_px: (width, height), None for strips."""

    samples: np.ndarray
    bit_count: int
    photometric: int
    byte_order: str = "II"
    compression: int = 1
    predictor: int = 1
    is_planar: bool = False
    fill_order: int = 1
    tile_px: tuple[int, int] | None = None
    rows_per_strip: int = 13
    extra_samples: tuple[int, ...] = ()
    tags: tuple[Tag, ...] = ()


def tiff_file(*pictures: TiffPicture) -> bytes:
    """One page each."""
    order = pictures[0].byte_order
    sign = "<" if order == "II" else ">"
    content = bytearray(order.encode() + struct.pack(sign + "HI", 42, 0))
    link = 4
    for picture in pictures:
        offsets, counts = [], []
        for segment in _segments(picture):
            offsets.append(len(content))
            counts.append(len(segment))
            content += segment + b"\0" * (len(segment) % 2)
        struct.pack_into(sign + "I", content, link, len(content))
        link = _append_directory(content, _tags(picture, offsets, counts), sign)
    return bytes(content)


def _tags(picture: TiffPicture, offsets: list[int], counts: list[int]) -> list[Tag]:
    height, width, sample_count = picture.samples.shape
    tags: list[Tag] = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [picture.bit_count] * sample_count),
        (259, SHORT, [picture.compression]),
        (262, SHORT, [picture.photometric]),
        (277, SHORT, [sample_count]),
        (284, SHORT, [2 if picture.is_planar else 1]),
    ]
    if picture.tile_px:
        tags += [(322, LONG, [picture.tile_px[0]]), (323, LONG, [picture.tile_px[1]])]
        tags += [(324, LONG, offsets), (325, LONG, counts)]
    else:
        tags += [(273, LONG, offsets), (278, LONG, [picture.rows_per_strip]), (279, LONG, counts)]
    if picture.predictor != 1:
        tags.append((317, SHORT, [picture.predictor]))
    if picture.fill_order != 1:
        tags.append((266, SHORT, [picture.fill_order]))
    if picture.extra_samples:
        tags.append((338, SHORT, list(picture.extra_samples)))
    return sorted([*tags, *picture.tags])


def _append_directory(content: bytearray, tags: list[Tag], sign: str) -> int:
    """Returns where the offset of the next page goes."""
    start = len(content)
    content += struct.pack(sign + "H", len(tags)) + bytes(12 * len(tags) + 4)
    for number, (code, kind, values) in enumerate(tags):
        letter, size = {SHORT: ("H", 2), LONG: ("I", 4), RATIONAL: ("I", 4)}[kind]
        packed = struct.pack(sign + letter * len(values), *values)
        count = len(values) // 2 if kind == RATIONAL else len(values)
        if len(packed) > 4:
            packed, payload = struct.pack(sign + "I", len(content)), packed
            content += payload + b"\0" * (len(payload) % 2)
        assert size
        entry = struct.pack(sign + "HHI", code, kind, count) + packed.ljust(4, b"\0")
        content[start + 2 + 12 * number : start + 14 + 12 * number] = entry
    return start + 2 + 12 * len(tags)


def _segments(picture: TiffPicture) -> list[bytes]:
    planes = [picture.samples]
    if picture.is_planar:
        planes = [picture.samples[:, :, place : place + 1] for place in range(picture.samples.shape[2])]
    return [_packed(part, picture) for plane in planes for part in _parts(plane, picture)]


def _parts(plane: np.ndarray, picture: TiffPicture) -> list[np.ndarray]:
    height, width, _ = plane.shape
    if picture.tile_px is None:
        return [plane[top : top + picture.rows_per_strip] for top in range(0, height, picture.rows_per_strip)]
    across, down = picture.tile_px
    padded = np.pad(plane, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    return [
        padded[top : top + down, left : left + across]
        for top in range(0, padded.shape[0], down)
        for left in range(0, padded.shape[1], across)
    ]


def _packed(part: np.ndarray, picture: TiffPicture) -> bytes:
    part = part.astype(np.int64)
    if picture.predictor == 2:
        part = np.diff(part, axis=1, prepend=0) % (1 << picture.bit_count)
    rows = part.reshape(part.shape[0], -1)
    if picture.bit_count == 16:
        content = rows.astype("<u2" if picture.byte_order == "II" else ">u2").tobytes()
    elif picture.bit_count in (24, 32):
        content = rows.astype("<u4" if picture.byte_order == "II" else ">u4").tobytes()
    else:
        bits = (rows[:, :, np.newaxis] >> np.arange(picture.bit_count - 1, -1, -1)) & 1
        content = np.packbits(bits.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()
    content = {1: bytes, 5: _lzw, 8: zlib.compress, 32773: _pack_bits}.get(picture.compression, bytes)(content)
    return _reversed(content) if picture.fill_order == 2 else content


def _reversed(content: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in content)


def _pack_bits(content: bytes) -> bytes:
    parts = (content[start : start + 128] for start in range(0, len(content), 128))
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def _lzw(content: bytes) -> bytes:
    """Literals only: the table is cleared before its codes get longer than 9 bits."""
    codes = []
    for start in range(0, len(content), 200):
        codes += [256, *content[start : start + 200]]
    bits = np.array([[code >> place & 1 for place in range(8, -1, -1)] for code in [*codes, 257]], dtype=np.uint8)
    return np.packbits(bits.ravel()).tobytes()
