"""Stated against measured false match rates: by set, minutia count, overlap, piece, quality: report.json, two plots.

A score promises that strangers reach it no more often than 10^(-score / 10). Fingers are compared whole, in pieces of
the image and as neighboring minutiae, within and across sets, and as mirror images, which are other fingers with the
statistics of real ones. Faces are compared within and across sets. A promise is broken where more than 1.25 times the
stated false matches come (where fewer than ten are expected: where the 95 % interval lies above that); exit code 1.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.chart import Line, Scale, draw_chart
from benchmarks.datasets import Dataset, ImageFile
from benchmarks.engines import Engine, Extracted
from benchmarks.error_rates.arguments import (
    add_dataset_arguments,
    add_same_argument,
    extract,
    measured,
    read_datasets,
    same_identities,
)
from benchmarks.other_hand import OtherHands
from benchmarks.pieces import NEIGHBOR_COUNTS, PIECE_SIDES_PX, mirrored, neighboring, write_piece
from benchmarks.product_files import pack_calibration
from benchmarks.progress import track
from benchmarks.promise import Kept, Strangers, broken, kept, lines_of
from matcher.fingerprint.comparison.compare import explain
from matcher.fingerprint.minutia_set import MinutiaSet

WHOLE = "whole"
MINUTIA_CLASSES = ((3, 6), (6, 9), (9, 13), (13, 18), (18, 25), (25, 40), (40, 60), (60, 90), (90, 256))
OVERLAP_CLASSES_MM2 = ((0, 10), (10, 25), (25, 50), (50, 100), (100, 200), (200, 2000))
QUALITY_CLASSES = ((0, 30), (30, 50), (50, 70), (70, 101))
MM_PER_PX = 25.4 / 500
MOST_SCORE = 60
USEFUL_SCORES = (40.0, 45.0, 60.0, 70.0, 90.0)
"""Among them the thresholds of searches at FPIR 1 % among 100, 10,000, 100,000 and 10,000,000 references."""
WITHIN_SHARE = 0.5
"""Of the prints of its own set that a piece meets."""
OVERLAP_SHARE = 0.25
"""Of the comparisons whose overlap is measured, which costs more than the comparison."""
NEIGHBORS_OF_A_PRINT = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """One sample to compare. kind: WHOLE, "piece 80 px" or "8 neighbors". mirror: the other finger that it shows.
    identity: of the finger in its folder."""

    folder: str
    identity: str
    finger: int
    kind: str
    quality: int
    prepared: object
    name: str = ""
    is_mirror: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Comparisons with what they are grouped by. score, overlap_mm2: float64 (n,), the latter NaN where it was not
    measured; fingers, quality: int64 (n, 2); smaller: int64 (n,), minutiae of the print that has fewer; is_mated: bool
    (n,); kind, folders: names, (n,) and (n, 2)."""

    score: NDArray[np.float64]
    fingers: NDArray[np.int64]
    is_mated: NDArray[np.bool_]
    smaller: NDArray[np.int64]
    overlap_mm2: NDArray[np.float64]
    quality: NDArray[np.int64]
    kind: NDArray[np.str_]
    folders: NDArray[np.str_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser)
    add_same_argument(parser)
    parser.add_argument("--plot", type=Path, metavar="PNG", help="where the plots go (default: --out)")
    parser.add_argument("--pieces", type=int, default=4, metavar="N", help="pieces of each print (default 4)")
    parser.add_argument(
        "--across", type=int, default=60, metavar="N", help="prints of other sets that each piece meets (default 60)"
    )


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    datasets = list(read_datasets(args, engine))
    numbers = _finger_numbers(datasets, same_identities(args))
    samples = list(_whole(datasets, numbers, engine))
    if args.modality == "fingerprint":
        samples += _less(args, engine, datasets, numbers)
    hands = OtherHands(same_identities(args))
    compared = _compare(engine, samples, hands, is_fingerprint=args.modality == "fingerprint", across=args.across)
    strangers = _groups(compared)
    found = {name: kept(group) for name, group in strangers.items()}
    for name, rows in found.items():
        for line in lines_of(name, rows):
            print(line)
    mates = _mates(compared)
    for name, row in mates.items():
        print(f"{name:30s} {row['comparisons']:9,.0f} mates  median {row['median']:5.1f}  " + _useful(row))
    wrong = broken(found)
    plots = _plot_paths(args)
    report = {
        "plots": [] if args.plot is None else [path.as_posix() for path in plots],
        "pack": engine.pack_id,
        "strangers": {name: [asdict(row) for row in rows] for name, rows in found.items()},
        "mates": mates,
        "broken": wrong,
    }
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _plot(plots[0], "Stated and measured, by set", strangers, ("all", "set "))
    _plot(
        plots[1],
        "Stated and measured, by minutiae of the smaller print",
        strangers,
        ("all", "minutiae "),
    )
    print(f"the promise is {'kept in every group' if not wrong else 'broken: ' + ', '.join(wrong)}")
    return 1 if wrong else 0


