"""From pixels to minutiae: right places and directions, whatever the image's rotation and resolution."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import (
    ImageTooLargeError,
    ImageTooSmallError,
    NoFingerprintError,
    QualityError,
    ResolutionError,
    SampleError,
    SessionError,
)
from matcher.fingerprint.minutia_set import KIND_ENDING
from matcher.fingerprint.minutiae import FingerprintExtractor
from matcher.fingerprint.network.build import GraphVariant
from tests.unit.fingerprint.extraction_kit import agreement, extractor, folder_of, image_of, read_print
from tests.unit.fingerprint.ridge_pattern import RidgePattern, ridge_pattern

PRINTS = ["generated/05-1", "fvc2002_db1_b/102_1", "fvc2002_db2_b/103_2", "fvc2002_db3_b/104_3", "fvc2004_db1_b/105_4"]


def errors_of(pattern: RidgePattern) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance in pixels, turn in degrees and type of the found minutia nearest to each drawn one."""
    found = extractor().extract(image_of(pattern.pixels)).minutiae
    distance = np.hypot(found.x_px[:, None] - pattern.x_px, found.y_px[:, None] - pattern.y_px)
    nearest = distance.argmin(axis=0)
    turn = found.direction_rad[nearest] - pattern.direction_rad
    turn = np.degrees(np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi))
    assert len(found) == len(pattern.x_px), "every minutia once, and nothing else"
    return distance.min(axis=0), turn, found.kind[nearest]


@pytest.mark.parametrize("slant_rad", [0.0, 0.7, 1.6, 2.6])
def test_drawn_minutiae_are_found_where_they_are(slant_rad: float) -> None:
    pattern = ridge_pattern(seed=int(10 * slant_rad), slant_rad=slant_rad)
    distance_px, turn_deg, kind = errors_of(pattern)
    assert distance_px.max() < 4
    assert turn_deg.max() < 12
    clear = pattern.type_certainty > 0.5
    np.testing.assert_array_equal(kind[clear] == KIND_ENDING, pattern.is_ending[clear])


@pytest.mark.parametrize("name", PRINTS[:2])
def test_positions_follow_movements_smaller_than_a_pixel(request: pytest.FixtureRequest, name: str) -> None:
    still = read_print(folder_of(request, name), name).pixels
    moved = cv2.warpAffine(still, np.array([[1, 0, 0.5], [0, 1, 0.25]]), still.shape[::-1], flags=cv2.INTER_CUBIC)
    first, second = (extractor().extract(image_of(pixels)).minutiae for pixels in (still, moved))
    shifts = []
    for x, y in zip(first.x_px[:30], first.y_px[:30], strict=True):
        nearest = np.hypot(second.x_px - x, second.y_px - y).argmin()
        shifts.append((second.x_px[nearest] - x, second.y_px[nearest] - y))
    np.testing.assert_allclose(np.median(shifts, axis=0), [0.5, 0.25], atol=0.15)


@pytest.mark.parametrize("name", PRINTS)
def test_the_variants_of_the_graph_find_the_same(request: pytest.FixtureRequest, name: str) -> None:
    image = read_print(folder_of(request, name), name)
    exact, whole, fast = (
        extractor(variant).extract(image).minutiae
        for variant in (GraphVariant.EXACT, GraphVariant.WHOLE, GraphVariant.FAST)
    )
    assert abs(len(whole) - len(exact)) <= 1
    # WHOLE only rounds differently; FAST has compact bottlenecks, which weak minutiae may notice.
    for first, second in ((whole, exact), (exact, whole)):
        assert agreement(first, second, least_quality=0.15, most_px=0.2, most_deg=0.2) == 1.0
    for first, second in ((fast, exact), (exact, fast)):
        assert agreement(first, second, least_quality=0.3, most_px=1.0, most_deg=3.0) >= 0.95


@pytest.mark.parametrize("name", PRINTS[:2])
@pytest.mark.parametrize("angle_deg", [30.0, 90.0, 200.0])
def test_rotation_turns_the_minutiae(request: pytest.FixtureRequest, angle_deg: float, name: str) -> None:
    image = read_print(folder_of(request, name), name)
    height, width = image.pixels.shape
    side = int(np.hypot(height, width))
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle_deg, 1.0)
    turn[:, 2] += [(side - width) / 2, (side - height) / 2]
    turned = cv2.warpAffine(image.pixels, turn, (side, side), flags=cv2.INTER_CUBIC, borderValue=254)
    before, after = extractor().extract(image).minutiae, extractor().extract(image_of(turned)).minutiae
    assert agreement(before, after, moved=turn, turned_rad=np.radians(angle_deg)) > 0.9


@pytest.mark.parametrize("name", PRINTS[:2])
@pytest.mark.parametrize("ppi", [250.0, 333.0, 700.0, 1200.0])
def test_resolution_does_not_matter_where_it_is_stated(request: pytest.FixtureRequest, ppi: float, name: str) -> None:
    image = read_print(folder_of(request, name), name)
    method = cv2.INTER_AREA if ppi < 500 else cv2.INTER_CUBIC
    scaled = cv2.resize(image.pixels, None, fx=ppi / 500, fy=ppi / 500, interpolation=method)
    before, after = extractor().extract(image).minutiae, extractor().extract(image_of(scaled, ppi)).minutiae
    assert (after.width_px, after.height_px) == pytest.approx((before.width_px, before.height_px), abs=2)
    assert agreement(before, after) > 0.95


