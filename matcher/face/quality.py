"""How usable a face is, 0-100, and what to do about it.

The components are those of ISO/IEC 29794-5 that five points and the aligned crop can tell: inter-eye distance,
sharpness, exposure, dynamic range, pose, visibility of eyes and mouth. One is not in the standard: how long the
embedder's vector is before normalization. Networks trained with a softmax loss give short vectors to faces they
cannot tell apart (Meng et al., MagFace, CVPR 2021), and of all components it predicts non-matches best. This is not
OFIQ, and its numbers are not those of OFIQ.

Each component is a factor 0-1: the share of the similarity with the same person's other photographs that is left,
measured with face-open on 500 photographs of lfw_dev made small, blurred, dark, bright, flat or covered; for pose,
which cannot be drawn, it is an estimate. A reason is given where a factor is below REASON_FACTOR, and none with a score
of GOOD_SCORE and more: who holds the camera is not sent back for what costs nothing. Below POOR_SCORE there is always
one, the worst, also where many small things add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.align import CROP_PX
from matcher.samples import FaceDetection, Quality, Uint8Array

# measured value -> share of similarity left
EYE_DISTANCE_PX: Final = ((6.0, 8.0, 10.0, 14.0, 18.0, 30.0), (0.44, 0.64, 0.79, 0.94, 0.98, 1.0))
SHARPNESS: Final = ((-3.4, -2.83, -2.55, -2.2), (0.45, 0.70, 0.90, 1.0))
MEAN_LEVEL: Final = ((9.0, 20.0, 40.0, 66.0), (0.36, 0.86, 0.96, 1.0))
SATURATED_SHARE: Final = ((0.05, 0.33, 0.72, 0.85), (1.0, 0.92, 0.70, 0.45))
LEVEL_RANGE: Final = ((9.0, 17.0, 36.0, 60.0), (0.36, 0.70, 0.95, 1.0))
TURN_DEG: Final = ((25.0, 40.0, 55.0, 70.0), (1.0, 0.95, 0.85, 0.60))
TILT: Final = ((0.18, 0.24, 0.32), (1.0, 0.93, 0.80))
STRENGTH: Final = ((-1.4, -0.5, 0.1, 0.7, 1.3), (0.10, 0.45, 0.70, 0.90, 1.0))
COVERED_EYES_FACTOR: Final = 0.75
COVERED_MOUTH_FACTOR: Final = 0.60

# A factor below this is told as a reason; a short vector, which half of all good photographs have a little, later.
REASON_FACTOR: Final = 0.93
UNCLEAR_FACTOR: Final = 0.60
GOOD_SCORE, POOR_SCORE = 90, 75
# Position of the nose between eyes (0) and mouth (1) of a level face: median of lfw_dev.
LEVEL_NOSE_POSITION: Final = 0.526
# The nose stands out from the plane of the eyes by about half their distance.
NOSE_DEPTH: Final = 0.5
# Dark glasses: this share of the darker-than-cheek pixels in both eye boxes, whose median is this share of the cheek.
# Told of 135 of 10,175 photographs of lfw_dev (of the 40 surest, 33 or more wear dark glasses), and of 497 of 500 with
# drawn ones.
DARK_SHARE, DARK_LEVEL = 0.6, 0.40
# A cloth over the mouth has little of the face's edges. Told of 7 of 10,175 photographs of lfw_dev, and of 342 of 399
# onto which one of four real masks was warped.
MOUTH_EDGES: Final = 0.60

_ROWS, _COLUMNS = np.mgrid[:CROP_PX, :CROP_PX]
_FACE: Final = ((_COLUMNS - 56) / 36.0) ** 2 + ((_ROWS - 68) / 46.0) ** 2 < 1


@dataclass(frozen=True, slots=True)
class QualityComponent:
    """One factor 0-1 and the reason code that goes with it."""

    reason: str
    factor: float


def eye_distance_px(face: FaceDetection) -> float:
    """Pixels between the two eyes."""
    return float(np.linalg.norm(face.landmarks_px[1] - face.landmarks_px[0]))


def face_quality(
    face: FaceDetection, crop: Uint8Array, *, face_count: int = 1, strength: float | None = None
) -> Quality:
    """Score and reasons, worst first.

    crop: uint8 (112, 112, 3) BGR, aligned. face_count: faces in the picture; more than one is a reason that costs no
    points. strength: see matcher.face.embed.Embedding, None where the pack does not know it.
    """
    components = face_components(face, crop, strength=strength)
    score = 100.0 * float(np.prod([component.factor for component in components]))
    worst_first = sorted(components, key=lambda component: component.factor)
    reasons = [component.reason for component in worst_first if component.factor < _reason_factor(component)]
    if round(score) >= GOOD_SCORE:
        reasons = []
    elif round(score) < POOR_SCORE and not reasons:
        reasons = [worst_first[0].reason]
    if face_count > 1:
        reasons.append("face_several_people")
    # A short vector explains nothing to whoever holds the camera, so it is told only where nothing else was found.
    if len(reasons) > 1 and "face_unclear" in reasons:
        reasons.remove("face_unclear")
    return Quality(round(score), tuple(reasons))


def face_components(
    face: FaceDetection, crop: Uint8Array, *, strength: float | None = None
) -> tuple[QualityComponent, ...]:
    """Every component of one face; arguments as for face_quality."""
    gray = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    found = [
        QualityComponent("face_too_small", _factor(eye_distance_px(face), EYE_DISTANCE_PX)),
        *_light(gray),
        *_pose(face.landmarks_px),
        *_covered(gray),
    ]
    if strength is not None:
        found.append(QualityComponent("face_unclear", _factor(strength, STRENGTH)))
    return tuple(found)


def _reason_factor(component: QualityComponent) -> float:
    return UNCLEAR_FACTOR if component.reason == "face_unclear" else REASON_FACTOR


def _light(gray: Float32Array) -> list[QualityComponent]:
    face = gray[_FACE]
    low, high = np.percentile(face, (5, 95))
    return [
        QualityComponent("face_blurred", _factor(_sharpness(gray), SHARPNESS)),
        QualityComponent("face_too_dark", _factor(float(face.mean()), MEAN_LEVEL)),
        QualityComponent("face_too_bright", _factor(float((face > 245).mean()), SATURATED_SHARE)),
        QualityComponent("face_low_contrast", _factor(float(high - low), LEVEL_RANGE)),
    ]


def _sharpness(gray: Float32Array) -> float:
    """Natural logarithm of the mean step over two pixels of the 1-3 px band, over the contrast; of the two
    directions the lower, so that motion blur shows too."""
    fine = cv2.GaussianBlur(gray, (0, 0), 1.0)
    band = fine - cv2.GaussianBlur(gray, (0, 0), 3.0)
    across = np.abs(band[:, 2:] - band[:, :-2])[_FACE[:, 1:-1]].mean()
    down = np.abs(band[2:] - band[:-2])[_FACE[1:-1]].mean()
    return float(np.log(max(min(across, down), 1e-3) / (gray[_FACE].std() + 1.0)))


def _pose(landmarks_px: Float32Array) -> list[QualityComponent]:
    left_eye, right_eye, nose = landmarks_px[:3]
    eyes, mouth = (left_eye + right_eye) / 2, (landmarks_px[3] + landmarks_px[4]) / 2
    distance = max(float(np.linalg.norm(right_eye - left_eye)), 1e-3)
    along = (right_eye - left_eye) / distance
    down = np.array([-along[1], along[0]])
    turn_deg = float(np.degrees(np.arctan2((nose - eyes) @ along / distance, NOSE_DEPTH)))
    tilt = float((nose - eyes) @ down / max(float((mouth - eyes) @ down), 1e-3)) - LEVEL_NOSE_POSITION
    # A nose that moved to the viewer's right is a head turned to its own left.
    return [
        QualityComponent("face_turned_left" if turn_deg > 0 else "face_turned_right", _factor(abs(turn_deg), TURN_DEG)),
        QualityComponent("face_turned_down" if tilt > 0 else "face_turned_up", _factor(abs(tilt), TILT)),
    ]


def _covered(gray: Float32Array) -> list[QualityComponent]:
    eyes = [_box(gray, column, 52, 20, 14) for column in (38, 74)]
    cheeks = np.concatenate([_box(gray, column, 74, 14, 14).ravel() for column in (38, 74)])
    cheek = float(np.median(cheeks))
    dark_share = min(float((eye < 0.45 * cheek).mean()) for eye in eyes)
    level = max(float(np.median(eye)) for eye in eyes) / (cheek + 5.0)
    fine = cv2.GaussianBlur(gray, (0, 0), 1.0)
    edges = np.hypot(cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1))
    mouth_edges = float(_box(edges, 56, 92, 36, 16).mean()) / (float(edges[_FACE].mean()) + 1.0)
    has_dark_glasses = dark_share > DARK_SHARE and level < DARK_LEVEL
    has_mask = mouth_edges < MOUTH_EDGES
    return [
        QualityComponent("face_eyes_covered", COVERED_EYES_FACTOR if has_dark_glasses else 1.0),
        QualityComponent("face_mouth_covered", COVERED_MOUTH_FACTOR if has_mask else 1.0),
    ]


def _box(plane: Float32Array, column: int, row: int, width: int, height: int) -> Float32Array:
    return plane[row - height // 2 : row + height // 2, column - width // 2 : column + width // 2]


def _factor(value: float, table: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    return float(np.interp(value, table[0], table[1]))
