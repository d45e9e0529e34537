"""Records of subjects: changed with their history, never lost, gone with the subject."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.errors import (
    AlreadyExistsError,
    PageTokenError,
    RequestConflictError,
    RevisionConflictError,
    SubjectNotFoundError,
)
from index.records import FieldChange, Modality, RecordAuthor, SearchFilter, Sex, Subject
from tests.unit.index.conftest import FACE_PACK, References

AUTHOR = RecordAuthor("operator-7", "case-12", "wrong birth year", "station-3")
OTHER = RecordAuthor("operator-8", "case-13", "passport seen")


make = References()


def enrolled(database: EnrollmentDatabase, **said: object) -> str:
    subject = Subject("", **{"external_id": "079201000001", "display_name": "Nguyễn Thị Ánh", **said})  # type: ignore[arg-type]
    return database.enroll(subject, [make.face()]).subject_id


def test_a_subject_that_was_never_changed_has_its_own_fields(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database, sex=Sex.FEMALE, birth_year=1990)
        record = database.get_record(subject_id)
        assert record.revision == 0
        assert record.fields == {
            "external_id": "079201000001",
            "display_name": "Nguyễn Thị Ánh",
            "sex": "female",
            "birth_year": "1990",
        }
        assert database.list_revisions(subject_id).items == ()


def test_a_change_is_kept_with_what_was_there_before(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database, birth_year=1990)
        receipt = database.update_record(subject_id, {"birth_year": "1989", "occupation": "Thợ điện"}, AUTHOR)
        assert (receipt.revision, receipt.changed_fields) == (1, ("birth_year", "occupation"))
        database.update_record(subject_id, {"occupation": "", "display_name": "Nguyễn Thị Anh"}, OTHER)
    with EnrollmentDatabase.open(folder) as database:
        record = database.get_record(subject_id)
        assert record.revision == 2
        assert record.fields == {
            "external_id": "079201000001",
            "display_name": "Nguyễn Thị Anh",
            "birth_year": "1989",
        }
        assert database.get_subject(subject_id).display_name == "Nguyễn Thị Anh"
        first, second = database.list_revisions(subject_id).items
    assert (first.revision, first.author) == (1, AUTHOR)
    assert first.changes == (FieldChange("birth_year", "1990", "1989"), FieldChange("occupation", "", "Thợ điện"))
    assert (second.revision, second.author) == (2, OTHER)
    assert second.changes == (
        FieldChange("display_name", "Nguyễn Thị Ánh", "Nguyễn Thị Anh"),
        FieldChange("occupation", "Thợ điện", ""),
    )
    assert abs((datetime.now(UTC) - second.change_time).total_seconds()) < 600


def test_what_stands_there_already_is_no_change(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database)
        receipt = database.update_record(subject_id, {"display_name": "Nguyễn Thị Ánh"}, AUTHOR)
        assert (receipt.revision, receipt.changed_fields) == (0, ())
        assert database.list_revisions(subject_id).items == ()


def test_a_change_of_what_filters_read_reaches_the_next_search(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database, sex=Sex.MALE, birth_year=1990)
        women = SearchFilter(sex=Sex.FEMALE, birth_year_min=1970, birth_year_max=1975)
        assert database.count(Modality.FACE, FACE_PACK, women) == (0, 0)
        database.update_record(subject_id, {"sex": "female", "birth_year": "1972"}, AUTHOR)
        assert database.count(Modality.FACE, FACE_PACK, women) == (1, 1)
        assert database.verify().ok
    with EnrollmentDatabase.open(folder) as database:
        assert database.count(Modality.FACE, FACE_PACK, women) == (1, 1)


def test_a_record_that_somebody_else_changed_is_not_overwritten(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database)
        database.update_record(subject_id, {"occupation": "Thợ điện"}, AUTHOR, expected_revision=0)
        with pytest.raises(RevisionConflictError):
            database.update_record(subject_id, {"occupation": "Lái xe"}, OTHER, expected_revision=0)
        assert database.get_record(subject_id).fields["occupation"] == "Thợ điện"
        database.update_record(subject_id, {"occupation": "Lái xe"}, OTHER, expected_revision=1)
        assert database.get_record(subject_id).fields["occupation"] == "Lái xe"


def test_an_external_id_belongs_to_one_subject(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        first, second = enrolled(database), enrolled(database, external_id="079201000002")
        with pytest.raises(AlreadyExistsError):
            database.update_record(second, {"external_id": "079201000001", "occupation": "Lái xe"}, AUTHOR)
        assert database.get_record(second).revision == 0
        database.update_record(first, {"external_id": ""}, AUTHOR)
        database.update_record(second, {"external_id": "079201000001"}, AUTHOR)
        found = database.find_subject("079201000001")
        assert found is not None
        assert found.subject_id == second


def test_a_repeated_request_changes_once(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database)
        for replayed in (False, True):
            receipt = database.update_record(subject_id, {"occupation": "Thợ điện"}, AUTHOR, request_id="once")
            assert (receipt.revision, receipt.changed_fields, receipt.replayed) == (1, ("occupation",), replayed)
        with pytest.raises(RequestConflictError):
            database.update_record(subject_id, {"occupation": "Lái xe"}, AUTHOR, request_id="once")


def test_revisions_come_page_by_page(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id, other = enrolled(database), enrolled(database, external_id="")
        for number in range(5):
            database.update_record(subject_id, {"occupation": f"{number}"}, AUTHOR)
        page = database.list_revisions(subject_id, page_size=3)
        assert [one.revision for one in page.items] == [1, 2, 3]
        with pytest.raises(PageTokenError):
            database.list_revisions(other, page_token=page.next_page_token)
        page = database.list_revisions(subject_id, page_size=3, page_token=page.next_page_token)
        assert [one.revision for one in page.items] == [4, 5]
        assert page.next_page_token == ""


def test_nothing_of_a_record_or_its_history_outlives_the_subject(folder: Path) -> None:
    with EnrollmentDatabase.open(folder) as database:
        subject_id = enrolled(database)
        database.update_record(subject_id, {"occupation": "Thợ sửa đồng hồ 4471"}, AUTHOR)
        database.update_record(subject_id, {"occupation": "Lái xe 9983"}, AUTHOR)
        assert database.delete_subject(subject_id).files_scrubbed
        for call in (database.get_record, database.list_revisions):
            with pytest.raises(SubjectNotFoundError):
                call(subject_id)
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for word in ("4471", "9983"):
        assert word.encode() not in content


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.dictionaries(st.sampled_from(("occupation", "other_names", "origin")), texts), max_size=6))
def test_the_history_leads_to_the_record(tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, str]]) -> None:
    with EnrollmentDatabase.open(tmp_path_factory.mktemp("records") / "database") as database:
        subject_id = enrolled(database)
        expected: dict[str, str] = {}
        for changes in steps:
            database.update_record(subject_id, changes, AUTHOR)
            expected |= changes
        fields = dict(database.get_record(subject_id).fields)
        replayed: dict[str, str] = {}
        for revision in database.list_revisions(subject_id).items:
            for change in revision.changes:
                assert replayed.get(change.field, "") == change.before
                replayed[change.field] = change.after
        assert {name: value for name, value in replayed.items() if value} == {
            name: value for name, value in expected.items() if value
        }
        assert fields == {
            "external_id": "079201000001",
            "display_name": "Nguyễn Thị Ánh",
            **{name: value for name, value in replayed.items() if value},
        }
