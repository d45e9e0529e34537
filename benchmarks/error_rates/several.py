"""Several photographs of one person enrolled: which way to fuse them finds more mates, and whose score is honest.

Everybody of the folders is enrolled, with 1, 2, 3 and 5 photographs where one is left to search with, so that galleries
mix people with one and with several references; then those alone who have all. Photographs are drawn anew --draws
times. People any of whose photographs agree better than half of the mated pairs do are taken for one under two names,
and are not counted as strangers. Writes report.json. The way of the product is its own code; --searches N also enrolls
the last mixed gallery in its database and compares N of its lists with what comparing with everybody gives.
"""

import argparse
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.datasets import DatasetError
from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, measured, read_datasets
from benchmarks.error_rates.fusion_intervals import rates_with_intervals
from benchmarks.error_rates.fusion_rules import (
    Compared,
    Float32Array,
    Int64Array,
    Split,
    compare,
    joined,
    rules,
    same_people,
    split,
)
from benchmarks.error_rates.product_references import check_searches
from benchmarks.product_files import pack_calibration
from matcher.face.non_mated import alike_subjects, compare_strangers, mated_similarities
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import calibrated

REFERENCE_COUNTS = (1, 2, 3, 5)
SCORES = (20, 30, 40, 50)
SAME_PERSON_SHARE = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="face")
    parser.add_argument("--draws", type=int, default=4, metavar="N", help="times that photographs are drawn")
    parser.add_argument("--alike", action="store_true", help="only the people of the least favorable neighborhood")
    parser.add_argument("--searches", type=int, default=0, metavar="N", help="searches through the product's database")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    calibration = pack_calibration(engine.pack_id)
    vectors, subjects = _photographs(args, engine)
    if args.alike:
        vectors, subjects = _alike(vectors, subjects)
    same = same_people(vectors, subjects, mated_share=SAME_PERSON_SHARE)
    report: dict[str, Any] = {
        "pack": engine.pack_id,
        "photographs": len(subjects),
        "people": len(same),
        "same_people": int(same.sum()) // 2,
        "draws": args.draws,
        "galleries": [],
    }
    for count in REFERENCE_COUNTS:
        everybody = np.arange(len(same))
        for people in (everybody, np.flatnonzero(np.bincount(subjects) > count)):
            chosen = np.isin(subjects, people)
            splits = [split(np.searchsorted(people, subjects[chosen]), count, seed) for seed in range(args.draws)]
            gallery = _gallery(count, splits, vectors[chosen], same[np.ix_(people, people)], calibration)
            report["galleries"].append(gallery)
            _print(gallery)
    if args.searches:
        mixed = split(subjects, max(REFERENCE_COUNTS), 0)
        report["product"] = _product(args, engine, calibration, vectors, mixed)
        print(report["product"])
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _gallery(
    count: int, splits: list[Split], vectors: Float32Array, same: np.ndarray[Any, Any], calibration: Calibration
) -> dict[str, Any]:
    chosen = rules(calibration) if count > 1 else {"best": rules(calibration)["best"]}
    thresholds = {score: calibration.similarity_for(score) for score in SCORES}
    compared = [compare(vectors, one, chosen, thresholds=thresholds, doubles=same) for one in splits]
    people = np.concatenate([one.people for one in splits])
    is_full = splits[0].counts == count
    return {
        "references": count,
        "people": len(is_full),
        "people_with_all": int(is_full.sum()),
        "probes_a_draw": int(is_full[splits[0].people].sum()),
        "rules": {
            name: rates_with_intervals(
                joined([one[name] for one in compared]), people, is_full, draws=len(splits), scores=SCORES
            )
            for name in chosen
        },
    }


def _product(
    args: argparse.Namespace, engine: Engine, calibration: Calibration, vectors: Float32Array, given: Split
) -> dict[str, Any]:
    references = np.split(vectors[given.references], given.starts[1:])
    probes = vectors[np.random.default_rng(0).permutation(given.probes)[: args.searches]]
    similarities = [(probes @ rows.T).astype(np.float32) for rows in references]
    compared = Compared(
        np.column_stack([one.max(axis=1) for one in similarities]),
        np.column_stack([one.mean(axis=1, dtype=np.float64) for one in similarities]),
        np.array([np.linalg.norm(rows.mean(axis=0, dtype=np.float64)) for rows in references]),
        given.counts,
    )
    expected = np.asarray(rules(calibration)["product"](compared), np.float64)
    return asdict(check_searches(engine.pack_id, calibration, references, probes, expected))


def _photographs(args: argparse.Namespace, engine: Engine) -> tuple[Float32Array, Int64Array]:
    """Vectors (n, dim) of all folders, and the person 0.. of each. Raises DatasetError."""
    found = [
        (sample.vectors[0], f"{dataset.name}/{file.identity}")
        for dataset, samples in read_datasets(args, engine)
        for file, sample in zip(dataset.files, samples, strict=True)
        if not sample.failed
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(name for _, name in found))}
    subjects = np.array([numbers[name] for _, name in found], np.int64)
    if not len(subjects) or np.bincount(subjects).max() <= max(REFERENCE_COUNTS):
        raise DatasetError(f"nobody has {max(REFERENCE_COUNTS) + 1} photographs in which a face was found")
    return np.stack([vector for vector, _ in found]), subjects


def _alike(vectors: Float32Array, subjects: Int64Array) -> tuple[Float32Array, Int64Array]:
    """The photographs of the neighborhood that asks for most similarity, and the person 0.. of each."""
    same = alike_subjects(vectors, subjects, float(np.median(mated_similarities(vectors, subjects))))
    compared = compare_strangers(vectors, subjects, doubles=same)
    worst = calibrated(compared.groups, "", non_mated_count=compared.comparison_count).group
    group = next(one for one in compared.groups if one.name == worst)
    rows = np.flatnonzero(np.isin(subjects, np.union1d(group.first, group.second)))
    return vectors[rows], np.unique(subjects[rows], return_inverse=True)[1]


def _print(gallery: dict[str, Any]) -> None:
    print(
        f"{gallery['references']} references of {gallery['people_with_all']} of {gallery['people']} people, "
        f"{gallery['probes_a_draw']} probes a draw; FMR as a multiple of what the score states"
    )
    for name, found in gallery["rules"].items():
        rank, missed = found["rank_1"], found["fnir"]
        print(
            f"  {name:<22} rank 1 {_percent(rank)}  FNIR at FPIR 1 % {_percent(missed)}  FMR "
            + "  ".join(
                f"{score}: {one['rate']:.2f} ({one['low']:.2f}-{one['high']:.2f}, {one['count']})"
                for score in SCORES
                for one in [found[f"fmr_{score}"]]
            )
        )


def _percent(one: dict[str, float]) -> str:
    return f"{100 * one['rate']:.2f} % ({100 * one['low']:.2f}-{100 * one['high']:.2f})"
