"""Generated templates beside real ones: counts, density, directions, and similarities to real prints.

report.json: quantiles of each statistic for both; and the share of comparisons of a real print with a generated
template that reach the similarity at which non-mated real pairs have FMR 1e-1 ... 1e-4 (1 means: as hard as real).
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import Dataset
from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.arguments import (
    add_dataset_arguments,
    add_same_argument,
    measured,
    read_datasets,
    same_identities,
)
from benchmarks.generated_templates import minutia_sets
from benchmarks.generated_templates.measures import STATISTICS, describe_set
from benchmarks.metrics import error_curve, threshold_at_fmr
from benchmarks.plots import plot_lines
from benchmarks.progress import track
from matcher.fingerprint.minutia_set import MinutiaSet

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FMR_LEVELS = (1e-1, 1e-2, 1e-3, 1e-4)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--count", type=int, default=5000, help="generated templates (default 5,000)")
    parser.add_argument("--probes", type=int, default=120, help="real prints compared with all of them (default 120)")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    real, owners = _real_prints(list(read_datasets(args, engine)), same_identities(args))
    generated = list(minutia_sets(args.count, seed=1))
    report: dict[str, object] = {"real_prints": len(real), "generated": len(generated)}
    report["statistics"] = {
        name: {"real": _quantiles(real_row), "generated": _quantiles(generated_row)}
        for name, real_row, generated_row in zip(
            STATISTICS, _described([_minutiae(one) for one in real]), _described(generated), strict=True
        )
    }
    strangers = [Extracted("", -1, np.zeros((0, 0), np.float32), one.to_bytes()) for one in generated]
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(real))[: args.probes]
    among_real, with_generated = _similarities(engine, real, owners, strangers, chosen)
    report["similarities"] = _compared(among_real, with_generated)
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _plot(args.out / "distractors.png", among_real, with_generated)
    _print(report)
    return 0


def _real_prints(
    datasets: list[tuple[Dataset, list[Extracted]]], same: Mapping[str, str]
) -> tuple[list[Extracted], NDArray[np.int64]]:
    """Every print with a template, and the number of its finger."""
    prints, fingers = [], []
    for dataset, samples in datasets:
        for file, sample in zip(dataset.files, samples, strict=True):
            if not sample.failed:
                prints.append(sample)
                finger = f"{dataset.name}/{file.identity}"
                fingers.append(same.get(finger, finger))
    return prints, np.unique(fingers, return_inverse=True)[1]


def _similarities(
    engine: Engine,
    real: Sequence[Extracted],
    owners: NDArray[np.int64],
    strangers: Sequence[Extracted],
    chosen: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the chosen real prints: with prints of other real fingers, and with every generated template."""
    prepared = [engine.prepare(one) for one in real]
    generated = [engine.prepare(one) for one in track(strangers, total=len(strangers), what="prepare")]
    among_real, with_generated = [], []
    for row in track(chosen.tolist(), total=len(chosen), what="compare"):
        others = [prepared[other] for other in np.flatnonzero(owners != owners[row])]
        among_real.append(engine.similarities(prepared[row], others))
        with_generated.append(engine.similarities(prepared[row], generated))
    return np.concatenate(among_real).astype(np.float64), np.concatenate(with_generated).astype(np.float64)


def _compared(among_real: NDArray[np.float64], with_generated: NDArray[np.float64]) -> dict[str, object]:
    curve = error_curve([0.0], among_real)
    levels = {}
    for fmr in FMR_LEVELS:
        threshold = threshold_at_fmr(curve, fmr)
        share = float(np.mean(with_generated >= threshold))
        levels[f"{fmr:.0e}".replace("e-0", "e-")] = {"threshold": threshold, "share": share, "ratio": share / fmr}
    return {"real_pairs": len(among_real), "generated_pairs": len(with_generated), "at_real_fmr": levels}


def _minutiae(sample: Extracted) -> MinutiaSet:
    return MinutiaSet.from_bytes(sample.minutiae)


def _described(sets: Sequence[MinutiaSet]) -> NDArray[np.float64]:
    """float64 (statistics, prints); NaN where a print has too few minutiae."""
    return np.array([describe_set(one) for one in sets], np.float64).T


def _quantiles(values: NDArray[np.float64]) -> dict[str, float]:
    return {f"{share:g}": float(np.nanquantile(values, share)) for share in QUANTILES}


def _plot(path: Path, among_real: NDArray[np.float64], with_generated: NDArray[np.float64]) -> None:
    lines = {}
    for name, values in (("real and real", among_real), ("real and generated", with_generated)):
        falling = np.sort(values)[::-1]
        rows = np.unique(np.geomspace(1, len(falling), 400).astype(np.int64)) - 1
        lines[name] = (falling[rows], np.log10((rows + 1) / len(falling)))
    plot_lines(path, "Non-mated pairs at or above a similarity", ("similarity", "log10 of their share"), lines)


def _print(report: dict[str, object]) -> None:
    statistics, similarities = report["statistics"], report["similarities"]
    assert isinstance(statistics, dict)
    assert isinstance(similarities, dict)
    print(f"{'':28s}  real 5 % / 50 % / 95 %           generated")
    for name, one in statistics.items():
        shown = ["  ".join(f"{one[kind][share]:8.3f}" for share in ("0.05", "0.5", "0.95")) for kind in one]
        print(f"{name:28s}{shown[0]}   {shown[1]}")
    for fmr, one in similarities["at_real_fmr"].items():
        print(f"at real FMR {fmr}: {one['share']:.2e} of generated, {one['ratio']:.2f} times")
