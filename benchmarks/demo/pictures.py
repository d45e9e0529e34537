"""One picture for each candidate listed: the probe beside it, with what the examiner should look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from matcher.commands.pictures import Pixels, Point, faces, framed, paired_prints

_NAMES: Final = ("probe", "candidate")
_LABEL_FONT_PX: Final = 20
_LABEL_PX: Final = 40
_WHITE: Final = (255, 255, 255)
_LABEL_COLOR: Final = (176, 0, 32)
GENERATED_LABEL: Final = "GENERATED / do máy tạo"
# The font that Pillow brings has no Vietnamese letters; the two marks of the label are drawn over their letters.
_UNMARKED: Final = {"á": "a", "ạ": "a"}


def face_picture(probe_crop: Pixels, candidate_crop: Pixels, caption: str) -> Pixels:
    """Two aligned faces side by side. crops: uint8 (side, side, 3) BGR."""
    picture, right_px = faces(probe_crop, candidate_crop)
    return framed(picture, _NAMES, right_px, [caption])


def fingerprint_picture(probe: Pixels, candidate: Pixels, pairs: Sequence[tuple[Point, Point]], caption: str) -> Pixels:
    """Two generated prints, labeled so, with their paired minutiae: the same number and color in both, and a line.

    probe, candidate: uint8 (height, width). pairs: pixels of each print, numbered from 1 in their order.
    """
    picture, right_px = paired_prints(probe, candidate, pairs)
    return framed(_labeled(picture, (0, right_px)), _NAMES, right_px, [caption])


def _labeled(canvas: Pixels, lefts_px: Sequence[int]) -> Pixels:
    """The label above each print, where it hides nothing."""
    picture = Image.new("RGB", (canvas.shape[1], canvas.shape[0] + _LABEL_PX), _WHITE)
    picture.paste(Image.fromarray(np.ascontiguousarray(canvas[:, :, ::-1])), (0, _LABEL_PX))
    draw = ImageDraw.Draw(picture)
    for left_px in lefts_px:
        _draw_label(draw, (left_px + 8, 3))
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
