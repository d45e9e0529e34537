"""Few people who resemble each other, as on the photographs of one police studio: a calibration of twenty of them is
not kinder than what the other twenty show, even where neither the pack's own nor a discount protects it."""

from pathlib import Path

import numpy as np
import pytest

from index.arrays import Float32Array
from matcher.face.engine import FaceEngine
from matcher.face.non_mated import FaceStrangers, compare_strangers
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import SITE_MARGIN, calibrated, few_people_discount, rate_and_interval
from matcher.strangers import StrangerGroup

PEOPLE, EACH = 40, 3
SCORES = (10, 20, 30, 40)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    table = PackStore(tmp_path_factory.mktemp("packs")).manifest("face-builtin").calibration
    assert table is not None
    return Calibration.from_table(table)


@pytest.fixture(scope="module")
def vectors(faces_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Float32Array:
    """Float32 (PEOPLE * EACH, dim) of ORL: mostly young men, one studio."""
    store = PackStore(tmp_path_factory.mktemp("packs"))
    engine = FaceEngine.load(store.get("face-builtin"), store)
    folders = sorted(path for path in (faces_folder / "orl").iterdir() if path.is_dir())[:PEOPLE]
    paths = [path for folder in folders for path in sorted(folder.glob("*.pgm"))[:EACH]]
    return np.stack(
        [
            engine.extract(decode_image(path.read_bytes(), ppi=None), largest_face=True).template.vectors[0]
            for path in paths
        ]
    )


@pytest.mark.parametrize("is_shipped", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_people_of_one_studio(
    vectors: Float32Array, shipped: Calibration, seed: int, *, is_shipped: bool
) -> None:
    own, others = halves(vectors, seed)
    found = calibrated(
        own.groups,
        "twenty people",
        non_mated_count=own.comparison_count,
        known={"as shipped": shipped} if is_shipped else {},
        discount=0.0 if is_shipped else few_people_discount(own.person_count),
        margin=SITE_MARGIN,
    ).calibration
    assert worst_ratio(found, others) <= 1.25
    for score in SCORES if is_shipped else ():
        assert found.similarity_for(score) >= shipped.similarity_for(score) - 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_twenty_people_by_themselves(vectors: Float32Array, seed: int) -> None:
    own, others = halves(vectors, seed)
    found = calibrated(own.groups, "twenty people", non_mated_count=own.comparison_count, margin=SITE_MARGIN)
    assert worst_ratio(found.calibration, others) <= 1.25


def halves(vectors: Float32Array, seed: int) -> tuple[FaceStrangers, StrangerGroup]:
    """Twenty people compared with each other, and the other twenty."""
    people = np.repeat(np.arange(PEOPLE), EACH)
    mine = np.isin(people, np.random.default_rng(seed).permutation(PEOPLE)[: PEOPLE // 2])
    (others,) = compare_strangers(vectors[~mine], people[~mine]).groups
    return compare_strangers(vectors[mine], people[mine]), others


def worst_ratio(found: Calibration, others: StrangerGroup) -> float:
    """Measured to stated false match rate at the worst of SCORES; where fewer than ten false matches are stated, by the
    lower end of the interval."""
    ratios = []
    for score in SCORES:
        rate, low, _ = rate_and_interval(others, found.similarity_for(score))
        stated = 10.0 ** (-score / 10)
        ratios.append((rate if len(others.similarities) * stated >= 10 else low) / stated)
    return max(ratios)
