"""Several face references of one subject: the fused order is that of comparing with everybody, whatever is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Gallery, Modality, NewReference, SearchFilter, Subject, Template
from index.vector.protocol import Hits
from matcher.results import SampleScore
from matcher.scoring.calibration import Calibration
from matcher.scoring.reference_fusion import (
    AGREEMENT_FLOOR,
    SAME_PHOTOGRAPH,
    distinct_rows,
    fused_similarities,
    highest_unseen,
    lowered_similarities,
)
from matcher.search.searcher import Searcher
from matcher.stages import Stages
from tests.fakes import FACE_PACK_ID, FINGERPRINT_PACK_ID, FakeComparer

DIM = 24
CALIBRATION = Calibration((-0.2, 0.1, 0.4, 0.8), (0.0, 5.0, 40.0, 90.0), 85.0, 1000, "made up for tests")


@dataclass
class Enrolled:
    """A gallery and the vectors of each subject, float32 (n, DIM)."""

    database: EnrollmentDatabase
    vectors: dict[str, np.ndarray[Any, Any]]
    searcher: Searcher


def unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def face_template(vector: np.ndarray[Any, Any]) -> Template:
    return Template(Modality.FACE, FingerPosition.UNKNOWN, FACE_PACK_ID, unit(vector)[np.newaxis])


def finger_template(seed: int) -> Template:
    vectors = unit(np.random.default_rng(seed).normal(size=(4, DIM)))
    return Template(Modality.FINGERPRINT, FingerPosition.RIGHT_INDEX, FINGERPRINT_PACK_ID, vectors)


def enroll(database: EnrollmentDatabase, *templates: Template, galleries: frozenset[str] = frozenset()) -> str:
    return database.enroll(Subject("", galleries=galleries), [NewReference(one, 80) for one in templates]).subject_id


def make_searcher(database: EnrollmentDatabase) -> Searcher:
    return Searcher(database, FakeComparer(), {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EnrollmentDatabase]:
    with EnrollmentDatabase.open(tmp_path / "database") as opened:
        yield opened


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enrolled]:
    """300 subjects with one to six references, from nearly equal ones to ones that disagree; a few are one photograph
    under two names."""
    rng = np.random.default_rng(5)
    with EnrollmentDatabase.open(tmp_path_factory.mktemp("crowd") / "database") as database:
        for name in ("even", "odd"):
            database.create_gallery(Gallery(name, name))
        sets = []
        for number in range(300):
            own = rng.normal(size=DIM)
            spread = rng.choice([0.1, 0.6, 1.0, 3.0])
            sets.append(unit(own + spread * rng.normal(size=(int(rng.integers(1, 7)), DIM))))
            if number % 40 == 39:
                sets[-1] = np.concatenate([sets[-1][:1], sets[-2]])
        with ThreadPoolExecutor(16) as pool:
            jobs = [
                pool.submit(
                    enroll, database, *map(face_template, rows), galleries=frozenset({("even", "odd")[row % 2]})
                )
                for row, rows in enumerate(sets)
            ]
            subject_ids = [job.result() for job in jobs]
        yield Enrolled(database, dict(zip(subject_ids, sets, strict=True)), make_searcher(database))


def expected_similarity(probe: np.ndarray[Any, Any], references: np.ndarray[Any, Any]) -> float:
    """In the words of matcher/scoring/reference_fusion.py, one subject at a time."""
    similarities = references.astype(np.float64) @ probe.astype(np.float64)
    highest = similarities.max()
    if len(references) == 1:
        return float(highest)
    fused = references.astype(np.float64).mean(axis=0)
    if np.linalg.norm(fused) >= AGREEMENT_FLOOR:
        highest = max(highest, min(1.0, probe.astype(np.float64) @ (fused / np.linalg.norm(fused))))
    return float(lowered_similarities(highest, len(references) + 1, CALIBRATION))


def only_scores(searcher: Searcher, template: Template, count: int, where: SearchFilter) -> dict[str, SampleScore]:
    found = searcher.search([template], where=where, subject_count=count)
    assert found.proved
    return {subject_id: scores[0] for subject_id, scores in found.sample_scores.items()}


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 30),
    nearness=st.sampled_from([0.0, 0.5, 1.5, 10.0]),
    gallery=st.sampled_from(["", "even", "odd"]),
    narrowed=st.booleans(),
)
def test_the_fused_order_equals_that_of_comparing_with_everybody(
    crowd: Enrolled, seed: int, count: int, nearness: float, gallery: str, narrowed: bool
) -> None:
    rng = np.random.default_rng(seed)
    names = list(crowd.vectors)
    mate = crowd.vectors[names[int(rng.integers(len(names)))]].mean(axis=0)
    probe = unit(nearness * mate + rng.normal(size=DIM) / np.sqrt(DIM))
    allowed = names[("even", "odd").index(gallery) :: 2] if gallery else names
    if narrowed:
        allowed = [name for name in allowed if rng.random() < 0.3] or allowed[:1]
    where = SearchFilter(
        galleries=frozenset({gallery}) if gallery else frozenset(),
        subject_ids=frozenset(allowed) if narrowed else frozenset(),
    )
    expected = {name: expected_similarity(probe, crowd.vectors[name]) for name in allowed}
    found = only_scores(crowd.searcher, face_template(probe), count, where)
    assert len(found) == min(count, len(allowed))
    similarities = [score.similarity for score in found.values()]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities == pytest.approx(sorted(expected.values(), reverse=True)[:count], abs=1e-6)
    for name, score in found.items():
        assert score.similarity == pytest.approx(expected[name], abs=1e-6)
        assert score.score == CALIBRATION.score(score.similarity)


def test_the_best_references_alone_would_have_lost_subjects(crowd: Enrolled) -> None:
    rng = np.random.default_rng(11)
    lost = 0
    for _ in range(50):
        probe = unit(rng.normal(size=DIM))
        found = only_scores(crowd.searcher, face_template(probe), 5, SearchFilter())
        best = {name: float((rows @ probe).max()) for name, rows in crowd.vectors.items()}
        lost += bool(found.keys() - set(sorted(best, key=best.__getitem__, reverse=True)[:5]))
    assert lost > 10


def test_a_subject_that_leads_only_when_fused_is_found_below_all_others(database: EnrollmentDatabase) -> None:
    axes = np.eye(DIM)
    for row, similarity in enumerate(np.linspace(0.62, 0.54, 80)):
        enroll(database, face_template(similarity * axes[0] + np.sqrt(1 - similarity**2) * axes[8 + row % 16]))
    # So unlike each other that the mean of the three is hardly longer than AGREEMENT_FLOOR, and the fusion gains most.
    others = [np.sqrt(0.12) * axes[1] + np.sqrt(0.88) * axes[2 + number] for number in range(3)]
    together = [0.53 * axes[0] + np.sqrt(1 - 0.53**2) * other for other in others]
    mate = enroll(database, *map(face_template, together))
    found = only_scores(make_searcher(database), face_template(axes[0]), 1, SearchFilter())
    assert set(found) == {mate}
    assert found[mate].similarity > 0.62


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), count=st.integers(1, 8), spread=st.floats(0.01, 4.0), nearness=st.floats(-3.0, 3.0)
)
def test_no_unseen_subject_exceeds_the_bound(seed: int, count: int, spread: float, nearness: float) -> None:
    rng = np.random.default_rng(seed)
    own = rng.normal(size=DIM)
    references = unit(own + spread * rng.normal(size=(count, DIM)))
    probe = unit(nearness * own + rng.normal(size=DIM))
    best = float((references.astype(np.float64) @ probe.astype(np.float64)).max())
    assert expected_similarity(probe, references) <= highest_unseen(best, CALIBRATION) + 1e-9


def test_lowering_costs_ten_times_the_logarithm_and_keeps_every_order() -> None:
    assert CALIBRATION.score(float(lowered_similarities(0.6, 10, CALIBRATION))).value == pytest.approx(
        CALIBRATION.score(0.6).value - 10.0
    )
    similarities = np.linspace(-1.0, 1.0, 401)
    for comparison_count in (2, 7, 50):
        lowered = lowered_similarities(similarities, comparison_count, CALIBRATION)
        assert (np.diff(lowered) > 0).all()
        assert (lowered < similarities).all()


def test_one_reference_is_a_plain_comparison() -> None:
    one = np.ones(1, dtype=np.int64)
    best = np.array([0.123456789], dtype=np.float32)
    assert fused_similarities(best, best, np.array([1.0]), one, CALIBRATION)[0] == float(best[0])


def test_a_mate_enrolled_together_with_a_stranger_stays_on_top(database: EnrollmentDatabase) -> None:
    rng = np.random.default_rng(3)
    probe = rng.normal(size=DIM)
    photograph = 0.8 * unit(probe) + 0.6 * unit(rng.normal(size=DIM))
    strangers = [rng.normal(size=DIM) for _ in range(40)]
    mistaken = enroll(database, face_template(-probe), face_template(photograph), face_template(strangers[0]))
    for first, second in zip(strangers[1::2], strangers[2::2], strict=False):
        enroll(database, face_template(first), face_template(second))
    found = only_scores(make_searcher(database), face_template(probe), 5, SearchFilter())
    name, score = next(iter(found.items()))
    assert (name, score.reference_id) == (mistaken, 2)
    alone = float(unit(photograph) @ unit(probe))
    assert score.similarity == pytest.approx(float(lowered_similarities(alone, 4, CALIBRATION)), abs=1e-6)


def test_a_deleted_reference_no_longer_counts(database: EnrollmentDatabase) -> None:
    rng = np.random.default_rng(4)
    probe, photograph = rng.normal(size=DIM), rng.normal(size=DIM)
    subject_id = enroll(database, face_template(photograph), face_template(probe))
    searcher = make_searcher(database)
    database.delete_reference(2)
    found = only_scores(searcher, face_template(probe), 5, SearchFilter())
    assert found[subject_id].reference_id == 1
    assert found[subject_id].similarity == pytest.approx(float(unit(photograph) @ unit(probe)), abs=1e-6)


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_deleted_during_the_search_drops_out(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    rng = np.random.default_rng(6)
    probe, photograph = rng.normal(size=DIM), rng.normal(size=DIM)
    gone = enroll(database, face_template(probe), face_template(photograph))
    stays = enroll(database, face_template(rng.normal(size=DIM)), face_template(rng.normal(size=DIM)))
    search_index = database.search

    def search(*given: Any, **options: Any) -> Hits:
        hits = search_index(*given, **options)
        if whole:
            database.delete_subject(gone)
        else:
            database.delete_reference(1)
        return hits

    monkeypatch.setattr(database, "search", search)
    found = only_scores(make_searcher(database), face_template(probe), 5, SearchFilter())
    assert set(found) == ({stays} if whole else {stays, gone})
    if not whole:
        assert found[gone].similarity == pytest.approx(float(unit(photograph) @ unit(probe)), abs=1e-6)


def test_faces_are_fused_beside_other_samples_too(database: EnrollmentDatabase) -> None:
    rng = np.random.default_rng(7)
    probe = rng.normal(size=DIM)
    photographs = unit(unit(probe) + 0.3 * rng.normal(size=(3, DIM)))
    # The finger brings up a subject whose face lies beyond every list of faces, and both are compared.
    far = unit(rng.normal(size=(2, DIM)) - 3 * unit(probe))
    mate = enroll(database, *map(face_template, photographs), finger_template(1))
    other = enroll(database, *map(face_template, far), finger_template(2))
    for seed in range(70):
        enroll(database, face_template(rng.normal(size=DIM)), finger_template(100 + seed))
    outcome = make_searcher(database).search(
        [face_template(probe), finger_template(2)], where=SearchFilter(), subject_count=1
    )
    for name, rows in ((mate, photographs), (other, far)):
        scores = {score.modality: score for score in outcome.sample_scores[name]}
        assert set(scores) == {Modality.FACE, Modality.FINGERPRINT}
        assert scores[Modality.FACE].similarity == pytest.approx(expected_similarity(unit(probe), rows), abs=1e-6)


def test_a_face_against_one_subject_has_one_chance_and_a_finger_one_a_reference(database: EnrollmentDatabase) -> None:
    rng = np.random.default_rng(8)
    photographs = unit(rng.normal(size=(3, DIM)))
    subject_id = enroll(database, *map(face_template, photographs), finger_template(1), finger_template(2))
    searcher = make_searcher(database)
    match = searcher.subject_match(face_template(photographs[1]), subject_id, stages=Stages())
    assert match is not None
    assert match[:2] == (1, 2)
    assert match[2] == pytest.approx(expected_similarity(photographs[1], photographs), abs=1e-6)
    finger_match = searcher.subject_match(finger_template(2), subject_id, stages=Stages())
    assert finger_match is not None
    assert finger_match[:2] == (2, 5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 6))
def test_copies_are_counted_once(seed: int, count: int, copies: int) -> None:
    rng = np.random.default_rng(seed)
    own = unit(rng.normal(size=(count, DIM)))
    rows = np.concatenate([own, own[rng.integers(0, count, copies)]])
    # Another processor rounds otherwise.
    rows[count:] += np.float32(1e-6)
    assert distinct_rows(unit(rows)) == list(range(count))
    assert SAME_PHOTOGRAPH < 1.0


def test_many_copies_need_little_memory() -> None:
    own = unit(np.random.default_rng(1).normal(size=(3, DIM)))
    assert distinct_rows(np.tile(own, (20_000, 1))) == [0, 1, 2]
