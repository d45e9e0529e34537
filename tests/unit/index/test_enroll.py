"""Enrolling: what is stored comes back unharmed, is found at once and after a restart, and once."""

from __future__ import annotations

import itertools
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.database import EnrollmentDatabase
from index.errors import (
    AlreadyExistsError,
    DatabaseError,
    DatabaseLockedError,
    GalleryNotFoundError,
    RequestConflictError,
    SubjectNotFoundError,
    VectorError,
)
from index.folder import LOCK_NAME
from index.records import FingerPosition, Gallery, Modality, NewReference, Sex, Subject, SubjectState, Template
from index.store.template_codec import FLOAT32, INT8, decode_vectors, encode_vectors

NAME = "Nguyễn Thị Ổn"


def test_a_face_comes_back_bit_for_bit_and_is_found_at_once_and_after_a_restart(folder, make, found):
    face = make.face(quality=73)
    with EnrollmentDatabase.open(folder) as database:
        receipt = database.enroll(Subject("", external_id="001099000123"), [face])
        assert found(database, face) == receipt.reference_ids[0]
    with EnrollmentDatabase.open(folder) as database:
        (stored,) = database.references(receipt.reference_ids)
        assert stored.template.vectors.tobytes() == face.template.vectors.tobytes()
        assert (stored.subject_id, stored.quality, stored.create_time) == (
            receipt.subject_id,
            73,
            receipt.create_time,
        )
        assert found(database, face) == receipt.reference_ids[0]


def test_a_finger_keeps_its_minutiae_verbatim_and_its_vectors_within_a_degree(database, make):
    finger = make.finger(FingerPosition.LEFT_THUMB)
    receipt = database.enroll(Subject(""), [finger])
    (stored,) = database.references(receipt.reference_ids)
    assert stored.template.minutiae == finger.template.minutiae
    assert stored.template.finger is FingerPosition.LEFT_THUMB
    cosines = np.einsum("ij,ij->i", stored.template.vectors, finger.template.vectors)
    assert np.degrees(np.arccos(np.minimum(cosines, 1.0))).max() < 1.0
    assert (stored.sample_sha256, stored.station_id) == (finger.sample_sha256, "station 3")


def test_storing_what_was_read_changes_no_byte(make):
    vectors = make.finger(count=50).template.vectors
    stored = encode_vectors(vectors, INT8)
    assert encode_vectors(decode_vectors(stored, vectors.shape[1], INT8), INT8) == stored
    assert len(stored) == vectors.size
    assert len(encode_vectors(vectors, FLOAT32)) == 4 * vectors.size


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_texts_are_kept_code_point_by_code_point(folder, form):
    name = unicodedata.normalize(form, NAME)
    subject = Subject("", external_id="000012345678", display_name=name)
    with EnrollmentDatabase.open(folder) as database:
        subject_id = database.enroll(subject, []).subject_id
    with EnrollmentDatabase.open(folder) as database:
        kept = database.get_subject(subject_id)
        assert (kept.display_name, kept.external_id) == (name, "000012345678")
        assert database.find_subject("000012345678") == kept
        assert database.find_subject("12345678") is None
        other = unicodedata.normalize("NFD" if form == "NFC" else "NFC", NAME)
        assert kept.display_name != other


def test_any_text_comes_back(folder):
    numbers = itertools.count()
    with EnrollmentDatabase.open(folder) as database:

        @settings(max_examples=60, deadline=None)
        @given(name=st.text(max_size=40), number=st.text(max_size=20))
        def check(name: str, number: str) -> None:
            external_id = f"{number}{next(numbers)}"
            subject_id = database.enroll(Subject("", external_id=external_id, display_name=name), []).subject_id
            kept = database.get_subject(subject_id)
            assert (kept.external_id, kept.display_name) == (external_id, name)
            assert database.find_subject(external_id) == kept

        check()


def test_a_text_that_is_not_unicode_is_refused_and_others_of_the_group_are_not(database):
    with pytest.raises(DatabaseError, match="Unicode"):
        database.enroll(Subject("", display_name="\ud800"), [])
    assert database.enroll(Subject("", display_name=NAME), []).subject_id


def test_an_existing_subject_is_added_to_by_id_or_by_external_id(database, make):
    first = database.enroll(Subject("", external_id="1", display_name=NAME), [make.face()])
    by_number = database.enroll(Subject("", external_id="1", sex=Sex.FEMALE, birth_year=1980), [make.face()])
    by_id = database.enroll(Subject(first.subject_id, display_name="another"), [make.finger()])
    assert by_number.subject_id == by_id.subject_id == first.subject_id
    kept = database.get_subject(first.subject_id)
    assert (kept.display_name, kept.sex, kept.birth_year) == (NAME, Sex.FEMALE, 1980)
    assert len(database.list_references(first.subject_id).items) == 3


def test_a_contradiction_is_refused_and_stores_nothing(database, make):
    first = database.enroll(Subject("", external_id="1"), [make.face()])
    second = database.enroll(Subject("", external_id="2"), [make.face()])
    for subject in (
        Subject(first.subject_id, external_id="2"),
        Subject(first.subject_id, external_id="3"),
    ):
        with pytest.raises(AlreadyExistsError):
            database.enroll(subject, [make.face()])
    with pytest.raises(SubjectNotFoundError):
        database.enroll(Subject("no such id"), [make.face()])
    with pytest.raises(GalleryNotFoundError):
        database.enroll(Subject(second.subject_id, galleries=frozenset({"none"})), [make.face()])
    assert database.verify().reference_count == 2


