"""Dark ridges stay as they are, light ones are noticed where the image shows it, and asking costs little."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from matcher.fingerprint.minutiae import FingerprintExtraction, FingerprintExtractor
from matcher.samples import Image
from tests.unit.fingerprint.extraction_kit import agreement, extractor, image_of, leader_session, read_print

# A print of each set that has a background; the light of DB2 and DB4 falls off toward the corners.
ON_CLEAR_GROUND = [
    "fvc2002_db1_b/102_1",
    "fvc2002_db2_b/101_7",
    "fvc2002_db2_b/103_2",
    "fvc2002_db3_b/104_3",
    "fvc2002_db4_b/101_3",
    "fvc2002_db4_b/103_2",
    "fvc2004_db1_b/105_4",
]
ON_MIDDLE_GRAY = "fvc2004_db3_b/101_1"


def negative_of(image: Image) -> Image:
    return image_of(255 - image.pixels, image.ppi)


def piece_of(image: Image, side_px: int = 192) -> Image:
    """The middle of a print, without background. side_px: at 500 ppi."""
    rows, columns = np.nonzero(extractor().extract(image).foreground.mask)
    scale = (image.ppi or 500.0) / 500
    side = round(side_px * scale)
    left, top = (round((8 * cells.mean() + 4) * scale) - side // 2 for cells in (columns, rows))
    return image_of(image.pixels[top : top + side, left : left + side], image.ppi)


class WatchedSession:
    """Notes the pixel count of every run."""

    def __init__(self) -> None:
        self.input_names = leader_session().input_names
        self.output_names = leader_session().output_names
        self.input_shapes = leader_session().input_shapes
        self.pixel_counts: list[int] = []

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        self.pixel_counts.append(inputs["image"].size)
        return list(leader_session().run(inputs))


def watched(image: Image) -> tuple[FingerprintExtraction, list[int]]:
    session = WatchedSession()
    return FingerprintExtractor(session).extract(image), session.pixel_counts


@pytest.mark.parametrize("name", ON_CLEAR_GROUND)
def test_light_ridges_are_noticed_and_turned_dark(fingerprints_folder: Path, name: str) -> None:
    image = read_print(fingerprints_folder, name)
    dark, light = extractor().extract(image), extractor().extract(negative_of(image))
    assert not dark.is_negative
    assert light.is_negative
    assert agreement(dark.minutiae, light.minutiae) > 0.97


@pytest.mark.parametrize("name", [*ON_CLEAR_GROUND, ON_MIDDLE_GRAY])
def test_a_print_with_dark_ridges_on_a_ground_is_looked_at_once(fingerprints_folder: Path, name: str) -> None:
    found, pixel_counts = watched(read_print(fingerprints_folder, name))
    assert not found.is_negative
    assert len(pixel_counts) == 1


def test_the_network_sees_a_negative_too(fingerprints_folder: Path) -> None:
    """So that a polarity not noticed does little harm, as on this sensor, whose background is of middle gray."""
    image = read_print(fingerprints_folder, ON_MIDDLE_GRAY)
    dark, light = extractor().extract(image), extractor().extract(negative_of(image))
    assert agreement(dark.minutiae, light.minutiae, least_quality=0.6, most_px=6.0, most_deg=15.0) > 0.85


def test_light_that_falls_off_toward_the_corners_does_not_hide_the_polarity(fingerprints_folder: Path) -> None:
    pixels = read_print(fingerprints_folder, "fvc2002_db1_b/102_1").pixels
    y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
    uneven = (pixels * (1 - 0.25 * (x * x + y * y))).astype(np.uint8)
    assert not extractor().extract(image_of(uneven)).is_negative
    assert extractor().extract(image_of(255 - uneven)).is_negative


@pytest.mark.parametrize(
    "name",
    [
        "fvc2002_db1_b/104_7",
        "fvc2002_db3_b/110_1",
        "fvc2002_db4_b/108_7",
        "fvc2004_db1_b/101_3",
        "fvc2004_db1_b/106_1",
        "fvc2004_db3_b/105_2",
    ],
)
def test_dark_ridges_without_a_background_stay_dark(fingerprints_folder: Path, name: str) -> None:
    """Prints of which the network is unsure among them."""
    assert not extractor().extract(piece_of(read_print(fingerprints_folder, name))).is_negative


@pytest.mark.parametrize("name", ["fvc2002_db1_b/104_7", "fvc2002_db2_b/110_1", "fvc2004_db1_b/103_6"])
def test_without_a_background_the_network_tells_the_polarity(fingerprints_folder: Path, name: str) -> None:
    piece = piece_of(read_print(fingerprints_folder, name))
    dark, pixel_counts = watched(piece)
    assert not dark.is_negative
    whole, middle = pixel_counts
    assert middle < whole / 2
    light = extractor().extract(negative_of(piece))
    assert light.is_negative
    assert agreement(dark.minutiae, light.minutiae) > 0.97


def test_the_size_of_the_image_does_not_decide(fingerprints_folder: Path) -> None:
    image = read_print(fingerprints_folder, "fvc2002_db1_b/104_7")
    for side_px in range(192, 208, 3):
        piece = piece_of(image, side_px)
        assert not extractor().extract(piece).is_negative
        assert extractor().extract(negative_of(piece)).is_negative


@pytest.mark.parametrize("name", ["fvc2002_db1_b/102_1", "fvc2002_db4_b/101_3"])
def test_a_dark_frame_is_not_taken_for_light_ridges(fingerprints_folder: Path, name: str) -> None:
    """As of a print that was cut out and laid on black."""
    image = read_print(fingerprints_folder, name)
    height, width = image.pixels.shape
    mask = np.kron(extractor().extract(image).foreground.mask, np.ones((8, 8), dtype=bool))[:height, :width]
    assert not extractor().extract(image_of(np.where(mask, image.pixels, 0).astype(np.uint8))).is_negative
