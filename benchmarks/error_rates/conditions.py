"""Two faces photographed badly alike: how often strangers reach a score, against what it states, and what that costs.

The least favorable neighborhood of all people, of it those whom the directions of `training/conditions.py` were not
measured on, one photograph each, under every condition of benchmarks/face_conditions.py. By the plain cosine, and by
the product's similarity, from which comes off what two bad photographs share. Then changed photographs against
photographs as they are; mates, of whom both photographs were changed alike; and all mates as they are. Writes
report.json.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import DatasetError, ImageFile
from benchmarks.engines import Engine
from benchmarks.error_rates.arguments import add_dataset_arguments, measured, read_datasets
from benchmarks.face_conditions import KNOWN, OPEN, UNKNOWN, Condition
from benchmarks.face_looks import FaceLook, FaceLooker
from benchmarks.held_out import is_first_half
from benchmarks.metrics import wilson_interval
from benchmarks.product_files import pack_calibration, pack_store, read_image
from benchmarks.progress import track
from matcher.face.neighborhoods import neighborhoods
from matcher.face.non_mated import alike_subjects, mated_similarities
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import rate_and_interval
from matcher.strangers import StrangerGroup

SCORES = (20, 30, 40)
PHOTOGRAPHS_PER_PERSON = 5

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Photographs:
    """files, vectors (n, dim), subjects (n,) of all people; other_half: (n,) of whom nothing was fitted on."""

    files: Sequence[ImageFile]
    vectors: NDArray[np.float32]
    subjects: NDArray[np.int64]
    other_half: NDArray[np.bool_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="face")
    parser.add_argument("--people", type=int, default=1000, metavar="N", help="at most so many of the neighborhood")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    calibration = pack_calibration(engine.pack_id)
    photographs = _read(args, engine)
    rows = _least_favorable(photographs, calibration)
    people = _without_doubles(photographs, np.unique(photographs.subjects[rows]))[: args.people]
    chosen = [rows[photographs.subjects[rows] == person] for person in people]
    looker = FaceLooker.load(engine.pack_id.partition("@")[0], pack_store())
    looks = _looks(looker, photographs, [own[:2] for own in chosen])
    report: dict[str, Any] = {"pack": engine.pack_id, "people": len(people), "conditions": []}
    for condition in (OPEN, *KNOWN, *UNKNOWN):
        row = _condition(condition, looks[condition.name], looks[OPEN.name], calibration)
        report["conditions"].append(row)
        print(_told(row), flush=True)
    report["mates_as_they_are"] = _all_mates(photographs, calibration)
    print("all mates of the other half, as they are:", json.dumps(report["mates_as_they_are"]))
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _read(args: argparse.Namespace, engine: Engine) -> _Photographs:
    files, vectors, names, seen = [], [], [], dict[str, int]()
    for dataset, samples in read_datasets(args, engine):
        # In the order in which the packs were calibrated: where clusters start depends on it.
        for file, sample in sorted(zip(dataset.files, samples, strict=True), key=lambda pair: pair[0].name):
            if not sample.failed and seen.get(file.identity, 0) < PHOTOGRAPHS_PER_PERSON:
                seen[file.identity] = seen.get(file.identity, 0) + 1
                files.append(file)
                vectors.append(sample.vectors[0])
                names.append(file.identity)
    if not files:
        raise DatasetError("no face was found")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    subjects = np.array([numbers[name] for name in names], np.int64)
    return _Photographs(files, np.stack(vectors), subjects, np.array([not is_first_half(name) for name in names]))


def _without_doubles(photographs: _Photographs, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of two who look like one under two names, as `alike` finds them, the first."""
    vectors, subjects = photographs.vectors, photographs.subjects
    mated = mated_similarities(vectors, subjects)
    doubles = alike_subjects(vectors, subjects, float(np.median(mated))) if len(mated) else ()
    return people[~np.isin(people, [second for _, second in doubles])]


def _least_favorable(photographs: _Photographs, calibration: Calibration) -> NDArray[np.int64]:
    """Rows of the neighborhood, one photograph a person, whose strangers reach a score of 20 most often; of them those
    of the other half."""
    numbers = neighborhoods(photographs.vectors, photographs.subjects)
    worst = max(np.unique(numbers).tolist(), key=lambda one: _share(photographs, numbers == one, calibration))
    return np.flatnonzero((numbers == worst) & photographs.other_half)


def _share(photographs: _Photographs, within: NDArray[np.bool_], calibration: Calibration) -> float:
    rows = np.flatnonzero(within)
    firsts = rows[np.unique(photographs.subjects[rows], return_index=True)[1]]
    vectors = photographs.vectors[firsts]
    similarities = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return float((similarities >= calibration.similarity_for(20)).mean()) if len(similarities) else 0.0


def _looks(
    looker: FaceLooker, photographs: _Photographs, chosen: Sequence[NDArray[np.int64]]
) -> dict[str, list[list[FaceLook | None]]]:
    """By condition, of each person, of each photograph."""
    conditions = (OPEN, *KNOWN, *UNKNOWN)
    looks: dict[str, list[list[FaceLook | None]]] = {condition.name: [] for condition in conditions}
    for own in track(chosen, total=len(chosen), what="made worse"):
        of_person = [_look(looker, photographs.files[row], conditions) for row in own.tolist()]
        for place, condition in enumerate(conditions):
            looks[condition.name].append([of_photograph[place] for of_photograph in of_person])
    return looks


