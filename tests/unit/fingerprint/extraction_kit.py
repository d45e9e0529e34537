"""Helpers of the extraction tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.fingerprint.minutiae import FingerprintExtractor
from matcher.fingerprint.network.build import GraphVariant, build_leader_graph
from matcher.packs.session import OnnxSession
from matcher.packs.store import PackStore
from matcher.samples import Image

Pixels = npt.NDArray[np.uint8]
GENERATED_FOLDER = Path(__file__).parents[2] / "corpus" / "prints"
FVC_PPI = {"fvc2002_db2_b": 569.0, "fvc2004_db3_b": 512.0}


@cache
def leader_session(variant: GraphVariant = GraphVariant.FAST) -> OnnxSession:
    """One session for all tests; building and loading the graph takes a second."""
    with TemporaryDirectory() as folder:
        weights = PackStore(Path(folder)).file("leader", "LEADER.weights.h5")
        return OnnxSession(build_leader_graph(weights, variant))


@cache
def extractor(variant: GraphVariant = GraphVariant.FAST) -> FingerprintExtractor:
    return FingerprintExtractor(leader_session(variant))


def image_of(pixels: Pixels, ppi: float | None = 500.0) -> Image:
    return Image(np.ascontiguousarray(pixels), ppi, "")


def read_print(folder: Path, name: str) -> Image:
    """name: "fvc2002_db1_b/101_1", or "generated/01-1", which every checkout has."""
    path = GENERATED_FOLDER / f"{name.partition('/')[2]}.png" if is_generated(name) else folder / f"{name}.tif"
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return image_of(pixels, FVC_PPI.get(name.partition("/")[0], 500.0))


def is_generated(name: str) -> bool:
    """Whether a print is of no real finger and lies in the repository."""
    return name.startswith("generated/")


def folder_of(request: pytest.FixtureRequest, name: str) -> Path:
    """The folder for read_print; of real prints that are not here the test is skipped."""
    return GENERATED_FOLDER if is_generated(name) else request.getfixturevalue("fingerprints_folder")


def agreement(
    first: MinutiaSet,
    second: MinutiaSet,
    *,
    least_quality: float = 0.3,
    most_px: float = 4.0,
    most_deg: float = 10.0,
    moved: npt.NDArray[np.float64] | None = None,
    turned_rad: float = 0.0,
) -> float:
    """Share of first's minutiae of at least that quality with one of second's at the same place and direction.

    moved: affine map (2, 3) from first's image to second's; turned_rad: what it adds to directions.
    """
    kept = first.quality >= least_quality
    x_px, y_px = first.x_px[kept], first.y_px[kept]
    if moved is not None:
        x_px, y_px = moved @ np.stack([x_px, y_px, np.ones(int(kept.sum()))])
    distance = np.hypot(x_px[:, None] - second.x_px, y_px[:, None] - second.y_px)
    turn = first.direction_rad[kept][:, None] + turned_rad - second.direction_rad
    turn = np.abs(np.mod(turn + np.pi, 2 * np.pi) - np.pi)
    return float(((distance <= most_px) & (turn <= np.radians(most_deg))).any(axis=1).mean())