def _plot_paths(args: argparse.Namespace) -> tuple[Path, Path]:
    """By set, and by minutia count."""
    base = args.plot or args.out / "stated.png"
    return base, base.with_name(f"{base.stem}-by-minutiae{base.suffix}")


def _finger_numbers(
    datasets: Sequence[tuple[Dataset, list[Extracted]]], same: Mapping[str, str]
) -> dict[tuple[str, str], int]:
    """Number of a finger or person by folder and identity; one that two folders share has one."""
    numbers: dict[str, int] = {}
    found = {}
    for dataset, _ in datasets:
        for file in dataset.files:
            name = f"{dataset.name}/{file.identity}"
            found[dataset.name, file.identity] = numbers.setdefault(same.get(name, name), len(numbers))
    return found


def _whole(
    datasets: Sequence[tuple[Dataset, list[Extracted]]], numbers: Mapping[tuple[str, str], int], engine: Engine
) -> Iterator[_Print]:
    for dataset, samples in datasets:
        for file, sample in zip(dataset.files, samples, strict=True):
            if not sample.failed:
                number = numbers[dataset.name, file.identity]
                yield _Print(
                    dataset.name, file.identity, number, WHOLE, sample.quality, engine.prepare(sample), file.name
                )


def _less(
    args: argparse.Namespace,
    engine: Engine,
    datasets: Sequence[tuple[Dataset, list[Extracted]]],
    numbers: Mapping[tuple[str, str], int],
) -> list[_Print]:
    """Mirror images, neighboring minutiae and pieces of every print."""
    rng = np.random.default_rng(0)
    made: list[_Print] = []
    for dataset, samples in datasets:
        for file, sample in zip(dataset.files, samples, strict=True):
            if sample.failed:
                continue
            minutiae = MinutiaSet.from_bytes(sample.minutiae)
            one = _Print(dataset.name, file.identity, numbers[dataset.name, file.identity], WHOLE, sample.quality, None)
            one = replace(one, name=file.name)

            def prepared(of: MinutiaSet, sample: Extracted = sample) -> object:
                return engine.prepare(replace(sample, minutiae=of.to_bytes()))

            made.append(replace(one, prepared=prepared(mirrored(minutiae)), is_mirror=True))
            for count in rng.choice(NEIGHBOR_COUNTS, NEIGHBORS_OF_A_PRINT, replace=False).tolist():
                near = neighboring(minutiae, count, rng)
                if near is not None:
                    made.append(replace(one, kind=f"{count} neighbors", prepared=prepared(near)))
        made += _pieces(args, engine, dataset, numbers, rng)
    return made


def _pieces(
    args: argparse.Namespace,
    engine: Engine,
    dataset: Dataset,
    numbers: Mapping[tuple[str, str], int],
    rng: np.random.Generator,
) -> Iterator[_Print]:
    with tempfile.TemporaryDirectory() as folder:
        files, sides = [], []
        for number, file in enumerate(dataset.files):
            for side in rng.choice(PIECE_SIDES_PX, min(args.pieces, len(PIECE_SIDES_PX)), replace=False).tolist():
                path = Path(folder) / f"{number}-{side}.png"
                write_piece(file.path, file.ppi, side, path, rng)
                files.append(ImageFile(path, file.name, file.identity, 500.0))
                sides.append(side)
        found = extract(args, engine, files)
    for file, side, sample in zip(files, sides, found, strict=True):
        if not sample.failed:
            number = numbers[dataset.name, file.identity]
            yield _Print(
                dataset.name,
                file.identity,
                number,
                f"piece {side} px",
                sample.quality,
                engine.prepare(sample),
                file.name,
            )


