"""Error rates of one-to-one comparisons on folders of real images: report.json, scores.csv, det.png.

Every pair of different images of one finger or person is a mated comparison, every pair of two a non-mated one
(ten fingers of eight impressions: 280 and 2,880). An image without a template never matches. Rates are fractions.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.datasets import Dataset, DatasetError
from benchmarks.engines import Engine, EngineError, Extracted
from benchmarks.error_rates.arguments import add_dataset_arguments, measured, read_datasets
from benchmarks.error_rates.comparison import compare_dataset
from benchmarks.extraction import failure_counts
from benchmarks.folds import fold_accuracy
from benchmarks.intervals import error_rate_intervals, mean_intervals, rates
from benchmarks.metrics import FMR_POINTS, error_curve
from benchmarks.plots import plot_det
from benchmarks.product_files import pack_calibration
from benchmarks.scores import ScoreTable, write_scores
from matcher.errors import PackError
from matcher.scoring.calibration import Calibration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser)
    parser.add_argument(
        "--non-mated-limit",
        type=int,
        default=1_000_000,
        metavar="N",
        help="draw N non-mated pairs with seed 0 where a data set has more (default 1,000,000)",
    )


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    begin = time.perf_counter()
    tables: dict[str, ScoreTable] = {}
    lines: dict[str, object] = {}
    details: dict[str, object] = {}
    named: list[tuple[str, list[str], ScoreTable]] = []
    for dataset, samples in read_datasets(args, engine):
        table, possible = compare_dataset(dataset, samples, engine, non_mated_limit=args.non_mated_limit)
        if not len(table.mated) or not len(table.non_mated):
            raise DatasetError(
                f"{dataset.name}: {len(table.mated)} mated, {len(table.non_mated)} non-mated pairs; both are needed"
            )
        tables[dataset.name] = table
        lines[dataset.name] = dataset_report(table, samples)
        details[dataset.name] = {
            **_details(dataset, samples, possible),
            "fold_accuracy": fold_accuracy(table.mated, table.non_mated),
        }
        named.append((dataset.name, [file.name for file in dataset.files], table))
        print(_line(dataset.name, lines[dataset.name]), flush=True)
    report = {"datasets": lines, "mean": _mean(lines)}
    _write(args.out, report, named, tables, _calibration(engine))
    extra = {
        "modality": args.modality,
        "pack": engine.pack_id,
        "datasets": details,
        "mean_intervals": mean_intervals(tables),
        "seconds": time.perf_counter() - begin,
    }
    (args.out / "details.json").write_text(json.dumps(extra, indent=2) + "\n", encoding="utf-8")
    print(_line("mean", report["mean"]))
    return 0


def dataset_report(table: ScoreTable, samples: Sequence[Extracted]) -> dict[str, object]:
    """The report of one data set; rates as fractions, intervals at 95 %."""
    found = rates(error_curve(table.mated, table.non_mated))
    spans = error_rate_intervals(table)
    return {
        "mated": len(table.mated),
        "non_mated": len(table.non_mated),
        "failure_to_enroll": sum(sample.failed for sample in samples),
        "eer": found["eer"],
        "fnmr_at_fmr": {name: found[name] for name in FMR_POINTS},
        "intervals": {"eer": spans["eer"], "fnmr_at_fmr": {name: spans[name] for name in FMR_POINTS}},
    }


def _mean(lines: dict[str, object]) -> dict[str, object]:
    reports = list(lines.values())
    return {
        "eer": float(np.mean([report["eer"] for report in reports])),  # type: ignore[index]
        "fnmr_at_fmr": {
            name: float(np.mean([report["fnmr_at_fmr"][name] for report in reports]))  # type: ignore[index]
            for name in FMR_POINTS
        },
    }


def _details(dataset: Dataset, samples: Sequence[Extracted], possible: int) -> dict[str, object]:
    return {
        "images": len(dataset.files),
        "identities": len(dataset.identities()),
        "ppi": sorted({file.ppi for file in dataset.files if file.ppi is not None}),
        "failures": failure_counts(samples),
        "non_mated_possible": possible,
    }


def _write(
    out: Path,
    report: dict[str, object],
    named: list[tuple[str, list[str], ScoreTable]],
    tables: dict[str, ScoreTable],
    calibration: Calibration | None,
) -> None:
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    write_scores(out / "scores.csv", named, calibration)
    plot_det(out / "det.png", {name: error_curve(table.mated, table.non_mated) for name, table in tables.items()})


def _calibration(engine: Engine) -> Calibration | None:
    """None where the pack has none yet: error rates need no scores."""
    try:
        return pack_calibration(engine.pack_id)
    except (EngineError, PackError):
        return None


def _line(name: str, report: object) -> str:
    assert isinstance(report, dict)
    points = "  ".join(f"FNMR@{fmr} {100 * rate:6.2f} %" for fmr, rate in report["fnmr_at_fmr"].items())
    counts = f"  {report['mated']} mated, {report['non_mated']} non-mated" if "mated" in report else ""
    failed = f", {report['failure_to_enroll']} failures to enroll" if report.get("failure_to_enroll") else ""
    return f"{name:24s} EER {100 * report['eer']:6.2f} %  {points}{counts}{failed}"
