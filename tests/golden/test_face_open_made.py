"""face-open made from the publishers' own files, against the files in which the same networks were handed out before.

Templates of both must be one kind, or the people on record would be hidden from whoever installs the pack anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from index.arrays import Float32Array
from matcher.errors import PackDamagedError
from matcher.face.align import align_face
from matcher.face.engine import FaceEngine
from matcher.formats.decode import decode_image
from matcher.packs.session import OnnxSession
from matcher.packs.store import PackStore
from tests.unit.pack_server import serving

POINTS = "landmarks_regression_retail_0009.onnx"
EMBEDDERS = ("face_reidentification_retail_0095.onnx", "mobilefacenet_ms1m.onnx")
TOLERANCE = 1e-5
FACE_COUNT = 60


@pytest.fixture(scope="module")
def made(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> PackStore:
    """The pack, installed from a mirror of the official files in an empty folder."""
    files = {path.name: path.read_bytes() for path in (models_folder / "official").iterdir()}
    files["yunet_s_dynamic.onnx"] = (models_folder / "yunet_s_dynamic.onnx").read_bytes()
    store = PackStore(tmp_path_factory.mktemp("made"))
    with serving(files=files) as served:
        store.install("face-open", mirror=served.folder)
    return store


@pytest.fixture(scope="module")
def handed_out(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> PackStore:
    store = PackStore(tmp_path_factory.mktemp("handed-out"))
    store.install("face-open", from_folder=models_folder)
    return store


def output(model: Path, pictures: Float32Array) -> Float32Array:
    session = OnnxSession(model)
    batches = np.array_split(pictures, max(1, len(pictures) // 8))
    return np.concatenate([session.run({session.input_names[0]: batch})[0] for batch in batches])


@pytest.fixture(scope="module")
def photographed(made: PackStore, faces_folder: Path) -> tuple[Float32Array, Float32Array]:
    """Aligned faces of 60 people as the embedders are fed, (60, 3, 112, 112), and what the refiner is fed of them."""
    engine = FaceEngine.load(made.get("face-open"), made)
    folders = sorted(path for path in (faces_folder / "lfw_dev").iterdir() if path.is_dir())
    crops, small = [], []
    for folder in folders[:: len(folders) // (FACE_COUNT + 10)]:
        image = decode_image(min(folder.glob("*.jpg")).read_bytes())
        color = image.pixels if image.pixels.ndim == 3 else np.repeat(image.pixels[:, :, None], 3, axis=2)
        faces = engine.detect(image)
        if faces and len(crops) < FACE_COUNT:
            crop = align_face(color, faces[0].landmarks_px)
            crops.append((crop[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5)
            small.append(crop[32:80, 32:80].transpose(2, 0, 1).astype(np.float32))
    assert len(crops) == FACE_COUNT
    return np.stack(crops), np.stack(small)


def test_embeddings_and_similarities_are_those_of_the_files_handed_out_before(
    made: PackStore, handed_out: PackStore, photographed: tuple[Float32Array, Float32Array]
) -> None:
    noise = np.random.default_rng(15).uniform(-1, 1, (16, 3, 112, 112)).astype(np.float32)
    pictures = np.concatenate([photographed[0], noise])
    joined: list[list[Float32Array]] = [[], []]
    for name in EMBEDDERS:
        found, expected = (output(store.file("face-open", name), pictures) for store in (made, handed_out))
        assert np.abs(found - expected).max() <= TOLERANCE
        for vectors, of_one in ((found, joined[0]), (expected, joined[1])):
            of_one.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True) / np.float32(np.sqrt(2)))
    ours, theirs = (np.concatenate(of_one, axis=1)[:FACE_COUNT] for of_one in joined)
    # Old references against new probes as well: that is what a search of a standing record compares.
    for similarity in (ours @ ours.T, ours @ theirs.T):
        assert np.abs(similarity - theirs @ theirs.T).max() <= TOLERANCE


def test_points_are_those_of_the_file_handed_out_before(
    made: PackStore, handed_out: PackStore, photographed: tuple[Float32Array, Float32Array]
) -> None:
    noise = np.random.default_rng(16).uniform(0, 255, (16, 3, 48, 48)).astype(np.float32)
    pictures = np.concatenate([photographed[1], noise])
    found, expected = (output(store.file("face-open", POINTS), pictures) for store in (made, handed_out))
    assert np.abs(found - expected).max() <= TOLERANCE


@pytest.mark.parametrize(
    ("published", "name", "side"),
    [
        ("landmarks-regression-retail-0009.FP16.xml", POINTS, 48),
        ("face-reidentification-retail-0095.FP16.xml", EMBEDDERS[0], 112),
    ],
)
def test_networks_are_those_that_openvino_itself_reads(
    made: PackStore, models_folder: Path, published: str, name: str, side: int
) -> None:
    openvino: Any = pytest.importorskip("openvino", reason="openvino, the reference reader of its format, is not here")
    pixels = np.random.default_rng(17).uniform(0, 255, (4, 3, side, side)).astype(np.float32)
    model = made.file("face-open", name)
    core = openvino.Core()
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    reference = core.compile_model(str(models_folder / "official" / published), "CPU", hints)
    if side == 112:
        found = output(model, (pixels[:, ::-1] - 127.5) / 127.5)
        pixels = enlarged(pixels)
    else:
        found = output(model, pixels)
    expected = np.concatenate([reference(picture[None])[0].reshape(1, -1) for picture in pixels])
    if side == 112:  # what a template holds is the direction
        found, expected = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (found, expected))
    assert np.abs(found - expected).max() <= TOLERANCE


def enlarged(pixels: Float32Array) -> Float32Array:
    """112 to 128 px, bilinear."""
    return np.stack([cv2.resize(picture.transpose(1, 2, 0), (128, 128)).transpose(2, 0, 1) for picture in pixels])


def test_a_file_of_the_other_kind_is_not_taken_for_one_of_the_pack(made: PackStore, models_folder: Path) -> None:
    """The published MobileFaceNet has the same weights and wants other pixels: it must not pass for the made one."""
    made_path = made.file("face-open", "mobilefacenet_ms1m.onnx")
    kept = made_path.read_bytes()
    try:
        made_path.write_bytes((models_folder / "official" / "MobileFaceNet.onnx").read_bytes())
        with pytest.raises(PackDamagedError):
            made.file("face-open", "mobilefacenet_ms1m.onnx")
    finally:
        made_path.write_bytes(kept)
