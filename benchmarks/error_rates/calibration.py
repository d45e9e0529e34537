"""Table from similarity to score, -10 log10 FMR, from the non-mated pairs of all folders together: calibration.toml.

Images of different folders are taken to show different fingers or persons, so pairs across folders count too. The
table ends where fewer than TAIL_COUNT pairs remain; beyond, scores are held at its end and marked as extrapolated.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import Dataset, ImageFile
from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import (
    add_dataset_arguments,
    add_same_argument,
    measured,
    read_datasets,
    same_identities,
)
from benchmarks.error_rates.comparison import compare_dataset
from benchmarks.plots import plot_lines

TAIL_COUNT = 10  # relative standard error of FMR at the end of the table: 1 / sqrt(10)
STEP = 2.0  # score between two rows of the table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser)
    add_same_argument(parser)
    parser.add_argument("--non-mated-limit", type=int, default=5_000_000, metavar="N", help="pairs drawn, seed 0")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    files, samples, names = [], [], []
    same = same_identities(args)
    for dataset, found in read_datasets(args, engine):
        files += [_qualified(dataset, row, same) for row in range(len(dataset.files))]
        samples += found
        names.append(dataset.name)
    together = Dataset("all", tuple(files))
    table, possible = compare_dataset(together, samples, engine, non_mated_limit=args.non_mated_limit)
    similarity = table.non_mated[np.isfinite(table.non_mated)]
    rows = calibration_table(similarity)
    described = f"{len(similarity)} non-mated pairs of {', '.join(names)}"
    _write_toml(args, rows, len(similarity), described)
    (args.out / "report.json").write_text(
        json.dumps({"non_mated": len(similarity), "possible": possible, "table": rows.tolist()}, indent=2) + "\n",
        encoding="utf-8",
    )
    lines = {"non-mated pairs": (rows[:, 0], rows[:, 1])}
    plot_lines(args.out / "calibration.png", "Calibration", ("similarity", "score"), lines)
    print(f"{described}: score 30 at similarity {np.interp(30, rows[:, 1], rows[:, 0]):.4f}, ends at {rows[-1, 1]:.1f}")
    return 0


def calibration_table(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows (similarity, score), both strictly rising, float64 (n, 2), from score 0 to the end of the range.

    similarity: float64 (m,) of non-mated pairs, m > TAIL_COUNT. FMR of a threshold counts ties as matches.
    """
    falling = np.sort(similarity)[::-1]
    if len(falling) <= TAIL_COUNT:
        raise ValueError(f"a calibration needs more than {TAIL_COUNT} non-mated pairs")
    end = -10 * np.log10(TAIL_COUNT / len(falling))
    rows = [(falling[-1], 0.0)]
    for score in np.append(np.arange(STEP, end - STEP / 2, STEP), end):
        allowed = max(TAIL_COUNT, round(len(falling) * 10 ** (-score / 10)))
        # The allowed-th highest similarity is reached by that many pairs.
        value = falling[allowed - 1]
        if value > rows[-1][0]:
            rows.append((float(value), float(score)))
    return np.array(rows, np.float64)


def _qualified(dataset: Dataset, row: int, same: Mapping[str, str]) -> ImageFile:
    file = dataset.files[row]
    identity = f"{dataset.name}/{file.identity}"
    return replace(file, identity=same.get(identity, identity), name=f"{dataset.name}/{file.name}")


def _write_toml(args: argparse.Namespace, rows: NDArray[np.float64], count: int, described: str) -> None:
    table = ",\n".join(f"    [{similarity:.6g}, {score:.4g}]" for similarity, score in rows)
    text = (
        f"[calibration]\nnon_mated_count = {count}\nmeasured_score = {rows[-1, 1]:.4g}\n"
        f'data_description = "{described}"\ntable = [\n{table},\n]\n'
    )
    (args.out / "calibration.toml").write_text(text, encoding="utf-8")