def test_a_repeated_request_is_carried_out_once(folder, make):
    face = make.face()
    with EnrollmentDatabase.open(folder) as database:
        first = database.enroll(Subject(""), [face], request_id="r 1", request_digest=b"a")
    with EnrollmentDatabase.open(folder) as database:
        again = database.enroll(Subject(""), [face], request_id="r 1", request_digest=b"a")
        assert again.replayed
        assert (again.subject_id, again.reference_ids, again.create_time) == (
            first.subject_id,
            first.reference_ids,
            first.create_time,
        )
        with pytest.raises(RequestConflictError):
            database.enroll(Subject(""), [make.face()], request_id="r 1", request_digest=b"b")
        with pytest.raises(RequestConflictError):
            database.delete_subject(first.subject_id, request_id="r 1")
        assert database.verify().reference_count == 1


def test_repeating_a_request_does_not_bring_a_deleted_subject_back(database, make):
    face = make.face()
    receipt = database.enroll(Subject(""), [face], request_id="r 1", request_digest=b"a")
    database.delete_subject(receipt.subject_id)
    with pytest.raises(SubjectNotFoundError):
        database.enroll(Subject(""), [face], request_id="r 1", request_digest=b"a")
    assert database.verify().reference_count == 0


def _bad_templates(make) -> list[Template]:
    face = make.face().template
    wrong = [face.vectors * 2, face.vectors * np.float32("nan"), face.vectors * 0, np.repeat(face.vectors, 2, axis=0)]
    made = [Template(Modality.FACE, FingerPosition.UNKNOWN, face.pack_id, vectors) for vectors in wrong]
    made.append(Template(Modality.FACE, FingerPosition.UNKNOWN, "no version", face.vectors))
    made.append(make.face(dim=8).template)
    empty = np.empty((0, 16), dtype=np.float32)
    made.append(Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, "finger-test@1", empty))
    return made


def test_a_vector_that_cannot_be_searched_is_never_stored(database, make):
    database.enroll(Subject(""), [make.face()])
    for template in _bad_templates(make):
        with pytest.raises(VectorError):
            database.enroll(Subject(""), [make.face(), NewReference(template, 50)])
    report = database.verify()
    assert report.ok, report.problems
    assert (report.subject_count, report.reference_count) == (1, 1)


def test_a_clock_that_jumps_back_changes_no_order(folder, make):
    times = [datetime(2026, 5, 1, tzinfo=UTC) - timedelta(days=number) for number in range(4)]
    ticking = iter(times)
    with EnrollmentDatabase(folder, clock=lambda: next(ticking)) as database:
        ids = [database.enroll(Subject("", external_id=str(number)), [make.face()]) for number in range(4)]
        listed = database.list_subjects().items
        assert [subject.subject_id for subject in listed] == [receipt.subject_id for receipt in ids]
        assert [subject.create_time for subject in listed] == times
        numbers = [receipt.reference_ids[0] for receipt in ids]
        assert numbers == sorted(numbers)


def test_a_capture_time_without_a_zone_is_refused(database, make):
    face = make.face()
    naive = NewReference(face.template, 50, capture_time=datetime(2026, 5, 1))
    with pytest.raises(DatabaseError, match="zone"):
        database.enroll(Subject(""), [naive])


@pytest.mark.parametrize("year", [0, -1, 10_000, 2**40, 2**80])
def test_a_year_that_is_none_is_refused(database, make, year):
    with pytest.raises(DatabaseError, match="birth_year"):
        database.enroll(Subject("", birth_year=year), [make.face()])
    assert database.ready
    assert database.verify().subject_count == 0


def test_numbers_without_end_are_refused(database):
    with pytest.raises(DatabaseError, match="64 bits"):
        database.references([2**70])


def test_a_subject_may_be_sealed_from_the_start(database, make, found):
    face = make.face()
    receipt = database.enroll(Subject("", state=SubjectState.SEALED), [face])
    assert database.get_subject(receipt.subject_id).state is SubjectState.SEALED
    assert found(database, face) == 0
    database.unseal_subject(receipt.subject_id)
    assert found(database, face) == receipt.reference_ids[0]


def test_one_process_holds_a_folder(folder, database):
    with pytest.raises(DatabaseLockedError):
        EnrollmentDatabase.open(folder)
    # Somebody thinks that it is a leftover.
    (folder / LOCK_NAME).unlink()
    with pytest.raises(DatabaseLockedError):
        EnrollmentDatabase.open(folder)
    with pytest.raises(DatabaseLockedError):
        EnrollmentDatabase.open(folder)
    database.close()
    EnrollmentDatabase.open(folder).close()


def test_nothing_is_created_where_nothing_should_be(tmp_path: Path):
    with pytest.raises(DatabaseError, match="no database"):
        EnrollmentDatabase.open(tmp_path / "missing", create=False)
    assert not (tmp_path / "missing").exists()


def test_galleries_are_listed_in_order_and_taken_once(database):
    made = [database.create_gallery(Gallery(f"g{number}", f"Danh sách {number}", "theo dõi")) for number in range(3)]
    assert database.list_galleries().items == tuple(made)
    with pytest.raises(AlreadyExistsError):
        database.create_gallery(Gallery("g1", "again"))
