"""Last step: the pack's manifest, matcher/pack_manifests/face-builtin.toml, for the weights that lie beside it.

Sizes and hashes of the files, the lengths of the embedder's vectors and the calibration, measured on the subjects of
lfw_dev held out of training. Runs in the project's own environment, without PyTorch; about a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.held_out import is_held_out
from matcher.errors import SampleError
from matcher.face.engine import FaceEngine
from matcher.face.load import PackSessions, load_embedder
from matcher.face.non_mated import calibration_rows, calibration_toml, measure_non_mated
from matcher.formats.decode import decode_image
from matcher.packs.store import MANIFESTS_FOLDER, PackStore

NAME = "face-builtin"
HEAD = """# Our own pack: a detector with five points and an embedder, distilled on press photographs (see training/).
# Written by `python -m training.manifest`; calibrated on the people of lfw_dev that training never saw.
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


def measured(photos: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors (n, dim), subject numbers (n,) and raw vector lengths (n,) of the held-out photographs."""
    with tempfile.TemporaryDirectory() as empty:
        store = PackStore(Path(empty))
        pack = store.get(NAME)
        engine = FaceEngine.load(pack, store)
        embedder = load_embedder(pack.embedders[0], PackSessions(pack, store))
    vectors, subjects, lengths = [], [], []
    people = [path for path in sorted(photos.iterdir()) if path.is_dir() and is_held_out(path.name)]
    for number, person in enumerate(people):
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
    return np.array(vectors), np.array(subjects, np.int64), np.array(lengths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="lfw_dev, one folder a subject")
    options = parser.parse_args()
    path = MANIFESTS_FOLDER / f"{NAME}.toml"
    path.write_text(head_and_models())
    vectors, subjects, lengths = measured(options.photos)
    result = measure_non_mated(vectors, subjects, doubles=())
    described = (
        f"{result.comparison_count} non-mated comparisons of {result.person_count} people of lfw_dev not trained on, "
        "at most 5 photographs each"
    )
    strength = f"typical_length = {np.median(lengths):.4g}\nweak_length = {np.quantile(lengths, 0.05):.4g}\n"
    path.write_text(head_and_models() + strength + "\n" + calibration_toml(result, described))
    print(described, calibration_rows(result)[-1])


if __name__ == "__main__":
    main()
