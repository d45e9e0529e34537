"""Time and memory of a search against the number of references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.chart import Line, Scale, draw_chart
from benchmarks.speed.search_times import SearchTimes

COMPUTED_SIZE = 10_000_000
_LEGEND_ROOM = 12.0  # of the logarithmic axis, above the highest point

Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def plot_sizes(path: Path, points: Sequence[tuple[int, SearchTimes, float]], *, dim: int) -> None:
    """Two pictures, FILE and FILE-memory. points: size, times, hot bytes per row. The last point, at ten million, is
    computed from the largest one measured, in proportion, and said to be so in the legend."""
    ordered = sorted(points, key=lambda point: point[0])
    sizes = np.array([size for size, _, _ in ordered])
    flat_ms = np.array([times.flat_ms["p50"] for _, times, _ in ordered])
    search_ms = np.array([times.search_ms["p50"] for _, times, _ in ordered])
    hot_bytes = np.array([size * bytes_per_row for size, _, bytes_per_row in ordered])
    further = np.array([sizes[-1], COMPUTED_SIZE])
    growth = further / sizes[-1]
    lines = {
        "IndexFlatIP": (sizes / 1e6, flat_ms),
        "this index": (sizes / 1e6, search_ms),
        "IndexFlatIP, computed": (further / 1e6, flat_ms[-1] * growth),
        "this index, computed": (further / 1e6, search_ms[-1] * growth),
    }
    _draw(path, f"One search of {dim} dimensions, one thread", "milliseconds", lines)
    memory = {
        "float32 vectors": (sizes / 1e6, 4 * dim * sizes / 1e9),
        "this index": (sizes / 1e6, hot_bytes / 1e9),
        "float32 vectors, computed": (further / 1e6, 4 * dim * further / 1e9),
        "this index, computed": (further / 1e6, hot_bytes[-1] * growth / 1e9),
    }
    memory_path = path.with_name(f"{path.stem}-memory{path.suffix}")
    _draw(memory_path, "Memory that searches read", "gigabytes", memory)


def _draw(path: Path, title: str, label: str, lines: Mapping[str, Points]) -> None:
    across, up = (np.concatenate([line[axis] for line in lines.values()]) for axis in (0, 1))
    x = Scale("million references", float(across.min()), float(across.max()), is_log=True)
    y = Scale(label, float(up.min()) / 1.5, float(up.max()) * _LEGEND_ROOM, is_log=True)
    draw_chart(path, title, x, y, {name: Line(*line) for name, line in lines.items()})