def _compare(
    engine: Engine, samples: Sequence[_Print], hands: OtherHands, *, is_fingerprint: bool, across: int
) -> Compared:
    """Whole prints with all others; pieces and neighbors with whole prints of their own set and some of the others."""
    calibration = pack_calibration(engine.pack_id)
    rng = np.random.default_rng(1)
    whole = [row for row, sample in enumerate(samples) if sample.kind == WHOLE]
    rows = []
    for first, probe in enumerate(track(samples, total=len(samples), what="compare")):
        if probe.is_mirror:
            continue
        if probe.kind == WHOLE:
            chosen = [row for row in whole if row > first]
        else:
            share = across / max(len(whole), 1)
            chosen = [
                row for row in whole if rng.random() < (WITHIN_SHARE if samples[row].folder == probe.folder else share)
            ]
        chosen = [row for row in chosen if not _is_excluded(probe, samples[row], hands)]
        if not chosen:
            continue
        similarities = engine.similarities(probe.prepared, [samples[row].prepared for row in chosen])
        rows += _rows(
            samples, first, chosen, calibration.scores_of(similarities), is_fingerprint=is_fingerprint, rng=rng
        )
    return _columns(samples, rows)


def _is_excluded(probe: _Print, reference: _Print, hands: OtherHands) -> bool:
    """A print with itself, one finger in two sets, and a mirror image with what may be of its own person: neither
    strangers nor mates to count."""
    if reference.is_mirror and hands.may_be((probe.folder, probe.identity), (reference.folder, reference.identity)):
        return True
    if probe.finger != reference.finger:
        return False
    return reference.is_mirror or probe.folder != reference.folder or probe.name == reference.name


def _rows(
    samples: Sequence[_Print],
    first: int,
    chosen: Sequence[int],
    scores: NDArray[np.float64],
    *,
    is_fingerprint: bool,
    rng: np.random.Generator,
) -> list[tuple[int, int, float, float]]:
    probe = samples[first].prepared
    measured_too = rng.random(len(chosen)) < OVERLAP_SHARE if is_fingerprint else np.zeros(len(chosen), bool)
    overlaps = [
        _overlap_mm2(probe, samples[row].prepared) if wanted else np.nan
        for row, wanted in zip(chosen, measured_too.tolist(), strict=True)
    ]
    return [(first, row, score, area) for row, score, area in zip(chosen, scores.tolist(), overlaps, strict=True)]


def _columns(samples: Sequence[_Print], rows: Sequence[tuple[int, int, float, float]]) -> Compared:
    pairs = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
    # A mirror image shows a finger of its own.
    finger = np.array([2 * sample.finger + sample.is_mirror for sample in samples], np.int64)
    counts = np.array([getattr(sample.prepared, "minutia_count", 0) for sample in samples], np.int64)
    fingers = finger[pairs]
    return Compared(
        score=np.array([row[2] for row in rows], np.float64),
        fingers=fingers,
        is_mated=fingers[:, 0] == fingers[:, 1],
        smaller=counts[pairs].min(axis=1),
        overlap_mm2=np.array([row[3] for row in rows], np.float64),
        quality=np.array([sample.quality for sample in samples], np.int64)[pairs],
        kind=np.array([sample.kind for sample in samples])[pairs[:, 0]],
        folders=np.array([sample.folder for sample in samples])[pairs],
    )


