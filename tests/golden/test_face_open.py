"""face-open on real photographs, against its models called directly and against committed expectations.

Keyed by pack version: a new version of the pack brings new numbers.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from matcher.errors import SeveralFacesError
from matcher.face.engine import FaceEngine, face_boxes
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore
from matcher.samples import Image
from tests.golden.direct import direct_vector

PACK_ID = "face-open@1"
EMBEDDERS = ("face_reidentification_retail_0095.onnx", "mobilefacenet_ms1m.onnx")
# Boxes of the six faces in the photograph that insightface ships, largest first: x, y, width, height in pixels.
SAMPLE_BOXES = [
    (463, 266, 113, 150),
    (52, 266, 118, 132),
    (899, 57, 105, 140),
    (271, 147, 100, 128),
    (751, 346, 94, 126),
    (1132, 274, 94, 125),
]


@pytest.fixture(scope="module")
def engine(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    store = PackStore(tmp_path_factory.mktemp("packs"))
    pack = store.install("face-open", from_folder=models_folder)
    assert pack.pack_id == PACK_ID
    return FaceEngine.load(pack, store)


def people(faces_folder: Path, *, count: int, step: int) -> list[list[Path]]:
    """Every step-th person of lfw_dev with two photographs or more."""
    folders = sorted(path for path in (faces_folder / "lfw_dev").iterdir() if path.is_dir())
    several = [sorted(folder.glob("*.jpg")) for folder in folders]
    return [paths for paths in several if len(paths) >= 2][::step][:count]


def test_templates_equal_those_of_the_models_called_directly(
    engine: FaceEngine, faces_folder: Path, models_folder: Path
) -> None:
    for paths in people(faces_folder, count=8, step=97):
        image = decode_image(paths[0].read_bytes())
        made = engine.extract(image, largest_face=True)
        color = image.pixels if image.pixels.ndim == 3 else np.repeat(image.pixels[:, :, None], 3, axis=2)
        direct = direct_vector([models_folder / name for name in EMBEDDERS], color, made.detection.landmarks_px)
        assert float(made.template.vectors[0] @ direct) >= 0.9999


def test_mated_and_non_mated_photographs_keep_a_gap(engine: FaceEngine, faces_folder: Path) -> None:
    chosen = people(faces_folder, count=40, step=31)
    vectors = np.array(
        [
            [
                engine.extract(decode_image(path.read_bytes()), largest_face=True).template.vectors[0]
                for path in paths[:2]
            ]
            for paths in chosen
        ]
    )
    similarity = vectors[:, 0] @ vectors[:, 1].T
    mated, non_mated = np.diag(similarity), similarity[~np.eye(len(similarity), dtype=bool)]
    # Press photographs: some show bystanders or carry a wrong name, so medians and shares, not extremes.
    assert np.median(mated) > 0.55
    assert np.quantile(non_mated, 0.999) < 0.42
    assert np.mean(similarity.argmax(axis=1) == np.arange(len(similarity))) >= 0.95


def test_all_faces_of_the_sample_photograph_are_found_where_they_are(engine: FaceEngine, sample: Image) -> None:
    boxes = face_boxes(engine.detect(sample))
    assert len(boxes) == len(SAMPLE_BOXES)
    for box, expected in zip(boxes, SAMPLE_BOXES, strict=True):
        assert np.abs(np.subtract((box.x_px, box.y_px, box.width_px, box.height_px), expected)).max() <= 3
    with pytest.raises(SeveralFacesError):
        engine.extract(sample)


@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0, 4.0])
def test_the_same_faces_are_found_at_other_sizes(engine: FaceEngine, sample: Image, scale: float) -> None:
    resized = cv2.resize(sample.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = Image(resized, None, "")
    assert len(engine.detect(image)) == len(SAMPLE_BOXES)
    for number in (1, 4):
        before = engine.extract(sample, face_number=number).template.vectors[0]
        found = [engine.extract(image, face_number=other).template.vectors[0] for other in range(1, 7)]
        similarities = [float(before @ vector) for vector in found]
        assert max(similarities) > 0.65
        assert sorted(similarities)[-2] < 0.4


def test_small_tight_pictures_are_searched_too(engine: FaceEngine, faces_folder: Path) -> None:
    paths = sorted((faces_folder / "orl").glob("*/1.pgm"))
    assert len(paths) == 40
    for path in paths:
        assert len(engine.detect(decode_image(path.read_bytes()))) == 1


def test_quality_falls_with_what_makes_photographs_worse(engine: FaceEngine, faces_folder: Path) -> None:
    worse: dict[str, list[int]] = {"as it is": [], "blurred": [], "small": [], "dark": []}
    for paths in people(faces_folder, count=12, step=61):
        pixels = decode_image(paths[0].read_bytes()).pixels
        variants = {
            "as it is": pixels,
            "blurred": cv2.GaussianBlur(pixels, (0, 0), 3.5),
            "small": cv2.resize(pixels, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA),
            "dark": (pixels * 0.12).astype(np.uint8),
        }
        for name, variant in variants.items():
            worse[name].append(engine.extract(Image(variant, None, ""), largest_face=True).quality.score)
    medians = {name: float(np.median(scores)) for name, scores in worse.items()}
    assert medians["as it is"] >= 80
    assert max(medians["blurred"], medians["small"], medians["dark"]) <= 60


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_without_its_orientation_gives_the_same_template(
    engine: FaceEngine, faces_folder: Path, quarters: int
) -> None:
    for paths in people(faces_folder, count=8, step=83):
        upright = decode_image(paths[0].read_bytes()).pixels
        turned = Image(np.ascontiguousarray(np.rot90(upright, quarters)), None, "")
        expected = engine.extract(Image(upright, None, ""), largest_face=True).template.vectors[0]
        found = engine.extract(turned, largest_face=True).template.vectors[0]
        assert float(found @ expected) > 0.97


@pytest.mark.parametrize("long_side_px", [150, 600, 1800])
def test_a_face_that_fills_the_picture_gives_the_same_template(
    engine: FaceEngine, faces_folder: Path, long_side_px: int
) -> None:
    for paths in people(faces_folder, count=6, step=113):
        pixels = decode_image(paths[0].read_bytes()).pixels
        whole = engine.extract(Image(pixels, None, ""), largest_face=True)
        left, top, right, bottom = (max(0, round(float(value))) for value in whole.detection.box_px)
        tight = pixels[top:bottom, left:right]
        scale = long_side_px / max(tight.shape[:2])
        large = cv2.resize(tight, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        found = engine.extract(Image(large, None, "")).template.vectors[0]
        assert float(found @ whole.template.vectors[0]) > 0.8
