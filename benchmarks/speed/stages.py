"""Decode, extract, compare and a whole Identify, each on one thread beside the same yardstick.

The images are generated prints, and the photograph that the insightface package ships: nothing but the checkout and
the packs is needed. What has no pack here is left out, with the reason. --prints measures how long real ones take.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2

from benchmarks.processor import processor_class
from benchmarks.speed.works import WORKS, StageUnavailableError, StageWork, extract_real_prints
from benchmarks.timing import Timing, Yardstick, measure

ROUNDS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=sorted(WORKS), default=None, metavar="STAGE")
    parser.add_argument("--prints", type=Path, metavar="DIR", help="extract real prints of this folder instead")
    parser.add_argument("--rounds", type=int, default=200, help="of each stage (default 200)")
    parser.add_argument("--budget", type=float, default=600.0, metavar="SECONDS", help="for all stages together")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    works = {"extract_real_print": partial(extract_real_prints, args.prints)} if args.prints else WORKS
    timings, missing = measure_stages(
        budget_s=args.budget, only=args.only, rounds=args.rounds, works=works, report=_print_at_once
    )
    if args.json:
        found = {
            "processor_class": processor_class(),
            "stages": {name: asdict(one) for name, one in timings.items()},
            "missing": missing,
        }
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def measure_stages(
    *,
    budget_s: float,
    only: list[str] | None = None,
    rounds: int = ROUNDS,
    works: Mapping[str, Callable[[], StageWork]] = WORKS,
    report: Callable[[str], None] | None = None,
) -> tuple[dict[str, Timing], dict[str, str]]:
    """Timings by stage, and why a stage could not be measured.

    budget_s: wall-clock for all stages together. report: told of each stage when it is done.
    """
    cv2.setNumThreads(1)
    names = [name for name in works if only is None or name in only]
    yardstick = Yardstick()
    timings: dict[str, Timing] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            one = timings[name] = _measured(works[name], yardstick, rounds, budget_s / len(names))
            line = (
                f"{one.median_ms:9.3f} ms median {one.p95_ms:9.3f} p95 {one.p99_ms:9.3f} p99   "
                f"ratio {one.ratio:8.4f} ± {100 * one.ratio_noise:.1f} %"
            )
        except StageUnavailableError as error:
            missing[name] = str(error)
            line = f"not measured: {error}"
        if report is not None:
            report(f"{name:20s} {line}")
    return timings, missing


def _print_at_once(line: str) -> None:
    print(line, flush=True)


def _measured(make: Callable[[], StageWork], yardstick: Yardstick, rounds: int, budget_s: float) -> Timing:
    with make() as stage:
        return measure(stage.work, stage.yardstick or yardstick, rounds=rounds, calls=stage.calls, budget_s=budget_s)
