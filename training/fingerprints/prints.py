"""Minutiae to fit on: the real sets, and generated prints that no person left."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.generated_prints import CaptureConditions, impression, master_print
from matcher.errors import NoFingerprintError
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.decode import decode_image
from matcher.samples import Image

# As ../shared/data/README.md states them; the files themselves do not.
PPI = {"fvc2002_db2_b": 569.0, "fvc2004_db3_b": 512.0}
DEFAULT_PPI = 500.0
GENERATED = "generated"
# One finger is in two sets under two numbers; such pairs are no non-mated pairs.
SAME_FINGER = frozenset({("fvc2002_db3_b", 108), ("fvc2004_db3_b", 102)})
_SIDES_PX = ((400, 480), (300, 300), (388, 374), (300, 480), (500, 480))


@dataclass(frozen=True, slots=True)
class PrintSet:
    """minutiae and fingers: one entry per print."""

    name: str
    minutiae: tuple[MinutiaSet, ...]
    fingers: tuple[int, ...]

    def mated_pairs(self) -> Iterator[tuple[int, int]]:
        for first in range(len(self.fingers)):
            for second in range(first + 1, len(self.fingers)):
                if self.fingers[first] == self.fingers[second]:
                    yield first, second

    def non_mated_pairs(self) -> Iterator[tuple[int, int]]:
        for first in range(len(self.fingers)):
            for second in range(first + 1, len(self.fingers)):
                if self.fingers[first] != self.fingers[second]:
                    yield first, second


def real_sets(folder: Path, engine: FingerprintEngine, cache: Path) -> list[PrintSet]:
    """Every set in folder, FINGER_IMPRESSION.tif."""
    return [_cached(cache, path.name, lambda path=path: _real(path, engine)) for path in sorted(folder.iterdir())]


def print_order(path: Path) -> tuple[int, ...]:
    """Finger and impression of FINGER_IMPRESSION.tif."""
    return tuple(map(int, path.stem.split("_")))


def generated_set(engine: FingerprintEngine, cache: Path, *, finger_count: int, impression_count: int) -> PrintSet:
    """Generated fingers, captured under widely varied conditions."""
    name = f"{GENERATED}-{finger_count}x{impression_count}"
    return _cached(cache, name, lambda: _generated(engine, finger_count, impression_count))


def _cached(cache: Path, name: str, make: object) -> PrintSet:
    path = cache / f"{name}.pickle"
    if path.is_file():
        packed, fingers = pickle.loads(path.read_bytes())
    else:
        packed, fingers = make()  # type: ignore[operator]
        path.write_bytes(pickle.dumps((packed, fingers)))
    return PrintSet(name.partition("-")[0], tuple(MinutiaSet.from_bytes(one) for one in packed), tuple(fingers))


def _real(folder: Path, engine: FingerprintEngine) -> tuple[list[bytes], list[int]]:
    packed, fingers = [], []
    for path in sorted(folder.glob("*.tif"), key=print_order):
        image = decode_image(path.read_bytes(), ppi=PPI.get(folder.name, DEFAULT_PPI))
        packed.append(engine.extract(image).minutiae.to_bytes())
        fingers.append(int(path.stem.split("_")[0]))
    return packed, fingers


def _generated(engine: FingerprintEngine, finger_count: int, impression_count: int) -> tuple[list[bytes], list[int]]:
    packed, fingers = [], []
    for finger in range(finger_count):
        master = master_print(1000 + finger)
        for number in range(impression_count):
            rng = np.random.default_rng(finger * 100 + number)
            width, height = _SIDES_PX[int(rng.integers(len(_SIDES_PX)))]
            conditions = CaptureConditions(
                max_rotation_deg=30.0,
                max_shift_px=45.0,
                distortion=float(rng.uniform(0.5, 2.2)),
                pressure=float(rng.uniform(-0.6, 0.6)),
                contact=float(rng.uniform(0.6, 0.95)),
                noise=float(rng.uniform(0.5, 2.0)),
                scratch_count=float(rng.uniform(0.0, 4.0)),
            )
            pixels = impression(master, number + 1, conditions=conditions, width_px=width, height_px=height)
            try:
                packed.append(engine.extract(Image(pixels, 500.0, "")).minutiae.to_bytes())
            except NoFingerprintError:
                continue
            fingers.append(finger)
    return packed, fingers
