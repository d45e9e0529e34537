"""A small line chart in Pillow, which the service needs anyway: reports get their pictures in every installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX = 820, 640
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 84, 24, 44, 60
FINE = 3  # drawn this much larger and reduced: smooth lines
# Distinguishable with the common color vision deficiencies (M. Okabe and K. Ito, 2008).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
INK, GRID = "#222222", "#dddddd"


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis from low to high; with is_log, both are above 0."""

    label: str
    low: float
    high: float
    is_log: bool = False

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie on the axis: 0 at low, 1 at high; what lies outside is moved to the end."""
        clipped = np.clip(np.asarray(values, np.float64), self.low, self.high)
        if self.is_log:
            return np.asarray(np.log(clipped / self.low) / np.log(self.high / self.low))
        return np.asarray((clipped - self.low) / (self.high - self.low))

    def ticks(self) -> list[float]:
        """Powers of ten, or about six round numbers."""
        if self.is_log:
            first, last = np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9)
            return [float(10**power) for power in np.arange(first, last + 1)]
        rough = (self.high - self.low) / 6
        power = 10 ** np.floor(np.log10(rough))
        step = power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
        return [float(tick) for tick in np.arange(np.ceil(self.low / step), np.floor(self.high / step) + 1) * step]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Points joined in order. is_step: the value holds until the next point. is_faint: thin and without a name."""

    x: ArrayLike
    y: ArrayLike
    is_step: bool = False
    is_faint: bool = False


def draw_chart(path: Path, title: str, x: Scale, y: Scale, lines: Mapping[str, Line]) -> None:
    """Writes a PNG."""
    picture = PillowImage.new("RGB", (WIDTH_PX * FINE, HEIGHT_PX * FINE), "white")
    draw = ImageDraw.Draw(picture)
    _draw_axes(draw, title, x, y)
    named = [name for name, line in lines.items() if not line.is_faint]
    for name, line in lines.items():
        color = "#bbbbbb" if line.is_faint else COLORS[named.index(name) % len(COLORS)]
        points = _points(line, x, y)
        draw.line(points, fill=color, width=FINE * (1 if line.is_faint else 2), joint="curve")
    _draw_names(draw, named)
    picture.resize((WIDTH_PX, HEIGHT_PX), PillowImage.Resampling.LANCZOS).save(path)


def _points(line: Line, x: Scale, y: Scale) -> list[tuple[float, float]]:
    shares = np.stack([x.share(line.x), y.share(line.y)], axis=1)
    # A million thresholds fall on a few thousand pixels.
    cell = np.round(4096 * shares)
    shares = shares[np.append(True, (np.diff(cell, axis=0) != 0).any(axis=1))]
    if line.is_step:
        shares = np.repeat(shares, 2, axis=0)
        shares = np.stack([shares[1:, 0], shares[:-1, 1]], axis=1)
    return [_place(float(across), float(up)) for across, up in shares]


def _place(across: float, up: float) -> tuple[float, float]:
    """Pixel of a point inside the axes, both shares from 0 to 1."""
    return (
        FINE * (LEFT_PX + across * (WIDTH_PX - LEFT_PX - RIGHT_PX)),
        FINE * (HEIGHT_PX - BOTTOM_PX - up * (HEIGHT_PX - TOP_PX - BOTTOM_PX)),
    )


def _draw_axes(draw: ImageDraw.ImageDraw, title: str, x: Scale, y: Scale) -> None:
    small, large = _font(13), _font(16)
    for tick, across in zip(x.ticks(), x.share(x.ticks()), strict=True):
        bottom = _place(float(across), 0)
        draw.line([bottom, _place(float(across), 1)], fill=GRID, width=FINE)
        draw.text((bottom[0], bottom[1] + 6 * FINE), f"{tick:g}", fill=INK, font=small, anchor="mt")
    for tick, up in zip(y.ticks(), y.share(y.ticks()), strict=True):
        left = _place(0, float(up))
        draw.line([left, _place(1, float(up))], fill=GRID, width=FINE)
        draw.text((left[0] - 6 * FINE, left[1]), f"{tick:g}", fill=INK, font=small, anchor="rm")
    draw.rectangle([_place(0, 1), _place(1, 0)], outline=INK, width=FINE)
    draw.text((FINE * WIDTH_PX / 2, FINE * 14), title, fill=INK, font=large, anchor="mt")
    draw.text((FINE * WIDTH_PX / 2, FINE * (HEIGHT_PX - 12)), x.label, fill=INK, font=large, anchor="mb")
    draw.text((FINE * 10, FINE * 14), y.label, fill=INK, font=large, anchor="lt")


def _draw_names(draw: ImageDraw.ImageDraw, names: list[str]) -> None:
    """The legend, at the upper right on white."""
    if not names:
        return
    font = _font(13)
    width = max(draw.textlength(name, font=font) for name in names) + FINE * 44
    right, top = _place(1, 1)[0] - FINE * 8, _place(1, 1)[1] + FINE * 8
    draw.rectangle([right - width, top, right, top + FINE * (18 * len(names) + 8)], fill="white", outline=GRID)
    for number, name in enumerate(names):
        middle = top + FINE * (18 * number + 13)
        start = right - width + FINE * 8
        draw.line([(start, middle), (start + FINE * 22, middle)], fill=COLORS[number % len(COLORS)], width=2 * FINE)
        draw.text((start + FINE * 28, middle), name, fill=INK, font=font, anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * FINE)
