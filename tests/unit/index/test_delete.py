"""Deleting: gone from every answer, from the rows, and from the bytes of the files."""

from __future__ import annotations

import shutil
import sqlite3
import time
import unicodedata

import pytest

from index.absence import contains
from index.database import EnrollmentDatabase
from index.errors import (
    CacheFileError,
    DatabaseFullError,
    ReferenceNotFoundError,
    RequestConflictError,
    SubjectNotFoundError,
)
from index.folder import STORE_NAME, database_files
from index.records import Gallery, Modality, Subject
from index.store.name_words import words_of

FACE_PACK = "face-test@1"

NAME = unicodedata.normalize("NFC", "Trần Đức Ẩn")


def _files_with(folder, needle: bytes) -> list[str]:
    return [path.name for path in database_files(folder) if contains(path, needle)]


def test_a_deleted_subject_is_in_no_answer_and_no_file(folder, make, found):
    face, finger, other = make.face(), make.finger(count=40), make.face()
    needles = {
        "vector": face.template.vectors.tobytes(),
        "minutiae": finger.template.minutiae,
        "name": NAME.encode(),
        "number": b"079203004567",
    }
    with EnrollmentDatabase.open(folder) as database:
        database.create_gallery(Gallery("watch", "watch"))
        database.enroll(Subject(""), [other])
        subject = Subject("", external_id="079203004567", display_name=NAME, galleries=frozenset({"watch"}))
        receipt = database.enroll(subject, [face, finger], request_id="r 1", request_digest=b"digest of r 1")
    with EnrollmentDatabase.open(folder) as database:
        # Index files were written at the close and hold the vector; the store holds the rest.
        assert all(_files_with(folder, needle) for needle in needles.values())
        deletion = database.delete_subject(receipt.subject_id, request_id="d 1")
        assert deletion.reference_ids == receipt.reference_ids
        assert deletion.removed_row_count == 6 + len(words_of(NAME))
        assert deletion.files_scrubbed
        for name, needle in needles.items():
            assert not _files_with(folder, needle), name
        assert not _files_with(folder, b"digest of r 1")
        report = database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids)
        assert report.absent, report
        assert found(database, face) == 0
        assert database.references(receipt.reference_ids) == ()
        assert found(database, other)
        with pytest.raises(SubjectNotFoundError):
            database.get_subject(receipt.subject_id)
        assert database.verify().ok
    for name, needle in needles.items():
        assert not _files_with(folder, needle), name


@pytest.mark.parametrize("saved_between", [False, True])
def test_a_process_killed_between_commit_and_erasing_erases_at_its_next_start(
    tmp_path, make, monkeypatch, saved_between
):
    folder, face, finger = tmp_path / "a", make.face(), make.finger()
    with EnrollmentDatabase.open(folder) as database:
        receipt = database.enroll(Subject(""), [face, finger])
        for _ in range(20):  # with few, the dead row would be worth a merge, which drops it
            database.enroll(Subject(""), [make.face()])
    vector = face.template.vectors.tobytes()
    with EnrollmentDatabase(folder, save_interval_s=3600) as database:
        with monkeypatch.context() as patch:
            patch.setattr("index.partition.partition_set.PartitionSet.erase", lambda *_: False)
            assert not database.delete_subject(receipt.subject_id).files_scrubbed
        if saved_between:
            # The files say that the row is dead, so that comparing ids does not find it, and hold it all the same.
            database.save()
        shutil.copytree(folder, tmp_path / "killed")
    assert _files_with(tmp_path / "killed", vector)
    (index_folder,) = (tmp_path / "killed" / "cache").glob("face-*")
    (index_folder / "segment-00.cache.half.part").write_bytes(b"written by a merge when it was killed" + vector)
    with EnrollmentDatabase.open(tmp_path / "killed") as database:
        assert not _files_with(tmp_path / "killed", vector)
        assert database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids).absent
        assert database.verify().ok


@pytest.mark.parametrize("error", [CacheFileError, DatabaseFullError])
def test_files_that_refuse_the_erasing_are_told_and_tried_again(database, make, monkeypatch, error):
    def refuse(*_arguments: object) -> None:
        raise error("refused")

    receipt, other = (database.enroll(Subject(""), [make.face()]) for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setattr("index.vector.quantized.index.QuantizedIndex.erase", refuse)
        assert not database.delete_subject(receipt.subject_id).files_scrubbed
    report = database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids)
    assert report.found_in == ("index file",)
    assert database.delete_subject(other.subject_id).files_scrubbed
    assert database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids).absent