def test_color_and_gray_are_the_same() -> None:
    pixels = ridge_pattern().pixels
    gray, color = (extractor().extract(image_of(p)) for p in (pixels, np.repeat(pixels[..., None], 3, axis=2)))
    assert gray.minutiae.to_bytes() == color.minutiae.to_bytes()


def test_the_foreground_covers_the_ridges_and_little_else() -> None:
    pattern = ridge_pattern()
    foreground = extractor().extract(image_of(pattern.pixels)).foreground
    rows, columns = (pattern.y_px / 8).astype(int), (pattern.x_px / 8).astype(int)
    assert foreground.mask[rows, columns].all()
    assert not foreground.mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    # The drawn ridges run with a slant of 0.3.
    middle = foreground.mask & (foreground.coherence > 0.8)
    turn = np.abs(np.mod(foreground.orientation_rad[middle] - 0.3 + np.pi / 2, np.pi) - np.pi / 2)
    assert np.median(turn) < 0.15


def blank(gray: int) -> np.ndarray:
    return np.full((300, 300), gray, dtype=np.uint8)


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (300, 300)).astype(np.uint8)


def blobs() -> np.ndarray:
    rough = np.random.default_rng(1).normal(0, 1, (300, 300))
    smooth = cv2.GaussianBlur(rough, (0, 0), 2) - cv2.GaussianBlur(rough, (0, 0), 4)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def stripes() -> np.ndarray:
    return np.tile((127 + 100 * np.cos(2 * np.pi * np.arange(300) / 9)).astype(np.uint8), (300, 1))


def writing() -> np.ndarray:
    page = blank(255)
    for line in range(12):
        cv2.putText(page, "0123456789 ABCDEF", (5, 22 + 24 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 2)
    return page


@pytest.mark.parametrize("picture", [blank(0), blank(200), noise(), blobs(), stripes(), writing()])
def test_what_is_no_print_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(NoFingerprintError):
        extractor().extract(image_of(picture))


def test_photographs_of_faces_are_refused(faces_folder: Path) -> None:
    files = (
        sorted((faces_folder / "orl").rglob("*.pgm"))[::40] + sorted((faces_folder / "lfw_dev").rglob("*.jpg"))[::900]
    )
    assert len(files) > 15
    for file in files:
        pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        with pytest.raises((NoFingerprintError, QualityError)):
            extractor().extract(image_of(cv2.resize(pixels, None, fx=2, fy=2)))


@pytest.mark.parametrize("ppi", [None, 0.0, -500.0, 249.0, 1201.0, float("nan"), float("inf")])
def test_resolutions_that_cannot_be_are_refused(ppi: float | None) -> None:
    with pytest.raises(ResolutionError):
        extractor().extract(image_of(ridge_pattern().pixels, ppi))


def test_sizes_that_cannot_be_are_refused() -> None:
    for shape in ((1, 1), (63, 300), (300, 63)):
        with pytest.raises(ImageTooSmallError):
            extractor().extract(image_of(np.zeros(shape, dtype=np.uint8)))
    with pytest.raises(ImageTooLargeError):
        extractor().extract(image_of(np.zeros((2100, 2000), dtype=np.uint8)))
    with pytest.raises(ImageTooLargeError):
        extractor().extract(image_of(np.zeros((1100, 1000), dtype=np.uint8), 250.0))
    with pytest.raises(ImageTooLargeError, match="more than one finger"):
        extractor().extract(image_of(np.tile(ridge_pattern(side_px=160, minutia_count=2).pixels, (8, 8))))


def test_a_small_print_on_a_large_sheet_is_found() -> None:
    pattern = ridge_pattern()
    sheet = np.full((1500, 1900), 250, dtype=np.uint8)
    sheet[400:720, 1203:1523] = pattern.pixels
    found = extractor().extract(image_of(sheet)).minutiae
    assert len(found) == len(pattern.x_px)
    distance_px = np.hypot(found.x_px[:, None] - pattern.x_px - 1203, found.y_px[:, None] - pattern.y_px - 400)
    assert distance_px.min(axis=0).max() < 4


@settings(max_examples=25, deadline=None)
@given(st.integers(64, 330), st.integers(64, 330), st.integers(0, 70), st.sampled_from([250.0, 400.0, 500.0, 569.0]))
def test_any_piece_of_a_print_gives_minutiae_within_it_or_a_named_error(
    width: int, height: int, offset: int, ppi: float
) -> None:
    piece = ridge_pattern(side_px=400, minutia_count=20).pixels[offset : offset + height, offset : offset + width]
    try:
        found = extractor().extract(image_of(piece, ppi))
    except SampleError:
        return
    assert found.minutiae.width_px == round(width * 500 / ppi)
    assert found.minutiae.height_px == round(height * 500 / ppi)
    assert found.foreground.mask.shape == (-(-found.minutiae.height_px // 8), -(-found.minutiae.width_px // 8))
    assert 0 <= found.quality.score <= 100


def test_threads_get_the_same_answers() -> None:
    images = [image_of(ridge_pattern(seed=seed).pixels) for seed in range(4)] * 2
    alone = [extractor().extract(image).minutiae.to_bytes() for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: extractor().extract(image).minutiae.to_bytes(), images))
    assert together == alone


def test_another_model_is_refused() -> None:
    class OtherSession:
        input_names = ("image",)
        output_names = ("vectors",)
        input_shapes = ((1, 1, None, None),)

        def run(self, inputs: object) -> list[np.ndarray]:
            return [np.zeros(3)]

    with pytest.raises(SessionError):
        FingerprintExtractor(OtherSession()).extract(image_of(ridge_pattern().pixels))
