"""Subjects are found by the numbers of identity documents, also by those that they had once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.backup.backup import back_up, restore
from index.database import EnrollmentDatabase
from index.folder import SLOTS_NAME, STORE_NAME
from index.keys.slots import copy_slots
from index.records import DocumentMatch, RecordAuthor, Subject, SubjectQuery
from tests.files import files_with
from tests.unit.index.conftest import MASTER, References

AUTHOR = RecordAuthor("operator-7", "case-12", "card shown")
OLD, NEW, CMND = "079087000123", "079087000999", "024000123"
make = References()


@pytest.fixture
def database(opened: Callable[[], EnrollmentDatabase]) -> Iterator[EnrollmentDatabase]:
    with opened() as database:
        yield database


def enrolled(database: EnrollmentDatabase, number: str, **fields: str) -> str:
    subject_id = database.enroll(Subject("", number, f"Tên {number}"), [make.face()]).subject_id
    if fields:
        database.update_record(subject_id, fields, AUTHOR)
    return subject_id


def found(database: EnrollmentDatabase, number: str, **more: str) -> list[DocumentMatch]:
    """In the order of the subjects."""
    page = database.list_subjects(SubjectQuery(document_number=number, **more))  # type: ignore[arg-type]
    matches = database.document_matches(number, page.items)
    assert {one.subject_id for one in matches} == {one.subject_id for one in page.items}
    assert page.total_count == len(page.items)
    return list(matches)


def test_a_number_leads_to_its_holder_and_says_what_it_is_there(database: EnrollmentDatabase) -> None:
    one = enrolled(database, "HS-1", cccd_number=OLD, cccd_expiry_date="31/12/2020", cmnd_number=CMND)
    other = enrolled(database, "HS-2", cccd_number=NEW)
    assert found(database, OLD) == [DocumentMatch(one, "cccd_number", True, expiry="31/12/2020")]
    assert found(database, CMND) == [DocumentMatch(one, "cmnd_number", True)]
    assert found(database, "C0123456") == []
    # It was renewed, and the clerk of the other had mistyped.
    database.update_record(one, {"cccd_number": NEW, "cccd_expiry_date": "", "cmnd_number": ""}, AUTHOR)
    database.update_record(other, {"cccd_number": "079087000998"}, AUTHOR)
    assert found(database, OLD) == [DocumentMatch(one, "cccd_number", False)]
    assert found(database, CMND) == [DocumentMatch(one, "cmnd_number", False)]
    assert found(database, NEW) == [
        DocumentMatch(one, "cccd_number", True),
        DocumentMatch(other, "cccd_number", False),
    ]
    assert [one.subject_id for one in found(database, NEW, name="hs 1")] == [one]
    assert found(database, NEW, name="khac") == []


def test_a_force_may_have_the_number_as_its_own(database: EnrollmentDatabase) -> None:
    one = enrolled(database, OLD)
    assert found(database, OLD) == [DocumentMatch(one, "external_id", True)]


def test_the_number_of_a_merged_subject_leads_to_the_other_until_it_is_undone(database: EnrollmentDatabase) -> None:
    one = enrolled(database, "HS-1", cccd_number=OLD, cccd_expiry_date="2021")
    database.update_record(one, {"cmnd_number": CMND}, AUTHOR)
    database.update_record(one, {"cmnd_number": ""}, AUTHOR)
    other = enrolled(database, "HS-2", cccd_number=NEW)
    receipt = database.merge_subjects(one, other, AUTHOR)
    assert found(database, OLD) == [DocumentMatch(other, "cccd_number", False, True, "2021")]
    assert found(database, CMND) == [DocumentMatch(other, "cmnd_number", False)]
    assert found(database, "HS-1") == [DocumentMatch(other, "external_id", False, True)]
    assert found(database, NEW) == [DocumentMatch(other, "cccd_number", True)]
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert found(database, OLD) == [DocumentMatch(one, "cccd_number", True, expiry="2021")]
    assert found(database, CMND) == [DocumentMatch(one, "cmnd_number", False)]
    assert found(database, NEW) == [DocumentMatch(other, "cccd_number", True)]
    # Taken over by a merge that was undone, it is the other's no more.
    third = enrolled(database, "HS-3")
    receipt = database.merge_subjects(one, third, AUTHOR)
    assert found(database, OLD) == [DocumentMatch(third, "cccd_number", True, expiry="2021")]
    database.undo_reassignment(receipt.reassignment_id, AUTHOR)
    assert found(database, OLD) == [DocumentMatch(one, "cccd_number", True, expiry="2021")]


def test_no_number_outlives_the_subject(database: EnrollmentDatabase, folder: Path) -> None:
    one = enrolled(database, "HS-1", cccd_number=OLD)
    database.update_record(one, {"cccd_number": NEW}, AUTHOR)
    assert bool(files_with(folder, OLD.encode())) is not database.is_encrypted
    assert database.delete_subject(one).files_scrubbed
    for number in (OLD, NEW):
        assert found(database, number) == []
        assert not files_with(folder, number.encode())


def test_a_store_of_before_gets_its_look_ups_at_the_first_start(
    opened: Callable[[], EnrollmentDatabase], folder: Path
) -> None:
    with opened() as database:
        one = enrolled(database, "HS-1", cccd_number=OLD, other_names="Tư Đen")
        database.update_record(one, {"cccd_number": NEW}, AUTHOR)
        named = [one.subject_id for one in database.list_subjects(SubjectQuery(name="tu den")).items]
        assert named == [one]
    with sqlite3.connect(folder / STORE_NAME) as connection:
        # As the step of the schema leaves it.
        connection.execute("DELETE FROM document_token")
        connection.execute("DELETE FROM setting WHERE name = 'look_ups'")
        connection.execute("DELETE FROM subject_name_token")
    connection.close()
    with opened() as database:
        assert found(database, NEW) == [DocumentMatch(one, "cccd_number", True)]
        assert found(database, OLD) == [DocumentMatch(one, "cccd_number", False)]
        assert [one.subject_id for one in database.list_subjects(SubjectQuery(name="tu den")).items] == [one]


def test_numbers_are_found_after_encrypting_and_restoring(folder: Path, tmp_path: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        one = enrolled(database, "HS-1", cccd_number=OLD, other_names="Tư Đen")
        other = enrolled(database, "HS-2", cccd_number=NEW)
        database.merge_subjects(one, other, AUTHOR)
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        for number in (OLD, NEW):
            assert not files_with(folder, number.encode())
        assert found(database, OLD) == [DocumentMatch(other, "cccd_number", False, True)]
        assert found(database, NEW) == [DocumentMatch(other, "cccd_number", True)]
        back_up(folder, tmp_path / "backup")
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
    restore(tmp_path / "backup", tmp_path / "new", key_slots=tmp_path / "keys")
    with EnrollmentDatabase.open(tmp_path / "new", create=False, master_key=MASTER) as database:
        assert found(database, OLD) == [DocumentMatch(other, "cccd_number", False, True)]
        assert [one.subject_id for one in database.list_subjects(SubjectQuery(name="tu den")).items] == [other]
