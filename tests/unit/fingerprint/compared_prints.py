"""Templates for tests of the comparison: of real prints, and of minutiae made up."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from index.records import FingerPosition, Modality, Template
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore

FINGERS = ("101", "104", "107", "109")
IMPRESSIONS = ("1", "3", "6")


@lru_cache(maxsize=1)
def engine() -> FingerprintEngine:
    """The leader pack; its weights come with a package."""
    with TemporaryDirectory() as folder:
        store = PackStore(Path(folder))
        return FingerprintEngine.load(store.get("leader"), store)


@lru_cache(maxsize=4)
def real_templates(folder: Path, ppi: float) -> dict[tuple[str, str], Template]:
    """Some prints of one set by (finger, impression)."""
    found = {}
    for finger in FINGERS:
        for impression in IMPRESSIONS:
            image = decode_image((folder / f"{finger}_{impression}.tif").read_bytes(), ppi=ppi)
            found[finger, impression] = engine().extract(image).template
    return found


def made_up(seed: int, count: int = 40, *, width_px: int = 300, height_px: int = 400) -> MinutiaSet:
    """Minutiae strewn over a print, their directions turning slowly as ridges do."""
    generator = np.random.default_rng(seed)
    x, y = generator.uniform(20, width_px - 20, count), generator.uniform(20, height_px - 20, count)
    flow = 2.0 * np.sin(x / 90.0 + seed) + 1.5 * np.cos(y / 70.0 + 2.0 * seed)
    return minutia_set(x, y, flow + np.pi * generator.integers(0, 2, count), generator.uniform(0.5, 1.0, count))


def minutia_set(
    x: np.ndarray, y: np.ndarray, direction: np.ndarray, quality: np.ndarray, *, side_px: int = 800
) -> MinutiaSet:
    return MinutiaSet.best_of(
        x_px=x,
        y_px=y,
        direction_rad=np.mod(direction, 2.0 * np.pi),
        kind=np.ones(len(x), dtype=np.uint8),
        quality=quality,
        width_px=side_px,
        height_px=side_px,
    )


def moved(
    minutiae: MinutiaSet, rotation_rad: float, shift_px: tuple[float, float], *, noise_px: float = 0.0
) -> MinutiaSet:
    """The print turned around the origin (y down, clockwise on the screen) and shifted, its minutiae jittered."""
    generator = np.random.default_rng(0)
    cosine, sine = np.cos(rotation_rad), np.sin(rotation_rad)
    x = minutiae.x_px * cosine - minutiae.y_px * sine + shift_px[0] + generator.normal(0, noise_px, len(minutiae))
    y = minutiae.x_px * sine + minutiae.y_px * cosine + shift_px[1] + generator.normal(0, noise_px, len(minutiae))
    # Directions are measured with y up, so a turn that is clockwise on the screen lessens them.
    return minutia_set(x, y, minutiae.direction_rad - rotation_rad, minutiae.quality.astype(np.float64))


def template_of(minutiae: MinutiaSet, pack_id: str = "leader@1") -> Template:
    return Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, pack_id, describe(minutiae), minutiae.to_bytes())
