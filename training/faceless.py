"""Pictures without faces for measuring false faces: textures, fingerprints, face-free parts of photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from training.mosaics import texture

SIDE_PX = 256


def fingerprints(folder: Path) -> Iterator[np.ndarray]:
    """Every print of the sets, as BGR."""
    for path in sorted(folder.rglob("*.tif")):
        yield cv2.imread(str(path), cv2.IMREAD_COLOR)


def textures(count: int, seed: int) -> Iterator[np.ndarray]:
    """Generated textures: the generator of the training pictures, other seeds."""
    for number in range(count):
        picture = texture(SIDE_PX, np.random.default_rng([seed, number]))
        yield cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)


def backgrounds(cache: Path, count: int, seed: int) -> Iterator[np.ndarray]:
    """Squares of 60 to 140 px from held-out photographs, clear of every face, enlarged to 256 px.

    The places of faces are the teacher's down to a score of 0.3, widened by a fifth.
    """
    photos = np.load(cache / "photos.npy", mmap_mode="r")
    table = np.load(cache / "photos-faces.npz")
    held = np.flatnonzero(table["held_out"])
    owners, boxes = table["owners"], table["rows"][:, :4]
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        at = rng.choice(held)
        side = int(rng.integers(60, 141))
        x, y = (int(v) for v in rng.integers(0, 250 - side, 2))
        own = boxes[owners == at]
        wide = 0.1 * (own[:, 2:] - own[:, :2])
        low, high = own[:, :2] - wide, own[:, 2:] + wide
        if ((low[:, 0] < x + side) & (high[:, 0] > x) & (low[:, 1] < y + side) & (high[:, 1] > y)).any():
            continue
        made += 1
        picture = cv2.resize(photos[at][y : y + side, x : x + side], (SIDE_PX, SIDE_PX))
        yield cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
