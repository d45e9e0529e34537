"""Searches with several samples over a real database: who is completed, what is proved, what is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.partition.columns import Resolved
from index.receipts import EnrollmentReceipt
from index.records import FingerPosition, Modality, NewReference, SearchFilter, StoredPrint, Subject, Template
from index.vector.protocol import Hits
from matcher.results import SampleScore
from matcher.scoring.ranking import rank_candidates
from matcher.scoring.sample_fusion import fused_of_some, fused_values
from matcher.search import several_samples
from matcher.search.searcher import Searcher, SearchOutcome
from matcher.search.settings import SearchSettings
from tests.fakes import CALIBRATION, DIM, FACE_PACK_ID, FINGERPRINT_PACK_ID, FakeComparer, fake_minutiae

CALIBRATIONS = {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION}
EVERYBODY = SearchFilter()


@dataclass(frozen=True)
class Crowd:
    database: EnrollmentDatabase
    subject_ids: list[str]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EnrollmentDatabase]:
    with EnrollmentDatabase.open(tmp_path / "database") as opened:
        yield opened


def searcher(database: EnrollmentDatabase, **limits: int) -> Searcher:
    return Searcher(database, FakeComparer(), CALIBRATIONS, settings=SearchSettings(**limits))


def near(axis: int, similarity: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A unit vector of this cosine with an axis."""
    rest = rng.normal(size=DIM)
    rest[axis] = 0.0
    vector = np.sqrt(1.0 - similarity**2) * rest / np.linalg.norm(rest)
    vector[axis] = similarity
    return vector


def finger(position: int, similarity: float, rng: np.random.Generator) -> Template:
    """A finger so similar to the probe of its position."""
    row = near(position, similarity, rng)
    vectors = np.tile(row / np.linalg.norm(row), (4, 1)).astype(np.float32)
    vectors.flags.writeable = False
    content = fake_minutiae().to_bytes()
    return Template(Modality.FINGERPRINT, FingerPosition(position), FINGERPRINT_PACK_ID, vectors, content)


def face(similarity: float, rng: np.random.Generator) -> Template:
    row = near(0, similarity, rng)[None]
    vectors = (row / np.linalg.norm(row)).astype(np.float32)
    vectors.flags.writeable = False
    return Template(Modality.FACE, FingerPosition.UNKNOWN, FACE_PACK_ID, vectors, b"")


def probe_of(*positions: int) -> list[Template]:
    rng = np.random.default_rng(0)
    return [finger(position, 1.0, rng) for position in positions]


def enroll_all(database: EnrollmentDatabase, people: Sequence[Sequence[Template]]) -> list[EnrollmentReceipt]:
    with ThreadPoolExecutor(16) as pool:
        enrolled = pool.map(lambda own: database.enroll(Subject(""), [NewReference(one, 80) for one in own]), people)
        return list(enrolled)


def ranked(outcome: SearchOutcome, count: int) -> list[str]:
    candidates = rank_candidates(outcome.sample_scores, threshold_score=0.0, max_candidates=count)
    return [one.subject_id for one in candidates]


def low_in_every_list(database: EnrollmentDatabase) -> tuple[str, dict[int, list[int]]]:
    """The mate, who has 70 others before it at each of five positions, each of them at one alone; and the references of
    each position, likest first."""
    rng = np.random.default_rng(1)
    positions = range(1, 6)
    people = [
        [finger(position, 0.95 - 0.001 * row if position == own else 0.0, rng) for position in positions]
        for own in positions
        for row in range(70)
    ]
    people.append([finger(position, 0.7, rng) for position in positions])
    receipts = enroll_all(database, people)
    lists = {
        position: [one.reference_ids[at] for one in (*receipts[70 * at : 70 * at + 70], receipts[-1])]
        for at, position in enumerate(positions)
    }
    return receipts[-1].subject_id, lists


def propose(monkeypatch: pytest.MonkeyPatch, database: EnrollmentDatabase, lists: dict[int, list[int]]) -> None:
    """The index proposes these references for a probe of this position, of which the first leads clearly."""

    def shortlist(probe: Template, *_: object, **__: object) -> Hits:
        ids = np.array([lists[probe.finger.value]], dtype=np.int64)
        scores = np.linspace(0.3, 0.1, ids.size, dtype=np.float32)[None].copy()
        scores[0, 0] = 0.9
        return Hits(ids, scores, np.array([ids.size]), np.array([False]))

    monkeypatch.setattr(database, "shortlist", shortlist)


