"""Strangers who resemble each other: how often they reach a score of a face pack, against what it states.

Within each neighborhood of people who resemble each other, as shipped; and, of people whom the calibration never saw,
with half of them calibrated on and the other half measured, drawn --draws times. Then the mates: how many stay below a
score, and below the threshold of a search in galleries of growing size. People any of whose photographs agree better
than half of the mated pairs do are taken for one under two names. Writes report.json.
"""

import argparse
import json
from typing import Any

import numpy as np

from benchmarks.datasets import DatasetError
from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, measured, read_datasets
from benchmarks.metrics import wilson_interval
from benchmarks.product_files import pack_store
from index.arrays import Float32Array, Int64Array
from matcher.face.neighborhoods import neighborhoods
from matcher.face.non_mated import FaceStrangers, alike_subjects, compare_strangers, mated_similarities
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import FEWEST_COMPARISONS, calibrated, rate_and_interval
from matcher.scoring.scores import threshold_score
from matcher.strangers import StrangerGroup

SCORES = (20, 30, 40, 50)
MATE_SCORES = (30, 40, 50, 60, 70, 80)
GALLERIES = (100, 1_000, 10_000, 100_000, 10_000_000)
TARGET_FPIR = 0.01


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="face")
    parser.add_argument("--draws", type=int, default=4, metavar="N", help="times that half of the people are drawn")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    vectors, subjects = photographs(args, engine)
    same = alike_subjects(vectors, subjects, float(np.median(mated_similarities(vectors, subjects))))
    compared = compare_strangers(vectors, subjects, doubles=same)
    report: dict[str, Any] = {"pack": engine.pack_id, "people": compared.person_count, "same_people": len(same)}
    shipped = shipped_calibration(engine.pack_id)
    if shipped is not None:
        report["as_shipped"] = stated_and_measured(compared.groups, shipped)
        report["mates"] = _mates(mated_similarities(vectors, subjects), shipped)
        _print("as shipped", report["as_shipped"])
    report["halves"] = []
    for draw in range(args.draws):
        half = halves(vectors, subjects, same, draw)
        if half is not None:
            report["halves"].append(half)
            _print(f"calibrated on others, draw {draw + 1}", half)
    for row in report.get("mates", ()):
        low, high = row["low"], row["high"]
        print(f"mates below {row['what']}: {100 * row['rate']:.2f} % ({100 * low:.2f}-{100 * high:.2f})")
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def shipped_calibration(pack_id: str) -> Calibration | None:
    """That of the manifest; None where it has none."""
    table = pack_store().get(pack_id.partition("@")[0]).calibration
    return None if table is None else Calibration.from_table(table)


def stated_and_measured(groups: tuple[StrangerGroup, ...], calibration: Calibration) -> list[dict[str, Any]]:
    """Of each group and score: comparisons, how many false matches are expected, measured by stated false match rate
    and its 95 % interval from drawing people."""
    rows = []
    for group in groups:
        for score in SCORES:
            stated = 10.0 ** (-score / 10.0)
            rate, low, high = rate_and_interval(group, calibration.similarity_for(score))
            count = len(group.similarities)
            rows.append(
                {"group": group.name, "score": score, "comparisons": count, "expected": count * stated}
                | {"ratio": rate / stated, "low": low / stated, "high": high / stated}
            )
    return rows


def halves(
    vectors: Float32Array, subjects: Int64Array, same: tuple[tuple[int, int], ...], seed: int
) -> list[dict[str, Any]] | None:
    """Calibrated on half of the people; the others measured, each in the neighborhood that is nearest. None where half
    of the people are too few to calibrate."""
    people = np.random.default_rng(seed).permutation(np.unique(subjects))
    known = np.isin(subjects, people[: len(people) // 2])
    theirs = compare_strangers(vectors[known], subjects[known], doubles=same)
    if max(len(group.similarities) for group in theirs.groups) <= FEWEST_COMPARISONS:
        return None
    made = calibrated(theirs.groups, "half of the people", non_mated_count=theirs.comparison_count).calibration
    numbers = neighborhoods(vectors[known], subjects[known])
    centers = np.stack([vectors[known][numbers == one].sum(axis=0) for one in range(numbers.max() + 1)])
    nearest = _nearest(vectors[~known], subjects[~known], centers)
    others = compare_strangers(
        vectors[~known], subjects[~known], named=[f"nearest to {one + 1}" for one in nearest], doubles=same
    )
    return stated_and_measured(_large(others), made)


def _large(compared: FaceStrangers) -> tuple[StrangerGroup, ...]:
    return tuple(group for group in compared.named if len(group.similarities) > FEWEST_COMPARISONS)


def _nearest(vectors: Float32Array, subjects: Int64Array, centers: Float32Array) -> Int64Array:
    """The center nearest to the mean of each one's photographs, int64 (n,)."""
    _, rows = np.unique(subjects, return_inverse=True)
    means = np.zeros((rows.max() + 1, vectors.shape[1]))
    np.add.at(means, rows, vectors)
    unit = centers / np.linalg.norm(centers, axis=1, keepdims=True)
    return np.asarray(np.argmax(means @ unit.T, axis=1)[rows], np.int64)


def _mates(mated: Float32Array, calibration: Calibration) -> list[dict[str, Any]]:
    asked = [(f"a score of {score}", float(score)) for score in MATE_SCORES]
    asked += [
        (f"the threshold among {count:,} people, FPIR 1 %", threshold_score(TARGET_FPIR, count)) for count in GALLERIES
    ]
    rows = []
    for what, score in asked:
        below = int((mated < calibration.similarities_of(score)).sum())
        low, high = wilson_interval(below, len(mated))
        rows.append({"what": what, "score": score, "count": below, "total": len(mated)} | {"rate": below / len(mated)})
        rows[-1] |= {"low": low, "high": high}
    return rows


def photographs(args: argparse.Namespace, engine: Engine) -> tuple[Float32Array, Int64Array]:
    """Vectors (n, dim) of all folders, at most five photographs a person, and the person 0.. of each."""
    found: list[tuple[Float32Array, str]] = []
    seen: dict[str, int] = {}
    for dataset, samples in read_datasets(args, engine):
        for file, sample in zip(dataset.files, samples, strict=True):
            name = f"{dataset.name}/{file.identity}"
            if not sample.failed and seen.get(name, 0) < 5:
                seen[name] = seen.get(name, 0) + 1
                found.append((sample.vectors[0], name))
    numbers = {name: number for number, name in enumerate(seen)}
    if max(seen.values(), default=0) < 2:
        raise DatasetError("nobody has two photographs in which a face was found")
    return np.stack([vector for vector, _ in found]), np.array([numbers[name] for _, name in found], np.int64)


def _print(what: str, rows: list[dict[str, Any]]) -> None:
    """The group with the highest ratio at each score."""
    for score in SCORES:
        worst = max((row for row in rows if row["score"] == score), key=lambda row: float(row["ratio"]))
        print(
            f"{what}, score {score}: {worst['ratio']:.2f} times as often as stated ({worst['low']:.2f}-"
            f"{worst['high']:.2f}, {worst['expected']:.3g} expected) in the least favorable of "
            f"{len({row['group'] for row in rows})} neighborhoods, {worst['group']}"
        )
