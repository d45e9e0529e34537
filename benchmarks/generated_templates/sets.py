"""Minutia sets drawn in batches: contact area, positions, directions, kinds, qualities."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_templates.orientation import draw_fields, orientations
from benchmarks.generated_templates.statistics import REAL_LEADER, TemplateStatistics
from matcher.fingerprint.minutia_set import KIND_BIFURCATION, KIND_ENDING, MinutiaSet

BATCH = 128
MARGIN_PX = 24
MM_PX = 500 / 25.4


def minutia_sets(count: int, *, seed: int, statistics: TemplateStatistics = REAL_LEADER) -> Iterator[MinutiaSet]:
    """count minutia sets of different generated fingers, always the same for a seed and count of batches before."""
    for batch in range(-(-count // BATCH)):
        rng = np.random.default_rng([seed, batch, 0x7E4])
        wanted = min(BATCH, count - batch * BATCH)
        yield from _draw(rng, statistics)[:wanted]


def _draw(rng: np.random.Generator, statistics: TemplateStatistics) -> list[MinutiaSet]:
    half_width = np.clip(rng.normal(*statistics.half_width_px, BATCH), 60, 260)
    half_height = np.clip(rng.normal(*statistics.half_height_px, BATCH), 70, 300)
    density = np.exp(rng.normal(*statistics.density_per_mm2, BATCH))
    area_mm2 = np.pi * half_width * half_height / MM_PX**2
    expected = np.clip(area_mm2 * density, 8, 240)
    drawn_count = rng.poisson(expected * 1.12) + 4  # more than wanted: the hard core takes some away
    most = int(drawn_count.max())
    x, y = _positions(rng, half_width, half_height, most)
    kept = np.arange(most) < drawn_count[:, None]
    kept &= ~_crowded(x, y, kept, statistics.hard_core_px)
    direction = _directions(rng, x, y, statistics)
    kind = np.where(rng.random(x.shape, np.float32) < statistics.ending_share, KIND_ENDING, KIND_BIFURCATION)
    quality = _qualities(rng, x, y, half_width, half_height, statistics)
    return [
        _assembled(
            x[row, kept[row]],
            y[row, kept[row]],
            direction[row, kept[row]],
            kind[row, kept[row]],
            quality[row, kept[row]],
            float(half_width[row]),
            float(half_height[row]),
        )
        for row in range(BATCH)
    ]


def _positions(
    rng: np.random.Generator, half_width: NDArray[np.float64], half_height: NDArray[np.float64], most: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Uniform over the ellipse, pixels around its center, y up: float32 (n, most) each."""
    radius = np.sqrt(rng.random((BATCH, most), np.float32))
    angle = np.float32(2 * np.pi) * rng.random((BATCH, most), np.float32)
    x = half_width[:, None].astype(np.float32) * radius * np.cos(angle)
    y = half_height[:, None].astype(np.float32) * radius * np.sin(angle)
    return x, y


def _crowded(
    x: NDArray[np.float32], y: NDArray[np.float32], kept: NDArray[np.bool_], least_px: float
) -> NDArray[np.bool_]:
    """Points with an earlier point nearer than least_px: bool (n, m)."""
    near = (x[:, :, None] - x[:, None, :]) ** 2 + (y[:, :, None] - y[:, None, :]) ** 2 < np.float32(least_px**2)
    earlier = np.tri(x.shape[1], k=-1, dtype=bool)
    return np.asarray((near & earlier & kept[:, None, :]).any(axis=2))


def _directions(
    rng: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32], statistics: TemplateStatistics
) -> NDArray[np.float32]:
    """Along the ridge, to one side or the other: neighbors prefer the same side, as ridges thin out together."""
    along = orientations(draw_fields(rng, BATCH), x, y)
    wave = np.float32(1 / statistics.turn_length_px)
    tilt = rng.uniform(0, 2 * np.pi, (BATCH, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (BATCH, 1)).astype(np.float32)
    lean = np.sin((x * np.cos(tilt) + y * np.sin(tilt)) * wave + phase) + 1.2 * rng.standard_normal(x.shape, np.float32)
    noise = np.float32(statistics.direction_noise_rad) * rng.standard_normal(x.shape, np.float32)
    return np.asarray(np.mod(along + np.float32(np.pi) * (lean > 0) + noise, np.float32(2 * np.pi)), np.float32)


def _qualities(
    rng: np.random.Generator,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    half_width: NDArray[np.float64],
    half_height: NDArray[np.float64],
    statistics: TemplateStatistics,
) -> NDArray[np.float32]:
    quantiles = np.array(statistics.quality_quantiles)
    return np.interp(rng.random(x.shape), np.linspace(0, 1, len(quantiles)), quantiles).astype(np.float32)


def _assembled(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    direction: NDArray[np.float32],
    kind: NDArray[np.int64],
    quality: NDArray[np.float32],
    half_width: float,
    half_height: float,
) -> MinutiaSet:
    width_px, height_px = round(2 * (half_width + MARGIN_PX)), round(2 * (half_height + MARGIN_PX))
    order = np.argsort(-quality, kind="stable")[:255]
    return MinutiaSet(
        x_px=np.clip(x[order] + width_px / 2, 0, width_px - 1).astype(np.float32),
        y_px=np.clip(height_px / 2 - y[order], 0, height_px - 1).astype(np.float32),
        direction_rad=np.minimum(direction[order], np.float32(6.283185)),
        kind=kind[order].astype(np.uint8),
        quality=quality[order],
        width_px=width_px,
        height_px=height_px,
    )
