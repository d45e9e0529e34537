"""Templates of a second pack from the images on record: beside the first, resumable, without a gap, back again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest

from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.partition import coverage
from index.receipts import ReembeddingCounts
from index.records import FingerPosition, Gallery, Modality, NewReference, SearchFilter, Subject
from index.store.opening import passed_over, reembedding_counts
from matcher.access.context import AccessContext
from matcher.audit.changes import ChangeLedger
from matcher.errors import AuditError, RequestError
from matcher.extraction.engines import Engines
from matcher.samples import EncodedSample
from matcher.search.settings import SearchSettings
from matcher.usecases.compare_packs import PackComparer, PackComparison
from matcher.usecases.enroll import part_taken
from matcher.usecases.reembed import Reembedder
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
    InMemoryAudit,
    face,
    finger,
)

NEXT_PACK_ID, NEXT_FINGER_PACK_ID = "fake-next@1", "fake-next-finger@1"
ACCESS = AccessContext("operator-7", "case-12", "next pack")
MASTER = MasterKey(bytes(range(32)))
FIRST, NEXT = FakeFaceEngine(), FakeFaceEngine(pack_id=NEXT_PACK_ID)


@dataclass
class Station:
    """A database, and a re-embedder of each pack."""

    folder: Path
    audit: InMemoryAudit = field(default_factory=InMemoryAudit)

    def __post_init__(self) -> None:
        self.database = EnrollmentDatabase.open(self.folder, master_key=MASTER)

    def reopen(self) -> None:
        self.database.close()
        self.database = EnrollmentDatabase.open(self.folder, master_key=MASTER)

    def enroll(
        self,
        sample: EncodedSample,
        *,
        engine: FakeFaceEngine | FakeFingerprintEngine = FIRST,
        keeps_image: bool = True,
        **said: object,
    ) -> int:
        is_face = sample.modality is Modality.FACE
        made = Engines(engine if is_face else None, None if is_face else engine).extract(sample)  # type: ignore[arg-type]
        reference = NewReference(
            made.template,
            made.quality.score,
            sample_sha256=hashlib.sha256(sample.image_bytes).hexdigest(),
            image=sample.image_bytes if keeps_image else b"",
            part=part_taken(made, sample),
        )
        return self.database.enroll(Subject("", **said), [reference]).reference_ids[0]  # type: ignore[arg-type]

    def compare(
        self,
        modality: Modality = Modality.FACE,
        pack_ids: tuple[str, str] = (FACE_PACK_ID, NEXT_PACK_ID),
        *,
        context: AccessContext = ACCESS,
        probe_count: int = 100,
        exhaustive_reference_limit: int = 1000,
    ) -> PackComparison:
        settings = SearchSettings(exhaustive_reference_limit=exhaustive_reference_limit)
        comparer = PackComparer(self.database, self.audit, FakeComparer(), settings=settings)
        packs = ((pack_ids[0], CALIBRATION), (pack_ids[1], CALIBRATION))
        return comparer.compare(context, modality, packs, probe_count=probe_count)

    def reembed(self, engine: FakeFaceEngine = NEXT, *, stop_after: int = 0) -> ReembeddingCounts:
        stop, batches = Event(), [0]

        def report(_: ReembeddingCounts) -> None:
            batches[0] += 1
            if batches[0] == stop_after:
                stop.set()

        changes = ChangeLedger(self.database, self.audit)
        worker = Reembedder(self.database, Engines(engine, None), changes, modality=Modality.FACE, share=1.0)
        return worker.run(stop, report)

    def missed(self, pack_id: str, where: SearchFilter | None = None) -> int:
        held = self.database.passed_over(Modality.FACE, pack_id, where or SearchFilter())
        return sum(one.reference_count for one in held)

    def first_found(self, pack_id: str, sample: EncodedSample) -> str:
        template = Engines(FIRST, None).extract(sample).template
        hits = self.database.search(Modality.FACE, pack_id, template.vectors, 1)
        reference_id = int(hits.reference_ids[0, 0])
        return self.database.subject_ids_of([reference_id])[reference_id]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path / "database")
    yield made
    made.database.close()


def test_every_image_gets_a_template_of_the_next_pack_and_both_find_its_subject(station: Station) -> None:
    for number in range(45):
        station.enroll(face(number), external_id=str(number))
    assert (station.missed(FACE_PACK_ID), station.missed(NEXT_PACK_ID)) == (0, 45)
    counts = station.reembed()
    assert (counts.done_count, counts.waiting_count, counts.without_image_ids, counts.failed) == (45, 0, (), ())
    for _ in range(2):
        assert (station.missed(FACE_PACK_ID), station.missed(NEXT_PACK_ID)) == (0, 0)
        for number in (0, 20, 44):
            subject = station.database.find_subject(str(number))
            assert subject is not None
            for pack_id in (FACE_PACK_ID, NEXT_PACK_ID):
                assert station.first_found(pack_id, face(number)) == subject.subject_id
        assert station.database.verify().ok
        station.reopen()


def test_it_goes_on_where_it_was_stopped_and_makes_nothing_twice(station: Station) -> None:
    for number in range(45):
        station.enroll(face(number))
    assert station.reembed(stop_after=1).done_count == 20
    assert station.missed(NEXT_PACK_ID) == 25
    station.reopen()
    assert station.reembed().done_count == 45
    assert station.reembed().done_count == 45
    assert station.missed(NEXT_PACK_ID) == 0


def test_every_template_made_is_in_the_audit_log(station: Station) -> None:
    for number in range(25):
        station.enroll(face(number))
    station.reembed()
    events = [event for event in station.audit.events if event.action == "reembed"]
    assert [len(event.reference_ids) for event in events] == [20, 5]
    assert {event.pack_ids for event in events} == {(NEXT_PACK_ID,)}
    assert {event.operator_id for event in events} == {"station-matcher"}


def test_what_has_no_image_and_what_fails_is_listed_and_not_tried_again(station: Station) -> None:
    without = station.enroll(face(1), keeps_image=False)
    fails = station.enroll(face(2))
    several = station.enroll(face(4, face_count=2, largest_face=True))
    station.enroll(face(3))

    class Blind(FakeFaceEngine):
        def detect(self, image):  # type: ignore[no-untyped-def]
            return () if int(image.pixels[0, 0]) == 2 else super().detect(image)

    blind = Blind(pack_id=NEXT_PACK_ID)
    counts = station.reembed(blind)
    assert counts.without_image_ids == (without,)
    assert counts.failed == ((fails, "ERROR_REASON_NO_FACE"),)
    assert counts.done_count == 2
    assert several not in station.database.without_counterpart(Modality.FACE, NEXT_PACK_ID)
    assert station.missed(NEXT_PACK_ID) == 2
    assert station.database.without_counterpart(Modality.FACE, NEXT_PACK_ID) == ()
    told = reembedding_counts(station.folder, Modality.FACE, NEXT_PACK_ID)
    assert told == counts
    (held,) = passed_over(station.folder, {Modality.FACE: NEXT_PACK_ID})
    assert (held.pack_id, held.reference_count) == (FACE_PACK_ID, 2)


def test_the_face_that_was_chosen_is_chosen_again(station: Station) -> None:
    station.enroll(face(7, face_count=3, face_number=2), external_id="second")
    station.enroll(face(8, face_count=3, largest_face=True), external_id="largest")
    assert station.reembed().failed == ()
    subject = station.database.find_subject("second")
    assert subject is not None
    assert station.first_found(NEXT_PACK_ID, face(107)) == subject.subject_id


def test_it_is_known_by_its_place_where_a_pack_numbers_faces_otherwise_or_finds_others(station: Station) -> None:
    class FromTheOtherEnd(FakeFaceEngine):
        def detect(self, image):  # type: ignore[no-untyped-def]
            return super().detect(image)[::-1]

        def extract(self, image, *, face_number=0, largest_face=False):  # type: ignore[no-untyped-def]
            return super().extract(image, face_number=len(self.detect(image)) + 1 - face_number)

    class SeesTheLastAlone(FakeFaceEngine):
        def detect(self, image):  # type: ignore[no-untyped-def]
            return super().detect(image)[-1:]

    first = station.enroll(face(7, face_count=9, face_number=1), external_id="first")
    assert station.reembed(FromTheOtherEnd(pack_id=NEXT_PACK_ID)).failed == ()
    template = Engines(FIRST, None).extract(face(7)).template
    hits = station.database.search(Modality.FACE, NEXT_PACK_ID, template.vectors, 1)
    assert hits.similarities[0, 0] > 0.9
    found = station.reembed(SeesTheLastAlone(pack_id="fake-third@1"))
    assert found.failed == ((first, "ERROR_REASON_NO_FACE"),)


@pytest.mark.parametrize("deleted", ["original", "counterpart"])
def test_a_reference_is_deleted_with_what_was_made_of_its_image(station: Station, deleted: str) -> None:
    kept, original = station.enroll(face(1)), station.enroll(face(2))
    station.reembed()
    subject_id = station.database.subject_ids_of([original])[original]
    family = {one.reference_id for one in station.database.list_references(subject_id).items}
    assert len(family) == 2
    chosen = original if deleted == "original" else max(family)
    receipt = station.database.delete_reference(chosen)
    assert set(receipt.reference_ids) == family
    assert station.database.list_references(subject_id).items == ()
    assert station.database.image_of(kept) is not None
    for pack_id in (FACE_PACK_ID, NEXT_PACK_ID):
        assert station.missed(pack_id) == 0
        assert len(station.database.allowed_reference_ids(Modality.FACE, pack_id)) == 1
    assert station.database.verify().ok


def test_back_again_what_was_enrolled_meanwhile_is_made_for_the_first_pack(station: Station) -> None:
    station.enroll(face(1), external_id="1")
    station.reembed()
    station.enroll(face(2), engine=NEXT, external_id="2")
    assert (station.missed(FACE_PACK_ID), station.missed(NEXT_PACK_ID)) == (1, 0)
    assert station.reembed(FIRST).done_count == 2
    assert (station.missed(FACE_PACK_ID), station.missed(NEXT_PACK_ID)) == (0, 0)
    subject = station.database.find_subject("2")
    assert subject is not None
    assert station.first_found(FACE_PACK_ID, face(2)) == subject.subject_id


def test_what_is_passed_over_is_counted_within_the_filter(station: Station) -> None:

    for name in ("red", "blue"):
        station.database.create_gallery(Gallery(name, name))
    station.enroll(face(1), galleries=frozenset({"red"}))
    station.enroll(face(2), galleries=frozenset({"blue"}))
    station.enroll(face(3), engine=NEXT, galleries=frozenset({"blue"}))
    assert station.missed(NEXT_PACK_ID, SearchFilter(galleries=frozenset({"red"}))) == 1
    assert station.missed(FACE_PACK_ID, SearchFilter(galleries=frozenset({"blue"}))) == 1
    assert station.missed(FACE_PACK_ID, SearchFilter(galleries=frozenset({"red"}))) == 0


def test_a_sealed_subject_comes_back_with_both(station: Station) -> None:
    original = station.enroll(face(1))
    station.reembed()
    subject_id = station.database.subject_ids_of([original])[original]
    station.database.seal_subject(subject_id)
    assert (station.missed(FACE_PACK_ID), station.missed(NEXT_PACK_ID)) == (0, 0)
    station.database.unseal_subject(subject_id)
    for pack_id in (FACE_PACK_ID, NEXT_PACK_ID):
        assert station.missed(pack_id) == 0
        assert len(station.database.allowed_reference_ids(Modality.FACE, pack_id)) == 1


def test_what_comes_back_unsearched_is_told_at_once(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_SHARE", 1e-12)  # what is counted stands for long
    subject_id = station.database.subject_ids_of([original := station.enroll(face(1))])[original]
    station.enroll(face(2))
    station.enroll(face(3), engine=NEXT)
    station.database.seal_subject(subject_id)
    assert station.missed(NEXT_PACK_ID) == 1
    station.database.unseal_subject(subject_id)
    assert station.missed(NEXT_PACK_ID) == 2


def test_two_packs_are_held_against_each_other_on_the_same_images(station: Station) -> None:
    for number in range(12):
        for impression in range(2):
            station.enroll(face(number, impression=impression), external_id=str(number))
    station.enroll(face(50), external_id="50")  # one image: no mate
    station.reembed()
    found = station.compare(probe_count=100)
    assert found.probe_count == 24
    for one in found.figures:
        assert one.first_count == 24
        assert one.mate_scores.min() > one.stranger_scores.max()
    assert (found.better_count, found.worse_count) == (0, 0)
    assert station.compare(probe_count=10).probe_count == 10
    first, second = station.audit.events[-2:]
    assert (first.action, first.outcome) == ("compare_packs", "ok")
    assert (first.operator_id, first.case_number, first.purpose) == ("operator-7", "case-12", "next pack")
    assert first.pack_ids == (FACE_PACK_ID, NEXT_PACK_ID)
    # Who was searched with, in both packs.
    assert (len(set(first.reference_ids)), len(set(second.reference_ids))) == (48, 20)


def test_a_worse_pack_is_told(station: Station) -> None:
    """A pack that takes every impression for another person."""
    forgetful = FakeFaceEngine(pack_id=NEXT_PACK_ID)
    for number in range(6):
        for impression in range(2):
            sample = face(number, impression=impression)
            reference_id = station.enroll(sample, external_id=str(number))
            made = Engines(forgetful, None).extract(face(number + 10 * impression, impression=impression))
            new = NewReference(made.template, 80.0, sample_sha256=hashlib.sha256(sample.image_bytes).hexdigest())
            station.database.add_counterparts(NEXT_PACK_ID, [(reference_id, new)])
    found = station.compare(probe_count=100)
    assert (found.probe_count, found.better_count) == (12, 0)
    assert found.worse_count > 6
    assert found.figures[0].first_count == 12


@pytest.mark.parametrize("missing", ["operator_id", "case_number", "purpose"])
def test_packs_are_compared_for_a_case_and_a_purpose_only(station: Station, missing: str) -> None:
    station.enroll(face(1))
    with pytest.raises(RequestError, match=missing):
        station.compare(context=replace(ACCESS, **{missing: ""}))
    (refused,) = station.audit.events
    assert (refused.action, refused.outcome) == ("compare_packs", "refused")


def test_without_its_audit_record_a_comparison_says_nothing(station: Station) -> None:
    for impression in range(2):
        station.enroll(face(1, impression=impression), external_id="1")
    station.reembed()
    station.audit.is_broken = True
    with pytest.raises(AuditError):
        station.compare()


def test_fingerprint_packs_are_compared_finger_by_finger(station: Station) -> None:
    """Two impressions of two fingers each; the other finger of the same person is neither mate nor stranger."""
    engine, positions = FakeFingerprintEngine(), (FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_INDEX)
    following = FakeFingerprintEngine(pack_id=NEXT_FINGER_PACK_ID)
    samples = [
        (number, finger(10 * number + place, position=position, impression=impression))
        for number in range(1, 5)
        for place, position in enumerate(positions)
        for impression in range(2)
    ]
    samples += [(9, finger(99, position=FingerPosition.UNKNOWN, impression=impression)) for impression in range(2)]
    for number, sample in samples:
        reference_id = station.enroll(sample, engine=engine, external_id=str(number))
        made = Engines(None, following).extract(sample)
        new = NewReference(made.template, 80.0, sample_sha256=hashlib.sha256(sample.image_bytes).hexdigest())
        station.database.add_counterparts(NEXT_FINGER_PACK_ID, [(reference_id, new)])
    packs = (FINGERPRINT_PACK_ID, NEXT_FINGER_PACK_ID)
    for limit in (1000, 1):  # every finger compared, and those of the index's shortlist
        found = station.compare(Modality.FINGERPRINT, packs, exhaustive_reference_limit=limit)
        assert found.probe_count == 16
        for one in found.figures:
            assert (one.first_count, len(one.mate_scores)) == (16, 16)
            assert one.mate_scores.min() > one.stranger_scores.max()
        assert (found.better_count, found.worse_count) == (0, 0)
