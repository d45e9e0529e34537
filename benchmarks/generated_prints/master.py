"""The master print: a finger's full ridge pattern before any capture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.noise import smooth_noise
from benchmarks.generated_prints.orientation import orientation_map
from benchmarks.generated_prints.relaxation import relaxed_log_period
from benchmarks.generated_prints.ridges import grow_ridges
from benchmarks.generated_prints.singularities import PatternClass, Singularities, draw_class, place_singularities

WIDTH_PX = 416  # 21 mm at 500 ppi
HEIGHT_PX = 576  # 29 mm
PERIOD_MEAN_PX = 9.0  # adult ridge period at 500 ppi, and its spread between fingers
PERIOD_SPREAD_PX = 0.6
PERIOD_NOISE, PERIOD_NOISE_PX = 0.07, 50.0  # relative deviation within a finger, and the distance over which it varies


@dataclass(frozen=True, slots=True, eq=False)
class MasterPrint:
    """A generated finger at 500 ppi. All arrays float32 (height, width), read-only.

    ridges: in [-1, 1], ridges positive. orientation: radians in [0, pi), counterclockwise from the x axis, y up.
    period_px: ridge period in pixels. skin: 1 inside the finger's silhouette, falling to 0 outside.
    """

    seed: int
    singularities: Singularities
    ridges: NDArray[np.float32]
    orientation: NDArray[np.float32]
    period_px: NDArray[np.float32]
    skin: NDArray[np.float32]

    @property
    def pattern_class(self) -> PatternClass:
        return self.singularities.pattern_class


def master_print(seed: int, *, pattern_class: PatternClass | None = None) -> MasterPrint:
    """The finger of this seed, always the same one; takes about half a second. Safe to call from threads.

    pattern_class: drawn with the natural frequencies of the classes when not given.
    """
    rng = np.random.default_rng([seed, 0x5F1])
    chosen = draw_class(rng) if pattern_class is None else pattern_class
    singularities = place_singularities(chosen, rng, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    orientation = orientation_map(singularities, rng, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    period_px = _period_map(singularities, orientation, rng)
    ridges = grow_ridges(orientation, period_px, rng, seed_spacing_px=float(rng.uniform(60, 110)))
    arrays = (ridges, orientation, period_px, _silhouette(rng))
    for array in arrays:
        array.flags.writeable = False
    return MasterPrint(seed, singularities, *arrays)


def _period_map(
    singularities: Singularities, orientation: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Ridge period: one mean a finger, wider below the lowest delta and where ridges fan out, smooth variation."""
    mean_px = float(np.clip(rng.normal(PERIOD_MEAN_PX, PERIOD_SPREAD_PX), 7.4, 10.8))
    y = np.arange(HEIGHT_PX, dtype=np.float32)[:, None]
    low_y = max((p[1] for p in singularities.deltas_px), default=HEIGHT_PX * 0.68)
    below = np.clip((y - low_y) / 100, 0, 1) * rng.uniform(0.04, 0.16)
    varied = smooth_noise(rng, (HEIGHT_PX, WIDTH_PX), scale_px=PERIOD_NOISE_PX)
    period_px = mean_px * (1 + below) * np.exp(relaxed_log_period(orientation) + PERIOD_NOISE * varied)
    return np.clip(period_px, 6.5, 13).astype(np.float32)


def _silhouette(rng: np.random.Generator) -> NDArray[np.float32]:
    """Two half ellipses above and below a straight middle part: SFinGe's finger shape."""
    x = (np.arange(WIDTH_PX, dtype=np.float32) - WIDTH_PX / 2)[None, :]
    y = np.arange(HEIGHT_PX, dtype=np.float32)[:, None]
    half_width = WIDTH_PX / 2 * rng.uniform(0.86, 0.97)
    top_end, low_start = HEIGHT_PX * rng.uniform(0.36, 0.44), HEIGHT_PX * rng.uniform(0.62, 0.7)
    vertical = np.where(y < top_end, (top_end - y) / top_end, np.clip((y - low_start) / (HEIGHT_PX - low_start), 0, 2))
    radius = np.sqrt((x / half_width) ** 2 + vertical**2)
    return np.clip((0.98 - radius) / 0.04, 0, 1).astype(np.float32)
