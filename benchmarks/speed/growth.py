"""How the search of fingers grows: time, memory and loss of what `fingers` measured at several sizes, in pictures.

Nothing is measured here. Ten million is computed: what reads the index, everything that is compared and memory grow in
proportion from the largest gallery that was measured; the rest of a search stays; of the loss nothing is computed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chart import Line, Scale, draw_chart

COMPUTED_SIZE = 10_000_000
SOURCEAFIS_PAIR_US = (58.0, 76.0)
"""SourceAFIS 3.18.1, one thread: what a comparison took where the goals of this project were set, on another machine.
It has no index. Its home page (sourceafis.machinezoo.com) recommends it for up to 10,000 fingerprints."""
_LEGEND_ROOM = 30.0  # of a logarithmic axis, above the highest point


@dataclass(frozen=True, slots=True)
class Point:
    """One gallery. Times in milliseconds of one thread: a search, its votes, comparing everybody, FAISS's flat index
    over the same descriptors, SourceAFIS comparing everybody. memory_bytes: of the loaded index; vector_bytes: of the
    descriptors in float32, which the flat index keeps. loss_at_most: points of the rank-1 rate; None where the gallery
    is computed."""

    fingers: int
    is_computed: bool
    search_ms: float
    votes_ms: float
    exhaustive_ms: float
    flat_ms: float
    sourceafis_ms: tuple[float, float]
    memory_bytes: float
    vector_bytes: float
    loss_at_most: float | None
    loss_interval: tuple[float, float] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, required=True, metavar="FILE", help="BENCHMARKS.json of `report`")
    parser.add_argument("--plot", type=Path, required=True, metavar="FILE", help="FILE, FILE-memory and FILE-loss")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    points = growth(json.loads(args.results.read_text(encoding="utf-8")))
    if len(points) < 2:
        print(
            "error: no search of fingers was measured yet; run `report --only fingerprint_search_10k`", file=sys.stderr
        )
        return 1
    plot_growth(args.plot, points)
    text = json.dumps({"points": [asdict(one) for one in points], "plots": _plots(args.plot)}, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def growth(results: Mapping[str, Any]) -> list[Point]:
    """A point for each search of fingers in the results of a report, by size, and the computed one."""
    found = [one for one in results.values() if "vector_bytes_a_finger" in one]
    measured = [_measured(one) for one in sorted(found, key=lambda one: int(one["fingers"]))]
    return [*measured, _computed(measured[-1])] if measured else []


def plot_growth(path: Path, points: list[Point]) -> None:
    """Three pictures, FILE, FILE-memory and FILE-loss."""
    measured, further = [one for one in points if not one.is_computed], points[-2:]

    def lines(values: Mapping[str, str], unit: float) -> dict[str, Line]:
        drawn = {name: _line(measured, field, unit) for name, field in values.items()}
        return drawn | {f"{name}, computed": _line(further, field, unit) for name, field in values.items()}

    times = {"this search": "search_ms", "every finger compared": "exhaustive_ms", "FAISS flat": "flat_ms"}
    drawn = lines(times, 1.0)
    drawn["SourceAFIS, computed"] = Line(
        [one.fingers for one in points], [float(np.mean(one.sourceafis_ms)) for one in points]
    )
    _draw(path, "One search of one finger, one thread", "milliseconds", drawn)
    memory = {"this index": "memory_bytes", "float32 descriptors of FAISS flat": "vector_bytes"}
    _draw(_sibling(path, "memory"), "Memory of the index", "gigabytes", lines(memory, 1e9))
    across = np.array([one.fingers for one in measured])
    ends = np.array([one.loss_interval for one in measured])
    loss = {
        "loss at most": Line(across, [float(one.loss_at_most or 0.0) for one in measured]),
        "lower end of 95 %": Line(across, ends[:, 0]),
        "upper end of 95 %": Line(across, ends[:, 1]),
    }
    x = Scale("fingers", float(across.min()), float(max(across.max(), 10 * across.min())), is_log=True)
    y = Scale("points of the rank-1 rate", 0.0, max(1.6 * float(ends.max()), 0.1))
    draw_chart(_sibling(path, "loss"), "Loss against comparing everybody, pieces of prints included", x, y, loss)


def _measured(one: Mapping[str, Any]) -> Point:
    count = int(one["fingers"])
    loss_low, loss_high = one["loss_interval"]
    return Point(
        fingers=count,
        is_computed=False,
        search_ms=one["p50_processor_ms"],
        votes_ms=one["votes_p50_ms"],
        exhaustive_ms=one["exhaustive_ms"],
        flat_ms=one["flat_knn_ms"],
        sourceafis_ms=_sourceafis_ms(count),
        memory_bytes=count * one["resident_bytes_a_finger"],
        vector_bytes=count * one["vector_bytes_a_finger"],
        loss_at_most=one["loss_at_most"],
        loss_interval=(loss_low, loss_high),
    )


def _computed(largest: Point) -> Point:
    factor = COMPUTED_SIZE / largest.fingers
    return Point(
        fingers=COMPUTED_SIZE,
        is_computed=True,
        search_ms=largest.search_ms + (factor - 1) * largest.votes_ms,
        votes_ms=factor * largest.votes_ms,
        exhaustive_ms=factor * largest.exhaustive_ms,
        flat_ms=factor * largest.flat_ms,
        sourceafis_ms=_sourceafis_ms(COMPUTED_SIZE),
        memory_bytes=factor * largest.memory_bytes,
        vector_bytes=factor * largest.vector_bytes,
        loss_at_most=None,
        loss_interval=None,
    )


def _sourceafis_ms(count: int) -> tuple[float, float]:
    low, high = SOURCEAFIS_PAIR_US
    return 1e-3 * low * count, 1e-3 * high * count


def _line(points: list[Point], field: str, unit: float) -> Line:
    return Line([one.fingers for one in points], [getattr(one, field) / unit for one in points])


def _draw(path: Path, title: str, label: str, lines: Mapping[str, Line]) -> None:
    across, up = (np.concatenate([np.asarray(getattr(line, axis)) for line in lines.values()]) for axis in ("x", "y"))
    x = Scale("fingers", float(across.min()), float(across.max()), is_log=True)
    y = Scale(label, float(up.min()) / 1.5, float(up.max()) * _LEGEND_ROOM, is_log=True)
    draw_chart(path, title, x, y, lines)


def _plots(path: Path) -> list[str]:
    return [str(one) for one in (path, _sibling(path, "memory"), _sibling(path, "loss"))]


def _sibling(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}-{name}{path.suffix}")
