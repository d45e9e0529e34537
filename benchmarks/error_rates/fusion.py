"""Fused scores of several fingers and a face: stated against measured, where all fingers are of one bad capture.

People are put together from the fingers of the sets (see chimeric.py) and from the strangers and mates of a face set.
Probes are as they are, or every finger has the same fault; references are as they are. A ratio is measured by stated
false match rate, its interval from drawing sets. Writes report.json.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import DatasetError, ImageFile, read_dataset
from benchmarks.engines import Engine, EngineSpec, Extracted, default_job_count, load_engine
from benchmarks.error_rates.arguments import (
    add_dataset_arguments,
    add_same_argument,
    extract,
    measured,
    same_identities,
)
from benchmarks.error_rates.bad_captures import FAULTS, spoiled
from benchmarks.error_rates.chimeric import (
    Captures,
    Float32Array,
    Float64Array,
    Tally,
    drawn_anew,
    mates,
    measured_over_stated,
    strangers,
)
from benchmarks.extraction import extract_files
from benchmarks.product_files import pack_calibration
from benchmarks.progress import track
from benchmarks.template_cache import default_cache_folder
from matcher.face.non_mated import compare_strangers, mated_similarities
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import calibrated
from matcher.scoring.sample_fusion import CAPTURE_DISCOUNT, fused_values

THRESHOLDS = np.array([30.0, 50.0, 70.0])
FINGER_COUNTS = (1, 2, 4, 10)
RULES = {"Fisher": 0.0, "product": CAPTURE_DISCOUNT}
MATES_THRESHOLD = 60.0
FINGERS = 10
UNSPOILED = "as they are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_dataset_arguments(parser, only="fingerprint")
    add_same_argument(parser)
    parser.add_argument("--faces", type=Path, metavar="DIR", help="one folder per person; without it fingers alone")
    parser.add_argument("--impressions", type=int, default=4, metavar="N", help="prints of each finger (default: 4)")
    parser.add_argument("--face-pack", default="", help="default: an installed face pack, else face-builtin")


def run(args: argparse.Namespace) -> int:
    return measured(args, _measure)


def _measure(args: argparse.Namespace, engine: Engine) -> int:
    captures = _captures(args, engine)
    faces = _faces(args) if args.faces else None
    report: dict[str, Any] = {"pack": engine.pack_id, "sets": len(args.data), "discount": CAPTURE_DISCOUNT, "rows": []}
    for fused_faces in (None, faces) if faces else (None,):
        for finger_count in FINGER_COUNTS:
            for rule, discount in RULES.items():
                if finger_count > 1 or fused_faces or rule == "Fisher":
                    rows = _rows(captures, finger_count, fused_faces, discount)
                    report["rows"] += [{"rule": rule, "fingers": finger_count, **row} for row in rows]
                    _print(rule, finger_count, rows)
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _rows(
    captures: list[Captures], finger_count: int, faces: tuple[Float64Array, Float64Array] | None, discount: float
) -> list[dict[str, Any]]:
    """Of each fault, and of all together."""
    rows, all_tallies = [], []
    for number, one in enumerate(captures):
        rng = np.random.default_rng(number)
        tallies = []
        for probe_set, reference_set, scores in strangers(one, finger_count, rng):
            fused = fused_values(_with_faces(scores, faces and faces[0], rng), discount=discount)
            reached = (fused[:, None] >= THRESHOLDS).sum(axis=0)
            tallies.append(Tally(probe_set, reference_set, len(fused), reached))
        rates = drawn_anew(one, finger_count, THRESHOLDS, faces=faces and faces[0], discount=discount)
        anew = (rates.mean(axis=(0, 1)) * 10 ** (THRESHOLDS / 10)).tolist()
        own = fused_values(_with_faces(mates(one, finger_count, rng), faces and faces[1], rng), discount=discount)
        all_tallies += tallies
        rows.append(
            _row(one.fault, tallies, len(one.scores), faces is not None)
            | {
                "anew": anew,
                "mates": len(own),
                "mates_median": float(np.median(own)),
                "mates_below": float((own < MATES_THRESHOLD).mean()),
            }
        )
    return [*rows, _row("all together", all_tallies, len(captures[0].scores), faces is not None)]


def _row(fault: str, tallies: list[Tally], set_count: int, has_face: bool) -> dict[str, Any]:
    return {"capture": fault, "face": has_face, "strangers": measured_over_stated(tallies, THRESHOLDS, set_count)}


def _with_faces(scores: Float32Array, faces: Float64Array | None, rng: np.random.Generator) -> Float64Array:
    wide = scores.astype(np.float64)
    return wide if faces is None else np.column_stack([wide, rng.choice(faces, len(wide))])


def _captures(args: argparse.Namespace, engine: Engine) -> list[Captures]:
    """Scores of the probes as they are and with each fault. Raises DatasetError."""
    files = [file for folder in args.data for file in _ten_fingers(args, folder)]
    calibration = pack_calibration(engine.pack_id)
    whole = extract(args, engine, files)
    one_finger = _one_finger(args, files)
    shape = (len(args.data), FINGERS, args.impressions)
    found = [_compared(UNSPOILED, whole, whole, engine, calibration, shape)]
    for fault in FAULTS:
        with TemporaryDirectory() as folder:
            probes = extract(args, engine, spoiled(files, fault, Path(folder)))
        found.append(_compared(fault, probes, whole, engine, calibration, shape))
    for captures in found:
        # Two fingers of different places that are one are neither strangers nor mates.
        captures.scores.reshape(len(files), len(files))[one_finger] = np.nan
    return found


def _one_finger(args: argparse.Namespace, files: list[ImageFile]) -> NDArray[np.bool_]:
    """bool (files, files): prints of one finger under two names."""
    same = same_identities(args)
    own = [f"{file.path.parent.name}/{file.identity}" for file in files]
    meant = [same.get(name, name) for name in own]
    alike, differ = np.equal.outer(meant, meant), np.not_equal.outer(own, own)
    return np.asarray(alike & differ, np.bool_)


def _compared(
    fault: str,
    probes: list[Extracted],
    references: list[Extracted],
    engine: Engine,
    calibration: Calibration,
    shape: tuple[int, int, int],
) -> Captures:
    usable = np.array([not sample.failed for sample in references])
    prepared = [engine.prepare(sample) for sample in references if not sample.failed]
    scores = np.full((len(probes), len(references)), np.nan, np.float32)
    for row, probe in enumerate(track(probes, total=len(probes), what=f"compare, {fault}")):
        if not probe.failed:
            similarities = engine.similarities(engine.prepare(probe), prepared)
            scores[row, usable] = np.clip(calibration.scores_of(similarities), 0.0, calibration.max_score)
    return Captures(fault, scores.reshape(*shape, *shape))


def _ten_fingers(args: argparse.Namespace, folder: Path) -> list[ImageFile]:
    dataset = read_dataset(folder, fingerprints=True, ppi=args.ppi)
    rows = dataset.identities()
    if len(rows) < FINGERS or min(len(own) for own in rows.values()) < args.impressions:
        raise DatasetError(f"{dataset.name} needs {FINGERS} fingers of {args.impressions} impressions")
    return [dataset.files[row] for own in list(rows.values())[:FINGERS] for row in own[: args.impressions]]


def _faces(args: argparse.Namespace) -> tuple[Float64Array, Float64Array]:
    """Scores of strangers of the least favorable neighborhood, and of mates."""
    spec = EngineSpec("face", args.face_pack)
    engine = load_engine(spec)
    dataset = read_dataset(args.faces, fingerprints=False)
    samples = extract_files(
        dataset.files,
        spec=spec,
        engine=engine,
        cache_folder=None if args.no_cache else args.cache or default_cache_folder(),
        job_count=args.jobs or default_job_count(),
    )
    numbers = {identity: number for number, identity in enumerate(dataset.identities())}
    known = [row for row, sample in enumerate(samples) if not sample.failed]
    vectors = np.stack([samples[row].vectors[0] for row in known])
    subjects = np.array([numbers[dataset.files[row].identity] for row in known], np.int64)
    compared = compare_strangers(vectors, subjects)
    worst = calibrated(compared.groups, dataset.name, non_mated_count=compared.comparison_count).group
    alike = next(group.similarities for group in compared.groups if group.name == worst)
    calibration = pack_calibration(engine.pack_id)
    scores = (calibration.scores_of(one) for one in (alike, mated_similarities(vectors, subjects)))
    strange, own = (np.clip(one, 0.0, calibration.max_score) for one in scores)
    return strange, own


def _print(rule: str, finger_count: int, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        parts = [
            f"{one['stated']:.0f}: {one['ratio']:.2f} ({one['low']:.2f}-{one['high']:.2f}; {one['count']:.0f} of "
            f"{one['expected']:.3g})"
            for one in row["strangers"]
        ]
        anew = "  ".join(f"{ratio:.2g}" for ratio in row.get("anew", ()))
        parts += [f"drawn anew: {anew}"] if anew else []
        mated = f"  mates below {MATES_THRESHOLD:.0f}: {100 * row['mates_below']:.1f} %" if "mates" in row else ""
        samples = f"{finger_count} finger{'s' if finger_count > 1 else ''}{' and a face' if row['face'] else ''}"
        print(f"{rule:<8} {samples:<22} {row['capture']:<12} {'  '.join(parts)}{mated}", flush=True)
