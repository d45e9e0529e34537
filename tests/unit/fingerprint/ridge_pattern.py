"""Drawn ridge patterns whose minutiae are known: waves with phase singularities (Larkin and Fletcher, "A coherent
framework for fingerprint analysis: are fingerprints holograms?", Optics Express 2007)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RidgePattern:
    """pixels: uint8 (height, width), dark ridges on white, 500 ppi. x_px, y_px, direction_rad, is_ending: of each
    minutia, as MinutiaSet has them; a type is clear only where type_certainty (0-1) is high."""

    pixels: npt.NDArray[np.uint8]
    x_px: Float64Array
    y_px: Float64Array
    direction_rad: Float64Array
    is_ending: npt.NDArray[np.bool_]
    type_certainty: Float64Array


def ridge_pattern(
    *,
    side_px: int = 320,
    minutia_count: int = 14,
    seed: int = 0,
    slant_rad: float = 0.3,
    shift_px: float = 0.0,
    period_px: float = 9.0,
) -> RidgePattern:
    """An oval of gently bent ridges with minutiae at random places. shift_px moves it all, also by fractions."""
    random = np.random.default_rng(seed)
    radius = side_px * 0.42
    places = _spread(random, minutia_count, radius * 0.75)
    charges = np.where(np.arange(minutia_count) % 2 == 0, 1.0, -1.0)

    def phase(x: Float64Array, y: Float64Array, without: int = -1) -> Float64Array:
        wave = 2 * np.pi / period_px * (x * np.sin(slant_rad) + y * np.cos(slant_rad)) + np.sin(x / 70.0)
        for number, ((px, py), charge) in enumerate(zip(places, charges, strict=True)):
            if number != without:
                wave = wave + charge * np.arctan2(y - py, x - px)
        return wave

    center = (side_px - 1) / 2 + shift_px
    y, x = np.mgrid[:side_px, :side_px].astype(np.float64) - center
    waves = 127.5 - 110 * np.cos(phase(x, y)) + random.normal(0, 4, x.shape)
    pixels = np.where(np.hypot(x, y * 0.9) < radius, waves, 250)
    # What a minutia is follows from the wave that the others make at its place.
    at = [phase(places[k : k + 1, 0], places[k : k + 1, 1], k)[0] for k in range(minutia_count)]
    slope_x, slope_y = np.transpose([_slope(phase, places[k], k) for k in range(minutia_count)])
    # The additional ridge or valley runs where the wave rises counter-clockwise; image y points down.
    to_x, to_y = charges * slope_y, -charges * slope_x
    darkness = np.cos(at + charges * np.arctan2(to_y, to_x))
    return RidgePattern(
        pixels=np.clip(pixels, 0, 255).astype(np.uint8),
        x_px=places[:, 0] + center,
        y_px=places[:, 1] + center,
        direction_rad=np.mod(np.arctan2(-to_y, to_x), 2 * np.pi),
        is_ending=darkness > 0,
        type_certainty=np.abs(darkness),
    )


def _slope(
    phase: Callable[[Float64Array, Float64Array, int], Float64Array], place: Float64Array, without: int
) -> Float64Array:
    """Derivatives of the wave by x and y at a place."""
    step = np.array([[-0.01, 0.0], [0.01, 0.0], [0.0, -0.01], [0.0, 0.01]]) + place
    values = phase(step[:, 0], step[:, 1], without)
    return np.array([values[1] - values[0], values[3] - values[2]]) / 0.02


def _spread(random: np.random.Generator, count: int, radius: float) -> Float64Array:
    """Places at least 36 px apart within a circle."""
    chosen: list[Float64Array] = []
    while len(chosen) < count:
        place = random.uniform(-radius, radius, 2)
        if np.hypot(*place) < radius and all(np.hypot(*(place - other)) > 36 for other in chosen):
            chosen.append(place)
    return np.array(chosen)
