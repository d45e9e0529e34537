"""One picture for each candidate listed: the probe beside it, with what the examiner should look at."""

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
_CAPTION_PX: Final = 62
_WHITE: Final = (255, 255, 255)
# Prints are enlarged, so that a number finds room beside its minutia.
_PRINT_SCALE: Final = 2
_RING_PX: Final = 11
_NUMBER_FONT_PX: Final = 17
_LABEL_FONT_PX: Final = 20
_LABEL_PX: Final = 40
_LABEL_COLOR: Final = (176, 0, 32)
GENERATED_LABEL: Final = "GENERATED / do máy tạo"
# The font that Pillow brings has no Vietnamese letters; the two marks of the label are drawn over their letters.
_UNMARKED: Final = {"á": "a", "ạ": "a"}


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
    """Two generated prints, labeled so, with their paired minutiae: the same number and color in both, and a line.

    probe, candidate: uint8 (height, width). pairs: pixels of each print, numbered from 1 in their order.
    """
    left, right = (cv2.cvtColor(_enlarged(print_), cv2.COLOR_GRAY2BGR) for print_ in (probe, candidate))
    canvas = _side_by_side(left, right)
    shift_px = left.shape[1] + _GAP_PX
    joined = canvas.copy()
    places = [(_pixel(in_probe), _pixel(in_candidate, shift_px=shift_px)) for in_probe, in_candidate in pairs]
    for number, (start, end) in enumerate(places):
        cv2.line(joined, start, end, _color(number, len(pairs)), 1, cv2.LINE_AA)
    canvas = cv2.addWeighted(joined, 0.35, canvas, 0.65, 0)
    for number, ends in enumerate(places):
        for center in ends:
            cv2.circle(canvas, center, _RING_PX, _color(number, len(pairs)), 2, cv2.LINE_AA)
    return _captioned(_numbered(canvas, places, (0, shift_px)), caption)


def _enlarged(print_: Pixels) -> Pixels:
    """Larger and paler, so that the marks stand out."""
    size = (print_.shape[1] * _PRINT_SCALE, print_.shape[0] * _PRINT_SCALE)
    return (128 + cv2.resize(print_, size, interpolation=cv2.INTER_CUBIC).astype(np.uint16) // 2).astype(np.uint8)


def _side_by_side(left: Pixels, right: Pixels) -> Pixels:
    height = max(left.shape[0], right.shape[0])
    canvas = np.full((height, left.shape[1] + _GAP_PX + right.shape[1], 3), 255, dtype=np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], left.shape[1] + _GAP_PX :] = right
    return canvas


def _numbered(
    canvas: npt.NDArray[np.generic], places: Sequence[tuple[tuple[int, int], tuple[int, int]]], lefts_px: Sequence[int]
) -> Pixels:
    """Each pair's number beside its two rings, and the label above each print, where it hides nothing."""
    picture = Image.new("RGB", (canvas.shape[1], canvas.shape[0] + _LABEL_PX), _WHITE)
    picture.paste(Image.fromarray(np.ascontiguousarray(canvas[:, :, ::-1])), (0, _LABEL_PX))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_NUMBER_FONT_PX)
    for left_px in lefts_px:
        _draw_label(draw, (left_px + 8, 3))
    for number, ends in enumerate(places):
        blue, green, red = _color(number, len(places))
        for x, y in ends:
            place = (x + _RING_PX, _LABEL_PX + max(y - _RING_PX, _NUMBER_FONT_PX))
            draw.text(place, str(number + 1), (red, green, blue), font, anchor="ls", stroke_width=2, stroke_fill=_WHITE)
    return np.asarray(picture, dtype=np.uint8)[:, :, ::-1]


def _draw_label(draw: ImageDraw.ImageDraw, corner: tuple[int, int]) -> None:
    """GENERATED_LABEL in the label's color on white, corner its upper left."""
    font = ImageFont.load_default(_LABEL_FONT_PX)
    plain = "".join(_UNMARKED.get(letter, letter) for letter in GENERATED_LABEL)
    left, baseline = corner[0] + 6, corner[1] + _LABEL_FONT_PX + 3
    right = left + font.getlength(plain) + 6
    draw.rectangle((*corner, right, baseline + 9), fill=_WHITE, outline=_LABEL_COLOR, width=2)
    draw.text((left, baseline), plain, _LABEL_COLOR, font, anchor="ls")
    for place, letter in enumerate(GENERATED_LABEL):
        middle = left + (font.getlength(plain[:place]) + font.getlength(plain[: place + 1])) / 2
        x_height = 0.55 * _LABEL_FONT_PX
        if letter == "á":
            draw.line((middle - 1, baseline - x_height - 4, middle + 3, baseline - x_height - 8), _LABEL_COLOR, 2)
        elif letter == "ạ":
            draw.ellipse((middle - 1.5, baseline + 3, middle + 1.5, baseline + 6), _LABEL_COLOR)


def _captioned(picture: Pixels, caption: str) -> Pixels:
    height, width = picture.shape[:2]
    canvas = Image.new("RGB", (width, height + _CAPTION_PX), _WHITE)
    canvas.paste(Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])), (0, 0))
    draw = ImageDraw.Draw(canvas)
    draw.text((8, height + 6), "probe", fill=(90, 90, 90), font=ImageFont.load_default(18))
    draw.text((width // 2 + _GAP_PX, height + 6), "candidate", fill=(90, 90, 90), font=ImageFont.load_default(18))
    draw.text((8, height + 32), caption, fill=(20, 20, 20), font=_fitting(caption, width - 16))
    return np.asarray(canvas, dtype=np.uint8)[:, :, ::-1]


def _fitting(caption: str, width_px: int) -> ImageFont.FreeTypeFont:
    """The largest font in which the caption fits."""
    for size_px in range(20, 8, -1):
        font = ImageFont.load_default(size_px)
        if font.getlength(caption) <= width_px:
            break
    return font


def _pixel(point: Point, *, shift_px: int = 0) -> tuple[int, int]:
    """Where a print's pixel lies on the enlarged canvas."""
    x, y = (round((value + 0.5) * _PRINT_SCALE - 0.5) for value in point)
    return x + shift_px, y


def _color(number: int, count: int) -> tuple[int, int, int]:
    """BGR, along the hues."""
    hue = np.uint8([[[int(170 * number / max(1, count)), 230, 150]]])
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)
