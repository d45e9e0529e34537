"""Searcher over a real database: what is compared, what is proved, what is held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.records import FingerPosition, NewReference, SearchFilter, StoredPrint, Subject, Template
from index.vector.protocol import Hits, cosine_similarities
from matcher.errors import DeadlineError
from matcher.formats.decode import decode_image
from matcher.scoring.ranking import rank_candidates
from matcher.search.comparison import PreparedReferences
from matcher.search.searcher import Searcher
from matcher.search.settings import SearchSettings
from matcher.stages import Stages
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
    png_bytes,
)

CALIBRATIONS = {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EnrollmentDatabase]:
    with EnrollmentDatabase.open(tmp_path / "database") as opened:
        yield opened


def face_template(identity: int, impression: int = 0) -> Template:
    image = decode_image(png_bytes(identity, impression=impression))
    return FakeFaceEngine().extract(image).template


def finger_template(
    identity: int, impression: int = 0, finger: FingerPosition = FingerPosition.RIGHT_INDEX
) -> Template:
    image = decode_image(png_bytes(identity, impression=impression), ppi=500.0)
    template: Template = FakeFingerprintEngine().extract(image, finger=finger).template
    return template


def enroll(database: EnrollmentDatabase, identity: int, *templates: Template) -> str:
    references = [NewReference(template, 80) for template in templates]
    return database.enroll(Subject("", f"number-{identity}"), references).subject_id


def searcher(database: EnrollmentDatabase, **settings: int) -> tuple[Searcher, FakeComparer]:
    comparer = FakeComparer()
    return Searcher(database, comparer, CALIBRATIONS, settings=SearchSettings(**settings)), comparer


def shortlist_of(monkeypatch: pytest.MonkeyPatch, database: EnrollmentDatabase, *reference_ids: int) -> None:
    """The index proposes these references, whatever is asked."""
    ids = np.array([reference_ids], dtype=np.int64)
    counts, proved = np.array([len(reference_ids)], dtype=np.int64), np.array([False])
    hits = Hits(ids, np.ones(ids.shape, dtype=np.float32), counts, proved)
    monkeypatch.setattr(database, "shortlist", lambda *_args, **_options: hits)


def shortlists_of(
    monkeypatch: pytest.MonkeyPatch, database: EnrollmentDatabase, **reference_ids: tuple[int, ...]
) -> None:
    """The index proposes these references for a probe of this finger."""

    def shortlist(probe: Template, *_args: object, **_options: object) -> Hits:
        ids = np.array([reference_ids[probe.finger.name.lower()]], dtype=np.int64)
        return Hits(ids, np.ones(ids.shape, dtype=np.float32), np.array([ids.size]), np.array([False]))

    monkeypatch.setattr(database, "shortlist", shortlist)


def best_subject(found: dict[str, tuple[object, ...]]) -> str:
    return max(found, key=lambda subject_id: found[subject_id][0].similarity)  # type: ignore[attr-defined]


def test_few_references_are_all_compared_and_the_answer_is_proved(database: EnrollmentDatabase) -> None:
    enrolled = {identity: enroll(database, identity, finger_template(identity)) for identity in range(1, 31)}
    search, comparer = searcher(database)
    outcome = search.search([finger_template(9, 1)], where=SearchFilter(), subject_count=5)
    assert comparer.compared_count == 30
    assert outcome.proved
    assert (outcome.gallery_size, outcome.reference_count, outcome.trial_count) == (30, 30, 30)
    assert len(outcome.sample_scores) == 5
    assert best_subject(dict(outcome.sample_scores)) == enrolled[9]


def test_many_references_are_shortlisted_and_the_answer_is_not_proved(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled = {identity: enroll(database, identity, finger_template(identity)) for identity in range(1, 41)}
    shortlist_of(monkeypatch, database, 1, 3, 9, 12)
    search, comparer = searcher(database, exhaustive_reference_limit=10)
    outcome = search.search([finger_template(9, 1)], where=SearchFilter(), subject_count=5)
    assert comparer.compared_count == 4
    assert not outcome.proved
    assert outcome.trial_count == 40
    assert best_subject(dict(outcome.sample_scores)) == enrolled[9]
    everything = search.search([finger_template(9, 1)], where=SearchFilter(), subject_count=5, exhaustive=True)
    assert everything.proved
    assert comparer.compared_count == 44


@pytest.mark.parametrize(("clear_from", "asked"), [(0, [(2, 0)]), (1, [(2, 0), (2, 1)]), (2, [(2, 0), (2, 1), (5, 2)])])
def test_a_clear_lead_ends_the_looking_and_anything_else_widens_it(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch, clear_from: int, asked: list[tuple[int, int]]
) -> None:
    enrolled = {identity: enroll(database, identity, finger_template(identity)) for identity in range(1, 11)}
    calls: list[tuple[int, int]] = []

    def shortlist(_probe: Template, count: int, *, where: SearchFilter, reach: int) -> Hits:
        assert where == SearchFilter(fingers=frozenset((FingerPosition.RIGHT_INDEX,)))
        calls.append((count, reach))
        second = 0.2 if reach >= clear_from else 0.3
        scores = np.array([[0.4, second, 0.1, 0.1, 0.1][:count]], dtype=np.float32)
        ids = np.array([[9, 3, 1, 2, 4][:count]], dtype=np.int64)
        return Hits(ids, scores, np.array([min(count, 5)]), np.array([False]))

    monkeypatch.setattr(database, "shortlist", shortlist)
    limits = {"exhaustive_reference_limit": 5, "shortlist_count": 5, "clear_shortlist_count": 2}
    search, comparer = searcher(database, **limits)
    outcome = search.search([finger_template(9, 1)], where=SearchFilter(), subject_count=1)
    assert calls == asked
    assert comparer.compared_count == min(asked[-1][0], 5)
    assert best_subject(dict(outcome.sample_scores)) == enrolled[9]
    assert not outcome.proved


def test_the_filter_narrows_before_the_comparison(database: EnrollmentDatabase) -> None:
    subject_ids = [enroll(database, identity, finger_template(identity)) for identity in range(1, 11)]
    search, comparer = searcher(database)
    where = SearchFilter(subject_ids=frozenset(subject_ids[:3]))
    outcome = search.search([finger_template(9, 1)], where=where, subject_count=5)
    assert comparer.compared_count == 3
    assert set(outcome.sample_scores) == set(subject_ids[:3])
    assert outcome.gallery_size == 3


def test_a_subject_with_many_references_does_not_push_others_off_the_list(database: EnrollmentDatabase) -> None:
    enroll(database, 1, *(face_template(1, impression) for impression in range(40)))
    others = {enroll(database, identity, face_template(identity)) for identity in range(2, 12)}
    search, _ = searcher(database)
    outcome = search.search([face_template(1, 99)], where=SearchFilter(), subject_count=11)
    assert others <= set(outcome.sample_scores)
    assert outcome.reference_count == 50
    assert outcome.trial_count == outcome.gallery_size == 11


def enroll_with_thumbs(database: EnrollmentDatabase) -> list[str]:
    """Twenty, whose references 1, 3, 5, ... are index fingers, 2, 4, 6, ... thumbs."""
    thumb = FingerPosition.RIGHT_THUMB
    return [
        enroll(database, identity, finger_template(identity), finger_template(identity + 100, finger=thumb))
        for identity in range(1, 21)
    ]


def test_a_subject_that_one_sample_brings_up_is_compared_with_the_others(
    database: EnrollmentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_ids = enroll_with_thumbs(database)
    # Each sample gets one of its own and a stranger's.
    shortlists_of(monkeypatch, database, right_index=(13, 17), right_thumb=(14, 22))
    search, _ = searcher(database, exhaustive_reference_limit=10)
    probe = [finger_template(7, 1), finger_template(107, 1, FingerPosition.RIGHT_THUMB)]
    outcome = search.search(probe, where=SearchFilter(), subject_count=5)
    assert set(outcome.sample_scores) == {subject_ids[6], subject_ids[8], subject_ids[10]}
    assert all({score.probe_number for score in scores} == {0, 1} for scores in outcome.sample_scores.values())
    assert best_subject(dict(outcome.sample_scores)) == subject_ids[6]


def test_search_ends_at_the_deadline(database: EnrollmentDatabase) -> None:
    enroll(database, 1, finger_template(1))
    search, comparer = searcher(database)

    def over() -> None:
        raise DeadlineError("over")

    with pytest.raises(DeadlineError):
        search.search([finger_template(1)], where=SearchFilter(), subject_count=5, stages=Stages(check=over))
    assert comparer.compared_count == 0


def test_prepared_references_stay_within_their_memory(database: EnrollmentDatabase) -> None:
    for identity in range(1, 61):
        enroll(database, identity, finger_template(identity))
    one_bytes = finger_template(1).vectors.nbytes
    cache = PreparedReferences(database, FakeComparer(), max_bytes=10 * one_bytes)
    assert len(cache.get(FINGERPRINT_PACK_ID, list(range(1, 61)))) == 60
    assert 0 < cache.held_bytes <= 10 * one_bytes
    assert len(cache.get(FINGERPRINT_PACK_ID, list(range(1, 61)))) == 60
    assert cache.held_bytes <= 10 * one_bytes


def test_what_is_prepared_is_not_prepared_again_and_what_is_forgotten_is(database: EnrollmentDatabase) -> None:
    subject_id = enroll(database, 1, finger_template(1))
    comparer = FakeComparer()
    prepared: list[int] = []
    comparer.prepare_stored = lambda prints: [prepared.append(1) or one.codes for one in prints]  # type: ignore[method-assign,func-returns-value,misc]
    cache = PreparedReferences(database, comparer, max_bytes=1 << 20)
    first, second = cache.get(FINGERPRINT_PACK_ID, [1]), cache.get(FINGERPRINT_PACK_ID, [1])
    assert len(prepared) == 1
    assert np.array_equal(first[1], second[1])
    database.delete_subject(subject_id)
    cache.forget([1])
    assert cache.get(FINGERPRINT_PACK_ID, [1]) == {}
    assert cache.held_bytes == 0


def test_what_was_read_before_a_deletion_is_not_kept_after_it(database: EnrollmentDatabase) -> None:
    subject_id = enroll(database, 1, finger_template(1))
    comparer = FakeComparer()
    cache = PreparedReferences(database, comparer, max_bytes=1 << 20)

    def deleted_meanwhile(prints: Sequence[StoredPrint]) -> list[object]:
        if prints:
            database.delete_subject(subject_id)
            cache.forget([1])
        return [one.codes for one in prints]

    comparer.prepare_stored = deleted_meanwhile  # type: ignore[method-assign]
    assert set(cache.get(FINGERPRINT_PACK_ID, [1])) == {1}
    assert cache.held_bytes == 0
    assert cache.get(FINGERPRINT_PACK_ID, [1]) == {}


def test_a_cache_of_no_bytes_still_answers(database: EnrollmentDatabase) -> None:
    enrolled = enroll(database, 1, finger_template(1))
    search, _ = searcher(database, prepared_cache_bytes=0)
    outcome = search.search([finger_template(1, 1)], where=SearchFilter(), subject_count=1)
    assert set(outcome.sample_scores) == {enrolled}


def test_near_ties_keep_the_order_of_the_index(database: EnrollmentDatabase) -> None:
    """Similarities that differ in float64 and not in float32, which is what a candidate carries."""
    first = face_template(1)
    enrolled: list[tuple[float, int, str]] = []
    for number in range(40):
        vector = first.vectors.copy()
        # Below one step of float32 around the similarity, which the float64 of the definition still sees.
        vector[0, 1 + number % 7] += np.float32(1e-9 * (number % 5))
        template = replace(first, vectors=vector)
        receipt = database.enroll(Subject("", f"near-{number}"), [NewReference(template, 80)])
        similarity = float(cosine_similarities(vector, first.vectors[0])[0])
        enrolled.append((-similarity, receipt.reference_ids[0], receipt.subject_id))
    assert len({np.float32(similarity) for similarity, _, _ in enrolled}) < len({one[0] for one in enrolled})
    outcome = searcher(database)[0].search([first], where=SearchFilter(), subject_count=20)
    ranked = rank_candidates(outcome.sample_scores, threshold_score=40.0, max_candidates=20)
    assert [found.subject_id for found in ranked] == [subject_id for _, _, subject_id in sorted(enrolled)[:20]]


def test_each_of_several_fingers_of_unknown_position_takes_the_best_and_every_combination_is_a_chance(
    database: EnrollmentDatabase,
) -> None:
    unknown = FingerPosition.UNKNOWN
    hand = [FingerPosition(position) for position in range(1, 6)]
    for identity in range(1, 21):
        prints = [finger_template(10 * identity + finger, finger=finger) for finger in hand]
        enroll(database, identity, face_template(identity), *prints)
    enroll(database, 30, finger_template(30, finger=hand[0]), finger_template(31, finger=hand[0]))
    enroll(database, 31, face_template(31))
    search, _ = searcher(database)

    def trials(*templates: Template, where: SearchFilter = SearchFilter()) -> int:  # noqa: B008 - frozen
        return search.search(list(templates), where=where, subject_count=5).trial_count

    loose = [finger_template(7 + number, finger=unknown) for number in range(3)]
    assert trials(loose[0]) == 20 * 5 + 2
    assert trials(*loose[:2]) == 20 * 5**2 + 2**2
    assert trials(*loose) == 20 * 5**3 + 2**3
    # Of known position each has one reference a subject: 20 with both fingers, and one who has two of the one.
    assert trials(finger_template(1, finger=hand[0]), finger_template(2, finger=hand[1])) == 20 + 2
    # A face has one chance a subject, with or without fingers beside it.
    assert trials(loose[0], face_template(1)) == 20 * 5 + 2 + 1
    assert trials(*loose[:2], where=SearchFilter(fingers=frozenset(hand[:2]))) == 20 * 2**2 + 2**2
