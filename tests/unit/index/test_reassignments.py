"""Subjects that are one person are merged, references of a wrong subject moved, and both taken back."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.backup.backup import back_up, mend, restore
from index.database import EnrollmentDatabase
from index.errors import (
    AlreadyExistsError,
    GalleryNotFoundError,
    ReassignmentError,
    ReferenceNotFoundError,
    RequestConflictError,
    SubjectMergedError,
    SubjectNotFoundError,
)
from index.folder import SLOTS_NAME, STORE_NAME
from index.keys.slots import copy_slots
from index.receipts import MendedStore
from index.records import (
    Gallery,
    Modality,
    NewReference,
    RecordAuthor,
    RecordEventKind,
    SearchFilter,
    Sex,
    Subject,
    SubjectQuery,
)
from tests.files import files_with
from tests.unit.index.conftest import FACE_PACK, MASTER, References

AUTHOR = RecordAuthor("operator-7", "case-12", "one person", "station-3")
make = References()


def with_image(new: NewReference, content: bytes) -> NewReference:
    return replace(new, image=content, sample_sha256=hashlib.sha256(content).hexdigest(), ppi=500.0)


@pytest.fixture
def database(opened: Callable[[], EnrollmentDatabase]) -> Iterator[EnrollmentDatabase]:
    with opened() as database:
        yield database


class Pair:
    """Two subjects of one person, and a third that nothing happens to."""

    def __init__(self, database: EnrollmentDatabase) -> None:
        self.database = database
        for name in ("wanted", "missing"):
            database.create_gallery(Gallery(name, name))
        self.faces = {name: make.face() for name in ("old", "new", "other")}
        self.fingers = {name: make.finger() for name in ("old", "new")}
        old = Subject("", "HS-1", "Nguyễn Văn Cũ", frozenset({"wanted"}), sex=Sex.MALE, birth_year=1980)
        new = Subject("", "HS-2", "Nguyễn Văn Mới", frozenset({"missing"}))
        self.old = database.enroll(old, [self.faces["old"], self.fingers["old"]], request_id="old")
        self.new = database.enroll(new, [self.faces["new"], self.fingers["new"]], request_id="new")
        self.other = database.enroll(Subject("", "HS-3", "Trần Thị Khác"), [self.faces["other"]])
        fields = {"occupation": "Thợ điện", "cccd_number": "079080000001", "cccd_expiry_date": "01/01/2040"}
        database.update_record(self.old.subject_id, {**fields, "other_names": "Tư Cũ"}, AUTHOR)
        database.update_record(self.new.subject_id, {"occupation": "Lái xe"}, AUTHOR)

    def merge(self, **said: object):
        return self.database.merge_subjects(self.old.subject_id, self.new.subject_id, AUTHOR, **said)  # type: ignore[arg-type]

    def owner_by_face(self, name: str) -> str:
        template = self.faces[name].template
        hits = self.database.search(Modality.FACE, template.pack_id, template.vectors, 3)
        assert hits.similarities[0, 0] > 0.999
        ids = hits.reference_ids[0][: int(hits.counts[0])].tolist()
        assert len(set(ids)) == len(ids)
        return self.database.subject_ids_of(ids)[ids[0]]

    def state(self) -> dict[str, object]:
        """All that is known of both, but times and histories."""
        found: dict[str, object] = {}
        for one in (self.old, self.new):
            subject = self.database.get_subject(one.subject_id)
            references = self.database.list_references(one.subject_id).items
            found[one.subject_id] = (
                replace(subject, create_time=None),
                dict(self.database.get_record(one.subject_id).fields),
                [(ref.reference_id, ref.template.vectors.tobytes(), ref.template.minutiae) for ref in references],
                {name: self.names(name) for name in ("cu", "moi", "tu")},
            )
        return found

    def names(self, name: str) -> list[str]:
        return [one.subject_id for one in self.database.list_subjects(SubjectQuery(name=name)).items]


@pytest.fixture
def pair(database: EnrollmentDatabase) -> Pair:
    return Pair(database)


def test_a_merged_subject_is_one_with_all_references_and_what_the_record_lacked(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    receipt = pair.merge()
    assert (receipt.source_id, receipt.target_id) == (old.subject_id, new.subject_id)
    assert receipt.reference_ids == old.reference_ids
    assert receipt.changed_fields == (
        "birth_year", "cccd_expiry_date", "cccd_number", "other_names", "sex",
    )  # fmt: skip
    record = database.get_record(new.subject_id).fields
    assert record == {
        "external_id": "HS-2",
        "display_name": "Nguyễn Văn Mới",
        "sex": "male",
        "birth_year": "1980",
        "occupation": "Lái xe",
        "cccd_number": "079080000001",
        "cccd_expiry_date": "01/01/2040",
        "other_names": "Nguyễn Văn Cũ; Tư Cũ",
    }
    subject = database.get_subject(new.subject_id)
    assert subject.galleries == {"wanted", "missing"}
    assert (subject.sex, subject.birth_year) == (Sex.MALE, 1980)
    references = database.list_references(new.subject_id).items
    assert [one.reference_id for one in references] == sorted((*old.reference_ids, *new.reference_ids))
    assert references[1].template.minutiae == pair.fingers["old"].template.minutiae
    assert pair.owner_by_face("old") == pair.owner_by_face("new") == new.subject_id
    assert pair.names("cu") == pair.names("moi") == [new.subject_id]
    for where in ({"wanted"}, {"missing"}):
        assert database.count(Modality.FACE, FACE_PACK, SearchFilter(galleries=frozenset(where))) == (1, 2)
    assert database.count(Modality.FACE, FACE_PACK, SearchFilter(sex=Sex.FEMALE)) == (1, 1)
    assert database.counts().subject_count == 2
    assert database.verify().ok


def test_both_ids_of_a_merged_subject_lead_to_the_other(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    pair.merge()
    calls: list[Callable[[], object]] = [
        lambda: database.get_subject(old.subject_id),
        lambda: database.get_record(old.subject_id),
        lambda: database.list_references(old.subject_id),
        lambda: database.update_record(old.subject_id, {"occupation": "x"}, AUTHOR),
        lambda: database.delete_subject(old.subject_id),
        lambda: database.seal_subject(old.subject_id),
        lambda: database.enroll(Subject(old.subject_id), [make.face()]),
        lambda: database.add_to_gallery("wanted", [old.subject_id]),
        lambda: database.count(Modality.FACE, FACE_PACK, SearchFilter(subject_ids=frozenset({old.subject_id}))),
        lambda: database.merge_subjects(old.subject_id, pair.other.subject_id, AUTHOR),
    ]
    for call in calls:
        with pytest.raises(SubjectMergedError) as refusal:
            call()
        assert refusal.value.merged_into == new.subject_id
    found = database.find_subject("HS-1")
    assert found is not None
    assert found.subject_id == new.subject_id
    assert database.enroll(Subject("", "HS-1"), [make.face()]).subject_id == new.subject_id
    assert database.enroll(Subject(new.subject_id, "HS-1"), [make.face()]).subject_id == new.subject_id
    with pytest.raises(AlreadyExistsError):
        database.update_record(pair.other.subject_id, {"external_id": "HS-1"}, AUTHOR)
    # What was answered before is answered again.
    replayed = database.enroll(Subject(""), [make.face()], request_id="old")
    assert (replayed.subject_id, replayed.replayed) == (old.subject_id, True)


def test_both_histories_tell_of_a_merge_and_its_undoing(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    receipt = pair.merge()
    revisions = database.list_revisions(old.subject_id)
    assert revisions.total_count == 2
    assert [one.revision for one in database.list_revisions(old.subject_id, page_size=1).items] == [1]
    event = revisions.items[-1].event
    assert event is not None
    assert (event.kind, event.other_subject_id) == (RecordEventKind.MERGED_INTO, new.subject_id)
    last = database.list_revisions(new.subject_id).items[-1]
    assert (last.author, last.event is not None) == (AUTHOR, True)
    assert last.event is not None
    assert last.event.kind is RecordEventKind.MERGED_FROM
    assert (last.event.other_subject_id, last.event.reassignment_id) == (old.subject_id, receipt.reassignment_id)
    assert last.event.reference_ids == old.reference_ids
    assert last.event.fields["occupation"] == "Thợ điện"
    assert ("cccd_number", "", "079080000001") in [(one.field, one.before, one.after) for one in last.changes]
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    for one, count in ((old, 3), (new, 3)):
        items = database.list_revisions(one.subject_id).items
        assert [revision.revision for revision in items] == list(range(1, count + 1))
        assert items[-1].event is not None
        assert items[-1].event.kind is RecordEventKind.UNDONE
        assert items[-2].event is not None
        assert items[-2].event.is_undone
    merged, undone = database.list_revisions(new.subject_id).items[-2:]
    assert {one.field: one.after for one in undone.changes} == {one.field: one.before for one in merged.changes}


def test_an_undone_merge_leaves_both_as_they_were(pair: Pair, opened: Callable[[], EnrollmentDatabase]) -> None:
    database = pair.database
    before = pair.state()
    for number in range(2):
        receipt = pair.merge(request_id=f"merge-{number}")
        undone = database.undo_reassignment(receipt.reassignment_id, AUTHOR, request_id=f"undo-{number}")
        assert undone.reference_ids == pair.old.reference_ids
        assert undone.kept_fields == ()
        assert pair.state() == before
        assert pair.owner_by_face("old") == pair.old.subject_id
        assert database.count(Modality.FACE, FACE_PACK, SearchFilter(galleries=frozenset({"wanted"}))) == (1, 1)
        assert database.verify().ok
    assert database.enroll(Subject("", "HS-1"), [make.face()]).subject_id == pair.old.subject_id
    database.close()
    with opened() as again:
        assert again.verify().ok
        assert again.find_subject("HS-1").subject_id == pair.old.subject_id  # type: ignore[union-attr]


def test_what_changed_since_a_merge_stays_with_the_target(pair: Pair) -> None:
    database = pair.database
    receipt = pair.merge()
    later = database.enroll(Subject(pair.new.subject_id), [make.face()])
    database.update_record(pair.new.subject_id, {"other_names": "Nguyễn Văn Cũ; Tư Cũ; Tư Mới"}, AUTHOR)
    database.delete_reference(pair.old.reference_ids[0])
    undone = database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert undone.reference_ids == pair.old.reference_ids[1:]
    assert undone.kept_fields == ("other_names",)
    assert database.get_record(pair.new.subject_id).fields["other_names"] == "Nguyễn Văn Cũ; Tư Cũ; Tư Mới"
    assert "sex" not in database.get_record(pair.new.subject_id).fields
    owners = database.subject_ids_of([*pair.old.reference_ids, *later.reference_ids])
    assert owners == {pair.old.reference_ids[1]: pair.old.subject_id, later.reference_ids[0]: pair.new.subject_id}
    assert database.verify().ok


def test_repeated_requests_are_one(pair: Pair) -> None:
    database = pair.database
    first = pair.merge(request_id="m")
    again = pair.merge(request_id="m")
    assert again == replace(first, replayed=True)
    with pytest.raises(RequestConflictError):
        database.merge_subjects(pair.other.subject_id, pair.new.subject_id, AUTHOR, request_id="m")
    undone = database.undo_reassignment(first.reassignment_id, AUTHOR, request_id="u")
    again = database.undo_reassignment(first.reassignment_id, AUTHOR, request_id="u")
    assert again == replace(undone, replayed=True)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ReassignmentError) as refusal:
        call()
    return refusal.value.reason


def test_what_cannot_be_is_refused_and_changes_nothing(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    before = pair.state()
    assert refused(lambda: database.merge_subjects(old.subject_id, old.subject_id, AUTHOR)) == "same_subject"
    assert refused(lambda: database.move_references([], old.subject_id, new.subject_id, AUTHOR)) == "no_references"
    wrong = (new.reference_ids[0],)
    assert refused(lambda: database.move_references(wrong, old.subject_id, new.subject_id, AUTHOR)) == "other_subject"
    assert refused(lambda: database.undo_reassignment(77, AUTHOR)) == "unknown"
    with pytest.raises(SubjectNotFoundError):
        database.merge_subjects("nobody", new.subject_id, AUTHOR)
    with pytest.raises(ReferenceNotFoundError):
        database.move_references([77], old.subject_id, new.subject_id, AUTHOR)
    assert pair.state() == before
    database.seal_subject(old.subject_id)
    assert refused(pair.merge) == "sealed"
    moved = (old.reference_ids[0],)
    assert refused(lambda: database.move_references(moved, old.subject_id, new.subject_id, AUTHOR)) == "sealed"
    assert database.verify().ok


def test_what_happened_since_keeps_a_merge_from_being_undone(pair: Pair) -> None:
    database, old, new, other = pair.database, pair.old, pair.new, pair.other
    first = pair.merge()

    def undo(number: int = first.reassignment_id) -> object:
        return database.undo_reassignment(number, AUTHOR)

    database.seal_subject(new.subject_id)
    assert refused(undo) == "sealed"
    database.unseal_subject(new.subject_id)
    moved = database.move_references(old.reference_ids[:1], new.subject_id, other.subject_id, AUTHOR)
    assert refused(undo) == "moved_on"
    undo(moved.reassignment_id)
    third = database.merge_subjects(other.subject_id, new.subject_id, AUTHOR)
    assert refused(undo) == "later_merge"
    undo(third.reassignment_id)
    fourth = database.merge_subjects(new.subject_id, other.subject_id, AUTHOR)
    assert refused(undo) == "target_merged"
    with pytest.raises(SubjectMergedError) as refusal:
        database.get_subject(old.subject_id)
    assert refusal.value.merged_into == other.subject_id
    assert database.find_subject("HS-1").subject_id == other.subject_id  # type: ignore[union-attr]
    undo(fourth.reassignment_id)
    database.update_record(new.subject_id, {"external_id": "HS-1"}, AUTHOR)
    assert refused(undo) == "external_id"
    database.update_record(new.subject_id, {"external_id": "HS-2"}, AUTHOR)
    undo()
    assert refused(undo) == "undone"
    assert database.verify().ok


def test_two_sealed_subjects_become_one_that_is_sealed(pair: Pair) -> None:
    database = pair.database
    for one in (pair.old, pair.new):
        database.seal_subject(one.subject_id)
    receipt = pair.merge()
    assert database.count(Modality.FACE, FACE_PACK) == (1, 1)
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert database.count(Modality.FACE, FACE_PACK) == (1, 1)
    database.unseal_subject(pair.old.subject_id)
    assert pair.owner_by_face("old") == pair.old.subject_id
    assert database.verify().ok


def test_a_reference_of_the_wrong_person_is_moved_and_comes_back(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    before = pair.state()
    receipt = database.move_references(old.reference_ids[:1], old.subject_id, new.subject_id, AUTHOR, request_id="m")
    assert pair.owner_by_face("old") == new.subject_id
    assert [one.reference_id for one in database.list_references(old.subject_id).items] == [old.reference_ids[1]]
    assert database.count(Modality.FACE, FACE_PACK, SearchFilter(galleries=frozenset({"wanted"}))) == (0, 0)
    for one, kind, there in (
        (old, RecordEventKind.MOVED_TO, new),
        (new, RecordEventKind.MOVED_FROM, old),
    ):
        event = database.list_revisions(one.subject_id).items[-1].event
        assert event is not None
        assert (event.kind, event.other_subject_id) == (kind, there.subject_id)
        assert event.reference_ids == old.reference_ids[:1]
    assert database.verify().ok
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert pair.state() == before
    assert pair.owner_by_face("old") == old.subject_id
    assert database.verify().ok


def test_counterparts_go_with_their_original(pair: Pair) -> None:
    database, old, new = pair.database, pair.old, pair.new
    (made,) = database.add_counterparts("face-next@1", [(old.reference_ids[0], make.face(pack_id="face-next@1"))])
    receipt = database.move_references([made], old.subject_id, new.subject_id, AUTHOR)
    assert receipt.reference_ids == (old.reference_ids[0], made)
    (later,) = database.add_counterparts("face-third@1", [(old.reference_ids[0], make.face(pack_id="face-third@1"))])
    undone = database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert undone.reference_ids == (old.reference_ids[0], made, later)
    assert set(database.subject_ids_of(undone.reference_ids).values()) == {old.subject_id}
    assert database.verify().ok


def test_a_move_is_not_undone_where_a_subject_was_merged_or_deleted_since(pair: Pair) -> None:
    database, old, other = pair.database, pair.old, pair.other
    moved = database.move_references(old.reference_ids[:1], old.subject_id, other.subject_id, AUTHOR)
    merged = pair.merge()
    assert refused(lambda: database.undo_reassignment(moved.reassignment_id, AUTHOR)) == "source_merged"
    database.undo_reassignment(merged.reassignment_id, AUTHOR)
    database.undo_reassignment(moved.reassignment_id, AUTHOR)
    moved = database.move_references(old.reference_ids[:1], old.subject_id, other.subject_id, AUTHOR)
    database.delete_subject(old.subject_id)
    assert refused(lambda: database.undo_reassignment(moved.reassignment_id, AUTHOR)) == "unknown"
    event = database.list_revisions(other.subject_id).items[-1].event
    assert event is not None
    assert event.other_subject_id == ""
    assert database.subject_ids_of(old.reference_ids[:1]) == {old.reference_ids[0]: other.subject_id}


@pytest.mark.parametrize("is_undone", [False, True])
def test_nothing_of_either_is_left_when_the_merged_subject_is_deleted(
    pair: Pair, folder: Path, is_undone: bool
) -> None:
    database = pair.database
    receipt = pair.merge(request_id="m")
    names = ["Nguyễn Văn Cũ", "Thợ điện", "079080000001", "HS-1", pair.old.subject_id]
    if is_undone:
        database.undo_reassignment(receipt.reassignment_id, AUTHOR, request_id="u")
        deleted = database.delete_subject(pair.old.subject_id)
        assert deleted.reference_ids == pair.old.reference_ids
        assert pair.owner_by_face("new") == pair.new.subject_id
    else:
        deleted = database.delete_subject(pair.new.subject_id)
        assert deleted.reference_ids == tuple(sorted((*pair.old.reference_ids, *pair.new.reference_ids)))
        assert deleted.merged_subject_ids == (pair.old.subject_id,)
        names += ["Nguyễn Văn Mới", "HS-2", "Lái xe", pair.new.subject_id]
        if database.is_encrypted:
            assert deleted.key_count == 6  # two subjects, four references
    assert deleted.files_scrubbed
    assert database.check_absence(subject_id=pair.old.subject_id, reference_ids=deleted.reference_ids).absent
    for name in names:
        assert not files_with(folder, name.encode()), name
    with pytest.raises(SubjectNotFoundError) as refusal:
        database.get_subject(pair.old.subject_id)
    assert not isinstance(refusal.value, SubjectMergedError)
    assert database.find_subject("HS-1") is None
    assert database.verify().ok
    database.close()
    for name in names:
        assert not files_with(folder, name.encode()), name


def test_images_go_with_their_references(folder: Path) -> None:
    shared, own, twice = (bytes([number]) * 900 for number in range(3))
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        news = [with_image(make.face(), shared), with_image(make.face(), shared), with_image(make.face(), own)]
        old = database.enroll(Subject("", "1"), [*news, with_image(make.face(), twice)])
        new = database.enroll(Subject("", "2"), [with_image(make.face(), twice)])

        def images() -> list[bytes | None]:
            kept = [database.image_of(one) for one in (*old.reference_ids, *new.reference_ids)]
            return [None if image is None else image.content for image in kept]

        def files() -> int:
            return sum(path.is_file() for path in (folder / "vault").rglob("*"))

        every = [shared, shared, own, twice, twice]
        assert (images(), files()) == (every, 4)
        # One of two that share an image: it is copied, since either may be deleted alone.
        moved = database.move_references(old.reference_ids[:1], old.subject_id, new.subject_id, AUTHOR)
        assert (images(), files()) == (every, 5)
        merged = database.merge_subjects(old.subject_id, new.subject_id, AUTHOR)
        assert (images(), files()) == (every, 3)
        database.undo_reassignment(merged.reassignment_id, AUTHOR)
        assert (images(), files()) == (every, 5)
        database.undo_reassignment(moved.reassignment_id, AUTHOR)
        assert (images(), files()) == (every, 4)
        database.merge_subjects(old.subject_id, new.subject_id, AUTHOR)
        assert database.verify().ok
        database.delete_subject(new.subject_id)
        assert files() == 0
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        assert database.verify().ok


def test_what_was_merged_in_a_plain_store_is_encrypted_with_it(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        pair = Pair(database)
        before = pair.state()
        receipt = pair.merge()
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        for name in ("Nguyễn Văn Cũ", "Tư Cũ", "Thợ điện", "079080000001", "HS-1"):
            assert not files_with(folder, name.encode()), name
        assert database.find_subject("HS-1").subject_id == pair.new.subject_id  # type: ignore[union-attr]
        assert database.verify().ok
        pair.database = database
        assert pair.names("tu") == [pair.new.subject_id]
        database.undo_reassignment(receipt.reassignment_id, AUTHOR)
        assert pair.state() == before
        assert database.verify().ok


@pytest.mark.parametrize("source", [0, 1])
def test_what_was_undone_in_a_plain_store_is_encrypted_with_it(folder: Path, source: int) -> None:
    """Whichever of the two subjects is encrypted first."""
    with EnrollmentDatabase.open(folder) as database:
        ids = [database.enroll(Subject("", f"HS-00{number}", f"Người Cũ {number}"), []).subject_id for number in (1, 2)]
        merged = database.merge_subjects(ids[source], ids[1 - source], AUTHOR)
        database.undo_reassignment(merged.reassignment_id, AUTHOR)
    assert files_with(folder, b"HS-001")
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        for number in (1, 2):
            for needle in (f"HS-00{number}", f"Người Cũ {number}", f"Cũ {number}"):
                assert not files_with(folder, needle.encode()), needle
            assert database.find_subject(f"HS-00{number}").subject_id == ids[number - 1]  # type: ignore[union-attr]
        assert database.verify().ok


def test_a_backup_of_before_a_merge_opens_with_the_keys_of_today(folder: Path, tmp_path: Path) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        pair = Pair(database)
        back_up(folder, tmp_path / "before")
        receipt = pair.merge()
        back_up(folder, tmp_path / "after")
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
        merged = pair.database.get_record(pair.new.subject_id).fields
    restore(tmp_path / "before", tmp_path / "one", key_slots=tmp_path / "keys")
    with EnrollmentDatabase.open(tmp_path / "one", create=False, master_key=MASTER) as database:
        pair.database = database
        assert database.counts().subject_count == 3
        assert pair.owner_by_face("old") == pair.old.subject_id
        assert database.verify().ok
    restore(tmp_path / "after", tmp_path / "two", key_slots=tmp_path / "keys")
    with EnrollmentDatabase.open(tmp_path / "two", create=False, master_key=MASTER) as database:
        pair.database = database
        assert database.get_record(pair.new.subject_id).fields == merged
        database.undo_reassignment(receipt.reassignment_id, AUTHOR)
        assert pair.owner_by_face("old") == pair.old.subject_id
        assert database.verify().ok
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.delete_subject(pair.new.subject_id)
        copy_slots(folder / SLOTS_NAME, tmp_path / "later keys")
    restore(tmp_path / "before", tmp_path / "three", key_slots=tmp_path / "later keys")
    with EnrollmentDatabase.open(tmp_path / "three", create=False, master_key=MASTER) as database:
        assert [one.external_id for one in database.list_subjects().items] == ["HS-3"]


def test_a_damaged_reference_is_not_moved_and_not_mended_to_whom_it_was_of(folder: Path, tmp_path: Path) -> None:
    import sqlite3

    def damage(reference_id: int) -> None:
        with sqlite3.connect(folder / STORE_NAME) as connection:
            connection.execute("UPDATE template SET vectors = x'00' WHERE reference_id = ?", (reference_id,))
        connection.close()

    with EnrollmentDatabase.open(folder) as database:
        pair = Pair(database)
        face = pair.old.reference_ids[0]
        back_up(folder, tmp_path / "before")
        database.move_references([face], pair.old.subject_id, pair.new.subject_id, AUTHOR)
        back_up(folder, tmp_path / "after")
    damage(face)
    with EnrollmentDatabase.open(folder) as database:
        assert database.verify().set_aside_ids == (face,)
        both = (pair.new.subject_id, pair.old.subject_id)
        assert refused(lambda: database.merge_subjects(*both, AUTHOR)) == "damaged"
    assert mend(tmp_path / "before", folder) == MendedStore((), (face,), 0, ())
    assert mend(tmp_path / "after", folder) == MendedStore((face,), (), 0, ())
    with EnrollmentDatabase.open(folder) as database:
        assert database.verify().ok
        assert database.subject_ids_of([face]) == {face: pair.new.subject_id}


def test_a_gallery_that_is_gone_keeps_nobody_from_undoing(pair: Pair) -> None:
    database = pair.database
    receipt = pair.merge()
    database.delete_gallery("wanted", even_if_not_empty=True)
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert database.get_subject(pair.old.subject_id).galleries == frozenset()
    with pytest.raises(GalleryNotFoundError):
        database.add_to_gallery("wanted", [pair.old.subject_id])


def test_searches_meet_each_reference_once_while_subjects_are_merged_and_taken_apart(pair: Pair) -> None:
    database, found, stop = pair.database, [], threading.Event()

    def search() -> None:
        while not stop.is_set():
            resolved = database.allowed_reference_ids(Modality.FACE, FACE_PACK).tolist()
            counts = database.counts_by_subject(Modality.FACE, FACE_PACK)
            found.append((resolved, int(counts.sum())))

    searching = threading.Thread(target=search)
    searching.start()
    for _ in range(20):
        database.undo_reassignment(pair.merge().reassignment_id, AUTHOR)
    stop.set()
    searching.join()
    ids = [one.reference_ids[0] for one in (pair.old, pair.new, pair.other)]
    assert found
    assert all(one == (ids, 3) for one in found)


steps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), max_size=14)


@settings(max_examples=25, deadline=None)
@given(steps=steps)
def test_whatever_is_merged_moved_and_undone_every_reference_is_somebodys(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("reassigned") / "database"
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        enrolled = [
            database.enroll(Subject("", f"{number}", f"Name {number}"), [make.face(), make.face()])
            for number in range(4)
        ]
        faces = {
            one: database.references([one])[0].template.vectors.tobytes()
            for receipt in enrolled
            for one in receipt.reference_ids
        }
        done: list[int] = []
        for kind, one, other in steps:
            source, target = enrolled[one], enrolled[other]
            try:
                if kind == 0:
                    done.append(database.merge_subjects(source.subject_id, target.subject_id, AUTHOR).reassignment_id)
                elif kind == 1:
                    ids = source.reference_ids[:1]
                    moved = database.move_references(ids, source.subject_id, target.subject_id, AUTHOR)
                    done.append(moved.reassignment_id)
                elif done:
                    database.undo_reassignment(done[(one - 2 * other) % len(done)], AUTHOR)
            except (ReassignmentError, SubjectMergedError):
                continue
        assert database.verify().ok
        # Undone from the last to the first, everything is as it was.
        for number in reversed(done):
            try:
                database.undo_reassignment(number, AUTHOR)
            except ReassignmentError as error:
                assert error.reason == "undone"  # noqa: PT017
        for receipt in enrolled:
            assert database.subject_ids_of(receipt.reference_ids) == dict.fromkeys(
                receipt.reference_ids, receipt.subject_id
            )
            subject = database.get_subject(receipt.subject_id)
            assert subject.display_name == f"Name {subject.external_id}"
            assert "other_names" not in database.get_record(receipt.subject_id).fields
        assert all(
            database.references([one])[0].template.vectors.tobytes() == content for one, content in faces.items()
        )
        assert database.verify().ok
