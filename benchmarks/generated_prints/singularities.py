"""Where the loops and deltas of a generated finger lie, by pattern class."""

from dataclasses import dataclass
from enum import Enum

import numpy as np


class PatternClass(Enum):
    """The five Henry classes."""

    ARCH = "arch"
    TENTED_ARCH = "tented_arch"
    LEFT_LOOP = "left_loop"
    RIGHT_LOOP = "right_loop"
    WHORL = "whorl"


# Natural frequencies of the classes (C. Wilson, G. Candela, C. Watson: "Neural network fingerprint classification",
# 1994, on NIST data).
CLASS_PROBABILITY = {
    PatternClass.ARCH: 0.037,
    PatternClass.TENTED_ARCH: 0.029,
    PatternClass.LEFT_LOOP: 0.338,
    PatternClass.RIGHT_LOOP: 0.317,
    PatternClass.WHORL: 0.279,
}


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Singularities:
    """Loops and deltas in pixels of the master print at 500 ppi, each an (x, y) pair, y down."""

    pattern_class: PatternClass
    loops_px: tuple[Point, ...]
    deltas_px: tuple[Point, ...]


def draw_class(rng: np.random.Generator) -> PatternClass:
    """One class with its natural frequency."""
    classes = list(CLASS_PROBABILITY)
    return classes[int(rng.choice(len(classes), p=np.array(list(CLASS_PROBABILITY.values()))))]


def place_singularities(
    pattern_class: PatternClass, rng: np.random.Generator, *, width_px: int, height_px: int
) -> Singularities:
    """Random but plausible positions: distances of core and delta follow what prints at 500 ppi show."""
    center_x = float(width_px / 2 + rng.normal(0, 8))
    core_y = float(height_px * 0.42 + rng.normal(0, 12))
    if pattern_class is PatternClass.ARCH:
        return Singularities(pattern_class, (), ())
    if pattern_class is PatternClass.TENTED_ARCH:
        drop = rng.uniform(55, 100)
        loop = (center_x, core_y + 20)
        return Singularities(pattern_class, (loop,), ((center_x + rng.normal(0, 5), loop[1] + drop),))
    if pattern_class in (PatternClass.LEFT_LOOP, PatternClass.RIGHT_LOOP):
        # A left loop opens to the lower left, its delta lies at the lower right; a right loop is its mirror image.
        side = 1.0 if pattern_class is PatternClass.LEFT_LOOP else -1.0
        loop = (center_x + side * rng.uniform(-8, 14), core_y)
        delta = (loop[0] + side * rng.uniform(70, 125), loop[1] + rng.uniform(95, 155))
        return Singularities(pattern_class, (loop,), (delta,))
    return _whorl(center_x, core_y, rng)


def _whorl(center_x: float, core_y: float, rng: np.random.Generator) -> Singularities:
    # Plain whorl: the two loops close together, one above the other; twin loop: further apart and tilted.
    is_twin_loop = rng.random() < 0.3
    gap = rng.uniform(45, 75) if is_twin_loop else rng.uniform(14, 42)
    tilt = rng.uniform(-0.9, 0.9) if is_twin_loop else rng.normal(0, 0.25)
    half_x, half_y = gap / 2 * np.sin(tilt), gap / 2 * np.cos(tilt)
    loops = ((center_x - half_x, core_y - half_y), (center_x + half_x, core_y + half_y))
    base_y = core_y + gap / 2
    left = (center_x - rng.uniform(85, 135), base_y + rng.uniform(70, 125))
    right = (center_x + rng.uniform(85, 135), base_y + rng.uniform(70, 125))
    return Singularities(PatternClass.WHORL, loops, (left, right))
