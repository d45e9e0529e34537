"""What scanners, cards and skin do to a good print, and what is no print at all: pictures made from pictures by code.

Everything is drawn at the print's own resolution from a random generator, so a seed gives the same picture again. No
picture made here is kept anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Condition = Callable[[Pixels, np.random.Generator], Pixels]
Drawing = Callable[[np.random.Generator], Pixels]
_FONTS: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_WORDS: Final = (
    "NAME ALIAS SEX DATE OF BIRTH RIGHT THUMB INDEX MIDDLE RING LITTLE SIGNATURE Ho va ten ngay sinh so 0123456789"
)


def paper_of(pixels: Pixels) -> int:
    """The gray level of the print's background."""
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])))


# --- What surrounds a print.
def with_margin(pixels: Pixels, margin_px: int, gray: int | None = None) -> Pixels:
    value = paper_of(pixels) if gray is None else gray
    return _uint8(cv2.copyMakeBorder(pixels, *[margin_px] * 4, cv2.BORDER_CONSTANT, value=value))


def with_frame(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A closed line of 3 px around the print, a few millimeters from it."""
    gap = int(random.integers(8, 40))
    sheet = with_margin(pixels, gap + 20)
    height, width = sheet.shape
    cv2.rectangle(sheet, (19, 19), (width - 20, height - 20), int(random.integers(0, 60)), 3)
    return sheet


def with_tight_frame(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A line of 3 px a little inside the edge of the image, through whatever is there."""
    drawn, inset = pixels.copy(), int(random.integers(4, 10))
    height, width = pixels.shape
    cv2.rectangle(drawn, (inset, inset), (width - 1 - inset, height - 1 - inset), 0, 3)
    return drawn


def with_ten_print_box(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """The cell of a card: ruled lines that run on into the neighboring cells, and the finger's name above."""
    margin = 60
    sheet = with_margin(pixels, margin)
    height, width = sheet.shape
    ink, thickness = int(random.integers(0, 90)), int(random.integers(2, 5))
    for x in (margin - 30, width - margin + 30):
        cv2.line(sheet, (x, 0), (x, height), ink, thickness)
    for y in (margin - 30, height - margin + 30):
        cv2.line(sheet, (0, y), (width, y), ink, thickness)
    words = ["1. R. THUMB", "2. R. INDEX", "7. L. INDEX", "Ngon cai phai"]
    cv2.putText(sheet, str(random.choice(words)), (margin - 22, 24), _FONTS[0], 0.6, ink, 2)
    return sheet


def with_scan_border(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """The black of a scanner's lid, 40 px on every side."""
    return with_margin(pixels, 40, int(random.integers(0, 20)))


def with_one_sided_border(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Black along one or two sides only."""
    widths = [int(w) for w in random.choice([0, 30, 60], 4)]
    widths[int(random.integers(4))] = 50
    return _uint8(cv2.copyMakeBorder(pixels, *widths, cv2.BORDER_CONSTANT, value=int(random.integers(0, 25))))


def on_text_page(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A page with lines of text above, below and beside the print."""
    height, width = pixels.shape
    paper = paper_of(pixels)
    page = np.full((height + 400, width + 400), paper, dtype=np.uint8)
    _write(page, random, ink=max(0, paper - 200))
    page[180 : 220 + height, 180 : 220 + width] = paper
    page[200 : 200 + height, 200 : 200 + width] = pixels
    return page


SURROUNDINGS: Final[Mapping[str, Condition]] = {
    "frame": with_frame,
    "tight frame": with_tight_frame,
    "ten-print box": with_ten_print_box,
    "scan border": with_scan_border,
    "one-sided border": with_one_sided_border,
    "page of text": on_text_page,
}


# --- What skin and sensor do.
def blotched(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Wet areas in which the valleys are closed."""
    filled = cv2.erode(pixels, np.ones((7, 7), dtype=np.uint8))
    dark = np.minimum(cv2.GaussianBlur(filled, (0, 0), 4), np.uint8(max(np.percentile(pixels, 10), 30)))
    return _mixed(pixels, dark, _spots(pixels.shape, random, size_px=18, share=0.4))


def dry(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Ridges broken into grains, with bare patches."""
    grain = cv2.GaussianBlur(random.normal(0, 1, pixels.shape).astype(np.float32), (0, 0), 1.0)
    bare = _spots(pixels.shape, random, size_px=25, share=0.25) > 0.5
    level = np.where(bare, -0.1, 0.15)
    return _uint8(np.where(grain > level, np.maximum(pixels, paper_of(pixels)), pixels))


def smeared(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """The finger slid in some areas."""
    length = int(random.integers(11, 19))
    kernel = np.zeros((length, length), dtype=np.float32)
    angle = float(random.uniform(0, np.pi))
    for t in np.linspace(-0.5, 0.5, 4 * length):
        x, y = (length - 1) / 2 + t * (length - 1) * np.cos(angle), (length - 1) / 2 + t * (length - 1) * np.sin(angle)
        kernel[round(y), round(x)] = 1
    slid = cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return _mixed(pixels, _uint8(slid), _spots(pixels.shape, random, size_px=35, share=0.5))


def faint(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """A tenth of the contrast, and the noise of the sensor."""
    paper = paper_of(pixels)
    gray = paper + (pixels.astype(np.float32) - paper) * float(random.uniform(0.06, 0.14))
    return _uint8(gray + random.normal(0, 1.0, pixels.shape))


def dirty(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Specks, hairs and scratches on the glass, and the shadow of an earlier print's grease."""
    drawn = pixels.copy()
    height, width = pixels.shape
    for _ in range(int(height * width / 2500)):
        at = (int(random.integers(width)), int(random.integers(height)))
        cv2.circle(drawn, at, int(random.integers(1, 4)), int(random.integers(0, 256)), -1)
    for _ in range(12):
        points = np.cumsum(np.vstack([random.uniform(0, [width, height]), random.normal(0, 18, (12, 2))]), axis=0)
        cv2.polylines(drawn, [points.astype(np.int32)], False, int(random.choice([0, 255])), int(random.integers(1, 3)))
    stain = _spots(pixels.shape, random, size_px=40, share=0.3)
    return _uint8(drawn.astype(np.float32) * (1 - 0.4 * stain))


DEGRADATIONS: Final[Mapping[str, Condition]] = {
    "blotches": blotched,
    "dryness": dry,
    "smears": smeared,
    "low contrast": faint,
    "dirt": dirty,
}


# --- More than one finger.
def side_by_side(prints: list[Pixels], *, gap_px: int = 0) -> Pixels:
    """Several prints in one image, aligned at the top as a slap's are."""
    height = max(p.shape[0] for p in prints)
    columns = []
    for number, pixels in enumerate(prints):
        paper = paper_of(pixels)
        if number and gap_px:
            columns.append(np.full((height, gap_px), paper, dtype=np.uint8))
        columns.append(cv2.copyMakeBorder(pixels, 0, height - pixels.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=paper))
    return _uint8(np.hstack(columns))


def overprinted(first: Pixels, second: Pixels, *, shift_px: tuple[int, int] = (0, 0), turn_deg: float = 0.0) -> Pixels:
    """Two prints on one place, ink upon ink; the second shifted and turned."""
    height, width = first.shape
    turn = cv2.getRotationMatrix2D(((second.shape[1] - 1) / 2, (second.shape[0] - 1) / 2), turn_deg, 1.0)
    turn[:, 2] += [(width - second.shape[1]) / 2 + shift_px[0], (height - second.shape[0]) / 2 + shift_px[1]]
    moved = cv2.warpAffine(second, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=paper_of(second))
    return np.minimum(first, _uint8(moved))


# --- What is no print.
def text_page(random: np.random.Generator, *, height_px: int = 480, width_px: int = 400) -> Pixels:
    page = np.full((height_px, width_px), 255, dtype=np.uint8)
    _write(page, random, ink=0)
    return page


def cloth(random: np.random.Generator, *, height_px: int = 480, width_px: int = 400) -> Pixels:
    """A weave: two crossing threads with the irregularities of yarn, folds and shading; the period of ridges."""
    y, x = np.mgrid[:height_px, :width_px].astype(np.float32)
    bend = cv2.GaussianBlur(random.normal(0, 1, (height_px, width_px)).astype(np.float32), (0, 0), 40)
    bend *= float(random.uniform(0, 8)) / max(float(bend.std()), 1e-6)
    angle, skew = float(random.uniform(0, np.pi)), float(random.uniform(0.35, 0.65)) * np.pi
    first, second = float(random.uniform(5, 14)), float(random.uniform(5, 14))
    along = (x + bend) * np.cos(angle) + (y + bend) * np.sin(angle)
    across = (x - bend) * np.cos(angle + skew) + (y + bend) * np.sin(angle + skew)
    warp, weft = np.sin(2 * np.pi * along / first), np.sin(2 * np.pi * across / second)
    kind = int(random.integers(4))
    if kind == 0:  # plain weave
        weave = warp * weft
    elif kind == 1:  # canvas: both threads
        weave = np.maximum(warp, weft)
    elif kind == 2:  # twill: a rib that is broken at every crossing
        weave = np.sin(2 * np.pi * (along / first + across / second)) + 0.5 * weft
    else:  # knit: rows of loops
        weave = np.sin(2 * np.pi * along / first + 1.2 * np.abs(weft))
    yarn = random.normal(0, 0.35, weave.shape)
    shade = cv2.GaussianBlur(random.normal(0, 1, weave.shape).astype(np.float32), (0, 0), 60)
    shade *= 25 / max(float(shade.std()), 1e-6)
    return _uint8(128 + 45 * weave + 25 * yarn + shade)


def _write(page: Pixels, random: np.random.Generator, *, ink: int) -> None:
    """Lines of text over the whole page."""
    font, scale = int(random.choice(_FONTS)), float(random.uniform(0.4, 0.9))
    thickness = 1 if scale < 0.55 else 2
    words = _WORDS.split()
    for y in range(20, page.shape[0], int(34 * scale) + 6):
        cv2.putText(page, " ".join(random.choice(words, 14)), (6, y), font, scale, ink, thickness, cv2.LINE_AA)


def _spots(
    shape: tuple[int, ...], random: np.random.Generator, *, size_px: float, share: float
) -> npt.NDArray[np.float32]:
    """Soft-edged random areas that cover about that share: float32 0-1."""
    field = cv2.GaussianBlur(random.normal(0, 1, shape).astype(np.float32), (0, 0), size_px)
    level = float(np.quantile(field, 1 - share))
    return np.clip((field - level) / (0.1 * float(field.std()) + 1e-9) + 0.5, 0, 1).astype(np.float32)


def _mixed(under: Pixels, over: Pixels, weight: npt.NDArray[np.float32]) -> Pixels:
    return _uint8(under * (1 - weight) + over * weight)


def _uint8(gray: npt.NDArray[np.generic]) -> Pixels:
    return np.clip(np.rint(np.asarray(gray, dtype=np.float32)), 0, 255).astype(np.uint8)
