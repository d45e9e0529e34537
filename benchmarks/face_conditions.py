"""Photographs of faces made worse: covered by masks and dark glasses, blurred, small, dark, flat.

Drawn onto the whole photograph, before anything looks for a face in it, as a camera would have seen it. Everybody gets
the very same, as strangers of one ward or one gang do, which is the worst case; with a generator each a little other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.samples import FaceDetection

Uint8Array = NDArray[np.uint8]
Float32Array = NDArray[np.float32]
Shape = tuple[tuple[float, float], ...]

# In distances between the eyes from the point between them: across to the viewer's right, and down.
_MASK: Shape = (
    *((-0.95, 0.50), (-0.45, 0.42), (0.0, 0.30), (0.45, 0.42), (0.95, 0.50)),
    *((0.85, 1.30), (0.45, 1.80), (0.0, 1.95), (-0.45, 1.80), (-0.85, 1.30)),
)
_LOWER_HALF: Shape = ((-1.2, 0.45), (1.2, 0.45), (1.2, 2.2), (-1.2, 2.2))
_BAR: Shape = ((-1.0, -0.30), (1.0, -0.30), (1.0, 0.30), (-1.0, 0.30))
_CAP: Shape = ((-1.3, -1.6), (1.3, -1.6), (1.3, -0.42), (-1.3, -0.42))
_HAND: Shape = ((-0.7, 0.75), (0.1, 0.65), (0.75, 0.8), (0.8, 1.15), (0.4, 1.5), (-0.6, 1.45), (-0.85, 1.1))
_BRIDGE: Shape = ((-0.6, -0.08), (0.6, -0.08), (0.6, 0.04), (-0.6, 0.04))
_LENS = (0.38, 0.30)
# How far a generator changes sizes, places (in distances between the eyes) and levels (0-255).
_SIZE_CHANGE, _PLACE_CHANGE, _LEVEL_CHANGE = 0.2, 0.08, 25.0


@dataclass(frozen=True, slots=True)
class _Photograph:
    """What a condition draws on. size, place, level: as a generator drew them, else (1, 1), (0, 0) and 0."""

    pixels: Uint8Array
    face: FaceDetection
    size: tuple[float, float]
    place: tuple[float, float]
    level: float

    @property
    def eyes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        left, right = self.face.landmarks_px[:2].astype(np.float64)
        return left, right

    @property
    def eye_distance_px(self) -> float:
        left, right = self.eyes
        return max(float(np.linalg.norm(right - left)), 1.0)

    def area(self, shape: Shape) -> Float32Array:
        """1 where the shape covers the photograph, its edge a little soft; float32 (height, width)."""
        left, right = self.eyes
        along = right - left
        down = np.array([-along[1], along[0]])
        middle = (left + right) / 2
        center = np.mean(np.array(shape), axis=0)
        corners = [
            middle
            + (center[0] + (across - center[0]) * self.size[0] + self.place[0]) * along
            + (center[1] + (below - center[1]) * self.size[1] + self.place[1]) * down
            for across, below in shape
        ]
        area = np.zeros(self.pixels.shape[:2], np.float32)
        cv2.fillPoly(area, [np.round(corners).astype(np.int32)], 1.0)
        return np.asarray(cv2.GaussianBlur(area, (0, 0), 0.8), np.float32)

    def covered(self, area: Float32Array, cover: Float32Array | float) -> Uint8Array:
        """cover: level 0-255, or a picture of the photograph's size."""
        share = area if self.pixels.ndim == 2 else area[..., None]
        if isinstance(cover, np.ndarray) and cover.ndim < self.pixels.ndim:
            cover = cover[..., None]
        return np.asarray(np.clip(self.pixels * (1 - share) + (cover + self.level) * share, 0, 255), np.uint8)


_Draw = Callable[[_Photograph], Uint8Array]


