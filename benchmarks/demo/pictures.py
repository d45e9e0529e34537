"""One picture a search: probe beside candidate, with what the examiner should look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Point = tuple[float, float]

_FACE_SIDE_PX: Final = 336
_GAP_PX: Final = 16
_CAPTION_PX: Final = 46
_WHITE: Final = (255, 255, 255)


def face_picture(probe_crop: Pixels, candidate_crop: Pixels, caption: str) -> Pixels:
    """Two aligned faces side by side. crops: uint8 (side, side, 3) BGR."""
    size = (_FACE_SIDE_PX, _FACE_SIDE_PX)
    return _captioned(
        _side_by_side(
            cv2.resize(probe_crop, size, interpolation=cv2.INTER_CUBIC),
            cv2.resize(candidate_crop, size, interpolation=cv2.INTER_CUBIC),
        ),
        caption,
    )


def fingerprint_picture(probe: Pixels, candidate: Pixels, pairs: Sequence[tuple[Point, Point]], caption: str) -> Pixels:
    """Two prints with their paired minutiae circled, numbered by color and joined. pairs: pixels of each print."""
    left, right = (cv2.cvtColor(_softened(print_), cv2.COLOR_GRAY2BGR) for print_ in (probe, candidate))
    canvas = _side_by_side(left, right)
    shift_px = left.shape[1] + _GAP_PX
    joined = canvas.copy()
    for number, (in_probe, in_candidate) in enumerate(pairs):
        color = _color(number, len(pairs))
        start = _pixel(in_probe)
        end = _pixel((in_candidate[0] + shift_px, in_candidate[1]))
        cv2.line(joined, start, end, color, 1, cv2.LINE_AA)
        for center in (start, end):
            cv2.circle(canvas, center, 7, color, 2, cv2.LINE_AA)
            cv2.circle(joined, center, 7, color, 2, cv2.LINE_AA)
    return _captioned(cv2.addWeighted(joined, 0.55, canvas, 0.45, 0), caption)


def _softened(print_: Pixels) -> Pixels:
    return (128 + print_.astype(np.uint16) // 2).clip(0, 255).astype(np.uint8)


def _side_by_side(left: Pixels, right: Pixels) -> Pixels:
    height = max(left.shape[0], right.shape[0])
    canvas = np.full((height, left.shape[1] + _GAP_PX + right.shape[1], 3), 255, dtype=np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], left.shape[1] + _GAP_PX :] = right
    return canvas


def _captioned(picture: Pixels, caption: str) -> Pixels:
    height, width = picture.shape[:2]
    canvas = Image.new("RGB", (width, height + _CAPTION_PX), _WHITE)
    canvas.paste(Image.fromarray(picture[:, :, ::-1]), (0, 0))
    draw = ImageDraw.Draw(canvas)
    draw.text((8, height + 6), "probe", fill=(90, 90, 90), font=ImageFont.load_default(13))
    draw.text((width // 2 + _GAP_PX, height + 6), "candidate", fill=(90, 90, 90), font=ImageFont.load_default(13))
    draw.text((8, height + 24), caption, fill=(20, 20, 20), font=ImageFont.load_default(14))
    return np.asarray(canvas, dtype=np.uint8)[:, :, ::-1]


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _color(number: int, count: int) -> tuple[int, int, int]:
    hue = np.uint8([[[int(170 * number / max(1, count)), 230, 190]]])
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)
