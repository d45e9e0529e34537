"""Measure the exported pack: figures with counts and 95 % intervals, printed and written as JSON.

Subjects held out of training (one in five of lfw_dev) chose the models; ORL chose nothing and trained nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from training.export import facts
from training.faceless import backgrounds, fingerprints, textures
from training.prepare import MARGIN_PX, central_face
from training.student import Student
from training.teachers import TeacherDetector, align
from training.verification import figures, rank_one, rate

EYE_DISTANCE_PX = 45.0


def enlarged_orl(path: Path) -> np.ndarray:
    """An ORL picture doubled and padded by half its width, BGR."""
    gray = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(gray, 92, 92, 92, 92, cv2.BORDER_CONSTANT, value=127)
    return cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR)


def point_error(ours_px: np.ndarray, theirs_px: np.ndarray) -> float:
    """Mean distance of the five points at 45 px between the teacher's eyes."""
    eyes = float(np.linalg.norm(theirs_px[0] - theirs_px[1]))
    return float(np.linalg.norm(ours_px - theirs_px, axis=1).mean()) * EYE_DISTANCE_PX / max(eyes, 1e-6)


def spread(values: list[float]) -> dict[str, float]:
    """Mean with its 95 % interval, median, 95th percentile."""
    array = np.array(values)
    half = 1.96 * array.std() / np.sqrt(len(array))
    return {
        "count": len(array),
        "mean": float(array.mean()),
        "low": float(array.mean() - half),
        "high": float(array.mean() + half),
        "median": float(np.median(array)),
        "p95": float(np.percentile(array, 95)),
    }


def measure_photographs(student: Student, photos: Path, cache: Path, *, every: int) -> dict[str, object]:
    """lfw_dev: faces found (all subjects, held out apart), points, and verification with our own detector."""
    faces = np.load(cache / "faces.npz")
    found = {False: [0, 0], True: [0, 0]}
    errors, vectors, subjects, missed = [], [], [], 0
    for at in range(len(faces["paths"])):
        held = bool(faces["held_out"][at])
        if not held and at % every:
            continue
        image = cv2.imread(str(photos / faces["paths"][at]), cv2.IMREAD_COLOR)
        ours = student.detect(image)
        center = (faces["boxes_px"][at][:2] + faces["boxes_px"][at][2:]) / 2 if faces["found"][at] else [125, 125]
        hit = False
        if len(ours):
            near = central_face(ours.boxes_px, 2 * center[0], 2 * center[1])
            box = ours.boxes_px[near]
            hit = bool(box[0] < center[0] < box[2] and box[1] < center[1] < box[3])
        found[held][0] += hit
        found[held][1] += 1
        if not held:
            continue
        missed += not hit
        if hit:
            subjects.append(faces["subjects"][at])
            vectors.append(student.embed(align(image, ours.points_px[near])[None])[0])
            if faces["found"][at]:
                errors.append(point_error(ours.points_px[near], faces["points_px"][at]))
    return {
        "found_training_subjects": asdict(rate(*found[False])),
        "found_held_out_subjects": asdict(rate(*found[True])),
        "found_all": asdict(rate(found[True][0] + found[False][0], found[True][1] + found[False][1])),
        "points_px_at_45": spread(errors),
        "held_out_own_points": {"not_found": missed, **figures(np.array(vectors), np.array(subjects))},
    }