@dataclass(frozen=True, slots=True)
class Condition:
    """kind: what it does to a face; style: which way of it."""

    kind: str
    style: str
    draws: tuple[_Draw, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.style}" if self.style else self.kind

    def on(self, pixels: Uint8Array, face: FaceDetection, rng: np.random.Generator | None = None) -> Uint8Array:
        """The changed copy of a photograph, uint8 of the same shape. rng: draws size, place and level."""
        for draw in self.draws:
            size, place, level = (1.0, 1.0), (0.0, 0.0), 0.0
            if rng is not None:
                size = tuple((1 + rng.uniform(-_SIZE_CHANGE, _SIZE_CHANGE, 2)).tolist())
                place = tuple(rng.uniform(-_PLACE_CHANGE, _PLACE_CHANGE, 2).tolist())
                level = float(rng.uniform(-_LEVEL_CHANGE, _LEVEL_CHANGE))
            pixels = draw(_Photograph(pixels, face, size, place, level))
        return pixels


def _flat(shape: Shape, level: float) -> _Draw:
    return lambda photograph: photograph.covered(photograph.area(shape), level)


def _skin(shape: Shape) -> _Draw:
    """In the mean level of what it covers."""

    def draw(photograph: _Photograph) -> Uint8Array:
        area = photograph.area(shape)
        inside = photograph.pixels[area > 0.5]
        return photograph.covered(area, float(inside.mean()) if inside.size else 128.0)

    return draw


def _cloth(shape: Shape, down: float, across: float) -> _Draw:
    """With folds and a pattern that turns and grows with the face: waves per distance between the eyes."""

    def draw(photograph: _Photograph) -> Uint8Array:
        left, right = photograph.eyes
        along = (right - left) / photograph.eye_distance_px**2
        rows, columns = np.mgrid[: photograph.pixels.shape[0], : photograph.pixels.shape[1]].astype(np.float32)
        beside = (columns - left[0]) * along[0] + (rows - left[1]) * along[1]
        below = (rows - left[1]) * along[0] - (columns - left[0]) * along[1]
        waves = 35 * np.sin(down * photograph.size[1] * below + 1.5 * np.cos(3 * beside))
        cloth = 150 + waves + 20 * np.sin(across * photograph.size[0] * beside)
        return photograph.covered(photograph.area(shape), cloth.astype(np.float32))

    return draw


def _glasses(level: float, share: float = 1.0, size: float = 1.0) -> _Draw:
    """share: of the light that the lenses take away."""

    def draw(photograph: _Photograph) -> Uint8Array:
        area = photograph.area(_BRIDGE)
        left, right = photograph.eyes
        along = right - left
        angle = float(np.degrees(np.arctan2(along[1], along[0])))
        for eye in (left, right):
            sides = [
                max(round(2 * part * size * grown * photograph.eye_distance_px), 2)
                for part, grown in zip(_LENS, photograph.size, strict=True)
            ]
            lens = np.zeros_like(area)
            cv2.ellipse(lens, ((float(eye[0]), float(eye[1])), (sides[0], sides[1]), angle), 1.0, -1)
            area = np.maximum(area, cv2.GaussianBlur(lens, (0, 0), 0.8))
        return photograph.covered((share * area).astype(np.float32), level)

    return draw


def _smeared(shape: Shape) -> _Draw:
    """What a newspaper does to the eyes of whoever is not to be known."""

    def draw(photograph: _Photograph) -> Uint8Array:
        soft = cv2.GaussianBlur(photograph.pixels, (0, 0), photograph.eye_distance_px / 4).astype(np.float32)
        return photograph.covered(photograph.area(shape), soft)

    return draw


def _soft(share: float) -> _Draw:
    """Blurred by this share of the distance between the eyes."""

    def draw(photograph: _Photograph) -> Uint8Array:
        sigma = share * photograph.size[0] * photograph.eye_distance_px
        return np.asarray(cv2.GaussianBlur(photograph.pixels, (0, 0), max(sigma, 0.3)), np.uint8)

    return draw


