"""Last step: the pack's manifest, matcher/pack_manifests/face-builtin.toml, for the weights that lie beside it.

Sizes and hashes of the files, the lengths of the vectors on the subjects of lfw_dev held out of training, and
the calibration. That is measured on all subjects: those held out are too few for neighborhoods, and training knew no
names, so that strangers of both kinds resemble each other as often (docs/faces.md). With --pack it is the calibration
alone of another installed face pack. Runs in the project's own environment, without PyTorch; five minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.held_out import is_held_out
from matcher.errors import SampleError
from matcher.face.engine import FaceEngine
from matcher.face.load import PackSessions, load_embedder
from matcher.face.non_mated import (
    PHOTOGRAPHS_PER_PERSON,
    alike_subjects,
    compare_strangers,
    mated_similarities,
)
from matcher.formats.decode import decode_image
from matcher.packs.store import MANIFESTS_FOLDER, PackStore, default_packs_folder
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import calibrated

NAME = "face-builtin"
HEAD = """# Our own pack: a detector with five points and an embedder, distilled on press photographs (see training/).
# Written by `python -m training.manifest`.
name = "face-builtin"
version = "2"
modality = "face"
license = "Apache-2.0"
license_is_permissive = true
is_operational = false
quality_floor = 20
intended_use = "Trained on press photographs, for evaluation, demonstration and training of staff; not for casework."
"""
FILE = """
[[files]]
name = "{name}"
sha256 = "{sha256}"
size_bytes = {size_bytes}
source = "bundled"
license = "Apache-2.0"
origin = "{origin}"
"""
ORIGINS = {
    "detector.onnx": "made by training/, distilled from YuNet and landmarks-regression-retail-0009",
    "embedder.onnx": "made by training/, distilled from face-reidentification-retail-0095 and MobileFaceNet",
}
MODELS = """
[detector]
kind = "yunet"
file = "detector.onnx"
canvas_px = 0
score_floor = 0.6
overlap = 0.3
sure_score = 0.95
second_look_px = 160

[[embedders]]
kind = "onnx"
file = "embedder.onnx"
input_px = 112
mean = 127.5
std = 127.5
channel_order = "RGB"
dim = 384
"""


def head_and_models() -> str:
    """The manifest without lengths and calibration."""
    files = ""
    for name, origin in ORIGINS.items():
        content = (MANIFESTS_FOLDER / NAME / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files += FILE.format(name=name, sha256=digest, size_bytes=len(content), origin=origin)
    return HEAD + files + MODELS


@dataclass(frozen=True, slots=True)
class Measured:
    """vectors: unit rows (n, dim); subjects: numbers (n,); lengths: of the first embedder's raw vectors (n,)."""

    vectors: np.ndarray
    subjects: np.ndarray
    lengths: np.ndarray


def measured(pack_name: str, store: PackStore, people: Sequence[Path]) -> Measured:
    """The photographs of these people, one folder each."""
    pack = store.manifest(pack_name)
    engine = FaceEngine.load(pack, store)
    embedder = load_embedder(pack.embedders[0], PackSessions(pack, store))
    vectors, subjects, lengths = [], [], []
    for number, person in enumerate(track(people, description="photographs")):
        for path in sorted(person.glob("*.jpg")):
            image = decode_image(path.read_bytes())
            centers = [(face.box_px[:2] + face.box_px[2:]) / 2 for face in engine.detect(image)]
            middle = np.array(image.pixels.shape[1::-1]) / 2
            if not centers:
                continue
            # In lfw_dev the labeled person is the one nearest the middle.
            nearest = int(np.argmin([np.linalg.norm(center - middle) for center in centers])) + 1
            try:
                made = engine.extract(image, face_number=nearest)
            except SampleError:
                continue
            vectors.append(made.template.vectors[0])
            subjects.append(number)
            lengths.append(np.linalg.norm(embedder.embed(made.crop)))
    return Measured(np.array(vectors), np.array(subjects, np.int64), np.array(lengths))


def same_people(vectors: np.ndarray, subjects: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Pairs of subjects of lfw_dev that are one person under two names: any of their photographs agree better than half
    of the mated pairs do. With the operational packs 18 pairs, looked at one by one."""
    return alike_subjects(vectors, subjects, float(np.median(mated_similarities(vectors, subjects))))


def calibration(vectors: np.ndarray, subjects: np.ndarray, whose: str) -> Calibration:
    """On the least favorable of their neighborhoods. whose: "people of ..."."""
    kept = np.flatnonzero(
        [(subjects[:row] == subject).sum() < PHOTOGRAPHS_PER_PERSON for row, subject in enumerate(subjects)]
    )
    doubles = same_people(vectors[kept], subjects[kept])
    compared = compare_strangers(vectors, subjects, doubles=doubles)
    described = (
        f"{compared.comparison_count} non-mated comparisons of {compared.person_count} {whose}, at most "
        f"{PHOTOGRAPHS_PER_PERSON} photographs each, within {len(compared.neighborhoods)} neighborhoods of people who "
        f"resemble each other, the least favorable of which counts; {len(doubles)} pairs of names left out that look "
        "like one person each"
    )
    return calibrated(compared.groups, described, non_mated_count=compared.comparison_count).calibration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="lfw_dev, one folder per subject")
    parser.add_argument("--pack", default=NAME, help="whose manifest is written (default: %(default)s)")
    options = parser.parse_args()
    path = MANIFESTS_FOLDER / f"{options.pack}.toml"
    # What training/conditions.py wrote stays.
    conditions = "".join(path.read_text(encoding="utf-8").partition("\n[conditions]")[1:])
    folders = [folder for folder in sorted(options.photos.iterdir()) if folder.is_dir()]
    if options.pack != NAME:
        found = measured(options.pack, PackStore(default_packs_folder(os.environ)), folders)
        made = calibration(found.vectors, found.subjects, "people of lfw_dev")
        kept = path.read_text(encoding="utf-8").partition("[calibration]")[0]
        path.write_text(kept + made.to_toml() + conditions, encoding="utf-8")
    else:
        path.write_text(head_and_models(), encoding="utf-8")
        with tempfile.TemporaryDirectory() as empty:
            found = measured(NAME, PackStore(Path(empty)), folders)
        whose = "people of lfw_dev, one in five of whom training never saw"
        made = calibration(found.vectors, found.subjects, whose)
        lengths = found.lengths[np.array([is_held_out(folder.name) for folder in folders])[found.subjects]]
        strength = f"typical_length = {np.median(lengths):.4g}\nweak_length = {np.quantile(lengths, 0.05):.4g}\n"
        path.write_text(head_and_models() + strength + "\n" + made.to_toml() + conditions, encoding="utf-8")
    print(made.data_description, made.measured_score, made.tail)


if __name__ == "__main__":
    main()
