"""Few people who resemble each other, as on the photographs of one police studio: a calibration of twenty of them is
not kinder than what the other twenty show."""

from pathlib import Path

import numpy as np
import pytest

from index.arrays import Float32Array
from matcher.face.engine import FaceEngine
from matcher.face.non_mated import compare_strangers
from matcher.formats.decode import decode_image
from matcher.packs.store import PackStore
from matcher.scoring.calibration import Calibration
from matcher.scoring.least_favorable import calibrated, few_people_discount, rate_and_interval

PEOPLE, EACH = 40, 3


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
    people = np.repeat(np.arange(PEOPLE), EACH)
    mine = np.isin(people, np.random.default_rng(seed).permutation(PEOPLE)[: PEOPLE // 2])
    own = compare_strangers(vectors[mine], people[mine])
    found = calibrated(
        own.groups,
        "twenty people",
        non_mated_count=own.comparison_count,
        known={"as shipped": shipped} if is_shipped else {},
        discount=0.0 if is_shipped else few_people_discount(own.person_count),
    ).calibration
    (others,) = compare_strangers(vectors[~mine], people[~mine]).groups
    for score in (10, 20, 30, 40):
        rate, low, _ = rate_and_interval(others, found.similarity_for(score))
        stated = 10.0 ** (-score / 10)
        expected = len(others.similarities) * stated
        assert (rate if expected >= 10 else low) <= 1.25 * stated
        if is_shipped:
            assert found.similarity_for(score) >= shipped.similarity_for(score) - 1e-9
