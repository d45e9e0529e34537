"""Images out of ANSI/NIST-ITL files (traditional encoding): enough to measure with, and no more.

The product reads no such files; this splits records 4, 7 and 10 to 16 and hands their pixels on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from matcher.formats.wsq import SIGNATURE, decode_wsq
from matcher.samples import Image

_FS, _GS, _RS, _US = (bytes([code]) for code in (0x1C, 0x1D, 0x1E, 0x1F))
_BINARY_TYPES = range(3, 9)
_TAGGED_IMAGE_TYPES = range(10, 17)
_MOST_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class CardImage:
    """record_type: 4 and 14 fingers, 7 and 13 latent marks, 15 palms. position: the code of finger or palm. image:
    gray, with its ppi."""

    record_type: int
    position: int
    image: Image


def card_images(path: Path) -> Iterator[CardImage]:
    """The images that can be read; records in other compressions are left out."""
    for record_type, record in _records(path.read_bytes()):
        if record_type in (4, 7):
            yield from _from_binary(record_type, record)
        elif record_type in _TAGGED_IMAGE_TYPES:
            yield from _from_tagged(record_type, record)


def _records(file_bytes: bytes) -> Iterator[tuple[int, bytes]]:
    end = file_bytes.index(_FS) + 1
    fields = dict(field.partition(b":")[::2] for field in file_bytes[: end - 1].split(_GS))
    contents = next(value for tag, value in fields.items() if tag in (b"1.03", b"1.003"))
    for entry in contents.split(_RS)[1:]:
        record_type = int(entry.split(_US)[0])
        if record_type in _BINARY_TYPES:
            length = int.from_bytes(file_bytes[end : end + 4], "big")
        else:
            length = int(file_bytes[end : end + 24].partition(b":")[2].split(_GS)[0])
        yield record_type, file_bytes[end : end + length]
        end += length


def _from_binary(record_type: int, record: bytes) -> Iterator[CardImage]:
    width, height = (int.from_bytes(record[at : at + 2], "big") for at in (13, 15))
    pixels = _pixels(record[18:], width, height)
    if pixels is not None:
        yield CardImage(record_type, record[6], Image(pixels, 1000.0 if record[12] else 500.0, ""))


def _from_tagged(record_type: int, record: bytes) -> Iterator[CardImage]:
    head, _, image_bytes = record.partition(b"%d.999:" % record_type)
    fields = {}
    for field in head.rstrip(_GS).split(_GS):
        tag, _, value = field.partition(b":")
        fields[int(tag.partition(b".")[2])] = value
    if not image_bytes or not fields.get(9, b"").isdigit():
        return
    ppi = float(fields[9]) * (2.54 if fields.get(8) == b"2" else 1.0)
    pixels = _pixels(image_bytes[:-1], int(fields[6]), int(fields[7]))
    position = fields.get(13, b"0").split(_RS)[0]
    if pixels is not None:
        yield CardImage(record_type, int(position) if position.isdigit() else 0, Image(pixels, ppi, ""))


def _pixels(image_bytes: bytes, width: int, height: int) -> np.ndarray | None:  # type: ignore[type-arg]
    if image_bytes.startswith(SIGNATURE):
        return decode_wsq(image_bytes, max_pixels=_MOST_PIXELS)[0]
    if len(image_bytes) == width * height:
        return np.frombuffer(image_bytes, np.uint8).reshape(height, width)
    pixels = cv2.imdecode(np.frombuffer(image_bytes, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if pixels is None else np.asarray(pixels, dtype=np.uint8)
