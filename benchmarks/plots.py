"""Pictures of the results. matplotlib is imported when one is drawn; without it the picture is left out, aloud."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.metrics import ErrorCurve


def plot_det(path: Path, curves: Mapping[str, ErrorCurve]) -> None:
    """DET curves, FNMR against FMR, both logarithmic; rates of 0 lie on the border."""
    figure, axes = _figure("FMR", "FNMR")
    if axes is None:
        return
    floor = 1e-5
    for name, curve in curves.items():
        axes.step(np.maximum(curve.fmr, floor), np.maximum(curve.fnmr, floor), where="post", label=name, linewidth=1.2)
    axes.plot([floor, 1], [floor, 1], color="0.8", linewidth=0.8, zorder=0)
    axes.set(xscale="log", yscale="log", xlim=(floor, 1), ylim=(min(1e-3, floor * 100), 1), title="Verification")
    _save(figure, axes, path)


def plot_cmc(path: Path, points: Mapping[str, float], *, probes: int, gallery: int) -> None:
    """Share of mates found up to each rank."""
    figure, axes = _figure("rank", "share of mates found")
    if axes is None:
        return
    axes.step([int(rank) for rank in points], list(points.values()), where="post", label="mates")
    low = min(points.values())
    axes.set(xscale="log", ylim=(max(0.0, low - 0.05 - (1 - low) * 0.2), 1.002))
    axes.set_title(f"Identification: {probes:,} probes, gallery of {gallery:,}")
    _save(figure, axes, path)


def plot_lines(
    path: Path, title: str, labels: tuple[str, str], lines: Mapping[str, tuple[ArrayLike, ArrayLike]]
) -> None:
    """Simple line plot. labels: of the x and y axes."""
    figure, axes = _figure(*labels)
    if axes is None:
        return
    for name, (x, y) in lines.items():
        axes.plot(x, y, label=name, linewidth=1.3)
    axes.set_title(title)
    _save(figure, axes, path)


def _figure(x_label: str, y_label: str) -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  the bench extra
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        print("matplotlib is not installed (pip install -e '.[bench]'): no picture", file=sys.stderr)
        return None, None
    figure = Figure(figsize=(7, 5.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(which="both", color="0.92", linewidth=0.6)
    return figure, axes


def _save(figure: Any, axes: Any, path: Path) -> None:
    axes.legend(fontsize=8)
    figure.savefig(path)
