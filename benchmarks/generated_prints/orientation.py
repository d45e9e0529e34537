"""Ridge orientation from the singular points: the zero-pole model with a piecewise linear correction.

B. Sherlock and D. Monro: "A model for interpreting fingerprint topology", Pattern Recognition 26 (1993): half the sum
of the angles to the loops minus those to the deltas. P. Vizcaya and L. Gerhardt: "A nonlinear orientation model for
global description of fingerprints", Pattern Recognition 29 (1996): each angle passes through its own piecewise linear
function, so that two fingers with the same singular points still differ and ridges arch as skin does.
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.noise import smooth_noise
from benchmarks.generated_prints.singularities import PatternClass, Singularities

CORRECTION_POINTS = 8  # knots of the piecewise linear function over the full circle
CORRECTION_SPREAD_RAD = 0.16  # standard deviation of each knot
# Zero-pole ridges run too flat beside the core; raising the angle on one flank and lowering it on the other (odd in
# the horizontal direction) makes them as steep as skin shows. Chosen by eye.
FLANK_STEEPNESS_RAD = 0.6
# Above a single loop, the one delta at its side tilts all ridges one way; half of that is taken back.
CREST_BALANCE_RAD = 0.25
# Ridges waver around the model: standard deviation, and the distance over which it varies.
WAVER_RAD, WAVER_PX = 0.085, 50.0


def orientation_map(
    singularities: Singularities, rng: np.random.Generator, *, width_px: int, height_px: int
) -> NDArray[np.float32]:
    """Ridge orientation, float32 (height, width), radians in [0, pi), counterclockwise from the x axis, y up."""
    x, y = np.meshgrid(np.arange(width_px, dtype=np.float32), np.arange(height_px, dtype=np.float32))
    if singularities.pattern_class is PatternClass.ARCH:
        angle = _arch(x, y, rng)
    else:
        angle = _zero_pole(singularities, x, y, rng)
    angle += WAVER_RAD * smooth_noise(rng, x.shape, scale_px=WAVER_PX)
    return np.mod(angle, np.pi).astype(np.float32)


def _zero_pole(
    singularities: Singularities, x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    angle = np.zeros_like(x)
    balance = CREST_BALANCE_RAD * _SIDE.get(singularities.pattern_class, 0.0)
    for loop in singularities.loops_px:
        angle += _corrected(np.arctan2(loop[1] - y, x - loop[0]), _knots(rng, FLANK_STEEPNESS_RAD, balance))
    for delta in singularities.deltas_px:
        angle -= _corrected(np.arctan2(delta[1] - y, x - delta[0]), _knots(rng, 0.0, 0.0))
    return angle / 2


_SIDE = {PatternClass.LEFT_LOOP: 1.0, PatternClass.RIGHT_LOOP: -1.0}


def _knots(rng: np.random.Generator, steepness_rad: float, balance_rad: float) -> NDArray[np.float64]:
    """Corrections at CORRECTION_POINTS + 1 equally spaced angles from -pi to pi; first and last are equal."""
    centers = np.linspace(-np.pi, np.pi, CORRECTION_POINTS, endpoint=False)
    values = rng.normal(0, CORRECTION_SPREAD_RAD, CORRECTION_POINTS) - steepness_rad * np.cos(centers)
    values += balance_rad * np.maximum(0.0, np.sin(centers))
    return np.append(values, values[0])


def _corrected(angle: NDArray[np.float32], knots: NDArray[np.float64]) -> NDArray[np.float32]:
    positions = np.linspace(-np.pi, np.pi, CORRECTION_POINTS + 1)
    return (angle + np.interp(angle, positions, knots)).astype(np.float32)


def _arch(x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Ridges enter on one side, rise in the middle and leave on the other: steepest at mid height."""
    height_px, width_px = x.shape
    steepness = rng.uniform(0.7, 1.3)
    crest_y = height_px * rng.uniform(0.45, 0.6)
    spread_y = height_px * rng.uniform(0.20, 0.30)
    center_x = width_px / 2 + rng.normal(0, 10)
    rise = steepness * np.exp(-(((y - crest_y) / spread_y) ** 2)) + 0.18
    return np.arctan(-rise * np.sin((x - center_x) / width_px * 2.2 * np.pi / 2)).astype(np.float32)