def measure_teacher_points(student: Student, cache: Path) -> dict[str, object]:
    """Held-out subjects on the teacher's alignment: the embedder alone."""
    faces, crops = np.load(cache / "faces.npz"), np.load(cache / "crops.npy", mmap_mode="r")
    held = np.flatnonzero(faces["found"] & faces["held_out"])
    middle = crops[held][:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    vectors = np.vstack([student.embed(middle[at : at + 64]) for at in range(0, len(middle), 64)])
    targets = np.load(cache / "targets.npy")[held, 0].astype(np.float32)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    cosine = (vectors * targets).sum(1)
    subjects = faces["subjects"][held]
    return {
        "cosine_to_teacher": float(cosine.mean()),
        **figures(vectors, subjects),
        "teacher": figures(targets, subjects),
    }


def measure_orl(student: Student, teacher: TeacherDetector, folder: Path) -> dict[str, object]:
    """ORL: faces found, points, and identification with the first picture of each as reference."""
    paths = sorted(folder.glob("s*/*.pgm"), key=lambda path: (path.parent.name, int(path.stem)))
    vectors, subjects, errors = [], [], []
    for path in paths:
        image = enlarged_orl(path)
        ours = student.detect(image)
        if len(ours) == 0:
            continue
        vectors.append(student.embed(align(image, ours.points_px[0])[None])[0])
        subjects.append(path.parent.name)
        theirs = teacher.detect(image)
        if len(theirs):
            errors.append(point_error(ours.points_px[0], theirs.points_px[0]))
    labels = np.array(subjects)
    return {
        "found": asdict(rate(len(vectors), len(paths))),
        "rank_1": asdict(rank_one(np.array(vectors), labels)),
        "points_px_at_45": spread(errors),
        "verification": figures(np.array(vectors), labels),
    }


def measure_false_faces(student: Student, cache: Path, prints: Path) -> dict[str, object]:
    """Pictures without faces in which a face was found."""
    result: dict[str, object] = {}
    total = [0, 0]
    sources = {
        "textures": textures(500, 99),
        "fingerprints": fingerprints(prints),
        "backgrounds": backgrounds(cache, 500, 99),
    }
    for name, pictures in sources.items():
        found = [len(student.detect(picture)) > 0 for picture in pictures]
        result[name] = asdict(rate(sum(found), len(found)))
        total = [total[0] + sum(found), total[1] + len(found)]
    return {**result, "all": asdict(rate(*total))}


def measure_time(student: Student, photos: Path, cache: Path, count: int = 200) -> dict[str, float]:
    """Milliseconds of detect, align and embed of one decoded 250 x 250 photograph, and processor time of it.

    On a machine shared with other work the processor time is the one to compare.
    """
    faces = np.load(cache / "faces.npz")
    held = np.flatnonzero(faces["held_out"])[:count]
    images = [cv2.imread(str(photos / faces["paths"][at]), cv2.IMREAD_COLOR) for at in held]
    taken, processor = [], []
    for image in images[:10] + images:
        start, used = time.perf_counter(), time.process_time()
        student.photograph(image)
        taken.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.process_time() - used))
    kept = np.array(taken[10:])
    busy = np.array(processor[10:])
    return {
        "count": count,
        "median_ms": float(np.median(kept)),
        "p95_ms": float(np.percentile(kept, 95)),
        "processor_median_ms": float(np.median(busy)),
        "processor_p95_ms": float(np.percentile(busy, 95)),
    }


def brief(report: dict) -> dict[str, object]:
    """The figures a manifest carries."""
    alone, own, orl = report["held_out_teacher_points"], report["lfw_dev"]["held_out_own_points"], report["orl"]
    names = ("accuracy_10_fold", "rank_1", "fnmr_at_fmr_1e-02", "fnmr_at_fmr_1e-03", "fnmr_at_fmr_1e-04")
    return {
        "held_out_own_points": {name: own[name] for name in ("subjects", "images", "mated", "non_mated", *names)},
        "held_out_teacher_points": {name: alone[name] for name in ("cosine_to_teacher", *names)},
        "teacher_there": {name: alone["teacher"][name] for name in names},
        "orl_rank_1": orl["rank_1"],
        "found": {"lfw_dev": report["lfw_dev"]["found_all"], "orl": orl["found"], "sample": report.get("sample_faces")},
        "points_px_at_45": {"lfw_dev": report["lfw_dev"]["points_px_at_45"], "orl": orl["points_px_at_45"]},
        "false_faces": report["false_faces"],
        "time": report["time"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of detector.onnx and embedder.onnx")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True, help="folder of lfw_dev and orl")
    parser.add_argument("--prints", type=Path, required=True)
    parser.add_argument("--sample", type=Path, help="insightface's t1.jpg, six faces")
    parser.add_argument("--every", type=int, default=1, help="measure detection on every n-th training photograph")
    parser.add_argument("--looks", type=int, default=1, choices=(1, 2), help="2: find the points again, closer")
    parser.add_argument("--out", type=Path, help="write all figures here")
    parser.add_argument("--facts", action="store_true", help="and the main ones into the pack's manifest-facts.json")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    student = Student(options.pack, looks=options.looks)
    photos = options.faces / "lfw_dev"
    report: dict[str, object] = {"looks": options.looks}
    report["time"] = measure_time(student, photos, options.cache)
    report["held_out_teacher_points"] = measure_teacher_points(student, options.cache)
    report["lfw_dev"] = measure_photographs(student, photos, options.cache, every=options.every)
    report["orl"] = measure_orl(student, TeacherDetector(options.models), options.faces / "orl")
    report["false_faces"] = measure_false_faces(student, options.cache, options.prints)
    if options.sample:
        report["sample_faces"] = len(student.detect(cv2.imread(str(options.sample), cv2.IMREAD_COLOR)))
    text = json.dumps(report, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    if options.facts:
        path = options.pack / "manifest-facts.json"
        known = json.loads(path.read_text())
        for name in ("embedder", "detector"):
            known[name] |= facts(options.pack / f"{name}.onnx")
        path.write_text(json.dumps({**known, "measured": brief(report)}, indent=2) + "\n")


if __name__ == "__main__":
    main()
