"""Pictures of the results."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.chart import Line, Scale, draw_chart
from benchmarks.metrics import ErrorCurve

RATE_FLOOR = 1e-5


def plot_det(path: Path, curves: Mapping[str, ErrorCurve]) -> None:
    """DET curves: FNMR against FMR, logarithmic; rates below 1e-5 lie on the border, the EER on the diagonal."""
    lines = {name: Line(curve.fmr, curve.fnmr, is_step=True) for name, curve in curves.items()}
    diagonal = {"": Line([RATE_FLOOR, 1], [RATE_FLOOR, 1], is_faint=True)}
    x, y = (Scale(name, RATE_FLOOR, 1.0, is_log=True) for name in ("FMR", "FNMR"))
    draw_chart(path, "Verification", x, y, diagonal | lines)


def plot_cmc(path: Path, points: Mapping[str, float], *, probes: int, gallery: int) -> None:
    """Share of mates found up to each rank."""
    ranks = [int(rank) for rank in points]
    low = max(0.0, np.floor(20 * (min(points.values()) - 0.02)) / 20)
    title = f"Identification: {probes:,} probes, gallery of {gallery:,}"
    y = Scale("share of mates found", low, 1.0)
    lines = {"mates": Line(ranks, list(points.values()), is_step=True)}
    draw_chart(path, title, Scale("rank", 1, max(ranks), is_log=True), y, lines)


def plot_lines(
    path: Path, title: str, labels: tuple[str, str], lines: Mapping[str, tuple[ArrayLike, ArrayLike]]
) -> None:
    """Lines on linear axes that hold them all. labels: of the x and y axes."""
    scales = []
    for axis, label in enumerate(labels):
        values = np.concatenate([np.asarray(line[axis], np.float64).ravel() for line in lines.values()])
        low, high = float(values.min()), float(values.max())
        room = 0.04 * (high - low) or 1.0
        scales.append(Scale(label, low - room, high + room))
    draw_chart(path, title, scales[0], scales[1], {name: Line(*line) for name, line in lines.items()})
