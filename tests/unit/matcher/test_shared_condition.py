"""What two faces photographed badly alike share comes off their similarity, and a search stays the comparison with
everybody."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, SearchFilter, Subject, Template
from matcher.errors import PackError
from matcher.packs.store import MANIFESTS_FOLDER
from matcher.scoring.calibration import Calibration
from matcher.scoring.reference_fusion import AGREEMENT_FLOOR, lowered_similarities
from matcher.scoring.shared_condition import COPY_SIMILARITY, SharedCondition
from matcher.search.searcher import Searcher
from tests.fakes import FACE_PACK_ID, FakeComparer

DIM = 24
# A mask moves everybody along the first axis, glasses along the second.
CONDITION = SharedCondition(
    directions=np.eye(2, DIM),
    center=np.zeros(2),
    signs=np.eye(2, DIM),
    sign_offsets=np.zeros(2),
    first_sign=0.2,
    sure_sign=0.3,
    beyond=0.05,
)
CALIBRATION = Calibration(
    (-0.2, 0.1, 0.4, 0.8), (0.0, 5.0, 40.0, 90.0), 85.0, 1000, "made up for tests", shared_condition=CONDITION
)
Rows = np.ndarray[Any, Any]


def unit(rows: Rows) -> Rows:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def faces(count: int, seed: int, *, mask: float = 0.0) -> Rows:
    """float32 (count, DIM): unlike each other but for what a mask makes of all."""
    rows = np.random.default_rng(seed).normal(size=(count, DIM)) / np.sqrt(DIM)
    rows[:, :2] = 0.0
    rows[:, 0] = mask
    return unit(rows)


def face_template(vector: Rows) -> Template:
    return Template(Modality.FACE, FingerPosition.UNKNOWN, FACE_PACK_ID, unit(vector)[np.newaxis])


def enroll(database: EnrollmentDatabase, *vectors: Rows) -> str:
    return database.enroll(Subject(""), [NewReference(face_template(one), 80) for one in vectors]).subject_id


def searcher_of(database: EnrollmentDatabase, calibration: Calibration = CALIBRATION) -> Searcher:
    return Searcher(database, FakeComparer(), {FACE_PACK_ID: calibration})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EnrollmentDatabase]:
    with EnrollmentDatabase.open(tmp_path / "database") as opened:
        yield opened


@pytest.fixture(scope="module", params=[1, 3], ids=["one photograph each", "up to three"])
def gallery(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """150 subjects, a third of them masked, with one reference each or up to three."""
    rng = np.random.default_rng(8)
    with EnrollmentDatabase.open(tmp_path_factory.mktemp("masked") / "database") as database:
        sets = {}
        for number in range(150):
            own = faces(1, number, mask=0.6 * (number % 3 == 0))
            rows = unit(own + 0.5 * rng.normal(size=(int(rng.integers(1, request.param + 1)), DIM)) / np.sqrt(DIM))
            sets[enroll(database, *rows)] = rows
        yield searcher_of(database), sets


def lowered(probe: Rows, reference: Rows) -> float:
    """In the words of matcher/scoring/shared_condition.py, one pair at a time."""
    one, other = probe.astype(np.float64), reference.astype(np.float64)
    badness = [float(np.clip((side[:2].max() - 0.2) / 0.1, 0.0, 1.0)) for side in (one, other)]
    shared = (max(float(one[:2] @ other[:2]), 0.0) + 0.05) * badness[0] * badness[1]
    return float(one @ other) - shared * float(np.clip((1 - one @ other) / (1 - COPY_SIMILARITY), 0.0, 1.0))


def expected_similarity(probe: Rows, references: Rows) -> float:
    highest = max(lowered(probe, one) for one in references)
    if len(references) == 1:
        return highest
    mean = references.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length >= AGREEMENT_FLOOR:
        highest = max(highest, lowered(probe, mean / length))
    return float(lowered_similarities(highest, len(references) + 1, CALIBRATION))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40), mask=st.sampled_from([0.0, 0.2, 0.6, 2.0]))
def test_a_search_equals_comparing_with_everybody(gallery: Any, seed: int, count: int, mask: float) -> None:
    searcher, sets = gallery
    probe = faces(1, seed, mask=mask)[0]
    expected = {name: expected_similarity(probe, rows) for name, rows in sets.items()}
    found = searcher.search([face_template(probe)], where=SearchFilter(), subject_count=count)
    assert found.proved
    scores = {subject_id: scores[0] for subject_id, scores in found.sample_scores.items()}
    similarities = [score.similarity for score in scores.values()]
    assert similarities == pytest.approx(sorted(expected.values(), reverse=True)[:count], abs=1e-6)
    for name, score in scores.items():
        assert score.similarity == pytest.approx(max(expected[name], -1.0), abs=1e-6)
        assert score.score == CALIBRATION.score(score.similarity)


def test_a_mate_is_found_below_any_number_of_strangers_who_wear_what_the_probe_wears(
    database: EnrollmentDatabase,
) -> None:
    probe = faces(1, 1, mask=1.2)[0]
    for number in range(2, 202):
        enroll(database, faces(1, number, mask=1.2)[0])
    mate = enroll(database, probe * np.array([0.0, 0.0, *[1.0] * (DIM - 2)]) + 0.35 * faces(1, 1000)[0])
    plain = searcher_of(database, replace(CALIBRATION, shared_condition=None))
    for searcher, is_found in ((plain, False), (searcher_of(database), True)):
        found = searcher.search([face_template(probe)], where=SearchFilter(), subject_count=1)
        assert (mate in found.sample_scores) is is_found


def test_masked_strangers_score_as_strangers_do_and_open_faces_as_before() -> None:
    masked, opened = faces(300, 3, mask=0.6), faces(300, 3)
    upper = np.triu_indices(300, 1)
    before = (masked.astype(np.float64) @ masked.T)[upper]
    after = before - np.stack([CONDITION.lowering(one, masked) for one in masked])[upper]
    stated = np.quantile((opened.astype(np.float64) @ opened.T)[upper], 0.99)
    assert (before >= stated).mean() > 0.05
    assert (after >= stated).mean() <= 0.01
    assert not np.stack([CONDITION.lowering(one, opened) for one in opened]).any()
    assert not np.stack([CONDITION.lowering(one, masked) for one in opened]).any()


def test_a_copy_of_a_bad_photograph_keeps_its_similarity() -> None:
    one = faces(1, 5, mask=0.8)[0]
    near = unit(one + 1e-4 * faces(1, 6)[0])
    assert CONDITION.lowering(one, np.stack([one]))[0] == pytest.approx(0.0, abs=1e-6)
    assert CONDITION.lowering(one, np.stack([near]))[0] == pytest.approx(0.0, abs=1e-4)


def test_which_of_two_is_the_probe_does_not_matter() -> None:
    rows = np.concatenate([faces(20, 1, mask=0.5), faces(20, 2, mask=0.15), faces(20, 3)])
    lowering = np.stack([CONDITION.lowering(one, rows) for one in rows])
    np.testing.assert_allclose(lowering, lowering.T, atol=1e-12)
    assert (lowering >= 0).all()


def test_two_probes_are_compared_as_a_probe_and_a_reference_are(database: EnrollmentDatabase) -> None:
    one, other = faces(2, 4, mask=0.7)
    searcher = searcher_of(database)
    subject_id = enroll(database, other)
    found = searcher.search([face_template(one)], where=SearchFilter(), subject_count=1)
    similarity = found.sample_scores[subject_id][0].similarity
    assert searcher.similarity(face_template(one), face_template(other)) == pytest.approx(similarity, abs=1e-6)
    assert similarity == pytest.approx(lowered(one, other), abs=1e-6)


def test_the_manifest_holds_what_was_measured() -> None:
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(64, 5)))[0].T
    signs = 3 * rng.normal(size=(7, 64))
    made = SharedCondition(directions, 0.1 * rng.normal(size=5), signs, rng.normal(size=7), -1.0, 4.0, 0.03)
    read = SharedCondition.from_table(tomllib.loads(made.to_toml())["conditions"], 64)
    np.testing.assert_allclose(read.directions, directions, atol=0.01)
    np.testing.assert_allclose(read.signs, signs, atol=0.1)
    np.testing.assert_allclose(read.directions @ read.directions.T, np.eye(5), atol=1e-12)
    rows = unit(rng.normal(size=(50, 64)))
    np.testing.assert_allclose(read.lowering(rows[0], rows), made.lowering(rows[0], rows), atol=0.05)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("directions", "not base64"),
        ("directions", "AAAA"),
        ("signs", 7),
        ("center", [1.0]),
        ("sign_scales", [1.0, 2.0, 3.0]),
        ("sign_offsets", ["a", "b"]),
        ("first_sign", 9.0),
        ("sure_sign", float("nan")),
        ("beyond", -0.1),
        ("odd", 1),
    ],
)
def test_a_wrong_table_is_named(key: str, value: object) -> None:
    table = {**tomllib.loads(CONDITION.to_toml())["conditions"], key: value}
    with pytest.raises(PackError, match=r"\[conditions\]"):
        SharedCondition.from_table(table, DIM)


@pytest.mark.parametrize("pack", ["face-builtin", "face-open"])
def test_the_packs_that_are_calibrated_know_bad_photographs(pack: str) -> None:
    table = tomllib.loads((MANIFESTS_FOLDER / f"{pack}.toml").read_text(encoding="utf-8"))
    condition = SharedCondition.from_table(table["conditions"], 384)
    assert len(condition.directions) == len(condition.center)
