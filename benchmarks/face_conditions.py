"""Photographs of faces made worse: covered by masks and dark glasses, blurred, small, dark, flat.

Drawn onto the whole photograph, before anything looks for a face in it, as a camera would have seen it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.samples import FaceDetection

Uint8Array = NDArray[np.uint8]
Draw = Callable[[Uint8Array, FaceDetection], Uint8Array]

# In distances between the eyes from the point between them: across to the viewer's right, and down.
_MASK = ((-0.95, 0.50), (-0.45, 0.42), (0.0, 0.30), (0.45, 0.42), (0.95, 0.50), (0.85, 1.30), (0.45, 1.80), (0.0, 1.95))
_MASK += ((-0.45, 1.80), (-0.85, 1.30))
_LOWER_HALF = ((-1.2, 0.45), (1.2, 0.45), (1.2, 2.2), (-1.2, 2.2))
_BAR = ((-1.0, -0.30), (1.0, -0.30), (1.0, 0.30), (-1.0, 0.30))
_CAP = ((-1.3, -1.6), (1.3, -1.6), (1.3, -0.42), (-1.3, -0.42))
_BRIDGE = ((-0.6, -0.08), (0.6, -0.08), (0.6, 0.04), (-0.6, 0.04))
_LENS = (0.38, 0.30)


@dataclass(frozen=True, slots=True)
class Condition:
    """kind: what it does to a face; style: which way of it. draw: the changed copy of a photograph."""

    kind: str
    style: str
    draw: Draw

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.style}" if self.style else self.kind


def _in_pixels(face: FaceDetection, shape: tuple[tuple[float, float], ...]) -> NDArray[np.float32]:
    left, right = face.landmarks_px[:2].astype(np.float64)
    along = right - left
    down = np.array([-along[1], along[0]])
    return np.array([(left + right) / 2 + across * along + below * down for across, below in shape], np.float32)


def _area(pixels: Uint8Array, face: FaceDetection, shape: tuple[tuple[float, float], ...]) -> NDArray[np.float32]:
    """1 where the shape covers the photograph, its edge a little soft; float32 (height, width)."""
    area = np.zeros(pixels.shape[:2], np.float32)
    cv2.fillPoly(area, [np.round(_in_pixels(face, shape)).astype(np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(area, (0, 0), 0.8), np.float32)


def _glasses(pixels: Uint8Array, face: FaceDetection) -> NDArray[np.float32]:
    area = _area(pixels, face, _BRIDGE)
    left, right = face.landmarks_px[:2].astype(np.float64)
    along = right - left
    distance = float(np.linalg.norm(along))
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    for eye in (left, right):
        size = tuple(max(round(2 * part * distance), 2) for part in _LENS)
        box = ((float(eye[0]), float(eye[1])), size, angle)
        lens = np.zeros_like(area)
        cv2.ellipse(lens, box, 1.0, -1)
        area = np.maximum(area, cv2.GaussianBlur(lens, (0, 0), 0.8))
    return area


def _laid_over(pixels: Uint8Array, area: NDArray[np.float32], cover: NDArray[np.float32] | float) -> Uint8Array:
    """cover: level 0-255, or a picture of the photograph's size."""
    if pixels.ndim == 3:
        area = area[..., None]
        if isinstance(cover, np.ndarray) and cover.ndim == 2:
            cover = cover[..., None]
    return np.asarray(np.clip(pixels * (1 - area) + cover * area, 0, 255), np.uint8)


def _flat(shape: tuple[tuple[float, float], ...], level: float) -> Draw:
    return lambda pixels, face: _laid_over(pixels, _area(pixels, face, shape), level)


