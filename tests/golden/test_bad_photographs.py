"""Strangers photographed badly alike, by whom nothing was fitted, reach no similarity more often than they do open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.face_conditions import KNOWN, Condition
from benchmarks.face_looks import FaceLook, FaceLooker
from benchmarks.held_out import is_first_half
from benchmarks.product_files import read_image
from matcher.packs.store import PackStore
from matcher.scoring.of_pack import calibration_of
from matcher.scoring.shared_condition import SharedCondition

CONDITIONS = {
    condition.name: condition
    for condition in KNOWN
    if condition.style in ("black mask", "dark glasses", "smeared bar", "glasses and mask", "striped scarf")
}
PEOPLE = 80


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PackStore:
    return PackStore(tmp_path_factory.mktemp("packs"))


@pytest.fixture(scope="module")
def looker(store: PackStore) -> FaceLooker:
    return FaceLooker.load("face-builtin", store)


@pytest.fixture(scope="module")
def opened(faces_folder: Path, looker: FaceLooker) -> list[tuple[Path, FaceLook]]:
    """One photograph each."""
    folders = [one for one in sorted((faces_folder / "lfw_dev").iterdir()) if not is_first_half(one.name)]
    paths = [next(iter(sorted(folder.glob("*.jpg")))) for folder in folders[:: len(folders) // PEOPLE]]
    looks = [(path, looker.look(read_image(path, ppi=None).pixels)) for path in paths]
    return [(path, look) for path, look in looks if look is not None]


@pytest.fixture(scope="module")
def condition_of_pack(store: PackStore) -> SharedCondition:
    calibration = calibration_of(store.get("face-builtin"))
    assert calibration is not None
    assert calibration.shared_condition is not None
    return calibration.shared_condition


def strangers(looks: list[FaceLook], condition: SharedCondition | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    vectors = np.stack([look.template for look in looks]).astype(np.float64)
    similarities = vectors @ vectors.T
    if condition is not None:
        similarities -= np.stack([condition.lowering(one, vectors) for one in vectors])
    return np.asarray(similarities[np.triu_indices(len(looks), 1)])


@pytest.mark.parametrize("name", CONDITIONS)
def test_strangers_photographed_badly_alike(
    name: str, looker: FaceLooker, opened: list[tuple[Path, FaceLook]], condition_of_pack: SharedCondition
) -> None:
    bad: Condition = CONDITIONS[name]
    changed = [looker.changed(read_image(path, ppi=None).pixels, look.face, bad) for path, look in opened]
    looks = [look for look in changed if look is not None]
    assert len(looks) > 0.8 * len(opened)
    reached = float(np.quantile(strangers([look for _, look in opened], None), 0.99))
    assert (strangers(looks, None) >= reached).mean() > 0.05  # by the plain cosine
    assert (strangers(looks, condition_of_pack) >= reached).mean() < 0.015


def test_open_faces_lose_nothing_to_speak_of(
    opened: list[tuple[Path, FaceLook]], condition_of_pack: SharedCondition
) -> None:
    looks = [look for _, look in opened]
    taken = strangers(looks, None) - strangers(looks, condition_of_pack)
    assert (taken > 0).mean() < 0.1
    assert taken.mean() < 0.004
