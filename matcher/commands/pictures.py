"""Pictures for an examiner: a probe beside what it was compared with, paired minutiae numbered, in a frame that says
which search this was."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from math import cos, radians, sin
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Point = tuple[float, float]

GAP_PX: Final = 16
_WHITE: Final = (255, 255, 255)
_NAME_COLOR: Final = (90, 90, 90)
_LINE_COLOR: Final = (20, 20, 20)
# Prints are enlarged, so that a number finds room beside its minutia.
_PRINT_SCALE: Final = 2
_RING_PX: Final = 11
_TAIL_PX: Final = 20
_NUMBER_FONT_PX: Final = 17
_NAME_FONT_PX: Final = 18
_LINE_PX: Final = 26
_LARGEST_FONT_PX: Final = 20
_SMALLEST_FONT_PX: Final = 9
_FACE_SIDE_PX: Final = 336
# Pillow's own font has no Vietnamese letters; these have, where a system brings one of them.
_FONTS: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")


def paired_prints(left: Pixels, right: Pixels, pairs: Sequence[tuple[Point, Point]]) -> tuple[Pixels, int]:
    """Two prints side by side, enlarged and paler, each pair of minutiae with the same number and color in both and a
    line between; and where the right one begins.

    left, right: uint8 (height, width). pairs: pixels of each print, numbered from 1 in their order. Returns uint8
    (height, width, 3) BGR.
    """
    first, second = (cv2.cvtColor(_enlarged(print_), cv2.COLOR_GRAY2BGR) for print_ in (left, right))
    canvas = side_by_side(np.asarray(first, np.uint8), np.asarray(second, np.uint8))
    shift_px = first.shape[1] + GAP_PX
    joined = canvas.copy()
    places = [(_pixel(in_left), _pixel(in_right, shift_px=shift_px)) for in_left, in_right in pairs]
    for number, (start, end) in enumerate(places):
        cv2.line(joined, start, end, _color(number, len(pairs)), 1, cv2.LINE_AA)
    canvas = np.asarray(cv2.addWeighted(joined, 0.35, canvas, 0.65, 0), np.uint8)
    for number, ends in enumerate(places):
        for center in ends:
            cv2.circle(canvas, center, _RING_PX, _color(number, len(pairs)), 2, cv2.LINE_AA)
    return _numbered(canvas, places), shift_px


def minutiae_drawn(width_px: int, height_px: int, minutiae: Sequence[tuple[Point, float]]) -> Pixels:
    """A print of which only minutiae are known: a point and a direction each, on white. minutiae: place in pixels and
    direction in degrees, counter-clockwise from the x axis. Returns uint8 (height, width)."""
    canvas = np.full((height_px, width_px), 255, np.uint8)
    for (x_px, y_px), direction_deg in minutiae:
        angle = radians(direction_deg)
        start = (round(x_px), round(y_px))
        end = (round(x_px + _TAIL_PX * cos(angle) / 2), round(y_px - _TAIL_PX * sin(angle) / 2))
        cv2.circle(canvas, start, 2, 40, -1, cv2.LINE_AA)
        cv2.line(canvas, start, end, 40, 1, cv2.LINE_AA)
    return canvas


def faces(left: Pixels, right: Pixels | None) -> tuple[Pixels, int]:
    """Two faces of one height side by side, white in place of one that is not there; and where the right one begins.

    left, right: uint8 (height, width, 3) BGR, or (height, width)."""
    size = (_FACE_SIDE_PX, _FACE_SIDE_PX)
    empty = np.full((*size, 3), 255, np.uint8)
    first, second = (empty if one is None else _of_one_height(one) for one in (left, right))
    return side_by_side(first, second), first.shape[1] + GAP_PX


def side_by_side(left: Pixels, right: Pixels) -> Pixels:
    """uint8 (height, width, 3) BGR, white where there is neither."""
    height = max(left.shape[0], right.shape[0])
    canvas = np.full((height, left.shape[1] + GAP_PX + right.shape[1], 3), 255, dtype=np.uint8)
    canvas[: left.shape[0], : left.shape[1]] = left
    canvas[: right.shape[0], left.shape[1] + GAP_PX :] = right
    return canvas


def stacked(parts: Sequence[Pixels]) -> Pixels:
    """One above the other, white beside those that are narrower."""
    width = max(part.shape[1] for part in parts)
    return np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in parts])


def framed(picture: Pixels, names: tuple[str, str], right_px: int, lines: Sequence[str]) -> Pixels:
    """The picture with a name below each half, the right one beginning at right_px, and lines of text below both."""
    height, width = picture.shape[:2]
    canvas = Image.new("RGB", (width, height + _LINE_PX * (len(lines) + 1) + 10), _WHITE)
    canvas.paste(Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])), (0, 0))
    draw = ImageDraw.Draw(canvas)
    for left_px, name in zip((8, right_px + 8), names, strict=True):
        _write(draw, (left_px, height + 4), name, color=_NAME_COLOR, size_px=_NAME_FONT_PX, width=width)
    for number, line in enumerate(lines, start=1):
        place = (8, height + 4 + number * _LINE_PX)
        _write(draw, place, line, color=_LINE_COLOR, size_px=_LARGEST_FONT_PX, width=width - 16)
    return np.asarray(canvas, dtype=np.uint8)[:, :, ::-1]


def png_of(picture: Pixels) -> bytes:
    """picture: uint8 (height, width, 3) BGR."""
    _, encoded = cv2.imencode(".png", picture)
    return encoded.tobytes()


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    line: str,
    *,
    color: tuple[int, int, int],
    size_px: int,
    width: int,
) -> None:
    """In the largest font up to size_px in which the line fits."""
    for size in range(size_px, _SMALLEST_FONT_PX - 1, -1):
        font, has_marks = _font(size)
        shown = line if has_marks else _unmarked(line)
        if font.getlength(shown) <= width:
            break
    draw.text(place, shown, fill=color, font=font)


@cache
def _font(size_px: int) -> tuple[Any, bool]:
    """A font, and whether it has the letters of Vietnamese."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size_px), True
        except OSError:
            continue
    return ImageFont.load_default(size_px), False


