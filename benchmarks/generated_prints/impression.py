"""One capture of a master print: placement, skin distortion, pressure, contact area, scratches, noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_prints.contact import contact_area, scratch, speckle, thicken
from benchmarks.generated_prints.distortion import draw_distortion, sample_master
from benchmarks.generated_prints.master import MasterPrint
from benchmarks.generated_prints.noise import smooth_noise

BACKGROUND_GRAY = 238.0
RIDGE_GRAY = 52.0


@dataclass(frozen=True, slots=True)
class CaptureConditions:
    """What varies between impressions of one finger. Zeros give the cleanest capture; the defaults a usual one.

    max_rotation_deg: the finger's rotation is drawn from [-max, max]. max_shift_px: its placement, likewise, in x and
    y. distortion: 1 is usual skin distortion. pressure: -1 dry and light (thin ridges) to 1 wet and heavy (thick).
    pressure_spread: standard deviation around it. contact: share of the finger that touches, 0.3 to 1.
    noise: 1 is a usual sensor. scratch_count: mean number of creases and scratches. wear: 1 is usual skin, in patches.
    """

    max_rotation_deg: float = 14.0
    max_shift_px: float = 22.0
    distortion: float = 1.0
    pressure: float = 0.0
    pressure_spread: float = 0.4
    contact: float = 0.78
    contact_spread: float = 0.06
    noise: float = 1.0
    scratch_count: float = 1.5
    wear: float = 1.0


def impression(
    master: MasterPrint,
    seed: int,
    *,
    conditions: CaptureConditions | None = None,
    width_px: int = 400,
    height_px: int = 480,
) -> NDArray[np.uint8]:
    """A gray capture, uint8 (height_px, width_px), dark ridges on a light ground, 500 ppi.

    The same master and seed give the same pixels. Takes about 20 ms. Safe to call from threads.
    """
    how = CaptureConditions() if conditions is None else conditions
    rng = np.random.default_rng([master.seed, seed, 0x1A9])
    shape = (height_px, width_px)
    source_x, source_y = _placement(master, how, rng, shape)
    ridges = sample_master(master.ridges, source_x, source_y, outside=-1.0)
    skin = sample_master(master.skin, source_x, source_y, outside=0.0)
    pressure = float(np.clip(rng.normal(how.pressure, how.pressure_spread), -1, 1))
    contact = float(np.clip(rng.normal(how.contact, how.contact_spread), 0.3, 1.0))
    skin *= contact_area(rng, source_x, source_y, master.ridges.shape, share=contact)
    ink = thicken(rng, ridges, pressure=pressure, wear=how.wear)
    ink = scratch(rng, ink, mean_count=how.scratch_count)
    ink = speckle(rng, ink * skin, amount=how.noise, pressure=pressure)
    return _expose(rng, ink, amount=how.noise)


def _placement(
    master: MasterPrint, how: CaptureConditions, rng: np.random.Generator, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], ...]:
    """Where each pixel of the capture lies on the master: x and y, float32 (height, width)."""
    height_px, width_px = shape
    x, y = np.meshgrid(
        np.arange(width_px, dtype=np.float32) - width_px / 2, np.arange(height_px, dtype=np.float32) - height_px / 2
    )
    rotation = np.deg2rad(rng.uniform(-how.max_rotation_deg, how.max_rotation_deg))
    shift_x, shift_y = rng.uniform(-how.max_shift_px, how.max_shift_px, 2)
    cosine, sine = np.cos(rotation), np.sin(rotation)
    turned_x = (cosine * x - sine * y + shift_x).astype(np.float32)
    turned_y = (sine * x + cosine * y + shift_y).astype(np.float32)
    moved_x, moved_y = draw_distortion(rng, amount=how.distortion).displace(turned_x, turned_y)
    master_height_px, master_width_px = master.ridges.shape
    return moved_x + np.float32(master_width_px / 2), moved_y + np.float32(master_height_px / 2)


def _expose(rng: np.random.Generator, ink: NDArray[np.float32], *, amount: float) -> NDArray[np.uint8]:
    """Ink in [0, 1] to gray: an uneven plate, less than full contrast, sensor noise."""
    plate = BACKGROUND_GRAY + 5 * amount * smooth_noise(rng, ink.shape, scale_px=150)
    contrast = 1 - amount * rng.uniform(0.0, 0.12)
    gray = plate + (RIDGE_GRAY - BACKGROUND_GRAY) * contrast * ink
    gray += rng.normal(0, 2.5 * amount, ink.shape)
    return np.clip(np.round(gray), 0, 255).astype(np.uint8)
