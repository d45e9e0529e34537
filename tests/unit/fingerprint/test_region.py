"""The region of a sample: what lies outside is not looked at, and what is no region is refused by name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import print_conditions as conditions
from benchmarks.card_images import card_images
from matcher.errors import RegionError, SampleError
from matcher.fingerprint.comparison.compare import compare_many
from matcher.packs.store import PackStore
from matcher.scoring.calibration import Calibration
from tests.unit.fingerprint.extraction_kit import extractor, image_of, read_print
from tests.unit.fingerprint.ridge_pattern import ridge_pattern
from tests.unit.fingerprint.test_surroundings import ready


def square(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def scores_of(similarities: np.ndarray) -> list[float]:
    """The scores that an examiner would see."""
    table = PackStore(Path()).manifest("leader").calibration
    assert table is not None
    calibration = Calibration.from_table(table)
    return [calibration.score(float(similarity)).value for similarity in similarities]


def test_what_lies_outside_changes_nothing() -> None:
    pixels = ridge_pattern(side_px=400, minutia_count=20).pixels
    region = ((60.0, 80.0), (330.0, 60.0), (350.0, 320.0), (90.0, 340.0))
    inside = np.zeros(pixels.shape, np.uint8)
    cv2.fillPoly(inside, [np.array(region, np.int32)], 1)
    grown = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
    other = np.where(grown, pixels, conditions.text_page(np.random.default_rng(1), height_px=400, width_px=400))
    first, second = (extractor().extract(image_of(each), region_px=region) for each in (pixels, other))
    assert first.minutiae.to_bytes() == second.minutiae.to_bytes()
    assert first.quality == second.quality
    assert len(first.minutiae) > 3
    x, y = first.minutiae.x_px.astype(int), first.minutiae.y_px.astype(int)
    assert cv2.dilate(inside, np.ones((17, 17), np.uint8))[y, x].all()


@pytest.mark.parametrize("ppi", [333.0, 1000.0])
def test_a_region_counts_the_pixels_of_the_image_as_sent(ppi: float) -> None:
    pixels = ridge_pattern(side_px=400, minutia_count=20).pixels
    scaled = cv2.resize(pixels, None, fx=ppi / 500, fy=ppi / 500, interpolation=cv2.INTER_CUBIC)
    region = square(*(side * ppi / 500 for side in (60, 60, 250, 300)))
    minutiae = extractor().extract(image_of(scaled, ppi), region_px=region).minutiae
    assert len(minutiae) > 3
    assert minutiae.x_px.min() > 50
    assert minutiae.x_px.max() < 260
    assert minutiae.y_px.max() < 310


def test_a_latent_mark_on_its_lift_finds_its_mate_at_any_rotation(shared_folder: Path) -> None:
    """One pair, the only one at hand: it shows that the way is open, and measures nothing."""
    cards = list(card_images(shared_folder / "data" / "nist_itl" / "type-13-14-latent-match.an2"))
    lift = next(card.image for card in cards if card.record_type == 13)
    mate = ready(extractor().extract(next(card.image for card in cards if card.record_type == 14)).minutiae)
    fingers = shared_folder / "data" / "fingerprints"
    strangers = [
        ready(extractor().extract(read_print(fingers, f"{name}_b/{finger}_1")).minutiae)
        for name in ("fvc2002_db1", "fvc2002_db2", "fvc2004_db1")
        for finger in (101, 104, 107)
    ]
    corners = np.array(square(230, 150, 570, 580))
    for angle_deg in (0.0, 135.0):
        turn = cv2.getRotationMatrix2D((400, 384), angle_deg, 1.0)
        turn[:, 2] += 150
        turned = cv2.warpAffine(lift.pixels, turn, (1100, 1068), flags=cv2.INTER_CUBIC, borderValue=250)
        region = [tuple(point) for point in corners @ turn[:, :2].T + turn[:, 2]]
        found = ready(extractor().extract(image_of(turned), region_px=region).minutiae)
        assert scores_of(compare_many(found, [mate]))[0] > 60
        assert max(scores_of(compare_many(found, strangers))) < 30


@pytest.mark.parametrize(
    "region",
    [
        ((10, 10), (100, 100)),
        ((10, 10), (100, 10), (100, 401)),
        ((-2, 10), (100, 10), (100, 200)),
        ((float("nan"), 10), (100, 10), (100, 200)),
        square(10, 10, 60, 60),
        ((10, 10), (200, 200), (390, 390)),
        tuple((float(k % 300), float(k % 200)) for k in range(1001)),
    ],
)
def test_what_is_no_region_is_refused_by_name(region: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(RegionError, match="region"):
        extractor().extract(image_of(ridge_pattern(side_px=400).pixels), region_px=region)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 319), st.floats(0, 319)), min_size=3, max_size=8))
def test_any_polygon_gives_minutiae_within_it_or_a_named_error(corners: list[tuple[float, float]]) -> None:
    try:
        found = extractor().extract(image_of(ridge_pattern().pixels), region_px=corners)
    except SampleError:
        return
    inside = np.zeros((320, 320), np.uint8)
    cv2.fillPoly(inside, [np.rint(corners).astype(np.int32)], 1)
    near = cv2.dilate(inside, np.ones((19, 19), np.uint8))
    assert near[found.minutiae.y_px.astype(int), found.minutiae.x_px.astype(int)].all()
