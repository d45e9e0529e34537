"""The chart: axes, and lines where their values are."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.chart import COLORS, Line, Scale, draw_chart


def test_scales_place_values_and_ticks():
    rates = Scale("FMR", 1e-4, 1.0, is_log=True)
    assert rates.share([1e-4, 1e-2, 1.0, 0.0, 5.0]) == pytest.approx([0, 0.5, 1, 0, 1])
    assert rates.ticks() == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert Scale("y", 0.93, 1.0).ticks() == pytest.approx([0.94, 0.96, 0.98, 1.0])


def pixels_of(path, color: str) -> np.ndarray:
    """Rows and columns (n, 2) of the pixels of that color."""
    wanted = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    with PillowImage.open(path) as picture:
        return np.argwhere(np.abs(np.asarray(picture, np.int16) - wanted).max(axis=2) < 12)


def test_a_rising_line_is_drawn_from_the_lower_left_to_the_upper_right(tmp_path):
    x, y = Scale("x", 0, 1), Scale("y", 0, 1)
    draw_chart(tmp_path / "a.png", "t", x, y, {"": Line([0, 1], [0, 0.8])})
    found = pixels_of(tmp_path / "a.png", COLORS[0])
    left, right = found[found[:, 1].argmin()], found[found[:, 1].argmax()]
    assert left[0] > right[0] + 300
    assert right[1] > left[1] + 600


def test_a_step_has_no_slope_and_a_million_points_are_no_trouble(tmp_path):
    x, y = Scale("x", 0, 1), Scale("y", 0, 1)
    steps = Line(np.linspace(0, 1, 1_000_000), np.repeat([0.2, 0.7], 500_000), is_step=True)
    draw_chart(tmp_path / "a.png", "t", x, y, {"": steps})
    rows = np.bincount(pixels_of(tmp_path / "a.png", COLORS[0])[:, 0])
    assert np.count_nonzero(rows > 200) <= 6
