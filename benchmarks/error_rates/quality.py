"""Error-versus-discard: how FNMR falls when the samples of lowest quality are left out (ISO/IEC 29794-1).

The quality of a comparison is the lower of its two samples'; a failure to enroll has the lowest of all. The threshold
is fixed where the stated share of all mated comparisons fails. report.json: for each, FNMR at each share discarded
and the area under the curve up to 20 % discarded, as a share of the area without any gain (1: quality says nothing;
the ideal curve, which discards exactly the comparisons that fail, stands beside it).
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, measured, read_datasets
from benchmarks.error_rates.comparison import compare_dataset
from benchmarks.plots import plot_lines

START_RATES = (0.02, 0.05, 0.10)
DISCARDED = np.linspace(0, 0.5, 51)
AREA_LIMIT = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser)


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    similarity_parts, quality_parts = [], []
    for dataset, samples in read_datasets(args, engine):
        table, _ = compare_dataset(dataset, samples, engine, non_mated_limit=0)
        quality = np.array([sample.quality for sample in samples], np.float64)
        similarity_parts.append(table.mated)
        quality_parts.append(quality[table.mated_samples].min(axis=1))
    similarity, quality = np.concatenate(similarity_parts), np.concatenate(quality_parts)
    report: dict[str, object] = {"mated": len(similarity), "discarded": DISCARDED.tolist(), "start_fnmr": {}}
    lines = {}
    curves = {}
    for start in START_RATES:
        fails = failing(similarity, start)
        measured_fnmr, ideal = discard_curve(fails, quality, DISCARDED), ideal_curve(fails, DISCARDED)
        curves[f"{start:g}"] = {
            "failing": int(fails.sum()),
            "fnmr": measured_fnmr.tolist(),
            "area_ratio": area_ratio(measured_fnmr),
            "ideal_area_ratio": area_ratio(ideal),
        }
        lines[f"FNMR {100 * start:g} % at first"] = (DISCARDED, measured_fnmr)
        print(f"FNMR {fails.mean():.3f} at first: area {area_ratio(measured_fnmr):.2f}, ideal {area_ratio(ideal):.2f}")
    report["start_fnmr"] = curves
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    plot_lines(args.out / "error_versus_discard.png", "Error versus discard", ("share discarded", "FNMR"), lines)
    return 0


def failing(similarity: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """The share `rate` of comparisons with the lowest similarity; all that tie with the last of them, too."""
    count = max(1, round(rate * len(similarity)))
    return np.asarray(similarity <= np.partition(similarity, count - 1)[count - 1])


def discard_curve(
    fails: NDArray[np.bool_], quality: NDArray[np.float64], discarded: NDArray[np.float64]
) -> NDArray[np.float64]:
    """FNMR after each share of comparisons, lowest quality first, is left out; ties leave in proportion."""
    levels, level = np.unique(quality, return_inverse=True)
    total = np.bincount(level, minlength=len(levels)).astype(np.float64)
    failed = np.bincount(level, weights=fails.astype(np.float64), minlength=len(levels))
    gone = np.concatenate([[0.0], np.cumsum(total)])
    failed_gone = np.interp(discarded * len(fails), gone, np.concatenate([[0.0], np.cumsum(failed)]))
    return np.asarray((fails.sum() - failed_gone) / (len(fails) * (1 - discarded)), np.float64)


def ideal_curve(fails: NDArray[np.bool_], discarded: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve of a quality that puts every failing comparison first."""
    return discard_curve(fails, np.where(fails, 0.0, 1.0), discarded)


def area_ratio(fnmr: NDArray[np.float64]) -> float:
    """Area under the curve up to AREA_LIMIT over that of a flat line from its start."""
    inside = DISCARDED <= AREA_LIMIT + 1e-9
    area = np.trapezoid(fnmr[inside], DISCARDED[inside])
    return float(area / (fnmr[0] * AREA_LIMIT))