def _overlap_mm2(probe: object, reference: object) -> float:
    """Area that the hulls of both prints' minutiae share, as the comparison lays one on the other."""
    found = explain(probe, reference)  # type: ignore[arg-type]
    hulls = []
    for one in (probe, reference):
        count = one.minutia_count  # type: ignore[attr-defined]
        if count < 3:
            return 0.0
        hulls.append(cv2.convexHull(np.ascontiguousarray(one.geometry[:2, :count].T * np.float32([1, -1]))))  # type: ignore[attr-defined]
    cosine, sine = np.cos(found.rotation_rad), np.sin(found.rotation_rad)
    turn = np.array([[cosine, sine], [-sine, cosine]], np.float32)
    carried = (hulls[0].reshape(-1, 2) @ turn + np.float32(found.translation_px)).astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(cv2.convexHull(carried), hulls[1])
    return float(shared) * MM_PER_PX**2


def _groups(compared: Compared) -> dict[str, Strangers]:
    """Strangers by name of the group."""
    stranger = ~compared.is_mated
    every = Strangers(compared.score, compared.fingers)
    groups: dict[str, NDArray[np.bool_]] = {"all": stranger}
    for name in np.unique(compared.folders):
        involved = (compared.folders == name).any(axis=1)
        groups[f"set {name}"] = stranger & involved
        groups[f"whole within {name}"] = (
            stranger
            & (compared.folders == name).all(axis=1)
            & (compared.kind == WHOLE)
            & (compared.fingers % 2 == 0).all(axis=1)
        )
    kinds = sorted(np.unique(compared.kind), key=lambda kind: [int(word) for word in kind.split() if word.isdigit()])
    groups |= {str(kind): stranger & (compared.kind == kind) for kind in kinds}
    if compared.smaller.any():
        groups |= _classes("minutiae", compared.smaller, MINUTIA_CLASSES, stranger)
        groups |= _classes("overlap mm²", compared.overlap_mm2, OVERLAP_CLASSES_MM2, stranger)
    groups |= _classes("quality", compared.quality.min(axis=1), QUALITY_CLASSES, stranger)
    return {name: every.only(chosen) for name, chosen in groups.items() if chosen.any()}


def _classes(
    name: str,
    values: NDArray[np.float64] | NDArray[np.int64],
    bounds: Sequence[tuple[int, int]],
    among: NDArray[np.bool_],
) -> dict[str, NDArray[np.bool_]]:
    return {f"{name} {low} to {high - 1}": among & (values >= low) & (values < high) for low, high in bounds}


def _mates(compared: Compared) -> dict[str, dict[str, float]]:
    """What mates reach: whole ones and, of all, by the smaller number of minutiae."""
    groups = {"whole": compared.is_mated & (compared.kind == WHOLE)}
    if compared.smaller.any():
        groups |= _classes("minutiae", compared.smaller, MINUTIA_CLASSES, compared.is_mated)
    return {
        name: {
            "comparisons": float(chosen.sum()),
            "median": float(np.median(compared.score[chosen])),
            **{f"reach_{score:g}": float((compared.score[chosen] >= score).mean()) for score in USEFUL_SCORES},
        }
        for name, chosen in groups.items()
        if chosen.any()
    }


def _useful(row: Mapping[str, float]) -> str:
    return "  ".join(f"{100 * row[f'reach_{score:g}']:5.1f} % reach {score:g}" for score in USEFUL_SCORES)


def _plot(path: Path, title: str, strangers: Mapping[str, Strangers], wanted: tuple[str, ...]) -> None:
    """What strangers' rate of reaching a score is worth, against the score: above the diagonal is not kinder."""
    stated = np.arange(0.0, MOST_SCORE + 0.5, 0.5)
    lines = {"": Line([0, MOST_SCORE], [0, MOST_SCORE], is_faint=True)}
    for name, group in strangers.items():
        if name.startswith(wanted) and len(group) >= 1000:
            falling = np.sort(group.score)
            reached = len(falling) - np.searchsorted(falling, stated, side="left")
            seen = reached >= 1
            lines[name] = Line(stated[seen], -10 * np.log10(reached[seen] / len(falling)))
    axes = (
        Scale("stated score", 0.0, MOST_SCORE),
        Scale("measured score", 0.0, MOST_SCORE),
    )
    draw_chart(path, title, *axes, lines)


__all__ = ["Compared", "Kept", "add_arguments", "run"]
