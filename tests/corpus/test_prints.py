"""The prints of the corpus are believable: strangers among them score as strangers do, mates as mates."""

from __future__ import annotations

import itertools

import pytest

from benchmarks.product_files import pack_store, ready_pack
from matcher.fingerprint.comparison.compare import compare_many, prepare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.formats.decode import decode_image
from matcher.scoring.calibration import Calibration
from tests.corpus.generated import PPI, PRINTS_FOLDER

# By what scores state one pair of strangers in four corpora would reach this.
NO_STRANGER = 40.0


@pytest.fixture(scope="module")
def scores() -> dict[bool, list[tuple[float, str]]]:
    """Scores of all pairs with their names: of two fingers under False, of one under True."""
    store = pack_store()
    engine = FingerprintEngine.load(ready_pack(store, "leader"), store, thread_count=1)
    assert engine.calibration is not None
    calibration = Calibration.from_table(engine.calibration)
    paths = sorted(PRINTS_FOLDER.glob("*.png"))
    prepared = [prepare(engine.extract(decode_image(path.read_bytes(), ppi=PPI)).template) for path in paths]
    found: dict[bool, list[tuple[float, str]]] = {False: [], True: []}
    for first, second in itertools.combinations(range(len(paths)), 2):
        names = (paths[first].stem, paths[second].stem)
        score = calibration.score(float(compare_many(prepared[first], [prepared[second]])[0])).value
        found[_finger(names[0]) == _finger(names[1])].append((score, " and ".join(names)))
    return found


def test_no_stranger_reaches_the_score_of_a_mate(scores: dict[bool, list[tuple[float, str]]]) -> None:
    assert len(scores[False]) > 2500
    assert max(scores[False])[0] < NO_STRANGER, max(scores[False])


def test_every_mate_does(scores: dict[bool, list[tuple[float, str]]]) -> None:
    assert len(scores[True]) == 30
    assert min(scores[True])[0] > NO_STRANGER, min(scores[True])


def _finger(name: str) -> str:
    return name.partition("-")[0]
