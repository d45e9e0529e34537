"""face-builtin as it lies in the repository, against its models called directly and against committed expectations.

Keyed by pack version: a new version of the pack brings new numbers.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from matcher.face.engine import FaceEngine, face_boxes
from matcher.formats.decode import decode_image
from matcher.packs.store import MANIFESTS_FOLDER, PackStore
from matcher.samples import Image
from tests.golden.direct import direct_vector

PACK_ID = "face-builtin@2"
MOST_BYTES = 6_000_000
# Boxes of the six faces in the photograph that insightface ships, largest first: x, y, width, height in pixels.
SAMPLE_BOXES = [
    (892, 57, 120, 156),
    (48, 258, 127, 146),
    (455, 265, 122, 151),
    (264, 145, 109, 135),
    (741, 347, 101, 130),
    (1129, 274, 100, 127),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """From an empty packs folder: nothing has to be installed."""
    store = PackStore(tmp_path_factory.mktemp("packs"))
    pack = store.get("face-builtin")
    assert pack.pack_id == PACK_ID
    assert not pack.is_operational
    assert sum(entry.size_bytes for entry in pack.files) <= MOST_BYTES
    return FaceEngine.load(pack, store)


def test_all_faces_of_the_sample_photograph_are_found_where_they_are(engine: FaceEngine, sample: Image) -> None:
    boxes = face_boxes(engine.detect(sample))
    assert len(boxes) == len(SAMPLE_BOXES)
    for box, expected in zip(boxes, SAMPLE_BOXES, strict=True):
        assert np.abs(np.subtract((box.x_px, box.y_px, box.width_px, box.height_px), expected)).max() <= 3


def test_templates_equal_those_of_the_model_called_directly(engine: FaceEngine, sample: Image) -> None:
    embedder = MANIFESTS_FOLDER / "face-builtin" / "embedder.onnx"
    for number in range(1, len(SAMPLE_BOXES) + 1):
        made = engine.extract(sample, face_number=number)
        direct = direct_vector([embedder], sample.pixels, made.detection.landmarks_px)
        assert float(made.template.vectors[0] @ direct) >= 0.9999


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_each_face_is_told_from_the_others_at_other_sizes(engine: FaceEngine, sample: Image, scale: float) -> None:
    resized = cv2.resize(sample.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = Image(resized, None, "")
    assert len(engine.detect(image)) == len(SAMPLE_BOXES)
    numbers = range(1, len(SAMPLE_BOXES) + 1)
    before, after = (
        np.array([engine.extract(picture, face_number=number).template.vectors[0] for number in numbers])
        for picture in (sample, image)
    )
    similarity = np.sort(before @ after.T, axis=1)
    assert similarity[:, -1].min() > 0.95
    assert similarity[:, -2].max() < 0.3


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_without_its_orientation_gives_the_same_template(
    engine: FaceEngine, sample: Image, quarters: int
) -> None:
    left, top, width, height = SAMPLE_BOXES[2]
    upright = sample.pixels[top - height // 2 : top + 2 * height, left - width // 2 : left + 3 * width // 2]
    expected = engine.extract(Image(upright, None, ""), largest_face=True).template.vectors[0]
    turned = Image(np.ascontiguousarray(np.rot90(upright, quarters)), None, "")
    found = engine.extract(turned, largest_face=True).template.vectors[0]
    assert float(found @ expected) > 0.97


def test_people_of_a_small_gallery_are_told_apart(engine: FaceEngine, faces_folder: Path) -> None:
    folders = sorted(path for path in (faces_folder / "orl").iterdir() if path.is_dir())[:10]
    vectors = np.array(
        [
            [
                engine.extract(decode_image(path.read_bytes()), largest_face=True).template.vectors[0]
                for path in sorted(folder.glob("*.pgm"))[:4]
            ]
            for folder in folders
        ]
    )
    gallery, probes = vectors[:, 0], vectors[:, 1:]
    assert np.all((probes @ gallery.T).argmax(axis=2) == np.arange(len(folders))[:, None])
