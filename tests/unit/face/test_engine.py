"""The face engine over every kind of adapter: same pictures, same boxes, same rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import cv2
import numpy as np
import pytest

from index.records import Modality
from matcher.errors import CanceledError, NoFaceError, QualityError, RequestError, SeveralFacesError
from matcher.extraction.engines import Engines
from matcher.face.align import align_face
from matcher.face.engine import FaceEngine, choose_face
from matcher.packs.session import OnnxSession
from matcher.samples import EncodedSample, FaceDetection, Image
from matcher.stages import Stages, check_stage
from tests.unit.face.tiny_models import embedder_model, expected_box, expected_points, picture


def test_boxes_and_points_lie_where_the_face_is(any_engine: FaceEngine) -> None:
    (face,) = any_engine.detect(picture((112, 96, 16)))
    np.testing.assert_allclose(face.box_px, expected_box(112, 96), atol=0.01)
    np.testing.assert_allclose(face.landmarks_px, expected_points(112, 96), atol=0.01)
    assert face.detection_score > 0.95


def test_points_come_back_in_pixels_of_a_large_picture(any_engine: FaceEngine) -> None:
    small = picture((160, 240, 16), height=640, width=480)
    large = Image(np.repeat(np.repeat(small.pixels, 3, axis=0), 3, axis=1), None, "")
    (face,) = any_engine.detect(large)
    np.testing.assert_allclose(face.landmarks_px, expected_points(160, 240) * 3, atol=0.1)


def test_a_face_too_small_for_the_first_look_is_found_by_the_closer_one(any_engine: FaceEngine) -> None:
    found = any_engine.detect(picture((2000, 1408, 16), height=1920, width=2560))
    assert len(found) == 1
    np.testing.assert_allclose(found[0].box_px, expected_box(2000, 1408), atol=8.1)


@pytest.mark.parametrize("use", ["extract", "extract_with_faces", "detect_faces"])
def test_looking_for_a_face_that_is_not_there_ends_when_nobody_waits(any_engine: FaceEngine, use: str) -> None:
    """At the next of the many runs of the detector, wherever that is."""
    image = Image(np.zeros((1920, 2560, 3), np.uint8), None, "")
    engines = Engines(any_engine, None, decode=lambda *_, **__: image)
    sample = EncodedSample(Modality.FACE, b"picture")

    def checks_until(last: int) -> int:
        """How often somebody asked whether the caller is there, who is not from the last time on."""
        asked = 0

        def check() -> None:
            nonlocal asked
            asked += 1
            if asked == last:
                raise CanceledError("the caller took the request back")

        with suppress(NoFaceError, CanceledError):
            getattr(engines, use)(sample, stages=Stages(check=check))
        return asked

    count = checks_until(0)
    assert count > 4
    assert [checks_until(last) for last in range(1, count)] == list(range(1, count))
    check_stage()  # and outside of a stage nobody is asked


def test_a_gray_picture_is_the_same_as_its_color_copy(any_engine: FaceEngine) -> None:
    color = picture((112, 96, 16))
    gray = Image(color.pixels[:, :, 0].copy(), None, "")
    vectors = [any_engine.extract(image).template.vectors for image in (color, gray)]
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_the_template_is_one_unit_vector_of_the_pack(any_engine: FaceEngine) -> None:
    made = any_engine.extract(picture((112, 96, 16)))
    assert made.template.vectors.shape == (1, any_engine.dim)
    assert made.template.pack_id == any_engine.pack_id
    assert np.linalg.norm(made.template.vectors) == pytest.approx(1, abs=1e-6)
    assert made.crop.shape == (112, 112, 3)


def test_nothing_is_lost_between_the_models_and_the_template(joined_engine: FaceEngine) -> None:
    image = picture((112, 96, 16), (160, 16, 48))
    image.pixels[:, :, 1] //= 2  # so that a wrong channel order shows
    made = joined_engine.extract(image, largest_face=True)
    crop = align_face(image.pixels, made.detection.landmarks_px)
    blob = ((crop[:, :, ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
    parts = [
        OnnxSession(model).run({"input": blob})[0][0]
        for model in (embedder_model(dim=24), embedder_model(dim=8, seed=1))
    ]
    direct = np.concatenate([part / np.linalg.norm(part) for part in parts]) / np.sqrt(2)
    assert float(made.template.vectors[0] @ direct) == pytest.approx(1, abs=1e-5)


def test_no_face_is_an_error_with_what_to_do(any_engine: FaceEngine) -> None:
    with pytest.raises(NoFaceError, match="send a photograph"):
        any_engine.extract(picture())
    with pytest.raises(NoFaceError):
        any_engine.extract(picture(), face_number=1)


def test_several_faces_are_numbered_and_one_can_be_chosen(any_engine: FaceEngine) -> None:
    image = picture((48, 96, 16), (176, 96, 16))
    with pytest.raises(SeveralFacesError) as caught:
        any_engine.extract(image)
    boxes = caught.value.boxes
    assert [box.number for box in boxes] == [1, 2]
    for box in boxes:
        made = any_engine.extract(image, face_number=box.number)
        chosen = made.detection
        assert made.face_number == box.number
        assert (box.x_px, box.width_px) == (round(float(chosen.box_px[0])), 64)
    assert {box.x_px for box in boxes} == {24, 152}
    largest = any_engine.extract(image, largest_face=True).detection
    np.testing.assert_array_equal(largest.box_px, any_engine.extract(image, face_number=1).detection.box_px)


@pytest.mark.parametrize("face_number", [3, -1])
def test_a_face_number_that_is_not_there_is_told(any_engine: FaceEngine, face_number: int) -> None:
    with pytest.raises(RequestError) as caught:
        any_engine.extract(picture((48, 96, 16), (176, 96, 16)), face_number=face_number)
    assert caught.value.field == "face_number"


def face(eye_distance_px: float, side_px: float) -> FaceDetection:
    points = np.array([[0, 0], [1, 0], [0.5, 0.6], [0.1, 1], [0.9, 1]], np.float32) * np.float32(eye_distance_px)
    return FaceDetection(np.array([0, 0, side_px, side_px], np.float32), points, 0.9)


def test_faces_too_small_to_use_neither_count_nor_serve() -> None:
    good, tiny = face(40, 100), face(4, 10)
    assert choose_face([good, tiny]) is good
    with pytest.raises(QualityError) as caught:
        choose_face([tiny])
    assert caught.value.reasons == ("face_too_small",)
    with pytest.raises(QualityError, match="4 px between the eyes"):
        choose_face([good, tiny], face_number=2)
    with pytest.raises(SeveralFacesError) as several:
        choose_face([good, face(30, 80), tiny])
    assert [box.width_px for box in several.value.boxes] == [100, 80, 10]


def test_threads_share_one_engine(any_engine: FaceEngine) -> None:
    images = [picture((16 * column, 96, 16)) for column in range(4, 12)]
    alone = [any_engine.extract(image).template.vectors for image in images]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            together = list(pool.map(lambda image: any_engine.extract(image).template.vectors, images))
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (33, 31), (5000, 40)])
def test_odd_sizes_are_searched_without_harm(any_engine: FaceEngine, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 40, (*size, 3), np.uint8)
    assert any_engine.detect(Image(noise, None, "")) == ()


def test_a_face_that_fills_the_picture_is_found_with_a_border(any_engine: FaceEngine) -> None:
    white = Image(np.full((96, 96, 3), 255, np.uint8), None, "")
    # Seen without a border every cell fires; what matters is that the answer lies in the picture.
    found = any_engine.detect(white)
    assert found
    assert all(
        cv2.pointPolygonTest(
            np.array([[0, 0], [96, 0], [96, 96], [0, 96]]),
            (float(each.landmarks_px[2, 0]), float(each.landmarks_px[2, 1])),
            True,
        )
        > -40
        for each in found
    )
