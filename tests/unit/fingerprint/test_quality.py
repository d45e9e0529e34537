"""The quality score falls when a print gets worse, and the reason says why."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from matcher.errors import NoFingerprintError, QualityError
from matcher.samples import Quality
from matcher.texts import fingerprint_quality
from matcher.texts.fingerprint_quality import TEXTS
from tests.unit.fingerprint.extraction_kit import Pixels, extractor, folder_of, image_of, read_print
from tests.unit.fingerprint.ridge_pattern import ridge_pattern


@pytest.fixture(scope="module", params=["generated/05-1", "fvc2004_db1_b/104_1"])
def good(request: pytest.FixtureRequest) -> Pixels:
    return read_print(folder_of(request, request.param), request.param).pixels


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest) -> Pixels:
    """For faults that show in the pores and edges of real ridges, which generated ones have not."""
    return read_print(request.getfixturevalue("fingerprints_folder"), "fvc2004_db1_b/104_1").pixels


def quality_of(pixels: Pixels, ppi: float = 500.0) -> Quality:
    return extractor().extract(image_of(pixels, ppi)).quality


def test_a_good_print_has_a_good_score(good: Pixels) -> None:
    assert quality_of(good).score >= 70


def test_motion_is_smudged(real: Pixels) -> None:
    smear = cv2.filter2D(real, -1, np.eye(6, dtype=np.float32) / 6)
    made = quality_of(smear)
    assert made.score < quality_of(real).score - 8
    assert "smudged" in made.reasons


def test_speckle_is_dry(good: Pixels) -> None:
    random = np.random.default_rng(0)
    speckles = cv2.GaussianBlur(random.normal(0, 1, good.shape), (0, 0), 1.0)
    dry = np.where(speckles > 0.02, 250, good).astype(np.uint8)
    made = quality_of(dry)
    assert made.score < quality_of(good).score - 8
    assert made.reasons[0] == "too_dry"


def test_spread_ink_is_wet(real: Pixels) -> None:
    wet = cv2.erode(real, np.ones((4, 4), dtype=np.uint8))
    made = quality_of(wet)
    assert made.score < quality_of(real).score
    assert "too_wet" in made.reasons


def test_a_small_piece_is_small_and_cut_off(good: Pixels) -> None:
    height, width = good.shape
    piece = good[height // 2 - 60 : height // 2 + 60, width // 2 - 60 : width // 2 + 60]
    made = quality_of(piece)
    assert made.score < quality_of(good).score
    assert set(made.reasons) >= {"small_area", "partial"}


def test_faint_ridges_lack_contrast(good: Pixels) -> None:
    faint = (200 + (good.astype(np.float32) - 127) * 0.09).astype(np.uint8)
    assert "low_contrast" in quality_of(faint).reasons


@pytest.mark.parametrize("stated_ppi", [250.0, 290.0])
def test_ridges_too_far_apart_mean_a_wrong_ppi(stated_ppi: float) -> None:
    pixels = ridge_pattern(period_px=10.0).pixels
    assert quality_of(pixels, 500.0).score > 30
    with pytest.raises(QualityError) as raised:
        extractor().extract(image_of(pixels, stated_ppi))
    assert raised.value.reasons == ("wrong_ppi",)


def test_ridges_too_close_are_refused_too() -> None:
    with pytest.raises((QualityError, NoFingerprintError), match="ppi"):
        extractor().extract(image_of(ridge_pattern(side_px=400, period_px=8.0).pixels, 1100.0))


def test_an_unusual_distance_is_a_reason() -> None:
    assert "wrong_ppi" in quality_of(ridge_pattern(period_px=13.9).pixels).reasons


def test_every_reason_has_a_text_in_both_languages() -> None:
    constants = [getattr(fingerprint_quality, name) for name in dir(fingerprint_quality) if name.isupper()]
    codes = {constant for constant in constants if isinstance(constant, str)}
    assert codes == set(TEXTS)
    for vietnamese, english in TEXTS.values():
        assert vietnamese.endswith(".")
        assert english.endswith(".")
        assert vietnamese != english


def test_the_worst_prints_at_hand_are_judged_not_refused(fingerprints_folder: Path) -> None:
    for name in ("fvc2002_db3_b/110_3", "fvc2002_db4_b/110_4", "fvc2004_db1_b/110_8"):
        quality = extractor().extract(read_print(fingerprints_folder, name)).quality
        assert quality.score < 60, name
        assert quality.reasons, name
