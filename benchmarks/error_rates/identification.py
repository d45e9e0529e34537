"""Rank and open-set error rates of searches on folders of real images: report.json, searches.csv, cmc.png.

The first image of each finger or person, of all folders together, is its reference; every other image is a probe.
Rank 1 means that the mate leads the list; a mate that could not be enrolled, or a probe without a template, is a miss.
For FPIR each probe is also searched with its mate left out: the best similarity then is a stranger's.
"""

import argparse
import csv
import json
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, add_same_argument, measured
from benchmarks.error_rates.chosen_search import load_searcher
from benchmarks.error_rates.distractors import Distractors, read_distractors
from benchmarks.error_rates.gallery import Enrollment, read_enrollment
from benchmarks.error_rates.search import SearchOutcome
from benchmarks.metrics import cumulative_match, fnir_at_fpir, wilson_interval
from benchmarks.plots import plot_cmc
from benchmarks.progress import track

RANKS = (1, 5, 10, 20)
FPIR_POINTS = {"1e-1": 1e-1, "1e-2": 1e-2, "1e-3": 1e-3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser)
    add_same_argument(parser)
    parser.add_argument(
        "--distractors",
        type=int,
        default=0,
        metavar="N",
        help="strangers added to the gallery: images of --distractor-data first, generated templates for the rest",
    )
    parser.add_argument(
        "--distractor-data",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="DIR",
        help="folders of strangers",
    )
    parser.add_argument(
        "--search",
        choices=("product", "exhaustive"),
        default="product",
        help="through the product's database and searcher, as the server does (default), or a comparison with every "
        "reference",
    )
    parser.add_argument(
        "--shortlist", type=int, default=0, metavar="N", help="fingers that the index proposes (default: the server's)"
    )


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    begin = time.perf_counter()
    enrollment = read_enrollment(args, engine)
    distractors = read_distractors(args, engine, enrollment)
    searcher = load_searcher(args, engine, [*enrollment.references, *distractors.templates])
    outcomes = []
    search_ms = []
    with closing(searcher):
        for probe, mate in track(enrollment.probes, total=len(enrollment.probes), what="search"):
            start = time.perf_counter()
            outcomes.append(searcher.search(probe, mate))
            search_ms.append(1000 * (time.perf_counter() - start))
    report = identification_report(outcomes, gallery=len(enrollment.references) + len(distractors.templates))
    _write(args.out, report, enrollment, outcomes)
    details = _details(args, engine, enrollment, distractors, outcomes, search_ms)
    details["seconds"] = time.perf_counter() - begin
    (args.out / "details.json").write_text(json.dumps(details, indent=2) + "\n", encoding="utf-8")
    _print(report, distractors)
    return 0


def identification_report(outcomes: list[SearchOutcome], *, gallery: int) -> dict[str, object]:
    """{"rank", "probes", "gallery", "fnir_at_fpir"}; rates as fractions. gallery: references, failed ones included."""
    mated = [outcome.mate_similarity for outcome in outcomes]
    non_mated = [outcome.best_non_mated_similarity for outcome in outcomes]
    return {
        "rank": cumulative_match([outcome.mate_rank for outcome in outcomes], RANKS),
        "probes": len(outcomes),
        "gallery": gallery,
        "fnir_at_fpir": {name: fnir_at_fpir(mated, non_mated, fpir) for name, fpir in FPIR_POINTS.items()},
    }


def _details(
    args: argparse.Namespace,
    engine: Engine,
    enrollment: Enrollment,
    distractors: Distractors,
    outcomes: list[SearchOutcome],
    search_ms: list[float],
) -> dict[str, object]:
    first = sum(outcome.mate_rank == 1 for outcome in outcomes)
    return {
        "modality": args.modality,
        "pack": engine.pack_id,
        "search": args.search,
        "rank_1_interval": wilson_interval(first, len(outcomes)),
        "rank_1_by_dataset": enrollment.share_by_dataset([outcome.mate_rank == 1 for outcome in outcomes]),
        "distractors": distractors.counts,
        "reference_failures": enrollment.reference_failures,
        "probe_failures": enrollment.probe_failures,
        "search_ms": {name: float(np.percentile(search_ms, share)) for name, share in (("p50", 50), ("p95", 95))},
    }


def _write(out: Path, report: dict[str, object], enrollment: Enrollment, outcomes: list[SearchOutcome]) -> None:
    text = json.dumps(report, indent=2) + "\n"
    (out / "report.json").write_text(text, encoding="utf-8")
    (out / "identification.json").write_text(text, encoding="utf-8")
    with (out / "searches.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["probe", "mate_rank", "mate_similarity", "best_non_mated_similarity"])
        writer.writerows(
            (name, one.mate_rank, f"{one.mate_similarity:.6g}", f"{one.best_non_mated_similarity:.6g}")
            for name, one in zip(enrollment.probe_names, outcomes, strict=True)
        )
    curve = cumulative_match([one.mate_rank for one in outcomes], range(1, 101))
    plot_cmc(out / "cmc.png", curve, probes=len(outcomes), gallery=int(str(report["gallery"])))


def _print(report: dict[str, object], distractors: Distractors) -> None:
    rank, missed = report["rank"], report["fnir_at_fpir"]
    assert isinstance(rank, dict)
    assert isinstance(missed, dict)
    print(f"{report['probes']} probes, gallery of {report['gallery']}")
    print("  ".join(f"rank {point}: {100 * share:.2f} %" for point, share in rank.items()))
    print("  ".join(f"FNIR at FPIR {point}: {100 * rate:.2f} %" for point, rate in missed.items()))
    if distractors.counts["generated"]:
        print(f"{distractors.counts['generated']} distractors are generated: {distractors.warning}")
