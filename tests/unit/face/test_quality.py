"""Quality of drawn faces: each flaw is named, costs points, and more of it costs more."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.face.align import TEMPLATE_PX
from matcher.face.quality import GOOD_SCORE, POOR_SCORE, face_components, face_quality
from matcher.samples import FaceDetection, Uint8Array
from matcher.texts.face_quality import TEXTS


def drawn_face() -> Uint8Array:
    """A face on the template: skin with texture, dark pupils in light eyes, brows, nostrils, lips."""
    rng = np.random.default_rng(1)
    skin = 150 + 14 * cv2.GaussianBlur(rng.normal(size=(112, 112)).astype(np.float32), (0, 0), 1.2) * 3
    skin = skin + 25 * (np.mgrid[:112, :112][1] / 112 - 0.5)
    for x_px, y_px in TEMPLATE_PX[:2]:
        cv2.ellipse(skin, (int(x_px), int(y_px)), (9, 5), 0, 0, 360, 210, -1)
        cv2.circle(skin, (int(x_px), int(y_px)), 4, 40, -1)
        cv2.line(skin, (int(x_px) - 11, int(y_px) - 11), (int(x_px) + 11, int(y_px) - 12), 60, 3)
    cv2.ellipse(skin, (56, 92), (17, 6), 0, 0, 360, 95, -1)
    cv2.line(skin, (40, 92), (72, 92), 40, 2)
    for x_px in (51, 61):
        cv2.circle(skin, (x_px, 76), 2, 60, -1)
    return np.repeat(np.clip(skin, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def face(*, eye_distance_px: float = 60.0, nose: tuple[float, float] = (0.0, 0.0)) -> FaceDetection:
    """A level face; nose: shift of the nose in distances between the eyes."""
    points = np.array([[0, 0], [1, 0], [0.5, 0.579], [0.09, 1.1], [0.91, 1.1]], np.float32)
    points[2] += nose
    points *= np.float32(eye_distance_px)
    return FaceDetection(np.array([0, 0, 1, 1], np.float32), points, 0.9)


GOOD = drawn_face()


def covered(rows: slice, columns: slice, level: int) -> Uint8Array:
    crop = GOOD.copy()
    crop[rows, columns] = level
    return crop


def test_a_good_face_has_no_reason_and_nearly_all_points() -> None:
    quality = face_quality(face(), GOOD, strength=1.3)
    assert quality.reasons == ()
    assert quality.score >= 95


FLAWS: list[tuple[str, FaceDetection, Uint8Array]] = [
    ("face_too_small", face(eye_distance_px=9), GOOD),
    ("face_blurred", face(), cv2.GaussianBlur(GOOD, (0, 0), 5)),
    ("face_blurred", face(), cv2.blur(GOOD, (17, 1))),
    ("face_too_dark", face(), (GOOD * 0.1).astype(np.uint8)),
    ("face_too_bright", face(), np.clip(GOOD.astype(int) * 3, 0, 255).astype(np.uint8)),
    ("face_low_contrast", face(), (GOOD * 0.12 + 110).astype(np.uint8)),
    ("face_turned_left", face(nose=(0.6, 0)), GOOD),
    ("face_turned_right", face(nose=(-0.6, 0)), GOOD),
    ("face_turned_up", face(nose=(0, -0.32)), GOOD),
    ("face_turned_down", face(nose=(0, 0.32)), GOOD),
    ("face_eyes_covered", face(), covered(slice(43, 61), slice(24, 90), 25)),
    ("face_mouth_covered", face(), covered(slice(74, 112), slice(20, 92), 190)),
]


@pytest.mark.parametrize(("reason", "detection", "crop"), FLAWS)
def test_each_flaw_is_named_and_costs_points(reason: str, detection: FaceDetection, crop: Uint8Array) -> None:
    quality = face_quality(detection, crop)
    assert reason in quality.reasons
    assert quality.score < face_quality(face(), GOOD).score


@pytest.mark.parametrize(
    "worse",
    [
        lambda step: (face(eye_distance_px=40 - 5 * step), GOOD),
        lambda step: (face(), cv2.GaussianBlur(GOOD, (0, 0), 0.5 + step)),
        lambda step: (face(), (GOOD * (0.6 - 0.08 * step)).astype(np.uint8)),
        lambda step: (face(nose=(0.12 * step, 0)), GOOD),
    ],
)
def test_more_of_a_flaw_never_gives_more_points(worse: Callable[[int], tuple[FaceDetection, Uint8Array]]) -> None:
    scores = [face_quality(*worse(step)).score for step in range(7)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0]


def test_a_short_vector_is_told_only_where_nothing_else_explains_it() -> None:
    assert face_quality(face(), GOOD, strength=-0.6).reasons == ("face_unclear",)
    small = face_quality(face(eye_distance_px=9), GOOD, strength=-0.6)
    assert small.reasons == ("face_too_small",)
    assert small.score < face_quality(face(eye_distance_px=9), GOOD, strength=1.0).score


def test_several_people_are_told_and_cost_nothing() -> None:
    quality = face_quality(face(), GOOD, face_count=2)
    assert quality.reasons == ("face_several_people",)
    assert quality.score == face_quality(face(), GOOD).score


def test_reasons_come_worst_first() -> None:
    dark = (GOOD * 0.05).astype(np.uint8)
    detection = face(eye_distance_px=10)
    factors = {each.reason: each.factor for each in face_components(detection, dark)}
    reasons = face_quality(detection, dark).reasons
    assert {"face_too_dark", "face_too_small"} <= set(reasons)
    assert [factors[reason] for reason in reasons] == sorted(factors[reason] for reason in reasons)


@given(level=st.integers(0, 255), spread=st.integers(0, 255), eye_distance_px=st.floats(0.0, 1000))
def test_any_crop_has_a_score_from_0_to_100_and_known_reasons(level: int, spread: int, eye_distance_px: float) -> None:
    rng = np.random.default_rng(level)
    crop = np.clip(level + rng.integers(-spread, spread + 1, (112, 112, 3)), 0, 255).astype(np.uint8)
    quality = face_quality(face(eye_distance_px=eye_distance_px), crop, strength=1.0)
    assert 0 <= quality.score <= 100
    assert set(quality.reasons) <= set(TEXTS)


def test_every_reason_has_both_texts() -> None:
    reasons = {component.reason for _, detection, crop in FLAWS for component in face_components(detection, crop)}
    assert reasons | {"face_several_people", "face_unclear"} == set(TEXTS)
    for vietnamese, english in TEXTS.values():
        assert vietnamese
        assert english
        assert vietnamese != english


def test_reasons_follow_the_score() -> None:
    scores = []
    for sigma in np.linspace(0.1, 6.0, 60):
        quality = face_quality(face(), cv2.GaussianBlur(GOOD, (0, 0), sigma), strength=1.3)
        scores.append(quality.score)
        assert not (quality.score >= GOOD_SCORE and quality.reasons)
        assert quality.reasons or quality.score >= POOR_SCORE
    assert any(GOOD_SCORE <= score < 93 for score in scores)
    several = face_quality(face(), GOOD, strength=1.3, face_count=2)
    assert several.reasons == ("face_several_people",)


def test_many_small_flaws_are_told_by_the_worst() -> None:
    # 0.94 four times is 0.78 in all, and no one of them is below REASON_FACTOR.
    small = face_quality(face(eye_distance_px=14.0, nose=(0.45, 0.19)), GOOD, strength=0.5)
    assert small.score < POOR_SCORE
    assert small.reasons
