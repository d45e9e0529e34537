"""Minutia sets drawn in batches: contact area, positions, directions, kinds, qualities."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_templates.orientation import draw_fields, orientation_and_fan
from benchmarks.generated_templates.statistics import REAL_LEADER, TemplateStatistics
from matcher.fingerprint.minutia_set import KIND_BIFURCATION, KIND_ENDING, MinutiaSet

Float32Array = NDArray[np.float32]

BATCH = 128
GROUP = 16  # prints of similar count are drawn together, so that little of their common arrays stays empty
MARGIN_PX = 24
WORN = 0.9  # how far weak minutiae lie together, relative to their differences from one to the next
PX_PER_MM = 500 / 25.4
CANDIDATES = 3.0  # places looked at for each minutia wanted, of which those that ridges demand are preferred
# Everything is drawn on the grid that a set's bytes hold, so that a template made now equals one read back.
DIRECTION_STEP_RAD = 2 * np.pi / (1 << 14)
TRIED = 1.5  # of these, so many are tried in turn until enough keep their distance


def minutia_sets(
    count: int, *, seed: int, first: int = 0, statistics: TemplateStatistics = REAL_LEADER
) -> Iterator[MinutiaSet]:
    """count minutia sets of different generated fingers; the first n of a seed are the same for every count >= n.
    first: so many of them, a multiple of BATCH, are left out."""
    for batch in range(first // BATCH, -(-count // BATCH)):
        rng = np.random.default_rng([seed, batch, 0x7E4])
        yield from _draw_batch(rng, statistics)[: count - batch * BATCH]


def _draw_batch(rng: np.random.Generator, statistics: TemplateStatistics) -> list[MinutiaSet]:
    half_width = np.clip(rng.normal(*statistics.half_width_px, BATCH), 60, 260)
    half_height = np.clip(rng.normal(*statistics.half_height_px, BATCH), 70, 300)
    density = np.exp(rng.normal(*statistics.log_density_per_mm2, BATCH))
    wanted = np.clip(np.pi * half_width * half_height / PX_PER_MM**2 * density, 8, 240)
    order = np.argsort(wanted)
    made: list[MinutiaSet] = []
    for rows in np.split(order, BATCH // GROUP):
        half_sides = np.stack([half_width[rows], half_height[rows]], axis=1).astype(np.float32)
        made += _draw_group(rng, statistics, half_sides, wanted[rows].round().astype(np.int64))
    return [made[place] for place in rng.permutation(BATCH)]


def _draw_group(
    rng: np.random.Generator, statistics: TemplateStatistics, half_sides: Float32Array, wanted: NDArray[np.int64]
) -> list[MinutiaSet]:
    """half_sides: float32 (n, 2), half width and height in pixels. wanted: int64 (n,), minutiae of each print."""
    fields = draw_fields(rng, len(wanted))
    x, y = _candidates(rng, half_sides, int(CANDIDATES * wanted.max()))
    along, fan = orientation_and_fan(fields, x, y)
    # Ridges that fan out make room for new ones: minutiae gather there, and point the way the ridges spread.
    # fan / period new ridges a pixel squared is what a constant period demands (a dislocation density).
    usual = (wanted / (np.pi * half_sides.prod(axis=1))).astype(np.float32)[:, None]
    gain = np.maximum(rng.normal(*statistics.fan_gain, (len(wanted), 1)), 0).astype(np.float32)
    demanded = fan * gain / np.float32(statistics.period_px) / usual
    # Exponential races: the smallest keys are a weighted draw without replacement.
    keys = rng.standard_exponential(x.shape, np.float32) / np.minimum(1 + np.abs(demanded), 5)
    tried = np.argpartition(keys, int(TRIED * wanted.max()), axis=1)[:, : int(TRIED * wanted.max())]
    x, y, along, demanded = (np.take_along_axis(values, tried, axis=1) for values in (x, y, along, demanded))
    kept = ~_crowded(x, y, rng, statistics)
    kept &= np.cumsum(kept, axis=1) <= wanted[:, None]
    with_spread = rng.random(x.shape, np.float32) < 0.5 + 0.5 * np.clip(demanded, -0.97, 0.97)
    noise = rng.standard_normal(x.shape, np.float32)
    noise *= np.where(rng.random(x.shape, np.float32) < statistics.stray_share, 0.7, statistics.direction_noise_rad)
    direction = along + np.float32(np.pi) * ~with_spread + noise
    direction = np.round(direction.astype(np.float64) / DIRECTION_STEP_RAD) % (1 << 14) * DIRECTION_STEP_RAD
    x, y = (np.round(values * 16) / 16 for values in (x, y))
    kind = np.where(rng.random(x.shape, np.float32) < statistics.ending_share, KIND_ENDING, KIND_BIFURCATION)
    quality = _qualities(rng, x, y, statistics)
    return [
        _assembled(x[row, k], y[row, k], direction[row, k], kind[row, k], quality[row, k], half_sides[row])
        for row, k in enumerate(kept)
    ]


def _candidates(rng: np.random.Generator, half_sides: Float32Array, count: int) -> tuple[Float32Array, Float32Array]:
    """Uniform over the ellipses, pixels around their centers, y up: float32 (n, count) each."""
    shape = (len(half_sides), count)
    radius = np.sqrt(rng.random(shape, np.float32))
    angle = np.float32(2 * np.pi) * rng.random(shape, np.float32)
    return half_sides[:, :1] * radius * np.cos(angle), half_sides[:, 1:] * radius * np.sin(angle)


def _crowded(
    x: Float32Array, y: Float32Array, rng: np.random.Generator, statistics: TemplateStatistics
) -> NDArray[np.bool_]:
    """Points with an earlier point nearer than their own distance: bool (n, m)."""
    least = rng.uniform(*statistics.spacing_px, x.shape).astype(np.float32)
    near = (x[:, :, None] - x[:, None, :]) ** 2 + (y[:, :, None] - y[:, None, :]) ** 2 < (least * least)[:, :, None]
    return np.asarray((near & np.tri(x.shape[1], k=-1, dtype=bool)).any(axis=2))


def _qualities(
    rng: np.random.Generator, x: Float32Array, y: Float32Array, statistics: TemplateStatistics
) -> Float32Array:
    """Weak minutiae lie together, where a finger is worn or lightly pressed; whole prints differ, too."""
    worn = np.zeros_like(x)
    for _ in range(2):
        tilt, phase = rng.uniform(0, 2 * np.pi, (2, len(x), 1)).astype(np.float32)
        wave = (2 * np.pi / rng.uniform(150, 350, (len(x), 1))).astype(np.float32)
        worn += np.sin((x * np.cos(tilt) + y * np.sin(tilt)) * wave + phase)
    of_print = rng.normal(0, statistics.quality_between_prints, (len(x), 1)).astype(np.float32)
    level = WORN * worn + of_print + rng.standard_normal(x.shape, np.float32)
    # Ranks of a sum of such terms, by its normal approximation, read the measured quantiles.
    spread = np.sqrt(WORN**2 + statistics.quality_between_prints**2 + 1.0)
    share = 1 / (1 + np.exp(-1.702 * level / spread))
    quantiles = np.array(statistics.quality_quantiles)
    quality = np.interp(share, np.linspace(0, 1, len(quantiles)), quantiles)
    return (np.round(quality * 255) / 255).astype(np.float32)


def _assembled(
    x: Float32Array,
    y: Float32Array,
    direction: Float32Array,
    kind: NDArray[np.int64],
    quality: Float32Array,
    half_sides: Float32Array,
) -> MinutiaSet:
    width_px, height_px = (round(2 * (float(half) + MARGIN_PX)) for half in half_sides)
    order = np.argsort(-quality, kind="stable")[:255]
    return MinutiaSet(
        x_px=np.clip(x[order] + width_px / 2, 0, width_px - 1).astype(np.float32),
        y_px=np.clip(height_px / 2 - y[order], 0, height_px - 1).astype(np.float32),
        direction_rad=direction[order].astype(np.float32),
        kind=kind[order].astype(np.uint8),
        quality=quality[order],
        width_px=width_px,
        height_px=height_px,
    )
