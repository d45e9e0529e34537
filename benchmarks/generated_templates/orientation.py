"""Ridge orientation at points of many prints at once: the zero-pole model, evaluated where a minutia is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.singularities import CLASS_PROBABILITY, PatternClass

LOOP_COUNT = 2  # most singular points of each kind; absent ones weigh 0
CLASSES = tuple(CLASS_PROBABILITY)


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Orientation fields of n prints, pixels at 500 ppi around the print's center, y up.

    points: float32 (n, 4, 2), two loops and two deltas. weights: float32 (n, 4), 1 for a loop, -1 for a delta, 0 for
    none. correction: float32 (n, 4, 2), cosine and sine amplitude of the first harmonic, radians.
    arch_rise: float32 (n,), slope of the ridges of an arch; 0 for other classes.
    """

    points: NDArray[np.float32]
    weights: NDArray[np.float32]
    correction: NDArray[np.float32]
    arch_rise: NDArray[np.float32]


def draw_fields(rng: np.random.Generator, count: int) -> Fields:
    """Random fields; positions follow generated_prints.singularities."""
    kinds = rng.choice(len(CLASSES), count, p=np.array(list(CLASS_PROBABILITY.values())))
    points = np.zeros((count, 4, 2), np.float32)
    weights = np.zeros((count, 4), np.float32)
    core = rng.normal((0.0, 35.0), (14.0, 25.0), (count, 2))
    is_whorl = kinds == CLASSES.index(PatternClass.WHORL)
    is_arch = kinds == CLASSES.index(PatternClass.ARCH)
    is_tented = kinds == CLASSES.index(PatternClass.TENTED_ARCH)
    side = np.where(kinds == CLASSES.index(PatternClass.LEFT_LOOP), 1.0, -1.0)
    # Loops: one core, one delta below at its side; a tented arch has it straight below.
    points[:, 0] = core
    aside = np.where(is_tented, rng.normal(0, 5, count), side * rng.uniform(70, 125, count))
    below = np.where(is_tented, rng.uniform(55, 100, count), rng.uniform(95, 155, count))
    points[:, 2] = core + np.stack([aside, -below], axis=1)
    weights[:, 0], weights[:, 2] = 1, -1
    # Whorls: two loops, two deltas.
    gap, tilt = rng.uniform(14, 70, count), rng.normal(0, 0.4, count)
    half = np.stack([gap / 2 * np.sin(tilt), gap / 2 * np.cos(tilt)], axis=1)
    spread = rng.uniform((85, 70), (135, 125), (2, count, 2))
    points[is_whorl, 0] = (core + half)[is_whorl]
    points[is_whorl, 1] = (core - half)[is_whorl]
    for column, sign in ((2, -1.0), (3, 1.0)):
        placed = core + np.stack([sign * spread[column - 2, :, 0], -gap / 2 - spread[column - 2, :, 1]], axis=1)
        points[is_whorl, column] = placed[is_whorl]
    weights[is_whorl, 1], weights[is_whorl, 3] = 1, -1
    weights[is_arch] = 0
    correction = rng.normal(0, 0.15, (count, 4, 2)).astype(np.float32)
    correction[:, :2, 0] -= 0.28
    rise = np.where(is_arch, rng.uniform(0.7, 1.3, count), 0.0).astype(np.float32)
    return Fields(points, weights, correction, rise)


def orientations(fields: Fields, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Orientation at x, y: float32 (n, m), radians, any multiple of pi off; y up."""
    total = np.zeros_like(x)
    for column in range(4):
        used = np.flatnonzero(fields.weights[:, column])
        if not len(used):
            continue
        from_x = x[used] - fields.points[used, column, 0, None]
        from_y = y[used] - fields.points[used, column, 1, None]
        angle = np.arctan2(from_y, from_x)
        radius = np.sqrt(from_x * from_x + from_y * from_y) + np.float32(1e-3)
        amplitude = fields.correction[used, column, :, None]
        # The Vizcaya-Gerhardt correction cut to its first harmonic: cosine and sine of the angle cost a division.
        angle += amplitude[:, 0] * from_x / radius + amplitude[:, 1] * from_y / radius
        total[used] += fields.weights[used, column, None] * angle
    arches = np.flatnonzero(fields.arch_rise)
    if len(arches):
        rise = fields.arch_rise[arches, None] * np.exp(-((y[arches] / 120) ** 2)) + 0.18
        total[arches] = -2 * np.arctan(rise * np.sin(x[arches] / 125))
    return np.asarray(total / 2, np.float32)


def orientation_and_fan(
    fields: Fields, x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Orientation as orientations gives it, and how fast ridges fan out along that direction: float32 (n, m) each.

    The fan is the derivative of the orientation across the ridge, radians a pixel: positive where ridges diverge.
    """
    along = orientations(fields, x, y)
    step = np.float32(3.0)
    across_x, across_y = -step * np.sin(along), step * np.cos(along)
    turned = orientations(fields, x + across_x, y + across_y) - along
    # Orientations are known up to half turns.
    turned -= np.float32(np.pi) * np.round(turned / np.float32(np.pi))
    return along, turned / step