def test_the_check_finds_what_is_still_there(database, make):
    receipt = database.enroll(Subject(""), [make.face()])
    report = database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids)
    assert not report.absent
    assert set(report.found_in) >= {"store", "index", "file"}


def test_what_a_long_read_held_is_scrubbed_after_it_though_nobody_writes(folder, make):
    with EnrollmentDatabase(folder, save_interval_s=3600) as database:
        receipt = database.enroll(Subject("", display_name=NAME), [make.face()])
        reader = sqlite3.connect(folder / STORE_NAME, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subject").fetchone()
        assert not database.delete_subject(receipt.subject_id).files_scrubbed
        assert not database.check_absence(subject_id=receipt.subject_id).absent
        reader.execute("ROLLBACK")
        reader.close()
        for _ in range(600):
            if database.check_absence(subject_id=receipt.subject_id).absent:
                break
            time.sleep(0.1)
        assert database.check_absence(subject_id=receipt.subject_id).absent


def test_a_long_read_delays_the_scrubbing_and_nothing_else(folder, make, found):
    with EnrollmentDatabase.open(folder) as database:
        face = make.face()
        receipt = database.enroll(Subject("", display_name=NAME), [face])
        reader = sqlite3.connect(folder / STORE_NAME, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subject").fetchone()
        deletion = database.delete_subject(receipt.subject_id)
        assert not deletion.files_scrubbed
        assert found(database, face) == 0
        assert not database.check_absence(subject_id=receipt.subject_id).absent
        reader.execute("ROLLBACK")
        reader.close()
        database.enroll(Subject(""), [make.face()])
        assert database.check_absence(subject_id=receipt.subject_id).absent
        assert not _files_with(folder, NAME.encode())


def test_deleting_twice_is_an_error_and_repeating_the_request_is_not(database, make):
    receipt = database.enroll(Subject(""), [make.face(), make.finger()])
    first = database.delete_subject(receipt.subject_id, request_id="d 1")
    again = database.delete_subject(receipt.subject_id, request_id="d 1")
    assert again.replayed
    assert (again.subject_id, again.reference_ids, again.delete_time, again.removed_row_count) == (
        first.subject_id,
        first.reference_ids,
        first.delete_time,
        first.removed_row_count,
    )
    with pytest.raises(SubjectNotFoundError):
        database.delete_subject(receipt.subject_id)
    other = database.enroll(Subject(""), [make.face()])
    with pytest.raises(RequestConflictError):
        database.delete_subject(other.subject_id, request_id="d 1")
    assert database.count(Modality.FACE, FACE_PACK) == (1, 1)


def test_deleting_one_reference_leaves_the_others(database, make, found):
    kept, gone = make.face(), make.face()
    receipt = database.enroll(Subject(""), [kept, gone])
    deletion = database.delete_reference(receipt.reference_ids[1], request_id="d 1")
    assert (deletion.subject_id, deletion.reference_ids) == (receipt.subject_id, receipt.reference_ids[1:])
    assert database.delete_reference(receipt.reference_ids[1], request_id="d 1").replayed
    with pytest.raises(ReferenceNotFoundError):
        database.delete_reference(receipt.reference_ids[1])
    assert found(database, kept) == receipt.reference_ids[0]
    assert found(database, gone) == 0
    assert database.check_absence(reference_ids=receipt.reference_ids[1:]).absent
    # Deleting the subject afterwards blanks the answer above too, which names it.
    database.delete_subject(receipt.subject_id)
    assert database.check_absence(subject_id=receipt.subject_id, reference_ids=receipt.reference_ids).absent


def test_ids_are_never_given_twice(folder, make):
    given = set()
    for _ in range(3):
        with EnrollmentDatabase.open(folder) as database:
            receipt = database.enroll(Subject(""), [make.face(), make.face()])
            assert not given & set(receipt.reference_ids)
            given |= set(receipt.reference_ids)
            database.delete_subject(receipt.subject_id)