def _look(looker: FaceLooker, file: ImageFile, conditions: Sequence[Condition]) -> list[FaceLook | None]:
    pixels = read_image(file.path, ppi=None).pixels
    opened = looker.look(pixels)
    if opened is None:
        return [None] * len(conditions)
    return [opened if one is OPEN else looker.changed(pixels, opened.face, one) for one in conditions]


def _condition(
    condition: Condition,
    looks: Sequence[Sequence[FaceLook | None]],
    opened: Sequence[Sequence[FaceLook | None]],
    calibration: Calibration,
) -> dict[str, Any]:
    firsts = [of_person[0] for of_person in looks]
    found = [number for number, look in enumerate(firsts) if look is not None]
    vectors = np.stack([look.template for look in firsts if look is not None]).astype(np.float64)
    others = np.stack([opened[number][0].template for number in found]).astype(np.float64)  # type: ignore[union-attr]
    first, second = np.triu_indices(len(found), 1)
    people = np.array(found, np.int64)
    alike = _both(vectors, vectors, calibration)
    against = _both(vectors, others, calibration)
    off_diagonal = ~np.eye(len(found), dtype=bool)
    pairs = [(look[0].template, look[1].template) for look in looks if len(look) > 1 and look[0] and look[1]]
    mates = [_both(one[None].astype(np.float64), two[None].astype(np.float64), calibration) for one, two in pairs]
    row: dict[str, Any] = {
        "condition": condition.name,
        "known": condition in KNOWN,
        "not_found": len(looks) - len(found),
        "median_quality": float(np.median([look.quality for look in firsts if look is not None])),
        "told_bad": None
        if calibration.shared_condition is None
        else float((calibration.shared_condition.badness(vectors) >= 0.5).mean()),
        "comparisons": len(first),
        "mates": len(mates),
    }
    for way, place in (("cosine", 0), ("product", 1)):
        group = StrangerGroup(condition.name, alike[place][first, second], people[first], people[second])
        row[way] = [_rated(group, calibration, score) for score in SCORES]
        row[f"{way}_against_open"] = [
            float((against[place][off_diagonal] >= calibration.similarity_for(score)).mean() * 10 ** (score / 10))
            for score in SCORES
        ]
        row[f"{way}_mates_missed"] = [
            sum(bool(one[place][0, 0] < calibration.similarity_for(score)) for one in mates) for score in SCORES
        ]
    return row


def _both(one: Float64Array, two: Float64Array, calibration: Calibration) -> tuple[Float64Array, Float64Array]:
    """(cosines, the product's similarities), both (n, m)."""
    cosines = one @ two.T
    if calibration.shared_condition is None:
        return cosines, cosines
    return cosines, cosines - np.stack([calibration.shared_condition.lowering(row, two) for row in one])


def _rated(group: StrangerGroup, calibration: Calibration, score: float) -> dict[str, float]:
    """Measured by stated false match rate, with its 95 % interval from drawing people."""
    stated = 10.0 ** (-score / 10.0)
    similarity = calibration.similarity_for(score)
    rate, low, high = rate_and_interval(group, similarity)
    count = int((group.similarities >= similarity).sum())
    return {"score": score, "count": count, "ratio": rate / stated, "low": low / stated, "high": high / stated}


def _all_mates(photographs: _Photographs, calibration: Calibration) -> list[dict[str, Any]]:
    """Pairs of photographs of one person of the other half that stay below a score, by either way."""
    vectors, subjects = photographs.vectors.astype(np.float64), photographs.subjects
    found: list[tuple[Float64Array, Float64Array]] = []
    for subject in np.unique(subjects[photographs.other_half]):
        own = vectors[subjects == subject]
        upper = np.triu_indices(len(own), 1)
        cosines, lowered = _both(own, own, calibration)
        found.append((cosines[upper], lowered[upper]))
    cosines, lowered = (np.concatenate(side) for side in zip(*found, strict=True))
    rows = []
    for score in (*SCORES, 50, 60):
        similarity = calibration.similarity_for(score)
        counts = {"cosine": int((cosines < similarity).sum()), "product": int((lowered < similarity).sum())}
        low, high = wilson_interval(counts["product"], len(cosines))
        rows.append({"score": score, "pairs": len(cosines), **counts, "low": low, "high": high})
    rows[0]["lowered"] = int((cosines != lowered).sum())
    return rows


def _told(row: dict[str, Any]) -> str:
    def ratios(way: str) -> str:
        return ", ".join(f"{one['ratio']:.2f} ({one['low']:.2f}-{one['high']:.2f})" for one in row[way])

    against = ", ".join(f"{value:.2f}" for value in row["product_against_open"])
    return (
        f"{row['condition']}: cosine {ratios('cosine')}; product {ratios('product')}; against open {against}; quality "
        f"{row['median_quality']:.0f}, told bad {row['told_bad']}, not found {row['not_found']}; mates below "
        f"{row['cosine_mates_missed']} -> {row['product_mates_missed']} of {row['mates']}"
    )
