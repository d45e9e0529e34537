"""Subjects found by the words of their names, and by their numbers; how many there are."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.errors import DatabaseError, GalleryNotFoundError, PageTokenError
from index.records import Gallery, RecordAuthor, Subject, SubjectQuery
from index.store.name_words import words_of

_SYLLABLES = (
    "Nguyễn",
    "Nguyên",
    "nguyen",
    "Văn",
    "Thị",
    "Đào",
    "Đạo",
    "dao",
    "D'Ào",
    "Hồng",
    "Hòng",
    "Ý",
    "Y",
    "An",
    "Anh",
)
_NAMES = st.lists(st.sampled_from(_SYLLABLES), max_size=4).map(" ".join)


def found(database: EnrollmentDatabase, **query: object) -> list[str]:
    """External ids, page by page of two; the total is that of all pages."""
    asked, token, shown = SubjectQuery(**query), "", []  # type: ignore[arg-type]
    while True:
        page = database.list_subjects(asked, page_size=2, page_token=token)
        shown += [subject.external_id for subject in page.items]
        token = page.next_page_token
        if not token:
            assert page.total_count == len(shown)
            return shown


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "asked", ["Nguyễn Thị Hồng Đào", "đào hồng", "DAO NGUYEN", "hong", "  thi,  Nguyên ", "Ðào".replace("Ð", "Đ")]
)
def test_a_name_is_found_in_any_order_with_and_without_diacritics(
    database: EnrollmentDatabase, asked: str, form: str
) -> None:
    database.enroll(Subject("", "one", unicodedata.normalize(form, "Nguyễn Thị Hồng Đào")), [])
    database.enroll(Subject("", "two", "Trần Văn An"), [])
    for written in ("NFC", "NFD"):
        assert found(database, name=unicodedata.normalize(written, asked)) == ["one"]
    assert database.list_subjects().items[0].display_name == unicodedata.normalize(form, "Nguyễn Thị Hồng Đào")


def test_whole_words_are_asked_for_unless_beginnings_are(database: EnrollmentDatabase) -> None:
    for external_id, name in (("one", "Trần Văn An"), ("two", "Trần Văn Anh"), ("three", "Trần Ân")):
        database.enroll(Subject("", external_id, name), [])
    assert found(database, name="van an") == ["one"]
    assert found(database, name="van an", by_word_beginnings=True) == ["one", "two"]
    assert found(database, name="tr a", by_word_beginnings=True) == ["one", "two", "three"]
    assert found(database, name="tr a") == []


def test_name_number_and_gallery_narrow_together(database: EnrollmentDatabase) -> None:
    database.create_gallery(Gallery("wanted", "Wanted"))
    for number in range(6):
        galleries = frozenset({"wanted"} if number % 2 else set())
        database.enroll(Subject("", f"00{number}", "Lê Đức", galleries), [])
    assert found(database, name="duc") == [f"00{number}" for number in range(6)]
    assert found(database, name="duc", gallery_id="wanted") == ["001", "003", "005"]
    assert found(database, external_id="003") == ["003"]
    assert found(database, external_id="003", name="le", gallery_id="wanted") == ["003"]
    assert found(database, external_id="002", gallery_id="wanted") == []
    assert found(database, external_id="3") == []
    with pytest.raises(GalleryNotFoundError):
        found(database, name="duc", gallery_id="nowhere")
    with pytest.raises(DatabaseError):
        found(database, name=" -' ")


def test_a_page_token_belongs_to_its_query(database: EnrollmentDatabase) -> None:
    for number in range(3):
        database.enroll(Subject("", f"00{number}", "Lê Đức"), [])
    token = database.list_subjects(SubjectQuery(name="le"), page_size=1).next_page_token
    for other in (SubjectQuery(name="duc"), SubjectQuery(name="le", by_word_beginnings=True), SubjectQuery()):
        with pytest.raises(PageTokenError):
            database.list_subjects(other, page_token=token)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(_NAMES, min_size=1, max_size=6), asked=_NAMES, beginnings=st.booleans(), cut=st.integers(1, 4))
def test_exactly_those_are_found_whose_names_have_all_words(
    database: EnrollmentDatabase, names: list[str], asked: str, beginnings: bool, cut: int
) -> None:
    """Held against a comparison of every name."""
    mark = f"m{next(_COUNTER)}"
    for number, name in enumerate(names):
        database.enroll(Subject("", f"{mark}-{number}", f"{name} {mark}"), [])
    words = [word[:cut] if beginnings else word for word in words_of(asked)]
    expected = [
        f"{mark}-{number}"
        for number, name in enumerate(names)
        if all(any(own.startswith(word) if beginnings else own == word for own in words_of(name)) for word in words)
    ]
    # Of this example alone; m1 also begins m10.
    shown = found(database, name=" ".join([*words, mark]), by_word_beginnings=beginnings)
    assert [one for one in shown if one.startswith(f"{mark}-")] == expected


_COUNTER = itertools.count()


@given(st.text(max_size=40))
def test_the_words_of_a_text_are_the_same_in_every_form(text: str) -> None:
    words = words_of(text)
    assert words == tuple(sorted(set(words)))
    assert all(word.isalnum() for word in words)
    for form in ("NFC", "NFD"):
        assert words_of(unicodedata.normalize(form, text)) == words
    assert words_of(" ".join(reversed(words))) == words


def test_a_name_filled_in_later_is_found_and_a_deleted_one_is_gone(tmp_path: Path) -> None:
    with EnrollmentDatabase.open(tmp_path / "data") as database:
        subject_id = database.enroll(Subject("", "one"), []).subject_id
        assert found(database, name="tuyet") == []
        database.enroll(Subject(subject_id, display_name="Phạm Bạch Tuyết"), [])
        assert found(database, name="tuyet") == ["one"]
        database.delete_subject(subject_id)
        assert found(database, name="tuyet") == []
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"tuyet" not in content


def test_a_corrected_name_is_found_and_the_wrong_one_is_not(database: EnrollmentDatabase) -> None:
    subject_id = database.enroll(Subject("", "one", "Phạm Bạch Tuyết"), []).subject_id
    for name in ("Phạm Bạch Nguyệt", "Phạm Thị Nguyệt"):
        database.update_record(subject_id, {"display_name": name}, RecordAuthor("op-7", "misspelled"))
    assert found(database, name="tuyet") == found(database, name="bach") == []
    assert found(database, name="nguyet thi") == ["one"]
    assert database.list_revisions(subject_id, page_size=1).total_count == 2


def test_lists_say_how_many_there_are(database: EnrollmentDatabase, make) -> None:  # type: ignore[no-untyped-def]
    database.create_gallery(Gallery("one", "One"))
    database.create_gallery(Gallery("two", "Two"))
    receipt = database.enroll(Subject("", galleries=frozenset({"one"})), [make.face(), make.finger(), make.face()])
    database.enroll(Subject(""), [])
    assert database.list_subjects(page_size=1).total_count == 2
    assert database.list_subjects(SubjectQuery("one")).total_count == 1
    assert database.list_subjects(SubjectQuery("two")).total_count == 0
    assert database.list_references(receipt.subject_id, page_size=2).total_count == 3
    assert database.list_galleries(page_size=1).total_count == 2
