"""The quick profile of CI: ratios of each stage's time to a yardstick, held against the committed baseline, and whether
fingerprint scores keep their promise on committed generated prints.

Fails (exit code 1) where a ratio grew by more than the noise of both measurements explains. Absolute times are
printed and never judged. Without a baseline for this processor class it measures, says so and passes.
"""

import argparse
import json
import time
from pathlib import Path

from benchmarks import generated_promise
from benchmarks.baseline import Ratio, Verdict, baseline_path, judge, read_baseline, write_baseline
from benchmarks.engines import default_job_count
from benchmarks.neighbors import busy_neighbors
from benchmarks.processor import processor_class
from benchmarks.promise import broken, lines_of
from benchmarks.report import library_versions, machine
from benchmarks.speed.stages import measure_stages

BUDGET_S = 150.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write-baseline", action="store_true", help="replace the baseline of this processor class")
    parser.add_argument("--repeats", type=int, default=4, help="runs that a new baseline is made of (default 4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the ratios here")


def run(args: argparse.Namespace) -> int:
    processor = processor_class()
    if args.write_baseline:
        return _write(processor, args.repeats)
    baseline = read_baseline(baseline_path(processor))
    begin = time.perf_counter()
    current, missing = _ratios(BUDGET_S)
    verdicts = judge(current, baseline.stages)
    suspects = [verdict.stage for verdict in verdicts if verdict.regressed]
    if suspects and time.perf_counter() - begin < BUDGET_S:
        # Measured once more before anyone is alarmed: the better of two runs counts.
        again, _ = _ratios(BUDGET_S - (time.perf_counter() - begin), only=suspects)
        current |= {name: min(current[name], again[name], key=lambda one: one.ratio) for name in again}
        verdicts = judge(current, baseline.stages)
    if args.json:
        rows = {name: {"ratio": one.ratio, "noise": one.noise} for name, one in current.items()}
        args.json.write_text(json.dumps({"processor_class": processor, "stages": rows}, indent=2) + "\n")
    _print(processor, current, missing, verdicts, has_baseline=bool(baseline.stages))
    others = baseline.other_versions(library_versions()) if baseline.stages else []
    if others:
        print(f"the baseline is of other libraries ({', '.join(others)}): not judged, make a new one")
    is_slower = not others and any(verdict.regressed for verdict in verdicts)
    return 1 if promise_is_broken() or is_slower else 0


def promise_is_broken() -> bool:
    """Whether generated strangers reach a score more often than it states; prints what was measured."""
    found = generated_promise.measure()
    for name, rows in found.items():
        print("\n".join(lines_of(name, rows)))
    return bool(broken(found))


def _ratios(budget_s: float, *, only: list[str] | None = None) -> tuple[dict[str, Ratio], dict[str, str]]:
    timings, missing = measure_stages(budget_s=budget_s, only=only)
    return {name: Ratio(timing.ratio, timing.ratio_noise) for name, timing in timings.items()}, missing


def _write(processor: str, repeats: int) -> int:
    """Every other run has busy neighbors: CI's machine may have some, and they slow each kind of work differently."""
    runs = []
    for number in range(repeats):
        with busy_neighbors(default_job_count() if number % 2 else 0):
            runs.append(_ratios(BUDGET_S)[0])
    stages = {name: _span([one[name] for one in runs]) for name in runs[0]}
    path = baseline_path(processor)
    write_baseline(path, stages, machine())
    for name, one in stages.items():
        print(f"{name:24s} ratio {one.ratio:10.4f} ± {100 * one.noise:4.1f} %")
    print(f"wrote {path.name}: {len(stages)} stages from {repeats} runs, every other one beside busy neighbors")
    return 0


def _span(runs: list[Ratio]) -> Ratio:
    low, high = min(one.ratio for one in runs), max(one.ratio for one in runs)
    middle = (low + high) / 2
    return Ratio(middle, max((high - low) / 2 / middle, *(one.noise for one in runs)))


def _print(
    processor: str, current: dict[str, Ratio], missing: dict[str, str], verdicts: list[Verdict], *, has_baseline: bool
) -> None:
    judged = {verdict.stage: verdict for verdict in verdicts}
    for name, one in current.items():
        line = f"{name:24s} ratio {one.ratio:10.4f} ± {100 * one.noise:4.1f} %"
        if name in judged:
            verdict = judged[name]
            word = "REGRESSED" if verdict.regressed else "ok"
            line += (
                f"   {100 * verdict.change:+6.1f} % against the baseline, margin {100 * verdict.margin:.0f} %  {word}"
            )
        print(line)
    for name, reason in missing.items():
        print(f"{name:24s} not measured: {reason}")
    if not has_baseline:
        print(f"no baseline for {processor}: nothing was judged (make one with --write-baseline)")