def _skin(shape: tuple[tuple[float, float], ...]) -> Draw:
    """In the mean level of what it covers."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        area = _area(pixels, face, shape)
        return _laid_over(pixels, area, float((pixels[area > 0.5]).mean()))

    return draw


def _cloth(shape: tuple[tuple[float, float], ...]) -> Draw:
    """With folds and a pattern, the same on everybody, that turns and grows with the face."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        left, right = face.landmarks_px[:2].astype(np.float64)
        along = (right - left) / max(float(np.linalg.norm(right - left)), 1e-3)
        rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
        across = ((columns - left[0]) * along[0] + (rows - left[1]) * along[1]) / np.linalg.norm(right - left)
        below = (-(columns - left[0]) * along[1] + (rows - left[1]) * along[0]) / np.linalg.norm(right - left)
        cloth = 150 + 35 * np.sin(11 * below + 1.5 * np.cos(3 * across)) + 20 * np.sin(17 * across)
        return _laid_over(pixels, _area(pixels, face, shape), cloth.astype(np.float32))

    return draw


def _dark_glasses(level: float, share: float = 1.0) -> Draw:
    """share: of the light that the lenses take away."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        return _laid_over(pixels, share * _glasses(pixels, face), level)

    return draw


def _blurred(shape: tuple[tuple[float, float], ...]) -> Draw:
    """What a press photograph does to the eyes of whoever is not to be known."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        distance = float(np.linalg.norm(face.landmarks_px[1] - face.landmarks_px[0]))
        soft = cv2.GaussianBlur(pixels, (0, 0), max(distance / 4, 1.0)).astype(np.float32)
        return _laid_over(pixels, _area(pixels, face, shape), soft)

    return draw


def _after(*draws: Draw) -> Draw:
    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        for one in draws:
            pixels = one(pixels, face)
        return pixels

    return draw


def _smaller(share: float) -> Draw:
    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        size = (max(round(pixels.shape[1] * share), 8), max(round(pixels.shape[0] * share), 8))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)

    return draw


def _soft(share: float) -> Draw:
    """Blurred by this share of the distance between the eyes."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        distance = float(np.linalg.norm(face.landmarks_px[1] - face.landmarks_px[0]))
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), max(share * distance, 0.3)), np.uint8)

    return draw


def _levels(factor: float, base: float, noise: float) -> Draw:
    """Darker or flatter, with the noise of a sensor; the same noise for the same photograph."""

    def draw(pixels: Uint8Array, face: FaceDetection) -> Uint8Array:
        del face
        grains = np.random.default_rng(int(pixels.sum()) % 2**32).normal(0, noise, pixels.shape)
        return np.asarray(np.clip(pixels * factor + base + grains, 0, 255), np.uint8)

    return draw


OPEN = Condition("open", "", lambda pixels, face: pixels)
COVERED = (
    Condition("mouth covered", "white mask", _flat(_MASK, 225)),
    Condition("mouth covered", "gray mask", _flat(_MASK, 140)),
    Condition("mouth covered", "black mask", _flat(_MASK, 25)),
    Condition("mouth covered", "patterned mask", _cloth(_MASK)),
    Condition("mouth covered", "scarf", _skin(_LOWER_HALF)),
    Condition("mouth covered", "black lower half", _flat(_LOWER_HALF, 5)),
    Condition("eyes covered", "dark glasses", _dark_glasses(20)),
    Condition("eyes covered", "tinted glasses", _dark_glasses(30, 0.75)),
    Condition("eyes covered", "black bar", _flat(_BAR, 0)),
    Condition("eyes covered", "gray bar", _skin(_BAR)),
    Condition("eyes covered", "white bar", _flat(_BAR, 240)),
    Condition("eyes covered", "blurred bar", _blurred(_BAR)),
    Condition("eyes and mouth covered", "glasses and mask", _after(_flat(_MASK, 140), _dark_glasses(20))),
    Condition("brow covered", "cap", _flat(_CAP, 40)),
)
WORSE = (
    Condition("blurred", "slightly", _soft(0.08)),
    Condition("blurred", "much", _soft(0.16)),
    Condition("small", "a third", _smaller(1 / 3)),
    Condition("small", "a fifth", _smaller(1 / 5)),
    Condition("dark", "", _levels(0.12, 0.0, 2.0)),
    Condition("flat and bright", "", _levels(0.25, 180.0, 2.0)),
)