def _moved(share: float) -> _Draw:
    """Moved sideways while it was taken, by this share of the distance between the eyes."""

    def draw(photograph: _Photograph) -> Uint8Array:
        width = max(round(share * photograph.size[0] * photograph.eye_distance_px), 1)
        return np.asarray(cv2.blur(photograph.pixels, (width, 1)), np.uint8)

    return draw


def _smaller(share: float) -> _Draw:
    def draw(photograph: _Photograph) -> Uint8Array:
        height, width = photograph.pixels.shape[:2]
        shrunk = share * photograph.size[0]
        size = (max(round(width * shrunk), 8), max(round(height * shrunk), 8))
        small = cv2.resize(photograph.pixels, size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)

    return draw


def _levels(factor: float, base: float, noise: float) -> _Draw:
    """Darker or flatter, with the noise of a sensor; the same noise for the same photograph."""

    def draw(photograph: _Photograph) -> Uint8Array:
        pixels = photograph.pixels
        grains = np.random.default_rng(int(pixels.sum())).normal(0, noise, pixels.shape[:2])
        grains = grains if pixels.ndim == 2 else grains[..., None]
        return np.asarray(np.clip(pixels * factor * photograph.size[0] + base + grains, 0, 255), np.uint8)

    return draw


OPEN = Condition("as they are", "", ())
KNOWN = (
    Condition("mouth covered", "white mask", (_flat(_MASK, 225),)),
    Condition("mouth covered", "gray mask", (_flat(_MASK, 140),)),
    Condition("mouth covered", "black mask", (_flat(_MASK, 25),)),
    Condition("mouth covered", "patterned mask", (_cloth(_MASK, 11, 17),)),
    Condition("mouth covered", "checked mask", (_cloth(_MASK, 5, 31),)),
    Condition("mouth covered", "scarf", (_skin(_LOWER_HALF),)),
    Condition("mouth covered", "striped scarf", (_cloth(_LOWER_HALF, 19, 3),)),
    Condition("mouth covered", "hand", (_skin(_HAND),)),
    Condition("mouth covered", "black lower half", (_flat(_LOWER_HALF, 5),)),
    Condition("eyes covered", "dark glasses", (_glasses(20),)),
    Condition("eyes covered", "tinted glasses", (_glasses(30, 0.75),)),
    Condition("eyes covered", "black bar", (_flat(_BAR, 0),)),
    Condition("eyes covered", "gray bar", (_skin(_BAR),)),
    Condition("eyes covered", "white bar", (_flat(_BAR, 240),)),
    Condition("eyes covered", "smeared bar", (_smeared(_BAR),)),
    Condition("eyes and mouth covered", "glasses and mask", (_flat(_MASK, 140), _glasses(20))),
    Condition("brow covered", "cap", (_flat(_CAP, 40),)),
    Condition("blurred", "slightly", (_soft(0.08),)),
    Condition("blurred", "much", (_soft(0.16),)),
    Condition("blurred", "moved", (_moved(0.3),)),
    Condition("small", "a fifth", (_smaller(1 / 5),)),
    Condition("small", "an eighth", (_smaller(1 / 8),)),
    Condition("dark", "", (_levels(0.12, 0.0, 2.0),)),
    Condition("flat and bright", "", (_levels(0.25, 180.0, 2.0),)),
)
"""What `python -m training.conditions` learns the directions from, on other people than the figures are of."""
UNKNOWN = (
    Condition("mouth covered", "upright stripes", (_cloth(_LOWER_HALF, 2, 25),)),
    Condition("mouth covered", "smeared", (_smeared(_LOWER_HALF),)),
    Condition("eyes covered", "patterned bar", (_cloth(_BAR, 13, 9),)),
    Condition("eyes covered", "large glasses", (_glasses(35, 0.92, 1.25),)),
    Condition("eyes covered", "white bar and cap", (_flat(_BAR, 235), _flat(_CAP, 90))),
    Condition("small", "a third", (_smaller(1 / 3),)),
    Condition("dark", "and grainy", (_levels(0.2, 0.0, 5.0),)),
)
"""What they were not learned from."""
