"""Step 1: faces of lfw_dev, aligned crops with margin, and teacher targets, cached outside the repository.

Writes into --cache: faces.npz (paths, subjects, held_out, boxes_px, points_px, found), crops.npy uint8
(n, 128, 128) gray (the 112 px crop with 8 px around it), targets.npy float16 (n, 2, 384): teacher vectors of the crop
and of its mirror image, and shards `real-*` of the training subjects' crops and their mirror images with the teachers'
maps. Takes about 12 minutes on one core; targets and shards resume where they stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.held_out import is_held_out
from training.crops import BATCH, MARGIN_PX, middle, shard_exists, unit, write_shard
from training.hints import HintScale, HintTeacher
from training.teachers import TeacherDetector, TeacherEmbedder, align

SHARD = 1024
SCALE_CROPS = 1024


def central_face(boxes_px: np.ndarray, width: int, height: int) -> int:
    """The face whose center is nearest the picture's: in lfw_dev that is the labeled subject."""
    centers = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
    return int(np.argmin(np.linalg.norm(centers - [width / 2, height / 2], axis=1)))


def find_faces(photos: Path, models: Path, cache: Path) -> None:
    """Detect the labeled face of every photograph and cut its crop."""
    detector = TeacherDetector(models)
    paths = sorted(photos.glob("*/*.jpg"))
    boxes, points, found, crops = [], [], [], []
    for number, path in enumerate(paths):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        faces = detector.detect(image)
        if len(faces) == 0:
            faces = detector.detect(image, score_floor=0.3)
        found.append(len(faces) > 0)
        at = central_face(faces.boxes_px, image.shape[1], image.shape[0]) if len(faces) else -1
        boxes.append(faces.boxes_px[at] if at >= 0 else np.zeros(4))
        points.append(faces.points_px[at] if at >= 0 else np.zeros((5, 2)))
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        side = 112 + 2 * MARGIN_PX
        crops.append(align(gray, points[-1], margin_px=MARGIN_PX) if at >= 0 else np.zeros((side, side), np.uint8))
        if number % 1000 == 0:
            print(f"faces {number}/{len(paths)}", flush=True)
    subjects = [path.parent.name for path in paths]
    np.save(cache / "crops.npy", np.array(crops))
    np.savez(
        cache / "faces.npz",
        paths=np.array([str(path.relative_to(photos)) for path in paths]),
        subjects=np.array(subjects),
        held_out=np.array([is_held_out(subject) for subject in subjects]),
        boxes_px=np.array(boxes, np.float32),
        points_px=np.array(points, np.float32),
        found=np.array(found),
    )


def embed_crops(models: Path, cache: Path) -> None:
    """Teacher vectors of every crop and its mirror image."""
    embedder = TeacherEmbedder(models)
    crops = np.load(cache / "crops.npy", mmap_mode="r")[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    part = cache / "targets.part.npy"
    done_file = cache / "targets.done"
    start = int(done_file.read_text()) if done_file.exists() else 0
    mode = "r+" if start else "w+"
    targets = np.lib.format.open_memmap(part, mode=mode, dtype=np.float16, shape=(len(crops), 2, 384))
    for at in range(start, len(crops), BATCH):
        batch = np.ascontiguousarray(crops[at : at + BATCH])
        targets[at : at + BATCH, 0] = embedder.embed(batch)
        targets[at : at + BATCH, 1] = embedder.embed(np.ascontiguousarray(batch[:, :, ::-1]))
        done_file.write_text(str(at + BATCH))
        if at % (BATCH * 20) == 0:
            print(f"targets {at}/{len(crops)}", flush=True)
    targets.flush()
    part.rename(cache / "targets.npy")


def write_real_shards(models: Path, cache: Path) -> None:
    """Training crops and their mirror images; the target of both is the mean of the teachers' vectors on the two."""
    teacher = HintTeacher(models)
    faces = np.load(cache / "faces.npz")
    train = np.flatnonzero(faces["found"] & ~faces["held_out"])
    np.random.default_rng(1).shuffle(train)
    crops = np.load(cache / "crops.npy", mmap_mode="r")
    targets = unit(np.load(cache / "targets.npy").astype(np.float32).sum(1))
    scale_file = cache / "hint-scale.npz"
    if not scale_file.exists():
        sample = [teacher.describe(middle(crops[train[at : at + BATCH]]))[1] for at in range(0, SCALE_CROPS, BATCH)]
        HintScale.measure([np.concatenate(level) for level in zip(*sample, strict=True)]).save(scale_file)
    scale = HintScale.load(scale_file)
    parts = np.array_split(train, -(-len(train) // SHARD))
    for number, part in enumerate(parts):
        for name, view in (("straight", slice(None)), ("mirrored", slice(None, None, -1))):
            shard = f"real-{name}-{number:04d}"
            if not shard_exists(cache, shard):
                write_shard(cache, shard, np.ascontiguousarray(crops[part][:, :, view]), teacher, scale, targets[part])
        print(f"real shards {number + 1}/{len(parts)}", flush=True)


def find_all_faces(photos: Path, models: Path, cache: Path) -> None:
    """Every face of every photograph for the detector, uncertain ones (score 0.3 to 0.6) too, to be ignored there.

    Writes photos.npy uint8 (n, 250, 250) and photos-faces.npz: rows float32 (k, 15) box, points, score; owners (k,).
    """
    detector = TeacherDetector(models)
    paths = sorted(photos.glob("*/*.jpg"))
    pictures = np.zeros((len(paths), 250, 250), np.uint8)
    rows, owners = [], []
    for number, path in enumerate(paths):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        pictures[number] = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        faces = detector.detect(image, score_floor=0.3)
        for at in range(len(faces)):
            rows.append(np.concatenate([faces.boxes_px[at], faces.points_px[at].ravel(), faces.scores[at : at + 1]]))
            owners.append(number)
    held_out = np.array([is_held_out(path.parent.name) for path in paths])
    np.savez(cache / "photos-faces.npz", rows=np.array(rows, np.float32), owners=np.array(owners), held_out=held_out)
    np.save(cache / "photos.npy", pictures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="lfw_dev: one folder per subject")
    parser.add_argument("--models", type=Path, required=True, help="shared/models")
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    if not (options.cache / "faces.npz").exists():
        find_faces(options.photos, options.models, options.cache)
    if not (options.cache / "targets.npy").exists():
        embed_crops(options.models, options.cache)
    write_real_shards(options.models, options.cache)
    if not (options.cache / "photos.npy").exists():
        find_all_faces(options.photos, options.models, options.cache)


if __name__ == "__main__":
    main()