def test_a_mate_low_in_every_list_comes_first_by_all_of_them(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mate, lists = low_in_every_list(database)
    propose(monkeypatch, database, lists)
    # So few that nobody is completed who is not among the likeliest.
    monkeypatch.setattr(several_samples, "COMPLETED_COMPARISONS", 0)
    search = searcher(database, exhaustive_reference_limit=10)
    outcome = search.search(probe_of(*range(1, 6)), where=EVERYBODY, subject_count=10)
    assert not outcome.proved
    assert len(outcome.sample_scores) < 100
    assert ranked(outcome, 1) == [mate]
    # Whoever is shown is compared with every sample, also where it lowers the score.
    assert all([one.probe_number for one in own] == [0, 1, 2, 3, 4] for own in outcome.sample_scores.values())


def test_a_mate_whom_one_sample_alone_resembles_is_not_pushed_off_by_ranks_of_strangers(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every other sample is somebody else's, strangers rank well by several of them."""
    rng = np.random.default_rng(7)
    positions = range(1, 6)
    people = [[finger(position, 0.0, rng) for position in positions] for _ in range(60)]
    people[59] = [finger(position, 0.46 if position == 1 else 0.0, rng) for position in positions]
    receipts = enroll_all(database, people)
    # Behind those that are compared at once, ten come in every list.
    lists = {
        position: [receipts[number].reference_ids[at] for number in (*range(10 * at, 10 * at + 10), *range(48, 58))]
        for at, position in enumerate(positions)
    }
    lists[1][5] = receipts[59].reference_ids[0]
    propose(monkeypatch, database, lists)
    monkeypatch.setattr(several_samples, "LEAST_KEPT_COUNT", 1)
    monkeypatch.setattr(several_samples, "COMPLETED_COMPARISONS", 0)
    search = searcher(database, exhaustive_reference_limit=10)
    outcome = search.search(probe_of(*positions), where=EVERYBODY, subject_count=1)
    assert ranked(outcome, 1) == [receipts[59].subject_id]
    monkeypatch.setattr(several_samples, "LEADERS", 0)
    assert (
        receipts[59].subject_id
        not in search.search(probe_of(*positions), where=EVERYBODY, subject_count=1).sample_scores
    )


def test_comparing_everybody_finds_who_is_low_in_every_list(database: EnrollmentDatabase) -> None:
    mate, _ = low_in_every_list(database)
    outcome = searcher(database).search(probe_of(*range(1, 6)), where=EVERYBODY, subject_count=1, exhaustive=True)
    assert outcome.proved
    assert ranked(outcome, 1) == [mate]


def test_somebody_enrolled_twice_is_found_twice(database: EnrollmentDatabase) -> None:
    """Once with all fingers and once with one, by the index as it is."""
    rng = np.random.default_rng(2)
    people = [[finger(position, 0.0, rng) for position in range(1, 6)] for _ in range(150)]
    people[40] = [finger(position, 0.9, rng) for position in range(1, 6)]
    people[90] = [finger(3, 0.9, rng)]
    receipts = enroll_all(database, people)
    outcome = searcher(database, exhaustive_reference_limit=10).search(
        probe_of(*range(1, 6)), where=EVERYBODY, subject_count=2
    )
    assert ranked(outcome, 2) == [receipts[40].subject_id, receipts[90].subject_id]


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_deleted_between_the_steps_drops_out_and_the_subject_stays_by_the_rest(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    rng = np.random.default_rng(3)
    people = [[finger(position, 0.0, rng) for position in (1, 2)] for _ in range(20)]
    people[8] = [finger(position, 0.8, rng) for position in (1, 2)]
    receipts = enroll_all(database, people)
    ids = [one.reference_ids for one in receipts]
    # Only the finger that is deleted brings up number 8.
    propose(monkeypatch, database, {1: [ids[8][0], ids[0][0]], 2: [ids[0][1], ids[1][1]]})
    coverage, calls = database.coverage, 0

    def deleted_before(*given: Any, **options: Any) -> Resolved:
        nonlocal calls
        calls += 1
        if calls == 3:  # after the lists of both samples
            if whole:
                database.delete_subject(receipts[8].subject_id)
            else:
                database.delete_reference(ids[8][0])
        return coverage(*given, **options)

    monkeypatch.setattr(database, "coverage", deleted_before)
    search = searcher(database, exhaustive_reference_limit=10)
    outcome = search.search(probe_of(1, 2), where=EVERYBODY, subject_count=5)
    compared = {name: tuple(one.reference_id for one in own) for name, own in outcome.sample_scores.items()}
    expected = {receipts[number].subject_id: ids[number] for number in (0, 1)}
    assert compared == (expected if whole else expected | {receipts[8].subject_id: ids[8][1:]})


def test_a_finger_that_several_samples_ask_for_is_read_once(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    enroll_all(database, [[finger(position, 0.0, rng) for position in (1, 2, 3)] for _ in range(30)])
    read: list[int] = []
    prints_of = database.prints_of

    def noted(pack_id: str, reference_ids: Sequence[int]) -> dict[int, StoredPrint]:
        read.extend(reference_ids)
        return prints_of(pack_id, reference_ids)

    monkeypatch.setattr(database, "prints_of", noted)
    unknown = [
        Template(one.modality, FingerPosition.UNKNOWN, one.pack_id, one.vectors, one.minutiae) for one in probe_of(1, 2)
    ]
    outcome = searcher(database, prepared_cache_bytes=0).search(unknown, where=EVERYBODY, subject_count=5)
    assert outcome.proved
    assert sorted(read) == list(range(1, 91))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """160 people, most with a face and three fingers, some without one of them, some with two prints of a finger."""
    rng = np.random.default_rng(5)
    people = []
    for number in range(160):
        likeness = rng.beta(2, 2, size=4)
        own = [finger(position, likeness[position], rng) for position in (1, 2, 3) if rng.random() < 0.9]
        own += [finger(1, rng.random(), rng)] if number % 5 == 0 else []
        people.append([*own, face(likeness[0], rng)] if rng.random() < 0.9 or not own else own)
    with EnrollmentDatabase.open(tmp_path_factory.mktemp("crowd") / "database") as opened:
        yield Crowd(opened, [one.subject_id for one in enroll_all(opened, people)])


def fused(scores: Sequence[SampleScore]) -> tuple[float, float]:
    return float(fused_values([[one.score.value for one in scores]])[0]), sum(one.similarity for one in scores)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 40),
    positions=st.sampled_from([(1, 2), (1, 2, 3), (2,), (3, 1)]),
    tilt=st.floats(0.0, 1.0),
)
def test_the_fused_list_equals_that_of_comparing_with_everybody(
    crowd: Crowd, seed: int, count: int, positions: tuple[int, ...], tilt: float
) -> None:
    """Also by a face, of which the index says the nearest alone."""
    rng = np.random.default_rng(seed)
    probe = [finger(position, 1.0 - 0.6 * tilt * rng.random(), rng) for position in positions]
    probe.append(face(1.0 - 0.6 * tilt * rng.random(), rng))
    search = searcher(crowd.database)
    outcome = search.search(probe, where=EVERYBODY, subject_count=count, exhaustive=True)
    assert outcome.proved
    # More than there are: so everybody is completed.
    everybody = search.search(probe, where=EVERYBODY, subject_count=len(crowd.subject_ids), exhaustive=True)
    assert set(everybody.sample_scores) == set(crowd.subject_ids)
    expected = ranked(everybody, count)
    found = ranked(outcome, count)
    keys = {name: fused(own) for name, own in everybody.sample_scores.items()}
    assert np.array([keys[one] for one in found]) == pytest.approx(np.array([keys[one] for one in expected]), abs=1e-6)
    assert {one: outcome.sample_scores[one] for one in found} == {one: everybody.sample_scores[one] for one in found}


def test_a_face_beyond_the_list_is_completed_until_nobody_can_come_before(database: EnrollmentDatabase) -> None:
    """Whose face lies just beyond the nearest, and whose finger is like 70 others."""
    rng = np.random.default_rng(6)
    people = [[face(0.95 - 0.001 * row, rng)] for row in range(70)]
    people += [[finger(1, 0.9, rng)] for _ in range(300)]
    people.append([finger(1, 0.89, rng), face(0.85, rng)])
    receipts = enroll_all(database, people)
    outcome = searcher(database).search([*probe_of(1), face(1.0, rng)], where=EVERYBODY, subject_count=1)
    assert outcome.proved
    assert ranked(outcome, 1) == [receipts[-1].subject_id]


@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 6))
def test_fusing_some_is_fusing_what_there_is(seed: int, rows: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 60, (rows, samples))
    scores[rng.random(scores.shape) < 0.3] = np.nan
    for fused_score, row in zip(fused_of_some(scores), scores, strict=True):
        there = row[~np.isnan(row)]
        assert fused_score == (pytest.approx(fused_values(there[None])[0]) if len(there) else 0.0)


@given(st.lists(st.floats(-1.0, 1.5), max_size=30))
def test_values_are_those_of_scores(similarities: list[float]) -> None:
    values = CALIBRATION.values_of(similarities).tolist()
    assert values == pytest.approx([CALIBRATION.score(one).value for one in similarities])