def _unmarked(line: str) -> str:
    """Without the marks that the font would draw as boxes: "Nguyen Thi Anh"."""
    plain = unicodedata.normalize("NFD", line.replace("đ", "d").replace("Đ", "D"))
    kept = (one for one in plain if not unicodedata.combining(one))
    return "".join(one if one.isascii() else "?" for one in kept)


def _enlarged(print_: Pixels) -> Pixels:
    """Larger and paler, so that the marks stand out."""
    size = (print_.shape[1] * _PRINT_SCALE, print_.shape[0] * _PRINT_SCALE)
    return (128 + cv2.resize(print_, size, interpolation=cv2.INTER_CUBIC).astype(np.uint16) // 2).astype(np.uint8)


def _of_one_height(face: Pixels) -> Pixels:
    colored = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR) if face.ndim == 2 else face
    width = max(1, round(colored.shape[1] * _FACE_SIDE_PX / colored.shape[0]))
    return np.asarray(cv2.resize(colored, (width, _FACE_SIDE_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


def _numbered(canvas: Pixels, places: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> Pixels:
    """Each pair's number beside its two rings."""
    picture = Image.fromarray(np.ascontiguousarray(canvas[:, :, ::-1]))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_NUMBER_FONT_PX)
    for number, ends in enumerate(places):
        blue, green, red = _color(number, len(places))
        for x, y in ends:
            place = (x + _RING_PX, max(y - _RING_PX, _NUMBER_FONT_PX))
            draw.text(place, str(number + 1), (red, green, blue), font, anchor="ls", stroke_width=2, stroke_fill=_WHITE)
    return np.asarray(picture, dtype=np.uint8)[:, :, ::-1]


def _pixel(point: Point, *, shift_px: int = 0) -> tuple[int, int]:
    """Where a print's pixel lies on the enlarged canvas."""
    x, y = (round((value + 0.5) * _PRINT_SCALE - 0.5) for value in point)
    return x + shift_px, y


def _color(number: int, count: int) -> tuple[int, int, int]:
    """BGR, along the hues."""
    hue = np.array([[[int(170 * number / max(1, count)), 230, 150]]], np.uint8)
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)
